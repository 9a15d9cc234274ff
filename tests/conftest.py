"""What all tests share: the environment's commands on the PATH, and the built book."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# the workers share the cores, one each; must be set before NumPy is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# nbgrader calls alembic by name, and finds it where the environment is not activated
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built book, brought up to date by the strict build."""
    command = [sys.executable, ROOT / "book" / "build.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return ROOT / "_build" / "html"
