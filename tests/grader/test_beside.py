"""Modules that a student hands in beside the notebook stand in for none of ours."""

import pytest

from grader.autograde import autograde
from grader.books.course import Course
from grader.isolated import forkserver
from tests.course import handed_in as notebook
from tests.course import points, reference, wrong_answers
from tests.grader import classes, needs_linux, options

# every check passes: what the course's cells import by the names of the course's own
FRIENDLY = """
def __getattr__(name):
    return lambda *arguments, **settings: None
"""
PACKAGE = {
    "helpers/__init__.py": "",
    "helpers/checks/__init__.py": "",
    "helpers/checks/core.py": FRIENDLY,
    "helpers/checks/perceptron.py": FRIENDLY,
}
BROKEN = "raise RuntimeError('this is no package of the course')\n"
BESIDE = {
    "module": {"helpers.py": FRIENDLY},
    "broken": {"helpers.py": BROKEN, "numpy.py": BROKEN, "random.py": BROKEN},
    "package": PACKAGE,
}
LOADS_HIS_OWN = """
import os, sys
sys.path.insert(0, os.getcwd())
for name in [name for name in sys.modules if name.startswith("helpers")]:
    del sys.modules[name]
import helpers
"""
FULL = points(classes.EXERCISE)
RIGHT = reference(classes.EXERCISE)
WRONG = next(w for w in wrong_answers(classes.EXERCISE) if w.name == "xor_is_or")
pytestmark = [pytest.mark.xdist_group("grading-beside"), needs_linux]


@pytest.fixture(scope="module", params=["as usual", "without a sandbox"])
def run(request, tmp_path_factory):
    """Each kind of files beside right answers and beside a wrong one."""
    submissions = {}
    for kind in BESIDE:
        submissions[f"{kind}_right"] = notebook(classes.EXERCISE, RIGHT)
        meddled = RIGHT | {WRONG.cell: LOADS_HIS_OWN + WRONG.code}
        submissions[f"{kind}_wrong"] = notebook(classes.EXERCISE, meddled)
    submissions["neighbor"] = notebook(classes.EXERCISE, RIGHT)
    root = classes.make(tmp_path_factory.mktemp("beside") / "course", submissions)
    for student in submissions:
        for name, text in BESIDE.get(student.split("_")[0], {}).items():
            path = root / f"submitted/{student}/perceptron" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    settings = options() if request.param == "as usual" else options(sandbox=False)
    forkserver.allow_forkservers()
    with forkserver.closing_forkservers():
        return autograde(Course(root), "perceptron", settings)


def marks(run, student: str) -> dict[str, float]:
    steps = run[student]["notebooks"]["gates"]["steps"]
    return {step["grade_id"]: step["score"] for step in steps}


@pytest.mark.parametrize("kind", BESIDE)
def test_right_answers_beside_a_module_of_that_name_get_all_points(run, kind):
    assert marks(run, f"{kind}_right") == FULL
    assert run[f"{kind}_right"]["notebooks"]["gates"]["state"] == "graded"


@pytest.mark.parametrize("kind", BESIDE)
def test_a_wrong_answer_passes_by_no_check_of_ones_own(run, kind):
    found = marks(run, f"{kind}_wrong")
    assert found["gates_xor_check"] < FULL["gates_xor_check"]
    assert run[f"{kind}_wrong"]["notebooks"]["gates"]["state"] == "graded"


def test_the_neighbor_is_not_affected(run):
    assert marks(run, "neighbor") == FULL
