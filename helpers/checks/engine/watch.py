"""Floating-point warnings where the processor gives none.

NumPy asks the processor's flags after each operation. WebAssembly has no flags: there
``np.exp(1000.0)`` is silent, and an answer that overflows would pass in the page and
lose its points in Jupyter. So `overflows` runs the answer once more, with functions and
arrays that look at each result themselves.
"""

import contextlib
import copy
import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

import numpy as np

NAMES = (
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "power"),
    *("divide", "true_divide", "multiply", "add", "subtract", "square", "logaddexp"),
    *("cosh", "sinh", "reciprocal"),
)
DIVIDES = dict.fromkeys(
    ("log", "log2", "log10", "log1p", "divide", "true_divide", "reciprocal"), "divide"
)


@functools.cache
def flags() -> bool:
    """Tell whether NumPy warns of an overflow on this machine."""
    with warnings.catch_warnings(record=True) as seen, np.errstate(all="warn"):
        warnings.simplefilter("always")
        np.exp(np.array([1000.0]))
    return bool(seen)


def overflows(function: Callable, args: Sequence) -> bool:
    """Tell whether a call of a function ends with a warning about floats.

    It works on copies, and is to be called inside `quiet`.
    """
    with warnings.catch_warnings(record=True) as seen, watching():
        warnings.simplefilter("always")
        with contextlib.suppress(Exception):
            function(*map(watched, copy.deepcopy(list(args))))
    return any(issubclass(warning.category, RuntimeWarning) for warning in seen)


class Watched(np.ndarray):
    """An array of which each result is looked at; results are watched, too."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        given = [plain(value) for value in inputs]
        if out is not None:
            options["out"] = tuple(plain(value) for value in out)
        result = getattr(ufunc, method)(*given, **options)
        _look(ufunc.__name__, given, result)
        return watched(result)

    def __array_function__(self, function, types, args, options):
        return watched(super().__array_function__(function, types, args, options))


def watched(value: Any) -> Any:
    """Return an array of floats, or those in a list or tuple, as watched ones."""
    if isinstance(value, list | tuple) and type(value) in (list, tuple):
        return type(value)(map(watched, value))
    is_float = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return value.view(Watched) if is_float and type(value) is np.ndarray else value


def plain(value: Any) -> Any:
    """Return a watched array as it was."""
    return value.view(np.ndarray) if isinstance(value, Watched) else value


def _look(name: str, inputs: Any, result: Any) -> None:
    """Warn as NumPy does where finite inputs gave a result that is not finite."""
    with contextlib.suppress(TypeError, ValueError):
        given = [np.asarray(value, float) for value in inputs]
        for part in result if isinstance(result, tuple) else (result,):
            array = np.asarray(part)
            if array.dtype.kind != "f" or np.isfinite(array).all():
                continue
            faults = {"invalid": np.isnan, DIVIDES.get(name, "over"): np.isinf}
            for kind, test in faults.items():
                is_new = test(array).any() and not any(test(g).any() for g in given)
                if is_new and np.geterr()[kind] != "ignore":  # as `np.errstate` says
                    text = f"{kind} in {name}"
                    warnings.warn(text, RuntimeWarning, stacklevel=3)


class _Looking:
    """One of NumPy's functions, which looks at its results."""

    def __init__(self, ufunc: Any) -> None:
        self.ufunc = ufunc

    def __call__(self, *args: Any, **options: Any) -> Any:
        result = self.ufunc(*args, **options)
        if not any(isinstance(a, Watched) for a in args):  # those look by themselves
            _look(self.ufunc.__name__, args, result)
        return result

    def __getattr__(self, name: str) -> Any:  # np.add.reduce
        return getattr(self.ufunc, name)


@contextlib.contextmanager
def watching() -> Iterator[None]:
    """While this is open, NumPy's functions look at their results."""
    with contextlib.ExitStack() as stack:
        for name in NAMES:
            looking = _Looking(getattr(np, name))
            stack.enter_context(mock.patch.object(np, name, looking))
        yield
