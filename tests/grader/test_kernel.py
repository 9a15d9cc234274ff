"""Courses in another language: its own Jupyter kernel runs in the sandbox.

The kernel that is surely here is IPython's; it stands for a language that the grader
does not read. R's is tried where it is installed.
"""

import json

import pytest
from jupyter_client.kernelspec import KernelSpecManager

from grader import records
from grader.__main__ import main
from grader.autograde import autograde
from grader.books.course import Course
from grader.isolated.kernel import Kernel
from tests.grader import needs_linux, options, tiny

pytestmark = [
    pytest.mark.xdist_group("grading-kernel"),
    pytest.mark.usefixtures("forkservers"),
    needs_linux,
]
HIDDEN = "\n### BEGIN HIDDEN TESTS\n{}\n### END HIDDEN TESTS"
PYTHON = (
    "limit = 10",
    tiny.ANSWER,
    "assert double(1) == 2, 'double(1) is 2'" + HIDDEN.format("assert double(9) == 18"),
)
R = (
    "limit <- 10",
    "double <- function(x) {\n  ### BEGIN SOLUTION\n  2 * x\n  ### END SOLUTION\n}",
    'if (double(1) != 2) stop("double(1) is 2")'
    + HIDDEN.format("stopifnot(double(9) == 18)"),
)
ENDLESS = "def double(x):\n    while True:\n        pass"
ANSWERS = {
    "Other": {
        "right": ("def double(x):\n    return x + x", tiny.POINTS, ""),
        "wrong": ("def double(x):\n    return 3", 0, "double(1) is 2"),
        "hidden": ("def double(x):\n    return min(2 * x, limit)", 0, "hidden check"),
        "endless": (ENDLESS, 0, "took more than 3 s"),
        "gone": ("import os\nos._exit(1)", 0, "NameError"),
    },
    "R": {
        "right": ("double <- function(x) x + x", tiny.POINTS, ""),
        "wrong": ("double <- function(x) 3", 0, "double(1) is 2"),
        "hidden": ("double <- function(x) min(2 * x, limit)", 0, "hidden check"),
        "endless": ("double <- function(x) while (TRUE) {}", 0, "took more than 3 s"),
    },
}


def course(root, kernel: str, language: str, cells: tuple[str, str, str], **answers):
    """Write a course in a language, and what students hand in."""
    first, answer, check = cells
    root = tiny.course(root, tiny.plain(first), tiny.answer(answer), tiny.check(check))
    for student, code in answers.items():
        tiny.hand_in(root, student, code)
    path = root / f"solutions/{tiny.NAME}/{tiny.NAME}.ipynb"
    book = json.loads(path.read_text())
    spec = {"name": kernel, "display_name": kernel, "language": language}
    book["metadata"]["kernelspec"] = spec
    path.write_text(json.dumps(book))
    config = root / "nbgrader_config.py"
    stubs = {"Other": "assert False", "R": "stop('not written')"}
    config.write_text(f"{config.read_text()}\nc.ClearSolutions.code_stub = {stubs}\n")
    return root


@pytest.mark.parametrize(
    ("kernel", "language", "cells"),
    [("python3", "Other", PYTHON), ("ir", "R", R)],
    ids=["python3", "r"],
)
def test_a_course_in_another_language_is_graded(tmp_path, kernel, language, cells):
    if kernel not in KernelSpecManager().find_kernel_specs():
        pytest.skip(f"the kernel {kernel} is not installed")
    answers = ANSWERS[language]
    given = {student: code for student, (code, _, _) in answers.items()}
    root = course(tmp_path, kernel, language, cells, **given)
    autograde(Course(root), tiny.NAME, options(seconds=3))
    for student, (_, points, said) in answers.items():
        record = records.read(Course(root), tiny.NAME, student)
        (step,) = record["notebooks"][tiny.NAME]["steps"]
        assert (step["score"], said in step["message"]) == (points, True), step
        assert "double(9)" not in json.dumps(record), "a hidden test leaks"
    trial = json.loads((root / f"autograded/.{tiny.NAME}.trial.json").read_text())
    (why,) = trial["trial"]["together"][tiny.NAME].values()
    assert why == f"it is written in {language}"


def test_a_course_whose_kernel_is_missing_is_one_clear_line(tmp_path, capsys):
    root = course(tmp_path, "klingon", "Klingon", PYTHON)
    assert main(["--course", str(root), "autograde", tiny.NAME]) == 1
    said = capsys.readouterr().err
    assert "p.ipynb is written in Klingon, and its kernel 'klingon' is not" in said


@pytest.mark.parametrize(
    ("language", "source", "nothing"),
    [
        ("r", "# to do\n\n", True),
        ("r", "# to do\nstopifnot(TRUE)", False),
        ("matlab", "% to do", True),
        ("no such language", " \n", True),
        ("no such language", "x", False),
    ],
)
def test_a_check_without_a_statement_says_nothing(language, source, nothing):
    kernel = object.__new__(Kernel)
    kernel.language = language
    assert kernel.says_nothing(source) is nothing
