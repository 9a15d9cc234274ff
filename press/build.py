"""Build the book: execute every notebook in parallel, build the HTML, scan it.

Run it through ``make book``. The steps:

1. leave out the solutions where that is asked for;
2. execute the notebooks that changed, in parallel, into the cache that myst-nb reads
   (Jupyter Book alone would execute them one after the other);
3. ``jupyter-book build``, in which each warning is an error;
4. ``press/lite.py`` makes the part that runs in the browser, where it changed;
5. scan the pages for what a strict build lets through: tracebacks, executed pages
   without outputs, pictures without alt text, paths of the building machine.
"""

import argparse
import hashlib
import multiprocessing
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import yaml
from bs4 import BeautifulSoup
from jupyter_cache import get_cache
from jupyter_cache.executors.basic import ExecutionWorkerLocalMProc, ProcessData
from jupyter_cache.executors.utils import single_nb_execution
from nbclient.exceptions import CellExecutionError, DeadKernelError

from helpers import _terminal
from helpers.data.fetch import cache_folder
from press.contents import BUILD, CACHE, RESULTS, ROOT
from press.live import pytorch

HTML = BUILD / "html"
SCANNED = BUILD / "scanned"  # as old as the last scan that found nothing
FREE_BYTES = 500e6
CELL_SECONDS = 300
STARTS = 3  # of a kernel: between the choice and the use of a port another may take it
SETTINGS = (
    *("COURSE_PROFILE", "COURSE_DEVICE", "COURSE_OFFLINE"),
    *("COURSE_DATA_MIRROR", "COURSE_DATA_DIR"),
)


def main() -> None:
    """Build the book, or say in one line why not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-solutions", action="store_true")
    arguments = parser.parse_args()
    start = perf_counter()
    try:
        build(solutions=not arguments.no_solutions)
    except BuildError as error:
        sys.exit(f"book: {error}")
    index = (HTML / "index.html").relative_to(ROOT)
    print(f"\nThe book is built ({perf_counter() - start:.0f} s): open {index}")
    print("or serve it: make serve")


class BuildError(Exception):
    """One line that says what is wrong."""


def build(*, solutions: bool) -> None:
    """Run all steps; raise `BuildError` at the first that fails."""
    BUILD.mkdir(exist_ok=True)
    free = shutil.disk_usage(BUILD).free
    if free < FREE_BYTES:
        raise BuildError(
            f"the disk of {BUILD} has {free / 1e6:.0f} MB free, "
            f"{FREE_BYTES / 1e6:.0f} MB are needed"
        )
    try:
        pytorch.wheels()
    except pytorch.TorchError as error:
        raise BuildError(str(error)) from None
    toc = table_of_contents(solutions=solutions)
    if not solutions and (HTML / "solutions").exists():
        for folder in (HTML, BUILD / ".doctrees"):  # nothing of them may be published
            shutil.rmtree(folder)
    notebooks = [ROOT / f"{name}.ipynb" for name in executed(toc)]
    execute(notebooks)
    build_html(toc)
    build_lite()
    problems = [line for page in new_pages() for line in scan(page)]
    for line in problems:
        print(line, file=sys.stderr)
    if problems:
        raise BuildError(f"{len(problems)} problems in the built pages, listed above")
    SCANNED.touch()


def table_of_contents(*, solutions: bool) -> Path:
    """Return the table of contents to build, without solutions where asked for."""
    if solutions:
        return ROOT / "_toc.yml"
    content = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    for part in content["parts"]:
        for chapter in part["chapters"]:
            kept = [
                section
                for section in chapter.pop("sections", [])
                if not section["file"].startswith("solutions/")
            ]
            if kept:  # an empty list is an error in a table of contents
                chapter["sections"] = kept
    target = BUILD / "_toc.yml"
    target.write_text(yaml.safe_dump(content, sort_keys=False))
    return target


def entries(node) -> Iterator[str]:
    """Yield the name of every page of a table of contents."""
    if isinstance(node, dict):
        yield from (node[key] for key in ("root", "file") if key in node)
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from entries(child)


def executed(toc: Path) -> list[str]:
    """Return the notebooks that the book executes: exercises are shown as they are."""
    names = entries(yaml.safe_load(toc.read_text("utf-8")))
    return [name for name in names if name.startswith(("notebooks/", "solutions/"))]


def fingerprint() -> str:
    """Return a hash of all that an output depends on besides the notebook's own cells.

    A cached output is valid for the package, versions and settings that made it.
    """
    digest = hashlib.sha256(sys.version.encode())
    files = (ROOT / "helpers").rglob("*")
    for path in sorted(p for p in files if p.suffix in (".py", ".txt")):
        digest.update(path.read_bytes())
    digest.update((ROOT / "constraints.txt").read_bytes())
    for path in sorted((ROOT / "book" / "results").glob("*.json")):
        digest.update(path.read_bytes())  # a notebook may show its kept full run
    for path in sorted(cache_folder().glob("*/*")):  # stand-ins, or the real data?
        digest.update(f"{path.name} {path.stat().st_size}".encode())
    for name in SETTINGS:
        digest.update(f"{name}={os.environ.get(name)}".encode())
    digest.update(version("myst-nb").encode())
    return digest.hexdigest()


def execute(notebooks: list[Path]) -> None:
    """Execute what is not in the cache, one notebook per core."""
    stamp = CACHE / "fingerprint"
    if not stamp.is_file() or stamp.read_text("utf-8") != fingerprint():
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.mkdir(parents=True)
    cache = get_cache(CACHE)
    for record in cache.list_project_records():  # some may be gone from the contents
        cache.remove_nb_from_project(record.pk)
    # the biggest first, so that no core is left alone with it at the end
    for path in sorted(notebooks, key=lambda path: path.stat().st_size, reverse=True):
        cache.add_nb_to_project(path)
    missing = cache.list_unexecuted()
    if not missing:
        return
    print(f"executing {len(missing)} of {len(notebooks)} notebooks …", flush=True)
    before = dict(os.environ)
    os.environ |= surroundings()
    try:
        failed = run(cache, missing)
    finally:
        os.environ.clear()
        os.environ.update(before)
    stamp.write_text(
        fingerprint(), "utf-8"
    )  # only now: the notebooks have fetched their data
    # Sphinx sees changed sources, not changed outputs, and a page takes numbers from
    # the outputs of others: it must read everything again
    shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
    for uri in failed:
        record = cache.get_project_record(uri)
        print(record.traceback or "", file=sys.stderr)
    if failed:
        names = ", ".join(str(Path(uri).relative_to(ROOT)) for uri in failed)
        raise BuildError(f"these notebooks fail, see the traceback above: {names}")


def surroundings() -> dict[str, str]:
    """Return the variables with which notebooks run, and write the files they name.

    Nothing of the builder's own settings reaches an output: neither start-up scripts
    of IPython nor a matplotlibrc.
    """
    profile = BUILD / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    settings = profile / "ipython_kernel_config.py"
    settings.write_text(
        "c.IPKernelApp.log_level = 40\n", "utf-8"
    )  # no talk about transports
    matplotlib = BUILD / "matplotlib"
    matplotlib.mkdir(exist_ok=True)
    (matplotlib / "matplotlibrc").write_text("# all defaults\n", "utf-8")
    return {
        "IPYTHONDIR": str(profile.parent),
        "MPLCONFIGDIR": str(matplotlib),
        "MATPLOTLIBRC": str(matplotlib / "matplotlibrc"),
        "COURSE_RESULTS_DIR": os.environ.get("COURSE_RESULTS_DIR", str(RESULTS)),
        "COURSE_DRIVE_CONTROLS": "1",  # each slider is moved once
        "OMP_NUM_THREADS": "1",  # the notebooks share the cores, one each
        "OPENBLAS_NUM_THREADS": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's kernel, not the user's
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


class Worker(ExecutionWorkerLocalMProc):
    """Executes one notebook in its own folder, in a process of the pool."""

    @staticmethod
    def execute(project_nb, data: ProcessData):
        """Execute it; the state of widgets, which no page shows, is not kept.

        A picture that cannot be drawn is an error output after which IPython goes on:
        for us it is an error like any other.
        """
        for started in range(1, STARTS + 1):
            try:
                result = single_nb_execution(
                    project_nb.nb,
                    cwd=str(Path(project_nb.uri).parent),
                    timeout=data.timeout,
                    allow_errors=data.allow_errors,
                    store_widget_state=False,
                )
                break
            except DeadKernelError:  # it had started: what it ran has ended it
                raise
            except RuntimeError:
                if started == STARTS:
                    raise
        for output in [] if result.err else error_outputs(result.nb):
            result.exc_string = "\n".join(output.traceback)
            result.err = CellExecutionError(
                result.exc_string, output.ename, output.evalue
            )
        return result


def error_outputs(notebook) -> list:
    """Return the outputs of an executed notebook that are errors."""
    cells = (cell for cell in notebook.cells if cell.cell_type == "code")
    outputs = (output for cell in cells for output in cell.outputs)
    return [output for output in outputs if output.output_type == "error"]


def run(cache, records: list) -> list[str]:
    """Execute notebooks in parallel and cache them; return those that fail.

    Notebooks of equal code have one place in the cache: one of them is executed.
    """
    read = [(cache.get_project_notebook(r.pk).nb, r) for r in records]
    of_code = {cache.create_hashed_notebook(nb)[1]: record for nb, record in read}
    records = list(of_code.values())
    tasks = [ProcessData(r.pk, r.uri, cache, CELL_SECONDS, False) for r in records]
    failed, done, start = [], [], perf_counter()
    with multiprocessing.Pool() as pool:
        for state, uri in pool.imap_unordered(Worker(), tasks):
            if state:
                failed.append(uri)
            done.append(uri)
            print(progress(done, [r.uri for r in records], perf_counter() - start))
            sys.stdout.flush()
    return failed


def progress(done: list[str], every: list[str], seconds: float) -> str:
    """Say what is done and about how long the rest takes, going by what is done."""
    left = seconds * (sum(map(weight, every)) / sum(map(weight, done)) - 1)
    name = Path(done[-1]).relative_to(ROOT).with_suffix("").as_posix()
    rest = f"about {left:.0f} s left" if len(done) < len(every) else "all are done"
    return f"  {len(done)}/{len(every)} {name}, {seconds:.0f} s, {rest}"


def weight(uri: str) -> int:
    """Return about how long a notebook takes, in units of an exercise's solution."""
    return 15 if Path(uri).parent.name == "notebooks" else 1


def build_html(toc: Path) -> None:
    """Build the pages; any warning fails the build."""
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(ROOT)]
    command += ["--toc", str(toc), "-n", "-W", "--keep-going", "-q"]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = os.environ | {"PYTHONPATH": path}  # our extensions import each other
    if subprocess.run(command, cwd=ROOT, env=environment).returncode:
        # Sphinx warns only about pages that it reads: without its memory of this build
        # the next one repeats the warning, and does not pass by keeping silent
        shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
        raise BuildError("the strict build fails: each warning above is an error")


def build_lite() -> None:
    """Build what runs in the browser, if it is out of date."""
    if subprocess.run([sys.executable, "-m", "press.lite"], cwd=ROOT).returncode:
        raise BuildError("the part that runs in the browser is not built, see above")


def pages() -> list[Path]:
    """Return the built pages that come from our sources."""
    names = entries(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8")))
    return [path for name in names if (path := HTML / f"{name}.html").is_file()]


def new_pages() -> list[Path]:
    """Return the pages written since the last scan that found nothing."""
    since = SCANNED.stat().st_mtime if SCANNED.is_file() else 0.0
    if Path(__file__).stat().st_mtime > since:
        return pages()
    return [page for page in pages() if page.stat().st_mtime > since]


def scan(page: Path) -> Iterator[str]:
    """Yield a line for each thing that must not be in a page."""
    name = page.relative_to(HTML).as_posix()
    text = page.read_text("utf-8")
    soup = BeautifulSoup(text, "html.parser")
    article = soup.find("article") or soup
    if article.select(".traceback, .highlight-ipythontb") or "Traceback (most" in text:
        yield f"{name}: shows a traceback"
    if article.select(".output.error, .output.stderr"):
        yield f"{name}: shows an error or a warning"
    for image in article.find_all("img"):
        if not image.get("alt", "").strip() or image["alt"] == image.get("src"):
            yield f"{name}: picture without alt text: {image.get('src')}"
        if image.get("alt", "").endswith((".png", ".svg")):
            yield f"{name}: the alt text is a file name: {image['alt']}"
    is_notebook = name.startswith(("notebooks/", "solutions/"))
    if is_notebook and not article.select(".cell_output"):
        yield f"{name}: was not executed: it has no output"
    for path in {str(ROOT), str(Path.home()), sys.prefix} - {"/"}:
        if path in text:
            yield f"{name}: contains a path of this machine: {path}"


if __name__ == "__main__":
    _terminal.run(main)
