"""The mathematics of the perceptron's exploration, run by Node, against NumPy."""

import numpy as np
import pytest

from tests.book.explorations.node import hash_of, needs_node, run_node

GATES = {
    "and": [0, 0, 0, 1],
    "or": [0, 1, 1, 1],
    "nand": [1, 1, 1, 0],
    "nor": [1, 0, 0, 0],
    "xor": [0, 1, 1, 0],
}
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
SEPARABLE = ["and", "or", "nand", "nor"]

pytestmark = needs_node


def learn(gate: str, start=(0.0, 0.0, 0.0), eta: float = 1.0, epochs: int = 40) -> dict:
    """Run the exploration's learning rule from weights (b, w1, w2)."""
    b, w1, w2 = start
    request = {
        "do": "learn",
        "weights": {"b": b, "w1": w1, "w2": w2},
        "gate": gate,
        "eta": eta,
        "epochs": epochs,
    }
    return run_node([request])[0]


def as_triple(weights: dict) -> tuple:
    return weights["b"], weights["w1"], weights["w2"]


def rule_in_numpy(gate: str, epochs: int) -> list[tuple[tuple, int]]:
    """Weights and mistakes at the end of each epoch, from zeros with eta = 1."""
    weights, record = np.zeros(3, dtype=int), []
    inputs = np.column_stack([np.ones(4, dtype=int), X])
    for _ in range(epochs):
        mistakes = 0
        for x, d in zip(inputs, GATES[gate], strict=True):
            e = d - int(weights @ x >= 0)
            weights = weights + e * x
            mistakes += e != 0
        record.append((tuple(weights.tolist()), mistakes))
    return record


# The learning rule


@pytest.mark.parametrize(
    ("gate", "expected"),
    [
        ("and", (-3, 2, 1)),
        ("or", (-1, 1, 1)),
        ("nand", (2, -2, -1)),
        ("nor", (0, -1, -1)),
    ],
)
def test_rule_from_zeros_ends_at_the_weights_of_the_page(gate, expected):
    assert as_triple(learn(gate)["weights"]) == expected


@pytest.mark.parametrize("gate", GATES)
def test_every_epoch_agrees_with_numpy(gate):
    ends = learn(gate, epochs=8)["ends"][1:]
    assert [(as_triple(end["weights"]), end["mistakes"]) for end in ends] == (
        rule_in_numpy(gate, 8)
    )


@pytest.mark.parametrize("gate", SEPARABLE)
def test_convergence_is_the_first_epoch_without_a_mistake(gate):
    mistakes = [count for _, count in rule_in_numpy(gate, 40)]
    assert learn(gate)["outcome"] == {
        "kind": "converged",
        "epoch": mistakes.index(0) + 1,
    }


def test_xor_is_found_to_repeat_its_weights():
    ends = [weights for weights, _ in rule_in_numpy("xor", 10)]
    again = next(k for k in range(1, 10) if ends[k] in ends[:k])
    first = ends.index(ends[again])
    assert learn("xor")["outcome"] == {
        "kind": "cycle",
        "first": first + 1,
        "again": again + 1,
    }


@pytest.mark.parametrize("seed", range(5))
def test_xor_never_converges_from_random_weights(seed):
    start = np.random.default_rng(seed).integers(-30, 31, 3) / 10
    outcome = learn("xor", start=start.tolist(), epochs=300)["outcome"]
    assert outcome["kind"] == "cycle"


@pytest.mark.parametrize("gate", SEPARABLE)
@pytest.mark.parametrize("seed", range(3))
def test_separable_gates_converge_from_random_weights(gate, seed):
    start = np.random.default_rng(seed).integers(-60, 61, 3) / 10
    run = learn(gate, start=start.tolist(), eta=0.1, epochs=2000)
    b, *w = as_triple(run["weights"])
    assert run["outcome"]["kind"] == "converged"
    assert (X @ w + b >= -1e-12).astype(int).tolist() == GATES[gate]


@pytest.mark.parametrize("eta", [0.1, 0.5, 2.0])
def test_from_zeros_the_learning_rate_only_scales_the_weights(eta):
    scaled, plain = learn("and", eta=eta), learn("and")
    np.testing.assert_allclose(
        as_triple(scaled["weights"]), eta * np.array(as_triple(plain["weights"]))
    )
    assert scaled["updates"] == plain["updates"]


def test_step_of_a_sum_that_is_zero_on_paper_is_one():
    # In floating point -0.1 - 0.2 + 0.3 is below zero.
    weights = {"w1": -0.1, "w2": -0.2, "b": 0.3}
    assert run_node([{"do": "predict", "weights": weights, "x": [1, 1]}]) == [1]


@pytest.mark.parametrize("seed", range(4))
def test_count_of_right_points_agrees_with_numpy(seed):
    b, *w = np.random.default_rng(seed).normal(size=3).tolist()
    weights = {"b": b, "w1": w[0], "w2": w[1]}
    requests = [{"do": "countRight", "weights": weights, "gate": g} for g in GATES]
    output = (X @ np.array(w) + b >= 0).astype(int)
    assert run_node(requests) == [int(np.sum(output == d)) for d in GATES.values()]


# The drawing


def polygon_area(corners) -> float:
    x, y = np.array(corners).T
    return 0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))


@pytest.mark.parametrize(
    ("weights", "area"),
    [
        ({"w1": 1, "w2": 0, "b": 0}, 2.2 * 1.6),  # x1 >= 0
        ({"w1": -1, "w2": -1, "b": 1}, 2.2**2 / 2),  # below the diagonal
        ({"w1": 0, "w2": 0, "b": 1}, 2.2**2),  # everywhere
        ({"w1": 0, "w2": 0, "b": -1}, 0.0),  # nowhere
        ({"w1": 1, "w2": 1, "b": 9}, 2.2**2),  # the line is out of sight
    ],
)
def test_shaded_half_plane_has_the_area_of_output_one(weights, area):
    request = {"do": "halfPlane", "weights": weights, "low": -0.6, "high": 1.6}
    corners = run_node([request])[0]
    assert (polygon_area(corners) if corners else 0.0) == pytest.approx(area)


@pytest.mark.parametrize("seed", range(5))
def test_ends_of_the_line_lie_on_it_and_on_the_frame(seed):
    w1, w2 = np.random.default_rng(seed).normal(size=2).tolist()
    weights = {"w1": w1, "w2": w2, "b": -0.5 * (w1 + w2)}  # through the middle
    request = {"do": "boundary", "weights": weights, "low": -0.6, "high": 1.6}
    ends = np.array(run_node([request])[0])
    np.testing.assert_allclose(ends @ [w1, w2] + weights["b"], 0, atol=1e-12)
    assert (np.isclose(ends, -0.6) | np.isclose(ends, 1.6)).any(axis=1).all()


def test_there_is_no_line_without_weights():
    weights = {"w1": 0, "w2": 0, "b": 1}
    request = {"do": "boundary", "weights": weights, "low": -0.6, "high": 1.6}
    assert run_node([request]) == [None]


def test_hash_of_a_setting_is_what_a_teacher_would_write():
    state = {"gate": "and", "w1": 2, "w2": 1, "b": -3, "eta": "1"}
    assert hash_of("perceptron", state) == "#perceptron?gate=and&w1=2&w2=1&b=-3"


# In the built page


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
