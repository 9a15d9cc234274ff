"""What the press knows of the book: where it lies, its parts, chapters, minutes."""

import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
BUILD = ROOT / "_build"
CACHE = BUILD / ".jupyter_cache"  # of executed notebooks, where jupyter-book looks
RESULTS = BUILD / "results"  # what the notebooks of this build recorded
ASSETS = "_course"  # the folder of our scripts in the built site
OF_PAGE = r"about (\d+) minutes to read, (\d+) to run"
OF_EXERCISE = r"\*\*Time:\*\* about (\d+) minutes"


class Minutes(NamedTuple):
    """How long a chapter takes in each of its rooms; one number for each exercise."""

    read: int
    run: int
    do: list[int]


class Part(NamedTuple):
    """A part of the book: its title, its page, and the exercises of each chapter."""

    title: str
    page: str
    chapters: dict[str, list[str]]


def parts() -> list[Part]:
    """Return the parts that have numbered chapters.

    In `_toc.yml` a part is two entries: one with its title and its page, which has no
    number, and one with its chapters.
    """
    entries = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))["parts"]
    return [
        Part(head["caption"], head["chapters"][0]["file"], _exercises(body["chapters"]))
        for head, body in pairwise(entries)
        if body.get("numbered")
    ]


def chapters() -> dict[str, list[str]]:
    """Return the exercises of each chapter, in the order of the book."""
    return {
        name: exercises for part in parts() for name, exercises in part.chapters.items()
    }


def _exercises(entries: list[dict]) -> dict[str, list[str]]:
    return {
        Path(chapter["file"]).name: [
            f"{section['file']}.ipynb"
            for section in chapter["sections"]
            if section["file"].startswith("exercises/")
        ]
        for chapter in entries
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
