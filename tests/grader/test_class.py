"""What a class gets back: the report of mistakes, feedback, grading as it comes in."""

import csv
import json
import shutil
import subprocess
import sys
from itertools import islice

import pytest

from grader import autograde, questions
from grader.books.course import Course
from grader.isolated import processes
from grader.reports import feedback, insight, lesson
from grader.single import grade
from grader.trial import tried
from grader.watch import watch
from tests.course import ROOT, handed_in, points, reference, wrong_answers
from tests.course import sheet as of_the_course
from tests.grader import classes, empty_gradebook, needs_linux, options, tiny

pytestmark = needs_linux
EXERCISE = classes.EXERCISE
RIGHT = reference(EXERCISE)
SIGNED = '# by Ada Lovelace\ndef step(s, t):\n    """Ada\'s."""\n    return 1 * (s > t)'


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A graded class: every wrong answer once; one right, one empty, one signed."""
    wrong = {
        f"s{n:02}": RIGHT | {w.cell: w.code}
        for n, w in enumerate(wrong_answers(EXERCISE))
    }
    given = wrong | {
        "ada": RIGHT | {"gates_threshold": SIGNED},
        "right": RIGHT,
        "empty": {},
    }
    files = {
        student: handed_in(EXERCISE, answers) for student, answers in given.items()
    }
    root = classes.make(tmp_path_factory.mktemp("class"), files)
    (root / "_config.yml").write_text("html:\n  baseurl: https://example.org/book\n")
    (root / "gradebook.db").write_bytes(empty_gradebook("default_course"))
    made = Course(root)
    autograde.autograde(made, classes.ASSIGNMENT, options())
    return made


def test_mistakes_are_counted_under_one_name_and_name_nobody(course):
    page, table = insight.write(course, classes.ASSIGNMENT)
    rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    wrong, class_size = wrong_answers(EXERCISE), len(wrong_answers(EXERCISE)) + 3
    for check in points(EXERCISE):
        of_step = [row for row in rows if row["step"] == check]
        assert sum(int(row["count"]) for row in of_step) == class_size  # none is in two
        assert {row["of"] for row in of_step} == {str(class_size)}
    mistakes = [row for row in rows if not row["what"].startswith(("right", "not wr"))]
    assert sum(int(row["count"]) for row in mistakes) == len(wrong) + 1
    unknown = [row for row in mistakes if "no cause is known" in row["what"]]
    assert len(unknown) <= 0.05 * len(wrong)
    text = page.read_text("utf-8") + table.read_text("utf-8")
    assert "Ada" not in text
    assert "s00" not in text
    assert "return 1 * (s &gt; t)" in text  # the example itself
    link = "https://example.org/book/book/perceptron.html#a-neuron-draws-a-line"
    assert f'href="{link}"' in text


def test_feedback_shows_the_answer_the_reason_and_the_section(course):
    feedback.write(course, classes.ASSIGNMENT)
    folder = course.root / "feedback"
    page = (folder / "ada" / classes.ASSIGNMENT / "gates.html").read_text("utf-8")
    assert "# by Ada Lovelace" in page  # one's own program, whole
    assert "Why it matters: A threshold unit decides" in page
    assert page.count("Read again: <a href=") == 1  # for the step that is wrong
    order = [page.index(f"Step {n}:") for n in range(1, 7)]
    assert order == sorted(order)
    right = (folder / "right" / classes.ASSIGNMENT / "gates.html").read_text("utf-8")
    assert "Why it matters" not in right


def test_nobody_graded_has_no_report(tmp_path):
    root = classes.make(tmp_path / "new", {"one": handed_in(EXERCISE, {})})
    with pytest.raises(autograde.CourseError, match="nobody is graded for perceptron"):
        insight.write(Course(root), classes.ASSIGNMENT)


def test_an_assignment_without_checks_has_a_report():
    assert "what 0 students understood" in insight.page("essay", {})


def test_what_is_handed_in_is_graded_as_it_comes_and_once(tmp_path):
    files = {name: handed_in(EXERCISE, RIGHT) for name in ("first", "second")}
    root = classes.make(tmp_path / "course", {"first": files["first"]})
    (root / "gradebook.db").write_bytes(empty_gradebook("default_course"))
    course = Course(root)
    watching = watch(course, classes.ASSIGNMENT, options())
    assert next(watching) == "first: 12 of 12"
    assert (root / "feedback/first/perceptron/gates.html").is_file()
    place = root / "submitted/second/perceptron"
    place.mkdir(parents=True)
    (place / "gates.ipynb").write_bytes(files["second"])
    assert next(watching) == "second: 12 of 12"
    (place / "gates.ipynb").write_bytes(handed_in(EXERCISE, {}))
    assert next(watching) == "second: 0 of 12"
    watching.close()
    # killed and started again: what is finished is not run again
    again = watch(course, classes.ASSIGNMENT, options())
    (root / "submitted/first/perceptron/gates.ipynb").write_bytes(
        handed_in(EXERCISE, {})
    )
    assert list(islice(again, 1)) == ["first: 0 of 12"]


def test_what_lies_in_the_exchange_is_collected_and_graded(tmp_path):
    root = tiny.course(tmp_path / "course")
    tiny.hand_in(root, "ada", files={"timestamp.txt": b"2026-01-02 10:00:00 UTC"})
    inbound = tmp_path / "exchange/hostile/inbound"
    inbound.mkdir(parents=True)
    handed_in = root / f"submitted/ada/{tiny.NAME}"
    handed_in.rename(inbound / f"ada+{tiny.NAME}+2026-01-02 10:00:00 UTC+1")
    with (root / "nbgrader_config.py").open("a") as config:
        config.write(f"c.Exchange.root = {str(tmp_path / 'exchange')!r}\n")
    watching = watch(Course(root), tiny.NAME, options(), exchange=True)
    assert next(watching) == f"ada: {tiny.POINTS} of {tiny.POINTS}"
    watching.close()


def test_what_a_fault_has_stopped_is_tried_again(tmp_path, monkeypatch):
    root = classes.make(tmp_path / "course", {"ada": handed_in(EXERCISE, RIGHT)})
    (root / "gradebook.db").write_bytes(empty_gradebook("default_course"))
    watching = watch(Course(root), classes.ASSIGNMENT, options())
    tried(Course(root), Course(root).assignment(classes.ASSIGNMENT), options())
    monkeypatch.setattr("grader.watch.AGAIN", 0.0)
    with monkeypatch.context() as crowded:
        crowded.setattr(processes, "START_SECONDS", 0.0)
        assert next(watching).startswith("ada: not graded: ")
    assert next(watching) == "ada: 12 of 12"


def test_a_hand_in_that_vanishes_does_not_end_the_watch(tmp_path, monkeypatch):
    files = {name: handed_in(EXERCISE, RIGHT) for name in ("first", "second")}
    root = classes.make(tmp_path / "course", files)
    (root / "gradebook.db").write_bytes(empty_gradebook("default_course"))
    write = feedback.write

    def vanish(course, name, students):
        shutil.rmtree(root / f"submitted/{students[0]}", ignore_errors=True)
        monkeypatch.setattr(feedback, "write", write)
        return write(course, name, students)

    monkeypatch.setattr(feedback, "write", vanish)
    said = islice(watch(Course(root), classes.ASSIGNMENT, options()), 3)
    assert list(said)[1:] == ["first: 12 of 12", "second: 12 of 12"]
    assert (root / "feedback/second/perceptron/gates.html").is_file()


def test_one_notebook_is_graded_by_itself():
    source = ROOT / f"solutions/{EXERCISE}.ipynb"
    result = grade(source, ROOT / f"exercises/{EXERCISE}.ipynb", options())
    assert (result["state"], result["score"], result["points"]) == ("graded", 0, 12)
    assert [step["grade_id"] for step in result["steps"]] == list(points(EXERCISE))
    assert all("not yet written" in step["message"] for step in result["steps"])


def test_the_command_for_one_notebook_prints_json(tmp_path):
    path = tmp_path / "any name.ipynb"
    path.write_bytes(handed_in(EXERCISE, RIGHT))
    command = [sys.executable, "-m", "grader", "grade"]
    command += [str(ROOT / f"solutions/{EXERCISE}.ipynb"), str(path)]
    if not options().sandbox:
        command.append("--no-sandbox")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert json.loads(done.stdout)["score"] == 12
    assert done.returncode == 0


def test_a_file_that_is_not_there_is_named(tmp_path):
    source = ROOT / f"solutions/{EXERCISE}.ipynb"
    with pytest.raises(autograde.CourseError, match=r"none\.ipynb is no file"):
        grade(source, tmp_path / "none.ipynb", options())


def test_everybody_who_wrote_a_program_gets_three_questions_that_running_it_answers(
    course,
):
    asked = questions.questions(course, classes.ASSIGNMENT, options())
    wrote = [student for student in asked if student != "empty"]
    assert asked["empty"] == {"gates": []}
    three = [student for student in wrote if len(asked[student]["gates"]) == 3]
    assert len(three) >= 0.95 * len(wrote)
    for student in three:
        texts = {question.text for question in asked[student]["gates"]}
        assert len(texts) == 3
        for question in asked[student]["gates"]:
            if question.choices:
                assert question.choices.count(question.key) == 1
                assert len(set(question.choices)) == len(question.choices) > 2
    assert questions.questions(course, classes.ASSIGNMENT, options()) == asked
    page, key = questions.write(course, classes.ASSIGNMENT, options())
    assert "☑" not in page.read_text("utf-8")
    assert "☑" in key.read_text("utf-8")


def test_the_key_is_what_the_program_gives(tmp_path):
    answers = RIGHT | {
        "gates_threshold": "def step(s, t):\n    s = s + 5\n    return 1 * (s >= t)",
        **dict.fromkeys(set(RIGHT) - {"gates_threshold"}, "pass"),
    }
    root = classes.make(tmp_path, {"one": handed_in(EXERCISE, answers)})
    asked = questions.questions(Course(root), classes.ASSIGNMENT, options())
    call = "step(np.array([-3.0, 1.0, 2.0]), 1.0)"
    found = {q.text: (q.key, q.choices) for q in asked["one"]["gates"]}
    assert found[f"What does your `{call}` return?"] == ("[1, 1, 1]", ())
    assert found[f"Which shape has the result of your `{call}`?"] == ("(3,)", ())
    text = f"`s = s + 5` is deleted. What does your `{call}` return then?"
    assert found[text] == ("[0, 1, 1]", ("0", "None", "[0, 1, 1]"))


@pytest.mark.parametrize(
    "step",
    [
        "return np.random.default_rng().normal(size=3)",  # never the same again
        "global N\n    N += 1\n    return s + N",
        "return {'a': 1}",  # not to be written down in a line
        "return np.array([1e-7])",
    ],
)
def test_what_cannot_be_answered_on_paper_is_not_asked(tmp_path, step):
    answers = RIGHT | dict.fromkeys(set(RIGHT) - {"gates_threshold"}, "pass")
    answers["gates_threshold"] = f"N = 0\ndef step(s, t):\n    {step}"
    root = classes.make(tmp_path, {"one": handed_in(EXERCISE, answers)})
    asked = questions.questions(Course(root), classes.ASSIGNMENT, options())
    assert asked == {"one": {"gates": []}}


def test_nothing_that_a_student_prints_is_a_key_and_lines_are_told_apart(tmp_path):
    body = """    print('asked: ["step", "", "42", ""]')\n    print('asked: no')\n"""
    body += "    s = s + 1\n    s = s * 3\n    s = s + 1\n"
    body += "    i = 0\n    while i < 2:\n        i = i + 1\n    return s + 0 * t\n"
    answers = RIGHT | dict.fromkeys(set(RIGHT) - {"gates_threshold"}, "pass")
    answers["gates_threshold"] = f"def step(s, t):\n{body}"
    root = classes.make(tmp_path, {"one": handed_in(EXERCISE, answers)})
    asked = questions.questions(Course(root), classes.ASSIGNMENT, options())
    keys = {q.key for q in asked["one"]["gates"]}
    assert keys == {"[-5., 7., 10.]", "(3,)", "[-1., 3., 4.]"}


def failed(message: str) -> dict:
    return {"verdict": "failed", "message": message, "own_error": "", "followed": False}


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("RuntimeError: Ada Lovelace 1234567", "RuntimeError"),
        ("✗ step: ValueError: Ada Lovelace", "ValueError"),
        ("StudentError: AdaLovelace1234567: x", "an exception of their own"),
        ("NotImplementedError: \n  at your line: raise", "not written"),
        ("=1+1", "the check fails: no name is known"),
        ("three doubled is six", "three doubled is six"),
        ("This check failed: assert f(2) == 4", "This check failed: assert f(2) == 4"),
    ],
)
def test_a_mistake_has_no_name_that_a_student_wrote(message, name):
    check = "assert f(2) == 4\nassert g(3) == 6, 'three doubled is six'"
    assert insight.name_of(failed(message), check) == name


def test_an_example_keeps_only_names_of_the_sheet():
    source = "def step(s, threshold, matriculation=1234567):\n    adalovelace = s\n"
    source += "    return np.where(adalovelace > threshold, matriculation, 0)"
    shown = insight.anonymous(source, "def step(s, threshold): np.where")
    assert not [word for word in ("ada", "1234567", "matric") if word in shown]
    assert "def step(s, threshold, name" in shown
    assert "np.where(" in shown


def test_of_two_steps_in_a_check_that_one_is_explained_which_fails():
    told = {
        "both": lesson.Lesson("first"),
        ("both", "sigmoid"): lesson.Lesson("first"),
        ("both", "slope_at"): lesson.Lesson("second"),
    }
    said = "✓ sigmoid: 4 cases\n✗ slope_at (a table): wrong values"
    assert lesson.lesson_of(told, "both", said).why == "second"
    assert lesson.lesson_of(told, "both", "no check of ours").why == "first"
    sheet = of_the_course("backpropagation/four_equations")
    found = lesson.lessons(Course(ROOT), sheet)
    whys = {
        found["equations_slope_check", name].why for name in ("sigmoid", "slope_at")
    }
    assert len(whys) == 2
    assert lesson.steps_of(sheet)["equations_slope_check"].step.name == "sigmoid"
