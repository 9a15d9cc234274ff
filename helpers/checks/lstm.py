"""Checks of the exercises `lstm_cell` and `flights_lstm`.

Each check takes what the student wrote and a seed; the visible cell and the hidden
test differ in the seed only. The cells are judged by PyTorch's own layers, in double
precision; the mistakes are variants of a simulator in NumPy, switched on by name.
"""

import functools
from collections.abc import Callable

import numpy as np

from .architecture import build
from .core import Case, CheckFailed, call, passed, verify

TIGHT = {"rtol": 1e-6, "atol": 1e-9}
HIDDEN = 24  # of the forecaster
YEAR = 12


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(z)))


def _one(z):
    return np.ones_like(z)


# --- lstm_cell ------------------------------------------------------------------------


def _cell_case(rng, label: str, m: int, n_x: int, n_h: int, gates: int = 4) -> dict:
    """Return x, h and parameters of a cell with that many blocks of rows."""
    draw = rng.normal
    return {
        "x": draw(size=(m, n_x)),
        "h": np.tanh(draw(size=(m, n_h))),
        "W": draw(size=(gates * n_h, n_x)),
        "U": draw(size=(gates * n_h, n_h)),
        "b": draw(size=gates * n_h),
    }


SIZES = (
    ("4 examples, 3 inputs, 2 hidden units", 4, 3, 2),
    ("2 examples, 1 input, 5 hidden units", 2, 1, 5),
    ("3 examples, 3 inputs, 3 hidden units", 3, 3, 3),
)


def gates(function: Callable, seed: int = 0) -> None:
    """Check `gates(x, h, W, U, b)`: the four gates (i, f, g, o) of an LSTM cell."""
    rng = np.random.default_rng(seed)
    cases = [Case(label, _cell_case(rng, label, *sizes)) for label, *sizes in SIZES]

    def loops(x, h, W, U, b):  # one number at a time, from the definition
        m, n_h = h.shape
        parts = []
        for gate in range(4):
            part = np.zeros((m, n_h))
            for e in range(m):
                for j in range(n_h):
                    row = gate * n_h + j
                    z = sum(W[row] * x[e]) + sum(U[row] * h[e]) + b[row]
                    part[e, j] = np.tanh(z) if gate == 2 else 1 / (1 + np.exp(-z))
            parts.append(part)
        return tuple(parts)

    def wrong(order="ifgo", bias=1, g=np.tanh, others=_sigmoid, state=1, inner=1):
        def rule(x, h, W, U, b):
            z = inner * (x @ W.T) + state * (h @ U.T) + bias * b
            blocks = dict(zip(order, np.split(z, 4, axis=1), strict=True))
            return tuple(
                g(blocks[k]) if k == "g" else others(blocks[k]) for k in "ifgo"
            )

        return rule

    def interleaved(x, h, W, U, b):
        z = (x @ W.T + h @ U.T + b).reshape(len(x), -1, 4)
        return tuple(
            np.tanh(z[..., k]) if k == 2 else _sigmoid(z[..., k]) for k in range(4)
        )

    verify(
        "gates",
        function,
        cases,
        loops,
        parts=("i", "f", "g", "o"),
        mistakes=[
            ("the bias b is missing.", wrong(bias=0)),
            ("the bias b is subtracted; it is added.", wrong(bias=-1)),
            ("the bias is added twice.", wrong(bias=2)),
            (
                "the candidate g has the sigmoid: it must be able to be negative, so "
                "it has tanh.",
                wrong(g=_sigmoid),
            ),
            (
                "the gates have tanh: i, f and o are shares between 0 and 1, so they "
                "have the sigmoid.",
                wrong(others=np.tanh),
            ),
            (
                "sigmoid and tanh are exchanged: g has tanh, i, f and o the sigmoid.",
                wrong(g=_sigmoid, others=np.tanh),
            ),
            (
                "the blocks of rows are taken in the order f, i, g, o: here it is i, "
                "f, g, o, as in PyTorch.",
                wrong("figo"),
            ),
            (
                "the blocks of rows are taken in the order i, f, o, g: here it is i, "
                "f, g, o, as in PyTorch.",
                wrong("ifog"),
            ),
            (
                "the blocks of rows are taken in the order f, i, o, g: here it is i, "
                "f, g, o, as in PyTorch.",
                wrong("fiog"),
            ),
            (
                "every fourth row is taken for a gate: the rows of a gate lie "
                "together, n_h of them.",
                interleaved,
            ),
            ("the state h is not used: U h is missing.", wrong(state=0)),
            ("the input x is not used: W x is missing.", wrong(inner=0)),
            (
                "these are preactivations: sigmoid and tanh are missing.",
                wrong(g=lambda z: z, others=lambda z: z),
            ),
            ("the candidate g lacks its tanh.", wrong(g=lambda z: z)),
        ],
        **TIGHT,
    )


def state(function: Callable, seed: int = 0) -> None:
    """Check `state(i, f, g, o, c)`: the new (h, c) of an LSTM cell."""
    rng = np.random.default_rng(seed)
    keys = ("i", "f", "g", "o", "c")

    def case(label, m, n_h):
        i, f, o = rng.uniform(0.05, 0.95, (3, m, n_h))
        g, c = rng.uniform(-1, 1, (m, n_h)), rng.normal(0, 1.5, (m, n_h))
        return Case(label, dict(zip(keys, (i, f, g, o, c), strict=True)))

    def loops(i, f, g, o, c):
        h, new = np.zeros(c.shape), np.zeros(c.shape)
        for at in np.ndindex(*c.shape):
            new[at] = f[at] * c[at] + i[at] * g[at]
            h[at] = o[at] * np.sinh(new[at]) / np.cosh(new[at])
        return h, new

    def wrong(cell=lambda i, f, g, o, c: f * c + i * g, squash=np.tanh, old=False):
        def rule(i, f, g, o, c):
            new = cell(i, f, g, o, c)
            return o * squash(c if old else new), new

        return rule

    verify(
        "state",
        function,
        [case("3 examples, 4 hidden units", 3, 4), case("one example", 1, 6)],
        loops,
        parts=("h", "c"),
        mistakes=[
            (
                "tanh is missing in h: it keeps the output between −1 and 1.",
                wrong(squash=lambda c: c),
            ),
            (
                "h is made from the old cell state; the new one belongs there.",
                wrong(old=True),
            ),
            (
                "f and i are exchanged: f weighs the old state, i the candidate.",
                wrong(lambda i, f, g, o, c: i * c + f * g),
            ),
            (
                "the new cell state is i ⊙ g alone: what f keeps is missing.",
                wrong(lambda i, f, g, o, c: i * g),
            ),
            (
                "the input gate is missing: the candidate enters whole.",
                wrong(lambda i, f, g, o, c: f * c + g),
            ),
            (
                "the forget gate is missing: the old state stays whole.",
                wrong(lambda i, f, g, o, c: c + i * g),
            ),
            (
                "1 − f keeps the old state: f near 1 should keep, not erase.",
                wrong(lambda i, f, g, o, c: (1 - f) * c + i * g),
            ),
            (
                "1 − f stands where i belongs: that is the GRU's way.",
                wrong(lambda i, f, g, o, c: f * c + (1 - f) * g),
            ),
            (
                "the cell state itself goes through tanh: only its copy in h does.",
                wrong(lambda i, f, g, o, c: np.tanh(f * c + i * g), lambda c: c),
            ),
            (
                "the cell state goes through tanh twice: it stays linear.",
                wrong(lambda i, f, g, o, c: np.tanh(f * c + i * g)),
            ),
            ("the sigmoid stands where tanh belongs.", wrong(squash=_sigmoid)),
            (
                "h and c are exchanged: h comes first.",
                lambda *gates: wrong()(*gates)[::-1],
            ),
        ],
        **TIGHT,
    )


def _lstm(xs, W, U, b, start=None, carry="hc", reverse=False):
    """Run an LSTM over xs (T, m, n_x); return all h (T, m, n_h) and the last c."""
    n_h = U.shape[1]
    h = np.zeros((xs.shape[1], n_h)) if start is None else start + 0.0
    c = h.copy()
    zero, outputs = np.zeros_like(h), []
    for x in xs[::-1] if reverse else xs:
        z = x @ W.T + (h if "h" in carry else zero) @ U.T + b
        i, f, g, o = np.split(z, 4, axis=1)
        kept = c if "c" in carry else zero
        c = _sigmoid(f) * kept + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        outputs.append(h)
    return np.array(outputs), c


def lstm(function: Callable, seed: int = 0) -> None:
    """Check `lstm(xs, W, U, b)` over a sequence against `torch.nn.LSTM`."""
    import torch

    rng = np.random.default_rng(seed)
    cases = []
    for label, T, m, n_x, n_h in (
        ("6 steps, 2 examples", 6, 2, 3, 4),
        ("one step", 1, 3, 2, 3),
        ("5 steps, 5 examples, 5 inputs, 5 hidden units", 5, 5, 5, 5),
    ):
        args = _cell_case(rng, label, m, n_x, n_h)
        xs = rng.normal(size=(T, m, n_x))
        cases.append(Case(label, {"xs": xs, **{k: args[k] for k in "WUb"}}))

    def library(xs, W, U, b):
        layer = torch.nn.LSTM(W.shape[1], U.shape[1], dtype=torch.float64)
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        values = (W, U, b, 0 * b)
        layer.load_state_dict(
            {k: torch.tensor(v) for k, v in zip(names, values, strict=True)}
        )
        with torch.no_grad():
            outputs, (_, c) = layer(torch.tensor(xs))
        return outputs.numpy(), c[0].numpy()

    def ones(xs, W, U, b):
        return _lstm(xs, W, U, b, start=np.ones((xs.shape[1], U.shape[1])))

    def last(xs, W, U, b):
        outputs, c = _lstm(xs, W, U, b)
        return outputs[-1], c

    def cells(xs, W, U, b):
        outputs, _ = _lstm(xs, W, U, b)
        return outputs, outputs[-1]

    verify(
        "lstm",
        function,
        cases,
        library,
        parts=("H", "c"),
        mistakes=[
            (
                "h is not handed on: every step starts with h = 0.",
                functools.partial(_lstm, carry="c"),
            ),
            (
                "the cell state c is not handed on: every step starts with c = 0.",
                functools.partial(_lstm, carry="h"),
            ),
            (
                "no state is handed on: every step starts anew.",
                functools.partial(_lstm, carry=""),
            ),
            (
                "the first state is made of ones; it is zeros.",
                ones,
            ),
            (
                "the sequence is read backward.",
                functools.partial(_lstm, reverse=True),
            ),
            ("only the last h came: one for each step is asked for.", last),
            ("the second result is the last h; the last c is asked for.", cells),
        ],
        **TIGHT,
    )


def gru_cell(function: Callable, seed: int = 0) -> None:
    """Check `gru_cell(x, h, W, U, b, d)` against `torch.nn.GRUCell`."""
    import torch

    rng = np.random.default_rng(seed)
    cases = []
    for label, *sizes in SIZES:
        args = _cell_case(rng, label, *sizes, gates=3)
        cases.append(Case(label, {**args, "d": rng.normal(size=len(args["b"]))}))

    def library(x, h, W, U, b, d):
        cell = torch.nn.GRUCell(W.shape[1], U.shape[1], dtype=torch.float64)
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        cell.load_state_dict(
            {k: torch.tensor(v) for k, v in zip(names, (W, U, b, d), strict=True)}
        )
        with torch.no_grad():
            return cell(torch.tensor(x), torch.tensor(h)).numpy()

    def wrong(
        order="rzn", mix="z", reset="product", squash=np.tanh, b_=1, d_=1, gate=_sigmoid
    ):
        def rule(x, h, W, U, b, d):
            from_x = dict(
                zip(order, np.split(x @ W.T + b_ * b, 3, axis=1), strict=True)
            )
            from_h = dict(
                zip(order, np.split(h @ U.T + d_ * d, 3, axis=1), strict=True)
            )
            r, z = (gate(from_x[k] + from_h[k]) for k in "rz")
            at = order.index("n") * h.shape[1]
            rows = slice(at, at + h.shape[1])
            inner = {
                "product": r * from_h["n"],
                "state": (r * h) @ U[rows].T + d_ * d[rows],
                "without bias": r * (h @ U[rows].T) + d_ * d[rows],
                "none": from_h["n"],
                "all": r * from_h["n"],
                "z": z * from_h["n"],
            }[reset]
            n = squash(
                r * from_x["n"] + inner if reset == "all" else from_x["n"] + inner
            )
            return {
                "z": (1 - z) * n + z * h,
                "1-z": z * n + (1 - z) * h,
                "n": n,
                "sum": n + z * h,
                "r": (1 - r) * n + r * h,
            }[mix]

        return rule

    verify(
        "gru_cell",
        function,
        cases,
        library,
        mistakes=[
            (
                "z and 1 − z are exchanged: here z weighs the old state, as in PyTorch "
                "(texts differ).",
                wrong(mix="1-z"),
            ),
            (
                "the reset gate multiplies h before the product with U: here it "
                "multiplies U h + d, as in PyTorch.",
                wrong(reset="state"),
            ),
            (
                "the reset gate multiplies U h alone: its bias d belongs inside.",
                wrong(reset="without bias"),
            ),
            ("the reset gate r is not used.", wrong(reset="none")),
            ("the reset gate multiplies the input's part, too.", wrong(reset="all")),
            ("z stands where the reset gate r belongs.", wrong(reset="z")),
            ("r stands where the update gate z belongs.", wrong(mix="r")),
            (
                "the blocks of rows are taken in the order z, r, n: here it is r, z, "
                "n, as in PyTorch.",
                wrong("zrn"),
            ),
            ("this is the candidate n: the mixture with h is missing.", wrong(mix="n")),
            ("the candidate enters whole: (1 − z) is missing.", wrong(mix="sum")),
            ("the candidate has the sigmoid; it has tanh.", wrong(squash=_sigmoid)),
            ("the gates have tanh; they have the sigmoid.", wrong(gate=np.tanh)),
            ("the candidate lacks its tanh.", wrong(squash=lambda z: z)),
            ("the biases d are missing.", wrong(d_=0)),
            ("the biases b are missing.", wrong(b_=0)),
            ("all biases are missing.", wrong(b_=0, d_=0)),
        ],
        **TIGHT,
    )


def n_parameters(function: Callable, seed: int = 0) -> None:
    """Check `n_parameters(kind, n_x, n_h)` against the layers of PyTorch."""
    import torch

    rng = np.random.default_rng(seed)
    sizes = [(1, 100), (65, 128), tuple(int(v) for v in rng.integers(2, 40, 2))]
    cases = [
        Case(
            f"{kind}, {n_x} inputs, {n_h} hidden",
            {"kind": kind, "n_x": n_x, "n_h": n_h},
        )
        for n_x, n_h in sizes
        for kind in ("rnn", "gru", "lstm")
    ]

    def library(kind, n_x, n_h):
        layers = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
        return sum(p.numel() for p in layers[kind](n_x, n_h).parameters())

    def wrong(lstm=4, gru=3, rnn=1, biases=2, square=False):
        def rule(kind, n_x, n_h):
            blocks = {"rnn": rnn, "gru": gru, "lstm": lstm}[kind]
            return blocks * n_h * ((n_h if square else n_x) + n_h + biases)

        return rule

    verify(
        "n_parameters",
        function,
        cases,
        library,
        mistakes=[
            (
                "one bias vector is counted; PyTorch has two, one for W and one for U.",
                wrong(biases=1),
            ),
            ("the biases are left out.", wrong(biases=0)),
            ("an LSTM has four blocks (i, f, g, o), not three.", wrong(lstm=3)),
            ("a GRU has three blocks (r, z, n), not four.", wrong(gru=4)),
            ("a GRU has three blocks (r, z, n), not two.", wrong(gru=2)),
            ("all three kinds are counted alike.", wrong(lstm=1, gru=1)),
            ("all kinds are counted as an LSTM.", wrong(gru=4, rnn=4)),
            ("n_x is not used.", wrong(square=True)),
            (
                "the weights from state to state are left out, or counted once for "
                "all blocks.",
                lambda kind, n_x, n_h: (
                    {"rnn": 1, "gru": 3, "lstm": 4}[kind] * n_h * (n_x + 2) + n_h * n_h
                ),
            ),
        ],
    )


def memory(function: Callable, seed: int = 0) -> None:
    """Check `memory(F)`: how much of c_t is left at the end, for each t."""
    rng = np.random.default_rng(seed)
    cases = [
        Case(label, {"F": rng.uniform(0.3, 0.99, size)})
        for label, size in (
            ("7 steps, 3 units", (7, 3)),
            ("3 steps, 3 units", (3, 3)),
            ("one step", (1, 4)),
        )
    ]

    def loops(F):
        left = np.ones(F.shape)
        for t in range(len(F)):
            for later in range(t + 1, len(F)):
                left[t] = left[t] * F[later]
        return left

    def after(F):
        return np.cumprod(F[::-1], axis=0)[::-1]

    verify(
        "memory",
        function,
        cases,
        loops,
        mistakes=[
            (
                "f_t itself is a factor, too: c_t is what comes after f_t, so the "
                "product begins with f_{t+1}.",
                after,
            ),
            (
                "the product runs from the beginning to t: it runs from t + 1 to the "
                "end.",
                lambda F: np.cumprod(F, axis=0),
            ),
            (
                "the forget gates are added up; they are multiplied.",
                lambda F: np.cumsum(F[::-1], axis=0)[::-1] - F,
            ),
            (
                "the product runs over the units; each unit keeps its own memory.",
                lambda F: np.cumprod(F[:, ::-1], axis=1)[:, ::-1] / F,
            ),
            (
                "the last factor f_T is left out.",
                lambda F: (
                    np.vstack([after(F[:-1]) / F[:-1], np.ones((1, F.shape[1]))])
                    if len(F) > 1
                    else np.ones(F.shape)
                ),
            ),
            (
                "1 − f is multiplied: f is the share that is kept.",
                lambda F: after(1 - F) / (1 - F),
            ),
            (
                "only the first entry, from t = 1 to the end, came: one row for each "
                "step is asked for.",
                lambda F: loops(F)[0],
            ),
            ("the rows are in reversed order.", lambda F: loops(F)[::-1]),
        ],
        **TIGHT,
    )


# --- flights_lstm ---------------------------------------------------------------------


def _months(rng: np.random.Generator, years: int) -> np.ndarray:
    """Return monthly numbers that grow, with a season whose swing grows with them."""
    t = np.arange(years * YEAR)
    season = rng.normal(0, 0.18, YEAR)
    season -= season.mean()
    growth = rng.uniform(0.009, 0.012)
    noise = np.cumsum(rng.normal(0, 0.006, len(t)))
    level = rng.uniform(90, 400)
    return np.round(level * np.exp(growth * t + season[t % YEAR] + noise), 1)


def _series(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return n numbers that rise, with swings: the largest come at the end."""
    return np.round(np.linspace(10, 40, n) + rng.normal(0, 4, n), 2)


def windows(function: Callable, seed: int = 0) -> None:
    """Check `windows(series, width)`: inputs (N, width) and the value after each."""
    rng = np.random.default_rng(seed)
    cases = [
        Case(f"{n} values, width {w}", {"series": _series(rng, n), "width": w})
        for n, w in ((9, 3), (20, 12), (5, 4))
    ]

    def loops(series, width):
        X, y = [], []
        for target in range(width, len(series)):
            X.append([series[target - width + k] for k in range(width)])
            y.append(series[target])
        return np.array(X), np.array(y)

    def wrong(ahead=0, step=1, drop=0, flip=False):
        def rule(series, width):
            starts = range(0, len(series) - width - ahead - drop, step)
            X = np.array([series[s : s + width][:: -1 if flip else 1] for s in starts])
            return X, np.array([series[s + width + ahead] for s in starts])

        return rule

    verify(
        "windows",
        function,
        cases,
        loops,
        parts=("X", "y"),
        mistakes=[
            (
                "the target is the window's own last value: the one after the window "
                "is asked for.",
                wrong(ahead=-1),
            ),
            ("the target comes one step too late.", wrong(ahead=1)),
            ("the last window is left out.", wrong(drop=1)),
            (
                "the windows do not overlap: they begin at every place, not at every "
                "width-th.",
                lambda series, width: wrong(step=width)(series, width),
            ),
            ("the windows run backward in time.", wrong(flip=True)),
            (
                "the target is shifted by one within the right number of windows.",
                lambda s, w: (wrong()(s, w)[0], np.append(wrong()(s, w)[1][1:], s[-1])),
            ),
            (
                "the target is the whole next window, moved by one: one value is "
                "asked for.",
                lambda s, w: (
                    wrong()(s, w)[0],
                    np.array([s[k + 1 : k + w + 1] for k in range(len(s) - w)]),
                ),
            ),
        ],
    )


def prepare(function: Callable, seed: int = 0) -> None:
    """Check `prepare(series, n_train)`: scaled by the first n_train values alone."""
    rng = np.random.default_rng(seed)
    cases = []
    for n, n_train in ((30, 22), (144, 132), (12, 8)):
        series = _series(rng, n)
        series[n_train + 1] += 50  # the whole and the training part differ
        series[-1] -= 60
        label = f"{n} values, {n_train} to train"
        cases.append(Case(label, {"series": series, "n_train": n_train}))

    def loops(series, n_train):
        low = high = series[0]
        for value in series[:n_train]:
            low, high = min(low, value), max(high, value)
        middle, half = (low + high) / 2, (high - low) / 2
        return np.array([(v - middle) / half for v in series]), low, high

    def wrong(fit=lambda s, n: s[:n], a=2.0, b=-1.0, cut=False, clip=False):
        def rule(series, n_train):
            part = fit(series, n_train)
            low, high = part.min(), part.max()
            scaled = a * (series - low) / (high - low) + b
            scaled = scaled.clip(-1, 1) if clip else scaled
            return scaled[:n_train] if cut else scaled, low, high

        return rule

    def each(series, n_train):
        first, rest = (
            wrong(lambda s, n: s)(part, 0) for part in np.split(series, [n_train])
        )
        return np.append(first[0], rest[0]), *first[1:]

    def normal(series, n_train):
        part = series[:n_train]
        return (series - part.mean()) / part.std(), part.min(), part.max()

    verify(
        "prepare",
        function,
        cases,
        loops,
        parts=("scaled", "low", "high"),
        mistakes=[
            (
                "leakage: the smallest and the largest value are taken from the whole "
                "series. The months to be forecast have told their range.",
                wrong(lambda s, n: s),
            ),
            (
                "leakage: one value of the part to be forecast enters low and high.",
                wrong(lambda s, n: s[: n + 1]),
            ),
            (
                "low and high come from the part to be forecast, not from the training "
                "part.",
                wrong(lambda s, n: s[n:]),
            ),
            (
                "training part and rest are scaled each by its own range: one scale "
                "for both, from the training part.",
                each,
            ),
            (
                "the last value of the training part is left out.",
                wrong(lambda s, n: s[: n - 1]),
            ),
            ("scaled to [0, 1]; [−1, 1] is asked for.", wrong(a=1.0, b=0.0)),
            ("scaled to [−½, ½]; [−1, 1] is asked for.", wrong(a=1.0, b=-0.5)),
            ("scaled to [0, 2]: subtract 1.", wrong(b=0.0)),
            (
                "only the training part came back: scale the whole series.",
                wrong(cut=True),
            ),
            (
                "values outside the training range are clipped: they may lie outside "
                "[−1, 1].",
                wrong(clip=True),
            ),
            ("this is standardization, not scaling to [−1, 1].", normal),
        ],
    )


def unscale(function: Callable, seed: int = 0) -> None:
    """Check `unscale(scaled, low, high)`, the way back from [−1, 1]."""
    rng = np.random.default_rng(seed)
    cases = [
        Case(label, {"scaled": rng.uniform(-1.2, 1.2, size), "low": low, "high": high})
        for label, size, low, high in (
            ("a vector", 7, 104.0, 622.0),
            ("negative values", 4, -5.0, 3.0),
            ("a table", (2, 3), 1.5, 2.5),
        )
    ]

    def reference(scaled, low, high):
        return (high - low) / 2 * scaled + (high + low) / 2

    verify(
        "unscale",
        function,
        cases,
        reference,
        mistakes=[
            (
                "this undoes a scaling to [0, 1]: add 1 and halve first.",
                lambda s, low, high: s * (high - low) + low,
            ),
            ("low is not added back.", lambda s, low, high: (s + 1) / 2 * (high - low)),
            (
                "the 1 is not added back.",
                lambda s, low, high: s / 2 * (high - low) + low,
            ),
            ("the 2 is forgotten.", lambda s, low, high: (s + 1) * (high - low) + low),
            (
                "this scales once more: the way back is asked for.",
                lambda s, low, high: 2 * (s - low) / (high - low) - 1,
            ),
            (
                "high is not used as a difference: high − low.",
                lambda s, low, high: (s + 1) / 2 * high + low,
            ),
        ],
    )


def _run_forecaster(weights: dict, x: np.ndarray, slip: str = "") -> np.ndarray:
    """Return the outputs (m,) of the network that is asked for, in NumPy."""
    xs = x.T[:, :, None]  # (width, m, 1)
    if slip == "batch":  # batch_first is missing: the examples are read as time
        xs = x[:, :, None]
    H, c = _lstm(
        xs,
        weights["W"],
        weights["U"],
        weights["b"] + weights["d"],
        reverse=slip == "reverse",
    )
    h = {
        "first": lambda: H[0],
        "mean": lambda: H.mean(axis=0),
        "cell": lambda: c,
        "relu": lambda: np.maximum(H[-1], 0),
        "batch": lambda: H[:, -1],
        "sum": lambda: H.sum(axis=0),
    }.get(slip, lambda: H[-1])()
    y = (h @ weights["V"].T + weights["e"])[:, 0]
    return np.tanh(y) if slip == "tanh" else y


def forecaster(factory: Callable, seed: int = 0) -> None:
    """Check the class `Forecaster(hidden)`: its layers, outputs and forgotten state."""
    import torch

    name, rng = "Forecaster", np.random.default_rng(seed)
    n = HIDDEN
    model = build(name, factory, n)
    shapes = {k: tuple(v.shape) for k, v in model.named_parameters()}
    wanted = {
        "W": (".weight_ih_l0", (4 * n, 1)),
        "U": (".weight_hh_l0", (4 * n, n)),
        "b": (".bias_ih_l0", (4 * n,)),
        "d": (".bias_hh_l0", (4 * n,)),
        "V": (".weight", (1, n)),
        "e": (".bias", (1,)),
    }
    found = {
        key: next((k for k, s in shapes.items() if k.endswith(end) and s == shape), "")
        for key, (end, shape) in wanted.items()
    }
    if not all(found.values()) or len(shapes) != len(wanted):
        raise CheckFailed(_wrong_layers(name, shapes, n))
    weights = {
        key: np.float32(rng.normal(0, 0.5, shape)) for key, (_, shape) in wanted.items()
    }
    model.load_state_dict({found[k]: torch.tensor(v) for k, v in weights.items()})
    model.eval()
    double = {k: v.astype(float) for k, v in weights.items()}
    x = rng.uniform(-1, 1, (3, 12))

    def outputs(x):
        with torch.no_grad():
            y = model(torch.tensor(x, dtype=torch.float32))
        if isinstance(y, tuple | list):
            raise CheckFailed(
                f"✗ {name}: {len(y)} results came. nn.LSTM returns (outputs, (h, c)): "
                "take the outputs, of these the last step."
            )
        return y.detach().numpy().astype(float) if isinstance(y, torch.Tensor) else y

    def wrong(slip):
        return lambda x: _run_forecaster(double, x, slip)

    verify(
        f"{name}, outputs",
        outputs,
        [
            Case("5 windows of 12", {"x": rng.uniform(-1, 1, (5, 12))}),
            Case("one window of 7", {"x": rng.uniform(-1, 1, (1, 7))}),
            Case("4 windows of 4", {"x": rng.uniform(-1, 1, (4, 4))}),
        ],
        wrong(""),
        mistakes=[
            (
                "the examples are read as time steps: nn.LSTM needs batch_first=True, "
                "or the time as its first axis.",
                wrong("batch"),
            ),
            (
                "the output is read after the first step: take the last one.",
                wrong("first"),
            ),
            (
                "the outputs of all steps are averaged: take the last one.",
                wrong("mean"),
            ),
            ("the outputs of all steps are added up: take the last one.", wrong("sum")),
            ("the cell state c is read; h is asked for.", wrong("cell")),
            ("there is a ReLU before the output: none is asked for.", wrong("relu")),
            (
                "the output goes through tanh: a forecast must be able to leave "
                "[−1, 1].",
                wrong("tanh"),
            ),
            ("the window is read backward.", wrong("reverse")),
            (
                "the shape is (m, 1): one number for each window is asked for, (m,).",
                lambda x: wrong("")(x)[:, None],
            ),
        ],
        rtol=1e-4,
        atol=1e-5,
    )
    first, second = outputs(x), outputs(x)
    if not np.allclose(first, second, atol=1e-6):
        raise CheckFailed(
            f"✗ {name}: the same windows twice give different forecasts.\nLikely "
            "mistake: the state is left over from the call before. It is zeros at the "
            "beginning of every window: pass none."
        )


def _wrong_layers(name: str, shapes: dict, n: int) -> str:
    have = "; ".join(f"{k} {s}" for k, s in shapes.items()) or "none"
    hint = "the network is nn.LSTM(1, hidden) and nn.Linear(hidden, 1), and no more."
    sizes = set(shapes.values())
    if not shapes:
        hint = "no layer is registered: keep the layers as attributes of self."
    elif (4 * n, 1) not in sizes and (3 * n, 1) in sizes:
        hint = "this is a GRU (three blocks of rows): nn.LSTM is asked for."
    elif (4 * n, 1) not in sizes and (n, 1) in sizes:
        hint = "this is a plain nn.RNN: nn.LSTM is asked for."
    elif (4 * n, 1) not in sizes and any(len(s) == 2 and s[0] == 4 * n for s in sizes):
        hint = (
            "the LSTM reads a whole window as one step: it gets one number at a time, "
            "so its input size is 1."
        )
    elif any(".weight_ih_l1" in k for k in shapes):
        hint = "there are several layers of LSTM: one is asked for."
    elif (4 * n, 1) not in sizes and any("weight_ih" in k for k in shapes):
        hint = "`hidden` is not used: the size of the state comes as an argument."
    elif (1, n) not in sizes:
        hint = "the output layer nn.Linear(hidden, 1) is missing, or has another size."
    text = f"✗ {name}: the layers are not those asked for.\nLikely mistake: {hint}"
    return f"{text}\ngot  {have}"


def recursive_forecast(function: Callable, seed: int = 0) -> None:
    """Check `recursive_forecast(predict, history, width, months)` with known rules."""
    rng = np.random.default_rng(seed)
    cases = []
    for n, width, months in ((15, 4, 6), (12, 12, 12), (9, 3, 1)):
        weights = rng.dirichlet(np.ones(width)) * 1.02
        history = _series(rng, n)
        keys = ("weights", "history", "width", "months")
        label = f"{n} values, width {width}, {months} month{'s' * (months > 1)}"
        values = (weights, history, width, months)
        cases.append(Case(label, dict(zip(keys, values, strict=True))))

    def ours(weights, history, width, months):
        def predict(window):
            window = np.asarray(window, dtype=float)
            if window.shape != (width,):
                raise CheckFailed(
                    f"✗ recursive_forecast: predict got a window of shape "
                    f"{window.shape}; it takes the last {width} values, ({width},)."
                )
            return float(weights @ window)

        return function(predict, history, width, months)

    def roll(weights, history, width, months, feed=True, keep="last", first=0):
        known, out = list(history), []
        for _ in range(months + first):
            window = known[-width:] if keep == "last" else known[:width]
            out.append(float(np.dot(weights, window)))
            if feed:
                known.append(out[-1])
        return np.array(out[first:])

    def slip(**slips):
        return functools.partial(roll, **slips)

    def zeros(weights, history, width, months):
        known, out = list(history), []
        for _ in range(months):
            out.append(float(np.dot(weights, known[-width:])))
            known.append(0.0)
        return np.array(out)

    def front(weights, history, width, months):
        window, out = list(history[-width:]), []
        for _ in range(months):
            out.append(float(np.dot(weights, window)))
            window = [out[-1], *window[:-1]]
        return np.array(out)

    verify(
        "recursive_forecast",
        ours,
        cases,
        roll,
        mistakes=[
            (
                "the forecasts are not fed back: every month is forecast from the same "
                "window.",
                slip(feed=False),
            ),
            (
                "the window stands still at the beginning of the history: take the "
                "last `width` values.",
                slip(keep="first"),
            ),
            ("zeros are fed back in place of the forecasts.", zeros),
            ("the forecast is put in front of the window: it comes last.", front),
            (
                "the first forecast is left out, and one too late is added.",
                slip(first=1),
            ),
            (
                "history and forecasts came together: the forecasts alone are asked "
                "for.",
                lambda w, h, width, months: np.append(h, roll(w, h, width, months)),
            ),
            (
                "one month too many came.",
                lambda w, h, width, months: roll(w, h, width, months + 1),
            ),
            (
                "only the last month came.",
                lambda w, h, width, months: roll(w, h, width, months)[-1],
            ),
        ],
    )


def same_month_last_year(function: Callable, seed: int = 0) -> None:
    """Check `same_month_last_year(history, months)`, the baseline."""
    rng = np.random.default_rng(seed)
    cases = [
        Case(label, {"history": _series(rng, n), "months": months})
        for label, n, months in (
            ("three years, then one", 36, 12),
            ("thirty months, then five", 30, 5),
            ("fourteen months, then two years", 14, 24),
        )
    ]

    def loops(history, months):
        known = list(history)
        for _ in range(months):
            known.append(known[len(known) - 12])
        return np.array(known[len(history) :])

    verify(
        "same_month_last_year",
        function,
        cases,
        loops,
        mistakes=[
            (
                "the last `months` values came: for fewer months than twelve these are "
                "other months of the year.",
                lambda h, k: np.resize(h[-k:], k),
            ),
            ("this repeats the last value.", lambda h, k: np.full(k, h[-1])),
            ("the first year of the history came.", lambda h, k: np.resize(h[:12], k)),
            (
                "the months are shifted by one: the month after the last is the one of "
                "eleven months before it.",
                lambda h, k: np.resize(h[-13:-1], k),
            ),
            (
                "this is the mean of the last year.",
                lambda h, k: np.full(k, h[-12:].mean()),
            ),
            (
                "beyond one year the forecasts end: go on with the forecast year.",
                lambda h, k: h[-12:][:k],
            ),
        ],
    )


def rmse(a, b) -> float:
    """Return the root of the mean squared difference."""
    return float(np.sqrt(np.mean(np.square(np.asarray(a) - np.asarray(b)))))


def beats_last_year(function: Callable, seed: int = 0) -> None:
    """Check `forecast(history, months, seed)` on a year that it has not seen.

    Without a seed the history are the passengers up to 1959; with one it is a series
    made for the purpose, so that no remembered number helps.
    """
    from helpers.data import flights

    name = "forecast"
    series = _months(np.random.default_rng(seed), 12) if seed else flights().train.x
    history, truth = series[:-YEAR].copy(), series[-YEAR:]
    got = np.asarray(call(function, history, YEAR, seed, name=name), dtype=float)
    if not np.array_equal(history, series[:-YEAR]):
        raise CheckFailed(
            f"✗ {name}: your function changed its argument history in place."
        )
    if got.shape != (YEAR,):
        raise CheckFailed(
            f"✗ {name}: shape {got.shape} came; {YEAR} months are expected, ({YEAR},)."
        )
    if not np.isfinite(got).all():
        raise CheckFailed(
            f"✗ {name}: not all forecasts are finite: the training diverged."
        )
    last_year = history[-YEAR:]
    bar, ours = rmse(last_year, truth), rmse(got, truth)
    if ours >= bar:
        raise CheckFailed(
            f"✗ {name}: RMSE {ours:.1f}; less than {bar:.1f}, that of the same month "
            f"last year, is expected.\nLikely mistake: {_why_behind(got, history)}"
        )
    again = np.asarray(call(function, history.copy(), YEAR, seed, name=name))
    if not np.allclose(got, again, rtol=1e-4):
        raise CheckFailed(
            f"✗ {name}: two calls with the same seed differ: seed PyTorch before the "
            "network is made."
        )
    passed(f"{name}: RMSE {ours:.1f}, same month last year {bar:.1f}", YEAR, "month")


def _why_behind(got: np.ndarray, history: np.ndarray) -> str:
    last_year, level = history[-YEAR:], history[-YEAR:].mean()
    if np.allclose(got, last_year, rtol=1e-6):
        return "this is the baseline itself: the same month last year."
    if np.abs(got).max() < 3:
        if np.ptp(history / level) > 0 and np.all((got > 0.7) & (got < 1.6)):
            return (
                "these are ratios to last year: multiply them by the same month of "
                "last year."
            )
        return "these are scaled values: undo the scaling."
    if np.ptp(got) < 0.1 * np.ptp(last_year):
        return (
            "nearly the same number comes for every month: the season is lost. Is the "
            "network trained, and on the ratios?"
        )
    if got.mean() < level:
        return (
            "the forecasts lie below last year's, though the numbers grow. Are the "
            "ratios scaled back, and is the network trained to the end?"
        )
    if got.mean() > 1.35 * level:
        return (
            "the forecasts lie far above last year's: is the scaling undone once only?"
        )
    return (
        "the level fits, the months do not: does each ratio meet its own month of last "
        "year, in order?"
    )
