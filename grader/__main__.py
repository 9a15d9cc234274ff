"""Grade untrusted notebooks: ``python -m grader COMMAND --help``.

Here are the commands, each a few lines that call what does the work and say what came
of it; what they were told is read in `arguments`.
"""

import argparse
import gc
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

from grader import OLDEST_PYTHON, CourseError
from helpers import _terminal

if sys.version_info < OLDEST_PYTHON:  # it could not even read what follows
    oldest, own = ".".join(map(str, OLDEST_PYTHON)), sys.version.split()[0]
    sys.exit(f"grading: Python {own} is too old: {oldest} or newer is needed")

from grader import arguments, requirements
from grader.terminal import MARKS, say, tell

gc.set_threshold(100_000)  # hardly anything that is imported is garbage
# jsonschema would compile grammars of URLs for a second; notebooks have no need of them
sys.modules.setdefault("rfc3987_syntax", None)


def main(given: list[str] | None = None) -> int:
    """Run a command; return its exit status."""
    options = arguments.parser(COMMANDS).parse_args(given)
    from grader.isolated.forkserver import closing_forkservers, interrupt

    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, interrupt)
    try:
        if options.run is not doctor:
            requirements.demand()
        with closing_forkservers():
            return options.run(options)
    except (CourseError, ValueError) as error:
        tell(f"{error}")
    except OSError as error:
        if not error.filename:
            raise
        tell(f"{error.filename} cannot be used: {error.strerror}")
    except Exception as error:
        if not type(error).__module__.startswith("sqlalchemy."):
            raise
        tell(f"the gradebook cannot be used: {str(error).splitlines()[0]}")
    except KeyboardInterrupt:
        print(file=sys.stderr)
        tell("stopped; run the same command to go on")
        return 130
    return 1


def course_of(options: argparse.Namespace):
    """Return the course; what this imports takes a while, and the forkserver starts."""
    from grader.books.course import Course

    return Course(options.course)


def autograde(options: argparse.Namespace) -> int:
    """Run what was handed in, check each step, write marks into the gradebook.

    What is graded and unchanged is left alone. The status is 0 if every submission has
    its verdict.
    """
    run, course = arguments.settings(options), course_of(options)
    from grader import autograde as grading
    from grader.verdicts import State

    if options.dry_run:
        changes, failed = grading.compare(course, options.assignment, run)
        for c in changes:
            old = "none" if c["old"] is None else f"{c['old']:g}"
            say(
                f"{c['student']}/{c['notebook']}/{c['grade_id']}: {old} → "
                f"{c['score']:g} ({c['why']})"
            )
        say(f"{len(changes)} marks would change; nothing was written")
        return 1 if failed else 0
    done = grading.autograde(course, options.assignment, run)
    results = [r for record in done.values() for r in record["notebooks"].values()]
    states = [result["state"] for result in results]
    counts = ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(sorted(states)))
    say(f"{len(done)} submissions run: {counts or 'nothing new'}")
    if State.ERROR not in states:
        return 0
    tell("where an error stands no points were written: the next run tries again")
    return 1


def feedback(options: argparse.Namespace) -> int:
    """Write feedback/ and the table in reports/."""
    from grader.reports import feedback as pages

    course = course_of(options)
    files = pages.write(course, options.assignment, tuple(options.student))
    _warn_of_ungraded(course, options.assignment)
    say(f"{len(files) - 1} pages of feedback; the table is {files[-1]}")
    return 0


def export(options: argparse.Namespace) -> int:
    """Write the marks as a table for a learning platform."""
    from grader.reports.export import export as write

    course, names = course_of(options), (options.assignment,)
    path = options.output or Path(f"grades-{options.to}.csv")
    book = course.db_url, course.course_id
    for line in write(*book, options.to, path, names, course.config):
        tell(line)
    _warn_of_ungraded(course, options.assignment)
    say(f"the marks of {options.assignment} are in {path}")
    return 0


def _warn_of_ungraded(course, assignment: str) -> None:
    from grader.reports.feedback import ungraded

    for student, error in ungraded(course, assignment).items():
        tell(f"{student} is not graded ({error})")


def similarity(options: argparse.Namespace) -> int:
    """Report suspiciously equal answers, for a person."""
    from grader.books.files import save
    from grader.reports.similarity import similar
    from grader.reports.similarity_page import page

    course = course_of(options)
    found = similar(course, options.assignment)
    path = course.root / "reports" / f"{options.assignment}-similarity.html"
    save(path, page(found, options.assignment))
    say(f"{len(found)} groups for a person to look at: {path}")
    return 0


def watch(options: argparse.Namespace) -> int:
    """Grade and write feedback as things are handed in, until it is stopped."""
    run, name = arguments.settings(options), options.assignment
    from grader.watch import watch as watched

    say(f"watching for {name}; Ctrl+C ends it")
    for line in watched(course_of(options), name, run, exchange=options.exchange):
        say(line)
    return 0


def grade(options: argparse.Namespace) -> int:
    """Grade one notebook against its source; the result is JSON."""
    run = arguments.settings(options)
    from grader.single import grade as graded

    result = graded(options.source, options.submission, replace(run, quiet=True))
    say(json.dumps(result, ensure_ascii=False, indent=1))
    return 1 if "error" in result else 0


def questions(options: argparse.Namespace) -> int:
    """Write three questions a student about their own code, and the key."""
    run, course = arguments.settings(options), course_of(options)
    from grader.questions import write

    sheets, key = write(course, options.assignment, replace(run, quiet=True))
    say(f"a page a student: {sheets}; the key: {key}")
    return 0


def insight(options: argparse.Namespace) -> int:
    """Report what the class did not understand: the mistakes by count."""
    from grader.reports.insight import write

    files = write(course_of(options), options.assignment)
    say(f"what the class did not understand: {files[0]}, as a table: {files[1]}")
    return 0


def check_release(options: argparse.Namespace) -> int:
    """Grade the reference (full marks?) and the empty release (none?) as a class."""
    run, course = arguments.settings(options), course_of(options)
    from grader import trial
    from grader.books.reach import warnings_about

    assignment = course.assignment(options.assignment)
    result = trial.held(course, assignment, run)
    broken = [f"{options.assignment}/{n}: {why}" for n, why in result.broken.items()]
    faults = [*broken, *result.faults]
    for line in (*faults, *result.lines(options.assignment)):
        say(line)
    for sheet in assignment.sheets:
        for step, text in warnings_about(sheet):
            say(f"{options.assignment}/{sheet.name}/{step}: warning: {text}")
    if not faults:
        say(f"{options.assignment}: the reference earns all points, the release none")
    return 1 if faults else 0


def doctor(_: argparse.Namespace) -> int:
    """Say what this machine lacks; the status is 0 if it is nothing."""
    from grader.isolated import sandbox

    needs, locks = requirements.check(), sandbox.check()
    for what, works, why in [*needs, *locks]:
        say(f"{MARKS[works]} {what}" + (f": {why}" if why else ""))
    advice = requirements.advice([ok for _, ok, _ in needs], [ok for _, ok, _ in locks])
    say(advice or "Students' code can be locked in on this machine.")
    return 1 if advice else 0


COMMANDS = {
    "autograde": autograde,
    "feedback": feedback,
    "export": export,
    "similarity": similarity,
    "watch": watch,
    "grade": grade,
    "questions": questions,
    "insight": insight,
    "check-release": check_release,
    "doctor": doctor,
}

if __name__ == "__main__":
    _terminal.run(main)
