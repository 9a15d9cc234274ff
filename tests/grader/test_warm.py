"""A forkserver imports what a course's sheets import, and no more."""

import pytest

from grader.isolated import forkserver, warm
from grader.isolated.processes import Student
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
