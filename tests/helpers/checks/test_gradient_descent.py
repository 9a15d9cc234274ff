"""The references of the chapter's checks against closed forms, loops and PyTorch."""

import numpy as np
import pytest

from helpers.checks.engine import Slip
from helpers.checks.gradient_descent import descent, optimizers


def outcomes(step):
    """The arguments of the cases of a step, with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def numerical(cost, v, h=1e-5):
    return np.array([cost(v + u) - cost(v - u) for u in h * np.eye(len(v))]) / (2 * h)


def largest(H):
    """The largest eigenvalue by repeated squaring."""
    P = H / np.trace(H)
    for _ in range(20):
        P = P @ P
        P = P / np.trace(P)
    return float(np.trace(H @ P))


def test_the_path_on_a_bowl_is_a_power_of_a_matrix():
    for args, got in outcomes(descent.descend)[:3]:
        v = args["v"]
        step = np.eye(len(v)) - args["eta"] * numerical(args["gradient"], 0 * v)
        rows = [np.linalg.matrix_power(step, t) @ v for t in range(args["steps"] + 1)]
        np.testing.assert_allclose(got[""], rows, rtol=1e-6)


def test_the_rates_are_those_of_power_iteration():
    for args, got in outcomes(descent.largest_rate):
        np.testing.assert_allclose(got[""], 2 / largest(args["H"]), rtol=1e-5)
    for args, got in outcomes(descent.best_rate):
        least = 1 / largest(np.linalg.inv(args["H"]))
        np.testing.assert_allclose(got[""], 2 / (least + largest(args["H"])), 1e-5)


def height(v):
    """The surface, put together another way: one quotient for each hill."""
    x, y = v
    return (
        3 * (1 - x) ** 2 / np.exp(x * x + (y + 1) ** 2)
        - 1 / (3 * np.exp((x + 1) ** 2 + y * y))
        - 10 * (x / 5 - x**3 - y**5) / np.exp(x * x + y * y)
    )


def test_the_surface_and_its_slope():
    for args, got in outcomes(descent.peaks):
        np.testing.assert_allclose(got[""], height(args["v"]), rtol=1e-9)
    for v in np.random.default_rng(1).uniform(-2, 2, size=(20, 2)):
        np.testing.assert_allclose(descent.slope(*v), numerical(height, v), 1e-6, 1e-6)
    for v in descent.MINIMA:
        assert np.abs(descent.slope(*v)).max() < 1e-4


def test_as_many_pivots_as_eigenvalues_are_negative():
    for args, got in outcomes(descent.downhill_directions):
        A, count = args["H"].copy(), 0
        while A.size:
            i = int(np.argmax(np.abs(np.diag(A))))
            order = [i, *(j for j in range(len(A)) if j != i)]
            A = A[np.ix_(order, order)]
            count += int(A[0, 0] < 0)
            A = A[1:, 1:] - np.outer(A[1:, 0], A[0, 1:]) / A[0, 0]
        assert got[""] == count


def test_the_balls_do_what_their_labels_say():
    there = ("arrives", "is at rest")
    for case in descent.which_minimum.drawn(5):
        v, near = case.args["start"], []
        for _ in range(case.args["steps"] + 1):
            near.append(np.linalg.norm(case.args["minima"] - v, axis=1))
            v = v - case.args["eta"] * numerical(height, v)
        ends = near[-1].min() < descent.NEAR
        assert ends == any(f"ball {label}" in case.label for label in there)
        got = descent.which_minimum.outcome((), case)[""]
        assert got == (near[-1].argmin() if ends else -1)
        # far enough from the border that rounding decides nothing
        assert abs(near[-1].min() - descent.NEAR) > 1e-3


def test_the_gradient_of_a_minibatch_is_a_difference_of_costs():
    for args, got in outcomes(optimizers.minibatch_gradient):
        X, y, batch = args["X"], args["y"], args["batch"]

        def cost(w, X=X, y=y, batch=batch):
            return np.mean([0.5 * (X[i] @ w - y[i]) ** 2 for i in batch])

        np.testing.assert_allclose(got[""], numerical(cost, args["w"]), 1e-6, 1e-8)


@pytest.mark.parametrize(
    ("step", "optimizer", "ours", "theirs"),
    [
        ("momentum_step", "SGD", (0.02, 0.9), {"lr": 0.02, "momentum": 0.9}),
        (
            "rmsprop_step",
            "RMSprop",
            (0.02, 0.97, 1e-6),
            {"lr": 0.02, "alpha": 0.97, "eps": 1e-6},
        ),
        (
            "adam_step",
            "Adam",
            (0.01, 0.9, 0.99, 1e-8),
            {"lr": 0.01, "betas": (0.9, 0.99), "eps": 1e-8},
        ),
    ],
)
def test_200_steps_are_those_of_pytorch(step, optimizer, ours, theirs):
    torch = pytest.importorskip("torch")
    rng, reference = np.random.default_rng(3), getattr(optimizers, step).reference
    w = rng.normal(size=6)
    parameter = torch.nn.Parameter(torch.tensor(w))
    library = getattr(torch.optim, optimizer)([parameter], **theirs)
    state = [np.zeros(6) for _ in range(2 if optimizer == "Adam" else 1)]
    for t in range(1, 201):
        g = rng.normal(size=6) * 10 ** rng.uniform(-2, 2, size=6)
        number = [t] * (optimizer == "Adam")
        w, *state = reference(Slip(), w, g, *state, *number, *ours)
        parameter.grad = torch.tensor(g)
        library.step()
        np.testing.assert_allclose(w, parameter.detach().numpy(), 1e-9, 1e-10)


def trained(X, y, m, eta, mu, epochs, seed):
    """The training with PyTorch's optimizer, in any order that a seed gives."""
    import torch

    rng, (X, y) = np.random.default_rng(seed + 1), map(torch.tensor, (X, y))
    w = torch.zeros(X.shape[1], dtype=X.dtype, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=eta, momentum=mu)
    for _ in range(epochs):
        for rows in torch.tensor(rng.permutation(len(y))).split(m):
            optimizer.zero_grad()
            (0.5 * (X[rows] @ w - y[rows]) ** 2).mean().backward()
            optimizer.step()
    return w.detach().numpy()


def test_a_training_with_pytorch_and_its_own_order_passes(capsys):
    pytest.importorskip("torch")
    for seed in range(5):
        optimizers.train(trained, seed)
    assert capsys.readouterr().out.count("✓ train") == 5


def test_a_training_finds_the_weights_that_fit_exactly():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(200, 5)) * [1.0, 1.5, 0.6, 1.0, 1.2]
    exact = np.array([1.0, -2.0, 1.5, -1.2, 1.7])
    given = X, X @ exact, 16, 0.02, 0.9, 30, 7
    w = optimizers._loop.reference(Slip(), *given)
    np.testing.assert_allclose(w, exact, rtol=1e-6)
