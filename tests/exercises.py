"""What the tests know of the exercises: sheets, reference answers, files to hand in."""

import functools
import importlib
import json
from pathlib import Path

import nbformat

from helpers.grading.course import Course
from helpers.grading.sheet import Sheet
from tests.wrong_answers import Wrong

ROOT = Path(__file__).resolve().parent.parent
EXERCISES = sorted(
    path.relative_to(ROOT / "solutions").with_suffix("").as_posix()
    for path in (ROOT / "solutions").glob("*/*.ipynb")
)


def wrong_answers(exercise: str) -> list[Wrong]:
    return importlib.import_module(
        f"tests.wrong_answers.{exercise.replace('/', '.')}"
    ).WRONG


def notebook(path: Path):
    return nbformat.read(path, as_version=4)


def points(exercise: str) -> dict[str, float]:
    return {cell.grade_id: cell.points for cell in sheet(exercise).checks}


@functools.cache
def sheet(exercise: str) -> Sheet:
    chapter, name = exercise.split("/")
    assignment = Course(ROOT).assignment(chapter)
    return next(sheet for sheet in assignment.sheets if sheet.name == name)


def reference(exercise: str) -> dict[str, str]:
    """The instructor's answers, by grade_id of their cells."""
    cells = sheet(exercise).cells
    return {cell.grade_id: cell.source for cell in cells if cell.role == "answer"}


def handed_in(exercise: str, answers: dict[str, str]) -> bytes:
    """The released notebook with answers in their cells, as a file."""
    nb = notebook(ROOT / f"exercises/{exercise}.ipynb")
    for cell in nb.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    return json.dumps(nb).encode()
