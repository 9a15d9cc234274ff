"""Open JupyterLab on a start page: ``make lab``.

The page has the chapters in the order of the book, which the file browser sorts by
name, each with its notebook, its sheets, and how many of their steps are written. It
is Markdown below `_build`, written when JupyterLab starts and whenever a sheet is
saved. It says what is written; what is right, a sheet's own checks say.
"""

import json
import re
import sys
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from helpers import _terminal
from press.contents import BUILD, ROOT, chapters, parts

PAGE = BUILD / "start.md"
STUB = "raise NotImplementedError"  # what an answer cell holds before it is written
OPTIONS = (
    f"--ServerApp.root_dir={ROOT}",
    f"--LabApp.default_url=/lab/tree/{PAGE.relative_to(ROOT).as_posix()}"
    "?file-browser-path=/",
    f"--LabApp.app_settings_dir={ROOT / 'press' / 'lab'}",  # Markdown opens as a page
    "--FileContentsManager.post_save_hook=press.start.saved",
)
TABLE = ("| | run | do | steps written |", "|--:|:--|:--|:--|")
ABOUT = f"""
A step is written when its answer cell, as last saved, no longer holds the line
`{STUB}()`. Whether it is right, the check below it says. After you have saved a sheet,
reload this page in the browser.
"""


class Sheet(NamedTuple):
    """A notebook: its title, its answer cells, and how many of them are written."""

    path: str
    title: str
    written: int
    steps: int


def main() -> None:
    """Write the page and start JupyterLab, with further options of the command line."""
    from jupyterlab.labapp import LabApp

    write()
    LabApp.launch_instance([*OPTIONS, *sys.argv[1:]])


def saved(os_path: str, **_) -> None:
    """Write the page anew when a sheet is saved; never stand in the way of saving."""
    if Path(os_path).is_relative_to(ROOT / "exercises"):
        try:
            write()
        except (OSError, ValueError) as error:
            print(f"start page: {error}", file=sys.stderr)


def write() -> None:
    """Write the page; a half-written one never shows."""
    PAGE.parent.mkdir(exist_ok=True)
    part = PAGE.with_suffix(".part")
    part.write_text(page(), encoding="utf-8")
    part.replace(PAGE)


def page() -> str:
    """Return the start page as Markdown."""
    sheets = {name: list(map(read, paths)) for name, paths in chapters().items()}
    lines = ["# Neuron by Neuron", "", told(list(chain(*sheets.values()))), "", *TABLE]
    number = 0
    for part in parts():
        lines.append(f"| | **{part.title}** | | |")
        for name in part.chapters:
            number += 1
            title = heading((ROOT / f"book/{name}.md").read_text("utf-8"))
            cells = [str(number), link(title, f"notebooks/{name}.ipynb")]
            for sheet in sheets[name]:
                lines.append(row(*cells, link(sheet.title, sheet.path), steps(sheet)))
                cells = ["", ""]  # a chapter is named once
    others = {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} - set(sheets)
    notebooks = [read(f"notebooks/{name}.ipynb") for name in sorted(others)]
    for each in notebooks:  # of an appendix
        title = each.title.removeprefix("Run: ").capitalize()
        lines.append(row("", link(title, each.path), "", ""))
    return "\n".join([*lines, ABOUT])


def told(sheets: list[Sheet]) -> str:
    """Return how far the learner has come, and the sheet to go on with."""
    written = sum(sheet.written for sheet in sheets)
    every = sum(sheet.steps for sheet in sheets)
    left = [sheet for sheet in sheets if sheet.written < sheet.steps]
    begun = [sheet for sheet in left if sheet.written]
    if not left:
        return f"**All {every} steps are written.**"
    goal = (begun or left)[0]
    verb = "Go on" if written else "Begin"
    return (
        f"**{written} of {every} steps are written. {verb} with "
        f"{link(goal.title, goal.path)}.**"
    )


def steps(sheet: Sheet) -> str:
    """Return how much of a sheet is written."""
    fields = "▰" * sheet.written + "▱" * (sheet.steps - sheet.written)
    return f"{fields} {sheet.written} of {sheet.steps}"


def row(*cells: str) -> str:
    """Return a row of the table."""
    return f"| {' | '.join(cells)} |"


def read(path: str) -> Sheet:
    """Return a sheet as it is saved; one that cannot be read has no steps."""
    try:
        cells = json.loads((ROOT / path).read_text("utf-8"))["cells"]
        answers = [source(cell) for cell in cells if is_answer(cell)]
        texts = [source(cell) for cell in cells if cell["cell_type"] == "markdown"]
    except (OSError, ValueError, KeyError, TypeError):  # of no notebook, or half of one
        return Sheet(path, f"{Path(path).stem} (cannot be read)", 0, 0)
    written = sum(map(is_written, answers))
    return Sheet(path, heading("\n".join(texts)), written, len(answers))


def is_answer(cell: dict) -> bool:
    """Tell whether a cell is one that a learner writes."""
    return cell["metadata"].get("nbgrader", {}).get("solution", False)


def is_written(answer: str) -> bool:
    """Tell whether an answer cell holds more than what it was released with."""
    return bool(answer.strip()) and STUB not in answer


def source(cell: dict) -> str:
    """Return the text of a cell."""
    return "".join(cell["source"])


def heading(text: str) -> str:
    """Return the first heading of a Markdown text."""
    found = re.search(r"^# (.+)", text, re.MULTILINE)
    return found[1] if found else "untitled"


def link(text: str, path: str) -> str:
    """Return a link from the start page to a file of the course."""
    return f"[{text}]({'../' * len(PAGE.relative_to(ROOT).parent.parts)}{path})"


if __name__ == "__main__":
    _terminal.run(main)
