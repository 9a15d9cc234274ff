"""Claims of the chapter `rbf`, over five seeds.

The functions are those that the notebook teaches: its cells tagged ``define``.
"""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from tests.notebooks.claims import SEEDS


def fitted(taught, k, kind, seed):
    """Return the error of least squares against the sine without noise."""
    rng = np.random.default_rng(seed)
    X, y = taught["noisy_sine"](rng)
    centers, sigma = taught["place"](X, k, kind, rng)
    w, b = taught["least_squares"](taught["basis"](X, centers, sigma), y)
    F = taught["network"](taught["GRID"], w, b, centers, sigma)
    return taught["rmse"](F, taught["CLEAN"])


def test_the_worked_example_of_the_page(taught):
    w, centers = np.array([1.0, -1.0]), np.array([[0.25], [0.75]])
    F = taught["network"](np.array([[0.25], [0.0]]), w, 0.0, centers, np.full(2, 0.25))
    # by hand: distances of 0 and 2 widths, of 1 and 3 widths
    np.testing.assert_allclose(F, [1 - np.exp(-2), np.exp(-0.5) - np.exp(-4.5)])


@pytest.mark.parametrize("seed", SEEDS)
def test_gradients_agree_with_finite_differences(taught, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(6, 2)), rng.normal(size=6)
    theta = [rng.normal(size=3), rng.normal(), rng.normal(size=(3, 2)), np.ones(3)]
    theta[3] = rng.uniform(0.7, 1.5, 3)

    def cost(parts):
        return np.mean((taught["network"](X, *parts) - y) ** 2)

    for index, slope in enumerate(taught["gradients"](X, y, *theta)):
        slope = np.asarray(slope)
        for at in np.ndindex(*slope.shape):
            ends = []
            for change in (1e-5, -1e-5):
                moved = [np.array(part, dtype=float) for part in theta]
                moved[index][at] += change
                ends.append(cost(moved))
            assert slope[at] == pytest.approx((ends[0] - ends[1]) / 2e-5, abs=1e-7)


@pytest.mark.parametrize("seed", SEEDS)
def test_k_means_agrees_with_scikit_learn(taught, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(80, 3))
    theirs = KMeans(4, init=X[:4], n_init=1, tol=0).fit(X)
    centers, labels = taught["k_means"](X, X[:4])
    np.testing.assert_allclose(centers, theirs.cluster_centers_, atol=1e-9)
    assert (labels == theirs.labels_).all()


def test_a_small_cluster_takes_the_mean_of_the_other_deviations(taught):
    X = np.array([[0.0], [2.0], [10.0], [14.0], [99.0]])
    centers, labels = np.array([[1.0], [12.0], [99.0]]), np.array([0, 0, 1, 1, 2])
    sigma = taught["own_widths"](X, centers, labels)
    np.testing.assert_allclose(sigma, [1, 2, 1.5])  # by hand


@pytest.mark.parametrize("seed", SEEDS)
def test_own_widths_make_four_gaussians_worse_than_two(taught, seed):
    assert fitted(taught, 4, "own", seed) > fitted(taught, 2, "own", seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_four_gaussians_want_the_shared_width(taught, seed):
    shared = fitted(taught, 4, "shared", seed)
    assert shared < 0.058 < fitted(taught, 2, "shared", seed)
    assert 3 * shared < fitted(taught, 4, "own", seed)


def test_online_descent_lags_behind_least_squares_with_wide_gaussians(taught):
    runs = [taught["three_fits"](4, "shared", seed) for seed in SEEDS]
    for run in runs:
        assert run["online"] > 2 * run["closed"]


def test_factor_two_can_be_absorbed_in_the_learning_rate(taught):
    rng = np.random.default_rng(0)
    Phi, y, w = rng.uniform(size=(20, 3)), rng.normal(size=20), rng.normal(size=3)
    kept, absorbed = (
        taught["descend"](Phi, y, w, 0.0, eta, 3, np.random.default_rng(1), factor=f)
        for eta, f in ((0.01, 2), (0.02, 1))
    )
    np.testing.assert_allclose(kept[0], absorbed[0], rtol=1e-12)


def test_the_curve_of_errors_turns(taught):
    ks = (2, 6, 25)
    training, validation, _ = np.median(
        [taught["errors_by_k"](ks, seed) for seed in range(11)], axis=0
    ).T
    assert training[0] > training[1] > training[2]  # more is always asked for
    assert validation[1] < validation[0]  # underfitting
    assert validation[1] < validation[2] / 3  # overfitting


def test_two_gaussians_solve_xor_and_k_means_does_not_find_them(taught):
    X, y = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 1, 1, 0])
    outputs = []
    for centers in (X[[0, 3]], KMeans(2, n_init=10).fit(X).cluster_centers_):
        Phi = taught["basis"](X, centers, np.full(2, np.sqrt(0.5)))
        w, b = taught["least_squares"](Phi, y)
        outputs.append(Phi @ w + b)
    np.testing.assert_allclose(outputs[0], y, atol=1e-12)
    np.testing.assert_allclose(outputs[1], 0.5, atol=1e-12)
