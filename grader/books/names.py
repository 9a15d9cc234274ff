"""Which names are whose, statement by statement: the course's or a student's.

A statement of the course that needs no answer runs in the test process, too, and what
it makes can be overwritten by no student.
"""

import ast
import builtins
import contextlib
import importlib
import symtable
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.inputtransformer2 import TransformerManager

if TYPE_CHECKING:
    from grader.books.sheet import Cell

DEFINITIONS = (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
ASSIGNMENTS = (ast.Assign, ast.AnnAssign)
OF_IPYTHON = {"get_ipython", "display", "In", "Out", "_", "__", "___", "exit", "quit"}
ANSWERS = ("answer", "manual")
RUNNING = ("capture", "time", "timeit", "prun")  # magics that run their cell
COMPARING = {
    *("all", "any", "allclose", "isclose", "array_equal", "isinstance", "hasattr"),
}


def python_of(source: str) -> str:
    """Return a cell as Python: magics and commands are calls."""
    return TransformerManager().transform_cell(source)


def tree_of(source: str) -> ast.Module:
    """Return the syntax tree of a cell; an empty one if it does not parse."""
    with contextlib.suppress(SyntaxError, ValueError, RecursionError):
        return ast.parse(python_of(source))
    return ast.Module([], [])


def says_nothing(node: ast.stmt) -> bool:
    """Tell whether a statement of a check can fail for nobody, whatever a value is."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or is_idle(node)
    if isinstance(node, ast.Assert):
        return is_idle(node)
    return isinstance(node, (ast.Pass, *DEFINITIONS))


def is_idle(node: ast.AST) -> bool:
    """Tell whether this is a comparison without ``assert``, or one that always holds.

    ``f(3) == 6``, ``np.allclose(f(3), 6)``, ``assert (f(3) == 6, "wrong")``.
    """
    if isinstance(node, ast.Expr):
        value = node.value
        called = value.func if isinstance(value, ast.Call) else None
        name = getattr(called, "id", getattr(called, "attr", ""))
        return isinstance(value, ast.Compare | ast.BoolOp) or name in COMPARING
    return isinstance(node, ast.Assert) and _always(node.test)


def _always(node: ast.expr) -> bool:
    """Tell whether an expression is true whatever the values are."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return any(map(_always, node.values))
    if isinstance(node, ast.Tuple | ast.List | ast.JoinedStr):
        return bool(getattr(node, "elts", getattr(node, "values", ())))
    constant = isinstance(node, ast.Constant) and bool(node.value)
    return constant or isinstance(node, ast.Lambda)


def imports_of(cells: "list[Cell]") -> str:
    """Return the import statements of the answers."""
    return "\n".join(
        ast.unparse(node)
        for cell in cells
        if cell.role == "answer"
        for node in tree_of(cell.source).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )


def trust(
    cells: "list[Cell]", imports: str, folder: Path
) -> "tuple[list[Cell], set[str], set[str], set[str]]":
    """Mark the course cells that depend on no answer; return whose names are whose.

    These are the names that the answers define, those of checks, trusted statements and
    imports, and those of the course that are made with the help of answers.
    """
    imported, _ = names_of(imports, folder)
    known = {*dir(builtins), *imported, *OF_IPYTHON}
    alone = set(known)  # what is known without the result of any check
    answers, mixed, own, marked = set(), set(), set(imported), []
    for cell in cells:
        if cell.cell_type == "code" and cell.role != "text":
            bound, free = names_of(cell.source, folder)
            if cell.role in ANSWERS:
                bound -= imported
                answers |= bound
                known -= bound
                alone -= bound
            elif cell.role == "check":
                setup, _, _ = _parted(cell, known, folder)
                cell = replace(cell, setup=setup)
                known |= bound
                own |= bound
                alone = _alone(cell.setup, alone - bound, folder)
            elif not free - known:
                cell = replace(cell, trusted=True, alone=not free - alone)
                known |= bound
                own |= bound
                alone = alone | bound if cell.alone else alone - bound
            else:
                setup, ours, theirs = _parted(cell, known, folder)
                cell = replace(cell, setup=setup)
                known = known - theirs | ours
                alone -= bound
                own |= ours
                mixed |= theirs
        marked.append(cell)
    return marked, answers, own - answers - mixed, mixed


def _parted(
    cell: "Cell", known: set[str], folder: Path
) -> tuple[str, set[str], set[str]]:
    """Return the statements that need no answers; the names of these and of others.

    Of a check these are the ones that bind names, and all of its definitions.
    """
    known, lines, ours, theirs = set(known), [], set(), set()
    for node, bound, free in statements(cell.source, folder):
        alone = not free - known
        if cell.role == "check":
            alone = alone and isinstance(node, ASSIGNMENTS)
            alone = alone or isinstance(node, DEFINITIONS)
        if alone:
            lines.append(ast.unparse(node))
            ours |= bound
            known |= bound
        else:
            theirs |= bound
            known -= bound
    if not lines and not theirs:  # it does not parse
        theirs = names_of(cell.source, folder)[0]
    return "\n".join(lines), ours - theirs, theirs


def _alone(setup: str, known: set[str], folder: Path) -> set[str]:
    """Return `known` with the names that these statements make of nothing else."""
    for _, bound, free in statements(setup, folder):
        known = known - bound if free - known else known | bound
    return known


def statements(
    source: str, folder: Path = Path()
) -> Iterator[tuple[ast.stmt, set[str], set[str]]]:
    """Yield the statements of a cell with the globals that they bind and use."""
    for node in tree_of(source).body:
        bound, free = names_of(ast.unparse(node), folder)
        yield node, bound, free | (_changed(node) & bound)


def _changed(node: ast.stmt) -> set[str]:
    """Return the names that a statement binds anew by what they were: ``n += 1``."""
    if isinstance(node, ast.Assign):
        loaded = [n for n in ast.walk(node.value) if isinstance(n, ast.Name)]
        return {n.id for n in loaded} - names_of(ast.unparse(node.value))[0]
    if isinstance(node, (ast.AugAssign, ast.Delete)):
        return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    return set()


def names_of(source: str, folder: Path = Path()) -> tuple[set[str], set[str]]:
    """Return the globals that a cell binds, and those that it uses unbound.

    `folder` is where modules beside the notebook lie.
    """
    text = python_of(source)
    try:
        table = symtable.symtable(text, "<cell>", "exec")
    except (SyntaxError, ValueError):
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
    if "import *" in text:
        bound |= _starred(text, folder)
    return bound, used - bound


def _starred(text: str, folder: Path) -> set[str]:
    """Return what ``from module import *`` brings."""
    found: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            beside = folder / f"{(node.module or '').replace('.', '/')}.py"
            with contextlib.suppress(Exception):  # what is not there brings nothing
                if beside.is_file():
                    source = beside.read_text(encoding="utf-8")
                    names = names_of(source, folder)[0]
                else:
                    module = importlib.import_module(node.module)
                    names = set(getattr(module, "__all__", vars(module)))
                found |= {name for name in names if not name.startswith("_")}
    return found
