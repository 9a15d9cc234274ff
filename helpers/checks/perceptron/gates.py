"""Checks of the exercise `perceptron/gates`: from the step function to XOR.

Each check takes the student's function and a seed; the visible cell and the hidden
test differ in the seed only. The mistakes are variants of one simulator, switched on
by name, so that a diagnosis is what the mistake really computes.
"""

import contextlib
import functools
import io
import itertools
from collections.abc import Callable

import numpy as np

from .core import Case, CheckFailed, verify

ROWS = ((0, 0), (0, 1), (1, 0), (1, 1))
GATES = {
    "AND": (0, 0, 0, 1),
    "OR": (0, 1, 1, 1),
    "NAND": (1, 1, 1, 0),
    "NOR": (1, 0, 0, 0),
}
MOST_READS = 100_000  # of examples in one training; a right one reads a few hundred


def step(function: Callable, seed: int = 0) -> None:
    """Check `step(z)`: 1 where z ≥ 0, else 0, as integers, for scalars and arrays."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=7)
    z[2] = 0.0
    z[4:6] = 0.25, 0.75  # tell a threshold at ½ or 1 from one at 0
    table = rng.normal(size=(3, 4))
    table[1, 1] = 0.0
    values = {
        "an array with a 0 in it": z,
        "a table": table,
        "whole numbers": rng.permutation(np.arange(-4, 4)),
        "the number 0": 0.0,
        "a negative number": -float(rng.uniform(1, 9)),
        "a positive number": float(rng.uniform(1, 9)),
    }

    def wrong(rule: Callable) -> Callable:
        return lambda z: np.asarray(rule(np.asarray(z)))

    verify(
        "step",
        function,
        [Case(label, {"z": v}) for label, v in values.items()],
        lambda z: np.heaviside(z, 1).astype(int),
        mistakes=[
            (
                "step(0) is 0 here and should be 1: > in place of ≥.",
                wrong(lambda z: z > 0),
            ),
            (
                "the comparison points the wrong way: 1 for negative z.",
                wrong(lambda z: z < 0),
            ),
            (
                "the comparison points the wrong way: 1 for z ≤ 0.",
                wrong(lambda z: z <= 0),
            ),
            ("−1 and 1 in place of 0 and 1.", wrong(lambda z: 2 * (z >= 0) - 1)),
            ("this is the sign of z: −1, 0 or 1.", wrong(np.sign)),
            ("½ at z = 0; step(0) is 1 here.", wrong(lambda z: np.heaviside(z, 0.5))),
            (
                "this is max(0, z), a ReLU: the step's outputs are 0 and 1.",
                wrong(lambda z: np.maximum(z, 0)),
            ),
            (
                "this is the sigmoid, a smooth step: 0 or 1 is asked for.",
                wrong(lambda z: 1 / (1 + np.exp(-z))),
            ),
            ("the threshold lies at 1, not at 0.", wrong(lambda z: z >= 1)),
            ("the threshold lies at ½, not at 0.", wrong(lambda z: z >= 0.5)),
            ("the outputs are 1 for every z.", wrong(lambda z: 0 * z + 1)),
            ("1 only where z is exactly 0.", wrong(lambda z: z == 0)),
        ],
    )


def predict(function: Callable, seed: int = 0) -> None:
    """Check `predict(x, w, b)`: a vector gives a scalar, a matrix (m, n) an (m,)."""
    rng = np.random.default_rng(seed)

    def matrix(m: int, n: int, b: float) -> dict:
        x, w = rng.normal(size=(m, n)), rng.normal(size=n)
        return {"x": x, "w": w, "b": b}

    tie = {"x": np.array(ROWS, dtype=float), "w": np.array([1.0, 1.0]), "b": -1.0}
    cases = [
        Case("a matrix of 32 examples, 3 inputs", matrix(32, 3, 0.7)),
        Case("a matrix of 31 examples, 5 inputs", matrix(31, 5, -0.8)),
        Case("a square matrix", matrix(24, 24, 0.4)),
        Case("the four rows of a gate, with z = 0", tie),
        Case("one vector, z = 0", {**tie, "x": np.array([0.0, 1.0])}),
        Case("one vector", {**tie, "x": np.array([0.0, 0.0])}),
        Case(
            "one vector, positive bias", {**tie, "x": np.array([-1.0, -1.0]), "b": 3.0}
        ),
    ]

    def wrong(bias: float = 1, low: int = 0, strict: bool = False, flip: bool = False):
        def rule(x, w, b):
            z = x @ (w[::-1] if flip else w) + bias * b
            return np.where(z > 0 if strict else z >= 0, 1, low)

        return rule

    verify(
        "predict",
        function,
        cases,
        wrong(),
        mistakes=[
            ("the bias b is missing.", wrong(bias=0)),
            ("the bias b is subtracted; it is added.", wrong(bias=-1)),
            ("output 0 at z = 0: > in place of ≥.", wrong(strict=True)),
            ("−1 and 1 in place of 0 and 1.", wrong(low=-1)),
            ("output 0 at z = 0, and the bias is missing.", wrong(bias=0, strict=True)),
            ("the weights meet the inputs in reversed order.", wrong(flip=True)),
            ("0 and 1 are exchanged.", lambda x, w, b: 1 - wrong()(x, w, b)),
            (
                "this is the preactivation z: the step is missing.",
                lambda x, w, b: x @ w + b,
            ),
            (
                "the inputs are summed without their weights.",
                lambda x, w, b: np.where(x.sum(-1) + b >= 0, 1, 0),
            ),
            (
                "the bias multiplies z; it is added.",
                lambda x, w, b: np.where((x @ w) * b >= 0, 1, 0),
            ),
            (
                "the matrix is multiplied from the wrong side (Wᵀ for W).",
                lambda x, w, b: np.where(w @ x + b >= 0, 1, 0),
            ),
            (
                "only the first example is used.",
                lambda x, w, b: np.where(np.atleast_2d(x)[0] @ w + b >= 0, 1, 0),
            ),
        ],
    )


def update(function: Callable, seed: int = 0) -> None:
    """Check `update(x, d, w, b, eta)` → (w_new, b_new, mistake)."""
    rng = np.random.default_rng(seed)
    cases = []
    for d, side in itertools.product((0, 1), (-1, 1)):
        x, w = rng.uniform(0.5, 2, size=4), rng.normal(size=4)
        b = float(side * rng.uniform(0.5, 1) - x @ w)
        y = int(side > 0)
        cases.append(
            Case(
                f"target {d}, output {y}",
                {"x": x, "d": d, "w": w, "b": b, "eta": float(rng.uniform(0.1, 0.4))},
            )
        )
    ones = {"x": np.array([1.0, 1.0]), "w": np.array([1.0, -1.0]), "b": 0.0, "eta": 0.5}
    # The bias decides here: without it the output is another one.
    bias = {"x": np.array([1.0, 2.0]), "w": np.array([1.0, 1.0]), "b": -4.0, "eta": 0.3}
    sign = {"x": np.array([1.0, 2.0]), "w": np.array([-1.0, 1.0]), "b": 2.0, "eta": 0.3}
    edges = (("z = 0", ones), ("the bias decides", bias), ("a positive bias", sign))
    for label, args in edges:
        for d in (0, 1):
            args = {k: args[k] for k in ("x", "w", "b", "eta")} | {"d": d}
            order = {k: args[k] for k in ("x", "d", "w", "b", "eta")}
            cases.append(Case(f"{label}, target {d}", order))

    verify(
        "update",
        function,
        cases,
        _rule(),
        parts=("w", "b", "mistake"),
        mistakes=[
            ("the error has the wrong sign: e = d − y, not y − d.", _rule(error="y-d")),
            ("η is forgotten: the step is e x without it.", _rule(eta=False)),
            ("the bias is not updated.", _rule(bias_step=0)),
            ("the bias is updated with the wrong sign.", _rule(bias_step=-1)),
            ("the bias step lacks η.", _rule(bias_eta=False)),
            ("the bias is forgotten in the output y.", _rule(bias=0)),
            ("the bias is subtracted in the output y.", _rule(bias=-1)),
            ("y is 0 at z = 0: > in place of ≥.", _rule(strict=True)),
            (
                "an update happens also when the output is right: η d x in place of η "
                "e x.",
                _rule(error="d"),
            ),
            (
                "the output y stands where the error e = d − y belongs.",
                _rule(error="y"),
            ),
            (
                "an update happens only when the target is 1: the other kind of "
                "mistake (output 1, target 0) changes nothing.",
                _rule(error="d only 1"),
            ),
            (
                "an update happens only when the target is 0: the other kind of "
                "mistake (output 0, target 1) changes nothing.",
                _rule(error="d only 0"),
            ),
            ("the sign of the error is lost: |e| in place of e.", _rule(error="abs")),
            ("the desired output d is missing in e = d − y.", _rule(error="-y")),
            (
                "e is twice as large as it should be: outputs and targets are 0 and "
                "1, not ±1.",
                _rule(error="±1"),
            ),
            (
                "the weights move after every example, also after a right one: e "
                "must be 0 there.",
                _rule(error="always"),
            ),
            (
                "the error is d − z: the step is missing (that is another rule, the "
                "delta rule).",
                _rule(error="d-z"),
            ),
            ("the weights get the step η e without the input x.", _rule(inputs="ones")),
            (
                "the bias step contains the inputs: it is η e alone.",
                _rule(bias_sum=True),
            ),
            ("nothing is updated.", _rule(error="none")),
            (
                "an update happens when the output is right, none when it is wrong.",
                _rule(error="right"),
            ),
            (
                "the flag tells whether the output is right: it should tell of a "
                "mistake.",
                _rule(flag="inverted"),
            ),
            (
                "the flag is the error e itself (−1, 0, 1): a truth value is asked "
                "for.",
                _rule(flag="e"),
            ),
            ("the flag is the output y.", _rule(flag="y")),
            ("the flag is always True.", _rule(flag="true")),
            ("the flag is always False.", _rule(flag="false")),
            (
                "the changes of w and b are returned, not the new w and b.",
                _rule(change=True),
            ),
        ],
    )


def fit(function: Callable, seed: int = 0) -> None:
    """Check `fit(X, d, eta, max_epochs)` → (w, b, mistakes) from zero weights."""
    rng = np.random.default_rng(seed)
    X = np.array(ROWS, dtype=float)
    cases = [
        Case(gate, {"X": X, "d": np.array(d), "eta": 1.0, "max_epochs": 40})
        for gate, d in GATES.items()
    ]
    # A margin keeps the number of epochs small; the targets of XOR never come right.
    X3 = rng.normal(size=(32, 3))
    z = X3 @ rng.normal(size=3) + 0.4
    X3, z = X3[np.abs(z) > 0.3], z[np.abs(z) > 0.3]
    free = {"X": X3, "d": (z > 0).astype(int), "eta": 0.3, "max_epochs": 60}
    cases.append(Case(f"{len(z)} random examples, 3 inputs, η = 0.3", free))
    xor_ = {
        "X": X.view(_Finite),
        "d": np.array((0, 1, 1, 0)),
        "eta": 0.5,
        "max_epochs": 7,
    }
    cases.append(Case("XOR, which never ends, max_epochs = 7", xor_))

    verify(
        "fit",
        function,
        cases,
        _fitted(),
        parts=("w", "b", "mistakes"),
        mistakes=[
            (
                "the last epoch, the one without a mistake, is missing in the list: "
                "its 0 is included.",
                _fitted(last_zero=False),
            ),
            (
                "`mistakes` is the total; one number for each epoch is asked for.",
                _fitted(report="total"),
            ),
            (
                "`mistakes` is a running total: the count must start at 0 in each "
                "epoch.",
                _fitted(report="running"),
            ),
            ("`mistakes` counts the right answers.", _fitted(report="right")),
            (
                "`mistakes` holds the sum of the errors e, in which −1 and 1 cancel.",
                _fitted(report="signed"),
            ),
            ("`mistakes` holds shares, not numbers.", _fitted(report="share")),
            ("the training stops after the first epoch.", _fitted(stop="first")),
            (
                "the training does not stop after an epoch without a mistake.",
                _fitted(stop="never"),
            ),
            (
                "one epoch too many after the first one without a mistake.",
                _fitted(stop="late"),
            ),
            ("one epoch too few: max_epochs − 1.", _fitted(epochs=-1)),
            ("one epoch too many: max_epochs + 1.", _fitted(epochs=1)),
            ("max_epochs is ignored.", _fitted(epochs=93)),
            (
                "the training stops with the first mistake-free example, not epoch.",
                _fitted(stop="example"),
            ),
            (
                "all updates of an epoch are gathered and made at its end: the rule "
                "updates after each example.",
                _fitted(batch=True),
            ),
            ("the examples are used in reversed order.", _fitted(order=-1)),
            ("the weights start at 1; they start at 0.", _fitted(start=(1, 0))),
            (
                "the weights and the bias start at 1; they start at 0.",
                _fitted(start=(1, 1)),
            ),
            ("the bias starts at 1; it starts at 0.", _fitted(start=(0, 1))),
            ("the weights are set back to 0 in every epoch.", _fitted(reset=True)),
            ("only the first example is used in each epoch.", _fitted(only=1)),
            ("the last example is left out.", _fitted(only=-1)),
            ("η is ignored (1 in its place).", _fitted(eta=False)),
            (
                "the error has the wrong sign: e = d − y, not y − d.",
                _fitted(error="y-d"),
            ),
            ("the bias is not updated.", _fitted(bias_step=0)),
            ("the bias is updated with the wrong sign.", _fitted(bias_step=-1)),
            ("the bias step lacks η.", _fitted(bias_eta=False)),
            ("the bias is forgotten in the output y.", _fitted(bias=0)),
            ("y is 0 at z = 0: > in place of ≥.", _fitted(strict=True)),
            ("updates happen also when the output is right.", _fitted(error="d")),
            ("updates happen only when the target is 0.", _fitted(error="d only 0")),
            ("the sign of the error is lost: |e| in place of e.", _fitted(error="abs")),
            (
                "nothing is learned: are the new w and b taken over, and is an output "
                "of 1 for the target 0 a mistake, too?",
                _fitted(error="none"),
            ),
        ],
    )


def solvable(function: Callable, seed: int = 0) -> None:
    """Check `solvable(d, grid)`: how many (w1, w2, b) of the grid give the table d."""
    rng = np.random.default_rng(seed)
    even = np.linspace(-2, 2, 5)
    skew = np.sort(rng.choice(np.arange(-8, 9), size=6, replace=False)) / 2.0
    skew[np.argmin(np.abs(skew))] = 0.0
    tables = {
        **GATES,
        "x1 alone": (0, 0, 1, 1),
        "x2 and not x1": (0, 1, 0, 0),
        "XOR": (0, 1, 1, 0),
    }
    cases = [
        Case(f"{gate} on {len(grid)} values", {"d": np.array(d), "grid": grid})
        for grid in (even, np.unique(skew))
        for gate, d in tables.items()
    ]

    def count(bias=1, strict=False, need=4, same=False, invert=False):
        def search(d, grid):
            total = 0
            for w1, w2, b in itertools.product(grid, repeat=3):
                w2 = w1 if same else w2
                z = [w1 * p + w2 * q + bias * b for p, q in ROWS]
                right = sum(
                    (v > 0 if strict else v >= 0) == t
                    for v, t in zip(z, d, strict=True)
                )
                total += (right != 4) if invert else right >= need
            return total

        return search

    def without_bias(d, grid):
        return count(bias=0)(d, grid) // len(grid)

    verify(
        "solvable",
        function,
        cases,
        count(),
        mistakes=[
            ("b is ignored: the search runs over w1 and w2 only.", without_bias),
            ("b runs over the grid, but does not enter the output.", count(bias=0)),
            ("the output is 0 at z = 0: > in place of ≥.", count(strict=True)),
            ("three right rows of four are counted as success.", count(need=3)),
            ("w1 and w2 always have the same value in your search.", count(same=True)),
            (
                "w1, w2 and b run over the grid together, not independently.",
                lambda d, grid: sum(
                    all(
                        (g * (p + q + 1) >= 0) == t
                        for (p, q), t in zip(ROWS, d, strict=True)
                    )
                    for g in grid
                ),
            ),
            ("the settings that fail are counted.", count(invert=True)),
            (
                "the result tells whether there is one: the number of them is asked "
                "for.",
                lambda d, grid: int(count()(d, grid) > 0),
            ),
            (
                "the result tells whether there is none.",
                lambda d, grid: int(count()(d, grid) == 0),
            ),
            (
                "right rows are counted, not settings with four right rows.",
                lambda d, grid: sum(count(need=k)(d, grid) for k in (1, 2, 3, 4)),
            ),
            (
                "the last value of the grid is left out.",
                lambda d, grid: count()(d, grid[:-1]),
            ),
            (
                "the first value of the grid is left out.",
                lambda d, grid: count()(d, grid[1:]),
            ),
            (
                "this is the share of the settings, not their number.",
                lambda d, grid: count()(d, grid) / len(grid) ** 3,
            ),
        ],
    )


def xor_cases(function: Callable, seed: int = 0) -> dict[str, Callable[[], None]]:
    """Return the checks of `xor(x1, x2)` by rows and on arrays, for `core.partial`."""
    inputs = _xor_inputs(seed)

    def run(label: str) -> None:
        try:
            _xor(function, {label: inputs[label]}, known=False)
        except CheckFailed as failure:
            # One row fits many mistakes: the diagnosis comes from all rows together.
            with contextlib.redirect_stdout(io.StringIO()):
                _explain_by_all(failure, lambda: _xor(function, inputs))

    return {label: functools.partial(run, label) for label in inputs}


def _explain_by_all(failure: CheckFailed, check: Callable) -> None:
    text = str(failure)
    try:
        check()
    except CheckFailed as whole:
        lines = str(whole).splitlines()
        starts = [i for i, line in enumerate(lines) if line.startswith("Likely")]
        if starts and "Likely" not in text:
            text += "\n" + lines[starts[0]]
    raise CheckFailed(text)


def _xor_inputs(seed: int) -> dict[str, tuple]:
    x1, x2 = np.random.default_rng(seed).permutation(np.repeat(ROWS, 2, 0)).T.copy()
    return {f"x1 = {p}, x2 = {q}": (p, q) for p, q in ROWS} | {"arrays": (x1, x2)}


def _xor(function: Callable, inputs: dict[str, tuple], known: bool = True) -> None:
    def gate(rule: Callable) -> Callable:
        return lambda x1, x2: np.asarray(rule(np.asarray(x1), np.asarray(x2))).astype(
            int
        )

    verify(
        "xor",
        function,
        [Case(k, {"x1": p, "x2": q}) for k, (p, q) in inputs.items()],
        gate(lambda p, q: (p + q) % 2),
        mistakes=known
        * [
            ("this is OR: 1 also for (1, 1).", gate(lambda p, q: p | q)),
            ("this is AND.", gate(lambda p, q: p & q)),
            ("this is NAND: 1 also for (0, 0).", gate(lambda p, q: 1 - (p & q))),
            ("this is NOR.", gate(lambda p, q: 1 - (p | q))),
            (
                "this is the negation, XNOR: 1 for equal inputs.",
                gate(lambda p, q: 1 - (p ^ q)),
            ),
            (
                "only (1, 0) gives 1: one of the two ways is missing.",
                gate(lambda p, q: p & (1 - q)),
            ),
            (
                "only (0, 1) gives 1: one of the two ways is missing.",
                gate(lambda p, q: q & (1 - p)),
            ),
            ("this is the sum: 2 for (1, 1).", gate(lambda p, q: p + q)),
            ("this is the difference, −1 for (0, 1).", gate(lambda p, q: p - q)),
            ("this is x1 alone.", gate(lambda p, q: p + 0 * q)),
            ("this is x2 alone.", gate(lambda p, q: q + 0 * p)),
            ("the output is 0 for all inputs.", gate(lambda p, q: 0 * p * q)),
            ("the output is 1 for all inputs.", gate(lambda p, q: 0 * p * q + 1)),
        ],
    )


class _Finite(np.ndarray):
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


def _rule(
    error="d-y",
    eta=True,
    bias_step=1,
    bias_eta=True,
    bias=1,
    strict=False,
    inputs="x",
    bias_sum=False,
    flag="mistake",
    change=False,
) -> Callable:
    """Return the learning rule of one example, with the given slips built in."""

    def rule(x, d, w, b, rate):
        z = float(np.dot(w, x)) + bias * b
        y = int(z > 0 if strict else z >= 0)
        e = {
            "d-y": d - y,
            "y-d": y - d,
            "d": d,
            "y": y,
            "d only 1": (d - y) * d,
            "d only 0": (d - y) * (1 - d),
            "abs": abs(d - y),
            "d-z": d - z,
            "none": 0,
            "right": int(d == y),
            "-y": -y,
            "±1": 2 * (d - y),
            "always": 2 * d - 1,
        }[error]
        size = rate if eta else 1.0
        dw = size * e * (x if inputs == "x" else np.ones_like(x))
        db = bias_step * (size if bias_eta else 1.0) * e * (x.sum() if bias_sum else 1)
        told = {
            "mistake": d != y,
            "inverted": d == y,
            "e": e,
            "y": y,
            "true": True,
            "false": False,
        }[flag]
        return (dw, db, told) if change else (w + dw, b + db, told)

    return rule


def _fitted(
    report="each",
    last_zero=True,
    stop="clean",
    epochs=0,
    batch=False,
    order=1,
    start=(0, 0),
    reset=False,
    only=0,
    **slips,
) -> Callable:
    """Return the training from zeros, with the given slips built in."""
    rule = _rule(**slips)

    def train(X, d, rate, limit):
        w, b = np.full(X.shape[1], float(start[0])), float(start[1])
        mistakes, signed = [], []

        late = 0
        for _ in range(limit + epochs):
            if reset:
                w, b = 0 * w, 0.0
            fixed = w, b
            missed = sign = 0
            for i in list(range(len(X)))[::order][: only or None]:
                at = fixed if batch else (w, b)
                w1, b1, wrong = rule(X[i], d[i], *at, rate)
                w, b = w + w1 - at[0], b + b1 - at[1]
                missed, sign = missed + wrong, sign + int(wrong) * (2 * int(d[i]) - 1)
                if stop == "example" and not wrong:
                    break
            mistakes.append(int(missed))
            signed.append(sign)
            done = missed == 0 or stop == "first" or stop == "example"
            if done and stop != "never" and (stop != "late" or late):
                break
            late = late or done
        if not last_zero and mistakes[-1] == 0:
            mistakes.pop()
        told = {
            "each": mistakes,
            "total": sum(mistakes),
            "running": np.cumsum(mistakes).tolist(),
            "right": [len(X) - m for m in mistakes],
            "signed": signed,
            "share": [m / len(X) for m in mistakes],
        }[report]
        return w, b, told

    return train
