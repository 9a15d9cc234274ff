"""The instructor's notebook: its cells by role, and what students were given of it.

Here is decided which names are the course's and which a student's, and what of hidden
tests must not leak. What a student made of the notebook is `rebuild`'s.
"""

import ast
import builtins
import contextlib
import copy
import io
import re
import symtable
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions
from nbgrader.utils import is_grade, is_locked, is_solution, is_task
from traitlets.config import Config

SHORTEST_SECRET = 4  # characters of a hidden text that is worth hiding
DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign)


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
        The statements of a check that make names without the student's help: later
        checks find these even if this one fails.
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
        Globals of checks and trusted cells, which no student may stand in for.
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
    imports: str
    secrets: tuple[str, ...]
    metadata: dict
    follow_through: bool = True

    @property
    def checks(self) -> list[Cell]:
        """The cells that give points by themselves, in order."""
        return [cell for cell in self.cells if cell.role == "check"]


def load(path: Path, config: Config | None = None) -> Sheet:
    """Read an instructor's notebook, with nbgrader's own rules for the release."""
    config = config or Config()
    notebook = nbformat.read(path, as_version=4)
    release = copy.deepcopy(notebook)
    hiding = ClearHiddenTests(config=config)
    for preprocessor in (ClearSolutions(config=config), hiding):
        release, _ = preprocessor.preprocess(release, {"nbgrader": {}})
    cells = [
        _cell(cell, given.source, hiding)
        for cell, given in zip(notebook.cells, release.cells, strict=True)
    ]
    cells = list(_titled(cells))
    imports = _imports(cells)
    cells, names, own = _trust(cells, imports)
    metadata = notebook.metadata
    return Sheet(
        name=path.stem,
        cells=tuple(cells),
        names=tuple(sorted(names)),
        own=tuple(sorted(own)),
        imports=imports,
        secrets=tuple(_secrets(cells)),
        metadata={k: dict(metadata[k]) for k in ("kernelspec",) if k in metadata},
        follow_through=metadata.get("grading", {}).get("follow_through", True),
    )


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


# --- which names are whose -----------------------------------------------------------


def _imports(cells: list[Cell]) -> str:
    lines = []
    for cell in cells:
        if cell.role == "answer":
            with contextlib.suppress(SyntaxError):
                tree = ast.parse(TransformerManager().transform_cell(cell.source))
                found = [
                    n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)
                ]
                lines += map(ast.unparse, found)
    return "\n".join(lines)


def _trust(cells: list[Cell], imports: str) -> tuple[list[Cell], set[str], set[str]]:
    """Mark the course cells that depend on no answer; return whose names are whose.

    Returns
    -------
    cells : list of Cell
    answers, own : sets of str
        Names that the answers define; names of checks, trusted cells and imports.
    """
    imported, _ = names_of(imports)
    known = {*dir(builtins), *imported, "get_ipython"}
    alone = set(known)  # what is known without the result of any check
    answers, mixed, own, marked = set(), set(), set(imported), []
    for cell in cells:
        if cell.cell_type == "code" and cell.role != "text":
            bound, free = names_of(cell.source)
            if cell.role in ("answer", "manual"):
                answers |= bound - imported
                known -= bound - imported
                alone -= bound - imported
            elif cell.role == "check":
                cell = replace(cell, setup=_setup(cell.source, known))
                known |= bound
                own |= bound
                alone = _alone(cell.setup, alone - bound)
            elif not free - known:
                cell = replace(cell, trusted=True, alone=not free - alone)
                known |= bound
                own |= bound
                alone = alone | bound if cell.alone else alone - bound
            else:
                known -= bound
                alone -= bound
                mixed |= bound
        marked.append(cell)
    return marked, answers, own - answers - mixed


def _setup(source: str, known: set[str]) -> str:
    """Return the statements of a check that bind names and need no answer."""
    known, lines = set(known), []
    for node, bound, free in _statements(source):
        if isinstance(node, DEFINITIONS) or (
            isinstance(node, ASSIGNMENTS) and not free - known
        ):
            known |= bound
            lines.append(ast.unparse(node))
        else:
            known -= bound
    return "\n".join(lines)


def _alone(setup: str, known: set[str]) -> set[str]:
    """Return `known` with the names that these statements make of nothing else."""
    for _, bound, free in _statements(setup):
        known = known - bound if free - known else known | bound
    return known


def _statements(source: str) -> Iterator[tuple[ast.stmt, set[str], set[str]]]:
    """Yield the statements of a cell with the globals that they bind and use."""
    with contextlib.suppress(SyntaxError):
        for node in ast.parse(TransformerManager().transform_cell(source)).body:
            yield node, *names_of(ast.unparse(node))


def names_of(source: str) -> tuple[set[str], set[str]]:
    """Return the globals that a cell binds, and those that it uses unbound."""
    text = TransformerManager().transform_cell(source)
    try:
        table = symtable.symtable(text, "<cell>", "exec")
    except SyntaxError:
        return set(), {"?"}
    bound = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    }
    used, tables = set(), [table]
    while tables:
        current = tables.pop()
        tables += current.get_children()
        used |= {
            symbol.get_name()
            for symbol in current.get_symbols()
            if symbol.is_referenced() and (current is table or symbol.is_global())
        }
    return bound, used - bound


# --- what must not leak --------------------------------------------------------------


def _secrets(cells: list[Cell]) -> list[str]:
    """Return the texts of hidden tests that nobody outside should read.

    Comments, strings and names, unless they occur in the release, and but for the
    messages of assertions, which are meant to be read.
    """
    public = "\n".join(cell.release for cell in cells)
    found: set[str] = set()
    for cell in cells:
        for first, last in cell.hidden:
            lines = cell.source.splitlines()[first : last - 1]
            found |= _texts("\n".join(lines))
    return sorted(
        (s for s in found if len(s) >= SHORTEST_SECRET and s not in public),
        key=len,
        reverse=True,
    )


def _texts(source: str) -> set[str]:
    found = {line.strip() for line in source.splitlines()}
    try:
        tree = ast.parse(source)
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, tokenize.TokenError):
        return found | set(source.split())
    found |= {t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}
    messages: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
        if isinstance(node, ast.Name):
            found.add(node.id)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        told = node.msg if isinstance(node, ast.Assert) else None
        told = node.exc if isinstance(node, ast.Raise) else told
        for part in ast.walk(told) if told else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                messages.add(part.value)
    return found - messages - set(dir(builtins))
