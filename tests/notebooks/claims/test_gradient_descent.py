"""Claims of the chapter `gradient_descent` that one seed cannot carry, over five seeds.

The functions are those that the notebook teaches: its cells tagged ``define``.
"""

import numpy as np
import pytest

from tests.notebooks.claims import SEEDS

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("seed", SEEDS)
def test_constant_neurons_stay_equal_and_random_ones_do_not(taught, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.random((60, 64)), rng.integers(0, 10, 60)
    for kind, different in {"zero": 1, "constant": 1, "random": 20}.items():
        start = taught["start_of"](kind, seed)
        W1 = taught["train_from"](start, x, y, steps=100)[0][0]
        assert len(np.unique(W1.round(6), axis=0)) == different


@pytest.mark.parametrize("seed", SEEDS)
def test_the_network_goes_down_the_gradient_of_autograd(taught, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.random((60, 64)), rng.integers(0, 10, 60)
    start = taught["start_of"]("random", seed)
    W1, b1, W2, b2 = leaves = [torch.tensor(p, requires_grad=True) for p in start]
    logits = torch.sigmoid(torch.tensor(x) @ W1.T + b1) @ W2.T + b2
    cost = torch.nn.functional.cross_entropy(logits, torch.tensor(y))
    ours, our_cost = taught["train_from"](start, x, y, steps=1, eta=0.5)
    assert our_cost == pytest.approx(cost.item(), rel=1e-12)
    for p, new, g in zip(leaves, ours, torch.autograd.grad(cost, leaves), strict=True):
        np.testing.assert_allclose(new, (p - 0.5 * g).detach().numpy(), atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_step_changes_the_cost_as_promised_if_it_is_small(taught, seed):
    v = np.random.default_rng(seed).uniform(-1.5, 1.5, size=2)
    slope = taught["peaks_gradient"](v)
    for eta, tolerance in ((1e-4, 0.01), (1e-6, 1e-4)):
        change = taught["peaks"](v - eta * slope) - taught["peaks"](v)
        assert change == pytest.approx(-eta * slope @ slope, rel=tolerance)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_separates_convergence_from_explosion(taught, seed):
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    values = rng.uniform(1, 5, size=4)
    H, bound = Q @ np.diag(values) @ Q.T, 2 / values.max()
    ends = {}
    for factor in (0.95, 1.05):
        path = taught["descend"](lambda v: H @ v, np.ones(4), factor * bound, 400)
        ends[factor] = np.linalg.norm(path[-1])
    assert ends[0.95] < 1e-6 < 1e6 < ends[1.05]


def test_newtons_method_finds_what_scipy_finds(taught):
    from scipy.optimize import root

    points = taught["critical_points"]()
    assert len(points) == 9
    for p in points:
        found = root(taught["peaks_gradient"], p + 0.01, tol=1e-12)
        np.testing.assert_allclose(found.x, p, atol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_random_starts_do_not_end_in_a_saddle(taught, seed):
    v = np.random.default_rng(seed).uniform(-3, 3, size=(2, 400))
    for _ in range(1500):
        v = v - 0.02 * taught["peaks_gradient"](v)
    slow = np.linalg.norm(taught["peaks_gradient"](v), axis=0) < 1e-3
    for p in taught["critical_points"]():
        near = np.linalg.norm(v - p[:, None], axis=0) < 0.05
        if np.linalg.eigvalsh(taught["hessian"](p))[0] < 0:
            assert not near.any()
        else:
            assert near.any()
            assert slow[near].all()


@pytest.mark.parametrize(("n", "m"), [(103, 10), (64, 16), (7, 20), (50, 1), (9, 9)])
def test_an_epoch_uses_each_example_once(taught, n, m):
    batches = list(taught["minibatches"](n, m, np.random.default_rng(n)))
    assert len(batches) == -(-n // m)
    assert sorted(np.concatenate(batches)) == list(range(n))


OPTIMIZERS = {
    "Momentum": (torch.optim.SGD, {"momentum": 0.9}),
    "AdaGrad": (torch.optim.Adagrad, {}),
    "RMSprop": (torch.optim.RMSprop, {}),
    "Adam": (torch.optim.Adam, {}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("seed", SEEDS)
def test_ten_lines_equal_torch_optim(taught, name, seed):
    library, options = OPTIMIZERS[name]
    rng = np.random.default_rng(seed)
    eta, w = 10 ** rng.uniform(-4, 0), rng.normal(size=7)
    theirs = torch.nn.Parameter(torch.tensor(w))
    ours, optimizer = taught[name](eta), library([theirs], lr=eta, **options)
    for _ in range(200):
        g = rng.normal(size=7) * 10 ** rng.uniform(-3, 3, size=7)
        w = ours.step(w, g)
        theirs.grad = torch.tensor(g)
        optimizer.step()
        np.testing.assert_allclose(w, theirs.detach().numpy(), rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def valleys(taught):
    """Steps to a cost below 1e-6, by angle and optimizer."""
    counts = {}
    for degrees in (0, 10, 20, 30, 45):
        paths, H = taught["race"](degrees, steps=1500)
        for name, path in paths.items():
            cost = 0.5 * np.sum(path @ H * path, axis=1)
            reached = np.flatnonzero(cost < 1e-6)
            counts[name, degrees] = reached[0] if len(reached) else np.inf
    return counts


def test_momentum_needs_a_fifth_of_the_steps_in_a_valley_of_any_direction(valleys):
    for degrees in (0, 10, 20, 30, 45):
        assert valleys["plain", degrees] > 5 * valleys["momentum", degrees]
        for name in ("plain", "momentum"):
            assert abs(valleys[name, degrees] - valleys[name, 0]) <= 1


@pytest.mark.parametrize("name", ["RMSprop", "Adam"])
def test_adaptive_methods_lose_when_the_valley_is_turned(valleys, name):
    for degrees in (10, 20, 30, 45):
        assert valleys[name, degrees] > valleys[name, 0]


@pytest.mark.parametrize("z", [4.0, 6.0, 8.0])
def test_a_saturated_neuron_learns_slowly_with_the_quadratic_cost(taught, z):
    steps = taught["steps_to_learn"]
    quadratic = steps(z, "quadratic") - steps(0.0, "quadratic")
    # dz/dt = -a²(1 - a) is about -exp(-z): leaving z takes about exp(z) steps
    assert quadratic > 0.8 * (np.exp(z) - 1)
    # with cross-entropy dz/dt is about -1: about z steps more
    assert abs(steps(z, "entropy") - steps(0.0, "entropy") - z) < 3
