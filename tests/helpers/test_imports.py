"""What an import costs: nothing heavy, and no torch where there is none."""

import subprocess
import sys

import pytest

import helpers

HEAVY = ("torch", "torchvision", "matplotlib", "sklearn", "nbgrader", "ipywidgets")


def run(program, *path):
    """Run Python in a fresh interpreter; return what it prints."""
    lines = [f"import sys; sys.path[:0] = {list(map(str, path))!r}", program]
    process = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    return process.stdout.strip()


@pytest.mark.parametrize(
    "name",
    [
        "helpers",
        "helpers.data",
        "helpers.results",
        "helpers.runtime",
        "helpers.training",
        "helpers._torchvision",
    ],
)
def test_the_import_loads_nothing_heavy(name):
    program = f"import {name}; print(*(n for n in {HEAVY} if n in sys.modules))"
    assert run(program) == ""


def test_the_checks_work_without_torch():
    program = "sys.modules['torch'] = None\nimport helpers.checks.core; print('fine')"
    assert run(program) == "fine"


def test_every_module_for_learners_can_be_imported_without_torch():
    # Colab has torch, the browser has not
    program = f"""
import importlib, pkgutil
sys.modules.update(torch=None, torchvision=None)
import helpers
for module in pkgutil.walk_packages(helpers.__path__, "helpers."):
    importlib.import_module(module.name)
print("fine", [n for n in {HEAVY[:2]} if sys.modules[n]])
"""
    assert run(program).splitlines()[-1] == "fine []"


def test_the_package_knows_its_version():
    assert helpers.__version__.count(".") == 2


# --- torchvision beside a torch without its operators --------------------------------


def test_torchvision_gives_transforms_and_an_18_layer_resnet():
    program = """
import numpy as np
from helpers._torchvision import import_torchvision
import_torchvision()
from torchvision.models import resnet18
from torchvision.transforms import ToTensor
image = ToTensor()(np.full((2, 3, 1), 51, np.uint8))
print(tuple(image.shape), round(image.max().item(), 6))
print(sum(p.numel() for p in resnet18(weights=None).parameters()))
"""
    # 51/255 = 0.2; He et al. (2016) with 1,000 classes: 11.7 million parameters
    assert run(program).splitlines() == ["(1, 2, 3) 0.2", "11689512"]


def fake(folder, name, text):
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(text)


def test_the_guard_does_nothing_where_torchvision_imports(tmp_path):
    fake(tmp_path, "torch", "")  # any use of torch.library would fail
    fake(tmp_path, "torchvision", "works = True")
    program = """
from helpers import _torchvision
print(_torchvision.import_torchvision().works, _torchvision._library)
"""
    assert run(program, tmp_path) == "True None"


def test_the_guard_defines_both_schemas_and_keeps_them_alive(tmp_path):
    library = """
defined = []
class Library:
    def __init__(self, *place): self.place = place
    def define(self, schema): defined.append(schema.split("(")[0])
"""
    fake(tmp_path, "torch", "from . import library")
    (tmp_path / "torch" / "library.py").write_text(library)
    stop = "raise RuntimeError('operator torchvision::nms does not exist')"
    fake(
        tmp_path,
        "torchvision",
        f"import torch\nif not torch.library.defined: {stop}",
    )
    program = """
from helpers import _torchvision
_torchvision.import_torchvision()
import torch
print(*sorted(torch.library.defined), *_torchvision._library.place)
"""
    assert run(program, tmp_path) == "nms qnms torchvision FRAGMENT"


@pytest.mark.parametrize(
    ("torchvision", "error"),
    [
        ("raise RuntimeError('something else is broken')", "RuntimeError"),
        ("raise ModuleNotFoundError('No module named PIL')", "ModuleNotFoundError"),
    ],
)
def test_the_guard_hides_no_other_error(torchvision, error, tmp_path):
    fake(tmp_path, "torch", "")
    fake(tmp_path, "torchvision", torchvision)
    program = f"""
from helpers._torchvision import import_torchvision
try:
    import_torchvision()
except {error}:
    print("seen")
"""
    assert run(program, tmp_path) == "seen"
