"""A forkserver imports what a course's sheets import, and no more."""

import time

import pytest

from grader.isolated import forkserver, warm
from grader.isolated.processes import Judge, Student
from tests.course import sheet
from tests.grader import needs_linux

SLOW = ("pandas", "scipy", "seaborn", "sklearn", "torch")
SET_UP = """
import importlib.util, os, numpy as np
if importlib.util.find_spec("helpers") is None:
    %pip install helpers
    !ls
from helpers.checks import core
"""


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        (["import json, random", "import numpy as np"], set()),
        ([SET_UP], {"helpers.checks", "helpers.checks.core"}),
        (["def f():\n    import scipy.special as s"], {"scipy.special"}),
        (["import seaborn as sns", "no Python at all"], {"seaborn"}),
        (["as torch.optim does"], {"torch"}),
        (["import polars"], set()),  # who knows whether it survives a fork
    ],
)
def test_what_is_needed_is_read_in_the_cells(cells, found):
    assert warm.needed(cells) == found


def loaded(*cells: str) -> set[str]:
    """The slow libraries that a notebook of a course with these cells finds there."""
    warmed = forkserver.Forkserver(None, warm.needed(cells))
    try:
        student = Student(warmed, {}, seed=0)
        look = f"import sys\nprint(*[name for name in {SLOW} if name in sys.modules])"
        run = student.run(0, look, 60.0)
        student.close()
    finally:
        warmed.close()
    return set(run.outputs[0]["text"].split())


@needs_linux
def test_a_small_course_waits_for_no_library_that_it_does_not_import():
    assert loaded("import numpy as np", "import matplotlib.pyplot as plt") == set()


@needs_linux
def test_what_the_courses_own_modules_import_in_functions_is_there_too():
    assert "seaborn" in loaded("from helpers import plots")


def test_who_needs_less_shares_a_forkserver_with_who_needs_more():
    forkserver.allow_forkservers()
    with forkserver.closing_forkservers():
        more = forkserver.shared(None, frozenset(("scipy", "seaborn")))
        assert forkserver.shared(None, frozenset(("scipy",))) is more
        assert forkserver.shared(None, frozenset(("torch",))) is not more


REMEMBERED = "from helpers.checks.perceptron import gates\nassert gates.update._found"


def code(exercise: str) -> tuple[str, ...]:
    return tuple(c.source for c in sheet(exercise).cells if c.cell_type == "code")


def rehearsed(warmed: forkserver.Forkserver, cells: tuple[str, ...]):
    """Who forks test processes once the rehearsal has ended, well or badly."""
    assert warmed.rehearsed(cells) is warmed
    assert cells not in warmed.rehearsals  # a sheet that is graded once has none
    warmed.rehearsed(cells)
    deadline = time.monotonic() + 60
    while not (warmed.rehearsals[cells].look() or warmed.rehearsals[cells].gone):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return warmed.rehearsed(cells)


def remembering(forking: forkserver.Forking) -> bool:
    """Whether a test process from there begins with what the reference gives."""
    judge = Judge(forking, {})
    try:
        return not judge.course(REMEMBERED, 60.0)
    finally:
        judge.close()


@needs_linux
def test_a_test_process_remembers_the_reference_and_a_students_has_never_met_it():
    cells = code("perceptron/gates")
    assert warm.remembers(cells)
    warmed = forkserver.Forkserver(None, warm.needed(cells))
    try:
        child = rehearsed(warmed, cells)
        assert child is not warmed
        assert (remembering(child), remembering(warmed)) == (True, False)
        before = warmed.warm()
        child.end()
        assert warmed.warm() > before  # whoever came of it is graded again
        assert warmed.rehearsed(cells) is warmed
        student = Student(warmed, {}, seed=0)
        look = "import sys\nprint([n for n in sys.modules if 'checks.perceptron' in n])"
        assert student.run(0, look, 60.0).outputs[0]["text"] == "[]\n"
        student.close()
    finally:
        warmed.close()


@needs_linux
def test_a_rehearsal_that_ends_is_done_without():
    cells = ("import helpers.checks.perceptron, os", "os._exit(1)")
    warmed = forkserver.Forkserver(None)
    try:
        before = warmed.warm()
        assert rehearsed(warmed, cells) is warmed
        assert warmed.warm() == before  # nobody came of it
        assert not remembering(warmed)
    finally:
        warmed.close()


def test_a_course_without_our_checks_is_not_rehearsed():
    assert not warm.remembers(("import numpy as np", "assert square(2) == 4"))
