"""The test process: runs the instructor's check cells, their text unchanged.

A name that a check uses and the course did not define is looked up in the student's
process (`handles.Link`). The points of a step are what this process says; a check that
does not reach its end gives none. When a check runs, and what becomes of its reply, is
decided in `session`.
"""

import ast
import builtins
import contextlib
import decimal
import io
import numbers
import signal
import socket
from typing import Any

import numpy as np
from IPython.core.inputtransformer2 import TransformerManager

from grader.isolated import wire
from grader.isolated.handles import Broken, Link
from grader.isolated.student import interruptible, seed, shell, unpack
from grader.verdicts import Verdict

MOST_PRINTED = 100_000


class Namespace(dict):
    """The globals of the check cells: the course's own names, then the student's.

    Python looks a name up here, and calls `__missing__` for one that is absent.
    """

    def __init__(self) -> None:
        super().__init__(__name__="__main__", __builtins__=builtins, get_ipython=shell)
        self.link: Link | None = None
        self.students: frozenset[str] = frozenset()
        self.own: frozenset[str] = frozenset()
        self.course: dict[str, Any] = {}
        self.cache: dict[str, Any] = {}

    def __missing__(self, name: str) -> Any:
        if name in self.cache:
            return self.cache[name]
        hers = name in self.students or not hasattr(builtins, name)
        if self.link is None or not hers or name.startswith("__"):
            raise KeyError(name)
        if name in self.own:
            raise NameError(f"{name} is made by an earlier check, which failed")
        self.cache[name] = self.link.get(name)
        return self.cache[name]


def main(control: socket.socket, _: socket.socket) -> None:
    """Serve the grader until it closes the connection."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    names = Namespace()
    wire.send(control, {"type": "ready"})
    while True:
        message, blob = wire.receive(control)
        match message["do"]:
            case "files":
                unpack(blob)
                reply = {}
            case "course":
                reply = run_course(names, message["source"])
            case "setup":
                set_up(names, message["source"])
                reply = {}
            case "student":
                _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
                sources = {int(k): v for k, v in message["sources"].items()}
                names.link = Link(socket.socket(fileno=descriptors[0]), sources)
                names.students = frozenset(message["names"])
                names.own = frozenset(message["own"])
                reply = {}
            case "grade":
                reply = grade(names, message)
        wire.send(control, reply)


def run_course(names: Namespace, source: str) -> dict:
    """Run a cell of the course's own; return its error, if it has one."""
    try:
        with interruptible(), contextlib.redirect_stdout(io.StringIO()):
            for node in _nodes(source):
                _execute(node, names)
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"}
    finally:
        names.course = dict(names)
    return {}


def set_up(names: Namespace, source: str) -> None:
    """Make the names of a check that failed, as far as it goes (`Cell.setup`)."""
    with contextlib.suppress(KeyboardInterrupt), interruptible():
        for node in _nodes(source):
            with (
                contextlib.suppress(Exception),
                contextlib.redirect_stdout(io.StringIO()),
            ):
                _execute(node, names)


def grade(names: Namespace, message: dict) -> dict:
    """Run a check cell: the verdict, the points, and what the student is told.

    ``verdict`` is a `Verdict`, but not PARTIAL. ``score`` is the number of the last
    expression, if it is one, and None where full marks are meant.
    """
    link, printed = names.link, _Bounded()
    names.cache.clear()
    link.course = names.course
    reply: dict = {
        "verdict": Verdict.PASSED,
        "score": None,
        "error": "",
        "hidden": False,
    }
    seed(message["seed"])
    line = ""
    try:
        with interruptible(), contextlib.redirect_stdout(printed):
            value = None
            for node in _nodes(message["source"]):
                link.hidden = any(
                    node.lineno <= last and first <= node.end_lineno
                    for first, last in message["hidden"]
                )
                line = message["source"].splitlines()[node.lineno - 1].strip()
                value = _execute(node, names)
        if link.broken:  # the check caught it
            raise Broken(link.broken)
        reply["score"] = _score(value)
    except KeyboardInterrupt:
        reply["verdict"] = Verdict.TIME
    except Broken as end:
        reply |= {"verdict": Verdict.BROKEN, "error": str(end)}
    except BaseException as error:
        reply |= {"verdict": Verdict.FAILED, "error": _message(error, link, line)}
    link.restore()
    reply |= {"hidden": link.hidden, "printed": printed.getvalue()}
    link.hidden = False
    return reply


def _message(error: BaseException, link: Link, line: str) -> str:
    """Return what a failed check says, without any line that is not released."""
    text = str(error)[:MOST_PRINTED]
    if isinstance(error, AssertionError):
        if text:
            return text
        return "A hidden check failed." if link.hidden else f"This check failed: {line}"
    text = f"{type(error).__name__}: {text}"
    if place := getattr(error, "student_line", ""):
        text += f"\n  at your line: {place}"
    return text


def _score(value: Any) -> float | None:
    """Return the points that a check's last expression means; None for all of them.

    Raises
    ------
    ValueError
        It is an array: arithmetic with what a student returned, where a number was
        meant.
    """
    if isinstance(value, bool | np.bool_):
        return None
    if isinstance(value, numbers.Real | decimal.Decimal):
        return float(value)
    if isinstance(value, np.ndarray | numbers.Complex) or hasattr(value, "new_tensor"):
        raise ValueError("the points of this check are no number: an array came")
    return None


def _nodes(source: str) -> list[ast.stmt]:
    return ast.parse(TransformerManager().transform_cell(source), "<check>").body


def _execute(node: ast.stmt, names: Namespace) -> Any:
    """Run one statement; return the value if it is an expression."""
    if isinstance(node, ast.Expr):
        return eval(compile(ast.Expression(node.value), "<check>", "eval"), names)
    return exec(compile(ast.Module([node], []), "<check>", "exec"), names)


class _Bounded(io.StringIO):
    """A text that stops growing."""

    def write(self, text: str) -> int:
        if self.tell() < MOST_PRINTED:
            super().write(text[:MOST_PRINTED])
        return len(text)
