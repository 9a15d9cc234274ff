"""The broadcasting calculator in a real browser."""

import pytest


@pytest.fixture
def calculator(open_page):
    """Return a function that opens the page and finds the exploration in it."""

    def opener(hash="", **how):
        tab = open_page("book/preliminaries", hash=hash, **how)
        return tab, tab.locator("#exploration-preliminaries")

    return opener


def test_a_shape_is_typed_and_the_result_appears(calculator):
    tab, box = calculator()
    box.get_by_label("Shape of A", exact=True).fill("5, 1, 4")
    box.get_by_label("Shape of B", exact=True).fill("3 1")
    assert "(5, 3, 4): 60 entries" in box.locator(".exploration-score").inner_text()
    assert box.locator(".exploration-array-c .exploration-entry").count() == 60
    assert tab.problems == []


def test_what_is_no_shape_is_refused_and_put_back(calculator):
    _, box = calculator()
    field = box.get_by_label("Shape of B", exact=True)
    field.fill("banana")
    assert field.get_attribute("aria-invalid") == "true"
    assert "is no shape" in box.get_by_role("alert").inner_text()
    field.press("Tab")
    assert field.input_value() == "(4,)"
    assert field.get_attribute("aria-invalid") is None


def test_shapes_that_do_not_fit_are_told_why(calculator):
    _, box = calculator("#preliminaries?a=3,4&b=3")
    assert "axis −1: 4 and 3" in box.locator(".exploration-score").inner_text()
    assert box.locator(".exploration-array-c").count() == 0


def test_an_entry_is_followed_with_the_keyboard_alone(calculator):
    tab, box = calculator("#preliminaries?a=3,1&b=4&entry=5")
    slider = box.get_by_label("Entry of the result")
    slider.focus()
    tab.keyboard.press("ArrowRight")
    text = box.locator(".exploration-equation").inner_text()
    assert text == "(A + B)[1, 2] = A[1, 0] + B[2] = 20 + 3 = 23"
    assert slider.get_attribute("aria-valuetext") == text


def test_every_example_can_be_chosen_on_a_telephone(calculator):
    tab, box = calculator(width=390)
    menu = box.get_by_label("Examples")
    values = [v.get_attribute("value") for v in menu.locator("option").all()]
    for value in filter(None, values):
        menu.select_option(value)
        assert menu.input_value() == value
        assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.problems == []


def test_without_javascript_it_is_a_picture(calculator):
    _, box = calculator(javascript=False)
    picture = box.locator(".exploration-stage img")
    assert picture.is_visible()
    assert len(picture.get_attribute("alt")) > 40
