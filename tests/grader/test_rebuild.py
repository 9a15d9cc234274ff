"""A submission is rebuilt from the instructor's notebook and the student's answers."""

import json

import nbformat
import pytest

from grader.books import rebuild
from grader.books.names import names_of
from grader.books.sheet import load
from grader.reports.redact import Redactor


def settings(grade_id, **more):
    base = {"grade_id": grade_id, "schema_version": 3, "task": False}
    base |= {"grade": False, "solution": False, "locked": False}
    return {"nbgrader": base | more}


CHECK = """assert f(1) == 2
### BEGIN HIDDEN TESTS
sesame_value = "open sesame"  # the cave of wonders
assert f(sesame_value) == 3, "think of strings"
### END HIDDEN TESTS"""


@pytest.fixture(scope="module")
def sheet(tmp_path_factory):
    cells = [
        nbformat.v4.new_markdown_cell("# Title\n\n## Step 1: add"),
        nbformat.v4.new_code_cell(
            "import numpy as np", metadata=settings("setup", locked=True)
        ),
        nbformat.v4.new_code_cell(
            "def f(x):\n    ### BEGIN SOLUTION\n    return x + 1\n    ### END SOLUTION",
            metadata=settings("f", solution=True),
        ),
        nbformat.v4.new_code_cell("y = f(2)  # try it"),
        nbformat.v4.new_code_cell(
            CHECK, metadata=settings("f_check", grade=True, locked=True, points=2)
        ),
        nbformat.v4.new_markdown_cell(
            "Why?", metadata=settings("why", grade=True, solution=True, points=1)
        ),
    ]
    path = tmp_path_factory.mktemp("sheet") / "p.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return load(path)


def given(sheet, changes=()):
    """What a student got, as cells that a test can rearrange."""
    changes = dict(changes)
    return [
        rebuild.Given(c.cell_type, changes.get(c.grade_id, c.release), c.grade_id)
        for c in sheet.cells
    ]


def sources(sheet, cells):
    placed, repairs = rebuild.rebuild(sheet, cells)
    return [c.source for c in placed], repairs


def test_roles_points_and_hidden_lines_come_from_the_source(sheet):
    roles = ["text", "course", "answer", "course", "check", "manual"]
    assert [cell.role for cell in sheet.cells] == roles
    check = sheet.cells[4]
    assert check.points == 2
    assert check.hidden == ((2, 5),)
    assert check.title == "Step 1: add"
    assert "sesame" not in check.release


def test_a_course_cell_that_needs_an_answer_is_not_trusted(sheet):
    assert [c.trusted for c in sheet.cells if c.role == "course"] == [True, False]
    assert sheet.names == ("f",)


def test_an_untouched_release_is_the_source_with_empty_answers(sheet):
    found, repairs = sources(sheet, given(sheet))
    assert repairs == []
    assert found[4] == CHECK
    assert "return x + 1" not in found[2]


def test_answers_are_taken_and_checks_are_not(sheet):
    mine = {"f": "def f(x): return 7", "f_check": "pass", "setup": "import evil"}
    found, repairs = sources(sheet, given(sheet, mine))
    assert found[2] == "def f(x): return 7"
    assert found[4] == CHECK
    assert found[1] == "import numpy as np"
    assert len([r for r in repairs if "had been changed" in r]) == 2


def test_deleted_cells_come_back(sheet):
    found, repairs = sources(sheet, [])
    assert len(found) == 6
    assert found[4] == CHECK
    assert len([r for r in repairs if "was missing" in r]) == 4


def test_the_order_of_the_assignment_is_restored(sheet):
    found, repairs = sources(sheet, given(sheet)[::-1])
    assert found == sources(sheet, given(sheet))[0]
    assert any("order" in r for r in repairs)


def test_added_cells_stay_behind_the_cell_they_followed(sheet):
    cells = given(sheet)
    cells.insert(2, rebuild.Given("code", "helper = 1"))
    cells.insert(0, rebuild.Given("code", "first = 1"))
    found, _ = sources(sheet, cells)
    assert found[0] == "first = 1"
    assert found[found.index("import numpy as np") + 1] == "helper = 1"


def test_a_copied_answer_runs_where_it_stands(sheet):
    cells = given(sheet, {"f": "def f(x): return 1"})
    cells.insert(3, rebuild.Given("code", "def f(x): return 2", "f"))
    found, repairs = sources(sheet, cells)
    assert found[2:4] == ["def f(x): return 1", "def f(x): return 2"]
    assert any("occurs 2 times" in r for r in repairs)


def test_a_copy_of_an_empty_answer_does_not_win(sheet):
    cells = given(sheet)
    cells.append(rebuild.Given("code", "def f(x): return 2", "f"))
    found, _ = sources(sheet, cells)
    assert found.index("def f(x): return 2") < found.index(CHECK)


def test_a_copied_check_is_dropped(sheet):
    cells = given(sheet)
    cells += [cells[4], rebuild.Given("code", CHECK, "f_check")]
    assert sources(sheet, cells)[0] == sources(sheet, given(sheet))[0]


def test_a_free_cell_of_the_course_is_the_students_to_edit(sheet):
    cells = given(sheet)
    cells[3] = rebuild.Given("code", "y = f(5)", cell_id=sheet.cells[3].cell_id)
    found, _ = sources(sheet, cells)
    assert found[3] == "y = f(5)"
    assert len(found) == 6


def test_a_changed_cell_type_is_undone(sheet):
    cells = given(sheet)
    cells[2] = rebuild.Given("markdown", "def f(x): return x + 1", "f")
    placed, repairs = rebuild.rebuild(sheet, cells)
    assert placed[2].cell_type == "code"
    assert any("was of type markdown" in r for r in repairs)


def test_every_version_of_the_format_is_read():
    cell = {"cell_type": "code", "input": ["a\n", "b"], "metadata": {}}
    old = {"worksheets": [{"cells": [cell]}], "nbformat": 3}
    assert rebuild.read(json.dumps(old).encode())[0].source == "a\nb"
    byte_order_mark = b"\xef\xbb\xbf" + json.dumps({"cells": []}).encode()
    assert rebuild.read(byte_order_mark) == []


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not text"),
        (b"[1]", "not a notebook"),
        (b'"x"', "not a notebook"),
        (b"{}", "no list of cells"),
        (b'{"cells": 3}', "no list of cells"),
        (b"[" * 100_000, "nested"),
        (json.dumps({"cells": [{}] * 3000}).encode(), "3000 cells"),
    ],
)
def test_what_is_no_notebook_is_said_in_one_line(raw, says):
    with pytest.raises(rebuild.NotANotebook, match=says) as caught:
        rebuild.read(raw)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "cell",
    [
        {},
        {"cell_type": 3, "source": 4, "metadata": 5, "id": 6},
        {"cell_type": "code", "source": [1, None, "x"], "metadata": {"nbgrader": []}},
        {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": ["f"]}}},
    ],
)
def test_strange_cells_are_read_as_something(cell, sheet):
    cells = rebuild.read(json.dumps({"cells": [cell, None, 7]}).encode())
    assert len(cells) == 1
    rebuild.rebuild(sheet, cells)


def test_names_are_bound_or_used():
    code = (
        "import a.b as c\nfrom d import e\ndef f(x, y=z):\n    return x + g + y\nh = c"
    )
    assert names_of(code) == ({"c", "e", "f", "h"}, {"z", "g"})


def test_texts_of_hidden_tests_are_removed_but_not_messages(sheet):
    placed, _ = rebuild.rebuild(sheet, given(sheet))
    redact = Redactor("/srv/course", sheet, placed)
    for secret in ("open sesame", "the cave of wonders", "sesame_value"):
        assert redact(f"got {secret}!") == "got [hidden]!"
    assert redact("think of strings") == "think of strings"


def test_paths_of_this_machine_are_removed(sheet):
    redact = Redactor("/srv/course", sheet, [])
    assert redact("in /srv/course/x.py") == "in <course>/x.py"
    shown = redact(f"{nbformat.__file__} and {rebuild.__file__}")
    assert "<python>" in shown
    assert "<course>/grader/books/rebuild.py" in shown
