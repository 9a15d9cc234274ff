"""References are out of reach: a student's process has no checks that hold them."""

import json

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
STEPS = ("step", "predict", "update", "fit", "solvable", "xor")
STEAL = """
import sys
def _steal(check):
    got = []
    mods = [m for n, m in list(sys.modules.items())
            if n.startswith("helpers.checks") and hasattr(m, "verify")]
    def take(name, function, cases, reference, **kw):
        got.append(reference)
        raise KeyboardInterrupt
    for m in mods:
        m.verify = take
    try:
        check(lambda *a, **k: None)
    except BaseException:
        pass
    return got[0]
"""
OTHERWISE = {  # each leaves `found` true if a reference is in reach
    "the finder is taken away": """
import sys
sys.meta_path = [f for f in sys.meta_path if "stub" not in type(f).__module__]
for name in [n for n in sys.modules if n.startswith("helpers.checks")]:
    del sys.modules[name]
found = False
try:
    from helpers.checks.perceptron import gates
    found = hasattr(gates, "update") and callable(getattr(gates.update, "reference", 1))
except ImportError:
    pass
""",
    "files": """
import pathlib, helpers
places = [*pathlib.Path(helpers.__file__).parent.rglob("*")]
texts = []
for place in places:
    try:
        texts.append(place.read_text(errors="replace"))
    except OSError:
        pass
found = any("def _update(slip" in text for text in texts)
""",
    "memory": """
import gc, types
found = any(
    isinstance(o, types.FunctionType) and (o.__module__ or "").startswith(
        "helpers.checks.perceptron") for o in gc.get_objects())
""",
    "caches": """
import linecache, sys
found = any("helpers/checks/perceptron" in name for name in linecache.cache) or any(
    "helpers/checks/perceptron" in str(getattr(m, "__file__", "")) for m in
    list(sys.modules.values()))
""",
}


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    """What thieves got, graded in one run with an honest neighbor."""
    stolen = {f"gates_{step}": f"{step} = _steal(checks.{step})" for step in STEPS}
    stolen["gates_xor"] = "xor = _steal(lambda f: checks.xor_cases(f))"
    stolen["gates_step"] = STEAL + stolen["gates_step"]
    books = {"ada": handed_in(classes.EXERCISE, reference(classes.EXERCISE))}
    books["mallory"] = handed_in(classes.EXERCISE, stolen)
    for name, cell in OTHERWISE.items():
        tell = f"print('IN REACH' if found else 'out of reach')\n{STEPS[0]} = None"
        given = {"gates_step": f"{cell}\n{tell}"}
        books[name.replace(" ", "-")] = handed_in(classes.EXERCISE, given)
    root = classes.make(tmp_path_factory.mktemp("withheld"), books)
    return autograde(Course(root), classes.ASSIGNMENT, options())


def test_who_steals_references_by_patched_checks_earns_nothing(records):
    marks = {
        who: sum(s["score"] for s in record["notebooks"]["gates"]["steps"])
        for who, record in records.items()
    }
    assert (marks["ada"], marks["mallory"]) == (12, 0)


@pytest.mark.parametrize("name", OTHERWISE)
def test_no_reference_lies_where_a_student_looks(records, name):
    if not options().sandbox:
        pytest.skip("without a sandbox files are in reach: the page says so")
    cells = records[name.replace(" ", "-")]["notebooks"]["gates"]["cells"]
    outputs = json.dumps([cell.get("outputs") for cell in cells])
    assert "out of reach" in outputs
    assert "IN REACH" not in outputs


def test_a_cell_that_calls_checks_by_itself_does_no_harm(tmp_path):
    """Who checks along the way, in a cell of their own, is graded as before."""
    right = reference(classes.EXERCISE)
    right["gates_step"] += "\nchecks.step(step)\nfrom helpers.checks import hint\n"
    right["gates_step"] += "hint('gates_step', 2)\n"
    root = classes.make(tmp_path, {"ada": handed_in(classes.EXERCISE, right)})
    done = autograde(Course(root), classes.ASSIGNMENT, options())
    result = done["ada"]["notebooks"]["gates"]
    assert sum(step["score"] for step in result["steps"]) == 12
    assert result["problems"] == []
