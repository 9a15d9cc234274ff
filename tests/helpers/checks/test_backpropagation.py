"""The checks of `backpropagation`: right answers pass, wrong ones are told why.

The gradients are derived another way here: by finite differences and by autograd.
"""

import itertools
import math
import re

import numpy as np
import pytest

from helpers import broken
from helpers.checks import backpropagation as checks
from helpers.checks.backpropagation import four_equations, why_not_learning
from helpers.checks.engine import CheckFailed, Slip


class Right:
    @staticmethod
    def sigmoid(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    @staticmethod
    def slope_at(a):
        return 0.25 - (a - 0.5) ** 2

    @staticmethod
    def slope(z):
        return Right.sigmoid(z) * (1 - Right.sigmoid(z))

    @staticmethod
    def forward(x, weights, biases, functions=None):
        zs, activations = [], [x]
        functions = functions or [Right.sigmoid] * len(weights)
        for W, b, function in zip(weights, biases, functions, strict=True):
            zs.append(activations[-1] @ W.T + b)
            activations.append(function(zs[-1]))
        return zs, activations

    @staticmethod
    def output_error(a, y, z):
        return (a - y) * Right.slope(z)

    @staticmethod
    def hidden_error(W_next, delta_next, z):
        return delta_next @ W_next * Right.slope(z)

    @staticmethod
    def gradients(delta, a_prev):
        return delta.T @ a_prev / len(delta), delta.mean(axis=0)

    @staticmethod
    def backprop(x, y, weights, biases):
        zs, a = Right.forward(x, weights, biases)
        delta = Right.output_error(a[-1], y, zs[-1])
        pairs = [Right.gradients(delta, a[-2])]
        for i in range(len(weights) - 2, -1, -1):
            delta = Right.hidden_error(weights[i + 1], delta, zs[i])
            pairs.insert(0, Right.gradients(delta, a[i]))
        return [dW for dW, _ in pairs], [db for _, db in pairs]

    @staticmethod
    def numerical_gradient(cost, theta, eps=1e-5):
        slope, theta = np.zeros(len(theta)), theta.astype(float)
        for i in range(len(theta)):
            kept = theta[i]
            theta[i] = kept + eps
            high = cost(theta)
            theta[i] = kept - eps
            slope[i] = (high - cost(theta)) / (2 * eps)
            theta[i] = kept
        return slope

    @staticmethod
    def softmax(z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    @staticmethod
    def cross_entropy(z, y):
        top = z.max(axis=1)
        total = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
        return np.mean(total - z[np.arange(len(y)), y])

    @staticmethod
    def output_delta(p, y):
        delta = p.copy()
        delta[np.arange(len(y)), y] -= 1
        return delta

    @staticmethod
    def relu(z):
        return np.maximum(z, 0)

    @staticmethod
    def relu_prime(z):
        return (z > 0).astype(float)

    @staticmethod
    def he_init(sizes, rng):
        pairs = list(itertools.pairwise(sizes))
        weights = [rng.normal(0, np.sqrt(2 / a), size=(b, a)) for a, b in pairs]
        return weights, [np.zeros(b) for _, b in pairs]

    @staticmethod
    def minibatches(n, m, rng):
        order = rng.permutation(n)
        for start in range(0, n, m):
            yield order[start : start + m]

    @staticmethod
    def sgd_step(weights, biases, dWs, dbs, eta):
        return (
            [w - eta * g for w, g in zip(weights, dWs, strict=True)],
            [b - eta * g for b, g in zip(biases, dbs, strict=True)],
        )

    @staticmethod
    def train(x, y, sizes, epochs, m, eta, seed, sign=1, shift=0, start=1.0, act=None):
        act, slope = act or (Right.relu, Right.relu_prime)
        rng = np.random.default_rng(seed)
        W, b = Right.he_init(sizes, rng)
        W = [start * V for V in W]
        for _ in range(epochs):
            for i in Right.minibatches(len(x), m, rng):
                zs, a = [], [x[i]]
                for V, c in zip(W, b, strict=True):
                    zs.append(a[-1] @ V.T + c)
                    a.append(act(zs[-1]))
                labels = (y[i] + shift) % 10
                delta = sign * Right.output_delta(Right.softmax(zs[-1]), labels)
                pairs = [Right.gradients(delta, a[-2])]
                for j in range(len(W) - 2, -1, -1):
                    delta = delta @ W[j + 1] * slope(zs[j])
                    pairs.insert(0, Right.gradients(delta, a[j]))
                W, b = Right.sgd_step(W, b, *zip(*pairs, strict=True), eta)
        return W, b


def off(name, change):
    """Return the right answer with its result changed."""
    return lambda *a: change(getattr(Right, name)(*a))


def pair(name, first=lambda v: v, second=lambda v: v):
    return off(name, lambda r: (first(r[0]), second(r[1])))


def naive_sigmoid(z):
    return 1 / (1 + np.exp(-z))


def mean_over_features(delta, a_prev):
    return delta.T @ a_prev / delta.shape[1], delta.mean(axis=0)


def moved_theta(cost, theta, eps=1e-5):
    slope = Right.numerical_gradient(cost, theta, eps)
    theta[0] += eps
    return slope


def hidden_in_place(W_next, delta_next, z):
    delta_next *= 2
    return Right.hidden_error(W_next, delta_next / 2, z)


def no_bias_gradient(x, y, W, b):
    dWs, dbs = Right.backprop(x, y, W, b)
    return dWs, [0 * g for g in dbs]


EQUATIONS = [
    ("sigmoid", naive_sigmoid, "overflows"),
    ("sigmoid", lambda z: np.exp(z) / (1 + np.exp(z)), "inf / inf is NaN"),
    (
        "sigmoid",
        lambda z: 2 * Right.sigmoid(z) - 1,
        "−1 and 1 came in place of 0 and 1",
    ),
    ("sigmoid", lambda z: z / (1 + np.abs(z)), r"wrong values expected.*\[2, 1\]"),
    ("slope_at", off("slope_at", lambda v: 4 * v), "constant times.*: 4"),
    ("slope_at", Right.slope, "a was taken for z"),
    (
        "forward",
        pair("forward", second=lambda a: a[1:]),
        r"activations\[0\] is missing",
    ),
    (
        "forward",
        lambda x, W, b, f: Right.forward(x, W, [0 * c for c in b], f),
        "biases are miss",
    ),
    (
        "forward",
        lambda x, W, b, f: Right.forward(x, [V.T for V in W], b, f),
        "W stands in place of its transpose",
    ),
    (
        "forward",
        lambda x, W, b, f: Right.forward(x, W, [2 * c for c in b], f),
        "the biases are added twice",
    ),
    (
        "forward",
        lambda x, W, b, f: Right.forward(x, W, b),
        "every layer has the sigmoid, as in the notebook",
    ),
    (
        "output_error",
        lambda a, y, z: (y - a) * Right.slope(z),
        "y − a in place of a",
    ),
    ("output_error", lambda a, y, z: a - y, "σ′.z. is missing"),
    (
        "output_error",
        off("output_error", lambda v: v / len(v)),
        "divided by m, the number",
    ),
    ("output_error", off("output_error", lambda v: 2 * v), "twice the expected"),
    ("output_error", off("output_error", np.transpose), "transposed"),
    ("output_error", off("output_error", lambda v: v[::-1]), "rows are in reversed"),
    ("output_error", lambda a, y, z: (a - y) ** 3, "wrong values expected"),
    (
        "output_error",
        lambda a, y, z: (a - y) * Right.slope(z) ** 2,
        "one factor σ′.z. too many",
    ),
    ("output_error", lambda a, y, z: -(a - y) / len(y), "two things at once.*σ′.*sign"),
    (
        "hidden_error",
        lambda W, d, z: d @ W.T * Right.slope(z),
        "transposed the wrong way",
    ),
    ("hidden_error", lambda W, d, z: d @ W, "σ′.z. is missing"),
    (
        "hidden_error",
        off("hidden_error", lambda v: v / v.shape[1]),
        "divided by n_l, once",
    ),
    ("hidden_error", hidden_in_place, "delta_next in place"),
    ("gradients", lambda d, a: (d.T @ a, d.sum(axis=0)), "did not divide by m"),
    ("gradients", pair("gradients", np.transpose), "dW: the result is transposed"),
    ("gradients", mean_over_features, "dW: you divided by n"),
    ("gradients", pair("gradients", second=np.mean), "db is one number"),
    ("gradients", pair("gradients", lambda v: -v, lambda v: -v), "sign is wrong"),
    (
        "gradients",
        pair("gradients", lambda v: v[:, ::-1]),
        "columns are in reversed order",
    ),
    ("gradients", lambda d, a: d.T @ a / len(d), r"only dW is returned: \(dW, db\)"),
    (
        "backprop",
        off("backprop", lambda r: ([-g for g in r[0]], [-g for g in r[1]])),
        "gradients with the wrong sign",
    ),
    ("backprop", no_bias_gradient, "backprop, dbs.*every entry is 0.*Right: dWs"),
    (
        "backprop",
        pair("backprop", lambda v: [3 * v[0], *v[1:]]),
        r"entry 0 of the list.*Right: dbs",
    ),
    ("backprop", pair("backprop", lambda v: v[:-1]), "One too few"),
    (
        "backprop",
        pair("backprop", lambda v: [g.T for g in v]),
        "dWs: the result is transposed",
    ),
    ("numerical_gradient", moved_theta, "changed its argument theta in place"),
    ("numerical_gradient", off("numerical_gradient", lambda v: 2 * v), "2 eps apart"),
    (
        "numerical_gradient",
        off("numerical_gradient", lambda v: v[:-1]),
        r"last row \(or entry\) is missing",
    ),
    ("numerical_gradient", off("numerical_gradient", list), "list of length 4"),
]


@pytest.mark.parametrize(("name", "wrong", "told"), EQUATIONS)
def test_wrong_answers_of_backpropagation_four_equations(name, wrong, told):
    assert re.search(told, failure(getattr(checks, name), wrong, seed=11))


def he(scale=None, flip=False, bias=0.0, uniform=False, own=False):
    def init(sizes, rng):
        rng = np.random.default_rng() if own else rng
        pairs = list(itertools.pairwise(sizes))
        spread = scale or (lambda a, b: np.sqrt(2 / a))
        shapes = [(a, b) if flip else (b, a) for a, b in pairs]
        draws = [
            rng.uniform(-(3**0.5), 3**0.5, s) if uniform else rng.normal(size=s)
            for s in shapes
        ]
        weights = [d * spread(a, b) for d, (a, b) in zip(draws, pairs, strict=True)]
        return weights, [np.full(b, bias) for _, b in pairs]

    return init


def cut(how):
    return lambda n, m, rng: how(rng.permutation(n), n, m, rng)


def slices(order, n, m):
    return [order[i : i + m] for i in range(0, n, m)]


def shifted_rows(p, y):
    delta = p.copy()
    delta[np.arange(len(y)), (y + 1) % p.shape[1]] -= 1
    return delta


def sgd_in_place(weights, biases, dWs, dbs, eta):
    for p, g in zip([*weights, *biases], [*dWs, *dbs], strict=True):
        p -= eta * g
    return weights, biases


def trained(**how):
    return lambda *a: Right.train(*a, **how)


TANH = (np.tanh, lambda z: 1 - np.tanh(z) ** 2)
LINEAR = (lambda z: z, np.ones_like)

DIGITS = [
    (
        "softmax",
        lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True),
        "overflow: subtract",
    ),
    (
        "softmax",
        lambda z: np.exp(z - z.max(0)) / np.exp(z - z.max(0)).sum(0),
        "columns sum to 1",
    ),
    ("softmax", off("softmax", lambda v: v * v.shape[1]), "k, the number of classes"),
    (
        "softmax",
        off("softmax", lambda v: v.argmax(1)),
        "index of the largest entry of each row",
    ),
    ("cross_entropy", off("cross_entropy", lambda v: -v), "minus is missing"),
    ("cross_entropy", off("cross_entropy", lambda v: v / np.log(2)), "base 2"),
    ("cross_entropy", off("cross_entropy", lambda v: v / np.log(10)), "base 10"),
    (
        "cross_entropy",
        lambda z, y: Right.cross_entropy(z, y) * len(y),
        "sum over the ex",
    ),
    ("cross_entropy", lambda z, y: Right.cross_entropy(z, y - 1), "off by one"),
    ("output_delta", lambda p, y: -Right.output_delta(p, y), "this is one-hot − p"),
    (
        "output_delta",
        lambda p, y: Right.output_delta(p, y) / len(y),
        "mean of the gradients",
    ),
    ("output_delta", shifted_rows, "one class too far right"),
    ("output_delta", lambda p, y: p, "this is p itself"),
    ("relu", np.abs, "absolute value"),
    ("relu", lambda z: max(z, 0), "`if`, `and` or `or` on a whole array"),
    ("relu", lambda z: np.maximum(z, 0).T, "transposed"),
    ("relu_prime", lambda z: (z >= 0).astype(float), "it is 1 and should be 0"),
    ("he_init", he(lambda a, b: 2 / a), "square root is missing"),
    ("he_init", he(lambda a, b: np.sqrt(1 / a)), "√.1/n. in place"),
    ("he_init", he(lambda a, b: np.sqrt(2 / b)), "wrong side"),
    ("he_init", he(lambda a, b: 0.37), "times 4.5"),
    ("he_init", he(flip=True), "W is transposed"),
    ("he_init", he(bias=1.0), "they start at 0"),
    ("he_init", he(uniform=True), "weights are uniform"),
    ("he_init", he(own=True), "rng that is passed"),
    ("minibatches", lambda n, m, rng: slices(np.arange(n), n, m), "not shuffled"),
    (
        "minibatches",
        cut(lambda o, n, m, rng: slices(o, n, m)[: n // m]),
        "last, smaller minibatch is missing",
    ),
    (
        "minibatches",
        cut(lambda o, n, m, rng: slices(rng.integers(n, size=n), n, m)),
        "drawn with replacement",
    ),
    (
        "minibatches",
        cut(lambda o, n, m, rng: slices(o + 1, n, m)),
        "run from 0 to n − 1",
    ),
    (
        "minibatches",
        cut(lambda o, n, m, rng: slices(o, n, 2 * m)),
        "the sizes are 20, 20",
    ),
    (
        "minibatches",
        cut(lambda o, n, m, rng: np.array_split(o, m)),
        "not the number of them",
    ),
    (
        "minibatches",
        lambda n, m, rng: slices(np.random.default_rng(0).permutation(n), n, m),
        "another rng gives the same order",
    ),
    (
        "sgd_step",
        lambda W, b, dW, db, eta: Right.sgd_step(W, b, dW, db, -eta),
        "climbs",
    ),
    (
        "sgd_step",
        lambda W, b, dW, db, eta: Right.sgd_step(W, b, dW, db, 1),
        "η is missing",
    ),
    ("sgd_step", sgd_in_place, "argument weights in place"),
    ("train", trained(sign=-1), "the cost is climbed"),
    ("train", trained(act=TANH), "hidden layers have tanh"),
    ("train", trained(act=LINEAR), "hidden layers have no act"),
    ("train", trained(shift=1), "shifted by one class"),
    (
        "train",
        trained(start=0.0),
        "all weights start at 0",
    ),
    ("train", lambda x, y, *a: Right.train(x, y[::-1], *a), "labels do not follow"),
    (
        "train",
        lambda x, y, s, e, *a: Right.train(x, y, s, 1, *a),
        "number of epochs is not used",
    ),
    ("train", lambda x, y, s, e, *a: Right.train(x, y, s, 0, *a), "nothing is learned"),
    (
        "train",
        lambda x, y, *a: Right.train(x[:100], y[:100], *a),
        "450 unseen digits is 0",
    ),
    ("train", lambda *a: Right.train(*a)[0] * 0, "two lists"),
    (
        "train",
        lambda *a: [[np.full_like(v, np.nan) for v in p] for p in Right.train(*a)],
        "training starts with",
    ),
]


@pytest.mark.parametrize(("name", "wrong", "told"), DIGITS)
def test_wrong_answers_of_backpropagation_train_digits(name, wrong, told):
    assert re.search(told, failure(getattr(checks, name), wrong, seed=11))


def failure(check, function, **how) -> str:
    with pytest.raises(CheckFailed) as caught:
        check(function, **how)
    return re.sub(r"\s+", " ", str(caught.value))


def by_torch(x, y, weights, biases):
    torch = pytest.importorskip("torch")
    params = [
        [torch.tensor(p, requires_grad=True) for p in g] for g in (weights, biases)
    ]
    a = torch.tensor(x)
    for W, b in zip(*params, strict=True):
        a = torch.sigmoid(a @ W.T + b)
    (0.5 * ((a - torch.tensor(y)) ** 2).sum(1)).mean().backward()
    return tuple([p.grad.numpy() for p in group] for group in params)


def by_differences(x, y, weights, biases, h=1e-5):
    """Central differences of the mean of ½‖a − y‖² for every parameter."""
    params = [[p.copy() for p in group] for group in (weights, biases)]

    def cost():
        a = Right.forward(x, *params)[1][-1]
        return float(0.5 * np.sum((a - y) ** 2) / len(x))

    def slope(p, at):
        kept, values = p[at], []
        for side in (h, -h):
            p[at] = kept + side
            values.append(cost())
        p[at] = kept
        return (values[0] - values[1]) / (2 * h)

    return tuple(
        [
            np.array([slope(p, at) for at in np.ndindex(p.shape)]).reshape(p.shape)
            for p in g
        ]
        for g in params
    )


def test_the_slope_of_the_check_is_that_of_finite_differences():
    z = np.linspace(-6, 6, 49)
    slope = (Right.sigmoid(z + 1e-5) - Right.sigmoid(z - 1e-5)) / 2e-5
    ours = four_equations._prime(Slip(), Right.sigmoid(z))
    np.testing.assert_allclose(ours, slope, rtol=1e-6)


def test_the_layers_of_the_check_are_those_of_torch():
    torch = pytest.importorskip("torch")
    kinds = {
        four_equations._relu: torch.relu,
        four_equations._tanh: torch.tanh,
        four_equations.s: torch.sigmoid,
        four_equations.softmax: lambda z: torch.softmax(z, 1),
    }

    def forward(x, weights, biases, functions):
        zs, activations = [], [torch.tensor(x)]
        functions = functions or [four_equations.s] * len(weights)
        for W, b, function in zip(weights, biases, functions, strict=True):
            layer = torch.tensor(W), torch.tensor(b)
            zs.append(torch.nn.functional.linear(activations[-1], *layer))
            activations.append(kinds[function](zs[-1]))
        return [z.numpy() for z in zs], [a.numpy() for a in activations]

    checks.forward(forward, seed=4)


@pytest.mark.parametrize("seed", [0, 206])
@pytest.mark.parametrize("derived", [by_torch, by_differences])
def test_the_gradients_of_the_check_are_those_of_another_derivation(derived, seed):
    for case in checks.backprop.drawn(seed):
        ours = four_equations._backprop(Slip(), *case.args.values())
        for group, grads in zip(derived(*case.args.values()), ours, strict=True):
            for other, grad in zip(group, grads, strict=True):
                np.testing.assert_allclose(grad, other, rtol=1e-6, atol=1e-9)
    checks.backprop(derived, seed=seed)


def test_the_cross_entropy_of_the_check_is_that_of_torch():
    torch = pytest.importorskip("torch")

    def cross_entropy(z, y):
        loss = torch.nn.functional.cross_entropy(torch.tensor(z), torch.tensor(y))
        return loss.item()

    checks.cross_entropy(cross_entropy, seed=4)


def test_the_output_error_of_the_check_is_torchs_gradient():
    torch = pytest.importorskip("torch")

    def output_delta(p, y):
        z = torch.tensor(np.log(p), requires_grad=True)
        torch.nn.functional.cross_entropy(
            z, torch.tensor(y), reduction="sum"
        ).backward()
        return z.grad.numpy()

    checks.output_delta(output_delta, seed=4)


def test_minibatches_without_an_end_are_told_so():
    def endless(n, m, rng):
        while True:
            yield rng.permutation(n)[:m]

    assert "your generator never stops" in failure(checks.minibatches, endless)


# --- why_not_learning -----------------------------------------------------------------


def test_the_errors_of_a_chain_are_those_of_finite_differences():
    def cost(x, y, w, b, moved=-1, h=0.0):
        for i, (v, c) in enumerate(zip(w, b, strict=True)):
            z = v * x + c + h * (i == moved)
            x = 1 / (1 + math.exp(-z))
        return 0.5 * (z - y) ** 2

    def chain(x, y, w, b):
        pairs = [[cost(x, y, w, b, i, h) for h in (1e-5, -1e-5)] for i in range(len(w))]
        return [(up - down) / 2e-5 for up, down in pairs]

    checks.chain(chain, seed=4)
    given = 3.0, 2.5, (1, 2, 1), (-3, -1, 0)  # the numbers of the sheet
    np.testing.assert_allclose(chain(*given), [-0.25, -0.5, -2], rtol=1e-6)


def test_the_surplus_is_that_of_exact_sums():
    def surplus(z, y):
        losses = [math.log(math.fsum(map(math.exp, r - r.max()))) for r in z]
        own = [r[k] - r.max() for r, k in zip(z, y, strict=True)]
        return (math.fsum(losses) - math.fsum(own)) / len(z) - math.log(z.shape[1])

    checks.surplus(surplus, seed=4)


def test_the_flat_shares_and_steps_are_those_of_loops():
    def flat(layers, kind):
        told = []
        for a in layers:
            if kind == "sigmoid":
                told.append(sum(v * (1 - v) < 0.01 for v in a.ravel()) / a.size)
            else:
                told.append(sum(not column.any() for column in a.T) / a.shape[1])
        return told

    def step_sizes(weights, dWs, eta):
        pairs = zip(weights, dWs, strict=True)
        return [abs(eta) * ((g**2).sum() / (W**2).sum()) ** 0.5 for W, g in pairs]

    checks.flat(flat, seed=4)
    checks.step_sizes(step_sizes, seed=4)


def test_neighbors_are_those_of_scikit_learn():
    neighbors = pytest.importorskip("sklearn.neighbors")

    def neighbors_agree(x, y):
        model = neighbors.KNeighborsClassifier(1).fit(x, y)
        return np.mean(y[model.kneighbors(return_distance=False)[:, 0]] == y)

    checks.neighbors_agree(neighbors_agree, seed=4)


@pytest.mark.parametrize("seed", range(6))
def test_the_cause_that_is_measured_is_the_fault_that_was_put_in(seed):
    for fault, net in broken.drawn(seed):
        assert why_not_learning._diagnose(Slip(), net) == fault


NEAR_A_LIMIT = {
    "a column of x with a mean of about −7": "inputs",
    "a column of x with a spread of about 3.5": "none",
    "one layer of equal weights": "none",
    "a longest step of 0.7": "none",
    "a longest step of 1.4": "large step",
    "a longest step of 0.0024": "small step",
    "a longest step of 0.0045": "none",
    "50% of layer 1 dead": "none",
    "75% of layer 1 dead": "dead",
    "50% of layer 2 dead": "none",
    "75% of layer 2 dead": "dead",
}


@pytest.mark.parametrize("seed", range(3))
def test_the_limits_of_the_table_decide(seed):
    net = broken.sound("relu", np.random.default_rng(seed))
    changed = dict(why_not_learning._limits(net))
    assert changed.keys() == NEAR_A_LIMIT.keys()
    for label, name in NEAR_A_LIMIT.items():
        assert why_not_learning._diagnose(Slip(), net | changed[label]) == name


@pytest.mark.parametrize("name", [*broken.FAULTS, broken.NONE, "dead or sign"])
def test_one_name_for_all_networks_fails(name):
    assert "Likely mistake" in failure(checks.diagnose, lambda net: name)
