"""The built book: its links, its numbers, and its pages in a real browser."""

import functools
import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests import ROOT
from tests.book.pages import BOOK, EXPLORATIONS, PAGES, QUIZZES, soup

pytestmark = pytest.mark.standins  # what pages show depends on the data
GLUED = re.compile(r"\{glue:text\}`\.\./notebooks/(\w+)\.ipynb::(\w+):([^`]*)`")


# text and code hold no such quotes: they are written &quot;
LINK = re.compile(r'\s(?:href|src)="([^"]*)"')
ID = re.compile(r'\sid="([^"]*)"')


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_book_leads_somewhere(site, page):
    text = (site / f"{page}.html").read_text("utf-8")
    article = text[text.index("<article") : text.index("</article>")]
    scripts = re.findall(r"<script[^>]*>", text)
    links = {unescape(link) for link in LINK.findall(article + "".join(scripts))}
    assert len(links) > 5
    for address in map(urlsplit, links):
        if address.scheme or address.netloc:
            continue
        target = site / f"{page}.html"
        if address.path:
            target = (target.parent / unquote(address.path)).resolve()
        assert target.exists(), address.geturl()
        if address.fragment and target.suffix == ".html":
            assert unquote(address.fragment) in ids_of(target), address.geturl()


@functools.cache  # most links lead to a few pages
def ids_of(page: Path) -> set[str]:
    return {unescape(name) for name in ID.findall(page.read_text("utf-8"))}


@functools.cache
def recorded(chapter: str) -> dict:
    """Return what the notebook of a chapter glued: values, extremes, and reports."""
    path = ROOT / f"_build/results/{chapter}.json"
    glued = {}
    for key, entry in json.loads(path.read_text("utf-8"))["results"].items():
        glued |= {key: entry["value"], f"{key}_reported": entry.get("reported")}
        glued |= {f"{key}_{end}": entry.get(end) for end in ("min", "max")}
    return glued


@pytest.mark.parametrize("chapter", QUIZZES)
def test_the_numbers_in_the_prose_are_the_recorded_ones(site, chapter):
    asked = GLUED.findall((BOOK / f"{chapter}.md").read_text("utf-8"))
    shown = [tag.text for tag in soup(site, f"book/{chapter}").select(".pasted-text")]
    pairs = [
        (format(recorded(name)[key], form), text)
        for (name, key, form), text in zip(asked, shown, strict=True)
        if not key.startswith("full_")  # a text that quotes the kept results
    ]
    assert [text for text, _ in pairs] == [text for _, text in pairs] != []


def test_the_perceptron_takes_eleven_corrections_in_six_epochs_for_and(site):
    # by hand, from the table of the notebook: 2 + 3 + 3 + 2 + 1 + 0
    text = soup(site, "book/perceptron").text
    assert "after 11 corrections" in re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("name", EXPLORATIONS)
def test_without_javascript_an_exploration_is_a_picture(open_page, name):
    tab = open_page(EXPLORATIONS[name], javascript=False)
    picture = tab.locator(f"#exploration-{name} .exploration-stage img")
    assert picture.is_visible()
    assert picture.evaluate("(image) => image.complete && image.naturalWidth > 0")
    assert len(picture.get_attribute("alt")) > 40


def written(answer: dict) -> str:
    """Return a number that a reader may write, for the kind of answer that it is."""
    if answer.get("type") == "range":
        return str(sum(answer["range"]) / 2)
    return str(answer.get("value", 987.654))  # the default: any other number


# gives every answer to every question, one after the other; lists what is said to it
ANSWER_ALL = """(written) => [...document.querySelectorAll(".quiz-question")].map(
  (question, number) => written[number].map((text, index) => {
    const field = question.querySelector("input[type=text]");
    if (field) {
      field.value = text;
      question.querySelector(".quiz-check").click();
    } else question.querySelectorAll("input[type=radio]")[index].click();
    const said = [...question.querySelectorAll(".quiz-feedback p")];
    return said.filter((line) => line.checkVisibility())
      .map((line) => [line.dataset.for ?? null, line.innerText.split(".")[0]]);
  }))"""


@pytest.mark.parametrize("chapter", QUIZZES)
def test_each_answer_to_a_quiz_is_told_why_it_is_right_or_wrong(open_page, chapter):
    tab = open_page(f"book/{chapter}")
    assert tab.locator(".quiz-feedback p:visible").count() == 0
    questions = json.loads((BOOK / f"quizzes/{chapter}.json").read_text("utf-8"))
    every = [[written(a) for a in q["answers"]] + ["a half"] for q in questions]
    for question, texts in zip(questions, every, strict=True):
        if question["type"] != "numeric":
            texts.pop()  # nobody can choose what is not there
    told = tab.evaluate(ANSWER_ALL, every)
    for question, lines in zip(questions, told, strict=True):
        expected = [
            [[str(index), "Right" if answer.get("correct") else "Not quite"]]
            for index, answer in enumerate(question["answers"])
        ]
        if question["type"] == "numeric":
            expected.append([[None, "Please give a number, such as 0"]])
        assert lines == expected
    assert tab.problems == []


@pytest.mark.parametrize(
    ("page", "asked", "written"),
    [
        (
            "advanced_cnn",
            "makes 16 maps of 64, at 10 × 10 places",
            ["102400", "102,400", "102 400", "102\N{NO-BREAK SPACE}400"],
        ),
        (
            "backpropagation",
            "A sigmoid output neuron",
            ["0.128", "0,128", ".128", "16/125", "1.28e-1"],
        ),
        ("perceptron", "What is its preactivation", ["-1", "−1"]),
    ],
)
def test_a_quiz_takes_a_number_as_people_write_it(open_page, page, asked, written):
    tab = open_page(f"book/{page}")
    question = tab.locator(".quiz-question").filter(has_text=asked)
    feedback = question.locator(".quiz-feedback p:visible")
    for right in written:
        question.locator("input").fill(right)
        question.locator("input").press("Enter")
        assert feedback.inner_text().startswith("Right."), right
    for nonsense in ("", "0.1.28", "1/", "1/0", "-", "1/2/3", "minus one"):
        question.locator("input").fill(nonsense)
        question.locator("input").press("Enter")
        assert feedback.inner_text().startswith("Please give a number"), nonsense
        assert question.locator("input").get_attribute("aria-invalid") == "true"


def test_arrow_keys_scroll_a_wide_table_and_do_not_leave_the_page(open_page):
    tab = open_page("book/corrections", width=390)
    table = tab.locator(".pst-scrollable-table-container, .table-wrapper").first
    table.focus()
    before = table.evaluate("box => box.scrollLeft")
    table.press("ArrowRight")
    tab.wait_for_timeout(500)
    assert tab.url.split("#")[0].endswith("/book/corrections.html")
    assert table.evaluate("box => box.scrollLeft") > before
