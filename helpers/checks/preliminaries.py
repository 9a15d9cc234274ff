"""Checks of the exercises `preliminaries/tensors` and `preliminaries/splitting`.

Each check takes the student's function and a seed; the visible cell and the hidden
test differ in the seed only. The first six are about PyTorch tensors: their cases and
references are NumPy arrays and plain loops, and `_verify_tensors` stands between.
"""

import contextlib
import io
import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from .core import Case, CheckFailed, call, passed, verify

# --- tensors --------------------------------------------------------------------------


def to_rows(function: Callable, seed: int = 0) -> None:
    """Check `to_rows(images)`: uint8 (N, h, w) → float32 (N, h·w), values 0…1."""
    rng = np.random.default_rng(seed)
    cases = []
    for shape in ((3, 4, 5), (2, 6, 3), (5, 4, 4)):
        images = rng.integers(0, 250, shape, dtype=np.uint8)  # no 255: max is not 255
        cases.append(Case(f"{shape[0]} images of {shape[1:]}", {"images": images}))

    def reference(images):
        rows = [[pixel / 255 for row in image for pixel in row] for image in images]
        return np.array(rows, dtype=np.float32)

    def wrong(rule: Callable) -> Callable:
        return lambda images: rule(images.astype(float), len(images))

    _verify_tensors(
        "to_rows",
        function,
        cases,
        reference,
        dtype="float32",
        mistakes=[
            (
                "the values are still 0…255: they are not divided.",
                wrong(lambda x, n: x.reshape(n, -1)),
            ),
            (
                "divided by 256: the largest value is 255, and should become 1.",
                wrong(lambda x, n: x.reshape(n, -1) / 256),
            ),
            (
                "divided by the largest value that occurs: then the scale depends on "
                "the batch. The largest possible value is 255.",
                wrong(lambda x, n: x.reshape(n, -1) / x.max()),
            ),
            (
                "each image is divided by its own largest value: 255 for all.",
                wrong(lambda x, n: x.reshape(n, -1) / x.max((1, 2))[:, None]),
            ),
            (
                "integer division: every value becomes 0.",
                wrong(lambda x, n: x.reshape(n, -1) // 255),
            ),
            (
                "the pixels are read column by column; the rows come first.",
                wrong(lambda x, n: x.transpose(0, 2, 1).reshape(n, -1) / 255),
            ),
            (
                "reshaped to (height · width, N) and then transposed: this mixes the "
                "pixels of different images. A reshape keeps the order in memory.",
                wrong(lambda x, n: x.reshape(-1, n).T / 255),
            ),
            (
                "reshaped to (height · width, N): the first axis counts the images.",
                wrong(lambda x, n: x.reshape(-1, n) / 255),
            ),
            (
                "scaled to −1…1; 0…1 is asked for.",
                wrong(lambda x, n: x.reshape(n, -1) / 127.5 - 1),
            ),
            (
                "all images end up in one row: one row for each image.",
                wrong(lambda x, n: x.reshape(-1) / 255),
            ),
        ],
    )


def one_hot(function: Callable, seed: int = 0) -> None:
    """Check `one_hot(y, k)`: int64 (N,) → float32 (N, k)."""
    rng = np.random.default_rng(seed)
    cases = [
        Case(label, {"y": y.astype(np.int64), "k": k})
        for label, y, k in (
            ("7 labels, 4 classes", rng.permutation([0, 1, 2, 3, 0, 2, 2]), 4),
            ("the highest class does not occur", rng.integers(0, 4, 6), 5),
            ("as many labels as classes", np.array([1, 2, 0, 2]), 4),
            ("more classes than labels", np.array([5, 3]), 8),
        )
    ]

    def reference(y, k):
        return np.array([[float(c == j) for j in range(k)] for c in y])

    _verify_tensors(
        "one_hot",
        function,
        cases,
        reference,
        dtype="float32",
        mistakes=[
            (
                "the 1 stands one place too far to the left: classes count from 0.",
                lambda y, k: np.eye(k)[y - 1],
            ),
            (
                "the 1 stands one place too far to the right: classes count from 0.",
                lambda y, k: np.eye(k)[(y + 1) % k],
            ),
            (
                "the columns of the identity matrix were picked: one row for each "
                "label is asked for.",
                lambda y, k: np.eye(k)[:, y],
            ),
            (
                "k is ignored: the number of columns is the largest label plus 1, so "
                "a class that does not occur here loses its column.",
                lambda y, k: np.eye(y.max() + 1)[y],
            ),
            (
                "the label itself stands where the 1 belongs.",
                lambda y, k: np.eye(k)[y] * y[:, None],
            ),
            ("0 and 1 are exchanged.", lambda y, k: 1 - np.eye(k)[y]),
            (
                "the number of columns is fixed at 10, not k.",
                lambda y, k: np.eye(10)[y],
            ),
            (
                "1 in every place up to the label; only the label's own place is 1.",
                lambda y, k: np.tri(k)[y],
            ),
            (
                "the 1s are written for all labels into every row: `code[:, y] = 1` "
                "takes whole columns. Row i needs its own y[i].",
                lambda y, k: np.eye(k)[y].max(0) + np.zeros((len(y), 1)),
            ),
        ],
    )


def standardize(function: Callable, seed: int = 0) -> None:
    """Check `standardize(X)`: columns of mean 0 and standard deviation 1 (by N)."""
    rng = np.random.default_rng(seed)

    def table(N, n):
        return rng.normal(size=(N, n)) * rng.uniform(1, 30, n) + rng.normal(size=n) * 9

    constant = table(6, 4)
    constant[:, 2] = 0.5
    cases = [
        Case("5 examples, 3 columns", {"X": table(5, 3)}, {"N": 5}),
        Case("as many examples as columns", {"X": table(4, 4)}, {"N": 4}),
        Case("a column in which all numbers are equal", {"X": constant}, {"N": 6}),
    ]

    def reference(X):
        columns = []
        for column in X.T.tolist():
            mean, spread = statistics.fmean(column), statistics.pstdev(column)
            columns.append([(x - mean) / spread if spread else 0.0 for x in column])
        return np.array(columns).T

    def wrong(axis=0, shift=True, spread="std", by=0, guard=True):
        def rule(X):
            s = {
                "std": lambda: X.std(axis=axis, ddof=by, keepdims=True),
                "var": lambda: X.var(axis=axis, ddof=by, keepdims=True),
                "range": lambda: np.ptp(X, axis=axis, keepdims=True),
                "none": lambda: np.ones((1, 1)),
            }[spread]()
            s = np.where(s > 0, s, 1) if guard else s
            return (X - shift * X.mean(axis=axis, keepdims=True)) / s

        return rule

    def both(text, **how):
        return [(text, wrong(**how)), (text, wrong(**how, guard=False))]

    _verify_tensors(
        "standardize",
        function,
        cases,
        reference,
        mistakes=[
            (
                "a column in which all numbers are equal has a standard deviation of "
                "0, and 0 is divided by 0: it should become zeros.",
                wrong(guard=False),
            ),
            *both(
                "the standard deviation divides by N − 1 (that is what torch.std does "
                "by default); N is asked for.",
                by=1,
            ),
            *both("divided by the variance: the square root is missing.", spread="var"),
            *both(
                "mean and standard deviation are taken over each row (example), not "
                "over each column (feature).",
                axis=1,
            ),
            *both(
                "one mean and one standard deviation for the whole table: each column "
                "has its own.",
                axis=None,
            ),
            *both("the mean is not subtracted.", shift=False),
            ("the columns are centered, but not divided.", wrong(spread="none")),
            *both(
                "divided by the range (largest minus smallest), not by the standard "
                "deviation.",
                spread="range",
            ),
        ],
    )


def squared_distances(function: Callable, seed: int = 0) -> None:
    """Check `squared_distances(A, B)`: (m, n) and (p, n) → (m, p)."""
    rng = np.random.default_rng(seed)
    cases = [
        Case(
            f"{m} and {p} rows of {n} numbers",
            {"A": rng.normal(size=(m, n)), "B": rng.normal(size=(p, n))},
            {"n": n},
        )
        for m, p, n in ((4, 3, 2), (3, 3, 3), (2, 5, 4))
    ]

    def reference(A, B):
        rows = [
            [math.fsum((x - y) ** 2 for x, y in zip(a, b, strict=True)) for b in B]
            for a in A
        ]
        return np.array(rows)

    def gaps(A, B):
        return A[:, None, :] - B[None, :, :]

    _verify_tensors(
        "squared_distances",
        function,
        cases,
        reference,
        mistakes=[
            (
                "these are the distances: the square root is not asked for.",
                lambda A, B: np.sqrt((gaps(A, B) ** 2).sum(2)),
            ),
            (
                "the differences are not squared before they are added up.",
                lambda A, B: gaps(A, B).sum(2),
            ),
            (
                "absolute differences are added up; their squares are asked for.",
                lambda A, B: np.abs(gaps(A, B)).sum(2),
            ),
            (
                "the sum is squared; the squares are summed.",
                lambda A, B: gaps(A, B).sum(2) ** 2,
            ),
            (
                "the mean over the features; their sum is asked for.",
                lambda A, B: (gaps(A, B) ** 2).mean(2),
            ),
            (
                "the sum runs over the rows of B: it should run over the last axis, "
                "the features.",
                lambda A, B: (gaps(A, B) ** 2).sum(1),
            ),
            (
                "the sum runs over the rows of A: it should run over the last axis, "
                "the features.",
                lambda A, B: (gaps(A, B) ** 2).sum(0),
            ),
            (
                "everything is added up, to one number.",
                lambda A, B: (gaps(A, B) ** 2).sum(),
            ),
            (
                "the result is transposed: the row number belongs to A.",
                lambda A, B: (gaps(B, A) ** 2).sum(2),
            ),
            (
                "the differences are not yet added up over the features.",
                lambda A, B: gaps(A, B) ** 2,
            ),
            (
                "A − B pairs row i of A with row i of B only: insert axes of length 1.",
                lambda A, B: ((A - B) ** 2).sum(1),
            ),
            (
                "A − B pairs row i of A with row i of B only: insert axes of length 1.",
                lambda A, B: (A - B) ** 2,
            ),
            (
                "these are the dot products of the rows, not their distances.",
                lambda A, B: A @ B.T,
            ),
            (
                "the product term −2 a·b is missing.",
                lambda A, B: (A**2).sum(1)[:, None] + (B**2).sum(1),
            ),
            (
                "the product term has the factor 1; it is −2 a·b.",
                lambda A, B: (A**2).sum(1)[:, None] + (B**2).sum(1) - A @ B.T,
            ),
        ],
    )


def many_layers(function: Callable, seed: int = 0) -> None:
    """Check `many_layers(A, W, b)`: Z[i] = A[i] @ W[i].T + b[i]."""
    rng = np.random.default_rng(seed)
    cases = []
    for label, (K, m, n_in, n_out) in {
        "3 networks, 5 examples, 4 → 2": (3, 5, 4, 2),
        "as many examples as networks": (3, 3, 4, 2),
        "as many outputs as inputs": (2, 5, 3, 3),
        "one network": (1, 4, 3, 2),
    }.items():
        A, W = rng.normal(size=(K, m, n_in)), rng.normal(size=(K, n_out, n_in))
        cases.append(Case(label, {"A": A, "W": W, "b": rng.normal(size=(K, n_out))}))

    def reference(A, W, b):
        triples = zip(A, W, b, strict=True)
        return np.stack([[w @ a + c for a in rows] for rows, w, c in triples])

    def product(A, W):
        return A @ W.transpose(0, 2, 1)

    _verify_tensors(
        "many_layers",
        function,
        cases,
        reference,
        mistakes=[
            ("the bias is missing.", lambda A, W, b: product(A, W)),
            (
                "the bias meets the wrong axis: aligned from the right, (K, n_out) "
                "counts examples, not networks, with its first axis. With as many "
                "examples as networks this goes unnoticed.",
                lambda A, W, b: product(A, W) + b,
            ),
            (
                "the bias is subtracted; it is added.",
                lambda A, W, b: product(A, W) - b[:, None],
            ),
            (
                "the weights are not transposed: W[i] has shape (n_out, n_in).",
                lambda A, W, b: A @ W + b[:, None],
            ),
            (
                "reshape is not a transpose: it keeps the order in memory and mixes "
                "the weights. Exchange the last two axes.",
                lambda A, W, b: A @ W.reshape(len(W), W.shape[2], -1) + b[:, None],
            ),
            (
                "`.T` reverses all three axes: exchange the last two only.",
                lambda A, W, b: A @ W.T + b[:, None],
            ),
            (
                "every network has the weights of the first one.",
                lambda A, W, b: A @ W[0].T + b[:, None],
            ),
            (
                "every network has the bias of the first one.",
                lambda A, W, b: product(A, W) + b[0],
            ),
            (
                "the bias is one number for each network, its mean.",
                lambda A, W, b: product(A, W) + b.mean(1)[:, None, None],
            ),
            (
                "only the first network is computed.",
                lambda A, W, b: A[0] @ W[0].T + b[0],
            ),
            (
                "the networks are summed up: their axis is gone.",
                lambda A, W, b: (product(A, W) + b[:, None]).sum(0),
            ),
        ],
    )


def framed(function: Callable, seed: int = 0) -> None:
    """Check `framed(images, value)`: a copy whose outermost pixels are `value`."""
    rng = np.random.default_rng(seed)
    cases = [
        Case(
            f"{shape[0]} images of {shape[1:]}, value {value}",
            {"images": rng.uniform(1, 5, shape), "value": value},
        )
        for shape, value in (((2, 5, 4), 7.0), ((3, 4, 6), 0.0), ((4, 6, 6), -2.0))
    ]

    def reference(images, value):
        inside = images[:, 1:-1, 1:-1]
        around = ((0, 0), (1, 1), (1, 1))
        return np.pad(inside, around, constant_values=value)

    def set_to(*places):
        def rule(images, value):
            for place in places:
                images[place] = value
            return images

        return rule

    every, ends, first, last = slice(None), [0, -1], 0, -1
    _verify_tensors(
        "framed",
        function,
        cases,
        reference,
        mistakes=[
            (
                "only the first and the last row are set: the columns are missing.",
                set_to((every, ends)),
            ),
            (
                "only the first and the last column are set: the rows are missing.",
                set_to((every, every, ends)),
            ),
            (
                "only the first row and the first column are set, not the last ones.",
                set_to((every, first), (every, every, first)),
            ),
            (
                "only the last row and the last column are set, not the first ones.",
                set_to((every, last), (every, every, last)),
            ),
            (
                "the first axis counts the images: whole images and their rows are "
                "set, not rows and columns.",
                set_to((ends,), (every, ends)),
            ),
            (
                "only the four corners are set.",
                set_to(*((every, i, j) for i in ends for j in ends)),
            ),
            (
                "the inside is set to the value, not the frame.",
                set_to((every, slice(1, -1), slice(1, -1))),
            ),
            (
                "the slices end one too early: `1:-2` or `0:-1` leaves out the end.",
                set_to((every, first), (every, every, first), (every, -2)),
            ),
            (
                "the frame is put around the images: they have grown. Their own "
                "outermost pixels are to be set.",
                lambda images, value: np.pad(
                    images, ((0, 0), (1, 1), (1, 1)), constant_values=value
                ),
            ),
            ("nothing is set: these are the images as they came.", set_to()),
        ],
    )


class _OnTensors:
    """The student's function, called with tensors for arrays; arrays come back.

    The tensors share the arrays' memory: a change in place is seen in the arrays.
    """

    def __init__(self, function: Callable) -> None:
        self.function, self.types = function, []

    def __getattr__(self, name: str) -> Any:  # for messages: where the code stands
        return getattr(self.function, name)

    def __call__(self, *args: Any) -> Any:
        import torch

        tensors = [torch.from_numpy(a) if _is_array(a) else a for a in args]
        value = self.function(*tensors)
        if isinstance(value, torch.Tensor):
            first = next(t for t in tensors if isinstance(t, torch.Tensor))
            self.types.append((value.dtype, first.dtype))
            return value.detach().cpu().numpy()
        if _is_array(value):
            raise CheckFailed("✗ a NumPy array came where a torch tensor is expected.")
        return value


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _verify_tensors(
    name: str,
    function: Callable,
    cases: list[Case],
    reference: Callable,
    *,
    mistakes: list,
    dtype: str = "",
) -> None:
    """Run `core.verify` on tensors; the type is judged last (default: the argument's).

    A wrong type is a smaller mistake than a wrong value, and often its consequence.
    """
    if not callable(function):  # verify says what is wrong
        verify(name, function, cases, reference)
    on_tensors, said = _OnTensors(function), io.StringIO()
    with contextlib.redirect_stdout(said):
        verify(name, on_tensors, cases, reference, mistakes=mistakes)
    for came, given in on_tensors.types:
        wanted = f"torch.{dtype}" if dtype else str(given)
        if str(came) != wanted:
            raise CheckFailed(
                f"✗ {name}: right values, wrong type: {came} came, {wanted} is "
                "expected."
            )
    print(said.getvalue(), end="")


# --- splitting ------------------------------------------------------------------------


def shuffled_split(function: Callable, seed: int = 0) -> None:
    """Check `shuffled_split(N, n_test, rng)` → (train, test), index arrays."""
    name, settings = "shuffled_split", ((60, 12), (101, 20), (40, 25))

    def split(N, n_test, number):
        return _two_parts(
            name, call(function, N, n_test, np.random.default_rng(number), name=name)
        )

    for N, n_test in settings:
        where = f"✗ {name}: N = {N}, n_test = {n_test}"
        train, test = split(N, n_test, seed)
        hint = _partition_fault(train, test, N)
        sizes = len(train), len(test)
        if not hint and sizes == (n_test, N - n_test):
            hint = "the parts are exchanged: (train, test) is the order."
        if not hint and len(test) != n_test:
            hint = f"the test part should have {n_test} indices; {len(test)} came."
        if not hint:
            hint = _chance_fault(lambda i: split(N, n_test, seed + i), N)  # noqa: B023
        if hint:
            raise CheckFailed(f"{where}\nLikely mistake: {hint}")
    counts = np.zeros(8)
    for i in range(80):
        counts[split(8, 2, seed + i)[1]] += 1
    never = np.flatnonzero(counts < 4)  # 20 on average
    if never.size:
        raise CheckFailed(
            f"✗ {name}: in 80 splits of 8 examples, example {never[0]} was in the test "
            f"part {counts[never[0]]:.0f} times; about 20 are expected.\n"
            "Likely mistake: an end of the range is off by one, or not all examples "
            "are shuffled."
        )
    passed(name, len(settings))


def stratified_split(function: Callable, seed: int = 0) -> None:
    """Check `stratified_split(y, parts, rng)`: ⌊c / parts⌋ of each class to test."""
    name = "stratified_split"
    rng = np.random.default_rng(seed)
    settings = (
        ("classes 0, 1, 2, sorted", np.repeat([0, 1, 2], [30, 21, 9]), 3),
        (
            "classes 7, 2 and 40, shuffled",
            rng.permutation(np.repeat([7, 2, 40], [23, 14, 47])),
            4,
        ),
        (
            "a class smaller than parts",
            rng.permutation(np.repeat([0, 1, 2], [33, 4, 26])),
            5,
        ),
    )
    for label, y, parts in settings:
        given = y.copy()

        def split(i, y=given, parts=parts):
            number = np.random.default_rng(seed + i)
            return _two_parts(name, call(function, y, parts, number, name=name))

        train, test = split(0)
        hint = _class_fault(y, parts, train, test) or _chance_fault(split, len(y))
        if not hint:
            for c in np.unique(y):
                rows = np.flatnonzero(y == c)
                mine = [np.intersect1d(split(i)[1], rows) for i in range(3)]
                if len(mine[0]) and all(np.array_equal(mine[0], m) for m in mine[1:]):
                    hint = (
                        f"of class {c} the same examples are tested whatever the rng: "
                        "shuffle within each class."
                    )
        if hint:
            raise CheckFailed(
                f"✗ {name} ({label}; parts = {parts})\nLikely mistake: {hint}"
            )
        if not np.array_equal(given, y):
            raise CheckFailed(f"✗ {name}: your function changed its argument y.")
    passed(name, len(settings))


def scaled_parts(function: Callable, seed: int = 0) -> None:
    """Check `scaled_parts(X, train, test)` → (X_train, X_test, mean, std)."""
    rng = np.random.default_rng(seed)
    cases = []
    for N, n, n_test in ((9, 3, 3), (12, 2, 5), (8, 4, 4)):
        drift = np.linspace(0, 2, N)[:, None]  # so that the parts differ
        X = (rng.normal(size=(N, n)) + drift) * rng.uniform(1, 20, n)
        order = np.concatenate(
            [rng.permutation(N - n_test), N - n_test + rng.permutation(n_test)]
        )
        parts = {"train": order[: N - n_test], "test": order[N - n_test :]}
        label = f"{N - n_test} training and {n_test} test examples, {n} columns"
        cases.append(Case(label, {"X": X, **parts}))

    def scaled(rows, of, by=0):
        """Scale `rows` by the statistics of `of`, column by column."""
        columns = [
            (statistics.fmean(c), (statistics.pstdev, statistics.stdev)[by](c))
            for c in of.T.tolist()
        ]
        return np.array(
            [
                [(x - mean) / s for x, (mean, s) in zip(row, columns, strict=True)]
                for row in rows
            ]
        )

    def stats(of, by=0):
        return of.mean(axis=0), of.std(axis=0, ddof=by)

    def with_stats_of(pick, by=0):
        def rule(X, train, test):
            of = pick(X, train, test)
            return scaled(X[train], of, by), scaled(X[test], of, by), *stats(of, by)

        return rule

    def training(X, train, test):
        return X[train]

    right = with_stats_of(training)
    verify(
        "scaled_parts",
        function,
        cases,
        right,
        parts=("X_train", "X_test", "mean", "std"),
        mistakes=[
            (
                "mean and standard deviation are those of all examples: the test part "
                "has leaked into the scaling.",
                with_stats_of(lambda X, train, test: X),
            ),
            (
                "mean and standard deviation are those of the test part.",
                with_stats_of(lambda X, train, test: X[test]),
            ),
            (
                "the test part is scaled by its own mean and standard deviation: a new "
                "example alone has none. Use those of the training part.",
                lambda X, train, test: (
                    scaled(X[train], X[train]),
                    scaled(X[test], X[test]),
                    *stats(X[train]),
                ),
            ),
            (
                "the test part is not scaled.",
                lambda X, train, test: (
                    scaled(X[train], X[train]),
                    X[test],
                    *stats(X[train]),
                ),
            ),
            (
                "only the mean of the training part is subtracted from the test part: "
                "the division is missing.",
                lambda X, train, test: (
                    scaled(X[train], X[train]),
                    X[test] - X[train].mean(0),
                    *stats(X[train]),
                ),
            ),
            (
                "the standard deviation divides by N − 1; N is asked for.",
                with_stats_of(training, by=1),
            ),
            (
                "divided by the variance: the square root is missing.",
                lambda X, train, test: (
                    (X[train] - X[train].mean(0)) / X[train].var(0),
                    (X[test] - X[train].mean(0)) / X[train].var(0),
                    X[train].mean(0),
                    X[train].var(0),
                ),
            ),
            (
                "mean and standard deviation are taken over the rows, not over the "
                "columns.",
                lambda X, train, test: (
                    (X[train] - X[train].mean(1, keepdims=True))
                    / X[train].std(1, keepdims=True),
                    (X[test] - X[test].mean(1, keepdims=True))
                    / X[test].std(1, keepdims=True),
                    X[train].mean(1),
                    X[train].std(1),
                ),
            ),
            (
                "one mean and one standard deviation for all columns: each column has "
                "its own.",
                lambda X, train, test: (
                    (X[train] - X[train].mean()) / X[train].std(),
                    (X[test] - X[train].mean()) / X[train].std(),
                    X[train].mean(),
                    X[train].std(),
                ),
            ),
            (
                "the two parts are exchanged.",
                lambda X, train, test: (
                    scaled(X[test], X[train]),
                    scaled(X[train], X[train]),
                    *stats(X[train]),
                ),
            ),
            (
                "the first rows of X are taken, not those that the indices name.",
                lambda X, train, test: with_stats_of(training)(
                    X, np.arange(len(train)), np.arange(len(train), len(X))
                ),
            ),
        ],
    )


def audit(function: Callable, seed: int = 0) -> None:
    """Check `audit(X, train, test, mean, std)` → (shared, copies, peeked)."""
    rng = np.random.default_rng(seed)

    def case(
        label, *, change=None, train=None, test=None, of="train", by=0, off=(0, 0)
    ):
        X = rng.integers(0, 3, (12, 3)) + np.linspace(0, 0.9, 12)[:, None]  # distinct
        order = rng.permutation(12)
        train = order[:8]
        test = order[8:] if test is None else test(order)
        if change is not None:
            change(X, train, test)
        rows = {"train": X[train], "all": X, "test": X[test]}[of]
        mean, std = rows.mean(axis=0) + off[0], rows.std(axis=0, ddof=by) + off[1]
        args = {"X": X, "train": train, "test": test, "mean": mean, "std": std}
        return Case(label, args)

    def set_rows(targets, sources):
        def change(X, train, test):
            parts = {"train": train, "test": test}
            for (to, i), (of, j) in zip(targets, sources, strict=True):
                X[parts[to][i]] = X[parts[of][j]]

        return change

    def one_entry(X, train, test):
        X[test[0], 1] = X[train[3], 1]

    cases = [
        case("a clean split"),
        case("two indices are shared", test=lambda o: np.append(o[8:], o[[0, 5]])),
        case(
            "two test rows equal one training row",
            change=set_rows([("test", 1), ("test", 3)], [("train", 2), ("train", 2)]),
        ),
        case(
            "one test row equals three training rows",
            change=set_rows(
                [("train", 0), ("train", 4), ("test", 2)], [("train", 6)] * 3
            ),
        ),
        case(
            "equal rows within each part only",
            change=set_rows([("train", 1), ("test", 0)], [("train", 7), ("test", 3)]),
        ),
        case("one entry in common, not the row", change=one_entry),
        case("scaled by all examples", of="all"),
        case("scaled by the test part", of="test"),
        case("the right mean, another standard deviation", by=1),
        case("another mean, the right standard deviation", off=(0.3, 0)),
        case("a mean of one column is off", off=(np.array([0, 0, 0.2]), 0)),
        case("a difference of 1e-12 is rounding", off=(1e-12, -1e-12)),
        case("all leaks at once", test=lambda o: np.append(o[9:], o[1]), of="all"),
    ]

    def shared(train, test):
        return len([i for i in test.tolist() if i in set(train.tolist())])

    def rows(X, part):
        return [tuple(row) for row in X[part].tolist()]

    def copies(X, train, test):
        return sum(row in set(rows(X, train)) for row in rows(X, test))

    def off(got, want, tolerance=1e-8):
        return any(
            abs(g - w) > tolerance for g, w in zip(got, want.tolist(), strict=True)
        )

    def peeked(X, train, mean, std, tolerance=1e-8):
        away = off(mean, X[train].mean(axis=0), tolerance)
        return away or off(std, X[train].std(axis=0), tolerance)

    def rule(s=shared, c=copies, p=peeked):
        def audit_(X, train, test, mean, std):
            return s(train, test), c(X, train, test), bool(p(X, train, mean, std))

        return audit_

    def equal(X, train, test):
        return X[test][:, None] == X[train][None]

    verify(
        "audit",
        function,
        cases,
        rule(),
        parts=("shared", "copies", "peeked"),
        mistakes=[
            (
                "`copies` counts pairs: a test row that equals several training rows "
                "counts once.",
                rule(c=lambda X, a, b: int(equal(X, a, b).all(2).sum())),
            ),
            (
                "`copies` counts rows with one entry in common: all must agree.",
                rule(c=lambda X, a, b: int(equal(X, a, b).any(2).any(1).sum())),
            ),
            (
                "`copies` counts training rows; test rows are asked for.",
                rule(c=lambda X, a, b: int(equal(X, a, b).all(2).any(0).sum())),
            ),
            (
                "`copies` counts equal rows within the whole table: only those that a "
                "test row shares with the training part are a leak.",
                rule(c=lambda X, a, b: len(X) - len(np.unique(X, axis=0))),
            ),
            (
                "`copies` counts each different row once: the indices of `test` are "
                "asked for.",
                rule(c=lambda X, a, b: len({*rows(X, a)} & {*rows(X, b)})),
            ),
            (
                "`copies` leaves out the shared indices: their rows are equal, too.",
                rule(
                    c=lambda X, a, b: copies(
                        X, a, np.array([i for i in b if i not in a])
                    )
                ),
            ),
            ("`copies` is always 0.", rule(c=lambda X, a, b: 0)),
            (
                "`shared` counts places in which both arrays hold the same index: "
                "compare each index with all others.",
                rule(s=lambda a, b: sum(x == y for x, y in zip(a, b, strict=False))),
            ),
            ("`shared` is always 0.", rule(s=lambda a, b: 0)),
            (
                "`shared` and `copies` are the same number here: equal rows are not "
                "equal indices.",
                lambda X, a, b, mean, std: (
                    copies(X, a, b),
                    copies(X, a, b),
                    peeked(X, a, mean, std),
                ),
            ),
            (
                "`peeked` looks at the mean only; the standard deviation can leak, "
                "too.",
                rule(p=lambda X, a, mean, std: off(mean, X[a].mean(0))),
            ),
            (
                "`peeked` looks at the standard deviation only; the mean can leak, "
                "too.",
                rule(p=lambda X, a, mean, std: off(std, X[a].std(0))),
            ),
            (
                "`peeked` is the wrong way round: True stands for a leak.",
                rule(p=lambda X, a, mean, std: not peeked(X, a, mean, std)),
            ),
            (
                "`peeked` compares with all examples: a scaler that saw only the "
                "training part differs from them, too. Compare with the training part.",
                rule(p=lambda X, a, mean, std: peeked(X, np.arange(len(X)), mean, std)),
            ),
            (
                "`peeked` is True only if mean and std agree with those of all "
                "examples: there are other ways to be wrong.",
                rule(
                    p=lambda X, a, mean, std: (
                        not peeked(X, np.arange(len(X)), mean, std)
                    )
                ),
            ),
            (
                "`peeked` needs mean and std both to be off: one is enough.",
                rule(
                    p=lambda X, a, mean, std: (
                        off(mean, X[a].mean(0)) and off(std, X[a].std(0))
                    )
                ),
            ),
            (
                "`peeked` takes a rounding error for a leak: compare with a tolerance.",
                rule(p=lambda X, a, mean, std: peeked(X, a, mean, std, 0)),
            ),
            (
                "`peeked` compares with the standard deviation that divides by N − 1.",
                rule(
                    p=lambda X, a, mean, std: (
                        off(mean, X[a].mean(0)) or off(std, X[a].std(0, ddof=1))
                    )
                ),
            ),
            ("`peeked` is always False.", rule(p=lambda X, a, mean, std: False)),
            ("`peeked` is always True.", rule(p=lambda X, a, mean, std: True)),
        ],
    )


def choose(function: Callable, seed: int = 0) -> None:
    """Check `choose(accuracy, settings)` → (best, result), and what it asks for."""
    name, settings = "choose", [1, 3, 5, 9, 15]
    rng = np.random.default_rng(seed)
    # No two accuracies of a part are equal, but where a tie is wanted.
    tables = {
        "the parts disagree": {
            "train": [1.0, 0.95, 0.92, 0.9, 0.85],
            "validation": [0.7, 0.75, 0.8, 0.9, 0.6],
            "test": [0.72, 0.78, 0.93, 0.86, 0.5],
        },
        "two settings are equally good": {
            "train": [0.9, 0.8, 0.97, 0.7, 0.6],
            "validation": [0.6, 0.85, 0.7, 0.85, 0.5],
            "test": [0.55, 0.75, 0.95, 0.8, 0.45],
        },
        "the best is the last": {
            "train": [0.99, 0.95, 0.9, 0.85, 0.8],
            "validation": [0.5, 0.6, 0.65, 0.7, 0.8],
            "test": [0.5, 0.8, 0.65, 0.75, 0.7],
        },
    }
    for label, table in tables.items():
        shift = float(rng.uniform(0, 0.03))
        scores = {part: [v - shift for v in row] for part, row in table.items()}
        asked: list[tuple] = []

        def accuracy(setting, part, scores=scores, asked=asked):
            if part not in scores:
                raise ValueError(f"part {part!r} is unknown: {', '.join(scores)}")
            asked.append((part, setting))
            return scores[part][settings.index(setting)]

        result = call(function, accuracy, list(settings), name=name)
        if hint := _choice_fault(result, settings, scores, asked):
            raise CheckFailed(f"✗ {name} ({label})\nLikely mistake: {hint}")
    passed(name, len(tables))


def _choice_fault(result: Any, settings: list, scores: dict, asked: list) -> str:
    """Return what is wrong with the choice, the report, or the questions."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        return "the pair (best, result) is expected."
    best, value = result
    row = scores["validation"]
    right = settings[row.index(max(row))]
    tested = [setting for part, setting in asked if part == "test"]
    picks = {
        "test": "it is chosen by the test part: then the test is no longer a test of "
        "something unseen.",
        "train": "it is chosen by the training part, where the most flexible model "
        "always looks best.",
    }
    if best != right:
        for part, text in picks.items():
            if best == settings[scores[part].index(max(scores[part]))]:
                return f"best is {best}, {right} is expected: {text}"
        if best == settings[row.index(min(row))]:
            return f"best is {best}: the setting with the lowest accuracy is chosen."
        if best in settings and row[settings.index(best)] == max(row):
            return (
                f"best is {best}: {right} is equally good on the validation part, and "
                "smaller."
            )
        if best == settings.index(right):
            return f"best is {best}: that is the place in the list, not the setting."
        return f"best is {best!r}; {right} is expected."
    if len(tested) > 1:
        return (
            f"the test part was asked {len(tested)} times. It is asked once, when "
            "everything is chosen."
        )
    if not tested:
        what = "the validation part's" if value == max(row) else "not the test part's"
        return (
            f"the accuracy that you report is {what}, and the test part was never "
            "asked: the best of several scores is too good, because it was chosen."
        )
    if tested != [right]:
        return f"the test part was asked about {tested[0]}, not about the chosen one."
    if value != scores["test"][settings.index(right)]:
        what = "the validation part's" if value == max(row) else "another number"
        return f"the accuracy that you report is {what}; report the test part's."
    return ""


def _two_parts(name: str, result: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return (train, test) as integer arrays, or say what came instead."""
    if result is None:
        raise CheckFailed(f"✗ {name}: your function returns None: is return missing?")
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise CheckFailed(f"✗ {name}: the pair (train, test) is expected.")
    parts = [np.asarray(part) for part in result]
    for what, part in zip(("train", "test"), parts, strict=True):
        if part.ndim != 1 or (part.size and part.dtype.kind not in "iu"):
            hint = " (a mask?)" if part.dtype.kind == "b" else ""
            raise CheckFailed(
                f"✗ {name}: {what} must be a 1-D array of integer indices; "
                f"{part.dtype} of shape {part.shape} came{hint}."
            )
    return parts[0].astype(int), parts[1].astype(int)


def _partition_fault(train: np.ndarray, test: np.ndarray, N: int) -> str:
    """Return what keeps two parts from holding each of N examples exactly once."""
    both = np.concatenate([train, test])
    if both.size and (both.min() < 0 or both.max() >= N):
        return f"indices run from 0 to {N - 1}; {both.min()} to {both.max()} came."
    if overlap := len(np.intersect1d(train, test)):
        return (
            f"{overlap} examples are in both parts: the test would ask for what was "
            "learned. Draw one order and cut it."
        )
    for what, part in (("training", train), ("test", test)):
        if twice := len(part) - len(np.unique(part)):
            return (
                f"the {what} part holds {twice} examples twice: drawn with replacement?"
            )
    if missing := N - len(both):
        return f"{missing} of {N} examples are in neither part."
    return ""


def _chance_fault(split: Callable, N: int) -> str:
    """Return what is wrong with the chance in a split; `split(i)` takes rng i."""
    test, again, other = (np.sort(split(i)[1]) for i in (0, 0, 1))
    if not np.array_equal(test, again):
        return (
            "the same rng seed gives another split: take all chance from the rng that "
            "is passed."
        )
    if np.array_equal(test, other):
        if np.array_equal(test, np.arange(N - len(test), N)):
            return (
                "the test part is always the last rows: data are often sorted by "
                "class or date, so shuffle first."
            )
        if np.array_equal(test, np.arange(len(test))):
            return (
                "the test part is always the first rows: data are often sorted by "
                "class or date, so shuffle first."
            )
        return "another rng gives the same split: use the rng that is passed."
    if len(test) > 2 and np.ptp(test) == len(test) - 1:
        return (
            "the test part is a block of neighbors that begins at a random place: "
            "shuffle the examples, not the cut."
        )
    return ""


def _class_fault(y, parts, train, test) -> str:
    """Return what is wrong with a stratified split: classes, counts, indices."""
    labels, counts = np.unique(y, return_counts=True)
    both = np.concatenate([train, test])
    if len(both) == len(y) and both.max(initial=0) < counts.max() < len(y):
        return (
            "these are places within a class, from 0 to its size: return the indices "
            "into y (np.flatnonzero(y == c) knows them)."
        )
    unused = [int(c) for c in labels if not np.isin(both, np.flatnonzero(y == c)).any()]
    if unused:
        return (
            f"class {unused[0]} occurs in neither part: go through the classes that "
            "occur in y, not through 0, 1, 2, …"
        )
    if hint := _partition_fault(train, test, len(y)):
        return hint
    got = [int((y[test] == c).sum()) for c in labels]
    want = [int(c) // parts for c in counts]
    if got == want:
        return ""
    kinds = {
        "rounded up; ⌊c / parts⌋ rounds down.": [-(-int(c) // parts) for c in counts],
        "rounded to the nearest; ⌊c / parts⌋ rounds down.": [
            round(int(c) / parts) for c in counts
        ],
        "at least one of each class is forced; ⌊c / parts⌋ may be 0.": [
            max(w, 1) for w in want
        ],
        "the parts are exchanged: (train, test) is the order.": [
            int(c) - w for c, w in zip(counts, want, strict=True)
        ],
        "`parts` is taken for the number of test examples of each class.": [
            min(parts, int(c)) for c in counts
        ],
        "the same number for each class: the share should be the same.": [
            len(y) // parts // len(labels)
        ]
        * len(labels),
    }
    pairs = ", ".join(f"{c}: {g}" for c, g in zip(labels, got, strict=True))
    asked = ", ".join(f"{c}: {w}" for c, w in zip(labels, want, strict=True))
    hint = next((text for text, numbers in kinds.items() if numbers == got), "")
    if not hint and abs(sum(got) - len(y) // parts) <= len(labels):
        hint = "the split is not stratified: the whole is cut, not each class."
    tail = f"{hint} " if hint else ""
    return f"{tail}Test examples per class: {pairs}; expected {asked}."
