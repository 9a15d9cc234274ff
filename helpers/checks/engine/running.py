"""Running a student's function: quietly, with a copy of its arguments, with a hint.

An exception of the student's becomes a `CheckFailed` that says at which line, with
which shapes, and what such an exception usually means.
"""

import contextlib
import functools
import io
import itertools
import linecache
import random
import re
import sys
import textwrap
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .values import MOST_RESULTS, kind_of

MOST_TEXT = 100_000  # characters of a student's prints that are looked at
ENDLESS = (
    f"your generator never stops: {MOST_RESULTS:,} results came, and no end.\n"
    "Likely mistake: the loop does not change what its condition tests."
)


class CheckFailed(AssertionError):
    """A failed check; the message is for the student and never shows a solution.

    `step` is the check's `Step`, if it is one, and `difference` what can be drawn: the
    expected array and the student's.
    """

    step: Any = None
    difference: Any = None

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: the message without our own frames.

        Where the values can be drawn, their picture stands above it.
        """
        from . import picture

        difference, self.difference = self.difference, None  # a kernel asks twice
        with contextlib.suppress(Exception):  # the message is what matters
            picture.show(difference)
        return ["CheckFailed", *str(self).splitlines()]


class Unwritten(CheckFailed):
    """The step, or an earlier one that it calls, still holds its placeholder."""


class _Capped(io.StringIO):
    """A stream that keeps the beginning of what is written to it."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, MOST_TEXT - self.tell())])
        return len(text)


@contextlib.contextmanager
def quiet() -> Iterator[tuple[io.StringIO, list]]:
    """Capture prints and warnings, and put the global random states back."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 the student's
    torch = sys.modules.get("torch")
    torch_state = torch.get_rng_state() if hasattr(torch, "get_rng_state") else None
    out = _Capped()
    try:
        with (
            warnings.catch_warnings(record=True) as seen,
            np.errstate(all="warn", under="ignore"),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(_Capped()),
        ):
            warnings.simplefilter("always")
            yield out, seen
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if torch_state is not None:
            torch.set_rng_state(torch_state)


def stir(state: int) -> None:
    """Set the global random states: what is seeded does not depend on them."""
    random.seed(state)
    np.random.seed(state)  # noqa: NPY002  the student's
    if hasattr(torch := sys.modules.get("torch"), "manual_seed"):
        torch.default_generator.manual_seed(state)  # others would take 1 ms


def call(function: Callable, *args: Any, name: str = "") -> Any:
    """Return `function(*args)`; an exception becomes a `CheckFailed` with a hint."""
    name = name or getattr(function, "__name__", "your function")
    arguments = {f"argument {i + 1}": a for i, a in enumerate(args)}
    return run(function, arguments, name)[0]


def run(function: Callable, args: Mapping[str, Any], name: str) -> tuple[Any, list]:
    """Return what a function gives, generators as lists, and its warnings.

    Raises
    ------
    Unwritten
        It, or an earlier step that it calls, is still the placeholder.
    CheckFailed
        It raises another exception, never ends, or prints its result.
    """
    if not callable(function):
        raise CheckFailed(
            f"✗ {name}: {kind_of(function)} came where a function belongs."
        )
    try:
        with quiet() as (out, seen):
            value = function(*args.values())
            if hasattr(value, "__next__"):
                value = list(itertools.islice(value, MOST_RESULTS))
                if len(value) == MOST_RESULTS:
                    raise CheckFailed(f"✗ {name}: {ENDLESS}")
    except NotImplementedError as error:
        raise Unwritten(unwritten(error, function, name)) from None
    except CheckFailed:
        raise
    except (Exception, SystemExit) as error:
        raise CheckFailed(explain(error, function, args, name)) from None
    if value is None and out.getvalue().strip():
        raise CheckFailed(
            f"✗ {name}: your function prints its result instead of returning it "
            "(it returns None)."
        )
    floating = [w for w in seen if issubclass(w.category, RuntimeWarning)]
    return value, floating


def unwritten(error: BaseException, function: Any, name: str) -> str:
    """Say which step still raises NotImplementedError: this one, or one it calls."""
    home = function.__name__ if isinstance(function, types.FunctionType) else ""
    # under the grader the function runs in another process: see `grader.isolated`
    place = getattr(error, "student_place", None)
    if place is None and (frames := [*traceback.walk_tb(error.__traceback__)]):
        place = frames[-1][0].f_code.co_qualname.partition(".")[0]
    ours = isinstance(function, functools.partial)  # it may call any of the student's
    if place == "" or (ours and place != name):
        return (
            f"✗ {name}: not yet written: it, or an earlier step that it calls, raises "
            "NotImplementedError."
        )
    if home and place not in (home, name, "<lambda>", "call"):
        return (
            f"✗ {name}: it calls {place}, an earlier step that is not yet written. "
            f"Write {place} first, or run its cell."
        )
    return (
        f"✗ {name}: not yet written. Replace the line that raises NotImplementedError "
        "by your solution."
    )


HINTS = (
    (
        r"matmul|not aligned|mat1 and mat2|batch2 tensor",
        "a matrix product of shapes that do not fit: is a transpose missing or one "
        "too many, or is the order of the factors reversed?",
    ),
    (
        r"must be square",
        "a system with more equations than unknowns is given to a solver that takes as "
        "many: this is a case for least squares.",
    ),
    (
        r"invalid for input of size|cannot reshape",
        "a reshape to another number of entries: is a size fixed that differs from "
        "call to call, or are height and width taken for equal?",
    ),
    (
        r"concatenation axis",
        "the arrays are joined along the wrong axis: examples are rows, axis 0.",
    ),
    (
        r"broadcast|must match the size of tensor",
        "an elementwise operation on shapes that do not fit: is a matrix product or a "
        "transpose missing, has a sum or a mean dropped its axis, or is an array of "
        "the wrong layer used?",
    ),
    (
        r"can't allocate|Unable to allocate|maximum possible size",
        "an array is made that no memory holds: what is asked for needs none.",
    ),
    (
        r"must have no negative elements",
        "a function that counts whole numbers from 0 on met a negative one.",
    ),
    (
        r"boolean subtract",
        "truth values cannot be subtracted: make them numbers first.",
    ),
    (
        r"bitwise_xor|for \^",
        "`^` is no power in Python: `**` is.",
    ),
    (
        r"interpreted as an integer",
        "a fraction stands where a whole number is needed: does `/` stand for `//`, or "
        "are two arguments exchanged?",
    ),
    (
        r"operand.*'function'",
        "a function stands where its result belongs: call it, with parentheses.",
    ),
    (
        r"not callable",
        "something that is no function is called: is a `*` missing before a "
        "parenthesis, or was a value passed where a function belongs?",
    ),
    (
        r"truth value of an array",
        "`if`, `and` or `or` on a whole array: this needs an elementwise form.",
    ),
    (
        r"positional argument|unexpected keyword",
        "the function's arguments differ from the task's signature, or a call inside "
        "passes too many or too few.",
    ),
    (
        r"only .*(scalar|length-1|0-dim)",
        "an array stands where a single number is needed.",
    ),
    (r"NoneType", "a value is None: does a function that you call lack its return?"),
    (r"recursion", "the function calls itself without an end."),
    (
        r"does not require grad",
        "the loss hangs on no parameter: no graph was recorded (torch.no_grad), or it "
        "was cut off (detach, item).",
    ),
    (
        r"axis \d+ is out of bounds|Dimension out of range",
        "the line uses an axis that the array does not have in this case.",
    ),
    (
        r"supported between instances of '(list|tuple)'",
        "a list is compared with a number: compare its entries, or make it an array.",
    ),
    (
        r"division by zero",
        "a denominator is 0 in this case: what does the task say of it?",
    ),
    (
        r"Cannot cast ufunc|be cast to the desired output",
        "an array of integers cannot take fractions: make it one of floats.",
    ),
    (
        r"values to unpack",
        "the line takes apart more entries than there are, or fewer, in this case.",
    ),
    (
        r"inhomogeneous shape",
        "arrays of different shapes make no array: leave them in their list.",
    ),
    (
        r"(?i)should be the same|scalar type|same dtype|not match weight dtype",
        "two types of numbers meet (single and double, or integers): convert one.",
    ),
    (
        r"Given groups=",
        "the axes are in another order than the layer expects, or not yet moved: "
        "images come as (m, channels, height, width).",
    ),
    (
        r"view size is not compatible",
        "the axes were moved before, so that a view is impossible: a copy is needed.",
    ),
    (
        r"index .*out of (bounds|range)|out of range",
        "an index beyond the end: count the entries again (lists of L layers end at L "
        "− 1).",
    ),
    (
        r"module '.*' has no attribute",
        "the library has nothing of that name: is it misspelt?",
    ),
    (
        r"has no attribute|not subscriptable|not iterable",
        "a value has another type than the line expects (a number where an array is "
        "needed, a list for an array).",
    ),
    (
        r"before Module.__init__",
        "__init__ does not begin with super().__init__().",
    ),
    (
        r"not defined|referenced before|not associated",
        "a name is misspelt, assigned too late, or its cell has not been run.",
    ),
)


def hint_for(text: str) -> str:
    """Return what an exception of that text usually means, or nothing."""
    shapes = [re.findall(r"\d+", s) for s in re.findall(r"\(([\d, ]+)\)", text)]
    if "broadcast" in text and len(shapes) == 2:
        short, long = sorted(shapes, key=len)
        if any(short == long[:i] + long[i + 1 :] for i in range(len(long))):
            return (
                "one of two arrays lacks an axis that the other has: `[:, None]` adds "
                "one, and `keepdims=True` keeps that of a sum, mean or maximum."
            )
    return next((h for pattern, h in HINTS if re.search(pattern, text)), "")


def explain(error: BaseException, function: Any, args: Mapping, name: str) -> str:
    """Return the message about an exception: its text, line, shapes and a hint."""
    kind = kind_of_error(error)
    lines = [f"✗ {name}: {kind}: {error}"]
    # under the grader the function runs in another process: see `grader.isolated`
    if line := getattr(error, "student_line", "") or _line_of(error, function):
        lines.append(f"  at the line: {line}")
    shapes = [
        f"{k} {np.shape(a)}"
        for k, a in args.items()
        if isinstance(a, np.ndarray) and k[:1] != "_"
    ]
    if shapes:
        lines.append(f"  shapes of the arguments: {', '.join(shapes)}")
    text = f"{kind}: {getattr(error, 'full_text', error)}"
    return "\n".join(lines + wrap("Likely mistake: ", hint_for(text)))


def kind_of_error(error: BaseException) -> str:
    """Return its name, of NumPy's kinds that of Python: the grader sees no other."""
    kinds = [c.__name__ for c in type(error).__mro__ if c.__module__ == "builtins"]
    return type(error).__name__ if kinds[0] == "Exception" else kinds[0]


def _line_of(error: BaseException, function: Any) -> str:
    """Return the line of the function's own file where the exception arose."""
    code = getattr(function, "__code__", None)
    home = code.co_filename if code else None
    own = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == home]
    return (linecache.getline(home, own[-1].lineno or 0) or "").strip() if own else ""


def with_cause(head: str, cause: str) -> str:
    """Return a headline with the likely mistake below it, if there is one."""
    return "\n".join([head, *wrap("Likely mistake: ", cause)])


def wrap(prefix: str, text: str) -> list[str]:
    """Return the lines of a paragraph of a message; none if there is no text."""
    if not text:
        return []
    indent = "    "
    return textwrap.wrap(
        prefix + text, 84, subsequent_indent=indent, break_on_hyphens=False
    )
