"""The house rules: chapters have all their rooms, pages their parts, code its style."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from press.contents import OF_PAGE, chapters, parts
from tests import ROOT

CHAPTERS = list(chapters())
APPENDIX = "language_models"  # a notebook without exercises, quiz and exploration
FILES = [path.stem for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
# those that the table of contents does not list yet, too
NAMES = sorted({*CHAPTERS, *FILES} - {APPENDIX})
EQUATIONS, WORDS = 3, (1200, 2500)  # of a chapter's page
FOLDED = re.compile(  # answers and lists that a reader unfolds: not counted
    r"^```\{symbols\}\n.*?^```$"
    r"|^```\{admonition\}[^\n]*\n:class: note dropdown\n.*?^```$",
    re.DOTALL | re.MULTILINE,
)
NOTEBOOKS = sorted(
    path
    for folder in ("notebooks", "solutions", "exercises")
    for path in (ROOT / folder).rglob("*.ipynb")
    if ".ipynb_checkpoints" not in path.parts
)
BRITISH = re.compile(
    r"\b\w*(colour|behaviour|favour|neighbour|optimis|normalis|initialis|regularis"
    r"|generalis|recognis|summaris|visualis|organis|labell|modell|centre)\w*",
    re.IGNORECASE,
)


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def plans() -> list[list[str]]:
    """The chapters that have a week, in each plan of the instructors' page."""
    text = (ROOT / "book/instructors.md").read_text("utf-8")
    blocks = re.findall(r"^```\{syllabus\}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return [block.split() for block in blocks]


def unwritten(chapter: str) -> Iterator[str]:
    """What a chapter lacks, a line each that says what to do."""
    sheets = [p.stem for p in sorted((ROOT / "solutions" / chapter).glob("*.ipynb"))]
    if not sheets:
        yield f"write an exercise, solutions/{chapter}/<exercise>.ipynb"
    files = [
        f"book/{chapter}.md",
        f"book/quizzes/{chapter}.json",
        f"book/explorations/{chapter}.js",
        f"book/figures/{chapter}_exploration.svg",
        f"notebooks/{chapter}.ipynb",
        f"tests/book/explorations/test_{chapter}.py",
        f"tests/wrong_answers/{chapter}/__init__.py",
    ]
    files += [f"tests/wrong_answers/{chapter}/{name}.py" for name in sheets]
    checks = f"helpers/checks/{chapter}"
    if not (ROOT / f"{checks}.py").is_file():  # older chapters have one module
        files += [f"{checks}/{name}.py" for name in ("__init__", *sheets)]
    notebook = ROOT / f"notebooks/{chapter}.ipynb"
    tags = {
        tag
        for cell in (cells(notebook) if notebook.is_file() else ())
        for tag in cell["metadata"].get("tags", ())
    }
    if "card" not in tags:
        yield f"tag the cell of {notebook.name} that draws the chapter's card: card"
    if "define" in tags:  # what needs five seeds
        files.append(f"tests/notebooks/claims/test_{chapter}.py")
    yield from (f"write {path}" for path in files if not (ROOT / path).is_file())
    for name in sheets:
        if not (ROOT / f"exercises/{chapter}/{name}.ipynb").is_file():
            yield f"exercises/{chapter}/{name}.ipynb: make release CHAPTER={chapter}"
    pages = [f"book/{chapter}", f"notebooks/{chapter}"]
    rooms = ("exercises", "solutions")
    pages += [f"{room}/{chapter}/{name}" for room in rooms for name in sheets]
    contents = (ROOT / "_toc.yml").read_text("utf-8")
    yield from (f"_toc.yml: list {p}" for p in pages if f"file: {p}\n" not in contents)
    for part in parts():
        text = (ROOT / f"{part.page}.md").read_text("utf-8")
        if chapter in part.chapters and f"\n{chapter} | " not in text:
            yield f"{part.page}.md: say what one can do after the chapter"
    for number, weeks in enumerate(plans(), 1):
        if chapter not in weeks:
            yield f"book/instructors.md: give the chapter a week in plan {number}"
    for page, what in (("glossary", "its terms"), ("corrections", "a mistake")):
        text = (ROOT / f"book/{page}.md").read_text("utf-8")
        if not re.search(rf"\]\({chapter}\.md\)( \|)?$", text, re.MULTILINE):
            yield f"book/{page}.md: add {what}, with a link to the chapter at the end"


@pytest.mark.parametrize("chapter", NAMES)
def test_a_chapter_has_all_its_rooms(chapter):
    lacks = list(unwritten(chapter))
    assert not lacks, f"{chapter} is not whole:\n" + "\n".join(lacks)


def test_both_plans_are_found():
    assert len(plans()) == 2


def unfit(chapter: str, text: str) -> Iterator[str]:
    """What a chapter's page lacks, a line each that says what to do."""
    parts_of_a_page = {
        ":class: goals": "a box of goals, with :class: goals",
        f"{{exploration}} {chapter}\n": f"an {{exploration}} {chapter}",
        f"{{quiz}} {chapter}\n": f"a {{quiz}} {chapter}",
        f"](../notebooks/{chapter}.ipynb)": "a link to its notebook",
        f"](../exercises/{chapter}/": "a link to its exercises",
        "{glue:text}": "a number of its notebook, by {glue:text}",
    }
    headings = ("Quiz", "Common mistakes", "Summary", "Sources")
    parts_of_a_page |= {f"\n## {name}\n": f"a section {name}" for name in headings}
    yield from (
        f"add {what}" for part, what in parts_of_a_page.items() if part not in text
    )
    if not re.search(OF_PAGE, text):
        yield 'say "about 45 minutes to read, 60 to run and do"'
    equations = len(re.findall(r":label: eq-", text))
    if equations < EQUATIONS:
        yield f"label {EQUATIONS} equations (:label: eq-…), not {equations}"
    shown = FOLDED.sub("", text).split()
    words = sum(bool(re.search(r"\w", word)) for word in shown)  # no table bars
    if not WORDS[0] <= words <= WORDS[1]:
        yield f"write {WORDS[0]} to {WORDS[1]} words, not {words}"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_page_has_all_its_parts(chapter):
    faults = list(unfit(chapter, (ROOT / f"book/{chapter}.md").read_text("utf-8")))
    assert not faults, f"book/{chapter}.md:\n" + "\n".join(faults)


@pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_a_notebook_is_stored_without_outputs(path):
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    run = [c for c in code if c["outputs"] or c["execution_count"] is not None]
    clear = f"jupyter nbconvert --clear-output --inplace {path.relative_to(ROOT)}"
    assert not run, f"{len(run)} cells hold what a run left: .venv/bin/{clear}"


def test_ruff_finds_nothing_and_formats_nothing():
    ruff = Path(sys.executable).with_name("ruff")
    for arguments in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [ruff, *arguments, "."], cwd=ROOT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-3000:]


def test_spelling_is_american():
    tracked = subprocess.run(
        ["git", "ls-files", "book", "notebooks", "solutions", "helpers", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    for name in filter(None, tracked):
        path = ROOT / name
        if path.suffix in (".md", ".py", ".ipynb", ".json", ".js") and path.is_file():
            found = BRITISH.search(path.read_text())
            assert not found, f"{name}: {found.group()}"


def test_the_conda_environment_agrees_with_the_package():
    import tomllib

    import yaml
    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = project["dependencies"] + [
        line for name, lines in extras.items() if name != "all" for line in lines
    ]
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in conda if isinstance(entry, dict))
    given = [entry for entry in conda if isinstance(entry, str)] + pip[1:]
    renamed = {"pytorch-cpu": "torch"}
    have = {
        renamed.get(r.name, r.name): r.specifier
        for r in map(Requirement, (entry.replace("=>", ">=") for entry in given))
    }
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    )
    pins = {name.lower(): version for name, version in pins.items()}
    for requirement in map(Requirement, asked):
        assert requirement.name in have, requirement.name
        assert have[requirement.name] == requirement.specifier, requirement.name
        assert requirement.specifier.contains(pins[requirement.name]), requirement.name
