"""What runs in the browser: notebooks, the wheel, and the site in a real browser."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from sklearn.datasets import load_digits, load_iris

from press.lite import sources
from tests import ROOT
from tests.book.pages import PAGES
from tests.browser import CHROMIUM, FLAGS
from tests.press import MISSING, PYODIDE, has_kernel, needs_kernel, without

KERNEL = "@jupyterlite/pyodide-kernel-extension"
COPIES = [path.relative_to(ROOT).as_posix() for path in sources()]


@pytest.fixture(scope="module")
def lite(site) -> Path:
    return site / "lite"


def cells(path: Path, kind: str) -> list[str]:
    found = json.loads(path.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == kind]


# --- what the site holds --------------------------------------------------------------


def test_the_site_holds_these_notebooks_and_no_other_file(lite):
    files = [path for path in (lite / "files").rglob("*") if path.is_file()]
    assert sorted(p.relative_to(lite / "files").as_posix() for p in files) == sorted(
        COPIES
    )
    listed = [
        entry["path"]
        for index in (lite / "api" / "contents").rglob("all.json")
        for entry in json.loads(index.read_text())["content"]
        if entry["type"] != "directory"
    ]
    assert sorted(listed) == sorted(COPIES)


def test_each_page_of_these_chapters_links_to_its_notebook_and_no_other_page(site):
    expected = {copy.removesuffix(".ipynb"): copy for copy in COPIES}
    for copy in COPIES:
        expected[copy.replace("notebooks/", "book/").removesuffix(".ipynb")] = copy
    found = {}
    for page in PAGES:
        path = site / f"{page}.html"
        for link in re.findall(r'<a href="([^"]*\blite/[^"]*)"', path.read_text()):
            address = urlsplit(unescape(link))
            view = (path.parent / address.path).resolve()
            assert view == site / "lite" / "notebooks" / "index.html"
            assert view.is_file()
            (found[page],) = parse_qs(address.query)["path"]
    assert found == expected


def test_no_solution_and_no_exercise_gets_into_the_site(lite):
    for room in ("solution", "exercise"):
        assert not [path for path in lite.rglob("*") if room in path.name.lower()]


def test_the_kernel_is_the_only_extension(lite):
    config = json.loads((lite / "jupyter-lite.json").read_text())["jupyter-config-data"]
    assert [e["name"] for e in config["federated_extensions"]] == [KERNEL]
    assert {
        path.parent.relative_to(lite / "extensions").as_posix()
        for path in (lite / "extensions").rglob("package.json")
    } == {KERNEL}


def test_no_source_map_is_shipped_and_the_site_is_of_reasonable_size(lite):
    files = [path for path in lite.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix == ".map"]
    own = [path for path in files if "static/pyodide" not in path.as_posix()]
    assert sum(path.stat().st_size for path in own) < 25e6


def test_no_file_of_ours_carries_a_path_of_this_machine(lite):
    for path in (*lite.glob("*.json"), *lite.glob("files/**/*.ipynb")):
        text = path.read_text()
        assert str(ROOT) not in text
        assert sys.prefix not in text


# --- the browser copies ---------------------------------------------------------------


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_installs_the_package_first_and_imports_nothing_that_is_missing(
    lite, copy
):
    install, *code = cells(lite / "files" / copy, "code")
    assert 'piplite.install(["neuron-by-neuron", "numpy"' in install
    text = "\n".join(code)
    missing = r"^\s*(import|from) (torch|torchvision|helpers\.training)\b"
    assert not re.search(missing, text, re.M)


def undefined_names(folder: Path) -> list[str]:
    """Return what ruff says of names that nothing defines before they are used."""
    ruff = Path(sys.executable).with_name("ruff")
    command = [ruff, "check", "--isolated", "--select", "F821", "--output-format"]
    done = subprocess.run(
        [*command, "concise", folder], capture_output=True, text=True, check=False
    )
    return [line for line in done.stdout.splitlines() if "F821" in line]


def test_no_copy_uses_a_name_of_a_cell_that_is_left_out(lite, tmp_path):
    shutil.copytree(lite / "files", tmp_path / "files")
    assert undefined_names(tmp_path) == []
    # and the judge sees such a name: without the cell that defines it
    path = tmp_path / "files" / "notebooks" / "gradient_descent.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    notebook["cells"] = [
        cell
        for cell in notebook["cells"]
        if "def bowl_gradient" not in "".join(cell["source"])
    ]
    path.write_text(json.dumps(notebook))
    assert any("bowl_gradient" in line for line in undefined_names(tmp_path))


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_says_what_is_left_out_and_keeps_most(lite, copy):
    path, original = lite / "files" / copy, ROOT / copy
    kept, before = len(cells(path, "code")) - 1, len(cells(original, "code"))
    text = "\n".join(cells(path, "markdown"))
    gone = sum(
        1 if count == "one" else int(count)
        for count in re.findall(r"here (one|\d+) cells? (?:is|are) left out", text)
    )
    assert kept + gone == before
    assert kept > before / 2


def test_the_links_of_a_copy_lead_to_other_copies_or_to_the_web(lite):
    for copy in COPIES:
        path = lite / "files" / copy
        for text in cells(path, "markdown"):
            for target in re.findall(r"\]\(([^)#\s]+)", text):
                assert (
                    target.startswith("http")
                    or (path.parent / target).resolve().is_file()
                ), f"{copy}: {target}"


# --- the package ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def installed(lite, tmp_path_factory) -> Path:
    """Install the wheel as pip does, by itself."""
    folder = tmp_path_factory.mktemp("wheel")
    (wheel,) = (lite / "pypi").glob("neuron_by_neuron-*.whl")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-index", "--disable-pip-version-check", "--target"]
    subprocess.run([*command, str(folder), str(wheel)], check=True)
    return folder


def in_browser(program: str, folder: Path, cwd: Path, missing=MISSING) -> str:
    """Run Python with the installed wheel, without what Pyodide does not have."""
    done = without(missing, program, folder, cwd)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_the_wheel_imports_without_torch_and_without_the_grader(installed, tmp_path):
    program = """
import importlib, pkgutil
import helpers
names = [m.name for m in pkgutil.walk_packages(helpers.__path__, "helpers.")]
for name in names:
    importlib.import_module(name)
print(helpers.__file__)
print(*names)
"""
    where, names = in_browser(program, installed, tmp_path).splitlines()[-2:]
    assert Path(where).is_relative_to(installed)
    for name in ("data.fetch", "plots", "results", "runtime", "checks.rbf"):
        assert f"helpers.{name}" in names.split()


def wheels(lite: Path, copy: str) -> list[str]:
    """What the first cell of a copy installs."""
    install, *_ = cells(lite / "files" / copy, "code")
    return json.loads(re.search(r"install\((.*)\)", install)[1])


def test_notebooks_fetch_all_that_they_show(lite):
    for copy in COPIES:
        assert wheels(lite, copy)[1:3] == ["numpy", "matplotlib"]


def test_in_the_browser_data_sets_fall_back_to_stand_ins_and_say_so(
    installed, tmp_path
):
    # CPython under the name of the browser's platform: no network, no pooch
    program = """
import numpy
sys.platform = "emscripten"
from helpers import data
print(data.mnist().is_standin, len(data.mnist_100().train.x))
text = data.shakespeare()
print(text.is_standin, len(text.train.x) > 150_000)
digits, iris = data.digits(), data.seeds()
print(digits.is_standin, digits.train.x.sum() + digits.test.x.sum(), iris.train.x.sum())
"""
    missing = [*MISSING, "sklearn"]
    lines = in_browser(program, installed, tmp_path, missing).splitlines()
    assert lines[0].startswith("Stand-in for MNIST: ")
    assert lines[1] == "True 100"
    assert lines[2].startswith("Stand-in for Shakespeare: ")
    assert lines[3] == "True True"
    assert lines[4].startswith("Stand-in for wheat seeds: iris")
    assert lines[5:] == [f"False {load_digits().data.sum()} {load_iris().data.sum()}"]
    assert not list(tmp_path.iterdir())  # nothing was written


# gradient_descent leaves out the most
@pytest.mark.parametrize("chapter", ["gradient_descent", "recurrent"])
def test_a_notebook_runs_to_its_end_with_the_packages_that_it_asks_for(
    lite, installed, tmp_path, chapter
):
    copy = f"notebooks/{chapter}.ipynb"
    assert wheels(lite, copy)[1:] == ["numpy", "matplotlib"]
    path = lite / "files" / copy
    program = f"""
import ast, asyncio, os
os.environ |= {{"COURSE_OFFLINE": "1", "COURSE_DATA_DIR": "data"}}
from IPython.core.inputtransformer2 import TransformerManager
names = {{"__name__": "__main__"}}
for source in {cells(path, "code")!r}:
    source = TransformerManager().transform_cell(source)  # %pip, which is not run
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    waiting = eval(compile(source, "cell", "exec", flags=flags), names)
    if waiting is not None:
        asyncio.run(waiting)
print("all cells ran")
"""
    out = in_browser(program, installed, tmp_path, missing=[*MISSING, "sklearn"])
    assert out.endswith("all cells ran\n")


def test_the_wheels_of_the_site_are_the_package_and_what_the_kernel_lacks(lite):
    names = sorted(json.loads((lite / "pypi" / "all.json").read_text()))
    assert names == ["comm", "neuron-by-neuron"]
    for wheel in (lite / "pypi").glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            assert archive.testzip() is None
            assert any("LICENSE" in name for name in archive.namelist())


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "lacks pyodide.mjs, pyodide.asm.wasm, pyodide-lock.json"),
        (
            {
                "pyodide.mjs": "",
                "pyodide.asm.wasm": "",
                "pyodide-lock.json": '{"info": {"python": "3.11.3"}}',
            },
            "has Python 3.11.3, but the kernel needs Pyodide 314",
        ),
    ],
    ids=["empty", "old"],
)
def test_a_wrong_folder_with_pyodide_is_refused_in_one_line(tmp_path, files, message):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    done = subprocess.run(
        [sys.executable, "-m", "press.lite"],
        env=os.environ | {"PYODIDE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("lite: ")
    assert message in done.stderr


# --- in a real browser ----------------------------------------------------------------


@pytest.fixture
def open_copy(address):
    """Return a function that opens a browser copy; other hosts cannot be reached."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: the site was not opened")
    from playwright.sync_api import sync_playwright

    def opener(copy: str):
        tab = context.new_page()
        tab.others, tab.problems, tab.missing = [], [], []
        tab.on("pageerror", lambda error: tab.problems.append(str(error)))
        tab.on(
            "console",
            lambda message: (
                tab.problems.append(f"{message.text} {message.location.get('url')}")
                if message.type == "error"
                else None
            ),
        )
        context.on(
            "response",
            lambda r: tab.missing.append(r.url) if r.status >= 400 else None,
        )
        context.on(
            "request",
            lambda r: (
                tab.others.append(r.url)
                if not r.url.startswith((address, "data:", "blob:"))
                else None
            ),
        )
        tab.goto(f"{address}/lite/notebooks/index.html?path={copy}")
        tab.wait_for_selector(".jp-NotebookPanel .jp-CodeCell", timeout=60_000)
        return tab

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.route(lambda url: not url.startswith(address), lambda r: r.abort())
        yield opener
        browser.close()


def test_the_site_opens_a_notebook_and_asks_no_other_host_but_pyodides(open_copy):
    tab = open_copy("notebooks/perceptron.ipynb")
    tab.locator("h1").first.wait_for()
    if PYODIDE.is_dir():
        if has_kernel:
            tab.wait_for_selector("[data-status=idle]", timeout=120_000)
            assert tab.problems == []
        assert tab.others == []
    else:
        home = "https://cdn.jsdelivr.net/pyodide/"
        for _ in range(240):  # until the kernel asks for it
            tab.wait_for_timeout(250)
            if tab.others:
                break
        assert {urlsplit(url).netloc for url in tab.others} == {"cdn.jsdelivr.net"}
        assert all(url.startswith(home) for url in tab.others)
        ours = [line for line in tab.problems if home not in line]
        assert ours == []
    assert tab.missing == []


@needs_kernel
def test_the_kernel_starts_and_installs_the_package_from_the_site(open_copy):
    tab = open_copy("notebooks/perceptron.ipynb")
    tab.locator(".jp-CodeCell").first.click()
    tab.keyboard.press("Shift+Enter")
    first = tab.locator(".jp-CodeCell").first
    first.locator(".jp-InputPrompt", has_text="[1]:").wait_for(timeout=180_000)
    assert first.locator(".jp-OutputArea-output").all_inner_texts() == []
    assert tab.others == []


@needs_kernel
def test_a_copy_that_is_older_than_the_books_says_so_and_brings_the_new_one(
    open_copy, lite
):
    new = json.loads((lite / "files/notebooks/perceptron.ipynb").read_text("utf-8"))
    new["metadata"]["copy"] = "new"
    new["cells"][0]["source"] = ["# The perceptron, corrected"]
    tab = open_copy("notebooks/perceptron.ipynb")
    tab.context.route(
        "**/files/notebooks/perceptron.ipynb*", lambda r: r.fulfill(json=new)
    )
    tab.locator(".jp-CodeCell").first.click()
    tab.keyboard.press("Shift+Enter")
    link = tab.locator(".jp-OutputArea-output a", has_text="open perceptron-new.ipynb")
    link.wait_for(timeout=180_000)
    tab.wait_for_timeout(1000)  # until the browser has stored it
    tab.goto(link.get_attribute("href"))
    tab.locator("h1", has_text="The perceptron, corrected").wait_for()


def run_all(tab) -> None:
    """Have all cells of the open notebook run, and do not wait."""
    tab.wait_for_selector("[data-status=idle]", timeout=120_000)
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def needs_wheels(lite: Path, copy: str) -> None:
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text())["packages"]
    for name in wheels(lite, copy)[1:]:
        if not (PYODIDE / lock[name]["file_name"]).is_file():
            pytest.skip(f"PYODIDE_DIR holds no {name}: {copy} did not run to its end")


# each takes a minute and more; all of them run by MOST=6
@needs_kernel
@pytest.mark.parametrize("copy", COPIES[: int(os.environ.get("MOST", "1"))])
def test_a_copy_runs_to_its_end_in_the_browser(open_copy, lite, copy):
    needs_wheels(lite, copy)
    tab = open_copy(copy)
    run_all(tab)
    last = tab.locator(".jp-CodeCell").last.locator(".jp-InputPrompt")
    last.filter(has_text=re.compile(r"\[\d+\]:")).wait_for(timeout=600_000)
    assert tab.locator("[data-mime-type='application/vnd.jupyter.stderr']").count() == 0
    assert tab.locator(".jp-RenderedImage").count() > 1
    assert tab.others == []
