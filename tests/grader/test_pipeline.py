"""A class from handing in to marks: states, regrades, late ones, nbgrader's tools."""

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader import CourseError, pool
from grader import autograde as grading
from grader.__main__ import main
from grader.books.course import Course
from grader.isolated import sandbox
from grader.reports import feedback
from grader.trial import held
from tests.course import ROOT, points
from tests.grader import classes, needs_linux, options

PAGE = (ROOT / "book/grading.md").read_text()
FULL = points(classes.EXERCISE)
CHECKS = list(FULL)
pytestmark = [
    pytest.mark.xdist_group("grading-pipeline"),
    pytest.mark.usefixtures("forkservers"),
    needs_linux,
]


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The five of the page, graded: the course's folder and what the command said."""
    folder = classes.make(tmp_path_factory.mktemp("five") / "course", classes.five())
    dora = folder / "submitted/dora/perceptron"
    (dora / "gates.ipynb").rename(dora / "gates (1).ipynb")
    (dora / "timestamp.txt").write_text("2026-11-22 08:30:00 UTC")
    (folder / "submitted/ben/perceptron/timestamp.txt").write_text("20th, evening")
    done = classes.run(folder, "autograde", "perceptron", "--timeout", "5")
    assert done.returncode == 0, done.stderr
    return folder, done


@pytest.fixture
def course(graded, tmp_path):
    """A copy of the graded class, to do something to."""
    shutil.copytree(graded[0], tmp_path / "course")
    return Course(tmp_path / "course")


def marks(folder: Path, student: str) -> dict[str, float]:
    steps = classes.records(folder)[student]["notebooks"]["gates"]["steps"]
    return {step["grade_id"]: step["score"] for step in steps}


def test_the_page_shows_what_the_command_says(graded):
    _, done = graded
    assert done.stdout.strip() in PAGE
    said = [line.strip() for line in done.stderr.replace("\r", "\n").splitlines()]
    said = [line for line in said if line and "%" not in line]
    shown = [line for line in said if "timestamp" not in line]
    assert len(shown) == 2
    for line in shown:
        assert line in PAGE


def test_each_gets_the_marks_that_the_page_tells_of(graded):
    folder, _ = graded
    lost = {
        "ada": {},
        "ben": {"gates_update_check": 0},
        "chen": {"gates_fit_check": 0},
        "dora": {"gates_xor_check": 1.2},
        "eve": dict.fromkeys(CHECKS, 0),
    }
    for student, changes in lost.items():
        assert marks(folder, student) == FULL | changes, student


def test_a_step_that_builds_on_a_wrong_one_is_marked_as_such(graded):
    steps = classes.records(graded[0])["ben"]["notebooks"]["gates"]["steps"]
    assert [s["grade_id"] for s in steps if s["followed"]] == ["gates_fit_check"]


def test_repairs_are_named(graded):
    records = classes.records(graded[0])
    repairs = " ".join(records["dora"]["notebooks"]["gates"]["repairs"])
    assert "gates (1).ipynb was taken for gates.ipynb" in repairs
    assert "gates_xor_check had been changed" in repairs
    assert "Tags" in repairs
    assert records["ada"]["notebooks"]["gates"]["repairs"] == []


def test_a_date_that_is_none_costs_nothing(graded):
    record = classes.records(graded[0])["ben"]
    assert record["timestamp"] is None
    assert "'20th, evening' is not a date" in record["notes"][0]


def test_what_is_graded_and_unchanged_is_left_alone(course):
    assert grading.autograde(course, "perceptron", options()) == {}


def test_only_what_changed_is_graded_again(course):
    path = course.root / "submitted/eve/perceptron/gates.ipynb"
    path.write_bytes(classes.five()["ada"])
    assert list(grading.autograde(course, "perceptron", options())) == ["eve"]
    assert marks(course.root, "eve") == FULL


def test_a_gradebook_that_was_lost_is_filled_again_without_a_run(course):
    before = classes.rows(course.root)
    (course.root / "gradebook.db").unlink()
    assert grading.autograde(course, "perceptron", options()) == {}
    assert classes.rows(course.root) == before


def test_a_dry_run_says_who_would_change_and_why_and_writes_nothing(course):
    path = course.root / "submitted/eve/perceptron/gates.ipynb"
    path.write_bytes(classes.five()["ada"])
    before = classes.rows(course.root), classes.records(course.root)
    changes, failed = grading.compare(
        course, "perceptron", options(students=("ada", "eve"), seconds=5)
    )
    assert failed == {}
    assert {c["student"] for c in changes} == {"eve"}
    assert {c["why"] for c in changes} == {"the submission changed"}
    assert {c["grade_id"]: (c["old"], c["score"]) for c in changes} == {
        name: (0, full) for name, full in FULL.items()
    }
    assert (classes.rows(course.root), classes.records(course.root)) == before


def test_a_changed_source_regrades_everybody(course):
    path = course.root / "solutions/perceptron/gates.ipynb"
    text = path.read_text()
    assert "core.partial(2, checks.xor_cases(xor, seed=106))" in text
    path.write_text(text.replace("seed=106", "seed=107"))
    done = grading.autograde(course, "perceptron", options(seconds=5))
    assert sorted(done) == ["ada", "ben", "chen", "dora", "eve"]


def test_without_follow_through_the_later_step_is_lost(course):
    settings = options(students=("ben",), force=True, follow_through=False)
    grading.autograde(course, "perceptron", settings)
    assert marks(course.root, "ben")["gates_fit_check"] == 0


def test_marks_given_by_hand_stay(course):
    from nbgrader.api import Gradebook

    with Gradebook(course.db_url) as book:
        grade = book.find_grade("gates_update_check", "gates", "perceptron", "ben")
        grade.manual_score = 2.5
        comment = book.find_comment("gates_update", "gates", "perceptron", "ben")
        comment.manual_comment = "The idea <is> right."
        book.db.commit()
    grading.autograde(course, "perceptron", options(students=("ben",), force=True))
    feedback.write(course, "perceptron")
    page = (course.root / "feedback/ben/perceptron/gates.html").read_text()
    assert "2.5 of 3" in page
    place = page.index("The idea &lt;is&gt; right.")
    assert page.index("Step 3") < place < page.index("Step 4")  # where it belongs
    assert "11.5 of 12" in page


def test_a_late_submission_loses_what_the_plugin_says(course):
    command = [Path(sys.executable).with_name("nbgrader"), "db", "assignment", "add"]
    command += ["perceptron", "--duedate=2026-11-21 00:00:00 UTC"]
    subprocess.run(command, cwd=course.root, check=True, capture_output=True)
    config = course.root / "nbgrader_config.py"
    rule = 'c.LateSubmissionPlugin.penalty_method = "zero"\n'
    assert rule.strip() in PAGE
    config.write_text(config.read_text() + rule)
    late = Course(course.root)
    settings = options(students=("ada", "dora"), force=True)
    grading.autograde(late, "perceptron", settings)
    feedback.write(late, "perceptron")
    page = (course.root / "feedback/dora/perceptron/gates.html").read_text()
    assert "<h1>gates: 0 of 12</h1>" in page
    assert "11.2 points are taken off" in page
    page = (course.root / "feedback/ada/perceptron/gates.html").read_text()
    assert "<h1>gates: 12 of 12</h1>" in page


def test_the_table_for_the_instructor_has_everybody(course):
    feedback.write(course, "perceptron")
    table = (course.root / "reports/perceptron.html").read_text()
    rows = re.findall(
        r"<tr><td>(\w+)</td><td>(\w+)</td><td class=points>([\d.]+)", table
    )
    assert rows == [
        ("ada", "graded", "12"),
        ("ben", "graded", "9"),
        ("chen", "partly", "9"),
        ("dora", "graded", "11.2"),
        ("eve", "unreadable", "0"),
    ]


def test_nbgraders_own_tools_work_on_what_is_left(course):
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    (
        course.root / "submitted/ben/perceptron/timestamp.txt"
    ).unlink()  # it stops at that
    config = Config(course.config)
    config.CourseDirectory.root = str(course.root)
    api = NbGraderAPI(config=config)  # what formgrader asks
    scores = {s["student"]: s["score"] for s in api.get_submissions("perceptron")}
    assert scores == {"ada": 12, "ben": 9, "chen": 9, "dora": 11.2, "eve": 0}
    assert api.get_assignment("perceptron")["num_submissions"] == 5
    nbgrader = Path(sys.executable).with_name("nbgrader")
    for command in (
        ["export"],
        ["generate_feedback", "perceptron"],
        ["db", "student", "list"],
    ):
        done = subprocess.run(
            [nbgrader, *command], cwd=course.root, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    with open(course.root / "grades.csv", encoding="utf-8") as file:
        exported = {
            row["student_id"]: float(row["score"]) for row in csv.DictReader(file)
        }
    assert exported == scores
    # even nbgrader's own feedback, from the autograded notebook, hides hidden tests
    page = (course.root / "feedback/ada/perceptron/gates.html").read_text()
    assert "checks" in page
    assert "seed" not in page
    assert "HIDDEN" not in page


def test_a_dask_cluster_gives_the_same_gradebook(graded, tmp_path):
    distributed = pytest.importorskip("distributed")
    folder, _ = graded
    copy = tmp_path / "course"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("autograded", "*.db"))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        settings = options(dask=cluster.scheduler_address, seconds=5)
        done = grading.autograde(Course(copy), "perceptron", settings)
    assert len(done) == 5
    assert classes.rows(copy) == classes.rows(folder)


def test_check_release_finds_a_reference_that_does_not_survive(course):
    trial = held(course, course.assignment("perceptron"), options())
    assert (trial.faults, trial.together, trial.broken) == ([], {}, {})
    path = course.root / "solutions/perceptron/gates.ipynb"
    text = path.read_text()
    path.write_text(text.replace("checks.step(step)", "assert step is None", 1))
    (fault,) = held(course, course.assignment("perceptron"), options()).faults
    assert "gates_threshold_check: the reference gets 0 of 1" in fault


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["autograde", "nope"], "no assignment 'nope'; there are: perceptron"),
        (["autograde", "perceptron", "--student", "zoe"], "zoe has handed in nothing"),
        (["autograde", "perceptron", "--workers", "0"], "--workers must be at least 1"),
        (
            ["autograde", "perceptron", "--dask", "tcp://127.0.0.1:9"],
            "no Dask scheduler at tcp://127.0.0.1:9",
        ),
    ],
    ids=["no assignment", "no submission", "no workers", "no scheduler"],
)
def test_a_wrong_call_is_answered_in_one_line(
    course, arguments, says, capsys, monkeypatch
):
    monkeypatch.setattr(pool, "CONNECT_SECONDS", 1)
    if not options().sandbox:
        arguments = [*arguments, "--no-sandbox"]
    if "--dask" in arguments:
        arguments.append("--force")
    assert main(["--course", str(course.root), *arguments]) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("grading: ")
    assert says in said


@pytest.mark.parametrize("command", ["autograde", "export", "feedback"])
def test_a_damaged_gradebook_is_named_in_one_line(course, command, capsys):
    (course.root / "gradebook.db").write_text("no database")
    assert main(["--course", str(course.root), command, "perceptron"]) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("grading: the gradebook cannot be used: ")


def test_a_folder_without_a_course_is_named(tmp_path, capsys):
    assert main(["--course", str(tmp_path), "feedback", "perceptron"]) == 1
    assert "there is no nbgrader_config.py in" in capsys.readouterr().err


def test_without_a_sandbox_nothing_runs_unless_asked_for(course, monkeypatch, capsys):
    missing = [("namespaces", False, "Operation not permitted")]
    monkeypatch.setattr(sandbox, "check", lambda: missing)
    call = ["--course", str(course.root), "autograde", "perceptron"]
    assert main(call) == 1
    said = capsys.readouterr().err
    assert "no sandbox on this machine (namespaces: Operation not permitted)" in said
    assert main([*call, "--no-sandbox", "--student=ada", "--force"]) == 0
    said = capsys.readouterr()
    assert "WITHOUT A SANDBOX" in said.err
    assert marks(course.root, "ada") == FULL
    assert main(["doctor"]) == 1
    assert "✗ namespaces: Operation not permitted" in capsys.readouterr().out


def test_on_another_system_it_says_what_helps(course, monkeypatch, capsys):
    monkeypatch.setattr(sys, "platform", "darwin")
    call = ["--course", str(course.root), "autograde", "perceptron", "--no-sandbox"]
    assert main(call) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("grading: the grader needs Linux")
    assert main(["doctor"]) == 1
    assert "the grader needs Linux" in capsys.readouterr().out


@pytest.mark.parametrize("part", ["autograde.rebuild", "isolated.session.grade"])
def test_the_fault_of_the_grader_is_not_the_students(course, part, monkeypatch):
    def broken(*_):
        raise RuntimeError("the machine is on fire")

    before = classes.rows(course.root), classes.records(course.root)
    settings = options(students=("ada",), force=True)
    with monkeypatch.context() as patch:
        patch.setattr(f"grader.{part}", broken)
        done = grading.autograde(course, "perceptron", settings)
    result = done["ada"]["notebooks"]["gates"]
    assert result == {
        "state": "error",
        "error": "RuntimeError: the machine is on fire",
    }
    assert (classes.rows(course.root), classes.records(course.root)) == before
    assert list(grading.autograde(course, "perceptron", options())) == ["ada"]


def test_a_link_to_the_solution_is_not_followed(course):
    path = course.root / "submitted/eve/perceptron/gates.ipynb"
    path.unlink()
    path.symlink_to(course.root / "solutions/perceptron/gates.ipynb")
    done = grading.autograde(course, "perceptron", options(students=("eve",)))
    assert done["eve"]["notebooks"]["gates"]["state"] == "unreadable"
    assert "not a plain file" in done["eve"]["notes"][0]


def test_a_course_that_cannot_be_read_is_named(course):
    path = course.root / "solutions/perceptron/gates.ipynb"
    path.write_text("{")
    with pytest.raises(CourseError, match="the source of perceptron cannot be read"):
        course.assignment("perceptron")
