"""The mathematics of backpropagation's exploration, run by Node, against PyTorch."""

import math

import numpy as np
import pytest

from tests.book.explorations.node import initial_state, needs_node, run_node

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
    state = initial_state("backpropagation")
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


# In the built page


def test_backpropagation_steps_through_the_worked_example(open_page):
    tab = open_page("book/backpropagation")
    box = tab.locator("#exploration-backpropagation")
    for _ in range(2):
        box.get_by_role("button", name="Next step").click()
    assert "−0.1475" in box.locator(".exploration-formulas").inner_text()
    assert "0.2052" in box.locator(".exploration-cost").inner_text()
    box.get_by_role("button", name="Take one step of gradient descent").click()
    assert "0.1815" in box.locator(".exploration-cost").inner_text()
    assert tab.problems == []


def test_the_gradient_of_backpropagation_agrees_with_the_finite_difference(open_page):
    tab = open_page("book/backpropagation")
    check = tab.locator("#exploration-backpropagation .exploration-check output")
    ours, judge = (
        float(text.replace("−", "-")) for text in check.all_inner_texts()[:2]
    )
    assert ours == pytest.approx(judge, rel=1e-6)
