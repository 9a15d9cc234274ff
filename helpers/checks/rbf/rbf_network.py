"""Checks of the sheet `rbf/rbf_network`: Gaussians, their places, widths and weights.

Each step is a reference that carries its slips (`helpers.checks.engine`); the visible
cell and the hidden test differ in the seed only.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..engine import Case, Slip, Step


def small(**given: Any) -> Callable[[], Case]:
    """Return a function that makes a case, with arrays from lists."""
    args = {k: np.array(v) if isinstance(v, list) else v for k, v in given.items()}
    return lambda: Case("", args)


def _basis(slip, X, centers, sigma):
    e = X[:, None] - centers
    sigma = slip(sigma, mean_width=sigma.mean(1, keepdims=True))
    sigma = slip(sigma, first_center=0 * sigma + sigma[:1])
    two = slip(2 * sigma**2, no_2=sigma**2, sigma=2 * sigma, all_squared=4 * sigma**2)
    two = slip(two, times=4 / two, one_width=two.mean(1, keepdims=True))
    parts = e**2 / two
    parts = slip(parts, first=parts[..., :1], absolute=np.abs(e) / two)
    a = slip(parts.sum(2), mean=parts.mean(2), over_centers=parts.sum(1))
    a = slip(a, late=lambda: (e**2).sum(2) / two, apart=(e**2).sum(2) / two.sum(1))
    a = slip(a, by_rows=lambda: ((X - centers) ** 2 / two).sum(1), plus=-a)
    a = slip(a, root=lambda: np.sqrt(a / 2))
    Phi = slip(np.exp(-a), exponents=a, added=np.exp(-parts).sum(2))
    return slip(Phi, density=Phi / np.prod(sigma * np.sqrt(2 * np.pi), 1))


def _basis_cases(rng) -> Iterator[Case]:
    for m, n, k in ((5, 2, 3), (4, 1, 6), (3, 3, 3)):
        args = {"X": rng.normal(size=(m, n)), "centers": rng.normal(size=(k, n))}
        label = f"{m} examples, n = {n}, {k} centers"
        yield Case(label, args | {"sigma": rng.uniform(0.6, 1.8, (k, n))})


basis = Step(
    "basis",
    _basis,
    _basis_cases,
    lists=True,
    texts={
        "first": "only the first feature enters the sum.",
        "mean": "the mean over the features is taken: the squares are added up.",
        "absolute": "the differences are not squared.",
        "late": "the squares are added up first and then divided, as for the round "
        "Gaussians of the notebook: here each feature has a width of its own.",
        "apart": "squares and widths are added up apart: divide each square first.",
        "one_width": "one width serves all features: each has its own.",
        "mean_width": "the mean of the widths serves all features: each has its own.",
        "first_center": "all centers have the widths of the first: each has its own.",
        "plus": "the minus sign is missing: the values grow with the distance.",
        "root": "the distance stands in the exponent: its square belongs there.",
        "over_centers": "the squares are added over the wrong axis: take the features.",
        "by_rows": "row is paired with row: each example meets each center.",
        "no_2": "the 2 is missing: the squares are divided by 2σ².",
        "sigma": "σ is not squared in the exponent.",
        "all_squared": "the 2 is squared, too: 2σ², not (2σ)².",
        "times": "the squares are multiplied by σ²: are parentheses missing below?",
        "added": "a Gaussian for each feature, and their sum: add in the exponent.",
        "density": "1/(σ√2π) belongs to a density: a Gaussian is 1 on its center.",
        "exponents": "these are the sums: the exponential is missing.",
    },
    demands={
        "\\sum_i (x_i - c_{ji})^2": ["absolute", "mean", "plus", "added"],
        "(2\\sigma_{ji}^2)\\bigr)": ["no_2", "sigma", "times", "density"],
        "for every example and every center": ["by_rows", "over_centers"],
        "for each center a width for each feature": ["late", "apart", "one_width"],
    },
    why="A Gaussian is 1 on its center and falls with the distance, fast if it is "
    "narrow. With a width for each feature it is an ellipse along the axes, and a "
    "feature on another scale does not drown the rest. So each difference is measured "
    "in its own width before the squares are added over the features.",
    see="Experts for a neighborhood",
    goal="compute the output of a sum of Gaussians by hand",
    small=small(X=[[0.0, 0.0], [1.0, 0.0]], centers=[[1.0, 1.0]], sigma=[[0.5, 1.0]]),
)


def _k_means(slip, X, starts, rounds):
    def nearest(c):
        e = X[:, None] - c
        d2 = (slip(e, first=e[..., :1]) ** 2).sum(2)
        return slip(d2.argmin(1), farthest=d2.argmax(1))

    def run(c):
        labels = nearest(c)
        count = slip(rounds, endless=100, one=1, unmoved=0, one_less=rounds - 1)
        for _ in range(count):
            labels = nearest(c)
            moved = c.copy()
            for j in range(len(c)):
                if len(mine := X[labels == j]):
                    mean = slip(mine.mean(0), median=np.median(mine, 0))
                    moved[j] = slip(mean, total=mine.sum(0), number=mine.mean())
                else:
                    rest = slip(c[j], nan=np.nan, origin=0, middle=X.mean(0))
                    moved[j] = slip(rest, example=lambda j=j: _example(slip, X, j))
            still = (moved == c).all(1)
            if slip(still.all(), any_still=still.any()):
                c = moved
                at_rest.append((c, labels))
                break
            if slip(False, early=np.abs(moved - c).max() < 0.1):
                return moved, labels
            c = moved
        return c, labels

    at_rest = []
    if slip(False, one_start=True):
        c = run(starts)[0]
        return c, nearest(c)
    ends = [run(c) for c in starts]
    final = [c for c, _ in ends]
    best = _cheapest(X, final)
    best = slip(best, first_start=0, last_start=-1, by_start=_cheapest(X, starts))
    best = slip(best, by_distance=_cheapest(X, final, 1))
    best = slip(best, worst=int(np.argmax(_costs(X, final))))
    c, labels = slip(ends[best], at_rest=[*at_rest, ends[best]][0])
    c = slip(c, dropped=c[np.unique(labels)], averaged=np.mean(final, 0))
    return c, slip(nearest(c), stale=labels, from_1=nearest(c) + 1)


def _costs(X, runs, power=2):
    """Return for each set of centers the sum of the distances to the nearest one."""
    return [
        (np.linalg.norm(X[:, None] - c, axis=2).min(1) ** power).sum() for c in runs
    ]


def _cheapest(X, runs, power=2):
    return int(np.argmin(_costs(X, runs, power)))


def _example(slip, X, j):
    """Return the example that the student put a center on, if it is one."""
    row = slip.like["centers"][j] if "centers" in (slip.like or {}) else None
    is_one = np.shape(row) == X[0].shape and (row == X).all(1).any()
    return row if is_one else X[0]


def _k_means_cases(rng) -> Iterator[Case]:
    for label, m, k, rounds, count in (
        ("24 points in the plane, 3 starts", 24, 4, 30, 3),
        ("two rounds, 2 starts", 60, 5, 2, 2),
        ("one start, a center that no point is near", 20, 3, 1, 1),
    ):
        clear = False
        while not clear:  # one run is the best by far, from a start that is not
            X = rng.normal(size=(m, 2)) + 3 * rng.integers(0, k, (m, 1))
            starts = np.array([rng.permutation(X)[:k] for _ in range(count)])
            ends = [_k_means(Slip(), X, c[None], rounds)[0] for c in starts]
            costs = _costs(X, ends)
            best, *others = np.argsort(costs)
            chosen = _cheapest(X, starts), _cheapest(X, ends, 1)
            clear = not others or (
                chosen == (others[0], best) and costs[others[0]] > 1.02 * costs[best]
            )
        starts = np.roll(starts, 1 - best, 0)
        if count == 1:
            starts[0, 1] = 90, -80
        yield Case(label, {"X": X, "starts": starts, "rounds": rounds})
    # by squares it is dearer to join the far point than to join two groups
    X = np.repeat([-7.0, 0.0, 3.0], [1, 8, 8])[:, None] + rng.normal(0, 0.05, (17, 1))
    args = {"X": X, "starts": X[[[0, 1], [1, 16]]], "rounds": 30}
    yield Case("17 points on the line, one far from the others", args)
    X = rng.normal(0, 0.01, (60, 2))
    args = {"X": X, "starts": X[None, :5], "rounds": 60}
    yield Case("60 points, close together", args)
    X = rng.normal(0, 9, (40, 2))
    X[0] = 60, -50  # whose center stays
    yield Case(
        "one of 40 points far away", {"X": X, "starts": X[None, :4], "rounds": 60}
    )


STAYS = "it stays where it is."
k_means = Step(
    "k_means",
    _k_means,
    _k_means_cases,
    ("centers", "labels"),
    lists=True,
    texts={
        "one_start": "the starts are taken for the centers of one run, as in the "
        "notebook: go from each start, starts[0], starts[1] …",
        "first_start": "the run from the first start came: the best one is asked for.",
        "last_start": "the run from the last start came: the best one is asked for.",
        "worst": "the run with the largest sum came: the smallest is the best.",
        "at_rest": "the first run that comes to rest is returned: go on to the others.",
        "by_start": "the starts are compared: compare the centers where they end.",
        "by_distance": "the distances are added up, and not their squares.",
        "averaged": "the centers of all runs are averaged: choose the best run.",
        "first": "only the first feature decides which center is the nearest.",
        "farthest": "each point gets the number of its farthest center.",
        "endless": "`rounds` is ignored: the rounds go on until nothing moves.",
        "one": "this is one round: is the loop left, or are labels those of the start?",
        "one_less": "one round is missing: make `rounds` rounds.",
        "any_still": "the rounds end as soon as one center stays: all must stay.",
        "early": "the rounds end when the centers move little: go on until none does.",
        "median": "the centers move to the median of their points: take the mean.",
        "total": "the centers move to the sum of their points: take the mean.",
        "number": "the mean runs over the features, too: each has its own.",
        "nan": f"a center without points becomes NaN, the mean of nothing: {STAYS}",
        "origin": f"a center without points moves to the origin: {STAYS}",
        "middle": f"a center without points moves to the mean of all points: {STAYS}",
        "example": f"a center without points is put on one of the points: {STAYS}",
        "dropped": f"a center without points is left out: {STAYS}",
        "unmoved": "the centers came back as they were: nothing moved.",
        "stale": "the labels belong to the centers before the last move: assign again.",
        "from_1": "the labels count from 1; they count from 0.",
    },
    demands={
        "go from each start": ["one_start", "first_start", "at_rest", "averaged"],
        "whose final centers have the smallest sum": ["worst", "by_start"],
        "of *squared* distances": ["by_distance"],
        "every point gets the number of its nearest center": ["farthest", "first"],
        "every center moves to the mean of its points": ["median", "total", "number"],
        "a center without points stays where it is": ["nan", "origin", "example"],
        "Make `rounds` rounds": ["endless", "one", "one_less", "unmoved"],
        "or fewer if nothing moves any more": ["early"],
        "the array stays as it was": ["two rounds, 2 starts"],
        "the number of the nearest *final* center": ["stale"],
        "counted from 0": ["from_1"],
    },
    why="Neither step can increase the sum of squared distances, so k-means stops, in "
    "a local minimum. Only that sum tells which of several ends is the best, and it is "
    "that of the end, not of the start. After the last move some points may have "
    "another nearest center than before: old labels do not fit the new centers.",
    see="Where? k-means",
    goal="place centers by k-means",
    small=small(X=[[0.0], [2.0], [6.0]], starts=[[[0.0], [2.0]]], rounds=1),
)


def _widths(slip, X, centers, labels):
    k, own = len(centers), {}
    counts = np.bincount(labels, minlength=k)
    is_large = counts >= slip(2, least_1=1, least_3=3)
    off = np.abs(X - centers[labels]).sum(1)
    is_large = slip(is_large, by_zero=np.bincount(labels, off, k) > 0)
    for j in np.flatnonzero(is_large):
        part = X[labels == j]
        e = part - slip(centers[j], own_mean=part.mean(0))
        N = len(part)
        d, rms = np.linalg.norm(e, axis=1), np.sqrt((e**2).mean(0))
        var = slip(np.mean(e**2), total=np.sum(e**2), points=np.mean(d**2))
        var = slip(var, flat=np.var(part), less_1=np.sum(e**2) / max(e.size - 1, 1))
        var = slip(var, point_less=var * N / max(N - 1, 1))
        width = slip(np.sqrt(var), variance=var, absolute=np.abs(e).mean())
        own[j] = slip(width, distance=d.mean(), by_feature=rms.mean(), columns=rms)
    large, others = np.array(list(own.values())), X[is_large[labels]]
    gaps = others - centers[labels[is_large[labels]]]
    fill = slip(large.mean(0), zero=0.0, one=1.0, with_zeros=large.sum(0) / k)
    fill = slip(fill, median=np.median(large))
    fill = slip(fill, squares=np.sqrt(np.mean(large**2)), pooled=np.std(others))
    fill = slip(fill, apart=np.sqrt(others.var(0).mean()), everything=np.std(X))
    fill = slip(fill, own_gaps=np.sqrt(np.mean(gaps**2)))
    sigma = []
    for j, count in enumerate(counts):
        before = lambda j=j: np.mean([own[i] for i in own if i < j])  # noqa: E731
        rest = slip(fill, nan=0 if count else np.nan, so_far=before)
        rest = slip(rest, outside=np.sqrt(X[labels != j].var(0).mean()))
        sigma.append(own.get(j, slip(rest, nan_0=rest if count else np.nan)))
    sigma = np.array(sigma)
    return slip(sigma, present=sigma[counts > 0], largest=sigma[: labels.max() + 1])


def _widths_cases(rng) -> Iterator[Case]:
    for n, sizes, off in (
        *((2, (5, 3, 8), 0.0), (1, (4, 1, 7), 0.0)),
        *((3, (6, 0, 2, 1, 4, 0), 0.0), (2, (4, 6, 1), 0.5)),
    ):
        labels = np.repeat(np.arange(len(sizes)), sizes)
        X = 8.0 * labels[:, None] + rng.normal(size=(len(labels), n))
        X *= rng.uniform(0.3, 1.5, len(sizes))[labels][:, None]
        centers = np.full((len(sizes), n), -50.0)
        for j in set(labels):
            centers[j] = X[labels == j].mean(0) + off * rng.uniform(1, 2, n)
        order = rng.permutation(len(X))
        args = {"X": X[order], "centers": centers, "labels": labels[order]}
        label = f"clusters of {', '.join(map(str, sizes))} points"
        yield Case(label + ", centers off their means" * bool(off), args)


ALL = "a small cluster takes the deviation of {}: average the others' deviations."
widths = Step(
    "widths",
    _widths,
    _widths_cases,
    lists=True,
    texts={
        "least_1": "a cluster with one point keeps its deviation, 0: it is small, too.",
        "by_zero": "a width of 0 decides which cluster is small: count its points. One "
        "point need not lie on its center.",
        "least_3": "two points have a deviation: only fewer than two have none.",
        "total": "the squares are summed up: divide by how many there are.",
        "points": "the features are added up: average over points and features.",
        "own_mean": "deviations from the mean of the points came: take `centers`.",
        "flat": "one mean of all numbers of the cluster: each feature has its own.",
        "less_1": "the sum is divided by how many there are, less 1.",
        "point_less": "the number of points less 1 stands below.",
        "variance": "these are variances: the root is missing.",
        "absolute": "these are mean absolute deviations, not roots of mean squares.",
        "distance": "these are mean distances, not roots of mean squares.",
        "by_feature": "the roots of the features are averaged: average the squares.",
        "columns": "each feature has a width: each cluster should have one.",
        "zero": "clusters with fewer than two points have the width 0.",
        "nan": "no rule for small clusters: the mean of nothing is NaN.",
        "nan_0": "no rule for clusters without points: the mean of nothing is NaN.",
        "so_far": "only clusters of smaller numbers enter the mean: all others do.",
        "one": "small clusters have the width 1.",
        "present": "a cluster without points is left out: k widths are asked for.",
        "largest": "there are as many widths as centers: the last may have no points.",
        "with_zeros": "the zeros of the small clusters enter the mean.",
        "median": "small clusters take the median of the others: take the mean.",
        "squares": "for small clusters the squares are averaged: average the widths.",
        "pooled": ALL.format("all numbers of the others, with the gaps between them"),
        "apart": ALL.format("all points of the large ones, with the gaps between them"),
        "outside": ALL.format("all points outside it, with the gaps between them"),
        "everything": ALL.format("all points"),
        "own_gaps": ALL.format("all points of the others from their centers"),
    },
    demands={
        "\\sqrt{\\text{mean of } (x_i - c_{ji})^2}": ["total", "variance", "own_mean"],
        "over all points of the cluster and all features": ["points", "columns"],
        "**fewer than two points** has no deviation": ["least_1", "nan", "zero"],
        "Returns the widths, shape `(k,)`": ["present", "largest"],
        "It takes the mean of the deviations": ["median", "pooled", "everything"],
        "those that have at least two points": ["with_zeros"],
    },
    why="Where a cluster is wide, its Gaussian should be wide. A single point lies on "
    "its center: its deviation is 0, and φ would divide by it. The deviation of all "
    "other points together measures the gaps between their clusters.",
    see="How wide? Two rules",
    goal="choose widths",
    small=small(X=[[0.0], [2.0], [7.0]], centers=[[1.0], [7.0]], labels=[0, 0, 1]),
)


def _least_squares(slip, Phi, y, lam):
    lam = slip(lam, plain=0.0, by_mean=len(y) * lam, squared=lam**2, minus=-lam)
    lam = slip(lam, half=lam / 2, double=2 * lam)

    def solve(A, y=y, free=0.0):
        G = lam * np.eye(A.shape[1])
        G[-1, -1] *= free
        G = slip(G, other=G[::-1, ::-1], every_entry=lam + 0 * G)
        G = slip(G, last_free=np.roll(G, (-1, -1), (0, 1)))
        return np.linalg.solve(A.T @ A + G, A.T @ y)

    A, mean = np.column_stack([Phi, np.ones(len(y))]), np.mean(y)
    theta, alone = solve(A, free=slip(0.0, bias_too=1.0)), solve(Phi, free=1.0)
    pair = slip((theta[:-1], theta[-1]), no_bias=(alone, 0.0), wide=(theta, theta[-1]))
    pair = slip(pair, after=(alone, np.mean(y - Phi @ alone)), together=theta)
    rest = solve(Phi, y - mean, free=1.0)
    pair = slip(pair, mean=(rest, mean), not_back=(theta[:-1], mean))
    pair = slip(pair, apart=(alone, mean), no_inverse=(Phi.T @ y, y.sum()))
    return slip(
        pair, last=(theta[1:], theta[0]), first=(np.roll(theta, 1)[:-1], theta[-2])
    )


def _least_squares_cases(rng) -> Iterator[Case]:
    for m, k, lam in ((12, 3, 0.5), (9, 5, 0.1), (20, 1, 2.0)):
        args = {"Phi": rng.uniform(size=(m, k)), "y": rng.normal(1.5, 1, m)}
        yield Case(f"{m} examples, k = {k}, λ = {lam}", args | {"lam": lam})


least_squares = Step(
    "least_squares",
    _least_squares,
    _least_squares_cases,
    ("w", "b"),
    lists=True,
    rtol=1e-5,
    texts={
        "plain": "λ is not used: this is plain least squares, as in the notebook.",
        "by_mean": "λ is multiplied by m: the penalty stands beside a sum, no mean.",
        "squared": "λ is squared: a row below A with √λ on the diagonal gives λ.",
        "half": "the penalty counts half: both terms are squares and bring a 2.",
        "double": "the penalty counts twice: both terms are squares and bring a 2.",
        "minus": "the penalty is subtracted: it is added.",
        "other": "the wrong entry is free of the penalty: where are the ones?",
        "last_free": "the bias is penalized, the last weight is not: where are the "
        "ones?",
        "every_entry": "λ is added to every entry: it belongs on the diagonal.",
        "bias_too": "the bias is penalized, too: only the weights are.",
        "no_bias": "there is no bias: F has a b, so Φ needs a column of ones.",
        "wide": "all entries came as w: b belongs to the column of ones.",
        "after": "w is found without a bias, and b afterwards: find both together.",
        "together": "w and b came in one array: the pair (w, b) is asked for.",
        "mean": "b is the mean of y, and w fits the rest: find both together.",
        "apart": "w is found without a bias, b is the mean of y: find both together.",
        "not_back": "b is the mean of y: the Gaussians have a mean, too.",
        "last": "the entry taken for b is at the wrong end: where are the ones?",
        "first": "the column of ones is the first, and the last entry came for b.",
        "no_inverse": "this is Φᵀ y: the inverse of the matrix is missing.",
    },
    demands={
        "the weights and the bias with the smallest": ["no_bias", "after", "mean"],
        "\\lVert \\Phi w + b - y \\rVert^2": ["by_mean", "no_inverse"],
        "\\lambda \\lVert w \\rVert^2": ["plain", "squared", "every_entry"],
        "Only the weights are penalized, not the bias": ["bias_too", "other"],
        "Returns `(w, b)`": ["wide", "last", "together"],
    },
    why="With centers and widths fixed, F is linear in w and b, and the sum is still a "
    "bowl: its gradient is zero in one place. The penalty adds λ on the diagonal, and "
    "columns that are almost equal no longer get huge weights. The bias only says "
    "where zero lies: penalized, it would pull F toward 0.",
    see="Three ways to fit the weights",
    goal="fit weights online, in minibatches and at once",
    small=small(Phi=[[1.0], [0.5], [0.0]], y=[3.0, 2.0, 1.0], lam=0.5),
)


def _gradients(slip, x, y, w, b, centers, sigma):
    e, d2 = x - centers, ((x - centers) ** 2).sum(1)
    phi = np.exp(-d2 / slip(2 * sigma**2, no_2=sigma**2, sigma=2 * sigma))
    F = w @ phi + slip(b, no_b=0.0)
    delta = slip(2 * (F - y), half=F - y, sign=2 * (y - F), no_delta=1.0)
    common = slip(delta, half_c=delta / 2) * slip(w, no_w=w**0)
    common = common * slip(phi, no_phi=phi**0)
    below = slip(sigma**2, c_none=sigma**0, c_sigma=sigma)
    step = (common / below)[:, None] * e
    step = slip(step, c_sign=-step, c_length=common * d2 / sigma**2)
    below = slip(sigma**3, s_2=sigma**2)
    wider = common * slip(d2, s_distance=np.sqrt(d2)) / below
    db = slip(delta, b_one=1.0)
    return delta * phi, db, step, slip(wider, s_sign=-wider)


def _gradients_cases(rng) -> Iterator[Case]:
    for n, k in ((2, 3), (3, 2), (1, 4)):
        args = {"x": rng.normal(size=n), "y": float(rng.normal())}
        args |= {"w": rng.normal(size=k), "b": float(rng.normal())}
        args |= {"centers": rng.normal(size=(k, n)), "sigma": rng.uniform(0.5, 0.9, k)}
        yield Case(f"n = {n}, {k} centers", args)


gradients = Step(
    "gradients",
    _gradients,
    _gradients_cases,
    ("dw", "db", "dcenters", "dsigma"),
    lists=True,
    texts={
        "no_2": "the 2 of 2σ² is missing in φ.",
        "sigma": "σ is not squared in φ.",
        "no_b": "the bias b is forgotten in F.",
        "half": "the factor 2 of the squared error is missing: ½(F − y)² has none.",
        "half_c": "the factor 2 is missing in dcenters and dsigma.",
        "sign": "the error has the wrong sign: δ = 2(F − y), not 2(y − F).",
        "no_delta": "the gradients of the output F came: δ is missing.",
        "no_w": "the weight w_j is missing: φ_j reaches F times w_j.",
        "no_phi": "φ_j is missing: the derivative of an exponential holds it.",
        "c_none": "dcenters lacks 1/σ².",
        "c_sigma": "dcenters is divided by σ, not by σ².",
        "c_sign": "dcenters has the wrong sign: a center that nears x raises its φ.",
        "c_length": "dcenters holds the squared distance: it needs x − c, a direction.",
        "s_2": "dsigma is divided by σ², not by σ³: differentiate 1/σ².",
        "s_distance": "in dsigma the distance is not squared.",
        "s_sign": "dsigma has the wrong sign: a wider Gaussian is larger.",
        "b_one": "db lacks δ.",
    },
    demands={
        "$\\ell = (F(\\mathbf x) - y)^2$": ["sign", "no_delta", "no_b"],
        "Keep the factor 2": ["half", "half_c"],
        "with the shapes of `w`, `b`, `centers` and `sigma`": ["c_length"],
    },
    why="All four share δ, the slope of the loss at the output. The chain rule "
    "multiplies it by what lies between: for w_j only φ_j, for a center or a width "
    "also w_j, φ_j and the slope of the exponent. Ask of each sign what a small move "
    "does to φ.",
    see="The gradients",
    goal="derive the gradient of every parameter",
    small=small(x=[1.0], y=1.0, w=[2.0], b=0.5, centers=[[0.0]], sigma=[1.0]),
)


def _fit_online(slip, Phi, y, w, b, eta, epochs):
    N, start = len(y), (w, b)

    def walk(rows):
        w, b = start
        for t, i in enumerate(rows):
            if t % N == 0:
                at = w, b
            v, c = slip((w, b), batch=at, mean_batch=at)
            F = Phi[i] @ v + slip(c, no_b=0.0)
            delta = slip(2 * (F - y[i]), half=F - y[i], up=2 * (y[i] - F))
            delta = slip(delta, mean_batch=delta / N)
            c = b - eta * slip(delta, still=0.0, b_up=-delta)
            step = slip(delta, again_b=2 * (Phi[i] @ w + c - y[i]))
            w = w - eta * step * Phi[i]
            b = slip(c, again=b - eta * 2 * (Phi[i] @ w + b - y[i]))
        return w, b

    rows = list(range(N)) * epochs
    rows = slip(rows, one_epoch=rows[:N], one_step=rows[:1], unmoved=[])
    rows = slip(rows, reversed=rows[::-1], turned=sorted(rows))
    return walk(slip(rows, shuffled=lambda: _order(slip.like, walk, N, epochs)))


def _order(like, walk, N, epochs):
    """Return the student's order of the rows: not the given one nor its reverse."""
    given = list(range(N)) * epochs
    orders = itertools.product(itertools.permutations(range(N)), repeat=epochs)
    rows = (sum(o, ()) for o in itertools.islice(orders, 1000))
    rows = [r for r in rows if [*r] not in (given, given[::-1])]
    seen = np.asarray(like["b"]) if "b" in (like or {}) else np.inf
    return min(rows, key=lambda r: np.abs(walk(r)[1] - seen).sum())


def _fit_online_cases(rng) -> Iterator[Case]:
    for m, k, eta, epochs in ((3, 3, 0.05, 2), (3, 1, 0.11, 3), (4, 4, 0.07, 1)):
        args = {"Phi": rng.uniform(size=(m, k)), "y": rng.normal(size=m)}
        args |= {"w": rng.normal(size=k), "b": float(rng.normal())}
        args |= {"eta": eta, "epochs": epochs}
        yield Case(f"{m} examples, k = {k}, epochs = {epochs}", args)


EACH = "online means a step after each example."
fit_online = Step(
    "fit_online",
    _fit_online,
    _fit_online_cases,
    ("w", "b"),
    lists=True,
    texts={
        "unmoved": "w and b came back unchanged.",
        "one_epoch": "this is one epoch: a return in the loop, or set back each time?",
        "one_step": "only one step is made: a return in the loop?",
        "reversed": "the examples come in reversed order.",
        "batch": f"all errors of an epoch are those at its beginning: {EACH}",
        "mean_batch": f"an epoch is one step, with the mean gradient: {EACH}",
        "no_b": "the bias b is forgotten in F.",
        "half": "the factor 2 is missing: it is ½(F − y)² that has none.",
        "up": "the steps go uphill: subtract η times the gradient.",
        "still": "the bias is not updated.",
        "b_up": "the bias is updated with the wrong sign.",
        "turned": "each example has all its epochs at once: walk through all, again.",
        "shuffled": "the examples come in another order than the rows.",
        "again": "the error is computed again after w has moved: one error for both.",
        "again_b": "the error is computed again after b has moved: one error for both.",
    },
    demands={
        "descent on weights and bias": ["up", "still", "unmoved"],
        "with a step after **each** example": ["batch", "mean_batch", "one_step"],
        "in the order of the rows": ["reversed", "shuffled", "turned"],
        "with the gradients of $(F - y)^2$": ["half", "no_b", "again"],
        "passed in as `w` stays as it was": ["4 examples, k = 4, epochs = 1"],
    },
    why="The gradient of one example holds for the weights of that moment. After its "
    "step the next example meets other weights, and its error is computed anew; but "
    "w and b of one step share one error. The next epoch goes on where this ended.",
    see="Three ways to fit the weights",
    goal="fit weights online, in minibatches and at once",
    small=small(Phi=[[1.0]], y=[1.0], w=[0.0], b=0.0, eta=0.25, epochs=1),
)
