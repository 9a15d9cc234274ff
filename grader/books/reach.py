"""What a check looks at that does not cross between two processes, by its syntax tree.

What fails loudly across two processes is found by running the reference (`trial`). Here
is the rest: what would pass for a wrong answer, too. A step with such a *reason* is
graded in one process; of what else an author should know `warnings_about` tells.
"""

import ast
from collections.abc import Iterator

from grader.books.names import names_of, says_nothing, tree_of
from grader.books.sheet import Cell, Sheet

CHANGING = {
    *("add", "append", "clear", "discard", "extend", "fill", "insert", "pop"),
    *("popitem", "remove", "reverse", "setdefault", "setflags", "sort", "update"),
}
LOOKS_INSIDE = {
    "globals": "it looks at all globals",
    "locals": "it looks at all globals",
    "id": "it looks at identity (id)",
    "shares_memory": "it looks at shared memory",
    "may_share_memory": "it looks at shared memory",
    "data_ptr": "it looks at shared memory",
    "patch": "it replaces what answers use (mock)",
    "monkeypatch": "it replaces what answers use",
    "getrefcount": "it looks at references",
    "modules": "it looks at what is imported",
    "doctest": "it looks for examples in docstrings (doctest)",
    "testmod": "it looks for examples in docstrings (doctest)",
}
IDENTITY = "it looks at identity (is)"
CHANGES = "it changes what a call was given or has returned"
SWALLOWING = ("capture", "time", "timeit", "prun")


def reasons(cell: Cell, sheet: Sheet) -> list[str]:
    """Return why a check must run where the answers do; empty if it need not."""
    if sheet.kernel:
        return [f"it is written in {sheet.language}"]
    tree = tree_of(cell.source)
    found = [IDENTITY] if any(map(_is_identity, ast.walk(tree))) else []
    for node in ast.walk(tree):
        name = getattr(node, "id", getattr(node, "attr", None))
        if isinstance(name, str) and name in LOOKS_INSIDE:
            found.append(LOOKS_INSIDE[name])
    if _changes(tree, {*sheet.names, *sheet.mixed}):
        found.append(CHANGES)
    return list(dict.fromkeys(found))


def _is_identity(node: ast.AST) -> bool:
    """Tell whether this is ``a is b``, where neither is a class or the like of None."""
    if not isinstance(node, ast.Compare):
        return False
    sides = [node.left, *node.comparators]
    return any(
        isinstance(operator, ast.Is | ast.IsNot)
        and not any(_is_singleton(side) for side in sides[i : i + 2])
        for i, operator in enumerate(node.ops)
    )


def _is_singleton(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return True
    if isinstance(node, ast.Call):  # type(x) is Y: no identity of values
        return getattr(node.func, "id", "") == "type"
    return False


def _changes(tree: ast.Module, students: set[str]) -> bool:
    """Tell whether a name that went through a student's call is changed afterwards."""
    crossed: set[str] = set()
    for node in _in_order(tree):
        if isinstance(node, ast.Call):
            root = _root(node.func)
            method = (
                getattr(node.func, "attr", "") if root in crossed - students else ""
            )
            if method in CHANGING:
                return True
            if root in students or root in crossed:
                given = [*node.args, *(k.value for k in node.keywords)]
                crossed |= {_root(arg) for arg in given} - {""}
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = getattr(node, "targets", None) or [node.target]
            for target in targets:
                inside = isinstance(target, ast.Subscript | ast.Attribute)
                inside = inside or isinstance(node, ast.AugAssign)
                if inside and _root(target) in crossed:
                    return True
            if node.value and _calls(node.value, students | crossed):
                crossed |= {
                    n.id
                    for target in targets
                    for n in ast.walk(target)
                    if isinstance(n, ast.Name)
                }
        elif isinstance(node, ast.Delete) and any(
            isinstance(target, ast.Subscript) and _root(target) in crossed
            for target in node.targets
        ):
            return True
    return False


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes as they are run, but not what functions hold."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield from _in_order(child)
            yield child


def _calls(node: ast.expr, names: set[str]) -> bool:
    """Tell whether a value is what a call of these names returned, or part of it."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    if isinstance(node, ast.Tuple | ast.List):
        return any(_calls(entry, names) for entry in node.elts)
    return isinstance(node, ast.Call) and _root(node.func) in names


def _root(node: ast.AST) -> str:
    """Return the name that ``name.attribute[item]`` begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


# --- for the author ------------------------------------------------------------------


def warnings_about(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Yield what the author of a check should know: its name, a line."""
    for cell in () if sheet.kernel else sheet.checks:
        tree = tree_of(cell.source)
        if all(map(says_nothing, tree.body)):
            yield cell.grade_id, "it has no statement: nobody gets its points"
        for reason in reasons(cell, sheet):
            yield cell.grade_id, f"{reason}, so all of the sheet runs in one process"
        if any(
            isinstance(node, ast.Compare)
            and any(isinstance(op, ast.NotEq) for op in node.ops)
            for node in ast.walk(tree)
        ):
            yield cell.grade_id, "it uses !=, which most wrong answers pass"
        if any(getattr(node, "attr", "") == "__doc__" for node in ast.walk(tree)):
            yield cell.grade_id, "it looks at a docstring, which any text is"
        magics = {
            node.args[0].value
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and getattr(node.func, "attr", "") == "run_cell_magic"
        }
        for name in sorted(magics.intersection(SWALLOWING)):
            yield (
                cell.grade_id,
                f"%%{name} hides errors in nbgrader; here they fail the check",
            )
        taken = sorted(names_of(cell.source)[1] & {*sheet.mixed})
        if taken:
            yield (
                cell.grade_id,
                f"it takes {', '.join(taken)} from the student: the course's cell "
                "makes that with the help of an answer",
            )
