"""What of hidden tests must not leak: texts that occur in them only.

`redact` removes them from whatever leaves the grading machine.
"""

import ast
import builtins
import io
import tokenize
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grader.books.sheet import Cell

SHORTEST_SECRET = 4  # characters of a hidden text that is worth hiding


def secrets_of(cells: "list[Cell]") -> list[str]:
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
        told = getattr(node, "msg", None) or getattr(node, "exc", None)  # assert, raise
        for part in ast.walk(told) if told else ():
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                messages.add(part.value)
    return found - messages - set(dir(builtins))
