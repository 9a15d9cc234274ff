"""What the gradebook says of marks, and how a cell of a table is written.

Sources: for formulas, the OWASP page on CSV injection.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from nbgrader.api import (
    Assignment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from sqlalchemy import and_, exists, or_

# where a spreadsheet may see the beginning of a cell, here or in another locale
FORMULA = re.compile(r"(^|[;,]\s*)(?=[=+\-@])")


@dataclass(frozen=True)
class Mark:
    """What a student has for an assignment: points less the penalty, never below 0.

    `waiting` says whether some part still waits for a person's marks.
    """

    score: float
    waiting: bool = False


def chosen_assignments(gradebook: Gradebook, names: Sequence) -> list[Assignment]:
    """Return these assignments (all if none is named), by due date, then name."""
    known = {assignment.name: assignment for assignment in gradebook.assignments}
    _check("assignment", names, known)
    wanted = set(map(str, names)) or set(known)
    found = [known[name] for name in wanted]
    # databases disagree about where no date sorts
    return sorted(found, key=lambda a: (not a.duedate, str(a.duedate), a.name))


def chosen_students(gradebook: Gradebook, names: Sequence) -> list[Student]:
    """Return these students (all if none is named), by last name, first name, id."""
    known = {student.id: student for student in gradebook.students}
    _check("student", names, known)
    found = [known[name] for name in set(map(str, names)) or known]

    def place(student: Student) -> tuple[str, str, str]:
        last, first = student.last_name or "", student.first_name or ""
        return last.casefold(), first.casefold(), student.id

    return sorted(found, key=place)


def _check(kind: str, names: Sequence, known: dict) -> None:
    for name in map(str, names):
        if name not in known:
            raise ValueError(
                f"unknown {kind} {name!r}; known: {', '.join(sorted(known)) or 'none'}"
            )


def marks_of(
    gradebook: Gradebook, assignment: Assignment
) -> tuple[dict[str, Mark], list[str]]:
    """Return the marks of an assignment, and who handed in but has no mark at all."""
    inside = and_(
        SubmittedNotebook.assignment_id == SubmittedAssignment.id,
        Grade.notebook_id == SubmittedNotebook.id,
    )
    marked = or_(Grade.auto_score.is_not(None), Grade.manual_score.is_not(None))
    found = gradebook.db.query(
        SubmittedAssignment.student_id,
        SubmittedAssignment.score,
        SubmittedAssignment.late_submission_penalty,
        SubmittedAssignment.needs_manual_grade,
        exists().where(inside, marked).correlate(SubmittedAssignment.__table__),
    ).filter(SubmittedAssignment.assignment_id == assignment.id)
    marks, ungraded = {}, []
    for student, score, penalty, waiting, given in found:
        if given:
            marks[student] = Mark(max(0.0, score - penalty), bool(waiting))
        else:
            ungraded.append(student)
    return marks, sorted(ungraded)


# --- cells ---------------------------------------------------------------------------


def text(value: str | None) -> str:
    """Return a cell on one line that no spreadsheet takes for a formula."""
    kept = "".join(c if c.isprintable() else " " for c in value or "")
    line = " ".join(kept.split())
    if line and unicodedata.normalize("NFKC", line[0]) in "=+-@":  # full width, too
        line = f"'{line}"
    return FORMULA.sub(r"\1'", line)


def number(value: float) -> str:
    """Return points as the importers read them: ``7.5``, ``10``."""
    return f"{round(value, 4):.10g}"


def full_name(student: Student) -> str:
    """Return "Last, First", or what there is of it."""
    names = (student.last_name, student.first_name)
    return text(", ".join(name for name in names if name) or student.id)
