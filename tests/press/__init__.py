"""What tests of the browser's parts share: what is missing there, and Pyodide."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

MISSING = ("torch", "torchvision", "pooch", "requests", "psutil", "nbgrader", "myst_nb")
PYODIDE = Path(os.environ.get("PYODIDE_DIR") or os.devnull).resolve()
needs_pyodide = pytest.mark.skipif(
    not PYODIDE.is_dir(),
    reason="PYODIDE_DIR is not set: no Python ran in the browser",
)

has_kernel = any(PYODIDE.glob("ipython-*.whl"))  # a part of a distribution may lack it
needs_kernel = pytest.mark.skipif(
    not has_kernel, reason="PYODIDE_DIR has no IPython: no notebook ran in the browser"
)


def without(
    missing: Sequence[str], program: str, folder: Path, cwd: Path
) -> subprocess.CompletedProcess:
    """Run Python with the packages of a folder, as if some others were not there."""
    start = f"""
import sys
sys.path.insert(0, {str(folder)!r})
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
"""
    return subprocess.run(
        [sys.executable, "-P", "-c", start + program],
        cwd=cwd,
        env={"PATH": os.environ["PATH"], "HOME": str(cwd), "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
