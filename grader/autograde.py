"""Grade an assignment, verb by verb: find, try out, prepare, run, record, store.

Each verb takes what the one before it gives, mostly one submission at a time, so that a
class of any size flows through, and what is stored is stored whatever comes after it. A
run that was killed starts where it stopped: what is finished and unchanged is not run
again. `AUTOGRADE` and `COMPARE` are the whole story; what happens within a verb is told
elsewhere: reading in `grader.books`, running in `pool` and `grader.isolated`, the form
of a record in `records`.
"""

import contextlib
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from grader import CourseError, pool, records
from grader.books.course import Assignment, Course, digest_of
from grader.books.gradebook import Book
from grader.books.handed_in import Submission
from grader.books.rebuild import rebuild
from grader.isolated import sandbox
from grader.jobs import Options, Task, job
from grader.terminal import tell
from grader.trial import Trial, tried
from grader.verdicts import Fault

MOST_TOLD = 5  # notebooks in the wrong place
ANYWAY = "Graded although the assignment does not pass its own trial:"


@dataclass
class Round:
    """A run over an assignment: what all verbs know."""

    course: Course
    assignment: Assignment
    book: Book
    options: Options
    rules: str  # the hash of what marks depend on besides the submission
    todo: Sequence[str]  # the students to run: all, unless `find` leaves some out
    trial: Trial = field(default_factory=Trial)


def autograde(course: Course, name: str, options: Options) -> dict[str, dict]:
    """Grade what is new or has changed; return the record of each who was graded."""
    done = carry_out(AUTOGRADE, course, name, options)
    return {record["student"]: record for record in done}


def compare(
    course: Course, name: str, options: Options
) -> tuple[list[dict], dict[str, str]]:
    """Return what marks would change, and who could not be graded; write nothing."""
    changes, failed = [], {}
    for record, differences in carry_out(COMPARE, course, name, options):
        changes += differences
        if error := records.error_of(record):
            failed[record["student"]] = error
    return changes, failed


def carry_out(verbs: tuple, course: Course, name: str, options: Options) -> list:
    """Send the submissions of an assignment through the verbs; return what comes out.

    Whatever happens, each verb is brought to its end: nothing goes on running.
    """
    assignment = course.assignment(name)
    students = chosen(course, name, options.students)
    stream: Iterable = students
    with Book(course) as book, contextlib.ExitStack() as ends:
        rules = digest_of(assignment)
        this = Round(course, assignment, book, options, rules, students)
        for verb in verbs:
            stream = verb(this, stream)
            if isinstance(stream, Generator):
                ends.callback(stream.close)
        return list(stream)


def chosen(course: Course, name: str, wanted: Iterable[str]) -> list[str]:
    """Return who is meant: all who handed in, unless some are `wanted`."""
    students = course.students(name)
    for odd in course.nameless(name):
        tell(f"the folder {odd!r} is no name of a student: it is left out")
    folder = course.folder("submitted", "STUDENT", name)
    strays = course.strays(name) if not wanted else []
    for path in strays[:MOST_TOLD]:
        tell(f"{path} is not graded: it does not lie in {folder}")
    if len(strays) > MOST_TOLD:
        tell(f"… and {len(strays) - MOST_TOLD} more notebooks that lie elsewhere")
    unknown = sorted(set(wanted) - set(students))
    if unknown:
        raise CourseError(f"{unknown[0]} has handed in nothing for {name}")
    if not students:
        raise CourseError(f"nobody has handed in {name}: nothing lies in {folder}")
    return sorted(wanted) or students


# --- find ----------------------------------------------------------------------------


def find(this: Round, students: list[str]) -> list[str]:
    """Return who must be run; what was run but not written down is written down."""
    this.book.prepare(this.assignment)
    this.todo = [student for student in students if not _is_finished(this, student)]
    return this.todo


def _is_finished(this: Round, student: str) -> bool:
    record = records.read(this.course, this.assignment.name, student)
    failed = records.read_error(this.course, this.assignment.name, student)
    if this.options.force or failed or not record or record["rules"] != this.rules:
        return False
    if record["submission"] != _digest(this, student):
        return False
    marks = this.book.marks(this.assignment.name, student)
    if marks is None or any(_new_scores(marks, record)):
        records.store(this.course, this.assignment, this.book, record)
    return True


def _digest(this: Round, student: str) -> str:
    """Return the hash of what was handed in; an empty text if it cannot be read."""
    with contextlib.suppress(Exception):  # it is told when the submission is prepared
        return this.course.submission(student, this.assignment).digest
    return ""


def _new_scores(marks: dict, record: dict) -> Iterator[tuple[str, dict, Any]]:
    """Yield each step that has another score in the gradebook: notebook, step, that."""
    for notebook, result in record["notebooks"].items():
        for step in result["steps"]:
            old, _ = marks.get((notebook, step["grade_id"]), (None, None))
            if old != step["score"]:
                yield notebook, step, old


# --- try out -------------------------------------------------------------------------


def try_out(this: Round, students: list[str]) -> list[str]:
    """See that the assignment gives marks to right answers, and to these alone."""
    if this.todo:
        if this.options.sandbox:
            _see_that_it_is_out_of_sight(this.course)
        this.trial = tried(this.course, this.assignment, this.options)
        if not this.options.anyway:
            this.trial.demand(this.assignment.name)
        for line in this.trial.lines(this.assignment.name):
            pool.Progress.write(line, file=sys.stderr)
    return students


# --- prepare -------------------------------------------------------------------------


def prepare(this: Round, students: Iterable[str]) -> Iterator[Task]:
    """Read and rebuild submissions; one that cannot be read stops nobody else's."""
    for student in students:
        try:
            task = _task(this, student)
        except Exception as error:  # a fault of ours, not of the student's
            faults = {sheet.name: Fault.of(error) for sheet in this.assignment.sheets}
            task = Task(Submission(student, digest=""), results=faults)
        yield task


def _task(this: Round, student: str) -> Task:
    submission = this.course.submission(student, this.assignment)
    task = Task(submission)
    for sheet in this.assignment.sheets:
        if reason := this.trial.broken.get(sheet.name):
            task.results[sheet.name] = Fault(reason)
        elif sheet.name in submission.notebooks:
            cells, repairs = rebuild(sheet, submission.notebooks[sheet.name])
            submission.repairs[sheet.name] += repairs
            files = submission.beside(sheet.name, this.assignment.files)
            made = job(
                this.course, this.assignment, this.options, student, sheet, cells, files
            )
            together = sheet.name in this.trial.together
            task.jobs[sheet.name] = replace(made, together=together)
    return task


# --- run -----------------------------------------------------------------------------


def run(this: Round, tasks: Iterable[Task]) -> Iterator[Task]:
    """Yield the tasks with their results, as they are finished."""
    if this.todo:
        yield from pool.carried_out(tasks, len(this.todo), this.options)


def _see_that_it_is_out_of_sight(course: Course) -> None:
    """Raise if students' code could read the solutions or other submissions."""
    for name in ("source", "submitted", "autograded", "feedback"):
        place = course.root / getattr(course.folders, f"{name}_directory")
        if seen := sandbox.exposed(place):
            raise CourseError(
                f"{place} lies in {seen}, which students' code can read: move the "
                "course's folder to another place"
            )


# --- record, store -------------------------------------------------------------------


def record(this: Round, tasks: Iterable[Task]) -> Iterator[dict]:
    """Turn results into records, and name each problem on the terminal."""
    for task in tasks:
        made = records.make(this.course, this.assignment, this.rules, task)
        anyway = [f"{ANYWAY} {line}" for line in this.trial.faults]
        made["notes"] += anyway
        made["trial"] = [*anyway, *this.trial.lines(this.assignment.name)]
        for line in records.lines_about(made):
            pool.Progress.write(line, file=sys.stderr)
        yield made


def store(this: Round, made: Iterable[dict]) -> Iterator[dict]:
    """Write it down, one submission after another."""
    for record in made:
        records.store(this.course, this.assignment, this.book, record)
        yield record


# --- compare -------------------------------------------------------------------------


def differ(this: Round, made: Iterable[dict]) -> Iterator[tuple[dict, list[dict]]]:
    """Yield each record with the marks that it would change, and why."""
    for record in made:
        yield record, [] if records.error_of(record) else list(_changes(this, record))


def _changes(this: Round, record: dict) -> Iterator[dict]:
    name, student = this.assignment.name, record["student"]
    old = this.book.marks(name, student)
    why = _why(old, records.read(this.course, name, student) or {}, record)
    for notebook, step, score in _new_scores(old or {}, record):
        change = {"student": student, "notebook": notebook, "why": why}
        yield change | step | {"old": score}


def _why(old: Any, before: dict, record: dict) -> str:
    if old is None:
        return "not graded before"
    if before.get("submission") != record["submission"]:
        return "the submission changed"
    if before.get("rules") != record["rules"]:
        return "the checks or the grader changed"
    return "a rerun gave another result"


AUTOGRADE = (find, try_out, prepare, run, record, store)
COMPARE = (try_out, prepare, run, record, differ)
