"""References are out of reach: a student's process has no checks that hold them."""

import ast
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from grader.autograde import autograde
from grader.books import rebuild
from grader.books.course import Course
from grader.books.names import names_of, tree_of
from grader.isolated import session, warm
from tests.course import EXERCISES, handed_in, points, reference, sheet
from tests.grader import classes, needs_linux, options

pytestmark = [
    pytest.mark.xdist_group("grading-withheld"),
    pytest.mark.usefixtures("forkservers"),
    needs_linux,
]
STEPS = {"threshold": "step", "layer": "predict"} | {
    step: step for step in ("update", "fit", "solvable", "xor")
}
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
ANYHOW = """
import functools, importlib, sys
def _steal(check, module, name):
    got, kept = [], {}
    for place in (check, *(module and [importlib.import_module(module)])):
        for own in ("reference", f"_{name}"):
            if callable(found := getattr(place, own, None)):
                right = lambda value, **wrong: value
                whole = getattr(check, "factory", False)
                got.append(found(right) if whole else functools.partial(found, right))
    def take(*args, **kw):
        got.extend(a for a in (*args, *kw.values()) if callable(a))
        raise KeyboardInterrupt
    for n, m in list(sys.modules.items()):
        if n.startswith("helpers.checks") and hasattr(m, "verify"):
            kept[m], m.verify = m.verify, take
    try:
        got or check(lambda *a, **k: None)
    except BaseException:
        pass
    for m, verify in kept.items():
        m.verify = verify
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
    stolen = {
        f"gates_{cell}": f"{step} = _steal(checks.{step})"
        for cell, step in STEPS.items()
    }
    stolen["gates_xor"] = "xor = _steal(lambda f: checks.xor_cases(f))"
    stolen["gates_threshold"] = STEAL + stolen["gates_threshold"]
    books = {"ada": handed_in(classes.EXERCISE, reference(classes.EXERCISE))}
    books["mallory"] = handed_in(classes.EXERCISE, stolen)
    for name, cell in OTHERWISE.items():
        tell = "print('IN REACH' if found else 'out of reach')\nstep = None"
        given = {"gates_threshold": f"{cell}\n{tell}"}
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
    right["gates_threshold"] += "\nchecks.step(step)\nfrom helpers.checks import hint\n"
    right["gates_threshold"] += "hint('gates_threshold', 2)\n"
    root = classes.make(tmp_path, {"ada": handed_in(classes.EXERCISE, right)})
    done = autograde(Course(root), classes.ASSIGNMENT, options())
    result = done["ada"]["notebooks"]["gates"]
    assert sum(step["score"] for step in result["steps"]) == 12
    assert result["problems"] == []


def stolen(exercise: str) -> dict[str, str]:
    """Return answers that take the reference from the check of each name."""
    own = sheet(exercise)
    calls = {}
    for cell in own.checks:
        for node in ast.walk(tree_of(cell.source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
                calls |= {name: ast.unparse(node.func) for name in names}
    module = f"helpers.checks.{exercise.replace('/', '.')}"
    answers = {}
    for cell in own.cells:
        if cell.role == "answer":
            lines = [
                f"{name} = _steal({calls.get(name)}, {module!r}, {name!r})"
                for name in sorted(names_of(cell.source)[0] & {*own.names})
            ]
            answers[cell.grade_id] = "\n".join([ANYHOW, *lines])
    return answers


def test_the_thief_is_able():
    """Where the checks are in reach, as in plain nbgrader, this theft succeeds."""
    from helpers.checks import perceptron as checks

    names = {"checks": checks}
    exec(stolen(classes.EXERCISE)["gates_update"], names)
    checks.update(names["update"])


def test_of_the_whole_course_a_thief_earns_nothing():
    texts = [c.source for name in EXERCISES for c in sheet(name).cells]
    modules = warm.needed(texts)
    settings = options()
    limits = settings.limits if settings.sandbox else None

    def earned(exercise: str) -> dict[str, float]:
        book = rebuild.read(handed_in(exercise, stolen(exercise)))
        cells, _ = rebuild.rebuild(sheet(exercise), book)
        own = sheet(exercise)
        job = session.Job(
            "thief", own, cells, {}, {}, limits, follow_through=False, modules=modules
        )
        steps = session.grade(job).steps
        assert {s.grade_id for s in steps} == points(exercise).keys()
        return {f"{exercise}/{s.grade_id}": s.score for s in steps if s.score}

    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(earned, EXERCISES))
    assert {k: v for one in found for k, v in one.items()} == {}
