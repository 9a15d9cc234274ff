"""A page says which of its numbers come from a stand-in."""

import json

import pytest

from press import standins

TABLE = """Text before.

| method | ours | theirs |
|---|---|---|
| one | {{glue:text}}`../notebooks/{0}.ipynb::error:.2f` | 0.5 |
| two | {{glue:text}}`../notebooks/{0}.ipynb::error_min:.2f` | 0.6 |
"""


@pytest.fixture
def results(tmp_path, monkeypatch):
    """Record a chapter with a number from a stand-in, and one with real data only."""
    monkeypatch.setattr(standins, "RESULTS", tmp_path)
    made_up = {"standins": ["stand-in for MNIST: <drawn>"]}
    entries = {"error": {"value": 1, "is_standin": True}, "other": {"value": 2}}
    for name, text in {
        "drawn": made_up | {"results": entries},
        "real": {"standins": [], "results": {"error": {"is_standin": False}}},
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(text), encoding="utf-8")


def noted(page: str) -> str:
    context = {"body": "<h1>Title</h1><p>text</p><h1>Other</h1>"}
    standins.add_note(None, page, "page.html", context, None)
    return context["body"]


@pytest.mark.parametrize("room", ["book", "notebooks"])
def test_the_note_stands_below_the_title_and_names_the_stand_in(results, room):
    body = noted(f"{room}/drawn")
    assert body.count("standins") == 1
    assert body.index("Title") < body.index("stand-in for MNIST") < body.index("text")
    assert "&lt;drawn&gt;" in body


@pytest.mark.parametrize("page", ["book/real", "book/glossary", "exercises/drawn/a"])
def test_a_page_without_stand_ins_has_no_note(results, page):
    assert "standins" not in noted(page)


def test_the_column_with_such_a_number_says_so_in_its_header(results):
    head = standins.marked(TABLE.format("drawn")).splitlines()[2]
    assert head == "| method | ours *(stand-in)* | theirs |"


def test_a_table_of_real_data_stays_as_it_is(results):
    assert standins.marked(TABLE.format("real")) == TABLE.format("real")
    assert standins.marked(TABLE.format("unknown")) == TABLE.format("unknown")
