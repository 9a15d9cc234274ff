"""The mathematics of the explorations, run by Node, against NumPy and PyTorch."""

import json
import math
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[1]
RUNNER = Path(__file__).with_name("explorations_math.cjs")
GATES = {
    "and": [0, 0, 0, 1],
    "or": [0, 1, 1, 1],
    "nand": [1, 1, 1, 0],
    "nor": [1, 0, 0, 0],
    "xor": [0, 1, 1, 0],
}
X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
SEPARABLE = ["and", "or", "nand", "nor"]
KEYS = ["w111", "w112", "b11", "w121", "w122", "b12", "w211", "w212", "b21"]
WORKED_EXAMPLE = dict(
    zip(KEYS, [0.5, -1.0, 0.0, 1.0, 0.5, 0.5, 1.0, -1.5, 0.2], strict=True)
)

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None,
    reason="Node is not installed: it runs the scripts of the explorations",
)


def run_node(requests: list[dict]) -> list:
    """Send requests to the pure modules and return their answers."""
    done = subprocess.run(
        ["node", str(RUNNER)],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


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


# Perceptron: the learning rule


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


# Perceptron: the drawing


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


# Backpropagation


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

SETTINGS = [
    ("perceptron", {"gate": "and", "w1": 2, "w2": 1, "b": -3, "eta": "1"}),
    ("perceptron", {"gate": "xor", "w1": -0.25, "w2": 0, "b": 1e-7, "eta": "0.1"}),
    (
        "backpropagation",
        {
            **dict(zip(KEYS, [0.1, -2, 3, 0, 5.25, -6, 7, 8.125, -9], strict=True)),
            "x1": -1.5,
            "x2": 1e-7,
            "y": 0.25,
            "activation": "relu",
            "cost": "cross_entropy",
            "eta": 0.05,
            "weight": "b21",
            "step": "4",
        },
    ),
]


def parse(name: str, text: str) -> dict | None:
    return run_node([{"do": "parseHash", "name": name, "hash": text}])[0]


@pytest.mark.parametrize(("name", "state"), SETTINGS)
def test_state_survives_the_hash(name, state):
    text = run_node([{"do": "formatHash", "name": name, "state": state}])[0]
    assert parse(name, text) == state


def test_hash_of_a_setting_is_what_a_teacher_would_write():
    name, state = SETTINGS[0]
    text = run_node([{"do": "formatHash", "name": name, "state": state}])[0]
    assert text == "#perceptron?gate=and&w1=2&w2=1&b=-3"


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


# Numbers as text


@pytest.mark.parametrize(
    ("how", "number", "text"),
    [
        ("short", -0.001, "0"),
        ("short", 10, "10"),
        ("short", -2.5, "−2.5"),
        ("signed", 0.5, "+0.5"),
        ("signed", 0, "0"),
        ("factor", -1, "(−1)"),
        ("term", -1, "− 1"),
        ("fixed", -0.004, "0.00"),
    ],
)
def test_numbers_are_written_with_a_true_minus_sign(how, number, text):
    assert run_node([{"do": "text", "how": how, "number": number}]) == [text]


# The files


@pytest.mark.parametrize("name", ["common", "perceptron", "backpropagation"])
def test_script_asks_for_nothing_from_the_network(name):
    source = (ROOT / "book" / "explorations" / f"{name}.js").read_text("utf-8")
    allowed = source.replace("http://www.w3.org/2000/svg", "")
    for word in ("http:", "https:", "fetch(", "XMLHttpRequest", "import(", "eval("):
        assert word not in allowed


@pytest.mark.parametrize("name", ["perceptron", "backpropagation"])
def test_still_picture_is_well_formed_and_titled(name):
    from xml.etree import ElementTree

    path = ROOT / "book" / "figures" / f"{name}_exploration.svg"
    root = ElementTree.parse(path).getroot()
    assert root.find("{http://www.w3.org/2000/svg}title").text
