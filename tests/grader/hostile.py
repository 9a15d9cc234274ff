"""What strangers hand in: each case names the attack and the marks that it must get.

A case is a notebook made from the fixture course's assignment (`course/`): the answers
that the student gave, cells that were added, changes of the file's JSON, and files
beside it. `marks` says what each step must get, no more and no less: a cheat earns what
the same answers earn without it, and an accident costs its own step only.

The snippets run in the grader's sandbox and nowhere else.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.books.sheet import load

COURSE = Path(__file__).parent / "course"
SHEET = load(COURSE / "solutions/p1/p1.ipynb")
POINTS = {c.grade_id.removesuffix("_check"): c.points for c in SHEET.checks}
NONE = dict.fromkeys(POINTS, 0.0)

Notebook = dict
Change = Callable[[Notebook], Notebook | bytes | None]


def lost(*steps: str) -> dict[str, float]:
    """Return full marks but for these steps."""
    return POINTS | dict.fromkeys(steps, 0.0)


def only(*steps: str) -> dict[str, float]:
    """Return full marks for these steps and nothing for the others."""
    return NONE | {step: POINTS[step] for step in steps}


WRONG = {
    "initials": "def initials(name):\n    return name",
    "standardize": "def standardize(X):\n    return X",
    "sigmoid": "def sigmoid(z):\n    return z",
    "predict": "def predict(w, X):\n    return w",
    "net": (
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.layer1 = nn.Linear(2, 3)\n"
        "        self.layer2 = nn.Linear(3, 1)\n\n"
        "    def forward(self, x):\n"
        "        return self.layer2(self.layer1(x))"
    ),
    "primes": "def primes(n):\n    return -1",
}
WRITTEN = [c for c in SHEET.cells if c.role in ("answer", "manual")]
REFERENCE = {c.grade_id: c.source for c in WRITTEN}
RELEASE = {c.grade_id: c.release for c in WRITTEN}
BASES = {
    "right": REFERENCE,
    "wrong": RELEASE | WRONG,
    "empty": RELEASE,
}


@dataclass(frozen=True)
class Case:
    """One submission.

    Attributes
    ----------
    name, why : str
        The student's name in the class; what the attack tries, in a sentence.
    marks : dict
        Points by step.
    base : str
        Where the answers come from: ``right``, ``wrong`` or ``empty``.
    answers : dict
        Answers by grade_id, instead of those of `base`.
    added : dict
        Cells of the student's own, by the grade_id of the cell that they follow.
    change : callable
        Gets the notebook as JSON; returns it changed, or the bytes of the file.
    files : callable
        Gets the folder of the submission and writes what else is handed in.
    state : str or tuple[str, ...]
        The state of the notebook's record, or those it may have.
    told : str
        A text that the autograded notebook must hold: what the attack found out.
    slow : bool
        Whether it takes its limits to the end.
    """

    name: str
    why: str
    marks: Mapping[str, float]
    base: str = "right"
    answers: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)
    change: Change | None = None
    files: Callable[[Path], None] | None = None
    state: str | tuple[str, ...] = "graded"
    told: str = ""
    slow: bool = False

    def notebook(self) -> Notebook:
        """Return the notebook before `change`."""
        sources = BASES[self.base] | self.answers
        cells = []
        for cell in SHEET.cells:
            source = sources.get(cell.grade_id, cell.release)
            cells.append(_cell(cell.cell_type, source, cell.cell_id, cell.metadata))
            if cell.grade_id in self.added:
                cells.append(_cell("code", self.added[cell.grade_id], "added", {}))
        return {
            "cells": cells,
            "metadata": SHEET.metadata,
            "nbformat": 4,
            "nbformat_minor": 5,
        }

    def write(self, folder: Path) -> None:
        """Hand it in."""
        folder.mkdir(parents=True)
        made = self.notebook()
        if self.change:
            made = self.change(made)
        if isinstance(made, dict):
            made = json.dumps(made).encode()
        if made is not None:
            (folder / "p1.ipynb").write_bytes(made)
        if self.files:
            self.files(folder)


def _cell(kind: str, source: str, cell_id: str, metadata: dict) -> dict:
    cell = {"cell_type": kind, "id": cell_id, "metadata": metadata, "source": source}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return json.loads(json.dumps(cell))


def cheat(name: str, why: str, cell: str, **settings) -> Case:
    """Return a case with wrong answers that a cell after the setup wants to save."""
    settings = {"base": "wrong", "marks": NONE, "added": {"setup": cell}} | settings
    return Case(name, why, **settings)


def accident(name: str, why: str, step: str, source: str, **settings) -> Case:
    """Return a case with one answer that ends badly among right ones."""
    settings = {"marks": lost(step), "answers": {step: source}} | settings
    return Case(name, why, **settings)


def nuisance(name: str, why: str, cell: str, **settings) -> Case:
    """Return a case of right answers, with a cell that gets in the way of others."""
    settings = {"marks": POINTS, "added": {"setup": cell}} | settings
    return Case(name, why, **settings)


def function(body: str, step: str = "initials") -> str:
    """Return an answer whose function does `body` when a check calls it."""
    heads = {
        "initials": "def initials(name):",
        "standardize": "def standardize(X):",
        "sigmoid": "def sigmoid(z):",
        "predict": "def predict(w, X):",
        "primes": "def primes(n):",
    }
    lines = [heads[step], *(f"    {line}" for line in body.splitlines())]
    return "\n".join(lines)
