"""The house rules: chapters have all their rooms, pages their parts, code its style."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from press.contents import chapters
from tests import ROOT

CHAPTERS = list(chapters())
APPENDIX = "language_models"  # a notebook without exercises, quiz and exploration
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


def test_every_notebook_belongs_to_a_chapter_or_the_appendix():
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    assert names == sorted([*CHAPTERS, APPENDIX])


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_all_its_rooms(chapter):
    for room in (
        f"book/{chapter}.md",
        f"book/quizzes/{chapter}.json",
        f"book/explorations/{chapter}.js",
        f"tests/wrong_answers/{chapter}/__init__.py",
    ):
        assert (ROOT / room).is_file(), room
    names = [path.stem for path in (ROOT / "solutions" / chapter).glob("*.ipynb")]
    assert names
    checks = ROOT / "helpers" / "checks"
    for name in names:
        # a chapter's checks in one module, or a module for each exercise
        own = (checks / f"{chapter}.py", checks / chapter / f"{name}.py")
        assert any(path.is_file() for path in own), own
        assert (ROOT / f"exercises/{chapter}/{name}.ipynb").is_file()
        assert (ROOT / f"tests/wrong_answers/{chapter}/{name}.py").is_file()
    contents = (ROOT / "_toc.yml").read_text()
    for page in [f"book/{chapter}", f"notebooks/{chapter}"] + [
        f"{room}/{chapter}/{name}"
        for room in ("exercises", "solutions")
        for name in names
    ]:
        assert f"file: {page}\n" in contents, page


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_page_has_all_its_parts(chapter):
    text = (ROOT / f"book/{chapter}.md").read_text()
    assert re.search(r":class: goals", text)
    assert re.search(r"about \d+ minutes to read", text)
    assert f"{{exploration}} {chapter}" in text
    assert f"{{quiz}} {chapter}" in text
    assert f"](../notebooks/{chapter}.ipynb)" in text
    assert f"](../exercises/{chapter}/" in text
    assert "{glue:text}" in text
    assert len(re.findall(r":label: eq-", text)) >= 3
    for heading in ("## Quiz", "## Common mistakes", "## Summary", "## Sources"):
        assert heading in text
    words = [word for word in text.split() if re.search(r"\w", word)]  # no table bars
    assert 1200 <= len(words) <= 2500


@pytest.mark.parametrize(
    "path", NOTEBOOKS, ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_a_notebook_is_stored_without_outputs(path):
    code = [cell for cell in cells(path) if cell["cell_type"] == "code"]
    assert all(cell["outputs"] == [] for cell in code)
    assert all(cell["execution_count"] is None for cell in code)


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
