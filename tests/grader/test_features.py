"""What a course may use: no feature of nbgrader's loses a point by moving here."""

import re

import nbformat
import pytest

from grader.books.course import Course
from grader.trial import held
from tests import ROOT
from tests.grader import needs_linux, options, tiny
from tests.grader.features import FEATURES, SHEETS

pytestmark = [
    pytest.mark.xdist_group("grading-features"),
    pytest.mark.usefixtures("forkservers"),
    needs_linux,
]
PAGE = ROOT / "book/grader.md"
NEEDS = ("pandas", "sympy", "torch", "sklearn", "scipy", "ipywidgets")
APART, TOGETHER, REFUSED = "two processes", "one process", "refused"
NAMES = [*FEATURES, *SHEETS]
OTHER = "another language than Python"


def made(root, name: str) -> None:
    """Write a notebook for a feature."""
    place, files = root / "solutions/f", {}
    place.mkdir(parents=True, exist_ok=True)
    if not (cells := SHEETS.get(name)):
        answer, check, *more = FEATURES[name]
        before, files = (*more, *("", {})[len(more) :])
        cells = [tiny.setup(before)] if before else []
        cells += [tiny.answer(answer), tiny.check(check)]
    book = nbformat.v4.new_notebook(cells=cells)
    nbformat.write(book, place / f"{NAMES.index(name):03}.ipynb")
    for file, content in files.items():
        (place / file).write_bytes(content)


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, str]:
    """How each feature is graded."""
    for library in NEEDS:
        pytest.importorskip(library)
    modes = {}
    root = tiny.course(tmp_path_factory.mktemp("features"))
    for name in NAMES:
        made(root, name)
    course = Course(root)
    trial = held(course, course.assignment("f"), options())
    for number, name in enumerate(NAMES):
        sheet = f"{number:03}"
        modes[name] = TOGETHER if sheet in trial.together else APART
        if sheet in trial.broken or any(f"f/{sheet}" in line for line in trial.faults):
            modes[name] = REFUSED
    return modes | {OTHER: TOGETHER}  # see `test_kernel`


def test_what_is_refused_cannot_be_graded_here(found):
    assert [name for name, how in found.items() if how == REFUSED] == [
        "the network",
        "input at the top of a cell",
    ]


def test_as_many_features_as_a_course_may_have(found):
    assert len(found) >= 85


def test_the_page_has_the_table(found):
    rows = dict(
        re.findall(
            r"^\| ([^|]+) \| (two processes|one process|refused) \|$",
            PAGE.read_text(encoding="utf-8"),
            re.MULTILINE,
        )
    )
    assert rows == found, "\n".join(f"| {k} | {v} |" for k, v in found.items())
