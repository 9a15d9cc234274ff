"""The instructor's notebook: its cells by role, and what students were given of it.

Which names are whose is decided in `names`, what of hidden tests must not leak, in
`secrets`. What a student made of the notebook is `rebuild`'s.
"""

import copy
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbgrader import preprocessors, utils
from nbgrader.preprocessors import ClearHiddenTests
from nbgrader.utils import is_grade, is_locked, is_solution, is_task
from traitlets.config import Config

from grader.books.names import imports_of, trust
from grader.books.secrets import secrets_of

PYTHON = "python"


@dataclass(frozen=True)
class Cell:
    """A cell of the instructor's notebook.

    Attributes
    ----------
    role : str
        ``text``, ``course`` (code of the course's own), ``answer``, ``check``,
        ``manual`` (an answer that a person grades) or ``task``.
    source, release : str
        What the instructor wrote, and what the students got.
    hidden : tuple of (int, int)
        First and last lines (from 1) of the hidden tests in `source`.
    title : str
        The heading above it.
    trusted : bool
        Whether a ``course`` cell needs no name of the student's, so that the test
        process runs it too.
    alone : bool
        Whether a trusted cell needs no result of a check either: where it fails, no
        student made it fail.
    may_raise : bool
        Whether its author tagged it ``raises-exception``: an error is meant.
    setup : str
        The statements of a check, or of a course cell that is not trusted, that make
        names without the student's help: later checks find these whatever fails.
    """

    role: str
    grade_id: str
    cell_type: str
    source: str
    release: str
    metadata: dict
    cell_id: str = ""
    locked: bool = False
    points: float = 0.0
    hidden: tuple[tuple[int, int], ...] = ()
    title: str = ""
    trusted: bool = False
    alone: bool = False
    may_raise: bool = False
    setup: str = ""


@dataclass(frozen=True)
class Sheet:
    """One notebook of an assignment.

    Attributes
    ----------
    names : tuple of str
        Globals that the reference answers define.
    own : tuple of str
        Globals of checks and trusted statements: no student may stand in for them.
    mixed : tuple of str
        Globals of the course that are made with the help of answers.
    imports : str
        The import statements of the reference answers: checks that use such a module
        get it from here, never from the student.
    secrets : tuple of str
        Texts that occur in hidden tests only.
    follow_through : bool
        The notebook's metadata may switch it off: ``{"grading": {"follow_through":
        false}}``.
    """

    name: str
    cells: tuple[Cell, ...]
    names: tuple[str, ...]
    own: tuple[str, ...]
    mixed: tuple[str, ...]
    imports: str
    secrets: tuple[str, ...]
    metadata: dict
    follow_through: bool = True

    @property
    def grade_ids(self) -> set[str]:
        """The names of its cells."""
        return {cell.grade_id for cell in self.cells if cell.grade_id}

    @property
    def checks(self) -> list[Cell]:
        """The cells that give points by themselves, in order."""
        return [cell for cell in self.cells if cell.role == "check"]


def load(path: Path, config: Config | None = None) -> Sheet:
    """Read an instructor's notebook, with nbgrader's own rules for the release.

    Raises
    ------
    ValueError
        It is no notebook that can be graded here.
    """
    config = config or Config()
    notebook = nbformat.read(path, as_version=4)
    language = _language(notebook.metadata)
    if not language.lower().startswith(PYTHON):
        raise ValueError(
            f"{path.name} is written in {language}: only Python is graded here "
            "(plain `nbgrader autograde` runs other kernels)"
        )
    resources = {"nbgrader": {}, "metadata": {"path": str(path.parent)}}
    for name in ("IncludeHeaderFooter", "InstantiateTests"):
        made = getattr(preprocessors, name)(config=config)
        notebook, resources = made.preprocess(notebook, resources)
    release = copy.deepcopy(notebook)
    hiding = ClearHiddenTests(config=config)
    clearing = (preprocessors.ClearSolutions, preprocessors.ClearMarkScheme)
    for preprocessor in (*(kind(config=config) for kind in clearing), hiding):
        release, _ = preprocessor.preprocess(release, {"nbgrader": {}})
    cells = [
        _cell(cell, given.source, hiding)
        for cell, given in zip(notebook.cells, release.cells, strict=True)
    ]
    cells = list(_titled(cells))
    imports = imports_of(cells)
    cells, names, own, mixed = trust(cells, imports, path.parent)
    metadata = notebook.metadata
    return Sheet(
        name=path.stem,
        cells=tuple(cells),
        names=tuple(sorted(names)),
        own=tuple(sorted(own)),
        mixed=tuple(sorted(mixed)),
        imports=imports,
        secrets=tuple(secrets_of(cells)),
        metadata={k: dict(metadata[k]) for k in ("kernelspec",) if k in metadata},
        follow_through=metadata.get("grading", {}).get("follow_through", True),
    )


def _language(metadata: dict) -> str:
    spec, info = metadata.get("kernelspec", {}), metadata.get("language_info", {})
    return spec.get("language") or info.get("name") or spec.get("name") or PYTHON


def _cell(cell, release: str, hiding: ClearHiddenTests) -> Cell:
    role = "course" if cell.cell_type == "code" else "text"
    if is_task(cell):
        role = "task"
    elif is_grade(cell) and is_solution(cell):
        role = "manual"
    elif is_grade(cell):
        role = "check" if cell.cell_type == "code" else "manual"
    elif is_solution(cell):
        role = "answer" if cell.cell_type == "code" else "manual"
    settings = dict(cell.metadata.get("nbgrader", {}))
    if settings and (is_grade(cell) or is_solution(cell) or is_locked(cell)):
        given = copy.deepcopy(cell)
        given.source = release
        settings["checksum"] = utils.compute_checksum(given)
    return Cell(
        role=role,
        grade_id=settings.get("grade_id", ""),
        cell_type=cell.cell_type,
        source=cell.source,
        release=release,
        metadata={"nbgrader": settings} if settings else {},
        cell_id=cell.get("id", ""),
        locked=bool(is_locked(cell)),
        points=float(settings.get("points", 0)),
        may_raise="raises-exception" in cell.metadata.get("tags", ()),
        hidden=tuple(_hidden_lines(cell.source, hiding)) if role == "check" else (),
    )


def _titled(cells: list[Cell]) -> Iterator[Cell]:
    title = ""
    for cell in cells:
        if cell.role == "text":
            headings = re.findall(r"^#+\s+(.+)$", cell.source, re.MULTILINE)
            title = headings[-1] if headings else title
        yield replace(cell, title=title)


def _hidden_lines(source: str, hiding: ClearHiddenTests):
    first = None
    for number, line in enumerate(source.splitlines(), 1):
        if hiding.begin_test_delimeter in line:
            first = number
        elif hiding.end_test_delimeter in line and first:
            yield first, number
            first = None
    if first:
        yield first, len(source.splitlines())
