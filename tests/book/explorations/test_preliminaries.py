"""The broadcasting calculator, run by Node, against NumPy."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.book.explorations.node import needs_node, parse, run_node

pytestmark = needs_node

sizes = st.sampled_from([0, 1, 1, 1, 2, 3, 4])  # many ones: half of the pairs fit
shapes = st.lists(sizes, max_size=5)
PAIRS = st.lists(st.tuples(shapes, shapes), min_size=60, max_size=60)


def numpy_shape(a, b) -> list | None:
    try:
        return list(np.broadcast_shapes(tuple(a), tuple(b)))
    except ValueError:
        return None


@settings(max_examples=25, deadline=None)
@given(PAIRS)
def test_the_rule_agrees_with_numpy(pairs):
    answers = run_node([{"do": "broadcastShapes", "a": a, "b": b} for a, b in pairs])
    assert answers == [numpy_shape(a, b) for a, b in pairs]


def test_all_shapes_up_to_three_axes_agree_with_numpy():
    each = [list(p) for n in range(4) for p in product([1, 2, 3], repeat=n)]
    assert len(each) == 1 + 3 + 9 + 27
    pairs = [(a, b) for a in each for b in each]
    answers = run_node([{"do": "broadcastShapes", "a": a, "b": b} for a, b in pairs])
    assert answers == [numpy_shape(a, b) for a, b in pairs]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([3, 1], [4]),
        ([4], [4, 1]),
        ([3, 1, 2], [4, 2]),
        ([2, 3, 4], [2, 1, 4]),
        ([2, 3], []),
        ([], []),
        ([1, 1], [1]),
        ([2, 0], [1]),
    ],
)
def test_the_cells_are_what_numpy_adds(a, b):
    cells = run_node([{"do": "addArrays", "a": a, "b": b}])[0]
    A = 10 * np.arange(1, np.prod(a, dtype=int) + 1).reshape(a)
    B = np.arange(1, np.prod(b, dtype=int) + 1).reshape(b)
    total = A + B
    assert len(cells) == total.size
    for cell in cells:
        assert total[tuple(cell["index"])] == cell["value"]
        assert A[tuple(cell["fromA"])] == cell["valueA"]
        assert B[tuple(cell["fromB"])] == cell["valueB"]


def test_cells_come_in_the_order_of_memory():
    cells = run_node([{"do": "addArrays", "a": [2, 1, 3], "b": [2, 1]}])[0]
    assert [tuple(c["index"]) for c in cells] == list(np.ndindex(2, 2, 3))


def test_axes_are_aligned_from_the_right():
    axes = run_node([{"do": "alignShapes", "a": [5, 1, 4], "b": [3, 1]}])[0]
    assert [axis["axis"] for axis in axes] == [-3, -2, -1]
    assert [(axis["a"], axis["b"]) for axis in axes] == [(5, 1), (1, 3), (4, 1)]
    assert [axis["stretched"] for axis in axes] == ["b", "a", "b"]
    assert [axis["bMissing"] for axis in axes] == [True, False, False]
    assert not any(axis["aMissing"] for axis in axes)


def test_a_size_that_does_not_fit_is_named():
    axes = run_node([{"do": "alignShapes", "a": [3, 4], "b": [3]}])[0]
    assert [axis["size"] for axis in axes] == [3, None]
    assert axes[1]["stretched"] is None


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("(3, 1)", [3, 1]),
        ("3,1", [3, 1]),
        (" 3  1 ", [3, 1]),
        ("3×4", [3, 4]),
        ("(5,)", [5]),
        ("5", [5]),
        ("()", []),
        ("", []),
        ("(0, 2)", [0, 2]),
        ("3,,1", None),
        ("(3, 1", None),
        ("-1, 2", None),
        ("2.5", None),
        ("three", None),
        ("100000", None),
        ("1,1,1,1,1,1,1", None),
    ],
)
def test_a_shape_is_read_as_people_write_it(text, shape):
    assert run_node([{"do": "parseShape", "text": text}]) == [shape]


@pytest.mark.parametrize("shape", [(), (3,), (3, 1), (2, 0, 5)])
def test_a_shape_is_written_as_python_writes_it(shape):
    request = {"do": "formatShape", "shape": list(shape)}
    assert run_node([request]) == [str(shape)]


@pytest.mark.parametrize(
    ("shape", "drawn"),
    [
        ([], True),
        ([3, 4], True),
        ([5, 12], True),
        ([2, 3, 4], True),
        ([61], False),
        ([13], False),
        ([8, 8], False),
        ([0, 3], False),
        ([1, 2, 2, 2], False),
    ],
)
def test_few_cells_are_drawn_and_many_are_not(shape, drawn):
    assert run_node([{"do": "drawableShape", "shape": shape}]) == [drawn]


def test_the_examples_show_what_their_names_say():
    examples = run_node([{"do": "exampleShapes"}])[0]
    results = {
        key: numpy_shape(*([int(n) for n in text.split(",") if n] for text in pair))
        for key, (*pair, _) in examples.items()
    }
    assert results["wrong-axis"] is None
    assert results["trap"] == [4, 4]
    assert results["images"] == [64, 3, 32, 32]
    assert [key for key, shape in results.items() if shape is None] == ["wrong-axis"]


@pytest.mark.parametrize(
    ("a", "b", "entry"), [("3,1", "4", 6), ("", "2,3", 0), ("64,3,32,32", "3,1,1", 5)]
)
def test_the_state_survives_the_hash(a, b, entry):
    state = {"a": a, "b": b, "entry": entry}
    request = {"do": "formatHash", "name": "preliminaries", "state": state}
    (text,) = run_node([request])
    assert parse("preliminaries", text) == state


def test_an_invalid_shape_in_the_hash_is_ignored():
    state = parse("preliminaries", "#preliminaries?a=2,3&b=banana&entry=-1")
    assert state == {"a": "2,3", "b": "4", "entry": 6}


# In the built page


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
