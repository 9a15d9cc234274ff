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
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch

WORTH = 5.0  # seconds: a shorter call is made again
CHANGE = torch.nn.Module, torch.Generator, np.random.Generator


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

        What it may change besides its result is put in its later state, too: modules
        and generators among the arguments, and the global random states. A result that
        cannot be pickled is not kept.
        """

        @functools.wraps(function)
        def kept(*args: Any, **kwargs: Any) -> Any:
            outer = self.folder
            name = f"{function.__name__}-{next(self.calls[outer, function.__name__])}"
            path = outer / f"{name}.kept"
            changing = [a for a in (*args, *kwargs.values()) if isinstance(a, CHANGE)]
            if path.is_file():
                result, states, world = torch.load(path, weights_only=False)
                for argument, state in zip(changing, states, strict=True):
                    _restore(argument, state)
                _restore_world(world)
                return result
            self.folder, start = outer / name, perf_counter()
            try:
                result = function(*args, **kwargs)
            finally:
                self.folder = outer
            if perf_counter() - start > WORTH:
                _write(path, (result, [_state(a) for a in changing], _world()))
            shutil.rmtree(outer / name, ignore_errors=True)
            return result

        return kept


def _state(argument: Any) -> Any:
    """Return the state of a module or a generator."""
    if isinstance(argument, torch.nn.Module):
        return argument.state_dict()
    if isinstance(argument, np.random.Generator):
        return argument.bit_generator.state
    return argument.get_state()


def _restore(argument: Any, state: Any) -> None:
    if isinstance(argument, torch.nn.Module):
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
