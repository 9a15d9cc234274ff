"""Keep what a long training gave, so that a killed full run goes on where it was.

A notebook computes the same in each run: so the number of a call is its name. The
third call of `fit` in a notebook reads what the third call of the last run gave, as
long as the notebook, the package and the versions are the same (`press.reproduce` has
a folder for each state of these).
"""

import functools
import itertools
import os
import pickle
import random
import shutil
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

WORTH = 5.0  # seconds: a shorter call is made again
CHANGE = (
    *(np.ndarray, np.random.Generator),
    *(torch.Tensor, torch.nn.Module, torch.optim.Optimizer, torch.Generator),
)


class Keeper:
    """Wrap functions so that their long calls are made once.

    Parameters
    ----------
    folder : Path
        Where results are kept, one file a call. A call inside a kept call has a name
        of its own there, until the outer one is done.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls: dict[Path, Iterator[int]] = defaultdict(itertools.count)

    def __call__(self, function: Callable) -> Callable:
        """Return `function`, which reads what an earlier run has kept.

        What it changes besides its result is put in its later state, too: modules,
        generators and arrays among the arguments, also in lists and dictionaries, and
        the global random states. A call that adds to a list, or whose result cannot be
        pickled, is not kept.
        """

        @functools.wraps(function)
        def kept(*args: Any, **kwargs: Any) -> Any:
            outer = self.folder
            name = f"{function.__name__}-{next(self.calls[outer, function.__name__])}"
            path = outer / f"{name}.kept"
            given = list(_changeable((args, kwargs)))
            if path.is_file():
                result, states, world = torch.load(path, weights_only=False)
                for place, state in states.items():
                    _restore(given[place], state)
                _restore_world(world)
                return result
            before, count = [_fingerprint(a) for a in given], _count((args, kwargs))
            self.folder, start = outer / name, perf_counter()
            try:
                result = function(*args, **kwargs)
            finally:
                self.folder = outer
            is_long = perf_counter() - start > WORTH
            if is_long and _count((args, kwargs)) == count:
                after = enumerate(zip(given, before, strict=True))
                changed = {i: _state(a) for i, (a, b) in after if _fingerprint(a) != b}
                _write(path, (result, changed, _world()))
            shutil.rmtree(outer / name, ignore_errors=True)
            return result

        return kept


def _changeable(arguments: Any) -> Iterator[Any]:
    """Yield what a function can change, in lists and dictionaries, too."""
    if isinstance(arguments, CHANGE):
        yield arguments
    for argument in _inside(arguments):
        yield from _changeable(argument)


def _inside(arguments: Any) -> list:
    """Return what a list, a tuple or a dictionary holds."""
    if isinstance(arguments, dict):
        return list(arguments.values())
    return list(arguments) if isinstance(arguments, list | tuple) else []


def _count(arguments: Any) -> int:
    """Return how many things lists, tuples and dictionaries hold."""
    return sum(1 + _count(argument) for argument in _inside(arguments))


def _fingerprint(argument: Any) -> int:
    """Return a checksum of the state, quickly: each call asks for it."""
    if isinstance(argument, torch.Tensor):
        argument = argument.detach().cpu().numpy()
    if isinstance(argument, np.ndarray) and not argument.dtype.hasobject:
        return zlib.crc32(np.ascontiguousarray(argument).reshape(-1).view(np.uint8))
    return zlib.crc32(pickle.dumps(_state(argument)))


def _state(argument: Any) -> Any:
    """Return the state of what can change."""
    if isinstance(argument, np.ndarray):
        return argument.copy()
    if isinstance(argument, torch.Tensor):
        return argument.detach().cpu().numpy().copy()
    if isinstance(argument, torch.nn.Module | torch.optim.Optimizer):
        return argument.state_dict()
    if isinstance(argument, np.random.Generator):
        return argument.bit_generator.state
    return argument.get_state()


def _restore(argument: Any, state: Any) -> None:
    if isinstance(argument, np.ndarray):
        argument[...] = state
    elif isinstance(argument, torch.Tensor):
        argument.detach().copy_(torch.as_tensor(state))
    elif isinstance(argument, torch.nn.Module | torch.optim.Optimizer):
        argument.load_state_dict(state)
    elif isinstance(argument, np.random.Generator):
        argument.bit_generator.state = state
    else:
        argument.set_state(state)


def _world() -> tuple:
    numpy = np.random.get_state()  # noqa: NPY002  libraries still draw from it
    return random.getstate(), numpy, torch.get_rng_state()


def _restore_world(world: tuple) -> None:
    random.setstate(world[0])
    np.random.set_state(world[1])  # noqa: NPY002
    torch.set_rng_state(world[2])


def _write(path: Path, what: tuple) -> None:
    """Write a file that is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        torch.save(what, part)
        part.replace(path)
    except (pickle.PicklingError, AttributeError, TypeError):
        pass  # a function inside another, say: the call is made again
    finally:
        part.unlink(missing_ok=True)
