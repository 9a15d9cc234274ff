"""The front page and the parts: cards, progress, the way on, the foot, the papers."""

import io
import json
import re
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from PIL import Image

from press import contents, pages, pictures
from press.contents import ROOT
from tests.book.pages import PAGES, soup

CHAPTERS = list(contents.chapters())
PARTS = contents.parts()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# ---------------------------------------------------------------- front page


def cards_of(page: BeautifulSoup, title: str) -> list:
    """The cards below a heading."""
    (heading,) = [tag for tag in page.select("h2") if tag.text.startswith(title)]
    return heading.find_next_sibling("ul").select("li.chapter-card")


def spent(card) -> int:
    """The minutes that a card states."""
    stated = r"(\d+) min to read, (\d+) to run, (\d+) to do"
    return sum(map(int, re.search(stated, card.text).groups()))


def test_the_front_page_has_a_card_for_every_chapter_below_its_part(site):
    front = soup(site, "book/intro")
    links = [link["href"] for link in front.select(".chapter-title a")]
    assert links == [f"{name}.html" for name in CHAPTERS]
    parts = [link["href"] for link in front.select("h2 > a.reference")]
    assert parts == [f"parts/{Path(part.page).name}.html" for part in PARTS]
    for part in PARTS:
        cards = cards_of(front, part.title)
        numbers = [int(card.select_one(".chapter-number").text) for card in cards]
        assert numbers == [CHAPTERS.index(name) + 1 for name in part.chapters]
        told = cards[0].find_parent("section").select_one(".part-hours").text
        hours = round(sum(map(spent, cards)) / 60)
        assert told == f"{len(cards)} chapters, about {hours} hours"


@pytest.mark.parametrize("part", PARTS, ids=lambda part: Path(part.page).name)
def test_the_page_of_a_part_has_its_cards_and_stands_before_its_chapters(site, part):
    page = soup(site, part.page)
    assert page.select_one("article h1").text.startswith(
        part.title
    )  # the caption in the contents
    links = [link["href"] for link in page.select(".chapter-title a")]
    assert links == [f"../{name}.html" for name in part.chapters]
    first = next(iter(part.chapters))
    assert PAGES[PAGES.index(part.page) + 1] == f"book/{first}"
    front = cards_of(soup(site, "book/intro"), part.title)
    there = [card.text for card in page.select(".chapter-card")]
    assert there == [card.text for card in front]
    # its caption leads to it, and it is no entry of its own
    contents = soup(site, f"book/{first}").select_one(".bd-docs-nav")
    (link,) = contents.select(f'a[href="parts/{Path(part.page).name}.html"]')
    assert link.parent["class"] == ["caption"]
    assert page.select_one(".bd-docs-nav .caption a[aria-current]").text == part.title


def test_the_parts_have_no_number_and_the_chapters_count_on(site):
    for number, name in enumerate(CHAPTERS, 1):
        title = soup(site, f"book/{name}").select_one("article h1").text
        assert title.startswith(f"{number}. ")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_card_says_how_long_its_chapter_takes(site, name):
    front = soup(site, "book/intro")
    (link,) = front.select(f'.chapter-title a[href="{name}.html"]')
    card = link.find_parent("li")
    shown = re.search(r"(\d+) min to read, (\d+) to run, (\d+) to do", card.text)
    read, run, do = map(int, shown.groups())
    stated = re.search(
        r"about (\d+) minutes to read, (\d+) to run and do",
        soup(site, f"book/{name}").find("article").text,
    )
    assert (read, run + do) == tuple(map(int, stated.groups()))
    times = [
        int(re.search(r"Time: about (\d+) min", soup(site, sheet).text)[1])
        for sheet in PAGES
        if sheet.startswith(f"exercises/{name}/")
    ]
    assert do == sum(times)
    questions = json.loads((ROOT / f"book/quizzes/{name}.json").read_text())
    place = card.select_one(".chapter-progress")
    assert int(place["data-questions"]) == len(questions)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_card_shows_a_figure_that_this_build_drew(site, name):
    (image,) = soup(site, "book/intro").select(f'img[src*="card-{name}."]')
    assert image["loading"] == "lazy"
    path = (site / "book" / image["src"]).resolve()
    assert path.stat().st_size < 100_000
    figure, alt = pictures.tagged_figure(
        pictures.executed(ROOT / f"notebooks/{name}.ipynb")
    )
    assert path.read_bytes() == pictures.light(figure)
    assert alt.startswith(image["alt"].rstrip("."))


def test_a_notebook_that_was_not_executed_gives_no_picture(monkeypatch, tmp_path):
    monkeypatch.setattr(pictures, "CACHE", tmp_path / "cache")
    assert pictures.picture("perceptron") is None


def test_a_notebook_without_a_figure_for_the_card_is_named():
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    cell = new_code_cell(metadata={"tags": ["card"]})
    cell.outputs = [new_output("stream", text="no figure")]
    for cells in ([], [cell]):
        with pytest.raises(ValueError, match="no cell with the tag 'card'"):
            pictures.tagged_figure(new_notebook(cells=cells))


def test_a_figure_loses_its_white_margin_and_most_of_its_pixels():
    page = Image.new("RGB", (2000, 1000), "white")
    page.paste((0, 100, 0), (500, 200, 1500, 700))
    written = io.BytesIO()
    page.save(written, "PNG")
    small = Image.open(io.BytesIO(pictures.light(written.getvalue())))
    assert small.size == (480, 240)
    assert small.convert("RGB").getcolors() == [(480 * 240, (0, 100, 0))]


def test_the_four_doors_stand_at_the_top(site):
    front = soup(site, "book/intro")
    titles = [tag.text.strip() for tag in front.select(".doors .sd-card-title")]
    assert titles == ["Read", "Run", "Do", "Teach"]
    assert (
        front.select_one(".doors").sourceline
        < front.select_one("article h2").sourceline
    )


@pytest.mark.parametrize("width", [390, 1280])
def test_the_cards_are_links_all_over_with_and_without_javascript(open_page, width):
    tab = open_page("book/intro", width=width, javascript=False)
    card = tab.locator(".chapter-card").first
    image = card.locator("img")
    image.scroll_into_view_if_needed()
    assert image.is_visible()
    image.click(force=True)  # the title's link lies above it
    tab.wait_for_url(f"**/book/{CHAPTERS[0]}.html")


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


def questions_of(chapter: str) -> int:
    return len(json.loads((ROOT / f"book/quizzes/{chapter}.json").read_text()))


def go(tab, page: str):
    """Open another page of the book in the same tab, as the same reader."""
    tab.goto(f"{tab.address}/{page}.html")


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
    own = questions_of("perceptron")
    assert said[0].startswith(f"1 of {own} questions answered right.")
    assert line.get_attribute("role") == "status"
    tab.reload()
    assert line.inner_text().startswith(f"1 of {own}")
    marks = tab.locator(".quiz-question:has(.quiz-done)")
    assert marks.count() == 1
    assert marks.locator(".quiz-number").inner_text() == "2."
    tab.locator(".quiz-question").last.scroll_into_view_if_needed()
    tab.wait_for_function(
        "localStorage.getItem('neuron-by-neuron:read:1:/a-repository/')"
    )
    go(tab, "book/intro")
    (shown,) = tab.locator(".chapter-progress:visible").all_inner_texts()
    assert shown == f"Read ✓ · Quiz: 1 of {own}"
    summary = tab.locator(".course-progress p")
    assert summary.inner_text().startswith(
        f"You have read 1 of {len(CHAPTERS)} chapters and answered 1 of "
        f"{sum(map(questions_of, CHAPTERS))} quiz questions right."
    )
    assert tab.problems == []  # and nobody was asked


def test_a_page_that_was_only_opened_is_not_read(open_page):
    tab = open_page("book/lstm")
    go(tab, "book/intro")
    assert tab.locator(".chapter-progress:visible").count() == 0


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


def test_right_steps_of_exercises_count_for_their_chapter_and_outlive_clearing(
    open_page,
):
    tab = open_page("book/intro")
    verdicts = {
        "perceptron/gates:a": '{"verdict": {"right": true}}',
        "perceptron/gates:b": '{"verdict": {"right": false}}',
        "perceptron/gates:c": '{"text": "no verdict yet"}',
        "rbf/choose_k:d": "not even JSON",
    }
    for cell, value in verdicts.items():
        key = f"neuron-by-neuron:work:1:/a-repository/:{cell}"
        tab.evaluate("([k, v]) => localStorage.setItem(k, v)", [key, value])
    other = (
        '["neuron-by-neuron:work:1:/another/:lstm/a:b", \'{"verdict":{"right":1}}\']'
    )
    tab.evaluate(f"localStorage.setItem(...{other})")
    tab.reload()
    (shown,) = tab.locator(".chapter-progress:visible").all_inner_texts()
    assert shown == "Steps right: 1"
    assert (
        "; right steps of exercises: 1."
        in tab.locator(".course-progress p").inner_text()
    )
    tab.get_by_role("button", name="Clear my progress").click()
    status = tab.locator(".course-progress [role=status]").inner_text()
    assert status == "Your progress is cleared. Your answers to exercises stay."
    keys = tab.evaluate("Object.keys(localStorage).filter(k => k.includes(':work:'))")
    assert len(keys) == len(verdicts) + 1


def test_a_question_that_has_changed_is_new(open_page):
    tab = open_page("book/perceptron")
    answer(tab, 2, "Nothing.")
    (key,) = tab.evaluate("Object.keys(localStorage).filter(k => k.includes(':quiz:'))")
    assert key == "neuron-by-neuron:quiz:1:/a-repository/:perceptron"
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
    address = pages.report_address("https://github.com/a/b/", "book/perceptron")
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
