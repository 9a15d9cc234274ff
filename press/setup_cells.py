"""Write the set-up cell of every notebook and exercise.

Run it as ``python -m press.setup_cells``.

It finds the package `helpers` and is the same everywhere, up to the name of the chapter
and the way to the top of a checkout; a test compares. It is the first code cell,
collapsed and not shown in the page.
"""

import json
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
    """Return the whole set-up cell; a chapter's notebook records what it measures."""
    is_chapter = path.is_relative_to(ROOT / "notebooks")
    begin = BEGIN.format(chapter=path.stem) if is_chapter else ""
    return (TITLE + find(path) + begin).rstrip("\n")


def written(path: Path) -> dict:
    """Return a notebook with its set-up as it must be."""
    notebook = json.loads(path.read_text("utf-8"))
    first = next(c for c in notebook["cells"] if c["cell_type"] == "code")
    first["metadata"] |= METADATA
    first["source"] = set_up(path).splitlines(keepends=True)
    return notebook


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
