"""What all tests share: the commands' places, groups, the built book, a browser."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests import ROOT
from tests.browser import CHROMIUM, FLAGS, VIEWPORT, served, watched

PLACE = pytest.StashKey[tuple[int, int]]()  # of a test among all
IMPACTS = ("critical", "serious", "moderate", "minor")  # axe-core's words
# the workers share the cores, one each; must be set before NumPy is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# nbgrader calls alembic by name, and finds it where the environment is not activated
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


# Groups of tests that take long, in seconds of a processor. A group stays on one
# worker; the longest begin first, so that no worker is left alone with one at the end.
SECONDS = {
    "grading-faults": 120,
    "house/test_not_by_pasting": 105,
    "grading-hostile": 100,
    "book/test_accessibility": 95,
    "press/test_build": 75,
    "accessibility-book": 75,
    "house/test_benchmarks": 70,
    "grading-errors": 65,
    "accessibility-solutions": 65,
    "book/explorations/test_fully_connected": 65,
    "accessibility-exercises": 60,
    "steps-fully_connected": 55,
    "grading-convolutional/cifar10_cnn": 55,
    "accessibility-notebooks": 50,
    "grading-features": 45,
    "grading-pipeline": 45,
    "solutions/test_for_yourself": 45,
    "steps-backpropagation": 45,
    "grading-withheld": 45,
    "steps-linear_networks": 45,
    "steps-convolutional": 40,
    "grading-convolutional/mnist_cnn": 35,
    "grader/test_class": 35,
    "steps-attention": 35,
    "grading-trial": 35,
    "grading-fully_connected/cifar10_fcn": 30,
    "book/test_site": 30,
    "press/test_lite": 25,
    "helpers/checks/test_core": 25,
    "press/test_live": 25,
    "steps-perceptron": 25,
    "steps-advanced_cnn": 20,
    "notebooks/claims/test_fully_connected": 20,
    "press/test_front_page": 20,
    "notebooks-backpropagation": 20,
    "steps-gradient_descent": 20,
    "steps-autoencoders": 15,
    "helpers/checks/test_backpropagation": 15,
    "house/test_commands": 15,
    "press/test_configure": 15,
    "grading-attention/transformer": 15,
    "notebooks/claims/test_convolutional": 15,
    "notebooks/claims/test_attention": 15,
    "grading-machine": 15,
    "notebooks/claims/test_autoencoders": 15,
}
OTHERS = 10


def group_of(path: Path) -> str:
    """The name of a file's group: its place among the tests."""
    return path.relative_to(ROOT / "tests").with_suffix("").as_posix()


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items) -> None:
    """Keep a file's tests on one worker, if they have no other group; sort the groups.

    Tests of the built book get the mark `site`.
    """
    places = {}
    for item in items:
        if "last_build" in item.fixturenames:  # `site` needs it, too
            item.add_marker(pytest.mark.site)
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(group_of(item.path)))
        group = item.get_closest_marker("xdist_group").args[0]
        first = places.setdefault(group, len(places))
        item.stash[PLACE] = (-SECONDS.get(group, OTHERS), first)
    items.sort(key=lambda item: item.stash[PLACE])


@pytest.fixture(scope="session")
def last_build(tmp_path_factory) -> str:
    """What the last strict build said: it found the book up to date.

    One worker builds for all: two builds would collide, and a later one would change
    files under the others' browsers.
    """
    import fcntl  # not on Windows, where no book is built

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    said = folder / "build.log"
    with open(folder / "build.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.is_file():
            text = build()
            said.write_text(build() if "executing" in text else text, "utf-8")
    return said.read_text("utf-8")


def build() -> str:
    """Build the book; return what is said about it."""
    command = [sys.executable, "-m", "press.build"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return done.stdout


@pytest.fixture(scope="session")
def site(last_build) -> Path:
    """The folder of the built book, up to date."""
    return ROOT / "_build" / "html"


@pytest.fixture(scope="session")
def address(site):
    """Where this worker serves the built book."""
    with served(site) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: pages were not opened")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def kept_tab(chromium, address):
    """One tab for the tests of a module: a new one takes longer than most pages."""
    return watched(
        chromium.new_context(viewport=VIEWPORT, color_scheme="light"), address
    )


@pytest.fixture
def open_page(chromium, address, kept_tab):
    """Return a function that opens a page for a new reader, and watches it.

    The tab is the same for all tests, without what others left in it. One that a
    script is added to, or without JavaScript, must be `own`; `at` is another address.
    """
    contexts = []

    def opener(
        page: str, *, width=1280, javascript=True, hash="", own=False, at=address
    ):
        size = VIEWPORT | {"width": width}
        if own or not javascript or at != address:
            context = chromium.new_context(
                viewport=size, color_scheme="light", java_script_enabled=javascript
            )
            contexts.append(context)
            tab = watched(context, at)
        else:
            tab = kept_tab
            tab.set_viewport_size(size)
        tab.goto(f"{at}/{page}.html{hash}", wait_until="load")
        return tab

    yield opener
    for context in contexts:
        context.close()
    if kept_tab.url.startswith(address):
        kept_tab.evaluate("localStorage.clear(), sessionStorage.clear()")
    kept_tab.goto("about:blank")
    kept_tab.emulate_media(color_scheme="light", reduced_motion="null", media="null")
    kept_tab.problems.clear()


def pytest_terminal_summary(terminalreporter) -> None:
    """Say what axe-core found in the pages that were opened."""
    found = [
        line
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
        for name, lines in report.user_properties
        if name == "axe"
        for line in [None, *lines]  # None counts the page
    ]
    if found:
        impacts = Counter(line.partition(": ")[0] for line in found if line)
        impacts = {name: impacts[name] + impacts[f"dark, {name}"] for name in IMPACTS}
        told = ", ".join(f"{count} {name}" for name, count in impacts.items())
        terminalreporter.section("axe-core")
        pages = found.count(None)
        terminalreporter.write_line(
            f"{pages} pages, light and dark: rules broken: {told}"
        )
