"""What a live page fetches: its cells as data, the checks as a wheel, the runner.

The names of the checks and the runner carry a hash of their content, and
`settings.json`, which is asked for anew at each visit, has these names: a corrected
check arrives with the reader's next visit.
"""

import functools
import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL

from press import needs, wheels
from press.contents import BUILD, ROOT
from press.live import pytorch

HERE = Path(__file__).parent
LOCAL = "../../lite/static/pyodide/"  # from _course/live; press/lite.py puts it there
HASHED = 10  # characters of a hash
HEADING = re.compile(r"^#+ (.*?)\s*$", re.MULTILINE)


def name_of(metadata: dict, number: int) -> str:
    """Return the name of a code cell: nbgrader's, or its place among the code cells."""
    return metadata.get("nbgrader", {}).get("grade_id") or f"own{number}"


def role_of(metadata: dict) -> str:
    """Return what a code cell is for: setup, answer, check, given, own."""
    cell = metadata.get("nbgrader")
    if cell is None:
        return "own"
    if cell["grade_id"].endswith("_setup"):
        return "setup"
    if cell["grade"]:
        return "check"
    return "answer" if cell["solution"] else "given"


def sheet(path: Path) -> dict:
    """Return the cells of a released exercise, as the page's script takes them.

    A task is named by a hash of its text and of the cell as it was released.
    """
    notebook = json.loads(path.read_text("utf-8"))
    cells, text, title = [], "", ""
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            text = source
            heading = HEADING.search(source)
            title = heading[1] if heading else title
            continue
        metadata = cell["metadata"]
        if "setup" in metadata.get("tags", ()):
            continue  # the package is there, and the page does not show the cell
        made = {
            "id": name_of(metadata, len(cells)),
            "role": role_of(metadata),
            "source": needs.MAGIC.sub(r"\1pass", source),
        }
        if made["role"] == "check":
            made["points"] = metadata["nbgrader"]["points"]
        if made["role"] in ("answer", "own"):
            made |= {"title": title, "task": short_hash(f"{text}\0{source}".encode())}
        cells.append(made)
    chapter = path.parent.name
    wanted = needs.needed(path)
    return {
        "exercise": f"{chapter}/{path.stem}",
        "packages": [
            theirs for ours, theirs in wheels.PACKAGES.items() if ours in wanted
        ],
        "wheels": [
            f"torch/{path.name}"
            for path in pytorch.wheels()
            if wanted.intersection(needs.TORCH)
        ],
        "places": places(chapter),
        "cells": cells,
    }


def places(chapter: str) -> dict[str, str]:
    """Return the address of each heading of a chapter's page, seen from an exercise."""
    text = (ROOT / "book" / f"{chapter}.md").read_text("utf-8")
    page = f"../../book/{chapter}.html"
    return {heading: f"{page}#{anchor(heading)}" for heading in HEADING.findall(text)}


class Offer(NamedTuple):
    """A step that a section of a chapter's page offers."""

    exercise: str
    cell: str
    title: str


def steps_of(chapter: str) -> dict[str, list[Offer]]:
    """Return the steps that go with each section of a chapter's page.

    A check that is a `Step` names its section; `places` has its heading, or the build
    fails.

    Raises
    ------
    ValueError
        If a step names a heading that the page does not have.
    """
    found: dict[str, list[Offer]] = {}
    for path in exercises():
        if path.parent.name != chapter:
            continue
        made = sheet(path)
        answer = {}
        for cell in made["cells"]:
            answer = cell if cell["role"] == "answer" else answer
            step = step_of(chapter, cell["source"]) if cell["role"] == "check" else None
            heading = getattr(step, "see", "")
            if heading and heading not in made["places"]:
                raise ValueError(f"{step.name}: book/{chapter}.md has no {heading!r}")
            offer = Offer(
                made["exercise"], answer.get("id", ""), answer.get("title", "")
            )
            if heading and offer not in found.setdefault(heading, []):
                found[heading].append(offer)
    return found


def step_of(chapter: str, source: str) -> Any:
    """Return what a check's cell calls first: ``checks.predict(predict)``."""
    module = importlib.import_module(f"helpers.checks.{chapter}")
    called = re.search(r"\bchecks\.(\w+)", source)
    return getattr(module, called[1], None) if called else None


def anchor(heading: str) -> str:
    """Return the identifier that docutils gives a heading without markup."""
    from docutils.nodes import make_id

    return make_id(heading)


def short_hash(content: bytes) -> str:
    """Return a hash, short enough for a file's name."""
    return hashlib.sha256(content).hexdigest()[:HASHED]


@functools.cache
def exercises() -> list[Path]:
    """Return the exercises that are live."""
    paths, given = sorted((ROOT / "exercises").glob("*/*.ipynb")), pytorch.given()
    return [path for path in paths if needs.in_browser(path, given)]


@functools.cache
def settings() -> dict[str, str]:
    """Return where the script finds Python, the checks and the runner."""
    local = bool(os.environ.get("PYODIDE_DIR"))
    found = {
        "pyodide": LOCAL if local else f"{PYODIDE_CDN_URL}/",
        "wheel": wheel().name,
        "runner": f"runner-{short_hash((HERE / 'runner.py').read_bytes())}.py",
    }
    if folder := compiled():
        found |= {"stdlib": "python/stdlib.zip", "lock": "python/lock.json"}
        found["compiled"] = folder.name
    return found | {"version": short_hash(json.dumps(found).encode())}


@functools.cache
def compiled() -> Path | None:
    """Compile what Python starts with, where there is Node; return where it lies.

    Without it a page starts all the same, in more seconds.
    """
    chosen, node = os.environ.get("PYODIDE_DIR"), shutil.which("node")
    if not chosen or not node:
        return None
    program, distribution = HERE / "compile.mjs", Path(chosen).expanduser().resolve()
    lock = distribution / "pyodide-lock.json"
    name = short_hash(program.read_bytes() + lock.read_bytes())
    folder = BUILD / "live" / f"python-{name}"
    if not (folder / "lock.json").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([node, program, distribution, folder], check=True)
    return folder


@functools.cache
def wheel() -> Path:
    """Write `helpers` as a wheel with a hash in its name; return where it lies."""
    folder = BUILD / "live"
    folder.mkdir(parents=True, exist_ok=True)
    made = wheels.write_helpers(folder)
    named = made.with_name(f"helpers-{short_hash(made.read_bytes())}.zip")
    made.replace(named)
    return named


def write(target: Path) -> None:
    """Write all files that live pages fetch into a folder of the site."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(HERE / "page", target)
    shutil.copy(ROOT / "press" / "vendor" / "editor.mjs", target)
    # a service worker serves the folder in which it lies
    (target / "service.js").replace(target.parents[1] / "live-service.js")
    (target / "settings.json").write_text(json.dumps(settings()), "utf-8")
    shutil.copy(wheel(), target / settings()["wheel"])
    shutil.copy(HERE / "runner.py", target / settings()["runner"])
    if folder := compiled():
        shutil.copytree(folder, target / "python")
    for path in pytorch.wheels():
        (target / "torch").mkdir(exist_ok=True)
        shutil.copy(path, target / "torch")
    for path in exercises():
        file = target / "sheets" / path.parent.name / f"{path.stem}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(sheet(path), ensure_ascii=False), "utf-8")
