"""The references of the chapter's checks against PyTorch, loops and differences."""

import math

import numpy as np
import pytest

from helpers.checks.advanced_cnn import batch_norm


def outcomes(step):
    """The arguments of the cases of a step, with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def library(x, gamma=None, beta=None, mean=None, var=None, training=True, **more):
    """Output, running mean and running variance of PyTorch, in double precision."""
    torch = pytest.importorskip("torch")
    values = (x, mean, var, gamma, beta)
    x, *rest = (None if v is None else torch.tensor(v) for v in values)
    out = torch.nn.functional.batch_norm(x, *rest, training, **more)
    return out.numpy(), rest[0], rest[1]


def test_statistics_are_those_of_lists_of_numbers():
    for args, got in outcomes(batch_norm.statistics):
        for k, mean in enumerate(got["mean"]):
            values = args["x"][:, k].ravel().tolist()
            assert mean == pytest.approx(math.fsum(values) / len(values))
            squares = math.fsum((v - mean) ** 2 for v in values)
            assert got["var"][k] == pytest.approx(squares / len(values))


def test_both_modes_are_those_of_pytorch():
    for args, got in outcomes(batch_norm.train_forward):
        x, gamma, beta, eps = args.values()
        want = library(x, gamma, beta, eps=eps)[0]
        np.testing.assert_allclose(got[""], want, 1e-9, 1e-12)
    for args, got in outcomes(batch_norm.eval_forward):
        *given, eps = args.values()
        want = library(*given, training=False, eps=eps)[0]
        np.testing.assert_allclose(got[""], want, 1e-9, 1e-12)


def test_running_statistics_are_those_of_pytorch():
    for args, got in outcomes(batch_norm.update):
        mean, var, x, momentum = args.values()
        _, mean, var = library(x, mean=mean, var=var, momentum=momentum)
        np.testing.assert_allclose(got["running_mean"], mean.numpy(), 1e-9)
        np.testing.assert_allclose(got["running_var"], var.numpy(), 1e-9)


def test_gradients_are_those_of_differences():
    for args, got in outcomes(batch_norm.backward):
        delta, x, gamma, eps = args.values()
        values = {"dx": x, "dgamma": gamma, "dbeta": np.zeros_like(gamma)}

        def cost(values, delta=delta, eps=eps):
            x, gamma, beta = (v[..., None, None] for v in values)
            x = x[..., 0, 0]
            axes = {"axis": (0, 2, 3), "keepdims": True}
            x_hat = (x - x.mean(**axes)) / np.sqrt(x.var(**axes) + eps)
            return np.sum(delta * (gamma * x_hat + beta))

        for place, (part, value) in enumerate(values.items()):
            for at in np.ndindex(*value.shape):
                ends = []
                for step in (1e-5, -1e-5):
                    moved = [v.copy() for v in values.values()]
                    moved[place][at] += step
                    ends.append(cost(moved))
                slope = (ends[0] - ends[1]) / 2e-5
                assert got[part][at] == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_one_convolution_does_what_two_layers_do():
    torch = pytest.importorskip("torch")
    for args, got in outcomes(batch_norm.fold):
        W, b, gamma, beta, mean, var, eps = args.values()
        x = torch.tensor(np.random.default_rng(1).normal(size=(2, W.shape[1], 5, 4)))
        conv = torch.nn.functional.conv2d
        z = conv(x, torch.tensor(W), torch.tensor(b)).numpy()
        want = library(z, gamma, beta, mean, var, training=False, eps=eps)[0]
        one = conv(x, torch.tensor(got["W"]), torch.tensor(got["b"]))
        np.testing.assert_allclose(one.numpy(), want, 1e-9, 1e-9)
