"""``{reported}``: the table of all reported figures beside ours.

Its lines say what each figure is and why ours differs; the numbers come from the
recorded results, those of this build and those of the full profile.
"""

import json
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from press.contents import BOOK, RESULTS

# results of the full profile, kept, and those of this build
FOLDERS = (BOOK / "results", RESULTS)


class Reported(SphinxDirective):
    """A table of what the literature reports, what this build and the full run gave.

    A line is ``chapter/key | what it is | why ours differs``; all recorded results that
    have a reported figure must be listed.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        listed = {}
        for line in filter(str.strip, self.content):
            key, what, why = (part.strip() for part in line.split("|"))
            listed[key] = what, why
        full, quick = (self.results(folder) for folder in FOLDERS)
        known = {key for key, entry in (full | quick).items() if reported_in(entry)}
        run = {key.split("/")[0] for key in quick}  # chapters of which we know all keys
        for key in [k for k in listed if k not in known and k.split("/")[0] not in run]:
            del listed[key]  # neither a full run nor this build has come so far
        for key in sorted(known ^ listed.keys()):
            fault = "is not listed" if key in known else "has no reported figure"
            raise self.error(f"reported: {key} {fault}")
        here = "this build"
        if any(entry.get("is_standin") for entry in quick.values()):
            here += " (with stand-ins)"
        rows = [
            f"| experiment | reported | our full run | {here} | why they differ |",
            "|---|---|---|---|---|",
        ]
        for key, (what, why) in listed.items():
            chapter, entry = key.split("/")[0], quick.get(key) or full[key]
            cells = [
                f"{what} ([notebook](../notebooks/{chapter}.ipynb))",
                f"{number(entry['reported'], entry)} ({entry['source']})",
                measured(full.get(key)),
                measured(quick.get(key)),
                why,
            ]
            rows.append(f"| {' | '.join(cells)} |")
        table = nodes.Element()
        self.state.nested_parse(StringList(rows, "reported"), 0, table)
        return table.children

    def results(self, folder: Path) -> dict[str, dict]:
        """Return the recorded results of a folder by ``chapter/key``."""
        found = {}
        for path in sorted(folder.glob("*.json")):
            self.env.note_dependency(str(path))
            entries = json.loads(path.read_text("utf-8"))["results"]
            found |= {f"{path.stem}/{key}": entry for key, entry in entries.items()}
        return found


def reported_in(entry: dict) -> bool:
    """Tell whether a recorded result stands beside one of the literature."""
    return entry.get("reported") is not None


def number(value: float, entry: dict) -> str:
    """Return a number with its unit, to four digits."""
    return f"{value:.4g} {entry.get('unit') or ''}".strip()


def measured(entry: dict | None) -> str:
    """Return a recorded result with its spread, its seeds and its data, if made up."""
    if entry is None:
        return "not measured"
    text = number(entry["value"], entry)
    if entry["n_seeds"] > 1:
        low, high = (number(entry[bound], {}) for bound in ("min", "max"))
        text += f" ({low} to {high}, {entry['n_seeds']} seeds)"
    return text + (f", on {entry['data']}" if entry.get("is_standin") else "")


def setup(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("reported", Reported)
