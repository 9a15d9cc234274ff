"""The appendices' tables that are made from the sources and from this build.

* ``{datasets}`` lists what `helpers.data` knows: files, sizes, checksums, addresses.
* ``{syllabus}`` adds up the minutes that pages and exercises state, week by week.
* ``{this_build}`` names the versions and the machine that made the book.
"""

import os
import platform
import re
from importlib.metadata import version
from pathlib import Path

import yaml
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from helpers.data import names
from helpers.data.registry import REGISTRY, File
from helpers.runtime import profile

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = (
    "numpy",
    "matplotlib",
    "scikit-learn",
    "torch",
    "torchvision",
    "langchain-core",
    "jupyterlab",
    "nbgrader",
    "jupyter-book",
    "myst-nb",
)
PAGE_MINUTES = r"about (\d+) minutes to read, (\d+) to run"
EXERCISE_MINUTES = r"\*\*Time:\*\* about (\d+) minutes"


class _Table(SphinxDirective):
    """A table whose rows are written in MyST by `rows`."""

    def run(self) -> list[nodes.Node]:
        """Return the table."""
        lines = self.rows()
        lines.insert(1, "|" + "---|" * (lines[0].count("|") - 1))
        table = nodes.Element()
        self.state.nested_parse(StringList(lines, self.name), 0, table)
        return table.children


class Datasets(_Table):
    """All data sets, or with the argument ``files`` all of their files."""

    optional_arguments = 1

    def rows(self) -> list[str]:
        """Return the rows of one of the two tables."""
        return file_rows() if self.arguments == ["files"] else set_rows()


def set_rows() -> list[str]:
    """Return one row for each name that `helpers.data.load` knows."""
    rows = ["| name | source | license | files | size |"]
    for name in names():
        entry = REGISTRY[name]
        number = str(len(entry.files) or "built in")
        size = megabytes(sum(file.size for file in entry.files)) if entry.files else ""
        license_ = entry.licence.replace("licence", "license")
        rows.append(f"| `{name}` | {entry.source} | {license_} | {number} | {size} |")
    return rows


def file_rows() -> list[str]:
    """Return one row for each file, with its checksum and its addresses in order."""
    rows = ["| file | bytes | SHA-256 | where from, in order |"]
    for file in dict.fromkeys(f for name in names() for f in REGISTRY[name].files):
        hosts = ", ".join(f"[{host(url)}]({url})" for url in links(file))
        place = f"`{file.dataset}/{file.name}`"
        rows.append(f"| {place} | {file.size:,} | `{file.sha256}` | {hosts} |")
    return rows


def links(file: File) -> list[str]:
    """Return the addresses without the name of a member of an archive."""
    return [url.partition("#")[0] for url in file.urls]


def host(url: str) -> str:
    """Return the host of an address."""
    return url.split("/")[2]


def megabytes(size: int) -> str:
    """Return a number of bytes in MB, with enough digits for small files."""
    return f"{size / 1e6:.1f} MB" if size > 1e5 else f"{size / 1e3:.0f} kB"


class Syllabus(_Table):
    """A line of the content is a week: the names of its chapters.

    Every chapter must have its week; its exercises come with it.
    """

    has_content = True

    def rows(self) -> list[str]:
        """Return one row for each week, and their sum."""
        weeks = [line.split() for line in self.content if line.strip()]
        listed = [name for week in weeks for name in week]
        for name in sorted({*chapters(), *listed}):
            known = (ROOT / "notebooks" / f"{name}.ipynb").is_file()
            if listed.count(name) != 1 or not known:
                fault = f"stands in {listed.count(name)} weeks" if known else "unknown"
                raise self.error(f"syllabus: chapter {name!r}: {fault}")
        rows, total = ["| week | read | run | do | minutes |"], 0
        for number, week in enumerate(weeks, start=1):
            cells, minutes = self.week(week)
            rows.append(f"| {number} | {' | '.join(cells)} | {minutes} |")
            total += minutes
        return [*rows, f"| | | | all weeks | {total:,} |"]

    def week(self, names: list[str]) -> tuple[list[str], int]:
        """Return the cells read, run and do of a week, and its minutes."""
        known, (read, run, do) = chapters(), ([], [], [])
        for name in names:
            page, work = self.stated(f"book/{name}.md", PAGE_MINUTES)
            paths = known.get(name, [])
            minutes = [self.stated(path, EXERCISE_MINUTES)[0] for path in paths]
            read.append((f"{name}.md", page))
            run.append((f"../notebooks/{name}.ipynb", work - sum(minutes)))
            do += [(f"../{path}", m) for path, m in zip(paths, minutes, strict=True)]
        cells = [", ".join(f"[](<{p}>) ({m})" for p, m in c) for c in (read, run, do)]
        return cells, sum(
            minutes for column in (read, run, do) for _, minutes in column
        )

    def stated(self, path: str, pattern: str) -> list[int]:
        """Return the minutes that a page states about itself."""
        self.env.note_dependency(str(ROOT / path))
        found = re.search(pattern, (ROOT / path).read_text("utf-8"))
        if not found:
            raise self.error(f"syllabus: {path} states no minutes")
        return [int(number) for number in found.groups()]


def chapters() -> dict[str, list[str]]:
    """Return the exercises of each chapter: of the numbered parts of the book."""
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    entries = [
        chapter
        for part in contents["parts"]
        if part.get("numbered")
        for chapter in part["chapters"]
    ]
    return {
        Path(entry["file"]).name: [
            f"{section['file']}.ipynb"
            for section in entry["sections"]
            if section["file"].startswith("exercises/")
        ]
        for entry in entries
    }


class ThisBuild(_Table):
    """Versions of the main libraries, the machine and the budget of this build."""

    def rows(self) -> list[str]:
        """Return one row for each."""
        self.env.note_dependency(str(ROOT / "constraints.txt"))
        facts = {"Python": platform.python_version()}
        facts |= {name: version(name) for name in LIBRARIES}
        facts |= {
            "machine": f"{platform.system()}, {platform.machine()}",
            "cores": os.cpu_count(),
            "profile": f"`{profile()}`",
        }
        return ["| what | here |"] + [f"| {name} | {v} |" for name, v in facts.items()]


def setup(app: Sphinx) -> dict:
    """Register the directives."""
    app.add_directive("datasets", Datasets)
    app.add_directive("syllabus", Syllabus)
    app.add_directive("this_build", ThisBuild)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
