"""The references of the chapter's checks against another derivation, in NumPy."""

from itertools import pairwise

import numpy as np
import pytest

from helpers.checks.engine import Slip
from helpers.checks.fully_connected import cifar10_fcn, two_hidden_layers
from helpers.checks.fully_connected.cifar10_fcn import class_accuracy, color_net
from helpers.checks.fully_connected.two_hidden_layers import (
    accuracy,
    count_parameters,
    train,
    two_hidden_outputs,
)

pytest.importorskip("torch")


def outcomes(step):
    """The cases of a step with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def loaded(step):
    """The module of a reference with the weights that an observer loads, as arrays."""
    from helpers.checks.engine.observers import built, seeded, shapes_of

    model = built(step.reference(Slip()))
    return [v.astype(float) for v in seeded(shapes_of(model)).values()]


def test_parameters_are_those_of_arrays_that_are_made():
    for args, got in outcomes(count_parameters):
        pairs = pairwise(args["sizes"])
        made = [(np.empty((n, p)), np.empty(n)) for p, n in pairs]
        assert got[""] == sum(W.size + b.size for W, b in made)


def test_the_networks_compute_what_numpy_does():
    W1, b1, W2, b2, W3, b3 = loaded(two_hidden_outputs)
    for args, got in outcomes(two_hidden_outputs):
        a = args["x"].reshape(len(args["x"]), -1)
        a = 1 / (1 + np.exp(-(a @ W1.T + b1)))
        z = np.maximum(a @ W2.T + b2, 0) @ W3.T + b3
        np.testing.assert_allclose(got["outputs"], log_softmax(z), 1e-4, 1e-4)
    W1, b1, W2, b2 = loaded(color_net)
    for args, got in outcomes(color_net):
        a = np.maximum(args["x"].reshape(len(args["x"]), -1) @ W1.T + b1, 0)
        np.testing.assert_allclose(got["outputs"], a @ W2.T + b2, 1e-4, 1e-4)


def test_the_accuracy_is_the_share_of_right_rows():
    for args, got in outcomes(accuracy):
        guess = (args["x"] @ args["_W"].T + args["_b"]).argmax(1)
        assert got["result"] == pytest.approx(np.mean(guess == args["y"]))
        rows, m = list(range(len(guess))), args["m"]
        assert got["minibatches"] == [rows[i : i + m] for i in range(0, len(rows), m)]


def test_the_training_is_momentum_written_out():
    for args, got in outcomes(train):
        theta = np.concatenate([args["_W"].ravel(), args["_b"]])
        v, losses, steps, n = 0 * theta, [], [], args["_W"].size
        for order in got["_orders"]:
            total = 0.0
            for i in range(0, len(order), args["m"]):
                x, y = (args[k][order[i : i + args["m"]]] for k in "xy")
                z = x @ theta[:n].reshape(args["_W"].shape).T + theta[n:]
                log_p, target = log_softmax(z), np.eye(len(args["_b"]))[y]
                total -= (log_p * target).sum()
                delta = (np.exp(log_p) - target) / len(x)
                v = 0.9 * v + np.concatenate([(delta.T @ x).ravel(), delta.sum(0)])
                theta = theta - args["eta"] * v
                steps.append(theta)
            losses.append(total / len(order))
        np.testing.assert_allclose(got["losses"], losses, 1e-4)
        np.testing.assert_allclose(got["weights after each step"], steps, 1e-4, 1e-5)


def test_statistics_are_those_of_each_color_alone():
    for args, got in outcomes(cifar10_fcn.channel_statistics):
        for c in range(3):
            v = args["images"][..., c].astype(float).ravel() / 255
            mean = sum(v) / len(v)
            assert got["mean"][c] == pytest.approx(mean)
            spread = (np.square(v - mean).sum() / len(v)) ** 0.5
            assert got["std"][c] == pytest.approx(spread)


def test_inputs_are_in_the_order_of_the_channels():
    for args, got in outcomes(cifar10_fcn._inputs_step):
        n, height, width, _ = args["images"].shape
        for place in np.ndindex(n, 3, height, width):
            i, c, row, column = place
            value = args["images"][i, row, column, c] / 255
            value = (value - args["mean"][c]) / args["std"][c]
            assert got[""][i, (c * height + row) * width + column] == (
                pytest.approx(value)
            )


def test_shares_are_those_of_the_examples_of_each_class():
    for args, got in outcomes(class_accuracy):
        hits = [[] for _ in range(args["k"])]
        for guess, label in zip(args["predicted"], args["labels"], strict=True):
            hits[label].append(guess == label)
        want = [sum(h) / len(h) if h else np.nan for h in hits]
        np.testing.assert_allclose(got[""], want)


def told(step, answer):
    with pytest.raises(AssertionError) as caught:
        step(answer)
    return " ".join(str(caught.value).split())


def test_what_a_slip_cannot_say_is_told_as_a_fact():
    from torch import nn

    def network(*sizes, **settings):
        layers = [nn.Linear(p, n, **settings) for p, n in pairwise(sizes)]
        return lambda: nn.Sequential(nn.Flatten(), *layers)

    step = two_hidden_layers
    assert "Linear 128 → 10 came for Linear 128 → 64" in told(
        step, network(784, 128, 10, 10)
    )
    assert "Linear 10 → 10 is one layer too many" in told(
        step, network(784, 128, 64, 10, 10)
    )
    assert "the layer 1 has no biases" in told(
        step, network(784, 128, 64, 10, bias=False)
    )
    assert "no layer is registered" in told(step, nn.Sequential)
    assert "a torch.nn.Module is expected" in told(step, lambda: None)
