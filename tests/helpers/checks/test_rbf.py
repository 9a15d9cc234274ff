"""The references of the chapter's checks against loops, SciPy and scikit-learn."""

import numpy as np
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import mean_squared_error
from sklearn.metrics.pairwise import rbf_kernel

from helpers.checks.rbf import rbf_network
from helpers.checks.rbf.choose_k import (
    choose_k,
    final_error,
    neighbor_widths,
    validation_error,
    xor_network,
)


def outcomes(step):
    """The arguments of the cases of a step, with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def test_the_gaussians_are_those_of_loops():
    for args, got in outcomes(rbf_network.basis):
        for i, x in enumerate(args["X"]):
            for j, (c, sigma) in enumerate(
                zip(args["centers"], args["sigma"], strict=True)
            ):
                phi = np.prod([np.exp(-0.5 * z**2) for z in (x - c) / sigma])
                np.testing.assert_allclose(got[""][i, j], phi, rtol=1e-9)


def test_the_centers_are_those_of_scikit_learn():
    for args, got in outcomes(rbf_network.k_means):
        X, starts, rounds = args.values()
        if starts.max() < 90:  # scikit-learn moves a center without points
            given = {"n_init": 1, "max_iter": rounds, "tol": 0}
            fits = [KMeans(len(c), init=c, **given).fit(X) for c in starts]
            ends = [fit.cluster_centers_ for fit in fits]
            best = min(ends, key=lambda c, X=X: (cdist(X, c) ** 2).min(1).sum())
            np.testing.assert_allclose(got["centers"], best, 1e-6)
        else:
            np.testing.assert_array_equal(got["centers"][1], starts[0, 1])
        nearest = cdist(X, got["centers"]).argmin(1)
        np.testing.assert_array_equal(got["labels"], nearest)


def test_the_widths_are_those_of_loops():
    for args, got in outcomes(rbf_network.widths):
        X, centers, labels = args.values()
        totals, counts = np.zeros(len(centers)), np.zeros(len(centers))
        for x, j in zip(X, labels, strict=True):
            counts[j] += 1
            totals[j] += sum((x - centers[j]) ** 2)
        sigma = np.sqrt(totals / np.maximum(counts, 1) / X.shape[1])
        large = [s for s, count in zip(sigma, counts, strict=True) if count >= 2]
        sigma[counts < 2] = sum(large) / len(large)
        np.testing.assert_allclose(got[""], sigma, rtol=1e-9)


def test_the_weights_are_those_of_scikit_learn():
    for args, got in outcomes(rbf_network.least_squares):
        Phi, y, lam = args.values()
        fit = Ridge(alpha=lam, solver="svd").fit(Phi, y)
        np.testing.assert_allclose(got["w"], fit.coef_, rtol=1e-6)
        np.testing.assert_allclose(got["b"], fit.intercept_, rtol=1e-6)


def loss(x, y, w, b, centers, sigma):
    F = b
    for j in range(len(w)):
        F = F + w[j] * np.exp(-np.sum((x - centers[j]) ** 2) / (2 * sigma[j] ** 2))
    return (F - y) ** 2


def test_the_gradients_are_those_of_complex_steps():
    """The imaginary part of the loss is a derivative free of rounding."""
    names = {"w": "dw", "b": "db", "centers": "dcenters", "sigma": "dsigma"}
    for args, got in outcomes(rbf_network.gradients):
        for name, part in names.items():
            value = np.asarray(args[name], complex)
            slope = np.zeros(value.shape)
            for at in np.ndindex(*value.shape):
                moved = value.copy()
                moved[at] += 1e-30j
                slope[at] = loss(**args | {name: moved}).imag / 1e-30
            np.testing.assert_allclose(got[part], slope, 1e-9, 1e-12)


def test_each_step_online_is_an_affine_map():
    """θ = (w, b) becomes (I − 2η a aᵀ) θ + 2η y a, with a = (φ, 1)."""
    for args, got in outcomes(rbf_network.fit_online):
        Phi, y, w, b, eta, epochs = args.values()
        theta = np.append(w, b)
        for _ in range(epochs):
            for row, target in zip(Phi, y, strict=True):
                a = np.append(row, 1.0)
                M = np.eye(len(a)) - 2 * eta * np.outer(a, a)
                theta = M @ theta + 2 * eta * target * a
        np.testing.assert_allclose(got["w"], theta[:-1], rtol=1e-9)
        np.testing.assert_allclose(got["b"], theta[-1], rtol=1e-9)


def nearest_others(centers):
    """The distance of each center to the nearest other one, by a search tree."""
    return KDTree(centers).query(centers, 2)[0][:, 1]


def fitted(X, y, centers):
    """The network with the best weights, by scikit-learn, as a function of examples."""
    betas = 1 / (2 * nearest_others(centers) ** 2)

    def phi(A):
        pairs = zip(centers, betas, strict=True)
        return np.hstack([rbf_kernel(A, [c], beta) for c, beta in pairs])

    fit = LinearRegression().fit(phi(X), y)
    return lambda A: fit.predict(phi(A))


def rmse(F, y):
    return mean_squared_error(F, y) ** 0.5


def test_the_widths_of_neighbors_are_those_of_a_search_tree():
    for args, got in outcomes(neighbor_widths):
        np.testing.assert_allclose(got[""], nearest_others(args["centers"]), 1e-9)


def test_the_errors_are_those_of_scikit_learn():
    for args, got in outcomes(validation_error):
        X, y, X_val, y_val, centers = args.values()
        error = rmse(fitted(X, y, centers)(X_val), y_val)
        np.testing.assert_allclose(got[""], error, rtol=1e-6)
    for args, got in outcomes(choose_k):
        X, y, X_val, y_val, candidates, centers_of = args.values()
        errors = [
            rmse(fitted(X, y, centers_of(X, k))(X_val), y_val) for k in candidates
        ]
        np.testing.assert_allclose(got["errors"], errors, rtol=1e-5)
        assert got["k"] == candidates[np.argmin(np.round(errors, 9))]
    for args, got in outcomes(final_error):
        X, y, X_val, y_val, X_test, y_test, k, centers_of = args.values()
        A, t = np.vstack([X, X_val]), np.append(y, y_val)
        error = rmse(fitted(A, t, centers_of(A, k))(X_test), y_test)
        np.testing.assert_allclose(got[""], error, rtol=1e-6)


def test_two_gaussians_give_xor_in_closed_form():
    for args, got in outcomes(xor_network):
        p = args["points"]
        a, b = (np.sum((p[i] - p[0]) ** 2) for i in (1, 2))
        s2 = (a + b) / 4
        low = 1 + np.exp(-(a + b) / (2 * s2))
        w = 1 / (np.exp(-a / (2 * s2)) + np.exp(-b / (2 * s2)) - low)
        phi = rbf_kernel(p, p[[0, 3]], 1 / (2 * s2))
        np.testing.assert_allclose(phi @ [w, w] - w * low, got["outputs"], atol=1e-9)
        np.testing.assert_allclose(got["outputs"], [0, 1, 1, 0], atol=1e-9)
