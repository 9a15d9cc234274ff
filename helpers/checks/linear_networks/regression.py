"""Checks of the sheet `linear_networks/regression`: from three houses to descent.

Rows are examples; ŷ = Xw + b with w of shape (n,). Each step is a reference that
carries its slips (`helpers.checks.engine`).
"""

from collections.abc import Iterator

import numpy as np

from ..engine import Case, Step

AREA = np.array([2104.0, 1600.0, 2400.0])
PRICE = np.array([399.9, 329.9, 369.0])
HOUSES = "By hand: three houses"
DOWNHILL = "Walking downhill"


def _least(A, y):
    return np.linalg.lstsq(A, y, rcond=None)[0]


def _with_ones(X):
    return np.column_stack([X, np.ones(len(X))])


def _small(**args) -> Case:
    return Case("", args)


# --- fit_origin -----------------------------------------------------------------------


def _origin(slip, x, y):
    size = slip(
        x @ x,
        root=np.sqrt(x @ x),
        undivided=1.0,
        sum_x=x.sum(),
        late=x.sum() ** 2,
        by_N=len(x),
    )
    w = slip(x @ y / size, ratios=np.mean(y / x), sums=y.sum() / x.sum())
    w = slip(w, apart=x.sum() * y.sum() / (x @ x))
    w = slip(w, intercept=lambda: np.polyfit(x, y, 1)[0])
    return slip(w, each=y / x, first=y[0] / x[0])


def _origin_cases(rng) -> Iterator[Case]:
    yield Case("the three houses", {"x": AREA, "y": PRICE}, {"N": 3})
    for N, slope in ((7, 2.5), (12, -0.8), (5, 1.7), (9, -3), (6, 0.4)):
        x = rng.uniform(0.5, 4, size=N)
        args = {"x": x, "y": slope * x + rng.normal(size=N) + 1}
        yield Case(f"{N} random examples", args, {"N": N})


fit_origin = Step(
    "fit_origin",
    _origin,
    _origin_cases,
    texts={
        "root": "you divided by the length of x in place of its square.",
        "undivided": "the division by Σx² is missing.",
        "sum_x": "you divided by Σx in place of Σx².",
        "late": "you divided by (Σx)² in place of Σx²: square first, then add.",
        "by_N": "you divided by N in place of Σx².",
        "ratios": "the mean of the ratios y/x: a small x would count like a large one.",
        "sums": "this is Σy/Σx: the errors add up to 0, their squares are not least.",
        "apart": "x and y are summed apart: multiply each x by its y, then add.",
        "intercept": "the slope of the line with an intercept; here it has none.",
        "each": "one ratio for each example came: y/x.",
        "first": "only the first example is used.",
    },
    demands={
        "is smallest": ["ratios", "sums", "intercept"],
        "returns a number": ["each"],
    },
    why="The cost is a parabola in w, and at its lowest point the derivative is 0. "
    "That is one equation with one unknown. Every example enters with its error times "
    "its own x, so a house with a large area pulls more at the line than a small one. "
    "A mean of ratios would treat them alike.",
    see=HOUSES,
    goal="fit a line by hand, by solving equations and by gradient descent",
    small=lambda: _small(x=np.array([1.0, 2.0]), y=np.array([3.0, 5.0])),
)


# --- fit_linear -----------------------------------------------------------------------


def _linear(slip, X, y):
    theta, origin = _least(_with_ones(X), y), _least(X, y)
    w, b = theta[:-1], theta[-1]
    b = slip(b, b_mean=y.mean(), b_zero=0.0, b_plus=y.mean() + X.mean(0) @ w)
    pair = slip((w, b), no_ones=(origin, 0.0), unsolved=(X.T @ y, y.sum()))
    pair = slip(pair, after=(origin, np.mean(y - X @ origin)), w_too=(theta, b))
    pair = slip(pair, read_last=(np.append(b, w[:-1]), w[-1]), joined=theta)
    pair = slip(pair, read_first=(np.append(w[1:], b), w[0]))
    alone = (X - X.mean(0)).T @ (y - y.mean()) / len(y) / X.var(0)
    pair = slip(pair, alone=(alone, y.mean() - X.mean(0) @ alone))
    pair = slip(pair, scaled=(w * X.std(0), y.mean()))
    pair = slip(pair, ridge=lambda: _ridge(slip.like, X, y, 1))
    pair = slip(pair, ridge_w=lambda: _ridge(slip.like, X, y, 0))
    return slip(pair, one_feature=lambda: tuple(np.polyfit(X[:, 0], y, 1)))


def _ridge(like, X, y, of_b):
    """Return ridge's w and b with the student's penalty, or with 1."""
    A, pull, lam = _with_ones(X), np.diag([*np.ones(X.shape[1]), of_b]), 1.0
    if like:
        theta = np.append(like["w"], like["b"])
        found = theta @ pull @ A.T @ (y - A @ theta) / (theta @ pull @ theta)
        lam = found if found > 1e-6 else lam
    theta = np.linalg.solve(A.T @ A + lam * pull, A.T @ y)
    return theta[:-1], theta[-1]


def _linear_cases(rng) -> Iterator[Case]:
    yield Case("the three houses", {"X": AREA[:, None], "y": PRICE}, {"N": 3, "n": 1})
    for N, n in ((12, 3), (25, 4), (9, 2)):
        X = rng.normal(size=(N, n)) + rng.uniform(1, 3, size=n)
        y = X @ rng.normal(size=n) + 3 + rng.normal(size=N)
        scales = {"N": N, "n": n}
        yield Case(f"{N} examples, {n} features", {"X": X, "y": y}, scales)


COLUMN = "w and b are mixed up: the column of ones is the {} of your matrix, and b is "
fit_linear = Step(
    "fit_linear",
    _linear,
    _linear_cases,
    ("w", "b"),
    texts={
        "b_mean": "b is the mean of y: that is right for centered columns only.",
        "b_zero": "b is 0: w is right, but the intercept has not been computed.",
        "b_plus": "the sign in b is wrong: the mean prediction must be the mean of y.",
        "no_ones": "the intercept is missing: the matrix has a column of ones, too.",
        "unsolved": "this is Xᵀy: the system of equations (with XᵀX) is not solved.",
        "after": "b was fitted after w: both must be fitted together.",
        "w_too": "b is the last entry of w: slice the solution.",
        "read_last": COLUMN.format("first") + "read from the last entry.",
        "joined": "one array came: w and b are asked for apart.",
        "read_first": COLUMN.format("last") + "read from the first entry.",
        "one_feature": "only the first feature is used.",
        "scaled": "these belong to scaled features: X is asked for as it is.",
        "ridge": "something is added on the diagonal of XᵀX: that is ridge regression.",
        "ridge_w": "something is added on the diagonal for the weights: weight decay.",
        "alone": "each feature has been fitted alone: they belong together.",
    },
    demands={
        "the weights $w$ and the bias $b$": ["no_ones", "b_zero"],
        "is smallest": ["after", "b_mean", "alone"],
        "an array of shape `(n,)` and a number": ["one_feature", "w_too", "joined"],
    },
    why="The bias is the weight of a feature that is always 1: put a column of ones "
    "beside the features and all parameters are found together. They depend on each "
    "other, so a bias that is fitted after the weights comes too late: without an "
    "intercept the weights had to stand in for it.",
    see=HOUSES,
    goal="fit a line by hand, by solving equations and by gradient descent",
    small=lambda: _small(
        X=np.array([[0.0], [1.0], [2.0]]), y=np.array([1.0, 2.0, 6.0])
    ),
)


# --- r_squared ------------------------------------------------------------------------


def _r_squared(slip, y_hat, y):
    size = slip(np.square, absolute=np.abs)
    off, around = size(y_hat - y).mean(), size(y - y.mean()).mean()
    error = slip(off, late=np.mean(y_hat - y) ** 2, variance=np.var(y_hat - y))
    error = slip(error, summed=len(y) * off, table=np.mean((y_hat[:, None] - y) ** 2))
    base = slip(around, zero=np.mean(y**2), own=np.var(y_hat), sample=np.var(y, ddof=1))
    base = slip(base, added=len(y) * around, median=size(y - np.median(y)).mean())
    base = slip(base, std=around**0.5, their_mean=np.mean((y - y_hat.mean()) ** 2))
    share = slip(error / base, turned=base / error, roots=(error / base) ** 0.5)
    reached = np.mean((y_hat - y.mean()) ** 2)
    share = slip(share, explained=1 - np.var(y_hat) / base, reached=1 - reached / base)
    value = slip(1 - share, share=share, mse=error)
    value = slip(value, saved=base - error, r=np.corrcoef(y_hat, y)[0, 1] ** 2)
    value = slip(value, by_error=base / error - 1)
    return slip(value, each=1 - size(y_hat - y) / base, cut=max(value, 0.0))


def _r_squared_cases(rng) -> Iterator[Case]:
    houses = {"y_hat": 0.18 * AREA, "y": PRICE}
    yield Case("the three houses, ŷ = 0.18 x", houses, {"N": 3})
    for N, off in ((5, 0.5), (8, 1), (7, 0.2), (12, 2), (4, 0.7)):
        y = rng.normal(size=N) + 1
        args = {"y_hat": 0.8 * y + 0.4 + off * rng.normal(size=N), "y": y}
        yield Case(f"{N} random examples", args, {"N": N})


r_squared = Step(
    "r_squared",
    _r_squared,
    _r_squared_cases,
    texts={
        "absolute": "these are absolute errors: squared ones are asked for.",
        "late": "the errors are averaged before they are squared, and cancel.",
        "variance": "the variance of the errors: it lacks the square of their mean.",
        "summed": "a sum of squares is divided by a mean: take the mean of both.",
        "table": "every prediction is compared with every target: each with its own.",
        "zero": "the baseline answers 0 here: it answers the mean of y.",
        "own": "the variance of the predictions is that of no baseline: use that of y.",
        "sample": "the baseline's squares are divided by N − 1 (ddof=1): by N.",
        "added": "a mean of squares is divided by a sum: take the mean of both.",
        "median": "the baseline answers the median of y: their mean.",
        "std": "the baseline's error is its root here: take the mean square.",
        "their_mean": "the baseline answers the mean of the predictions: that of y.",
        "roots": "the roots of both errors are compared, not the mean squares.",
        "turned": "the fraction is turned: the baseline's error stands below.",
        "explained": "this is the variance of ŷ over that of y: count the errors.",
        "share": "this is the share that is left: that which is saved is asked for.",
        "reached": "the predictions are compared with the mean of y, not with y.",
        "mse": "this is the mean squared error: its share of the baseline's counts.",
        "saved": "this is in squared units: its share of the baseline's is asked for.",
        "by_error": "what is saved is divided by the model's error: by the baseline's.",
        "r": "this is the squared correlation: it forgives a wrong slope and shift.",
        "each": "one value for each example came.",
        "cut": "what is worse than the baseline became 0: it is negative.",
    },
    demands={
        "always answer the mean of the targets": ["zero", "their_mean", "own"],
        "the share of the baseline's mean squared error": [
            "saved",
            "absolute",
            "roots",
        ],
        "that the predictions save": ["share", "explained"],
        "returns a number": ["each"],
        "it is negative": ["cut", "r"],
    },
    why="A mean squared error has the unit of the target, squared, and nobody can say "
    "whether it is large. Beside that of the cheapest model, which looks at no feature "
    "and answers the mean, it becomes a share without a unit. The best line with an "
    "intercept is never below 0 on its own data, because the baseline is one of its "
    "lines. Any other line may be, and on new data even the best one.",
    see=HOUSES,
    goal="fit a line by hand, by solving equations and by gradient descent",
    small=lambda: _small(y_hat=np.array([1.0, 2.0]), y=np.array([4.0, 1.0])),
)


# --- mse_gradient ---------------------------------------------------------------------


def _gradient(slip, X, y, w, b):
    N, n = X.shape
    y_hat = X @ w + slip(b, no_bias=0, minus_bias=-b)
    e = slip(y_hat - y, sign=y - y_hat, no_target=y_hat, no_prediction=-y)
    e = slip(e, size=np.abs(e), squared=e**2, table=y_hat - y.mean())
    factor = slip(2, no_two=1) / slip(N, summed=1, features=n)
    dw = factor * slip(X.T @ e, no_input=e.sum() * np.ones(n), each=X * e[:, None])
    mean = factor * e.sum()
    dw = slip(dw, means=mean * X.mean(0), one_for_all=dw.mean(), dw_zero=0 * w)
    dw = slip(dw, one_filled=dw.mean() + 0 * dw)
    dw = slip(dw, dw_sign=-dw, by_row=2 * (X * e[:, None]).mean(1))
    db = slip(mean, db_zero=0.0, db_sign=-mean, each_db=factor * e)

    def forward():  # by the student's h, if there is one
        h = slip.like["db"] - mean if slip.like else 0.0
        h = h if abs(h) > 1e-7 else 0.01
        return dw + h * np.mean(X**2, 0), mean + h

    return slip((dw, db), forward=forward)


def _gradient_cases(rng) -> Iterator[Case]:
    for N, n in ((12, 3), (9, 1), (6, 6), (25, 4)):
        X, y = rng.normal(size=(N, n)) + 0.5, rng.normal(size=N)
        args = {"X": X, "y": y, "w": rng.normal(size=n), "b": float(rng.normal() + 2)}
        label = f"{N} examples, {n} feature{'s' * (n > 1)}"
        yield Case(label, args, {"N": N, "n": n})


mse_gradient = Step(
    "mse_gradient",
    _gradient,
    _gradient_cases,
    ("dw", "db"),
    texts={
        "no_bias": "the bias b is missing in the prediction.",
        "minus_bias": "the bias b is subtracted in the prediction.",
        "sign": "the sign is wrong: the error is ŷ − y, not y − ŷ.",
        "no_target": "the target y is missing: this is the gradient of mean ŷ².",
        "no_prediction": "the prediction is missing in the error.",
        "size": "the sign of the errors is lost: they are absolute.",
        "squared": "the errors are squared: that is the cost, not its derivative.",
        "table": "every prediction meets every target, in a table of N × N errors: "
        "give both the shape (N,).",
        "no_two": "the factor 2 of the squared error is missing.",
        "summed": "the sums over the examples came: divide by N.",
        "features": "you divided by the number of features, not of examples.",
        "no_input": "the features are missing: dw holds db for each weight.",
        "each": "dw has a row for each example: take the mean over the examples.",
        "means": "mean error times mean features: multiply first, then average.",
        "one_for_all": "dw is one number: each feature has its own derivative.",
        "one_filled": "dw is averaged over the features, too: each has its own.",
        "dw_zero": "dw is 0.",
        "forward": "these are difference quotients to one side: near, but not exact.",
        "by_row": "the mean runs over the features (axis 1): over the examples.",
        "dw_sign": "the sign of dw is wrong, that of db is right.",
        "db_sign": "the sign of db is wrong, that of dw is right.",
        "db_zero": "db is 0: the bias has a derivative, too.",
        "each_db": "db has an entry for each example: take the mean over the examples.",
    },
    demands={
        "the derivatives of the mean squared error": ["sign", "summed", "no_input"],
        "with respect to $w$ and $b$": ["dw_zero", "db_zero"],
        "an array of shape `(n,)` and a number": ["one_for_all", "each", "each_db"],
        "Keep the factor 2": ["no_two"],
    },
    why="Error times input: the derivative for a weight is the error of each example "
    "times the feature that the weight multiplies, averaged over all examples. The "
    "bias multiplies 1, so its derivative is the mean error alone, doubled like the "
    "others. A product of two means would lose which error belongs to which input.",
    see=DOWNHILL,
    goal="fit a line by hand, by solving equations and by gradient descent",
    small=lambda: _small(
        X=np.array([[1.0], [3.0]]), y=np.array([2.0, 4.0]), w=np.array([2.0]), b=1.0
    ),
)


# --- standardize ----------------------------------------------------------------------

EPSILON = {f"eps_{k}": 10.0**-k for k in (5, 6, 7, 8, 9, 10, 12)}


def _standardize(slip, X_train, X_test):
    both = np.concatenate([X_train, X_test])
    parts = slip((X_train, X_train), own=(X_train, X_test), together=(both, both))
    scaled = []
    for X, by in zip((X_train, X_test), parts, strict=True):
        mean, std = by.mean(0), by.std(0)
        mean, std = slip(
            (mean, std),
            features=(X.mean(1, keepdims=True), X.std(1, keepdims=True)),
            table=(by.mean(), by.std()),
            ddof=(mean, by.std(0, ddof=1)),
            variance=(mean, std**2),
            no_mean=(0, std),
            no_std=(mean, np.ones_like(std)),
            minmax=(by.min(0), np.ptp(by, 0)),
            absolute=(mean, np.abs(by - mean).mean(0)),
            median=(np.median(by, 0), std),
            std_of_both=(mean, both.std(0)),
            mean_of_both=(both.mean(0), std),
        )
        flat, centered = std == 0, X - mean
        std = np.where(flat, 1, std)
        size = slip(std, unguarded=std - flat, least_1=np.maximum(std, 1))
        size = slip(size, **{name: std - flat + e for name, e in EPSILON.items()})
        Z = slip(
            centered / size, std_first=X / size - mean, no_brackets=X - mean / size
        )
        Z = slip(Z, replaced=np.nan_to_num(centered / (std - flat)))
        scaled.append(
            slip(Z, all_zero=np.where(flat, 0, Z), as_is=np.where(flat, X, Z))
        )
    centered = X_test - X_train.mean(0)
    test = slip(scaled[1], test_kept=X_test, test_centered=centered)
    return scaled[0], slip(
        test,
        late_mean=scaled[1] + X_train.mean(0) / std,
        own_std=lambda: centered / X_test.std(0),
        own_mean=(X_test - X_test.mean(0)) / std,
    )


def _tables(rng) -> Iterator[Case]:
    for N, N_test, n, flat in ((12, 5, 3, False), (7, 9, 4, False), (8, 4, 3, True)):
        loc, scale = rng.uniform(-3, 2000, size=n), rng.uniform(2, 300, size=n)
        scale[0] = 0.3
        X = rng.normal(loc, scale, size=(N, n))
        X_test = rng.normal(loc + scale / 2, scale, size=(N_test, n))
        label = f"{N} and {N_test} examples, {n} features"
        if flat:  # a power of two: its mean is exact, its standard deviation 0
            X[:, 1], X_test[:, 1] = 4.0, [4.0, 5.0, 4.0, 2.0]
            label = "a constant column"
        yield Case(label, {"X_train": X, "X_test": X_test}, {"N": N, "n": n})


standardize = Step(
    "standardize",
    _standardize,
    _tables,
    ("Z_train", "Z_test"),
    texts={
        "own": "the test set has its own mean and deviation: use the training set's.",
        "together": "mean and deviation are those of both sets: test data leak.",
        "std_of_both": "the deviation is that of both sets together: test data leak.",
        "mean_of_both": "the mean is that of both sets together: test data leak.",
        "features": "you averaged over the features (axis 1), not over the examples.",
        "table": "one mean and one deviation for the whole table, not for each column.",
        "ddof": "the deviation has N − 1 in the denominator (ddof=1); N is asked for.",
        "variance": "you divided by the variance; the standard deviation is its root.",
        "no_mean": "the mean is not subtracted.",
        "no_std": "the division by the standard deviation is missing.",
        "minmax": "this is min–max scaling to 0…1.",
        "absolute": "divided by the mean distance from the mean: nothing is squared.",
        "median": "the median is subtracted, not the mean.",
        "least_1": "a deviation below 1 is taken for 1: only where it is 0.",
        "unguarded": "a constant column gives a division by 0: divide by 1 there.",
        "std_first": "the mean is subtracted after the division: subtract it first.",
        "no_brackets": "the mean is divided, not the difference: brackets are missing.",
        "replaced": "NaN and ∞ are replaced after a division by 0: divide by 1 there.",
        "all_zero": "a constant column becomes 0 also in the test set, where it is not "
        "constant: divide by 1 there.",
        "as_is": "a constant column is left as it is: subtract its mean, too.",
        "test_kept": "the test set has not been scaled.",
        "test_centered": "the test set is not divided by the deviation.",
        "own_std": "the test set is divided by its own deviation, not the old one.",
        "own_mean": "the test set is centered by its own mean: use that of training.",
        "late_mean": "the mean is not subtracted from the test set, or it was measured "
        "after the training set had been scaled: then it is 0.",
    }
    | {
        name: f"{e:g} is added to the deviation: where it is 0, divide by 1."
        for name, e in EPSILON.items()
    },
    demands={
        "subtract from each column its mean": ["no_mean", "features", "table"],
        "divide by its standard deviation": ["no_std", "variance", "minmax"],
        "with $N$ in the denominator": ["ddof"],
        "it has no mean of its own": ["own", "together", "late_mean"],
        "Where the standard deviation of a column is 0": ["unguarded", "eps_8"],
    },
    why="Scaling makes the bowl of the cost round, so that one learning rate suits "
    "all weights. Whatever is measured for it belongs to the training: a new house "
    "comes alone, and cannot bring a mean along. It is moved and stretched just as the "
    "training houses were, or the weights would meet other features than they learned.",
    see=DOWNHILL,
    goal="and say why features are scaled first",
    small=lambda: _small(
        X_train=np.array([[1.0, 7.0], [3.0, 7.0]]), X_test=np.array([[5.0, 8]])
    ),
)


# --- descend --------------------------------------------------------------------------


def _descend(slip, X, y, eta, steps):
    A, (N, n) = _with_ones(X), X.shape
    y = slip(y, table=y.mean() + 0 * y)
    g, bias = A.T @ y, np.arange(n + 1) == n
    G = slip(A.T @ A, no_bias=A.T @ (A * ~bias))
    theta = slip(0.0 * bias, w_ones=1.0 * ~bias, all_ones=np.ones(n + 1))
    theta = slip(theta, start=lambda: _start(slip.like, A, y, eta, steps))
    rate = slip(eta, no_eta=1.0, climbs=-eta) * slip(
        2, no_two=1, w_once=1 + bias, b_once=2 - bias
    )
    rate = rate / slip(N, summed=1, features=n, twice=N**2)
    rate = rate * slip(1, bias_kept=~bias, bias_up=1 - 2 * bias, w_up=2 * bias - 1)
    count = slip(steps, one_less=steps - 1, one_more=steps + 1, one_only=1)
    late = slip(None, w_first=bias, b_first=~bias)  # what follows the others
    rows = slip(None, by_turns="one a step", one_by_one="all, one after the other")
    fixed, total, swift = slip(None, frozen=g - G @ theta), 0.0, 0.0
    for t in range(count):
        if rows:
            for i in range(N) if rows[0] == "a" else [t % N]:
                theta = theta + N * rate * (y[i] - A[i] @ theta) * A[i]
            continue
        now = g - G @ theta if fixed is None else fixed
        total, swift = total + now, 0.9 * swift + now
        now = slip(now, added_up=total, momentum=swift)
        new = theta + slip(1, decays=1 / (t + 1)) * rate * now
        if late is not None:
            new = np.where(
                late, theta + rate * (g - G @ np.where(late, theta, new)), new
            )
        theta = new
    theta = slip(theta, closed=lambda: _least(A, y))
    return theta[:-1], theta[-1]


def _start(like, A, y, eta, steps):
    """Return the start from which the student's w and b would be reached, not 0 or 1.

    Where all starts lead to the same end it is any one.
    """
    M, best = np.eye(A.shape[1]) - 2 * eta / len(y) * A.T @ A, _least(A, y)
    begin = 0 * best + 0.5
    if like and steps < 100:
        end = np.append(like["w"], like["b"])
        begin = best + np.linalg.solve(np.linalg.matrix_power(M, steps), end - best)
    return begin + 0.01 * np.allclose(begin, np.round(begin))


def _descents(rng) -> Iterator[Case]:
    still = {"X": rng.normal(size=(5, 3)), "y": rng.normal(size=5)}
    yield Case(
        "η = 0, where nothing moves", still | {"eta": 0.0, "steps": 3}, {"N": 5, "n": 3}
    )
    for N, n, steps in ((12, 3, 1), (9, 1, 2), (6, 4, 7), (12, 2, 4000)):
        X, y = rng.normal(size=(N, n)), rng.normal(size=N) + 2
        eta, label = round(0.2 / n, 2), f"{N} examples, n = {n}, steps = {steps}"
        if steps == 4000:  # with this η, climbing stays finite, too
            X, eta = (X - X.mean(0)) / X.std(0) + 0.3, 0.03
            label = "4000 steps, as many as lead to the closed form"
        args = {"X": X, "y": y, "eta": eta, "steps": steps}
        yield Case(label, args, {"N": N, "n": n})


descend = Step(
    "descend",
    _descend,
    _descents,
    ("w", "b"),
    atol=1e-7,
    texts={
        "w_ones": "the weights start at 1; they start at 0.",
        "all_ones": "the weights and the bias start at 1; they start at 0.",
        "no_eta": "η is missing.",
        "climbs": "the sign is wrong: + climbs the cost.",
        "no_two": "the factor 2 of the squared error is missing in the gradient.",
        "w_once": "the factor 2 of the squared error is missing for w.",
        "b_once": "the factor 2 of the squared error is missing for b.",
        "no_bias": "the bias is missing in the prediction.",
        "summed": "the gradient is summed over the examples: their mean is asked for.",
        "features": "the gradient is divided by the number of features, not by N.",
        "twice": "the gradient is divided by N twice.",
        "momentum": "a momentum of 0.9 carries the steps on: plain ones are due.",
        "bias_kept": "the bias is never updated.",
        "w_up": "the weights are updated with the wrong sign.",
        "bias_up": "the bias is updated with the wrong sign.",
        "one_less": "one step too few: steps − 1.",
        "one_more": "one step too many: steps + 1.",
        "one_only": "only one step is taken: a return in the loop?",
        "w_first": "b follows weights that are already new: compute both slopes first.",
        "b_first": "w follows a bias that is already new: compute both slopes first.",
        "by_turns": "each step takes one example: all of them are asked for.",
        "one_by_one": "a step runs through the examples one by one, moving at each.",
        "frozen": "the gradient is always that of the start: compute it in each step.",
        "start": "w and b do not start at 0.",
        "table": "every prediction meets every target, in a table of N × N errors: "
        "give both the shape (N,).",
        "decays": "η is divided by the number of the step: it stays.",
        "added_up": "the gradients of all steps add up: set them to 0 in each step.",
        "closed": "the closed form is returned, whatever the number of steps.",
    },
    demands={
        "start with $w = 0$ and $b = 0$": ["w_ones", "all_ones", "start"],
        "take `steps` steps": ["one_less", "one_more", "one_only", "closed"],
        "steps of gradient descent": [
            "climbs",
            "no_eta",
            "decays",
            "frozen",
            "added_up",
            "w_first",
        ],
        "on the mean squared error": ["summed", "no_two"],
        "each with the gradient of all examples": ["by_turns", "one_by_one"],
        "4000 steps lead to the closed form": [
            "4000 steps, as many as lead to the closed form"
        ],
    },
    why="The gradient belongs to one point, so both derivatives are computed there "
    "before anything moves: a bias that already sees the new weights follows another "
    "path, though it ends at the same place. The gradient also changes with every "
    "step: near the bottom it becomes small, and the steps shorten by themselves.",
    see=DOWNHILL,
    goal="fit a line by hand, by solving equations and by gradient descent",
    small=lambda: _small(
        X=np.array([[1.0], [-1.0]]), y=np.array([3.0, 1.0]), eta=0.25, steps=2
    ),
)


# --- original_units -------------------------------------------------------------------


def _units(slip, w, b, mean, std):
    new = slip(w / std, times=w * std, w_kept=w, w_variance=w / std**2)
    shift = slip(new @ mean, b_kept=0, no_std=w @ mean, each=new * mean)
    shift = slip(shift, no_w=np.sum(mean / std), twice=np.sum(w * mean / std**2))
    shift = slip(shift, of_sums=np.sum(w / std) * mean.sum(), b_times=w @ (mean * std))
    new_b = slip(
        b - shift,
        b_back=b + w @ mean,
        b_plus=b + shift,
        b_divided=np.mean(b / std) - shift,
    )
    new_b = slip(new_b, averaged=b - np.mean(w * mean / std))
    out = slip((new, new_b), other_way=(w * std, b + w @ mean))
    return slip(out, like_x=((w - mean) / std, b))


def _unit_cases(rng) -> Iterator[Case]:
    for n in (1, 3, 4):
        args = {"w": rng.normal(size=n), "b": float(rng.normal() + 3)}
        args["mean"] = rng.uniform(1, 9, size=n)
        args["std"] = rng.uniform(1.5, 4, size=n)
        yield Case(f"{n} feature{'s' * (n > 1)}", args, {"n": n})


original_units = Step(
    "original_units",
    _units,
    _unit_cases,
    ("w", "b"),
    texts={
        "times": "the weights are multiplied by the deviation: they are divided by it.",
        "w_kept": "the weights have not been changed.",
        "w_variance": "the weights are divided by the deviation twice.",
        "b_kept": "the bias has not been changed.",
        "no_std": "the bias lacks the deviation: use the new weights with the mean.",
        "each": "b has an entry for each feature: the shifts add up to one number.",
        "no_w": "the bias is shifted by the mean alone, without the weights.",
        "twice": "the deviation stands squared in the bias.",
        "of_sums": "the bias has a product of two sums: multiply by feature, then add.",
        "b_times": "the bias multiplies by the deviation: divide by it.",
        "b_plus": "the sign in the bias is wrong: the mean was subtracted from x.",
        "b_back": "the bias adds the means times the old weights: the other way round.",
        "b_divided": "the bias is divided by the deviation, too.",
        "averaged": "the shifts of the bias are averaged: add them up.",
        "like_x": "the weights are scaled as if they were features.",
        "other_way": "this goes the other way, from original units to scaled ones.",
    },
    demands={
        "weights and bias that give the same predictions": ["w_kept", "b_kept"],
        "from the unscaled $x$": ["other_way", "times", "b_plus"],
        "of the same shapes": ["each"],
    },
    why="Scaling changes how a line is written, not the line. Put the scaled features "
    "into the model and sort: what multiplies a feature is its new weight, and what is "
    "left over belongs to the bias. A test costs one line: both forms must predict the "
    "same for any house.",
    see=DOWNHILL,
    goal="and say why features are scaled first",
    small=lambda: _small(
        w=np.array([6.0, 2.0]),
        b=1.0,
        mean=np.array([3.0, 1.0]),
        std=np.array([2.0, 4.0]),
    ),
)
