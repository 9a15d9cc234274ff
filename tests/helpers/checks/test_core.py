"""The diagnostic checks: right answers pass, wrong ones are told what is wrong."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from helpers.checks import backpropagation, classification, core, perceptron
from helpers.checks.core import Case, CheckFailed, partial, verify
from helpers.checks.perceptron import gates

# --- right answers, written as a student would --------------------------------------


class Right:
    """One right answer for each function of the three exercises."""

    @staticmethod
    def step(z):
        return np.where(np.asarray(z) >= 0, 1, 0)

    @staticmethod
    def predict(x, w, b):
        return Right.step(x @ w + b)

    @staticmethod
    def update(x, d, w, b, eta):
        e = d - int(Right.predict(x, w, b))
        return w + eta * e * x, b + eta * e, e != 0

    @staticmethod
    def fit(X, d, eta=1.0, max_epochs=100):
        w, b, mistakes = np.zeros(X.shape[1]), 0.0, []
        for _ in range(max_epochs):
            count = 0
            for x, target in zip(X, d, strict=True):
                w, b, wrong = Right.update(x, target, w, b, eta)
                count += wrong
            mistakes.append(count)
            if count == 0:
                break
        return w, b, mistakes

    @staticmethod
    def solvable(d, grid):
        X = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
        return sum(
            np.array_equal(Right.predict(X, np.array([p, q]), b), d)
            for p, q, b in itertools.product(grid, repeat=3)
        )

    @staticmethod
    def xor(x1, x2):
        def gate(a, b, w1, w2, bias):
            return Right.step(w1 * np.asarray(a) + w2 * np.asarray(b) + bias)

        both = gate(x1, x2, -2, -1, 2)
        return gate(gate(x1, x2, 1, 1, -1), both, 2, 1, -3)

    @staticmethod
    def sigmoid(z):
        e = np.exp(-np.abs(z))
        return np.where(z >= 0, 1 / (1 + e), e / (1 + e))

    @staticmethod
    def sigmoid_prime(z):
        return Right.sigmoid(z) * (1 - Right.sigmoid(z))

    @staticmethod
    def forward(x, weights, biases):
        zs, activations = [], [x]
        for W, b in zip(weights, biases, strict=True):
            zs.append(activations[-1] @ W.T + b)
            activations.append(Right.sigmoid(zs[-1]))
        return zs, activations

    @staticmethod
    def output_error(a, y, z):
        return (a - y) * Right.sigmoid_prime(z)

    @staticmethod
    def hidden_error(W_next, delta_next, z):
        return delta_next @ W_next * Right.sigmoid_prime(z)

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


NAMES = {
    perceptron: "step predict update fit solvable",
    backpropagation: "sigmoid sigmoid_prime forward output_error hidden_error "
    "gradients backprop numerical_gradient output_delta relu relu_prime he_init "
    "minibatches sgd_step train",
    classification: "softmax cross_entropy",
}
CHECKS = {
    name: getattr(room, name) for room, names in NAMES.items() for name in names.split()
}
CHAPTERS = dict.fromkeys(CHECKS, "backpropagation") | dict.fromkeys(
    [*NAMES[perceptron].split(), "xor"], "perceptron"
)
TABLED = [name for name in CHECKS if name not in ("he_init", "minibatches", "train")]
SEEDS = [0, 1, 2, 11, 12345]


def of_chapters(names):
    """Parametrize by checks, each with its chapter's name in the test's."""
    params = [pytest.param(n, id=f"{CHAPTERS[n]}-{n}") for n in names]
    return pytest.mark.parametrize("name", params)


def failure(check, function, **how) -> str:
    with pytest.raises(CheckFailed) as caught:
        check(function, **how)
    return re.sub(r"\s+", " ", str(caught.value))


@pytest.mark.parametrize("seed", SEEDS)
@of_chapters(CHECKS)
def test_a_right_answer_passes_with_one_line_on_stdout(name, seed, capsys):
    CHECKS[name](getattr(Right, name), seed=seed)
    out, err = capsys.readouterr()
    assert re.fullmatch(rf"✓ {name}: [^\n]+\n", out)
    assert err == ""


@of_chapters(CHECKS)
def test_the_untouched_release_is_called_not_yet_written(name):
    def stub(*args, **kwargs):
        raise NotImplementedError()

    assert "not yet written" in failure(CHECKS[name], stub)


@of_chapters(CHECKS)
def test_a_forgotten_return_is_named(name):
    told = failure(CHECKS[name], lambda *a: None)
    assert re.search("is the return statement missing|NoneType came|two lists", told)


def key(value):
    """Return something hashable that tells the arguments of one case from another."""
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    return tuple(map(key, value)) if isinstance(value, list | tuple) else value


def once(function):
    """Return `function`, computed only once for each case."""
    results = {}

    def remembered(*args):
        if key(args) not in results:
            results[key(args)] = function(*args)
        return results[key(args)]

    return remembered


@pytest.mark.parametrize("seed", [0, 3])
@of_chapters([n for n in TABLED if CHAPTERS[n] != "perceptron"])
def test_every_known_mistake_is_told_from_all_others(name, seed, monkeypatch):
    """Each mistake in the tables, handed in as an answer, gets its own diagnosis."""
    seen = {}

    def spy(name, function, cases, reference, **how):
        seen.update(how, name=name, cases=cases, reference=once(reference))

    for room in (backpropagation, classification):
        monkeypatch.setattr(room, "verify", spy)
    CHECKS[name](None, seed=seed)
    seen["mistakes"] = [(text, once(wrong)) for text, wrong in seen["mistakes"]]

    def check(function):
        verify(function=function, **seen)

    for text, wrong in seen["mistakes"]:
        assert text in failure(check, wrong)


# --- wrong answers ------------------------------------------------------------------


def update_in_place(x, d, w, b, eta):
    e = d - int(x @ w + b >= 0)
    w += eta * e * x
    return w, b + eta * e, e != 0


def fit_from_random(X, d, eta=1.0, max_epochs=100):
    w, b, mistakes = Right.fit(X, d, eta, max_epochs)
    return w + np.random.normal(size=w.shape), b, mistakes  # noqa: NPY002


def fit_without_counting(X, d, eta=1.0, max_epochs=100):
    return Right.fit(X, d, eta, max_epochs)[:2]


def fit_pocket(X, d, eta=1.0, max_epochs=100):
    w, b, mistakes = Right.fit(X, d, eta, max_epochs)
    return w, b + 1, mistakes


GATES = [
    (
        "step",
        lambda z: np.where(np.asarray(z) > 0, 1, 0),
        "0 at z = 0.*> in place of ≥",
    ),
    ("step", lambda z: np.asarray(z) >= 0, "booleans"),
    (
        "step",
        lambda z: np.where(np.asarray(z) >= 0, 1.0, 0.0),
        "floating-point numbers",
    ),
    (
        "step",
        lambda z: np.where(np.asarray(z) >= 0, 0, 1),
        "comparison points the wrong way",
    ),
    ("step", lambda z: 1 if z >= 0 else 0, "`if`, `and` or `or` on a whole array"),
    ("step", lambda z: np.where(np.asarray(z) >= 0, 2, 0), "twice the expected"),
    ("step", lambda z: [int(v >= 0) for v in np.ravel(z)], "list of length 7"),
    ("predict", lambda x, w, b: Right.step(x @ w), "bias b is missing"),
    ("predict", lambda x, w, b: Right.step(x @ w - b), "bias b is subtracted"),
    ("predict", lambda x, w, b: x @ w + b >= 0, "booleans"),
    ("predict", lambda x, w, b: Right.step(w @ x + b), "order of the factors"),
    ("predict", lambda x, w, b: Right.step(x * w + b), "multiplied, but not summed"),
    ("predict", lambda x, w, b: 3 * Right.step(x @ w + b), "constant times.*: 3"),
    ("update", update_in_place, "changed its argument w in place"),
    ("update", lambda x, d, w, b, eta: (w, b), r"3 results.*2 came"),
    ("update", lambda x, d, w, b, eta: w, "nothing is updated.*only w is returned"),
    (
        "update",
        lambda x, d, w, b, eta: (*Right.update(x, 1 - d, w, b, eta)[:2], False),
        "update, w.*wrong values.*Also wrong: b, mistake",
    ),
    ("fit", fit_from_random, "Two calls with the same arguments give different"),
    ("fit", fit_without_counting, r"3 results \(w, b, mistakes\) are expected; 2 came"),
    ("fit", fit_pocket, r"fit, b.*same amount: 1\b.*Right: w, mistakes"),
    ("solvable", lambda d, g: 2 * Right.solvable(d, g), "twice the expected"),
    ("solvable", lambda d, g: Right.solvable(d, g) > 0, "whether there is one"),
    ("solvable", lambda d, g: list(range(Right.solvable(d, g))), "its length"),
]


@pytest.mark.parametrize(("name", "wrong", "told"), GATES)
def test_wrong_answers_of_perceptron_gates(name, wrong, told):
    assert re.search(told, failure(CHECKS[name], wrong, seed=11))


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
    ("sigmoid", lambda z: np.exp(z) / (1 + np.exp(z)), "NaN.*exponential overflows"),
    (
        "sigmoid",
        lambda z: 2 * Right.sigmoid(z) - 1,
        "−1 and 1 came in place of 0 and 1",
    ),
    ("sigmoid", lambda z: z / (1 + np.abs(z)), r"wrong values expected.*\[2, 1\]"),
    ("sigmoid_prime", off("sigmoid_prime", lambda v: 4 * v), "constant times.*: 4"),
    ("sigmoid_prime", lambda z: z * (1 - z), "z was taken for the activation"),
    (
        "forward",
        pair("forward", second=lambda a: a[1:]),
        r"activations\[0\] is missing",
    ),
    (
        "forward",
        lambda x, W, b: Right.forward(x, W, [0 * c for c in b]),
        "biases are miss",
    ),
    (
        "forward",
        lambda x, W, b: Right.forward(x, [V.T for V in W], b),
        "W stands in place of its transpose",
    ),
    (
        "forward",
        lambda x, W, b: Right.forward(x, W, [2 * c for c in b]),
        "the biases are added twice",
    ),
    (
        "output_error",
        lambda a, y, z: (y - a) * Right.sigmoid_prime(z),
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
        lambda a, y, z: (a - y) * Right.sigmoid_prime(z) ** 2,
        "one factor σ′.z. too many",
    ),
    ("output_error", lambda a, y, z: -(a - y) / len(y), "two things at once.*σ′.*sign"),
    (
        "hidden_error",
        lambda W, d, z: d @ W.T * Right.sigmoid_prime(z),
        "transposed the wrong way",
    ),
    ("hidden_error", lambda W, d, z: d @ W, "σ′.z. is missing"),
    (
        "hidden_error",
        off("hidden_error", lambda v: v / v.shape[1]),
        "divided by n, the num",
    ),
    ("hidden_error", hidden_in_place, "delta_next in place"),
    ("gradients", lambda d, a: (d.T @ a, d.sum(axis=0)), "without dividing by m"),
    ("gradients", pair("gradients", np.transpose), "dW is transposed"),
    ("gradients", mean_over_features, "number of neurons n_l, not"),
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
    ("backprop", pair("backprop", lambda v: [g.T for g in v]), "dWs are transposed"),
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
    assert re.search(told, failure(CHECKS[name], wrong, seed=11))


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
    ("output_delta", lambda p, y: p, "this is p itself, unchanged"),
    ("relu", np.abs, "absolute value"),
    ("relu", lambda z: max(z, 0), "`if`, `and` or `or` on a whole array"),
    ("relu", lambda z: np.maximum(z, 0).T, "transposed"),
    ("relu_prime", lambda z: (z >= 0).astype(float), "it is 1 and should be 0"),
    ("he_init", he(lambda a, b: 2 / a), "square root is missing"),
    ("he_init", he(lambda a, b: np.sqrt(1 / a)), "√.1/n. in place"),
    ("he_init", he(lambda a, b: np.sqrt(2 / b)), "wrong side"),
    ("he_init", he(lambda a, b: 0.37), "standard deviation is 0.3"),
    ("he_init", he(flip=True), "it is transposed"),
    ("he_init", he(bias=1.0), "biases start at 0"),
    ("he_init", he(uniform=True), "no weight beyond 2.5.*uniform"),
    ("he_init", he(own=True), "rng that is passed"),
    ("minibatches", lambda n, m, rng: slices(np.arange(n), n, m), "not shuffled"),
    (
        "minibatches",
        cut(lambda o, n, m, rng: slices(o, n, m)[: n // m]),
        "last, smaller minibatch is missing: 3",
    ),
    (
        "minibatches",
        cut(lambda o, n, m, rng: slices(rng.integers(n, size=n), n, m)),
        "drawn with replacement",
    ),
    (
        "minibatches",
        cut(lambda o, n, m, rng: slices(o + 1, n, m)),
        "indices run from 0",
    ),
    ("minibatches", cut(lambda o, n, m, rng: slices(o, n, 2 * m)), "hold m = 10"),
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
    ("train", trained(sign=-1), "diverged.*the cost is climbed .a wrong sign"),
    ("train", trained(act=TANH), "good for tanh"),
    ("train", trained(act=LINEAR), "good for no activation"),
    ("train", trained(shift=1), "off by one class"),
    (
        "train",
        trained(start=0.0),
        "all hidden neurons are equal",
    ),
    ("train", lambda x, y, *a: Right.train(x, y[::-1], *a), "level of chance: x and y"),
    ("train", lambda x, y, s, e, *a: Right.train(x, y, s, 1, *a), "too little"),
    ("train", lambda x, y, s, e, *a: Right.train(x, y, s, 0, *a), "still 0"),
    ("train", lambda x, y, *a: Right.train(x[:100], y[:100], *a), "too little"),
    ("train", lambda *a: Right.train(*a)[0] * 0, "two lists"),
    (
        "train",
        lambda *a: [[np.full_like(v, np.nan) for v in p] for p in Right.train(*a)],
        "NaN or infinite: the training diverged",
    ),
]


@pytest.mark.parametrize(("name", "wrong", "told"), DIGITS)
def test_wrong_answers_of_backpropagation_train_digits(name, wrong, told):
    assert re.search(told, failure(CHECKS[name], wrong, seed=11))


# --- independent derivations --------------------------------------------------------


@pytest.mark.parametrize("case", backpropagation._networks(5), ids=lambda c: c.label)
def test_backpropagation_by_finite_differences_agrees_with_autograd(case):
    torch = pytest.importorskip("torch")
    x, y, weights, biases = case.args.values()
    params = [
        [torch.tensor(p, requires_grad=True) for p in g] for g in (weights, biases)
    ]
    a = torch.tensor(x)
    for W, b in zip(*params, strict=True):
        a = torch.sigmoid(a @ W.T + b)
    (0.5 * ((a - torch.tensor(y)) ** 2).sum(1)).mean().backward()
    ours = backpropagation._numerical(x, y, weights, biases)
    for group, grads in zip(params, ours, strict=True):
        for p, grad in zip(group, grads, strict=True):
            np.testing.assert_allclose(grad, p.grad.numpy(), rtol=1e-6, atol=1e-9)


def test_the_cross_entropy_of_backpropagation_agrees_with_torch(monkeypatch):
    torch = pytest.importorskip("torch")

    def by_torch(z, y):
        loss = torch.nn.functional.cross_entropy(torch.tensor(z), torch.tensor(y))
        return loss.item()

    backpropagation.cross_entropy(by_torch, seed=4)


def test_backpropagation_begins_with_torchs_gradient_of_the_summed_cross_entropy():
    torch = pytest.importorskip("torch")

    def by_torch(p, y):
        z = torch.tensor(np.log(p), requires_grad=True)
        torch.nn.functional.cross_entropy(
            z, torch.tensor(y), reduction="sum"
        ).backward()
        return z.grad.numpy()

    backpropagation.output_delta(by_torch, seed=4)


@pytest.mark.parametrize(
    ("gate", "w", "b"),
    [
        ("AND", (2, 1), -3),
        ("OR", (1, 1), -1),
        ("NAND", (-2, -1), 2),
        ("NOR", (-1, -1), 0),
    ],
)
def test_the_simulated_perceptron_learns_the_weights_of_the_chapter(gate, w, b):
    X, d = np.array(gates.ROWS, dtype=float), np.array(gates.GATES[gate])
    got_w, got_b, mistakes = gates._fit(core.Slip(), X, d, 1.0, 100)
    assert (tuple(got_w), got_b, mistakes[-1]) == (w, b, 0)


# --- core: generic recognition ------------------------------------------------------

E = np.array([[0.3, -1.7, 2.2, 0.9], [1.1, 0.4, -0.6, 3.5], [-2.3, 0.8, 1.9, 0.2]])
Z = np.array([[1.5, 0.2, -0.7, 2.1], [0.4, 3.1, 1.2, -0.9], [2.6, -1.3, 0.5, 0.8]])
SCALES = {"m": 3, "n": 4}


def compare(got, expected, inputs=None, scales=None, mistakes=()):
    """Check a function that returns `got` where `expected` is right."""
    wrong = [(text, lambda *args, value=value: value) for text, value in mistakes]
    case = Case("", inputs or {}, scales or {})
    verify("f", lambda *args: got, [case], lambda *args: expected, mistakes=wrong)


@pytest.mark.parametrize(
    ("got", "told"),
    [
        (None, "returns None: is the return statement missing"),
        (..., "placeholder"),
        (NotImplemented, "placeholder"),
        ("text", "numbers in a regular array"),
        ([[1], [1, 2]], "one array is expected"),
        ((E,), "trailing comma"),
        (np.sum, "parentheses missing"),
        (E.astype(complex), "complex"),
        (E.T, "transposed"),
        (E.T + 1, "that of the transposed result; the values differ"),
        (E.sum(0), "summed over axis 0"),
        (E.mean(0), "averaged over axis 0"),
        (E.mean(1), "averaged over axis 1"),
        (E.sum(), "summed over all entries"),
        (E.ravel(), "another arrangement"),
        (E[None], "axis of length 1"),
        (E[0], "only the first row .or entry. came"),
        (np.where(E > 3, np.nan, E), "1 entries are not finite.*NaN"),
        (np.where(E > 3, np.inf, E), "an infinity"),
        (-E, "sign is wrong"),
        (3 * E, "did not divide by m, the number of examples"),
        (E / 3, "divided by m, the number of examples"),
        (E * 3 / 4, "divided by n, the number of features, in place of m"),
        (E * 3 / 2, "m − 1"),
        (-E / 4, "divided by n.*and the sign is wrong"),
        (2 * E, "twice"),
        (E / 2, "half"),
        (1.7 * E, "constant times.*1.7"),
        (E + 0.25, "same amount: 0.25"),
        (0 * E, "every entry is 0"),
        (1 - E, "1 minus"),
        (np.abs(E), "absolute"),
        (E**2, "squared"),
        (E[::-1], "rows are in reversed"),
        (E[:, ::-1], "columns are in reversed"),
        (np.roll(E, 1, 1), "shifted right by one"),
        (np.roll(E, -1, 0), "rows are shifted up by one"),
        (E[:, [2, 0, 1, 3]], "columns are right, in another order"),
        (Z, "this is z itself"),
        (E - Z, "z is missing"),
        (E + Z, "z is counted once too often"),
        (E / Z, "a factor z is missing"),
        (E * Z, "one factor z too many"),
        (np.tile(E.mean(0), (3, 1)), "every row is the mean"),
        (np.tile(E[0], (3, 1)), "that of the first example"),
        (np.tile(Z[1] * 7.7 + E[2], (3, 1)), "every row is the same"),
        (E * np.array([[2.0], [5.0], [0.3]]), "row is right up to a factor"),
        (E + np.array([1.0, 5.0, -2.0, 0.3]), "column is right up to a number added"),
        (np.trunc(E).astype(int), "cut off"),
        (E.astype(np.float16), "close to the expected ones"),
        (E * (1 + 1e-5), "constant times"),
        (
            E + np.array([[1e-5, 0, 0, 2e-5]] * 3),
            "close to the expected ones",
        ),
        (1 / (1 + np.exp(-E)), "sigmoid is applied once too often"),
        (np.maximum(E, 0), "negative entries have been set to 0"),
        (-E.T, "that of the transposed result; the values differ"),
        (np.where(np.arange(4) == 3, Z, E), "only the last column is wrong"),
        (np.where(Z < 0, 9.0, E), "exactly those where z < 0"),
    ],
)
def test_core_recognizes(got, told):
    with pytest.raises(CheckFailed) as caught:
        compare(got, E, inputs={"z": Z}, scales=SCALES)
    assert re.search(told, re.sub(r"\s+", " ", str(caught.value)))


def test_torch_tensor_in_place_of_an_array_is_named():
    torch = pytest.importorskip("torch")
    with pytest.raises(CheckFailed, match="torch tensor"):
        compare(torch.tensor(E), E)


def test_a_table_of_all_pairs_is_recognized_as_broadcasting():
    v = np.array([1.0, 2.5, 0.3, 7.0, -1.0])
    with pytest.raises(CheckFailed, match="table of all pairs"):
        compare(v - 2 * v[:, None], v)


def test_two_mistakes_at_once_are_both_named():
    with pytest.raises(CheckFailed) as caught:
        compare(-Z, E, mistakes=[("this is zeta.", Z)])
    assert "two things at once: this is zeta. Moreover, the sign" in " ".join(
        str(caught.value).split()
    )


def test_a_known_mistake_goes_before_a_generic_one():
    with pytest.raises(CheckFailed, match="y − a"):
        compare(-E, E, mistakes=[("y − a stands here.", -E)])


def test_a_mistake_must_explain_all_cases():
    cases = [Case("first", {"x": E}), Case("second", {"x": Z})]

    def wrong(x):
        return -x if x[0, 0] == E[0, 0] else 1.1 * x**3

    with pytest.raises(CheckFailed) as caught:
        verify("f", wrong, cases, lambda x: x, mistakes=[("minus.", lambda x: -x)])
    assert "Likely mistake" not in str(caught.value)


def test_a_diagnosis_of_the_failing_cases_says_so():
    cases = [Case("first", {"x": E}), Case("second", {"x": Z})]

    def wrong(x):
        return -x if x[0, 0] == E[0, 0] else x

    with pytest.raises(CheckFailed) as caught:
        verify("f", wrong, cases, lambda x: 1.0 * x)
    assert re.search(
        r"in the cases that fail, every entry is a constant[\s\S]*✗ first\n  ✓ second",
        str(caught.value),
    )


def test_the_message_gives_place_expected_and_got():
    with pytest.raises(
        CheckFailed, match=r"largest error at \[1, 2\]: expected -0.6, got 5"
    ):
        compare(np.where(E == -0.6, 5.0, E), E)


def test_large_arrays_are_summarized():
    big = np.random.default_rng(0).normal(size=(500, 40))
    with pytest.raises(CheckFailed) as caught:
        compare(-big, big)
    assert len(str(caught.value)) < 600


def test_what_is_right_raises_nothing():
    compare(E.copy(), E)
    compare([1, 2, 3], [1, 2, 3])
    compare(np.float64(0.5), 0.5)


arrays = st.integers(0, 2**32 - 1).map(
    lambda s: np.random.default_rng(s).normal(
        size=tuple(np.random.default_rng(s + 1).integers(2, 7, size=2))
    )
)


def told(got, expected, **how) -> str:
    with pytest.raises(CheckFailed) as caught:
        compare(got, expected, **how)
    return " ".join(str(caught.value).split())


@given(arrays)
def test_any_array_with_the_wrong_sign_is_recognized(e):
    assert "the sign is wrong" in told(-e, e)


@given(arrays, st.floats(0.01, 100))
def test_any_constant_factor_is_recognized(e, c):
    assume(min(abs(c - v) for v in (1, 2, 0.5)) > 1e-3)
    assert re.search("constant times|logarithm has base", told(c * e, e))


@given(arrays, st.integers(3, 500))
def test_a_missing_division_by_m_is_recognized(e, m):
    assert "did not divide by m, the number of examples" in told(
        m * e, e, scales={"m": m}
    )


@given(arrays)
def test_any_transposed_array_is_recognized(e):
    assert "transposed" in told(e.T, e)


@given(arrays, st.randoms(use_true_random=False))
def test_any_order_of_rows_is_recognized(e, random):
    order = list(range(len(e)))
    random.shuffle(order)
    assume(order != sorted(order))
    assert re.search(
        "rows are (right, in another|in reversed|shifted)", told(e[order], e)
    )


# --- core: running a student's function ---------------------------------------------


def test_an_exception_gives_type_line_shapes_and_a_hint():
    def student(x, w):
        return x @ w

    with pytest.raises(CheckFailed) as caught:
        core.call(student, np.ones((4, 3)), np.ones((4, 3)))
    text = str(caught.value)
    assert "ValueError" in text
    assert "at the line: return x @ w" in text
    assert "argument 1 (4, 3), argument 2 (4, 3)" in text
    assert "transpose missing" in text


def test_no_path_of_the_machine_is_shown():
    with pytest.raises(CheckFailed) as caught:
        core.call(lambda: missing)  # noqa: F821
    assert "NameError" in str(caught.value)
    assert ".py" not in str(caught.value)


def test_printing_in_place_of_returning_is_named():
    with pytest.raises(CheckFailed, match="prints its result"):
        core.call(lambda x: print(x), 3)


def test_a_placeholder_for_a_function_is_named():
    with pytest.raises(CheckFailed, match="a function belongs"):
        core.call(None)


def test_a_student_leaves_no_trace(capsys):
    def student():
        import sys
        import warnings

        print("noise")
        print("noise", file=sys.stderr)
        warnings.warn("noise", stacklevel=1)
        np.random.seed(0)  # noqa: NPY002
        return np.log(np.zeros(1)) * 0 + 1

    np.random.seed(7)  # noqa: NPY002
    expected = np.random.rand()  # noqa: NPY002
    np.random.seed(7)  # noqa: NPY002
    core.call(student)
    assert np.random.rand() == expected  # noqa: NPY002
    assert capsys.readouterr() == ("", "")


def test_a_generator_without_an_end_is_stopped():
    with pytest.raises(CheckFailed, match="your generator never stops"):
        core.call(itertools.count)


@pytest.mark.parametrize("by_index", [False, True])
def test_a_perceptron_that_ignores_max_epochs_is_stopped_on_xor(by_index):
    def fit(X, d, eta=1.0, max_epochs=100):
        w, b, mistakes = np.zeros(X.shape[1]), 0.0, [1]
        while mistakes[-1]:
            mistakes.append(0)
            rows = (X[i] for i in range(len(X))) if by_index else X
            for x, target in zip(rows, d, strict=True):
                w, b, wrong = Right.update(x, target, w, b, eta)
                mistakes[-1] += wrong
        return w, b, mistakes[1:]

    told = failure(perceptron.fit, fit)
    assert re.search("✗ fit: it never stops.*goes on after max_epochs", told)
    assert "✗ XOR" in told
    assert "✓ AND" in told


def test_arrays_from_the_counted_examples_of_a_perceptron_are_plain():
    X = np.ones((4, 2)).view(gates.Finite)
    results = [X[0], X @ np.ones(2), X + 1, X.sum(axis=0), next(iter(X))]
    assert {type(r) for r in results} == {np.ndarray}
    assert type(X.sum()) is np.float64


def test_minibatches_of_backpropagation_without_an_end_are_told_so():
    def endless(n, m, rng):
        while True:
            yield rng.permutation(n)[:m]

    assert "✗ minibatches: your generator never stops" in failure(
        backpropagation.minibatches, endless
    )


# --- core: partial credit and what nbgrader makes of it -----------------------------


def raises():
    raise CheckFailed("✗ third: the sign is wrong")


def test_partial_gives_the_share_of_right_cases_as_a_float(capsys):
    points = partial(2, {"one": lambda: None, "two": lambda: None, "three": raises})
    out, err = capsys.readouterr()
    assert (points, type(points), err) == (1.33, float, "")
    assert "✓ one" in out
    assert "the sign is wrong" in out


def test_partial_gives_all_points_for_all_cases():
    assert partial(3, dict.fromkeys("abc", lambda: None)) == 3.0


def test_partial_without_a_right_case_fails_with_the_diagnoses():
    with pytest.raises(CheckFailed, match="the sign is wrong"):
        partial(2, {"one": raises, "two": raises})


@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_perceptron_for_xor_earns_all_points(seed):
    assert partial(2, perceptron.xor_cases(Right.xor, seed)) == 2.0


def test_a_half_right_perceptron_for_xor_earns_its_rows_and_is_named(capsys):
    points = partial(5, perceptron.xor_cases(lambda p, q: p | q))
    out = capsys.readouterr().out
    assert points == 3.0
    assert "✗ x1 = 1, x2 = 1" in out
    assert "this is OR" in out


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda x1, x2: None, "is the return statement missing"),
        (lambda x1, x2: x1 != x2, "booleans"),
        (lambda x1, x2: 1 - Right.xor(x1, x2), "this is the negation, XNOR"),
    ],
)
def test_a_perceptron_for_xor_wrong_in_all_rows_fails_and_is_named(wrong, told):
    with pytest.raises(CheckFailed, match=told):
        partial(2, perceptron.xor_cases(wrong, seed=11))


def test_a_perceptron_for_xor_not_yet_written_is_told_so():
    def stub(x1, x2):
        raise NotImplementedError()

    with pytest.raises(CheckFailed, match="not yet written"):
        partial(2, perceptron.xor_cases(stub))


def executed(source: str):
    """Run a grade cell of two points in a kernel, as nbgrader does."""
    pytest.importorskip("nbclient")
    import nbformat
    from nbclient import NotebookClient

    cell = nbformat.v4.new_code_cell(source)
    cell.metadata["nbgrader"] = {
        "grade": True,
        "solution": False,
        "points": 2,
        "grade_id": "one",
        "locked": True,
    }
    book = nbformat.v4.new_notebook(cells=[cell])
    NotebookClient(book, allow_errors=True, kernel_name="python3").execute()
    return book.cells[0]


HEAD = (
    "from helpers.checks import core\n"
    "case = core.Case('one', {'x': 1.5})\n"
    "def bad():\n    core.verify('f', abs, [case], lambda x: x**2)\n"
    "def good():\n    core.passed('f', 2)\n"
)


@pytest.mark.parametrize(
    ("last", "points"),
    [
        ("core.partial(2, {'a': good, 'b': bad, 'c': bad})", 0.67),
        ("core.partial(2, {'a': good})", 2),
        ("core.partial(2, {'a': bad})", 0),
        ("good()", 2),
        ("bad()", 0),
    ],
)
def test_nbgrader_awards_what_the_check_says(last, points):
    utils = pytest.importorskip("nbgrader.utils")
    assert utils.determine_grade(executed(HEAD + last)) == (points, 2)


def test_a_notebook_shows_the_message_without_our_frames():
    (output,) = executed(HEAD + "bad()").outputs
    assert output.output_type == "error"
    assert output.ename == "CheckFailed"
    assert output.evalue.startswith("✗ f")
    assert "core.py" not in "\n".join(output.traceback)


@pytest.mark.parametrize("got", [E.tolist(), E > 9, (E > 9) * 1.0], ids=str)
def test_a_change_that_changes_nothing_is_no_cause(got):
    expected = E if isinstance(got, list) else (E > 9).astype(int)
    with pytest.raises(CheckFailed) as caught:
        compare(got, expected)
    told = re.sub(r"\s+", " ", str(caught.value))
    assert told.count("Likely mistake:") == 1
    assert re.search("a value of type list|integers are expected", told)
