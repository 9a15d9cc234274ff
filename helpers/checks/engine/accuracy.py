"""Steps that are judged by the accuracy that they reach on unseen examples."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .message import passed
from .running import CheckFailed, call, wrap

SMALL, FEW = 200, 40  # images for training and unseen ones, where only facts count


@functools.lru_cache(maxsize=2)
def shapes(seed: int) -> tuple[np.ndarray, ...]:
    """Return 1,500 shapes for training and 1,000 for the test: x, y, x_test, y_test."""
    from helpers.data import shapes

    x, y = shapes(n=2500, seed=seed).train
    return x[:1500], y[:1500], x[1500:], y[1500:]


@functools.lru_cache(maxsize=1)
def digits() -> tuple[np.ndarray, ...]:
    """Return the embedded digits as (m, 28, 28), 0…255: x, y, x_test, y_test."""
    from helpers.data import digits
    from helpers.data.standins import enlarge_digits

    small = digits()
    x, x_test = (enlarge_digits(part.x) for part in (small.train, small.test))
    return x.astype(np.float32), small.train.y, x_test.astype(np.float32), small.test.y


def reaches(name: str, guess: Any, y: np.ndarray, bar: float, what: str, low="") -> str:
    """Check the share of right guesses; `low` says what a low one comes from.

    Raises
    ------
    CheckFailed
        It is lower than `bar`.
    """
    share = float(np.mean(guess == y))
    if share >= bar:
        passed(f"{name}, accuracy {share:.3f}", len(y), f"unseen {what}")
        return
    if len(np.unique(guess)) == 1:
        low = f"every image gets the class {np.unique(guess)[0]}: nothing was learned."
    elif share < 0.17:
        low = (
            "this is no better than guessing. Is the optimizer's step taken, and on "
            "this model? Do the labels still belong to their images, and are the "
            "unseen images prepared like those of the training?"
        )
    low = low or "the network learns too little: are there enough epochs?"
    raise _failed(
        f"{name}: accuracy {share:.3f} on {len(y):,} unseen {what}s; at least {bar} is "
        "expected.",
        low,
    )


def _failed(head: str, cause: str) -> CheckFailed:
    return CheckFailed("\n".join([f"✗ {head}", *wrap("Likely mistake: ", cause)]))


def classifies(
    name: str, function: Callable, seed: int, bar: float, low="", linear: bool = False
) -> np.ndarray:
    """Check f(images, labels, unseen, seed), class numbers of unseen shapes.

    First, on a few images: the same seed gives the same classes, and the class of an
    image does not depend on the other unseen ones. With `linear` no convolution may
    run (under the grader this cannot be seen). Then the accuracy, as `reaches`.

    Returns
    -------
    numpy.ndarray
        The class numbers of the 1,000 unseen images.
    """
    x, y, x_test, y_test = shapes(seed)
    few, white = x_test[:FEW], np.full_like(x_test[:SMALL], 255)
    with _watched() as names:
        alone = _guess(name, function, x[:SMALL], y[:SMALL], few, seed)
    if linear and names:
        cause = f"a convolution runs ({names[0]}): linear layers only are asked for."
        raise _failed(f"{name}: other layers came.", cause)
    beside = np.concatenate([few, white])
    if (
        np.mean(
            _guess(name, function, x[:SMALL], y[:SMALL], beside, seed)[:FEW] == alone
        )
        < 0.9
    ):
        again = _guess(name, function, x[:SMALL], y[:SMALL], few, seed)
        if np.mean(again == alone) < 0.9:
            cause = "weights or order are not seeded: use the argument `seed`."
            raise _failed(f"{name}: the same seed gives other classes.", cause)
        raise _failed(
            f"{name}: the class of an image depends on the other unseen images.",
            "the unseen images are prepared with their own mean and standard deviation "
            "(those of the training images are asked for, for both sets), or the model "
            "is in training mode while it predicts.",
        )
    guess = _guess(name, function, x, y, x_test, seed)
    reaches(name, guess, y_test, bar, "shape", low)
    return guess


@contextlib.contextmanager
def _watched() -> Iterator[list[str]]:
    """Give a list that gets the name of each convolution that runs in this process."""
    import torch

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            if "conv" in (name := getattr(func, "__name__", "")):
                names.append(name)
            return func(*args, **(kwargs or {}))

    names: list[str] = []
    with Watch():
        yield names


def _guess(name: str, function: Callable, x, y, unseen, seed: int) -> np.ndarray:
    given = {"images": x.copy(), "labels": y.copy(), "unseen": unseen.copy()}
    guess = np.asarray(call(function, *given.values(), seed, name=name))
    for (key, value), old in zip(given.items(), (x, y, unseen), strict=True):
        if not np.array_equal(value, old):
            raise CheckFailed(f"✗ {name}: your function changed {key} in place.")
    if guess.shape != unseen.shape[:1]:
        cause = (
            "these are the outputs of the network: take their argmax over the classes."
            if guess.ndim == 2
            else "the training images are classified, or a minibatch is left out."
        )
        raise _failed(
            f"{name}: shape {guess.shape} came; one class number for each of the "
            f"{len(unseen):,} unseen images is expected.",
            cause,
        )
    if guess.dtype.kind not in "iu":
        text = f"class numbers are integers; numbers of type {guess.dtype} came."
        raise _failed(f"{name}: {text}", text)
    return guess
