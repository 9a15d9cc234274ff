"""Claims of the chapter `regularization`, over five seeds, at a small budget.

The functions are those that the notebook teaches: its cells tagged ``define``. What the
notebook runs over its seeds (the twenty images, early stopping) it asserts itself.
"""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge

from tests.notebooks.claims import SEEDS

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("N", [5, 10, 16])
def test_n_points_are_met_by_degree_n_minus_1(taught, N):
    rng = np.random.default_rng(N)
    x, y = np.sort(rng.uniform(0, 1, N)), rng.choice([-1.0, 1.0], N)
    w = taught["fit_polynomial"](x, y, N - 1)
    assert np.abs(taught["features"](x, N - 1) @ w - y).max() < 1e-5


@pytest.mark.parametrize("seed", SEEDS)
def test_degree_15_overfits_and_degree_1_underfits(taught, seed):
    rng = np.random.default_rng(seed)
    (x, y), (new_x, new_y) = taught["sine_data"](20, rng), taught["sine_data"](500, rng)
    fits = {d: taught["fit_polynomial"](x, y, d) for d in (1, 4, 15)}
    train = {d: taught["mse"](x, y, w) for d, w in fits.items()}
    new = {d: taught["mse"](new_x, new_y, w) for d, w in fits.items()}
    assert train[15] < train[4] < train[1]
    assert new[15] > new[4]
    assert train[15] < 0.09 < new[4]  # the variance of the noise


@pytest.mark.parametrize("seed", SEEDS)
def test_ridge_is_scikit_learns_with_alpha_n_lambda(taught, seed):
    rng = np.random.default_rng(seed)
    X, y, lam = rng.normal(size=(12, 4)), rng.normal(size=12), 0.3
    library = Ridge(alpha=12 * lam, fit_intercept=False).fit(X, y).coef_
    np.testing.assert_allclose(taught["ridge"](X, y, lam), library, rtol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_lasso_is_optimal(taught, seed):
    # its subgradient holds 0: ±λ where a weight is not zero, at most λ where it is
    rng = np.random.default_rng(seed)
    X, y, lam = rng.normal(size=(40, 8)), rng.normal(size=40), 0.1
    w = taught["lasso"](X, y, lam, steps=2000)
    pull = X.T @ (y - X @ w) / 40
    assert 0 < np.sum(w == 0) < 8
    np.testing.assert_allclose(pull[w != 0], lam * np.sign(w[w != 0]), atol=1e-9)
    assert np.abs(pull[w == 0]).max() <= lam + 1e-9


def test_standardization_of_the_patients_knows_the_training_part_only(taught):
    train, val, _ = taught["patients"](np.random.default_rng(0))
    np.testing.assert_allclose(train[0].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(train[0].std(axis=0), 1)
    assert np.abs(val[0].mean(axis=0)).max() > 0.01


OPTIMIZERS = [
    ("sgd", False, torch.optim.SGD, {}),
    ("momentum", False, torch.optim.SGD, {"momentum": 0.9}),
    ("adam", False, torch.optim.Adam, {}),
    ("adam", True, torch.optim.AdamW, {}),
]


def bowl(seed):
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(9, 4)) * [3, 1, 1, 0.1], rng.normal(size=9)
    return rng.normal(size=4), lambda w: A.T @ (A @ w - b) / 9


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("kind", "decoupled", "make", "options"), OPTIMIZERS)
def test_descent_equals_pytorch(taught, kind, decoupled, make, options, seed):
    start, gradient = bowl(seed)
    w = torch.tensor(start, requires_grad=True)
    optimizer = make([w], lr=0.05, weight_decay=0.2, **options)
    for _ in range(20):
        w.grad = torch.tensor(gradient(w.detach().numpy()))
        optimizer.step()
    ours = taught["descend"](start, gradient, kind, 0.2, decoupled, 0.05, 20)
    np.testing.assert_allclose(ours, w.detach().numpy(), atol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_l2_and_weight_decay_coincide_for_plain_sgd_only(taught, seed):
    start, gradient = bowl(seed)
    gaps = {}
    for kind in ("sgd", "momentum", "adam"):
        a, b = (taught["descend"](start, gradient, kind, 0.2, d) for d in (False, True))
        gaps[kind] = np.abs(a - b).max()
    assert gaps["sgd"] < 1e-12
    assert min(gaps["momentum"], gaps["adam"]) > 1e-3


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_inverted_dropout_keeps_the_expected_activation(taught, p, seed):
    a = np.full((20_000, 3), [1.0, -2.0, 0.5])
    out, mask = taught["dropout_forward"](a, p, np.random.default_rng(seed))
    # standard error of the mean: |a| √(p / (1 − p) / 20000); five of them
    allowed = 5 * np.abs(a[0]) * np.sqrt(p / (1 - p) / 20_000)
    assert (np.abs(out.mean(axis=0) - a[0]) < allowed).all()
    assert set(np.unique(mask)) == {0.0, 1 / (1 - p)}
    same, ones = taught["dropout_forward"](a, p, None, training=False)
    assert same is a
    assert (ones == 1).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_backward_pass_needs_the_mask_of_the_forward_pass(taught, seed):
    rng = np.random.default_rng(seed)
    W1, W2 = rng.normal(size=(6, 4)), rng.normal(size=(3, 6))
    x, y = rng.normal(size=(5, 4)), rng.integers(0, 3, 5)
    _, mask = taught["dropout_forward"](np.ones((5, 6)), 0.4, rng)
    _, other = taught["dropout_forward"](np.ones((5, 6)), 0.4, rng)
    T1 = torch.tensor(W1, requires_grad=True)
    z = (torch.tensor(x) @ T1.T).relu() * torch.tensor(mask) @ torch.tensor(W2).T
    torch.nn.functional.cross_entropy(z, torch.tensor(y)).backward()
    gradient = taught["network_gradient"]
    right = gradient(W1, W2, x, y, mask, mask)
    np.testing.assert_allclose(right, T1.grad.numpy(), atol=1e-12)
    assert np.abs(gradient(W1, W2, x, y, mask, other) - right).max() > 1e-3


def test_interval_by_hand(taught):
    # mean 2, standard deviation 1, n = 3: t(0.975, 2) = 4.303 from the tables
    mean, half = taught["interval"]([1, 2, 3])
    assert mean == 2
    assert half == pytest.approx(4.303 / np.sqrt(3), abs=1e-3)
    assert "no difference" in taught["verdict"]([1, 2, 3])
    assert taught["verdict"]([2, 2.1, 2.2]) == "really higher"
    assert taught["verdict"]([-2, -2.1, -2.2]) == "really lower"


def test_intervals_hold_the_true_mean_as_often_as_they_say(taught):
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(1000):
        mean, half = taught["interval"](rng.normal(0.3, 1, 5))
        held += abs(mean - 0.3) <= half
    assert 930 <= held <= 970  # 950 ± 3 standard deviations


def test_all_methods_begin_with_the_same_weights(taught):
    def linear(**options):
        torch.manual_seed(3)
        net = taught["small_net"](**options)
        return [m.weight for m in net if isinstance(m, torch.nn.Linear)]

    for options in ({"p": 0.4}, {"batch_norm": True}):
        for a, b in zip(linear(), linear(**options), strict=True):
            assert torch.equal(a, b)


def test_augmentation_moves_by_two_pixels_before_turn_and_zoom(taught):
    image = torch.zeros(1, 28, 28)
    image[0, 13:15, 13:15] = 1.0  # a dot in the middle stays there when turned
    x = image.view(1, 784).repeat(300, 1)
    generator = torch.Generator().manual_seed(0)
    moved = taught["augment"](x, generator).view(-1, 28, 28)
    places = torch.arange(28.0)
    mass = moved.sum(dim=(1, 2))
    for axis in (1, 2):
        middle = (moved.sum(dim=axis) * places).sum(dim=1) / mass - 13.5
        # turned by 15° and zoomed: at most 2 (cos 15° + sin 15°) / 0.9 = 2.72
        assert 1.8 < middle.abs().max() < 2.75
    still = taught["augment"](x, generator, shift=0, turn=0, zoom=0)
    assert torch.allclose(still, x, atol=1e-5)


@pytest.mark.parametrize(
    ("patience", "losses", "stops"),
    [(2, [3, 2, 2.5, 2.4, 1], 3), (1, [3, 2, 1], None), (2, [3, 4, 2, 3, 3], 4)],
)
def test_early_stopping_waits_for_its_patience(taught, patience, losses, stops):
    stopper = taught["EarlyStopping"](patience)
    said = [stopper.update(loss) for loss in losses]
    assert (said.index(True) if True in said else None) == stops


def test_choosing_on_the_test_part_makes_the_error_look_better(taught):
    gains = []
    for seed in SEEDS:
        train, val, test = taught["patients"](np.random.default_rng(seed))
        ws = [taught["ridge"](*train, lam) for lam in 10.0 ** np.arange(-3, 1)]
        by = {
            n: [taught["error"](*part, w) for w in ws]
            for n, part in (("val", val), ("test", test))
        }
        gains.append(by["test"][int(np.argmin(by["val"]))] - min(by["test"]))
    assert max(gains) > 0  # it is never below 0: the smallest of the same numbers


@pytest.mark.parametrize("seed", SEEDS)
def test_mixup_mixes_inputs_and_targets_by_the_same_share(taught, seed):
    x, t = torch.eye(6), torch.nn.functional.one_hot(torch.arange(6), 6).float()
    mixed, targets = taught["mix"](x, t, 1.0, np.random.default_rng(seed))
    assert torch.equal(mixed, targets)  # inputs that are their own targets stay so
    assert torch.allclose(targets.sum(dim=1), torch.ones(6))
    shares = {round(v, 5) for v in targets.max(dim=1).values.tolist()}
    assert len(shares - {1.0}) == 1  # one share a minibatch; 1 where j is i itself


@pytest.mark.parametrize("seed", SEEDS)
def test_mixup_makes_a_network_less_sure(taught, seed):
    rng = np.random.default_rng(seed)
    x = torch.tensor(rng.normal(size=(100, 784)), dtype=torch.float32)
    y = torch.tensor(rng.integers(0, 10, 100))
    sure = {}
    for alpha in (0.0, 1.0):
        net = taught["train_blurred"](x, y, seed, 8, alpha=alpha)
        with torch.no_grad():
            sure[alpha] = net(x).softmax(1).max(1).values.mean().item()
    assert sure[1.0] < sure[0.0]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_error_of_polynomials_descends_twice(taught, seed):
    rng = np.random.default_rng(seed)
    (x, y), (new_x, new_y) = taught["sine_data"](20, rng), taught["sine_data"](500, rng)
    new = {}
    for degree in (1, 4, 19, 400):
        w = taught["fit_polynomial"](x, y, degree)
        new[degree] = taught["mse"](new_x, new_y, w)
        assert degree < 19 or taught["mse"](x, y, w) < 1e-9  # every point is met
    assert new[4] < new[1] < new[19]
    assert new[400] < new[1]  # the second descent ends below the stiff line
    assert new[19] > 1000 * new[400]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_features_peak_where_they_meet_the_examples(taught, seed):
    x, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(seed).permutation(len(x))[:700]
    parts = x[rows[:100]] / 16, y[rows[:100]], x[rows[100:]] / 16, y[rows[100:]]
    wrong = {
        lam: taught["random_features"](
            *parts, [40, 100, 1000], np.random.default_rng(seed), lam
        )
        for lam in (0.0, 0.01)
    }
    old, new = wrong[0.0]
    assert old[1:].tolist() == [0, 0]
    assert new[1] > new[0] > new[2]
    assert wrong[0.01][1][1] < new[1] - 0.2  # a small penalty takes the peak away


@pytest.mark.parametrize("seed", SEEDS)
def test_least_norm_is_the_pseudoinverse_and_ridges_closed_form(taught, seed):
    rng = np.random.default_rng(seed)
    A, T = rng.normal(size=(6, 11)), rng.normal(size=(6, 2))
    W = taught["least_norm"](A, T)
    np.testing.assert_allclose(W, np.linalg.pinv(A) @ T, atol=1e-10)
    lam = 0.3 * np.trace(A @ A.T) / 6
    wide = np.linalg.solve(A.T @ A + lam * np.eye(11), A.T @ T)
    np.testing.assert_allclose(taught["least_norm"](A, T, 0.3), wide, atol=1e-10)
