"""Grade untrusted notebooks: ``python -m grader COMMAND --help``."""

import argparse
import gc
import math
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path

from grader import OLDEST_PYTHON, CourseError
from helpers import _terminal

if sys.version_info < OLDEST_PYTHON:  # it could not even read what follows
    oldest, own = ".".join(map(str, OLDEST_PYTHON)), sys.version.split()[0]
    sys.exit(f"grading: Python {own} is too old: {oldest} or newer is needed")

from grader import requirements

gc.set_threshold(100_000)  # hardly anything that is imported is garbage
# jsonschema would compile grammars of URLs for a second; notebooks have no need of them
sys.modules.setdefault("rfc3987_syntax", None)
MARKS = {True: "✓", False: "✗", None: "–"}
PLAIN = str.maketrans({"✓": "ok", "✗": "NO", "–": "-", "→": "->", "…": "..."})


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    from grader.isolated.forkserver import closing_forkservers, interrupt

    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, interrupt)
    try:
        if options.run is not doctor:
            requirements.demand()
        with closing_forkservers():
            return options.run(options)
    except (CourseError, ValueError) as error:
        _tell(f"{error}")
    except OSError as error:
        if not error.filename:
            raise
        _tell(f"{error.filename} cannot be used: {error.strerror}")
    except KeyboardInterrupt:
        print(file=sys.stderr)
        _tell("stopped; run the same command to go on")
        return 130
    return 1


def _say(text: str, file=None) -> None:
    """Print a line, with signs that the terminal can show."""
    file = file or sys.stdout
    encoding = getattr(file, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    print(text, file=file)


def _tell(text: str) -> None:
    """Print what a person should know."""
    _say(f"grading: {text}", sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m grader",
        description="Grade a class of notebooks in a sandbox, several at a time. Works "
        "on nbgrader's folders and gradebook, in the folder of nbgrader_config.py.",
    )
    parser.add_argument(
        "--course", type=Path, default=Path(), help="the course's folder (default: .)"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(run, name: str, text: str, *, assignment: bool = True):
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(run=run)
        if assignment:
            made.add_argument("assignment", help="e.g. perceptron")
        return made

    grade = command(
        autograde,
        "autograde",
        "run what was handed in, check each step, write marks into the gradebook; what "
        "is graded and unchanged is left alone",
    )
    _running(grade)
    grade.add_argument(
        "--student", action="append", default=[], help="only this one (may be repeated)"
    )
    grade.add_argument("--force", action="store_true", help="grade all of them anew")
    grade.add_argument(
        "--dry-run", action="store_true", help="say which marks would change, and why"
    )
    grade.add_argument(
        "--no-follow-through",
        action="store_true",
        help="no second try of a step with the reference in place of earlier answers",
    )
    back = command(feedback, "feedback", "write feedback/ and the table in reports/")
    back.add_argument("--student", action="append", default=[], help="only this one")
    out = command(
        export, "export", "write the marks as a table for a learning platform"
    )
    out.add_argument("--to", choices=["csv", "canvas", "moodle"], default="csv")
    out.add_argument("--output", type=Path, help="the file (default: grades-TO.csv)")
    command(similarity, "similarity", "report suspiciously equal answers, for a person")
    check = command(
        check_release,
        "check-release",
        "grade the reference (full marks?) and the empty release (none?) like a "
        "submission",
    )
    _running(check)
    command(doctor, "doctor", "say what this machine lacks", assignment=False)
    return parser


def _running(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="how many at a time"
    )
    parser.add_argument(
        "--dask", default="", metavar="ADDRESS", help="of a Dask scheduler, tcp://…"
    )
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="the limit of one cell"
    )
    parser.add_argument(
        "--memory", type=int, default=2048, metavar="MB", help="for one student's code"
    )
    parser.add_argument(
        "--no-sandbox",
        action="store_true",
        help="run students' code with all of your own rights (never on real ones)",
    )


def _options(options: argparse.Namespace):
    """Return the pipeline's options; raise if the sandbox cannot be had."""
    from grader.isolated import sandbox

    if sys.platform != "linux":
        raise CourseError(requirements.NEEDS_LINUX)
    if options.workers < 1:
        raise CourseError("--workers must be at least 1")
    if options.memory < 1:
        raise CourseError("--memory must be at least 1 (MB)")
    if options.timeout is not None and not 0 < options.timeout < math.inf:
        raise CourseError("--timeout must be a number of seconds above 0")
    if options.no_sandbox:
        _tell(
            "WITHOUT A SANDBOX. Students' code can read and change everything "
            "that you can: the solutions, the gradebook, your files, the network."
        )
    elif missing := [line for line in sandbox.check() if not line[1]]:
        what, _, why = missing[0]
        raise CourseError(
            f"no sandbox on this machine ({what}: {why}). See `python -m "
            "grader doctor`; --no-sandbox grades without one"
        )
    limits = sandbox.Limits(memory=options.memory * sandbox.MIB)
    if not options.dask:
        texts = list(options.course.glob(f"*/{options.assignment}/*.ipynb"))
        torch = not texts or any(b"torch" in path.read_bytes() for path in texts)
        _warm_up(None if options.no_sandbox else limits, torch)
    from grader.pipeline import Options

    return Options(
        students=tuple(getattr(options, "student", ())),
        workers=options.workers,
        dask=options.dask,
        sandbox=not options.no_sandbox,
        limits=limits,
        seconds=options.timeout,
        force=getattr(options, "force", False),
        follow_through=not getattr(options, "no_follow_through", False),
    )


def _warm_up(limits, torch: bool) -> None:
    """Start the forkserver, which takes seconds, while we import and read."""
    from grader.isolated.forkserver import ForkserverError, Stopped, shared

    def warm() -> None:
        with suppress(ForkserverError, Stopped):  # whoever needs it is told
            shared(limits, torch=torch).warm()

    threading.Thread(target=warm, daemon=True).start()


# --- the commands --------------------------------------------------------------------


def autograde(options: argparse.Namespace) -> int:
    """Grade; the status is 0 if every submission has its verdict."""
    run = _options(options)
    from grader import pipeline
    from grader.books.course import Course

    course = Course(options.course)
    if options.dry_run:
        changes, failed = pipeline.compare(course, options.assignment, run)
        for c in changes:
            old = "none" if c["old"] is None else f"{c['old']:g}"
            _say(
                f"{c['student']}/{c['notebook']}/{c['grade_id']}: {old} → "
                f"{c['score']:g} ({c['why']})"
            )
        _say(f"{len(changes)} marks would change; nothing was written")
        return 1 if failed else 0
    done = pipeline.autograde(course, options.assignment, run)
    results = [r for record in done.values() for r in record["notebooks"].values()]
    states = [result["state"] for result in results]
    counts = ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(sorted(states)))
    _say(f"{len(done)} submissions run: {counts or 'nothing new'}")
    if "error" not in states:
        return 0
    _tell("where an error stands no points were written: the next run tries again")
    return 1


def feedback(options: argparse.Namespace) -> int:
    """Write the feedback pages."""
    from grader.books.course import Course
    from grader.reports import feedback as pages

    course = Course(options.course)
    files = pages.write(course, options.assignment, tuple(options.student))
    _warn_of_ungraded(course, options.assignment)
    _say(f"{len(files) - 1} pages of feedback; the table is {files[-1]}")
    return 0


def _warn_of_ungraded(course, assignment: str) -> None:
    from grader.reports.feedback import ungraded

    for student, error in ungraded(course, assignment).items():
        _tell(f"{student} is not graded ({error})")


def export(options: argparse.Namespace) -> int:
    """Write the marks as a table."""
    from grader.books.course import Course
    from grader.reports.export import export as write

    course = Course(options.course)
    path = options.output or Path(f"grades-{options.to}.csv")
    for line in write(
        course.db_url,
        course.course_id,
        options.to,
        path,
        (options.assignment,),
        course.config,
    ):
        _tell(line)
    _warn_of_ungraded(course, options.assignment)
    _say(f"the marks of {options.assignment} are in {path}")
    return 0


def similarity(options: argparse.Namespace) -> int:
    """Write the report of equal answers."""
    from grader.books.course import Course
    from grader.pipeline import similar
    from grader.reports.similarity_page import page

    course = Course(options.course)
    found = similar(course, options.assignment)
    path = course.root / "reports" / f"{options.assignment}-similarity.html"
    path.parent.mkdir(exist_ok=True)
    path.write_text(page(found, options.assignment), encoding="utf-8")
    _say(f"{len(found)} groups for a person to look at: {path}")
    return 0


def check_release(options: argparse.Namespace) -> int:
    """Grade the reference and the release of an assignment."""
    run = _options(options)
    from grader import pipeline
    from grader.books.course import Course

    course = Course(options.course)
    faults = pipeline.check_release(course, options.assignment, run)
    for line in faults:
        _say(line)
    if not faults:
        _say(f"{options.assignment}: the reference earns all points, the release none")
    return 1 if faults else 0


def doctor(options: argparse.Namespace) -> int:
    """Say what this machine has of what the grader needs; the status is 0 if all."""
    from grader.isolated import sandbox

    needs, locks = requirements.check(), sandbox.check()
    for what, works, why in [*needs, *locks]:
        _say(f"{MARKS[works]} {what}" + (f": {why}" if why else ""))
    advice = _advice([works for _, works, _ in needs], [works for _, works, _ in locks])
    _say(advice or "Students' code can be locked in on this machine.")
    return 1 if advice else 0


def _advice(needs: list[bool | None], locks: list[bool]) -> str:
    """Return what helps where something is missing; empty if all is there."""
    if sys.platform != "linux":
        return requirements.NEEDS_LINUX
    if False in needs:
        return f"autograde refuses to run here. To mend it, {requirements.INSTALL}."
    if all(locks):
        return ""
    return (
        "autograde refuses to run here, unless you give --no-sandbox. What helps: a "
        "Linux machine that allows user namespaces (sysctl "
        "kernel.unprivileged_userns_clone=1 or, on Ubuntu, "
        "kernel.apparmor_restrict_unprivileged_userns=0), or to run as root."
    )


if __name__ == "__main__":
    _terminal.run(main)
