"""Exercises on the page: what is sent to the browser, and how it runs there."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
import pytest

from grader.books import rebuild
from grader.isolated import forkserver, session
from press import build, needs
from press.contents import chapters
from press.live import pack, pytorch
from tests import ROOT
from tests.browser import served, watched
from tests.course import EXERCISES, points, reference, sheet, wrong_answers
from tests.firefox import FIREFOX, firefox
from tests.grader import needs_linux, options
from tests.press import MISSING, PYODIDE, needs_pyodide, without

LIVE = [
    path.relative_to(ROOT / "exercises").with_suffix("") for path in pack.exercises()
]
LIVE = [path.as_posix() for path in LIVE]
GATES = reference("perceptron/gates")
FULL = points("perceptron/gates")
PAGE = "exercises/perceptron/gates"


# --- what is sent ---------------------------------------------------------------------


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_exercise_is_live_unless_it_needs_pytorch(exercise):
    path = ROOT / "exercises" / f"{exercise}.ipynb"
    assert (exercise in LIVE) == needs.in_browser(path)


@pytest.mark.parametrize("exercise", LIVE)
def test_a_sheet_has_each_step_with_its_points_and_nothing_of_the_solution(exercise):
    packed = pack.sheet(ROOT / "exercises" / f"{exercise}.ipynb")
    checks = {c["id"]: c["points"] for c in packed["cells"] if c["role"] == "check"}
    assert checks == points(exercise)
    answers = [cell for cell in packed["cells"] if cell["role"] == "answer"]
    assert {cell["id"] for cell in answers} == set(reference(exercise))
    for cell in answers:
        assert cell["source"] != reference(exercise)[cell["id"]]
        assert cell["title"]
    assert "HIDDEN" not in json.dumps(packed)
    for cell in packed["cells"]:
        compile(cell["source"], cell["id"], "exec")  # no commands of IPython are left


def test_a_corrected_task_has_another_name(tmp_path):
    path = tmp_path / "perceptron" / "gates.ipynb"
    path.parent.mkdir()
    notebook = nbformat.read(ROOT / f"{PAGE}.ipynb", 4)
    nbformat.write(notebook, path)
    old = {c["id"]: c.get("task") for c in pack.sheet(path)["cells"]}
    for cell in notebook.cells:
        cell.source = cell.source.replace("`step(0, 0)` is 1", "`step(0, 0)` is 0")
    nbformat.write(notebook, path)
    new = {c["id"]: c.get("task") for c in pack.sheet(path)["cells"]}
    assert {name for name in old if old[name] != new[name]} == {"gates_threshold"}


@pytest.mark.parametrize("chapter", chapters())
def test_each_step_that_names_a_section_names_one_of_its_page(chapter):
    for heading, offers in pack.steps_of(chapter).items():
        assert offers
        assert f"# {heading}\n" in (ROOT / f"book/{chapter}.md").read_text("utf-8")


def test_a_step_that_names_no_section_of_the_page_fails_the_build(monkeypatch):
    monkeypatch.setattr(pack, "places", lambda chapter: {})
    with pytest.raises(ValueError, match=r"step: book/perceptron.md has no 'A neuron"):
        pack.steps_of("perceptron")


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory) -> Path:
    """Unpack what a page fetches of our package."""
    folder = tmp_path_factory.mktemp("package")
    shutil.unpack_archive(pack.wheel(), folder)
    return folder


@pytest.mark.parametrize("exercise", LIVE)
def test_an_exercise_needs_the_packages_that_it_asks_for_and_no_other(
    exercise, unpacked, tmp_path
):
    path = ROOT / "exercises" / f"{exercise}.ipynb"
    packed = pack.sheet(path)
    answers = reference(exercise)
    program = "\n".join(answers.get(c["id"], c["source"]) for c in packed["cells"])
    absent = [*MISSING, "matplotlib"]
    if packed["packages"] == ["numpy"]:
        absent.append("sklearn")
    else:
        assert packed["packages"] == ["numpy", "scikit-learn"]
        done = without([*absent, "sklearn"], program, unpacked, tmp_path)
        assert re.search(r"sklearn|None|Raised", done.stderr)
    assert "✓" in without(absent, program, unpacked, tmp_path).stdout


# --- PyTorch, where somebody has built it ---------------------------------------------

INFO = {"python": "3.14.0", "abi_version": "2026_0", "arch": "wasm32"}
BUILT = "torch-9.9-cp314-cp314-pyemscripten_2026_0_wasm32.whl"


@pytest.fixture
def built(tmp_path, monkeypatch):
    """Return a folder with a stand-in for a build of PyTorch, chosen as TORCH_WASM."""
    with zipfile.ZipFile(tmp_path / BUILT, "w") as archive:
        archive.writestr("torch/__init__.py", "__version__ = 'a stand-in'")
        archive.writestr("torch-9.9.dist-info/METADATA", "Name: torch\nVersion: 9.9\n")
        archive.writestr("torch-9.9.dist-info/WHEEL", "Root-Is-Purelib: false\n")
    sums(tmp_path)
    python = PYODIDE
    if not PYODIDE.is_dir():
        python = tmp_path / "pyodide"
        python.mkdir()
        (python / "pyodide-lock.json").write_text(json.dumps({"info": INFO}))
    monkeypatch.setenv("PYODIDE_DIR", str(python))
    monkeypatch.setenv("TORCH_WASM", str(tmp_path))
    for cached in (pytorch.checked, pack.exercises, pack.settings):
        cached.cache_clear()
    yield tmp_path
    for cached in (pytorch.checked, pack.exercises, pack.settings):
        cached.cache_clear()


def sums(folder: Path) -> None:
    """Write what ``sha256sum *.whl`` says."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in folder.glob("*.whl")
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def test_with_pytorch_all_exercises_are_live(built):
    needing = [path for path in pack.exercises() if not needs.in_browser(path)]
    assert len(pack.exercises()) == len(EXERCISES) > len(needing) > 0
    for path in needing:
        assert pack.sheet(path)["wheels"] == [f"torch/{BUILT}"]
    assert pack.sheet(ROOT / f"{PAGE}.ipynb")["wheels"] == []


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: (f / "SHA256SUMS").unlink(), "lacks SHA256SUMS: sha256sum"),
        (lambda f: (f / BUILT).unlink(), f"names {BUILT}, which is not there"),
        (lambda f: (f / BUILT).write_bytes(b""), f"{BUILT} is not the file that SHA"),
        (lambda f: (f / "SHA256SUMS").write_text(""), "names no wheel of PyTorch"),
        (
            lambda f: (
                (f / BUILT).rename(f / "torch-9.9-cp313-cp313-linux_x86_64.whl"),
                sums(f),
            ),
            "torch-9.9-cp313-cp313-linux_x86_64.whl is not for cp314 and pyemscripten_",
        ),
        (
            lambda f: ((f / BUILT).rename(f / "torch.whl"), sums(f)),
            "Invalid wheel filename (wrong number of parts): 'torch'",
        ),
    ],
)
def test_a_build_of_pytorch_that_does_not_fit_is_refused_in_one_line(
    built, damage, says
):
    damage(built)
    with pytest.raises(build.BuildError, match=re.escape(says)) as caught:
        build.build(solutions=True)
    assert "\n" not in str(caught.value)


def test_a_build_of_pytorch_needs_its_own_pyodide(built, monkeypatch):
    monkeypatch.delenv("PYODIDE_DIR")
    with pytest.raises(pytorch.TorchError, match="needs PYODIDE_DIR"):
        pytorch.wheels()


@needs_pyodide
def test_a_build_of_pytorch_is_there_on_the_page(built, tmp_path, chromium):
    site = tmp_path / "site"
    pack.write(site / "_course" / "live")
    (site / "lite/static").mkdir(parents=True)
    (site / "lite/static/pyodide").symlink_to(PYODIDE)
    (site / "page.html").write_text(
        '<h1></h1><script type="module">'
        'import { Client } from "./_course/live/client.mjs";'
        "const at = (path) => new URL(path, `${location.href}/../_course/live/`).href;"
        'const settings = await (await fetch(at("settings.json"))).json();'
        "for (const key in settings) settings[key] = at(settings[key]);"
        f'const packages = ["numpy", at("torch/{BUILT}")];'
        "const client = new Client({...settings, packages, setup: [],"
        '  script: at("worker.mjs"), prepare: () => {}});'
        'const source = "import torch; torch.__version__";'
        'window.said = await client.execute([{id: "a", role: "answer", source}]);'
        "</script>"
    )
    with served(site) as address:
        tab = watched(chromium.new_context(), address)
        tab.goto(f"{address}/page.html")
        tab.wait_for_function("window.said", timeout=60_000)
        assert tab.evaluate("said[0].shown") == "'a stand-in'"
        tab.context.close()


# --- the runner, in this Python -------------------------------------------------------

RUNNER = """
import json, sys
sys.path[:0] = [{live!r}, {root!r}]
import runner
for line in sys.stdin:
    print(runner.run(line), flush=True)
"""


@pytest.fixture(scope="module")
def here():
    """Return a function that runs cells as the page's worker does, in a process."""
    program = RUNNER.format(live=str(ROOT / "press/live"), root=str(ROOT))
    command = [sys.executable, "-B", "-c", program]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:

        def run(*cells):
            named = [dict(zip(("id", "role", "source"), c, strict=True)) for c in cells]
            process.stdin.write(json.dumps(named) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield run
        process.stdin.close()


def test_a_value_is_shown_and_prints_are_kept(here):
    (done,) = here(("own", "answer", "print('a')\n1 + 1"))["results"]
    assert (done["stdout"], done["shown"], done["error"]) == ("a\n", "2", None)


def test_names_end_with_a_run(here):
    here(("one", "answer", "x = 3"))
    (done,) = here(("two", "answer", "x"))["results"]
    assert done["error"]["message"].startswith("NameError: name 'x' is not defined")


def test_an_earlier_answer_that_fails_stops_nothing(here):
    done = here(
        ("a", "needed", "1 / 0"), ("b", "answer", "y = 2"), ("c", "check", "print(y)")
    )["results"]
    assert [bool(r["error"]) for r in done] == [True, False, False]


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("input()", r"RuntimeError: input\(\) has nobody to ask"),
        ("import sys\nsys.exit(1)", "SystemExit: 1"),
        ("def f(n): return f(n + 1)\nf(0)", "RecursionError"),
        ("x = (1", "SyntaxError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("class E(Exception):\n def __str__(self): 1 / 0\nraise E", "E\n"),
        ("import torch_that_is_nowhere", "ModuleNotFoundError"),
    ],
)
def test_what_goes_wrong_is_one_message_and_the_next_run_works(here, source, says):
    (done,) = here(("own", "answer", source))["results"]
    assert re.match(f"(?s).*{says}", done["error"]["message"] + "\n")
    (after,) = here(("own", "answer", "2 * 3"))["results"]
    assert after["shown"] == "6"


def test_endless_text_is_cut_and_counted(here):
    (done,) = here(("own", "answer", "print('x' * 10**7)"))["results"]
    assert len(done["stdout"]) < 21_000
    assert "9,980,001 more characters" in done["stdout"]


@pytest.mark.parametrize(
    "damage",
    ["np.array = None", "import builtins\ndel builtins.abs", "import math\nmath.e = 3"],
)
def test_damage_to_a_module_is_told(damage):
    # in a process of its own: the worker would be ended, too
    program = RUNNER.format(live=str(ROOT / "press/live"), root=str(ROOT))
    cells = [{"id": "a", "role": "answer", "source": f"import numpy as np\n{damage}"}]
    said = subprocess.run(
        [sys.executable, "-B", "-c", program],
        input=json.dumps(cells) + "\n",
        capture_output=True,
        text=True,
    )
    assert json.loads(said.stdout)["damaged"]


def test_a_failed_check_brings_its_other_levels_of_help(here):
    packed = pack.sheet(ROOT / f"{PAGE}.ipynb")
    setup, *_ = (c["source"] for c in packed["cells"] if c["role"] == "setup")
    wrong = "def step(s, t):\n    return (np.asarray(s) > t).astype(int)"
    done = here(
        ("s", "setup", setup),
        ("a", "answer", wrong),
        ("c", "check", "checks.step(step)"),
    )["results"][-1]
    error = done["error"]
    assert "> in place of ≥" in error["message"]
    assert len(error["why"].split()) >= 40
    assert error["see"] in packed["places"]
    assert "step → [0, 1, 1]" in error["worked"]


# --- in the browser -------------------------------------------------------------------


def live(open_page, page=PAGE, **options):
    tab = open_page(page, **options)
    tab.wait_for_selector(".live")
    return tab


def write(tab, cell: str, text: str):
    """Write an answer as a learner does who pastes it."""
    step = tab.locator(f"#cell-{cell} .live")
    if step.locator("textarea").is_visible():
        step.locator("textarea").focus()
    step.locator(".cm-content").focus()
    tab.keyboard.press("Control+a")
    tab.keyboard.insert_text(text)


def written(tab, cell: str) -> str:
    """Return what a step holds."""
    return tab.evaluate(f"liveSheets[0].step('{cell}').text")


def check(tab, cell: str, button="Run and check") -> str:
    """Press a button of a step; return what is said."""
    step = tab.locator(f"#cell-{cell} .live")
    step.get_by_role("button", name=button, exact=True).click()
    tab.wait_for_function(
        """cell => ["right", "wrong", "none"].includes(
            document.querySelector(`#cell-${cell} .live-message`).dataset.verdict)""",
        arg=cell,
        timeout=60_000,
    )
    return step.locator(".live-message").inner_text()


def weight(site: Path, page: str, script: str) -> int:
    """Return the bytes that a page fetches of ours before somebody types."""
    folder = site / "_course" / "live"
    modules, todo = set(), [script]
    while todo:
        module = todo.pop()
        if module in modules:
            continue
        modules.add(module)
        text = (folder / module).read_text("utf-8")
        todo += re.findall(r'^import .*"\./([\w.]+)"', text, re.M)
    files = [folder / module for module in modules] + [folder / "live.css"]
    if page.startswith("exercises/"):
        files.append(folder / "settings.json")
        files.append(folder / "sheets" / f"{page.removeprefix('exercises/')}.json")
    return sum(path.stat().st_size for path in files)


@pytest.mark.parametrize("exercise", LIVE)
def test_a_live_page_weighs_little_before_somebody_types(site, exercise):
    assert weight(site, f"exercises/{exercise}", "page.mjs") < 38_000
    assert weight(site, "book/perceptron", "try.mjs") < 8_000


def test_without_python_the_page_says_so_in_one_sentence(open_page):
    tab = open_page(PAGE, own=True)
    tab.add_init_script(
        "window.Worker = class { constructor() { throw new Error('no workers'); } };"
    )
    tab.reload()
    tab.wait_for_selector(".live")
    said = check(tab, "gates_threshold")
    assert said.startswith("Python is not to be had in this browser (no workers).")
    assert "JupyterLab" in said
    assert (
        tab.locator("#cell-gates_threshold .live-message").get_attribute("role")
        == "status"
    )


def test_without_javascript_the_page_shows_the_sheet(open_page):
    tab = open_page(PAGE, javascript=False)
    assert tab.locator(".live").count() == 0
    assert tab.locator("#cell-gates_threshold .cell_input").is_visible()


def test_work_is_kept_and_reset_and_taken_back(open_page):
    tab = live(open_page)
    write(tab, "gates_threshold", "kept = 1")
    tab.wait_for_function("Object.keys(localStorage).some(k => k.includes(':work:'))")
    tab.reload()
    tab.wait_for_selector(".live")
    assert written(tab, "gates_threshold") == "kept = 1"
    step = tab.locator("#cell-gates_threshold .live")
    step.get_by_role("button", name="Reset").click()
    assert "NotImplementedError" in written(tab, "gates_threshold")
    step.get_by_role("button", name="Undo").click()
    assert written(tab, "gates_threshold") == "kept = 1"
    assert not [line for line in tab.problems if "/pyodide/" not in line]


def test_two_tabs_do_not_overwrite_each_other_in_silence(open_page):
    tab = live(open_page)
    other = tab.context.new_page()
    other.goto(tab.url)
    other.wait_for_selector(".live")
    write(tab, "gates_threshold", "first = 1")
    note = other.locator("#cell-gates_threshold .live-note")
    note.wait_for(state="visible")
    assert "Another tab has changed this answer." in note.inner_text()
    note.get_by_role("button", name="Take that one").click()
    assert written(other, "gates_threshold") == "first = 1"
    other.close()


def test_an_answer_to_another_task_is_offered_and_not_taken(open_page):
    tab = live(open_page)
    tab.evaluate(
        """localStorage.setItem("neuron-by-neuron:work:1:/a-repository/:perceptron/gates:gates_threshold",
            JSON.stringify({text: "old = 1", task: "of last year"}))"""
    )
    tab.reload()
    tab.wait_for_selector(".live")
    step = tab.locator("#cell-gates_threshold .live")
    assert "NotImplementedError" in written(tab, "gates_threshold")
    assert "This task was changed" in step.locator(".live-note").inner_text()
    step.get_by_role("button", name="Take my old answer").click()
    assert written(tab, "gates_threshold") == "old = 1"


def test_where_nothing_may_be_stored_the_page_says_so(open_page):
    tab = open_page(PAGE, own=True)
    tab.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('full'); };"
    )
    tab.reload()
    tab.wait_for_selector(".live")
    write(tab, "gates_threshold", "x = 1")
    note = tab.locator("#cell-gates_threshold .live-note")
    note.wait_for(state="visible")
    assert "This browser keeps nothing here" in note.inner_text()


def test_a_notebook_goes_out_and_comes_back(open_page, tmp_path):
    tab = live(open_page)
    write(tab, "gates_threshold", GATES["gates_threshold"])
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download notebook").click()
    path = tmp_path / "gates.ipynb"
    download.value.save_as(path)
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    released = nbformat.read(ROOT / f"{PAGE}.ipynb", 4)
    assert len(notebook.cells) == len(released.cells)
    for mine, theirs in zip(notebook.cells, released.cells, strict=True):
        assert mine.metadata == theirs.metadata
        answered = (
            theirs.metadata.get("nbgrader", {}).get("grade_id") == "gates_threshold"
        )
        assert mine.source == (GATES["gates_threshold"] if answered else theirs.source)
    write(tab, "gates_threshold", "gone")
    tab.locator(".live-bar input[type=file]").set_input_files(path)
    tab.wait_for_function(
        "document.querySelector('.live-said').textContent.includes('taken over')"
    )
    assert written(tab, "gates_threshold") == GATES["gates_threshold"]


@needs_linux
def test_what_was_written_on_the_page_is_graded_like_any_other(open_page, tmp_path):
    tab = live(open_page)
    tab.evaluate(
        "answers => { for (const step of liveSheets[0].steps) "
        "if (answers[step.cell.id]) step.text = answers[step.cell.id]; }",
        GATES,
    )
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Download notebook").click()
    handed_in = Path(download.value.path()).read_bytes()
    own, settings = sheet("perceptron/gates"), options()
    placed, _ = rebuild.rebuild(own, rebuild.read(handed_in))
    limits = settings.limits if settings.sandbox else None
    forkserver.allow_forkservers()
    with forkserver.closing_forkservers():
        graded = session.grade(session.Job("ada", own, placed, {}, {}, limits))
    assert {step.grade_id: step.score for step in graded.steps} == FULL


def test_a_file_that_is_no_notebook_changes_nothing(open_page, tmp_path):
    tab = live(open_page)
    for text, says in (("{", "no notebook"), ('{"cells": []}', "none of the answers")):
        (tmp_path / "x.ipynb").write_text(text)
        tab.locator(".live-bar input[type=file]").set_input_files(tmp_path / "x.ipynb")
        tab.wait_for_function(
            f"document.querySelector('.live-said').textContent.includes({says!r})"
        )


def test_a_section_offers_the_steps_that_go_with_it(open_page):
    tab = open_page("book/perceptron")
    folds = tab.locator("details.try-it")
    assert folds.count() == sum(map(len, pack.steps_of("perceptron").values()))
    folds.first.locator("summary").click()
    tab.wait_for_selector("#cell-gates_threshold textarea")
    assert "Write step(s, t=0)" in folds.first.inner_text()
    write(tab, "gates_threshold", "from_the_chapter = 1")
    tab.wait_for_function("Object.keys(localStorage).some(k => k.includes(':work:'))")
    own = live(open_page)
    assert written(own, "gates_threshold") == "from_the_chapter = 1"


# --- with Python ----------------------------------------------------------------------


@pytest.fixture
def python(open_page):
    """A tab in which Python has begun to start."""
    tab = live(open_page)
    tab.evaluate("liveSheets[0].client.start()")
    return tab


@needs_pyodide
def test_the_reference_earns_all_steps_and_verdicts_grow_old(python):
    for cell, source in GATES.items():
        write(python, cell, source)
        assert "✓" in check(python, cell)
    bar = python.locator(".live-bar p")
    total = sum(FULL.values())
    assert bar.inner_text().startswith(f"6 of 6 steps right, {total:g} of {total:g}")
    write(python, "gates_threshold", "def step(s, t):\n    return 1")
    assert bar.inner_text().startswith("0 of 6 steps right, 0 of")
    old = python.locator("#cell-gates_fit .live-message").get_attribute("data-old")
    assert old == "This verdict is older than the answers: check again."
    assert python.problems == []


@needs_pyodide
def test_wrong_answers_get_the_messages_of_jupyter(python, here):
    packed = pack.sheet(ROOT / f"{PAGE}.ipynb")
    setup, *_ = (c["source"] for c in packed["cells"] if c["role"] == "setup")
    answers = [
        w for w in wrong_answers("perceptron/gates") if w.cell == "gates_threshold"
    ]
    answers = [w.code for w in answers]
    answers.append("def step(s, t):\n    return (np.asarray(s) > t).astype(int)")
    answers.append("def step(s, t):\n    return np.sign(s - t)")
    for answer in answers:
        write(python, "gates_threshold", answer)
        there = check(python, "gates_threshold")
        cells = ("s", "setup", setup), ("gates_threshold", "answer", answer)
        done = here(*cells, ("c", "check", "checks.step(step)"))["results"][-1]
        assert there.split() == done["error"]["message"].split()


@needs_pyodide
def test_an_overflow_loses_the_step_here_as_it_does_there(open_page):
    tab = live(open_page, "exercises/backpropagation/four_equations")
    write(tab, "equations_slope", "def sigmoid(z):\n    return 1 / (1 + np.exp(-z))")
    assert "overflows" in check(tab, "equations_slope")


@needs_pyodide
def test_an_endless_loop_is_stopped_and_the_next_click_works(python):
    write(python, "gates_threshold", "while True:\n    pass")
    step = python.locator("#cell-gates_threshold .live")
    step.get_by_role("button", name="Run and check").click()
    step.get_by_role("button", name="Stop").click()
    assert step.locator(".live-message").inner_text() == "Stopped."
    write(python, "gates_threshold", GATES["gates_threshold"])
    assert "✓" in check(python, "gates_threshold")


@needs_pyodide
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("import os\nos._exit(1)", "Your code has ended Python: "),
        ("a = []\nfor _ in range(10**5): a = [a]\nrepr(a)", "it went too deep"),
        ("import js\njs.fetch('/')", "AttributeError: fetch"),
        ("import torch", "It does not run in a browser"),
        ("x = 1", "✗ name 'step' is not defined: the cell above has to define it."),
    ],
)
def test_what_ends_badly_ends_in_one_line_and_the_next_click_works(
    python, answer, says
):
    write(python, "gates_threshold", answer)
    assert says in check(python, "gates_threshold")
    write(python, "gates_threshold", GATES["gates_threshold"])
    assert "✓" in check(python, "gates_threshold")


@needs_pyodide
def test_what_an_answer_prints_is_text(python):
    mark = "<img src=x onerror='window.hacked = 1'>"
    write(python, "gates_threshold", f'print("{mark}")\nraise ValueError("{mark}")')
    assert mark in check(python, "gates_threshold")
    assert mark in python.locator("#cell-gates_threshold .live-out").inner_text()
    assert python.evaluate("window.hacked") is None


@needs_pyodide
def test_with_the_keyboard_alone_and_the_focus_stays(python):
    write(python, "gates_threshold", "def step(s, t):")
    python.keyboard.press("Enter")
    python.keyboard.insert_text("return (np.asarray(s) >= t).astype(int)")
    assert "    return" in written(python, "gates_threshold")
    python.keyboard.press("Control+Enter")
    python.wait_for_selector(
        "#cell-gates_threshold [data-verdict=right]", timeout=30_000
    )
    assert python.evaluate("document.activeElement.className.includes('cm-content')")


@needs_pyodide
def test_a_figure_is_shown(python):
    write(
        python,
        "gates_threshold",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nprint('drawn')",
    )
    check(python, "gates_threshold", "Run")
    figure = python.locator("#cell-gates_threshold .live-more img")
    assert (
        figure.evaluate("image => image.decode().then(() => image.naturalWidth)") > 99
    )


@needs_pyodide
def test_the_first_verdict_is_not_far_from_the_start_of_python(open_page):
    tab = live(open_page, own=True)
    write(tab, "gates_threshold", GATES["gates_threshold"])
    start = time.monotonic()
    check(tab, "gates_threshold")
    first = time.monotonic() - start
    start = time.monotonic()
    check(tab, "gates_threshold")
    assert time.monotonic() - start < first / 3


@needs_pyodide
def test_a_later_visit_needs_no_network(open_page):
    tab = live(open_page, own=True)
    write(tab, "gates_threshold", GATES["gates_threshold"])
    assert "✓" in check(tab, "gates_threshold")
    tab.reload()  # with the service worker: it keeps the page, too
    tab.wait_for_selector(".live")
    assert "✓" in check(tab, "gates_threshold")
    tab.context.set_offline(True)
    tab.reload()
    tab.wait_for_selector(".live")
    assert "✓" in check(tab, "gates_threshold")


@needs_pyodide
@pytest.mark.skipif(not FIREFOX, reason="no Firefox on this machine")
def test_in_firefox_the_reference_earns_all_steps(address, tmp_path):
    with firefox(tmp_path) as tab:
        tab.goto(f"{address}/{PAGE}.html")
        ready = (
            "new Promise((done) => setInterval(() => window.liveSheets && done(1), 50))"
        )
        assert tab.evaluate(ready) == 1
        for cell, answer in GATES.items():
            message = tab.evaluate(f"""(async () => {{
                const step = liveSheets[0].step({json.dumps(cell)});
                step.text = {json.dumps(answer)};
                await liveSheets[0].run(step, true);
                return step.message.textContent;
            }})()""")
            assert message.startswith("✓"), message
        line = tab.evaluate("document.querySelector('.live-bar p').textContent")
        total = sum(FULL.values())
        assert f"{total:g} of {total:g} points" in line
