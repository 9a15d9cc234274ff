"""Each goal of a page has a step that serves it, and each goal of a step is one."""

import re

import pytest

from tests.course import ROOT
from tests.helpers.checks.test_steps import SHEETS, steps

CHAPTERS = sorted({name.split("/")[0] for name in SHEETS})


def goals(chapter: str) -> list[str]:
    """The goals in the box at the head of a page."""
    page = (ROOT / f"book/{chapter}.md").read_text("utf-8")
    box = re.search(r":class: goals\n(.*?)```", page, re.S)[1]
    return re.findall(r"^- (.+?)[;.]$", box, re.M)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_goal_has_a_step_and_each_step_names_a_goal_of_its_page(chapter):
    asked = goals(chapter)
    assert len(asked) >= 3
    named = {
        (name, step.name): step.goal
        for name in SHEETS
        if name.split("/")[0] == chapter
        for step in steps(name)
        if step.goal
    }
    unknown = [at for at, goal in named.items() if not any(goal in g for g in asked)]
    assert unknown == []
    assert [g for g in asked if not any(goal in g for goal in named.values())] == []
