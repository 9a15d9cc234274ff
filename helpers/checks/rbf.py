"""Checks of the exercises `rbf_network` and `choose_k`.

Each check takes what the student wrote and a seed; the visible cell and the hidden
test differ in the seed only. Expected values come another way than the solutions:
loops, complex-step derivatives, products of matrices, scikit-learn.
"""

import functools
from collections.abc import Callable

import numpy as np

from .core import Case, CheckFailed, call, passed, verify

TIGHT = {"rtol": 1e-7, "atol": 1e-10}


def _phi(X, centers, sigma):
    """Gaussians (m, k), for the mistakes; the reference of `basis` has loops."""
    d2 = ((np.asarray(X)[:, None] - centers) ** 2).sum(axis=2)
    return np.exp(-d2 / (2 * np.asarray(sigma) ** 2))


# --- rbf_network ----------------------------------------------------------------------


def basis(function: Callable, seed: int = 0) -> None:
    """Check `basis(X, centers, sigma)`: the Gaussians (m, k)."""
    rng = np.random.default_rng(seed)
    cases = [
        Case(
            f"{m} examples, {n} feature{'s' * (n > 1)}, {k} centers",
            {
                "X": rng.normal(size=(m, n)),
                "centers": rng.normal(size=(k, n)),
                "sigma": rng.uniform(0.6, 1.8, k),
            },
        )
        for m, n, k in ((5, 2, 3), (4, 1, 6), (3, 3, 3))
    ]

    def loops(X, centers, sigma):
        Phi = np.zeros((len(X), len(centers)))
        for i, x in enumerate(X):
            for j, c in enumerate(centers):
                distance = np.linalg.norm(x - c)
                Phi[i, j] = np.exp(-0.5 * (distance / sigma[j]) ** 2)
        return Phi

    def wrong(exponent):
        def rule(X, centers, sigma):
            difference = X[:, None] - centers
            return np.exp(exponent((difference**2).sum(axis=2), sigma, difference))

        return rule

    def by_example(X, centers, sigma):
        d2 = ((X[:, None] - centers) ** 2).sum(axis=2)
        return np.exp(-d2 / (2 * sigma[:, None] ** 2))

    verify(
        "basis",
        function,
        cases,
        loops,
        mistakes=[
            (
                "the 2 is missing: the exponent is divided by 2σ².",
                wrong(lambda d2, s, d: -d2 / s**2),
            ),
            (
                "σ is not squared in the exponent.",
                wrong(lambda d2, s, d: -d2 / (2 * s)),
            ),
            (
                "the 2 is squared, too: 2σ², not (2σ)².",
                wrong(lambda d2, s, d: -d2 / (2 * s) ** 2),
            ),
            (
                "the distance is not squared in the exponent.",
                wrong(lambda d2, s, d: -np.sqrt(d2) / (2 * s**2)),
            ),
            (
                "the minus sign is missing: the values grow with the distance.",
                wrong(lambda d2, s, d: d2 / (2 * s**2)),
            ),
            (
                "the exponent is multiplied by σ², not divided by it: a wide Gaussian "
                "falls slowly.",
                wrong(lambda d2, s, d: -d2 * s**2 / 2),
            ),
            (
                "the mean over the features is taken: the squares are added up.",
                wrong(lambda d2, s, d: -(d**2).mean(axis=2) / (2 * s**2)),
            ),
            (
                "the absolute differences are added up (city-block distance): the "
                "squares are.",
                wrong(lambda d2, s, d: -(abs(d).sum(axis=2) ** 2) / (2 * s**2)),
            ),
            (
                "only the first feature enters the distance.",
                wrong(lambda d2, s, d: -(d[..., 0] ** 2) / (2 * s**2)),
            ),
            ("all Gaussians have the width 1.", wrong(lambda d2, s, d: -d2 / 2)),
            (
                "the widths are taken by examples (rows); there is one for each center "
                "(column).",
                by_example,
            ),
            (
                "the factor 1/(σ√2π) of a probability density is not asked for: a "
                "Gaussian is 1 on its center.",
                lambda X, c, s: _phi(X, c, s) / (s * np.sqrt(2 * np.pi)),
            ),
            (
                "the rows are normalized to the sum 1: that is another network.",
                lambda X, c, s: (
                    _phi(X, c, s) / _phi(X, c, s).sum(axis=1, keepdims=True)
                ),
            ),
            ("rows and columns are exchanged.", lambda X, c, s: _phi(X, c, s).T),
            (
                "these are squared distances: the exponential is missing.",
                lambda X, c, s: ((X[:, None] - c) ** 2).sum(axis=2),
            ),
            (
                "this is the exponent: the exponential is missing.",
                lambda X, c, s: np.log(_phi(X, c, s)),
            ),
        ],
        **TIGHT,
    )


def _labels(X, centers):
    return np.array([np.argmin([np.sum((x - c) ** 2) for c in centers]) for x in X])


def _k_means(
    X,
    centers,
    rounds,
    *,
    empty="stay",
    stale=False,
    start=0,
    less=0,
    once=False,
    endless=False,
    online=False,
    middle=np.mean,
    shift=0,
    feature=None,
):
    """Run k-means, with the given slips built in."""
    centers = np.array(centers, dtype=float)
    seen = slice(None) if feature is None else [feature]
    labels = _labels(X[:, seen], centers[:, seen])
    for _ in range(1 if once else 500 if endless else rounds - less):
        labels = _labels(X[:, seen], centers[:, seen])
        moved = centers.copy()
        for j in range(len(centers)):
            mine = X[labels == j]
            if len(mine):
                moved[j] = middle(mine, axis=0)
            elif empty != "stay":
                moved[j] = empty
        if np.allclose(moved, centers, rtol=0, atol=0):
            break
        centers = moved
    final = labels if stale else _labels(X[:, seen], centers[:, seen])
    return centers, final + shift


def k_means(function: Callable, seed: int = 0) -> None:
    """Check `k_means(X, centers, rounds)` → (centers, labels)."""
    rng = np.random.default_rng(seed)

    def clouds(m, n, k):
        return rng.normal(size=(m, n)) + 3 * rng.integers(0, k, (m, 1))

    cases = []
    for label, m, n, k, rounds in (
        ("24 points in the plane, 3 centers", 24, 2, 3, 30),
        ("26 points on the line, 4 centers", 26, 1, 4, 30),
        ("one round", 25, 2, 4, 1),
        ("two rounds", 60, 2, 5, 2),
    ):
        X = clouds(m, n, k)
        start = rng.permutation(X)[:k].copy()
        cases.append(Case(label, {"X": X, "centers": start, "rounds": rounds}))
    X = clouds(20, 2, 2)
    far = np.vstack([rng.permutation(X)[:2], [[90.0, -80.0]]])
    label = "a center that no point is near"
    cases.append(Case(label, {"X": X, "centers": far, "rounds": 20}))

    def slip(**slips):
        return functools.partial(_k_means, **slips)

    verify(
        "k_means",
        function,
        cases,
        _k_means,
        parts=("centers", "labels"),
        mistakes=[
            (
                "a center without points becomes NaN: the mean of nothing. It stays "
                "where it is.",
                slip(empty=np.nan),
            ),
            (
                "a center without points moves to the origin: it stays where it is.",
                slip(empty=0.0),
            ),
            (
                "the labels belong to the centers before the last move: find the "
                "nearest centers once more at the end.",
                slip(stale=True),
            ),
            ("only one round is made, whatever `rounds` says.", slip(once=True)),
            ("`rounds` is ignored.", slip(endless=True)),
            ("one round too few is made.", slip(less=1)),
            ("one round too many is made.", slip(less=-1)),
            (
                "the centers move to the median of their points: k-means takes the "
                "mean.",
                slip(middle=np.median),
            ),
            (
                "the centers move to the sum of their points: divide by their number.",
                slip(middle=np.sum),
            ),
            ("the labels count from 1; they count from 0.", slip(shift=1)),
            (
                "only the first feature decides which center is the nearest.",
                slip(feature=0),
            ),
            (
                "the centers came back as they were: nothing moved.",
                lambda X, c, rounds: (c, _labels(X, c)),
            ),
            (
                "labels and centers are exchanged: the centers come first.",
                lambda X, c, rounds: _k_means(X, c, rounds)[::-1],
            ),
        ],
    )


def widths(function: Callable, seed: int = 0) -> None:
    """Check `widths(X, centers, labels)`, with clusters of one and of no point."""
    rng = np.random.default_rng(seed)
    cases = []
    for label, n, sizes in (
        ("clusters of 5, 3 and 8 points", 2, (5, 3, 8)),
        ("clusters of 4, 1 and 7 points", 1, (4, 1, 7)),
        ("clusters of 6, 0, 2 and 1 points", 3, (6, 0, 2, 1)),
    ):
        k, labels = len(sizes), np.repeat(np.arange(len(sizes)), sizes)
        spread = rng.uniform(0.3, 1.5, k)
        X = 8.0 * labels[:, None] + rng.normal(size=(len(labels), n))
        X *= spread[labels][:, None]
        centers = np.array(
            [
                X[labels == j].mean(axis=0) if sizes[j] else np.full(n, -50.0)
                for j in range(k)
            ]
        )
        order = rng.permutation(len(X))
        args = {"X": X[order], "centers": centers, "labels": labels[order]}
        cases.append(Case(label, args))

    def loops(X, centers, labels):
        totals, counts = np.zeros(len(centers)), np.zeros(len(centers))
        for x, j in zip(X, labels, strict=True):
            counts[j] += 1
            totals[j] += sum((x - centers[j]) ** 2)
        sigma = np.sqrt(totals / np.maximum(counts, 1) / X.shape[1])
        large = [s for s, count in zip(sigma, counts, strict=True) if count >= 2]
        sigma[counts < 2] = sum(large) / len(large)
        return sigma

    def wrong(deviation=None, small="mean", least=2, divide=0):
        def own(part, center):
            if deviation is not None:
                return deviation(part, center)
            total = np.sum((part - center) ** 2)
            return np.sqrt(total / part.shape[1] / (len(part) - divide))

        def rule(X, centers, labels):
            k = len(centers)
            parts = [X[labels == j] for j in range(k)]
            sigma = np.array(
                [
                    own(p, c) if len(p) >= max(least, 1) else 0.0
                    for p, c in zip(parts, centers, strict=True)
                ]
            )
            tiny = np.array([len(p) < least for p in parts])
            large = sigma[~tiny]
            fill = {
                "mean": np.mean(large),
                "zero": 0.0,
                "one": 1.0,
                "all": np.sum(large) / k,
                "median": np.median(large),
                "largest": np.max(large),
                "pooled": np.std(X[~tiny[labels]]),
                "everything": np.std(X),
                "square": np.sqrt(np.mean(large**2)),
            }[small]
            sigma[tiny] = fill
            return sigma

        return rule

    def flat(part, center):
        return np.std(part)

    verify(
        "widths",
        function,
        cases,
        loops,
        mistakes=[
            (
                "a small cluster takes the deviation of all points of the other "
                "clusters together: then the gaps between the clusters count. The mean "
                "of the others' deviations is asked for.",
                wrong(small="pooled"),
            ),
            (
                "a small cluster takes the deviation of all points: the mean of the "
                "other clusters' deviations is asked for.",
                wrong(small="everything"),
            ),
            (
                "clusters with fewer than two points have the width 0: φ would divide "
                "by it.",
                wrong(small="zero"),
            ),
            (
                "a cluster with one point keeps its deviation, 0: the rule holds for "
                "fewer than two points.",
                wrong(least=1),
            ),
            (
                "the zeros of the small clusters enter the mean: it is over the others "
                "only.",
                wrong(small="all"),
            ),
            ("small clusters have the width 1.", wrong(small="one")),
            (
                "small clusters take the median of the others: the mean is asked for.",
                wrong(small="median"),
            ),
            ("small clusters take the largest width.", wrong(small="largest")),
            (
                "for small clusters the squares are averaged: the mean of the widths "
                "is asked for.",
                wrong(small="square"),
            ),
            (
                "the sum is divided by the number of points less 1.",
                wrong(divide=1),
            ),
            (
                "these are variances: the root is missing.",
                wrong(lambda p, c: np.mean((p - c) ** 2)),
            ),
            (
                "the features are added up: the mean runs over points and features.",
                wrong(lambda p, c: np.sqrt(np.mean(np.sum((p - c) ** 2, axis=1)))),
            ),
            (
                "the deviation is taken from the mean of all numbers of the cluster: "
                "each feature deviates from its own entry of the center.",
                wrong(flat),
            ),
            (
                "these are mean absolute deviations, not roots of mean squares.",
                wrong(lambda p, c: np.mean(abs(p - c))),
            ),
            (
                "these are mean distances, not roots of mean squares.",
                wrong(lambda p, c: np.mean(np.sqrt(((p - c) ** 2).sum(axis=1)))),
            ),
            (
                "the squares are summed up: divide by how many there are.",
                wrong(lambda p, c: np.sqrt(np.sum((p - c) ** 2))),
            ),
        ],
        **TIGHT,
    )


def least_squares(function: Callable, seed: int = 0) -> None:
    """Check `least_squares(Phi, y)` → (w, b) against scikit-learn."""
    from sklearn.linear_model import LinearRegression

    rng = np.random.default_rng(seed)
    cases = []
    for m, k in ((12, 3), (9, 5), (20, 1)):
        Phi = rng.uniform(0, 1, (m, k))
        args = {"Phi": Phi, "y": rng.normal(1.5, 1, m)}
        cases.append(Case(f"{m} examples, {k} Gaussian{'s' * (k > 1)}", args))

    def library(Phi, y):
        fit = LinearRegression().fit(Phi, y)
        return fit.coef_, float(fit.intercept_)

    def solve(A, y, ridge=0.0):
        return np.linalg.solve(A.T @ A + ridge * np.eye(A.shape[1]), A.T @ y)

    def ones(Phi):
        return np.column_stack([Phi, np.ones(len(Phi))])

    def ridge(Phi, y, strength):
        theta = solve(ones(Phi), y, strength)
        return theta[:-1], theta[-1]

    def shifted(Phi, y):
        theta = solve(ones(Phi), y)
        return theta[1:], theta[0]

    def ahead(Phi, y):
        theta = np.roll(solve(ones(Phi), y), 1)
        return theta[:-1], theta[-1]

    def exchanged(Phi, y):
        return library(Phi, y)[::-1]

    verify(
        "least_squares",
        function,
        cases,
        library,
        parts=("w", "b"),
        mistakes=[
            (
                "there is no bias: F has a b, so Φ needs a column of ones.",
                lambda Phi, y: (solve(Phi, y), 0.0),
            ),
            (
                "b is the mean of y, and w fits the rest: b and w must be found "
                "together, because the Gaussians have a mean, too.",
                lambda Phi, y: (solve(Phi, y - y.mean()), y.mean()),
            ),
            (
                "w is found without a bias, and b afterwards as the mean of what is "
                "left: both together have a smaller error.",
                lambda Phi, y: (solve(Phi, y), np.mean(y - Phi @ solve(Phi, y))),
            ),
            (
                "the entries are taken apart at the wrong end: where is the column of "
                "ones, first or last?",
                shifted,
            ),
            (
                "the column of ones is the first, and the last entry is taken for b.",
                ahead,
            ),
            (
                "all entries came as w: b is the one that belongs to the column of "
                "ones.",
                lambda Phi, y: (solve(ones(Phi), y), solve(ones(Phi), y)[-1]),
            ),
            (
                "b comes as an array with one entry: a number is asked for.",
                lambda Phi, y: (library(Phi, y)[0], np.array([library(Phi, y)[1]])),
            ),
            ("w and b are exchanged: w comes first.", exchanged),
            (
                "something is added to the diagonal (ridge regression): plain least "
                "squares is asked for.",
                functools.partial(ridge, strength=1.0),
            ),
            (
                "this is Φᵀ y: the inverse of ΦᵀΦ is missing.",
                lambda Phi, y: ((ones(Phi).T @ y)[:-1], y.sum()),
            ),
        ],
        rtol=1e-5,
        atol=1e-7,
    )


def gradients(function: Callable, seed: int = 0) -> None:
    """Check `gradients(x, y, w, b, centers, sigma)` of one example's (F − y)²."""
    rng = np.random.default_rng(seed)
    cases = []
    for n, k in ((2, 3), (3, 2), (1, 4)):
        args = {
            "x": rng.normal(size=n),
            "y": float(rng.normal()),
            "w": rng.normal(size=k),
            "b": float(rng.normal()),
            "centers": rng.normal(size=(k, n)),
            "sigma": rng.uniform(0.5, 0.9, k),
        }
        cases.append(Case(f"{n} feature{'s' * (n > 1)}, {k} centers", args))

    def loss(x, y, w, b, centers, sigma):
        F = b
        for j in range(len(w)):
            F = F + w[j] * np.exp(-np.sum((x - centers[j]) ** 2) / (2 * sigma[j] ** 2))
        return (F - y) ** 2

    def complex_step(x, y, w, b, centers, sigma):
        """Take derivatives from the imaginary part of the loss, free of rounding."""
        values = [np.asarray(v, dtype=complex) for v in (w, b, centers, sigma)]
        slopes = []
        for index, value in enumerate(values):
            slope = np.zeros(value.shape)
            for at in np.ndindex(*value.shape):
                moved = [v.copy() for v in values]
                moved[index][at] += 1e-30j
                slope[at] = loss(x, y, *moved).imag / 1e-30
            slopes.append(slope if slope.ndim else float(slope))
        return tuple(slopes)

    def wrong(
        two=2.0,
        error="F-y",
        c_sign=1,
        c_power=2,
        s_power=3,
        s_square=True,
        s_sign=1,
        weight=True,
        phi=True,
        bias=1.0,
    ):
        def rule(x, y, w, b, centers, sigma):
            values = _phi(x[None], centers, sigma)[0]
            F = values @ w + b * (bias != 0)
            delta = two * (F - y if error == "F-y" else y - F if error == "y-F" else 1)
            common = delta * (w if weight else 1) * (values if phi else 1)
            difference = x - centers
            d = np.sqrt((difference**2).sum(axis=1))
            return (
                delta * values,
                delta,
                c_sign * (common / sigma**c_power)[:, None] * difference,
                s_sign * common * (d**2 if s_square else d) / sigma**s_power,
            )

        return rule

    verify(
        "gradients",
        function,
        cases,
        complex_step,
        parts=("dw", "db", "dcenters", "dsigma"),
        mistakes=[
            (
                "the factor 2 of the squared error is missing: this is the gradient of "
                "½(F − y)².",
                wrong(two=1.0),
            ),
            (
                "the error has the wrong sign: δ = 2(F − y), not 2(y − F).",
                wrong(error="y-F"),
            ),
            (
                "the gradients of the output F came: δ is missing.",
                wrong(two=1.0, error="1"),
            ),
            (
                "dcenters has the wrong sign: a center that moves toward x raises its "
                "φ.",
                wrong(c_sign=-1),
            ),
            ("dcenters lacks 1/σ².", wrong(c_power=0)),
            ("dcenters is divided by σ, not by σ².", wrong(c_power=1)),
            (
                "dsigma is divided by σ², not by σ³: differentiate 1/σ².",
                wrong(s_power=2),
            ),
            (
                "in dsigma the distance is not squared.",
                wrong(s_square=False),
            ),
            (
                "dsigma has the wrong sign: a wider Gaussian is larger.",
                wrong(s_sign=-1),
            ),
            (
                "dsigma lacks the 2 of the power rule: the derivative of −d²/(2σ²) is "
                "d²/σ³.",
                lambda *a: (*wrong()(*a)[:3], wrong()(*a)[3] / 2),
            ),
            (
                "dsigma has a 2 too many: the derivative of −d²/(2σ²) is d²/σ³.",
                lambda *a: (*wrong()(*a)[:3], wrong()(*a)[3] * 2),
            ),
            ("dcenters and dsigma lack the weight w_j.", wrong(weight=False)),
            (
                "dcenters and dsigma lack φ_j: the derivative of an exponential holds "
                "the exponential.",
                wrong(phi=False),
            ),
            ("the bias b is forgotten in F.", wrong(bias=0.0)),
            (
                "db is 1 times the error without the 2, while the others have it.",
                lambda *a: (wrong()(*a)[0], wrong()(*a)[1] / 2, *wrong()(*a)[2:]),
            ),
        ],
        **TIGHT,
    )


def fit_online(function: Callable, seed: int = 0) -> None:
    """Check `fit_online(Phi, y, w, b, eta, epochs)` → (w, b)."""
    rng = np.random.default_rng(seed)
    cases = []
    for m, k, eta, epochs in ((7, 3, 0.05, 4), (5, 1, 0.11, 3), (6, 4, 0.07, 1)):
        args = {
            "Phi": rng.uniform(0, 1, (m, k)),
            "y": rng.normal(size=m),
            "w": rng.normal(size=k),
            "b": float(rng.normal()),
            "eta": eta,
            "epochs": epochs,
        }
        label = f"{m} examples, {k} Gaussian{'s' * (k > 1)}, {epochs} epoch"
        cases.append(Case(label + "s" * (epochs > 1), args))

    def by_matrices(Phi, y, w, b, eta, epochs):
        """Make each step an affine map of θ = (w, b): θ ← (I − 2η a aᵀ) θ + 2η y a."""
        theta = np.append(w, b)
        for _ in range(epochs):
            for row, target in zip(Phi, y, strict=True):
                a = np.append(row, 1.0)
                M = np.eye(len(a)) - 2 * eta * np.outer(a, a)
                theta = M @ theta + 2 * eta * target * a
        return theta[:-1], float(theta[-1])

    def wrong(
        two=2.0,
        sign=1,
        bias=1,
        order=1,
        again=False,
        batch=0,
        whole=True,
        reset=False,
        rate=True,
    ):
        def rule(Phi, y, w, b, eta, epochs):
            eta = eta if rate else 1.0
            first = (w.copy(), b)
            for _ in range(epochs if whole else 1):
                if reset:
                    w, b = first
                w0, b0 = w, b
                for i in list(range(len(y)))[::order]:
                    at = (w0, b0) if batch else (w, b)
                    delta = sign * two * (Phi[i] @ at[0] + at[1] - y[i])
                    delta = delta / len(y) if batch == 2 else delta
                    w = w - eta * delta * Phi[i]
                    if again:
                        delta = two * (Phi[i] @ w + b - y[i])
                    b = b - bias * eta * delta
            return w, b

        return rule

    verify(
        "fit_online",
        function,
        cases,
        by_matrices,
        parts=("w", "b"),
        mistakes=[
            (
                "the factor 2 is missing: with ½(F − y)² you would leave it out, but "
                "the loss here is (F − y)².",
                wrong(two=1.0),
            ),
            (
                "the steps go uphill: subtract η times the gradient.",
                wrong(sign=-1),
            ),
            ("the bias is not updated.", wrong(bias=0)),
            ("the bias is updated with the wrong sign.", wrong(bias=-1)),
            (
                "the examples of an epoch are gathered into one step: online means a "
                "step after each example.",
                wrong(batch=1),
            ),
            (
                "one step is made for an epoch, with the mean gradient: online means a "
                "step after each example.",
                wrong(batch=2),
            ),
            (
                "the error is computed again between w and b: one error for both.",
                wrong(again=True),
            ),
            ("the examples come in reversed order.", wrong(order=-1)),
            ("only one epoch is made.", wrong(whole=False)),
            ("the parameters are set back in every epoch.", wrong(reset=True)),
            ("η is ignored.", wrong(rate=False)),
            (
                "one epoch too many is made.",
                lambda P, y, w, b, eta, e: wrong()(P, y, w, b, eta, e + 1),
            ),
            (
                "one epoch too few is made.",
                lambda P, y, w, b, eta, e: wrong()(P, y, w, b, eta, e - 1),
            ),
            (
                "w and b came back unchanged.",
                lambda P, y, w, b, eta, e: (w, b),
            ),
        ],
        **TIGHT,
    )


# --- choose_k -------------------------------------------------------------------------


def shared_width(function: Callable, seed: int = 0) -> None:
    """Check `shared_width(centers)`: d_max / √(2k), once for each center."""
    rng = np.random.default_rng(seed)
    cases = []
    for k, n in ((3, 2), (5, 1), (2, 3), (7, 2)):
        label = f"{k} centers, {n} feature{'s' * (n > 1)}"
        cases.append(Case(label, {"centers": rng.normal(2, 1.5, (k, n))}))

    def distances(centers):
        k = len(centers)
        return np.array(
            [
                np.sqrt(sum((centers[i] - centers[j]) ** 2))
                for i in range(k)
                for j in range(i + 1, k)
            ]
        )

    def rule(pick=np.max, scale=lambda k: np.sqrt(2 * k)):
        return lambda c: np.full(len(c), pick(distances(c)) / scale(len(c)))

    verify(
        "shared_width",
        function,
        cases,
        rule(),
        mistakes=[
            ("the root is missing: d_max/√(2k).", rule(scale=lambda k: 2 * k)),
            ("the 2 is missing: d_max/√(2k).", rule(scale=np.sqrt)),
            ("the 2 stands outside the root.", rule(scale=lambda k: 2 * np.sqrt(k))),
            ("the k is missing: d_max/√(2k).", rule(scale=lambda k: np.sqrt(2))),
            ("k is one too few.", rule(scale=lambda k: np.sqrt(2 * (k - 1)))),
            ("this is d_max itself: divide by √(2k).", rule(scale=lambda k: 1.0)),
            ("the mean distance is used: d_max is the largest.", rule(pick=np.mean)),
            ("the smallest distance is used.", rule(pick=np.min)),
            (
                "the distance between the first and the last center is used: the "
                "largest of all pairs is asked for.",
                rule(pick=lambda d: d[int((np.sqrt(8 * len(d) + 1) - 1) / 2) - 1]),
            ),
            (
                "squared distances are used.",
                rule(pick=lambda d: np.max(d) ** 2),
            ),
            (
                "this is the largest difference in one coordinate, not the largest "
                "distance.",
                lambda c: np.full(
                    len(c), np.max(np.ptp(c, axis=0)) / np.sqrt(2 * len(c))
                ),
            ),
            (
                "one number came: one for each center is asked for, shape (k,).",
                lambda c: np.max(distances(c)) / np.sqrt(2 * len(c)),
            ),
        ],
        **TIGHT,
    )


def _curve(rng, m: int) -> tuple[np.ndarray, np.ndarray]:
    X = rng.uniform(0, 1, (m, 1))
    return X, 0.6 + np.sin(2 * np.pi * X[:, 0]) + rng.normal(0, 0.15, m)


def _width(centers) -> np.ndarray:
    span = max(np.linalg.norm(a - b) for a in centers for b in centers)
    return np.full(len(centers), span / np.sqrt(2 * len(centers)))


def _network(X, y, centers, sigma=None, bias=True) -> Callable:
    """Return the predictions of a least-squares fit, by scikit-learn."""
    from sklearn.linear_model import LinearRegression

    sigma = _width(centers) if sigma is None else sigma
    fit = LinearRegression(fit_intercept=bias).fit(_phi(X, centers, sigma), y)
    return lambda A: fit.predict(_phi(A, centers, sigma))


def _rmse(a, b) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))


def validation_error(function: Callable, seed: int = 0) -> None:
    """Check `validation_error(X, y, X_val, y_val, centers)`: fitted on X alone."""
    rng = np.random.default_rng(seed)
    cases = []
    for m, m_val, k in ((24, 11, 3), (18, 9, 4), (30, 30, 2)):
        (X, y), (X_val, y_val) = _curve(rng, m), _curve(rng, m_val)
        centers = np.sort(rng.uniform(0, 1, (k, 1)), axis=0)
        centers[-1] += 0.3
        keys = ("X", "y", "X_val", "y_val", "centers")
        values = (X, y, X_val, y_val, centers)
        label = f"{m} to train, {m_val} to validate, {k} centers"
        cases.append(Case(label, dict(zip(keys, values, strict=True))))

    def rule(fit="train", on="val", measure=_rmse, **network):
        def error(X, y, X_val, y_val, centers):
            sets = {"train": (X, y), "val": (X_val, y_val)}
            sets["both"] = (np.vstack([X, X_val]), np.concatenate([y, y_val]))
            A, t = sets[on]
            return measure(_network(*sets[fit], centers, **network)(A), t)

        return error

    def unit(X, y, X_val, y_val, centers):
        ones = np.ones(len(centers))
        return _rmse(_network(X, y, centers, ones)(X_val), y_val)

    verify(
        "validation_error",
        function,
        cases,
        rule(),
        mistakes=[
            (
                "leakage: the weights are fitted on the validation part.",
                rule(fit="val"),
            ),
            (
                "leakage: the weights are fitted on training and validation part "
                "together.",
                rule(fit="both"),
            ),
            (
                "this is the error on the training part: validation asks about "
                "examples that the fit has not seen.",
                rule(on="train"),
            ),
            (
                "the error is taken over training and validation part together.",
                rule(on="both"),
            ),
            (
                "the root is missing: this is the mean squared error.",
                rule(measure=lambda a, b: np.mean((a - b) ** 2)),
            ),
            (
                "the mean is missing: this is the root of the sum of squares.",
                rule(measure=lambda a, b: np.sqrt(np.sum((a - b) ** 2))),
            ),
            (
                "this is the sum of the squares: root and mean are missing.",
                rule(measure=lambda a, b: np.sum((a - b) ** 2)),
            ),
            (
                "this is the mean absolute error.",
                rule(measure=lambda a, b: np.mean(np.abs(a - b))),
            ),
            (
                "this is the mean error, in which positive and negative cancel.",
                rule(measure=lambda a, b: np.mean(a - b)),
            ),
            ("the network has no bias.", rule(bias=False)),
            ("all Gaussians have the width 1: use `shared_width`.", unit),
        ],
        rtol=1e-4,
        atol=1e-6,
    )


def _spread(X, k: int) -> np.ndarray:
    """Return k centers at quantiles of the points, so that they depend on X alone."""
    shares = (np.arange(int(k)) + 0.5) / int(k)
    return np.quantile(np.asarray(X, dtype=float), shares, axis=0)


def _centers_of(X, k) -> np.ndarray:
    """Do what `_spread` does, for the student, and refuse what is no set of points."""
    if np.ndim(X) != 2:
        raise CheckFailed(
            f"✗ centers_of got points of shape {np.shape(X)}; it takes examples (m, n) "
            "first, then k."
        )
    return _spread(X, k)


def choose_k(function: Callable, seed: int = 0) -> None:
    """Check `choose_k(X, y, X_val, y_val, candidates, centers_of)` → (k, errors)."""
    rng = np.random.default_rng(seed)
    cases = []
    for m, m_val, candidates in (
        (18, 20, [2, 3, 4, 5, 6, 8]),
        (16, 17, [8, 2, 5, 3, 7]),
        (22, 15, [7, 4, 2]),
    ):
        (X, y), (X_val, y_val) = _curve(rng, m), _curve(rng, m_val)
        keys = ("X", "y", "X_val", "y_val", "candidates")
        values = (X, y, X_val, y_val, candidates)
        label = f"{m} to train, {m_val} to validate, k of {candidates}"
        cases.append(Case(label, dict(zip(keys, values, strict=True))))

    def ours(X, y, X_val, y_val, candidates):
        return function(X, y, X_val, y_val, candidates, _centers_of)

    def rule(fit="train", on="val", of="train", pick=np.argmin, told="k"):
        def choice(X, y, X_val, y_val, candidates):
            sets = {"train": (X, y), "val": (X_val, y_val)}
            sets["both"] = (np.vstack([X, X_val]), np.concatenate([y, y_val]))
            A, t = sets[on]
            errors = [
                _rmse(_network(*sets[fit], _spread(sets[of][0], k))(A), t)
                for k in candidates
            ]
            best = int(pick(errors))
            return (candidates[best] if told == "k" else best), np.array(errors)

        return choice

    verify(
        "choose_k",
        ours,
        cases,
        rule(),
        parts=("k", "errors"),
        mistakes=[
            (
                "k is chosen by the training error, which always asks for more.",
                rule(on="train"),
            ),
            (
                "leakage: the centers are placed with the validation part, too.",
                rule(of="both"),
            ),
            (
                "the centers are placed on the validation part: it must stay unseen.",
                rule(of="val"),
            ),
            (
                "leakage: the weights are fitted on training and validation part "
                "together.",
                rule(fit="both"),
            ),
            (
                "leakage: centers and weights have seen the validation part.",
                rule(fit="both", of="both"),
            ),
            ("the weights are fitted on the validation part.", rule(fit="val")),
            (
                "the place of the best in the list came, not its k.",
                rule(told="place"),
            ),
            ("the k with the largest error came.", rule(pick=np.argmax)),
            (
                "the last candidate came, whatever its error.",
                rule(pick=lambda errors: len(errors) - 1),
            ),
            (
                "the first candidate came, whatever its error.",
                rule(pick=lambda errors: 0),
            ),
            (
                "k and errors are exchanged: k comes first.",
                lambda *a: rule()(*a)[::-1],
            ),
        ],
        rtol=1e-4,
        atol=1e-6,
    )


def final_error(function: Callable, seed: int = 0) -> None:
    """Check `final_error(X, y, X_val, y_val, X_test, y_test, k, centers_of)`."""
    rng = np.random.default_rng(seed)
    cases = []
    for m, m_val, m_test, k in ((24, 14, 9, 4), (20, 12, 12, 5), (18, 18, 7, 3)):
        parts = [array for size in (m, m_val, m_test) for array in _curve(rng, size)]
        keys = ("X", "y", "X_val", "y_val", "X_test", "y_test", "k")
        label = f"{m}, {m_val} and {m_test} examples, k = {k}"
        cases.append(Case(label, dict(zip(keys, [*parts, k], strict=True))))

    def ours(*args):
        return function(*args, _centers_of)

    def rule(fit="both", of="both", on="test", measure=_rmse):
        def error(X, y, X_val, y_val, X_test, y_test, k):
            sets = {"train": (X, y), "val": (X_val, y_val), "test": (X_test, y_test)}
            sets["both"] = (np.vstack([X, X_val]), np.concatenate([y, y_val]))
            sets["all"] = (
                np.vstack([X, X_val, X_test]),
                np.concatenate([y, y_val, y_test]),
            )
            A, t = sets[on]
            return measure(_network(*sets[fit], _spread(sets[of][0], k))(A), t)

        return error

    verify(
        "final_error",
        ours,
        cases,
        rule(),
        mistakes=[
            (
                "the network is fitted on the training part alone: k is chosen, so the "
                "validation part may be learned from, too.",
                rule(fit="train", of="train"),
            ),
            (
                "the centers come from the training part alone: k is chosen, so the "
                "validation part may be used, too.",
                rule(of="train"),
            ),
            (
                "the weights are fitted on the training part alone.",
                rule(fit="train"),
            ),
            ("leakage: the centers have seen the test part.", rule(of="all")),
            ("leakage: the weights have seen the test part.", rule(fit="all")),
            (
                "leakage: centers and weights have seen the test part.",
                rule(fit="all", of="all"),
            ),
            ("the error is that of the validation part.", rule(on="val")),
            ("the error is that of the training part.", rule(on="train")),
            (
                "the error is that of the examples it was fitted to.",
                rule(on="both"),
            ),
            (
                "the root is missing: this is the mean squared error.",
                rule(measure=lambda a, b: np.mean((a - b) ** 2)),
            ),
        ],
        rtol=1e-4,
        atol=1e-6,
    )


XOR = np.array([0.0, 1.0, 1.0, 0.0])


def xor_network(function: Callable, seed: int = 0) -> None:
    """Check `xor_network(points)`: two Gaussians that give XOR on a rectangle."""
    name, rng = "xor_network", np.random.default_rng(seed)
    square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    turn = rng.uniform(0.2, 1.2)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    sides = rng.uniform(0.8, 1.6, 2)
    inputs = {
        "the four inputs of a gate": square,
        "a rectangle": square * sides,
        "a rectangle, moved and turned": square * sides @ rotation + rng.normal(size=2),
    }
    for label, points in inputs.items():
        given = points.copy()
        got = call(function, given, name=name)
        if not np.array_equal(given, points):
            raise CheckFailed(
                f"✗ {name}: your function changed its argument points in place."
            )
        _judge_xor(f"✗ {name} ({label})", got, points)
    passed(name, len(inputs))


def _judge_xor(head: str, got, points) -> None:
    if not isinstance(got, tuple | list) or len(got) != 4:
        raise CheckFailed(f"{head}: (centers, sigma, w, b) is expected, four results.")
    try:
        centers, sigma, w, b = (np.asarray(part, dtype=float) for part in got)
    except (TypeError, ValueError):
        raise CheckFailed(f"{head}: numbers in arrays are expected.") from None
    found = tuple(part.shape for part in (centers, sigma, w, b))
    if found != ((2, 2), (2,), (2,), ()):
        hint = "two centers in the plane, two widths, two weights, one bias."
        if centers.ndim == 2 and len(centers) > 2:
            hint = "more than two Gaussians: two are enough."
        raise CheckFailed(
            f"{head}: wrong shapes {found}; (2, 2), (2,), (2,) and () are expected."
            f"\nLikely mistake: {hint}"
        )
    if not all(np.isfinite(part).all() for part in (centers, sigma, w, b)):
        raise CheckFailed(f"{head}: not all numbers are finite.")
    if np.any(sigma <= 0):
        raise CheckFailed(f"{head}: a width must be positive.")
    outputs = _phi(points, centers, sigma) @ w + b
    if np.allclose(outputs, XOR, atol=0.01):
        return
    shown = np.array2string(outputs, precision=3, suppress_small=True)
    raise CheckFailed(
        f"{head}: the outputs are {shown}; 0, 1, 1, 0 within 0.01 are expected.\n"
        f"Likely mistake: {_why_no_xor(outputs, points, centers, sigma)}"
    )


def _why_no_xor(outputs, points, centers, sigma) -> str:
    if np.allclose(outputs, 1 - XOR, atol=0.01):
        return "this is XNOR: 1 belongs to unequal inputs."
    A = np.column_stack([_phi(points, centers, sigma), np.ones(4)])
    best = A @ np.linalg.lstsq(A, XOR, rcond=None)[0]
    if np.allclose(best, XOR, atol=1e-6):
        if np.array_equal(outputs >= 0.5, XOR >= 0.5):
            return (
                "the classes are right, the values are not: centers and widths can do "
                "it, so find the weights and the bias that fit exactly."
            )
        return (
            "centers and widths can do it, weights and bias are wrong: is the bias "
            "fitted together with the weights?"
        )
    if np.allclose(best, 0.5, atol=1e-6):
        return (
            "with these centers no weights do better than ½ everywhere: each input of "
            "class 0 has the same distances to them as one of class 1. (k-means puts "
            "them there.)"
        )
    return (
        "with these centers and widths no weights fit: which inputs must have the same "
        "two distances, so that the Gaussians bring them together?"
    )
