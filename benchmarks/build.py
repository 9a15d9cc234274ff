"""`press.build` on all cores against Jupyter Book alone, which executes in a row.

    python benchmarks/build.py [--rounds 1] [--short]

Each side builds its own copy of the checkout with an empty cache, in its own temporary
folder, with one thread for each notebook. A cold build takes minutes, so one round is
the default; take more to publish a number. Nothing else should run on the machine, and
the data should be there (``make data``), or the first side downloads it for both.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import nbformat
from _ratio import finish, interleave, options, ratio, table

ROOT = Path(__file__).resolve().parent.parent
BAR = 1.7
# what press/build.py sets for its notebooks, for both sides
SAME = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def main() -> None:
    """Measure and report."""
    settings = options(__doc__, rounds=1)
    print(f"{os.cpu_count()} cores, cold builds of {ROOT.name}", flush=True)
    program = str(Path(sys.executable).with_name("jupyter-book"))
    sides = {
        "press.build": [sys.executable, "-m", "press.build"],
        "jupyter-book": [program, "build", ".", "-n", "-W", "--keep-going", "-q"],
    }
    seconds = interleave(
        {
            name: lambda command=command: cold(command, settings.short)
            for name, command in sides.items()
        },
        settings.rounds,
    )
    table(seconds)
    value = ratio(seconds, "jupyter-book", "press.build")
    finish("build", value, BAR, short=settings.short)


def cold(command: list[str], short: bool) -> float:
    """Return the seconds that `command` takes in a fresh copy of the checkout."""
    with TemporaryDirectory(prefix="book-") as folder:
        copy = Path(folder) / ROOT.name
        copy_checkout(copy)
        if short:
            shorten(copy)
        variables = os.environ | SAME
        variables["COURSE_RESULTS_DIR"] = str(copy / "_build" / "results")
        start = perf_counter()
        quiet = {"stdout": subprocess.DEVNULL}  # errors are shown
        if subprocess.run(command, cwd=copy, env=variables, **quiet).returncode:
            sys.exit(f"build: {' '.join(command)} fails in a fresh copy, see above")
        return perf_counter() - start


def shorten(copy: Path) -> None:
    """Make a book of one page and two notebooks, in place of the whole one."""
    contents = "format: jb-book\nroot: book/short\nchapters:\n"
    (copy / "book" / "short.md").write_text("# A short book\n", encoding="utf-8")
    for name in ("one", "two"):
        title = nbformat.v4.new_markdown_cell(f"# {name}")
        cell = nbformat.v4.new_code_cell(f"import time\n\ntime.sleep(2)\n{name!r}")
        notebook = nbformat.v4.new_notebook(cells=[title, cell])
        nbformat.write(notebook, copy / "notebooks" / f"{name}.ipynb")
        contents += f"- file: notebooks/{name}\n"
    (copy / "_toc.yml").write_text(contents, encoding="utf-8")


def copy_checkout(target: Path) -> None:
    """Copy what git knows or would add, as it lies in the working tree."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    for name in filter(None, listing.stdout.decode().split("\0")):
        if (ROOT / name).is_file():  # a file may be deleted but not yet committed
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


if __name__ == "__main__":
    main()
