"""Every exercise, through the course's grader: reference, empty release, wrong answers.

Each submission is a notebook file, read, rebuilt and graded as in a class, in the
sandbox where this machine has one. Whole classes, with gradebook and feedback, are in
`tests/grader`.
"""

import functools
import itertools
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.books import rebuild
from grader.books.course import Course
from grader.isolated import forkserver, session, warm
from grader.verdicts import Graded, Step
from tests.course import (
    EXERCISES,
    ROOT,
    handed_in,
    notebook,
    points,
    reference,
    sheet,
    trained_less,
    wrong_answers,
)
from tests.grader import options

CHAPTERS = sorted({name.split("/")[0] for name in EXERCISES})
CASES = [
    (exercise, wrong) for exercise in EXERCISES for wrong in wrong_answers(exercise)
]
RUNS = 1  # more of the reference, here; `benchmarks/grading.py` makes many


def of_exercise(exercise: str):
    """Keep the tests of an exercise on one worker: they share what was graded."""
    return pytest.mark.xdist_group(f"grading-{exercise}")


@functools.cache
def modules() -> frozenset[str]:
    """What any sheet imports: a worker's one forkserver is warm for all of them."""
    return warm.needed(c.source for name in EXERCISES for c in sheet(name).cells)


def grade(exercise: str, answers: dict[str, str]) -> dict[str, Step]:
    """Grade one submission; return its steps by grade_id."""
    own = sheet(exercise)
    cells, _ = rebuild.rebuild(own, rebuild.read(handed_in(exercise, answers)))
    settings = options()
    limits = settings.limits if settings.sandbox else None
    job = session.Job("ada", own, cells, {}, {}, limits, modules=modules())
    result = session.grade(job)
    assert isinstance(result, Graded), result  # else it is a fault of ours
    return {step.grade_id: step for step in result.steps}


@pytest.fixture(scope="session")
def graded():
    """Return a function from exercise to the graded steps of all its submissions."""
    if sys.platform != "linux":
        pytest.skip("the grader needs Linux")
    made: dict[str, dict[str, dict[str, Step]]] = {}

    def of(exercise: str) -> dict[str, dict[str, Step]]:
        if exercise not in made:
            right = trained_less(exercise)
            submissions = {"reference": reference(exercise), "empty": {}} | {
                wrong.name: right | {wrong.cell: wrong.code}
                for wrong in wrong_answers(exercise)
            }
            with ThreadPoolExecutor(2) as pool:
                steps = pool.map(lambda a: grade(exercise, a), submissions.values())
                made[exercise] = dict(zip(submissions, steps, strict=True))
        return made[exercise]

    forkserver.allow_forkservers()
    with forkserver.closing_forkservers():
        yield of


def parametrize(function):
    return pytest.mark.parametrize(
        "exercise", [pytest.param(e, marks=of_exercise(e), id=e) for e in EXERCISES]
    )(function)


def marks(steps: dict[str, Step]) -> dict[str, float]:
    return {name: step.score for name, step in steps.items()}


@parametrize
def test_the_reference_earns_full_marks(graded, exercise):
    assert marks(graded(exercise)["reference"]) == points(exercise)


@parametrize
def test_the_reference_earns_full_marks_every_time(graded, exercise):
    right = reference(exercise)
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: marks(grade(exercise, right)), range(RUNS)))
    assert runs == [points(exercise)] * RUNS


@parametrize
def test_the_empty_release_earns_nothing(graded, exercise):
    steps = graded(exercise)["empty"]
    assert set(steps) == set(points(exercise))
    for step in steps.values():
        assert step.score == 0
        assert "not yet written" in step.message


def checks_of(exercise: str, answer: str) -> set[str]:
    """The checks that follow an answer, up to the next one."""
    cells = [c for c in sheet(exercise).cells if c.role in ("answer", "check")]
    after = cells[[c.grade_id for c in cells].index(answer) + 1 :]
    own = itertools.takewhile(lambda cell: cell.role == "check", after)
    return {cell.grade_id for cell in own}


@pytest.mark.parametrize(
    ("exercise", "wrong"),
    [pytest.param(e, w, marks=of_exercise(e), id=f"{e}-{w.name}") for e, w in CASES],
)
def test_a_wrong_answer_loses_its_step_alone_and_is_told_why(graded, exercise, wrong):
    steps = graded(exercise)[wrong.name]
    message = steps[wrong.loses].message
    lost = dict.fromkeys(wrong.also, 0.0) | {wrong.loses: wrong.keeps}
    assert marks(steps) == points(exercise) | lost, message
    assert {*wrong.also} <= checks_of(exercise, wrong.cell)
    assert re.search(wrong.says, message), message


@parametrize
def test_an_exercise_has_wrong_answers_of_different_names(exercise):
    wrong = wrong_answers(exercise)
    names = {w.name for w in wrong}
    assert len(names) == len(wrong), "two wrong answers share a name: rename one"
    assert wrong, f"write one beside the slips: tests/wrong_answers/{exercise}.py"
    for w in wrong:
        assert w.cell in reference(exercise)
        assert w.loses in points(exercise)


@parametrize
def test_an_exercise_has_three_to_eight_graded_steps(exercise):
    assert 3 <= len(points(exercise)) <= 8


def test_grade_ids_are_unique_in_the_course():
    names = [name for exercise in EXERCISES for name in points(exercise)]
    assert len(names) == len(set(names))


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """Return a function that makes a chapter's release, as `make release` does."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    root = tmp_path_factory.mktemp("release")
    for name in ("nbgrader_config.py", "solutions"):
        (root / name).symlink_to(ROOT / name)
    config = Config(Course(root).config)
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = f"sqlite:///{root}/release.db"
    api = NbGraderAPI(config=config)

    def release(chapter: str) -> Path:
        done = api.generate_assignment(chapter, create=True)
        assert done["success"], done["log"][-3000:]
        return root / "exercises" / chapter

    return release


@pytest.mark.xdist_group("release")
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_release_is_what_the_solutions_make(released, chapter):
    made, kept = released(chapter), ROOT / "exercises" / chapter
    names = {path.name for path in made.iterdir()}
    assert names == {path.name for path in kept.glob("*.ipynb")}
    for name in names:
        ours, theirs = notebook(kept / name), notebook(made / name)
        assert ours == theirs, f"{chapter}/{name} is stale: make release"


def test_nbgrader_validate_shows_a_student_of_perceptron_what_is_missing():
    command = [Path(sys.executable).with_name("nbgrader"), "validate"]
    command += ["exercises/perceptron/gates.ipynb"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert "VALIDATION FAILED ON 6 CELL" in done.stdout
    assert "not yet written" in done.stdout
