"""Checks of the sheet `perceptron/gates`: from the step function to XOR.

Each step is a reference that carries its slips (`helpers.checks.engine`). The visible
cell and the hidden test differ in the seed only.
"""

import functools
import itertools
from collections.abc import Callable, Iterator

import numpy as np

from ..engine import Case, CheckFailed, Step

ROWS = ((0, 0), (0, 1), (1, 0), (1, 1))
GATES = {
    "AND": (0, 0, 0, 1),
    "OR": (0, 1, 1, 1),
    "NAND": (1, 1, 1, 0),
    "NOR": (1, 0, 0, 0),
}
MOST_READS = 100_000  # of examples in one training; a right one reads a few hundred


# --- step -----------------------------------------------------------------------------

THRESHOLD = {
    "strict": "the output is 0 at z = 0 and should be 1: > in place of ≥.",
    "plus_minus": "−1 and 1 in place of 0 and 1.",
    "turned": "0 and 1 are exchanged: the comparison points the wrong way.",
    "no_step": "this is the preactivation z: the step is missing.",
    "sigmoid": "this is the sigmoid, a smooth step: 0 or 1 is asked for.",
}


def fires(slip, z):
    """Return 1 where z ≥ 0, else 0; z is a number or an array."""
    z = np.asarray(z, dtype=float)
    y = slip(np.heaviside(z, 1).astype(int), strict=np.heaviside(z, 0).astype(int))
    y = slip(y, plus_minus=2 * y - 1, turned=1 - y, no_step=z)
    return slip(y, sigmoid=lambda: 0.5 * (1 + np.tanh(z / 2)))


def _step(slip, s, t):
    turned = np.reshape(t, (-1, 1)) if np.ndim(t) else t
    t = slip(t, turned_t=turned, first_t=np.ravel(t)[0])
    z = np.asarray(slip(s - t, no_t=s, plus_t=s + t), dtype=float)
    y = slip(fires(slip, z), turned_closed=(z <= 0).astype(int))
    y = slip(y, always=0 * y + 1, half_at_0=np.heaviside(z, 0.5))
    y = slip(y, sign=np.sign(z), relu=np.maximum(z, 0))
    return slip(y, number=lambda: int(np.ravel(y)[0]))


def _step_cases(rng) -> Iterator[Case]:
    s = rng.normal(size=7)
    yield Case("an array that reaches t once", {"s": s, "t": float(s[2])})
    table, t = rng.normal(size=(4, 4)), rng.normal(size=4)
    table[1, 1] = t[1]
    yield Case("a table and a threshold for each column", {"s": table, "t": t})
    yield Case("whole numbers", {"s": rng.permutation(np.arange(-4, 4)), "t": 2})
    yield Case("the number 0, t = 0", {"s": 0.0, "t": 0.0})
    low = -float(rng.uniform(1, 4))
    yield Case("a number below t", {"s": low - 1, "t": low})
    yield Case("a negative number above t", {"s": low, "t": 2 * low})


step = Step(
    "step",
    _step,
    _step_cases,
    texts=THRESHOLD
    | {
        "strict": "the output is 0 at s = t and should be 1: > in place of ≥.",
        "no_step": "this is s − t: the step is missing.",
        "no_t": "t is ignored: the threshold is 0, as in the notebook.",
        "plus_t": "t is added to s: a larger threshold is harder to reach.",
        "turned_t": "t belongs to the rows: each column of s has its threshold.",
        "first_t": "the first threshold is used for all columns.",
        "turned_closed": "the comparison points the wrong way: 1 for s ≤ t.",
        "always": "the outputs are 1 for every s.",
        "sign": "this is the sign of s − t: −1, 0 or 1.",
        "half_at_0": "½ at s = t; there the output is 1.",
        "relu": "this is max(0, s − t), a ReLU: the step's outputs are 0 and 1.",
        "number": "one number came for a whole array: each entry gets its own.",
    },
    demands={
        "1 where $s \\geq t$": ["strict", "turned", "no_t", "plus_t"],
        "else 0": ["plus_minus"],
        "a number or an array": ["the number 0, t = 0", "number"],
        "a threshold for each column": ["turned_t", "first_t"],
        "of the shape of `s`": ["number"],
        "`step(0, 0)` is 1": ["half_at_0"],
    },
    why="A threshold unit decides: it answers 1 on one side of a line and 0 on the "
    "other. The step of the chapter compares with 0, and a bias moves the line; a "
    "neuron with a threshold is the same with b = −t. What it does on the line itself "
    "is a convention, and it matters: a perceptron that starts with zero weights is on "
    "it with every example. This course takes 1 there. A comparison of arrays gives "
    "True and False for each entry; numbers come from them by `astype(int)`.",
    see="A neuron draws a line",
    goal="compute the output of a neuron by hand",
    small=lambda: Case("", {"s": np.array([-3.0, 1.0, 2.0]), "t": 1.0}),
)


# --- predict --------------------------------------------------------------------------


def _predict(slip, x, W, b):
    V = slip(W.T, transposed=lambda: W, ones=np.ones_like(W.T))
    V = slip(V, flipped=lambda: W[:, ::-1].T, same_w=W[:1].T + 0 * W.T)
    x = slip(x, first=lambda: np.atleast_2d(x)[0])
    z = x @ V
    b = slip(b, no_bias=0, minus_bias=-b, same_b=b[0], turned_b=lambda: b[:, None])
    ends = W[:, 0] + x[..., :-1] @ W[:, 1:].T + x[..., -1:] * b
    starts = x[..., :1] * b + x[..., 1:] @ W[:, :-1].T + W[:, -1]
    y = fires(slip, slip(z + b, bias_ends=ends, bias_starts=starts))
    bare = np.heaviside(z, 1).astype(int)
    y = slip(y, after=bare + b, after_whole=bare + np.asarray(b).astype(int))
    y = slip(y, again=np.heaviside(bare + b, 1).astype(int))
    y = slip(y, first_neuron=y[..., 0], neurons_first=lambda: y.T)
    y = slip(y, squeezed=np.squeeze(y))
    winner = (z + b == (z + b).max(-1, keepdims=True)).astype(int)
    y = slip(y, winner=winner)
    return slip(y, any_fires=lambda: y.max(-1), all_fire=lambda: y.min(-1))


def _predict_cases(rng) -> Iterator[Case]:
    for m, n, k in ((32, 3, 5), (31, 5, 1), (1, 3, 4), (8, 8, 8)):
        args = {"x": rng.normal(size=(m, n)), "W": rng.normal(size=(k, n))}
        args["b"] = rng.choice((-1, 1), size=k) * rng.uniform(0.5, 1, size=k)
        yield Case(f"x of shape ({m}, {n}), W of shape ({k}, {n})", args)
    W, b = np.array([[1.0, 1.0], [-1.0, -1.0], [2.0, -1.0]]), np.array([-1.0, 1.0, 1.0])
    tie = {"x": np.array(ROWS, dtype=float), "W": W, "b": b}
    yield Case("the four rows of a gate, some with z = 0", tie)
    yield Case("one vector, z = 0", {**tie, "x": np.array([0.0, 1.0])})
    yield Case("one vector", {**tie, "x": np.array([0.0, 0.0])})


predict = Step(
    "predict",
    _predict,
    _predict_cases,
    texts=THRESHOLD
    | {
        "transposed": "W stands in place of its transpose, as if a column of it were a "
        "neuron: a row is one.",
        "flipped": "the weights meet the inputs in reversed order.",
        "ones": "the inputs are summed without their weights.",
        "same_w": "all neurons have the weights of the first.",
        "first": "only the first example is used.",
        "no_bias": "the biases b are missing.",
        "minus_bias": "the biases are subtracted; they are added.",
        "same_b": "all neurons have the bias of the first.",
        "turned_b": "the biases are added along the examples: each neuron has its own.",
        "bias_ends": "the 1 of the bias is first in x, the bias last in W.",
        "bias_starts": "the 1 of the bias is last in x, the bias first in W.",
        "after": "the biases are added after the step: they belong to z.",
        "after_whole": "the biases, cut to whole numbers, are added after the step.",
        "again": "the step comes before the biases and after them: only after them.",
        "squeezed": "axes of length 1 are gone: a batch of one is a batch.",
        "first_neuron": "the output of the first neuron came: all are asked for.",
        "neurons_first": "a row for each neuron came: one for each example is due.",
        "winner": "only the neuron with the largest z fires: each compares it with 0.",
        "any_fires": "the result tells whether a neuron fires: which ones do?",
        "all_fire": "the result tells whether all neurons fire: which ones do?",
    },
    demands={
        "$\\operatorname{step}(\\mathbf w_j \\cdot \\mathbf x + b_j)$": [
            "no_bias",
            "no_step",
            "strict",
        ],
        "the weights of neuron j in row j": ["transposed", "same_w"],
        "`b`: their biases": ["same_b", "turned_b"],
        "one example, shape `(n,)`": ["one vector"],
        "a batch of them": ["first"],
        "shape `(m, k)` for a batch": ["neurons_first", "any_fires", "squeezed"],
    },
    why="The sum w · x + b says on which side of the line an example lies; the step "
    "keeps the side alone. The bias moves the line away from the origin: without it "
    "every line goes through 0, and OR could not be told from AND. Several neurons "
    "that see the same inputs are a layer: each draws its own line. With the examples "
    "in the rows of x and the neurons in the rows of W, all sums are one product, and "
    "the same expression works for a single example.",
    see="A neuron draws a line",
    goal="compute the output of a neuron by hand",
    small=lambda: Case(
        "",
        {
            "x": np.array([[2.0, 1.0]]),
            "W": np.array([[1.0, -3.0], [1.0, 1.0]]),
            "b": np.array([2.0, -4.0]),
        },
    ),
)


# --- update ---------------------------------------------------------------------------

RULE = {
    "strict": "y is 0 at z = 0: > in place of ≥.",
    "at_0": "z = 0 counts as a mistake for the target 1, too: step(0) is 1.",
    "free_0": "z = 0 counts as right for the target 0, too: step(0) is 1.",
    "no_bias": "the bias is forgotten in the output y.",
    "minus_bias": "the bias is subtracted in the output y.",
    "sign": "the error has the wrong sign: e = d − y, not y − d.",
    "target": "the target d stands where the error e belongs: η d x in place of η e x.",
    "output": "the output y stands where the error e = d − y belongs.",
    "minus_output": "the desired output d is missing in e = d − y.",
    "only_0": "an update happens only when the target is 0: the other kind of mistake "
    "(output 0, target 1) changes nothing.",
    "size": "the sign of the error is lost: |e| in place of e.",
    "double": "e is twice as large as it should be: outputs and targets are 0 and 1.",
    "minus_target": "the target 0 is taken for −1, and the output is 0 or 1.",
    "always": "the weights move after right examples, too: e must be 0 there.",
    "delta": "the error is d − z: the step is missing (that is the delta rule).",
    "when_right": "an update happens when the output is right, none when it is wrong.",
    "nothing": "nothing is learned: are the new w and b taken over, and is an output "
    "of 1 for the target 0 a mistake, too?",
    "no_eta": "η is forgotten: the step is e x without it.",
    "bias_kept": "the bias is not updated.",
    "bias_down": "the bias is updated with the wrong sign.",
    "bias_eta": "the bias step lacks η.",
    "bias_inputs": "the bias step contains the inputs: it is η e alone.",
    "no_input": "the weights get the step η e without the input x.",
}


def _corrected(slip, x, d, w, b, eta, alone=True):
    """Return w, b, whether the output was wrong, e and y."""
    z = float(x @ w) + slip(b, no_bias=0, minus_bias=-b)
    y = slip(int(z >= 0), strict=int(z > 0), at_0=int(z >= 0) if z else 1 - d)
    y = slip(y, free_0=y if z else d)
    e = d - y
    e = slip(e, sign=-e, target=d, output=y, minus_output=-y, size=abs(e), double=2 * e)
    e = slip(e, only_0=e * (1 - d), always=2 * d - 1, delta=d - z)
    e = slip(e, minus_target=2 * d - 1 - y)
    if alone:  # in a training from zeros nothing would happen: the outputs are 1
        e = slip(e, only_1=e * d)
    e = slip(e, when_right=int(d == y), nothing=0)
    rate = slip(eta, no_eta=1.0)
    dw = slip(rate * e * x, no_input=rate * e * np.ones_like(x))
    db = slip(rate * e, bias_kept=0, bias_down=-rate * e, bias_eta=e)
    return w + dw, b + slip(db, bias_inputs=db * x.sum()), d != y, e, y


def _update(slip, x, d, w, b, eta):
    new_w, new_b, wrong, e, y = _corrected(slip, x, d, w, b, eta)
    flag = slip(wrong, flag_right=not wrong, flag_e=e, flag_true=True, flag_false=False)
    flag = slip(flag, flag_missed=d > y, flag_after=(x @ new_w + new_b >= 0) != d)
    out = slip((new_w, new_b, flag), change=(new_w - w, new_b - b, flag))
    return slip(out, mistake_first=(flag, new_w, new_b))


def _update_cases(rng) -> Iterator[Case]:
    for d, side in itertools.product((0, 1), (-1, 1)):
        x, w = rng.uniform(0.5, 2, size=4), rng.normal(size=4)
        b = float(side * rng.uniform(0.5, 1) - x @ w)
        args = {"x": x, "d": d, "w": w, "b": b, "eta": float(rng.uniform(0.1, 0.4))}
        yield Case(f"target {d}, output {int(side > 0)}", args)
    for label, x, w, b, eta in (
        ("z = 0", [1.0, 1.0], [1.0, -1.0], 0.0, 0.5),
        ("the bias decides", [1.0, 2.0], [1.0, 1.0], -4.0, 0.3),
        ("a positive bias", [1.0, 2.0], [-1.0, 1.0], 2.0, 0.3),
    ):
        for d in (0, 1):
            args = {"x": np.array(x), "d": d, "w": np.array(w), "b": b, "eta": eta}
            yield Case(f"{label}, target {d}", args)


update = Step(
    "update",
    _update,
    _update_cases,
    ("w", "b", "mistake"),
    texts=RULE
    | {
        "nothing": "nothing is updated.",
        "only_1": "an update happens only when the target is 1: the other kind of "
        "mistake (output 1, target 0) changes nothing.",
        "flag_right": "the flag tells of a right output, not of a mistake.",
        "flag_e": "the flag is the error e itself: a truth value is asked for.",
        "flag_missed": "the flag tells of a missed 1 only: a false 1 is wrong, too.",
        "flag_after": "the flag tells whether the output is wrong after the update.",
        "flag_true": "the flag is always True.",
        "flag_false": "the flag is always False.",
        "change": "the changes of w and b are returned, not the new w and b.",
        "mistake_first": "the flag comes first: (w, b, mistake) is asked for.",
    },
    demands={
        "$e = d - y$": ["sign", "output", "minus_output"],
        "$\\mathbf w \\leftarrow \\mathbf w + \\eta e \\mathbf x$": [
            "no_eta",
            "no_input",
        ],
        "$b \\leftarrow b + \\eta e$": ["bias_kept", "bias_eta", "bias_inputs"],
        "the tuple `(w, b, mistake)`": ["mistake_first", "change"],
        "`True` if the output was wrong": ["flag_right", "flag_after", "flag_missed"],
    },
    why="The rule moves the line only after a mistake, and toward the example that was "
    "missed: e is 1 where a 1 was missed, −1 where a 0 was missed, and 0 where nothing "
    "has to change. So w · x + b grows by η e (|x|² + 1) for this example. The bias is "
    "a weight whose input is always 1, and learns with the same step. A function that "
    "changes the caller's array would spoil the next experiment: make a new one.",
    see="Learning from mistakes",
    goal="train a neuron with the perceptron rule",
    small=lambda: Case(
        "",
        {
            "x": np.array([3.0, 1.0]),
            "d": 1,
            "w": np.array([-1.0, 2.0]),
            "b": -1.0,
            "eta": 0.5,
        },
    ),
)


# --- fit ------------------------------------------------------------------------------


def _fit(slip, X, d, eta=None, max_epochs=100):
    eta = slip(1.0, tenth=0.1) if eta is None else eta
    zeros, ones = np.zeros(X.shape[1]), np.ones(X.shape[1])
    start = slip((zeros, 0.0), w_ones=(ones, 0.0), b_one=(zeros, 1.0))
    start = slip(start, all_ones=(ones, 1.0))
    w, b = start = slip(start, elsewhere=lambda: _start(slip.like, X, eta))
    counts, flags = [], []
    order = list(range(len(X)))
    order = slip(order, reversed=order[::-1], only_first=order[:1], no_last=order[:-1])
    limit = slip(max_epochs, one_less=max_epochs - 1, one_more=max_epochs + 1)
    late, rng = False, np.random.default_rng(0)  # as most would
    for _ in range(slip(limit, unlimited=100)):
        w, b = slip((w, b), reset=start)
        fixed, missed, sign = (w, b), slip(0, running=(counts or [0])[-1]), 0
        for i in slip(order, shuffled=lambda: rng.permutation(len(X))):
            at = slip((w, b), batch=fixed)
            rate = slip(eta, decays=eta / (len(counts) + 1))
            new_w, new_b, wrong, _, _ = _corrected(slip, X[i], d[i], *at, rate, False)
            w, b = w + new_w - at[0], b + new_b - at[1]
            missed, sign = missed + bool(wrong), sign + bool(wrong) * (2 * d[i] - 1)
            flags.append(bool(wrong))
            if slip(False, first_right=not wrong, cut_short=not wrong):
                break
        left = np.sum((X @ w + b >= 0) != d)
        missed = slip(missed, signed=sign, net=abs(sign), after_epoch=left)
        counts.append(int(missed))
        clean = missed == 0
        still = np.array_equal(w, fixed[0]) and b == fixed[1]
        done = slip(clean, after_one=True, never=False, one_late=late and clean)
        done = slip(done, cycle=still, as_many=clean or counts[-1:] == counts[-2:-1])
        done = slip(done, no_fewer=clean or counts[-1:] >= [*counts[-2:-1], np.inf][:1])
        late = late or clean
        if slip(done, first_right=True):
            break
    told = slip(counts, no_zero=[*counts[:-1], *([counts[-1]] * (counts[-1] > 0))])
    told = slip(told, total=sum(counts), last=counts[-1], per_example=flags)
    told = slip(told, right=[len(X) - c for c in counts])
    told = slip(told, share=[c / len(X) for c in counts])
    seen = lambda: _unchecked(slip.like, X) or (w, b, told)  # noqa: E731
    return slip((w, b, told), elsewhere=seen)


def _start(like, X, eta):
    """Return the small start from which whole steps lead to the student's w and b."""
    end = np.append(like["w"], like["b"]) if like else np.zeros(X.shape[1] + 1)
    begin = end - eta * np.round(end / eta)
    begin = begin + 0.01 * eta * np.allclose(begin, 0)
    return begin[:-1], begin[-1]


def _unchecked(like, X):
    """Return what the student got where steps are not whole: any start may be true."""
    whole = np.array_equal(X, np.round(X))
    return None if whole or not like else (like["w"], like["b"], like["mistakes"])


def _fit_cases(rng) -> Iterator[Case]:
    X = np.array(ROWS)
    for gate, d in GATES.items():
        how = {} if gate == "AND" else {"eta": 1.0, "max_epochs": 40}
        yield Case(gate, {"X": X, "d": np.array(d)} | how)
    # A margin keeps the number of epochs small; the targets of XOR never come right.
    X3 = rng.normal(size=(32, 3))
    z = X3 @ rng.normal(size=3) + 0.4
    X3, z = X3[np.abs(z) > 0.3], z[np.abs(z) > 0.3]
    free = {"X": X3, "d": (z > 0).astype(int), "eta": 0.3, "max_epochs": 60}
    yield Case(f"{len(z)} random examples, 3 inputs, η = 0.3", free)
    d = np.array((0, 1, 1, 0))
    endless = {"X": X.view(Finite), "d": d, "eta": 0.5, "max_epochs": 7}
    yield Case("XOR, which never ends, max_epochs = 7", endless)


class Finite(np.ndarray):
    """Examples that end a training on XOR that ignores `max_epochs`.

    Rows and results are plain arrays; a copy counts its reads anew.
    """

    reads = 0

    def __getitem__(self, key):
        self.reads += 1
        if self.reads > MOST_READS:
            raise CheckFailed(
                f"✗ fit: it never stops: {MOST_READS:,} examples were read, and no "
                "end.\nLikely mistake: the loop goes on after max_epochs epochs."
            )
        return np.asarray(self)[key]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return np.asarray(array)[()]


fit = Step(
    "fit",
    _fit,
    _fit_cases,
    ("w", "b", "mistakes"),
    texts=RULE
    | {
        "w_ones": "the weights start at 1; they start at 0.",
        "b_one": "the bias starts at 1; it starts at 0.",
        "all_ones": "the weights and the bias start at 1; they start at 0.",
        "elsewhere": "the weights and the bias do not start at 0.",
        "tenth": "where no η is given, it is 1.",
        "decays": "η is divided by the number of the epoch: it stays.",
        "reversed": "the examples are used in reversed order.",
        "shuffled": "the examples are shuffled: their order is that of the rows.",
        "only_first": "only the first example is used in each epoch.",
        "no_last": "the last example is left out.",
        "one_less": "one epoch too few: max_epochs − 1.",
        "one_more": "one epoch too many: max_epochs + 1.",
        "unlimited": "max_epochs is ignored.",
        "reset": "the weights are set back to 0 in every epoch.",
        "batch": "all updates come at the end of the epoch, not after each example.",
        "first_right": "the training stops with the first example that is right.",
        "cut_short": "each epoch ends with the first example that is right.",
        "after_one": "the training stops after the first epoch.",
        "never": "the training does not stop after an epoch without a mistake.",
        "one_late": "one epoch too many after the first one without a mistake.",
        "no_zero": "the last epoch, without a mistake, is missing: its 0 is listed.",
        "total": "`mistakes` is the total; one number for each epoch is asked for.",
        "last": "`mistakes` is the number of the last epoch alone.",
        "signed": "`mistakes` holds sums of the errors e, in which −1 and 1 cancel.",
        "net": "`mistakes` holds sizes of sums of e, in which −1 and 1 cancel.",
        "after_epoch": "counted with the weights after the epoch, not during it.",
        "running": "`mistakes` is a running total: each epoch starts at 0.",
        "as_many": "the training stops when two epochs have as many mistakes: go on.",
        "no_fewer": "the training stops when an epoch has no fewer mistakes than the "
        "one before: go on.",
        "cycle": "the training stops when an epoch ends with the weights that it began "
        "with: go on until an epoch has no mistake.",
        "per_example": "`mistakes` has an entry for each example, not for each epoch.",
        "right": "`mistakes` counts the right answers.",
        "share": "`mistakes` holds shares, not numbers.",
    },
    demands={
        "Start from zero weights and bias": ["w_ones", "b_one", "elsewhere"],
        "in the order of the rows": ["reversed", "shuffled"],
        "epoch after epoch": ["reset", "after_one"],
        "Stop after the first epoch without a mistake": ["never", "one_late", "cycle"],
        "or after `max_epochs`": ["unlimited", "one_less", "one_more"],
        "the number of mistakes in every epoch": ["total", "running", "after_epoch"],
        "so that its last entry is 0": ["no_zero"],
    },
    why="The perceptron learns example by example: each correction changes the line "
    "that judges the next example, which is why the order of the rows matters and why "
    "gathering all corrections until the end of the epoch is another method. An epoch "
    "without a mistake has changed nothing, so every later one would be the same: that "
    "is the moment to stop. Where no line separates the classes, this never happens, "
    "and only max_epochs ends the loop.",
    see="Learning from mistakes",
    goal="train a neuron with the perceptron rule, and say when the rule stops",
    small=lambda: Case(
        "",
        {
            "X": np.array([[1.0, 0.0], [0.0, 1.0]]),
            "d": np.array([0, 1]),
            "eta": 0.5,
            "max_epochs": 9,
        },
    ),
)


# --- solvable -------------------------------------------------------------------------


def _right_rows(grid, d, bias=1, strict=False):
    """Return how many rows each (w1, w2, b) of the grid gets right."""
    w1, w2, b = np.meshgrid(grid, grid, grid, indexing="ij")
    z = np.array([w1 * p + w2 * q + bias * b for p, q in ROWS])
    return ((z > 0 if strict else z >= 0) == np.reshape(d, (4, 1, 1, 1))).sum(axis=0)


def _solvable(slip, d, grid):
    grid = slip(grid, no_last=grid[:-1], places=np.arange(len(grid)))
    rows = slip(_right_rows(grid, d), no_bias=_right_rows(grid, d, bias=0))
    rows = slip(rows, strict=_right_rows(grid, d, strict=True))
    rows = slip(rows, minus_b=_right_rows(grid, d, bias=-1))
    right = slip(rows == 4, three=rows >= 3, any=rows > 0, failing=rows < 4)
    i = np.arange(len(grid))
    a, b, c = np.indices(rows.shape)
    once = right & (a != b) & (b != c) & (c != a)
    count = slip(int(right.sum()), once=int(once.sum()))
    rising = {"sets": (a <= b) & (b <= c), "small_sets": (a < b) & (b < c)}
    count = slip(count, **{n: int(right[at].sum()) for n, at in rising.items()})
    one_w = int(right[i, i].sum())
    count = slip(count, same_w=one_w * len(i), one_w=one_w)
    count = slip(count, together=int(right[i, i, i].sum()))
    count = slip(count, whether=int(count > 0), none=int(count == 0), rows=rows.sum())
    flat = int((_right_rows(grid, d, bias=0) == 4)[..., 0].sum())
    count = slip(count, pairs=int(right.any(axis=2).sum()))
    return slip(count, two_loops=flat, share=count / len(grid) ** 3)


def _solvable_cases(rng) -> Iterator[Case]:
    skew = np.sort(rng.choice(np.arange(-8, 9), size=6, replace=False)) / 2.0
    skew[np.argmin(np.abs(skew))] = 0.0
    more = {"always 1": (1, 1, 1, 1), "x2 and not x1": (0, 1, 0, 0)}
    for grid in (np.linspace(-2, 2, 5), np.unique(skew)):
        for gate, d in {**GATES, **more, "XOR": (0, 1, 1, 0)}.items():
            label = f"{gate} on {len(grid)} values"
            yield Case(label, {"d": np.array(d), "grid": grid})


solvable = Step(
    "solvable",
    _solvable,
    _solvable_cases,
    texts={
        "no_last": "the last value of the grid is left out.",
        "places": "the places in the grid are tried, 0, 1, 2, …, not its values.",
        "once": "no value is used twice: w1, w2 and b may be equal.",
        "minus_b": "b is subtracted, as a threshold: a bias is added.",
        "any": "one right row of four is counted as success.",
        "sets": "each set of values is tried in one order only: try all orders.",
        "small_sets": "sets of three different values are tried, in one order only.",
        "one_w": "both inputs have one weight: w1 and w2 may differ.",
        "same_w": "w1 and w2 always have the same value in your search.",
        "no_bias": "b runs over the grid, but does not enter the output.",
        "strict": "the output is 0 at z = 0: > in place of ≥.",
        "three": "three right rows of four are counted as success.",
        "failing": "the settings that fail are counted.",
        "together": "w1, w2 and b run over the grid together, not independently.",
        "pairs": "pairs w1, w2 for which some b works are counted: each b counts.",
        "whether": "the result tells whether there is one, not how many.",
        "none": "the result tells whether there is none.",
        "rows": "right rows are counted, not settings with four right rows.",
        "two_loops": "b is ignored: the search runs over w1 and w2 only.",
        "share": "this is the share of the settings, not their number.",
    },
    demands={
        "every combination of $w_1$, $w_2$ and $b$": [
            "together",
            "once",
            "sets",
            "one_w",
            "two_loops",
        ],
        "from `grid`": ["places", "no_last"],
        "count those": ["whether", "failing"],
        "the four desired outputs": ["three", "rows"],
        "Returns the number of solutions": ["share"],
    },
    why="A search over a grid proves nothing about the values between its points, and "
    "still it shows what the algebra proves: whatever w1, w2 and b are, the demands of "
    "XOR contradict each other. The two mixed inputs ask for w1 + b ≥ 0 and w2 + b ≥ "
    "0, the equal ones for b < 0 and w1 + w2 + b < 0: added up, the first two say w1 + "
    "w2 + 2b ≥ 0 and the others less than 0. A setting counts only if all four rows "
    "are right.",
    see="XOR: no line will do",
    goal="prove that one neuron cannot compute XOR",
    small=lambda: Case(
        "", {"d": np.array((0, 0, 0, 1)), "grid": np.array([-3.0, 2.0])}
    ),
)


# --- xor ------------------------------------------------------------------------------


def _xor(slip, x1, x2):
    p, q = np.asarray(x1), np.asarray(x2)
    y = slip((p + q) % 2, is_or=p | q, is_and=p & q, is_nand=1 - (p & q))
    y = slip(y, is_nor=1 - (p | q), is_xnor=1 - (p ^ q), one_way=p & (1 - q))
    y = slip(y, other_way=q & (1 - p), total=p + q, gap=p - q, x1_alone=p + 0 * q)
    return slip(y, x2_alone=q + 0 * p, zeros=0 * p * q, ones=0 * p * q + 1)


def _xor_inputs(rng) -> Iterator[Case]:
    for p, q in ROWS:
        yield Case(f"x1 = {p}, x2 = {q}", {"x1": p, "x2": q})
    x1, x2 = rng.permutation(np.repeat(ROWS, 2, 0)).T.reshape(2, 4, 2).copy()
    yield Case("arrays", {"x1": x1, "x2": x2})


_xor_step = Step(
    "xor",
    _xor,
    _xor_inputs,
    texts={
        "is_or": "this is OR: 1 also for (1, 1).",
        "is_and": "this is AND.",
        "is_nand": "this is NAND: 1 also for (0, 0).",
        "is_nor": "this is NOR.",
        "is_xnor": "this is the negation, XNOR: 1 for equal inputs.",
        "one_way": "only (1, 0) gives 1: one of the two ways is missing.",
        "other_way": "only (0, 1) gives 1: one of the two ways is missing.",
        "total": "this is the sum: 2 for (1, 1).",
        "gap": "this is the difference, −1 for (0, 1).",
        "x1_alone": "this is x1 alone.",
        "x2_alone": "this is x2 alone.",
        "zeros": "the output is 0 for all inputs.",
        "ones": "the output is 1 for all inputs.",
    },
    demands={"or integer arrays of the same shape": ["arrays"]},
    why="One line cannot separate the two classes of XOR, two lines can: the hidden "
    "neurons draw them, and turn the four inputs into points that one more line "
    "separates. OR and NAND are two such lines: XOR is 1 where both are 1. Each row of "
    "the truth table is a small calculation: write down what the hidden neurons say "
    "before you look at the output.",
    see="XOR: no line will do",
    goal="build a network that can",
)


def xor_cases(function: Callable, seed: int = 0) -> dict[str, Callable[[], None]]:
    """Return the checks of `xor(x1, x2)` by rows and on arrays, for `core.partial`.

    One row fits many mistakes: the cause is looked for in all rows together.
    """
    cases = _xor_step.drawn(seed)

    def run(case: Case) -> None:
        _xor_step.judge(function, [case], cases)

    return {case.label: functools.partial(run, case) for case in cases}
