"""The mathematics of the perceptron's exploration, run by Node, against NumPy."""

from xml.etree import ElementTree

import numpy as np
import pytest

from tests.book.explorations.node import (
    ROOT,
    asks_the_network,
    needs_node,
    parse,
    run_node,
)

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


# The state in the URL's hash

SETTINGS = [
    {"gate": "and", "w1": 2, "w2": 1, "b": -3, "eta": "1"},
    {"gate": "xor", "w1": -0.25, "w2": 0, "b": 1e-7, "eta": "0.1"},
]


@pytest.mark.parametrize("state", SETTINGS)
def test_state_survives_the_hash(state):
    text = run_node([{"do": "formatHash", "name": "perceptron", "state": state}])[0]
    assert parse("perceptron", text) == state


def test_hash_of_a_setting_is_what_a_teacher_would_write():
    request = {"do": "formatHash", "name": "perceptron", "state": SETTINGS[0]}
    assert run_node([request]) == ["#perceptron?gate=and&w1=2&w2=1&b=-3"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#",
        "#perceptron",
        "#perceptron?",
        "#perceptron?gate=maybe",
        "#perceptron?w1=",
        "#perceptron?w1=NaN&w2=Infinity&b=0x10",
        "#perceptron?w1=1e999",
        "#perceptron?w1=51",
        "#perceptron?%E0%A4%A=%&&==&",
        "#perceptron?__proto__=1&constructor=2",
        "#perceptrons?gate=xor",
        "#backpropagation?step=3",
        "#xor",
    ],
)
def test_hash_without_a_valid_value_is_ignored(text):
    assert parse("perceptron", text) is None


def test_invalid_values_are_ignored_beside_valid_ones():
    state = parse("perceptron", "#perceptron?gate=or&w1=two&b=-1&w2=99&color=red")
    initial = run_node([{"do": "initialState", "name": "perceptron"}])[0]
    assert state == {**initial, "gate": "or", "b": -1}


# The files


def test_script_asks_for_nothing_from_the_network():
    assert not asks_the_network("perceptron")


def test_still_picture_is_well_formed_and_titled():
    path = ROOT / "book/figures/perceptron_exploration.svg"
    root = ElementTree.parse(path).getroot()
    assert root.find("{http://www.w3.org/2000/svg}title").text
