"""Checks of the sheet `attention/attention_by_hand`: scores, masks, heads, gradients.

Each step is a reference that carries its slips (`helpers.checks.engine`). The visible
cell and the hidden test differ in the seed only.
"""

from collections.abc import Iterator

import numpy as np

from ..engine import Case, Step

TIGHT = {"rtol": 1e-7, "atol": 1e-9, "lists": True}
WHICH = "compute scaled dot-product attention by hand, with masks and with the softmax"
SPLIT = "split vectors into heads and join them again"
KEYS = "the softmax runs over the queries: it runs over the keys."


def _soft(S, axis=-1):
    """Return the softmax, with 0 where all is −∞."""
    top = S.max(axis, keepdims=True)
    e = np.exp(S - np.where(np.isfinite(top), top, 0))
    total = e.sum(axis, keepdims=True)
    return e / np.where(total > 0, total, 1)


# --- match ----------------------------------------------------------------------------


def _match(slip, X, M, W_q, W_k):
    d, width = W_q.shape
    ask, hold = slip((X, M), swapped=(M, X), own=(X, X), only_M=(M, M))
    A, B = slip((W_q, W_k), weights=(W_k, W_q), one_q=(W_q, W_q), one_k=(W_k, W_k))
    flat = ask @ A.reshape(width, d), hold @ B.reshape(width, d)
    Q, K = slip((ask @ A.T, hold @ B.T), reshaped=flat)
    length_1 = [R / np.linalg.norm(R, axis=1, keepdims=True) for R in (Q, K)]
    Q, K = slip((Q, K), cosine=length_1, length_1=length_1)
    root = slip(d**0.5, no_root=1, by_d=d, width=width**0.5, times=d**-0.5)
    root = slip(root, keys=len(M) ** 0.5, queries=len(X) ** 0.5, cosine=1)
    S = Q @ K.T / root
    return slip(S, softmax=lambda: _soft(S), softmax_0=lambda: _soft(S, 0))


def _match_cases(rng) -> Iterator[Case]:
    for n, T, width, d in ((3, 5, 6, 4), (4, 2, 3, 7), (4, 4, 4, 4)):
        args = {"X": rng.normal(size=(n, width)), "M": rng.normal(size=(T, width))}
        args |= {k: rng.normal(size=(d, width)) for k in ("W_q", "W_k")}
        yield Case(f"{n} queries, {T} keys, width {width}, d = {d}", args)


NOT_D = "the scores are divided by the root of {}: d is the length of a query."
match = Step(
    "match",
    _match,
    _match_cases,
    texts={
        "swapped": "X and M are exchanged: the rows of X ask, those of M are found.",
        "own": "the keys are made from X: they come from M.",
        "only_M": "the queries are made from M: they come from X.",
        "weights": "W_q and W_k are exchanged: X has W_q, M has W_k.",
        "one_q": "the keys are made with W_q: they have weights of their own, W_k.",
        "one_k": "the queries are made with W_k: they have weights of their own, W_q.",
        "reshaped": "the weights are reshaped: transpose them.",
        "cosine": "this is a cosine: the vectors keep their lengths, the root of d "
        "divides.",
        "length_1": "queries and keys are divided by their lengths: they keep them.",
        "no_root": "the root of d is missing: the scores grow with it.",
        "by_d": "the scores are divided by d, not by its root.",
        "times": "the root of d multiplies: it divides.",
        "width": NOT_D.format("the width of X"),
        "keys": NOT_D.format("the number of keys"),
        "queries": NOT_D.format("the number of queries"),
        "softmax": "these are weights: the scores before the softmax are asked for.",
        "softmax_0": "a softmax is taken: the scores before it are asked for.",
    },
    demands={
        "The rows of `X` ask": ["swapped", "own", "only_M"],
        "each with its own weights": ["weights", "one_q", "one_k"],
        "divided by $\\sqrt d$": ["no_root", "by_d", "times", "cosine"],
        "$d$ is the length of a query, not the width of `X`": ["width", "keys"],
        "No softmax yet": ["softmax"],
    },
    **TIGHT,
    why="A score says how well a key fits a query. It is a sum of d products, so its "
    "variance grows with d, and a softmax of large scores is nearly all or nothing: "
    "its gradient is nearly 0. The root of d undoes just that. What counts is how many "
    "products are added, and so the length of a query.",
    see="Scaled dot products",
    goal=WHICH,
    small=lambda: Case("", {k: np.array(v) for k, v in SMALL.items()}),
)
SMALL = {"X": [[1.0, 2.0]], "M": [[1.0, 0.0], [0.0, 3.0]]}
SMALL |= {"W_q": [[1.0, 1.0]], "W_k": [[2.0, 1.0]]}


# --- hide -----------------------------------------------------------------------------


def _hide(slip, S, padding):
    T = S.shape[-1]
    i, j = np.arange(T)[:, None], np.arange(T)
    later = slip(j > i, causal_none=j < 0, itself=j >= i, earlier=j < i, next=j > i + 1)
    p = slip(padding, first=padding[:1], largest=padding[padding.argmax()][None])
    p = np.resize(p, len(S))[:, None, None]
    pad = slip(j < p, padding_none=j < 0, one_more=j <= p, one_less=j < p - 1)
    pad = slip(pad, queries=(i < p) & (j >= 0), turned=j >= p, at_end=j >= T - p)
    flat = lambda: np.resize((j > i) | (j < padding[:, None]), S.shape)  # noqa: E731
    hidden = slip(later | pad, and_only=later & pad, no_axis=flat)
    hidden = slip(hidden, own=hidden & (i != j))
    out = np.where(hidden, slip(-np.inf, zero=0.0, finite=-1e9, plus=np.inf), S)
    bare = lambda: S + hidden * -np.inf  # noqa: E731  0 · ∞
    out = slip(out, zeros=np.where((S == 0) & ~hidden, -np.inf, out))
    return slip(out, nan=bare, mask=1.0 * ~hidden, softmax=lambda: _soft(out))


def _hide_cases(rng) -> Iterator[Case]:
    for T, padding in ((5, (2, 0, 3)), (4, (0, 2, 1)), (3, (1,))):
        args = {"S": rng.normal(size=(len(padding), T, T))}
        args["S"][0, -1, -1] = 0.0
        label = f"{T} positions, padding {', '.join(map(str, padding))}"
        yield Case(label, args | {"padding": np.array(padding)})


hide = Step(
    "hide",
    _hide,
    _hide_cases,
    texts={
        "causal_none": "later keys are not hidden: only the padding is.",
        "itself": "each position hides itself, too: it may look at itself.",
        "earlier": "the earlier keys are hidden: it is the later ones (rows: queries).",
        "next": "the key just after a query is not hidden.",
        "padding_none": "the padding is not hidden: only later keys are.",
        "one_more": "the first real key is hidden, too: positions count from 0.",
        "one_less": "the last key of the padding is not hidden.",
        "queries": "the rows of the padding are hidden, not its columns: hide keys.",
        "own": "queries of the padding see their own key: it is padding, too.",
        "turned": "the real keys are hidden: it is the padding.",
        "at_end": "the last positions are taken for the padding: it is the first ones.",
        "first": "all sequences get the first one's padding: each has its own.",
        "largest": "all sequences get the largest padding: each has its own.",
        "no_axis": "the mask of the padding lacks the axis of the queries.",
        "and_only": "only what is later *and* padding is hidden: either is enough.",
        "zero": "0 stands where −∞ belongs: a score of 0 is one like others.",
        "finite": "a large negative number stands where −∞ belongs.",
        "plus": "+∞ stands where −∞ belongs.",
        "zeros": "a visible score that is 0 is hidden, too: the mask decides, not 0.",
        "nan": "a mask is multiplied by −∞: 0 · ∞ is not a number. Choose instead.",
        "mask": "this is the mask itself: the scores are asked for.",
        "softmax": "a softmax is taken: the scores before it are asked for.",
    },
    demands={
        "a query sees its own key and the earlier ones": ["itself", "earlier", "next"],
        "and no key of the padding": ["padding_none", "and_only", "queries"],
        "the first `padding[b]` positions": ["one_more", "one_less", "first", "at_end"],
        "What is hidden becomes $-\\infty$": ["zero", "finite", "nan"],
        "and all else stays": ["zeros"],
        "`S` stays as it was": ["5 positions, padding 2, 0, 3"],
    },
    **TIGHT,
    why="A hidden key must get the weight 0, and the others must share the whole. With "
    "−∞ before the softmax both come by themselves: e to the −∞ is 0, and it is not in "
    "the sum. A weight set to 0 afterwards has already taken part of the sum away. "
    "Texts that end together are padded in front, and no real position may look there.",
    see="Masks",
    goal=WHICH,
    small=lambda: Case("", {"S": np.ones((1, 3, 3)), "padding": np.array([1])}),
)


# --- look_up --------------------------------------------------------------------------


def _look_up(slip, S, V):
    dead = np.isneginf(S).all(-1, keepdims=True)
    W = slip(_soft(S), queries=lambda: _soft(S, -2), axis_1=lambda: _soft(S, 1))
    W = slip(W, whole=lambda: _soft(S.reshape(-1)).reshape(S.shape), axis_0=_soft(S, 0))
    total = lambda e: e.sum(-1, keepdims=True)  # noqa: E731
    bare, one = (lambda: np.exp(S)), (lambda: np.exp(S - S.max()))
    W = slip(W, no_shift=lambda: bare() / total(bare()))
    W = slip(W, no_shift_0=lambda: bare() / np.maximum(total(bare()), 1e-300))
    low = np.nan_to_num(S.min(-1, keepdims=True), neginf=0)
    shifted = lambda: np.exp(S - low)  # noqa: E731
    W = slip(W, lowest=lambda: shifted() / np.maximum(total(shifted()), 1e-9))
    W = slip(W, one_shift=lambda: one() / total(one()))
    W = slip(W, one_shift_0=lambda: one() / np.maximum(total(one()), 1e-300))
    top = S.max(-1, keepdims=True)
    e = np.exp(S - np.where(dead, 0, top))
    W = slip(W, no_care=lambda: e / np.where(dead, np.nan, total(e)), no_sum=e)
    W = slip(W, uniform=np.where(dead, 1 / S.shape[-1], W), ones=np.where(dead, 1, W))
    W = slip(W, cut=np.where(dead, W, _soft(S.clip(-700, 700))))
    some = np.isneginf(S).any(-1, keepdims=True)
    W = slip(W, hardest=1.0 * (top <= S), any_hidden=np.where(some, 0, W))
    V = slip(V, mean=V.mean(-2, keepdims=True) + 0 * V)
    bad = np.where(dead, np.nan, W @ V)
    return W, slip(W @ V, dot=lambda: np.dot(W, V), late_care=bad)


def _look_up_cases(rng) -> Iterator[Case]:
    for label, *shape in (
        ("3 queries, 4 keys", 3, 4),
        ("2 sequences, 3 heads, 4 queries, 5 keys", 2, 3, 4, 5),
    ):
        S, V = rng.normal(0, 2, shape), rng.normal(size=(*shape[:-2], shape[-1], 3))
        S[..., 0, 1:] = -np.inf
        yield Case(label, {"S": S, "V": V})
    far = [[1000.0] * 3, [-1000.0] * 3, [0.0] * 3, [-1000.0, 1000.0, 0.0]]
    S = rng.normal(size=(4, 3)) + np.array(far)
    yield Case("scores of ±1000", {"S": S, "V": rng.normal(size=(3, 2))})
    S = rng.normal(size=(3, 4))
    S[1], S[2, 0] = -np.inf, -np.inf
    yield Case("a query without a key", {"S": S, "V": rng.normal(size=(4, 2))})


OVERFLOW = "an exponential overflows, or all are 0: subtract the largest score of each "
OVERFLOW += "query before exp."
ONE_TOP = "one number is subtracted from all scores: each query needs its own largest, "
ONE_TOP += "or all its exponentials are 0."
look_up = Step(
    "look_up",
    _look_up,
    _look_up_cases,
    ("weights", "output"),
    texts={
        "queries": KEYS,
        "axis_0": "the softmax runs over axis 0: the keys are always the last axis.",
        "axis_1": "the softmax runs over axis 1: the keys are always the last axis.",
        "whole": "the softmax runs over the whole array: each query has its own.",
        "no_shift": f"as it stands, {OVERFLOW}",
        "no_shift_0": f"the sum is kept from 0, yet {OVERFLOW}",
        "lowest": "the smallest score of each query is subtracted, not the largest.",
        "one_shift": f"as it stands, {ONE_TOP}",
        "one_shift_0": f"the sum is kept from 0, yet {ONE_TOP}",
        "cut": "large scores are cut off before exp, and become equal.",
        "no_care": "a query that sees no key gives NaN: its weights are 0.",
        "late_care": "a query that sees no key gives NaN, though its weights do not: "
        "its result is 0, too.",
        "uniform": "a query that sees no key gets equal weights: they are all 0.",
        "any_hidden": "any hidden key makes all weights 0: only if all are hidden.",
        "dot": "np.dot pairs every sequence with every other.",
        "ones": "a query that sees no key gets weights of 1: they are all 0.",
        "no_sum": "the weights of a query do not add up to 1: the sum is missing.",
        "hardest": "the best key gets all the weight: that is no soft look-up.",
        "mean": "the mean of all values is weighted: each key has a value of its own.",
    },
    demands={
        "the softmax over the keys": ["queries", "whole", "no_sum", "hardest"],
        "axes in front, however many": ["axis_1", "axis_0"],
        "Scores of ±1000 must work": ["no_shift", "one_shift", "lowest", "cut"],
        "all its weights are 0": ["no_care", "uniform", "ones"],
        "the sum of the values with these weights": ["mean"],
    },
    **TIGHT,
    why="Each query shares out one whole among the keys, so the sum runs over the "
    "keys; over the queries it would let them compete for a key. A common amount may "
    "be subtracted from the scores of one query, and with its largest at 0 nothing "
    "overflows. If all of them are hidden there is nothing to share out.",
    see="A look-up in place of a memory",
    goal=WHICH,
    small=lambda: Case("", {"S": np.zeros((1, 2)), "V": np.array([[1.0], [3.0]])}),
)


# --- heads ----------------------------------------------------------------------------


def _heads(slip, P, h):
    B, T, w = P.shape[0], P.shape[1], P.shape[2] // 3
    parts = slip(np.split(P, 3, -1), every_third=[P[..., k::3] for k in range(3)])
    nested = np.moveaxis(P.reshape(B, T, h, 3, w // h), 3, 0).reshape(3, B, T, w)
    Q, K, V = slip(parts, nested=nested)
    Q, K, V = slip((Q, K, V), kqv=(K, Q, V), vkq=(V, K, Q), qvk=(Q, V, K))
    h = slip(h, one=1, h_is_d=w // h)
    d = w // h

    def split(A):
        right = A.reshape(B, T, h, d).swapaxes(1, 2)  # (B, h, T, d)
        spread = np.moveaxis(A.reshape(B, T, d, h), 3, 1)
        right = slip(right, within=A.reshape(B, T, h, d))
        right = slip(right, overlap=np.stack([A[..., r : r + d] for r in range(h)], 1))
        flat = A.reshape(B, h, T, d)
        return slip(right, no_swap=flat, viewed=flat, spread=spread, strided=spread)

    Q, K, V = split(Q), split(K), split(V)
    S = Q @ K.swapaxes(-1, -2)
    S = S / slip(
        d**0.5, width=w**0.5, no_root=1, by_d=d, root_h=h**0.5, all=(3 * w) ** 0.5
    )
    later = np.arange(T) > np.arange(T)[:, None]
    S = slip(S, causal=lambda: np.where(later, -np.inf, S))
    Z = slip(_soft(S), queries=_soft(S, -2), no_softmax=S) @ V
    joined = slip(Z.swapaxes(1, 2), within=Z).reshape(B, T, w)
    woven = np.moveaxis(Z, 1, 3).reshape(B, T, w)
    flat = Z.reshape(B, T, w)
    out = slip(joined, join_flat=flat, viewed=flat, woven=woven, strided=woven)
    return slip(out, not_joined=Z, mean=Z.mean(1), summed=Z.sum(1))


def _heads_cases(rng) -> Iterator[Case]:
    for B, T, h, d in ((2, 5, 2, 3), (3, 4, 3, 2), (1, 6, 4, 2)):
        label = f"{B} sequence{'s' * (B > 1)} of {T}, {h} heads of {d}"
        yield Case(label, {"P": rng.normal(0, 1.5, (B, T, 3 * h * d)), "h": h})


CUT = {
    "kqv": "queries and keys are exchanged: q, k, v come in this order.",
    "vkq": "queries and values are exchanged: q, k, v come in this order.",
    "qvk": "keys and values are exchanged: q, k, v come in this order.",
    "nested": "each head has its q, k and v side by side: all queries come first.",
    "one": "the vectors are not split: one head looks at their whole width.",
    "no_swap": "a reshape alone cuts across the positions: split the last axis.",
    "viewed": "two reshapes, there and back, mix positions and heads.",
    "width": "the scores are divided by the root of the whole width, not of d.",
    "no_root": "the root of d is missing.",
    "within": "the heads look at one another within a position: exchange two axes.",
    "join_flat": "a reshape alone mixes positions and heads: exchange axes back.",
}
heads = Step(
    "heads",
    _heads,
    _heads_cases,
    texts=CUT
    | {
        "every_third": "every third column is taken: the first third are queries.",
        "h_is_d": "h is taken for the length of a head: it is the number of heads.",
        "overlap": "the heads overlap: head r begins at column r, not at r d.",
        "spread": "a head gets every h-th column: it gets d neighbors.",
        "strided": "a head reads and fills every h-th column: it has d neighbors.",
        "by_d": "the scores are divided by d, not by its root.",
        "root_h": "the scores are divided by the root of the number of heads.",
        "all": "the scores are divided by the root of all columns of P.",
        "causal": "later keys are hidden: no mask is asked for.",
        "queries": KEYS,
        "no_softmax": "the softmax is missing.",
        "woven": "the heads are woven into one another: put them side by side.",
        "not_joined": "the heads are not joined: (B, T, width) is asked for.",
        "mean": "the mean of the heads is taken: put them side by side.",
        "summed": "the heads are added up: put them side by side.",
    },
    demands={
        "the queries, the keys and the values side by side": ["kqv", "every_third"],
        "Head number $r$ gets the columns": ["spread", "no_swap", "within", "one"],
        "with the root of *its* length": ["width", "no_root"],
        "There is no mask": ["causal"],
        "side by side again, in the order of the heads": ["join_flat", "woven", "mean"],
        "`h` heads": ["h_is_d"],
    },
    **TIGHT,
    why="A head is a small look-up on a slice of the vectors, and costs what its slice "
    "costs. So the last axis is cut into h pieces and the pieces become an axis of "
    "their own, in front of the positions. A reshape alone only counts numbers off in "
    "their order in memory: the shape is right, and the numbers are not.",
    see="Heads, and two sequences",
    goal=SPLIT,
)


# --- residual -------------------------------------------------------------------------


EPSILONS = {f"eps_{k}": 10.0**-k for k in (3, 6, 8)}  # of other libraries


def _residual(slip, X, f, gain, shift, first):
    def norm(A):
        axis = slip(-1, examples=0, everything=None, axis_1=1, positions=-2)
        A = slip(A, early=gain * A + shift)
        bare = A - slip(A.mean(axis, keepdims=True), no_mean=0)
        second = slip(A.var(axis, keepdims=True), n_1=A.var(-1, ddof=1)[..., None])
        square, total = (A**2).mean(-1, keepdims=True), A.var(-1)[..., None]
        second = slip(second, rms=square, summed=total * A.shape[-1])
        eps = slip(1e-5, no_eps=0, **EPSILONS)
        root, outside = (second + eps) ** 0.5, second**0.5 + eps
        root = slip(root, outside=outside, no_root=second + eps)
        root = slip(root, outside_6=second**0.5 + 1e-6)
        g, s = slip((gain, shift), no_gain=(1, shift), no_shift=(gain, 0))
        g, s = slip((g, s), exchanged=(shift, gain), early=(1, 0))
        shifted = g * bare / root + slip(s, minus=-s)
        return slip(shifted, shift_first=g * (bare / root + s))

    def late():
        return X + norm(f(X))

    if slip(first, turned=not first, always=True, never=False):
        a = norm(X)
        out = slip(X + f(a), from_normed=a + f(a), no_way=f(a), minus_f=X - f(a))
        out = slip(out, bare_first=lambda: X + f((a - shift) / gain))
        return slip(out, late_first=late, no_norm=X + f(X))
    out = norm(slip(X + f(X), no_way=f(X), no_way_last=f(X), minus_f=X - f(X)))
    out = slip(out, bare_last=(out - shift) / gain)
    return slip(out, late=late, of_x=norm(X) + f(X), no_norm=X + f(X))


def _layer(A):
    def f(X):
        """tanh(X A), with a matrix A."""
        return np.tanh(np.asarray(X) @ A)

    return f


def _residual_cases(rng) -> Iterator[Case]:
    for label, shape, first, size in (
        ("norm first, 4 positions", (4, 5), True, 1.0),
        ("norm last, 4 positions", (4, 5), False, 1.0),
        ("norm first, 2 sequences of 3", (2, 3, 4), True, 0.01),
        ("norm last, 2 sequences of 3", (2, 3, 4), False, 0.01),
    ):
        w = shape[-1]
        args = {"X": rng.normal(0.5, 1, shape) * size}
        args |= {"f": _layer(size * rng.normal(size=(w, w)))}
        args |= {"gain": rng.uniform(0.5, 2, w), "shift": rng.normal(size=w)}
        yield Case(label, args | {"first": first})


residual = Step(
    "residual",
    _residual,
    _residual_cases,
    texts={
        "examples": "mean and variance run over axis 0: each position has its own.",
        "positions": "mean and variance run over the positions: each has its own.",
        "axis_1": "mean and variance run over axis 1: the features are the last axis.",
        "everything": "one mean and one variance are taken for the whole array.",
        "no_mean": "the mean is not subtracted.",
        "rms": "the mean square is taken for the variance: subtract the mean first.",
        "n_1": "the variance is divided by n − 1: here it is the mean square.",
        "summed": "the squares are added up: the variance is their mean.",
        "no_eps": "ε is missing.",
        "outside": "ε is added to the root: it stands under it.",
        "outside_6": "10⁻⁶ is added to the root: 10⁻⁵ stands under it.",
        "no_root": "the root is missing: the variance itself divides.",
        "no_gain": "the gain is not used.",
        "no_shift": "the shift is not used.",
        "bare_first": "gain and shift are forgotten if `first` is true.",
        "bare_last": "gain and shift are forgotten if `first` is false.",
        "exchanged": "gain and shift are exchanged: the gain multiplies.",
        "shift_first": "the gain multiplies the shift, too: add the shift after it.",
        "early": "gain and shift come before the normalization: they follow it.",
        "minus": "the shift is subtracted: it is added.",
        "turned": "the two forms are exchanged: `first` asks for norm before f.",
        "always": "the norm always comes before f: `first` is not used.",
        "never": "the norm always comes after the sum: `first` is not used.",
        "from_normed": "the normalized input goes past f: it is the input itself.",
        "no_way": "the way past f is missing: the input is added.",
        "no_way_last": "norm last: the input is not added to what f gives.",
        "late": "norm(x + f(x)) takes the norm of f(x) alone: of the sum.",
        "of_x": "f(x) is added to norm(x): the norm is that of the sum.",
        "late_first": "the norm comes behind f: if `first` is true it comes before.",
        "no_norm": "nothing is normalized.",
        "minus_f": "what f gives is subtracted: it is added.",
    }
    | {k: f"ε is {value:.0e}: 1e-05 is asked for." for k, value in EPSILONS.items()},
    demands={
        "over its features": ["examples", "everything"],
        "\\sqrt{\\sigma^2 + \\varepsilon}": ["outside", "no_eps", "no_root"],
        "the mean of the squared deviations": ["n_1", "rms", "summed"],
        "if `first` is true": ["turned", "always", "never"],
        "$x + f(\\mathrm{norm}(x))$": ["from_normed", "no_way", "late_first"],
        "$\\mathrm{norm}(x + f(x))$": ["no_norm", "minus_f", "late"],
        "`gain` $\\gamma$ and `shift` $\\beta$": ["no_gain", "exchanged", "minus"],
        "with axes in front, however many": ["norm first, 2 sequences of 3"],
    },
    **TIGHT,
    why="Layer normalization looks at one position at a time, so it needs no batch and "
    "does the same in training and in test. Before f it leaves the way past f bare: "
    "the input goes through the whole network unchanged, and so does the gradient. "
    "Behind the sum every block rescales both, and deep stacks are hard to start.",
    see="The block",
    goal="build a transformer block with layer normalization and residual connections",
)


# --- move_code ------------------------------------------------------------------------


def _move_code(slip, P, k):
    n, d = P.shape
    i = np.arange(d // 2)
    exponent = slip(2 * i / d, no_2=i / d, double=4 * i / d, from_1=2 * (i + 1) / d)
    exponent = slip(exponent, minus_1=2 * i / max(d - 2, 1))
    omega = slip(10000.0, thousand=1000.0) ** -exponent
    omega = slip(omega, turned=1 / omega, alike=1 + 0 * omega, circle=2 * np.pi * omega)
    turn = slip(k, back=-k, degrees=np.deg2rad(k), one=1, whole=int(k), size=abs(k))
    a, s, c = turn * omega, P[:, ::2], P[:, 1::2]
    s, c = slip((s, c), halves=(P[:, : d // 2], P[:, d // 2 :]), crossed=(c, s))
    sin, cos = np.sin(a), np.cos(a)
    pair = s * cos + c * sin, c * cos - slip(s * sin, plus=-s * sin)
    pair = slip(pair, added=(s + sin, c + cos), squeezed=(s * cos, c * cos))
    pair = slip(pair, only_sine=(pair[0], c), new=(pair[0], c * cos - pair[0] * sin))
    t, half = np.arange(n)[:, None] * omega + a, np.arcsin(s.clip(-1, 1)) + a
    pair = slip(
        pair, from_0=(np.sin(t), np.cos(t)), arcsin=(np.sin(half), np.cos(half))
    )
    late = (np.arcsin(s[:, :1].clip(-1, 1)) + k) * omega
    once = (np.arctan2(s[:, :1], c[:, :1]) + k) * omega
    pair = slip(pair, first_sine=(np.sin(late), np.cos(late)))
    pair = slip(pair, first_pair=(np.sin(once), np.cos(once)))
    woven, side = np.stack(pair, -1).reshape(n, d), np.concatenate(pair, 1)
    rolled, on = np.roll(P, -int(k), 0), np.roll(P, int(k), 0)
    return slip(woven, halves=side, side=side, rolled=rolled, on=on)


def _move_cases(rng) -> Iterator[Case]:
    for n, d, k in ((4, 6, 3), (3, 8, -2.5), (5, 4, 40)):
        t = np.round(rng.uniform(0, 90, n), 1)[:, None]
        a = t / 10000 ** (np.arange(0, d, 2) / d)
        P = np.stack([np.sin(a), np.cos(a)], -1).reshape(n, d)
        yield Case(f"{n} positions, d = {d}, k = {k}", {"P": P, "k": k})


move_code = Step(
    "move_code",
    _move_code,
    _move_cases,
    texts={
        "no_2": "the exponent is i/d: pair number i has 2i/d.",
        "double": "the exponent is 4i/d: is i the number of a column? It is a pair's.",
        "from_1": "the pairs count from 1: they count from 0.",
        "minus_1": "the exponents run up to 1: they are 2i/d.",
        "thousand": "the base is 1000: it is 10,000.",
        "turned": "the frequencies grow with i: they fall.",
        "alike": "all pairs turn alike: each has its own frequency.",
        "circle": "the angle has a factor 2π that is not asked for.",
        "back": "the hands turn the other way, to the position t − k. Are a sign or "
        "sine and cosine exchanged? The sine stands first.",
        "degrees": "the angle is in degrees: it is in radians.",
        "one": "the codes are moved by 1, whatever k is.",
        "whole": "k is cut to a whole number.",
        "size": "the sign of k is lost.",
        "crossed": "sine and cosine are exchanged where they are read.",
        "halves": "the sines are taken for the first half of the columns.",
        "side": "all sines come first, then all cosines: they stand in turn, as in P.",
        "plus": "a sign in the new cosine is wrong.",
        "added": "the code of k is added: the sine of a sum is not the sum of sines.",
        "squeezed": "both are only multiplied by a cosine: both old ones enter each.",
        "only_sine": "the cosines stay as they were.",
        "new": "the new cosine is made with the new sine: it needs the old one.",
        "arcsin": "the angle is taken from the sine alone, which two angles share.",
        "first_sine": "t is taken from the first sine, which many positions share.",
        "first_pair": "t is taken from the first pair, which comes again after 2π.",
        "from_0": "these are the codes from position k on: P has other positions.",
        "rolled": "the rows are moved up: it is the codes in them that move.",
        "on": "the rows are moved down: it is the codes in them that move.",
    },
    demands={
        "in the even columns": ["halves", "side"],
        "$\\omega_i = 10000^{-2i/d}$": ["no_2", "double", "turned", "thousand"],
        "the codes of the positions $t + k$": ["back", "one", "rolled"],
        "You do not know $t$": ["from_0", "first_sine"],
        "`k`: any number, also negative": ["whole", "size"],
        "from the two old ones of its pair alone": ["squeezed", "added", "only_sine"],
    },
    **TIGHT,
    why="Each pair is a hand of a clock, and each clock has its own speed. To go k "
    "positions further is to turn each hand by a fixed angle, wherever it points: a "
    "linear map that depends on k alone. So a network can learn to look three places "
    "back once, for all places. The sine of a sum needs both old numbers.",
    see="Attention knows no order",
    goal="write a position code",
    small=lambda: Case("", {"P": np.array([[0.0, 1.0, 0.0, 1.0]]), "k": 2}),
)


# --- gradients ------------------------------------------------------------------------


def _gradients(slip, Q, K, V, D):
    d, S = slip(Q.shape[1], width=V.shape[1]), Q @ K.T
    S = slip(S / d**0.5, raw=S)
    W = slip(_soft(S), queries=_soft(S, 0))
    G = D @ V.T  # by the weights
    inner = slip((W * G).sum(1, keepdims=True), no_inner=0, mean=G.mean(1)[:, None])
    inner = slip(inner, plain=G.sum(1)[:, None])
    inner = slip(inner, axis_0=(W * G).sum(0), diagonal=W * G, all=(W * G).sum())
    dS = W * (G - inner)
    dS = slip(dS, no_softmax=G, no_W=G - inner, turned=-dS)
    root = slip(d**-0.5, no_root=1, root_twice=1 / d, times=d**0.5)
    dQ, dK = slip(dS @ K * root, no_dQ=dS @ K), slip(dS.T @ Q * root, no_dK=dS.T @ Q)
    dV = slip(W.T @ D, by_scores=S.T @ D, no_D=W.T @ np.ones_like(D))
    dV = slip(dV, root_dV=dV * root)
    return slip((dQ, dK, dV), minus=(-dQ, -dK, -dV))


def _gradient_cases(rng) -> Iterator[Case]:
    for n, T, d, c in ((3, 5, 4, 2), (2, 3, 6, 4), (4, 4, 4, 4)):
        sizes = {"Q": (n, d), "K": (T, d), "V": (T, c), "D": (n, c)}
        args = {k: rng.normal(size=s) for k, s in sizes.items()}
        yield Case(f"{n} queries, {T} keys, d = {d}, values of {c}", args)


gradients = Step(
    "gradients",
    _gradients,
    _gradient_cases,
    ("dQ", "dK", "dV"),
    texts={
        "width": "the width of V stands for d: that is the length of a query.",
        "raw": "the weights are computed without the root of d.",
        "queries": KEYS,
        "no_inner": "the weighted mean of the row is not subtracted.",
        "mean": "the plain mean of the row is subtracted: the weights belong in it.",
        "plain": "the plain sum of the row is subtracted: the weights belong in it.",
        "axis_0": "the weighted mean runs over the queries, not over the keys.",
        "all": "the weighted mean runs over all scores: it runs over those of a query.",
        "turned": "dQ and dK have the wrong sign: is a difference turned around?",
        "times": "the root of d multiplies on the way back: it divides there, too.",
        "diagonal": "this is w(1 − w): each score changes all weights of its query.",
        "no_softmax": "the softmax is left out on the way back.",
        "no_W": "the factor w of the softmax's derivative is missing.",
        "no_root": "the root of d is missing on the way back.",
        "root_twice": "d divides, not its root: the root comes once on the way back.",
        "no_dQ": "the root of d is missing in dQ.",
        "no_dK": "the root of d is missing in dK.",
        "by_scores": "dV is made with the scores: the weights belong there.",
        "minus": "all signs are wrong.",
        "no_D": "D is not used in dV.",
        "root_dV": "dV is divided by the root of d, too: it belongs to the scores.",
    },
    demands={
        "$Z = \\mathrm{softmax}(Q K^\\top / \\sqrt d)\\, V$": ["raw", "queries"],
        "`D` is $\\partial C / \\partial Z$": ["no_D", "minus"],
        "each score changes all weights of its query": ["diagonal", "no_inner"],
        "Returns `(dQ, dK, dV)`": ["no_root", "no_dK", "by_scores"],
    },
    **TIGHT,
    why="The values get the gradient that their weights let through. To the scores it "
    "goes through the softmax: a score that rises takes weight from all others, so "
    "what counts is how much better its value is than the mean of what the query gets. "
    "Queries and keys then share each score, with the same root as on the way there.",
    see="A look-up in place of a memory",
    goal="follow the gradient through a soft look-up",
)
