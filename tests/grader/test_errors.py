"""A fault of the course or of the machine is an error: no points, and tried again.

And no student can bring one about.
"""

import socket
import time

import pytest

from grader.__main__ import main
from grader.autograde import autograde
from grader.books.course import Course
from grader.books.gradebook import Book
from grader.books.rebuild import Placed
from grader.books.sheet import load
from grader.isolated import forkserver, pair, processes, session
from tests.grader import needs_linux, options, tiny

IN_THE_STUDENTS_PROCESS = "type(sys.stdout).__name__ == 'Stream'"
pytestmark = [
    pytest.mark.xdist_group("grading-errors"),
    pytest.mark.usefixtures("forkservers"),
    needs_linux,
]


@pytest.fixture
def root(tmp_path):
    """The folder of a course in which one right answer lies."""
    folder = tiny.course(tmp_path / "course")
    tiny.hand_in(folder, "ada")
    return folder


def no_processes(*_):
    """Refuse as a machine does on which no process can be forked."""
    raise forkserver.ForkserverError("no process could be forked")


@pytest.fixture
def full(monkeypatch):
    """A machine without room for a process, until `undo` is called."""
    with monkeypatch.context() as patch:
        patch.setattr(forkserver.Forkserver, "fork", no_processes)
        yield patch


def grade(root, **settings) -> dict[str, dict]:
    """Grade; return the record of the notebook by student."""
    done = autograde(Course(root), tiny.NAME, options(**settings))
    return {student: record["notebooks"][tiny.NAME] for student, record in done.items()}


def marks(root, student: str) -> float | None:
    """The points of the check in the gradebook, None if nobody gave any."""
    with Book(Course(root)) as book:
        found = book.marks(tiny.NAME, student)
    return found and found[tiny.NAME, "check"][0]


def command(root, *arguments: str) -> int:
    sandbox = [] if options().sandbox else ["--no-sandbox"]
    sandbox = sandbox if arguments[0] in ("autograde", "check-release") else []
    return main(["--course", str(root), *arguments, tiny.NAME, *sandbox])


# --- a fault of the course's ---------------------------------------------------------


def test_a_set_up_cell_that_raises_gives_no_points(tmp_path, capsys):
    root = tiny.course(
        tmp_path, tiny.setup("raise ImportError('rename\\n it')"), tiny.check()
    )
    tiny.hand_in(root, "ada")
    assert command(root, "autograde") == 1
    said = capsys.readouterr()
    assert "1 submissions run: 1 error" in said.out
    reason = "the course's cell setup fails in the test process: ImportError: rename it"
    assert f"ada/p: not graded: {reason}" in said.err
    assert marks(root, "ada") is None
    assert not (root / "autograded/ada/p").exists()


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("raise OSError('no place')", "OSError: no place"),
        ("import os; os._exit(1)", "it ended"),
        ("while True: pass", "it ran for more than 1 s"),
    ],
)
def test_a_set_up_cell_that_fails_beside_no_answer_gives_no_points(
    cell, reason, tmp_path
):
    lines = ["import sys", f"if {IN_THE_STUDENTS_PROCESS}:", f"    {cell}"]
    root = tiny.course(
        tmp_path, tiny.setup("\n".join(lines)), tiny.answer(), tiny.check()
    )
    tiny.hand_in(root, "ada")
    result = grade(root, seconds=1)["ada"]
    assert result["state"] == "error"
    assert "the course's cell setup fails before any answer has run" in result["error"]
    assert reason in result["error"]
    assert marks(root, "ada") is None


def test_a_later_course_cell_that_fails_is_an_error_too(tmp_path):
    late = tiny.plain("[] + 1")
    root = tiny.course(
        tmp_path, tiny.setup(tiny.SETUP), tiny.answer(), tiny.check(), late
    )
    tiny.hand_in(root, "ada")
    result = grade(root)["ada"]
    assert result["state"] == "error"
    assert "the course's cell that begins with '[] + 1' fails" in result["error"]


def test_a_course_cell_may_raise_where_its_author_says_so(tmp_path):
    raises = tiny.plain("[] + 1", tags=["raises-exception"])
    root = tiny.course(
        tmp_path, tiny.setup(tiny.SETUP), raises, tiny.answer(), tiny.check()
    )
    tiny.hand_in(root, "ada")
    assert grade(root)["ada"]["state"] == "graded"
    assert marks(root, "ada") == tiny.POINTS


def test_check_release_names_the_cell_in_one_line(tmp_path, capsys):
    root = tiny.course(tmp_path, tiny.setup("1 / 0"), tiny.answer(), tiny.check())
    assert command(root, "check-release") == 1
    (first,) = capsys.readouterr().out.splitlines()
    assert "p/p: the course's cell setup fails in the test process: Zero" in first


# --- a fault of the machine's --------------------------------------------------------


def test_where_no_process_can_be_had_the_next_run_tries_again(root, full):
    result = grade(root)["ada"]
    assert result["state"] == "error"
    assert result["error"] == "no process can be started: no process could be forked"
    assert marks(root, "ada") is None
    full.undo()
    assert grade(root)["ada"]["state"] == "graded"
    assert marks(root, "ada") == tiny.POINTS
    assert grade(root) == {}


def test_a_short_lack_of_processes_is_waited_out(root, monkeypatch):
    failures = [True, True]
    fork = forkserver.Forkserver.fork

    def late(self, *request):
        if failures:
            failures.pop()
            raise forkserver.ForkserverError("no process could be forked")
        return fork(self, *request)

    monkeypatch.setattr(forkserver.Forkserver, "fork", late)
    assert grade(root)["ada"]["state"] == "graded"
    assert marks(root, "ada") == tiny.POINTS


def test_a_student_process_that_dies_before_the_first_answer_is_an_error(
    root, monkeypatch
):
    def died(self, *_):
        self.close()
        return processes.CellRun(ended="it ended", error="it ended")

    monkeypatch.setattr(processes.Student, "run", died)
    assert grade(root)["ada"]["state"] == "error"
    assert marks(root, "ada") is None


def crowd(monkeypatch, *, hog: str = "") -> None:
    """Let no process start while another is there, or while one is that ran `hog`."""
    there: list[socket.socket] = []
    fork, run = forkserver.Forkserver.fork, processes.Student.run

    def refuse(self, *request):
        if any(control.fileno() != -1 for control in there):
            no_processes()
        sockets = fork(self, *request)
        there.extend([] if hog else sockets[:1])
        return sockets

    def remember(self, cell, source, *arguments):
        there.extend([self.control] if hog and hog in source else [])
        return run(self, cell, source, *arguments)

    monkeypatch.setattr(forkserver.Forkserver, "fork", refuse)
    monkeypatch.setattr(processes.Student, "run", remember)


def test_a_machine_without_room_for_two_processes_is_at_fault(root, monkeypatch):
    crowd(monkeypatch)
    result = grade(root, workers=1)["ada"]
    assert result["state"] == "error"
    assert result["error"].startswith("the machine has no room for a test process")
    assert marks(root, "ada") is None


def test_a_student_who_leaves_no_room_for_the_checks_gets_a_verdict(
    tmp_path, monkeypatch
):
    root = tiny.course(tmp_path, tiny.answer(), tiny.check("assert double(2) == 4"))
    tiny.hand_in(root, "eve", f"{tiny.WRONG}\n# I take it all")
    crowd(monkeypatch, hog="# I take it all")
    assert grade(root)["eve"]["state"] == "graded"
    assert marks(root, "eve") == 0


def test_an_error_takes_no_marks_away(root, monkeypatch):
    grade(root)
    record = (root / "autograded/ada/p/.grading.json").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(forkserver.Forkserver, "fork", no_processes)
        assert grade(root, force=True)["ada"]["state"] == "error"
    assert marks(root, "ada") == tiny.POINTS
    assert (root / "autograded/ada/p/.grading.json").read_bytes() == record
    assert list(grade(root)) == ["ada"]  # although nothing has changed
    assert grade(root) == {}


def test_a_dry_run_names_who_could_not_be_graded(root, full, capsys):
    assert command(root, "autograde", "--dry-run") == 1
    said = capsys.readouterr()
    assert "0 marks would change; nothing was written" in said.out
    assert "ada/p: not graded: no process can be started" in said.err
    assert not (root / "autograded").exists()


def test_feedback_and_export_say_who_is_not_graded(root, full, capsys):
    tiny.hand_in(root, "ben")
    grade(root, students=("ben",))
    full.undo()
    grade(root, students=("ada",))
    assert command(root, "feedback") == 0
    assert "grading: ben is not graded (p: no process" in capsys.readouterr().err
    assert not (root / "feedback/ben").exists()
    table = (root / "reports/p.html").read_text(encoding="utf-8")
    assert "<td>ben</td><td colspan=3>not graded: p: no process can" in table
    assert "<td>ada</td><td>graded</td>" in table
    file = root / "grades.csv"
    assert command(root, "export", "--to=canvas", f"--output={file}") == 0
    assert "grading: ben is not graded" in capsys.readouterr().err
    assert "ben" not in file.read_text(encoding="utf-8")


# --- what no student can bring about -------------------------------------------------

OWN_CELLS = {
    "raises": "raise RuntimeError",
    "exits": "import os; os._exit(1)",
    "hangs": "while True: pass",
    "no path": "import sys; sys.path[:] = []",
    "no numpy": "import sys; sys.modules['numpy'] = None",
    "no imports": "import builtins; builtins.__import__ = None",
    "no environment": "import os; os.environ.clear(); os.chdir('/')",
    "numpy is mine": "np = None",
    "forks": "import os\nfor _ in range(100): os.fork()",
}


@pytest.fixture(scope="module")
def meddlers(tmp_path_factory):
    """Students with a wrong answer and a cell that breaks what the course needs.

    It stands before the set-up cell, and after it; and right answers beside them.
    """
    root = tiny.course(tmp_path_factory.mktemp("meddlers") / "course")
    for name, source in OWN_CELLS.items():
        tiny.hand_in(root, f"{name}, first", tiny.WRONG, first=source)
        tiny.hand_in(root, f"{name}, second", tiny.WRONG, second=source)
        tiny.hand_in(root, f"{name}, both", tiny.WRONG, first=source, second=source)
    tiny.hand_in(root, "neighbor")
    results = grade(root, seconds=2)
    return root, results


def test_who_breaks_what_the_course_needs_gets_a_verdict(meddlers):
    root, results = meddlers
    for student, result in results.items():
        assert result["state"] in ("graded", "partly"), (student, result)
        expected = tiny.POINTS if student == "neighbor" else 0
        assert marks(root, student) == expected, student


def test_a_cell_that_raises_before_the_set_up_costs_a_right_answer_nothing(root):
    tiny.hand_in(root, "ben", first="raise RuntimeError")
    tiny.hand_in(root, "eve", first="import os; os._exit(1)")
    grade(root)
    assert marks(root, "ben") == marks(root, "eve") == tiny.POINTS


def test_files_that_spoil_the_set_up_are_left_out(tmp_path):
    lines = "import os\nimport numpy as np\nassert not os.path.exists('state.npz')"
    root = tiny.course(tmp_path, tiny.setup(lines), tiny.answer(), tiny.check())
    tiny.hand_in(root, "ada", files={"state.npz": b"1"})
    tiny.hand_in(root, "ben", tiny.WRONG, files={"state.npz": b"1"})
    result = grade(root)["ada"]
    assert result["state"] == "graded"
    assert result["repairs"] == [pair.LEFT_OUT]
    assert [marks(root, s) for s in ("ada", "ben")] == [tiny.POINTS, 0]


def test_files_that_do_not_fit_into_a_message_are_left_out(root, monkeypatch):
    monkeypatch.setattr(pair, "MOST_FILES", 3000)
    tiny.hand_in(root, "ben", tiny.WRONG, files={"big.bin": bytes(4000)})
    result = grade(root, students=("ben",))["ben"]
    assert (result["state"], result["repairs"]) == ("graded", [pair.LEFT_OUT])


def job(root, **settings) -> session.Job:
    """The job of the reference, which stands for a student."""
    sheet = load(root / f"solutions/{tiny.NAME}/{tiny.NAME}.ipynb")
    cells = [Placed(c, c.cell_type, c.source) for c in sheet.cells]
    limits = options().limits if options().sandbox else None
    settings = {"student": "ada", "limits": limits} | settings
    return session.Job(sheet=sheet, cells=cells, files={}, course_files={}, **settings)


def test_time_that_a_student_used_up_is_not_missing_to_the_course(root):
    """Else he could let the course's own cell run out of time where it is replayed."""
    with session.Session(job(root, seconds=60.0), time.monotonic()) as late:
        set_up, answer = 0, 1
        assert late.left(set_up) == 60
        assert late.left(answer) < 1


def test_what_values_of_a_student_do_to_the_test_process_is_not_an_error(
    tmp_path, monkeypatch
):
    cells = (
        tiny.setup(tiny.SETUP),
        tiny.answer(),
        tiny.check(),
        tiny.plain("twice = np.ones(2) * 2"),
    )
    root = tiny.course(tmp_path, *cells)
    tiny.hand_in(root, "ada")
    attach, course = processes.Judge.attach, processes.Judge.course

    def remember(self, *arguments):
        self.full = True
        attach(self, *arguments)

    def fail(self, source, seconds):
        full = getattr(self, "full", False)
        return "MemoryError: " if full else course(self, source, seconds)

    monkeypatch.setattr(processes.Judge, "attach", remember)
    monkeypatch.setattr(processes.Judge, "course", fail)
    assert grade(root)["ada"]["state"] == "graded"
    assert marks(root, "ada") == tiny.POINTS


def test_a_new_test_process_runs_what_a_course_cell_makes_once(tmp_path, monkeypatch):
    cells = (
        tiny.setup(f"{tiny.SETUP}\nmade = []"),
        tiny.answer(),
        tiny.check(),
        tiny.plain("made.append(1)\ntwice = double(2)"),
        tiny.check("assert made == [1]", "once"),
    )
    root = tiny.course(tmp_path, *cells)
    ends, original = iter([True]), processes.Judge.grade

    def end_at_first(*arguments):
        if next(ends, False):
            raise processes.Dead("it ended")
        return original(*arguments)

    monkeypatch.setattr(processes.Judge, "grade", end_at_first)
    steps = session.grade(job(root)).steps
    assert [step.verdict for step in steps] == ["broken", "passed"]


def test_a_course_cell_that_builds_on_a_wrong_answer_is_not_an_error(tmp_path):
    counted = tiny.check("n = double(2)\nassert n == 4")
    later = tiny.plain("curve = np.zeros(n)")
    root = tiny.course(tmp_path, tiny.setup(tiny.SETUP), tiny.answer(), counted, later)
    tiny.hand_in(root, "ada")
    tiny.hand_in(root, "ben", "def double(x):\n    return -1")
    results = grade(root)
    assert {s: r["state"] for s, r in results.items()} == {
        "ada": "graded",
        "ben": "partly",
    }
    assert [marks(root, s) for s in ("ada", "ben")] == [tiny.POINTS, 0]


def test_only_cells_that_need_no_check_stand_alone(tmp_path):
    helper = tiny.check(
        "def error(x):\n    return double(x) - 2 * x\nk = 3\nn = error(1)"
    )
    cells = [
        tiny.plain(s) for s in ("a = k", "b = n", "c = error(2)", "d = a", "e = b")
    ]
    root = tiny.course(tmp_path, tiny.setup(tiny.SETUP), tiny.answer(), helper, *cells)
    sheet = load(root / f"solutions/{tiny.NAME}/{tiny.NAME}.ipynb")
    alone = {c.source: c.alone for c in sheet.cells if c.role == "course"}
    assert alone == {
        tiny.SETUP: True,
        "a = k": True,
        "b = n": False,  # the result of a check
        "c = error(2)": False,  # it calls what a student wrote
        "d = a": True,
        "e = b": False,
    }


PLUGIN = """
from nbgrader.plugins import BasePlugin
class Late(BasePlugin):
    def late_submission_penalty(self, student_id, score, seconds):
        return {"ada": 1, "eve": "1"}[student_id]
c.AssignLatePenalties.plugin_class = Late
"""


def test_a_plugin_that_fails_for_one_student_is_an_error_of_that_one(tmp_path):
    root = tiny.course(tmp_path)
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(PLUGIN)
    late = {"timestamp.txt": b"2026-01-02 00:00:00 UTC"}
    for student in ("ada", "bob", "eve"):
        tiny.hand_in(root, student, files=late)
    course = Course(root)
    with Book(course) as book:
        book.prepare(course.assignment(tiny.NAME))
        due = "2026-01-01 00:00:00 UTC"
        book.gradebook.update_or_create_assignment(tiny.NAME, duedate=due)
    made = grade(root)
    assert made["bob"]["state"] == "error"
    assert "plugin for late penalties fails: KeyError" in made["bob"]["error"]
    assert "plugin for late penalties fails: TypeError" in made["eve"]["error"]
    assert (marks(root, "ada"), marks(root, "bob")) == (tiny.POINTS, None)
    assert sorted(grade(root)) == ["bob", "eve"]  # tried again
