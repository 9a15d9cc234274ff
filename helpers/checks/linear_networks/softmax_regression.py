"""Checks of the sheet `linear_networks/softmax_regression`: from softmax to digits.

Rows are examples; Z = XWᵀ + b with W of shape (k, n). Each step is a reference that
carries its slips (`helpers.checks.engine`).
"""

from collections.abc import Callable, Iterator

import numpy as np

from .. import classification as shared
from ..engine import Case, Step
from ..engine.values import kind_of

SHAPES = ((10, 64), (10,))  # of W and b in a training
SAFE = "Without overflow"

softmax = shared.softmax_step(
    SAFE,
    {
        "for each row $i$": ["columns", "whole"],
        "each row adding up to 1": ["undivided", "sigmoid"],
        "Logits of ±1000 must work": ["naive", "by_mean", "one_top"],
    },
)
cross_entropy = shared.cross_entropy_step(
    SAFE,
    {
        "the mean over the examples": ["summed", "each"],
        "of $-\\ln p_{i, y_i}$": ["minus", "all_mean", "best"],
        "straight from the logits": ["no_exp", "twice"],
        "A very small probability must not give infinity": ["log_of_0", "cut_1e-12"],
    },
)


def _small(**args) -> Case:
    return Case("", args)


# --- log_sum_exp ----------------------------------------------------------------------


def _log_sum_exp(slip, z):
    top, right = z.max(1), np.logaddexp.reduce(z, axis=1)
    mean = z.mean(1, keepdims=True)
    value = slip(right, not_back=right - top, back_down=right - 2 * top, top=top)
    value = slip(value, total=z.sum(1), columns=np.logaddexp.reduce(z))
    value = slip(value, whole=np.logaddexp.reduce(z, axis=None))
    value = slip(
        value, averaged=right - np.log(z.shape[1]), log_softmax=z - right[:, None]
    )
    value = slip(value, naive=lambda: np.log(np.exp(z).sum(1)))
    value = slip(value, no_log=lambda: top + np.exp(z - top[:, None]).sum(1))
    value = slip(value, sum_alone=lambda: np.exp(z - top[:, None]).sum(1))
    value = slip(value, no_exp=lambda: np.log(z.sum(1)))
    value = slip(value, by_mean=lambda: mean[:, 0] + np.log(np.exp(z - mean).sum(1)))
    return slip(value, one_top=lambda: z.max() + np.log(np.exp(z - z.max()).sum(1)))


def _tables(rng) -> Iterator[Case]:
    tables = {
        f"{m}×{k}": 2 * rng.normal(size=(m, k)) for m, k in ((5, 4), (4, 4), (3, 7))
    }
    far = 1000.0 * np.array([[1], [-1], [0]])
    tables["entries near ±1000"] = rng.normal(size=(3, 5)) + far
    tables["1000 and −1000 in one row"] = np.array([[1000.0, -1000, -999, 998.5]])
    for label, z in tables.items():
        yield Case(label, {"z": z}, {"m": len(z), "k": z.shape[1]})


log_sum_exp = Step(
    "log_sum_exp",
    _log_sum_exp,
    _tables,
    texts={
        "not_back": "the largest entry has not been added back.",
        "back_down": "the largest entry is subtracted at the end; it is added back.",
        "top": "this is the largest entry alone: the logarithm of the sum is missing.",
        "total": "this is the sum of the entries: log exp z is z.",
        "columns": "the sum runs over the examples (axis 0), not over the classes.",
        "whole": "one number for the whole table came: one for each row is asked for.",
        "averaged": "log-mean-exp: the sum is divided by the number of classes.",
        "log_softmax": "this is the log-softmax: z minus it.",
        "naive": "the exponentials overflow, or all of them underflow to 0: subtract "
        "each row's largest entry before exp.",
        "no_log": "the logarithm is missing.",
        "sum_alone": "this is the sum of the exponentials after the shift: its "
        "logarithm is missing, and what was subtracted.",
        "no_exp": "the exponential is missing: the logits are summed.",
        "by_mean": "not the row's largest entry is subtracted: it overflows.",
        "one_top": "one maximum is subtracted from the whole table: rows far below it "
        "underflow. Each row needs its own.",
    },
    warn="an exponential overflows or a logarithm meets 0: subtract each row's largest "
    "entry first.",
    demands={
        "for each row $i$": ["columns", "whole"],
        "Logits of ±1000 must work here, too": ["naive", "one_top", "by_mean"],
        "must come back after the logarithm": ["not_back", "back_down"],
    },
    why="A factor can be taken out of the sum: the exponential of the largest logit. "
    "Outside the logarithm it becomes a term, the largest logit itself, and inside "
    "nothing can overflow any more. One term of the sum is 1, so the logarithm never "
    "meets 0 either. Forget to add it back, and every row loses its own amount.",
    see=SAFE,
    goal="turn the outputs of a linear layer into probabilities without overflow",
    small=lambda: _small(z=np.array([[0.0, 0.0], [3.0, -3.0]])),
)


# --- gradients ------------------------------------------------------------------------


def _one_hot(slip, y, k):
    y = slip(y, one_right=(y + 1) % k, one_left=(y - 1) % k)
    return slip(
        np.eye(k)[y], ten=lambda: np.eye(10)[y], seen=lambda: np.eye(max(y) + 1)[y]
    )


def _gradients(slip, X, p, y):
    N, k = p.shape
    hot = _one_hot(slip, y, k)
    hot = slip(
        hot,
        best=np.eye(k)[p.argmax(1)],
        number=y[:, None] + 0 * p,
        columns=hot.max(0) + 0 * hot,
    )
    delta = slip(p - hot, sign=hot - p, no_label=p, no_p=-hot, by_p=-hot / p)
    delta = slip(delta, slope=delta * p * (1 - p), label_only=delta * hot)
    delta = delta / slip(N, summed=1, classes=k, entries=N * k)
    dW, db = delta.T @ X, delta.sum(0)
    dW = slip(dW, turned=dW.T, means=np.outer(db, X.mean(0)))
    return dW, slip(db, each=N * delta.mean(1), one=delta.sum(), db_zero=0 * db)


def _gradient_cases(rng) -> Iterator[Case]:
    for N, n, k in ((5, 3, 4), (4, 4, 4), (7, 2, 3), (6, 5, 2)):
        p, y = rng.dirichlet(np.ones(k), size=N), rng.integers(k, size=N)
        label = f"{N} examples, {n} features, {k} classes"
        y[:2] = 0, k - 1
        if k == 3:
            label, y = "the last class does not occur", y % 2
        args = {"X": rng.normal(size=(N, n)) + 0.5, "p": p, "y": y}
        yield Case(label, args, {"N": N, "n": n, "k": k})


LABELS = {
    "one_right": "the one-hot 1 stands one class too far right: classes count from 0.",
    "one_left": "the one-hot 1 stands one class too far left: classes count from 0.",
    "ten": "the one-hot rows have 10 entries: the number of classes is that of p.",
    "seen": "the number of classes is taken from the labels: the last class may not "
    "occur.",
}
gradients = Step(
    "gradients",
    _gradients,
    _gradient_cases,
    ("dW", "db"),
    texts=LABELS
    | {
        "best": "1 is subtracted at the largest probability, not at the label.",
        "number": "the labels are subtracted as numbers: make them one-hot rows.",
        "columns": "1 is subtracted in whole columns: each row has its own label.",
        "sign": "the sign is wrong: the error is p − y, with the one-hot y.",
        "no_label": "the labels are missing: p stands in place of p − y.",
        "no_p": "the probabilities are missing: −y stands in place of p − y.",
        "by_p": "this is −1/p at the labels: the derivative by p, not by z.",
        "slope": "there is a factor p (1 − p) too many: with cross-entropy it cancels.",
        "label_only": "only the label's entry is kept: the others have an error, too.",
        "summed": "the sums over the examples came: the cost is a mean, divide by N.",
        "classes": "you divided by the number of classes, not of examples.",
        "entries": "you divided by the number of all entries, N k, not by N.",
        "turned": "dW is transposed: W has shape (k, n).",
        "means": "mean error times mean features: multiply first, then average.",
        "each": "db is averaged over the classes; it has one entry for each class.",
        "one": "db is one number: each class has its own bias.",
        "db_zero": "db is 0: the biases have derivatives, too.",
    },
    demands={
        "with respect to $W$ and $b$": ["db_zero"],
        "is $p_i - y_i$": ["sign", "no_label", "slope"],
        "the one-hot $y_i$": ["number", "seen", "one_right"],
        "the cost is a mean": ["summed", "classes"],
        "of shapes `(k, n)` and `(k,)`": ["turned", "each", "one"],
    },
    why="The derivative of the logarithm cancels that of the exponential, and what is "
    "left for each logit is p minus 1 at the label, p elsewhere. Error times input "
    "gives dW: row j collects the inputs that pull at class j. The number of classes "
    "is the width of p, whichever labels happen to occur in a batch.",
    see="The gradient",
    goal="derive the gradient of softmax regression and train it on handwritten digits",
    small=lambda: _small(
        X=np.array([[1.0, 2.0]]), p=np.array([[0.25, 0.5, 0.25]]), y=np.array([1])
    ),
)


# --- predict --------------------------------------------------------------------------


def _predict(slip, X, W, b):
    z = X @ W.T + slip(b, no_bias=0, minus_bias=-b)
    z = slip(z, size=np.abs(z), smallest=-z, columns=shared.softmax(z, 0))
    best = slip(z.argmax(1), examples=z.argmax(0), from_1=z.argmax(1) + 1)
    best = slip(
        best,
        value=z.max(1),
        p_value=shared.softmax(z).max(1),
        logits=z,
        p=shared.softmax(z),
        one=z.sum(0).argmax(),
    )
    return slip(best, one_hot=np.eye(len(b), dtype=int)[z.argmax(1)], flat=z.argmax())


def _predict_cases(rng) -> Iterator[Case]:
    for m, n, k, far in ((40, 3, 5, 0), (30, 4, 4, -20), (50, 2, 3, 30)):
        args = {"X": rng.normal(size=(m, n)), "W": rng.normal(size=(k, n))}
        args["b"] = rng.normal(size=k) + far
        label = f"{m} examples, {n} features, {k} classes"
        label += f", logits near {far}" if far else ""
        yield Case(label, args, {"m": m, "k": k})


predict = Step(
    "predict",
    _predict,
    _predict_cases,
    texts={
        "no_bias": "the bias b is missing.",
        "minus_bias": "the bias b is subtracted; it is added.",
        "size": "the absolute values are compared: a large negative logit is no vote.",
        "smallest": "this is the class with the smallest logit.",
        "columns": "the softmax runs over the examples (axis 0): it changes the order.",
        "examples": "axis 0 gives each class its best example: each row has a class.",
        "from_1": "classes count from 0: these are one too large.",
        "value": "the largest logit itself came, not the number of its class.",
        "p_value": "the largest probability came, not the number of its class.",
        "logits": "these are the logits; the class of the largest is asked for.",
        "p": "these are the probabilities; the class of the largest is asked for.",
        "one": "a single class for the whole batch came.",
        "one_hot": "these are one-hot rows: the numbers of the classes are asked for.",
        "flat": "argmax ran over the whole table: one class for each row is asked for.",
    },
    demands={
        "the class with the largest logit": ["no_bias", "smallest", "size"],
        "returns integers": ["value", "p"],
        "of shape `(m,)`": ["examples", "one", "flat", "one_hot"],
    },
    why="The exponential grows with its argument, and the sum below the fraction is "
    "the same for all classes of a row. So the largest logit has the largest "
    "probability, and a prediction needs no softmax. The bias does matter: it is the "
    "vote that a class has before any input speaks.",
    see="Ten digits, one layer",
    goal="derive the gradient of softmax regression and train it on handwritten digits",
    small=lambda: _small(
        X=np.array([[1.0, 0.0], [0.0, 1.0]]),
        W=np.array([[1.0, 2.0], [3.0, -1.0]]),
        b=np.array([0.0, 1.0]),
    ),
)


# --- train_step -----------------------------------------------------------------------


def _change(slip, W, b, X, y, eta):
    """Return what one step adds to W and b."""
    z = X @ W.T + slip(b, no_bias=0)
    p = slip(shared.softmax(z), no_softmax=z, examples=shared.softmax(z, 0))
    p = slip(p, sigmoid=lambda: 0.5 * (1 + np.tanh(z / 2)))
    p = slip(p, twice=lambda: shared.softmax(shared.softmax(z)))
    m, k = z.shape
    hot = np.eye(k)[slip(y, one_right=(y + 1) % k)]
    rate = slip(-eta / m, climbs=eta / m, no_eta=-1 / m, summed=-eta, nothing=0)
    rate = slip(rate, again=-eta / m**2, classes=-eta / k, divides=-1 / eta / m)
    delta = rate * (p - hot)
    return slip(1, w_kept=0) * delta.T @ X, slip(1, b_kept=0) * delta.sum(0)


def _step(slip, W, b, X, y, eta):
    up, add = _change(slip, W, b, X, y, eta)
    add = slip(add, late=lambda: _change(slip, W + up, b, X, y, eta)[1])
    new = W + up, b + add
    more = lambda: (v + c for v, c in zip(new, _change(slip, *new, X, y, eta)))  # noqa
    new = slip(new, two_steps=lambda: tuple(more()), change=(up, add))
    return slip(new, gradients=(-up / eta, -add / eta))


def _step_cases(rng) -> Iterator[Case]:
    for m, n, k, eta in ((6, 3, 4, 0.3), (4, 4, 4, 0.05), (7, 2, 3, 1.7)):
        args = {"W": rng.normal(size=(k, n)), "b": rng.normal(size=k)}
        args |= {"X": rng.normal(size=(m, n)) + 0.5, "y": rng.integers(k, size=m)}
        label = f"{m} examples, {n} features, {k} classes, η = {eta}"
        yield Case(label, args | {"eta": eta}, {"m": m, "k": k, "η": eta})


train_step = Step(
    "train_step",
    _step,
    _step_cases,
    ("W", "b"),
    texts={
        "no_bias": "the biases are missing in the logits.",
        "no_softmax": "the softmax is missing: z − y is the error of a squared cost.",
        "examples": "the softmax runs over the examples (axis 0).",
        "sigmoid": "a sigmoid stands in place of the softmax.",
        "twice": "softmax is applied twice.",
        "one_right": "the labels are shifted by one class: classes count from 0.",
        "climbs": "the sign is wrong: + climbs the cost.",
        "no_eta": "η is missing.",
        "summed": "the gradient is summed over the minibatch: its mean is asked for.",
        "nothing": "nothing has changed: W and b are the old ones.",
        "again": "the gradient is divided by m twice: once in it, once in the step.",
        "classes": "the gradient is divided by the number of classes, not of examples.",
        "divides": "η divides the gradient; it multiplies it.",
        "w_kept": "the weights are not updated.",
        "b_kept": "the biases are not updated.",
        "late": "b follows weights that are already new: compute both gradients first.",
        "two_steps": "two steps are taken in place of one.",
        "change": "only the change came: add it to the old values.",
        "gradients": "the gradients came, not the new W and b.",
    },
    demands={
        "logits, probabilities, gradients": ["no_bias", "no_softmax", "twice"],
        "one step against them": ["climbs", "no_eta", "two_steps", "late"],
        "Returns the new `(W, b)`": ["change", "gradients", "nothing", "b_kept"],
    },
    why="A step goes against the gradient, for W and b alike, and both gradients "
    "belong to the old values. The mean over the minibatch keeps the step as long as "
    "it is whatever its size. New arrays protect the caller: where the old ones change "
    "in place, a comparison of before and after shows no difference.",
    see="The gradient",
    goal="derive the gradient of softmax regression and train it on handwritten digits",
    small=lambda: _small(
        W=np.zeros((2, 1)), b=np.zeros(2), X=np.array([[2.0]]), y=np.array([0]), eta=0.5
    ),
)


# --- train ----------------------------------------------------------------------------


def _train(slip, X, y, epochs, m, eta, seed):
    rng, first = np.random.default_rng(slip(seed, seed_fixed=0)), []
    k = slip(10, seen=int(y.max()) + 1)
    W, b = np.zeros((k, X.shape[1])), np.zeros(k)
    W, b = slip((W, b), w_start=(W + 0.01, b), b_start=(W, b + 0.01))
    if slip.like and seed in slip.like.get("_start", ()):
        W, b = slip.like["_start"][seed]
    y = slip(y, shifted=(y + 1) % 10)
    for _ in range(shared.epochs_of(slip, epochs)):
        for rows, labels, count in shared.batches(slip, rng, len(X), m, first):
            error = (shared.softmax(X[rows] @ W.T + b) - np.eye(k)[y[labels]]) / count
            rate = slip(eta, frozen=0, no_eta=1.0, again=eta / count, climbs=-eta)
            W, b = W - rate * error.T @ X[rows], b - slip(rate, b_kept=0) * error.sum(0)
    return slip((W, b), turned=(W.T, b), exchanged=(b, W), w_only=W)


class _OtherForm(Exception):
    """What came is not W and b of their shapes."""


def _arrays(value) -> list[np.ndarray]:
    """Return W and b as arrays, or raise `_OtherForm` with what is wrong."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise _OtherForm(f"the two arrays (W, b) are expected; {kind_of(value)} came.")
    arrays = [np.asarray(v, dtype=float) for v in value]
    shapes = tuple(a.shape for a in arrays)
    if shapes != SHAPES:
        raise _OtherForm(f"W and b have the shapes {shapes}; {SHAPES} are expected.")
    if not all(np.isfinite(a).all() for a in arrays):
        raise _OtherForm("W or b is NaN or infinite: the training diverged.")
    return arrays


def _trained(free: Callable, replay: Callable, case: Case) -> dict:
    """Observe a training: where it starts, its steps, and the order in an epoch."""
    x, y, eta, m, seed = (case.args[k] for k in ("X", "y", "eta", "m", "seed"))
    changed = set()

    def run(function, epochs, m, seed):
        given = x.copy(), y.copy()
        value = function(*given, epochs, m, eta, seed)
        for key, now, old in zip("Xy", given, (x, y), strict=True):
            changed.update([key] * (not np.array_equal(now, old)))
        if (
            value is None
            and not epochs
            and function(*given, 1, m, eta, seed) is not None
        ):
            raise _OtherForm("nothing comes for epochs = 0: is the return in the loop?")
        return _arrays(value)

    first, second = (lambda *a, f=f: run(f, *a) for f in (free, replay))
    try:
        with np.errstate(all="ignore"):
            if m < len(x):
                seen = shared.epochs_seen(first, x, y, eta, m, range(seed, seed + 3))
                if seen["all examples at once"] == "none":  # which: of many mistakes
                    seen["weights"] = first(1, len(x), seed)
            else:
                seen = shared.steps_seen(first, second, x, y, seed)
                begins = first(0, m, seed)
                seen["start"] = ", ".join(
                    "0" if not v.any() else "other" for v in begins
                )
    except _OtherForm as fault:
        return {"kind": str(fault)}
    return seen | {"changed": sorted(changed)}


def _train_cases(rng) -> Iterator[Case]:
    seed = int(rng.integers(1000))
    for eta in (0.02, 0.05):
        # the same example twice: the order of single steps does not matter
        X, y = np.repeat(rng.uniform(size=(1, 64)), 2, 0), np.full(2, rng.integers(9))
        args = {"X": X, "y": y, "epochs": 1, "m": 2, "eta": eta, "seed": seed}
        yield Case(f"an example, given twice, η = {eta}", args)
    five = {"X": rng.uniform(size=(5, 64)), "y": rng.permutation(9)[:5]}
    yield Case("5 examples, m = 2", args | five)


_training = Step(
    "train",
    _train,
    _train_cases,
    observe=_trained,
    tell=shared.fact,
    rtol=1e-5,
    texts=shared.TRAINING
    | {
        "seen": "the number of classes is that of the labels that occur: it is 10.",
        "w_start": "W does not start at 0.",
        "b_start": "b does not start at 0.",
        "shifted": "the labels are shifted by one class: classes count from 0.",
        "one_epoch": "two epochs end where one ends: a return inside the loop, or are "
        "W and b set back to 0 in each epoch?",
        "frozen": "nothing is learned: is the result of each step taken over?",
        "no_eta": "η is ignored: 1 in its place.",
        "again": "η is divided by m: the mean is in the gradient already.",
        "climbs": "the cost is climbed: the sign of the step is wrong.",
        "b_kept": "the biases are not updated: take over both results of the step.",
        "turned": "W is transposed.",
        "exchanged": "the pair is exchanged: (W, b) is asked for.",
        "w_only": "only W came: (W, b) is asked for.",
    },
    demands={
        "start from zeros": ["w_start", "b_start"],
        "shuffle the examples anew in each epoch": ["in_order", "same_order"],
        "one step for each minibatch of m": ["all_at_once", "chunk", "one_by_one"],
        "seeds the generator that shuffles": ["seed_fixed"],
        "Returns `(W, b)` of shapes `(10, 64)` and `(10,)`": ["turned", "seen"],
        "The last minibatch of an epoch may be smaller": ["drops_last", "over_m"],
    },
    why="A training loop is short, and most of its mistakes raise no error: it still "
    "learns, only worse. So it is tested on a handful of examples, where each step can "
    "be computed by hand. Shuffle the numbers of the rows, and pick images and labels "
    "with the same ones. One generator, made before the loop, draws a new order for "
    "each epoch.",
    see="Ten digits, one layer",
    goal="derive the gradient of softmax regression and train it on handwritten digits",
)


def train(function: Callable, seed: int = 0) -> None:
    """Check `train(…)`: steps and their order, then the accuracy on unseen digits.

    30 epochs on 1,347 digits, minibatches of 16, η = 0.3.
    """

    def guess(x, W, b):
        return (x @ np.transpose(W) + b).argmax(1)

    shared.learns(_training, function, seed, (30, 16, 0.3), guess)
