"""Checks of the sheet `recurrent/bptt`: forward, back through time, clipping.

A batch of sequences is (T, m, …): time first, then the example. States H (T+1, m, n)
begin with the initial one. Each step is a reference that carries its slips
(`helpers.checks.engine`). The visible cell and the hidden test differ in the seed only.
"""

from collections.abc import Iterator

import numpy as np

from ..engine import Case, Step

SIZES = ((4, 3, 2, 5, 3), (3, 2, 5, 4, 6), (6, 1, 3, 3, 3))  # T, m, inputs, n, k
NAMES = ("Wxh", "Whh", "bh", "Why", "by")


def _label(T, m, n_x, n, k) -> str:
    return f"T = {T}, m = {m}, {n_x} → {n} → {k}"


def _networks(rng) -> Iterator[tuple[str, dict]]:
    """Yield label, inputs X, initial state h0 and weights of several networks."""
    for T, m, n_x, n, k in SIZES:
        shapes = ((n, n_x), (n, n), (n,), (k, n), (k,))
        weights = (0.7 * rng.normal(size=shape) for shape in shapes)
        args = {"X": rng.normal(size=(T, m, n_x)), "h0": rng.uniform(-0.8, 0.8, (m, n))}
        yield _label(T, m, n_x, n, k), args | dict(zip(NAMES, weights, strict=True))


def states(X, h0, Wxh, Whh, bh) -> np.ndarray:
    """Return h0 and the states that follow, (T+1, m, n)."""
    H = [h0]
    for x in X:
        H.append(np.tanh(x @ Wxh.T + H[-1] @ Whh.T + bh))
    return np.array(H)


# --- step -----------------------------------------------------------------------------


def _step(slip, x, h, Wxh, Whh, bh):
    from_x = slip(x @ Wxh.T, no_input=0)
    back = h @ Whh.T
    back = slip(back, no_state=0, not_turned=h @ Whh, bare=h)
    crossed = np.hstack([h, x]) @ np.hstack([Wxh, Whh]).T
    z = slip(from_x + back, crossed=crossed)
    z = z + slip(bh, no_bias=0 * bh, column=lambda: bh[:, None])
    new = slip(np.tanh(z), no_tanh=z, sigmoid=0.5 * (1 + np.tanh(z / 2)))
    new = slip(new, relu=np.maximum(z, 0), outside=np.tanh(x @ Wxh.T + bh) + back)
    apart = np.tanh(x @ Wxh.T + bh) + np.tanh(back)
    new = slip(new, bare_x=np.tanh(x @ Wxh.T) + back + bh)
    return slip(new, apart=apart, bias_outside=np.tanh(z - bh) + bh)


def _step_cases(rng) -> Iterator[Case]:
    for label, args in _networks(rng):
        first = {"x": args["X"][0], "h": args["h0"]}
        yield Case(label, first | {k: args[k] for k in NAMES[:3]})


step = Step(
    "step",
    _step,
    _step_cases,
    lists=True,
    texts={
        "no_input": "the input is ignored: W_xh x is missing.",
        "no_state": "the state of before is ignored: W_hh h is missing.",
        "not_turned": "W_hh is used without its transpose: it is square, so no shape "
        "tells of it.",
        "bare": "the state enters without its weights: W_hh h is asked for.",
        "crossed": "[h, x] meets [W_xh, W_hh]: join both in the same order.",
        "no_bias": "the bias b_h is missing.",
        "no_tanh": "the tanh is missing: this is the preactivation.",
        "sigmoid": "this is a sigmoid; the state needs tanh.",
        "relu": "this is ReLU; the state needs tanh.",
        "outside": "the tanh is applied to the part of the input only.",
        "bare_x": "the tanh is applied to W_xh x only: the whole sum goes into it.",
        "apart": "each part has a tanh of its own: one tanh goes over their sum.",
        "column": "b_h is added as a column: it has one number for each unit.",
        "bias_outside": "the bias b_h is added after the tanh: it belongs inside.",
    },
    demands={
        "$h_t = \\tanh(W_{xh} x_t + W_{hh} h_{t-1} + b_h)$": [
            "no_input",
            "no_state",
            "not_turned",
            "no_bias",
            "no_tanh",
        ],
        "returns the new states": ["no_tanh"],
    },
    why="The new state reads the input and the state of before, and one tanh goes over "
    "their sum. Examples are rows here, so a product that the page writes as W x is x "
    "times W transposed. W_hh is square: a transpose that is forgotten makes no error, "
    "just another network.",
    see="By hand: three moments",
    goal="unroll a recurrent network in time",
)


# --- forward --------------------------------------------------------------------------


def _forward(slip, X, h0, Wxh, Whh, bh, Why, by):
    W, b = slip(Whh, turned=Whh.T), slip(bh, no_bh=0 * bh)
    start = slip(h0, zeros=0 * h0)
    H = [start]
    for x in slip(X, batch_first=X.swapaxes(0, 1), backward=X[::-1]):
        z = x @ Wxh.T + slip(H[-1], restart=start) @ W.T + b
        H.append(slip(np.tanh(z), no_tanh=z))
    H = slip(np.array(H), one_array=np.array(H[-1:] * len(H)))
    seen = slip(H[1:], early=H[:-1], all_states=H)
    Z = seen @ Why.T + slip(by, no_by=0 * by)
    e = np.exp(Z)
    Z = slip(Z, softmax=e / e.sum(-1, keepdims=True), tanh=np.tanh(Z), last_z=Z[-1])
    return slip(H, no_h0=H[1:], no_last=H[:-1], last_h=H[-1]), Z


def _forward_cases(rng) -> Iterator[Case]:
    for label, args in _networks(rng):
        yield Case(label, args)


forward = Step(
    "forward",
    _forward,
    _forward_cases,
    ("H", "Z"),
    lists=True,
    texts={
        "turned": "W_hh is used without its transpose.",
        "no_bh": "the bias b_h is missing.",
        "zeros": "the states start from zeros, not from h0.",
        "batch_first": "the first axis of X is taken for the examples: it is the time.",
        "backward": "the sequence is read backward.",
        "restart": "every time starts again from h0: the state is not carried on.",
        "no_tanh": "the tanh of the states is missing.",
        "one_array": "all states in H are the last one: is one array written anew?",
        "early": "the outputs are read from H[:-1]: z_t belongs to h_t.",
        "all_states": "h0 has an output, too: there are T outputs, from h_1 on.",
        "no_by": "the bias b_y is missing in Z.",
        "softmax": "these are probabilities: the logits are asked for.",
        "tanh": "a tanh came over the logits: z is the plain sum.",
        "last_z": "only the last logits came: those of all times are asked for.",
        "no_h0": "H lacks the initial state: T + 1 states are asked for, h0 first.",
        "no_last": "H lacks the last state: T + 1 states are asked for, h0 first.",
        "last_h": "only the last state came: all T + 1 are asked for.",
    },
    demands={
        "$z_t = W_{hy} h_t + b_y$": ["early", "no_by", "tanh", "softmax"],
        "`h0`: initial states": ["zeros", "restart"],
        "all states $(T + 1, m, n)$, with `h0` first": ["no_h0", "no_last", "last_h"],
        "and the logits $(T, m, k)$": ["all_states", "last_z"],
    },
    why="The same weights serve at every time; what differs is the state that comes "
    "along. Keep all states, the initial one too: the way back needs each of them, and "
    "the gradient of W_hh needs the one before each step. So H is one longer than Z, "
    "and z_t belongs to H[t + 1] if both are counted from 0.",
    see="By hand: three moments",
    goal="unroll a recurrent network in time",
)


# --- output_delta ---------------------------------------------------------------------


def _softmax(Z, axis):
    e = np.exp(Z - Z.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def _output_delta(slip, Z, Y):
    T, m, k = Z.shape
    shift = slip(Z.max(-1, keepdims=True), no_shift=0, one_shift=Z.max())
    e = np.exp(slip(Z - shift, cut=np.clip(Z, -500, 500)))
    total = slip(
        e.sum(-1, keepdims=True), sum_0=e.sum(0), sum_1=e.sum(1, keepdims=True)
    )
    p = slip(e / total, times=_softmax(Z, 0), rows=_softmax(Z, 1))
    p = slip(p, all_of_them=_softmax(Z, None))
    y = slip(np.eye(k)[Y], no_labels=0, largest_label=lambda: np.eye(Y.max() + 1)[Y])
    y = slip(y, every_label=1.0 * np.isin(np.arange(k), Y))
    d = slip(p, raw=Z) - y
    return slip(d, slope=d * p * (1 - p)) / (T * m)


def _output_cases(rng) -> Iterator[Case]:
    for T, m, _, _, k in SIZES:
        Z, Y = 2 * rng.normal(size=(T, m, k)), rng.integers(k, size=(T, m))
        args = {"Z": Z, "Y": Y}
        yield Case(f"T = {T}, m = {m}, k = {k}", args, {"T": T, "m": m, "k": k})
    Z = 2 * rng.normal(size=(3, 2, 4)) + [[1000], [-1000]]
    args = {"Z": Z, "Y": rng.integers(3, size=(3, 2))}
    label = "logits of ±1000, the last class does not occur"
    yield Case(label, args, {"T": 3, "m": 2, "k": 4})


output_delta = Step(
    "output_delta",
    _output_delta,
    _output_cases,
    lists=True,
    texts={
        "no_shift": "an exponential overflows: subtract the largest logit before exp.",
        "one_shift": "one number is subtracted from all logits: each output needs its "
        "own largest, or all its exponentials are 0.",
        "cut": "large logits are cut off before exp, and become equal.",
        "every_label": "1 is subtracted at the labels of all outputs: each has one.",
        "sum_0": "the exponentials are summed over the times: classes are last.",
        "sum_1": "the exponentials are summed over the examples: classes are last.",
        "times": "the softmax runs over the times: classes are last.",
        "rows": "the softmax runs over the examples: classes are last.",
        "all_of_them": "one sum serves the whole array: each output has its own.",
        "no_labels": "the labels are not subtracted: this is p.",
        "largest_label": "the number of classes is that of the largest label: it is k.",
        "raw": "the logits are used as if they were probabilities: softmax first.",
        "slope": "p(1 − p) is one factor too many: with cross-entropy it cancels.",
    },
    demands={
        "The cost is the mean of the cross-entropy": ["raw", "no_labels", "times"],
        "over all $T \\cdot m$ outputs": ["T = 4, m = 3, k = 3", "all_of_them"],
        "integers $(T, m)$": ["largest_label"],
        "Logits of $\\pm 1000$ must work": ["no_shift", "one_shift", "cut"],
    },
    warn="an exponential overflows: subtract the largest logit before exp.",
    rtol=1e-5,
    atol=1e-7,
    why="Softmax and cross-entropy together have the simplest of all derivatives, p − "
    "y. The cost is a mean over all outputs, so each of them gets its share, 1/(T m), "
    "here and nowhere else. Softmax does not change if all logits of an output sink by "
    "the same amount; with the largest at 0 no exponential overflows.",
    see="Backpropagation through time",
    goal="derive backpropagation through time",
    small=lambda: Case("", {"Z": np.array([[[2.0, 0.0]]]), "Y": np.array([[1]])}),
)


# --- hidden_deltas --------------------------------------------------------------------


def _hidden_deltas(slip, D, H, Whh, Why):
    T, deltas, later = len(D), np.zeros_like(H[1:], dtype=float), 0 * H[0]
    h = slip(H[1:], before=H[:-1])
    slope = slip(1 - h**2, not_squared=1 - h, no_slope=0 * h + 1, sigmoid=h * (1 - h))
    slope = slip(slope, of_h=1 - np.tanh(h) ** 2)
    W = slip(Whh, turned=Whh.T, no_W=np.eye(len(Whh)))
    for t in slip(range(T)[::-1], forward=range(T), no_last=range(T - 1)[::-1]):
        own = slip(D[t] @ Why, last_only=D[t] @ Why * (t == T - 1))
        d = (own + later) * slope[t]
        d = slip(d, outside=own * slope[t] + later, own_bare=own + later * slope[t])
        deltas[t] = d
        later = (
            slip(d, one_back=own * slope[t], no_future=0 * d, unsloped=own + later) @ W
        )
    extra = np.concatenate([deltas, 0 * deltas[:1]])
    deltas = slip(deltas, reversed=deltas[::-1])
    return slip(deltas, extra=extra, extra_first=extra[[-1, *range(T)]])


def _hidden_cases(rng) -> Iterator[Case]:
    for label, v in _networks(rng):
        H = states(*(v[k] for k in ("X", "h0", "Wxh", "Whh", "bh")))
        D = rng.normal(size=(*v["X"].shape[:2], len(v["Why"])))
        args = {"D": D, "H": H, "Whh": v["Whh"], "Why": v["Why"]}
        yield Case(label, args, {"T": len(D), "m": D.shape[1]})


hidden_deltas = Step(
    "hidden_deltas",
    _hidden_deltas,
    _hidden_cases,
    lists=True,
    texts={
        "before": "the slope is taken at the state before: δ_t needs h_t, H[t + 1].",
        "not_squared": "the derivative of tanh is 1 − h², not 1 − h.",
        "no_slope": "the derivative of tanh is missing.",
        "sigmoid": "this is the slope of the sigmoid, h(1 − h): tanh has 1 − h².",
        "of_h": "the slope is taken as 1 − tanh²(h): h is a tanh already.",
        "turned": "W_hh is transposed once too often: as a row, W_hhᵀ δ is δ W_hh.",
        "no_W": "the error comes back without W_hh.",
        "forward": "the errors travel forward in time: begin at the last time.",
        "no_last": "the last time is left out: δ_T comes from its own output.",
        "last_only": "only the last output has an error: each time has its own d_t.",
        "outside": "1 − h² multiplies the output's part only: it multiplies the sum.",
        "own_bare": "1 − h² multiplies the future's part only: it multiplies the sum.",
        "one_back": "errors come back by one time only: pass on the whole δ_{t+1}.",
        "no_future": "the error of the next time does not come back.",
        "unsloped": "what is passed on lacks 1 − h²: δ_{t+1} holds it.",
        "reversed": "the errors come from δ_T to δ_1: the first time comes first.",
        "extra": "δ_{T+1} = 0 is among the results: T are asked for.",
        "extra_first": "there is a row for the initial state: T errors are asked for.",
    },
    demands={
        "W_{hy}^\\top d_t + W_{hh}^\\top \\delta_{t+1}": [
            "no_future",
            "one_back",
            "turned",
            "last_only",
            "forward",
        ],
        "\\odot (1 - h_t^2)": ["before", "not_squared", "outside", "no_slope"],
        "\\delta_{T+1} = 0": ["no_last"],
        "Returns $\\delta_1, \\dots, \\delta_T$": ["extra", "extra_first", "reversed"],
    },
    rtol=1e-5,
    atol=1e-7,
    why="A state acts in two ways: on its own output and on the next state, so two "
    "errors come back, and the slope of the tanh multiplies their sum. What comes from "
    "the future is the whole error of the next time, which holds all later ones. Rows "
    "are examples, so a product with W transposed from the left is one with W from the "
    "right.",
    see="Backpropagation through time",
    goal="derive backpropagation through time",
)


# --- gradients ------------------------------------------------------------------------


def _gradients(slip, X, H, D, deltas):
    first = slip(0, last_time=len(D) - 1)
    last = slip(first, last_pair=len(D) - 1)
    pair = lambda a, b: np.einsum("tmi,tmj->ij", a[last:], b[last:])  # noqa: E731
    H_before, H_after = slip(H[:-1], after=H[1:]), slip(H[1:], before=H[:-1])
    axes = slip((0, 1), bias_times=0, bias_examples=1, bias_units=None)
    dbh, dby = deltas[first:].sum(axes), D[first:].sum(axes)
    spread = 0 * dbh + np.sum(dbh), 0 * dby + np.sum(dby)
    dbh, dby = slip((dbh, dby), bias_spread=spread)
    dbh = slip(dbh, bias_d=dby)
    uses = D.shape[0] * D.shape[1]
    dbh, dby = slip((dbh, dby), bias_mean=(dbh / uses, dby / uses))
    dWhh = slip(pair(deltas, H_before), no_first=pair(deltas[1:], H[1:-1]))
    dWhh = slip(dWhh, turned=pair(H_before, deltas))
    return pair(deltas, X), dWhh, dbh, pair(D, H_after), dby


def _gradients_cases(rng) -> Iterator[Case]:
    for T, m, n_x, n, k in SIZES:
        sizes = {"X": (T, m, n_x), "H": (T + 1, m, n), "D": (T, m, k)}
        args = {key: rng.normal(size=size) for key, size in sizes.items()}
        args["deltas"] = rng.normal(size=(T, m, n))
        yield Case(_label(T, m, n_x, n, k), args, {"T": T, "m": m})


gradients = Step(
    "gradients",
    _gradients,
    _gradients_cases,
    ("dWxh", "dWhh", "dbh", "dWhy", "dby"),
    texts={
        "last_time": "only the last time is used: sum over all times.",
        "last_pair": "the matrices use the last time only: sum over all times.",
        "after": "dW_hh uses the state after the step: δ_t meets h_{t−1}.",
        "no_first": "dW_hh leaves out the first time: δ_1 meets the initial state h_0.",
        "before": "dW_hy uses the state before the step: z_t was made from h_t.",
        "bias_times": "the biases are summed over the times, not over the examples.",
        "bias_examples": "the biases are summed over the examples, not over the times.",
        "bias_units": "the biases are summed over the neurons, too.",
        "bias_spread": "the biases are summed over the neurons, too: all are equal.",
        "bias_mean": "the biases get means over times and examples: D holds 1/(T m).",
        "turned": "dW_hh is transposed: it is square, so no shape tells.",
        "bias_d": "dbh is made of D: the hidden biases get the sum of deltas.",
    },
    demands={
        "a sum over times and examples": ["last_time", "bias_times", "bias_examples"],
        "in the shapes of the weights": ["bias_times", "after", "before"],
        "`D` already holds the factor $1/(T m)$": ["T = 4, m = 3, 2 → 5 → 3"],
    },
    why="One weight is used at every time and for every example, and each use adds its "
    "share: an outer product of the error behind the weight and of what went in. For "
    "W_hh that is the state of before. The mean is in D already; to divide again would "
    "only make the gradient too small.",
    see="Backpropagation through time",
    goal="derive backpropagation through time",
)


# --- clip_value, clip_norm ------------------------------------------------------------


def _clip_value(slip, grads, bound):
    cut = [np.clip(g, -bound, bound) for g in grads]
    whole = np.sqrt(sum(np.sum(g**2) for g in grads))
    cut = slip(
        cut,
        above=[np.minimum(g, bound) for g in grads],
        below=[np.maximum(g, -bound) for g in grads],
        emptied=[np.where(np.abs(g) > bound, 0, g) for g in grads],
        outer=[np.sign(g) * np.maximum(np.abs(g), bound) for g in grads],
        no_signs=[np.minimum(np.abs(g), bound) for g in grads],
        all_up=[np.where(np.abs(g) > bound, bound, g) for g in grads],
        positive=[np.clip(g, 0, bound) for g in grads],
        scaled=[g * min(1, bound / np.abs(g).max()) for g in grads],
        norm=[g * min(1, bound / whole) for g in grads],
        uncut=grads,
        whole_list=lambda: np.clip(grads, -bound, bound),
    )
    return slip(cut, joined=np.concatenate([g.ravel() for g in cut]))


def _grads(rng) -> Iterator[Case]:
    arrays = [rng.normal(size=size) for size in ((4, 3), (5,), (2, 2))]
    zeros = [0 * g for g in arrays]
    yield Case("long gradients", {"grads": [8 * g for g in arrays], "bound": 5.0})
    yield Case("short gradients", {"grads": [g / 50 for g in arrays], "bound": 5.0})
    yield Case("bound 0.7", {"grads": arrays, "bound": 0.7})
    yield Case("gradients of zeros", {"grads": zeros, "bound": 5.0})


JOINED = "all entries came in one array: a list of arrays in their shapes is asked for."
UNCUT = "the arrays came back as they were. (In a loop `g = …` changes none of them.)"
clip_value = Step(
    "clip_value",
    _clip_value,
    _grads,
    texts={
        "above": "only what is too large is cut: entries below −bound stay.",
        "below": "only what is too small is cut: entries above the bound stay.",
        "emptied": "entries that are too large become 0: they should become ±bound.",
        "outer": "entries that are small become ±bound: the others should.",
        "no_signs": "the signs are lost.",
        "all_up": "entries below −bound become +bound: they keep their sign.",
        "positive": "entries are cut to [0, bound]: negative ones should survive.",
        "scaled": "every array is scaled until its largest entry is ±bound.",
        "whole_list": "np.clip takes one array, and these have several shapes.",
        "uncut": UNCUT,
        "norm": "this is clipping by norm: each entry should be cut by itself.",
        "joined": JOINED,
    },
    demands={
        "cut every entry": ["norm", "scaled"],
        "to the interval from −bound to bound": ["above", "below", "emptied"],
        "returns a list of new arrays": ["joined", "long gradients"],
    },
    why="Clipping by value looks at each entry alone: what lies outside the interval "
    "comes to its nearer end, all else stays. It is simple, and it turns the gradient, "
    "since the long entries shrink and the short ones do not. The arrays that came in "
    "stay as they were: another step may read them.",
    see="How far back does a gradient reach?",
    goal="clip what explodes",
    small=lambda: Case("", {"grads": [np.array([3.0, -0.5, -4.0])], "bound": 1.0}),
)


def _clip_norm(slip, grads, bound):
    flat = np.concatenate([g.ravel() for g in grads])
    norm = np.sqrt(np.sum(flat**2))
    norm = slip(norm, squared=norm**2, largest=np.abs(flat).max())
    each = [np.linalg.norm(g) for g in grads]
    norm = slip(norm, added=sum(each), l1=np.abs(flat).sum(), first=each[0])
    spectral = np.linalg.norm([np.linalg.norm(g, 2) for g in grads])
    norm = slip(norm, mean=norm / np.sqrt(flat.size), spectral=spectral)
    factor = min(1, bound / norm)
    factor = slip(factor, stretched=bound / norm, unit=1 / norm, turned=norm / bound)
    factor = slip(factor, turned_long=max(1, norm / bound))
    factor = slip(factor, stretched_eps=bound / (norm + 1e-12))
    factor = slip(factor, turned_short=min(1, norm / bound))
    factor = slip(factor, unit_long=1 / norm if norm > bound else 1)
    factor = slip(factor, only_bound=bound if norm > bound else 1)
    own = [g * min(1, bound / n) for g, n in zip(grads, each, strict=True)]
    by_value = [np.clip(g, -bound, bound) for g in grads]
    scaled = slip([g * factor for g in grads], own=own, value=by_value, uncut=grads)
    return slip(scaled, joined=np.concatenate([g.ravel() for g in scaled]))


clip_norm = Step(
    "clip_norm",
    _clip_norm,
    _grads,
    texts={
        "squared": "the root is missing: this is the squared norm.",
        "largest": "the largest entry takes the place of the norm.",
        "added": "the norms of the arrays are added up: add their squares.",
        "l1": "sums of absolute values (ℓ1) take the place of the norm.",
        "first": "the norm is that of the first array alone.",
        "mean": "the mean of the squares is taken: take their sum.",
        "spectral": "the norm of a matrix is taken as its largest singular value.",
        "stretched": "short gradients are stretched: below the bound nothing changes.",
        "stretched_eps": "short gradients are stretched, but zeros: below the bound "
        "nothing changes.",
        "unit": "every gradient gets length 1: the bound is not used.",
        "unit_long": "long gradients get length 1: the bound is their new length.",
        "only_bound": "the factor is the bound itself: divide it by the norm.",
        "turned": "the factor is turned around: it is the bound over the norm.",
        "turned_long": "long gradients are made longer: divide the bound by the norm.",
        "turned_short": "short gradients are made shorter, and long ones stay.",
        "own": "each array is clipped by itself: one norm for all is asked for.",
        "uncut": UNCUT,
        "value": "this is clipping by value: scale all entries by one factor.",
        "joined": JOINED,
    },
    demands={
        "the norm of *all* entries of all arrays together": ["own", "added", "largest"],
        "scale all by one factor": ["value"],
        "so that it becomes the bound": ["squared", "unit", "unit_long"],
        "Otherwise the factor is 1": ["stretched", "turned", "gradients of zeros"],
        "returns a list of new arrays": ["joined"],
    },
    why="The whole gradient is one arrow, and its length is the root of the sum of all "
    "squares, over all arrays. One factor for all of them shortens the arrow and keeps "
    "its direction. Arrays that are clipped each by its own norm point elsewhere "
    "together. What is short enough stays: clipping never makes longer.",
    see="How far back does a gradient reach?",
    goal="clip what explodes",
    small=lambda: Case(
        "", {"grads": [np.array([3.0]), np.array([-4.0])], "bound": 1.0}
    ),
)


# --- jacobian_norms -------------------------------------------------------------------


def _jacobian_norms(slip, H, Whh):
    h = slip(H[1:], before=H[:-1])
    slope = slip(1 - h**2, no_slope=0 * h + 1, not_squared=1 - h, sigmoid=h * (1 - h))
    W = slip(Whh, turned=Whh.T)
    size = slip(
        lambda J: np.linalg.norm(J, 2),
        frobenius=np.linalg.norm,
        frobenius_1=np.linalg.norm,
        radius=lambda J: np.abs(np.linalg.eigvals(J)).max(),
        largest=lambda J: np.abs(J).max(),
        smallest=lambda J: np.linalg.norm(J, -2),
    )
    J = np.eye(len(W))
    norms = [slip(size, frobenius_1=lambda J: 1.0)(J)]
    for s in slip(slope[::-1], forward=slope):
        one = slip(s[:, None] * W, columns=W * s)
        J = slip(J @ one, left=one @ J, single=one, forward=one @ J)
        norms.append(slip(size(J), bound=norms[-1] * size(one)))
    norms = slip(norms, no_last=norms[1:], no_first=norms[:-1])
    return np.array(slip(norms[::-1], reversed=norms, forward=norms))


def _jacobian_cases(rng) -> Iterator[Case]:
    for label, v in _networks(rng):
        W = 1.3 * v["Whh"]
        H = states(v["X"], v["h0"], v["Wxh"], W, v["bh"])[:, 0]
        yield Case(label, {"H": H, "Whh": W})


jacobian_norms = Step(
    "jacobian_norms",
    _jacobian_norms,
    _jacobian_cases,
    lists=True,
    texts={
        "before": "the slope is taken at h_t: the step to t + 1 needs h_{t+1}.",
        "no_slope": "1 − h² is missing: these are norms of powers of W_hh.",
        "not_squared": "the derivative of tanh is 1 − h², not 1 − h.",
        "sigmoid": "this is the derivative of the sigmoid, h(1 − h): tanh has 1 − h².",
        "turned": "W_hh is transposed: one step is diag(1 − h²) W_hh.",
        "frobenius": "this is the Frobenius norm, not the largest singular value.",
        "frobenius_1": "but for the last, these are Frobenius norms: the largest "
        "singular value is asked for.",
        "radius": "this is the largest eigenvalue, not the largest singular value.",
        "largest": "this is the largest entry, not the largest singular value.",
        "smallest": "this is the smallest singular value: the largest is asked for.",
        "columns": "1 − h² scales the columns of W_hh: it scales the rows.",
        "left": "the order of the product is wrong: later ones stand on the left.",
        "single": "these are norms of single steps, not of their product.",
        "bound": "these are products of the norms: take the norm of the product.",
        "forward": "these are the norms of ∂h_t/∂h_0, from the front.",
        "reversed": "the order is reversed: entry t belongs to ∂h_T/∂h_t.",
        "no_last": "the last entry, ‖∂h_T/∂h_T‖ = 1, is missing.",
        "no_first": "the first entry, ‖∂h_T/∂h_0‖, is missing.",
    },
    demands={
        "\\operatorname{diag}(1 - h_{t+1}^2)\\, W_{hh}": [
            "before",
            "columns",
            "turned",
        ],
        "for $t = 0, \\dots, T$": ["no_first", "no_last", "reversed"],
        "Entry `t` is the largest singular value": ["frobenius", "radius"],
        "of $\\partial h_T / \\partial h_t$": ["single", "left", "bound"],
        "the last entry is 1": ["no_last"],
    },
    rtol=1e-5,
    why="A late state depends on an early one through every step between, so the "
    "matrices of these steps are multiplied, later times on the left. The norm of the "
    "product says how much of a small change can arrive. It is less than the product "
    "of the norms, for what one step lengthens most the next may shorten.",
    see="How far back does a gradient reach?",
    goal="say how far back a gradient reaches",
)
