"""What exercises on classification share: softmax, cross-entropy, and trainings.

Rows are examples, columns are classes. `softmax_regression` of the chapter on linear
networks and `train_digits` of the chapter on backpropagation use them: each sheet
gives its sentences, and a heading of its chapter's page.
"""

import contextlib
import functools
import io
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from helpers.data.bundled import bundled

from .engine import Case, CheckFailed, Step, call

ACCURACY = 0.93  # on unseen digits

# --- softmax --------------------------------------------------------------------------


def softmax(z, axis=-1):
    """Return e^z, divided by its sum along an axis."""
    e = np.exp(z - np.max(z, axis, keepdims=True))
    return e / np.sum(e, axis, keepdims=True)


def misnumbered(y, k):
    """Return one-hot rows where the labels that occur decide: see `MISNUMBERED`."""
    return {
        "seen": lambda: np.eye(max(y) + 1)[y],
        "renumbered": lambda: np.eye(k)[np.unique(y, return_inverse=True)[1]],
    }


MISNUMBERED = {
    "seen": "the number of classes is taken from the labels: the last class may not "
    "occur.",
    "renumbered": "the labels that occur are numbered anew: a label is the number of "
    "its class, though others may not occur.",
}


def _softmax(slip, z):
    z = slip(z, flipped=-z, base_2=z * np.log(2))
    top, total = z.max(-1, keepdims=True), z.sum(-1, keepdims=True)
    axis = slip((-1,), columns=(0,), whole=(0, 1))
    p = softmax(slip(z, clipped=np.clip(z, -500, 500)), axis)
    p = slip(p, naive=lambda: _divided(np.exp(z), axis))
    p = slip(p, by_mean=lambda: _divided(np.exp(z - z.mean(axis, keepdims=True)), axis))
    p = slip(p, one_top=lambda: _divided(np.exp(z - z.max()), axis))
    size = lambda: np.abs(z).max(axis, keepdims=True)  # noqa: E731
    p = slip(p, by_size=lambda: _divided(np.exp(z - size()), axis))
    p = slip(p, top_of_columns=lambda: _divided(np.exp(z - z.max(0))))
    p = slip(p, undivided=np.exp(z - top))
    p = slip(p, columns_sum=lambda: _divided(np.exp(z - top), 0))
    p = slip(p, whole_sum=lambda: _divided(np.exp(z - top), None))
    p = slip(p, linear=lambda: z / total)
    p = slip(p, log=lambda: z - np.logaddexp.reduce(z, axis=-1, keepdims=True))
    p = slip(p, sigmoid=0.5 * (1 + np.tanh(z / 2)), one_hot=(z == top) * 1.0)
    return p


def _divided(e, axis=-1):
    return e / e.sum(axis, keepdims=True)


def _tables(rng) -> Iterator[Case]:
    shapes = ((5, 4), (4, 4), (3, 7))
    tables = {f"{m} rows, {k} classes": 2 * rng.normal(size=(m, k)) for m, k in shapes}
    rows = rng.normal(size=(4, 3))
    tables["rows far apart"] = rows + np.array([[0], [30], [-40], [5]])
    far = 1000.0 * np.array([[1], [-1], [0]])
    tables["entries near ±1000"] = rng.normal(size=(3, 5)) + far
    tables["1000 and −1000 in one row"] = np.array([[1000.0, -1000, -999, 998.5]])
    for label, z in tables.items():
        yield Case(label, {"z": z}, {"m": len(z), "k": z.shape[1]})


def softmax_step(see: str, demands: Mapping[str, Sequence[str]]) -> Step:
    """Return the step `softmax(z)`: over each row, stable for large z."""
    return Step(
        "softmax",
        _softmax,
        _tables,
        texts={
            "flipped": "the sign in the exponent is wrong.",
            "base_2": "the powers have the base 2: softmax takes those of e.",
            "columns": "columns sum to 1: axis 0 is the examples, not the classes.",
            "whole": "all entries together sum to 1: each row must.",
            "naive": "the exponentials overflow: subtract each row's largest entry "
            "before exp (it does not change the result).",
            "by_mean": "not the row's largest entry is subtracted: it overflows.",
            "one_top": "one maximum is subtracted from the whole batch: rows far below "
            "it underflow to 0/0. Each row needs its own.",
            "by_size": "the row's largest absolute value is subtracted: a row far from "
            "0, below it, becomes 0/0.",
            "top_of_columns": "the maximum is taken over axis 0 and the sum over the "
            "rows: subtract the same number within a row.",
            "undivided": "the division by the row's sum is missing.",
            "columns_sum": "the division is by sums over axis 0, not over the classes.",
            "whole_sum": "the division is by the sum of all entries: each row has its "
            "own.",
            "clipped": "large logits are cut off: their differences get lost.",
            "linear": "the exponential is missing: z is divided by its sum.",
            "log": "this is the logarithm of the softmax.",
            "sigmoid": "this is a sigmoid of each entry.",
            "one_hot": "this is a hard maximum: 1 for the largest entry.",
        },
        warn="an exponential overflows: subtract each row's largest entry first.",
        demands=demands,
        why="Softmax turns any scores into probabilities: the exponential makes them "
        "positive, the division makes each row add up to 1. Adding a number to all "
        "logits of a row multiplies numerator and denominator by the same factor and "
        "changes nothing. So subtract the largest one: then no exponent is positive, "
        "nothing overflows, and at least one term of the sum is 1, so that the "
        "division is safe as well. Each row needs its own maximum.",
        see=see,
        small=lambda: Case("", {"z": np.array([[0.0, 0.0], [1.0, 3.0]])}),
    )


# --- cross-entropy --------------------------------------------------------------------

TINY = {f"cut_{t:g}": t for t in (1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-300)}
# what is smaller is as if cut off
ADDED = {f"plus_{t:g}": t for t in (1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15)}
CUT = {
    n: f"p is cut off at {t:g}: a small p costs too little." for n, t in TINY.items()
}
CUT |= {
    n: f"{t:g} is added to p: a small p costs too little." for n, t in ADDED.items()
}


def log_softmax(z):
    """Return the logarithms of the probabilities, straight from the logits."""
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def _cross_entropy(slip, z, y):
    rows, top = np.arange(len(y)), z.max(1)
    y = slip(y, one_left=(y - 1) % z.shape[1], one_right=(y + 1) % z.shape[1])
    logits = slip(z, flipped=-z)
    logp = slip(log_softmax(logits), examples=log_softmax(z.T).T, no_exp=z)
    logp = slip(logp, twice=lambda: log_softmax(softmax(z)))
    own = logp[rows, y]
    each = slip(own, hard=z[rows, y] - top, total_only=own - z[rows, y])
    each = slip(each, naive=lambda: z[rows, y] - np.log(np.exp(z).sum(1)))
    low = z - z.max()
    each = slip(each, one_top=lambda: low[rows, y] - np.log(np.exp(low).sum(1)))
    each = slip(each, not_back=own + top, best=logp.max(1), all_summed=logp.sum(1))
    each = slip(each, all_mean=logp.mean(1), of_logits=lambda: np.log(z[rows, y]))
    each = slip(each, log_of_0=lambda: np.log(softmax(z)[rows, y]))
    each = slip(each, one_minus=lambda: np.log1p(-np.exp(each)))
    each = slip(
        each,
        **{name: np.maximum(each, np.log(t)) for name, t in TINY.items()},
        **{name: np.logaddexp(each, np.log(t)) for name, t in ADDED.items()},
    )
    value = slip(-each.mean(), minus=each.mean(), summed=-each.sum(), each=-each)
    value = slip(value, p=np.exp(each).mean(), minus_p=-np.exp(each).mean())
    value = slip(value, one_minus_p=1 - np.exp(each).mean(), first=-each[0])
    value = slip(value, log_of_mean=lambda: -np.log(np.exp(each).mean()))
    return slip(value, pairs=-logp[:, y].mean())


def _labeled(rng) -> Iterator[Case]:
    for m, k, far in ((5, 4, 0), (4, 4, 0), (6, 3, 0), (3, 5, 1000), (7, 2, -1000)):
        z, y = 2 * rng.normal(size=(m, k)) + far, rng.integers(k, size=m)
        label = f"{m} examples, {k} classes" + (f", logits near {far}" if far else "")
        yield Case(label, {"z": z, "y": y}, {"m": m, "k": k})
    z = np.array([[-1000.0, -1001, -1003], [1000, 998, 1001]])
    yield Case("rows far apart", {"z": z, "y": np.array([1, 0])}, {"m": 2, "k": 3})
    for top, rare in ((20.0, "small"), (870.0, "very small")):
        z = np.array([[top + 9, 0, -5], [0, 4, top]])
        label = f"labels of {rare} probability"
        yield Case(label, {"z": z, "y": np.array([1, 0])}, {"m": 2, "k": 3})


def cross_entropy_step(see: str, demands: Mapping[str, Sequence[str]]) -> Step:
    """Return the step `cross_entropy(z, y)` from logits and labels, a mean over m."""
    return Step(
        "cross_entropy",
        _cross_entropy,
        _labeled,
        texts=CUT
        | {
            "one_left": "the label is off by one: classes count from 0.",
            "one_right": "the label is off by one, upward: classes count from 0.",
            "flipped": "the logits have the wrong sign.",
            "examples": "the softmax runs over axis 0, the examples, not the classes.",
            "no_exp": "the normalization is missing: this is −z at the label.",
            "twice": "softmax has been applied twice.",
            "hard": "the largest logit stands in place of ln Σ exp z.",
            "total_only": "this is log Σ exp z alone: z at the label is missing.",
            "naive": "exponentials overflow: subtract each row's largest entry.",
            "one_top": "one maximum serves the whole batch: rows far below it vanish.",
            "not_back": "the largest logit has not been added back.",
            "best": "the most likely class is taken, not the label.",
            "all_summed": "ln p of all classes is summed: only the label counts.",
            "all_mean": "ln p of all classes is averaged: only the label counts.",
            "log_of_0": "a small p has become 0, its logarithm −∞: use the logits.",
            "of_logits": "the logarithm of the logits is taken: they are no p.",
            "one_minus": "this is −ln(1 − p) of the label: −ln p is asked for.",
            "minus": "the minus is missing.",
            "summed": "this is the sum over the examples: the mean is asked for.",
            "each": "one value for each example: the mean over them is missing.",
            "p": "the logarithm is missing: this is the mean of p.",
            "minus_p": "the logarithm is missing: this is the mean of −p.",
            "one_minus_p": "the logarithm is missing: this is 1 − p.",
            "first": "only the first example counts: a return inside the loop?",
            "log_of_mean": "the logarithm of the mean, not the mean of the ln p.",
            "pairs": "[:, y] takes all pairs of examples: pair each row with its y.",
        },
        warn="an exponential overflows or a logarithm meets 0: use log-sum-exp with "
        "each row's largest entry subtracted.",
        demands=demands,
        why="Cross-entropy looks at one probability for each example, that of its "
        "label, and takes the negative logarithm: nothing to pay for certainty, and "
        "more and more the less the network believed in the truth. A probability of "
        "e^−900 is 0 in floating point, and its logarithm −∞. Written with the logits "
        "it is a plain number: ln Σ exp z minus the logit of the label. A small number "
        "that is added or a bound hides the overflow, and changes the cost just where "
        "it matters.",
        see=see,
        small=lambda: Case(
            "", {"z": np.array([[0.0, 2.0], [1.0, 1.0]]), "y": np.array([0, 1])}
        ),
    )


# --- trainings ------------------------------------------------------------------------


def digits(seed: int) -> list[np.ndarray]:
    """Return scikit-learn's digits in 0…1, split by `seed`: x, x_test, y, y_test.

    The test part has 45 images of shape (64,) of each class.
    """
    x, y = bundled("digits")
    rows = np.random.default_rng(seed).permutation(len(y))
    is_test = np.zeros(len(y), bool)
    for k in range(10):
        is_test[rows[y[rows] == k][:45]] = True
    train, test = rows[~is_test[rows]], rows[is_test[rows]]
    return [x[train] / 16, x[test] / 16, y[train], y[test]]


def learns(
    training: Step, function: Callable, seed: int, settings: Sequence, guess: Callable
) -> None:
    """Check a training: its steps and their order, then its accuracy on unseen digits.

    ``function(x, y, *settings, seed)`` returns the trained model; ``guess(x, *model)``
    gives its class numbers.

    Raises
    ------
    CheckFailed
        A step or the order is wrong, or the accuracy is below `ACCURACY`.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        training(function, seed)
    x, x_test, y, y_test = digits(seed)
    model = call(function, x, y, *settings, seed, name=training.name)
    rate = np.mean(guess(x_test, *model) == y_test)
    if not rate >= ACCURACY:
        raise CheckFailed(
            f"✗ {training.name}: steps and their order are right on a few examples, "
            f"and still the accuracy on {len(y_test)} unseen digits is {rate:.3f}: at "
            f"least {ACCURACY} is expected.\nLikely mistake: not all examples are used."
        )
    print(f"✓ {training.name}: accuracy {rate:.3f} on {len(y_test)} unseen digits")


def outputs(x: np.ndarray, weights: Sequence, biases: Sequence) -> list[np.ndarray]:
    """Return the activations of all layers: ReLU, and logits at the end."""
    a = [x]
    for i, (W, b) in enumerate(zip(weights, biases, strict=True)):
        z = a[-1] @ W.T + b
        a.append(z if i == len(weights) - 1 else np.maximum(z, 0))
    return a


def moved(theta: Sequence, x, y, eta: float, divide: float) -> list[np.ndarray]:
    """Return weights and biases after a step; the gradient's sum is divided."""
    half = len(theta) // 2
    W, b = list(theta[:half]), list(theta[half:])
    a = outputs(x, W, b)
    delta = softmax(a[-1]) - np.eye(len(b[-1]))[y]
    for i in reversed(range(half)):
        change = delta.T @ a[i], delta.sum(0)
        delta = delta @ W[i] * (a[i] > 0)
        W[i], b[i] = W[i] - eta / divide * change[0], b[i] - eta / divide * change[1]
    return W + b


@functools.cache
def schedules(N: int, m: int) -> tuple[tuple[str, list], ...]:
    """Return ways through an epoch, by name: batches of (rows, labels, divisor).

    The right ones come first. For N = 5 and m = 2 there are 30 of them.
    """

    def cut(order, size):
        return tuple(order[i : i + size] for i in range(0, len(order), size))

    def plain(batches):
        return [(b, b, len(b)) for b in batches]

    everyone = tuple(range(N))
    mixed = list(itertools.permutations(everyone))
    orders = sorted({tuple(tuple(sorted(b)) for b in cut(p, m)) for p in mixed})
    ways = [("right", plain(o)) for o in orders]
    ways += [("all at once", plain([everyone]))]
    ways += [("the last one missing", plain(o[:-1])) for o in orders]
    ways += [("the first one only", plain(o[:1])) for o in orders]
    ways += [("divided by m", [(b, b, m) for b in o]) for o in orders]
    for part in itertools.combinations(everyone, -(-N // m)):
        ways.append(("m of them", plain([part, tuple(sorted({*everyone} - {*part}))])))
    for p in mixed:
        pairs = zip(cut(p, m), cut(everyone, m), strict=True)
        ways.append(("labels stay", [(b, c, len(b)) for b, c in pairs]))
    ways += [(BY_ONE, plain(cut(p, 1))) for p in mixed]
    some, rest = (
        [*itertools.combinations_with_replacement(everyone, n)] for n in (m, N % m or m)
    )
    for parts in (
        [some] * (N // m),
        [some] * -(-N // m),
        [some] * (-(-N // m) - 1) + [rest],
    ):
        ways += [("drawn", plain(way)) for way in itertools.product(*parts)]
    return tuple(ways)


def equal(one: Sequence, two: Sequence) -> bool:
    """Tell whether two lists of weights and biases are the same, up to float32."""
    return all(np.allclose(a, b, 1e-4, 1e-6) for a, b in zip(one, two, strict=True))


def steps_seen(free: Callable, replay: Callable, x, y, seed: int) -> dict:
    """Observe what one and two steps with all examples do: no order matters.

    ``free(epochs, m, seed)`` and `replay` return weights, then biases, as arrays.
    """
    start = free(0, len(x), seed)
    seen = {"_start": {seed: start}, "shapes": [a.shape for a in start]}
    one, two = (replay(t, len(x), seed) for t in (1, 2))
    return seen | {"one step": one, "two steps": two}


def epochs_seen(free: Callable, x, y, eta: float, m: int, seeds: Sequence) -> dict:
    """Observe in which order minibatches of m come: what explains the weights tells."""

    def found(theta, end, m=m):
        for name, batches in schedules(len(x), m):
            now = theta
            for rows, labels, divide in batches:
                now = moved(now, x[list(rows)], y[list(labels)], eta, divide)
            if equal(now, end):
                return name, [rows for rows, *_ in batches]
        return "none", []

    N, first = len(x), free(1, m, seeds[0])
    steady = equal(first, free(1, m, seeds[0]))
    seen = {"the same seed, the same weights": steady}
    start = {seed: free(0, m, seed) for seed in seeds}
    whole, _ = found(start[seeds[0]], free(1, N, seeds[0]), N)
    seen["all examples at once"] = whole
    if not steady or whole not in ("right", BY_ONE):
        return seen  # the order of wrong steps cannot be found
    ways = []
    for seed in seeds:
        one = first if seed == seeds[0] else free(1, m, seed)
        ways.append([found(start[seed], one)])
        if ways[0][0][0] not in IN_ORDER:
            break
        ways[-1].append(found(one, free(2, m, seed)))
    names = {name for pair in ways for name, _ in pair}
    name = names.pop() if len(names) == 1 else "mixed"
    orders = [[rows for _, rows in pair] for pair in ways]
    stored = [tuple(range(i, min(i + m, N))) for i in range(0, N, m)]
    flat = [o for pair in orders for o in pair]
    told = name in IN_ORDER
    return seen | {
        "an epoch": name,
        "a random order": not told or any(o != stored[: len(o)] for o in flat),
        "a new order in each epoch": not told or any(a != b for a, b in orders),
        "another seed, another order": not told or orders[0] != orders[1],
    }


BY_ONE = "one by one"
IN_ORDER = ("right", "divided by m", "the last one missing")
FACTS = {
    "the same seed, the same weights": "two trainings with the same seed give other "
    "weights: draw from one generator with that seed.",
    "a random order": "the examples come in their stored order: they are not shuffled.",
    "a new order in each epoch": "the order is the same in each epoch: draw a new one.",
    "another seed, another order": "the seed is not used: the order is always the "
    "same.",
}
TRAINING = {
    "seed_fixed": "the seed is not used: all seeds give the same.",
    "in_order": "the examples come in their stored order: they are not shuffled.",
    "same_order": "the order is the same in each epoch: draw a new one in the loop, "
    "and make the generator before it.",
    "all_at_once": "m is ignored: each epoch is one step with all examples.",
    "one_by_one": "m is ignored: each step takes one example.",
    "chunk": "m is taken for the number of minibatches: it is their size.",
    "drops_last": "the last, smaller minibatch is left out.",
    "first_only": "each epoch takes its first minibatch only.",
    "labels_stay": "the labels do not follow the order of the examples: pick x and y "
    "with the same indices.",
    "over_m": "the gradients are divided by m also where the minibatch is smaller.",
    "epoch_less": "there is one epoch too few.",
    "epoch_more": "there is one epoch too many.",
    "epochs_fixed": "the number of epochs is not used: it is always the same.",
    "one_epoch": "only one epoch is trained: a return inside the loop?",
}


def batches(slip: Any, rng: np.random.Generator, N: int, m: int, first: list) -> list:
    """Return the minibatches of an epoch: rows, labels, and what divides their sum."""
    order = rng.permutation(N)
    first.append(order)
    order = slip(order, in_order=np.arange(N), same_order=first[0])
    size = slip(m, all_at_once=N, one_by_one=1, chunk=-(-N // m))
    cut = [order[i : i + size] for i in range(0, N, size)]
    full = [b for b in cut if len(b) == size]
    cut = slip(cut, drops_last=full, first_only=cut[:1])
    stay = [np.arange(i * size, i * size + len(b)) for i, b in enumerate(cut)]
    labels = slip(cut, labels_stay=stay)
    counts = [slip(len(b), over_m=m) for b in cut]
    return list(zip(cut, labels, counts, strict=True))


def epochs_of(slip: Any, epochs: int) -> int:
    """Return the number of epochs; a student's observed start has had some already."""
    drawn = not slip.like
    count = slip(epochs, epoch_less=epochs - 1, one_epoch=min(epochs, 1))
    return slip(count, epoch_more=epochs + drawn, epochs_fixed=3 * drawn)


def fact(got: dict, want: dict) -> str:
    """Say what is wrong with a training: what was observed, no guess."""
    if isinstance(got.get("kind"), str):
        return got["kind"]
    if got.get("shapes") != want.get("shapes"):
        return f"the shapes are {got.get('shapes')}; {want.get('shapes')} are expected."
    for key in ("start", "one step", "two steps"):
        if key in want and not _like(got.get(key), want[key]):
            return SAID[key]
    if "drawn" in (got.get("an epoch"), got.get("all examples at once")):
        return SAID["drawn"]
    facts = (t for k, t in FACTS.items() if got.get(k, want.get(k)) != want.get(k))
    return next(facts, SAID["an epoch"])


SAID = {
    "drawn": "in an epoch some examples come twice, or never: shuffle all, then cut.",
    "start": "the weights that the training starts with (epochs = 0) are not those "
    "that are asked for.",
    "one step": "one step with all examples (epochs = 1, m = N) leads to other "
    "weights.",
    "two steps": "the first step is right; two steps with all examples (epochs = 2, "
    "m = N) lead to other weights.",
    "an epoch": "steps with all examples are right; an epoch of smaller minibatches "
    "leads to weights that no order of the examples explains.",
}


def _like(got: Any, want: Any) -> bool:
    if isinstance(want, str | bool) or got is None or len(got) != len(want):
        return got == want
    return equal(got, want)
