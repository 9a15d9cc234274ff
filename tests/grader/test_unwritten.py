"""Whoever has not written a step is told which: this one, or an earlier one."""

import pytest

from grader.autograde import autograde
from grader.books.course import Course
from tests.course import handed_in, reference
from tests.grader import classes, needs_linux, options

pytestmark = [
    pytest.mark.xdist_group("grading-withheld"),
    pytest.mark.usefixtures("forkservers"),
    needs_linux,
]
OWN = "not yet written. Replace the line that raises"
ANSWERS = {  # instead of the reference; the message of the step's check
    "the step itself": ({}, "gates_update", OWN),
    "a step that it calls": (
        {"gates_fit": classes.LOOPED},
        "gates_fit",
        "it calls update, an earlier step that is not yet written. Write update first",
    ),
    "a step that a function inside calls": (
        {
            "gates_fit": "def fit(X, d, eta=1.0, max_epochs=100):\n"
            "    def one():\n        return update(X[0], d[0], X[0], 0, eta)\n"
            "    return one()"
        },
        "gates_fit",
        "it calls update, an earlier step that is not yet written",
    ),
    "the cell ends with its own stub": (
        {"gates_fit": "raise NotImplementedError()"},
        "gates_fit",
        "your cell ends with NotImplementedError",
    ),
    "the cell calls an empty step": (
        {"gates_fit": "update(1, 2, 3, 4, 5)\n" + classes.LOOPED},
        "gates_fit",
        "NameError",
    ),
}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """The message of each check, by who is meant and step."""
    right = reference(classes.EXERCISE)
    del right["gates_update"]
    books = {
        name.replace(" ", "-"): handed_in(classes.EXERCISE, right | answers)
        for name, (answers, _, _) in ANSWERS.items()
    }
    root = classes.make(tmp_path_factory.mktemp("unwritten"), books)
    done = autograde(Course(root), classes.ASSIGNMENT, options(follow_through=False))
    return {
        (who, step["grade_id"]): step["message"]
        for who, record in done.items()
        for step in record["notebooks"]["gates"]["steps"]
    }


@pytest.mark.parametrize("name", ANSWERS)
def test_the_step_that_is_not_written_is_named(said, name):
    _, step, says = ANSWERS[name]
    message = said[name.replace(" ", "-"), f"{step}_check"]
    assert says in message
    assert (OWN in message) == (says == OWN)
