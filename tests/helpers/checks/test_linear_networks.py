"""The references of the chapter's checks against another derivation.

Gradients are compared with central differences of the cost, gradient descent with its
closed form after t steps, fits with scikit-learn; answers of unusual form pass.
"""

import re

import numpy as np
import pytest

from helpers.checks import linear_networks as checks
from helpers.checks.engine import CheckFailed
from helpers.checks.linear_networks.softmax_regression import _training


def failure(check, *arguments) -> str:
    with pytest.raises(CheckFailed) as caught:
        check(*arguments)
    return re.sub(r"\s+", " ", str(caught.value))


def slopes(cost, *arrays, h=1e-5):
    """Central differences of cost(*arrays), one array of slopes for each of them."""
    found = []
    for i, array in enumerate(arrays):
        slope = np.zeros(np.shape(array))
        for at in np.ndindex(slope.shape):
            step = np.zeros_like(slope)
            step[at] = h
            high, low = (
                cost(*arrays[:i], array + sign * step, *arrays[i + 1 :])
                for sign in (1, -1)
            )
            slope[at] = (high - low) / (2 * h)
        found.append(slope)
    return found


def mean_cross_entropy(z, y):
    return sum(np.logaddexp.reduce(r) - r[k] for r, k in zip(z, y, strict=True)) / len(
        y
    )


def softmax(z):
    return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True))


# --- regression -----------------------------------------------------------------------


def fit_linear(X, y):
    w = np.linalg.pinv(X - X.mean(0)) @ (y - y.mean())
    return [w, y.mean() - X.mean(0) @ w]


def r_squared(y_hat, y):
    """The variance is half the mean square of the differences of all pairs."""
    error = sum((a - b) ** 2 for a, b in zip(y_hat, y, strict=True)) / len(y)
    pairs = sum((a - b) ** 2 for a in y for b in y) / len(y) ** 2
    return 1 - 2 * error / pairs


def mse_gradient(X, y, w, b):
    return slopes(lambda w, b: np.mean((X @ w + b - y) ** 2), w, np.array(b))


def standardize(X_train, X_test):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    scaler = preprocessing.StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test)


def descend(X, y, eta, steps):
    """With H = 2AᵀA/N, t steps from 0 lead to (I − (I − ηH)ᵗ) times the solution."""
    A = np.column_stack([X, np.ones(len(X))])
    best = np.linalg.lstsq(A, y, rcond=None)[0]
    curvature, axes = np.linalg.eigh(2 * A.T @ A / len(A))
    theta = axes @ ((1 - (1 - eta * curvature) ** steps) * (axes.T @ best))
    return theta[:-1], theta[-1]


def original_units(w, b, mean, std):
    """Read weights and bias off the predictions at 0 and at the unit vectors."""
    at = np.vstack([np.zeros(len(w)), np.eye(len(w))])
    values = ((at - mean) / std) @ w + b
    return values[1:] - values[0], values[0]


# --- softmax regression ---------------------------------------------------------------


def softmax_along(z, axis=1):
    """Each sum by itself, its logits one after the other."""
    p = np.empty(z.shape)
    for at in np.ndindex(*np.delete(z.shape, axis)):
        place = list(at)
        place.insert(axis % z.ndim, slice(None))
        one = [float(v) for v in z[tuple(place)]]
        p[tuple(place)] = [1 / sum(np.exp(min(w - v, 700)) for w in one) for v in one]
    return p


def cross_entropy(z, Y):
    """The targets as labels that occur as often as Y says."""
    rows = zip(z, Y, strict=True)
    each = [
        sum(w * mean_cross_entropy(r[None], [j]) for j, w in enumerate(t))
        for r, t in rows
    ]
    return sum(each) / len(each)


def gradients(X, W, p, y):
    """With logits ln p + XVᵀ + c + DWᵀ, the slopes at V = 0, c = 0 and D = 0."""
    return slopes(
        lambda V, c, D: mean_cross_entropy(np.log(p) + X @ V.T + c + D @ W.T, y),
        np.zeros(W.shape),
        np.zeros(len(W)),
        np.zeros(X.shape),
    )


def train_step(W, b, X, y, eta):
    dW, db = slopes(lambda W, b: mean_cross_entropy(X @ W.T + b, y), W, b)
    return W - eta * dW, b - eta * db


def predict(X, W, b):
    rows = np.einsum("mn,kn->mk", X, W) + b
    return np.array([row.tolist().index(max(row)) for row in rows])


def train(X, y, epochs, m, eta, seed, pick=lambda order, m: order):
    """A training with NumPy's global generator, on arrays that move together."""
    np.random.seed(seed)  # noqa: NPY002 a learner's
    W, b, rows = np.zeros((10, 64)), np.zeros(10), np.arange(len(X))
    for _ in range(epochs):
        np.random.shuffle(rows)  # noqa: NPY002
        for i in range(0, len(X), m):
            batch = pick(rows, m)[i : i + m]
            delta = softmax(X[batch] @ W.T + b)
            delta[np.arange(len(batch)), y[batch]] -= 1
            W = W - eta * delta.T @ X[batch] / len(batch)
            b = b - eta * delta.mean(0)
    return W, b


RIGHT = {
    "fit_origin": lambda x, y: np.linalg.lstsq(x[:, None], y, rcond=None)[0].item(),
    "fit_linear": fit_linear,
    "r_squared": r_squared,
    "mse_gradient": mse_gradient,
    "standardize": standardize,
    "descend": descend,
    "original_units": original_units,
    "softmax": softmax_along,
    "log_softmax": lambda z: -np.array([np.logaddexp.reduce(z.T - v) for v in z.T]).T,
    "cross_entropy": cross_entropy,
    "gradients": gradients,
    "predict": predict,
    "train_step": train_step,
    "train": train,
}


@pytest.mark.parametrize("seed", [0, 1, 12345])
@pytest.mark.parametrize("name", RIGHT)
def test_another_derivation_passes(name, seed, capsys):
    getattr(checks, name)(RIGHT[name], seed=seed)
    assert re.fullmatch(rf"✓ {name}: [^\n]+\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    "name", ["standardize", "softmax", "log_softmax", "train_step"]
)
def test_single_precision_passes(name):
    def single(*arguments):
        result = RIGHT[name](*arguments)
        several = isinstance(result, tuple | list)
        made = [np.float32(r) for r in (result if several else [result])]
        return made if several else made[0]

    getattr(checks, name)(single)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda *a: (lambda W, b: (W.T, b))(*train(*a)), "W is transposed"),
        (lambda *a: train(*a)[0], "only W came"),
        (lambda *a: [v * np.nan for v in train(*a)], "diverged"),
        (lambda X, y, *a: train(X, (y + 1) % 10, *a), "shifted by one class"),
        (lambda *a: train(*a, lambda rows, m: np.sort(rows)), "not shuffled"),
        (
            lambda *a: train(*a, lambda rows, m: np.repeat(rows, 2)),
            "come twice, or never",
        ),
    ],
)
def test_a_wrong_training_is_told_what_is_wrong(wrong, told):
    assert told in failure(checks.train, wrong)


def test_right_steps_on_a_part_of_the_digits_fail_by_accuracy():
    def part(X, y, epochs, *rest):
        return train(X[:60], y[:60], epochs, *rest)

    _training(part)
    assert "unseen digits is" in failure(checks.train, part)


def test_gradients_agree_with_torch():
    torch = pytest.importorskip("torch")

    def by_torch(X, W, p, y):
        X, W = (torch.tensor(v, requires_grad=True) for v in (X, W))
        b = torch.tensor(np.log(p), requires_grad=True)
        z = X @ W.T + b
        shift = z.detach() - torch.tensor(np.log(p))  # which makes the softmax p
        torch.nn.functional.cross_entropy(z - shift, torch.tensor(y)).backward()
        return W.grad.numpy(), b.grad.numpy().sum(0), X.grad.numpy()

    checks.gradients(by_torch, seed=4)


def test_gradient_descent_agrees_with_torch():
    torch = pytest.importorskip("torch")

    def by_torch(X, y, eta, steps):
        model = torch.nn.Linear(X.shape[1], 1, dtype=float)
        for parameter in model.parameters():
            torch.nn.init.zeros_(parameter)
        optimizer = torch.optim.SGD(model.parameters(), lr=eta)
        for _ in range(steps):
            loss = (model(torch.tensor(X))[:, 0] - torch.tensor(y)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return model.weight[0].detach().numpy(), model.bias.item()

    checks.descend(by_torch, seed=4)


# --- logistic_regression --------------------------------------------------------------


def test_the_sigmoid_cost_is_that_of_the_naive_formula_and_of_its_limits():
    def sigmoid_cost(z, y):
        if np.abs(z).max() > 500:  # the wrong ones cost |z|, the right ones nothing
            return np.mean(np.abs(z) * ((z > 0) != y))
        p = 1 / (1 + np.exp(-np.where(y == 1, z, -z).astype(np.longdouble)))
        return float(-np.log(p).mean())

    checks.sigmoid_cost(sigmoid_cost, seed=4)


def test_the_logistic_gradient_is_that_of_finite_differences():
    def cost_gradient(X, y, w, b):
        def cost(w, b):
            z = X @ w + b
            return np.mean(np.logaddexp(0, -np.where(y == 1, z, -z)))

        return slopes(cost, w, np.array(b))

    checks.cost_gradient(cost_gradient, seed=4)


def test_precision_recall_and_roc_are_scikit_learns():
    metrics = pytest.importorskip("sklearn.metrics")

    def precision_recall(p, y, threshold):
        said = (p >= threshold).astype(int)
        precision = metrics.precision_score(y, said, zero_division=0)
        return precision, metrics.recall_score(y, said)

    def roc(p, y):
        fpr, tpr, _ = metrics.roc_curve(y, p, drop_intermediate=False)
        return fpr, tpr, metrics.roc_auc_score(y, p)

    for seed in (0, 4):
        checks.precision_recall(precision_recall, seed=seed)
        checks.roc(roc, seed=seed)


def test_the_training_ends_where_its_steps_lead_one_by_one():
    def train_logistic(X, y, eta, steps):
        A, costs = np.column_stack([X, np.ones(len(X))]), []
        theta = np.zeros(A.shape[1])
        for _ in range(steps):
            z = [float(row @ theta) for row in A]
            each = [np.logaddexp(0, -v if t else v) for v, t in zip(z, y, strict=True)]
            costs.append(sum(each) / len(y))
            errors = [1 / (1 + np.exp(-v)) - t for v, t in zip(z, y, strict=True)]
            pulls = [e * row for e, row in zip(errors, A, strict=True)]
            theta = theta - eta * sum(pulls) / len(y)
        return theta[:-1], theta[-1], costs

    checks.train_logistic(train_logistic, seed=4)


def test_a_learning_curve_is_read_as_by_loops():
    def read_curve(train, val, y_train, y_val):
        best = next(e for e in range(len(val)) if val[e] == max(val))
        labels = list(y_train)
        majority = max(set(labels), key=labels.count)
        right = sum(label == majority for label in y_val) / len(y_val)
        return best, val[best] - right, train[best] - val[best]

    checks.read_curve(read_curve, seed=4)
