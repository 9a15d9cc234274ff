"""The references of the chapter's checks against PyTorch, loops and differences."""

import importlib
import math

import numpy as np
import pytest

from helpers.checks.advanced_cnn import batch_norm
from helpers.checks.engine import Slip

# the chapter's name for it is that of the first step
blocks = importlib.import_module("helpers.checks.advanced_cnn.residual_block")


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


# --- blocks, in NumPy -----------------------------------------------------------------


def conv(state, name, a, stride=1):
    """Convolve with the padding (f − 1)/2, window by window."""
    W = state[f"{name}.weight"].astype(float)
    f = W.shape[-1]
    edge = (f // 2, f // 2)
    a = np.pad(a, ((0, 0), (0, 0), edge, edge))
    windows = np.lib.stride_tricks.sliding_window_view(a, (f, f), axis=(2, 3))
    z = np.einsum("mcrsij,kcij->mkrs", windows[:, :, ::stride, ::stride], W)
    return z + state.get(f"{name}.bias", np.zeros(len(W)))[:, None, None]


def norm(state, name, a):
    parts = ("weight", "bias", "running_mean", "running_var")
    gamma, beta, mean, var = (state[f"{name}.{p}"][:, None, None] for p in parts)
    return gamma * (a - mean) / np.sqrt(var.astype(float) + 1e-5) + beta


def relu(z):
    return np.maximum(z, 0)


def residual(state, x, stride=1):
    a = relu(norm(state, "bn1", conv(state, "conv1", x, stride)))
    a = norm(state, "bn2", conv(state, "conv2", a))
    if "project.weight" in state:
        x = norm(state, "bn_project", conv(state, "project", x, stride))
    return relu(a + x)


def inception(state, x):
    wide = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    view = np.lib.stride_tricks.sliding_window_view(wide, (3, 3), axis=(2, 3))
    parts = [
        conv(state, "one", x),
        conv(state, "three", relu(conv(state, "reduce3", x))),
        conv(state, "five", relu(conv(state, "reduce5", x))),
        conv(state, "pool", view.max(axis=(-2, -1))),
    ]
    return relu(np.concatenate(parts, axis=1))


def dense(state, x, n_layers):
    for k in range(n_layers):
        new = conv(state, f"convs.{k}", relu(norm(state, f"bns.{k}", x)))
        x = np.concatenate([x, new], axis=1)
    return x


@pytest.mark.parametrize(
    ("step", "forward", "extra"),
    [
        (blocks.residual_block, residual, slice(0)),
        (blocks.projection_block, residual, slice(2, 3)),
        (blocks.inception, inception, slice(0)),
        (blocks.dense_block, dense, slice(2, 3)),
    ],
)
def test_blocks_compute_what_numpy_does(step, forward, extra):
    pytest.importorskip("torch")
    for args, got in outcomes(step):
        state = blocks._seeded(got["layers"], args["_seed"])
        want = forward(state, args["x"], *args["_sizes"][extra])
        np.testing.assert_allclose(got["outputs"], want, 1e-4, 1e-4)


def test_counts_are_those_of_the_blocks():
    pytest.importorskip("torch")
    for count, block in (
        (blocks.inception_parameters, blocks.inception),
        (blocks.dense_parameters, blocks.dense_block),
    ):
        for args, got in outcomes(count):
            model = block.reference(Slip())(*args.values())
            assert got[""] == sum(p.numel() for p in model.parameters())


def test_shares_of_pairs_are_the_statistic_of_mann_and_whitney():
    stats = pytest.importorskip("scipy.stats")
    verdicts = set()
    for args, got in outcomes(blocks.compare):
        shares = []
        for deep, shallow in zip(args["deep"], args["shallow"], strict=True):
            ties = sum(a == b for a in deep for b in shallow)  # U counts each as half
            above = stats.mannwhitneyu(deep, shallow).statistic - ties / 2
            shares.append(above / (len(deep) * len(shallow)))
        assert [got["train_share"], got["test_share"]] == pytest.approx(shares)
        (shallow_train, shallow_test), (deep_train, deep_test) = args.values()
        degraded = min(deep_train) > max(shallow_train)
        learned = max(deep_train) <= min(shallow_train)
        overfits = learned and min(deep_test) > max(shallow_test)
        assert got["verdict"] == int(degraded) - int(overfits)
        verdicts.add(got["verdict"])
    assert verdicts == {-1, 0, 1}
