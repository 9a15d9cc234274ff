"""Checks of `linear_networks/regression` and `linear_networks/softmax_regression`.

Rows are examples. In regression ŷ = Xw + b with w of shape (n,); in softmax regression
Z = XWᵀ + b with W of shape (k, n). Gradients are compared with central differences of
the cost, gradient descent on a quadratic with its closed form after t steps.
"""

import itertools
from collections.abc import Callable

import numpy as np

from . import classification
from .core import Case, CheckFailed, call, verify

softmax = classification.softmax
cross_entropy = classification.cross_entropy

AREA = np.array([2104.0, 1600.0, 2400.0])
PRICE = np.array([399.9, 329.9, 369.0])
SHAPES = ((12, 3), (9, 1), (6, 6), (25, 4))  # examples, features
ACCURACY = 0.93
CHANCE = 0.25  # well above ten classes' 0.1


# --- regression -----------------------------------------------------------------------


def fit_origin(function: Callable, seed: int = 0) -> None:
    """Check `fit_origin(x, y)` → w, least squares without an intercept."""
    rng = np.random.default_rng(seed)
    cases = [Case("the three houses", {"x": AREA, "y": PRICE}, {"N": 3})]
    for N, slope in ((7, 2.5), (12, -0.8)):
        x = rng.uniform(0.5, 4, size=N)
        args = {"x": x, "y": slope * x + rng.normal(size=N) + 1}
        cases.append(Case(f"{N} random examples", args, {"N": N}))

    verify(
        "fit_origin",
        function,
        cases,
        lambda x, y: np.linalg.lstsq(x[:, None], y, rcond=None)[0][0],
        mistakes=[
            (
                "this is the mean of the ratios y/x: each example would count the "
                "same, however small its x.",
                lambda x, y: np.mean(y / x),
            ),
            (
                "this is Σy/Σx: the errors add up to 0, but their squares are not as "
                "small as possible.",
                lambda x, y: np.sum(y) / np.sum(x),
            ),
            (
                "this is the slope of the line with an intercept; here the line goes "
                "through the origin.",
                lambda x, y: np.polyfit(x, y, 1)[0],
            ),
            ("the division by Σx² is missing.", lambda x, y: x @ y),
            (
                "you divided by Σx in place of Σx².",
                lambda x, y: x @ y / np.sum(x),
            ),
            (
                "you divided by (Σx)² in place of Σx²: square first, then add.",
                lambda x, y: x @ y / np.sum(x) ** 2,
            ),
            (
                "you divided by Σy²: x and y have changed places.",
                lambda x, y: x @ y / (y @ y),
            ),
            (
                "this is the root of Σy²/Σx².",
                lambda x, y: np.sqrt(y @ y / (x @ x)),
            ),
            ("only the first example is used.", lambda x, y: y[0] / x[0]),
            ("one ratio for each example came: y/x.", lambda x, y: y / x),
        ],
    )


def fit_linear(function: Callable, seed: int = 0) -> None:
    """Check `fit_linear(X, y)` → (w, b), least squares with an intercept."""
    rng = np.random.default_rng(seed)
    cases = [Case("the three houses", {"X": AREA[:, None], "y": PRICE}, {"N": 3})]
    for N, n in ((12, 3), (25, 4), (9, 2)):
        X = rng.normal(size=(N, n)) + rng.uniform(1, 3, size=n)
        y = X @ rng.normal(size=n) + 3 + rng.normal(size=N)
        label = f"{N} examples, {n} features"
        cases.append(Case(label, {"X": X, "y": y}, {"N": N, "n": n}))

    def least(A, y):
        return np.linalg.lstsq(A, y, rcond=None)[0]

    def centered(X, y):
        w = least(X - X.mean(0), y - y.mean())
        return w, y.mean() - X.mean(0) @ w

    def origin(X, y):
        return least(X, y)

    verify(
        "fit_linear",
        function,
        cases,
        centered,
        parts=("w", "b"),
        mistakes=[
            (
                "the intercept is missing: the column of ones belongs to the matrix, "
                "too.",
                lambda X, y: (origin(X, y), 0.0),
            ),
            (
                "w is that of the fit through the origin, and b was fitted afterwards: "
                "both must be fitted together.",
                lambda X, y: (origin(X, y), np.mean(y - X @ origin(X, y))),
            ),
            (
                "w and b are mixed up: which column of your matrix holds the ones, the "
                "first or the last?",
                lambda X, y: (
                    np.append(centered(X, y)[1], centered(X, y)[0][:-1]),
                    centered(X, y)[0][-1],
                ),
            ),
            (
                "w and b are mixed up: which column of your matrix holds the ones, the "
                "first or the last?",
                lambda X, y: (
                    np.append(centered(X, y)[0][1:], centered(X, y)[1]),
                    centered(X, y)[0][0],
                ),
            ),
            (
                "b is the mean of y: that is the intercept for centered columns only.",
                lambda X, y: (centered(X, y)[0], y.mean()),
            ),
            (
                "b is 0: w is right, but the intercept has not been computed.",
                lambda X, y: (centered(X, y)[0], 0.0),
            ),
            (
                "the sign in b is wrong: the mean prediction must be the mean of y.",
                lambda X, y: (
                    centered(X, y)[0],
                    y.mean() + X.mean(0) @ centered(X, y)[0],
                ),
            ),
            (
                "b is b·N: the sum over the examples is not divided by their number.",
                lambda X, y: (centered(X, y)[0], len(y) * centered(X, y)[1]),
            ),
            (
                "this is Xᵀy: the system of equations (with XᵀX) has not been solved.",
                lambda X, y: (X.T @ y, y.sum()),
            ),
            (
                "b is the last entry of w: slice the solution.",
                lambda X, y: (np.append(*centered(X, y)), centered(X, y)[1]),
            ),
        ],
    )


def mse(function: Callable, seed: int = 0) -> None:
    """Check `mse(y_hat, y)`, the mean squared error, a number."""
    rng = np.random.default_rng(seed)
    cases = [Case("the three houses, ŷ = 0.18 x", {"y_hat": 0.18 * AREA, "y": PRICE})]
    for N in (5, 8):
        args = {"y_hat": 2 * rng.normal(size=N), "y": rng.normal(size=N) + 1}
        cases.append(Case(f"{N} random examples", args))
    cases = [Case(c.label, c.args, {"N": len(c.args["y"])}) for c in cases]

    verify(
        "mse",
        function,
        cases,
        lambda p, y: sum((a - b) ** 2 for a, b in zip(p, y, strict=True)) / len(y),
        mistakes=[
            (
                "this is the sum over the examples: the mean is asked for.",
                lambda p, y: np.sum((p - y) ** 2),
            ),
            ("this is the root of it.", lambda p, y: np.sqrt(np.mean((p - y) ** 2))),
            (
                "these are absolute errors: squared ones are asked for.",
                lambda p, y: np.mean(np.abs(p - y)),
            ),
            (
                "the errors are averaged before they are squared, and cancel.",
                lambda p, y: np.mean(p - y) ** 2,
            ),
            ("the square is missing: the errors cancel.", lambda p, y: np.mean(p - y)),
            (
                "this is the variance of the errors: their mean has been subtracted.",
                lambda p, y: np.var(p - y),
            ),
            (
                "this is the difference of the squares, not the square of the "
                "difference.",
                lambda p, y: np.mean(p**2 - y**2),
            ),
            ("one value for each example came.", lambda p, y: (p - y) ** 2),
            ("the length of the error came: ‖ŷ − y‖.", lambda p, y: _length(p - y)),
            ("the predictions are ignored.", lambda p, y: np.mean(y**2)),
        ],
    )


def mse_gradient(function: Callable, seed: int = 0) -> None:
    """Check `mse_gradient(X, y, w, b)` → (dw, db) against central differences."""
    rng = np.random.default_rng(seed)
    cases = []
    for N, n in SHAPES:
        X, y = rng.normal(size=(N, n)) + 0.5, rng.normal(size=N)
        args = {"X": X, "y": y, "w": rng.normal(size=n), "b": float(rng.normal() + 2)}
        label = f"{N} examples, {n} feature{'s' * (n > 1)}"
        cases.append(Case(label, args, {"N": N, "n": n}))

    def slopes(X, y, w, b):
        def cost(theta):
            return np.mean((X @ theta[:-1] + theta[-1] - y) ** 2)

        slope = _slopes(cost, np.append(w, b))
        return slope[:-1], slope[-1]

    def rule(dw=2.0, db=2.0, bias=1.0, start=1.0):
        def gradient(X, y, w, b):
            e = start * (X @ w + bias * b) - y
            return dw * X.T @ e / len(y), db * e.mean()

        return gradient

    def residual(X, y, w, b):
        return X @ w + b - y

    verify(
        "mse_gradient",
        function,
        cases,
        slopes,
        parts=("dw", "db"),
        mistakes=[
            (
                "the factor 2 of the squared error is missing.",
                rule(dw=1.0, db=1.0),
            ),
            ("the factor 2 is missing in dw only.", rule(dw=1.0)),
            ("the factor 2 is missing in db only.", rule(db=1.0)),
            (
                "the sign is wrong: the error is ŷ − y, not y − ŷ.",
                rule(dw=-2.0, db=-2.0),
            ),
            (
                "the sign is wrong, and the factor 2 is missing.",
                rule(dw=-1.0, db=-1.0),
            ),
            ("the sign of dw is wrong.", rule(dw=-2.0)),
            ("the sign of db is wrong.", rule(db=-2.0)),
            ("the bias b is missing in the prediction.", rule(bias=0.0)),
            ("the bias b is subtracted in the prediction.", rule(bias=-1.0)),
            ("the target y is missing: this is the gradient of mean ŷ².", _untargeted),
            ("the prediction is missing in the error.", rule(start=0.0)),
            (
                "the sums over the examples came: divide by N.",
                lambda X, y, w, b: (
                    2 * X.T @ residual(X, y, w, b),
                    2 * residual(X, y, w, b).sum(),
                ),
            ),
            (
                "the error is not multiplied by the features: dw holds db for each "
                "weight.",
                lambda X, y, w, b: (
                    2 * residual(X, y, w, b).mean() * np.ones(X.shape[1]),
                    2 * residual(X, y, w, b).mean(),
                ),
            ),
            (
                "the means are multiplied: mean error times mean features. Multiply "
                "first, then average.",
                lambda X, y, w, b: (
                    2 * residual(X, y, w, b).mean() * X.mean(0),
                    2 * residual(X, y, w, b).mean(),
                ),
            ),
            (
                "the sum over the examples is divided by the number of features, not "
                "of examples.",
                lambda X, y, w, b: (
                    2 * X.T @ residual(X, y, w, b) / X.shape[1],
                    2 * residual(X, y, w, b).sum() / X.shape[1],
                ),
            ),
            ("db is 0: the bias has a derivative, too.", rule(db=0.0)),
            ("dw is 0.", rule(dw=0.0)),
            (
                "the sign of the errors is lost: they are squared or absolute.",
                lambda X, y, w, b: (
                    2 * X.T @ np.abs(residual(X, y, w, b)) / len(y),
                    2 * np.abs(residual(X, y, w, b)).mean(),
                ),
            ),
        ],
    )


def _untargeted(X, y, w, b):
    e = X @ w + b
    return 2 * X.T @ e / len(y), 2 * e.mean()


def standardize(function: Callable, seed: int = 0) -> None:
    """Check `standardize(X_train, X_test)`: both by the mean and spread of training."""
    rng = np.random.default_rng(seed)
    cases = []
    for N, N_test, n, flat in ((12, 5, 3, False), (7, 9, 4, False), (8, 4, 3, True)):
        loc, scale = rng.uniform(-3, 2000, size=n), rng.uniform(0.5, 300, size=n)
        X = rng.normal(loc, scale, size=(N, n))
        X_test = rng.normal(loc + scale / 2, scale, size=(N_test, n))
        if flat:  # a power of two: its mean is exact, its standard deviation 0
            X[:, 1], X_test[:, 1] = 4.0, [4.0, 5.0, 4.0, 2.0]
        label = f"{N} and {N_test} examples, {n} features"
        label += ", one of them constant" * flat
        args = {"X_train": X, "X_test": X_test}
        cases.append(Case(label, args, {"N": N, "n": n}))

    def scaled(fit=lambda a, b: (a, a), **how):
        def rule(X_train, X_test):
            by_train, by_test = fit(X_train, X_test)
            return (
                _scale(X_train, by_train, **how),
                _scale(X_test, by_test, **how),
            )

        return rule

    def library(X_train, X_test):
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(X_train)
        return scaler.transform(X_train), scaler.transform(X_test)

    def both(a, b):
        together = np.concatenate([a, b])
        return together, together

    verify(
        "standardize",
        function,
        cases,
        library,
        parts=("Z_train", "Z_test"),
        mistakes=[
            (
                "the test set is scaled by its own mean and deviation: it must use "
                "those of the training set, as a single new example would.",
                scaled(lambda a, b: (a, b)),
            ),
            (
                "mean and deviation come from training and test set together: the "
                "test data leak into the training.",
                scaled(both),
            ),
            ("the test set has not been scaled.", lambda a, b: (scaled()(a, b)[0], b)),
            (
                "you averaged over the features (axis 1), not over the examples.",
                scaled(axis=1),
            ),
            (
                "one mean and one deviation are used for the whole table: each column "
                "needs its own.",
                scaled(axis=None),
            ),
            (
                "you divided by the variance; the standard deviation is its root.",
                scaled(power=2),
            ),
            ("the mean is not subtracted.", scaled(center=False)),
            ("the division by the standard deviation is missing.", scaled(power=0)),
            (
                "the deviation has N − 1 in the denominator (ddof=1); N is asked for.",
                scaled(ddof=1),
            ),
            ("this is min–max scaling to 0…1.", scaled(how="minmax")),
            (
                "a constant column gives 0/0: where the deviation is 0, divide by 1.",
                scaled(safe=False),
            ),
            (
                "each column is divided by its largest value: subtract the mean, "
                "divide by the standard deviation.",
                scaled(how="max"),
            ),
        ],
    )


def _scale(X, by, axis=0, power=1, center=True, ddof=0, how="", safe=True):
    """Scale `X` with the statistics of `by`, with the given slips built in."""
    if how == "minmax":
        shift, size = by.min(0), np.ptp(by, axis=0)
    elif how == "max":
        shift, size = 0, by.max(0)
    elif axis == 1:
        shift, size = X.mean(1, keepdims=True), X.std(1, keepdims=True)
    else:
        shift, size = by.mean(axis) * center, by.std(axis, ddof=ddof) ** power
    return (X - shift) / (np.where(size == 0, 1, size) if safe else size)


def descend(function: Callable, seed: int = 0) -> None:
    """Check `descend(X, y, eta, steps)` → (w, b) from zeros, on the mean squared error.

    Where A = (X, 1) and H = 2AᵀA/N, the parameters after t steps from 0 are
    (I − (I − ηH)ᵗ) times the least-squares solution.
    """
    rng = np.random.default_rng(seed)
    cases = []
    for N, n, steps in ((12, 3, 1), (9, 1, 2), (6, 4, 7), (25, 4, 4000)):
        X, y = rng.normal(size=(N, n)), rng.normal(size=N) + 2
        if steps > 1000:
            X, y = (X - X.mean(0)) / X.std(0), y + X @ np.arange(1, n + 1)
        args = {"X": X, "y": y, "eta": round(0.2 / n, 2), "steps": steps}
        label = f"{N} examples, {n} feature{'s' * (n > 1)}, {steps:,} steps"
        label = label.removesuffix("s") if steps == 1 else label
        if steps > 1000:
            label += ", as many as lead to the closed form"
        cases.append(Case(label, args, {"N": N, "n": n}))

    def closed(X, y, eta, steps):
        A = np.column_stack([X, np.ones(len(X))])
        best = np.linalg.lstsq(A, y, rcond=None)[0]
        curvature, axes = np.linalg.eigh(2 * A.T @ A / len(A))
        theta = axes @ ((1 - (1 - eta * curvature) ** steps) * (axes.T @ best))
        return theta[:-1], theta[-1]

    verify(
        "descend",
        function,
        cases,
        closed,
        parts=("w", "b"),
        mistakes=[
            (
                "the sign is wrong: + climbs the cost; subtract η times the gradient.",
                _descent(sign=1),
            ),
            ("η is missing.", _descent(rate=lambda eta: 1.0)),
            (
                "the factor 2 of the squared error is missing in the gradient.",
                _descent(factor=1.0),
            ),
            (
                "the gradient is summed over the examples: their mean is asked for.",
                _descent(mean=False),
            ),
            ("one step too few: steps − 1.", _descent(more=-1)),
            ("one step too many: steps + 1.", _descent(more=1)),
            ("only one step is taken.", _descent(more=None)),
            ("the bias is never updated.", _descent(bias=0)),
            ("the bias is updated with the wrong sign.", _descent(bias=-1)),
            (
                "the bias is updated with weights that are already new: compute both "
                "gradients first.",
                _descent(order="w first"),
            ),
            (
                "the weights are updated with a bias that is already new: compute both "
                "gradients first.",
                _descent(order="b first"),
            ),
            (
                "the gradient is always that of the start: compute it anew in each "
                "step.",
                _descent(frozen=True),
            ),
            ("the weights start at 1; they start at 0.", _descent(start=(1.0, 0.0))),
            (
                "the weights and the bias start at 1; they start at 0.",
                _descent(start=(1.0, 1.0)),
            ),
            (
                "the step follows one example after the other: the gradient is that "
                "of all examples.",
                _one_by_one,
            ),
            (
                "the closed form is returned, whatever the number of steps.",
                lambda X, y, eta, steps: closed(X, y, eta, 10**6),
            ),
        ],
        rtol=1e-6,
        atol=1e-7,
    )


def _descent(
    sign=-1,
    rate=lambda eta: eta,
    factor=2.0,
    mean=True,
    more: int | None = 0,
    bias=1,
    order="",
    frozen=False,
    start=(0.0, 0.0),
) -> Callable:
    """Return gradient descent on the squared error, with the given slips built in."""

    def run(X, y, eta, steps):
        w, b = np.full(X.shape[1], start[0]), start[1]
        size = sign * factor * rate(eta) / (len(y) if mean else 1)
        error = X @ w + b - y
        for _ in range(1 if more is None else steps + more):
            error = error if frozen else X @ w + b - y
            if order == "b first":
                b = b + size * error.sum()
                w = w + size * X.T @ (X @ w + b - y)
                continue
            w = w + size * X.T @ error
            late = X @ w + b - y if order == "w first" else error
            b = b + bias * size * late.sum()
        return w, b

    return run


def _one_by_one(X, y, eta, steps):
    w, b = np.zeros(X.shape[1]), 0.0
    for _ in range(steps):
        for x, target in zip(X, y, strict=True):
            error = x @ w + b - target
            w, b = w - 2 * eta * error * x, b - 2 * eta * error
    return w, b


def original_units(function: Callable, seed: int = 0) -> None:
    """Check `original_units(w, b, mean, std)`: the same line for unscaled features."""
    rng = np.random.default_rng(seed)
    cases = []
    for n in (1, 3, 4):
        args = {
            "w": rng.normal(size=n),
            "b": float(rng.normal() + 3),
            "mean": rng.uniform(1, 9, size=n),
            "std": rng.uniform(1.5, 4, size=n),
        }
        cases.append(Case(f"{n} feature{'s' * (n > 1)}", args, {"n": n}))

    def probed(w, b, mean, std):
        """Read weights and bias off the predictions at 0 and at the unit vectors."""
        at = np.vstack([np.zeros(len(w)), np.eye(len(w))])
        values = ((at - mean) / std) @ w + b
        return values[1:] - values[0], values[0]

    def rule(new_w, shift):
        return lambda w, b, mean, std: (new_w(w, std), b - shift(w, mean, std))

    def over(w, std):
        return w / std

    def right(w, mean, std):
        return np.sum(w * mean / std)

    verify(
        "original_units",
        function,
        cases,
        probed,
        parts=("w", "b"),
        mistakes=[
            (
                "the weights are multiplied by the deviation: dollars per square foot "
                "get smaller when the unit gets smaller.",
                rule(lambda w, std: w * std, right),
            ),
            ("the weights have not been changed.", rule(lambda w, std: w, right)),
            ("the bias has not been changed.", rule(over, lambda w, mean, std: 0)),
            (
                "neither the weights nor the bias have been changed.",
                rule(lambda w, std: w, lambda w, mean, std: 0),
            ),
            (
                "the sign in the bias is wrong: the mean was subtracted from x.",
                rule(over, lambda w, mean, std: -right(w, mean, std)),
            ),
            (
                "the bias lacks the deviation: use the new weights with the mean.",
                rule(over, lambda w, mean, std: w @ mean),
            ),
            (
                "the bias is shifted by the mean alone, without the weights.",
                rule(over, lambda w, mean, std: np.sum(mean / std)),
            ),
            (
                "the bias is shifted by the product of two sums: multiply feature by "
                "feature, then add.",
                rule(over, lambda w, mean, std: np.sum(w / std) * np.sum(mean)),
            ),
            (
                "the deviation stands squared: the weights were divided twice.",
                rule(over, lambda w, mean, std: np.sum(w * mean / std**2)),
            ),
            (
                "the bias is divided by the deviation, too.",
                lambda w, b, mean, std: (
                    w / std,
                    np.mean(b / std) - right(w, mean, std),
                ),
            ),
        ],
    )


# --- softmax regression ---------------------------------------------------------------


def log_sum_exp(function: Callable, seed: int = 0) -> None:
    """Check `log_sum_exp(z)` → (m,), over each row, stable for large z."""
    rng = np.random.default_rng(seed)
    shapes = ((5, 4), (4, 4), (3, 7))
    tables = {f"{m} rows, {k} classes": 2 * rng.normal(size=(m, k)) for m, k in shapes}
    far = 1000.0 * np.array([[1], [-1], [0]])
    tables["entries near ±1000"] = rng.normal(size=(3, 5)) + far
    cases = [
        Case(label, {"z": z}, {"m": len(z), "k": z.shape[1]})
        for label, z in tables.items()
    ]

    def top(z):
        return z.max(1, keepdims=True)

    def right(z):
        return np.logaddexp.reduce(z, axis=1)

    verify(
        "log_sum_exp",
        function,
        cases,
        right,
        mistakes=[
            (
                "the exponentials overflow, or all of them underflow to 0: subtract "
                "each row's largest entry before exp.",
                lambda z: np.log(np.exp(z).sum(1)),
            ),
            (
                "the largest entry has not been added back after it was subtracted.",
                lambda z: right(z - top(z)),
            ),
            (
                "the largest entry is subtracted at the end; it is added back.",
                lambda z: right(z - top(z)) - top(z)[:, 0],
            ),
            (
                "this is the largest entry alone: the logarithm of the sum is missing.",
                lambda z: z.max(1),
            ),
            (
                "the sum runs over the examples (axis 0), not over the classes.",
                lambda z: right(z.T),
            ),
            (
                "one number for the whole table came: one for each row is asked for.",
                lambda z: np.logaddexp.reduce(z, axis=None),
            ),
            (
                "one maximum is subtracted from the whole table: rows far below it "
                "underflow. Each row needs its own.",
                lambda z: z.max() + np.log(np.exp(z - z.max()).sum(1)),
            ),
            ("this is the sum of the entries: log exp z is z.", lambda z: z.sum(1)),
            (
                "this is log-mean-exp: the sum is divided by the number of classes.",
                lambda z: right(z) - np.log(z.shape[1]),
            ),
            (
                "the logarithm is missing.",
                lambda z: np.exp(z - top(z)).sum(1) + top(z)[:, 0],
            ),
            ("the exponential of the result came.", lambda z: np.exp(z).sum(1)),
            ("this is the log-softmax: z minus it.", lambda z: z - right(z)[:, None]),
        ],
        warn="an exponential overflows or a logarithm meets 0: subtract each row's "
        "largest entry first.",
    )


def gradients(function: Callable, seed: int = 0) -> None:
    """Check `gradients(X, p, y)` → (dW, db) of the mean cross-entropy.

    The expected values are central differences: with logits ln p + XVᵀ + c the cost's
    slopes at V = 0, c = 0 are the gradients.
    """
    rng = np.random.default_rng(seed)
    cases = []
    for N, n, k in ((5, 3, 4), (4, 4, 4), (7, 2, 3), (6, 5, 2)):
        p, y = rng.dirichlet(np.ones(k), size=N), rng.integers(k, size=N)
        args = {"X": rng.normal(size=(N, n)) + 0.5, "p": p, "y": y}
        label = f"{N} examples, {n} features, {k} classes"
        cases.append(Case(label, args, {"N": N, "n": n, "k": k}))

    def slopes(X, p, y):
        k, n = p.shape[1], X.shape[1]

        def cost(theta):
            V, c = theta[: k * n].reshape(k, n), theta[k * n :]
            return _cost(np.log(p) + X @ V.T + c, y)

        slope = _slopes(cost, np.zeros(k * n + k))
        return slope[: k * n].reshape(k, n), slope[k * n :]

    def rule(delta=lambda p, hot: p - hot, divide=len, w=1.0, b=1.0, shift=0):
        def gradient(X, p, y):
            hot = np.eye(p.shape[1])[(y + shift) % p.shape[1]]
            d = delta(p, hot) / divide(p)
            return w * d.T @ X, b * d.sum(0)

        return gradient

    verify(
        "gradients",
        function,
        cases,
        slopes,
        parts=("dW", "db"),
        mistakes=[
            (
                "the sign is wrong: the error is p − y, with the one-hot y.",
                rule(w=-1.0, b=-1.0),
            ),
            ("the sign of dW is wrong.", rule(w=-1.0)),
            ("the sign of db is wrong.", rule(b=-1.0)),
            (
                "the sums over the examples came: the cost is a mean, divide by N.",
                rule(divide=lambda p: 1),
            ),
            (
                "you divided by the number of classes, not of examples.",
                rule(divide=lambda p: p.shape[1]),
            ),
            (
                "you divided by the number of all entries, N k, not by N.",
                rule(divide=lambda p: p.size),
            ),
            (
                "db is the sum over the examples: its mean is asked for.",
                lambda X, p, y: (
                    rule()(X, p, y)[0],
                    rule(divide=lambda p: 1)(X, p, y)[1],
                ),
            ),
            (
                "dW is the sum over the examples: its mean is asked for.",
                lambda X, p, y: (
                    rule(divide=lambda p: 1)(X, p, y)[0],
                    rule()(X, p, y)[1],
                ),
            ),
            (
                "the one-hot 1 stands one class too far right: classes count from 0.",
                rule(shift=1),
            ),
            (
                "the labels are missing: this is the gradient with p in place of "
                "p − y.",
                rule(lambda p, hot: p),
            ),
            (
                "there is a factor p (1 − p) too many: with cross-entropy it cancels.",
                rule(lambda p, hot: (p - hot) * p * (1 - p)),
            ),
            (
                "the labels are subtracted as numbers: they must become one-hot rows.",
                lambda X, p, y: (
                    (p - y[:, None]).T @ X / len(X),
                    (p - y[:, None]).mean(0),
                ),
            ),
            (
                "this is −1/p at the labels: the derivative by p, not by z.",
                rule(lambda p, hot: -hot / p),
            ),
            (
                "1 is subtracted in whole columns (all examples at once): pair each "
                "row with its own label.",
                rule(lambda p, hot: p - hot.max(0)),
            ),
            (
                "dW is transposed: W has shape (k, n).",
                lambda X, p, y: (rule()(X, p, y)[0].T, rule()(X, p, y)[1]),
            ),
            (
                "db is averaged over the classes; it has one entry for each class.",
                lambda X, p, y: (
                    rule()(X, p, y)[0],
                    (p - np.eye(p.shape[1])[y]).mean(1),
                ),
            ),
            (
                "the features are averaged before they meet the errors: multiply "
                "first, then average.",
                lambda X, p, y: (
                    np.outer(rule()(X, p, y)[1], X.mean(0)),
                    rule()(X, p, y)[1],
                ),
            ),
        ],
        rtol=1e-6,
        atol=1e-9,
    )


def predict(function: Callable, seed: int = 0) -> None:
    """Check `predict(X, W, b)` → (m,), the class with the largest logit."""
    rng = np.random.default_rng(seed)
    cases = []
    for m, n, k, far in ((40, 3, 5, 0), (30, 4, 4, -20), (50, 2, 3, 30)):
        args = {
            "X": rng.normal(size=(m, n)),
            "W": rng.normal(size=(k, n)),
            "b": rng.normal(size=k) + far,
        }
        label = f"{m} examples, {n} features, {k} classes"
        label += f", logits near {far}" if far else ""
        cases.append(Case(label, args, {"m": m, "k": k}))

    def logits(X, W, b):
        return np.einsum("mn,kn->mk", X, W) + b

    verify(
        "predict",
        function,
        cases,
        lambda X, W, b: np.array(
            [row.tolist().index(max(row)) for row in logits(X, W, b)]
        ),
        mistakes=[
            ("the bias b is missing.", lambda *a: logits(a[0], a[1], 0).argmax(1)),
            (
                "the bias b is subtracted; it is added.",
                lambda X, W, b: logits(X, W, -b).argmax(1),
            ),
            (
                "this is the class with the smallest logit.",
                lambda *a: logits(*a).argmin(1),
            ),
            ("classes count from 0: these are one too large.", _one_too_large),
            (
                "this is the best example of each class (axis 0): the best class of "
                "each example is asked for.",
                lambda *a: logits(*a).argmax(0),
            ),
            (
                "this is the largest logit itself; the number of its class is asked "
                "for.",
                lambda *a: logits(*a).max(1),
            ),
            (
                "these are the logits; the class of the largest is asked for.",
                lambda *a: logits(*a),
            ),
            (
                "the absolute values are compared: a large negative logit is no vote.",
                lambda *a: np.abs(logits(*a)).argmax(1),
            ),
            (
                "these are one-hot rows: the numbers of the classes are asked for.",
                lambda *a: np.eye(len(a[2]), dtype=int)[logits(*a).argmax(1)],
            ),
            (
                "a single class for the whole batch came.",
                lambda *a: logits(*a).sum(0).argmax(),
            ),
        ],
    )


def _one_too_large(X, W, b):
    return (X @ W.T + b).argmax(1) + 1


def train_step(function: Callable, seed: int = 0) -> None:
    """Check `train_step(W, b, X, y, eta)` → (W, b) after one step of descent."""
    rng = np.random.default_rng(seed)
    cases = []
    for m, n, k, eta in ((6, 3, 4, 0.3), (4, 4, 4, 0.05), (7, 2, 3, 1.7)):
        args = {
            "W": rng.normal(size=(k, n)),
            "b": rng.normal(size=k),
            "X": rng.normal(size=(m, n)) + 0.5,
            "y": rng.integers(k, size=m),
            "eta": eta,
        }
        label = f"{m} examples, {n} features, {k} classes, η = {eta}"
        cases.append(Case(label, args, {"m": m, "k": k, "η": eta}))

    def slopes(W, b, X, y, eta):
        def cost(theta):
            V, c = theta[: W.size].reshape(W.shape), theta[W.size :]
            return _cost(X @ V.T + c, y)

        slope = _slopes(cost, np.append(W, b))
        dW, db = slope[: W.size].reshape(W.shape), slope[W.size :]
        return W - eta * dW, b - eta * db

    verify(
        "train_step",
        function,
        cases,
        slopes,
        parts=("W", "b"),
        mistakes=[
            (
                "the sign is wrong: + climbs the cost; subtract η times the gradient.",
                _step(sign=1),
            ),
            ("η is missing.", _step(rate=False)),
            (
                "the gradient is summed over the minibatch: its mean is asked for.",
                _step(mean=False),
            ),
            (
                "the gradient is divided by m twice: once in it, once in the step.",
                _step(twice=True),
            ),
            ("the biases are not updated.", _step(db=0)),
            ("the weights are not updated.", _step(dW=0)),
            ("nothing has changed: W and b are the old ones.", _step(dW=0, db=0)),
            ("the gradients came, not the new W and b.", _step(start=0, sign=1)),
            ("only the change came: add it to the old values.", _step(start=0)),
            ("the biases are missing in the logits.", _step(bias=0)),
            (
                "the softmax is missing: the error is z − y, that of a squared cost.",
                _step(act=lambda z: z),
            ),
            (
                "the softmax runs over the examples (axis 0), not over the classes.",
                _step(act=lambda z: _softmax(z.T).T),
            ),
            ("a sigmoid stands in place of the softmax.", _step(act=_sigmoid)),
            ("softmax is applied twice.", _step(act=lambda z: _softmax(_softmax(z)))),
            ("two steps are taken in place of one.", _two_steps),
            (
                "the labels are shifted by one class: classes count from 0.",
                _step(shift=1),
            ),
        ],
        rtol=1e-6,
        atol=1e-9,
    )


def _step(
    sign=-1,
    rate=True,
    mean=True,
    twice=False,
    dW=1,
    db=1,
    start=1,
    bias=1,
    act=None,
    shift=0,
) -> Callable:
    """Return one step of softmax regression, with the given slips built in."""

    def rule(W, b, X, y, eta):
        p = (act or _softmax)(X @ W.T + bias * b)
        size = sign * (eta if rate else 1) / (len(X) if mean else 1)
        size /= len(X) if twice else 1
        size /= eta if start == 0 and sign == 1 else 1  # the gradients themselves
        delta = size * (p - np.eye(len(b))[(y + shift) % len(b)])
        return start * W + dW * delta.T @ X, start * b + db * delta.sum(0)

    return rule


def _two_steps(W, b, X, y, eta):
    return _step()(*_step()(W, b, X, y, eta), X, y, eta)


def train(function: Callable, seed: int = 0) -> None:
    """Check `train(X, y, epochs, m, eta, seed)` by accuracy on unseen digits.

    scikit-learn's 8×8 digits, split by `seed`; 30 epochs, minibatches of 16, η = 0.3.
    """
    name = "train"
    X, X_test, y, y_test = classification.digits(seed)
    given = X.copy(), y.copy()
    result = call(function, *given, 30, 16, 0.3, seed, name=name)
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise CheckFailed(f"✗ {name}: the two arrays (W, b) are expected.")
    W, b = map(np.asarray, result)
    for letter, array, shape in (("W", W, (10, 64)), ("b", b, (10,))):
        if array.shape != shape:
            hint = "W is transposed." if array.shape == shape[::-1] else ""
            raise CheckFailed(
                f"✗ {name}: {letter} has shape {array.shape}; {shape} is expected."
                + f"\nLikely mistake: {hint}" * bool(hint)
            )
    if not (np.isfinite(W).all() and np.isfinite(b).all()):
        raise CheckFailed(
            f"✗ {name}: the weights are NaN or infinite: the training diverged.\n"
            "Likely mistake: the cost is climbed (a wrong sign), or the softmax is "
            "not stable."
        )

    def rate(x, labels) -> float:
        return float(np.mean((x @ W.T + b).argmax(1) == labels))

    seen, unseen = rate(X, y), rate(X_test, y_test)
    if unseen < ACCURACY:
        text = (
            f"✗ {name}: accuracy {unseen:.3f} on {len(y_test)} unseen digits, "
            f"{seen:.3f} on the training digits; at least {ACCURACY} is expected.\n"
        )
        raise CheckFailed(text + f"Likely mistake: {_why(rate, X, y, W)}")
    for key, value, old in zip("Xy", given, (X, y), strict=True):
        if not np.array_equal(value, old):
            raise CheckFailed(
                f"✗ {name}: your function changed its argument {key} in place."
            )
    print(f"✓ {name}: accuracy {unseen:.3f} on {len(y_test)} unseen digits")


def _why(rate: Callable, X, y, W) -> str:
    """Return what the trained weights tell about a failed training."""
    seen = rate(X, y)
    if not W.any():
        return (
            "the weights are still 0: is the result of each step taken over into W "
            "and b?"
        )
    if any(rate(X, (y + shift) % 10) > 0.8 for shift in (1, -1)):
        return "the predictions are off by one class: a one-hot row is shifted."
    if seen < 0.02:
        return "it is worse than guessing: the cost is climbed, not descended (a sign)."
    if seen < CHANCE:
        return (
            "this is the level of chance: are the rows of X and the labels y picked "
            "with the same indices?"
        )
    if seen > 0.99:
        return (
            "it knows the training digits, but not new ones: is only a part of the "
            "training data used?"
        )
    return (
        "it learns, but too little: are all epochs and all minibatches run, and is "
        "the gradient divided by m once only?"
    )


# --- independent computations ---------------------------------------------------------


def _softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _sigmoid(z: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(z / 2))


def _length(v: np.ndarray) -> float:
    return float(np.sqrt(v @ v))


def _cost(z: np.ndarray, y: np.ndarray) -> float:
    """Return the mean cross-entropy of logits z (m, k) and labels y."""
    return float(np.mean(np.logaddexp.reduce(z, axis=1) - z[np.arange(len(y)), y]))


def _slopes(cost: Callable, theta: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Return central differences of `cost` at `theta`, one entry after the other."""
    slope = np.zeros(len(theta))
    for i, direction in itertools.product(range(len(theta)), (1, -1)):
        moved = theta.copy()
        moved[i] += direction * h
        slope[i] += direction * cost(moved) / (2 * h)
    return slope
