"""No silent mark: the reference earns all, the release nothing, a wrong answer nothing.

Each wrong answer here passed its check before, and nobody noticed.
"""

import json

import pytest

from grader import CourseError
from grader.autograde import autograde
from grader.books.course import Course, digest_of
from grader.books.reach import reasons, warnings_about
from grader.trial import held
from tests.grader import needs_linux, options, tiny
from tests.grader.test_errors import command, marks

pytestmark = [
    pytest.mark.xdist_group("grading-trial"),
    pytest.mark.usefixtures("forkservers"),
    needs_linux,
]
F = "def f(x):\n    ### BEGIN SOLUTION\n    {}\n    ### END SOLUTION"
AUTOTESTS = '''
python3:
  setup: "from hashlib import sha1"
  hash: 'sha1({{snippet}}.encode("utf-8")).hexdigest()'
  dispatch: "type({{snippet}})"
  normalize: "str({{snippet}})"
  check: 'assert {{snippet}} == """{{value}}""", """{{message}}"""'
  success: "print('Success!')"
  templates:
    default:
      - test: "type({{snippet}})"
        fail: "the type is wrong"
      - test: "{{snippet}}"
        fail: "the value is wrong"
'''


def graded(root, student="cheat", **settings):
    done = autograde(Course(root), tiny.NAME, options(**settings))
    return done[student]["notebooks"][tiny.NAME]


def sheet(root):
    return Course(root).assignment(tiny.NAME).sheets[0]


# what a check is, what a wrong answer is, and how check-release warns of it
SILENT = {
    "identity": (
        (F.format("return sorted(x)"), "l = [3, 1]\nassert f(l) is not l"),
        "def f(x):\n    x.sort()\n    return x",
        "identity",
    ),
    "identity of results": (
        (F.format("return []"), "assert f(1) is not f(1)"),
        "X = []\ndef f(x):\n    return X",
        "identity",
    ),
    "a copy": (
        (
            "class A:\n    ### BEGIN SOLUTION\n    def __init__(self, l):\n"
            "        self.l = list(l)\n    ### END SOLUTION",
            "l = [1]\na = A(l)\nl.append(2)\nassert a.l == [1]",
        ),
        "class A:\n    def __init__(self, l):\n        self.l = l",
        "changes what a call",
    ),
    "a result that is changed": (
        (
            "class A:\n    ### BEGIN SOLUTION\n    def __init__(self):\n"
            "        self.l = [1]\n    def get(self):\n        return list(self.l)\n"
            "    ### END SOLUTION",
            "a = A()\ngot = a.get()\ngot[0] = 5\nassert a.get() == [1]",
        ),
        "class A:\n    l = [1]\n    def get(self):\n        return self.l",
        "changes what a call",
    ),
    "not equal": (
        (
            "class A:\n    ### BEGIN SOLUTION\n    pass\n    ### END SOLUTION",
            "assert A() != 5 and not A() == 6",
        ),
        "class A:\n    def __eq__(self, other):\n        return True",
        "!=",
    ),
    "a docstring": (
        (F.format("'Add one.'\n    return x + 1"), "assert f.__doc__"),
        "def f(x):\n    return x + 1",
        "docstring",
    ),
    "a text of an object": (
        (F.format("return 1"), "assert '<' not in repr(f(1)) and f(1)"),
        "def f(x):\n    return object()",
        "",
    ),
    "no truth": (
        (
            "class A:\n    ### BEGIN SOLUTION\n    pass\n    ### END SOLUTION",
            "assert A()",
        ),
        "class A:\n    def __bool__(self):\n        return False",
        "",
    ),
    "a magic": (
        (F.format("print(x)"), "%%capture out\nf(1)\nassert True"),
        "def f(x):\n    raise NotImplementedError",
        "%%capture",
    ),
    "a line magic": (
        (F.format("return 2"), "%time _ = f(1)"),
        "def f(x):\n    1 / 0",
        "",
    ),
    "globals": (
        (F.format("return 2"), "f(1)\nassert 'seen' not in globals()"),
        "def f(x):\n    global seen\n    seen = 1",
        "globals",
    ),
    "a mock": (
        (
            F.format("return 2"),
            "from unittest.mock import patch\nwith patch('builtins.print') as p:\n"
            "    f(1)\np.assert_not_called()",
        ),
        "def f(x):\n    print(x)",
        "mock",
    ),
}


@pytest.mark.parametrize("name", SILENT)
def test_a_wrong_answer_earns_nothing_and_the_author_is_told(tmp_path, name):
    (answer, check), wrong, warning = SILENT[name]
    root = tiny.course(tmp_path, tiny.answer(answer), tiny.check(check))
    tiny.hand_in(root, "cheat", wrong)
    tiny.hand_in(root, "right", answer)
    graded(root, anyway=name in ("no truth", "not equal"))  # an empty class passes, too
    assert (marks(root, "cheat"), marks(root, "right")) == (0, tiny.POINTS)
    told = " ".join(text for _, text in warnings_about(sheet(root)))
    assert warning in told


# cells of the course's own, of which a student overwrites a name
OVERWRITTEN = {
    "display": (["want = 2\ndisplay(want)"], "want = 9"),
    "starred": (["from math import *", "want = floor(2.5)"], "want = 9"),
    "a statement without an answer": (["got = f()\nwant = 2"], "want = 9"),
    "IPython's names": (["want = 2\n%matplotlib inline\nget_ipython()"], "want = 9"),
}


@pytest.mark.parametrize("name", OVERWRITTEN)
def test_what_the_course_makes_no_student_overwrites(tmp_path, name):
    cells, cheat = OVERWRITTEN[name]
    answer = "def f():\n    ### BEGIN SOLUTION\n    return 2\n    ### END SOLUTION"
    own = [
        tiny.plain(cell, **tiny.settings(f"c{i}", locked=True))
        for i, cell in enumerate(cells)
    ]
    root = tiny.course(
        tmp_path, tiny.answer(answer), *own, tiny.check("assert f() == want")
    )
    tiny.hand_in(root, "cheat", "def f():\n    return 9")
    path = root / f"submitted/cheat/{tiny.NAME}/{tiny.NAME}.ipynb"
    book = json.loads(path.read_text())
    added = tiny.plain(cheat)
    book["cells"].insert(len(cells) + 1, {**added, "id": "added"})
    path.write_text(json.dumps(book))
    graded(root)
    assert marks(root, "cheat") == 0


def test_names_that_checks_take_from_students_are_told(tmp_path):
    answer = "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
    root = tiny.course(
        tmp_path,
        tiny.answer(answer),
        tiny.setup("X = f(3)\ny = 6"),
        tiny.check("assert X == y"),
    )
    told = dict(warnings_about(sheet(root)))
    assert "takes X from the student" in told["check"]
    assert "y" not in told["check"].split("takes")[1].split("from")[0]


# --- the trial -----------------------------------------------------------------------


def test_a_reference_that_loses_points_stops_the_class(tmp_path, capsys):
    root = tiny.course(tmp_path, tiny.answer(), tiny.check("assert double(2) == 5"))
    tiny.hand_in(root, "ada")
    assert command(root, "autograde") == 1
    said = capsys.readouterr()
    assert "p/p/check: the reference gets 0 of 4" in said.err
    assert "graded" not in said.out
    assert marks(root, "ada") is None


@pytest.mark.parametrize("check", ["assert double", "", "# no\n", "'text'", "pass"])
def test_a_check_that_tells_nothing_stops_the_class(tmp_path, check):
    root = tiny.course(tmp_path, tiny.answer(), tiny.check(check))
    tiny.hand_in(root, "ada")
    with pytest.raises(CourseError, match="reference must earn all points"):
        graded(root)


def test_anyway_is_said_in_each_report(tmp_path, capsys):
    root = tiny.course(tmp_path, tiny.answer(), tiny.check("assert double"))
    tiny.hand_in(root, "ada", "def double(x):\n    return 3")
    assert command(root, "autograde", "--anyway") == 0
    assert marks(root, "ada") == tiny.POINTS
    assert "does not pass its own trial" in capsys.readouterr().err
    assert command(root, "feedback") == 0
    for page in ("feedback/ada/p/p.html", "reports/p.html"):
        text = (root / page).read_text(encoding="utf-8")
        assert "does not pass its own trial: p/p/check: the release gets 4 of 4" in text


def test_a_check_without_a_statement_gives_nobody_points(tmp_path):
    root = tiny.course(tmp_path, tiny.answer(), tiny.check("# to do"))
    tiny.hand_in(root, "ada")
    step = graded(root, "ada", anyway=True)["steps"][0]
    assert (step["score"], step["verdict"]) == (0, "failed")
    assert "no statement" in step["message"]


def test_the_trial_is_held_once(tmp_path, monkeypatch):
    from grader import trial

    root = tiny.course(tmp_path)
    tiny.hand_in(root, "ada")
    graded(root, "ada")
    tiny.hand_in(root, "ben")
    monkeypatch.setattr(trial, "held", None)
    assert graded(root, "ben")["state"] == "graded"


def test_autotests_are_expanded(tmp_path):
    answer = "### BEGIN SOLUTION\na = 5\nb = 'hello'\n### END SOLUTION"
    root = tiny.course(
        tmp_path,
        tiny.answer(answer),
        tiny.check("# to be expanded"),
    )
    tiny.hand_in(root, "empty", "raise NotImplementedError()")
    tiny.hand_in(root, "wrong", "a = 5\nb = 'hullo'")
    tiny.hand_in(root, "right", "a = 5\nb = 'hel' + 'lo'")
    path = root / f"solutions/{tiny.NAME}/{tiny.NAME}.ipynb"
    book = json.loads(path.read_text())
    book["metadata"]["kernelspec"] = {"name": "python3", "display_name": "Python"}
    book["cells"][-1]["source"] = "### AUTOTEST a\n### HASHED AUTOTEST b"
    path.write_text(json.dumps(book))
    (root / "autotests.yml").write_text(AUTOTESTS)
    graded(root, "right")
    found = [marks(root, who) for who in ("empty", "wrong", "right")]
    assert found == [0, 0, tiny.POINTS]


# --- a line and a state --------------------------------------------------------------


def test_another_notebook_under_the_right_name_is_no_notebook_of_this_one(tmp_path):
    root = tiny.course(tmp_path)
    other = {"cells": [{"cell_type": "code", "source": "x = 1", "metadata": {}}]}
    folder = root / f"submitted/ada/{tiny.NAME}"
    folder.mkdir(parents=True)
    (folder / f"{tiny.NAME}.ipynb").write_text(json.dumps(other))
    result = graded(root, "ada")
    assert result["state"] == "unreadable"
    assert "nothing of this assignment is in it" in result["problems"][0]


def test_an_endless_loop_in_an_answer_is_a_line_and_a_state(tmp_path, capsys):
    root = tiny.course(tmp_path)
    tiny.hand_in(root, "ada", "while True:\n    pass")
    assert command(root, "autograde", "--timeout", "1") == 0
    assert "ada/p: Cell 2: it ran for more than 1 s" in capsys.readouterr().err
    assert graded(root, "ada", seconds=1, force=True)["state"] == "partly"


def test_who_prints_without_end_is_told_so(tmp_path, capsys):
    root = tiny.course(tmp_path)
    endless = "for _ in range(200):\n    print('x' * 2**20)\n"
    tiny.hand_in(root, "ada", endless + tiny.RIGHT)
    assert command(root, "autograde") == 0
    said = capsys.readouterr().err
    assert "ada/p: Cell 2: it printed more than 64 MB" in said
    assert "unreadable" not in said


@pytest.mark.parametrize(
    "source",
    [
        'assert (double(3) == 6, "wrong")',
        "double(3) == 6",
        "all(double(i) == 2 * i for i in range(3))",
        "np.allclose(double(3), 6)",
        "assert double(3) == 6 or True",
        'assert f"{double(3)} == 6"',
        "assert lambda: double(3) == 6",
        "def test():\n    assert double(3) == 6",
    ],
)
def test_a_check_that_can_fail_for_nobody_is_refused(tmp_path, source):
    root = tiny.course(
        tmp_path, tiny.setup(tiny.SETUP), tiny.answer(), tiny.check(source)
    )
    course = Course(root)
    (fault,) = held(course, course.assignment(tiny.NAME), options()).faults
    assert "no statement" in fault


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("self.assertIsNot(double(l), l)", "identity"),
        ("assert hasattr(double(1), '__len__')", "protocol"),
        ("assert isinstance(double(1), Iterable)", "protocol"),
        ("with ThreadPoolExecutor() as p:\n    p.map(double, [1])", "threads"),
        ("g = double(1)\nfor row in g:\n    row[0] += 1", "changes"),
        ("g = double(1)\nh = g\nh[0] = 5", "changes"),
        ("def test():\n    g = double(1)\n    g[0][0] = 1\ntest()", "changes"),
        ("g = double(1)\nnp.put(g, 0, 1)", "changes"),
        ("assert stock == 1\ndouble(1)\nassert stock == 1", "before and after"),
        ("sys.setrecursionlimit(100)\ndouble(1)", "limit"),
        ("with np.errstate(all='raise'):\n    double(1)", "overflow"),
        ("assert double(1) == 2\nassert double(2) == 4", ""),
        ("x = double(1)\nassert x == 2 and stock == 1", ""),
        ("hasattr()", ""),
    ],
)
def test_what_would_pass_for_a_wrong_answer_needs_one_process(tmp_path, source, reason):
    stock = tiny.answer("### BEGIN SOLUTION\nstock = 1\n### END SOLUTION", "stock")
    root = tiny.course(tmp_path, stock, tiny.answer(), tiny.check(source))
    (sheet,) = Course(root).assignment(tiny.NAME).sheets
    why = "; ".join(reasons(sheet.checks[0], sheet))
    assert reason in why
    assert bool(reason) == bool(why)


def test_a_course_may_ask_for_one_process(tmp_path):
    root = tiny.course(tmp_path)
    course = Course(root)
    assert held(course, course.assignment(tiny.NAME), options()).together == {}
    path = root / f"solutions/{tiny.NAME}/{tiny.NAME}.ipynb"
    book = json.loads(path.read_text())
    before = digest_of(course.assignment(tiny.NAME))
    book["metadata"]["grading"] = {"one_process": True}
    path.write_text(json.dumps(book))
    assignment = course.assignment(tiny.NAME)
    assert digest_of(assignment) != before
    together = held(course, assignment, options()).together
    assert together == {tiny.NAME: {"check": "the course asks for it"}}
