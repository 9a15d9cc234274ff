"""The cells "For yourself", which no check runs: each works for who has solved all."""

import re
import subprocess
import sys

import pytest

from press.live import pack
from tests import ROOT
from tests.course import EXERCISES, reference

# What runs on 300 images to its end does so on all of them, too, and sooner.
FEW = """
import dataclasses
from helpers import data

def few(load):
    def loaded(*args, **settings):
        full = load(*args, **settings)
        parts = {"train": full.train, "test": full.test}
        cut = {k: data.Split(*(v[:300] for v in part)) for k, part in parts.items()}
        return dataclasses.replace(full, **cut)
    return loaded

data.mnist, data.cifar10 = few(data.mnist), few(data.cifar10)
"""
SWITCH = re.compile(r"^([A-Z_0-9]+) = False$", re.M)


def own_cells(exercise: str) -> list[str]:
    """Return the sources of the cells that a switch turns on."""
    cells = pack.sheet(ROOT / "exercises" / f"{exercise}.ipynb")["cells"]
    return [
        c["source"] for c in cells if c["role"] == "own" and SWITCH.search(c["source"])
    ]


@pytest.mark.parametrize("exercise", [name for name in EXERCISES if own_cells(name)])
def test_what_is_for_oneself_runs_to_its_end(exercise, tmp_path, monkeypatch):
    answers = reference(exercise)
    cells = pack.sheet(ROOT / "exercises" / f"{exercise}.ipynb")["cells"]
    kept = [c for c in cells if c["role"] in ("setup", "given", "answer")]
    program = "\n\n".join([FEW, *(answers.get(c["id"], c["source"]) for c in kept)])
    for source in own_cells(exercise):
        program += "\n\nprint('for yourself:')\n" + SWITCH.sub(r"\1 = True", source)
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("MPLBACKEND", "agg")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert re.search(r"\d", done.stdout.partition("for yourself:")[2])
