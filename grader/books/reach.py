"""What a check looks at that does not cross between two processes, by its syntax tree.

What fails loudly across two processes is found by running the reference (`trial`). Here
is the rest: what would pass for a wrong answer, too. A step with such a *reason* is
graded in one process; of what else an author should know `warnings_about` tells.
"""

import ast
from collections.abc import Iterator

from grader.books.names import RUNNING, is_idle, names_of, says_nothing, tree_of
from grader.books.sheet import Cell, Sheet

CHANGING = {
    *("add", "append", "clear", "discard", "extend", "fill", "insert", "pop"),
    *("popitem", "remove", "reverse", "setdefault", "setflags", "sort", "update"),
}
CHANGED = {  # by functions, in their first argument
    *("put", "putmask", "place", "copyto", "fill_diagonal", "shuffle"),
    *("heapify", "heappush", "heappop", "insort"),
}
IDENTITY = "it looks at identity (is)"
LOOKS_INSIDE = {
    "globals": "it looks at all globals",
    "locals": "it looks at all globals",
    "id": "it looks at identity (id)",
    "shares_memory": "it looks at shared memory",
    "may_share_memory": "it looks at shared memory",
    "data_ptr": "it looks at shared memory",
    "patch": "it replaces what answers use (mock)",
    "monkeypatch": "it replaces what answers use",
    **dict.fromkeys(("assertIs", "assertIsNot", "is_not"), IDENTITY),
    **dict.fromkeys(
        ("threading", "Thread", "ThreadPool", "ThreadPoolExecutor"), "it runs threads"
    ),
    **dict.fromkeys(
        ("Collection", "Container", "Hashable", "Iterable", "Sized"),
        "it asks whether an object has a protocol",
    ),
    "setrecursionlimit": "it sets a limit of Python's",
    "errstate": "it sets what NumPy does about overflow",
    "seterr": "it sets what NumPy does about overflow",
    "getrefcount": "it looks at references",
    "modules": "it looks at what is imported",
    "doctest": "it looks for examples in docstrings (doctest)",
    "testmod": "it looks for examples in docstrings (doctest)",
}
CHANGES = "it changes what a call was given or has returned"


def reasons(cell: Cell, sheet: Sheet) -> list[str]:
    """Return why a check must run where the answers do; empty if it need not."""
    if sheet.kernel:
        return [f"it is written in {sheet.language}"]
    if sheet.one_process:
        return ["the course asks for it"]
    tree = tree_of(cell.source)
    found = [IDENTITY] if any(map(_is_identity, ast.walk(tree))) else []
    for node in ast.walk(tree):
        name = getattr(node, "id", getattr(node, "attr", None))
        if isinstance(name, str) and name in LOOKS_INSIDE:
            found.append(LOOKS_INSIDE[name])
        asks = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "hasattr"
        if asks and str(getattr(node.args[-1], "value", "")).startswith("__"):
            found.append("it asks whether an object has a protocol")
    if _rereads(tree, sheet):
        found.append("it looks at a variable of the answers before and after a call")
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
        if isinstance(node, ast.For | ast.comprehension):
            around = node.iter.func if isinstance(node.iter, ast.Call) else node.iter
            if _root(around) in crossed or _calls(node.iter, students | crossed):
                crossed |= _names(node.target)
        elif isinstance(node, ast.Call):
            root = _root(node.func)
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in CHANGED and {*map(_root, node.args)} & crossed:
                return True
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
            again = isinstance(node.value, ast.Name) and node.value.id in crossed
            if node.value and (again or _calls(node.value, students | crossed)):
                crossed |= set().union(*map(_names, targets))
        elif isinstance(node, ast.Delete) and any(
            isinstance(target, ast.Subscript) and _root(target) in crossed
            for target in node.targets
        ):
            return True
    return False


def _rereads(tree: ast.Module, sheet: Sheet) -> bool:
    """Tell whether a variable of the answers is read before and after their call."""
    answers = [tree_of(c.source).body for c in sheet.cells if c.role == "answer"]
    made = [n for body in answers for n in body if isinstance(n, ast.Assign)]
    variables = set().union(*(_names(t) for n in made for t in n.targets))
    variables -= names_of(ast.unparse(tree))[0]
    seen: dict[str, bool] = {}  # whether a call has come since
    for node in _in_order(tree):
        if isinstance(node, ast.Call) and _root(node.func) in {*sheet.names}:
            seen = dict.fromkeys(seen, True)
        is_read = isinstance(node, ast.Name) and node.id in variables
        if is_read and seen.setdefault(node.id, False):
            return True
    return False


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes as they are run; what functions hold, where they stand."""
    for child in ast.iter_child_nodes(node):
        loops = isinstance(child, ast.For | ast.comprehension)
        if loops:  # its target is set before its body
            yield child
        yield from _in_order(child)
        if not loops:
            yield child


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


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
        elif any(map(is_idle, ast.walk(tree))):
            yield cell.grade_id, "it compares without `assert`, or asserts what holds"
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
        for name in sorted(magics.intersection(RUNNING)):
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
