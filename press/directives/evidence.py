"""``{evidence}``: the table of what checks find, measured by `press/evidence.py`."""

import json

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from press.contents import BOOK

COLUMNS = ("steps", "slips", "mutants", "caught", "named")
COLUMNS += ("pairs", "both told", "one told")


class Evidence(SphinxDirective):
    """A line for each exercise, a sum, and below it the changes that passed."""

    def run(self) -> list[nodes.Node]:
        """Return table and list."""
        path = BOOK / "evidence.json"
        self.env.note_dependency(str(path))
        rows = json.loads(path.read_text("utf-8"))["exercises"]
        lines = [
            f"| exercise | {' | '.join(COLUMNS)} |",
            "|---" * (1 + len(COLUMNS)) + "|",
        ]
        for name, row in rows.items():
            numbers = " | ".join(str(row[column]) for column in COLUMNS)
            label = name.partition("/")[2]
            lines.append(f"| [{label}](../exercises/{name}.ipynb) | {numbers} |")
        sums = (sum(row[column] for row in rows.values()) for column in COLUMNS)
        lines += [f"| together | {' | '.join(map(str, sums))} |", ""]
        lines += [":::{dropdown} The changes that passed"]
        for name, row in rows.items():
            lines += [f"- {name}: {as_code(line)}" for line in row["left"]]
        element = nodes.Element()
        self.state.nested_parse(StringList([*lines, ":::"], "evidence"), 0, element)
        return element.children


def as_code(line: str) -> str:
    """Return a change as two pieces of code."""
    was, now = line.split(" → ")
    return f"``{was}`` became ``{now}``"


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("evidence", Evidence)
