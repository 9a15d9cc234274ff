"""Run the notebooks with the literature's budget: ``make reproduce``, for hours.

Each chapter's notebook runs by itself, one on each core, and its results replace
``book/results/<chapter>.json`` when it has come to its end. Killed and started again,
the command goes on: chapters that are done stay done, and inside a chapter each
training that took longer than some seconds is read from ``_build/reproduce``
(`press.keep`). A chapter is done anew when its notebook, the package or the versions
have changed. ``make reproduce CHAPTER=lstm`` runs one.

Stand-ins reproduce nothing: the data sets are fetched first, and one that is not to be
had ends the command. A part of a data set ends its chapter.
"""

import argparse
import ast
import hashlib
import json
import multiprocessing
import os
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert.filters import strip_ansi

from helpers import _terminal
from helpers.data import names
from helpers.data.fetch import read
from helpers.data.registry import REGISTRY
from press.build import surroundings
from press.contents import BOOK, BUILD, ROOT

KEPT = BOOK / "results"
WORK = BUILD / "reproduce"
LIBRARIES = ("numpy", "scikit-learn", "torch")
TOLD = 20  # seconds: a cell that takes longer is told of


def main() -> int:
    """Run what is not done; return 0 if all chapters have their results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("chapter", nargs="?", help="one chapter; all by default")
    chapter = parser.parse_args().chapter
    known = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    if chapter and chapter not in known:
        sys.exit(f"reproduce: unknown chapter {chapter!r}; known: {', '.join(known)}")
    if lacking := missing_data():
        sys.exit(f"reproduce: these data sets are not to be had: {', '.join(lacking)}")
    wanted = [chapter] if chapter else known
    todo = [name for name in wanted if not is_done(name)]
    print(f"{len(wanted) - len(todo)} of {len(wanted)} chapters are done already")
    if todo:
        print(f"to do: {', '.join(todo)}{about(sum(map(last_time, todo)))}", flush=True)
    os.environ |= surroundings() | {"COURSE_PROFILE": "full"}
    del os.environ["COURSE_DRIVE_CONTROLS"]
    failed = []
    with multiprocessing.Pool() as pool:
        for name, fault in pool.imap_unordered(reproduce, longest_first(todo)):
            todo.remove(name)
            failed += [name] * bool(fault)
            rest = f"; to do: {', '.join(todo)}{about(sum(map(last_time, todo)))}"
            print(f"{name}: {fault or 'done'}{rest if todo else ''}", flush=True)
    return 1 if failed else 0


def missing_data() -> list[str]:
    """Return the data sets of which a file can neither be fetched nor found."""
    return [
        name for name in names() if any(read(f) is None for f in REGISTRY[name].files)
    ]


def longest_first(chapters: list[str]) -> list[str]:
    """Return the chapters so that no core is left alone with the longest."""
    return sorted(chapters, key=last_time, reverse=True)


def last_time(chapter: str) -> float:
    """Return the seconds that the kept results took, 0 if they do not say."""
    path = KEPT / f"{chapter}.json"
    return json.loads(path.read_text("utf-8")).get("seconds", 0) if path.exists() else 0


def about(time: float, what: str = " of one core") -> str:
    """Return a number of seconds as text, nothing if it is not known."""
    return f", about {time / 60:.0f} minutes{what}" if time else ""


def fingerprint(chapter: str) -> str:
    """Return a hash of all that a chapter's results depend on: code and versions."""
    digest = hashlib.sha256(sys.version.encode())
    notebook = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", 4)
    for cell in notebook.cells:
        digest.update(cell.source.encode() if cell.cell_type == "code" else b"")
    helpers = ROOT / "helpers"
    for path in sorted([*helpers.glob("*.py"), *(helpers / "data").glob("*.py")]):
        digest.update(path.read_bytes())
    for name in LIBRARIES:
        digest.update(version(name).encode())
    return digest.hexdigest()[:16]


def is_done(chapter: str) -> bool:
    """Tell whether this state of the chapter has come to its end."""
    return (WORK / chapter / fingerprint(chapter) / "done").is_file()


def reproduce(chapter: str) -> tuple[str, str]:
    """Run one notebook; return its chapter, and what went wrong."""
    folder = WORK / chapter / fingerprint(chapter)
    folder.mkdir(parents=True, exist_ok=True)
    notebook = nbformat.read(ROOT / "notebooks" / f"{chapter}.ipynb", 4)
    total = len(notebook.cells)
    for cell in notebook.cells:
        if "define" in cell.metadata.get("tags", []):
            cell.source = with_kept(cell.source)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(beginning(folder)))
    start, last = perf_counter() - seconds(folder), perf_counter()

    def tell(cell, cell_index, execute_reply):
        nonlocal last
        took, last = perf_counter() - last, perf_counter()
        (folder / "seconds").write_text(f"{last - start:.0f}")
        if took > TOLD:
            left = about(max(0, last_time(chapter) - (last - start)), " left")
            print(f"  {chapter}: cell {cell_index} of {total}{left}", flush=True)

    client = NotebookClient(
        notebook,
        timeout=None,
        resources={"metadata": {"path": str(ROOT / "notebooks")}},
        on_cell_executed=tell,
    )
    os.environ["COURSE_RESULTS_DIR"] = str(folder)
    fault = ""
    try:
        client.execute()
    except CellExecutionError as error:
        fault = f"stops: {error.ename}: {error.evalue}\n{strip_ansi(error.traceback)}"
    if not fault and (folder / f"{chapter}.json").is_file():
        record = json.loads((folder / f"{chapter}.json").read_text("utf-8"))
        record |= {"date": date.today().isoformat(), "seconds": round(seconds(folder))}
        text = json.dumps(record, indent=1, ensure_ascii=False)
        (KEPT / f"{chapter}.json").write_text(text + "\n", "utf-8")
    if not fault:
        (folder / "done").touch()
    return chapter, fault


def seconds(folder: Path) -> float:
    """Return the seconds that all runs so far have spent on this state of a chapter."""
    path = folder / "seconds"
    return float(path.read_text()) if path.is_file() else 0.0


def beginning(folder: Path) -> str:
    """Return the cell before all others: from here on, long trainings are kept."""
    return (
        "from pathlib import Path as _Path\n"
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "import helpers.training\n"
        "from press.keep import Keeper as _Keeper\n"
        f"_keep = _Keeper(_Path({str(folder / 'trainings')!r}))\n"
        "helpers.training.fit = _keep(helpers.training.fit)"
    )


def with_kept(source: str) -> str:
    """Return a cell whose functions keep what they give."""
    defined = [n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef)]
    return "\n".join([source, *(f"{name} = _keep({name})" for name in defined)])


if __name__ == "__main__":
    _terminal.run(main)
