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


def test_the_error_of_the_gradient_is_of_fourth_order():
    for args, got in outcomes(descent.numerical_gradient):
        cost, theta, eps = args.values()
        moves = eps * np.eye(len(theta))
        weights = {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12}  # five points
        slopes = [
            sum(w * cost(theta + k * u) for k, w in weights.items()) / eps
            for u in moves
        ]
        np.testing.assert_allclose(got[""], slopes, rtol=1e-9, atol=1e-11)
        exact = numerical(cost, theta)
        halved = descent._numerical(Slip(), cost, theta, eps / 2)
        errors = np.abs([got[""] - exact, halved - exact])
        assert 10 < errors[0].sum() / errors[1].sum() < 25  # 2⁴ and what comes after


def test_the_path_on_a_bowl_is_a_power_of_a_matrix():
    for args, got in outcomes(descent.descend)[:3]:
        v = args["v"]
        H = numerical(args["gradient"], 0 * v)
        step = np.eye(len(v)) - args["eta"] * H
        rows = [np.linalg.matrix_power(step, t) @ v for t in range(args["steps"] + 1)]
        steep = [np.linalg.norm(H @ row) >= args["tol"] for row in rows]
        taken = [*steep[:-1], False].index(False)
        np.testing.assert_allclose(got[""], rows[: taken + 1], rtol=1e-6)


def test_some_paths_end_early_and_some_do_not():
    taken = [
        (len(got[""]) - 1, args["steps"]) for args, got in outcomes(descent.descend)
    ]
    assert 0 in [k for k, _ in taken]
    assert any(0 < k < most for k, most in taken)
    assert any(k == most for k, most in taken)


def test_the_hessian_is_that_of_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(4)
    A, c, v = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3)

    def cost(v, exp=np.exp, A=A, c=c):
        return exp(0.5 * (A @ v)).sum() + c @ v**3

    def by_torch(v):
        return cost(v, torch.exp, torch.tensor(A), torch.tensor(c))

    exact = torch.autograd.functional.hessian(by_torch, torch.tensor(v))
    ours = descent._hessian(Slip(), cost, v, 1e-3)
    np.testing.assert_allclose(ours, exact.numpy(), rtol=1e-4, atol=1e-5)


def test_any_second_difference_passes_as_a_hessian():
    def by_gradients(cost, v, eps):
        rows = [
            (numerical(cost, v + u, eps) - numerical(cost, v - u, eps)) / (2 * eps)
            for u in eps * np.eye(len(v))
        ]
        H = np.array(rows)
        for i, u in enumerate(eps * np.eye(len(v))):
            H[i, i] = (cost(v + u) - 2 * cost(v) + cost(v - u)) / eps**2
        return H

    for seed in range(5):
        descent.hessian(by_gradients, seed)


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
    for v in np.random.default_rng(1).uniform(-2, 2, size=(20, 2)):
        assert descent._peaks(v) == pytest.approx(height(v), rel=1e-9)
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


def test_examples_dealt_out_like_cards_are_minibatches_of_nearly_equal_size():
    def dealt(n, m, rng):
        players = 1
        while players * m < n:
            players += 1
        hands = [[] for _ in range(players)]
        for place, card in enumerate(rng.permutation(n)):
            hands[place % players].append(card)
        return [np.array(hand) for hand in hands]

    for seed in range(5):
        optimizers.minibatches(dealt, seed)
    for args, got in outcomes(optimizers.minibatches):
        n, m, _ = args.values()
        assert sum(got["sizes"]) == n
        assert len(got["sizes"]) == next(k for k in range(1, n + 1) if k * m >= n)


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
        order = torch.tensor(rng.permutation(len(y)))
        for rows in order.tensor_split(-(-len(y) // m)):
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
