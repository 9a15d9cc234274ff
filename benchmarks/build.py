"""`press/build.py` on all cores against Jupyter Book alone, which executes in a row.

    python benchmarks/build.py [--rounds 1]

Each side builds its own copy of the checkout with an empty cache, in its own temporary
folder, with one thread for each notebook. A cold build takes minutes, so one round is
the default; take more to publish a number. Nothing else should run on the machine, and
the data should be there (``make data``), or the first side downloads it for both.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from _ratio import finish, interleave, ratio, rounds, table

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
    count = rounds(__doc__, default=1)
    print(f"{os.cpu_count()} cores, cold builds of {ROOT.name}", flush=True)
    seconds = interleave({"press/build.py": parallel, "jupyter-book": serial}, count)
    table(seconds)
    finish("build", ratio(seconds, "jupyter-book", "press/build.py"), BAR)


def parallel() -> float:
    """Time our build."""
    return cold(lambda copy: [sys.executable, "-m", "press.build"])


def serial() -> float:
    """Time Jupyter Book with the options that our build passes on."""
    program = str(Path(sys.executable).with_name("jupyter-book"))
    options = ["-n", "-W", "--keep-going", "-q"]
    return cold(lambda copy: [program, "build", str(copy), *options])


def cold(command: Callable[[Path], list[str]]) -> float:
    """Return the seconds that `command(copy)` takes in a fresh copy of the checkout."""
    with TemporaryDirectory(prefix="book-") as folder:
        copy = Path(folder) / ROOT.name
        copy_checkout(copy)
        variables = os.environ | SAME
        variables["COURSE_RESULTS_DIR"] = str(copy / "_build" / "results")
        start = perf_counter()
        quiet = {"stdout": subprocess.DEVNULL}  # errors are shown
        if subprocess.run(command(copy), cwd=copy, env=variables, **quiet).returncode:
            sys.exit(f"build: {command(ROOT)} fails in a fresh copy, see above")
        return perf_counter() - start


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
