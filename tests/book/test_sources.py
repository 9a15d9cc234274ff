"""What a page is made from besides its text: quizzes and figures."""

import json
import re
from xml.etree import ElementTree

import pytest

from tests.book.pages import BOOK, EXPLORATIONS, FIGURES, QUIZZES

WITHOUT_QUESTIONS = {"Quiz", "Common mistakes", "Summary", "Sources"}
ANSWERS = r"```\{admonition\} Answers\n:class: note dropdown\n(.*?)\n```\n"


def quiz(chapter: str) -> list[dict]:
    return json.loads((BOOK / f"quizzes/{chapter}.json").read_text("utf-8"))


def sections(chapter: str) -> list[str]:
    """Return the headings of a chapter's page that a question may belong to."""
    page = (BOOK / f"{chapter}.md").read_text("utf-8")
    headings = re.findall(r"^#{2,3} (.+)$", page, re.MULTILINE)
    return [heading for heading in headings if heading not in WITHOUT_QUESTIONS]


@pytest.mark.parametrize("name", QUIZZES)
def test_a_question_has_one_right_answer_and_every_answer_is_explained(name):
    for question in quiz(name):
        right = [a for a in question["answers"] if a.get("correct")]
        assert len(right) == 1, question["question"]
        assert all(answer["feedback"] for answer in question["answers"])


@pytest.mark.parametrize("name", QUIZZES)
def test_each_section_has_its_question_and_the_quiz_follows_the_page(name):
    asked = [question["section"] for question in quiz(name)]
    assert list(dict.fromkeys(asked)) == sections(name)
    assert asked == sorted(asked, key=sections(name).index)
    assert len(asked) >= 8


def test_the_book_has_at_least_150_questions():
    assert sum(len(quiz(name)) for name in QUIZZES) >= 150


@pytest.mark.parametrize("name", QUIZZES)
def test_neither_place_nor_length_gives_a_right_answer_away(name):
    places, longest = [], 0
    choices = [q["answers"] for q in quiz(name) if q["type"] == "multiple_choice"]
    for answers in choices:
        (right,) = (a for a in answers if a["correct"])
        others = [len(a["answer"]) for a in answers if a is not right]
        places.append(answers.index(right))
        longest += len(right["answer"]) > max(others)
    assert max(map(places.count, places)) <= len(choices) / 2
    assert longest <= len(choices) / 2


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
def test_the_questions_of_an_exploration_have_folded_answers(name):
    page = (BOOK.parent / f"{EXPLORATIONS[name]}.md").read_text("utf-8")
    _, _, after = page.split(f"{{exploration}} {name}\n")[1].partition("\n```\n")
    folded = re.match(ANSWERS, after.lstrip("\n"), re.DOTALL)
    assert folded, (
        f"{EXPLORATIONS[name]}.md: behind {{exploration}} {name} put the answers: "
        "```{admonition} Answers, with :class: note dropdown"
    )
    assert len(folded[1].split()) >= 15


@pytest.mark.parametrize("name", EXPLORATIONS)
def test_the_still_picture_of_an_exploration_is_an_image_with_a_title(name):
    page = (BOOK.parent / f"{EXPLORATIONS[name]}.md").read_text("utf-8")
    options = page.split(f"{{exploration}} {name}\n")[1].split("```")[0]
    still = re.search(r"^:still: figures/(\w+)\.svg$", options, re.MULTILINE)[1]
    assert still == f"{name}_exploration"
    assert figure(still).get("role") == "img"
