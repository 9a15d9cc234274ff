"""The test process: runs the instructor's check cells, their text unchanged.

A name that a check uses and the course did not define is looked up in the student's
process (`link.Link`). The points of a step are what this process says; a check that
does not reach its end gives none. When a check runs, and what becomes of its reply, is
decided in `session`.
"""

import builtins
import contextlib
import io
import signal
import socket
from typing import Any

from grader.isolated import frames
from grader.isolated.checking import (
    Magics,
    carry_on,
    check,
    execute,
    interruptible,
    nodes_of,
    told,
)
from grader.isolated.link import Broken, Link
from grader.isolated.student import seed, shell, unpack


class Namespace(dict):
    """The globals of the check cells: the course's own names, then the student's.

    Python looks a name up here, and calls `__missing__` for one that is absent.
    """

    def __init__(self) -> None:
        magics = Magics(shell(), self)
        super().__init__(
            __name__="__main__", __builtins__=builtins, get_ipython=lambda: magics
        )
        self.link: Link | None = None
        self.students: frozenset[str] = frozenset()
        self.own: frozenset[str] = frozenset()
        self.course: dict[str, Any] = {}
        self.left: set[str] = set()  # names that checks have bound
        self.cache: dict[str, Any] = {}

    def bound_since(self, before: dict[str, Any]) -> set[str]:
        """Return the names that were bound since this was a copy."""
        return {k for k in self if k not in before or self[k] is not before[k]}

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
    frames.send(control, {"type": "ready"})
    while True:
        message, blob = frames.receive(control)
        reply = {"type": "reply"}
        match message["do"]:
            case "files":
                unpack(message["sizes"], blob)
            case "course":
                reply |= run_course(names, message["source"])
            case "setup":
                set_up(names, message["source"])
            case "student":
                _, descriptors, _, _ = socket.recv_fds(control, 1, 1)
                sources = {int(k): v for k, v in message["sources"].items()}
                names.link = Link(socket.socket(fileno=descriptors[0]), sources)
                names.students = frozenset(message["names"])
                names.own = frozenset(message["own"])
            case "grade":
                reply |= grade(names, message)
        frames.send(control, reply)


def run_course(names: Namespace, source: str) -> dict:
    """Run a cell of the course's own; return its error, if it has one."""
    before = dict(names)
    try:
        with interruptible(), contextlib.redirect_stdout(io.StringIO()):
            for node in nodes_of(source):
                execute(node, names)
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"}
    finally:
        names.left -= names.bound_since(before)
        names.course = dict(names)
    return {}


def set_up(names: Namespace, source: str) -> None:
    """Make the names of a check that failed, as far as it goes (`Cell.setup`)."""
    before = dict(names)
    with contextlib.suppress(KeyboardInterrupt), interruptible():
        carry_on(source, names, Exception)
    names.left |= names.bound_since(before)


def grade(names: Namespace, message: dict) -> dict:
    """Run a check cell: see `checking.check`.

    What the answers before it define is looked up anew, although an earlier check may
    have bound such a name.
    """
    link = names.link
    names.cache.clear()
    for name in names.left.intersection(message["theirs"]):
        names.left.remove(name)
        names.pop(name, None)
    link.loans.course = names.course
    seed(message["seed"])

    def hide(hidden: bool) -> None:
        link.hidden = hidden
        if link.broken:  # the check caught it
            raise Broken(link.broken)

    def explain(error: BaseException, hidden: bool, line: str) -> str:
        text = str(error) if isinstance(error, Broken) else told(error, hidden, line)
        if place := getattr(error, "student_line", ""):
            text += f"\n  at your line: {place}"
        return text

    before = dict(names)
    reply = check(names, message, hide, explain)
    names.left |= names.bound_since(before)
    link.loans.restore()
    link.hidden = False
    return reply
