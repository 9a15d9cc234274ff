"""What the tests know of the exercises: sheets, reference answers, files to hand in."""

import functools
import importlib
import json
from pathlib import Path
from types import ModuleType

import nbformat

from grader.books.course import Course
from grader.books.sheet import Sheet
from tests import ROOT
from tests.wrong_answers import Wrong

EXERCISES = sorted(
    path.relative_to(ROOT / "solutions").with_suffix("").as_posix()
    for path in (ROOT / "solutions").glob("*/*.ipynb")
)


def mistakes(exercise: str) -> ModuleType:
    """The module with the wrong answers of an exercise."""
    return importlib.import_module(f"tests.wrong_answers.{exercise.replace('/', '.')}")


def wrong_answers(exercise: str) -> list[Wrong]:
    return mistakes(exercise).WRONG


def notebook(path: Path):
    return nbformat.read(path, as_version=4)


def points(exercise: str) -> dict[str, float]:
    return {cell.grade_id: cell.points for cell in sheet(exercise).checks}


@functools.cache
def sheet(exercise: str) -> Sheet:
    chapter, name = exercise.split("/")
    return Course(ROOT).assignment(chapter).sheet(name)


def reference(exercise: str) -> dict[str, str]:
    """The instructor's answers, by grade_id of their cells."""
    cells = sheet(exercise).cells
    return {cell.grade_id: cell.source for cell in cells if cell.role == "answer"}


def trained_less(exercise: str) -> dict[str, str]:
    """The same, with less training, or none: mistakes elsewhere do not need it.

    The exercise's wrong answers name it: ``TRAINED_LESS`` holds (cell, text, new text).
    """
    answers = reference(exercise)
    for cell, text, shorter in getattr(mistakes(exercise), "TRAINED_LESS", ()):
        assert text in answers[cell]
        answers[cell] = answers[cell].replace(text, shorter)
    return answers


def handed_in(exercise: str, answers: dict[str, str]) -> bytes:
    """The released notebook with answers in their cells, as a file."""
    path, chapter = ROOT / f"exercises/{exercise}.ipynb", exercise.split("/")[0]
    assert path.is_file(), f"{path} is not written yet: make release CHAPTER={chapter}"
    nb = notebook(path)
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    return json.dumps(nb).encode()
