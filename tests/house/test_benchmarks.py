"""Every benchmark runs, in its short form: else it would rot unseen."""

import os
import re
import subprocess
import sys

import pytest

from press.contents import ROOT
from tests.browser import CHROMIUM

NAMES = sorted(path.stem for path in (ROOT / "benchmarks").glob("[!_]*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_and_ends_with_its_ratio(name):
    if name == "grading" and sys.platform != "linux":
        pytest.skip("the grader needs Linux")
    if name == "page" and not (os.environ.get("PYODIDE_DIR") and CHROMIUM):
        pytest.skip("no Python for the browser, or no browser")
    command = [sys.executable, f"benchmarks/{name}.py", "--short"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(rf"{name} ratio=\d+\.\d+ bar=\d+\.\d+", last), last
