"""Run the text of a check in a namespace and say what came of it.

The test process does this with names that lead to the student's process (`judge`).
Where a sheet is graded in one process, the student's does it with its own (`student`),
and its word is worth what plain nbgrader's is.
"""

import ast
import asyncio
import contextlib
import decimal
import inspect
import io
import numbers
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
from IPython.core.inputtransformer2 import TransformerManager
from IPython.utils.capture import capture_output

from grader.books.names import RUNNING, says_nothing
from grader.verdicts import Verdict

MOST_PRINTED = 100_000
HIDDEN = "A hidden check failed."
WITHHELD = "(its message is not shown: this case is hidden)"
EMPTY = "This check has no statement: it is the course's to mend."


@contextlib.contextmanager
def interruptible():
    """Let SIGINT, with which the grader ends a cell that hangs, raise."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def nodes_of(source: str) -> list[ast.stmt]:
    """Return the statements of a cell; magics are calls."""
    return ast.parse(TransformerManager().transform_cell(source), "<check>").body


def execute(node: ast.stmt, names: dict) -> Any:
    """Run one statement; return the value if it is an expression."""
    is_expression = isinstance(node, ast.Expr)
    tree = ast.Expression(node.value) if is_expression else ast.Module([node], [])
    how = "eval" if is_expression else "exec"
    code = compile(tree, "<check>", how, flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value = eval(code, names)
    return asyncio.run(value) if code.co_flags & inspect.CO_COROUTINE else value


def carry_on(source: str, names: dict, *borne: type[BaseException]) -> None:
    """Run the statements of a cell in silence; one that fails so is left out."""
    for node in nodes_of(source):
        with contextlib.suppress(*borne), contextlib.redirect_stdout(io.StringIO()):
            execute(node, names)


class Magics:
    """IPython's shell for checks: an error inside a magic is an error of the check."""

    def __init__(self, shell: Any, names: dict) -> None:
        self.shell, self.names = shell, names

    def __getattr__(self, name: str) -> Any:
        return getattr(self.shell, name)

    def run_cell_magic(self, name: str, line: str, cell: str) -> None:
        """Run the cell of a magic: where it is Python, in the check's own names."""
        if name not in RUNNING:
            self.shell.run_cell_magic(name, line, cell)
            return
        with capture_output() if name == "capture" else contextlib.nullcontext() as io:
            for node in nodes_of(cell):
                execute(node, self.names)
        if name == "capture" and (words := [w for w in line.split() if w[0] != "-"]):
            self.names[words[0]] = io

    def run_line_magic(self, name: str, line: str, *args: Any, **kwargs: Any) -> Any:
        """Run a line in the check's own names; the shell's magics else."""
        if name in RUNNING and line and line[0] != "-":
            return [execute(node, self.names) for node in nodes_of(line)][-1]
        return self.shell.run_line_magic(name, line, *args, **kwargs)


def check(
    names: dict,
    message: dict,
    hide: Callable[[bool], None],
    explain: Callable[[BaseException, bool, str], str],
) -> dict:
    """Run a check cell: the verdict, the points, and what the student is told.

    ``verdict`` is a `Verdict`, but not PARTIAL. ``score`` is the number of the last
    expression, if it is one, and None where full marks are meant. `hide` is called with
    whether what follows is a hidden case; `explain` makes a text of an error.
    """
    printed, hidden, line = Bounded(), False, ""
    reply: dict = {"verdict": Verdict.PASSED, "score": None, "error": ""}
    try:
        with interruptible(), contextlib.redirect_stdout(printed):
            value = None
            nodes = nodes_of(message["source"])
            for node in nodes:
                hidden = any(
                    node.lineno <= last and first <= node.end_lineno
                    for first, last in message["hidden"]
                )
                hide(hidden)
                line = message["source"].splitlines()[node.lineno - 1].strip()
                value = execute(node, names)
            if message["source"].rstrip().endswith(";"):
                value = None  # IPython shows none
            hide(hidden)  # raises where the check has caught what it must not
            if all(map(says_nothing, nodes)):
                reply |= {"verdict": Verdict.FAILED, "error": EMPTY}
        reply["score"] = _score(value)
    except KeyboardInterrupt:
        reply["verdict"] = Verdict.TIME
    except BaseException as error:
        verdict = getattr(error, "verdict", Verdict.FAILED)
        reply |= {"verdict": verdict, "error": explain(error, hidden, line)}
    return reply | {"hidden": hidden, "printed": printed.getvalue()}


def told(error: BaseException, hidden: bool, line: str) -> str:
    """Return what a failed check says, without any line that is not released."""
    text = str(error)[:MOST_PRINTED]
    if isinstance(error, AssertionError):
        if text:
            return text
        return HIDDEN if hidden else f"This check failed: {line}"
    return f"{type(error).__name__}: {text}"


def _score(value: Any) -> float | None:
    """Return the points that a check's last expression means; None for all of them."""
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, numbers.Real | decimal.Decimal):
        return float(value)
    if isinstance(value, np.ndarray | numbers.Complex) or hasattr(value, "new_tensor"):
        raise ValueError("the points of this check are no number: an array came")
    return None


class Bounded(io.StringIO):
    """A text that stops growing."""

    def write(self, text: str) -> int:
        if self.tell() < MOST_PRINTED:
            super().write(text[:MOST_PRINTED])
        return len(text)
