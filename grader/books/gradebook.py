"""The gradebook: nbgrader's own database, with one writer and one transaction each.

It holds marks and comments, and what a person changed in them. What a mark came from,
messages and outputs, lies in the `records` beside the notebooks.
"""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from nbgrader import api
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import event
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from grader import CourseError
from grader.books.course import Assignment, Course

T = TypeVar("T")
WAIT_SECONDS = 60  # for another program that holds the gradebook


@dataclass(frozen=True)
class Mark:
    """The mark of one cell: points, the most there are, and whether a person is due."""

    name: str
    score: float
    points: float
    due: bool
    by_hand: bool

    @property
    def waits(self) -> bool:
        """Whether no points are there before a person gives them."""
        return self.due and not self.by_hand


def _grade(grade: Any) -> Mark:
    return Mark(
        grade.name,
        grade.score,
        grade.max_score,
        bool(grade.needs_manual_grade),
        grade.manual_score is not None,
    )


class PenaltyError(Exception):
    """The course's plugin for late penalties fails for a submission."""


class Book:
    """The gradebook of a course. Use it as a context manager, from one thread."""

    def __init__(self, course: Course) -> None:
        here = str(Path(sys.executable).parent)  # nbgrader calls alembic by name
        if here not in os.environ["PATH"].split(os.pathsep):
            os.environ["PATH"] = here + os.pathsep + os.environ["PATH"]
        self.course = course
        self.gradebook = patiently(
            lambda: api.Gradebook(course.db_url, course.course_id)
        )
        if course.db_url.startswith("sqlite"):
            event.listen(self.gradebook.engine, "connect", _wait_for_locks)
            self.gradebook.db.remove()
            self.gradebook.engine.dispose()  # connections made before know no patience

    def __enter__(self) -> "Book":
        return self

    def __exit__(self, *_) -> None:
        self.gradebook.close()

    def prepare(self, assignment: Assignment) -> None:
        """Let the gradebook know the assignment's cells, by nbgrader's own command."""
        cells = [(s.name, cell) for s in assignment.sheets for cell in s.cells]
        wanted = {
            (name, cell.grade_id): cell.points
            for name, cell in cells
            if cell.role in ("check", "manual") and cell.points
        }
        sources = {  # nbgrader writes them last: without them it has been interrupted
            (name, cell.grade_id)
            for name, cell in cells
            if cell.grade_id and (cell.role != "course" or cell.locked)
        }
        try:
            found = self.gradebook.find_assignment(assignment.name)
            known = {
                (notebook.name, cell.name): cell.max_score
                for notebook in found.notebooks
                for cell in notebook.grade_cells
                if cell.max_score
            }
            kept = {(n.name, c.name) for n in found.notebooks for c in n.source_cells}
        except api.MissingEntry:
            known = kept = None
        self.gradebook.db.rollback()
        if (known, kept) != (wanted, sources):
            self._generate(assignment.name)

    def _generate(self, name: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            nbgrader = self.course.nbgrader(release_directory=folder)
            logging.getLogger("traitlets").setLevel(logging.CRITICAL)
            done = patiently(
                lambda: nbgrader.generate_assignment(name, force=True, create=True)
            )
        if not done["success"]:
            lines = (done.get("error") or done.get("log") or "?").strip().splitlines()
            raise CourseError(f"nbgrader cannot take in {name}: {lines[-1]}")

    # --- reading ---

    def marks(self, assignment: str, student: str) -> dict[tuple[str, str], Any] | None:
        """Return (score, needs a person) by (notebook, cell); None if not graded."""
        try:
            submission = self.gradebook.find_submission(assignment, student)
            return {
                (book.name, grade.name): (grade.auto_score, grade.needs_manual_grade)
                for book in submission.notebooks
                for grade in book.grades
            }
        except api.MissingEntry:
            return None
        finally:
            self.gradebook.db.rollback()

    def results(self, assignment: str, student: str) -> dict[str, dict]:
        """Return what students see, by notebook: grades, comments and the penalty."""
        try:
            submission = self.gradebook.find_submission(assignment, student)
            return {
                book.name: {
                    "grades": {g.name: g for g in map(_grade, book.grades)},
                    "comments": {c.name: c.comment for c in book.comments if c.comment},
                    "penalty": book.late_submission_penalty or 0.0,
                }
                for book in submission.notebooks
            }
        except api.MissingEntry:
            raise CourseError(
                f"the gradebook has no marks of {student} for {assignment}: run "
                f"`autograde {assignment}` first"
            ) from None
        finally:
            self.gradebook.db.rollback()

    # --- writing ---

    def save(self, assignment: Assignment, record: dict, timestamp: Any) -> None:
        """Write one graded submission, as nbgrader would, in one transaction."""
        patiently(lambda: self._save(assignment, record, timestamp))

    def _save(self, assignment: Assignment, record: dict, timestamp: Any) -> None:
        db = self.gradebook.db
        with db.begin():
            with db.no_autoflush:
                submission = self._submission(assignment.name, record["student"])
            submission.timestamp = timestamp
            for notebook in submission.notebooks:
                result = record["notebooks"][notebook.name]
                scores = {step["grade_id"]: step["score"] for step in result["steps"]}
                for grade in notebook.grades:
                    if grade.name in result["manual"]:
                        answered = result["manual"][grade.name]
                        grade.auto_score = None if answered else 0
                        grade.needs_manual_grade = answered
                    elif grade.name in scores:
                        grade.auto_score = scores[grade.name]
                        grade.needs_manual_grade = False
                    if grade.manual_score is not None:
                        grade.needs_manual_grade = True
                for comment in notebook.comments:
                    empty = comment.name in result["empty"]
                    comment.auto_comment = "No response." if empty else None
            db.flush()
            self._penalize(submission)

    def _submission(self, assignment: str, student: str) -> Any:
        """Return the student's submission, made new with all its rows if need be."""
        db = self.gradebook.db
        try:
            return self.gradebook.find_submission(assignment, student)
        except api.MissingEntry:
            pass
        try:
            person = self.gradebook.find_student(student)
        except api.MissingEntry:
            person = api.Student(id=student)
            db.add(person)
        made = api.SubmittedAssignment(
            assignment=self.gradebook.find_assignment(assignment), student=person
        )
        for notebook in made.assignment.notebooks:
            handed_in = api.SubmittedNotebook(notebook=notebook, assignment=made)
            for cell in (*notebook.grade_cells, *notebook.task_cells):
                api.Grade(cell_id=cell.id, notebook=handed_in)
            for cell in (*notebook.solution_cells, *notebook.task_cells):
                api.Comment(cell_id=cell.id, notebook=handed_in)
        db.add(made)
        db.flush()
        db.refresh(made)
        return made

    def _penalize(self, submission: Any) -> None:
        """Set late penalties by nbgrader's plugin, as its preprocessor does."""
        preprocessor = AssignLatePenalties(config=self.course.config)
        preprocessor.init_plugin()
        late = submission.total_seconds_late
        for notebook in submission.notebooks:
            penalty = None
            if late > 0:
                self.gradebook.db.refresh(notebook)
                try:
                    penalty = preprocessor.plugin_inst.late_submission_penalty(
                        submission.student.id, notebook.score, late
                    )
                    if penalty is not None:
                        penalty = preprocessor._check_late_penalty(notebook, penalty)
                except Exception as error:  # the course's own code
                    raise PenaltyError(
                        "the course's plugin for late penalties fails: "
                        f"{type(error).__name__}: {error}"
                    ) from error
            notebook.late_submission_penalty = penalty


def _wait_for_locks(connection: Any, _: Any) -> None:
    connection.execute(f"PRAGMA busy_timeout = {WAIT_SECONDS * 1000}")


def patiently(action: Callable[[], T]) -> T:
    """Run a database action; try again while another program holds the database."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return action()
        except SQLAlchemyError as error:
            busy = isinstance(error, OperationalError) and "locked" in str(error)
            if not busy or time.monotonic() > deadline:
                line = str(getattr(error, "orig", error)).splitlines()[0]
                raise CourseError(f"the gradebook cannot be used: {line}") from None
            time.sleep(0.2)
