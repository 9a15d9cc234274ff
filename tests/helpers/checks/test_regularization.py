"""The references of the chapter's checks, derived another way."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.checks.engine import Slip
from helpers.checks.regularization import choose_lambda, dropout_and_penalties


def outcomes(step):
    """The arguments of the cases of a step, with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def least_squares(X, y, lam):
    """Ridge as least squares of a larger system, whose last unknown is the bias."""
    N, n = X.shape
    free = np.append(np.ones(N), np.zeros(n))
    rows = np.vstack([X, np.sqrt(N * lam) * np.eye(n)])
    both = np.linalg.lstsq(np.c_[rows, free], np.append(y, np.zeros(n)), rcond=None)[0]
    return both[:-1], both[-1]


def test_ridge_is_least_squares_of_a_larger_system():
    for args, got in outcomes(choose_lambda.ridge):
        for part, right in zip("wb", least_squares(**args), strict=True):
            np.testing.assert_allclose(got[part], right, rtol=1e-9)


def test_a_bias_takes_up_what_moves_all_of_y():
    step = choose_lambda.ridge
    for args, got in outcomes(step):
        w, b = step.reference(Slip(), args["X"] - 7, args["y"] + 100, args["lam"])
        np.testing.assert_allclose(w, got["w"])
        np.testing.assert_allclose(b, got["b"] + 100 + 7 * np.sum(w))


def test_the_path_has_the_errors_of_each_fit():
    for args, got in outcomes(choose_lambda.path):
        X, y, lams = args["X"], args["y"], args["lams"]
        for lam, train, val in zip(lams, got["train"], got["val"], strict=True):
            w, b = least_squares(X, y, lam)
            for A, t, error in ((X, y, train), (args["X_val"], args["y_val"], val)):
                loop = [(float(a @ w) + b - v) ** 2 for a, v in zip(A, t, strict=True)]
                np.testing.assert_allclose(error, sum(loop) / len(loop), rtol=1e-9)


def test_the_choice_is_the_last_of_the_sorted():
    for args, got in outcomes(choose_lambda.choose):
        pairs = zip(args["errors"], -args["lams"], strict=True)
        assert got[""] == -min(pairs)[1]


def test_a_stopper_knows_where_the_smallest_and_the_last_clear_gain_were():
    for args, got in outcomes(choose_lambda._stopper):
        patience, min_delta, losses = args.values()
        clear = [0]
        while True:
            low = losses[clear[-1]] - min_delta
            later = range(clear[-1] + 1, len(losses))
            if (at := next((e for e in later if losses[e] < low), None)) is None:
                break
            clear.append(at)
        for epoch in range(len(losses)):
            so_far = losses[: epoch + 1]
            assert got["best"][epoch + 1] == min(so_far)
            assert got["best_epoch"][epoch + 1] == so_far.index(min(so_far))
            last = max(e for e in clear if e <= epoch)
            assert got["update"][epoch] == (epoch - last >= patience)


def test_the_descent_is_a_power_of_a_matrix():
    for args, got in outcomes(choose_lambda._early):
        X, y, V, v, eta, patience, epochs = args.values()
        values, Q = np.linalg.eigh(X.T @ X / len(X))
        right = Q.T @ (X.T @ y / len(X)) / values

        def after(steps, eta=eta, Q=Q, values=values, right=right):
            return Q @ (right * (1 - (1 - eta * values) ** steps))

        losses = [np.mean((V @ after(t + 1) - v) ** 2) for t in range(epochs)]
        lows = [int(np.argmin(losses[: t + 1])) for t in range(epochs)]
        end = next((t for t in range(epochs) if t - lows[t] >= patience), epochs - 1)
        assert got["epoch"] == lows[end]
        np.testing.assert_allclose(got["w"], after(lows[end] + 1), rtol=1e-6)


def test_the_report_is_that_of_scikit_learn():
    for args, got in outcomes(choose_lambda.report):
        (X, y), val, test, lams = args.values()

        def error(lam, part, X=X, y=y):
            model = make_pipeline(StandardScaler(), Ridge(alpha=lam * len(y)))
            return np.mean((model.fit(X, y).predict(part[0]) - part[1]) ** 2)

        lam = min(lams, key=lambda lam: error(lam, val))
        assert got["lam"] == lam
        np.testing.assert_allclose(got["error"], error(lam, test), rtol=1e-8)


def test_a_test_part_changes_the_error_alone():
    found = [got for _, got in outcomes(choose_lambda.report)]
    for one, other in zip(found[::2], found[1::2], strict=True):
        assert one["lam"] == other["lam"]
        assert one["error"] != other["error"]


def slopes(cost, W, h=1e-5):
    """The gradient of a cost at W by central differences."""
    slope = np.zeros(W.shape)
    for at in np.ndindex(*W.shape):
        ends = []
        for change in (h, -h):
            moved = W.copy()
            moved[at] += change
            ends.append(cost(moved))
        slope[at] = (ends[0] - ends[1]) / (2 * h)
    return slope


def test_dropout_asks_each_map_on_its_own():
    for args, got in outcomes(dropout_and_penalties._dropped):
        a, p = args["a"], args["p"]
        (m, c), training = a.shape[:2], args["training"]
        drawn = np.random.default_rng(args["_draw"]).random(m * c).tolist()
        assert got["numbers drawn"] == m * c * training
        assert got["mask"].shape == (m, c, 1, 1)
        for at, u in zip(np.ndindex(m, c), drawn, strict=True):
            factor = 1.0
            if training:
                factor = 0.0 if u < p else 1 / (1 - p)
            assert got["mask"][at].item() == pytest.approx(factor)
            np.testing.assert_allclose(got["out"][at], a[at] * factor)


@pytest.mark.parametrize(("z", "kept"), [(1.0, 0.0), (-1.0, 1.0)])
def test_the_way_back_is_a_difference_whatever_made_the_zeros(z, kept):
    for args, got in outcomes(dropout_and_penalties.dropout_backward):
        delta, out, p = args.values()
        before = np.where(out > 0, (1 - p) * out, z)
        mask = np.where(out > 0, 1, kept) / (1 - p)
        np.testing.assert_allclose(np.maximum(before, 0) * mask, out)

        def cost(v, delta=delta, mask=mask):
            return np.sum(delta * (np.maximum(v, 0) * mask))

        np.testing.assert_allclose(got[""], slopes(cost, before), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("step", "of"),
    [("l2_penalty", lambda w: w * w / 2), ("l1_penalty", lambda w: max(w, -w))],
)
def test_the_gradients_of_a_penalty_are_differences(step, of):
    for args, got in outcomes(getattr(dropout_and_penalties, step)):
        weights, lam = args["weights"], args["lam"]
        total = sum(of(w) for W in weights for w in W.ravel().tolist())
        assert got["value"] == pytest.approx(lam * total)
        for W, slope in zip(weights, got["gradients"], strict=True):
            # at the kink of |w| a central difference gives 0, too
            by_steps = lam * slopes(lambda V: sum(map(of, V.ravel().tolist())), W)
            np.testing.assert_allclose(slope, by_steps, rtol=1e-6, atol=1e-8)


def test_the_soft_threshold_of_rows_is_the_lowest_point():
    for args, got in outcomes(dropout_and_penalties.soft_threshold):
        t = args["t"]
        for w, v in zip(args["W"], got[""], strict=True):

            def cost(v, w=w, t=t):
                return np.sum((v - w) ** 2) / 2 + t * np.sqrt(np.sum(v**2))

            moves = np.random.default_rng(0).normal(size=(200, len(w)))
            for size in (1, 0.1, 1e-3):  # the cost is convex: no lower one is nearby
                assert all(cost(v) < cost(v + size * move) for move in moves)


@pytest.mark.parametrize(("name", "decoupled"), [("Adam", False), ("AdamW", True)])
def test_100_steps_are_those_of_pytorch(name, decoupled):
    torch = pytest.importorskip("torch")
    rng, step = np.random.default_rng(3), dropout_and_penalties.adam_step.reference
    w, m, s = rng.normal(size=6), np.zeros(6), np.zeros(6)
    parameter = torch.nn.Parameter(torch.tensor(w))
    library = getattr(torch.optim, name)([parameter], lr=0.05, weight_decay=0.3)
    for t in range(1, 101):
        g = rng.normal(size=6) * 10 ** rng.uniform(-2, 2, size=6)
        w, m, s = step(Slip(), w, g, m, s, t, 0.05, 0.3, decoupled)
        parameter.grad = torch.tensor(g)
        library.step()
        np.testing.assert_allclose(w, parameter.detach().numpy(), 1e-9, 1e-10)


def cost(x, y, W1, W2, mask, lam):
    total = 0.0
    for i, row in enumerate(x):
        hidden = [max(float(w @ row), 0.0) * mask[i, j] for j, w in enumerate(W1)]
        z = [float(w @ hidden) for w in W2]
        total += np.log(sum(np.exp(z))) - z[y[i]]
    return total / len(x) + lam / 2 * float(np.vdot(W1, W1) + np.vdot(W2, W2))


def test_the_gradients_of_the_network_are_differences():
    for args, got in outcomes(dropout_and_penalties.cost_and_gradients):
        assert got["C"] == pytest.approx(cost(**args))
        for part in ("W1", "W2"):
            slope = slopes(lambda W, a=args, p=part: cost(**(a | {p: W})), args[part])
            np.testing.assert_allclose(got[f"d{part}"], slope, rtol=1e-5, atol=1e-7)
