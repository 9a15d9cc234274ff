"""Every exercise, through nbgrader: reference, empty release, wrong answers, feedback.

One course is set up for each chapter, with one student for each submission, and graded
by the commands that an instructor would use.
"""

import importlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from tests.wrong_answers import Wrong

ROOT = Path(__file__).resolve().parent.parent
EXERCISES = sorted(
    path.relative_to(ROOT / "solutions").with_suffix("").as_posix()
    for path in (ROOT / "solutions").glob("*/*.ipynb")
)
CHAPTERS = sorted({name.split("/")[0] for name in EXERCISES})


def wrong_answers(exercise: str) -> list[Wrong]:
    return importlib.import_module(
        f"tests.wrong_answers.{exercise.replace('/', '.')}"
    ).WRONG


CASES = [
    (exercise, wrong) for exercise in EXERCISES for wrong in wrong_answers(exercise)
]


def of_chapter(exercise: str):
    """Keep the tests of a chapter on one worker: they share its graded course."""
    return pytest.mark.xdist_group(f"grading-{exercise.split('/')[0]}")


def notebook(path: Path):
    return nbformat.read(path, as_version=4)


def graded_cells(nb) -> dict[str, dict]:
    """The cells that nbgrader knows, by grade_id."""
    return {
        cell.metadata.nbgrader.grade_id: cell
        for cell in nb.cells
        if "nbgrader" in cell.metadata
    }


def points(exercise: str) -> dict[str, float]:
    cells = graded_cells(notebook(ROOT / f"solutions/{exercise}.ipynb"))
    return {
        name: cell.metadata.nbgrader.points
        for name, cell in cells.items()
        if cell.metadata.nbgrader.grade
    }


@dataclass
class Graded:
    """A graded submission of one exercise."""

    marks: dict[str, float] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)


class Course:
    """A course in a temporary folder, with nbgrader's own commands."""

    def __init__(self, folder: Path, chapter: str) -> None:
        self.folder, self.chapter = folder, chapter
        shutil.copy(ROOT / "nbgrader_config.py", folder)
        shutil.copytree(ROOT / "solutions" / chapter, folder / "solutions" / chapter)
        self.nbgrader("generate_assignment", chapter, "--create")

    def nbgrader(self, *arguments: str) -> None:
        command = [Path(sys.executable).with_name("nbgrader"), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]

    def hand_in(self, student: str, exercise: str, answers: dict[str, str]) -> None:
        """Submit the release of one exercise, with answers in their cells."""
        nb = notebook(self.folder / f"exercises/{exercise}.ipynb")
        cells = graded_cells(nb)
        for name, source in answers.items():
            cells[name].source = source
        target = self.folder / f"submitted/{student}/{exercise}.ipynb"
        target.parent.mkdir(parents=True)
        nbformat.write(nb, target)

    def read(self, student: str, exercise: str) -> Graded:
        from nbgrader.api import Gradebook

        graded = Graded()
        with Gradebook(f"sqlite:///{self.folder}/gradebook.db") as gradebook:
            submission = gradebook.find_submission_notebook(
                Path(exercise).name, self.chapter, student
            )
            graded.marks = {grade.name: grade.score for grade in submission.grades}
        nb = notebook(self.folder / f"autograded/{student}/{exercise}.ipynb")
        for name, cell in graded_cells(nb).items():
            graded.messages[name] = "\n".join(
                output.get("evalue", "") or output.get("text", "")
                for output in cell.get("outputs", [])
            )
        return graded


def reference(exercise: str) -> dict[str, str]:
    """The instructor's answers, by grade_id of their cells."""
    cells = graded_cells(notebook(ROOT / f"solutions/{exercise}.ipynb"))
    return {
        name: cell.source
        for name, cell in cells.items()
        if cell.metadata.nbgrader.solution
    }


def student_of(exercise: str, what: str) -> str:
    return f"{what}-{Path(exercise).name}".replace("_", "-")


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """Return a function from chapter to its graded course."""
    made: dict[str, Course] = {}

    def graded(chapter: str) -> Course:
        if chapter not in made:
            course = Course(tmp_path_factory.mktemp(f"course-{chapter}"), chapter)
            for exercise in (e for e in EXERCISES if e.startswith(f"{chapter}/")):
                right = reference(exercise)
                course.hand_in(student_of(exercise, "reference"), exercise, right)
                course.hand_in(student_of(exercise, "empty"), exercise, {})
                for wrong in wrong_answers(exercise):
                    course.hand_in(
                        student_of(exercise, wrong.name),
                        exercise,
                        right | {wrong.cell: wrong.code},
                    )
            course.nbgrader("autograde", chapter, "--create")
            for exercise in (e for e in EXERCISES if e.startswith(f"{chapter}/")):
                empty = student_of(exercise, "empty")
                course.nbgrader("generate_feedback", chapter, f"--student={empty}")
            made[chapter] = course
        return made[chapter]

    return graded


def parametrize(function):
    return pytest.mark.parametrize(
        "exercise", [pytest.param(e, marks=of_chapter(e), id=e) for e in EXERCISES]
    )(function)


@parametrize
def test_the_reference_earns_full_marks(course, exercise):
    graded = course(exercise.split("/")[0]).read(
        student_of(exercise, "reference"), exercise
    )
    assert graded.marks == points(exercise)


@parametrize
def test_the_empty_release_earns_nothing(course, exercise):
    graded = course(exercise.split("/")[0]).read(
        student_of(exercise, "empty"), exercise
    )
    assert set(graded.marks) == set(points(exercise))
    assert set(graded.marks.values()) == {0}
    for name in graded.marks:
        assert "not yet written" in graded.messages[name], name


@pytest.mark.parametrize(
    ("exercise", "wrong"),
    [pytest.param(e, w, marks=of_chapter(e), id=f"{e}-{w.name}") for e, w in CASES],
)
def test_a_wrong_answer_loses_its_step_and_is_told_why(course, exercise, wrong):
    graded = course(exercise.split("/")[0]).read(
        student_of(exercise, wrong.name), exercise
    )
    message = graded.messages[wrong.loses]
    assert graded.marks[wrong.loses] == wrong.keeps, message
    assert re.search(wrong.says, message), message
    for name, full in points(exercise).items():
        if name != wrong.loses and name not in wrong.builds_on:
            assert graded.marks[name] == full, f"{name}: {graded.messages[name]}"


@parametrize
def test_feedback_is_written(course, exercise):
    chapter, name = exercise.split("/")
    folder = course(chapter).folder / "feedback"
    page = folder / student_of(exercise, "empty") / chapter / f"{name}.html"
    assert "not yet written" in page.read_text()


@parametrize
def test_an_exercise_has_at_least_eight_wrong_answers(exercise):
    wrong = wrong_answers(exercise)
    assert len({w.name for w in wrong}) == len(wrong) >= 8
    answers, checks = reference(exercise), points(exercise)
    for w in wrong:
        assert w.cell in answers
        assert {w.loses, *w.builds_on} <= set(checks)


@parametrize
def test_an_exercise_has_three_to_eight_graded_steps(exercise):
    assert 3 <= len(points(exercise)) <= 8


def test_grade_ids_are_unique_in_the_course():
    names = [name for exercise in EXERCISES for name in points(exercise)]
    assert len(names) == len(set(names))


def test_the_release_is_what_the_solutions_make(tmp_path):
    for chapter in CHAPTERS:
        folder = tmp_path / chapter
        folder.mkdir()
        made = Course(folder, chapter).folder / "exercises" / chapter
        kept = ROOT / "exercises" / chapter
        names = {path.name for path in made.iterdir()}
        assert names == {path.name for path in kept.glob("*.ipynb")}
        for name in names:
            ours, theirs = notebook(kept / name), notebook(made / name)
            assert ours == theirs, f"{chapter}/{name} is stale: make release"


def test_nbgrader_validate_shows_a_student_what_is_missing():
    command = [Path(sys.executable).with_name("nbgrader"), "validate"]
    command.append(ROOT / "exercises/perceptron/gates.ipynb")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "VALIDATION FAILED ON 6 CELL" in done.stdout
    assert "not yet written" in done.stdout
