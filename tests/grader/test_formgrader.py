"""What a student hands in, as an instructor sees it: nbgrader's formgrader in Chromium.

The page runs on the instructor's own Jupyter server, with the instructor's rights.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from grader.autograde import autograde
from grader.books.course import Course
from grader.reports import feedback
from tests.grader import needs_linux, options, tiny
from tests.grader.test_by_hand import PNG, text

pytestmark = [
    pytest.mark.xdist_group("grading-formgrader"),
    pytest.mark.usefixtures("forkservers"),
    needs_linux,
]
MARK = "window.ran = (window.ran || 0) + 1"
WORDS = f"""My words, with ![photo](photo.png).

<script>{MARK}</script> <img src=x onerror="{MARK}"> <svg onload="{MARK}"></svg>
<details open ontoggle="{MARK}"><a href="javascript:{MARK}">press me</a></details>
<iframe srcdoc="<script>parent.{MARK}</script>"></iframe>
<style>body {{color: red}}</style>
[x](java&#115;cript:{MARK.replace(" ", "%20")})
<form action=/><button>send</button></form>
"""
PRINTS = f"""
import base64
from IPython.display import HTML, SVG, Javascript, Markdown, display
display(HTML('<script>{MARK}</script><img src=x onerror="{MARK}">'))
display(Javascript({MARK!r}))
display(Markdown('<img src=x onerror="{MARK}">'))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg" onload="{MARK}"></svg>'))
display({{"application/vnd.jupyter.widget-view+json": {{"model_id": "x"}}}}, raw=True)
display({{"text/latex": r'\\href{{javascript:{MARK}}}{{x}}'}}, raw=True)
print('<script>{MARK}</script>')
"""
DOUBLE = (
    f"{PRINTS}\ndef double(x):\n    raise ValueError('<img src=x onerror=\"{MARK}\">')"
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tiny.course(
        tmp_path_factory.mktemp("formgrader"),
        text("In your words: why?", "words", grade=True, solution=True, points=3),
        tiny.answer(),
        tiny.check("assert double(3) == 6"),
    )
    files = {"photo.png": PNG}
    tiny.hand_in(root, "ada", tiny.RIGHT, words="Two and two.", files=files)
    tiny.hand_in(root, "mallory", DOUBLE, first=PRINTS, words=WORDS, files=files)
    made = Course(root)
    autograde(made, tiny.NAME, options())
    feedback.write(made, tiny.NAME)
    return made


@pytest.fixture(scope="module")
def formgrader(course):
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser"]
    command += ["--allow-root", "--IdentityProvider.token="]
    home = {"JUPYTER_CONFIG_DIR": str(course.root / ".jupyter")}
    home |= {"JUPYTER_RUNTIME_DIR": str(course.root / ".runtime")}
    with open(course.root / "server.log", "w", encoding="utf-8") as log:
        server = subprocess.Popen(
            command, cwd=course.root, env=os.environ | home, stdout=log, stderr=log
        )
    end = time.monotonic() + 60
    # the server takes a free port, and writes down which
    while not (address := found(course.root / ".runtime")) or not answers(address):
        assert time.monotonic() < end, (course.root / "server.log").read_text()[-3000:]
        time.sleep(0.2)
    yield address
    server.terminate()
    server.wait(30)


def found(folder: Path) -> str:
    for path in folder.glob("jpserver-*.json"):
        with contextlib.suppress(ValueError):  # half written
            return f"{json.loads(path.read_text('utf-8'))['url']}formgrader"
    return ""


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/manage_assignments") as page:
            return page.status == 200
    except OSError:
        return False


@pytest.fixture
def tab(chromium):
    page = chromium.new_page()
    yield page
    page.close()


def submission(formgrader: str, tab, student: str) -> None:
    """Open what a student handed in, as one who grades by hand does."""
    tab.goto(f"{formgrader}/gradebook/{tiny.NAME}/{tiny.NAME}/?show_names=true")
    tab.wait_for_selector("table tbody a", timeout=30_000)
    rows = tab.locator("table tbody tr", has_text=student)
    target = rows.first.locator("a").first.get_attribute("href")
    tab.goto(formgrader.removesuffix("/formgrader") + target)
    tab.wait_for_selector(".nbgrader_cell", timeout=30_000)


def test_the_page_of_an_honest_student_shows_the_words(formgrader, tab):
    submission(formgrader, tab, "ada")
    assert "Two and two." in tab.inner_text("body")


def test_nothing_that_a_student_wrote_runs_in_it(formgrader, tab):
    submission(formgrader, tab, "mallory")
    tab.wait_for_timeout(1000)
    shown = tab.inner_text("body")
    assert "My words, with" in shown
    assert "at your line: raise ValueError" in shown
    assert tab.evaluate("window.ran") is None
    links = tab.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    assert not [
        link for link in links if re.match(r"\s*(javascript|vbscript|data):", link)
    ]


def test_as_it_was_handed_in_it_would_run(formgrader, tab, course):
    """So the test above can fail. It leaves the page as it found it."""
    path = course.folder("autograded", "mallory", tiny.NAME) / f"{tiny.NAME}.ipynb"
    kept = path.read_text("utf-8")
    book = json.loads(kept)
    next(c for c in book["cells"] if c["cell_type"] == "markdown")["source"] = WORDS
    path.write_text(json.dumps(book), "utf-8")
    submission(formgrader, tab, "mallory")
    tab.wait_for_function("window.ran > 0", timeout=10_000)
    path.write_text(kept, "utf-8")


def test_nothing_runs_in_the_feedback_and_the_reports(course, tab):
    pages = [
        *course.root.glob("feedback/**/*.html"),
        *course.root.glob("reports/*.html"),
    ]
    assert len(pages) >= 3
    for page in pages:
        tab.goto(page.as_uri())
        assert tab.evaluate("window.ran") is None, page.name
