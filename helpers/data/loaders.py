"""One loader per data set. Each returns a `Dataset` of NumPy arrays."""

from __future__ import annotations

import gzip
import io
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from helpers.data import fetch, standins
from helpers.data.bundled import bundled
from helpers.data.dataset import Dataset, Split
from helpers.data.registry import REGISTRY, File

_DIGIT_NAMES = tuple("0123456789")
_given: dict[str, None] = {}  # sources of the stand-ins handed out, in order


def load(name: str, **options) -> Dataset:
    """Load a data set by name; `options` go to the loader of that name.

    Raises
    ------
    ValueError
        If there is no such set; the message lists the known names.
    """
    if name not in _LOADERS:
        raise ValueError(f"unknown data set {name!r}; known: {', '.join(names())}")
    return _LOADERS[name](**options)


def names() -> tuple[str, ...]:
    """Return the names that `load` knows."""
    return tuple(_LOADERS)


def standins_given() -> tuple[str, ...]:
    """Return the sources of all stand-ins that this process has loaded."""
    return tuple(_given)


def mnist() -> Dataset:
    """Load handwritten digits: x (60000, 28, 28) uint8 0…255, y (60000,) int64.

    The test part has 10,000 images. Stand-in: the 8×8 digits of `digits`, enlarged.
    """
    files = _read_all(REGISTRY["mnist"].files)
    if files is not None:
        train_x, train_y, test_x, test_y = map(_parse_idx, files)
        train = Split(train_x, train_y.astype(np.int64))
        test = Split(test_x, test_y.astype(np.int64))
        return _real("mnist", train, test, _DIGIT_NAMES)
    small = digits()
    return _standin(
        "mnist",
        Split(standins.enlarge_digits(small.train.x), small.train.y),
        Split(standins.enlarge_digits(small.test.x), small.test.y),
        _DIGIT_NAMES,
        "scikit-learn's 8×8 digits enlarged to 28×28",
        small.licence,
    )


def mnist_folder() -> Path | None:
    """Lay MNIST's files out as ``torchvision.datasets.MNIST(root)`` wants them.

    Returns
    -------
    pathlib.Path or None
        The root, beside the cached files; None where only the stand-in can be had.
    """
    contents = _read_all(REGISTRY["mnist"].files)
    if contents is None:
        return None
    root = fetch.cache_folder() / "torchvision"
    for file, packed in zip(REGISTRY["mnist"].files, contents, strict=True):
        target = root / "MNIST" / "raw" / file.name.removesuffix(".gz")
        if not target.is_file():
            fetch.write_atomically(target, gzip.decompress(packed))
    return root


def mnist_100() -> Dataset:
    """Load MNIST's first 100 training images and 100 test images, ten of each class.

    The test images are those of the literature's "MNIST 100/100" experiment, by their
    index. Stand-in: the same number of the stand-in for `mnist`.
    """
    whole = mnist()
    rows = np.array(_MNIST_TEST_100)
    if whole.is_standin:
        labels = whole.test.y
        rows = np.sort([np.flatnonzero(labels == k)[:10] for k in range(10)], axis=None)
    return replace(
        whole,
        name="mnist_100",
        train=Split(*(values[:100].copy() for values in whole.train)),
        test=Split(*(values[rows] for values in whole.test)),
        source=f"{whole.source}, 100 training and 100 test images",
    )


def cifar10(train_batches: int = 5) -> Dataset:
    """Load small color photographs: x (n, 32, 32, 3) uint8, y (n,) int64.

    Stand-in: `shapes`.

    Parameters
    ----------
    train_batches : int
        How many of the five training batches of 10,000 images to load. If fewer can
        be had, these are returned, and the output, ``source`` and ``is_part`` say so.
    """
    if train_batches not in range(1, 6):
        raise ValueError(f"cifar10: train_batches must be 1…5, not {train_batches!r}")
    test_file, *train_files = REGISTRY["cifar10"].files
    first = _read_all((test_file, train_files[0]))
    if first is None:
        drawn = shapes(n=2000 * train_batches)
        parts = (drawn.train, drawn.test, drawn.classes)
        return _standin("cifar10", *parts, drawn.source, drawn.licence)
    batches = [_parse_cifar(data) for data in first]
    for file in train_files[1:train_batches]:
        data = fetch.read(file)
        if data is not None:
            batches.append(_parse_cifar(data))
    test, *train = batches
    if len(train) < train_batches:
        fetch.say_once(
            f"CIFAR-10: {len(train)} of the {train_batches} training batches asked "
            "for could be had; going on with these."
        )
    together = Split(*(np.concatenate(values) for values in zip(*train, strict=True)))
    loaded = _real("cifar10", together, test, _CIFAR_CLASSES)
    if len(train) == 5:
        return loaded
    return replace(
        loaded,
        source=f"{loaded.source}, {len(train)} of 5 training batches",
        is_part=len(train) < train_batches,
    )


def seeds() -> Dataset:
    """Load wheat kernels: x (210, 7) float64, y (210,) int64 0…2, sorted by class.

    Columns: area, perimeter, compactness, length, width, asymmetry, groove length
    (mm² and mm where they have a unit). There is no test part. Stand-in: iris, which
    has 150 flowers and four columns.
    """
    files = _read_all(REGISTRY["seeds"].files)
    if files is not None:
        classes = ("Kama", "Rosa", "Canadian")
        return _real("seeds", parse_seeds(files[0].decode()), None, classes)
    x, y = bundled("iris")
    train = Split(x, y.astype(np.int64))
    classes = ("setosa", "versicolor", "virginica")
    return _standin("seeds", train, None, classes, "iris (Fisher)", "CC BY 4.0")


def flights() -> Dataset:
    """Load monthly airline passengers 1949–1960, which need no download.

    ``train.x`` (144,) float64 holds thousands of passengers, ``train.y`` (144,) the
    months as datetime64[M]. There is no test part.
    """
    months = np.arange("1949-01", "1961-01", dtype="datetime64[M]")
    passengers = np.array(_PASSENGERS.split(), dtype=np.float64)
    return _real("flights", Split(passengers, months), None, ())


def shakespeare() -> Dataset:
    """Load 1.1 million characters of plays: ``train.x`` is a str, ``train.y`` None.

    Stand-in: the pages of this book.
    """
    return _text("shakespeare")


def sonnets() -> Dataset:
    """Load Shakespeare's sonnets: ``train.x`` is a str, ``train.y`` None.

    Stand-in: the pages of this book.
    """
    return _text("sonnets")


def digits() -> Dataset:
    """Load scikit-learn's handwritten digits: x (n, 8, 8) float64 0…16, y (n,) int64.

    A fixed fifth of each class is the test part. Nothing is downloaded.
    """
    x, y = bundled("digits")
    images, labels = x.reshape(-1, 8, 8), y.astype(np.int64)
    rng = np.random.default_rng(0)
    of_class = [rng.permutation(np.flatnonzero(labels == k)) for k in range(10)]
    is_test = np.zeros(labels.size, bool)
    is_test[np.concatenate([rows[: rows.size // 5] for rows in of_class])] = True
    train = Split(images[~is_test], labels[~is_test])
    test = Split(images[is_test], labels[is_test])
    return _real("digits", train, test, _DIGIT_NAMES)


def shapes(n: int = 2000, size: int = 32, seed: int = 0) -> Dataset:
    """Draw small colored shapes on textured grounds: x (n, size, size, 3) uint8.

    Parameters
    ----------
    n : int
        Number of training pictures; the test part has n // 5 others.
    size : int
        Height and width in pixels, at least 8.
    seed : int
        Equal seeds give equal pictures.
    """
    if n < 10 or size < 8:
        raise ValueError(f"shapes: needs n ≥ 10 and size ≥ 8, not n={n}, size={size}")
    x, y = standins.draw_shapes(n + n // 5, size, seed)
    train, test = Split(x[:n], y[:n]), Split(x[n:], y[n:])
    return _real("shapes", train, test, standins.SHAPES)


def parse_seeds(text: str) -> Split:
    """Read the wheat table; some of its tabs are doubled.

    Raises
    ------
    ValueError
        If a row does not have eight numbers; the message names the row.
    """
    rows = [line.split() for line in text.splitlines() if line.strip()]
    for number, row in enumerate(rows, start=1):
        if len(row) != 8:
            raise ValueError(f"seeds: row {number} has {len(row)} numbers, not 8")
    table = np.array(rows, dtype=np.float64)
    return Split(table[:, :7].copy(), table[:, 7].astype(np.int64) - 1)


def _read_all(files: tuple[File, ...]) -> list[bytes] | None:
    contents = []
    for file in files:
        data = fetch.read(file)
        if data is None:
            return None  # without one file, asking for the others only costs time
        contents.append(data)
    return contents


def _real(name: str, train: Split, test: Split | None, classes) -> Dataset:
    entry = REGISTRY[name]
    return Dataset(name, train, test, classes, entry.source, False, entry.licence)


def _standin(name: str, train, test, classes, what: str, licence: str) -> Dataset:
    title = REGISTRY[name].title
    source = f"stand-in for {title}: {what}"
    fetch.say_once(
        f"S{source[1:]} (neither cache, mirror nor network has {title}; results with "
        "the stand-in say nothing about it)"
    )
    _given[source] = None
    return Dataset(name, train, test, classes, source, True, licence)


def _text(name: str) -> Dataset:
    files = _read_all(REGISTRY[name].files)
    if files is not None:
        return _real(name, Split(files[0].decode(), None), None, ())
    train = Split(standins.course_text(), None)
    return _standin(name, train, None, (), "the text of this course", "MIT")


def _parse_idx(data: bytes) -> np.ndarray:
    """Read a gzipped IDX file of unsigned bytes (the format of MNIST)."""
    raw = gzip.decompress(data)
    header = 4 + 4 * raw[3]  # byte 3 is the number of dimensions
    shape = np.frombuffer(raw[4:header], ">u4")
    return np.frombuffer(raw, np.uint8, offset=header).reshape(shape).copy()


def _parse_cifar(data: bytes) -> Split:
    batch = _ArrayUnpickler(io.BytesIO(data), encoding="bytes").load()
    images = batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Split(np.ascontiguousarray(images), np.array(batch[b"labels"], np.int64))


class _ArrayUnpickler(pickle.Unpickler):
    """Unpickle plain NumPy arrays and nothing else: a pickle could run any code."""

    def find_class(self, module: str, name: str):
        allowed = {
            # The pickles call it numpy.core.multiarray, which NumPy 2 has renamed.
            "_reconstruct": np.empty(0).__reduce__()[0],
            "ndarray": np.ndarray,
            # They also pass 0 and 1 where np.dtype now wants booleans.
            "dtype": lambda code, *_flags: np.dtype(code.decode()),
        }
        if module.split(".")[0] != "numpy" or name not in allowed:
            raise pickle.UnpicklingError(
                f"{module}.{name} is not allowed in data files"
            )
        return allowed[name]


_LOADERS: dict[str, Callable[..., Dataset]] = {
    "mnist": mnist,
    "mnist_100": mnist_100,
    "cifar10": cifar10,
    "seeds": seeds,
    "flights": flights,
    "shakespeare": shakespeare,
    "sonnets": sonnets,
    "digits": digits,
    "shapes": shapes,
}

# fmt: off
_CIFAR_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer",
    "dog", "frog", "horse", "ship", "truck",
)
# fmt: on

# Box, Jenkins: Time Series Analysis, series G. One line per year, 1949 to 1960.
_PASSENGERS = """
112 118 132 129 121 135 148 148 136 119 104 118
115 126 141 135 125 149 170 170 158 133 114 140
145 150 178 163 172 178 199 199 184 162 146 166
171 180 193 181 183 218 230 242 209 191 172 194
196 196 236 235 229 243 264 272 237 211 180 201
204 188 235 227 234 264 302 293 259 229 203 229
242 233 267 269 270 315 364 347 312 274 237 278
284 277 317 313 318 374 413 405 355 306 271 306
315 301 356 348 355 422 465 467 404 347 305 336
340 318 362 348 363 435 491 505 404 359 310 337
360 342 406 396 420 472 548 559 463 407 362 405
417 391 419 461 472 535 622 606 508 461 390 432
"""

# The index into the test set of the "MNIST 100/100" experiment.
# fmt: off
_MNIST_TEST_100 = (
    5925, 6442, 2060, 8214, 1547, 9561, 1560, 3082, 6828, 6467, 4617, 8243, 4579,
    1200, 5510, 4322, 2978, 7288, 1589, 3384, 3709, 5781, 7787, 812, 6639, 7531,
    8939, 5716, 1114, 3553, 520, 9122, 6891, 3730, 7981, 7342, 3529, 619, 4432,
    9778, 6300, 5587, 3198, 4660, 769, 4670, 2387, 2288, 7119, 5719, 5024, 6406,
    7473, 9036, 5540, 2947, 3868, 2332, 7059, 6549, 850, 7336, 5732, 401, 2090,
    3055, 938, 2077, 2894, 7009, 9612, 3378, 5101, 7992, 9080, 8692, 5784, 7908,
    9442, 1602, 4226, 5061, 1365, 7293, 4168, 8754, 772, 4118, 27, 8963, 5759,
    2821, 9064, 981, 1506, 3115, 3796, 8270, 9389, 2925,
)
# fmt: on
