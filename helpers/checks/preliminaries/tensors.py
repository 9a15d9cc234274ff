"""Checks of the sheet `preliminaries/tensors`: warm-ups on PyTorch's tensors.

Each step is a reference that carries its slips (`helpers.checks.engine`); the visible
cell and the hidden test differ in the seed only. References and cases are arrays, and
the student's function gets tensors: so this file loads without PyTorch.
"""

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Case, CheckFailed, Step
from ..engine.message import failed
from ..engine.observers import on_tensors


class _OnTensors:
    """The student's function, called with tensors for arrays; arrays come back."""

    def __init__(self, function: Callable) -> None:
        self.function, self.types = function, []

    def __getattr__(self, name: str) -> Any:  # for messages: where the code stands
        return getattr(self.function, name)

    def __call__(self, *args: Any) -> Any:
        import torch

        value = on_tensors(self.function, args)
        if isinstance(value, torch.Tensor):
            own = str(torch.from_numpy(args[0]).dtype)
            self.types.append((str(value.dtype), own))
            return value.detach().cpu().numpy()
        if _is_array(value):
            raise CheckFailed(
                "✗ a NumPy array came.\nLikely mistake: a torch tensor is expected."
            )
        return value


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)


def _of_arrays(reference: Callable) -> Callable:
    """Return a reference that takes tensors, too, and then returns a tensor."""

    def either(slip, first, *rest):
        if _is_array(first):
            return reference(slip, first, *rest)
        import torch

        arrays = [a.numpy() if hasattr(a, "numpy") else a for a in (first, *rest)]
        out, kind = np.asarray(reference(slip, *arrays)), arrays[0].dtype
        kept = kind.kind == "f" or out.dtype == kind
        return torch.tensor(out.astype(kind if kept else np.float32))

    return either


@dataclass
class TensorStep(Step):
    """A step whose answer works on tensors; `dtype` is judged last.

    A wrong type is a smaller mistake than a wrong value, and often its consequence.
    Without a `dtype` that of the first argument is asked for.
    """

    dtype: str = ""

    def __call__(self, answer: Callable, seed: int = 0) -> None:
        """Check an answer, as `Step`."""
        on_tensors = _OnTensors(answer) if callable(answer) else answer
        with contextlib.redirect_stdout(io.StringIO()) as said:
            super().__call__(on_tensors, seed)
        for came, given in on_tensors.types:
            if came != (self.dtype or given):
                text = f"{came} came, {self.dtype or given} is asked for."
                head = f"✗ {self.name}: right values, wrong type."
                raise failed(self, f"{head}\nLikely mistake: {text}")
        print(said.getvalue(), end="")


@_of_arrays
def _to_rows(slip, images):
    N = len(images)
    x = images.astype(float)
    x = slip(x, columns=x.transpose(0, 2, 1), upside_down=x[:, ::-1])
    rows = slip(x.reshape(N, -1), mixed=x.reshape(-1, N).T, turned=x.reshape(-1, N))
    rows = slip(rows, one_row=x.reshape(-1), images=x)
    low, own = (f(x.reshape(N, -1), 1)[:, None] for f in (np.min, np.max))
    top = slip(255.0, none=1.0, by_256=256.0, by_max=x.max(), own=own)
    rows = slip(rows / top, whole=rows // 255)
    spread = (rows - rows.min()) / (rows.max() - rows.min())
    rows = slip(rows, squeezed=np.squeeze(rows))
    stretched = (x.reshape(N, -1) - low) / (own - low)
    return slip(rows, signed=2 * rows - 1, min_max=spread, stretched=stretched)


def _to_rows_cases(rng) -> Iterator[Case]:
    for shape in ((3, 4, 5), (2, 6, 3), (5, 4, 4), (1, 3, 4)):
        images = rng.integers(3, 250, shape, dtype=np.uint8)  # no 255: max is not 255
        yield Case(f"{shape[0]} images of {shape[1:]}", {"images": images})


to_rows = TensorStep(
    "to_rows",
    _to_rows,
    _to_rows_cases,
    dtype="torch.float32",
    texts={
        "columns": "the pixels are read column by column; the rows come first.",
        "upside_down": "the rows come from the bottom: the top row is the first.",
        "mixed": "reshaped to (height · width, N), then transposed: this mixes images.",
        "squeezed": "the axis of a batch of one image is gone: it is a batch, too.",
        "turned": "reshaped to (height · width, N): the first axis counts the images.",
        "one_row": "all images end up in one row: one row for each image.",
        "images": "the images are not flattened: one row for each image.",
        "none": "the values are still 0…255: they are not divided.",
        "by_256": "divided by 256: the largest value is 255, and should become 1.",
        "by_max": "divided by the largest value that occurs: 255 is the possible one.",
        "own": "each image is divided by its own largest value: 255 for all.",
        "whole": "integer division: every value becomes 0.",
        "signed": "scaled to −1…1; 0…1 is asked for.",
        "min_max": "scaled by the values that occur: 0 and 255 are the limits.",
        "stretched": "each image is stretched by its own extremes: 0 and 255 for all.",
    },
    demands={
        "one row of numbers per image": ["turned", "one_row", "squeezed"],
        "Height and width may differ": ["3 images of (4, 5)"],
        "values 0…1": ["none", "by_256", "by_max", "signed"],
        "in the order of its rows, from the top": ["columns", "upside_down"],
    },
    why="A linear layer takes rows of numbers, one for each example. Reshape keeps "
    "the order in memory, in which the last axis runs fastest: so an image "
    "becomes its rows, one after the other. The scale must be the same for all "
    "batches, or a pixel would mean another brightness each time.",
    see="Tensors",
    goal="predict the shape of a result from the shapes of its parts",
)


@_of_arrays
def _one_hot(slip, y, k):
    right = np.eye(k)[y]
    shifted = {"left": np.eye(k)[y - 1], "right": np.eye(k)[(y + 1) % k]}
    from_1 = (y[:, None] == np.arange(1, k + 1)) * 1.0
    code = slip(right, **shifted, from_1=from_1, largest=np.eye(y.max() + 1)[y])
    code = slip(code, columns=right.T, label=right * y[:, None], inverted=1 - right)
    every, ranks = right.max(0) + 0 * right, np.unique(y, return_inverse=True)[1]
    code = slip(code, ranked=np.eye(k)[ranks])
    return slip(code, ten=np.eye(10)[y], up_to=np.tri(k)[y], all_rows=every)


def _one_hot_cases(rng) -> Iterator[Case]:
    for label, y, k in (
        ("7 labels, 4 classes", rng.permutation([0, 1, 2, 3, 0, 2, 2]), 4),
        ("the highest class does not occur", rng.integers(0, 4, 6), 5),
        ("as many labels as classes", np.array([1, 2, 0, 2]), 4),
        ("more classes than labels", np.array([5, 3]), 8),
    ):
        yield Case(label, {"y": y.astype(np.int64), "k": k})


one_hot = TensorStep(
    "one_hot",
    _one_hot,
    _one_hot_cases,
    dtype="torch.float32",
    texts={
        "left": "the 1 stands one place too far to the left: classes count from 0.",
        "right": "the 1 stands one place too far to the right: classes count from 0.",
        "largest": "k is ignored: the largest label that occurs gives the columns.",
        "from_1": "classes are counted from 1, and class 0 has no 1: count from 0.",
        "ranked": "the classes that occur are numbered anew: each keeps its number.",
        "columns": "columns of the identity matrix were picked: a row for each label.",
        "label": "the label itself stands where the 1 belongs.",
        "inverted": "0 and 1 are exchanged.",
        "ten": "the number of columns is fixed at 10, not k.",
        "up_to": "1 in every place up to the label: only its own place is 1.",
        "all_rows": "the 1s of all labels stand in each row: row i needs its own y[i].",
    },
    demands={
        "a 1 at place $c$, counted from 0": ["left", "right", "from_1", "label"],
        "and 0 everywhere else": ["up_to", "all_rows", "inverted"],
        "Some classes may not occur in it": ["largest", "ranked"],
        "shape `(N, k)`": ["columns", "ten"],
    },
    why="A class number is a name, not an amount: class 4 is not twice class 2. With "
    "a place of its own for each class, all are equally far from each other, and "
    "a network has one output for each. The number of columns belongs to the "
    "task, not to the batch at hand.",
    see="Tensors",
    goal="predict the shape of a result from the shapes of its parts",
)


EPSILON = {k: 10.0**-k for k in (3, 5, 6)}


@_of_arrays
def _standardize(slip, X):
    axis = slip("columns", rows="rows", table="table")
    axis = {"columns": 0, "rows": 1, "table": None}[axis]
    mean, s = X.mean(axis, keepdims=True), X.std(axis, keepdims=True)
    mean = slip(mean, median=np.percentile(X, 50, axis, method="lower", keepdims=True))
    less_1 = X.std(axis, ddof=1, keepdims=True)
    s = slip(s, less_1=less_1, var=s**2, range=np.ptp(X, axis, keepdims=True))
    s = slip(s, absolute=abs(X - X.mean(axis)).mean(axis, keepdims=True))
    s = slip(s, **{f"eps_{k}": s + e for k, e in EPSILON.items()})
    roots = {f"eps_root_{k}": np.sqrt(s**2 + e) for k, e in EPSILON.items()}
    square = (X * X).mean(axis, keepdims=True) - mean * mean
    s = slip(s, **roots, cancels=np.sqrt(np.where(s > 0, square, 0).clip(0)))
    still = s == 0
    s = slip(np.where(still, 1, s), nan=s, least_1=np.maximum(s, 1))
    Z = slip((X - mean) / s, no_mean=X / s, no_std=X - mean + 0 * s)
    Z = slip(Z, skipped=np.where(still, X, Z))
    low, span = X.min(0), np.where(np.ptp(X, 0), np.ptp(X, 0), 1)
    return slip(Z, loose=X - mean / s, late=X / s - mean, min_max=(X - low) / span)


def _standardize_cases(rng) -> Iterator[Case]:
    for label, N, n in (
        ("5 examples, 3 columns", 5, 3),
        ("as many examples as columns", 4, 4),
        ("a column in which all numbers are equal", 6, 4),
    ):
        scale = np.append(0.2, rng.uniform(1, 30, n - 1))
        X = rng.normal(size=(N, n)) * scale + rng.normal(size=n) * 9
        X[:, 2] = 0.5 if N == 6 else X[:, 2]
        yield Case(label, {"X": X}, {"N": N})
    X = rng.permuted(5000 + np.array([[-3, -8], [-1, 1], [2, 3], [2, 4]]), axis=0)
    yield Case("float32, far from 0", {"X": X.astype(np.float32)}, {"N": 4})


standardize = TensorStep(
    "standardize",
    _standardize,
    _standardize_cases,
    texts={
        "rows": "mean and deviation are taken over each row, not over each column.",
        "table": "one mean and deviation for the whole table: each column has its own.",
        "less_1": "the standard deviation divides by N − 1, torch's default: take N.",
        "var": "divided by the variance: the square root is missing.",
        "range": "divided by the range (largest minus smallest), not by the deviation.",
        "absolute": "divided by the mean distance from the mean: nothing is squared.",
        "min_max": "scaled to 0…1: mean and standard deviation are asked for.",
        "cancels": "the square of the mean is taken from the mean square: far from 0 "
        "both are nearly equal, and rounding is left.",
        "skipped": "a column of equal numbers stays as it was: zeros are asked for.",
        "least_1": "a deviation below 1 is taken for 1: only one of 0 is replaced.",
        "nan": "where all numbers are equal, 0 is divided by 0: zeros are asked for.",
        "no_mean": "the mean is not subtracted.",
        "median": "the median is subtracted, not the mean.",
        "no_std": "the columns are centered, but not divided.",
        "loose": "only the mean is divided: parentheses are missing.",
        "late": "divided first, and the mean of before is subtracted: subtract first.",
    }
    | {
        f"eps_{k}": f"{e:g} is added to the deviation: only one of 0 is replaced."
        for k, e in EPSILON.items()
    }
    | {
        f"eps_root_{k}": f"{e:g} is added under the root: only a 0 is replaced."
        for k, e in EPSILON.items()
    },
    demands={
        "from each column subtract its mean": ["rows", "table", "no_mean", "late"],
        "then divide by its standard deviation": ["no_std", "range", "var"],
        "divide by $N$, not by $N - 1$": ["less_1"],
        "becomes zeros, not NaN": ["nan", "skipped", "eps_5"],
        "also of single precision and far from 0": ["float32, far from 0", "cancels"],
        "`X` stays as it was": ["5 examples, 3 columns"],
    },
    why="Features come in meters, years and dollars; after this step all have mean 0 "
    "and deviation 1, and none weighs more because of its unit. A column that never "
    "changes has the deviation 0 and says nothing: zeros are what is left of it.",
    see="Tensors",
    goal="predict the shape of a result from the shapes of its parts",
    small=lambda: Case("", {"X": np.array([[1.0, 10.0], [3.0, 10.0]])}),
)


def _paired(A, B):
    return ((A - B) ** 2).sum(1)


@_of_arrays
def _squared_distances(slip, A, B):
    B = slip(B, reshaped=B.reshape(B.shape[::-1]).T)
    e = A[:, None] - B
    axis = slip(2, over_B=1, over_A=0)
    terms = slip(e**2, absolute=np.abs(e), sum=e)
    d = slip(terms.sum(axis), mean=terms.mean(axis), sum_squared=e.sum(axis) ** 2)
    d = slip(d, root=np.sqrt(np.abs(d)))
    squares = (A**2).sum(1)[:, None] + (B**2).sum(1)
    d = slip(d, not_summed=e**2, dot=A @ B.T, no_dot=squares)
    d = slip(d, no_a=d - (A**2).sum(1)[:, None], no_b=d - (B**2).sum(1))
    return slip(d, one_dot=squares - A @ B.T, plus_dot=squares + 2 * A @ B.T)


def _squared_distances_cases(rng) -> Iterator[Case]:
    for m, p, n in ((4, 3, 2), (3, 3, 3), (2, 5, 4)):
        args = {"A": rng.normal(size=(m, n)), "B": rng.normal(size=(p, n))}
        yield Case(f"{m} and {p} rows of {n} numbers", args)


ALONE = "A − B pairs row i of A with row i of B only: insert axes of length 1."
squared_distances = TensorStep(
    "squared_distances",
    _squared_distances,
    _squared_distances_cases,
    mistakes=[(ALONE, _paired), (ALONE, lambda A, B: (A - B) ** 2)],
    texts={
        "reshaped": "B is reshaped, not transposed: that mixes its rows.",
        "over_B": "the sum runs over the rows of B: sum over the features.",
        "over_A": "the sum runs over the rows of A: sum over the features.",
        "mean": "the mean over the features; their sum is asked for.",
        "absolute": "absolute differences are added up; their squares are asked for.",
        "sum_squared": "the sum is squared; the squares are summed.",
        "sum": "the differences are not squared before they are added up.",
        "root": "these are the distances: the square root is not asked for.",
        "not_summed": "the squares are not yet added up over the features.",
        "dot": "these are the dot products of the rows, not their distances.",
        "no_a": "the squares of A's rows are missing.",
        "no_b": "the squares of B's rows are missing.",
        "no_dot": "the product term −2 a·b is missing.",
        "one_dot": "the product term has the factor 1; it is −2 a·b.",
        "plus_dot": "the product term has the wrong sign, or a and b are added.",
    },
    demands={
        "\\lVert a_i - b_j \\rVert^2": ["root", "dot", "plus_dot"],
        "the sum of the squared differences": ["mean", "absolute", "sum_squared"],
        "shape `(m, p)`": ["over_B", "over_A", "not_summed"],
    },
    why="Nearest neighbors, k-means and many losses need the distances of all pairs. "
    "With an axis of length 1 in each of both tensors, broadcasting forms all "
    "differences at once, and one sum over the last axis remains. A loop in "
    "Python would take much longer.",
    see="Broadcasting",
    goal="predict the shape of a result from the shapes of its parts",
    small=lambda: Case(
        "", {"A": np.array([[0.0, 0.0], [3.0, 4.0]]), "B": np.array([[0.0, 1.0]])}
    ),
)


def _product(A, W):
    return A @ W.transpose(0, 2, 1)


@_of_arrays
def _many_layers(slip, A, W, b):
    K, n_out, n_in = W.shape
    A = slip(A, first_A=np.broadcast_to(A[:1], A.shape))
    V = slip(W, reshaped=W.reshape(K, n_in, n_out).transpose(0, 2, 1))
    V = slip(V, first_W=np.broadcast_to(W[:1], W.shape))
    bias = slip(b[:, None], no_bias=0.0, minus=-b[:, None], first_b=b[0])
    AV = _product(A, V)
    Z = slip(AV, over_K=AV.sum(0)) + bias
    Z = slip(Z, first=Z[0], total=Z.sum(0), turned=Z.transpose(0, 2, 1))
    return slip(Z, joined=Z.reshape(-1, n_out))


def _many_layers_cases(rng) -> Iterator[Case]:
    for label, K, m, n_in, n_out in (
        ("3 networks, 5 examples, 4 → 2", 3, 5, 4, 2),
        ("as many examples as networks", 3, 3, 4, 2),
        ("as many outputs as inputs", 3, 5, 3, 3),
        ("one network, as many examples as outputs", 1, 2, 3, 2),
    ):
        A, W = rng.normal(size=(K, m, n_in)), rng.normal(size=(K, n_out, n_in))
        yield Case(label, {"A": A, "W": W, "b": rng.normal(size=(K, n_out))})


BIAS_AXIS = "the bias meets the wrong axis: that of examples, not that of networks."
BIAS_END = "the bias runs along the examples: each output has its own."
NOT_TURNED = "the weights are not transposed: W[i] has shape (n_out, n_in)."
ALL_TURNED = "`.T` reverses all three axes: exchange the last two only."
many_layers = TensorStep(
    "many_layers",
    _many_layers,
    _many_layers_cases,
    mistakes=[
        (BIAS_AXIS, lambda A, W, b: _product(A, W) + b),
        (BIAS_END, lambda A, W, b: _product(A, W) + b[..., None]),
        (NOT_TURNED, lambda A, W, b: A @ W + b[:, None]),
        (ALL_TURNED, lambda A, W, b: A @ W.T + b[:, None]),
    ],
    texts={
        "over_K": "the products are summed over the networks.",
        "reshaped": "reshape is not a transpose: it mixes the weights.",
        "first_A": "every network gets the examples of the first one.",
        "first_W": "every network has the weights of the first one.",
        "no_bias": "the bias is missing.",
        "minus": "the bias is subtracted; it is added.",
        "first_b": "every network has the bias of the first one.",
        "first": "only the first network is computed.",
        "total": "the networks are summed up: their axis is gone.",
        "turned": "outputs and examples are exchanged: (K, m, n_out) is asked for.",
        "joined": "the networks are put below each other: their axis is gone.",
    },
    demands={
        "A layer of a network computes": ["no_bias", "minus", "reshaped"],
        "for $K$ independent networks": ["first_W", "first_b", "first", "over_K"],
        "Returns a tensor of shape `(K, m, n_out)`": ["turned", "joined"],
        "Mind the shape of the bias": ["as many examples as networks"],
    },
    why="A batched product multiplies the matrices of the last two axes, one pair for "
    "each network. Broadcasting aligns shapes from the right: a bias of shape (K, "
    "n_out) would be taken for one row for each example. An axis of length 1 in "
    "the middle says what is meant.",
    see="Broadcasting",
    goal="predict the shape of a result from the shapes of its parts",
)


@_of_arrays
def _framed(slip, images, value):
    def painted(*places):
        out = images.copy()
        for place in places:
            out[place] = value
        return out

    all_, ends, inner = slice(None), [0, -1], slice(1, -1)
    rows, columns = (all_, ends), (all_, all_, ends)
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1)), constant_values=value)
    corners = [(all_, i, j) for i in ends for j in ends]
    out = slip(painted(rows, columns), rows=painted(rows), columns=painted(columns))
    out = slip(out, first=painted((all_, 0), (all_, all_, 0)), around=wide)
    out = slip(out, last=painted((all_, -1), (all_, all_, -1)))
    out = slip(out, corners=painted(*corners), pairs=painted((all_, ends, ends)))
    height, width = ([0, n - 1] for n in images.shape[1:])
    out = slip(
        out,
        height=lambda: painted(rows, (all_, all_, height)),
        width=lambda: painted((all_, width), columns),
    )
    sides = {"first row": (all_, 0), "last row": (all_, -1)}
    sides |= {"first column": (all_, all_, 0), "last column": (all_, all_, -1)}
    three = {n: painted(*(p for m, p in sides.items() if m != n)) for n in sides}
    out = slip(out, **three, short_row=painted((all_, [0, -2]), columns))
    out = slip(out, short_column=painted(rows, (all_, all_, [0, -2])))
    short = painted((all_, 0), (all_, all_, 0), (all_, -2), (all_, all_, -2))
    out = slip(out, short=short, whole=painted((ends,), rows), nothing=images)
    ring = painted((all_, [1, -2]), (all_, all_, [1, -2]))
    from_1 = painted((all_, [1, -1]), (all_, all_, [1, -1]))
    out = slip(out, ring=ring, from_1=from_1, filled=painted((ends,), rows, columns))
    inside = painted((all_, inner, inner))
    out = slip(out, inside=inside, cut=images[:, inner, inner])
    return slip(out, full=np.full_like(images, value))


def _framed_cases(rng) -> Iterator[Case]:
    for shape, value in (((2, 5, 4), 7.0), ((3, 4, 6), 0.0), ((4, 6, 6), -2.0)):
        args = {"images": rng.uniform(1, 5, shape), "value": value}
        yield Case(f"{shape[0]} images of {shape[1:]}, value {value}", args)
    images = rng.integers(10, 250, (2, 4, 4), dtype=np.uint8)
    yield Case("images of type uint8", {"images": images, "value": 3})


framed = TensorStep(
    "framed",
    _framed,
    _framed_cases,
    texts={
        "rows": "only the first and the last row are set: the columns are missing.",
        "columns": "only the first and the last column are set: the rows are missing.",
        "first": "only the first row and the first column are set, not the last ones.",
        "corners": "only the four corners are set.",
        "pairs": "two lists of indices were taken in pairs: only two corners are set.",
        "height": "the last column is sought at the height: an image may be oblong.",
        "width": "the last row is sought at the width: an image may be oblong.",
        "last": "only the last row and the last column are set, not the first ones.",
        "around": "the frame is put around the images: they have grown.",
        "short_row": "the last row is missed by one: −1 is the last place.",
        "short_column": "the last column is missed by one: −1 is the last place.",
        "short": "the last row and column are missed by one: −1 is the last place.",
        "whole": "the first axis counts the images: whole images are set.",
        "ring": "the second and the last but one are set: 0 is first, −1 last.",
        "from_1": "row 1 and column 1 are set: the first ones are number 0.",
        "filled": "the first and the last image are set as a whole: to a frame only.",
        "nothing": "nothing is set: these are the images as they came.",
        "inside": "the inside is set to the value, not the frame.",
        "full": "all pixels are set, not only the outermost ones.",
        "cut": "the frame is cut off: it is to be set to the value.",
    }
    | {
        f"{end} {line}": f"the {end} {line} is not set."
        for end in ("first", "last")
        for line in ("row", "column")
    },
    demands={
        "first and last row, first and last column": ["rows", "columns", "corners"],
        "their outermost pixels": ["inside", "full", "short"],
        "a tensor of the same shape and type": ["around", "images of type uint8"],
        "`images` stays as it was": ["2 images of (5, 4), value 7.0"],
    },
    why="A slice is a view: it has no numbers of its own, and who writes into it "
    "writes into the original. That makes slices cheap, and an unwanted change easy. "
    "So copy first, and then set the four edges of the copy, for all images at once.",
    see="Views, copies, devices",
    goal="predict the shape of a result from the shapes of its parts",
    small=lambda: Case("", {"images": np.ones((1, 3, 3)), "value": 9.0}),
)
