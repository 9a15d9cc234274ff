"""Make the part of the book that runs in the browser: a JupyterLite site beside it.

``press/build.py`` runs this file after the pages are built. It writes
`_build/html/lite` when something it is made from has changed:

1. browser copies of the notebooks that run without PyTorch (`press.needs`); cells that
   are tagged `not-in-browser` are left out (PyTorch, a second process, the results
   kept beside the book). Exercises run on their own pages: `press.live`;
2. `helpers` as a wheel, which the first cell of each copy installs from the site, with
   those of Pyodide's packages that the copy needs: what needs NumPy only starts
   without fetching the others. A copy that is older than the site's says so there;
3. ``jupyter lite build``, with the Pyodide kernel as its only extension.

It is a Sphinx extension, too: a page that has one links to its browser copy.

Pyodide itself comes from its default address, or, where ``PYODIDE_DIR`` names a folder
with its full distribution, from a copy in the site.
"""

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from jupyterlite_pyodide_kernel.constants import (
    PYODIDE_PYTHON_VERSION,
    PYODIDE_VERSION,
)

from helpers import _terminal
from press import needs, wheels
from press.contents import BUILD, ROOT
from press.live.pack import short_hash

SETTINGS = ROOT / "press" / "lite"
STAGE = BUILD / "lite"
SITE = BUILD / "html" / "lite"
KERNEL = "@jupyterlite/pyodide-kernel-extension"
PYODIDE_FILES = ("pyodide.mjs", "pyodide.asm.wasm", "pyodide-lock.json")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")
TORCH = re.compile(r"^(import torch|from (torch|helpers\.training)\b).*\n?", re.M)

INSTALL = """import sys

if sys.platform == "emscripten":  # in the browser: the package lies beside this site
    import piplite

    await piplite.install({})
    from helpers import browser

    await browser.tell_if_older({}, {})"""
ABOUT = """*This copy runs in your browser. The first cell takes a while: it
fetches Python. Data sets that would be downloaded are replaced by stand-ins, which say
so, and everything is slower than on your own machine.*"""
GAP = """*Not in the browser: here {} left out, because of PyTorch or something else
that only a machine of your own has. The page of this notebook in the book shows what
comes here, with all outputs.*"""


def main() -> None:
    """Build the site if it is out of date."""
    stamp = STAGE / "fingerprint"
    pyodide = pyodide_dir()
    current = fingerprint(pyodide)
    made_from = stamp.read_text("utf-8") if stamp.is_file() else None
    if made_from == current and (SITE / "index.html").is_file():
        return
    print("building the part that runs in the browser …", flush=True)
    for folder in (STAGE, SITE):
        shutil.rmtree(folder, ignore_errors=True)
    stage(pyodide)
    build()
    stamp.write_text(current, "utf-8")


@functools.cache
def sources() -> list[Path]:
    """Return the notebooks that run in the browser."""
    return [p for p in sorted(ROOT.glob("notebooks/*.ipynb")) if needs.in_browser(p)]


def pyodide_dir() -> Path | None:
    """Return the folder of the Pyodide distribution to serve, if one is chosen."""
    chosen = os.environ.get("PYODIDE_DIR")
    if not chosen:
        return None
    folder = Path(chosen).expanduser().resolve()
    missing = [name for name in PYODIDE_FILES if not (folder / name).is_file()]
    if missing:
        sys.exit(f"lite: PYODIDE_DIR={chosen} lacks {', '.join(missing)}")
    lock = json.loads((folder / "pyodide-lock.json").read_text("utf-8"))
    if not lock["info"]["python"].startswith(f"{PYODIDE_PYTHON_VERSION}."):
        sys.exit(
            f"lite: PYODIDE_DIR={chosen} has Python {lock['info']['python']}, but the "
            f"kernel needs Pyodide {PYODIDE_VERSION} (Python {PYODIDE_PYTHON_VERSION})"
        )
    if not (folder / lock["packages"]["numpy"]["file_name"]).is_file():
        print(
            f"lite: PYODIDE_DIR={chosen} holds no NumPy: take the full distribution, "
            "else no notebook runs",
            file=sys.stderr,
        )
    return folder


def fingerprint(pyodide: Path | None) -> str:
    """Return a hash of all that the site is made from."""
    programs = [Path(part) for part in (__file__, wheels.__file__, needs.__file__)]
    files = [*programs, ROOT / "pyproject.toml", *sorted(SETTINGS.iterdir())]
    digest = hashlib.sha256()
    for path in (*files, *sources(), *wheels.package()):
        digest.update(f"{path.name}\n".encode() + path.read_bytes())
    for name in ("jupyterlite-core", "jupyterlite-pyodide-kernel", "comm"):
        digest.update(version(name).encode())
    for path in sorted(pyodide.iterdir()) if pyodide else ():
        digest.update(f"{path} {path.stat().st_size}".encode())
    return digest.hexdigest()


def stage(pyodide: Path | None) -> None:
    """Lay out the folder that ``jupyter lite build`` reads."""
    shutil.copytree(SETTINGS, STAGE)
    for path in sources():
        target = STAGE / "files" / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(browser_copy(path), indent=1, ensure_ascii=False)
        target.write_text(text + "\n", encoding="utf-8")
    folder = STAGE / "pypi"
    folder.mkdir()
    wheels.write_helpers(folder)
    wheels.write_comm(folder)
    if pyodide:
        (STAGE / "static").mkdir()
        (STAGE / "static" / "pyodide").symlink_to(pyodide)


def build() -> None:
    """Run JupyterLite; show what it says only where it fails."""
    extension = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / KERNEL
    command = [sys.executable, "-m", "jupyterlite_core", "build"]
    command += ["--output-dir", str(SITE)]
    command += [f"--LiteBuildConfig.federated_extensions={extension}"]
    done = subprocess.run(command, cwd=STAGE, capture_output=True, text=True)
    if done.returncode:
        print(done.stdout, done.stderr, sep="\n", file=sys.stderr)
        sys.exit("lite: jupyter lite build fails, see above")


# --- browser copies -------------------------------------------------------------------


def browser_copy(path: Path) -> dict:
    """Return a notebook as it runs in the browser."""
    notebook = json.loads(path.read_text("utf-8"))
    title, *rest = without_left_out(notebook["cells"])
    rest = [adapted(cell, path) for cell in rest]
    version = short_hash(json.dumps(rest).encode())
    place = path.relative_to(ROOT).as_posix()
    first = map(json.dumps, (["neuron-by-neuron", *packages(path)], place, version))
    notebook["metadata"]["copy"] = version
    notebook["cells"] = [
        adapted(title, path),
        markdown("about-browser", ABOUT),
        code("install-browser", INSTALL.format(*first)),
        *rest,
    ]
    return notebook


def packages(path: Path) -> list[str]:
    """Return those of Pyodide's packages that a notebook needs."""
    wanted = needs.needed(path)
    return [theirs for ours, theirs in wheels.PACKAGES.items() if ours in wanted]


def without_left_out(cells: list[dict]) -> Iterator[dict]:
    """Yield the cells; a note stands where tagged ones were.

    Text between two tagged cells goes with them: it speaks of what is not there.
    """
    code_cells = [cell for cell in cells if cell["cell_type"] == "code"]
    gaps = [
        list(group) for tagged, group in groupby(code_cells, key=is_left_out) if tagged
    ]
    position = 0
    for number, gap in enumerate(gaps):
        first, last = cells.index(gap[0]), cells.index(gap[-1])
        yield from cells[position:first]
        count = "one cell is" if len(gap) == 1 else f"{len(gap)} cells are"
        yield markdown(f"left-out-{number}", GAP.format(count))
        position = last + 1
    yield from cells[position:]


def is_left_out(cell: dict) -> bool:
    """Tell whether a cell cannot run in the browser."""
    return needs.LEFT_OUT in cell["metadata"].get("tags", [])


def adapted(cell: dict, path: Path) -> dict:
    """Return a cell without torch's imports, or without links that lead nowhere."""
    text = "".join(cell["source"])
    if cell["cell_type"] == "code":
        text = TORCH.sub("", text)
    else:
        text = LINK.sub(lambda link: kept_link(link, path), text)
    return cell | {"source": text.splitlines(keepends=True)}


def kept_link(link: re.Match, path: Path) -> str:
    """Return a link if it leaves the book or leads to another copy, else its text."""
    target = (path.parent / link[2]).resolve()
    leads_somewhere = re.match(r"https?:", link[2]) or target in sources()
    return link[0] if leads_somewhere else link[1]


def markdown(ident: str, text: str) -> dict:
    """Return a cell of text."""
    lines = text.splitlines(keepends=True)
    return {"cell_type": "markdown", "id": ident, "metadata": {}, "source": lines}


def code(ident: str, text: str) -> dict:
    """Return a cell of code."""
    return markdown(ident, text) | {
        "cell_type": "code",
        "execution_count": None,
        "outputs": [],
    }


# --- links from the pages -------------------------------------------------------------


def copy_of(page: str) -> str | None:
    """Return the browser copy that belongs to a page: ``notebooks/rbf.ipynb``."""
    copy = f"{re.sub('^book/', 'notebooks/', page)}.ipynb"
    return copy if ROOT / copy in sources() else None


def add_button(app, page: str, template: str, context: dict, doctree) -> None:
    """Put the button that opens the browser copy before the other ones."""
    notebook = copy_of(page)
    if notebook is None:
        return
    view = context["pathto"]("lite/notebooks/index.html", 1)
    button = {
        "type": "link",
        "url": f"{view}?path={notebook}",
        "text": "Run in the browser",
        "tooltip": "Opens the notebook, with nothing to install",
        "icon": "fas fa-play",
        "label": "run-in-browser",
    }
    context["header_buttons"].insert(0, button)


def setup(app) -> None:
    """Register the button with Sphinx."""
    app.connect("html-page-context", add_button, priority=900)


if __name__ == "__main__":
    _terminal.run(main)
