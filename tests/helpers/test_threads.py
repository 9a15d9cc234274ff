"""How many threads a notebook may use: half of the cores, unless the user says more."""

import os
import subprocess
import sys

import pytest

from helpers import _threads

PRINT = "print(os.environ.get('OMP_NUM_THREADS'))"


def run(program: str, **variables: str) -> str:
    own = {k: v for k, v in os.environ.items() if k not in _threads.VARIABLES}
    done = subprocess.run(
        [sys.executable, "-c", f"import os\n{program}"],
        env=own | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (3, 1), (8, 4)])
def test_half_of_the_cores_and_at_least_one(monkeypatch, cores, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)))
    assert _threads.count() == threads


def test_importing_the_package_chooses_before_torch_is_loaded():
    assert run(f"import helpers\n{PRINT}") == str(_threads.count())


def test_a_choice_of_the_user_stands():
    assert run(f"import helpers\n{PRINT}", OMP_NUM_THREADS="7") == "7"


def test_a_torch_that_is_loaded_already_is_told():
    pytest.importorskip("torch")
    told = run("import torch, helpers\nprint(torch.get_num_threads())")
    assert told == str(_threads.count())
