"""Claims of the chapter on linear networks, for five seeds, on the embedded digits.

What the notebook itself runs on MNIST for five seeds, it asserts itself. Here the
functions that it teaches (cells tagged ``define``) meet other data and other judges.
"""

import numpy as np
import pytest

from helpers import data
from tests.notebooks.claims import SEEDS


@pytest.fixture(scope="module")
def digits():
    loaded = data.digits()
    x, test_x = (
        np.float32(part.x.reshape(len(part.x), -1) / 16)
        for part in (loaded.train, loaded.test)
    )
    return x, loaded.train.y, test_x, loaded.test.y


def accuracy(taught, digits, eta, iterations, seed, zeros=True):
    x, y, test_x, test_y = digits
    rng = np.random.default_rng(seed)
    W, b = taught["start"](rng, n=64)
    if zeros:
        W, b = 0 * W, 0 * b
    taught["train"](x, y, W, b, eta, iterations, rng)
    return ((test_x @ W.T + b).argmax(axis=1) == test_y).mean()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_larger_rate_reaches_more_in_the_same_number_of_steps(taught, digits, seed):
    slow = accuracy(taught, digits, 0.001, 600, seed)
    fast = accuracy(taught, digits, 0.3, 600, seed)
    assert fast > slow + 0.02


@pytest.mark.parametrize("seed", SEEDS)
def test_zeros_are_ahead_of_random_weights_at_the_small_rate(taught, digits, seed):
    random = accuracy(taught, digits, 0.001, 100, seed, zeros=False)
    assert accuracy(taught, digits, 0.001, 100, seed) > random


def test_scaled_gradient_descent_is_the_closed_form(taught):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    w, b, costs = taught["descend"](X, y, 0.1, 3000)
    slope, intercept = np.split(np.linalg.lstsq(np.c_[X, np.ones(30)], y)[0], [3])
    np.testing.assert_allclose(w, slope, atol=1e-9)
    assert b == pytest.approx(intercept.item(), abs=1e-9)
    assert np.all(np.diff(costs) <= 1e-15)


def test_logistic_regression_agrees_with_scikit_learn(taught):
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    X = rng.normal(size=(80, 2))
    y = (X @ [1.0, -2.0] + rng.logistic(size=80) > 0).astype(int)
    w, b = taught["logistic"](X, y, steps=5000)
    judge = LogisticRegression(C=1e10, tol=1e-8, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(w, judge.coef_[0], rtol=1e-3)
    assert b == pytest.approx(judge.intercept_[0], rel=1e-3, abs=1e-4)


def test_batches_cover_every_example_once_an_epoch(taught):
    order = list(taught["batches"](10, 4, 6, np.random.default_rng(0)))
    assert [len(batch) for batch in order] == [4, 4, 2, 4, 4, 2]
    for epoch in (order[:3], order[3:]):
        assert sorted(np.concatenate(epoch).tolist()) == list(range(10))


@pytest.mark.parametrize("seed", SEEDS)
def test_cross_entropy_and_its_gradient_are_torchs(taught, seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    z, y = 500 * rng.normal(size=(6, 4)), rng.integers(4, size=6)
    logits = torch.tensor(z, requires_grad=True)
    cost = torch.nn.functional.cross_entropy(logits, torch.tensor(y))
    cost.backward()
    assert taught["cross_entropy"](z, y) == pytest.approx(cost.item(), rel=1e-12)
    # with the identity as data, Xᵀ of the error is the error itself
    dW, db = taught["gradients"](np.eye(6), taught["softmax"](z), y)
    np.testing.assert_allclose(dW.T, logits.grad.numpy(), atol=1e-12)
    np.testing.assert_allclose(db, logits.grad.numpy().sum(axis=0), atol=1e-12)
