"""Values: numbers, lists, exceptions; whether two agree; what is wrong with a form."""

import copy
import itertools
import operator
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# A generator that gives so many is taken for endless: the longest right one gives 50.
MOST_RESULTS = 10_000


@dataclass(frozen=True)
class Raised:
    """The outcome of a call that ended in an exception."""

    message: str

    @property
    def kind(self) -> tuple[str, list[str]]:
        """The name of the exception and the sizes that its first line speaks of."""
        line = self.message.partition("\n")[0].partition(": ")[2]
        return line.partition(": ")[0], sorted(re.findall(r"\d+", line))


def is_list(value: Any) -> bool:
    """Tell whether `value` is a list or tuple: several results, not one array."""
    return isinstance(value, list | tuple)


def is_tensor(value: Any) -> bool:
    """Tell whether `value` is a tensor of PyTorch."""
    return hasattr(value, "detach") and hasattr(value, "requires_grad")


def is_number(value: Any) -> bool:
    """Tell whether `value` is one number (no list, no text, no tensor)."""
    return isinstance(value, int | float | complex | np.generic) or (
        isinstance(value, np.ndarray) and value.ndim == 0
    )


def is_row(value: Any) -> bool:
    """Tell whether `value` is a list of plain numbers, which is treated as an array."""
    return is_list(value) and len(value) > 0 and all(is_number(v) for v in value)


def kind_of(value: Any) -> str:
    """Describe what kind of thing `value` is, for a message."""
    if callable(value) and hasattr(value, "__name__"):
        return f"the function {value.__name__} itself (are its parentheses missing?)"
    if is_tensor(value):
        return f"a torch tensor of shape {tuple(value.shape)}"
    count = f" of length {len(value)}" if is_list(value) else ""
    return f"a value of type {type(value).__name__}{count}"


def floats(value: Any) -> np.ndarray | None:
    """Return `value` as a float array, or None if it is none."""
    if type(value) is np.ndarray and value.dtype.kind in "fiub":
        return value.astype(float, copy=False)
    if value is None or isinstance(value, str | bytes | Raised | Mapping):
        return None
    if type(value).__module__[:5] == "torch":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(value, dtype=float)
    except (TypeError, ValueError, RuntimeError):
        return None


def numeric(value: Any) -> np.ndarray | None:
    """Return `floats` of an array or of a tensor."""
    return floats(value.detach().cpu().double().numpy() if is_tensor(value) else value)


def kept(value: Any) -> Any:
    """Return a copy that later calls do not change; tensors stay tensors."""
    if hasattr(value, "__next__"):
        value = list(itertools.islice(value, MOST_RESULTS))
    if is_tensor(value):
        return value.detach().clone() if not value.requires_grad else value
    if is_list(value):
        if hasattr(value, "_fields"):
            return type(value)(*map(kept, value))
        return type(value)(map(kept, value))
    return copy.copy(value) if isinstance(value, np.ndarray) else value


def same(got: Any, want: Any, rtol: float, atol: float) -> bool:
    """Compare structures of numbers, texts and exceptions (by kind and sizes)."""
    if isinstance(got, Raised) or isinstance(want, Raised):
        both = isinstance(got, Raised) and isinstance(want, Raised)
        return both and got.kind == want.kind
    if isinstance(got, Mapping) and isinstance(want, Mapping):
        return got.keys() == want.keys() and all(
            same(got[k], want[k], rtol, atol) for k in want
        )
    if is_tensor(got) or is_tensor(want):
        return is_tensor(got) and is_tensor(want) and _tensors(got, want, rtol, atol)
    if is_list(got) or is_list(want):
        if not hasattr(got, "__len__") or not hasattr(want, "__len__"):
            return False
        if any(isinstance(v, str) or is_number(v) for v in (got, want)):
            return False
        pairs = zip(got, want, strict=False)
        return len(got) == len(want) and all(same(*p, rtol, atol) for p in pairs)
    g, w = floats(got), floats(want)
    if g is None or w is None:
        alike = np.array_equal if isinstance(got, np.ndarray) else operator.eq
        return type(got) is type(want) and bool(alike(got, want))
    return g.shape == w.shape and close(g, w, rtol, atol)


def close(got: np.ndarray, want: np.ndarray, rtol: float, atol: float) -> bool:
    """Tell what `np.allclose` does, NaN beside NaN counted; most of the time faster."""
    if want.dtype.kind != "f" or not np.isfinite(want).all():
        return np.allclose(got, want, rtol, atol, equal_nan=True)
    return bool((np.abs(got - want) <= atol + rtol * np.abs(want)).all())


def _tensors(got: Any, want: Any, rtol: float, atol: float) -> bool:
    if got.shape != want.shape or got.requires_grad != want.requires_grad:
        return False
    g, w = (v.detach().cpu().numpy() for v in (got, want))
    return close(g, w, rtol, atol)


# --- what is wrong with the form of a result -----------------------------------------


def form_fault(got: Any, expected: Any) -> tuple[str, str] | None:
    """Return what is wrong with the form of a result: (headline, hint)."""
    kind = "wrong kind of result"
    if isinstance(got, Raised):
        return "exception", got.message
    if got is None:
        return kind, "your function returns None: is the return statement missing?"
    if got is Ellipsis or got is NotImplemented:
        return kind, f"the placeholder {got!r} is still there: not yet written."
    if is_tensor(expected):
        if not is_tensor(got):
            return kind, f"a torch tensor is expected; {kind_of(got)} came."
        got, expected = (v.detach().cpu().numpy() for v in (got, expected))
    if is_tensor(got):
        return kind, "a torch tensor came where a NumPy array is expected."
    if is_list(expected):
        return _list_fault(got, expected)
    if is_list(got):
        if is_number(expected) and len(got) == expected:
            return kind, "a list came: the number asked for is its length."
        extra = " (a trailing comma?)" if isinstance(got, tuple) else ""
        return kind, f"one array is expected; {kind_of(got)} came{extra}."
    values = floats(got)
    if values is None or np.asarray(got).dtype.kind not in "biuf":
        if np.asarray(got).dtype.kind == "c":
            return "wrong dtype", "the result is complex: real numbers are expected."
        return kind, f"numbers in a regular array are expected; {kind_of(got)} came."
    target = np.asarray(expected)
    if values.shape != target.shape:
        return "wrong shape", f"shape {values.shape} came, {target.shape} is expected."
    if not np.isfinite(values).all() and np.isfinite(target).all():
        return _infinite(values)
    letter = np.asarray(got).dtype.kind
    if target.dtype.kind in "iu" and letter == "b":
        return "wrong dtype", "booleans (True, False) came; integers are expected."
    if target.dtype.kind in "iu" and letter == "f":
        return "wrong dtype", "floating-point numbers came; integers are expected."
    return None


def _list_fault(got: Any, expected: Any) -> tuple[str, str] | None:
    numbers = all(map(is_number, expected))
    if isinstance(got, np.ndarray) and got.ndim > 0 and (not numbers or got.ndim == 1):
        got = list(got)
    if not is_list(got):
        text = f"a list is expected; {kind_of(got)} came."
        return "wrong kind of result", text
    if len(got) != len(expected):
        text = f"{len(expected)} entries are expected in the list; {len(got)} came."
        if abs(len(got) - len(expected)) == 1:
            few = "few" if len(got) < len(expected) else "many"
            text += f" One too {few}: at which end?"
        return "wrong length", text
    for i, fault in enumerate(map(form_fault, got, expected)):
        if fault:
            return (fault[0], f"entry {i} is None.") if got[i] is None else fault
    return None


def _infinite(values: np.ndarray) -> tuple[str, str]:
    count = int(np.sum(~np.isfinite(values)))
    what = "NaN (not a number)" if np.isnan(values).any() else "an infinity"
    return f"{count} entries are not finite", (
        f"{what} arises: an exponential overflows, a logarithm or a root meets what it "
        "cannot take, 0 is divided by 0, or a start of ±∞ is left. Which step does?"
    )


def shape_fact(got: np.ndarray, expected: np.ndarray) -> str:
    """Say how the shape of an array may have come about, where no cause explains it."""
    e = expected
    if got.size == e.size and np.allclose(got.reshape(e.shape), e, equal_nan=True):
        what = "the same numbers in another arrangement"
        if 1 in (got.shape + e.shape):
            what = "an axis of length 1 too many or too few"
        return f"right numbers, wrong shape: {what} ({got.shape} for {e.shape})."
    line = e.ndim <= 2 and e.size == max(e.shape, default=1)
    if line and got.ndim == 2 and got.size == e.size**2 > 1:
        return (
            f"{e.shape} has grown to {got.shape}: an array of shape (n,) was combined "
            "with one of shape (n, 1), and broadcasting made a table of all pairs."
        )
    if got.ndim == 0:
        return "a single number came where an array is expected."
    if got.ndim == 2 and got.shape == e.shape[::-1]:
        return "the shape is that of the transposed result; the values differ as well."
    return ""
