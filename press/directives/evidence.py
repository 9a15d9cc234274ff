"""``{evidence}``: the table of what checks find, measured by `press/evidence.py`."""

import json
from collections import Counter

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from press.contents import BOOK

COLUMNS = {
    **{"steps": "{steps}", "slips": "{slips}"},
    **{"caught": "{caught}/{mutants}", "named": "{named}"},
    **{"both": "{both}/{pairs}", "one": "{one}"},
}


class Evidence(SphinxDirective):
    """A line for each exercise, a sum, and below it the changes that passed."""

    def run(self) -> list[nodes.Node]:
        """Return table and list."""
        path = BOOK / "evidence.json"
        self.env.note_dependency(str(path))
        rows = json.loads(path.read_text("utf-8"))["exercises"]
        counts = {
            f"[{name.partition('/')[2]}](../exercises/{name}.ipynb)": Counter(
                row | {"left": 0}
            )
            for name, row in rows.items()
        }
        counts["together"] = sum(counts.values(), Counter())
        lines = [f"| exercise | {' | '.join(COLUMNS)} |"]
        lines += ["|---" * (1 + len(COLUMNS)) + "|"]
        for name, row in counts.items():
            cells = (form.format_map(row) for form in COLUMNS.values())
            lines.append(f"| {name} | {' | '.join(cells)} |")
        lines.append("")
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
