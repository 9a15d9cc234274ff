"""Checks of `recurrent/bptt` and `recurrent/char_rnn`.

A batch of sequences is (T, m, …): time first, then the example. States H (T+1, m, n)
begin with the initial one. Errors and Jacobians are compared with central differences
of a network that is run again, sums over time with loops of outer products.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .core import Case, CheckFailed, call, passed, verify

SIZES = ((4, 3, 2, 5, 3), (3, 2, 5, 4, 6), (6, 1, 3, 3, 3))  # T, m, inputs, n, k
EPS = 1e-5
LETTERS = "to be, or not to be: that is the Question.\n"


# --- bptt: forward --------------------------------------------------------------------


def step(function: Callable, seed: int = 0) -> None:
    """Check `step(x, h, Wxh, Whh, bh)` → the next state (m, n)."""
    cases = [
        Case(label, {"x": X[0], "h": h0, "Wxh": Wxh, "Whh": Whh, "bh": bh})
        for label, X, h0, (Wxh, Whh, bh, _, _) in _networks(seed)
    ]

    def by_hand(x, h, Wxh, Whh, bh):
        return np.array(
            [
                [
                    np.tanh(np.dot(Wxh[j], a) + np.dot(Whh[j], b) + bh[j])
                    for j in range(len(bh))
                ]
                for a, b in zip(x, h, strict=True)
            ]
        )

    verify(
        "step",
        function,
        cases,
        by_hand,
        mistakes=[
            (
                "the state of before is ignored: W_hh h is missing.",
                lambda x, h, Wxh, Whh, bh: np.tanh(x @ Wxh.T + bh),
            ),
            (
                "the bias b_h is missing.",
                lambda x, h, Wxh, Whh, bh: np.tanh(x @ Wxh.T + h @ Whh.T),
            ),
            (
                "W_hh is used without its transpose: it is square, so the shapes do "
                "not complain. Rows are examples: h @ Whh.T.",
                lambda x, h, Wxh, Whh, bh: np.tanh(x @ Wxh.T + h @ Whh + bh),
            ),
            (
                "the tanh is missing: this is the preactivation.",
                lambda x, h, Wxh, Whh, bh: x @ Wxh.T + h @ Whh.T + bh,
            ),
            (
                "the tanh is applied to the part of the input only.",
                lambda x, h, Wxh, Whh, bh: np.tanh(x @ Wxh.T + bh) + h @ Whh.T,
            ),
            (
                "this is a sigmoid; the state needs tanh.",
                lambda x, h, Wxh, Whh, bh: (
                    1 / (1 + np.exp(-x @ Wxh.T - h @ Whh.T - bh))
                ),
            ),
            (
                "the input is ignored: W_xh x is missing.",
                lambda x, h, Wxh, Whh, bh: np.tanh(h @ Whh.T + bh),
            ),
            (
                "the state enters without its weights: W_hh h is asked for.",
                lambda x, h, Wxh, Whh, bh: np.tanh(x @ Wxh.T + h + bh),
            ),
        ],
    )


def forward(function: Callable, seed: int = 0) -> None:
    """Check `forward(X, h0, Wxh, Whh, bh, Why, by)` → (H, Z)."""
    names = ("Wxh", "Whh", "bh", "Why", "by")
    cases = [
        Case(label, {"X": X, "h0": h0} | dict(zip(names, weights, strict=True)))
        for label, X, h0, weights in _networks(seed)
    ]

    def run(X, h0, Wxh, Whh, bh, Why, by):
        H = _states(X @ Wxh.T + bh, h0, Whh)
        return H, np.einsum("tmn,kn->tmk", H[1:], Why) + by

    def changed(**how):
        def other(X, h0, Wxh, Whh, bh, Why, by):
            h0 = h0 * how.get("start", 1)
            drive = X @ Wxh.T + bh
            if "restart" in how:
                first = [_states(drive[t : t + 1], h0, Whh)[1] for t in range(len(X))]
                H = np.array([h0, *first])
            else:
                H = _states(drive, h0, Whh.T if "turned" in how else Whh)
            seen = H[:-1] if "early" in how else H[1:]
            Z = seen @ Why.T + how.get("bias", 1) * by
            H = H[how.get("from", 0) : how.get("to")]
            return H, np.tanh(Z) if "tanh" in how else Z

        return other

    verify(
        "forward",
        function,
        cases,
        run,
        parts=("H", "Z"),
        mistakes=[
            ("the states start from zeros, not from h0.", changed(start=0)),
            (
                "every time starts again from h0: the state is not carried on.",
                changed(restart=True),
            ),
            (
                "the outputs are read from the state before the input came (H[:-1]): "
                "z_t belongs to h_t.",
                changed(early=True),
            ),
            ("a tanh came over the logits: z is the plain sum.", changed(tanh=True)),
            (
                "H lacks the initial state: T + 1 states are asked for, h0 first.",
                changed(**{"from": 1}),
            ),
            (
                "H lacks the last state: T + 1 states are asked for, h0 first.",
                changed(to=-1),
            ),
            ("the bias b_y is missing in Z.", changed(bias=0)),
            ("W_hh is used without its transpose.", changed(turned=True)),
        ],
    )


# --- bptt: backward -------------------------------------------------------------------


def output_delta(function: Callable, seed: int = 0) -> None:
    """Check `output_delta(Z, Y)` → ∂C/∂Z for the mean cross-entropy."""
    rng = np.random.default_rng(seed)
    cases = []
    for T, m, _, _, k in SIZES:
        Z, Y = 2 * rng.normal(size=(T, m, k)), rng.integers(k, size=(T, m))
        label = f"T = {T}, m = {m}, k = {k}"
        cases.append(Case(label, {"Z": Z, "Y": Y}, {"T": T, "m": m}))
    far = cases[0].args["Z"] + 1000
    cases.append(Case("logits around 1000", {"Z": far, "Y": cases[0].args["Y"]}))

    def slopes(Z, Y):
        result = np.zeros_like(Z)
        for place in np.ndindex(Z.shape):
            above, below = Z.copy(), Z.copy()
            above[place] += 1e-4
            below[place] -= 1e-4
            t, i, _ = place  # only this character's loss moves
            gap = _loss(above[t, i], Y[t, i]) - _loss(below[t, i], Y[t, i])
            result[place] = gap / 2e-4 / Y.size
        return result

    def rule(scale=lambda T, m: 1 / (T * m), sign=1, axis=-1, labels=1):
        def delta(Z, Y):
            e = np.exp(Z - Z.max())
            p = e / e.sum(axis=axis, keepdims=True)
            y = np.eye(Z.shape[-1])[Y]
            return sign * (p - labels * y) * scale(*Y.shape)

        return delta

    verify(
        "output_delta",
        function,
        cases,
        slopes,
        mistakes=[
            (
                "the mean over the T·m characters is missing: divide by both.",
                rule(lambda T, m: 1.0),
            ),
            (
                "you divided by T only: the cost is a mean over T·m characters.",
                rule(lambda T, m: 1 / T),
            ),
            (
                "you divided by m only: the cost is a mean over T·m characters.",
                rule(lambda T, m: 1 / m),
            ),
            ("the sign is wrong: p − y, not y − p.", rule(sign=-1)),
            ("the labels are not subtracted: this is p.", rule(labels=0)),
            ("the softmax runs over the times: classes are last.", rule(axis=0)),
            ("the softmax runs over the examples: classes are last.", rule(axis=1)),
            (
                "the logits are used as if they were probabilities: softmax first.",
                lambda Z, Y: (Z - np.eye(Z.shape[-1])[Y]) / Y.size,
            ),
        ],
        warn="an exponential overflows: subtract the largest logit before exp.",
        rtol=1e-5,
        atol=1e-7,
    )


def hidden_deltas(function: Callable, seed: int = 0) -> None:
    """Check `hidden_deltas(D, H, Whh, Why)` → the errors of the hidden states."""
    rng = np.random.default_rng(seed + 1)
    cases = []
    for label, X, h0, (Wxh, Whh, bh, Why, _) in _networks(seed):
        H = _states(X @ Wxh.T + bh, h0, Whh)
        D = rng.normal(size=(len(X), len(h0), len(Why)))
        cases.append(Case(label, {"D": D, "H": H, "Whh": Whh, "Why": Why}))

    def slopes(D, H, Whh, Why):
        drive = np.arctanh(H[1:]) - H[:-1] @ Whh.T

        def cost(moved):
            return np.sum(D * (_states(moved, H[0], Whh)[1:] @ Why.T))

        return _slopes(cost, drive)

    def rule(
        through=lambda d, W: d @ W,
        slope=lambda H, t: 1 - H[t + 1] ** 2,
        outside=False,
        forgets=False,
        turn=False,
    ):
        def deltas(D, H, Whh, Why):
            result = np.zeros_like(H[1:])
            later = np.zeros_like(H[0])
            times = range(len(D)) if turn else reversed(range(len(D)))
            for t in times:
                own = D[t] @ Why
                inner = own * slope(H, t) + later if outside else None
                result[t] = inner if outside else (own + later) * slope(H, t)
                passed_on = own * slope(H, t) if forgets else result[t]
                later = through(passed_on, Whh)
            return result

        return deltas

    verify(
        "hidden_deltas",
        function,
        cases,
        slopes,
        mistakes=[
            (
                "the error of the next time does not come back: each time sees only "
                "its own output. That is no backpropagation through time.",
                rule(through=lambda d, W: 0 * d),
            ),
            (
                "errors come back by one time and no further: pass on the whole δ of "
                "the next time, not the part of its own output.",
                rule(forgets=True),
            ),
            (
                "the error goes back through W_hh transposed once too often: as rows, "
                "W_hhᵀ δ is delta @ Whh.",
                rule(through=lambda d, W: d @ W.T),
            ),
            (
                "the derivative of tanh is 1 − h², not 1 − h.",
                rule(slope=lambda H, t: 1 - H[t + 1]),
            ),
            (
                "the derivative of tanh is missing.",
                rule(slope=lambda H, t: np.ones_like(H[0])),
            ),
            (
                "the derivative of tanh is taken at the state before: δ_t needs h_t, "
                "which is H[t + 1] where the outputs count from 0.",
                rule(slope=lambda H, t: 1 - H[t] ** 2),
            ),
            (
                "1 − h² multiplies the output's part only: it belongs to the sum of "
                "both parts.",
                rule(outside=True),
            ),
            (
                "this is the derivative of the sigmoid, h(1 − h): tanh has 1 − h².",
                rule(slope=lambda H, t: H[t + 1] * (1 - H[t + 1])),
            ),
            (
                "the errors travel forward in time: begin at the last time.",
                rule(turn=True),
            ),
            (
                "the derivative of tanh is taken of h itself, 1 − tanh²(h): h is a "
                "tanh already.",
                rule(slope=lambda H, t: 1 - np.tanh(H[t + 1]) ** 2),
            ),
        ],
        rtol=1e-5,
        atol=1e-7,
    )


def gradients(function: Callable, seed: int = 0) -> None:
    """Check `gradients(X, H, D, deltas)` → (dWxh, dWhh, dbh, dWhy, dby)."""
    rng = np.random.default_rng(seed + 2)
    cases = []
    for T, m, n_x, n, k in SIZES:
        sizes = {"X": (T, m, n_x), "H": (T + 1, m, n), "D": (T, m, k)}
        args = {key: rng.normal(size=size) for key, size in sizes.items()}
        args["deltas"] = rng.normal(size=(T, m, n))
        label = f"T = {T}, m = {m}, {n_x} → {n} → {k}"
        cases.append(Case(label, args, {"T": T, "m": m}))

    def sums(X, H, D, deltas, first=0, share=1.0, before=0, after=1):
        T, m = D.shape[:2]
        total = [0.0] * 5
        for t in range(first, T):
            for i in range(m):
                d, e = deltas[t, i], D[t, i]
                terms = (
                    np.outer(d, X[t, i]),
                    np.outer(d, H[t + before, i]),
                    d,
                    np.outer(e, H[t + after, i]),
                    e,
                )
                total = [a + share * b for a, b in zip(total, terms, strict=True)]
        return tuple(total)

    def wrong(**how):
        return lambda *args: sums(*args, **how)

    verify(
        "gradients",
        function,
        cases,
        sums,
        parts=("dWxh", "dWhh", "dbh", "dWhy", "dby"),
        mistakes=[
            (
                "dW_hh uses the state after the step: δ_t meets h_{t−1}, the state "
                "that W_hh was multiplied with.",
                wrong(before=1),
            ),
            (
                "dW_hy uses the state before the step: z_t was made from h_t.",
                wrong(after=0),
            ),
            (
                "only the last time is used: a shared weight gets the sum over all "
                "times.",
                lambda X, H, D, d: sums(X, H, D, d, first=len(D) - 1),
            ),
            (
                "you averaged over the times: D holds 1/(T·m) already, so sum.",
                lambda X, H, D, d: sums(X, H, D, d, share=1 / len(D)),
            ),
            (
                "you averaged over the examples: D holds 1/(T·m) already, so sum.",
                lambda X, H, D, d: sums(X, H, D, d, share=1 / D.shape[1]),
            ),
            (
                "you averaged over times and examples: D holds 1/(T·m) already, so "
                "sum.",
                lambda X, H, D, d: sums(X, H, D, d, share=1 / D[..., 0].size),
            ),
        ],
    )


# --- bptt: clipping and Jacobians -----------------------------------------------------


def clip_value(function: Callable, seed: int = 0) -> None:
    """Check `clip_value(grads, bound)` → a list of arrays cut to ±bound."""
    verify(
        "clip_value",
        function,
        _gradient_lists(seed),
        lambda grads, c: [np.minimum(np.maximum(g, -c), c) for g in grads],
        mistakes=[
            (
                "only what is too large is cut: entries below −bound stay.",
                lambda grads, c: [np.minimum(g, c) for g in grads],
            ),
            (
                "entries that are too large become 0: they should become ±bound.",
                lambda grads, c: [np.where(np.abs(g) > c, 0, g) for g in grads],
            ),
            (
                "this is clipping by norm: each entry should be cut by itself.",
                _by_norm,
            ),
            (
                "entries that are too small in size become ±bound: the cut is on the "
                "wrong side.",
                lambda grads, c: [np.sign(g) * np.maximum(np.abs(g), c) for g in grads],
            ),
            (
                "the signs are lost.",
                lambda grads, c: [np.minimum(np.abs(g), c) for g in grads],
            ),
            (
                "every array is scaled until its largest entry is ±bound.",
                lambda grads, c: [g * min(1, c / np.abs(g).max()) for g in grads],
            ),
            (
                "entries are cut to [0, bound]: negative ones should survive.",
                lambda grads, c: [np.clip(g, 0, c) for g in grads],
            ),
        ],
    )


def _by_norm(grads, bound):
    length = np.sqrt(sum(np.sum(g**2) for g in grads))
    return [g * min(1, bound / length) for g in grads]


def clip_norm(function: Callable, seed: int = 0) -> None:
    """Check `clip_norm(grads, bound)`: one norm for all arrays together."""

    def scaled(length):
        return lambda grads, c: [g * min(1, c / length(grads)) for g in grads]

    def flat(grads):
        return np.concatenate([g.ravel() for g in grads])

    verify(
        "clip_norm",
        function,
        _gradient_lists(seed),
        scaled(lambda grads: np.linalg.norm(flat(grads))),
        mistakes=[
            (
                "each array is clipped by itself, which turns the gradient: one norm "
                "for all arrays together is asked for.",
                lambda grads, c: [g * min(1, c / np.linalg.norm(g)) for g in grads],
            ),
            (
                "gradients that are short enough are stretched: below the bound "
                "nothing should change.",
                lambda grads, c: [g * c / np.linalg.norm(flat(grads)) for g in grads],
            ),
            (
                "the root is missing: this is the squared norm.",
                scaled(lambda grads: np.sum(flat(grads) ** 2)),
            ),
            (
                "this is clipping by value: scale all entries by one factor.",
                lambda grads, c: [np.clip(g, -c, c) for g in grads],
            ),
            (
                "the norms of the arrays are added up: add their squares, then take "
                "the root.",
                scaled(lambda grads: sum(np.linalg.norm(g) for g in grads)),
            ),
            (
                "the largest entry takes the place of the norm.",
                scaled(lambda grads: np.abs(flat(grads)).max()),
            ),
            (
                "every gradient gets length 1: the bound is not used.",
                lambda grads, c: [g / np.linalg.norm(flat(grads)) for g in grads],
            ),
            (
                "sums of absolute values (ℓ1) take the place of the norm.",
                scaled(lambda grads: np.abs(flat(grads)).sum()),
            ),
        ],
    )


def jacobian_norms(function: Callable, seed: int = 0) -> None:
    """Check `jacobian_norms(H, Whh)`: ‖∂h_T/∂h_t‖ for t = 0 … T."""
    cases = []
    for label, X, h0, (Wxh, Whh, bh, _, _) in _networks(seed):
        H = _states(X @ Wxh.T + bh, h0, Whh)[:, 0]
        cases.append(Case(label, {"H": H, "Whh": 1.3 * Whh}))
    # the states must be those of the weights, so that differences can be taken
    for case, (_, X, h0, (Wxh, _, bh, _, _)) in zip(
        cases, _networks(seed), strict=True
    ):
        drive = X @ Wxh.T + bh
        case.args["H"][:] = _states(drive, h0, case.args["Whh"])[:, 0]

    def slopes(H, Whh):
        drive = np.arctanh(H[1:]) - H[:-1] @ Whh.T
        norms = []
        for t in range(len(H)):
            columns = []
            for e in EPS * np.eye(len(Whh)):
                ends = [
                    _states(drive[t:, None], (H[t] + move)[None], Whh)[-1, 0]
                    for move in (e, -e)
                ]
                columns.append((ends[0] - ends[1]) / (2 * EPS))
            norms.append(np.linalg.norm(np.array(columns), 2))
        return np.array(norms)

    def rule(slope=lambda H, t: 1 - H[t + 1] ** 2, norm=2, order=1, bound=False):
        def measure(H, Whh):
            J, norms = np.eye(len(Whh)), [np.linalg.norm(np.eye(len(Whh)), norm)]
            for t in reversed(range(len(H) - 1)):
                one = slope(H, t)[:, None] * Whh
                J = one @ J if order == 2 else J @ one
                last = norms[-1] * np.linalg.norm(one, 2)
                norms.append(last if bound else np.linalg.norm(J, norm))
            return np.array(norms[::-1] if order else norms)

        return measure

    verify(
        "jacobian_norms",
        function,
        cases,
        slopes,
        mistakes=[
            ("the order is reversed: entry t belongs to ∂h_T/∂h_t.", rule(order=0)),
            (
                "the derivative of tanh is missing: these are norms of powers of W_hh.",
                rule(slope=lambda H, t: np.ones_like(H[0])),
            ),
            (
                "the derivative of tanh is taken at h_t: the step from t to t + 1 "
                "needs h_{t+1}.",
                rule(slope=lambda H, t: 1 - H[t] ** 2),
            ),
            (
                "these are products of the norms: the norm of the product is asked "
                "for, and is smaller.",
                rule(bound=True),
            ),
            (
                "this is the Frobenius norm: the largest singular value is asked for.",
                rule(norm=None),
            ),
            (
                "the matrices are multiplied in the wrong order: later times stand on "
                "the left.",
                rule(order=2),
            ),
            (
                "the derivative of tanh is 1 − h², not 1 − h.",
                rule(slope=lambda H, t: 1 - H[t + 1]),
            ),
            (
                "the last entry, ‖∂h_T/∂h_T‖ = 1, is missing.",
                lambda H, Whh: rule()(H, Whh)[:-1],
            ),
            (
                "the first entry, ‖∂h_T/∂h_0‖, is missing.",
                lambda H, Whh: rule()(H, Whh)[1:],
            ),
        ],
        rtol=1e-5,
        atol=1e-8,
    )


def _networks(seed: int) -> Iterator[tuple[str, Any, Any, tuple]]:
    """Yield label, inputs, initial state and weights of networks of several sizes."""
    rng = np.random.default_rng(seed)
    for T, m, n_x, n, k in SIZES:
        shapes = ((n, n_x), (n, n), (n,), (k, n), (k,))
        weights = tuple(0.7 * rng.normal(size=shape) for shape in shapes)
        X, h0 = rng.normal(size=(T, m, n_x)), rng.uniform(-0.8, 0.8, size=(m, n))
        yield f"T = {T}, m = {m}, {n_x} → {n} → {k}", X, h0, weights


def _states(drive, h0, Whh):
    """Return h0 and the states that follow, for preactivations without W_hh h."""
    H = [h0]
    for s in drive:
        H.append(np.tanh(s + np.einsum("ij,mj->mi", Whh, H[-1])))
    return np.array(H)


def _slopes(cost: Callable, at):
    """Return central differences of a cost, entry by entry."""
    result = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        above, below = at.copy(), at.copy()
        above[place] += EPS
        below[place] -= EPS
        result[place] = (cost(above) - cost(below)) / (2 * EPS)
    return result


def _loss(z, y):
    return np.logaddexp.reduce(z) - z[y]


def _gradient_lists(seed: int) -> list[Case]:
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=size) for size in ((4, 3), (5,), (2, 2))]
    return [
        Case("long gradients", {"grads": [8 * g for g in arrays], "bound": 5.0}),
        Case("short gradients", {"grads": [g / 50 for g in arrays], "bound": 5.0}),
        Case("bound 0.7", {"grads": arrays, "bound": 0.7}),
    ]


# --- char_rnn -------------------------------------------------------------------------


def vocabulary(function: Callable, seed: int = 0) -> None:
    """Check `vocabulary(text)` → (sorted list of characters, index by character)."""
    rng = np.random.default_rng(seed)
    shuffled = "".join(rng.permutation(list(LETTERS * 2)))
    for text in (LETTERS, shuffled, "aaaa"):
        result = call(function, text, name="vocabulary")
        fault = _vocabulary_fault(result, text)
        if fault:
            raise CheckFailed(
                f"✗ vocabulary ({text[:20]!r} …): wrong result\nLikely mistake: {fault}"
            )
    passed("vocabulary", 3, "text")


def _vocabulary_fault(result: Any, text: str) -> str:
    """Say what is wrong with a vocabulary, or nothing."""
    if not isinstance(result, tuple | list) or len(result) != 2:
        return "two results are expected: the list and the dictionary."
    characters, index = result
    if not isinstance(characters, list):
        kind = type(characters).__name__
        return f"the characters came as {kind}: a list is asked for."
    wanted = sorted(set(text))
    if len(characters) != len(set(characters)):
        return "characters occur twice in the list: each should occur once."
    if {c.lower() for c in wanted} == set(characters) != set(wanted):
        return "capital letters were made small: they are characters of their own."
    if set(characters) != set(wanted):
        lost = sorted(set(wanted) - set(characters))
        return f"characters of the text are missing: {lost}."
    if not isinstance(index, dict):
        return f"the index came as {type(index).__name__}: a dict is asked for."
    if characters == wanted[::-1] != wanted:
        return "the list is sorted from the largest down: sort upward."
    if characters != wanted:
        return (
            "the list is not sorted. The order of a set changes from run to run, and "
            "with it the meaning of every index: sort it."
        )
    if index == dict(enumerate(characters)):
        return "the dictionary leads from index to character: turn it around."
    if index == {c: i + 1 for i, c in enumerate(characters)}:
        return "the indices begin with 1: they count from 0."
    if index != {c: i for i, c in enumerate(characters)}:
        return "index[c] is not the place of c in the list."
    return ""


def examples(function: Callable, seed: int = 0) -> None:
    """Check `examples(indices, T)` → (X, Y), labels shifted by one."""
    rng = np.random.default_rng(seed)
    cases = []
    for length, T in ((23, 5), (21, 5), (20, 5), (9, 1), (7, 6)):
        args = {"indices": rng.integers(30, size=length), "T": T}
        cases.append(Case(f"{length} characters, T = {T}", args))

    def cut(indices, T, shift=1, count=None):
        n = (len(indices) - 1) // T if count is None else count(len(indices), T)
        places = np.arange(n * T).reshape(n, T)
        return indices[places], indices[places + shift]

    def overlapping(indices, T):
        places = np.arange(len(indices) - T)[:, None] + np.arange(T)
        return indices[places], indices[places + 1]

    verify(
        "examples",
        function,
        cases,
        cut,
        parts=("X", "Y"),
        mistakes=[
            (
                "the labels are the inputs: they should be shifted by one, so that "
                "Y[i, t] is the character after X[i, t].",
                lambda x, T: cut(x, T, shift=0),
            ),
            (
                "the labels are shifted the wrong way: they name the character before.",
                lambda x, T: cut(x, T, shift=-1),
            ),
            (
                "the windows overlap: each should begin where the last one ended.",
                overlapping,
            ),
            ("the labels are shifted by T, not by one.", _by_window),
            (
                "Y holds only the character after each window (many-to-one): a label "
                "for every input is asked for.",
                lambda x, T: (cut(x, T)[0], cut(x, T)[1][:, -1]),
            ),
            (
                "the last window is lost although its labels are there: there are "
                "⌊(N − 1)/T⌋ windows.",
                lambda x, T: cut(x, T, count=lambda N, T: max((N - 1) // T - 1, 0)),
            ),
            (
                "a window is lost when the text fits exactly: there are "
                "⌊(N − 1)/T⌋ windows.",
                lambda x, T: cut(x, T, count=lambda N, T: (N - 2) // T),
            ),
            (
                "the labels of a window are turned around within it (a roll): the last "
                "label should be the first character of the next window.",
                lambda x, T: (cut(x, T)[0], np.roll(cut(x, T)[0], -1, axis=1)),
            ),
            (
                "times and windows are exchanged: one window is one row.",
                lambda x, T: tuple(part.T for part in cut(x, T)),
            ),
        ],
    )


def _by_window(x, T):
    n = len(x) // T
    windows = x[: n * T].reshape(n, T)
    return windows[:-1], windows[1:]


def one_hot(function: Callable, seed: int = 0) -> None:
    """Check `one_hot(indices, k)` → (…, k) of floats."""
    rng = np.random.default_rng(seed)
    cases = [
        Case(
            f"indices {shape}, k = {k}",
            {"indices": rng.integers(4, size=shape), "k": k},
        )
        for shape, k in (((5,), 6), ((3, 4), 5), ((4,), 4))
    ]

    def by_hand(indices, k):
        result = np.zeros((*indices.shape, k))
        for place in np.ndindex(indices.shape):
            result[(*place, indices[place])] = 1
        return result

    verify(
        "one_hot",
        function,
        cases,
        by_hand,
        mistakes=[
            (
                "the number of columns comes from the largest index that occurs: it "
                "is k, also where the last characters do not occur.",
                lambda x, k: by_hand(x, int(x.max()) + 1),
            ),
            (
                "the classes should be the last axis.",
                lambda x, k: np.moveaxis(by_hand(x, k), -1, 0),
            ),
            (
                "the ones stand one place too far: indices count from 0.",
                lambda x, k: by_hand((x + 1) % k, k),
            ),
            (
                "all entries up to the index are 1: only one may be.",
                lambda x, k: np.cumsum(by_hand(x, k)[..., ::-1], -1)[..., ::-1],
            ),
            (
                "the index itself stands where a 1 should.",
                lambda x, k: by_hand(x, k) * x[..., None],
            ),
        ],
    )


def probabilities(function: Callable, seed: int = 0) -> None:
    """Check `probabilities(z, tau)`, the softmax of z/τ."""
    rng = np.random.default_rng(seed)
    cases = [
        Case(f"k = {k}, τ = {tau}", {"z": 2 * rng.normal(size=k), "tau": tau})
        for k, tau in ((5, 1.0), (7, 0.5), (4, 2.0))
    ]
    large = {"z": np.array([1000.0, 999.0, -1000.0]), "tau": 0.8}
    cases.append(Case("logits of ±1000", large))

    def exact(z, tau):
        return np.exp(z / tau - np.logaddexp.reduce(z / tau))

    verify(
        "probabilities",
        function,
        cases,
        exact,
        mistakes=[
            (
                "a softmax of a softmax: probabilities lie between 0 and 1, so the "
                "second one is nearly uniform. Apply it to the logits, once.",
                lambda z, tau: exact(exact(z, tau), 1),
            ),
            (
                "a softmax of a softmax: the temperature belongs to the logits, and "
                "one softmax is enough.",
                lambda z, tau: exact(exact(z, 1), tau),
            ),
            ("the temperature is not used.", lambda z, tau: exact(z, 1)),
            (
                "the logits are multiplied by the temperature: a high temperature "
                "should make the probabilities more equal.",
                lambda z, tau: exact(z, 1 / tau),
            ),
            (
                "the probabilities are divided by the temperature: they no longer add "
                "up to 1. Divide the logits.",
                lambda z, tau: exact(z, 1) / tau,
            ),
            (
                "these are logarithms of probabilities.",
                lambda z, tau: np.log(exact(z, tau)),
            ),
            (
                "the sum of the exponentials is missing: probabilities add up to 1.",
                lambda z, tau: np.exp(z / tau - np.max(z / tau)),
            ),
        ],
        warn="an exponential overflows: subtract the largest logit before exp.",
    )


def sample(function: Callable, seed: int = 0) -> None:
    """Check `sample(step, h, first, length, tau, rng)` → a list of indices."""
    rng = np.random.default_rng(seed)
    k, n = 6, 3
    shapes = ((k, n), (n, n), (k, n), (k,))
    E, A, W, b = (1.5 * rng.normal(size=shape) for shape in shapes)

    def next_state(i, h):
        new = np.tanh(E[int(i)] + A @ np.asarray(h))
        return W @ new + b, new

    def write(first, length, tau, draw, way=function):
        h = np.linspace(-0.5, 0.5, n)
        kept = h.copy()
        generator = np.random.default_rng(draw)
        written = way(next_state, h, first, length, tau, generator)
        if not np.array_equal(h, kept):
            raise CheckFailed(
                "✗ sample: your function changed the state h in place.\nThe training "
                "goes on from it: work with the states that step returns."
            )
        return written if way is not function else _indices(written)

    def rule(
        carry=True, feed=True, heat=lambda z, t: _soft(z / t), pick=None, extra=0, own=0
    ):
        def way(step, h, first, length, tau, rng):
            written, i = [], first
            for _ in range(length + extra):
                z, new = step(i, h)
                h = new if carry else h
                p = heat(z, tau)
                rng = np.random.default_rng(own - 1) if own else rng
                written.append(pick(p) if pick else int(rng.choice(len(p), p=p)))
                i = written[-1] if feed else i
            return written

        return lambda *args: write(*args, way=way)

    cases = [
        Case(
            f"{length} characters, τ = {tau}",
            {"first": first, "length": length, "tau": tau, "draw": seed + 10 + first},
        )
        for first, length, tau in (
            (2, 30, 1.0),
            (0, 40, 0.6),
            (4, 25, 1.8),
            (1, 1, 1.0),
        )
    ]
    verify(
        "sample",
        write,
        cases,
        rule(),
        mistakes=[
            (
                "the state is not carried on: every step starts from the h that came "
                "in.",
                rule(carry=False),
            ),
            (
                "the character that was drawn is not fed back: every step reads "
                "`first` again.",
                rule(feed=False),
            ),
            (
                "neither the state nor the drawn character is carried on.",
                rule(carry=False, feed=False),
            ),
            (
                "a softmax of a softmax: what you sample from is nearly uniform.",
                rule(heat=lambda z, t: _soft(_soft(z / t))),
            ),
            ("the temperature is not used.", rule(heat=lambda z, t: _soft(z))),
            (
                "the logits are multiplied by the temperature.",
                rule(heat=lambda z, t: _soft(z * t)),
            ),
            (
                "the most probable character is taken each time: draw one instead, "
                "with rng.choice.",
                rule(pick=lambda p: int(np.argmax(p))),
            ),
            ("one character too many came.", rule(extra=1)),
            (
                "`first` stands at the beginning: only what was written is asked for.",
                lambda first, *rest: [first, *rule()(first, *rest)],
            ),
            (
                "`first` stands at the beginning and the last character is missing.",
                lambda first, *rest: [first, *rule()(first, *rest)][:-1],
            ),
            (
                "a generator with a fixed seed is made for every character: use the "
                "rng that came in, and draw once for each character.",
                rule(own=1),
            ),
            (
                "the draws are uniform: pass p to rng.choice.",
                rule(heat=lambda z, t: np.full(len(z), 1 / len(z))),
            ),
        ],
    )


def _indices(written: Any) -> Any:
    """Return a list of whole numbers as an array, anything else as it is."""
    if isinstance(written, list) and all(np.ndim(i) == 0 for i in written):
        return [int(i) for i in written]
    return written


def _soft(z):
    return np.exp(z - np.logaddexp.reduce(z))


def perplexity(function: Callable, seed: int = 0) -> None:
    """Check `perplexity(Z, Y)` from logits and labels; a uniform model has k."""
    rng = np.random.default_rng(seed)
    cases = [
        Case("a uniform model of 7", {"Z": np.zeros((5, 7)), "Y": np.arange(5)}),
        Case(
            "a uniform model of 3", {"Z": np.full((4, 3), 2.5), "Y": np.array([0] * 4)}
        ),
    ]
    for T, k in ((6, 4), (9, 5)):
        args = {"Z": 2 * rng.normal(size=(T, k)), "Y": rng.integers(k, size=T)}
        cases.append(Case(f"T = {T}, k = {k}", args, {"T": T, "k": k}))
    certain = {"Z": np.array([[1000.0, 0.0], [0.0, 1000.0]]), "Y": np.array([0, 1])}
    cases.append(Case("certain and right, logits of 1000", certain))

    def losses(Z, Y):
        return np.array([_loss(z, y) for z, y in zip(Z, Y, strict=True)])

    verify(
        "perplexity",
        function,
        cases,
        lambda Z, Y: np.exp(losses(Z, Y)).prod() ** (1 / len(Y)),  # a geometric mean
        mistakes=[
            (
                "this is the mean cross-entropy: exp is missing.",
                lambda Z, Y: np.mean(losses(Z, Y)),
            ),
            (
                "this is in bits per character: exp of the mean in nats is asked for.",
                lambda Z, Y: np.mean(losses(Z, Y)) / np.log(2),
            ),
            (
                "the base is 2 but the logarithm is natural: use exp.",
                lambda Z, Y: 2 ** np.mean(losses(Z, Y)),
            ),
            (
                "this is exp of the sum: the mean over the characters is asked for.",
                lambda Z, Y: np.exp(np.sum(losses(Z, Y))),
            ),
            (
                "this is the mean of 1/p: take the mean of −ln p first, then exp.",
                lambda Z, Y: np.mean(np.exp(losses(Z, Y))),
            ),
            (
                "this is 1 over the mean p: take the mean of −ln p, then exp.",
                lambda Z, Y: 1 / np.mean(np.exp(-losses(Z, Y))),
            ),
            (
                "the sign is missing: this is exp(mean ln p), which is below 1.",
                lambda Z, Y: np.exp(-np.mean(losses(Z, Y))),
            ),
            (
                "the largest probability is used: the probability of the character "
                "that came is asked for.",
                lambda Z, Y: np.exp(np.mean(losses(Z, Z.argmax(axis=1)))),
            ),
            (
                "the softmax runs over the times: each row of Z is one distribution.",
                lambda Z, Y: np.exp(
                    np.mean(np.logaddexp.reduce(Z, axis=0)[Y] - Z[np.arange(len(Y)), Y])
                ),
            ),
            (
                "a softmax of a softmax: Z holds logits, one softmax is enough.",
                lambda Z, Y: np.exp(
                    np.mean(losses(np.array([_soft(z) for z in Z]), Y))
                ),
            ),
        ],
        warn="an exponential overflows or ln 0 is taken: use log-sum-exp.",
    )


def bigram(function: Callable, seed: int = 0) -> None:
    """Check `bigram(indices, k, alpha)`: P[a, b] = p(b after a), smoothed."""
    rng = np.random.default_rng(seed)
    cases = []
    for length, k, alpha in ((40, 4, 0.5), (25, 5, 1.0), (60, 3, 2.0)):
        args = {"indices": rng.integers(k - 1, size=length), "k": k, "alpha": alpha}
        cases.append(Case(f"{length} characters, k = {k}, α = {alpha}", args))

    def counts(indices, k, joined=True):
        C = np.zeros((k, k))
        for a, b in itertools.pairwise(indices):
            C[a, b] = C[a, b] + 1 if joined else 1
        return C

    def rule(axis=1, inside=lambda a: a, below=lambda a, k: a * k, turned=False, **how):
        def table(indices, k, alpha):
            C = counts(indices, k, **how)
            C = C.T if turned else C
            total = C.sum(axis=axis, keepdims=True)
            return (C + inside(alpha)) / (total + below(alpha, k))

        return table

    verify(
        "bigram",
        function,
        cases,
        rule(),
        mistakes=[
            (
                "rows and columns are exchanged: row a holds what follows a.",
                rule(turned=True),
            ),
            (
                "the columns add up to 1: the rows should, each is a distribution of "
                "the next character.",
                rule(axis=0),
            ),
            (
                "the whole table adds up to 1 (pairs): each row should (the next "
                "character, given the last).",
                rule(axis=(0, 1), below=lambda a, k: a * k * k),
            ),
            (
                "α is missing: pairs that never occurred get 0, and the perplexity "
                "may be infinite.",
                rule(inside=lambda a: 0, below=lambda a, k: 0),
            ),
            (
                "α is added to the counts but not k times to their sum: the rows do "
                "not add up to 1.",
                rule(below=lambda a, k: 0),
            ),
            (
                "α is added once below, but k times above: the rows do not add up to "
                "1.",
                rule(below=lambda a, k: a),
            ),
            (
                "1 is added in place of α.",
                rule(inside=lambda a: 1, below=lambda a, k: k),
            ),
            (
                "pairs that occur again are not counted again: C[a, b] += 1 with "
                "arrays of indices adds once. np.add.at counts.",
                rule(joined=False),
            ),
            (
                "these are counts: divide each row by its sum.",
                lambda indices, k, alpha: counts(indices, k) + alpha,
            ),
        ],
    )
