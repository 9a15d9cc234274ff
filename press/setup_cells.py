"""Write the set-up cell of every notebook and exercise.

Run it as ``python -m press.setup_cells``.

It finds the package `helpers` and is the same everywhere, up to the name of the chapter
and the way to the top of a checkout; a test compares. In a notebook it is a cell of its
own, collapsed and not shown in the page; in an exercise it begins the first cell.
"""

import json
import re
from pathlib import Path

from press.configure import repository
from press.contents import ROOT

TITLE = "# @title Set-up: finds the package `helpers`, in a checkout or in Colab\n"
FIND = """import importlib.util
import os
import sys

if os.path.isdir("{up}/helpers/checks"):  # a checkout brings the package along
    sys.path.insert(0, "{up}")
found = importlib.util.find_spec("helpers")
places = found.submodule_search_locations or () if found else ()
if found is None:  # Colab has no checkout
    %pip install --quiet {package}
elif not any(os.path.isdir(f"{{place}}/checks") for place in places):
    other = found.origin or ", ".join(places)
    raise ImportError(f"rename {{other}}: it hides the course's `helpers`")
"""
BEGIN = """
from helpers import plots
from helpers.results import Recorder

plots.use_style()
record = Recorder("{chapter}", full_runs="../book/results")
"""
METADATA = {
    "cellView": "form",
    "jupyter": {"source_hidden": True},
    "tags": ["setup", "remove-cell"],
}
EXTRAS = {"language_models": "chain"}  # extras of the package that a notebook needs


def find(path: Path) -> str:
    """Return the code that finds the package, for a notebook at `path`."""
    package = f"https://github.com/{repository()}/archive/main.zip"
    if extra := EXTRAS.get(path.stem):
        package = f'"neuron-by-neuron[{extra}] @ {package}"'
    up = "/".join([".."] * len(path.relative_to(ROOT).parent.parts))
    return FIND.format(up=up, package=package)


def set_up(path: Path) -> str:
    """Return the whole set-up cell of a chapter's notebook."""
    return (TITLE + find(path) + BEGIN.format(chapter=path.stem)).rstrip("\n")


def written(path: Path) -> dict:
    """Return a notebook with its set-up as it must be."""
    notebook = json.loads(path.read_text("utf-8"))
    first = next(c for c in notebook["cells"] if c["cell_type"] == "code")
    if path.is_relative_to(ROOT / "notebooks"):
        first["metadata"] = METADATA
        source = set_up(path)
    else:
        old = "".join(first["source"])
        source = find(path) + "\n" + old[lesson_begins(old) :]
    first["source"] = source.splitlines(keepends=True)
    return notebook


def lesson_begins(source: str) -> int:
    """Return where the set-up of an exercise's first cell ends."""
    last = list(re.finditer(r"^    (%pip|raise ImportError).*\n+", source, re.M))[-1]
    return last.end()


def sources() -> list[Path]:
    """Return all notebooks that have a set-up: the exercises follow by make release."""
    rooms = (
        (ROOT / "notebooks").glob("*.ipynb"),
        (ROOT / "solutions").glob("*/*.ipynb"),
    )
    return sorted(path for room in rooms for path in room)


def main() -> None:
    """Write it into all of them."""
    for path in sources():
        text = json.dumps(written(path), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
