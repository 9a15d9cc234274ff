"""What the tests know of the book: its pages, explorations, quizzes and figures."""

import re
from pathlib import Path

import yaml
from bs4 import BeautifulSoup

from press.build import entries
from tests import ROOT

BOOK = ROOT / "book"
PAGES = list(entries(yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))))
EXPLORATION = re.compile(r"^:*`*\{exploration\} (\w+)", re.MULTILINE)
EXPLORATIONS = {  # of each, the page that shows it
    name: path.relative_to(ROOT).with_suffix("").as_posix()
    for path in sorted(BOOK.rglob("*.md"))
    for name in EXPLORATION.findall(path.read_text("utf-8"))
}
SCRIPTS = sorted(path.stem for path in (BOOK / "explorations").glob("*.js"))
QUIZZES = sorted(path.stem for path in (BOOK / "quizzes").glob("*.json"))
FIGURES = sorted(path.stem for path in (BOOK / "figures").glob("*.svg"))


def soup(site: Path, page: str) -> BeautifulSoup:
    """Return a page of the built book, to search in."""
    return BeautifulSoup((site / f"{page}.html").read_text("utf-8"), "html.parser")
