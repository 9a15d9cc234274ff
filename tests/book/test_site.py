"""The built book: links, and its pages in a real browser."""

import functools
import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup

from press.build import ROOT, entries

pytestmark = pytest.mark.standins  # what pages show depends on the data
PAGES = list(entries(yaml.safe_load((ROOT / "_toc.yml").read_text())))


def soup(site: Path, page: str) -> BeautifulSoup:
    return BeautifulSoup((site / f"{page}.html").read_text(), "html.parser")


@pytest.mark.parametrize("page", PAGES)
def test_every_link_within_the_book_leads_somewhere(site, page):
    for link in soup(site, page).select("article [href], article [src], script[src]"):
        address = urlsplit(link.get("href") or link.get("src"))
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
    tags = BeautifulSoup(page.read_text("utf-8"), "html.parser").select("[id]")
    return {tag["id"] for tag in tags}


def test_a_number_in_the_prose_of_backpropagation_is_the_recorded_one(site):
    results = ROOT / "_build" / "results" / "backpropagation.json"
    value = json.loads(results.read_text())["results"]["hundred_xavier"]["value"]
    rows = soup(site, "book/backpropagation").select("table tr")
    (row,) = [row for row in rows if row.text.strip().startswith("Xavier")]
    assert row.select("td")[1].text == f"{value:.2f}"


def test_the_perceptron_takes_eleven_corrections_in_six_epochs_for_and(site):
    # by hand, from the table of the notebook: 2 + 3 + 3 + 2 + 1 + 0
    text = soup(site, "book/perceptron").text
    assert "after 11 corrections" in re.sub(r"\s+", " ", text)


def test_mathematics_is_typeset(open_page):
    tab = open_page("book/backpropagation")
    tab.wait_for_selector("mjx-container")
    assert tab.locator("mjx-container").count() > 50
    assert tab.locator("mjx-merror").count() == 0


def test_the_perceptron_learns_and_with_the_mouse_alone(open_page):
    tab = open_page("book/perceptron")
    box = tab.locator("#exploration-perceptron")
    box.get_by_role("button", name="Start from zeros").click()
    for _ in range(6):
        box.get_by_role("button", name="Run one epoch").click()
    assert "after 6 epochs" in box.locator(".exploration-outcome").inner_text()
    assert "4 of 4" in box.locator(".exploration-score").inner_text()
    values = [
        box.get_by_label(f"{name}, as a number", exact=True).input_value()
        for name in ("Bias b", "Weight w1", "Weight w2")
    ]
    assert [float(v.replace("−", "-")) for v in values] == [-3, 2, 1]
    assert tab.problems == []


def test_dragging_the_line_of_the_perceptron_moves_its_bias(open_page):
    tab = open_page("book/perceptron")
    box = tab.locator("#exploration-perceptron")
    bias = box.get_by_label("Bias b", exact=True)
    before = float(bias.input_value())
    handle = box.get_by_role("slider", name="Move the line")
    handle.scroll_into_view_if_needed()
    place = handle.bounding_box()
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x + 40, y - 30, steps=5)
    tab.mouse.up()
    assert float(bias.input_value()) < before  # to the upper right: harder to fire


def test_the_perceptron_reacts_to_the_keyboard_alone(open_page):
    tab = open_page("book/perceptron")
    box = tab.locator("#exploration-perceptron")
    weight = box.get_by_label("Weight w1", exact=True)
    before = float(weight.input_value())
    weight.focus()
    tab.keyboard.press("ArrowRight")
    assert float(weight.input_value()) > before
    box.get_by_role("button", name="Next example").focus()
    tab.keyboard.press("Enter")
    assert "e =" in box.locator(".exploration-example").inner_text()


def test_the_perceptron_is_said_to_go_round_in_circles_on_xor(open_page):
    tab = open_page("book/perceptron", hash="#perceptron?gate=xor&w1=0&w2=0&b=0")
    box = tab.locator("#exploration-perceptron")
    for _ in range(4):
        box.get_by_role("button", name="Run one epoch").click()
    assert box.locator(".exploration-outcome[data-kind=cycle]").count() == 1


def test_backpropagation_steps_through_the_worked_example(open_page):
    tab = open_page("book/backpropagation")
    box = tab.locator("#exploration-backpropagation")
    for _ in range(2):
        box.get_by_role("button", name="Next step").click()
    assert "−0.1475" in box.locator(".exploration-formulas").inner_text()
    assert "0.2052" in box.locator(".exploration-cost").inner_text()
    box.get_by_role("button", name="Take one step of gradient descent").click()
    assert "0.1815" in box.locator(".exploration-cost").inner_text()
    assert tab.problems == []


def test_the_gradient_of_backpropagation_agrees_with_the_finite_difference(open_page):
    tab = open_page("book/backpropagation")
    check = tab.locator("#exploration-backpropagation .exploration-check output")
    ours, judge = (
        float(text.replace("−", "-")) for text in check.all_inner_texts()[:2]
    )
    assert ours == pytest.approx(judge, rel=1e-6)


@pytest.mark.parametrize("page", ["perceptron", "backpropagation"])
def test_without_javascript_an_exploration_is_a_picture(open_page, page):
    tab = open_page(f"book/{page}", javascript=False)
    picture = tab.locator(".exploration-stage img")
    assert picture.is_visible()
    assert len(picture.get_attribute("alt")) > 40


def test_a_wrong_answer_in_a_quiz_says_why_and_a_right_one_too(open_page):
    tab = open_page("book/perceptron")
    question = tab.locator(".quiz-question").nth(1)
    feedback = question.locator(".quiz-feedback p:visible")
    assert feedback.count() == 0
    question.get_by_text("It turns.").click()
    assert feedback.count() == 1
    assert feedback.inner_text().startswith("Not quite.")
    question.get_by_text("Nothing.").click()
    assert feedback.count() == 1
    assert feedback.inner_text().startswith("Right.")


def test_a_quiz_takes_a_number_from_the_keyboard(open_page):
    tab = open_page("book/perceptron")
    question = tab.locator(".quiz-question").first
    feedback = question.locator(".quiz-feedback p:visible")
    for answer, verdict in {
        "-3": "Not quite.",
        "17": "Not quite.",
        "−1": "Right.",
    }.items():
        question.locator("input").fill(answer)
        tab.keyboard.press("Enter")
        assert feedback.count() == 1
        assert feedback.inner_text().startswith(verdict)
    question.locator("input").fill("minus one")
    tab.keyboard.press("Enter")
    assert feedback.all_inner_texts() == ["Please give a number, such as 0.125."]
    assert question.locator("input").get_attribute("aria-invalid") == "true"


@pytest.mark.parametrize(
    ("page", "written"),
    [
        ("advanced_cnn", ["102400", "102,400", "102 400", "102\N{NO-BREAK SPACE}400"]),
        ("backpropagation", ["0.128", "0,128", ".128", "16/125", "1.28e-1"]),
    ],
)
def test_a_quiz_takes_a_number_as_people_write_it(open_page, page, written):
    question = open_page(f"book/{page}").locator(".quiz-question").first
    feedback = question.locator(".quiz-feedback p:visible")
    for right in written:
        question.locator("input").fill(right)
        question.locator("input").press("Enter")
        assert feedback.inner_text().startswith("Right."), right
    for nonsense in ("", "0.1.28", "1/", "1/0", "-", "1/2/3"):
        question.locator("input").fill(nonsense)
        question.locator("input").press("Enter")
        assert feedback.inner_text().startswith("Please give a number"), nonsense


def test_arrow_keys_scroll_a_wide_table_and_do_not_leave_the_page(open_page):
    tab = open_page("book/corrections", width=390)
    table = tab.locator(".pst-scrollable-table-container, .table-wrapper").first
    table.focus()
    before = table.evaluate("box => box.scrollLeft")
    table.press("ArrowRight")
    tab.wait_for_timeout(500)
    assert tab.url.split("#")[0].endswith("/book/corrections.html")
    assert table.evaluate("box => box.scrollLeft") > before


@pytest.mark.parametrize("page", ["perceptron", "backpropagation"])
def test_every_quiz_has_exactly_one_right_answer_to_each_question(page):
    questions = json.loads((ROOT / f"book/quizzes/{page}.json").read_text())
    assert 4 <= len(questions) <= 6
    for question in questions:
        right = [a for a in question["answers"] if a.get("correct")]
        assert len(right) == 1, question["question"]
        assert all(answer["feedback"] for answer in question["answers"])
