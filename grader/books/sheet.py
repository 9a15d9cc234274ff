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
HEADING = re.compile(r"^#+\s+(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Cell:
    """A cell of the instructor's notebook.

    Its role is ``text``, ``course`` (code of the course's own), ``answer``, ``check``,
    ``manual`` (an answer that a person grades) or ``task``.
    """

    role: str
    grade_id: str
    cell_type: str
    source: str  # what the instructor wrote
    release: str  # what the students got
    metadata: dict
    cell_id: str = ""
    locked: bool = False
    points: float = 0.0
    hidden: tuple[tuple[int, int], ...] = ()  # first and last lines of hidden tests
    title: str = ""  # the heading above it
    # a course cell that needs no name of the student's: the test process runs it, too
    trusted: bool = False
    alone: bool = False  # and no result of a check: where it fails, no student is why
    tags: tuple[str, ...] = ()
    # of a check or an untrusted cell: the statements that make names without the
    # student's help; later checks find these whatever fails
    setup: str = ""

    @property
    def may_raise(self) -> bool:
        """Whether an error is meant."""
        return "raises-exception" in self.tags


@dataclass(frozen=True)
class Sheet:
    """One notebook of an assignment."""

    name: str
    cells: tuple[Cell, ...]
    names: tuple[str, ...]  # globals that the reference answers define
    own: tuple[str, ...]  # those of checks and trusted statements: never a student's
    mixed: tuple[str, ...]  # those of the course that are made with the help of answers
    imports: str  # of the reference answers: checks get these modules from here
    secrets: tuple[str, ...]  # texts that occur in hidden tests only
    metadata: dict
    language: str = PYTHON
    kernel: str = ""  # that runs it, where it is another language
    # the notebook's metadata: ``{"grading": {"follow_through": false, …}}``
    follow_through: bool = True
    one_process: bool = False

    @property
    def checks(self) -> list[Cell]:
        """The cells that give points by themselves, in order."""
        return [cell for cell in self.cells if cell.role == "check"]


def load(path: Path, config: Config | None = None) -> Sheet:
    """Read an instructor's notebook, with nbgrader's own rules for the release."""
    config = config or Config()
    notebook = nbformat.read(path, as_version=4)
    language = _language(notebook.metadata)
    kernel = ""
    if not language.lower().startswith(PYTHON):
        kernel = _kernel(path.name, language, notebook.metadata)
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
    imports, names, own, mixed = "", set(), set(), set()
    if not kernel:
        imports = imports_of(cells)
        cells, names, own, mixed = trust(cells, imports, path.parent)
    metadata = notebook.metadata
    settings = metadata.get("grading", {})
    return Sheet(
        name=path.stem,
        cells=tuple(cells),
        names=tuple(sorted(names)),
        own=tuple(sorted(own)),
        mixed=tuple(sorted(mixed)),
        imports=imports,
        secrets=tuple(secrets_of(cells)),
        metadata={k: dict(metadata[k]) for k in ("kernelspec",) if k in metadata},
        language=language,
        kernel=kernel,
        follow_through=settings.get("follow_through", True),
        one_process=settings.get("one_process", False),
    )


def _language(metadata: dict) -> str:
    spec, info = metadata.get("kernelspec", {}), metadata.get("language_info", {})
    return spec.get("language") or info.get("name") or spec.get("name") or PYTHON


def _kernel(file: str, language: str, metadata: dict) -> str:
    """Return the name of the kernel that runs another language; raise if none does."""
    from jupyter_client.kernelspec import KernelSpecManager

    name = metadata.get("kernelspec", {}).get("name", language)
    if name not in KernelSpecManager().find_kernel_specs():
        raise ValueError(
            f"{file} is written in {language}, and its kernel {name!r} is not "
            "installed here"
        )
    return name


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
        tags=tuple(cell.metadata.get("tags", ())),
        hidden=tuple(_hidden_lines(cell.source, hiding)) if role == "check" else (),
    )


def _titled(cells: list[Cell]) -> Iterator[Cell]:
    title = ""
    for cell in cells:
        if cell.role == "text":
            title = [title, *HEADING.findall(cell.source)][-1]
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
