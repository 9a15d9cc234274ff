"""Exports hold the marks that the gradebook holds, as Canvas and Moodle read them."""

import csv
import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from traitlets.config import Config

from grader import CourseError
from grader.reports.export import export
from grader.reports.marks import text
from tests import ROOT

COURSE = "course"

# nbgrader's ids, names, email, lms_user_id
STUDENTS = [
    ("zoe", "Zoë", "Ångström", "zoe@example.org", "1007"),
    ("ada", "Ada", "Lovelace, Countess", "ada@example.org", "1001"),
    ("bob", 'Robert "Bob"', "=1+2", "bob@example.org", "sis-77"),
    ("cyd", "Cyd", "Müller", None, None),
    ("dan", None, None, "dan@example.org", None),
    ("eve", "Eve", "adams", "eve@example.org", "7abc"),
]


def grade(book: Gradebook, assignment: str, student: str, *scores, penalty=0.0) -> None:
    """Record a submission with the scores of its two cells; None is no mark."""
    book.add_submission(assignment, student)
    submitted = book.find_submission_notebook("nb", assignment, student)
    submitted.late_submission_penalty = penalty
    for cell, score in zip(("one", "two"), scores, strict=True):
        found = book.find_grade(cell, "nb", assignment, student)
        found.auto_score = score
        found.needs_manual_grade = score is None
    book.db.commit()


@pytest.fixture(scope="module")
def gradebook(tmp_path_factory) -> Path:
    """A gradebook: 'late', due first, of 6 + 4 points; 'early', without date, of 5."""
    path = tmp_path_factory.mktemp("course") / "gradebook.db"
    url = f"sqlite:///{path}"
    with Gradebook(url, COURSE) as book:
        for name, due, points in (
            ("early", None, (2.5, 2.5)),
            ("late", "2026-01-31 12:00:00 UTC", (6, 4)),
        ):
            if due:
                book.add_assignment(name, duedate=due, course_id=COURSE)
            else:
                book.add_assignment(name, course_id=COURSE)
            book.add_notebook("nb", name)
            for cell, most in zip(("one", "two"), points, strict=True):
                book.add_grade_cell(cell, "nb", name, max_score=most, cell_type="code")
                book.add_solution_cell(f"{cell}_answer", "nb", name)
        for student, first, last, email, lms in STUDENTS:
            names = {"first_name": first, "last_name": last}
            book.add_student(student, **names, email=email, lms_user_id=lms)
        grade(book, "late", "ada", 6, 2, penalty=1.5)  # 6.5
        grade(book, "late", "zoe", 1, 0, penalty=3)  # below zero: 0
        grade(book, "late", "bob", 0, 0)  # a 0 that was given
        grade(book, "late", "eve", None, None)  # handed in, not graded
        grade(book, "early", "ada", 2.5, 2.5)
        extra = book.find_grade("two", "nb", "early", "ada")
        extra.extra_credit = 1  # 6 of 5
        grade(book, "early", "eve", 0.1, None)  # one part waits for a person
        said = book.find_comment("one_answer", "nb", "late", "ada")
        said.manual_comment = "Fine,\nbut see §2"
        book.db.commit()
    return path


@pytest.fixture
def db(gradebook, tmp_path) -> str:
    shutil.copy(gradebook, tmp_path)
    return f"sqlite:///{tmp_path / gradebook.name}"


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


@pytest.fixture
def canvas(db, tmp_path) -> list[list[str]]:
    export(db, COURSE, "canvas", tmp_path / "canvas.csv")
    return table(tmp_path / "canvas.csv")


@pytest.fixture
def moodle(db, tmp_path) -> dict[str, dict[str, str]]:
    export(db, COURSE, "moodle", tmp_path / "moodle.csv")
    header, *rows = table(tmp_path / "moodle.csv")
    return {row[3]: dict(zip(header, row, strict=True)) for row in rows}


def test_canvas_header_is_the_one_that_its_importer_asks_for(canvas):
    fixed = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert canvas[0] == [*fixed, "late", "early"]  # by due date, no date last


def test_canvas_has_the_points_possible_row_second(canvas):
    assert "Points Possible" in canvas[1][0]
    assert canvas[1][1:] == ["", "", "", "", "10", "5"]


def test_canvas_rows_are_in_the_order_of_last_names(canvas):
    logins = [row[3] for row in canvas[2:]]
    assert logins == ["dan", "bob", "eve", "ada", "cyd", "zoe"]


def test_canvas_names_are_last_comma_first(canvas):
    names = {row[3]: row[0] for row in canvas[2:]}
    assert names["ada"] == "Lovelace, Countess, Ada"
    assert names["zoe"] == "Ångström, Zoë"
    assert names["dan"] == "dan"


def test_a_name_that_is_a_formula_gets_an_apostrophe(canvas):
    names = {row[3]: row[0] for row in canvas[2:]}
    assert names["bob"] == '\'=1+2, Robert "Bob"'


def test_canvas_ids_are_numbers_and_nothing_that_begins_like_one(canvas):
    ids = {row[3]: row[1:3] for row in canvas[2:]}
    assert ids["ada"] == ["1001", ""]
    assert ids["bob"] == ["", "sis-77"]
    assert ids["eve"] == ["", "7abc"]
    assert ids["cyd"] == ["", ""]


def test_canvas_marks_are_score_less_penalty_never_below_zero(canvas):
    marks = {row[3]: row[5:] for row in canvas[2:]}
    assert marks == {
        "ada": ["6.5", "6"],  # 6 + 2 - 1.5; 5 and 1 of extra credit
        "zoe": ["0", ""],  # 1 - 3
        "bob": ["0", ""],
        "cyd": ["", ""],
        "dan": ["", ""],
        "eve": ["", "0.1"],
    }


def test_a_column_can_carry_the_title_that_canvas_knows(db, tmp_path):
    titles = {"late": "Perceptron (4711)"}
    config = Config({"CanvasExportPlugin": {"titles": titles}})
    export(db, COURSE, "canvas", tmp_path / "x.csv", config=config)
    assert table(tmp_path / "x.csv")[0][5:] == ["Perceptron (4711)", "early"]


def test_moodle_columns_identify_students_in_three_ways(moodle):
    assert moodle["ada"] == {
        "First name": "Ada",
        "Last name": "Lovelace, Countess",
        "ID number": "1001",
        "Username": "ada",
        "Email address": "ada@example.org",
        "late": "6.5",
        "early": "6",
    }


def test_moodle_gives_nothing_handed_in_an_empty_cell_and_a_zero_a_zero(moodle):
    assert moodle["cyd"]["late"] == moodle["eve"]["late"] == ""
    assert moodle["bob"]["late"] == "0"


def test_what_a_person_should_know_is_returned(db, tmp_path):
    problems = export(db, COURSE, "moodle", tmp_path / "x.csv")
    assert "late: not graded yet, cell left empty: eve" in problems
    assert "early: parts wait for a person's marks: eve" in problems
    assert any(
        p.startswith("early: above the maximum") and "ada" in p for p in problems
    )
    assert len(problems) == 4  # and which column of keys is whole


def test_only_the_assignments_asked_for_are_exported(db, tmp_path):
    export(db, COURSE, "canvas", tmp_path / "x.csv", ["early"])
    assert table(tmp_path / "x.csv")[0][5:] == ["early"]


@pytest.mark.parametrize("to", ["csv", "canvas", "moodle"])
def test_an_unknown_assignment_is_one_line_and_writes_nothing(db, tmp_path, to):
    target = tmp_path / "x.csv"
    with pytest.raises(ValueError, match=r"^unknown assignment 'lat'; .*early, late$"):
        export(db, COURSE, to, target, ["lat"])
    assert not target.exists()


def test_an_unknown_format_is_named_with_the_known_ones(db, tmp_path):
    with pytest.raises(ValueError, match="csv, canvas, moodle"):
        export(db, COURSE, "excel", tmp_path / "x.csv")


def test_a_missing_gradebook_is_not_created(tmp_path):
    with pytest.raises(ValueError, match="no gradebook"):
        export(f"sqlite:///{tmp_path / 'no.db'}", COURSE, "csv", tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_leaves_the_old_file(db, tmp_path, monkeypatch):
    target = tmp_path / "x.csv"
    target.write_text("old")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(CourseError, match="no space"):
        export(db, COURSE, "canvas", target)
    assert target.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["gradebook.db", "x.csv"]


def test_the_same_gradebook_gives_the_same_bytes(db, tmp_path):
    for name in "ab":
        export(db, COURSE, "moodle", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_csv_is_nbgraders_own(db, tmp_path):
    export(db, COURSE, "csv", tmp_path / "x.csv", ["late"])
    rows = list(csv.DictReader((tmp_path / "x.csv").open()))
    by_id = {row["student_id"]: row for row in rows}
    assert by_id["zoe"]["late_submission_penalty"] == "3.0"
    assert by_id["cyd"]["score"] == "0.0"


def test_csv_is_as_nbgrader_writes_it_but_safe(db, tmp_path):
    from nbgrader.plugins import CsvExportPlugin

    with Gradebook(db, COURSE) as book:
        plugin = CsvExportPlugin()
        plugin.to = str(tmp_path / "theirs.csv")
        book.add_student("fay", first_name="=cmd|'/C calc'!A0", last_name="a,b\nc")
        plugin.assignment = ["early"]
        plugin.student = ["zoe", "cyd", "eve"]
        plugin.export(book)
    export(db, COURSE, "csv", tmp_path / "ours.csv", ["early"])
    ours = {row[3]: row for row in table(tmp_path / "ours.csv")}
    theirs = table(tmp_path / "theirs.csv")
    assert [ours[row[3]] for row in theirs if len(row) == 11] == [
        row for row in theirs if len(row) == 11
    ]
    assert ours["fay"][4:6] == ["a,b c", "'=cmd|'/C calc'!A0"]
    assert {len(row) for row in ours.values()} == {11}


def test_moodle_is_told_which_column_leads_to_each_student(db, tmp_path):
    (line,) = (p for p in export(db, COURSE, "moodle", tmp_path / "x") if "ID num" in p)
    assert "ID number is empty for 2 (dan, cyd); Email address is empty for 1" in line
    assert line.endswith("map from Username")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("Ada", "Ada"),
        ("O'Neil-Smith", "O'Neil-Smith"),
        ("+49", "'+49"),
        ("@home", "'@home"),
        ("-2", "'-2"),
        ("\t=2+3", "'=2+3"),
        ("\r\n=2+3", "'=2+3"),
        ("＝2", "'＝2"),  # full width
        ("a;=2", "a;'=2"),  # a cell of its own where ; separates
        ("a, @b", "a, '@b"),
        ("two\nlines", "two lines"),
        (None, ""),
    ],
)
def test_no_cell_is_a_formula(value, cell):
    assert text(value) == cell


@pytest.mark.parametrize("exporter", ["Canvas", "Moodle"])
def test_nbgrader_export_runs_the_plugins(db, tmp_path, exporter):
    export(db, COURSE, exporter.lower(), tmp_path / "ours.csv", ["late"])
    command = [
        *(sys.executable, "-m", "nbgrader", "export", f"--db={db}"),
        f"--exporter=grader.reports.export.{exporter}ExportPlugin",
        *(f"--course={COURSE}", "--assignment=late", "--to=theirs.csv"),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    ours, theirs = tmp_path / "ours.csv", tmp_path / "theirs.csv"
    assert theirs.read_bytes() == ours.read_bytes()
