"""The playground: its engine against PyTorch, its data, its hash, and in a browser."""

import itertools
import json
import math
import re
import shutil
import string
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from press.directives.interactive import scripts_of
from tests import ROOT
from tests.book.explorations import node
from tests.book.explorations.node import call, initial_state, needs_node, parse
from tests.browser import served, watched

torch = pytest.importorskip("torch")
FOLDER = ROOT / "book" / "explorations"
STILL = ROOT / "book" / "figures" / "fully_connected_exploration.svg"
ACTIVATIONS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "linear": lambda z: z,
}
OUTPUTS = ["cross_entropy", "squared"]
KINDS = ["blobs", "circle", "xor", "spiral"]
FEATURES = {
    "x1": lambda x1, x2: x1,
    "x2": lambda x1, x2: x2,
    "x1x1": lambda x1, x2: x1**2,
    "x2x2": lambda x1, x2: x2**2,
    "x1x2": lambda x1, x2: x1 * x2,
    "sinx1": lambda x1, x2: np.sin(x1),
    "sinx2": lambda x1, x2: np.sin(x2),
}
SEEDS = range(1, 6)
OWN = [  # points of a reader: x1, x2, class
    *[(0.5, -1.25, 1), (-2.9975, 3, 0), (0, 0, 1), (1.1, 2.2, 0), (-0.3, -0.7, 1)],
    *[(-3, -3, 0), (3, 3, 1), (2.5, -0.0025, 0), (-1.5, 1.5, 0), (0.25, 0.1, 1)],
]
LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def as_text(points: list[tuple]) -> str:
    """Points as a link holds them, written again: four digits of base 64 each."""
    text = "p"
    for x1, x2, label in points:
        code = (round((x1 + 3) * 400) * 2401 + round((x2 + 3) * 400)) * 2 + label
        text += "".join(LETTERS[code // 64**k % 64] for k in (3, 2, 1, 0))
    return text


OWN_TEXT = as_text(OWN)

pytestmark = needs_node


def ask(*requests: dict) -> list:
    """Send requests to the pure modules and return their answers."""
    return node.node("exploration_fully_connected.cjs").ask(list(requests))


# The network as a program


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"activation": "relu", "output": "squared", "hidden": "8-3", "reg": "l2"},
        {"activation": "sigmoid", "hidden": "none", "features": "x1x1-x2x2-sinx1"},
        {"activation": "linear", "reg": "l1", "features": "x2-x1x2-sinx2"},
        {"data": "own", "points": OWN_TEXT, "test": 20},
        {"data": "own", "points": OWN_TEXT, "output": "squared", "test": 10},
    ],
    ids=["plain", "l2", "no hidden layer", "l1", "own points", "own points, squared"],
)
def test_the_program_in_pytorch_gives_the_same_outputs_and_the_same_losses(changes):
    state = initial_state("fully_connected") | changes | {"batch": "all", "eta": "0.3"}
    (found,) = ask({"do": "torch", "state": state, "epochs": 10})
    end = (
        "\nimport json\n"
        f"points = torch.tensor({found['points']})\n"
        "with torch.no_grad():\n"
        "    print(json.dumps(network(inputs(*points))[:, 0].tolist()))\n"
    )
    untrained = found["after"].partition("optimizer = ")[0]
    (outputs,) = printed(untrained + end)
    np.testing.assert_allclose(json.loads(outputs), found["outputs"], atol=1e-5)
    lines = [line.split() for line in printed(found["before"])]
    assert [int(epoch) for epoch, _ in lines] == list(range(11))
    losses = [float(loss) for _, loss in lines]
    np.testing.assert_allclose(losses, found["losses"], atol=1e-5)
    assert losses[-1] < losses[0]


def printed(program: str) -> list[str]:
    """Return the lines that a program prints."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


# Random numbers


def test_the_generator_is_the_published_one():
    """xoshiro128**, written again from the paper with unbounded integers."""
    words, expected = [1, 2, 3, 4], []
    low = 2**32 - 1

    def rotate(x: int, k: int) -> int:
        return ((x << k) | (x >> (32 - k))) & low

    for _ in range(50):
        expected.append(rotate(words[1] * 5 & low, 7) * 9 & low)
        t = words[1] << 9 & low
        words[2] ^= words[0]
        words[3] ^= words[1]
        words[1] ^= words[2]
        words[0] ^= words[3]
        words[2] ^= t
        words[3] = rotate(words[3], 11)
    assert expected[0] == 11520  # by hand: 2 · 5 = 10, 10 · 2^7 = 1280, times 9
    assert ask({"do": "xoshiro", "words": [1, 2, 3, 4], "count": 50})[0] == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_normal_numbers_are_normal(seed):
    sample = np.array(ask({"do": "normal", "seed": seed, "count": 20_000})[0])
    assert abs(sample.mean()) < 4 / math.sqrt(len(sample))
    assert abs(sample.std() - 1) < 4 / math.sqrt(2 * len(sample))
    assert abs((abs(sample) < 1).mean() - 0.6827) < 0.015


# Data


def examples(kind: str, **options) -> tuple[np.ndarray, np.ndarray]:
    """Training and test rows [x1, x2, class]."""
    request = {"do": "data", "kind": kind, "noise": 0, "share": 0.5, "seed": 1}
    data = ask(request | options)[0]
    return np.array(data["train"]), np.array(data["test"])


def all_examples(kind: str, **options) -> np.ndarray:
    return np.vstack(examples(kind, **options))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_circle_is_a_disk_in_a_ring(seed):
    x1, x2, label = all_examples("circle", seed=seed).T
    radius = np.hypot(x1, x2)
    assert radius[label == 1].max() <= 1.25
    assert radius[label == 0].min() >= 1.75
    assert radius[label == 0].max() <= 2.5
    # even over the area: half of the disk's points lie within 1.25/√2
    assert abs((radius[label == 1] < 1.25 / math.sqrt(2)).mean() - 0.5) < 0.14


@pytest.mark.parametrize("seed", SEEDS)
def test_xor_is_one_where_the_signs_differ(seed):
    x1, x2, label = all_examples("xor", seed=seed).T
    assert np.array_equal(label == 1, x1 * x2 < 0)
    assert abs(np.concatenate([x1, x2])).min() >= 0.15
    assert abs(np.concatenate([x1, x2])).max() <= 2.5
    quadrants = np.unique(np.stack([x1 > 0, x2 > 0]), axis=1, return_counts=True)[1]
    assert quadrants.tolist() == [100] * 4


@pytest.mark.parametrize("seed", SEEDS)
def test_the_blobs_lie_around_plus_and_minus_one(seed):
    rows = all_examples("blobs", seed=seed)
    for label, center in ((1, 1), (0, -1)):
        points = rows[rows[:, 2] == label, :2]
        assert abs(points.mean(axis=0) - center).max() < 4 * 0.4 / math.sqrt(200)
        assert abs(points.std(axis=0) - 0.4).max() < 4 * 0.4 / math.sqrt(400)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_arms_of_the_spiral_are_half_a_turn_apart(seed):
    x1, x2, label = all_examples("spiral", seed=seed).T
    t = (np.hypot(x1, x2) - 0.2) / 2.3
    assert (t >= 0).all()
    assert (t <= 1).all()
    angle = 2 * np.pi * 1.75 * t + np.where(label == 1, 0, np.pi)
    radius = 0.2 + 2.3 * t
    np.testing.assert_allclose(radius * np.cos(angle), x1, atol=1e-9)
    np.testing.assert_allclose(radius * np.sin(angle), x2, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_classes_are_balanced_and_the_split_keeps_every_example(kind):
    train, test = examples(kind, share=0.3)
    assert (len(train), len(test)) == (280, 120)
    assert np.vstack([train, test])[:, 2].sum() == 200
    assert len(np.unique(np.vstack([train, test]), axis=0)) == 400
    another = all_examples(kind, share=0.8)
    same = sorted(map(tuple, np.vstack([train, test])))
    assert sorted(map(tuple, another)) == same


@pytest.mark.parametrize("kind", KINDS)
def test_noise_moves_points_by_its_deviation_and_never_out_of_the_plane(kind):
    clean, noisy, wild = (all_examples(kind, noise=noise) for noise in (0, 0.1, 1))
    moved = noisy[:, :2] - clean[:, :2]
    assert np.array_equal(clean[:, 2], noisy[:, 2])
    assert abs(moved.std() - 0.1) < 4 * 0.1 / math.sqrt(2 * 800)
    assert abs(moved.mean()) < 4 * 0.1 / math.sqrt(800)
    assert abs(wild[:, :2]).max() <= 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_fixes_the_data_and_another_changes_them(kind):
    first, again, other = (
        all_examples(kind, seed=seed, noise=0.2) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.isclose(first[:, :2], other[:, :2]).all(axis=1).any()


def test_features_are_what_their_names_say():
    rng = np.random.default_rng(0)
    x1, x2 = rng.uniform(-3, 3, (2, 9))
    points = {"x1": x1.tolist(), "x2": x2.tolist()}
    values = ask({"do": "input", "points": points, "features": list(FEATURES)})[0]
    expected = [feature(x1, x2) for feature in FEATURES.values()]
    np.testing.assert_allclose(np.reshape(values, (7, 9)), expected, atol=1e-14)


def test_the_grid_runs_from_the_upper_left_to_the_lower_right():
    grid = ask({"do": "grid", "size": 3})[0]
    assert grid["x1"] == [-2, 0, 2] * 3
    assert [float(x) for x in grid["x2"]] == [2] * 3 + [0] * 3 + [-2] * 3


# The network


def network(sizes: list[int], activation: str, output: str, m: int = 13) -> dict:
    """A random network and a random batch, as a request; A0 has shape (n_0, m)."""
    rng = np.random.default_rng(sum(sizes) + 10 * len(sizes))
    layers = list(itertools.pairwise(sizes))
    targets = [0, 1] if output == "cross_entropy" else [-1, 1]
    return {
        "sizes": sizes,
        "activation": activation,
        "output": output,
        "W": [rng.normal(0, 0.8, n * before).tolist() for before, n in layers],
        "b": [rng.normal(0, 0.5, n).tolist() for _, n in layers],
        "A0": rng.normal(0, 1.5, sizes[0] * m).tolist(),
        "y": rng.choice(targets, m).tolist(),
    }


def tensor(values) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def torch_parameters(request: dict) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """(W, b) of every layer, W of shape (n_l, n_{l-1})."""
    shapes = itertools.pairwise(request["sizes"])
    return [
        (
            tensor(W).reshape(n, before).requires_grad_(),
            tensor(b).requires_grad_(),
        )
        for (before, n), W, b in zip(shapes, request["W"], request["b"], strict=True)
    ]


def torch_pass(layers, X, activation: str, output: str):
    """Z and A of every layer, each of shape (m, n_l)."""
    last = {"cross_entropy": torch.sigmoid, "squared": torch.tanh}[output]
    functions = [ACTIVATIONS[activation]] * (len(layers) - 1) + [last]
    Z, A = [], [X]
    for (W, b), function in zip(layers, functions, strict=True):
        Z.append(torch.nn.functional.linear(A[-1], W, b))
        Z[-1].retain_grad() if Z[-1].requires_grad else None
        A.append(function(Z[-1]))
    return Z, A[1:]


def torch_cost(Z, A, y, output: str):
    if output == "cross_entropy":
        loss = torch.nn.functional.binary_cross_entropy_with_logits
        return loss(Z[-1].ravel(), y)
    return 0.5 * torch.nn.functional.mse_loss(A[-1].ravel(), y)


SHAPES = [[2, 1], [2, 4, 2, 1], [3, 1, 5, 1], [7, 8, 8, 8, 8, 1]]


def close(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)


@pytest.mark.parametrize("sizes", SHAPES, ids=str)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_forward_and_backward_agree_with_pytorch(sizes, activation, output):
    request = network(sizes, activation, output)
    ours = ask({"do": "pass", **request})[0]
    layers = torch_parameters(request)
    X = tensor(request["A0"]).reshape(sizes[0], -1).T
    Z, A = torch_pass(layers, X, activation, output)
    cost = torch_cost(Z, A, tensor(request["y"]), output)
    cost.backward()
    close(ours["cost"], cost.item())
    for index, (W, b) in enumerate(layers):
        close(ours["Z"][index], Z[index].detach().T.ravel())
        close(ours["A"][index], A[index].detach().T.ravel())
        close(ours["delta"][index], Z[index].grad.T.ravel())
        close(ours["gradient"]["W"][index], W.grad.ravel())
        close(ours["gradient"]["b"][index], b.grad)
    right = (Z[-1].detach().ravel() >= 0) == (tensor(request["y"]) == 1)
    assert ours["accuracy"] == right.double().mean().item()


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "linear"])
@pytest.mark.parametrize("output", OUTPUTS)
def test_gradients_agree_with_finite_differences(activation, output):
    request = network([3, 5, 4, 1], activation, output)
    ours, differences = ask({"do": "pass", **request}, {"do": "differences", **request})
    for kind in ("W", "b"):
        for layer, expected in zip(
            ours["gradient"][kind], differences[kind], strict=True
        ):
            np.testing.assert_allclose(layer, expected, atol=1e-8)


def test_large_preactivations_give_finite_losses():
    request = network([2, 3, 1], "linear", "cross_entropy")
    request["W"] = [[1000 * w for w in layer] for layer in request["W"]]
    ours = ask({"do": "pass", **request})[0]
    assert math.isfinite(ours["cost"])
    assert ours["cost"] > 100
    assert all(math.isfinite(g) for layer in ours["gradient"]["W"] for g in layer)


def test_the_penalty_sums_over_weights_and_not_over_biases():
    request = network([2, 3, 1], "tanh", "squared")
    weights = np.concatenate(request["W"])
    for regularization, expected in {
        "none": 0,
        "l1": abs(weights).sum(),
        "l2": (weights**2).sum() / 2,
    }.items():
        asked = {"do": "pass", **request, "regularization": regularization}
        close(ask(asked)[0]["penalty"], expected)


@pytest.mark.parametrize(
    ("activation", "variance"), [("tanh", 2 / (400 + 300)), ("relu", 2 / 400)]
)
def test_initial_weights_have_the_published_variance(activation, variance):
    request = {"do": "initialize", "activation": activation, "seed": 2}
    start = ask(request | {"sizes": [400, 300, 1]})[0]
    assert np.var(start["W"][0]) == pytest.approx(variance, rel=0.02)
    assert not np.any(start["b"][0])


# Training


def setting(kind="circle", hidden=(4, 2), features=("x1", "x2"), **options) -> dict:
    data = {"kind": kind, "noise": options.pop("noise", 0), "share": 0.5}
    return {
        "data": data,
        "features": list(features),
        "hidden": list(hidden),
        "activation": "tanh",
        "output": "cross_entropy",
        "seed": 1,
    } | options


OPTIONS = {"batchSize": 10, "eta": 0.1, "regularization": "none", "lambda": 0}


def torch_steps(run: dict, chosen: dict, options: dict) -> list:
    """The run's minibatches once more, with torch.optim.SGD."""
    sizes = [len(chosen["features"]), *chosen["hidden"], 1]
    layers = torch_parameters({"sizes": sizes, **run["start"]})
    X = tensor(run["A0"]).reshape(sizes[0], -1).T
    y = tensor(run["y"])
    optimizer = torch.optim.SGD(itertools.chain(*layers), lr=options["eta"])
    penalty = {
        "none": lambda W: 0 * W.sum(),
        "l1": lambda W: W.abs().sum(),
        "l2": lambda W: 0.5 * (W**2).sum(),
    }[options["regularization"]]
    for batch in run["batches"]:
        Z, A = torch_pass(layers, X[batch], chosen["activation"], chosen["output"])
        cost = torch_cost(Z, A, y[batch], chosen["output"])
        cost = cost + options["lambda"] * sum(penalty(W) for W, _ in layers)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    return layers


@pytest.mark.parametrize("regularization", ["none", "l1", "l2"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_ten_steps_agree_with_pytorch(activation, output, regularization):
    chosen = setting(
        "spiral",
        (5, 3),
        ("x1", "x2", "x1x2"),
        activation=activation,
        output=output,
        noise=0.1,
    )
    options = OPTIONS | {"regularization": regularization, "lambda": 0.03}
    run = ask({"do": "steps", "setting": chosen, "options": options, "count": 10})[0]
    for index, (W, b) in enumerate(torch_steps(run, chosen, options)):
        close(run["end"]["W"][index], W.detach().ravel())
        close(run["end"]["b"][index], b.detach())
    moved = np.abs(np.array(run["end"]["W"][0]) - run["start"]["W"][0])
    assert moved.max() > 1e-3


def test_an_epoch_visits_each_example_once_in_a_new_order():
    options = OPTIONS | {"batchSize": 30}  # 200 examples: ⌈200/30⌉ = 7 minibatches
    request = {"do": "steps", "setting": setting(), "options": options, "count": 14}
    run = ask(request)[0]
    assert (run["epoch"], run["steps"]) == (2, 14)
    assert [len(batch) for batch in run["batches"]] == 2 * ([30] * 6 + [20])
    first, second = (
        list(itertools.chain(*part))
        for part in (run["batches"][:7], run["batches"][7:])
    )
    assert sorted(first) == sorted(second) == list(range(200))
    assert first != second


def train(epochs: int, options: dict | None = None, **chosen) -> dict:
    request = {"do": "train", "setting": setting(**chosen), "epochs": epochs}
    return ask(request | {"options": OPTIONS | (options or {})})[0]


def test_the_seed_fixes_a_whole_run():
    first, again, other = (train(20, seed=seed) for seed in (7, 7, 8))
    assert first == again
    assert first["weights"] != other["weights"]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_first_setting_of_the_page_solves_the_circle(seed):
    result = train(300, seed=seed, noise=0.1)
    assert result["test"]["accuracy"] >= 0.95
    assert result["test"]["loss"] < 0.3 * result["first"]["loss"]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_eight_hidden_neurons_solve_xor(seed, output):
    result = train(300, kind="xor", hidden=[8], seed=seed, output=output)
    assert result["test"]["accuracy"] >= 0.97


@pytest.mark.parametrize("seed", SEEDS)
def test_no_hidden_layer_solves_xor_from_the_coordinates(seed):
    result = train(300, kind="xor", hidden=[], seed=seed)
    assert result["train"]["accuracy"] < 0.75
    assert result["train"]["loss"] > 0.6  # ln 2 = 0.693 is what guessing costs


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("kind", "features"), [("xor", ["x1x2"]), ("circle", ["x1x1", "x2x2"])]
)
def test_the_right_feature_needs_no_hidden_layer(kind, features, seed):
    result = train(100, kind=kind, hidden=[], features=features, seed=seed)
    assert result["test"]["accuracy"] >= 0.98


@pytest.mark.parametrize("seed", SEEDS)
def test_linear_hidden_layers_are_no_better_than_none(seed):
    result = train(300, activation="linear", seed=seed)
    assert result["train"]["accuracy"] < 0.75
    assert result["train"]["loss"] > 0.6


@pytest.mark.parametrize("seed", SEEDS)
def test_l1_silences_more_weights_than_l2(seed):
    def silent(regularization: str) -> int:
        options = {"regularization": regularization, "lambda": 0.01}
        chosen = {"hidden": [8, 8], "features": list(FEATURES), "seed": seed}
        weights = train(200, options, **chosen)["weights"]
        return int((np.abs(weights) < 0.01).sum())

    assert silent("l1") > 2 * silent("l2") + 20


def test_the_largest_network_trains_and_is_drawn_within_a_frame():
    chosen = setting("spiral", [8, 8, 8, 8], FEATURES)
    request = {"do": "frame", "setting": chosen, "options": OPTIONS, "size": 40}
    milliseconds = ask(request)[0]  # the least of many: others use this machine, too
    assert milliseconds < 1000 / 60


def test_a_long_history_is_thinned_out_and_keeps_its_ends():
    epochs = ask({"do": "history", "epochs": 5000, "most": 400})[0]
    assert 200 <= len(epochs) <= 400
    assert (epochs[0], epochs[-1]) == (0, 4999)
    assert epochs == sorted(set(epochs))


# The pictures


def test_the_boundary_of_a_round_field_is_its_circle():
    points = np.array(ask({"do": "circleBoundary", "size": 60, "radius": 1.7})[0])
    assert abs(np.hypot(*points.T) - 1.7).max() < 0.01  # the grid's cells are 0.1 wide
    angles = np.sort(np.arctan2(points[:, 1], points[:, 0]))
    assert np.diff(angles).max() < 0.15  # without a gap


@pytest.mark.parametrize(
    ("most", "end"), [(0.71, 0.8), (0.5, 0.5), (0.11, 0.2), (2.4, 3), (8.1, 10)]
)
def test_the_axis_of_the_losses_ends_at_a_round_number(most, end):
    assert ask({"do": "roundUp", "most": most})[0] == pytest.approx(end)


@pytest.mark.parametrize(
    ("activation", "value", "expected"),
    [
        ("relu", 0, 0),
        ("tanh", -0.5, -0.5),
        ("sigmoid", 0.5, 0),
        ("sigmoid", 0.25, -0.5),
        ("relu", 2, 0.5),  # the largest value in the picture is 4
        ("linear", -4, -1),
    ],
)
def test_shades_tell_the_sign_from_the_size(activation, value, expected):
    request = {"do": "shade", "activation": activation, "values": [value, 4, 0]}
    assert ask(request)[0] == pytest.approx(expected)


@pytest.mark.parametrize("width", [310, 640])
def test_the_middle_of_each_weight_is_nearest_to_that_weight_where_they_are_apart(
    width,
):
    found = ask({"do": "middles", "width": width, "hidden": [3]})[0]
    assert [entry["found"] for entry in found] == [entry["weight"] for entry in found]
    assert len(found) == 3  # to the output: one weight from each neuron


# The hash


def test_hash_of_a_setting_is_what_a_teacher_would_write():
    state = initial_state("fully_connected")
    state |= {"data": "spiral", "hidden": "8-8", "features": "x1-x2-sinx1"}
    assert node.hash_of("fully_connected", state) == (
        "#fully_connected?data=spiral&features=x1-x2-sinx1&hidden=8-8"
    )


@pytest.mark.parametrize(
    "value",
    [
        *("hidden=9", "hidden=4-0", "hidden=1-2-3-4-5", "hidden="),
        *("features=", "features=x3", "features=x1-x1"),
    ],
)
def test_what_is_no_list_of_layers_or_features_is_ignored(value):
    assert parse("fully_connected", f"#fully_connected?{value}") is None


def test_a_state_describes_a_run():
    state = initial_state("fully_connected") | {"hidden": "none", "test": 40}
    chosen = ask({"do": "setting", "state": state})[0]
    assert chosen["hidden"] == []
    assert chosen["features"] == ["x1", "x2"]
    assert chosen["data"] == {"kind": "circle", "noise": 0.1, "share": 0.4}


# The reader's own points


def records(points: list[tuple]) -> list[dict]:
    return [{"x1": x1, "x2": x2, "label": label} for x1, x2, label in points]


def own(function: str, *arguments):
    return call("own_points", function, *arguments)


def test_points_survive_their_text_with_four_letters_each():
    text = own("encode", records(OWN))
    assert text == OWN_TEXT
    assert len(text) == 1 + 4 * len(OWN)
    back = [(p["x1"], p["x2"], p["label"]) for p in own("decode", text)]
    assert back == OWN
    rng = np.random.default_rng(0)
    for _ in range(20):
        points = np.round(rng.uniform(-3, 3, (9, 2)), 2)  # two decimals are exact
        rows = records([(*xy, int(rng.integers(2))) for xy in points.tolist()])
        assert own("decode", own("encode", rows)) == rows
    assert own("decode", own("encode", [])) == []


@pytest.mark.parametrize(
    "text",
    ["", "x", "pA", "pABC", "pABCDE", "p____", "pAB=D", "pAB D", "p" + "AAAA" * 201],
)
def test_what_is_no_text_of_points_is_refused(text):
    assert own("decode", text) is None
    assert parse("fully_connected", f"#fully_connected?points={text}") is None


def test_the_link_of_200_points_stays_short():
    points = "p" + "AAAA" * 200
    state = parse("fully_connected", f"#fully_connected?data=own&points={points}")
    assert (state["data"], state["points"]) == ("own", points)
    assert len(points) < 1000


def test_a_new_point_moves_no_other_one_between_training_and_test():
    places = []
    for n in range(1, 21):
        rows = records([(i / 10, 0, i % 2) for i in range(n)])
        setting = {"data": "own", "points": own("encode", rows), "test": 20}
        found = ask(
            {"do": "parts", "state": initial_state("fully_connected") | setting}
        )
        train, test = found[0]["train"], found[0]["test"]
        assert len(train) + len(test) == n
        assert len(test) == n // 5
        places.append(set(test))
    assert all(before <= after for before, after in itertools.pairwise(places))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.5, -1.2, 1\n-1, 0.3, 0", [(0.5, -1.2, 1), (-1, 0.3, 0)]),
        ("0.5 -1.2 1\n\n -1  0.3   0 \n", [(0.5, -1.2, 1), (-1, 0.3, 0)]),
        ("x\ty\tclass\n0,5\t−1,2\tb\n-1\t0,3\ta", [(0.5, -1.2, 1), (-1, 0.3, 0)]),
        ("0.5;-1.2;1\r\n-1;0.3;-1", [(0.5, -1.2, 1), (-1, 0.3, 0)]),
        ('1,2,"yes"\n2,1,"no"', [(1, 2, 1), (2, 1, 0)]),
        ("1e-1,2,1", [(0.1, 2, 1)]),
        ("1,1,4\n2,2,5\n1,2,4", [(1, 1, 0), (2, 2, 1), (1, 2, 0)]),
    ],
)
def test_a_table_becomes_points(text, expected):
    found = own("parseTable", text, False)
    assert [(p["x1"], p["x2"], p["label"]) for p in found["points"]] == expected
    assert found["said"].startswith(f"{len(expected)} point")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Paste lines of x₁, x₂ and a class"),
        ("1,2,0\n1,2", "Line 2 has 2 columns: three are needed"),
        ("1,2,0\n\n1,2,3,4", "Line 3 has 4 columns: three are needed"),
        ("1,2,0\n1,two,0", "Line 2: “two” is no number."),
        ("1,,0", "Line 1: “” is no number."),
        ("1,2,", "Line 1 has no class."),
        ("1,2,0\n14.2,1,1", "Line 2: 14.2 lies outside −3 to 3."),
        ("1,2,a\n1,2,b\n1,2,c", "There are 3 classes (a, b, c …): two are possible."),
        ("1,2,0\n" * 201, "These are 201 points: at most 200 are possible."),
    ],
)
def test_a_bad_table_is_explained_in_one_line(text, said):
    found = own("parseTable", text, False)
    assert found["fault"].startswith(said)
    assert "\n" not in found["fault"]
    assert len(found["fault"]) < 90
    assert "points" not in found


def test_columns_are_fitted_into_the_plane_on_request():
    found = own("parseTable", "10,7,0\n20,7,1\n15,7,0", True)
    places = [(p["x1"], p["x2"]) for p in found["points"]]
    assert places == [(-2.5, 0), (2.5, 0), (0, 0)]


# In a browser


PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Playground</title>
<link rel="icon" href="data:,">
<style>* { box-sizing: border-box } body { margin: 0 10px }</style></head><body>
<link rel="stylesheet" href="explorations/explorations.css">
<figure class="exploration" data-exploration="fully_connected">
<div class="exploration-stage"><img src="still.svg" alt="A still picture"></div>
<figcaption>Try it.</figcaption></figure>
SCRIPTS</body></html>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    """A page with nothing but the playground, as the book's directive writes it."""
    folder = tmp_path_factory.mktemp("playground")
    shutil.copytree(FOLDER, folder / "explorations")
    shutil.copy(STILL, folder / "still.svg")
    tags = (
        f'<script src="explorations/{name}"></script>\n'
        for name in scripts_of("fully_connected")
    )
    path = folder / "page.html"
    path.write_text(PAGE.replace("SCRIPTS", "".join(tags)), "utf-8")
    return path


@pytest.fixture(scope="module")
def playground(page):
    """Where the page is served, which needs no built book."""
    with served(page.parent) as address:
        yield address


@pytest.fixture
def open_page(chromium, playground):
    """Return a function that opens the page and watches it."""
    contexts = []

    def opener(*, hash="", width=1000, **options):
        size = {"width": width, "height": 900}
        contexts.append(chromium.new_context(viewport=size, **options))
        tab = watched(contexts[-1], playground)
        tab.goto(f"{playground}/page.html{hash}", wait_until="load")
        return tab

    yield opener
    for context in contexts:
        context.close()


def loss(tab, row: str) -> float:
    cell = tab.get_by_role("row", name=row).get_by_role("cell").first
    return float(cell.inner_text())


def epoch(tab) -> int:
    text = tab.locator(".exploration-play-counter").inner_text()
    return int(re.search(r"Epoch ([\d,]+)", text)[1].replace(",", ""))


def wait_for_epoch(tab, wanted: int) -> None:
    tab.wait_for_function(
        "wanted => Number(document.querySelector('.exploration-play-counter b')"
        ".textContent.replace(',', '')) >= wanted",
        arg=wanted,
        timeout=60_000,
    )


def test_play_makes_the_losses_fall_and_pause_stops_it(open_page):
    tab = open_page()
    assert epoch(tab) == 0
    before = loss(tab, "train"), loss(tab, "test")
    tab.get_by_role("button", name="Play").click()
    wait_for_epoch(tab, 150)
    tab.get_by_role("button", name="Pause").click()
    tab.wait_for_timeout(100)
    after, reached = (loss(tab, "train"), loss(tab, "test")), epoch(tab)
    assert after[0] < 0.5 * before[0]
    assert after[1] < 0.5 * before[1]
    tab.wait_for_timeout(300)
    assert epoch(tab) == reached
    assert "training loss" in tab.get_by_role("status").inner_text()
    assert tab.problems == []


def test_nothing_moves_before_the_reader_asks_for_it(open_page):
    tab = open_page()
    tab.wait_for_timeout(400)
    assert epoch(tab) == 0
    tab.get_by_role("button", name="One step").click()
    tab.wait_for_timeout(100)
    assert "step 1" in tab.locator(".exploration-play-counter").inner_text()
    tab.get_by_role("button", name="One epoch").click()
    tab.wait_for_timeout(100)
    counter = tab.locator(".exploration-play-counter").inner_text()
    assert counter == "Epoch 1, step 20"  # 200 examples in minibatches of 10
    tab.get_by_role("button", name="Reset").click()
    tab.wait_for_timeout(100)
    assert tab.locator(".exploration-play-counter").inner_text() == "Epoch 0, step 0"


def hash_of(tab) -> str:
    tab.wait_for_timeout(400)  # the hash changes at most four times a second
    return tab.evaluate("location.hash")


def test_the_keyboard_alone_changes_every_kind_of_control(open_page):
    tab = open_page()
    tab.get_by_label("Circle").focus()
    tab.keyboard.press("ArrowRight")
    assert "data=xor" in hash_of(tab)
    tab.get_by_label("Learning rate").focus()
    tab.keyboard.press("ArrowDown")
    assert "eta=0.3" in hash_of(tab)
    tab.get_by_label("Input x1 times x2").focus()
    tab.keyboard.press("Space")
    assert "features=x1-x2-x1x2" in hash_of(tab)
    tab.get_by_role("button", name="Add a neuron to hidden layer 1").focus()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    assert "hidden=6-2" in hash_of(tab)
    tab.get_by_role("button", name="Remove a hidden layer").focus()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")
    assert "hidden=none" in hash_of(tab)
    tab.get_by_role("slider", name="Noise").focus()
    tab.keyboard.press("ArrowRight")
    assert "noise=0.15" in hash_of(tab)
    assert tab.problems == []


def test_a_hash_brings_its_setting_back(open_page):
    tab = open_page(hash="#fully_connected?data=spiral&hidden=8-3&eta=0.03&reg=l1")
    assert tab.get_by_label("Spiral").is_checked()
    assert tab.get_by_label("Learning rate").input_value() == "0.03"
    assert tab.locator(".exploration-play-neuron").count() == 8 + 3 + 1
    tab.evaluate("location.hash = '#fully_connected?data=blobs&hidden=none'")
    tab.wait_for_timeout(200)
    assert tab.get_by_label("Blobs").is_checked()
    assert tab.locator(".exploration-play-neuron").count() == 1


def test_arrow_keys_go_from_neuron_to_neuron_and_their_weights_can_be_changed(
    open_page,
):
    tab = open_page(hash="#fully_connected?hidden=4-2")
    tab.get_by_role("radio", name="output neuron").focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown"):
        tab.keyboard.press(key)
    assert tab.get_by_role("radio", name="hidden layer 1, neuron 2").is_checked()
    tab.wait_for_timeout(100)
    assert tab.get_by_text("Hidden layer 1, neuron 2", exact=True).is_visible()
    before = loss(tab, "train")
    weight = tab.get_by_label("Weight from x1", exact=True)
    weight.focus()
    assert "W" in tab.locator(".exploration-play-tip").inner_text()
    weight.fill("5")
    tab.wait_for_timeout(100)
    assert loss(tab, "train") != before
    assert tab.locator(".exploration-play-tip").inner_text().endswith("= +5")


def test_pointing_at_a_weight_shows_its_value(open_page):
    tab = open_page(hash="#fully_connected?hidden=none&features=x1")
    end = tab.locator(".exploration-play-neuron")
    end.scroll_into_view_if_needed()
    start = tab.locator(".exploration-play-feature").first.bounding_box()
    end = end.bounding_box()
    x = (start["x"] + start["width"] + end["x"]) / 2
    y = (start["y"] + start["height"] / 2 + end["y"] + end["height"] / 2) / 2
    tip = tab.locator(".exploration-play-tip")
    tab.mouse.move(x, y + 60)
    assert not tip.is_visible()
    tab.mouse.move(x, y)
    box = float(tab.get_by_label("Weight from x1").input_value())
    text = tip.inner_text().split("=")[1].replace("−", "-")
    assert float(text) == pytest.approx(box, abs=1e-3)
    tab.mouse.click(x, y)
    assert tab.evaluate("document.activeElement.ariaLabel") == "Weight from x1"


def test_a_rate_that_is_too_large_is_explained(open_page):
    # linear layers multiply: at this rate numbers overflow within an epoch
    tab = open_page(hash="#fully_connected?hidden=8-8&activation=linear&eta=3")
    message = tab.locator(".exploration-outcome")
    assert not message.is_visible()
    tab.get_by_role("button", name="Play").click()
    message.wait_for(timeout=30_000)
    assert "smaller learning rate" in message.inner_text()
    assert tab.get_by_role("button", name="Play").is_visible()  # it stopped
    assert tab.get_by_role("row", name="train").get_by_text("—").count() == 1
    tab.get_by_role("button", name="Reset").click()
    tab.wait_for_timeout(100)
    assert not message.is_visible()
    assert math.isfinite(loss(tab, "train"))
    assert tab.problems == []


def test_the_largest_network_plays(open_page):
    features = "-".join(FEATURES)
    tab = open_page(
        hash=f"#fully_connected?data=spiral&hidden=8-8-8-8&features={features}"
    )
    tab.get_by_role("button", name="Play").click()
    wait_for_epoch(tab, 20)
    assert tab.problems == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("hidden", ["none", "8-3", "4-4-4", "8-8-8-8"])
def test_the_playground_fits_its_page(open_page, width, hidden):
    tab = open_page(width=width, hash=f"#fully_connected?hidden={hidden}")
    tab.wait_for_timeout(200)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    buttons = tab.locator(".exploration-play-plus").all()
    boxes = [button.bounding_box() for button in buttons]
    for first, second in itertools.combinations(boxes, 2):
        apart = (
            first["x"] + first["width"] <= second["x"] + 0.5
            or second["x"] + second["width"] <= first["x"] + 0.5
            or first["y"] + first["height"] <= second["y"] + 0.5
            or second["y"] + second["height"] <= first["y"] + 0.5
        )
        assert apart


def test_every_control_has_a_name(open_page):
    tab = open_page()
    nameless = tab.evaluate(
        """() => [...document.querySelectorAll('button, input, select, canvas')]
            .filter((node) => !node.hidden && node.ariaHidden !== 'true')
            .filter((node) => !(node.ariaLabel || node.labels?.[0]?.textContent.trim()
                || node.textContent.trim()))
            .map((node) => node.outerHTML)"""
    )
    assert nameless == []


def test_little_motion_means_few_pictures(open_page):
    tab = open_page(reduced_motion="reduce")
    tab.evaluate(
        """() => {
            window.pictures = 0;
            const original = CanvasRenderingContext2D.prototype.strokeRect;
            const surface = document.querySelector('.exploration-play-frame canvas');
            CanvasRenderingContext2D.prototype.strokeRect = function (...box) {
                if (this.canvas === surface) window.pictures += 1;
                return original.apply(this, box);
            };
        }"""
    )
    tab.get_by_role("button", name="Play").click()
    tab.wait_for_timeout(2100)
    assert 1 <= tab.evaluate("window.pictures") <= 8
    assert epoch(tab) > 2


def test_without_javascript_the_playground_is_a_picture(open_page):
    tab = open_page(java_script_enabled=False)
    assert tab.get_by_alt_text("A still picture").is_visible()


def place(tab, x1: float, x2: float) -> tuple[float, float]:
    """Where a point of the plane lies in the window."""
    canvas = tab.locator(".exploration-own-plane")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    side = box["width"] - 38  # margins of 30 and 8 pixels, 8 at the top
    x, y = box["x"] + 30 + (x1 + 3) / 6 * side, box["y"] + 8 + (3 - x2) / 6 * side
    return x, y


def points_of(tab) -> list[tuple[float, float, int]]:
    state = parse("fully_connected", hash_of(tab))
    found = own("decode", state["points"])
    return [(p["x1"], p["x2"], p["label"]) for p in found]


def near(point: tuple, expected: tuple) -> bool:
    return point[2] == expected[2] and np.allclose(point[:2], expected[:2], atol=0.03)


def test_points_are_added_dragged_and_deleted_with_the_mouse(open_page):
    tab = open_page(hash="#fully_connected?data=own&points=p")
    tab.mouse.click(*place(tab, 1, 2))
    tab.mouse.click(*place(tab, -1, 2), button="right")
    tab.get_by_label("class 0", exact=True).check(force=True)
    tab.mouse.click(*place(tab, -2, -1))
    assert all(map(near, points_of(tab), [(1, 2, 1), (-1, 2, 0), (-2, -1, 0)]))
    tab.mouse.move(*place(tab, 1, 2))
    tab.mouse.down()
    tab.mouse.move(*place(tab, 2, 0.5), steps=4)
    tab.mouse.up()
    tab.mouse.click(*place(tab, -2, -1), button="right")  # changes its class
    assert all(map(near, points_of(tab), [(2, 0.5, 1), (-1, 2, 0), (-2, -1, 1)]))
    tab.mouse.click(*place(tab, -1, 2))
    tab.get_by_role("button", name="Delete").click()
    assert all(map(near, points_of(tab), [(2, 0.5, 1), (-2, -1, 1)]))
    assert len(points_of(tab)) == 2
    tab.get_by_role("button", name="Clear").click()
    assert points_of(tab) == []
    tab.get_by_role("button", name="Play").click()  # without points nothing happens
    tab.wait_for_timeout(300)
    assert epoch(tab) == 0
    assert tab.problems == []


def test_points_are_added_moved_and_deleted_with_the_keyboard(open_page):
    tab = open_page(hash="#fully_connected?data=own&points=p")
    tab.get_by_role("button", name="Add a point").focus()
    tab.keyboard.press("Enter")
    tab.keyboard.type("1.5")  # the box of x1 has the focus
    tab.get_by_label("x2 of the point").fill("-0.5")
    tab.locator(".exploration-own select").select_option("0")
    assert points_of(tab) == [(1.5, -0.5, 0)]
    tab.locator(".exploration-own-plane").focus()
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("Shift+ArrowUp")
    assert points_of(tab) == [(1.4, -0.48, 0)]
    tab.keyboard.press("Delete")
    assert points_of(tab) == []
    assert tab.problems == []


def test_a_pasted_table_is_learned_and_its_program_holds_it(open_page):
    tab = open_page(hash="#fully_connected?data=own&test=10&hidden=3&batch=all")
    tab.get_by_text("Paste a table").click()
    table, use = tab.get_by_label("Table of points"), "Use these points"
    table.fill("1,2,0\n1,2")
    tab.get_by_role("button", name=use).click()
    assert "Line 2 has 2 columns" in tab.get_by_role("alert").inner_text()
    assert len(points_of(tab)) == 12  # those before
    table.fill("2,2,1\n-2,-2,0\n1,1.5,1\n-1,-1.5,0")
    tab.get_by_role("button", name=use).click()
    assert "4 points" in tab.get_by_role("alert").inner_text()
    tab.wait_for_timeout(200)
    assert tab.get_by_role("row", name="test").get_by_text("—").count() == 2
    tab.get_by_role("button", name="Play").click()
    wait_for_epoch(tab, 60)
    tab.get_by_role("button", name="Pause").click()
    assert loss(tab, "train") < 0.5
    tab.get_by_text("Show as PyTorch").click()
    tab.wait_for_timeout(200)
    program = tab.locator(".exploration-play-program").inner_text()
    assert "x1 = torch.tensor([2, -2, 1, -1])" in program
    assert "y = torch.tensor([1, 0, 1, 0], dtype=torch.float64)" in program
    first = printed(program)[0].split()
    assert float(first[1]) == pytest.approx(loss(tab, "train"), abs=1e-3)
    assert tab.problems == []


def test_new_points_leave_the_weights_as_they_are(open_page):
    tab = open_page(hash="#fully_connected?data=own&hidden=none")
    tab.get_by_role("button", name="One epoch").click()
    tab.wait_for_timeout(100)
    weight = tab.get_by_label("Weight from x1", exact=True).input_value()
    tab.mouse.click(*place(tab, 2.5, 2.5))
    tab.wait_for_timeout(300)
    assert tab.get_by_label("Weight from x1", exact=True).input_value() == weight
    assert epoch(tab) == 1
