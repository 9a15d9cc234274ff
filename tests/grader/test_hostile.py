"""A class of strangers, graded in one run together with honest neighbors."""

import ctypes
import hashlib
import json
import os
import shutil
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest

from grader.autograde import autograde
from grader.books.course import Course
from grader.books.gradebook import Book
from grader.isolated import forkserver, processes
from grader.isolated.sandbox import MIB, Limits, check, exposed
from grader.jobs import Options
from grader.records import KEPT
from grader.reports import feedback

from .hostile import COURSE, NONE, POINTS, WRONG, Case
from .hostile_cases import CASES

PR_SET_CHILD_SUBREAPER = 36
NEIGHBORS = [
    Case("neighbor_right", "the reference", POINTS),
    Case("neighbor_wrong", "all wrong", NONE, base="wrong"),
    Case("neighbor_empty", "nothing answered", NONE, base="empty"),
    Case(
        "neighbor_one_wrong",
        "one wrong answer, on which a right one builds",
        POINTS | {"sigmoid": 0.0},
        answers={"sigmoid": WRONG["sigmoid"]},
    ),
]
CLASS = [*NEIGHBORS, *CASES]
OPTIONS = Options(
    workers=2,
    limits=Limits(memory=600 * MIB, processes=24, disk=32 * MIB, cpu=30),
    seconds=3.0,
    quiet=True,
)

pytestmark = [
    pytest.mark.xdist_group("grading-hostile"),
    pytest.mark.skipif(
        not all(works for _, works, _ in check()), reason="no sandbox on this machine"
    ),
]


def hashes(root: Path) -> dict[str, str]:
    """The hash of every plain file below a folder, by its path."""
    found = {}
    for base, _, names in os.walk(root):
        for name in names:
            path = Path(base, name)
            if stat.S_ISREG(path.lstat().st_mode):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                found[path.relative_to(root).as_posix()] = digest
    return found


def marks(course: Course, names: list[str]) -> dict[str, dict[str, float]]:
    """Points by student and step, from the gradebook."""
    with Book(course) as book:
        return {
            name: {
                cell.removesuffix("_check"): score
                for (_, cell), (score, _) in book.marks("p1", name).items()
                if cell.endswith("_check")
            }
            for name in names
        }


def descendants() -> dict[int, str]:
    """Number and state of each process that this one or its orphans started."""
    found, queue = {}, [os.getpid()]
    while queue:
        for task in Path(f"/proc/{queue.pop()}/task").glob("*/children"):
            for pid in map(int, task.read_text().split()):
                queue.append(pid)
                found[pid] = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")[:200]
    return found


def collected(pid: int) -> bool:
    """Take the exit status of an orphan that has ended, as the system's init would."""
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:  # not an orphan: its own parent has to
        return False


class Run:
    """A class that was handed in and graded, and what was seen around it."""

    def __init__(self, root: Path, cases: list[Case]) -> None:
        shutil.copytree(COURSE, root)
        for case in cases:
            case.write(root / "submitted" / case.name / "p1")
        self.course = Course(root)
        self.names = [case.name for case in cases]
        watched = ("solutions", "submitted", "nbgrader_config.py")
        before = {k: v for k, v in hashes(root).items() if k.startswith(watched)}
        self.others = set(descendants())  # what earlier tests started
        start = time.monotonic()
        with forkserver.closing_forkservers():
            self.records = autograde(self.course, "p1", OPTIONS)
        self.seconds = time.monotonic() - start
        self.pages = feedback.write(self.course, "p1")
        after = {k: v for k, v in hashes(root).items() if k.startswith(watched)}
        self.changed = {k for k in before | after if before.get(k) != after.get(k)}
        self.marks = marks(self.course, self.names)


@pytest.fixture(scope="module")
def adopted():
    """Make this process the parent of every orphan; shorten two limits."""
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "FRAME_SECONDS", 1.5)
        patch.setattr(processes, "GRACE_SECONDS", 1.0)
        yield
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture(scope="module")
def alone(tmp_path_factory, adopted) -> Run:
    """The neighbors without the strangers."""
    return Run(tmp_path_factory.mktemp("alone") / "course", NEIGHBORS)


@pytest.fixture(scope="module")
def run(tmp_path_factory, adopted) -> Run:
    """The whole class."""
    return Run(tmp_path_factory.mktemp("class") / "course", CLASS)


@pytest.mark.parametrize("case", CLASS, ids=lambda case: case.name)
def test_each_gets_the_marks_of_its_answers(run, case):
    found = run.marks[case.name]
    steps = run.records[case.name]["notebooks"]["p1"]["steps"]
    assert found == case.marks, [(s["grade_id"], s["message"][:300]) for s in steps]


@pytest.mark.parametrize("case", CLASS, ids=lambda case: case.name)
def test_each_ends_in_a_state_with_a_reason(run, case):
    result = run.records[case.name]["notebooks"]["p1"]
    states = case.state if isinstance(case.state, tuple) else (case.state,)
    assert result["state"] in states, (result["problems"], result["repairs"])
    assert len(result["steps"]) == len(POINTS)
    for step in result["steps"]:
        if step["score"] < step["points"]:
            assert step["message"].strip(), step["grade_id"]


@pytest.mark.parametrize("case", [c for c in CLASS if c.told], ids=lambda c: c.name)
def test_what_an_attack_found_out(run, case):
    folder = run.course.folder("autograded", case.name, "p1")
    cells = json.loads((folder / "p1.ipynb").read_text())["cells"]
    outputs = [o for c in cells for o in c.get("outputs", ())]
    assert case.told in str(outputs), str(outputs)[-2000:]


def test_the_neighbors_are_not_affected(run, alone):
    names = [case.name for case in NEIGHBORS]
    assert {name: run.marks[name] for name in names} == alone.marks


def test_no_notebook_grows_without_bounds(run):
    folders = (run.course.root / "autograded").glob("*/p1")
    sizes = {f.parent.name: (f / KEPT).stat().st_size for f in folders}
    assert max(sizes.values()) < 40 * MIB, sizes


def test_nothing_that_was_there_changed(run):
    assert not run.changed


def test_no_process_is_left_behind(run, alone):
    deadline = time.monotonic() + 10
    others = run.others & alone.others
    while True:
        left = {pid: state for pid, state in descendants().items() if pid not in others}
        left = {pid: state for pid, state in left.items() if not collected(pid)}
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert not left


def written(run: Run) -> list[Path]:
    """All files that students and others will read."""
    root = run.course.root
    kept = [p for p in (root / "autograded").rglob("*") if p.is_file()]
    assert {p.name for p in kept} >= {"p1.ipynb", KEPT}
    return [*kept, *run.pages]


def test_planted_secrets_stay_secret(run):
    for path in written(run):
        text = path.read_text()
        for secret in ("PLANTED", "planted_", "Brewster"):
            assert secret not in text, (secret, path)


def test_no_path_of_this_machine_is_told(run):
    places = {str(run.course.root), str(Path(__file__).resolve().parents[2])}
    for path in written(run):
        text = path.read_text()
        for place in places:
            assert place not in text, (place, path)


def test_feedback_holds_no_markup_of_students(run):
    for path in run.pages:
        assert "<script" not in path.read_text()
        assert "<img" not in path.read_text()


def test_nothing_runs_in_the_browser_of_who_grades_by_hand(run):
    for path in (run.course.root / "autograded").glob("*/p1/p1.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] != "code":
                assert "<script" not in cell["source"], path
            kinds = {k for o in cell.get("outputs", ()) for k in o.get("data", ())}
            assert kinds <= {"text/plain", "image/png", "image/jpeg"}, path


def test_a_course_in_sight_of_students_is_refused(tmp_path):
    assert exposed(tmp_path) is None
    assert exposed(Path(pytest.__file__).parent / "course")


def test_again_gives_the_same_marks(run):
    quick = tuple(case.name for case in CLASS if not case.slow)[::4]
    options = replace(OPTIONS, students=quick, force=True)
    with forkserver.closing_forkservers():
        autograde(run.course, "p1", options)
    assert marks(run.course, list(quick)) == {n: run.marks[n] for n in quick}


def test_the_names_of_the_cases_are_unique():
    assert len({case.name for case in CLASS}) == len(CLASS)
