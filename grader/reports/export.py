"""Marks for other systems: gradebook files as Canvas and Moodle import them.

The classes are nbgrader exporters, and `export` is what the command line calls::

    nbgrader export --exporter=grader.reports.export.CanvasExportPlugin --to file.csv

A mark is nbgrader's score (with extra credit) less the late penalty, at least 0. A
student who handed in nothing, or whose submission nobody has graded yet, gets an empty
cell: a 0 is a mark that somebody gave.

Sources: ``lib/gradebook_importer.rb`` of Canvas and ``grade/import/csv`` of Moodle, the
code that reads these files.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from nbgrader.api import Assignment, Gradebook, Student
from nbgrader.plugins import ExportPlugin
from sqlalchemy.engine import make_url
from traitlets import Dict, List, Unicode
from traitlets.config import Config

from grader.books.files import save
from grader.reports.marks import (
    Mark,
    chosen_assignments,
    chosen_students,
    full_name,
    marks_of,
    number,
    text,
)

MOST_NAMED = 5


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
        marks = {a.name: self._marks(a) for a in assignments}
        rows = self.rows(gradebook, assignments, students, marks)
        content = io.StringIO(newline="")
        csv.writer(content).writerows(rows)
        destination = save(Path(self.to or self.destination), content.getvalue())
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
            self.tell(f"{value!r} was written as {cell!r}: it will match nobody")
        return cell

    def _marks(self, assignment: Assignment) -> dict[str, Mark]:
        marks, ungraded = marks_of(assignment)
        waiting = sorted(student for student, mark in marks.items() if mark.waiting)
        for names, what in (
            (ungraded, "not graded yet, cell left empty"),
            (waiting, "parts wait for a person's marks"),
        ):
            if names:
                self.tell(f"{assignment.name}: {what}: {', '.join(names)}")
        return marks

    def scores(self, student: Student, assignments, marks) -> list[str]:
        """Return the cells of a student's marks, empty ones where there is none."""
        found = (marks[a.name].get(student.id) for a in assignments)
        return [number(mark.score) if mark else "" for mark in found]

    def tell(self, problem: str) -> None:
        """Keep a line for the person who exports."""
        self.problems = [*self.problems, problem]
        self.log.warning("%s", problem)


class CsvExportPlugin(TableExportPlugin):
    """nbgrader's own table, a row per student and assignment, quoted and safe to open.

    As there, whoever handed in nothing has a 0.
    """

    header = (
        *("assignment", "duedate", "timestamp", "student_id", "last_name"),
        *("first_name", "email", "raw_score", "late_submission_penalty", "score"),
        "max_score",
    )

    def rows(self, gradebook, assignments, students, marks) -> list[list[str]]:
        table = [list(self.header)]
        for a in assignments:
            handed_in = {work.student_id: work for work in a.submissions}
            for student in students:
                work = handed_in.get(student.id)  # None: its defaults stand here
                raw = getattr(work, "score", 0.0)
                off = getattr(work, "late_submission_penalty", 0.0)
                when = getattr(work, "timestamp", None)
                names = (student.id, student.last_name, student.first_name)
                table.append(
                    [
                        *map(text, (a.name, str(a.duedate or ""), str(when or ""))),
                        *map(text, (*names, student.email)),
                        *map(str, (raw, off, max(0.0, raw - off), a.max_score)),
                    ]
                )
        return table


class CanvasExportPlugin(TableExportPlugin):
    """The gradebook as Canvas imports it.

    Canvas looks a student up by ``ID`` (its own number), then by ``SIS User ID``, then
    by ``SIS Login ID`` (here nbgrader's student id), and last by name. Columns match
    assignments by title, or by ``title (number)``: see `titles`. ``Points Possible``
    sets the assignment's points. Canvas shows what will change before it is saved.
    """

    destination = "canvas.csv"

    def rows(self, gradebook, assignments, students, marks) -> list[list[str]]:
        header = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        header += map(self.title, assignments)
        points = [number(assignment.max_score) for assignment in assignments]
        table = [header, ["    Points Possible", "", "", "", "", *points]]
        for student in students:
            lms = self.identifier(student.lms_user_id)
            own = re.fullmatch("[0-9]+", lms)  # Canvas reads "7abc" as 7: another's
            keys = [*([lms, ""] if own else ["", lms]), self.identifier(student.id)]
            scores = self.scores(student, assignments, marks)
            table.append([full_name(student), *keys, "", *scores])
        return table


class MoodleExportPlugin(TableExportPlugin):
    """The marks as Moodle's *Import → CSV file* reads them.

    Map from ``ID number`` to *useridnumber*, from ``Username`` to *username*, or from
    ``Email address`` to *useremail* (case counts), then the columns to grade items.
    Moodle refuses marks above its maximum unless *unlimitedgrades* is set.
    """

    destination = "moodle.csv"

    def rows(self, gradebook, assignments, students, marks) -> list[list[str]]:
        header = ["First name", "Last name", "ID number", "Username", "Email address"]
        table = [header + list(map(self.title, assignments))]
        for student in students:
            keys = (student.lms_user_id, student.id, student.email)
            row = [text(student.first_name), text(student.last_name)]
            row += map(self.identifier, keys)
            table.append(row + self.scores(student, assignments, marks))
        self._check_keys(header, table[1:])
        for a in assignments:
            above = [s for s, m in marks[a.name].items() if m.score > a.max_score]
            if above:
                self.tell(
                    f"{a.name}: above the maximum, which Moodle refuses unless "
                    f"unlimitedgrades is set: {', '.join(sorted(above))}"
                )
        return table

    def _check_keys(self, header: list[str], rows: list[list[str]]) -> None:
        """Say which column leads to each student, if others do not.

        Moodle gives a row without a key to the student of the row before.
        """
        sound, faults = [], []
        for column in range(2, 5):
            keys = [row[column] for row in rows]
            lacking = [row[3] for row in rows if not row[column]]
            twice = [key for key, n in Counter(filter(None, keys)).items() if n > 1]
            if 0 < len(lacking) < len(rows):
                who = ", ".join(lacking[:MOST_NAMED])
                who += ", …" * (len(lacking) > MOST_NAMED)
                faults.append(f"{header[column]} is empty for {len(lacking)} ({who})")
            if twice:
                faults.append(f"{header[column]} is not unique ({twice[0]})")
            if keys and all(keys) and not twice:
                sound.append(header[column])
        if faults:
            best = f"map from {sound[0]}" if sound else "there is none to map from"
            self.tell(
                f"{'; '.join(faults)}: Moodle gives marks to the wrong person if it "
                f"maps from such a column: {best}"
            )


PLUGINS: dict[str, type[TableExportPlugin]] = {
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
    """Write the gradebook's marks of `assignments` (all if none is named) to a file.

    `to` is a key of `PLUGINS`. What is returned is a line for everything that a person
    should know before importing the file. ValueError is raised for an unknown format or
    assignment, or where there is no gradebook.
    """
    if to not in PLUGINS:
        raise ValueError(f"unknown format {to!r}; known: {', '.join(PLUGINS)}")
    url = make_url(db_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise ValueError(f"there is no gradebook at {url.database}")
    with Gradebook(db_url, course_id) as gradebook:
        plugin = PLUGINS[to](config=config or Config())
        plugin.assignment = list(assignments)
        plugin.to = str(destination)
        plugin.export(gradebook)
    return list(plugin.problems)
