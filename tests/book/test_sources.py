"""What a page is made from besides its text: quizzes and figures."""

import json
import re
from xml.etree import ElementTree

import pytest

from tests.book.pages import BOOK, EXPLORATIONS, FIGURES, QUIZZES


@pytest.mark.parametrize("name", QUIZZES)
def test_a_question_has_one_right_answer_and_every_answer_is_explained(name):
    questions = json.loads((BOOK / f"quizzes/{name}.json").read_text("utf-8"))
    assert 4 <= len(questions) <= 6
    for question in questions:
        right = [a for a in question["answers"] if a.get("correct")]
        assert len(right) == 1, question["question"]
        assert all(answer["feedback"] for answer in question["answers"])


def figure(name: str) -> ElementTree.Element:
    return ElementTree.parse(BOOK / f"figures/{name}.svg").getroot()


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_well_formed_and_asks_for_nothing(name):
    root = figure(name)
    if root.get("role") == "img":
        assert root.find("{http://www.w3.org/2000/svg}title").text
    text = (BOOK / f"figures/{name}.svg").read_text("utf-8")
    asked = re.findall(r"(?:href=|src=|url\()[\"']?([^\"')]+)", text)
    assert [link for link in asked if not link.startswith(("data:", "#"))] == []


@pytest.mark.parametrize("name", EXPLORATIONS)
def test_the_still_picture_of_an_exploration_is_an_image_with_a_title(name):
    page = (BOOK.parent / f"{EXPLORATIONS[name]}.md").read_text("utf-8")
    options = page.split(f"{{exploration}} {name}\n")[1].split("```")[0]
    still = re.search(r"^:still: figures/(\w+)\.svg$", options, re.MULTILINE)[1]
    assert still == f"{name}_exploration"
    assert figure(still).get("role") == "img"
