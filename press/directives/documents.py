"""``{documents}`` shows where each thing of a source document stands in the book.

The rows are data, a file for each chapter in `book/documents/`: what the document has,
the file of the book that has it, and a phrase or a recorded result that proves it (a
test looks for both). What the book leaves out says why.
"""

from typing import NamedTuple

import yaml
from sphinx.application import Sphinx

from press.contents import BOOK, chapters
from press.directives.appendices import Table

ROWS = BOOK / "documents"
VERDICTS = ("covered", "weaker", "left out")


class Row(NamedTuple):
    """A thing in one or more documents, and its place in the book."""

    documents: list[str]
    kind: str
    what: str
    verdict: str
    place: str = ""
    says: str = ""
    result: str = ""
    why: str = ""


def rows() -> list[Row]:
    """Return all rows, in the order of the chapters.

    Raises
    ------
    TypeError
        If a row lacks a field, or has one that no row has.
    """
    order = [*chapters(), *sorted(path.stem for path in ROWS.glob("*.yaml"))]
    files = [ROWS / f"{name}.yaml" for name in dict.fromkeys(order)]
    return [
        Row(**row)
        for path in files
        if path.is_file()
        for row in yaml.safe_load(path.read_text("utf-8")) or []
    ]


class Documents(Table):
    """The rows of one document, whose name is the argument."""

    required_arguments = 1

    def rows(self) -> list[str]:
        """Return one row for each thing."""
        for path in ROWS.glob("*.yaml"):
            self.env.note_dependency(str(path))
        mine = [row for row in rows() if self.arguments[0] in row.documents]
        lines = [
            f"| {r.what.replace('|', '∣')} | {r.kind} | {where(r)} |" for r in mine
        ]
        return ["| in the document | kind | in the book |", *lines]


def where(row: Row) -> str:
    """Return a link to the place, or why there is none."""
    if row.verdict == "left out":
        return f"left out: {row.why}"
    room, _, rest = row.place.partition("/")
    target = rest if room == "book" else f"../{row.place}"
    if room == "solutions":
        target = f"../exercises/{rest}"
    return f"[](<{target}>)"


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("documents", Documents)
