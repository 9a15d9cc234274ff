"""Checks of the sheet `rbf/choose_k`: how many Gaussians, chosen without a leak; XOR.

Each step is a reference that carries its slips (`helpers.checks.engine`); the visible
cell and the hidden test differ in the seed only.
"""

from collections.abc import Iterator

import numpy as np

from ..engine import Case, Slip, Step
from .rbf_network import small


def _neighbor_widths(slip, centers):
    k, e = len(centers), centers[:, None] - centers
    d = np.linalg.norm(e, axis=2)
    d = slip(d, axis=np.abs(e).max(2), streets=np.abs(e).sum(2), squared=d**2)
    apart = slip(d + np.diag(np.full(k, np.inf)), itself=d, times_0=d * np.nan)
    apart = slip(apart, one=d + np.eye(k), later=_later(apart))
    sigma = apart.min(1)
    sigma = slip(sigma, running=np.minimum.accumulate(sigma))
    sigma = slip(sigma, sorted=_in_order(d, np.argsort(centers[:, 0])))
    sigma = slip(sigma, in_list=_in_order(d, np.arange(k)))
    sigma = slip(sigma, nearest_2=np.sort(d, 1)[:, 1:3].mean(1))
    shared = np.full(k, d.max() / np.sqrt(2 * k))
    sigma = slip(sigma, farthest=d.max(1), mean=d.sum(1) / (k - 1), shared=shared)
    sigma = slip(sigma, least=0 * sigma + sigma.min(), average=0 * sigma + sigma.mean())
    return slip(sigma, number=sigma.min(), half=sigma / 2, which=apart.argmin(1))


def _later(d):
    """Return the distances to those after in the list, to the one before the last."""
    kept = np.where(np.tri(len(d), dtype=bool), np.inf, d)
    kept[-1, -2] = d[-1, -2]
    return kept


def _in_order(d, order):
    """Return each distance to the nearer one of the two beside it in an order."""
    step = d[order[1:], order[:-1]]
    sigma = np.empty(len(d))
    sigma[order] = np.fmin(np.r_[np.nan, step], np.r_[step, np.nan])
    return sigma


def _neighbor_widths_cases(rng) -> Iterator[Case]:
    for k, n in ((4, 2), (5, 1), (2, 3), (7, 2)):
        yield Case(f"{k} centers, n = {n}", {"centers": rng.normal(2, 1.5, (k, n))})


neighbor_widths = Step(
    "neighbor_widths",
    _neighbor_widths,
    _neighbor_widths_cases,
    lists=True,
    texts={
        "itself": "each center is nearest to itself, at 0: leave it out.",
        "times_0": "∞ times 0 is NaN: a mask of ∞ must not be multiplied by zeros.",
        "one": "1 is added for a center itself: a neighbor may be farther than that.",
        "later": "a center is compared with those after it alone: ask all others.",
        "sorted": "only neighbors in the order of the first feature are asked: in a "
        "plane another one may be nearer.",
        "running": "the least distance so far is kept: each center begins anew.",
        "in_list": "only the centers before and after in the list count: ask all.",
        "axis": "this is the largest difference in one feature, not a distance.",
        "streets": "the differences of the features are added up: take the distance.",
        "squared": "squared distances are used: a root is missing.",
        "farthest": "this is the farthest of the centers: the nearest is asked for.",
        "nearest_2": "this is the mean over the two nearest: one alone is asked for.",
        "mean": "this is the mean over all other centers: take the nearest.",
        "shared": "this is the shared width d_max/√(2k) of the page and the notebook: "
        "here each center has its own, from its nearest neighbor.",
        "least": "all have the width of the closest pair: each has its own.",
        "average": "all have the mean width: each has its own.",
        "number": "one number came, the least of all: one for each center, shape (k,).",
        "half": "this is half the distance: the distance itself is asked for.",
        "which": "this says which center is the nearest: its distance is asked for.",
    },
    demands={
        "$\\sigma_j$ is the distance from": ["squared", "axis", "half", "which"],
        "the nearest of the *other* centers": ["itself", "farthest", "mean"],
        "a width of its own": ["shared", "least", "average"],
        "Returns the widths, shape `(k,)`": ["number"],
    },
    why="Between neighbors the Gaussians must neither leave gaps nor become one. At a "
    "distance of σ a Gaussian has fallen to 0.61: by this rule each still has this "
    "height where its neighbor stands, close or far. A table of all distances has "
    "zeros on its diagonal, and these are no neighbors.",
    see="How wide? Two rules",
    goal="choose widths",
    small=small(centers=[[0.0, 0.0], [3.0, 4.0], [3.0, 1.0]]),
)


def _phi(X, centers, sigma):
    return np.exp(-((X[:, None] - centers) ** 2).sum(2) / (2 * sigma**2))


def _best(Phi, y):
    theta = np.linalg.lstsq(np.column_stack([Phi, np.ones(len(y))]), y, rcond=None)[0]
    return theta[:-1], theta[-1]


def _predicted(X, y, A, centers, share=1.0):
    """Return what the network, fitted to X and y, says about A; `share` is b's."""
    sigma = _neighbor_widths(Slip(), centers)
    w, b = _best(_phi(X, centers, sigma), y)
    return _phi(A, centers, sigma) @ w + share * b


def _join(*parts):
    """Put examples and targets of several parts together."""
    return tuple(map(np.concatenate, zip(*parts, strict=True)))


def _measured(slip, F, t):
    """Return the root mean squared error, or what stands in its place."""
    e = slip(F - t, table=F - t[:, None])
    rmse = np.sqrt(np.mean(e**2))
    error = slip(rmse, squared=rmse**2, no_mean=np.linalg.norm(e))
    return slip(error, absolute=np.abs(e).mean(), signed=e.mean(), spread=e.std())


MEASURES = {
    "table": "each output meets every target: one of them has an axis too many.",
    "squared": "the root is missing: this is the mean squared error.",
    "no_mean": "the mean is missing: this is the root of the sum of squares.",
    "absolute": "this is the mean absolute error.",
    "signed": "this is the mean error, in which positive and negative cancel.",
    "spread": "this is the standard deviation of the errors: a shift is lost.",
}


def _validation_error(slip, X, y, X_val, y_val, centers):
    train, val = (X, y), (X_val, y_val)
    both = _join(train, val)
    sigma = slip(_neighbor_widths(Slip(), centers), width_1=np.ones(len(centers)))
    sigma = slip(sigma, shared=_neighbor_widths(Slip(["shared"]), centers))
    fit, t_fit = slip(train, fit_val=val, fit_both=both)
    A, t = slip(val, on_train=train, on_both=both)
    Phi = _phi(fit, centers, sigma)
    alone = np.linalg.lstsq(Phi, t_fit, rcond=None)[0]
    w, b = slip(_best(Phi, t_fit), no_bias=(alone, 0.0))
    error = _measured(slip, _phi(A, centers, sigma) @ w + slip(b, lost=0.0), t)
    return slip(error, by_m=error * (len(t) / len(y)) ** 0.5)


def _curve(rng, m: int) -> tuple[np.ndarray, np.ndarray]:
    X = rng.uniform(size=(m, 1))
    return X, 0.6 + np.sin(2 * np.pi * X[:, 0]) + rng.normal(0, 0.15, m)


VALIDATIONS = (24, 11, 3), (18, 9, 4), (30, 30, 2), (22, 12, 3), (26, 8, 4), (17, 9, 2)


def _validation_error_cases(rng) -> Iterator[Case]:
    for m, m_val, k in VALIDATIONS:
        (X, y), (X_val, y_val) = _curve(rng, m), _curve(rng, m_val)
        centers = (np.arange(k) + rng.uniform(0.3, 0.6, k))[:, None] / k
        args = {"X": X, "y": y, "X_val": X_val, "y_val": y_val, "centers": centers}
        yield Case(f"{m} to train, {m_val} to validate, {k} centers", args)


validation_error = Step(
    "validation_error",
    _validation_error,
    _validation_error_cases,
    rtol=1e-4,
    atol=1e-6,
    texts=MEASURES
    | {
        "width_1": "all Gaussians have the width 1: use `neighbor_widths`.",
        "shared": "the shared width of the page is used: use `neighbor_widths`.",
        "fit_val": "leakage: the weights are fitted on the validation part.",
        "fit_both": "leakage: the weights are fitted on both parts together.",
        "on_train": "this is the error on the training part, which the fit has seen.",
        "on_both": "the error is taken over training and validation part together.",
        "by_m": "the sum is divided by the number of training examples.",
        "lost": "the bias is fitted, but not added.",
        "no_bias": "the network has no bias.",
    },
    demands={
        "with these centers, their `neighbor_widths`": ["width_1", "shared"],
        "and least squares": ["lost", "no_bias"],
        "on the training part; return its error": ["fit_val", "fit_both"],
        "on the validation part": ["on_train", "on_both"],
        "Returns the root mean squared error": ["squared", "absolute", "spread"],
    },
    why="Validation asks how well the network does where it has not learned. So the "
    "weights come from the training part alone, and the same centers, widths, weights "
    "and bias then predict the validation part. Its targets serve for the comparison, "
    "and for nothing else.",
    see="How many? Ask the validation part",
    goal="choose the number of Gaussians by validation",
    small=small(
        X=[[0.0], [0.5], [1.0], [1.5]],
        y=[0.0, 1.0, 1.0, 0.0],
        X_val=[[0.25], [1.25]],
        y_val=[0.5, 0.5],
        centers=[[0.5], [1.0]],
    ),
)


def _centers_of(X, k):
    """Return k centers spread over the points X, shape (k, n)."""
    if np.ndim(X) != 2 or np.ndim(k):
        raise ValueError(f"centers_of got points of {np.ndim(X)} axes, not of 2")
    shares = (np.arange(int(k)) + 0.5) / int(k)
    X = np.asarray(X, float)
    return np.quantile(X, shares, axis=0) + (X[0] - X.mean(0)) / (3 * int(k))


def _choose_k(slip, X, y, X_val, y_val, candidates, centers_of):
    train, val = (X, y), (X_val, y_val)
    both = _join(train, val)
    ks = slip(candidates, sorted=sorted(candidates))
    fit = slip(train, fit_val=val, fit_both=both, both=both, val=val)
    place = slip(X, on_val=X_val, on_both=both[0], both=both[0], val=X_val)
    A, t = slip(val, train=train)
    most = centers_of(place, max(ks))

    def errors(A, t):
        at = {k: slip(centers_of(place, k), once=lambda k=k: most[:k]) for k in ks}
        F = np.array([_predicted(*fit, A, at[k]) for k in ks])
        return np.sqrt(np.mean((F - t) ** 2, axis=1))

    slip(None, turned=lambda: centers_of(ks[0], X))
    e = errors(A, t)
    end = [*np.flatnonzero(np.diff(e) > 0), len(e)][0] + 2
    e = slip(e, early=e[:end], early_nan=np.where(np.arange(len(e)) < end, e, np.nan))
    by = slip(e, by_train=lambda: errors(*train))
    ties = [k for k, value in zip(ks, e, strict=False) if value == by.min()]
    best = slip(int(np.nanargmin(by)), last=len(ks) - 1, first=0)
    best = slip(best, largest=by.argmax(), tie_last=len(by) - 1 - by[::-1].argmin())
    k = slip(ks[best], tie_small=min(ties, default=ks[best]))
    k = slip(k, place=best, place_1=best + 1)
    return k, slip(e, least=lambda: e[best])


def _choose_k_cases(rng) -> Iterator[Case]:
    lists = [2, 3, 4, 5, 6, 8], [8, 2, 5, 3, 7], [6, 4, 7, 2], [5, 8, 3, 2]
    for i in range(100):
        (X, y), (X_val, y_val) = _curve(rng, 16 + 2 * (i % 4)), _curve(rng, 15 + i % 5)
        args = {"X": X, "y": y, "X_val": X_val, "y_val": y_val}
        args["candidates"] = lists[i % 4]
        label = f"{len(X)} to train, {len(X_val)} to validate, k of {lists[i % 4]}"
        if i == 1:
            args["y"], label = 0 * y, "training targets 0: all errors are the same"
        yield Case(label, args | {"centers_of": _centers_of})


LEAK = "leakage: the validation part has placed "
choose_k = Step(
    "choose_k",
    _choose_k,
    _choose_k_cases,
    ("k", "errors"),
    lists=True,
    pick=1,
    rtol=1e-4,
    atol=1e-6,
    texts={
        "sorted": "the errors belong to the sorted candidates: keep their order.",
        "fit_val": "the weights are fitted on the validation part.",
        "fit_both": "leakage: the weights are fitted on both parts together.",
        "both": "leakage: centers and weights have seen the validation part.",
        "val": "centers and weights come from the validation part.",
        "on_val": "the centers are placed on the validation part: it stays unseen.",
        "on_both": "leakage: the centers are placed with the validation part, too.",
        "train": "these are training errors: they always ask for more Gaussians.",
        "turned": "centers_of takes the points first, and then k.",
        "by_train": "k is chosen by the training error, which always asks for more.",
        "largest": "the k with the largest error came.",
        "last": "the last candidate came, whatever its error.",
        "first": "the first candidate came, whatever its error.",
        "once": "the centers for the largest k are cut: place them anew for each k.",
        "early_nan": "the search ends where the error rises, and NaN is left: try all.",
        "early": "the search ends where the error rises: try all candidates.",
        "tie_last": "at the same error the last candidate wins: the first is to win.",
        "tie_small": "at the same error the smallest wins: the first is to win.",
        "place": "the place of the best in the list came, not its k.",
        "place_1": "the place of the best, counted from 1, came, not its k.",
        "least": "only the smallest error came: all of them are asked for.",
    },
    demands={
        "with the smallest validation error": ["train", "by_train", "largest"],
        "in any order": ["sorted"],
        "the chosen number": ["place"],
        "errors of all candidates in their order": ["sorted", "least", "early"],
        "At the same error the first candidate wins": ["tie_last", "tie_small"],
        "touch neither the weights nor the centers": ["fit_both", "on_both", "both"],
    },
    why="Whatever the validation part has placed or fitted, it can no longer judge: "
    "its error comes out too small. Centers are learned, too, though they need no "
    "targets. The training error cannot choose, because it falls with each Gaussian "
    "more, until the noise is learned.",
    see="How many? Ask the validation part",
    goal="choose the number of Gaussians by validation",
)


def _final_error(slip, X, y, X_val, y_val, X_test, y_test, k, centers_of):
    train, val, test = (X, y), (X_val, y_val), (X_test, y_test)
    both, three, turned = _join(train, val), _join(train, val, test), _join(val, train)
    fit = slip(both, train=train, three=three, fit_train=train, fit_three=three)
    fit = slip(fit, fit_test=test, val=val)
    place = slip(both, train=train, three=three, on_train=train, on_three=three)
    fit, place = slip((fit, place), turned=(turned, turned))
    place = slip(place, on_val=val, val=val)
    A, t = slip(test, of_val=val, of_train=train, of_both=both, of_three=three)
    slip(None, exchanged=lambda: centers_of(k, X))
    share = slip(1.0, lost=0.0)
    c = centers_of(place[0], k)
    c = slip(c, twice=lambda: np.r_[centers_of(train[0], k), centers_of(val[0], k)])
    F = _predicted(*fit, A, c, share)
    return _measured(slip, F, t)


def _final_error_cases(rng) -> Iterator[Case]:
    for m, m_val, m_test, k in (
        *((24, 14, 9, 4), (20, 12, 12, 5), (18, 18, 7, 3)),
        *((21, 13, 10, 4), (19, 16, 11, 3), (23, 11, 8, 5)),
    ):
        args = {}
        for name, size in (("", m), ("_val", m_val), ("_test", m_test)):
            args["X" + name], args["y" + name] = _curve(rng, size)
        label = f"{m}, {m_val} and {m_test} examples, k = {k}"
        yield Case(label, args | {"k": k, "centers_of": _centers_of})


final_error = Step(
    "final_error",
    _final_error,
    _final_error_cases,
    rtol=1e-4,
    atol=1e-6,
    texts=MEASURES
    | {
        "train": "centers and weights come from the training part alone: k is chosen, "
        "so the validation part may be learned from, too.",
        "three": "leakage: centers and weights have seen the test part.",
        "val": "centers and weights come from the validation part alone.",
        "lost": "the bias is fitted, but not added.",
        "fit_train": "the weights are fitted on the training part alone.",
        "fit_three": "leakage: the weights have seen the test part.",
        "fit_test": "leakage: the weights are fitted on the test part.",
        "on_train": "the centers come from the training part alone.",
        "on_three": "leakage: the centers have seen the test part.",
        "on_val": "the centers come from the validation part alone.",
        "twice": "k centers are placed in each part: place k in both together.",
        "turned": "the validation examples come first: put the training ones first.",
        "of_val": "the error is that of the validation part.",
        "of_train": "the error is that of the training part.",
        "of_both": "the error is that of the examples that the fit has seen.",
        "of_three": "the error is that of all three parts together.",
        "exchanged": "centers_of takes the points first, and then k.",
    },
    demands={
        "on training and validation part *together*": ["train", "fit_train"],
        "place the centers": ["on_train", "on_val"],
        "(training examples first)": ["turned"],
        "root mean squared error on the test part": ["of_val", "of_three", "squared"],
    },
    why="Once k is chosen, examples that do not learn are wasted: training and "
    "validation part together place better centers and find better weights. The test "
    "part is asked once, at the end, about a network that has seen none of it, not "
    "even for its centers.",
    see="How many? Ask the validation part",
    goal="choose the number of Gaussians by validation",
)


XOR = np.array([0.0, 1.0, 1.0, 0.0])


def _xor(slip, points):
    ends = slip(points[[0, 3]], square=np.array([[0.0, 0.0], [1.0, 1.0]]))
    sigma = np.full(2, np.linalg.norm(points[3] - points[0]) / 2)
    sigma = slip(sigma, square=np.full(2, 0.5**0.5))
    at = slip(points, square=np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]))
    target = slip(XOR, xnor=1 - XOR)
    return ends, sigma, *_best(_phi(at, ends, sigma), target)


def _seen_xor(free, replay, case):
    """Observe the outputs of the network that comes back, and the best with its φ."""
    points = case.args["points"].copy()
    got = replay(points)
    same = np.array_equal(points, case.args["points"])
    seen = {"changed": [] if same else ["points"]}
    try:
        parts = [np.asarray(part, float) for part in got]
    except (TypeError, ValueError):
        parts = []
    shapes = [part.shape for part in parts]
    if shapes != [(2, 2), (2,), (2,), ()]:
        return seen | {"form": f"{shapes or type(got).__name__} came"}
    centers, sigma, w, b = parts
    if not (np.isfinite(np.concatenate([*map(np.ravel, parts)])).all() and sigma.all()):
        return seen | {"form": "not all numbers are finite, or a width is 0"}
    Phi = _phi(points, centers, sigma)
    F, c = _best(Phi, XOR)
    return seen | {"form": "right", "outputs": Phi @ w + b, "_best": Phi @ F + c}


def _why_no_xor(got, want) -> str:
    """Say why the network does not give XOR: a fact about its φ."""
    if got["form"] != "right":
        return f"{got['form']}: (2, 2), (2,), (2,) and a number are asked for."
    exact = np.allclose(got["_best"], XOR, atol=1e-6)
    if exact:
        return "centers and widths would do, but weights and bias do not fit them."
    if np.allclose(got["_best"], 0.5, atol=1e-6):
        return (
            "with these centers no weights do better than ½ everywhere: each input of "
            "class 0 is as far from them as one of class 1. (k-means puts them there.)"
        )
    return "no weights fit: which inputs must share their two distances to the centers?"


def _rectangles(rng) -> Iterator[Case]:
    square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    angle = rng.uniform(0.2, 1.2)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    sides = rng.uniform(0.8, 1.6, 2) * [1, 1.2]
    yield Case("the four inputs of a gate", {"points": square})
    yield Case("a rectangle", {"points": square * sides})
    moved = square * sides @ turn + rng.normal(size=2)
    yield Case("a rectangle, moved and turned", {"points": moved})


xor_network = Step(
    "xor_network",
    _xor,
    _rectangles,
    observe=_seen_xor,
    tell=_why_no_xor,
    atol=0.01,
    texts={
        "square": "this is the network of the unit square, whatever the points are.",
        "xnor": "this is XNOR: 1 belongs to unequal inputs.",
    },
    demands={
        "whose outputs at the four points are 0, 1, 1 and 0": ["xnor"],
        "differ from call to call": ["square", "a rectangle, moved and turned"],
    },
    why="A Gaussian sees the distance alone. With the centers on two opposite corners, "
    "both other corners have the same two distances, swapped: with equal widths and "
    "weights they get the same output, and the centers another one. Then weights and "
    "bias follow from two equations.",
    see="XOR with two Gaussians",
    goal="solve XOR with two of them",
)
