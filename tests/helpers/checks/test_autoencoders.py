"""The references of the chapter's checks, derived another way."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from helpers.checks.autoencoders import denoise, generate, shallow_autoencoder
from helpers.checks.engine import Slip


def outcomes(step):
    """The arguments of the cases of a step, with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def test_the_baseline_is_that_of_scikit_learn():
    for args, got in outcomes(shallow_autoencoder.pca_reconstruct):
        pca = PCA(args["k"], svd_solver="full").fit(args["X_train"])
        whole = pca.inverse_transform(pca.transform(args["X"]))
        np.testing.assert_allclose(got[""], whole, rtol=1e-8, atol=1e-10)


def test_there_is_an_error_for_each_row():
    for args, got in outcomes(shallow_autoencoder.errors):
        for error, a, b in zip(got[""], args["x_hat"], args["x"], strict=True):
            loop = [(p - q) ** 2 for p, q in zip(a, b, strict=True)]
            assert error == pytest.approx(sum(loop) / len(loop))


def test_the_verdict_is_that_of_the_set_of_answers():
    for args, got in outcomes(shallow_autoencoder.verdict):
        answers = {error < args["baseline"] for error in args["errors"]}
        assert got[""] == (0 if len(answers) == 2 else 1 if answers == {True} else -1)


@pytest.mark.parametrize(
    "step", [shallow_autoencoder.train_step, denoise.denoising_step], ids=str
)
def test_steps_are_those_of_gradients_by_hand(step):
    pytest.importorskip("torch")
    for args, got in outcomes(step):
        W, b, clean = args["_W"], args["_b"], args.get("clean", args.get("x"))
        given = args.get("noisy", clean)
        ends = zip(args["_rows"], *got.values(), strict=True)
        for rows, theta, loss in ends:
            x, target = given[rows], clean[rows]
            out = 1 / (1 + np.exp(-(x @ W.T + b)))
            assert loss == pytest.approx(np.mean((out - target) ** 2), rel=1e-4)
            delta = 2 * (out - target) / out.size * out * (1 - out)
            W = W - args["_eta"] * delta.T @ x
            b = b - args["_eta"] * delta.sum(0)
            np.testing.assert_allclose(theta, np.append(W, b), rtol=1e-3, atol=1e-4)


def test_noise_is_added_and_cut_off():
    for args, got in outcomes(denoise._noise):
        x, normal = args["x"], np.random.default_rng(args["_draw"])
        noise = args["deviation"] * normal.standard_normal(x.shape)
        for at, value in np.ndenumerate(x + noise):
            assert got[""][at] == pytest.approx(min(1.0, max(0.0, value)))


def test_decibels_count_the_halvings_of_the_error():
    for args, got in outcomes(denoise.psnr):
        images = zip(got[""], args["x_hat"], args["x"], strict=True)
        for decibels, a, b in images:
            power = np.linalg.norm((a - b).ravel()) ** 2 / a.size
            assert decibels == pytest.approx(-10 * np.log(power) / np.log(10))


def test_the_sides_are_counted():
    for args, got in outcomes(denoise.sizes):
        n, sides = args["n"], []
        for _ in range(3):
            n = len(range(0, n, 2))
            sides.append(n)
        sides += [2 * n, 4 * n, len(range(4 * n - 2)), 2 * len(range(4 * n - 2))]
        assert got[""] == sides


def test_the_network_is_the_same_in_numpy():
    pytest.importorskip("torch")
    from numpy.lib.stride_tricks import sliding_window_view

    from helpers.checks.engine.observers import seeded

    for case in denoise.convolutional.drawn(5):
        got = denoise.convolutional.outcome((), case)
        values = list(seeded(got["_shapes"]).values())
        a = np.asarray(case.args["x"], dtype=np.float32)
        for i, (W, b) in enumerate(zip(values[::2], values[1::2], strict=True)):
            side = [(0, 0), (0, 0), *[(int(i != 5),) * 2] * 2]
            windows = sliding_window_view(np.pad(a, side), W.shape[2:], axis=(2, 3))
            z = np.einsum("mcxyuv,kcuv->mkxy", windows, W) + b[:, None, None]
            a = np.maximum(z, 0) if i < 6 else 1 / (1 + np.exp(-z))
            if i < 3:
                ends = [(0, 0), (0, 0), *((0, n % 2) for n in a.shape[2:])]
                a = np.pad(a, ends, constant_values=-np.inf)
                m, k, h, w = a.shape
                a = a.reshape(m, k, h // 2, 2, w // 2, 2).max((3, 5))
            elif i < 6:
                a = np.kron(a, np.ones((2, 2)))
        np.testing.assert_allclose(got["outputs"], a, rtol=1e-4, atol=1e-5)


def test_the_gain_is_a_ratio_of_errors():
    pytest.importorskip("torch")
    for args, got in outcomes(denoise.gain):
        out = args["noisy"] @ args["_W"].T + args["_b"]
        before, after = (
            np.mean((x - args["clean"]) ** 2) for x in (args["noisy"], out)
        )
        assert got["result"] == pytest.approx(10 * np.log10(before / after), rel=1e-4)


def along(f, x, eps=1e-5):
    """The slope of f at x, entry by entry, by central differences."""
    found = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        moved = np.zeros(x.shape)
        moved[place] = eps
        found[place] = (f(x + moved) - f(x - moved)) / (2 * eps)
    return found


def test_the_slopes_of_a_code_are_those_of_finite_differences():
    for args, got in outcomes(generate.code_and_slopes):
        mu, log_s2, epsilon, delta = args.values()

        def cost(mu, log_s2, noise=epsilon, weights=delta):
            return np.sum(weights * (mu + np.sqrt(np.exp(log_s2)) * noise))

        np.testing.assert_allclose(
            got["d_mu"], along(lambda v, w=log_s2, f=cost: f(v, w), mu), rtol=1e-6
        )
        np.testing.assert_allclose(
            got["d_log_s2"], along(lambda v, w=mu, f=cost: f(w, v), log_s2), rtol=1e-6
        )
        assert cost(mu, log_s2) == pytest.approx(np.sum(delta * got["c"]))


def test_the_divergence_is_an_integral():
    z = np.linspace(-14, 14, 20_001)
    normal = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    for args, got in outcomes(generate.divergence):
        for mu, s, value in zip(args["mu"], args["s"], got[""], strict=True):
            p = np.exp(-(((z - mu[:, None]) / s[:, None]) ** 2) / 2) / s[:, None]
            p = p / np.sqrt(2 * np.pi)
            ratio = np.log(np.maximum(p, 1e-300) / normal)
            assert value == pytest.approx(np.trapezoid(p * ratio, z).sum(), abs=1e-6)


def test_the_two_terms_are_those_of_gaussian_pixels():
    from scipy.stats import norm

    for args, got in outcomes(generate.two_terms):
        x, x_hat, mu, s, v = args.values()
        log_p = norm.logpdf(x, x_hat, v**0.5).sum(axis=1)
        constant = x.shape[1] / 2 * np.log(2 * np.pi * v)
        assert got["reconstruction"] == pytest.approx(np.mean(-log_p - constant))
        kl = generate.divergence.reference(Slip(), mu, s)
        assert got["divergence"] == pytest.approx(kl.mean())


def test_what_is_left_is_walked_step_by_step():
    for args, got in outcomes(generate.schedule):
        factor, variance = 1.0, 0.0
        for t, b in enumerate(args["beta"]):
            factor, variance = factor * (1 - b) ** 0.5, variance * (1 - b) + b
            assert got["signal"][t] == pytest.approx(factor)
            assert got["noise"][t] ** 2 == pytest.approx(variance)


def test_the_noise_loss_is_that_of_pictures_made_one_by_one():
    for args, got in outcomes(generate.noise_loss):
        model, x0, t, left, epsilon = args.values()
        noisy = []
        for row, when, noise in zip(x0, t, epsilon, strict=True):
            a = left[when - 1]
            noisy.append(a**0.5 * row + (1 - a) ** 0.5 * noise)
        total = np.sum((model(np.array(noisy), t) - epsilon) ** 2)
        assert got[""] == pytest.approx(total / x0.size)


def test_a_step_back_has_the_mean_of_the_posterior():
    # of x_(t−1), given x_t and the clean picture that the guess implies
    for args, got in outcomes(generate.denoise_step):
        x_t, t, guess, beta, z = args.values()
        left = np.cumprod(1 - beta)
        a, before = left[t - 1], left[t - 2] if t > 1 else 1.0
        x0 = (x_t - (1 - a) ** 0.5 * guess) / a**0.5
        weights = before**0.5 * beta[t - 1], (1 - beta[t - 1]) ** 0.5 * (1 - before)
        mean = (weights[0] * x0 + weights[1] * x_t) / (1 - a)
        noise = (t > 1) * beta[t - 1] ** 0.5 * z
        np.testing.assert_allclose(got[""], mean + noise)
