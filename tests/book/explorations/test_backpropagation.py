"""The mathematics of backpropagation's exploration, run by Node, against PyTorch."""

import math
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

KEYS = ["w111", "w112", "b11", "w121", "w122", "b12", "w211", "w212", "b21"]
WORKED_EXAMPLE = dict(
    zip(KEYS, [0.5, -1.0, 0.0, 1.0, 0.5, 0.5, 1.0, -1.5, 0.2], strict=True)
)

pytestmark = needs_node


def random_case(seed: int, activation: str, cost: str) -> dict:
    rng = np.random.default_rng(seed)
    return {
        "flat": dict(zip(KEYS, rng.normal(scale=1.5, size=9).tolist(), strict=True)),
        "problem": {
            "x": rng.normal(size=2).tolist(),
            "y": float(rng.uniform()),
            "activation": activation,
            "cost": cost,
        },
    }


def autograd(case: dict) -> dict:
    """The same network in PyTorch: z, a, C, and dC/d(everything) by autograd."""
    torch = pytest.importorskip("torch")
    leaf = {
        key: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for key, value in case["flat"].items()
    }
    problem = case["problem"]
    x1, x2 = problem["x"]
    y = torch.tensor(problem["y"], dtype=torch.float64)
    hidden = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu}
    z1 = [leaf[f"w1{j}1"] * x1 + leaf[f"w1{j}2"] * x2 + leaf[f"b1{j}"] for j in (1, 2)]
    a1 = [hidden[problem["activation"]](z) for z in z1]
    z2 = leaf["w211"] * a1[0] + leaf["w212"] * a1[1] + leaf["b21"]
    for z in [*z1, z2]:
        z.retain_grad()
    a2 = torch.sigmoid(z2)
    if problem["cost"] == "squared":
        c = 0.5 * (y - a2) ** 2
    else:
        c = torch.nn.functional.binary_cross_entropy_with_logits(z2, y)
    c.backward()
    return {
        "z1": [z.item() for z in z1],
        "a1": [a.item() for a in a1],
        "z2": [z2.item()],
        "a2": [a2.item()],
        "cost": c.item(),
        "delta1": [z.grad.item() for z in z1],
        "delta2": [z2.grad.item()],
        "gradients": [leaf[key].grad.item() for key in KEYS],
    }


ACTIVATIONS = ["sigmoid", "tanh", "relu"]
COSTS = ["squared", "cross_entropy"]


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("part", ["forward", "delta", "gradients"])
def test_network_agrees_with_autograd(activation, cost, part):
    names = {
        "forward": ["z1", "a1", "z2", "a2", "cost"],
        "delta": ["delta1", "delta2"],
        "gradients": ["gradients"],
    }[part]
    cases = [random_case(seed, activation, cost) for seed in range(8)]
    answers = run_node([{"do": "network", **case} for case in cases])
    for case, answer in zip(cases, answers, strict=True):
        answer["gradients"] = [answer["gradients"][key] for key in KEYS]
        expected = autograd(case)
        for name in names:
            # Of a saturated tanh, 1 - a**2 keeps only its absolute precision.
            np.testing.assert_allclose(
                answer[name], expected[name], rtol=1e-10, atol=1e-14, err_msg=name
            )


@pytest.mark.parametrize("cost", COSTS)
def test_saturated_output_keeps_its_cost_finite(cost):
    case = random_case(0, "tanh", cost)
    case["flat"]["b21"] = -900.0
    answer = run_node([{"do": "network", **case}])[0]
    assert math.isfinite(answer["cost"])
    assert answer["a2"] == [0]


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_finite_difference_agrees_with_autograd(activation, cost):
    case = random_case(3, activation, cost)
    shown = run_node([{"do": "finiteDifference", "key": k, **case} for k in KEYS])
    np.testing.assert_allclose(shown, autograd(case)["gradients"], atol=1e-9)


def test_worked_example_of_the_page():
    problem = {"x": [1, 0.5], "y": 1, "activation": "sigmoid", "cost": "squared"}
    request = {"do": "network", "flat": WORKED_EXAMPLE, "problem": problem}
    answer = run_node([request])[0]
    # By hand: z = 0.5 - 0.5 + 0 and 1 + 0.25 + 0.5.
    assert answer["z1"] == [0, 1.75]
    a12 = 1 / (1 + math.exp(-1.75))
    a21 = 1 / (1 + math.exp(-(0.5 - 1.5 * a12 + 0.2)))
    delta2 = (a21 - 1) * a21 * (1 - a21)
    assert answer["delta2"] == pytest.approx([delta2])
    assert answer["delta1"] == pytest.approx(
        [0.25 * delta2, -1.5 * delta2 * a12 * (1 - a12)]
    )


def test_initial_state_is_the_worked_example_of_the_page():
    state = run_node([{"do": "initialState", "name": "backpropagation"}])[0]
    assert {key: state[key] for key in KEYS} == WORKED_EXAMPLE
    others = {"x1": 1, "x2": 0.5, "y": 1, "eta": 0.5}
    assert {key: state[key] for key in others} == others
    assert (state["activation"], state["cost"]) == ("sigmoid", "squared")


def test_one_step_of_descent_agrees_with_sgd():
    torch = pytest.importorskip("torch")
    case = random_case(1, "tanh", "cross_entropy")
    after = run_node([{"do": "descend", "eta": 0.3, **case}])[0]
    values = torch.tensor([case["flat"][key] for key in KEYS], dtype=torch.float64)
    parameter = torch.nn.Parameter(values)
    parameter.grad = torch.tensor(autograd(case)["gradients"], dtype=torch.float64)
    torch.optim.SGD([parameter], lr=0.3).step()
    np.testing.assert_allclose(
        [after[key] for key in KEYS], parameter.detach().numpy(), rtol=1e-10
    )


# The state in the URL's hash

SETTING = {
    **dict(zip(KEYS, [0.1, -2, 3, 0, 5.25, -6, 7, 8.125, -9], strict=True)),
    "x1": -1.5,
    "x2": 1e-7,
    "y": 0.25,
    "activation": "relu",
    "cost": "cross_entropy",
    "eta": 0.05,
    "weight": "b21",
    "step": "4",
}


def test_state_survives_the_hash():
    request = {"do": "formatHash", "name": "backpropagation", "state": SETTING}
    assert parse("backpropagation", run_node([request])[0]) == SETTING


# The files


def test_script_asks_for_nothing_from_the_network():
    assert not asks_the_network("backpropagation")


def test_still_picture_is_well_formed_and_titled():
    path = ROOT / "book/figures/backpropagation_exploration.svg"
    root = ElementTree.parse(path).getroot()
    assert root.find("{http://www.w3.org/2000/svg}title").text
