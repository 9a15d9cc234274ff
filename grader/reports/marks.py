"""What the gradebook says of marks, and how a cell of a table is written.

Sources: for formulas, the OWASP page on CSV injection.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from nbgrader.api import Assignment, Gradebook, Student

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
    found = _chosen("assignment", names, {a.name: a for a in gradebook.assignments})
    # databases disagree about where no date sorts
    return sorted(found, key=lambda a: (not a.duedate, str(a.duedate), a.name))


def chosen_students(gradebook: Gradebook, names: Sequence) -> list[Student]:
    """Return these students (all if none is named), by last name, first name, id."""

    def place(student: Student) -> tuple[str, str, str]:
        last, first = student.last_name or "", student.first_name or ""
        return last.casefold(), first.casefold(), student.id

    found = _chosen("student", names, {s.id: s for s in gradebook.students})
    return sorted(found, key=place)


def _chosen(kind: str, names: Sequence, known: dict) -> list:
    for name in map(str, names):
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise ValueError(f"unknown {kind} {name!r}; known: {there}")
    return [known[name] for name in set(map(str, names)) or known]


def marks_of(assignment: Assignment) -> tuple[dict[str, Mark], list[str]]:
    """Return the marks of an assignment, and who handed in but has no mark at all."""
    marks, ungraded = {}, []
    for work in assignment.submissions:
        grades = [grade for book in work.notebooks for grade in book.grades]
        scores = [s for g in grades for s in (g.auto_score, g.manual_score)]
        if scores == [None] * len(scores):
            ungraded.append(work.student_id)
            continue
        score = max(0.0, work.score - work.late_submission_penalty)
        marks[work.student_id] = Mark(score, bool(work.needs_manual_grade))
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
