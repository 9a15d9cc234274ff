"""What a notebook needs is found without running it."""

import json

import pytest

from press import needs
from tests import ROOT
from tests.course import reference, sheet

HELPERS = {
    "__init__.py": "",
    "plain.py": """
import numpy as np
from .heavy import learn, Model
try:
    import fast
except ModuleNotFoundError:
    fast = None

TABLE = {"learn": learn}

def mean(x):
    return np.mean(x)

def other(x):
    import torch
    return torch.mean(x)

def through(x):
    return mean(x) + other(x)

def small():
    return Model(1)
""",
    "heavy.py": """
import sklearn
class Model:
    size = 3
    def fit(self, x):
        import torch
        return torch.fit(x)
    def __init__(self, n):
        self.n = n
def learn():
    return sklearn.learn()
""",
}


@pytest.fixture
def needed(tmp_path, monkeypatch):
    """Return a function that says what cells need, beside a small package `helpers`."""
    (tmp_path / "helpers").mkdir()
    for name, text in HELPERS.items():
        (tmp_path / "helpers" / name).write_text(text)
    monkeypatch.setattr(needs, "ROOT", tmp_path)
    caches = needs.module, needs.reached, needs.module_exists
    for cached in caches:
        cached.cache_clear()

    def ask(*cells, left_out=""):
        made = [(source, []) for source in cells] + [(left_out, ["not-in-browser"])]
        path = tmp_path / "x.ipynb"
        cells = [
            {"cell_type": "code", "source": source, "metadata": {"tags": tags}}
            for source, tags in made
        ]
        path.write_text(json.dumps({"cells": cells}))
        return needs.needed(path)

    yield ask
    for cached in caches:
        cached.cache_clear()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import numpy as np\nnp.ones(3)", {"numpy"}),
        ("import torch  # and never used", set()),
        ("from helpers import plain\nplain.mean(1)", {"numpy"}),
        ("from helpers.plain import mean\nmean(1)", {"numpy"}),
        ("from helpers import plain\nplain.other(1)", {"torch"}),
        ("from helpers import plain\nplain.through(1)", {"numpy", "torch"}),
        ("from helpers.plain import TABLE\nTABLE['learn']()", {"sklearn"}),
        ("from helpers.plain import small\nsmall()", set()),
        ("from helpers.plain import small\nsmall().fit(1)", {"torch"}),
        ("if True:\n    %pip install torch", set()),
    ],
)
def test_what_is_used_counts_and_nothing_else(needed, code, expected):
    assert needed(code) == expected


def test_cells_that_stay_out_of_the_browser_need_nothing(needed):
    assert needed("import torch", left_out="torch.ones(1)") == set()


@pytest.mark.parametrize("name", ["recurrent/bptt", "lstm/lstm_cell"])
def test_what_is_said_to_run_without_pytorch_names_it_nowhere(name):
    assert needs.in_browser(ROOT / "exercises" / f"{name}.ipynb")
    assert "torch" not in "".join(reference(name).values())
    assert sheet(name)
