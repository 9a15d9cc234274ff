"""The mathematics of the dropout exploration, run by Node, against NumPy."""

import itertools
from functools import partial

import numpy as np
import pytest

from tests.book.explorations import node
from tests.book.explorations.node import needs_node

pytestmark = needs_node
call = partial(node.call, "regularization")

W1 = np.array([[1, 0.5], [-0.5, 1], [1, -1], [0.5, 0.5], [-1, 0.5]])
B1, W2, B2 = np.array([0.5, 1, 0.5, 0, 1.5]), np.array([1.5, -1, 1, 2, -1.5]), -1.0
OUT = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}


def setting(seed: int, out="linear", scale="inverted") -> dict:
    rng = np.random.default_rng(seed)
    x1, x2 = rng.uniform(-2, 2, 2).tolist()
    p = float(rng.uniform(0.1, 0.8))
    return {"x1": x1, "x2": x2, "p": p, "out": out, "scale": scale}


def outputs(state: dict) -> tuple[np.ndarray, np.ndarray, float]:
    """Return outputs and probabilities of all masks, and test mode, from NumPy."""
    a = np.maximum(W1 @ [state["x1"], state["x2"]] + B1, 0)
    p, f = state["p"], OUT[state["out"]]
    train, test = {"inverted": (1 / (1 - p), 1), "test": (1, 1 - p), "none": (1, 1)}[
        state["scale"]
    ]
    masks = np.array(list(itertools.product([0, 1], repeat=5)))
    kept = masks.sum(axis=1)
    values = f((masks * a * train) @ W2 + B2)
    return values, (1 - p) ** kept * p ** (5 - kept), float(f(a * test @ W2 + B2))


@pytest.mark.parametrize("scale", ["inverted", "test", "none"])
@pytest.mark.parametrize("out", list(OUT))
@pytest.mark.parametrize("seed", range(3))
def test_expected_output_and_test_mode_agree_with_numpy(seed, out, scale):
    state = setting(seed, out, scale)
    values, weights, test = outputs(state)
    mean = weights @ values
    got = call("expected", state)
    assert got["mean"] == pytest.approx(mean)
    assert got["deviation"] == pytest.approx(np.sqrt(weights @ (values - mean) ** 2))
    assert call("testOutput", state)["y"] == pytest.approx(test)


@pytest.mark.parametrize("scale", ["inverted", "test"])
@pytest.mark.parametrize("seed", range(5))
def test_a_linear_output_has_the_mean_of_test_mode(seed, scale):
    state = setting(seed, "linear", scale)
    mean, test = call("expected", state)["mean"], call("testOutput", state)["y"]
    assert mean == pytest.approx(test)


def test_without_scaling_the_mean_is_smaller_by_one_minus_p():
    state = setting(1, "linear", "none")
    mean, test = call("expected", state)["mean"], call("testOutput", state)["y"]
    assert mean - B2 == pytest.approx((1 - state["p"]) * (test - B2))


def test_after_relu_the_mean_is_not_below_test_mode():
    # Jensen: ReLU is convex
    for seed in range(5):
        state = setting(seed, "relu")
        gap = call("expected", state)["mean"] - call("testOutput", state)["y"]
        assert gap > -1e-12
    assert gap > 0 or call("expected", state)["deviation"] == 0


def test_probabilities_of_the_masks_add_up_to_one():
    masks = call("allMasks", setting(0))
    assert len({tuple(m["mask"]) for m in masks}) == 32
    assert sum(m["probability"] for m in masks) == pytest.approx(1)


def test_a_unit_is_dropped_where_u_is_below_p():
    assert call("maskFrom", [0.1, 0.4, 0.39, 0.9, 0.0], 0.4) == [0, 1, 0, 1, 0]


def test_one_mask_by_hand():
    # x = (1, 0): a = (1.5, 0.5, 1.5, 0.5, 0.5); units 1 and 3 stay, p = 1/2
    state = {"x1": 1, "x2": 0, "p": 0.5, "out": "linear", "scale": "inverted"}
    got = call("trainOutput", state, [1, 0, 1, 0, 0])
    assert got["a"] == [3, 0, 3, 0, 0]
    assert got["y"] == pytest.approx(1.5 * 3 + 1 * 3 - 1)


@pytest.mark.parametrize("text", ["", "1", "111111", "1101x"])
def test_other_texts_are_no_mask(text):
    assert call("parseMask", text) is None
