"""Each number that a page takes from a notebook is recorded there, as the source tells.

Nothing is executed: `make book` does. A key that a notebook makes up at run time is a
pattern here: it inserts numbers, or words that stand in the notebook.
"""

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from press.standins import GLUED as INSERTED
from tests import ROOT

BESIDE = re.compile("_(min|max|reported)$")  # what is glued with a value
NUMBER = re.compile("[0-9]+(p[0-9]+)?")  # 0p25: a key has no point
WORD = re.compile(r"[^\W_]+")


def glued() -> dict[str, dict[str, str]]:
    """Of each notebook, the keys that pages insert, with the last page that does."""
    found = defaultdict(dict)
    for path in sorted(ROOT.glob("book/**/*.md")):
        for notebook, key in INSERTED.findall(path.read_text("utf-8")):
            found[notebook][key] = path.name
    return found


GLUED = glued()


def code(notebook: str) -> ast.Module:
    cells = json.loads((ROOT / f"notebooks/{notebook}.ipynb").read_text("utf-8"))
    sources = [c["source"] for c in cells["cells"] if c["cell_type"] == "code"]
    lines = "\n".join("".join(source) for source in sources)
    return ast.parse(TransformerManager().transform_cell(lines))


def recorded(tree: ast.Module) -> Iterator[tuple[ast.expr, str]]:
    """Yield the key of each call that glues, and what the call writes before it."""
    for call in ast.walk(tree):
        match call:
            case ast.Call(ast.Name("record"), [ast.Starred(ast.Tuple([key, *_])), *_]):
                yield key, ""
            case ast.Call(ast.Name("record"), [key, *_]):
                yield key, ""
            case ast.Call(ast.Attribute(ast.Name("record"), "quote"), [key, *_]):
                yield key, "full_"


def pattern(key: ast.expr) -> str:
    """Return a key as a regular expression, with a group for what it inserts."""
    match key:
        case ast.Constant(value):
            return re.escape(str(value))
        case ast.JoinedStr(parts):
            return "".join(map(pattern, parts))
        case ast.Call(ast.Attribute(text, "replace")):
            return pattern(text)
    return r"(\w+)"


def unrecorded(tree: ast.Module, keys: Iterable[str]) -> list[str]:
    """Return the keys that no call of a notebook can have recorded."""
    texts = [n for n in ast.walk(tree) if isinstance(n, ast.Constant | ast.JoinedStr)]
    known = {
        before + pattern(way)
        for key, before in recorded(tree)
        # a variable holds any text of the notebook
        for way in (texts if isinstance(key, ast.Name) else [key])
    }
    plain = [str(n.value) for n in texts if isinstance(n, ast.Constant)]
    cuts = [
        slice(n.lower.value, n.upper.value)
        for n in ast.walk(tree)
        if isinstance(n, ast.Slice)
        and isinstance(n.lower, ast.Constant)
        and isinstance(n.upper, ast.Constant)
    ]
    plain += [text[cut] for cut in cuts for text in plain]  # kind[4:8]
    words = set(WORD.findall(" ".join(plain).casefold()))

    def fits(key: str, way: str) -> bool:
        match = re.fullmatch(way, key)
        inserted = WORD.findall(" ".join(match.groups()).casefold()) if match else ()
        return match and all(p in words or NUMBER.fullmatch(p) for p in inserted)

    return [
        key
        for key in keys
        if not any(fits(k, way) for k in (key, BESIDE.sub("", key)) for way in known)
    ]


@pytest.mark.parametrize("notebook", GLUED)
def test_a_notebook_records_what_pages_insert(notebook):
    wrong = [
        f'book/{GLUED[notebook][key]}: no record("{key}", ...)'
        for key in unrecorded(code(notebook), GLUED[notebook])
    ]
    said = f"notebooks/{notebook}.ipynb: record these, or correct the pages:"
    assert not wrong, "\n".join([said, *wrong])


@pytest.mark.parametrize(
    ("key", "is_known"),
    [
        ("hand_cost", True),
        ("hand_cots", False),
        ("cost", False),
        ("full_error_deep", True),
        ("error_deep_max", True),
        ("error_deeper", False),
        ("error_0p25", True),
        ("epochs", True),
        ("epoch", False),
    ],
)
def test_a_typo_is_found(key, is_known):
    tree = ast.parse("""
record("hand_cost", 1)
for name in ("deep", 0.25):
    record(f"error_{name}", [1, 2])
    record.quote(f"error_{name}")
for key in ("epochs",):
    record(key, 3)
""")
    assert unrecorded(tree, [key]) == ([] if is_known else [key])
