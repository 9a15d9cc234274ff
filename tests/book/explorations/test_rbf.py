"""The mathematics of the RBF exploration, run by Node, against NumPy and by hand."""

import functools
import re
from functools import partial

import numpy as np
import pytest
from sklearn.cluster import KMeans

from tests import ROOT
from tests.book.explorations import node
from tests.book.explorations.node import needs_node

pytestmark = needs_node
call = partial(node.call, "rbf")

TRUTHS = {
    "sine": lambda x: np.sin(2 * np.pi * x),
    "tent": lambda x: 1 - 4 * np.abs(x - 0.5),
    "step": lambda x: np.where(x < 0.5, -0.7, 0.7),
}


@functools.cache
def points(data: str) -> tuple[np.ndarray, np.ndarray]:
    return np.array([(p["x"], p["y"]) for p in call("examples", data)]).T


def design(x, centers, sigma):
    Phi = np.exp(-((x[:, None] - centers) ** 2) / (2 * sigma**2))
    return np.column_stack([Phi, np.ones(len(x))])


@pytest.mark.parametrize("data", TRUTHS)
def test_examples_are_spread_and_their_noise_is_bounded(data):
    x, y = points(data)
    noise = y - TRUTHS[data](x)
    assert np.array_equal(np.floor(20 * x), np.arange(20))  # one in each of 20 parts
    assert 0.2 < np.abs(noise).max() <= 0.3
    assert abs(noise.mean()) < 0.1  # three deviations of a mean of 20 are 0.12


def test_gaussian_by_hand():
    # at the center 1; one and two widths away e^(−1/2) and e^(−2)
    values = [call("gaussian", x, 0.5, 0.25) for x in (0.5, 0.25, 1.0)]
    assert values == pytest.approx([1, np.exp(-0.5), np.exp(-2)])


@pytest.mark.parametrize("seed", range(5))
def test_least_squares_agrees_with_numpy(seed):
    rng = np.random.default_rng(seed)
    A, y = rng.normal(size=(30, 1 + 2 * seed)), rng.normal(size=30)
    theta = call("leastSquares", A.tolist(), y.tolist())
    np.testing.assert_allclose(theta, np.linalg.lstsq(A, y)[0], atol=1e-10)


def test_least_squares_of_equal_columns_is_the_shortest_solution():
    rng = np.random.default_rng(0)
    column, y = rng.normal(size=30), rng.normal(size=30)
    A = np.column_stack([column, column, np.ones(30)])
    theta = call("leastSquares", A.tolist(), y.tolist())
    assert theta[0] == pytest.approx(theta[1])
    np.testing.assert_allclose(theta, np.linalg.pinv(A) @ y, atol=1e-10)


@pytest.mark.parametrize("data", TRUTHS)
@pytest.mark.parametrize(("k", "sigma"), [(1, 0.3), (4, 0.05), (4, 0.2), (12, 0.1)])
def test_fit_and_its_errors_agree_with_numpy(data, k, sigma):
    x, y = points(data)
    centers = (np.arange(k) + 0.5) / k
    shown = call("fit", data, centers.tolist(), sigma)
    theta = np.linalg.lstsq(design(x, centers, sigma), y, rcond=1e-10)[0]
    np.testing.assert_allclose([*shown["w"], shown["b"]], theta, rtol=1e-5, atol=1e-8)
    grid = np.linspace(0, 1, 201)
    seen = np.sqrt(np.mean((design(x, centers, sigma) @ theta - y) ** 2))
    clean = design(grid, centers, sigma) @ theta - TRUTHS[data](grid)
    assert shown["seen"] == pytest.approx(seen, rel=1e-7)
    assert shown["clean"] == pytest.approx(np.sqrt(np.mean(clean**2)), rel=1e-6)


def test_extreme_widths_give_finite_fits():
    for sigma in (0.01, 2):
        for centers in ([0.5] * 12, np.linspace(0, 1, 12).tolist()):
            shown = call("fit", "sine", centers, sigma)
            assert np.isfinite([*shown["w"], shown["b"], shown["clean"]]).all()
            assert shown["seen"] < 0.75  # no fit is worse than a constant


def test_twelve_gaussians_overfit_where_five_do_not():
    few = call("fit", "sine", call("spread", 5), 0.2)
    many = call("fit", "sine", call("spread", 12), 0.06)
    assert many["seen"] < few["seen"]
    assert many["clean"] > few["clean"]


def test_narrow_gaussians_leave_gaps():
    narrow, wide = (call("fit", "sine", call("spread", 4), s) for s in (0.03, 0.2))
    assert narrow["clean"] > 3 * wide["clean"]


@pytest.mark.parametrize("k", [1, 2, 4, 7])
def test_k_means_agrees_with_scikit_learn(k):
    x, _ = points("sine")
    start = call("spread", k)
    first = np.array(start)[:, None]
    fit = KMeans(k, init=first, n_init=1, tol=0).fit(x[:, None])
    ours = call("kMeans", x.tolist(), start)
    np.testing.assert_allclose(ours, fit.cluster_centers_[:, 0], atol=1e-12)


def test_a_center_without_points_stays():
    ours = call("kMeans", [0.1, 0.2], [0.15, 0.9])
    assert ours == pytest.approx([0.15, 0.9])


def test_shared_width_by_hand():
    assert call("sharedWidth", [0.9, 0.1, 0.3]) == pytest.approx(0.8 / np.sqrt(6))
    assert call("sharedWidth", [0.5, 0.5]) is None
    assert call("sharedWidth", [0.5]) is None


def test_centers_survive_their_text():
    assert call("formatCenters", [0.125, 1, 0]) == "125-1000-0"
    assert call("parseCenters", "125-1000-0") == [0.125, 1, 0]


@pytest.mark.parametrize(
    "text", ["", "-", "125-", "1001", "1.5", "-1", "1e2", "-".join(["1"] * 13)]
)
def test_other_texts_are_no_centers(text):
    assert call("parseCenters", text) is None


def test_the_chapter_needs_no_torch():
    files = ["notebooks/rbf.ipynb", "helpers/checks/rbf/rbf_network.py"]
    files += ["helpers/checks/rbf/choose_k.py"]
    files += [f"solutions/rbf/{name}.ipynb" for name in ("rbf_network", "choose_k")]
    for name in files:
        assert not re.search(r"\b(import|from) torch\b", (ROOT / name).read_text())
