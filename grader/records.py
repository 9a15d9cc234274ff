"""The record of a submission: what it got and why, made, read and written.

A record is plain JSON, and nothing is in it that must not leak: `make` cleans whatever
came from a student's process or from hidden tests. It lies beside the autograded
notebook, and a submission is finished when the record is on disk and the gradebook has
it. Where there was a fault, no points are written and none are taken: the reason lies
in a file of its own until a run gets through. How marks look in the gradebook is
`gradebook`'s business, how they are shown to people, that of `grader.reports`.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from grader import CourseError
from grader.books.course import Assignment, Course
from grader.books.files import save
from grader.books.gradebook import Book, PenaltyError
from grader.books.names import ANSWERS
from grader.books.rebuild import Placed
from grader.books.sheet import Sheet
from grader.jobs import Task
from grader.reports.markdown import pasted, safe
from grader.reports.redact import Redactor, plain
from grader.terminal import tell
from grader.verdicts import Fault, Graded, State, Step, Verdict

FORMAT = 1  # of the records
KEPT = ".grading.json"  # the record, beside an autograded notebook


def make(course: Course, assignment: Assignment, rules: str, task: Task) -> dict:
    """Return the record of a submission; `rules` is `digest_of` the assignment."""
    submission = task.submission
    record: dict = {
        "format": FORMAT,
        "student": submission.student,
        "assignment": assignment.name,
        "submission": submission.digest,
        "rules": rules,
        "timestamp": submission.timestamp and submission.timestamp.isoformat(),
        "notes": [plain(note) for note in submission.notes],
        "notebooks": {},
    }
    for sheet in assignment.sheets:
        result = task.results.get(sheet.name) or Graded()
        if isinstance(result, Fault):
            made = {"state": State.ERROR, "error": plain(str(result))}
        else:
            made = _notebook(course, sheet, task, result)
        record["notebooks"][sheet.name] = made
    return record


def _notebook(course: Course, sheet: Sheet, task: Task, result: Graded) -> dict:
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
        missing = Step(cell.grade_id, cell.points, message=reason)
        step = steps.get(cell.grade_id, missing)
        steps[cell.grade_id] = replace(
            step,
            message=redact(plain(step.message)),
            own_error=redact(plain(step.own_error)),
            seconds=round(step.seconds, 3),
        )
    repairs = [*submission.repairs[sheet.name], *result.repairs]
    return {
        "state": _state(bool(unreadable), problems, steps),
        "problems": [redact(plain(text)) for text in problems],
        "repairs": [plain(text) for text in repairs],
        "spent": {what: round(s, 4) for what, s in result.spent.items()},
        "steps": [
            {"title": cell.title} | asdict(steps[cell.grade_id])
            for cell in sheet.checks
        ],
        "manual": {
            c.cell.grade_id: c.role == "task" or _is_due(cells, n)
            for n, c in enumerate(cells)
            if c.role == "task"
            or (c.role == "manual" and c.cell.metadata["nbgrader"].get("grade"))
        },
        "empty": [
            c.cell.grade_id for c in cells if c.role in ANSWERS and not c.answered
        ],
        "cells": [
            _notebook_cell(n, c, result, steps, redact, submission.files)
            for n, c in enumerate(cells)
        ],
        "metadata": sheet.metadata,
    }


def _is_due(cells: list[Placed], number: int) -> bool:
    """Tell whether there is something to read: in the cell, or in one beside it."""
    around = cells[max(0, number - 1) : number + 2]
    return cells[number].answered or any(c.role == "added" for c in around)


def _state(unreadable: bool, problems: list[str], steps: dict[str, Step]) -> State:
    if unreadable:
        return State.UNREADABLE
    unclear = any(step.verdict.unclear for step in steps.values())
    return State.PARTLY if unclear or problems else State.GRADED


def _notebook_cell(number, placed: Placed, result, steps, redact, files) -> dict:
    """Return a cell of the autograded notebook: released text, redacted outputs."""
    checked = placed.role == "check"
    own = placed.cell
    source = own.release if checked or (own and own.locked) else placed.source
    pictures: dict = {}
    if placed.cell_type != "code" and placed.role in ("manual", "added"):
        source, pictures = safe(source, pasted(placed.attachments), files)
    cell = {
        "cell_type": placed.cell_type,
        "id": f"cell-{number}",
        "metadata": own.metadata if own else {},
        "source": source,
    } | ({"attachments": pictures} if pictures else {})
    if placed.cell_type == "code":
        outputs = redact.outputs(result.outputs.get(number, []))
        if checked:
            outputs = [_check_output(steps[own.grade_id])]
        cell |= {"execution_count": None, "outputs": outputs}
    return cell


def _check_output(step: Step) -> dict:
    text = step.message
    if step.score > 0 or not step.points:
        line = f"{step.score:g} of {step.points:g} points"
        line += " (with the reference in place of earlier answers)" * step.followed
        text = f"{text}\n{line}\n"
        return {"output_type": "stream", "name": "stdout", "text": text}
    error = {"ename": "CheckFailed", "evalue": text, "traceback": text.splitlines()}
    return {"output_type": "error"} | error


def error_of(record: dict) -> str:
    """Return why a submission could not be graded, in one line; empty if it was."""
    return "; ".join(
        f"{name}: {result['error']}"
        for name, result in record["notebooks"].items()
        if result["state"] == State.ERROR
    )


def lines_about(record: dict) -> Iterator[str]:
    """Yield a line for each problem of a submission, for the terminal."""
    for note in record["notes"]:
        yield f"{record['student']}: {note}"
    for name, result in record["notebooks"].items():
        place = f"{record['student']}/{name}"
        if result["state"] == State.ERROR:
            yield f"{place}: not graded: {result['error']}"
            continue
        for problem in result["problems"]:
            yield f"{place}: {problem}"
        for step in result["steps"]:
            if Verdict(step["verdict"]).unclear and not result["problems"]:
                yield f"{place}/{step['grade_id']}: {step['message']}"


# --- what stays on disk --------------------------------------------------------------


def read(course: Course, assignment: str, student: str) -> dict | None:
    """Return the record of a submission, None if there is none of this format."""
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
    steps = {field.name for field in fields(Step)} | {"title"}
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

    Of a submission that could not be graded only the reason is written. Where the
    gradebook cannot take one, the record becomes an error.
    """
    student = record["student"]
    folder = course.folder("autograded", student, assignment.name)
    mark = _error_path(course, assignment.name, student)
    if reason := error_of(record):
        save(mark, f"{reason}\n")
        return
    try:
        _write(folder, record, assignment)
    except OSError as error:
        raise CourseError(f"{folder} cannot be written: {error.strerror}") from None
    given = record["timestamp"]
    try:
        book.save(assignment, record, given and datetime.fromisoformat(given))
    except PenaltyError as fault:
        for name in record["notebooks"]:
            record["notebooks"][name] = {"state": State.ERROR, "error": f"{fault}"}
        tell(f"{student}: {fault}")
        save(mark, f"{fault}\n")
    else:
        mark.unlink(missing_ok=True)


def _write(folder: Path, record: dict, assignment: Assignment) -> None:
    """Replace a folder at once: a reader sees the old or the new one, never half."""
    fresh = folder.with_name(f".{folder.name}.new")
    old = folder.with_name(f".{folder.name}.old")
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name, result in record["notebooks"].items():
        notebook = {"cells": result["cells"], "metadata": result["metadata"]}
        notebook |= {"nbformat": 4, "nbformat_minor": 5}
        path = fresh / f"{name}.ipynb"
        path.write_text(json.dumps(notebook, indent=1), encoding="utf-8")
    for name, content in assignment.files.items():
        path = fresh / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    if record["timestamp"]:
        (fresh / "timestamp.txt").write_text(record["timestamp"], encoding="utf-8")
    with open(fresh / KEPT, "w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        os.fsync(file.fileno())
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
