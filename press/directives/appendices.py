"""The appendices' tables that are made from the sources and from this build.

* ``{datasets}`` and ``{dataset_files}`` list what `helpers.data` knows: sources, terms,
  sizes, checksums, addresses.
* ``{syllabus}`` adds up the minutes that pages and exercises state, week by week.
* ``{this_build}`` names the versions and the machine that made the book, and
  ``{times}`` how long each notebook took.
"""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from jupyter_cache import get_cache
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from helpers.data import names
from helpers.data.registry import REGISTRY, File
from helpers.runtime import profile
from press.contents import CACHE, ROOT, chapters, minutes

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


class _Written(SphinxDirective):
    """What a subclass writes in MyST by `lines`."""

    def run(self) -> list[nodes.Node]:
        """Return what the lines say."""
        parent = nodes.Element()
        self.state.nested_parse(StringList(self.lines(), self.name), 0, parent)
        return parent.children


class Table(_Written):
    """A table, whose rows a subclass writes by `rows`, the head first."""

    def lines(self) -> list[str]:
        """Return the rows, and the rule below the head."""
        head, *body = self.rows()
        return [head, "|" + "---|" * (head.count("|") - 1), *body]


class Datasets(Table):
    """All names that `helpers.data.load` knows, one row for each."""

    def rows(self) -> list[str]:
        """Return the rows."""
        rows = ["| name | source | license | files | size |"]
        for name in names():
            entry = REGISTRY[name]
            terms = entry.licence.replace("licence", "license")
            number = str(len(entry.files) or "built in")
            size = sum(file.size for file in entry.files)
            shown = megabytes(size) if size else ""
            rows.append(f"| `{name}` | {entry.source} | {terms} | {number} | {shown} |")
        return rows


class DatasetFiles(_Written):
    """All files of the data sets: a list, because a checksum fits into no column."""

    def lines(self) -> list[str]:
        """Return one item for each file."""
        files = dict.fromkeys(file for name in names() for file in REGISTRY[name].files)
        return [
            f"- `{file.dataset}/{file.name}`, {file.size:,} bytes, from "
            f"{', '.join(f'[{host(url)}]({url})' for url in links(file))}<br>"
            f"SHA-256 `{file.sha256}`"
            for file in files
        ]


def links(file: File) -> list[str]:
    """Return the addresses without the name of a member of an archive."""
    return [url.partition("#")[0] for url in file.urls]


def host(url: str) -> str:
    """Return the host of an address."""
    return url.split("/")[2]


def megabytes(size: int) -> str:
    """Return a number of bytes in MB, with enough digits for small files."""
    return f"{size / 1e6:.1f} MB" if size > 1e5 else f"{size / 1e3:.0f} kB"


class Syllabus(Table):
    """A line of the content is a week: the names of its chapters.

    Every chapter must have its week; its exercises come with it.
    """

    has_content = True

    def rows(self) -> list[str]:
        """Return one row for each week, and their sum."""
        weeks = [line.split() for line in self.content if line.strip()]
        listed = [name for week in weeks for name in week]
        exercises = dict.fromkeys(listed, ()) | chapters()
        for name in sorted(exercises):
            known = (ROOT / "notebooks" / f"{name}.ipynb").is_file()
            if listed.count(name) != 1 or not known:
                fault = f"stands in {listed.count(name)} weeks" if known else "unknown"
                raise self.error(f"syllabus: chapter {name!r}: {fault}")
        rows, total = ["| week | minutes | read | run | do |"], 0
        for number, week in enumerate(weeks, start=1):
            cells, time = self.week({name: exercises[name] for name in week})
            rows.append(f"| {number} | {time} | {' | '.join(cells)} |")
            total += time
        return [*rows, f"| all | {total:,} | | | |"]

    def week(self, chapters: dict[str, list[str]]) -> tuple[list[str], int]:
        """Return the cells read, run and do of a week, and its minutes."""
        read, run, do = [], [], []
        for name, exercises in chapters.items():
            for path in (f"book/{name}.md", *exercises):
                self.env.note_dependency(str(ROOT / path))
            try:
                time = minutes(name, exercises)
            except ValueError as error:
                raise self.error(f"syllabus: {error}") from error
            read.append((f"{name}.md", time.read))
            run.append((f"../notebooks/{name}.ipynb", time.run))
            do += [(f"../{p}", m) for p, m in zip(exercises, time.do, strict=True)]
        cells = [", ".join(f"[](<{p}>) ({m})" for p, m in c) for c in (read, run, do)]
        return cells, sum(m for column in (read, run, do) for _, m in column)


class ThisBuild(Table):
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


class Times(Table):
    """Seconds that the notebooks of this build took, as the cache of outputs has it."""

    def rows(self) -> list[str]:
        """Return one row for each notebook, with the solutions of its chapter."""
        cache = get_cache(CACHE)
        rows, sums = ["| notebook | seconds | its solutions |"], [0.0, 0.0]
        for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
            sheets = sorted((ROOT / "solutions" / path.stem).glob("*.ipynb"))
            times = [seconds(cache, path), sum(seconds(cache, p) for p in sheets)]
            sums = [a + b for a, b in zip(sums, times, strict=True)]
            own, solutions = (f"{time:.0f}" if time else "" for time in times)
            rows.append(f"| [](../notebooks/{path.name}) | {own} | {solutions} |")
        return [*rows, f"| all | {sums[0]:.0f} | {sums[1]:.0f} |"]


def seconds(cache, path: Path) -> float:
    """Return how long a notebook ran, 0 if it was not executed."""
    try:
        return cache.match_cache_file(path).data["execution_seconds"]
    except KeyError:
        return 0.0


def setup(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("datasets", Datasets)
    app.add_directive("dataset_files", DatasetFiles)
    app.add_directive("syllabus", Syllabus)
    app.add_directive("this_build", ThisBuild)
    app.add_directive("times", Times)
