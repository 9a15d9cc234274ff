"""Checks of the sheet `lstm/lstm_cell`: gates, states, a sequence, the GRU, counts.

Each step is a reference that carries its slips (`helpers.checks.engine`). The visible
cell and the hidden test differ in the seed only.
"""

from collections.abc import Iterator

import numpy as np

from ..engine import Case, Step

TIGHT = {"rtol": 1e-6, "atol": 1e-9, "lists": True}
SIZES = (
    ("4 examples, 3 inputs, 2 hidden units", 4, 3, 2),
    ("2 examples, 1 input, 5 hidden units", 2, 1, 5),
    ("3 examples, 3 inputs, 3 hidden units", 3, 3, 3),
)


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


def _linear(z):
    return z


def _weights(rng, blocks: int, n_x: int, n_h: int) -> dict:
    """Return W, U and b of a cell with that many blocks of rows."""
    rows = blocks * n_h
    W, U = rng.normal(size=(rows, n_x)), rng.normal(size=(rows, n_h))
    return {"W": W, "U": U, "b": rng.normal(size=rows)}


def _blocks_bare(h, U, blocks: int):
    """Return the products of h with the square blocks of U, none of them transposed."""
    return np.concatenate([h @ block for block in np.split(U, blocks)], axis=1)


# --- gates ----------------------------------------------------------------------------


def _gates(slip, x, h, W, U, b):
    b = slip(b, no_bias=0 * b, minus_bias=-b)
    from_x = slip(x @ W.T, no_input=0, swapped=lambda: h @ W.T)
    from_h = slip(h @ U.T, no_state=0, swapped=lambda: x @ U.T)
    from_h = slip(from_h, not_transposed=_blocks_bare(h, U, 4))
    z = from_x + from_h + slip(b, bias_twice=2 * b)
    blocks = slip(np.split(z, 4, axis=1), every_fourth=[z[:, k::4] for k in range(4)])
    blocks = slip(blocks, examples=lambda: np.split(z, 4, axis=0))
    blocks = slip(blocks, reshaped=z.reshape(4, *h.shape))
    order = slip("ifgo", figo="figo", ifog="ifog", fiog="fiog")
    rows = dict(zip(order, blocks, strict=True))
    squash = slip(_sigmoid, all_tanh=np.tanh, no_sigmoid=_linear)
    write = slip(np.tanh, g_sigmoid=_sigmoid, g_linear=_linear)
    write = slip(write, g_both=lambda z: np.tanh(_sigmoid(z)))
    last = slip(squash, o_tanh=np.tanh)
    f = squash(rows["f"] + slip(0, forget_1=1))
    return squash(rows["i"]), f, write(rows["g"]), last(rows["o"])


def _gates_cases(rng) -> Iterator[Case]:
    for label, m, n_x, n_h in SIZES:
        args = {"x": rng.normal(size=(m, n_x)), "h": np.tanh(rng.normal(size=(m, n_h)))}
        yield Case(label, args | _weights(rng, 4, n_x, n_h))


ROWS = "the blocks of rows are taken in the order {}: here it is i, f, g, o."
gates = Step(
    "gates",
    _gates,
    _gates_cases,
    ("i", "f", "g", "o"),
    texts={
        "no_bias": "the bias b is missing.",
        "bias_twice": "the bias b is added twice: here one vector holds it.",
        "minus_bias": "the bias b is subtracted; it is added.",
        "no_input": "the input x is not used: W x is missing.",
        "no_state": "the state h is not used: U h is missing.",
        "not_transposed": "the blocks of U are not transposed: they are square, so no "
        "shape tells.",
        "forget_1": "1 is added in the forget gate: b holds all that is to be added.",
        "swapped": "x and h are exchanged: W multiplies the input x, U the state h.",
        "every_fourth": "every fourth row is a gate's: its rows lie together.",
        "reshaped": "a reshape alone mixes examples and gates: the columns are split.",
        "examples": "the examples are divided among the gates: the columns are.",
        "figo": "f and i are exchanged. The order f, i, g, o is that of other texts: "
        "here rows and results are in the order i, f, g, o.",
        "ifog": ROWS.format("i, f, o, g"),
        "fiog": ROWS.format("f, i, o, g"),
        "all_tanh": "the gates i, f and o have tanh: they are shares, from 0 to 1.",
        "no_sigmoid": "the sigmoid of i, f and o is missing.",
        "g_sigmoid": "the candidate g has the sigmoid: it must be able to be negative.",
        "g_linear": "the candidate g lacks its tanh.",
        "g_both": "the candidate g has tanh over the sigmoid: tanh alone.",
        "o_tanh": "the output gate o has tanh: it is a share, from 0 to 1.",
    },
    demands={
        "the preactivation $W_k x + U_k h + b_k$": ["no_bias", "no_state", "swapped"],
        "with its own block of rows": ["every_fourth", "ifog", "figo"],
        "have the sigmoid": ["all_tanh", "no_sigmoid"],
        "the candidate $g$ has tanh": ["g_sigmoid", "g_linear"],
        "Returns `(i, f, g, o)`": ["figo"],
    },
    **TIGHT,
    why="All four read the same two vectors, each with its own rows of W, U and b. A "
    "gate is a share of what passes, so it lies between 0 and 1; the candidate is what "
    "is written, and must be able to be negative. Blocks in another order have the "
    "right shapes, and no error tells of it.",
    see="The cell",
    goal="compute a step of an LSTM cell by hand",
)


# --- state ----------------------------------------------------------------------------


def _state(slip, i, f, g, o, c):
    again = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
    i, f, g, o = slip((i, f, g, o), all_twice=again)
    g = slip(g, g_twice=np.tanh(g))
    new = slip(
        f * c + i * g, exchanged=i * c + f * g, no_old=i * g, minus=f * c - i * g
    )
    new = slip(new, no_input_gate=f * c + g, no_forget_gate=c + i * g)
    new = slip(new, turned=(1 - f) * c + i * g, coupled=f * c + (1 - f) * g)
    new = slip(new, squashed=np.tanh(new), minus=f * c - i * g)
    squash = slip(np.tanh, no_tanh=_linear, sigmoid=_sigmoid)
    seen = squash(slip(new, old_cell=c))
    h = slip(o * seen, no_output_gate=seen, o_inside=squash(o * new))
    return h, slip(new, h_twice=h)


def _state_cases(rng) -> Iterator[Case]:
    for label, m, n_h in (("3 examples, 4 hidden units", 3, 4), ("one example", 1, 6)):
        i, f, o = rng.uniform(0.05, 0.95, (3, m, n_h))
        args = {"i": i, "f": f, "g": rng.uniform(-1, 1, (m, n_h)), "o": o}
        yield Case(label, args | {"c": rng.normal(0, 1.5, (m, n_h))})


state = Step(
    "state",
    _state,
    _state_cases,
    ("h", "c"),
    texts={
        "all_twice": "sigmoid and tanh come once more: i, f, g and o have theirs.",
        "g_twice": "g goes through tanh once more: it has its tanh already.",
        "h_twice": "h comes twice: the second result is the cell state c.",
        "exchanged": "f and i are exchanged: f weighs the old state, i the candidate.",
        "no_old": "the new cell state is i ⊙ g alone: what f keeps is missing.",
        "minus": "i ⊙ g is subtracted; it is added.",
        "no_input_gate": "the input gate is missing: the candidate enters whole.",
        "no_forget_gate": "the forget gate is missing: the old state stays whole.",
        "turned": "1 − f keeps the old state: f near 1 should keep, not erase.",
        "coupled": "1 − f stands where i belongs: that is the GRU's way.",
        "squashed": "the cell state itself goes through tanh: only its copy in h does.",
        "no_tanh": "tanh is missing in h: it keeps the output between −1 and 1.",
        "sigmoid": "the sigmoid stands in h where tanh belongs.",
        "old_cell": "h is made from the old cell state; the new one belongs there.",
        "no_output_gate": "the output gate o is missing in h.",
        "o_inside": "o stands inside the tanh: it multiplies what tanh gives.",
    },
    demands={
        "$c_t = f \\odot c_{t-1} + i \\odot g$": ["exchanged", "no_old", "squashed"],
        "$h_t = o \\odot \\tanh(c_t)$": ["no_tanh", "no_output_gate", "old_cell"],
        "stays as it was": ["3 examples, 4 hidden units"],
        "Returns `(h, c)`, both new": ["old_cell", "no_old"],
    },
    **TIGHT,
    why="The cell state is changed by one product and one sum: f says how much of the "
    "old stays, i how much of the candidate enters. Nothing squashes it, and that is "
    "what lets a gradient pass over many steps. Only what is shown, the hidden state, "
    "is a squashed copy, and o says how much of it.",
    see="The cell",
    goal="compute a step of an LSTM cell by hand",
    small=lambda: Case("", {k: np.array([[v]]) for k, v in SMALL.items()}),
)
SMALL = {"i": 0.5, "f": 0.9, "g": -0.4, "o": 1.0, "c": 2.0}


# --- lstm -----------------------------------------------------------------------------


def _lstm(slip, xs, W, U, b):
    xs = slip(xs, time_second=xs.swapaxes(0, 1), second_first=xs.swapaxes(0, 1))
    zeros = np.zeros((xs.shape[1], U.shape[1]))
    zeros = slip(zeros, as_inputs=0 * xs[0])
    start = slip(zeros, ones=zeros + 1)
    h = c = start
    H, C = [], []
    for x in slip(xs, backward=xs[::-1]):
        z = x @ W.T + slip(h, h_anew=start) @ U.T + b
        i, f, g, o = np.split(z, 4, axis=1)
        c = _sigmoid(f) * slip(c, c_anew=start, c_h=h) + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
        h, c = slip((h, c), exchanged=(c, h))
        H.append(h)
        C.append(c)
    last = slip(c, all_cells=np.array(C), last_h=h)
    H = slip(H, with_start=[start, *H], before=[start, *H[:-1]], cells=C)
    H = slip(np.array(H), one_array=np.array([h] * len(H)))
    H = slip(H, second_first=H.swapaxes(0, 1), batch_first=H.swapaxes(0, 1))
    return slip(H, only_last=h), last


def _lstm_cases(rng) -> Iterator[Case]:
    for label, T, m, n_x, n_h in (
        ("6 steps, 2 examples", 6, 2, 3, 4),
        ("one step", 1, 3, 2, 3),
        ("5 steps, 5 examples, 5 inputs, 5 hidden units", 5, 5, 5, 5),
    ):
        weights = _weights(rng, 4, n_x, n_h)
        yield Case(label, {"xs": rng.normal(size=(T, m, n_x))} | weights)


lstm = Step(
    "lstm",
    _lstm,
    _lstm_cases,
    ("H", "c"),
    texts={
        "as_inputs": "the first state has n_x numbers: it has n_h.",
        "ones": "the first state is made of ones; it is zeros.",
        "backward": "the sequence is read backward.",
        "h_anew": "h is not handed on: every step starts with h = 0.",
        "c_anew": "the cell state c is not handed on: every step starts with c = 0.",
        "c_h": "h is handed on as the cell state, too: they are two states.",
        "all_cells": "all cell states came: the last one alone is asked for.",
        "last_h": "the second result is the last h; the last c is asked for.",
        "with_start": "the first state, of zeros, is in H, too: begin after one input.",
        "before": "H holds the states before each input: those after it are asked for.",
        "cells": "H holds the cell states c; the hidden states h are asked for.",
        "exchanged": "the pair (h, c) is taken in the wrong order.",
        "one_array": "all rows of H are the last state: is one array written anew?",
        "time_second": "the second axis of xs is taken for the time.",
        "second_first": "the second axis of xs is taken for the time: it is the first.",
        "only_last": "only the last h came: one for each step is asked for.",
        "batch_first": "H has the examples first: the time comes first.",
    },
    demands={
        "Begin with $h_0 = c_0 = 0$": ["ones"],
        "hand both states on from step to step": ["h_anew", "c_anew"],
        "the time first": ["batch_first", "backward", "time_second"],
        "all hidden states": ["only_last", "cells", "with_start"],
        "and the last cell state": ["all_cells", "last_h"],
    },
    **TIGHT,
    why="The same cell reads every step, and memory is what it hands to itself: the "
    "hidden state, which the gates read, and the cell state, which they change. "
    "Zeros at the start make two runs equal. The list of hidden states has one entry "
    "for each input, made after it was read.",
    see="The cell",
    goal="write LSTM and GRU so that they equal PyTorch's",
)


# --- gru_cell -------------------------------------------------------------------------


def _gru(slip, x, h, W, U, b, d, reset_after):
    order = slip("rzn", zrn="zrn", nrz="nrz")
    b, d = slip(b, no_b=0 * b), slip(d, no_d=0 * d)
    from_h = slip(h @ U.T, all_bare=_blocks_bare(h, U, 3)) + d
    blocks = (np.split(a, 3, -1) for a in (x @ W.T + b, from_h, U.T, d))
    v, u, columns, bias = (dict(zip(order, a, strict=True)) for a in blocks)
    squash = slip(_sigmoid, gate_tanh=np.tanh)
    r, z = squash(v["r"] + u["r"]), squash(v["z"] + u["z"])
    reset = slip(r, no_reset=1, reset_z=z, turned_reset=1 - r)
    late = reset * (u["n"] - bias["n"]) + bias["n"]
    after = slip(reset * u["n"], bias_outside=late)
    bare = columns["n"].T
    U_n = slip(columns["n"], not_transposed=bare, all_bare=bare)
    d_n = slip(bias["n"], no_d_before=0, reset_d=reset * bias["n"])
    forms = after, (reset * h) @ U_n + d_n
    forms = slip(forms, always_after=(after, after), always_before=forms[1:] * 2)
    forms = slip(forms, no_reset_before=(after, u["n"]), before_late=(after, late))
    after, before = slip(forms, turned_forms=forms[::-1])
    inner = slip(after if reset_after else before, no_memory=0)
    a = slip(v["n"] + inner, reset_all=reset * v["n"] + inner)
    a = slip(a, reset_all_after=(reset if reset_after else 1) * v["n"] + inner)
    a = slip(a, reset_all_before=(1 if reset_after else reset) * v["n"] + inner)
    n = slip(np.tanh, n_sigmoid=_sigmoid, n_linear=_linear)(a)
    new = slip((1 - z) * n + z * h, turned=z * n + (1 - z) * h, candidate=n)
    new = slip(new, whole=n + z * h, mixed_r=(1 - r) * n + r * h, no_old=(1 - z) * n)
    return slip(new, old_whole=(1 - z) * n + h, old_reset=(1 - z) * n + z * (r * h))


def _gru_cases(rng) -> Iterator[Case]:
    for label, m, n_x, n_h in SIZES:
        args = {"x": rng.normal(size=(m, n_x)), "h": np.tanh(rng.normal(size=(m, n_h)))}
        args |= _weights(rng, 3, n_x, n_h) | {"d": rng.normal(size=3 * n_h)}
        for after in (True, False):
            where = "after" if after else "before"
            yield Case(f"{label}, reset {where}", args | {"reset_after": after})


ROWS_3 = "the blocks of rows are taken in the order {}: here it is r, z, n."
gru_cell = Step(
    "gru_cell",
    _gru,
    _gru_cases,
    texts={
        "zrn": ROWS_3.format("z, r, n"),
        "nrz": ROWS_3.format("n, r, z"),
        "no_b": "the biases b are missing.",
        "no_d": "the biases d are missing.",
        "no_d_before": "the bias d_n is missing in the paper's form.",
        "gate_tanh": "the gates r and z have tanh; they have the sigmoid.",
        "always_after": "this is always PyTorch's form, as in the notebook.",
        "always_before": "this is always the paper's form.",
        "turned_forms": "the two forms are exchanged: `reset_after` is PyTorch's.",
        "not_transposed": "U_n is not transposed: it is square, so no shape tells.",
        "all_bare": "the blocks of U are not transposed: each is square, and no shape "
        "tells.",
        "reset_d": "the reset gate multiplies d_n in the paper's form: h alone.",
        "old_reset": "the reset gate reaches z ⊙ h: there h stays whole.",
        "no_reset": "the reset gate r is not used.",
        "bias_outside": "the reset gate multiplies U h alone: d belongs inside.",
        "reset_z": "z stands where the reset gate r belongs.",
        "turned_reset": "1 − r stands where the reset gate r belongs.",
        "no_memory": "the candidate n does not read h: a is missing.",
        "reset_all": "the reset gate multiplies the input's part, too.",
        "reset_all_after": "in PyTorch's form r multiplies the input's part, too.",
        "reset_all_before": "in the paper's form r multiplies the input's part, too.",
        "no_reset_before": "the reset gate r is not used in the paper's form.",
        "before_late": "in the paper's form r multiplies U_n h: it multiplies h alone.",
        "n_sigmoid": "the candidate n has the sigmoid; it has tanh.",
        "n_linear": "the candidate n lacks its tanh.",
        "turned": "z and 1 − z are exchanged: here z weighs the old state.",
        "candidate": "this is the candidate n: the mixture with h is missing.",
        "whole": "the candidate enters whole: (1 − z) is missing.",
        "old_whole": "the old state stays whole: the factor z is missing.",
        "mixed_r": "r stands where the update gate z belongs.",
        "no_old": "the old state is missing: z ⊙ h is to be added.",
    },
    demands={
        "are $r$, $z$, $n$, in this order": ["zrn", "nrz"],
        "it has two bias vectors": ["no_b", "no_d"],
        "n &= \\tanh(W_n x + b_n + a)": ["n_linear", "no_memory", "reset_all"],
        "r \\odot (U_n h + d_n)": ["always_before", "bias_outside", "no_reset"],
        "U_n (r \\odot h) + d_n": ["always_after", "turned_forms", "not_transposed"],
        "h_t &= (1 - z) \\odot n + z \\odot h": ["turned", "whole", "mixed_r"],
    },
    **TIGHT,
    why="The update gate z shares out one whole between the old state and the "
    "candidate, so one gate does the work of two. The reset gate decides how much of "
    "the old state the candidate may see. After the product it is one factor for "
    "each unit; before it, it chooses what of h enters the sums of all units. Papers "
    "and libraries differ here: compare before you copy weights.",
    see="The GRU",
    goal="write LSTM and GRU so that they equal PyTorch's",
)


# --- n_parameters ---------------------------------------------------------------------


def _count(slip, kind, n_x, n_h):
    blocks = {"rnn": 1, "gru": 3, "lstm": 4}
    gru_2, lstm_3 = blocks | {"gru": 2}, blocks | {"lstm": 3}
    k = slip(
        blocks, lstm_3=lstm_3, gru_4=blocks | {"gru": 4}, gates=gru_2 | {"lstm": 3}
    )
    k = slip(k, gru_2=gru_2, alike=dict.fromkeys(blocks, 1))
    k = slip(k, all_lstm=dict.fromkeys(blocks, 4))[kind]
    n_x, n_h = slip((n_x, n_h), square=(n_h, n_h), fixed=(65, 128))
    W, U, bias = k * n_h * n_x, k * n_h * n_h, k * n_h
    W, U = slip((W, U), no_W=(0, U), no_U=(W, 0), one_U=(W, n_h * n_h))
    U = slip(U, U_inputs=k * n_x * n_x)
    both = slip(2 * bias, one_bias=bias, no_bias=0, one_block=2 * n_h)
    both = slip(both, gru_only=bias + n_h * (kind == "gru"), mixed=k * (n_x + n_h))
    gru, rnn = kind == "gru", kind == "rnn"
    return W + U + slip(both, gru_two=bias * (1 + gru), rnn_one=bias * (2 - rnn))


def _count_cases(rng) -> Iterator[Case]:
    drawn = tuple(int(v) for v in rng.choice(np.arange(2, 40), 2, replace=False))
    for n_x, n_h in ((1, 100), (65, 128), drawn):
        for kind in ("rnn", "gru", "lstm"):
            label = f"{kind}, {n_x} inputs, {n_h} hidden"
            yield Case(label, {"kind": kind, "n_x": n_x, "n_h": n_h})
    args = {"kind": "rnn", "n_x": 3, "n_h": 10**9}
    yield Case("a layer that no memory holds", args)


n_parameters = Step(
    "n_parameters",
    _count,
    _count_cases,
    texts={
        "lstm_3": "an LSTM has four blocks (i, f, g, o), not three.",
        "gru_4": "a GRU has three blocks (r, z, n), not four.",
        "gru_2": "a GRU has three blocks (r, z, n), not two.",
        "gates": "the candidates have blocks, too: a GRU has three, an LSTM four.",
        "gru_only": "a second bias is counted for the GRU's candidate only.",
        "gru_two": "two bias vectors are counted for the GRU only: each kind has two.",
        "rnn_one": "one bias vector is counted for the plain RNN: each kind has two.",
        "mixed": "a bias has one number for each row of W or U, not for each column.",
        "alike": "all kinds are counted with one block of rows.",
        "all_lstm": "all kinds are counted as an LSTM.",
        "square": "n_x is not used: W has n_x columns.",
        "fixed": "these are the numbers for 65 inputs and 128 units, whatever came.",
        "no_W": "the weights W are left out.",
        "no_U": "the weights U, from state to state, are left out.",
        "U_inputs": "U is counted as n_x · n_x a block: it has n_h rows and columns.",
        "one_U": "the weights U are counted for one block only: each has its own.",
        "one_bias": "one bias vector is counted: PyTorch has one for W, one for U.",
        "no_bias": "the biases are left out.",
        "one_block": "the biases are counted for one block only: each has its own.",
    },
    demands={
        "and **two** bias vectors": ["one_bias", "no_bias"],
        '`"gru"` (three) or `"lstm"` (four)': ["gru_2", "gru_4", "lstm_3", "alike"],
        "from the sizes alone": ["fixed", "square"],
    },
    why="Each block of rows is a small layer of its own: n_h rows with n_x weights for "
    "the input, n_h for the state, and in PyTorch two biases. A plain network has one "
    "block, a GRU three, an LSTM four. Counting tells whether networks are compared "
    "fairly, and whether a layer is the one you meant.",
    see="The GRU",
    goal="count the parameters of recurrent layers",
    small=lambda: Case("", {"kind": "lstm", "n_x": 1, "n_h": 2}),
)


# --- memory ---------------------------------------------------------------------------


def _memory(slip, F):
    T = len(F)
    F = slip(F, one_minus=1 - F)
    join = slip(np.multiply, summed=np.add)
    own = slip(1, own=0)
    first = slip([t + own for t in range(T)], earlier=[0] * T, start=[0] * T)
    last = slip([T] * T, earlier=range(T), start=range(1, T + 1))
    last = slip(last, next_only=[t + 2 for t in range(T)], no_last=[T - 1] * T)
    rows = [join.reduce(F[a:b]) for a, b in zip(first, last, strict=True)]
    rows = slip(rows, last_0=[*rows[:-1], 0 * F[0]], all_last=[F[-1]] * T)
    across = join.accumulate(F[:, ::-1], axis=1)[:, ::-1]
    right = np.append(across[:, 1:], 0 * F[:, :1] + join.identity, axis=1)
    later, end = F[:0:-1], np.ones_like(F[:1])
    flat = lambda *size: np.vstack([later.cumprod().reshape(size)[::-1], end])  # noqa: E731
    rows = slip(rows, flat=flat(*later.shape), flat_1=lambda: flat(T - 1, -1))
    rows = slip(
        rows, all_units=[0 * F[0] + join.reduce(F[t + 1 :].ravel()) for t in range(T)]
    )
    rows = slip(rows, divided=lambda: F.prod(0) / F.cumprod(0))
    rows = slip(rows, own_divided=lambda: F[::-1].cumprod(0)[::-1] / F)
    return slip(np.array(rows), units=right, units_own=across)


def _memory_cases(rng) -> Iterator[Case]:
    for label, *size in (
        ("7 steps, 3 units", 7, 3),
        ("3 steps, 3 units", 3, 3),
        ("one step", 1, 4),
    ):
        yield Case(label, {"F": rng.uniform(0.3, 0.99, size)})
    F = rng.uniform(0.3, 0.99, (4, 2))
    F[2, 0] = 0
    yield Case("a gate of 0", {"F": F})


memory = Step(
    "memory",
    _memory,
    _memory_cases,
    texts={
        "one_minus": "1 − f is multiplied: f is the share that is kept.",
        "summed": "the forget gates are added up; they are multiplied.",
        "own": "f_t itself is a factor, too: the product begins with f_{t+1}.",
        "earlier": "the product is that of the earlier rows, not of the later ones.",
        "start": "the product runs from the beginning to t: from t + 1 to the end.",
        "next_only": "row t is the next row alone: all later rows are multiplied.",
        "no_last": "the last factor f_T is left out.",
        "all_last": "every row is the last gate: is F overwritten while it is read?",
        "last_0": "the last row is 0: a product without factors is 1.",
        "divided": "the whole product is divided by its beginning: a gate of 0 makes "
        "this 0/0. Multiply the later rows.",
        "own_divided": "the product that begins with f_t is divided by f_t: a gate of "
        "0 makes this 0/0. Begin with the next row.",
        "flat": "a product without an axis runs over the units, too.",
        "all_units": "each product takes all units together: along the steps alone.",
        "flat_1": "a product without an axis runs over the units, too, and a reshape "
        "does not mend it.",
        "units": "the product runs over the units: each keeps its own memory.",
        "units_own": "this is the running product over the units: take that over time.",
    },
    demands={
        "$f_{t+1} \\odot f_{t+2} \\odot \\dots \\odot f_T$": [
            "own",
            "no_last",
            "summed",
        ],
        "of the same shape": ["one step", "units"],
        "all *later* rows": ["earlier", "start", "next_only"],
        "The last row is 1": ["last_0"],
    },
    **TIGHT,
    why="What is left at the end of a cell state passes every forget gate after it, "
    "and none before. So the last state has no factor at all, and the product of "
    "nothing is 1. Each unit has gates of its own. With gates of one half little "
    "survives ten steps; with gates near 1 the gradient does.",
    see="Why the gradient survives",
    goal="say why the gradient survives along the cell state",
    small=lambda: Case("", {"F": np.array([[0.5], [0.9], [0.8]])}),
)
