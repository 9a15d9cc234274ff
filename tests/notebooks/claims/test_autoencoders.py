"""Claims of the chapter `autoencoders`, over five seeds, at a small budget.

The functions are those that the notebook teaches: its cells tagged ``define``. What the
notebook runs for five seeds it asserts itself.
"""

import numpy as np
import pytest

from helpers import data
from tests.notebooks.claims import SEEDS

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def digits():
    x = data.digits().train.x
    return x.reshape(len(x), -1) / 16


@pytest.mark.parametrize("seed", SEEDS)
def test_a_linear_autoencoder_spans_the_principal_subspace(taught, seed):
    from scipy.linalg import subspace_angles
    from sklearn.decomposition import PCA

    rng = np.random.default_rng(seed)
    X = rng.normal(size=(200, 12)) * np.geomspace(3, 0.1, 12)
    X = X @ np.linalg.qr(rng.normal(size=(12, 12)))[0]
    X = X - X.mean(axis=0)
    W1, W2, _ = taught["linear_autoencoder"](X, 3, 1500, seed)
    pca = PCA(3).fit(X)
    angles = np.degrees(subspace_angles(W2, pca.components_.T))
    assert angles.max() < 0.5
    error = np.mean((X @ W1.T @ W2.T - X) ** 2)
    best = np.mean((pca.inverse_transform(pca.transform(X)) - X) ** 2)
    assert error == pytest.approx(best, rel=1e-3)


def test_principal_angles_are_those_of_scipy(taught):
    from scipy.linalg import subspace_angles

    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(2, 7, 3))
    wanted = np.degrees(subspace_angles(A, B))
    np.testing.assert_allclose(np.sort(taught["principal_angles"](A, B)), wanted[::-1])
    tilted = np.array([[1.0, 0], [0, np.cos(0.3)], [0, np.sin(0.3)]])
    angles = taught["principal_angles"](np.eye(3)[:, :2], tilted)
    assert np.radians(angles.max()) == pytest.approx(0.3)  # a plane turned by 0.3


@pytest.mark.parametrize("k", [1, 8, 40])
def test_our_pca_is_that_of_sklearn(taught, digits, k):
    from sklearn.decomposition import PCA

    learn, held = digits[:800], digits[800:]
    ours = taught["through_pca"](held, *taught["fit_pca"](learn, k))
    pca = PCA(k, svd_solver="full").fit(learn)
    theirs = pca.inverse_transform(pca.transform(held))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_transposed_convolution_is_the_transposed_matrix(taught, stride):
    rng = np.random.default_rng(stride)
    K, small = rng.normal(size=(3, 3)), rng.normal(size=(3, 4))
    large = taught["transposed_convolution"](small, K, stride)
    x = rng.normal(size=large.shape)
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3))
    down = (windows[::stride, ::stride] * K).sum(axis=(2, 3))
    assert np.sum(down * small) == pytest.approx(np.sum(x * large))


def test_the_worked_example_of_the_page(taught):
    # 1, 2, 3 with the kernel 1, 2, 1: as columns of a picture one pixel wide each
    K = np.outer([1.0, 0, 0], [1.0, 2, 1])
    out = taught["transposed_convolution"](np.array([[1.0, 2, 3]]), K, 2)
    assert out[0].tolist() == [1, 2, 3, 4, 5, 6, 3]


def test_noise_is_clipped_and_gray_on_black(taught):
    rng = np.random.default_rng(0)
    noisy = taught["add_noise"](np.zeros((400, 500)), rng)
    assert (noisy.min(), noisy.max()) == (0, 1)
    assert noisy.mean() == pytest.approx(0.25 / np.sqrt(2 * np.pi), abs=1e-3)


def test_ten_decibels_are_a_tenth_of_the_error(taught):
    x = np.zeros(4)
    better, worse = taught["psnr"](x + 0.01, x), taught["psnr"](x + 0.1, x)
    assert worse == pytest.approx(20)
    assert better == pytest.approx(40)


def test_the_sizes_of_the_convolutional_autoencoder(taught):
    a, sides = torch.zeros(2, 784), []
    for layer in taught["convolutional"]():
        a = layer(a)
        if isinstance(layer, torch.nn.MaxPool2d | torch.nn.Upsample):
            sides.append(a.shape[-1])
    assert sides == [14, 7, 4, 8, 16, 28]
    assert a.shape == (2, 784)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_convolutional_autoencoder_starts_at_the_mean_gray(taught, seed):
    torch.manual_seed(seed)
    images = torch.rand(4, 784) * (torch.rand(4, 784) < 0.2)  # mostly black
    with torch.no_grad():
        gray = taught["convolutional"]()(images).mean().item()
    assert gray == pytest.approx(0.13, abs=0.04)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_dead_output_stays_dead_and_a_sigmoid_does_not(taught, digits, seed):
    x = torch.tensor(digits[:200], dtype=torch.float32)
    for output, dead in ((torch.nn.ReLU, True), (torch.nn.Sigmoid, False)):
        torch.manual_seed(seed)
        model = taught["autoencoder"]((64, 8, 64), output)
        torch.nn.init.constant_(model[2].bias, -4.0)
        torch.nn.init.uniform_(model[2].weight, -0.1, 0.1)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for _ in range(60):
            loss = torch.nn.functional.mse_loss(model(x), x)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            drawn = model(x)
        assert (drawn.max() == 0) == dead
        if not dead:
            assert loss < 0.5 * torch.mean(x**2)


def test_the_divergence_of_the_vae_is_that_of_pytorch(taught):
    torch.manual_seed(0)
    x, mu, log_s2 = torch.rand(5, 6), torch.randn(5, 3), torch.randn(5, 3)
    x_hat = torch.full((5, 6), 0.5)  # cross-entropy of ½ is ln 2, whatever the pixel
    out = torch.cat([x_hat, mu, log_s2], dim=1)
    own = torch.distributions.Normal(mu, torch.exp(0.5 * log_s2))
    kl = torch.distributions.kl_divergence(own, torch.distributions.Normal(0.0, 1.0))
    wanted = 6 * np.log(2) + kl.sum(dim=1).mean().item()
    assert taught["vae_loss"](out, x).item() == pytest.approx(wanted, rel=1e-5)


def test_a_diffusion_keeps_the_variance_of_noise_and_picture(taught):
    beta, alpha_bar = (v.numpy() for v in taught["noise_schedule"](25))
    np.testing.assert_allclose(np.cumprod(1 - beta), alpha_bar, rtol=1e-3)
    assert alpha_bar[0] > 0.99
    assert alpha_bar[-1] < 1e-3
    assert ((beta > 0) & (beta < 1)).all()


def test_who_knows_the_one_picture_draws_it(taught, monkeypatch):
    one = torch.linspace(-0.9, 0.9, 6)
    monkeypatch.setitem(
        taught["draw_by_diffusion"].__globals__,
        "guess_clean",
        lambda model, x, left: one.expand_as(x),
    )
    schedule = taught["noise_schedule"](25)
    way = taught["draw_by_diffusion"](None, *schedule, 4, 6, 0)
    assert way.shape == (26, 4, 6)
    np.testing.assert_allclose(way[-1], np.tile((one + 1) / 2, (4, 1)), atol=1e-4)


def test_a_neighbor_tells_two_clouds_apart_and_not_one(taught):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 400, 3))
    assert taught["told_apart"](a, b) == pytest.approx(0.5, abs=0.06)
    assert taught["told_apart"](a, b + 9) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_diffusion_is_told_apart_less_than_its_rivals_and_does_not_copy(taught, seed):
    small, held = (
        np.float32(part.x.reshape(-1, 64) / 16)
        for part in (data.digits().train, data.digits().test)
    )
    m, schedule = len(held), taught["noise_schedule"](25)
    model = taught["train_diffusion"](
        torch.tensor(2 * small - 1), schedule[1], 500, seed
    )
    drawn = taught["draw_by_diffusion"](model, *schedule, m, 64, seed)[-1]
    vae = taught["train_small_vae"](small, 17, seed)  # as many updates
    e = torch.tensor(np.random.default_rng(seed).normal(size=(m, 8))).float()
    with torch.no_grad():
        rivals = [vae.decoder(e).numpy()]
    rivals += [taught["draw_by_pca"](small, k, m, seed) for k in (8, 64)]
    told = taught["told_apart"]
    assert 0.5 < told(drawn, held) < min(told(rival, held) for rival in rivals)

    def nearest(rows):
        square = (rows**2).sum(1)[:, None] + (small**2).sum(1) - 2 * rows @ small.T
        return np.sqrt(square.min(axis=1).clip(0)).mean()

    assert nearest(drawn) > nearest(held)
