"""Grade an assignment: read it here, run it in a pool, write it down here.

A submission is finished when its record (`.grading.json`, beside the autograded
notebook) is on disk and the gradebook has it. A run that was killed starts where it
stopped: what is finished and unchanged is not run again.

Where the course or the machine failed (the state is ``error``), no points are written
and none are taken: the reasons lie in a file of their own until a run gets through.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from grader.books.course import (
    KEPT,
    Assignment,
    Course,
    CourseError,
    Submission,
    digest_of,
)
from grader.books.gradebook import Book
from grader.books.rebuild import Placed, rebuild
from grader.books.sheet import Sheet
from grader.isolated import sandbox, session
from grader.isolated.forkserver import Stopped, allow_forkservers, close_forkservers
from grader.isolated.sandbox import Limits
from grader.reports.redact import Redactor, harmless, plain
from grader.reports.similarity import Match, matches

FORMAT = 1  # of the records


@dataclass(frozen=True)
class Options:
    """How to run: see the command's help."""

    students: tuple[str, ...] = ()
    workers: int = 2
    dask: str = ""
    sandbox: bool = True
    limits: Limits = field(default_factory=Limits)
    seconds: float | None = None
    force: bool = False
    follow_through: bool = True
    quiet: bool = False


@dataclass
class Task:
    """A submission under way: its jobs by notebook, and what they gave."""

    submission: Submission
    jobs: dict[str, session.Job]
    digest: str
    results: dict[str, session.Graded] = field(default_factory=dict)


def autograde(course: Course, name: str, options: Options) -> dict[str, dict]:
    """Grade all submissions of an assignment that are new or have changed.

    Returns
    -------
    dict
        The record of each student who was graded in this run.

    Raises
    ------
    CourseError
        The course, the gradebook or the machine does not allow it.
    """
    assignment = course.assignment(name)
    rules = digest_of(assignment)
    students = _selected(course, name, options.students)
    done: dict[str, dict] = {}
    with Book(course) as book:
        book.prepare(assignment)
        todo = list(_unfinished(course, book, assignment, students, rules, options))
        for student, record in _graded(course, assignment, todo, rules, options):
            store(course, assignment, book, record)
            done[student] = record
    return done


def compare(
    course: Course, name: str, options: Options
) -> tuple[list[dict], dict[str, str]]:
    """Grade without writing.

    Returns
    -------
    changes : list of dict
        Each mark that would change, and why.
    failed : dict of str to str
        Who could not be graded, and why.
    """
    assignment = course.assignment(name)
    rules = digest_of(assignment)
    students = _selected(course, name, options.students)
    changes, failed = [], {}
    with Book(course) as book:
        for student, record in _graded(course, assignment, students, rules, options):
            if error := error_of(record):
                failed[student] = error
                continue
            old = book.marks(name, student)
            before = read_record(course, name, student) or {}
            changes += _changes(old, record, _why(old, before, record))
    return changes, failed


def _changes(old: dict | None, record: dict, why: str) -> Iterator[dict]:
    for notebook, result in record["notebooks"].items():
        for step in result["steps"]:
            score = (old or {}).get((notebook, step["grade_id"]), (None,))[0]
            if score != step["score"]:
                change = {"student": record["student"], "notebook": notebook}
                yield change | {"why": why} | step | {"old": score}


def _why(old: Any, before: dict, record: dict) -> str:
    if old is None:
        return "not graded before"
    if before.get("submission") != record["submission"]:
        return "the submission changed"
    if before.get("rules") != record["rules"]:
        return "the checks or the grader changed"
    return "a rerun gave another result"


def _selected(course: Course, name: str, wanted: Iterable[str]) -> list[str]:
    students = course.students(name)
    unknown = sorted(set(wanted) - set(students))
    if unknown:
        raise CourseError(f"{unknown[0]} has handed in nothing for {name}")
    if not students:
        folder = course.folder("submitted", "STUDENT", name)
        raise CourseError(f"nobody has handed in {name}: nothing lies in {folder}")
    return sorted(wanted) or students


def _unfinished(
    course: Course,
    book: Book,
    assignment: Assignment,
    students: list[str],
    rules: str,
    options: Options,
) -> Iterator[str]:
    """Yield who must be run; what was run but not written down is written down."""
    for student in students:
        record = read_record(course, assignment.name, student)
        failed = read_error(course, assignment.name, student)
        if options.force or failed or not record or record["rules"] != rules:
            yield student
            continue
        if record["submission"] != _digest(course, student, assignment):
            yield student
        elif not _in_gradebook(book, assignment, record):
            store(course, assignment, book, record)


def _digest(course: Course, student: str, assignment: Assignment) -> str:
    """Return the hash of what was handed in; an empty text if it cannot be read."""
    with contextlib.suppress(Exception):  # it is told when the submission is prepared
        return course.submission(student, assignment).digest
    return ""


def _in_gradebook(book: Book, assignment: Assignment, record: dict) -> bool:
    marks = book.marks(assignment.name, record["student"])
    return marks is not None and all(
        marks.get((notebook, step["grade_id"]), (None,))[0] == step["score"]
        for notebook, result in record["notebooks"].items()
        for step in result["steps"]
    )


# --- the pool ------------------------------------------------------------------------


def _graded(
    course: Course,
    assignment: Assignment,
    students: list[str],
    rules: str,
    options: Options,
) -> Iterator[tuple[str, dict]]:
    """Yield a record for each student, as they are finished."""
    if not students:
        return
    if options.sandbox:
        _out_of_sight(course)
    allow_forkservers()
    pool, workers = _pool(options)
    waiting = iter(students)
    running: dict[Future, tuple[Task, str]] = {}
    with Progress(total=len(students), disable=options.quiet) as bar:
        try:
            while True:
                finished: list[Task] = []
                while len(running) < 2 * workers and (student := next(waiting, None)):
                    task = _prepared(course, assignment, student, rules, options)
                    for name, job in task.jobs.items():
                        running[pool.submit(session.grade, job)] = (task, name)
                    if not task.jobs:
                        finished.append(task)
                if not finished and not running:
                    return
                if not finished:
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        task, name = running.pop(future)
                        task.results[name] = _result(future)
                        if len(task.results) == len(task.jobs):
                            finished.append(task)
                for task in finished:
                    record = finish(course, assignment, task)
                    for line in lines_about(record):
                        bar.write(line, file=sys.stderr)
                    bar.update()
                    yield record["student"], record
        except BaseException:
            for future in running:
                future.cancel()
            close_forkservers(stop=True)  # what still runs ends at once
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _out_of_sight(course: Course) -> None:
    """Raise if students' code could read the solutions or other submissions."""
    folders = course.folders
    for name in ("source", "submitted", "autograded", "feedback"):
        place = course.root / getattr(folders, f"{name}_directory")
        if seen := sandbox.exposed(place):
            raise CourseError(
                f"{place} lies in {seen}, which students' code can read: move the "
                "course's folder to another place"
            )


class Progress(tqdm):
    """A bar with submissions per minute and the time left."""

    def __init__(self, **settings: Any) -> None:
        settings["bar_format"] = (
            "{percentage:3.0f}% |{bar}| {n_fmt} of {total_fmt}, {per_minute:.0f} a "
            "minute, {remaining} left"
        )
        super().__init__(**settings)

    @property
    def format_dict(self) -> dict:
        """What the bar shows, with the rate as submissions per minute."""
        shown = super().format_dict
        seconds = shown["elapsed"] or 1.0
        return shown | {"per_minute": 60 * shown["n"] / seconds}


def _result(future: Future) -> session.Graded:
    try:
        return future.result()
    except Stopped:
        raise KeyboardInterrupt from None
    except Exception as error:  # a fault of ours, not of the student's
        return _failed(error)


def _failed(error: Exception) -> session.Graded:
    known = isinstance(error, CourseError)
    return session.failed(f"{error}" if known else f"{type(error).__name__}: {error}")


def _pool(options: Options) -> tuple[Executor, int]:
    """Return where the jobs run: threads here, or a Dask cluster."""
    if not options.dask:
        return ThreadPoolExecutor(options.workers), options.workers
    try:
        from distributed import Client
    except ModuleNotFoundError:
        raise CourseError("--dask needs the package distributed") from None
    try:
        client = Client(options.dask, timeout="10s", set_as_default=False)
    except OSError as error:
        raise CourseError(f"no Dask scheduler at {options.dask}: {error}") from None
    executor = client.get_executor(pure=False)
    return _Dask(client, executor), max(1, sum(client.nthreads().values()))


class _Dask(Executor):
    """A Dask cluster as a pool; futures are those of `concurrent.futures`."""

    def __init__(self, client: Any, executor: Executor) -> None:
        self.client, self.executor = client, executor

    def submit(self, function: Any, /, *args: Any, **kwargs: Any) -> Future:
        return self.executor.submit(function, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.executor.shutdown(wait=False)
        self.client.close()


# --- one submission ------------------------------------------------------------------


def _prepared(
    course: Course, assignment: Assignment, student: str, rules: str, options: Options
) -> Task:
    """Prepare a submission; one that cannot be read at all stops nobody else's."""
    try:
        return prepare(course, assignment, student, rules, options)
    except Exception as error:  # a fault of ours, not of the student's
        results = {sheet.name: _failed(error) for sheet in assignment.sheets}
        return Task(Submission(student, digest=""), {}, rules, results)


def prepare(
    course: Course, assignment: Assignment, student: str, rules: str, options: Options
) -> Task:
    """Read and rebuild a submission; return the jobs that grade it."""
    submission = course.submission(student, assignment)
    jobs = {}
    for sheet in assignment.sheets:
        if sheet.name in submission.notebooks:
            cells, repairs = rebuild(sheet, submission.notebooks[sheet.name])
            submission.repairs[sheet.name] += repairs
            jobs[sheet.name] = session.Job(
                student=student,
                sheet=sheet,
                cells=cells,
                files=_beside(submission.files, assignment.files),
                course_files=assignment.files,
                limits=options.limits if options.sandbox else None,
                seconds=options.seconds or course.seconds,
                follow_through=options.follow_through,
                torch=assignment.torch,
            )
    return Task(submission, jobs, rules)


def _beside(own: dict[str, bytes], course: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files to work with: the course's, and a student's that fit beside."""
    taken = {*course, *(str(p) for name in course for p in Path(name).parents)}
    fits = {
        name: content
        for name, content in own.items()
        if name not in taken and not any(str(p) in course for p in Path(name).parents)
    }
    return fits | course


def finish(course: Course, assignment: Assignment, task: Task) -> dict:
    """Return the record of a submission: plain JSON, and nothing that must not leak."""
    submission = task.submission
    record: dict = {
        "format": FORMAT,
        "student": submission.student,
        "assignment": assignment.name,
        "submission": submission.digest,
        "rules": task.digest,
        "timestamp": submission.timestamp and submission.timestamp.isoformat(),
        "notes": [plain(note) for note in submission.notes],
        "notebooks": {},
    }
    for sheet in assignment.sheets:
        result = task.results.get(sheet.name) or session.Graded()
        if result.error:
            made = {"state": "error", "error": plain(result.error)}
        else:
            made = _notebook(course, sheet, task, result)
        record["notebooks"][sheet.name] = made
    return record


def _notebook(course: Course, sheet: Sheet, task: Task, result: session.Graded) -> dict:
    """Return the record of a notebook that has its verdict."""
    submission = task.submission
    unreadable = submission.unreadable.get(sheet.name, "")
    problems = [*result.problems, *filter(None, [unreadable])]
    if unreadable:
        cells = [Placed(c, c.cell_type, c.release) for c in sheet.cells]
    else:
        cells = task.jobs[sheet.name].cells
    redact = Redactor(course.root, sheet, cells)
    steps = {step.grade_id: step for step in result.steps}
    reason = problems[-1] if problems else "the check was not reached"
    for cell in sheet.checks:  # none is ever silently without a verdict
        missing = session.Step(cell.grade_id, cell.points, message=reason)
        steps.setdefault(cell.grade_id, missing)
    repairs = [*submission.repairs[sheet.name], *result.repairs]
    return {
        "state": _state(bool(unreadable), problems, steps),
        "problems": [redact(plain(text)) for text in problems],
        "repairs": [plain(text) for text in repairs],
        "spent": {what: round(s, 4) for what, s in result.spent.items()},
        "steps": [
            _step(cell.title, steps[cell.grade_id], redact) for cell in sheet.checks
        ],
        "manual": {
            c.cell.grade_id: c.answered
            for c in cells
            if c.role == "manual" and c.cell.metadata["nbgrader"].get("grade")
        },
        "empty": [
            c.cell.grade_id
            for c in cells
            if c.role in ("answer", "manual") and not c.answered
        ],
        "cells": [
            _notebook_cell(n, c, result, steps, redact) for n, c in enumerate(cells)
        ],
        "metadata": sheet.metadata,
    }


def _step(title: str, step: session.Step, redact: Redactor) -> dict:
    cleaned = replace(
        step,
        message=redact(plain(step.message)),
        own_error=redact(plain(step.own_error)),
        seconds=round(step.seconds, 3),
    )
    return {"title": title} | asdict(cleaned)


def _state(unreadable: bool, problems: list[str], steps: dict) -> str:
    if unreadable:
        return "unreadable"
    unclear = any(step.verdict in ("time", "broken") for step in steps.values())
    return "partly" if unclear or problems else "graded"


def _notebook_cell(number, placed: Placed, result, steps, redact) -> dict:
    """Return a cell of the autograded notebook: released text, redacted outputs."""
    checked = placed.role == "check"
    own = placed.cell
    source = own.release if checked or (own and own.locked) else placed.source
    if placed.cell_type != "code" and placed.role in ("manual", "added"):
        source = harmless(source)
    cell = {
        "cell_type": placed.cell_type,
        "id": f"cell-{number}",
        "metadata": own.metadata if own else {},
        "source": source,
    }
    if placed.cell_type == "code":
        outputs = redact.outputs(result.outputs.get(number, []))
        if checked:
            outputs = _check_output(steps[own.grade_id], redact)
        cell |= {"execution_count": None, "outputs": outputs}
    return cell


def _check_output(step: session.Step, redact) -> list[dict]:
    text = redact(plain(step.message))
    if step.score > 0 or not step.points:
        line = f"{step.score:g} of {step.points:g} points"
        line += " (with the reference in place of earlier answers)" * step.followed
        text = f"{text}\n{line}\n"
        return [{"output_type": "stream", "name": "stdout", "text": text}]
    return [
        {
            "output_type": "error",
            "ename": "CheckFailed",
            "evalue": text,
            "traceback": text.splitlines(),
        }
    ]


def error_of(record: dict) -> str:
    """Return why a submission could not be graded, in one line; empty if it was."""
    return "; ".join(
        f"{name}: {result['error']}"
        for name, result in record["notebooks"].items()
        if result["state"] == "error"
    )


def lines_about(record: dict) -> Iterator[str]:
    """Yield a line for each problem of a submission, for the terminal."""
    for note in record["notes"]:
        yield f"{record['student']}: {note}"
    for name, result in record["notebooks"].items():
        place = f"{record['student']}/{name}"
        if result["state"] == "error":
            yield f"{place}: not graded: {result['error']}"
            continue
        for problem in result["problems"]:
            yield f"{place}: {problem}"
        for step in result["steps"]:
            if step["verdict"] in ("time", "broken") and not result["problems"]:
                yield f"{place}/{step['grade_id']}: {step['message']}"


# --- what stays on disk --------------------------------------------------------------


def read_record(course: Course, assignment: str, student: str) -> dict | None:
    """Return the record of a graded submission, None if there is none of this format.

    Raises
    ------
    CourseError
        What lies there was not written by any grader of ours.
    """
    path = course.folder("autograded", student, assignment) / KEPT
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CourseError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        record = None
    number = record.get("format") if isinstance(record, dict) else None
    if isinstance(number, int) and number != FORMAT:
        return None
    if number != FORMAT or not _is_record(record):
        raise CourseError(
            f"{path} is no record of the grader's: delete it, and `autograde` grades "
            f"{student} anew"
        )
    return record


def _is_record(record: dict) -> bool:
    """Tell whether a record has all that is looked up in it."""
    forms = {"student": str, "submission": str, "rules": str, "notes": list}
    parts = {"state": str, "problems": list, "repairs": list, "steps": list}
    parts |= {"manual": dict, "empty": list, "cells": list, "metadata": dict}
    steps = {field.name for field in fields(session.Step)} | {"title"}
    books = record.get("notebooks")
    return (
        _has(record, forms)
        and isinstance(books, dict)
        and all(_has(result, parts) for result in books.values())
        and all(
            isinstance(step, dict) and steps <= step.keys()
            for result in books.values()
            for step in result["steps"]
        )
    )


def _has(value: Any, forms: dict[str, type]) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(name), form) for name, form in forms.items()
    )


def _error_path(course: Course, assignment: str, student: str) -> Path:
    folder = course.folder("autograded", student, assignment)
    return folder.with_name(f".{folder.name}.error.txt")


def read_error(course: Course, assignment: str, student: str) -> str:
    """Return why the last run could not grade a submission; empty if it could."""
    try:
        text = _error_path(course, assignment, student).read_text(encoding="utf-8")
    except OSError:
        return ""
    return text.strip() or "the last run was interrupted"


def store(course: Course, assignment: Assignment, book: Book, record: dict) -> None:
    """Write the autograded notebooks, the record, and then the gradebook.

    Of a submission that could not be graded only the reason is written.
    """
    student = record["student"]
    folder = course.folder("autograded", student, assignment.name)
    mark = _error_path(course, assignment.name, student)
    error = error_of(record)
    try:
        if error:
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(f"{error}\n", encoding="utf-8")
            return
        _write(folder, record, assignment)
    except OSError as error:
        raise CourseError(f"{folder} cannot be written: {error.strerror}") from None
    book.save(assignment, record, _parse(record["timestamp"]))
    mark.unlink(missing_ok=True)


def _parse(text: str | None):
    from datetime import datetime

    return datetime.fromisoformat(text) if text else None


def _write(folder: Path, record: dict, assignment: Assignment) -> None:
    """Replace a folder at once: a reader sees the old or the new one, never half."""
    fresh = folder.with_name(f".{folder.name}.new")
    old = folder.with_name(f".{folder.name}.old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, result in record["notebooks"].items():
        notebook = {
            "cells": result["cells"],
            "metadata": result["metadata"],
            "nbformat": 4,
            "nbformat_minor": 5,
        }
        path = fresh / f"{name}.ipynb"
        path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    for name, content in assignment.files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if record["timestamp"]:
        path = fresh / "timestamp.txt"
        path.write_text(record["timestamp"], encoding="utf-8")
    with open(fresh / KEPT, "w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        os.fsync(file.fileno())
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


# --- what resembles what --------------------------------------------------------------


def similar(course: Course, name: str) -> list[Match]:
    """Return the answers of an assignment that resemble each other, strongest first."""
    assignment = course.assignment(name)
    found: list[Match] = []
    handed_in = [course.submission(s, assignment) for s in course.students(name)]
    for sheet in assignment.sheets:
        answers = {}
        for submission in handed_in:
            if sheet.name in submission.notebooks:
                cells, _ = rebuild(sheet, submission.notebooks[sheet.name])
                answers[submission.student] = {
                    c.cell.grade_id: c.source for c in cells if c.answered
                }
        found += matches(answers, sheet)
    return sorted(found, key=lambda match: -match.strength)


# --- the release ---------------------------------------------------------------------


def check_release(course: Course, name: str, options: Options) -> list[str]:
    """Grade the reference and the empty release through the same path.

    Returns
    -------
    list of str
        What is wrong, a line each: points that the reference loses or the release gets.
    """
    assignment = course.assignment(name)
    faults = []
    for sheet in assignment.sheets:
        for reference in (True, False):
            cells = [
                Placed(c, c.cell_type, c.source if reference else c.release)
                for c in sheet.cells
            ]
            job = session.Job(
                student="reference" if reference else "release",
                sheet=sheet,
                cells=cells,
                files=assignment.files,
                course_files=assignment.files,
                limits=options.limits if options.sandbox else None,
                seconds=options.seconds or course.seconds,
                follow_through=False,
                torch=assignment.torch,
            )
            result = session.grade(job)
            lines = [result.error] if result.error else result.problems
            faults += [f"{name}/{sheet.name}: {line}" for line in lines]
            for step in result.steps:
                if step.score != (step.points if reference else 0):
                    faults.append(
                        f"{name}/{sheet.name}/{step.grade_id}: the {job.student} gets "
                        f"{step.score:g} of {step.points:g}: {step.message}"
                    )
    return faults
