"""Each thing of the five source documents stands where the appendix says it stands."""

import json
import re
from collections import Counter

import pytest

from press.contents import chapters
from press.directives import documents
from tests import ROOT

ROWS = documents.rows()
NAMES = ("000", "001", "002", "003", "004")
KINDS = {
    *("system", "concept", "experiment", "derivation", "figure", "data", "claim"),
    *("number", "tool", "code", "history", "install", "resource", "exercise"),
    *("overview", "demo", "algorithm"),
}


def text(place: str) -> str:
    """Return what a file says, with single spaces; of a notebook its cells."""
    path = ROOT / place
    whole = path.read_text("utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(whole)["cells"]
        whole = "\n".join("".join(cell["source"]) for cell in cells)
    return re.sub(r"\s+", " ", whole)


def recorded(result: str) -> bool:
    """Tell whether the full run of a chapter kept a result, or its notebook records."""
    chapter, key = result.split("/")
    kept = ROOT / "book" / "results" / f"{chapter}.json"
    if kept.is_file() and key in json.loads(kept.read_text("utf-8"))["results"]:
        return True
    return f'record("{key}"' in text(f"notebooks/{chapter}.ipynb")


@pytest.mark.parametrize("row", ROWS, ids=[row.what[:50] for row in ROWS])
def test_the_place_says_it(row):
    assert row.verdict in documents.VERDICTS
    assert row.kind in KINDS
    assert row.documents
    assert set(row.documents) <= set(NAMES)
    if row.verdict == "left out":
        assert len(row.why) > 20
        assert not row.place
        return
    assert row.says or row.result
    if row.says:
        assert len(row.says) >= 6
        assert re.sub(r"\s+", " ", row.says) in text(row.place)
    if row.result:
        assert recorded(row.result)


def test_no_thing_is_listed_twice():
    counted = Counter((name, row.what) for row in ROWS for name in row.documents)
    assert counted.most_common(1)[0][1] == 1


def test_every_chapter_and_every_document_has_its_rows():
    found = {path.stem for path in documents.ROWS.glob("*.yaml")}
    assert set(chapters()) <= found
    page = text("book/documents.md")
    for name in NAMES:
        assert f"```{{documents}} {name}" in page


def test_all_that_an_independent_reading_counted_is_listed():
    assert len(ROWS) >= 316
