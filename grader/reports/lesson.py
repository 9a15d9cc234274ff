"""What the course has to say about a step: why it matters, where the book treats it.

A check of this book is a `Step` of `helpers.checks`. Those of other courses have
nothing to say, and their pages are as complete without it.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import yaml

from grader.books.course import Course
from grader.books.names import tree_of
from grader.books.sheet import Cell, Sheet

HOST = re.compile(r"https://github\.com/([\w-]+)/([\w.-]+)")
FAILED = re.compile(r"^✗ (\w+)", re.MULTILINE)
PLACE = re.compile(r"[^a-z0-9]+")


class Lesson(NamedTuple):
    """What belongs to a step."""

    why: str = ""
    section: str = ""
    link: str = ""


class Checked(NamedTuple):
    """The `Step` that a check calls, its chapter, and whose function it is given."""

    step: Any
    chapter: str
    function: str


def lessons(course: Course, sheet: Sheet) -> dict[Any, Lesson]:
    """Return the lesson of each check of a sheet that has one, by `grade_id`.

    By (`grade_id`, name of the step) there are those of all steps that it calls.
    """
    home, found = _home(course), {}
    for grade_id, (step, chapter, _) in calls_of(sheet):
        page = f"{home}book/{chapter}.html#{_anchor(step.see)}"
        link = page if home and step.see else ""
        lesson = found[grade_id, step.name] = Lesson(step.why, step.see, link)
        found.setdefault(grade_id, lesson)
    return found


def lesson_of(told: dict[Any, Lesson], grade_id: str, message: str) -> Lesson:
    """Return the lesson of the step that fails, as the message says."""
    failed = FAILED.search(message)
    first = told.get(grade_id, Lesson())
    return told.get((grade_id, failed[1]), first) if failed else first


def steps_of(sheet: Sheet) -> dict[str, Checked]:
    """Return what each check calls first, by `grade_id`; not those of other courses."""
    return dict(reversed([*calls_of(sheet)]))


def calls_of(sheet: Sheet) -> Iterator[tuple[str, Checked]]:
    """Yield what each check calls, in order."""
    modules = _modules(sheet.cells)
    for cell in sheet.checks:
        for node in ast.walk(tree_of(cell.source)):
            called = node.func if isinstance(node, ast.Call) else None
            module = modules.get(getattr(getattr(called, "value", None), "id", ""))
            if module is None:
                continue
            with suppress(ImportError, AttributeError):
                step = getattr(importlib.import_module(module), called.attr)
                function = next((getattr(a, "id", "") for a in node.args), "")
                made = Checked(step, module.rpartition(".")[2], function)
                if hasattr(step, "why"):
                    yield cell.grade_id, made


def _modules(cells: list[Cell]) -> dict[str, str]:
    """Return the modules of checks that the sheet imports, by the names it gives."""
    return {
        name.asname or name.name: f"{node.module}.{name.name}"
        for cell in cells
        for node in ast.walk(tree_of(cell.source))
        if isinstance(node, ast.ImportFrom) and node.module == "helpers.checks"
        for name in node.names
    }


def _home(course: Course) -> str:
    """Return the book's address, which ends with a slash; empty if it has none."""
    path = course.root / "_config.yml"
    settings = yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}
    given = (settings.get("html") or {}).get("baseurl")
    hosted = HOST.fullmatch((settings.get("repository") or {}).get("url", ""))
    pages = f"https://{hosted[1]}.github.io/{hosted[2]}" if hosted else ""
    home = given or pages
    return f"{home.rstrip('/')}/" if home else ""


def _anchor(heading: str) -> str:
    """Return the identifier that a heading without markup has in a page."""
    return PLACE.sub("-", heading.lower()).strip("-")
