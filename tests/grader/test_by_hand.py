"""What a person grades: it reaches the grader, waits visibly, and is shown in order."""

import base64
import json
import re

import nbformat
import pytest

from grader.autograde import autograde
from grader.books.course import Course
from grader.reports import feedback
from grader.single import grade
from tests.grader import needs_linux, options, tiny

pytestmark = [
    pytest.mark.xdist_group("grading-trial"),
    pytest.mark.usefixtures("forkservers"),
    needs_linux,
]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"


def text(source: str, name: str = "", **more) -> nbformat.NotebookNode:
    about = tiny.settings(name, **more) if name else {}
    return nbformat.v4.new_markdown_cell(source, metadata=about)


def plot() -> nbformat.NotebookNode:
    cell = tiny.answer("### BEGIN SOLUTION\n1\n### END SOLUTION", "plot")
    cell.metadata["nbgrader"] |= {"grade": True, "points": 2}
    return cell


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tiny.course(
        tmp_path_factory.mktemp("hand"),
        text("# First, in words"),
        text("…", "words", grade=True, solution=True, points=3),
        text("# Then, in code"),
        tiny.answer(),
        tiny.check("assert double(3) == 6"),
        text("# A picture"),
        plot(),
        text("# At last\n\nTell a friend.", "task", task=True, points=1, locked=True),
    )
    words = "See ![sketch](attachment:a.png), ![photo](photo.png) and <b>this</b>."
    files = {"photo.png": PNG}
    tiny.hand_in(root, "ada", words=words, plot=PLOT, files=files)
    tiny.hand_in(root, "ben", plot="raise NotImplementedError()  # your answer")
    path = root / f"submitted/ada/{tiny.NAME}/{tiny.NAME}.ipynb"
    book = json.loads(path.read_text())
    book["cells"][1]["attachments"] = {
        "a.png": {"image/png": base64.b64encode(PNG).decode()}
    }
    path.write_text(json.dumps(book))
    made = Course(root)
    autograde(made, tiny.NAME, options())
    return made


def page(course, student: str) -> str:
    feedback.write(course, tiny.NAME)
    path = course.root / f"feedback/{student}/{tiny.NAME}/{tiny.NAME}.html"
    return path.read_text("utf-8")


def test_pictures_lie_in_what_formgrader_shows(course):
    path = course.folder("autograded", "ada", tiny.NAME) / f"{tiny.NAME}.ipynb"
    cells = nbformat.read(path, as_version=4).cells
    assert len(cells[1].attachments) == 2
    assert "attachment:picture-2" in cells[1].source
    assert any("image/png" in o.get("data", {}) for o in cells[6].outputs)


def test_what_waits_is_shown_as_waiting_in_the_order_of_the_sheet(course):
    shown = page(course, "ada")
    assert "<h1>p: 4 of 10</h1>" in shown
    assert "6 points wait for a person" in shown
    heads = re.findall(r"<h2><span>(.*?)</span><span>(.*?)</span>", shown)
    assert heads == [
        ("First, in words", "… of 3"),
        ("Then, in code", "4 of 4"),
        ("A picture", "… of 2"),
        ("At last", "… of 1"),
    ]
    assert shown.count("<img ") == 3
    assert "<b>" not in shown
    table = (course.root / f"reports/{tiny.NAME}.html").read_text("utf-8")
    assert "<td class=points>…</td>" in table


def test_who_answered_nothing_waits_for_nobody_but_the_task(course):
    assert re.findall(r"<p>(.*?) points? wait", page(course, "ben")) == ["1"]


def test_what_waits_in_one_notebook_is_named(course):
    source, handed_in = (
        course.root / f"{place}/{tiny.NAME}.ipynb"
        for place in (f"solutions/{tiny.NAME}", f"submitted/ada/{tiny.NAME}")
    )
    result = grade(source, handed_in, options())
    assert (result["score"], result["points"]) == (4, 4)
    assert result["waiting"] == ["plot", "task", "words"]


def test_formgrader_counts_them_and_keeps_what_is_given(course):
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url, course.course_id) as book:
        found = book.find_submission(tiny.NAME, "ada")
        assert found.needs_manual_grade
        due = {g.name for g in found.notebooks[0].grades if g.needs_manual_grade}
        assert due == {"words", "plot", "task"}
        for name in due:
            grade = book.find_grade(name, tiny.NAME, tiny.NAME, "ada")
            grade.manual_score, grade.needs_manual_grade = 1, False
        book.db.commit()
    shown = page(course, "ada")
    assert "<h1>p: 7 of 10</h1>" in shown
    assert "wait for a person" not in shown
