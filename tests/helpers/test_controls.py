"""Controls of a notebook: what they show, when they draw, and what they say."""

import asyncio
import base64
import sys

import matplotlib.pyplot as plt
import pytest

from helpers import controls
from helpers.controls import explore

pytest.importorskip("ipywidgets")


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: data and metadata of each output."""
    monkeypatch.delenv(controls.DRIVEN, raising=False)
    found = []

    def display(data, *, metadata, raw):
        assert raw
        found.append((data, metadata))

    monkeypatch.setattr("IPython.display.display", display)
    return found


def line(eta, kind="a", grid=False):
    _, ax = plt.subplots(figsize=(2, 1))
    ax.plot([0, eta], "o" if kind == "a" else "-")
    ax.grid(grid)
    return f"A line up to {eta} & <{kind}>."


ETAS = [0.1, 0.5, 2.0]


def test_a_control_redraws_when_it_moves(shown):
    box = explore(line, eta=ETAS)
    slider, frame = box.children
    first = frame.value
    slider.value = 2.0
    assert frame.value != first
    assert 'alt="A line up to 2.0 &amp; &lt;a&gt;."' in frame.value


def test_each_kind_of_values_has_the_control_that_fits_it(shown):
    box = explore(line, eta=ETAS, kind=["a", "b"], grid=[False, True])
    kinds = [type(child).__name__ for child in box.children]
    assert kinds == ["SelectionSlider", "Dropdown", "Checkbox", "HTML"]


def test_the_middle_choice_comes_first_unless_another_is_asked_for(shown):
    assert explore(line, eta=ETAS).children[0].value == 0.5
    assert explore(line, eta=ETAS, start={"eta": 0.1}).children[0].value == 0.1


def test_a_page_without_a_kernel_gets_the_picture_and_its_words(shown):
    explore(line, eta=ETAS)
    ((data, metadata),) = shown
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert "application/vnd.jupyter.widget-view+json" in data
    assert metadata == {"image/png": {"alt": "A line up to 0.5 & <a>."}}


def test_without_ipywidgets_the_picture_stands_still(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert explore(line, eta=ETAS) is None
    ((data, _),) = shown
    assert set(data) == {"image/png", "text/plain"}


def test_a_slider_that_is_dragged_draws_once_when_it_rests(shown, monkeypatch):
    monkeypatch.setattr(controls, "PAUSE_SECONDS", 0.02)
    drawn = []

    def draw(eta):
        drawn.append(eta)
        return line(eta)

    box = explore(draw, eta=[1, 2, 3, 4, 5])

    async def drag():
        for value in (1, 2, 4, 5):
            box.children[0].value = value
        await asyncio.sleep(0.1)

    asyncio.run(drag())
    assert drawn == [3, 5]


def test_an_error_of_the_drawing_stands_in_the_place_of_the_picture(shown):
    def draw(eta):
        return line(1 / (eta - 3))

    box = explore(draw, eta=[1, 2, 3])
    box.children[0].value = 3
    assert "ZeroDivisionError" in box.children[1].value
    assert 'role="alert"' in box.children[1].value


def test_no_figure_is_left_behind(shown):
    before = plt.get_fignums()
    explore(line, eta=ETAS).children[0].value = 2.0
    assert plt.get_fignums() == before


def test_the_build_moves_each_control_to_both_of_its_ends(shown, monkeypatch):
    monkeypatch.setenv(controls.DRIVEN, "1")
    drawn = []

    def draw(eta, kind):
        drawn.append((eta, kind))
        return line(eta, kind)

    explore(draw, eta=ETAS, kind=["a", "b"])
    assert {(0.1, "b"), (2.0, "b"), (0.5, "a")} <= {*drawn}


def test_the_build_refuses_a_control_that_changes_nothing(shown, monkeypatch):
    monkeypatch.setenv(controls.DRIVEN, "1")
    with pytest.raises(ValueError, match="'eta' changes nothing in the picture"):
        explore(lambda eta: line(1), eta=ETAS)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"eta": [1]}, "'eta' has 1 choices, not two"),
        ({"eta": ETAS, "start": {"eta": 7}}, "7 is no choice of 'eta'"),
        ({"width": ETAS}, "draw takes no argument 'width'"),
    ],
)
def test_what_cannot_be_a_control_is_named(shown, settings, message):
    with pytest.raises(ValueError, match=message):
        explore(line, **settings)


def test_a_drawing_without_words_is_refused(shown):
    with pytest.raises(ValueError, match="alternative text"):
        explore(lambda eta: None, eta=ETAS)
