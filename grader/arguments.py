"""What a command was told: its arguments, and the `Options` that they mean.

A call that cannot be carried out is refused here, in one line. What takes seconds to
import is imported when it is needed, while the forkserver starts.
"""

import argparse
import json
import math
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from grader import CourseError, requirements
from grader.terminal import tell

if TYPE_CHECKING:
    from grader.isolated.sandbox import Limits
    from grader.jobs import Options

Command = Callable[[argparse.Namespace], int]
# what stands for the switches that a command has not
UNASKED = {"workers": 1, "dask": "", "student": (), "force": False, "anyway": False}
UNASKED |= {"no_follow_through": False, "assignment": ""}


def parser(commands: dict[str, Command]) -> argparse.ArgumentParser:
    """Return the parser of the command line; it sets `run` to the command.

    A command's docstring is its help.
    """
    made = argparse.ArgumentParser(
        prog="python -m grader",
        description="Grade a class of notebooks in a sandbox, several at a time. Works "
        "on nbgrader's folders and gradebook, in the folder of nbgrader_config.py.",
    )
    made.add_argument(
        "--course", type=Path, default=Path(), help="the course's folder (default: .)"
    )
    made.set_defaults(**UNASKED)
    added = made.add_subparsers(required=True, metavar="COMMAND")
    for name, run in commands.items():
        text = run.__doc__ or name
        brief = text.partition("\n")[0]
        command = added.add_parser(name, help=brief, description=text)
        command.set_defaults(run=run)
        if name == "grade":
            command.add_argument("source", type=Path, help="the instructor's notebook")
            command.add_argument("submission", type=Path, help="what was handed in")
        elif name != "doctor":
            command.add_argument("assignment", help="e.g. perceptron")
        for switch in SWITCHES.get(name, ()):
            command.add_argument(f"--{switch}", **ASKED[switch])
    return made


ASKED = {  # what each switch is called, and how it is read
    "workers": {"type": int, "default": os.cpu_count() or 1, "help": "at a time"},
    "dask": {"default": "", "metavar": "ADDRESS", "help": "of a scheduler, tcp://…"},
    "student": {"action": "append", "default": [], "help": "only this one (repeat it)"},
    "force": {"action": "store_true", "help": "grade all of them anew"},
    "dry-run": {
        "action": "store_true",
        "help": "say which marks would change, and why",
    },
    "anyway": {
        "action": "store_true",
        "help": "grade even if the reference loses points or the release gets some",
    },
    "no-follow-through": {
        "action": "store_true",
        "help": "no second try with the reference in place of earlier answers",
    },
    "exchange": {"action": "store_true", "help": "collect from nbgrader's exchange"},
    "to": {
        "choices": ["csv", "canvas", "moodle"],
        "default": "csv",
        "help": "for whom",
    },
    "output": {"type": Path, "help": "the file (default: grades-TO.csv)"},
    "timeout": {"type": float, "metavar": "SECONDS", "help": "the limit of one cell"},
    "memory": {"type": int, "default": 2048, "metavar": "MB", "help": "for a student"},
    "no-sandbox": {
        "action": "store_true",
        "help": "run students' code with all of your own rights (never on real ones)",
    },
}
LIMITS = ("timeout", "memory", "no-sandbox")
SWITCHES = {
    "autograde": (
        *("workers", "dask", "student", "force", "dry-run", "anyway"),
        *("no-follow-through", *LIMITS),
    ),
    "watch": ("exchange", "workers", *LIMITS),
    "questions": ("student", *LIMITS),
    "grade": LIMITS,
    "check-release": LIMITS,
    "feedback": ("student",),
    "export": ("to", "output"),
}


def settings(given: argparse.Namespace) -> "Options":
    """Return the options of a run; raise if the sandbox cannot be had."""
    from grader.isolated.sandbox import MIB, Limits

    if sys.platform != "linux":
        raise CourseError(requirements.NEEDS_LINUX)
    if given.workers < 1:
        raise CourseError("--workers must be at least 1")
    if given.memory < 1:
        raise CourseError("--memory must be at least 1 (MB)")
    if given.timeout is not None and not 0 < given.timeout < math.inf:
        raise CourseError("--timeout must be a number of seconds above 0")
    _see_to_a_sandbox(given.no_sandbox)
    limits = Limits(memory=given.memory * MIB)
    if not given.dask and given.assignment:
        books = list(given.course.glob(f"*/{given.assignment}/*.ipynb"))
        _warm_up(None if given.no_sandbox else limits, books)
    from grader.jobs import Options

    return Options(
        students=tuple(given.student),
        workers=given.workers,
        dask=given.dask,
        sandbox=not given.no_sandbox,
        limits=limits,
        seconds=given.timeout,
        force=given.force,
        anyway=given.anyway,
        follow_through=not given.no_follow_through,
    )


def _see_to_a_sandbox(unwanted: bool) -> None:
    """Warn if none is wanted; raise if this machine has none."""
    from grader.isolated import sandbox

    if unwanted:
        tell(
            "WITHOUT A SANDBOX. Students' code can read and change everything "
            "that you can: the solutions, the gradebook, your files, the network."
        )
    elif missing := [line for line in sandbox.check() if not line[1]]:
        what, _, why = missing[0]
        raise CourseError(
            f"no sandbox on this machine ({what}: {why}). See `python -m "
            "grader doctor`; --no-sandbox grades without one"
        )


def _warm_up(limits: "Limits | None", books: list[Path]) -> None:
    """Start the forkserver, which takes seconds, while we import and read.

    It serves if it has imported what the assignment needs: `books` are the source, and
    perhaps the release.
    """
    from grader.isolated.forkserver import ForkserverError, Stopped, shared
    from grader.isolated.warm import needed

    if not books:
        return
    modules = needed(source for book in books for source in _sources(book))
    with suppress(Stopped):
        forkserver = shared(limits, modules)

        def warm() -> None:
            with suppress(ForkserverError):  # whoever needs it is told
                forkserver.warm()

        threading.Thread(target=warm, daemon=True).start()


def _sources(book: Path) -> Iterator[str]:
    with suppress(Exception):  # it is told when the course is read
        for cell in json.loads(book.read_bytes())["cells"]:
            yield "".join(cell["source"])
