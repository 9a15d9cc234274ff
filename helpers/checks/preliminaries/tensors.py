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

from ..core import Case, CheckFailed, verify

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
