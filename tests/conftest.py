"""What all tests share: the environment's commands on the PATH, and the built book."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IMPACTS = ("critical", "serious", "moderate", "minor")  # axe-core's words
# the workers share the cores, one each; must be set before NumPy is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# nbgrader calls alembic by name, and finds it where the environment is not activated
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items) -> None:
    """Keep the tests of the built book on one worker: two builds would collide."""
    for item in items:
        if "site" in item.fixturenames:
            item.add_marker(pytest.mark.xdist_group("site"))


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built book, brought up to date by the strict build."""
    command = [sys.executable, "-m", "press.build"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    return ROOT / "_build" / "html"


@pytest.fixture(scope="module")
def chromium():
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: pages were not opened")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, site):
    """Return a function that opens a page and watches it."""
    contexts = []

    def opener(page: str, *, width=1280, javascript=True, hash=""):
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="light",
            java_script_enabled=javascript,
        )
        contexts.append(context)
        tab = context.new_page()
        tab.problems = []
        tab.on("pageerror", lambda error: tab.problems.append(f"error: {error}"))
        tab.on(
            "console",
            lambda message: (
                tab.problems.append(f"{message.type}: {message.text}")
                if message.type in ("error", "warning")
                else None
            ),
        )
        tab.on(
            "request",
            lambda request: (
                tab.problems.append(f"request: {request.url}")
                if not request.url.startswith(("file:", "data:", "blob:"))
                else None
            ),
        )
        tab.goto(f"file://{site}/{page}.html{hash}", wait_until="load")
        return tab

    yield opener
    for context in contexts:
        context.close()


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
