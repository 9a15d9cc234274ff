"""What the press knows of the book: where it lies, its chapters, their minutes."""

import re
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
ASSETS = "_course"  # the folder of our scripts in the built site
OF_PAGE = r"about (\d+) minutes to read, (\d+) to run"
OF_EXERCISE = r"\*\*Time:\*\* about (\d+) minutes"


class Minutes(NamedTuple):
    """How long a chapter takes in each of its rooms; one number for each exercise."""

    read: int
    run: int
    do: list[int]


def chapters() -> dict[str, list[str]]:
    """Return the exercises of each chapter: of the numbered parts of the book."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    return {
        Path(chapter["file"]).name: [
            f"{section['file']}.ipynb"
            for section in chapter["sections"]
            if section["file"].startswith("exercises/")
        ]
        for part in contents["parts"]
        if part.get("numbered")
        for chapter in part["chapters"]
    }


def minutes(name: str, exercises: list[str]) -> Minutes:
    """Return the minutes that a page and its exercises state.

    Raises
    ------
    ValueError
        If they state none, or if the exercises alone take longer than the page allows
        for running and doing.
    """
    page = f"book/{name}.md"
    read, work = _stated(page, OF_PAGE)
    do = [_stated(path, OF_EXERCISE)[0] for path in exercises]
    if sum(do) >= work:
        raise ValueError(
            f"{page} states {work} minutes to run and do, "
            f"its exercises alone state {sum(do)}"
        )
    return Minutes(read, work - sum(do), do)


def _stated(path: str, pattern: str) -> list[int]:
    found = re.search(pattern, (ROOT / path).read_text("utf-8"))
    if not found:
        raise ValueError(f"{path} states no minutes")
    return [int(number) for number in found.groups()]
