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
        given = [getattr(a, "value", "") for a in node.args[1:]] if asks else []
        if any(str(value).startswith("__") for value in given):
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
        and not any(isinstance(s, ast.Constant) or _is_type(s) for s in pair)
        for operator, *pair in zip(node.ops, sides, node.comparators, strict=False)
    )


def _is_type(node: ast.expr) -> bool:
    """Tell whether this is ``type(x)``: whose identity is not that of a value."""
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == "type"


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
            method = getattr(node.func, "attr", "")
            name = method or getattr(node.func, "id", "")
            if name in CHANGED and {*map(_root, node.args)} & crossed:
                return True
            if method in CHANGING and root in crossed - students:
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
        name = getattr(node, "id", "")
        if name in variables and seen.setdefault(name, False):
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
    node = _whole(node)
    if isinstance(node, ast.Tuple | ast.List):
        return any(_calls(entry, names) for entry in node.elts)
    return isinstance(node, ast.Call) and _root(node.func) in names


def _root(node: ast.AST) -> str:
    """Return the name that ``name.attribute[item]`` begins with."""
    return getattr(_whole(node), "id", "")


def _whole(node: ast.AST) -> ast.AST:
    """Return what a node is an attribute or a part of."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node


# --- for the author ------------------------------------------------------------------


def warnings_about(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Yield what the author of a check should know: its name, a line."""
    for cell in () if sheet.kernel else sheet.checks:
        for text in _warnings(cell, sheet):
            yield cell.grade_id, text


def _warnings(cell: Cell, sheet: Sheet) -> Iterator[str]:
    tree = tree_of(cell.source)
    nodes = [*ast.walk(tree)]
    if all(map(says_nothing, tree.body)):
        yield "it has no statement: nobody gets its points"
    elif any(map(is_idle, nodes)):
        yield "it compares without `assert`, or asserts what holds"
    for reason in reasons(cell, sheet):
        yield f"{reason}, so all of the sheet runs in one process"
    if any(isinstance(node, ast.NotEq) for node in nodes):
        yield "it uses !=, which most wrong answers pass"
    if any(getattr(node, "attr", "") == "__doc__" for node in nodes):
        yield "it looks at a docstring, which any text is"
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    magics = [n for n in calls if getattr(n.func, "attr", "") == "run_cell_magic"]
    for name in sorted({n.args[0].value for n in magics}.intersection(RUNNING)):
        yield f"%%{name} hides errors in nbgrader; here they fail the check"
    if taken := sorted(names_of(cell.source)[1] & {*sheet.mixed}):
        yield (
            f"it takes {', '.join(taken)} from the student: the course's cell makes "
            "that with the help of an answer"
        )
