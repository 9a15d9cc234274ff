"""What a learner sees in a notebook: the lesson, and nothing of its bookkeeping."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from press import setup_cells
from press.contents import ROOT, chapters

CHAPTERS = list(chapters())
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
COLLAPSED = {"cellView": "form", "jupyter": {"source_hidden": True}}
LATER = re.compile(
    r"(import|from) (torch|torchvision|helpers\.(training|_torchvision))\b"
)
MOST_ASSERTS = 3  # those that are the lesson: "equal to PyTorch's"
BOOKKEEPING = ("record(", "record.", "sys.path", "find_spec", "COURSE_", "Recorder")


def cells(name: str) -> list[dict]:
    return json.loads((ROOT / f"notebooks/{name}.ipynb").read_text("utf-8"))["cells"]


def text(cell: dict) -> str:
    return "".join(cell["source"])


def tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])


def code(name: str) -> list[dict]:
    return [cell for cell in cells(name) if cell["cell_type"] == "code"]


def visible(name: str) -> list[str]:
    return [text(c) for c in code(name) if not {"setup", "results"} & set(tags(c))]


def sections(name: str) -> list[list[dict]]:
    """The cells of each section: what follows a heading of the second level."""
    found: list[list[dict]] = [[]]
    for cell in cells(name):
        is_text = cell["cell_type"] == "markdown"
        if is_text and re.search(r"^## ", text(cell), re.MULTILINE):
            found.append([])
        found[-1].append(cell)
    return found


@pytest.mark.parametrize(
    "path",
    setup_cells.sources(),
    ids=lambda path: path.relative_to(ROOT).with_suffix("").as_posix(),
)
def test_the_set_up_is_written_from_one_place(path: Path):
    assert json.loads(path.read_text("utf-8")) == setup_cells.written(path), (
        "python -m press.setup_cells writes it"
    )


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_bookkeeping_stands_between_the_learner_and_the_lesson(name):
    for source in visible(name):
        assert not [word for word in BOOKKEEPING if word in source], source


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_results_are_collapsed_and_stand_once_at_the_end_of_a_section(name):
    for cell in code(name):
        if "results" in tags(cell):
            assert {k: cell["metadata"].get(k) for k in COLLAPSED} == COLLAPSED
            assert "remove-cell" in tags(cell)
            assert text(cell).startswith("# @title ")
            assert not re.search(r"^(def|class|import|from) ", text(cell), re.MULTILINE)
    for section in sections(name):
        assert sum("results" in tags(cell) for cell in section) <= 1, section[0]


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_visible_cells_are_short_and_import_at_the_top(name):
    _first, *others = visible(name)
    for source in others:
        assert len(source.splitlines()) <= 25, source
    # torch comes with its section: what is before that runs without torch
    later = [source for source in others if re.search(r"^(import|from) ", source, re.M)]
    assert len(later) <= 1
    for line in re.findall(r"^(?:import|from) .*", "\n".join(later), re.MULTILINE):
        assert LATER.match(line), line


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_visible_assert_is_a_lesson(name):
    lines = [line for source in visible(name) for line in source.splitlines()]
    assert sum(line.strip().startswith("assert ") for line in lines) <= MOST_ASSERTS
    whole = [line for cell in code(name) for line in text(cell).splitlines()]
    assert sum(line.strip().startswith("assert ") for line in whole) >= 5


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_a_control_that_the_text_before_it_introduces(chapter):
    every = cells(chapter)
    places = [n for n, cell in enumerate(every) if "explore(" in text(cell)]
    assert places
    for place in places:
        before = every[place - 1]
        assert before["cell_type"] == "markdown"
        assert f"](../book/{chapter}.md)" in text(before)  # its exploration moves


def using(package: str) -> list[str]:
    line = re.compile(rf"^(import|from) {package}\b", re.MULTILINE)
    return [name for name in NOTEBOOKS if any(map(line.search, visible(name)))]


def test_seaborn_and_torchvision_are_in_use():
    assert len(using("seaborn")) >= 6
    assert len(using("torchvision")) >= 3


# --- without torch --------------------------------------------------------------------

NUMPY = (
    "preliminaries",
    "perceptron",
    "linear_networks",
    "gradient_descent",
    "backpropagation",
    "rbf",
)


@pytest.mark.parametrize(
    "chapter",
    [
        pytest.param(name, marks=pytest.mark.xdist_group(f"notebooks-{name}"))
        for name in NUMPY
    ],
)
def test_what_comes_before_torch_runs_where_torch_is_not_installed(chapter, tmp_path):
    before = []
    for cell in code(chapter):
        if re.search(r"^(import|from) torch", text(cell), re.MULTILINE):
            break
        if "results" not in tags(cell):
            before.append(text(cell))
    assert len(before) > 10
    shorter = [for_few_seeds(source) for source in before]
    run_without_torch(shorter, ROOT / "notebooks", tmp_path)


class FewSeeds(ast.NodeTransformer):
    """Lets code run for two seeds, and claim nothing: the build does both in full."""

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return ast.copy_location(ast.Pass(), node)

    def visit_loop(self, node: ast.For | ast.comprehension) -> ast.AST:
        if isinstance(node.target, ast.Name) and node.target.id == "seed":
            first = ast.parse("list()[:2]", mode="eval").body
            first.value.args.append(node.iter)
            node.iter = first
        return self.generic_visit(node)

    visit_For = visit_comprehension = visit_loop


def for_few_seeds(source: str) -> str:
    tree = ast.parse(TransformerManager().transform_cell(source))
    return ast.unparse(ast.fix_missing_locations(FewSeeds().visit(tree)))


# those of other chapters run so in tests/press/test_lite.py, as copies for the browser
def test_an_exercise_in_numpy_is_done_where_torch_is_not_installed(tmp_path):
    path = ROOT / "solutions/preliminaries/splitting.ipynb"
    every = json.loads(path.read_text("utf-8"))["cells"]
    sources = [text(cell) for cell in every if cell["cell_type"] == "code"]
    assert run_without_torch(sources, path.parent, tmp_path).count("✓") >= 3


def run_without_torch(sources: list[str], folder: Path, cache: Path) -> str:
    """Run cells in a process of their own, on stand-ins; return what they print."""
    sources = [TransformerManager().transform_cell(source) for source in sources]
    program = f"""
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "torchvision"):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Missing())
get_ipython = None  # %pip is not run: the package is here
names = {{"__name__": "__main__"}}
for source in {sources!r}:
    exec(compile(source, "cell", "exec"), names)
print("all cells ran")
"""
    own = {"COURSE_OFFLINE": "1", "COURSE_DATA_DIR": str(cache), "MPLBACKEND": "agg"}
    environment = os.environ | own
    for name in ("COURSE_DATA_MIRROR", "COURSE_RESULTS_DIR"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.endswith("all cells ran\n")
    return done.stdout
