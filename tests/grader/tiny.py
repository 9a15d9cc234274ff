"""A course of one small exercise, made to be broken: by the course, or by a student."""

import json
from pathlib import Path

import nbformat

from grader.books.sheet import load
from tests.grader import empty_gradebook
from tests.grader.hostile import COURSE

NAME = "p"
SETUP = "import numpy as np"
ANSWER = (
    "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
)
CHECK = 'assert double(np.array([3])).tolist() == [6], "three doubled is six"'
RIGHT, WRONG = "def double(x):\n    return x + x", "def double(x):\n    return 6"
POINTS = 4


def settings(grade_id: str, **more) -> dict:
    base = {"grade_id": grade_id, "schema_version": 3, "task": False}
    base |= {"grade": False, "solution": False, "locked": False}
    return {"nbgrader": base | more}


def setup(source: str, **more) -> nbformat.NotebookNode:
    metadata = settings("setup", locked=True) | more
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def plain(source: str, **more) -> nbformat.NotebookNode:
    """A cell of the course's own without a name of nbgrader's."""
    return nbformat.v4.new_code_cell(source, metadata=more)


def answer(source: str = ANSWER, name: str = "double") -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source, metadata=settings(name, solution=True))


def check(source: str = CHECK, name: str = "check") -> nbformat.NotebookNode:
    metadata = settings(name, grade=True, locked=True, points=POINTS)
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def course(root: Path, *cells: nbformat.NotebookNode) -> Path:
    """Write a course of one notebook with these cells; return its folder.

    Its gradebook knows nothing yet.
    """
    path = root / f"solutions/{NAME}/{NAME}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = cells or (setup(SETUP), answer(), check())
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells)), path)
    config = (COURSE / "nbgrader_config.py").read_text(encoding="utf-8")
    (root / "nbgrader_config.py").write_text(config, encoding="utf-8")
    (root / "gradebook.db").write_bytes(empty_gradebook("hostile"))
    return root


def hand_in(
    root: Path,
    student: str,
    double: str = RIGHT,
    *,
    first: str = "",
    second: str = "",
    files: dict[str, bytes] | None = None,
    **answers: str,
) -> None:
    """Hand in an answer, with cells before and after the first of the course's."""
    sheet = load(root / f"solutions/{NAME}/{NAME}.ipynb")
    answers["double"] = double
    cells = [
        _cell(c.cell_type, answers.get(c.grade_id, c.release), c.metadata, c.cell_id)
        for c in sheet.cells
    ]
    if second:
        cells.insert(1, _cell("code", second, {}, "second"))
    if first:
        cells.insert(0, _cell("code", first, {}, "first"))
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    books = {f"{NAME}.ipynb": json.dumps(notebook).encode()}
    for name, content in (books | (files or {})).items():
        path = root / f"submitted/{student}/{NAME}/{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _cell(kind: str, source: str, metadata: dict, cell_id: str) -> dict:
    cell = {"cell_type": kind, "id": cell_id, "metadata": metadata, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return cell
