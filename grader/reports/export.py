"""Marks for other systems: gradebook files as Canvas and Moodle import them.

The two classes are nbgrader exporters, and `export` is what the command line calls::

    nbgrader export --exporter=grader.reports.export.CanvasExportPlugin --to file.csv

A mark is nbgrader's score (with extra credit) less the late penalty, at least 0. A
student who handed in nothing, or whose submission nobody has graded yet, gets an empty
cell: a 0 is a mark that somebody gave.

Sources: ``lib/gradebook_importer.rb`` of Canvas and ``grade/import/csv`` of Moodle, the
code that reads these files; for formulas, the OWASP page on CSV injection.
"""

import csv
import io
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nbgrader.api import (
    Assignment,
    Comment,
    Grade,
    Gradebook,
    Student,
    SubmittedAssignment,
    SubmittedNotebook,
)
from nbgrader.plugins import CsvExportPlugin, ExportPlugin
from sqlalchemy import and_, exists, or_
from sqlalchemy.engine import make_url
from traitlets import Bool, Dict, Enum, List, Unicode
from traitlets.config import Config

# where a spreadsheet may see the beginning of a cell, here or in another locale
FORMULA = re.compile(r"(^|[;,]\s*)(?=[=+\-@])")


@dataclass(frozen=True)
class Mark:
    """What a student has for an assignment.

    Attributes
    ----------
    score : float
        Points, less the penalty, never below 0.
    penalty : float
        Points taken off for lateness.
    waiting : bool
        Whether some part still waits for a person's marks.
    """

    score: float
    penalty: float = 0.0
    waiting: bool = False


class TableExportPlugin(ExportPlugin):
    """An exporter that writes one row per student and one column per assignment."""

    titles = Dict(
        key_trait=Unicode(),
        value_trait=Unicode(),
        help="Column of an assignment, where it is not the assignment's name.",
    ).tag(config=True)
    problems = List(Unicode(), help="What a person should know about the export.")
    destination = "grades.csv"

    def export(self, gradebook: Gradebook) -> None:
        """Write the table to `to`; raise ValueError for an unknown name."""
        self.problems = []
        assignments = chosen_assignments(gradebook, self.assignment)
        students = chosen_students(gradebook, self.student)
        marks = {a.name: self._marks(gradebook, a) for a in assignments}
        rows = self.rows(gradebook, assignments, students, marks)
        content = io.StringIO(newline="")
        csv.writer(content).writerows(rows)
        destination = Path(self.to or self.destination)
        with replacing(destination) as path:
            path.write_text(content.getvalue(), encoding="utf-8", newline="")
        self.log.info("Exported %d students to %s", len(students), destination)

    def rows(self, gradebook, assignments, students, marks) -> list[list[str]]:
        """Return the table, headers first; `marks`: assignment → student → `Mark`."""
        raise NotImplementedError

    def title(self, assignment: Assignment) -> str:
        """Return the header of an assignment's column."""
        return text(self.titles.get(assignment.name, assignment.name))

    def identifier(self, value: str | None) -> str:
        """Return an identifier as a cell, and say so where it had to be changed."""
        cell = text(value)
        if cell != (value or ""):
            self._tell(f"{value!r} was written as {cell!r}: it will match nobody")
        return cell

    def _marks(self, gradebook: Gradebook, assignment: Assignment) -> dict[str, Mark]:
        marks, ungraded = marks_of(gradebook, assignment)
        waiting = sorted(student for student, mark in marks.items() if mark.waiting)
        if ungraded:
            names = ", ".join(ungraded)
            self._tell(f"{assignment.name}: not graded yet, cell left empty: {names}")
        if waiting:
            names = ", ".join(waiting)
            self._tell(f"{assignment.name}: parts wait for a person's marks: {names}")
        return marks

    def _tell(self, problem: str) -> None:
        self.problems = [*self.problems, problem]
        self.log.warning("%s", problem)


class CanvasExportPlugin(TableExportPlugin):
    """The gradebook as Canvas imports it.

    Canvas looks a student up by ``ID`` (its own number), then by ``SIS User ID``, then
    by ``SIS Login ID`` (here nbgrader's student id), and last by name. Columns match
    assignments by title, or by ``title (number)``: see `titles`. ``Points Possible``
    sets the assignment's points. Canvas shows what will change before it is saved.
    """

    lms_column = Enum(
        ["ID", "SIS User ID"],
        "ID",
        help="What nbgrader's lms_user_id holds: Canvas's own number, or the SIS's.",
    ).tag(config=True)
    destination = "canvas.csv"

    def rows(self, gradebook, assignments, students, marks) -> list[list[str]]:
        """Return the table; see the base class."""
        header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        header += map(self.title, assignments)
        points = [number(assignment.max_score) for assignment in assignments]
        table = [header, ["    Points Possible", "", "", "", "", *points]]
        for student in students:
            cells = [marks[a.name].get(student.id) for a in assignments]
            scores = [number(mark.score) if mark else "" for mark in cells]
            table.append([*self._student(student), "", *scores])
        return table

    def _student(self, student: Student) -> list[str]:
        lms = self.identifier(student.lms_user_id)
        # Canvas reads "7abc" as 7, and that may be somebody else
        own = self.lms_column == "ID" and re.fullmatch("[0-9]+", lms)
        numbers = [lms, ""] if own else ["", lms]
        return [full_name(student), *numbers, self.identifier(student.id)]


class MoodleExportPlugin(TableExportPlugin):
    """The marks as Moodle's *Import → CSV file* reads them.

    Map from ``ID number`` to *useridnumber*, from ``Username`` to *username*, or from
    ``Email address`` to *useremail* (case counts), then the columns to grade items.
    Moodle refuses marks above its maximum unless *unlimitedgrades* is set.
    """

    feedback = Bool(
        False,
        help="Whether each assignment gets a column of comments. Map it together with "
        "the marks: Moodle loses marks when feedback is imported alone.",
    ).tag(config=True)
    missing = Unicode(
        "",
        help="Cell of a student without a mark. Old versions of Moodle read an empty "
        'cell of a new grade item as 0, and need "-".',
    ).tag(config=True)
    destination = "moodle.csv"

    def rows(self, gradebook, assignments, students, marks) -> list[list[str]]:
        """Return the table; see the base class."""
        header = ["First name", "Last name", "ID number", "Username", "Email address"]
        for assignment in assignments:
            title = self.title(assignment)
            header += [title, f"{title} (Feedback)"] if self.feedback else [title]
            self._check_maximum(assignment, marks[assignment.name])
        comments = {
            a.name: comments_of(gradebook, a) if self.feedback else {}
            for a in assignments
        }
        table = [header]
        for student in students:
            row = self._student(student)
            for a in assignments:
                mark = marks[a.name].get(student.id)
                row.append(number(mark.score) if mark else self.missing)
                if self.feedback:
                    said = comments[a.name].get(student.id, [])
                    row.append(remark(a, mark, said) if mark else "")
            table.append(row)
        return table

    def _student(self, student: Student) -> list[str]:
        names = [text(student.first_name), text(student.last_name)]
        keys = (student.lms_user_id, student.id, student.email)
        return names + [self.identifier(key) for key in keys]

    def _check_maximum(self, assignment: Assignment, marks: dict[str, Mark]) -> None:
        above = [s for s, mark in marks.items() if mark.score > assignment.max_score]
        if above:
            names = ", ".join(sorted(above))
            self._tell(
                f"{assignment.name}: above the maximum, which Moodle refuses unless "
                f"unlimitedgrades is set: {names}"
            )


PLUGINS: dict[str, type[ExportPlugin]] = {
    "csv": CsvExportPlugin,
    "canvas": CanvasExportPlugin,
    "moodle": MoodleExportPlugin,
}


def export(
    db_url: str,
    course_id: str,
    to: str,
    destination: str | Path,
    assignments: Sequence[str] = (),
    config: Config | None = None,
) -> list[str]:
    """Write the gradebook's marks to a file.

    Parameters
    ----------
    db_url, course_id : str
        The gradebook, as in nbgrader's ``c.CourseDirectory``.
    to : str
        ``csv`` (nbgrader's own table: it gives 0 for nothing handed in, and does not
        quote), ``canvas`` or ``moodle``.
    destination : str or Path
        The file; it is replaced as a whole or not at all.
    assignments : sequence of str
        The assignments to export; all of them if empty.
    config : Config, optional
        The course's settings, with those of the plugins.

    Returns
    -------
    list of str
        One line for everything that a person should know before importing the file.

    Raises
    ------
    ValueError
        For an unknown format or assignment, or where there is no gradebook.
    """
    if to not in PLUGINS:
        raise ValueError(f"unknown format {to!r}; known: {', '.join(PLUGINS)}")
    url = make_url(db_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise ValueError(f"there is no gradebook at {url.database}")
    with Gradebook(db_url, course_id) as gradebook:
        chosen_assignments(gradebook, assignments)
        plugin = PLUGINS[to](config=config or Config())
        plugin.assignment = list(assignments)
        plugin.to = str(destination)
        if to == "csv":  # nbgrader's writes in place
            with replacing(Path(destination)) as path:
                plugin.to = str(path)
                plugin.export(gradebook)
        else:
            plugin.export(gradebook)
    return list(getattr(plugin, "problems", ()))


# --- what the gradebook says ---------------------------------------------------------


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
            marks[student] = Mark(max(0.0, score - penalty), penalty, bool(waiting))
        else:
            ungraded.append(student)
    return marks, sorted(ungraded)


def comments_of(gradebook: Gradebook, assignment: Assignment) -> dict[str, list[str]]:
    """Return the graders' comments on an assignment: student → one line per cell."""
    found = (
        gradebook.db.query(SubmittedAssignment.student_id, Comment)
        .join(
            SubmittedNotebook, SubmittedNotebook.assignment_id == SubmittedAssignment.id
        )
        .join(SubmittedNotebook.comments)
        .filter(SubmittedAssignment.assignment_id == assignment.id)
        .filter(Comment.comment.is_not(None))
    )
    lines: dict[str, list[str]] = {}
    for student, comment in found:
        lines.setdefault(student, []).append(f"{comment.name}: {comment.comment}")
    return {student: sorted(entries) for student, entries in lines.items()}


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


def remark(assignment: Assignment, mark: Mark, comments: Sequence[str]) -> str:
    """Return the feedback cell: the points, the penalty, the comments."""
    line = f"{number(mark.score)} of {number(assignment.max_score)} points"
    if mark.penalty:
        line += f", {number(mark.penalty)} off for lateness"
    return text("; ".join([line, *comments]))


@contextmanager
def replacing(destination: Path) -> Iterator[Path]:
    """Give the path of a new file that takes the destination's place if all is well."""
    final = destination.resolve()
    path = final.with_name(f".{final.name}.{os.getpid()}.part")
    try:
        yield path
        os.replace(path, final)
    finally:
        path.unlink(missing_ok=True)
