"""Steps that train a network: what they make of their seed, and what accuracy."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .message import passed, unchanged
from .observers import layers_fault, shapes_of
from .running import CheckFailed, call, quiet, stir, with_cause
from .values import kind_of

SMALL = 120  # images for training, and unseen ones, where only facts count


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
    raise failed(
        f"{name}: accuracy {share:.3f} on {len(y):,} unseen {what}s; at least {bar} is "
        "expected.",
        low,
    )


def failed(head: str, cause: str, tail: str = "") -> CheckFailed:
    """Return the failure with its cause, and what was expected."""
    return CheckFailed(with_cause(f"✗ {head}", cause) + tail)


def close(a: np.ndarray, b: np.ndarray) -> bool:
    """Tell whether two networks give the same outputs."""
    return np.allclose(a, b, 1e-4, 1e-4)


def obeys_seed(
    name: str, train: Callable, seed: int, alike: Callable = close, random: bool = True
) -> np.ndarray:
    """Check `train(seed, state)`, what a training gives; `state` is the global one.

    The same seed must give the same, whatever was drawn before; another seed another,
    if it has to be `random`.

    Returns
    -------
    numpy.ndarray
        What it gives with `seed`.
    """
    one, again = train(seed, 1), train(seed, 2)
    if not alike(one, again):
        raise failed(
            f"{name}: two trainings with the same seed differ.",
            "weights or order are drawn before `seed` is set, or by a generator that "
            "is not seeded.",
        )
    # where nearly all get one class, two seeds may well agree
    random = random and np.mean(one == np.median(one, axis=0)) < 0.9
    if random and alike(one, train(seed + 1, 1)):
        raise failed(
            f"{name}: two seeds give the same.",
            "`seed` is not used: nothing is drawn, or always from the same seed.",
        )
    return one


def shuffles(name: str, train: Callable, one: np.ndarray) -> None:
    """Check that `train(order)` shuffles rows that come in this order.

    Without, neighbors that change places change no minibatch of an even size.
    """
    order = np.arange(SMALL)
    neighbors = order.reshape(-1, 2)[:, ::-1].ravel()
    if close(one, train(neighbors)) and not close(one, train(order[::-1])):
        raise failed(
            f"{name}: neighbors may change places, and nothing changes.",
            "the rows are not shuffled: draw a new order in each epoch.",
        )


def stirred(state: int, name: str, function: Callable, *args: Any) -> Any:
    """Return `function(*args)`, called in a global random state."""
    with quiet():
        stir(state)
        return call(function, *args, name=name)


def network(
    name: str, function: Callable, arrays: dict, *rest: Any, asked: list, state: int = 0
) -> Callable:
    """Return the network that a training makes of arrays, as a function of arrays.

    Its parameters must have the shapes that are `asked`, and the arrays stay.
    """
    import torch

    given = [torch.tensor(v) for v in arrays.values()]
    model = stirred(state, name, function, *given, *rest)
    for (key, old), value in zip(arrays.items(), given, strict=True):
        if not torch.equal(value, torch.tensor(old)):
            unchanged(name, key)
    fault = f"a torch.nn.Module is expected; {kind_of(model)} came."
    if isinstance(model, torch.nn.Module):
        fault = layers_fault(shapes_of(model), asked)
    if fault:
        raise failed(f"{name}: another network came.", fault)
    model.eval()

    def outputs(x: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return call(model, torch.tensor(x), name=name).detach().numpy()

    return outputs


def classifies(
    name: str, function: Callable, seed: int, bar: float, low="", linear: bool = False
) -> np.ndarray:
    """Check f(images, labels, unseen, seed), class numbers of unseen shapes.

    First, on a few images: what the seed does, and that the class of an image does not
    depend on the other unseen ones. With `linear` no convolution may run (under the
    grader this cannot be seen). Then the accuracy, as `reaches`.

    Returns
    -------
    numpy.ndarray
        The class numbers of the 1,000 unseen images.
    """
    x, y, x_test, y_test = shapes(seed)
    few = x_test[:SMALL]

    def train(seed: int, state: int, unseen: np.ndarray = few) -> np.ndarray:
        return _guess(name, function, x[:SMALL], y[:SMALL], unseen, seed, state)

    def alike(one: np.ndarray, other: np.ndarray) -> bool:
        return np.mean(one == other) > 0.97

    with _watched() as names:
        alone = obeys_seed(name, train, seed, alike)
    if linear and names:
        cause = f"a convolution runs ({names[0]}): linear layers only are asked for."
        raise failed(f"{name}: other layers came.", cause)
    beside = train(seed, 1, np.concatenate([few, np.full_like(few, 255)]))
    if not alike(alone, beside[:SMALL]):
        raise failed(
            f"{name}: the class of an image depends on the other unseen images.",
            "the unseen images enter the mean or the standard deviation (those of the "
            "training images alone are asked for, for both sets), or the model is in "
            "training mode while it predicts, or the classes do not come in the order "
            "of the images.",
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


def _guess(
    name: str, function: Callable, x, y, unseen, seed: int, state: int = 0
) -> np.ndarray:
    given = {"images": x.copy(), "labels": y.copy(), "unseen": unseen.copy()}
    guess = np.asarray(stirred(state, name, function, *given.values(), seed))
    for (key, value), old in zip(given.items(), (x, y, unseen), strict=True):
        if not np.array_equal(value, old):
            unchanged(name, key)
    if guess.shape != unseen.shape[:1]:
        cause = ""
        if guess.ndim == 2:
            cause = "outputs of the network came: take the argmax over the classes."
        elif guess.shape == (len(np.unique(y)),):
            cause = "the argmax runs over the images: it runs over the classes."
        elif guess.shape == x.shape[:1]:
            cause = "the training images are classified."
        elif guess.shape == (2 * len(unseen),):
            cause = "each unseen image got two classes: are they mirrored, too?"
        elif len(guess.ravel()) < len(unseen):
            cause = "a minibatch is left out."
        raise failed(
            f"{name}: shape {guess.shape} came; one class number for each of the "
            f"{len(unseen):,} unseen images is expected.",
            cause,
        )
    if guess.dtype.kind not in "iu":
        text = f"class numbers are integers; numbers of type {guess.dtype} came."
        raise failed(f"{name}: {text}", text)
    return guess
