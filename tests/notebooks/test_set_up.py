"""The set-up cell finds the course's package, whatever else has its name."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from press import setup_cells
from press.configure import repository
from press.contents import ROOT

EXERCISE = ROOT / "solutions/perceptron/gates.ipynb"
NOTEBOOK = ROOT / "notebooks/perceptron.ipynb"
TELL = "import helpers\nprint(os.path.realpath(helpers.__file__))"
OURS = str(ROOT / "helpers" / "__init__.py")
# python -S -I finds no installed package: the cell stands alone
BARE = [sys.executable, "-I", "-S", "-c"]


def run(source: str, folder: Path, *site: Path) -> tuple[str, str]:
    """Run a set-up cell in `folder`, as a kernel does; return output and last error.

    `site` are folders of installed packages. ``%pip`` is printed, not run.
    """
    source = TransformerManager().transform_cell(source + "\n" + TELL)
    program = f"""
import sys
sys.path[:0] = [""]
sys.path += {list(map(str, site))!r}
class Shell:
    def run_line_magic(self, name, line): sys.exit(f"%{{name}} {{line}}")
get_ipython = Shell
exec({source!r})
"""
    done = subprocess.run(
        [*BARE, program], cwd=folder, capture_output=True, text=True, check=False
    )
    lines = done.stderr.strip().splitlines()
    return done.stdout.strip(), lines[-1] if lines else ""


@pytest.fixture
def checkout(tmp_path):
    """A checkout's rooms, with our package."""
    (tmp_path / "exercises/perceptron").mkdir(parents=True)
    (tmp_path / "helpers").symlink_to(ROOT / "helpers")
    return tmp_path


@pytest.fixture(params=["module", "package", "folder"])
def foreign(request, tmp_path):
    """A folder that holds another `helpers`."""
    folder = tmp_path / "foreign"
    folder.mkdir()
    if request.param == "module":
        (folder / "helpers.py").write_text("mine = 1\n", encoding="utf-8")
    else:
        (folder / "helpers").mkdir()
        name = "__init__.py" if request.param == "package" else "notes.txt"
        (folder / "helpers" / name).write_text("", encoding="utf-8")
    return folder


def test_in_a_checkout_ours_is_found(checkout):
    out, error = run(setup_cells.find(EXERCISE), checkout / "exercises/perceptron")
    assert (out, error) == (OURS, "")


def test_in_a_checkout_ours_comes_before_what_lies_beside_the_notebook(
    checkout, foreign
):
    beside = checkout / "exercises/perceptron"
    shutil.copytree(foreign, beside, dirs_exist_ok=True)
    assert run(setup_cells.find(EXERCISE), beside) == (OURS, "")


def test_in_a_checkout_ours_comes_before_what_is_installed(checkout, foreign):
    folder = checkout / "exercises/perceptron"
    assert run(setup_cells.find(EXERCISE), folder, foreign) == (OURS, "")


def test_opened_from_the_top_of_a_checkout_ours_is_found(checkout):
    assert run(setup_cells.find(EXERCISE), checkout)[0] == OURS


def test_without_a_checkout_another_package_of_the_name_is_named(foreign):
    out, error = run(setup_cells.find(EXERCISE), foreign)
    assert out == ""
    assert error.startswith(f"ImportError: rename {foreign.resolve()}/helpers")
    assert "it hides the course's `helpers`" in error


def test_without_any_the_package_is_installed_from_the_repository(tmp_path):
    out, error = run(setup_cells.find(EXERCISE), tmp_path)
    assert out == ""
    address = f"https://github.com/{repository()}/archive/main.zip"
    assert error == f"%pip install --quiet {address}"


def test_a_notebook_with_other_packages_asks_for_them(tmp_path):
    cell = setup_cells.find(ROOT / "notebooks/language_models.ipynb")
    assert "neuron-by-neuron[chain] @ https://" in run(cell, tmp_path)[1]


def test_a_notebook_begins_with_style_and_recorder():
    cell = setup_cells.set_up(NOTEBOOK)
    assert cell.startswith("# @title ")
    assert cell.splitlines()[-2:] == [
        "plots.use_style()",
        'record = Recorder("perceptron", full_runs="../book/results")',
    ]
