"""Comfort: minutes, progress, the way through the book, its foot, and its papers."""

import json
import re
import tomllib
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from press import contents
from press.build import ROOT
from press.directives import front_page
from tests.book.test_site import PAGES, soup

CHAPTERS = list(contents.chapters())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# ---------------------------------------------------------------- front page


def test_the_front_page_lists_every_chapter_with_its_minutes(site):
    items = soup(site, "book/intro").select("#chapters > ol > li")
    links = [item.select_one("a")["href"] for item in items]
    assert links == [f"{name}.html" for name in CHAPTERS]
    assert len(links) == len(list((ROOT / "book/quizzes").glob("*.json")))
    for name, item in zip(CHAPTERS, items, strict=True):
        shown = re.search(r"(\d+) min to read, (\d+) to run, (\d+) to do", item.text)
        read, run, do = map(int, shown.groups())
        stated = re.search(
            r"about (\d+) minutes to read, (\d+) to run and do",
            soup(site, f"book/{name}").find("article").text,
        )
        assert (read, run + do) == tuple(map(int, stated.groups()))
        sheets = [page for page in PAGES if page.startswith(f"exercises/{name}/")]
        times = [
            int(re.search(r"Time: about (\d+) min", soup(site, sheet).text)[1])
            for sheet in sheets
        ]
        assert do == sum(times)
        questions = json.loads((ROOT / f"book/quizzes/{name}.json").read_text())
        place = item.select_one(".chapter-progress")
        assert int(place["data-questions"]) == len(questions)


def test_minutes_that_do_not_add_up_are_named(monkeypatch, tmp_path):
    (tmp_path / "book").mkdir()
    monkeypatch.setattr(contents, "ROOT", tmp_path)
    page, sheet = tmp_path / "book/x.md", tmp_path / "a.ipynb"
    page.write_text("about 40 minutes to read, 50 to run and do")
    sheet.write_text("**Time:** about 30 minutes")
    assert contents.minutes("x", ["a.ipynb"]) == (40, 20, [30])
    sheet.write_text("**Time:** about 60 minutes")
    with pytest.raises(
        ValueError, match=r"50 minutes to run and do, .* alone state 60"
    ):
        contents.minutes("x", ["a.ipynb"])
    sheet.write_text("no time")
    with pytest.raises(ValueError, match=r"a\.ipynb states no minutes"):
        contents.minutes("x", ["a.ipynb"])
    page.write_text("no time")
    with pytest.raises(ValueError, match=r"book/x\.md states no minutes"):
        contents.minutes("x", ["a.ipynb"])


# ---------------------------------------------------------------- progress


def answer(tab, number: int, text: str):
    question = tab.locator(".quiz-question").nth(number - 1)
    question.get_by_text(text).click()


def go(tab, page: str):
    """Open another page of the book in the same tab, as the same reader."""
    folder = tab.url.split("/_build/html/")[0]
    tab.goto(f"{folder}/_build/html/{page}.html")


def test_a_right_answer_is_remembered_and_counted_once(open_page):
    tab = open_page("book/perceptron")
    line = tab.locator(".quiz-progress")
    assert line.inner_text() == ""
    tab.evaluate(
        """window.said = [];
        new MutationObserver(() => said.push(
            document.querySelector(".quiz-progress").textContent
        )).observe(document.querySelector(".quiz-progress"), {childList: true})"""
    )
    answer(tab, 2, "It turns.")  # wrong
    answer(tab, 2, "Nothing.")  # right
    answer(tab, 2, "It turns.")
    answer(tab, 2, "Nothing.")
    said = tab.evaluate("said")
    assert len(said) == 1  # a screen reader says it once
    assert said[0].startswith("1 of 5 questions answered right.")
    assert line.get_attribute("role") == "status"
    tab.reload()
    assert line.inner_text().startswith("1 of 5")
    marks = tab.locator(".quiz-question:has(.quiz-done)")
    assert marks.count() == 1
    assert marks.locator(".quiz-number").inner_text() == "2."
    go(tab, "book/intro")
    (shown,) = tab.locator(".chapter-progress:visible").all_inner_texts()
    assert shown == "Quiz: 1 of 5"
    questions = sum(
        len(json.loads((ROOT / f"book/quizzes/{name}.json").read_text()))
        for name in CHAPTERS
    )
    summary = tab.locator(".course-progress p")
    assert summary.inner_text().startswith(
        f"You have answered 1 of {questions} quiz questions right."
    )
    assert tab.problems == []  # and nobody was asked


def test_progress_is_cleared_with_the_keyboard_and_nothing_else_is(open_page):
    tab = open_page("book/perceptron")
    answer(tab, 2, "Nothing.")
    tab.evaluate("localStorage.setItem('of somebody else', 'kept')")
    go(tab, "book/intro")
    tab.get_by_role("button", name="Clear my progress").focus()
    tab.keyboard.press("Enter")
    assert tab.locator(".chapter-progress:visible").count() == 0
    status = tab.locator(".course-progress [role=status]")
    assert status.inner_text() == "Your progress is cleared."
    keys = tab.evaluate("Object.keys(localStorage)")
    assert "of somebody else" in keys
    assert not any(key.startswith("neuron-by-neuron:") for key in keys)
    tab.reload()
    assert tab.locator(".course-progress").is_hidden()


def test_a_question_that_has_changed_is_new(open_page):
    tab = open_page("book/perceptron")
    answer(tab, 2, "Nothing.")
    (key,) = tab.evaluate("Object.keys(localStorage).filter(k => k.includes(':quiz:'))")
    assert key == "neuron-by-neuron:quiz:1:perceptron"
    tab.evaluate(f"localStorage.setItem('{key}', '[\"a question of last year\"]')")
    tab.reload()
    assert tab.locator(".quiz-done").count() == 0
    assert tab.locator(".quiz-progress").inner_text() == ""
    tab.evaluate(f"localStorage.setItem('{key}', 'not even JSON')")
    tab.reload()
    assert tab.locator(".quiz-progress").inner_text() == ""
    assert tab.problems == []


@pytest.mark.parametrize("page", ["book/perceptron", "book/intro"])
def test_where_nothing_may_be_stored_nothing_shows_and_nothing_breaks(open_page, page):
    tab = open_page(page, own=True)
    tab.add_init_script(
        "Storage.prototype.setItem = () => { throw new DOMException('blocked'); };"
    )
    tab.reload()
    assert tab.locator(".quiz-progress, .chapter-progress:visible").count() == 0
    assert tab.locator(".course-progress:visible").count() == 0
    if page == "book/perceptron":
        answer(tab, 2, "Nothing.")
        assert tab.locator(".quiz-feedback p:visible").inner_text().startswith("Right.")


@pytest.mark.parametrize("page", ["book/perceptron", "book/intro"])
def test_without_javascript_no_progress_shows(open_page, page):
    tab = open_page(page, javascript=False)
    for place in tab.locator("[class$=-progress]").all():
        assert place.is_hidden()


# ---------------------------------------------------------------- every page


def footer(site, page: str, name: str) -> BeautifulSoup:
    """Read only one footer: to read all of every page takes a minute."""
    text = (site / f"{page}.html").read_text()
    (content,) = re.findall(rf'<footer class="{name}.*?</footer>', text, re.DOTALL)
    return BeautifulSoup(content, "html.parser")


def test_previous_and_next_lead_through_the_whole_book(site):
    follows = list(zip([None, *PAGES], PAGES, [*PAGES[1:], None], strict=False))
    for before, page, after in follows:
        foot = footer(site, page, "prev-next-footer")
        for name, target in (("left-prev", before), ("right-next", after)):
            link = foot.select_one(f"a.{name}")
            if target is None:
                assert link is None
                continue
            there = (site / f"{page}.html").parent / link["href"]
            assert there.resolve() == site / f"{target}.html"


def test_each_page_names_both_licenses_and_takes_reports(site):
    settings = yaml.safe_load((ROOT / "_config.yml").read_text())
    repository = settings.get("repository", {}).get("url")
    for page in PAGES:
        foot = footer(site, page, "bd-footer-content")
        links = {link.text: link["href"] for link in foot.select("a")}
        assert links["CC BY 4.0"] == "https://creativecommons.org/licenses/by/4.0/"
        assert links["MIT"] == "https://opensource.org/license/mit"
        report = links.get("Report a mistake on this page", "")
        assert bool(report) == bool(repository)
        if report:
            assert report.startswith(f"{repository}/issues/new?")
            assert parse_qs(urlsplit(report).query)["title"] == [f"Mistake in {page}"]


def test_a_report_has_the_name_of_the_page_filled_in():
    address = front_page.report_address("https://github.com/a/b/", "book/perceptron")
    assert address.startswith("https://github.com/a/b/issues/new?")
    fields = parse_qs(urlsplit(address).query)
    assert fields["title"] == ["Mistake in book/perceptron"]
    assert fields["body"][0].startswith("Page: book/perceptron\n")


def test_on_paper_there_is_nothing_to_press(open_page):
    tab = open_page("book/perceptron")
    tab.locator(".quiz-question").nth(1).get_by_text("Nothing.").click()
    tab.emulate_media(media="print")
    hidden = (
        "button, .bd-sidebar-primary, .bd-sidebar-secondary, .bd-header-article, "
        ".prev-next-footer, .exploration input, .quiz-feedback p, .quiz-progress"
    )
    assert tab.locator(hidden).count() > 20
    visible = [tag for tag in tab.locator(hidden).all() if tag.is_visible()]
    assert [tag.evaluate("tag => tag.outerHTML") for tag in visible] == []
    assert tab.locator(".quiz-question legend").first.is_visible()
    assert tab.locator("#exploration-perceptron svg").first.is_visible()


# ---------------------------------------------------------------- papers


def test_the_citation_file_says_what_its_format_requires():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    # the required keys of the Citation File Format 1.2.0
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert all("name" in author for author in citation["authors"])
    assert citation["type"] in ("software", "dataset")
    assert citation["version"] == PROJECT["version"]
    settings = yaml.safe_load((ROOT / "_config.yml").read_text())
    address = settings.get("repository", {}).get("url", citation["repository-code"])
    assert citation["repository-code"] == address


def test_the_licenses_are_there_and_say_what_they_are_for():
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n")
    text = (ROOT / "LICENSE-TEXT.md").read_text()
    assert "Creative Commons Attribution 4.0" in text
    assert "[MIT License](LICENSE)" in text


def test_the_changelog_begins_with_this_version():
    text = (ROOT / "CHANGELOG.md").read_text()
    versions = re.findall(
        r"^## \[(\d+\.\d+\.\d+)\] - (unreleased|\d{4}-\d\d-\d\d)$", text, re.MULTILINE
    )
    assert versions[0][0] == PROJECT["version"]
    groups = re.findall(r"^### (\w+)$", text, re.MULTILINE)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert groups
    assert set(groups) <= kinds
