"""Checks of the sheet `regularization/dropout_and_penalties`: masks, penalties, Adam.

Rows are examples. Each step is a reference that carries its slips.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ..classification import softmax
from ..engine import Case, CheckFailed, Step
from ..engine.message import tuple_fault
from ..engine.slips import split
from ..gradient_descent import optimizers

TIGHT = {"rtol": 1e-6, "atol": 1e-9}


# --- dropout_forward ------------------------------------------------------------------


def _forward(slip, a, p, _draw, training):
    rng, (m, c) = np.random.default_rng(_draw), a.shape[:2]
    ones = np.ones((m, c, 1, 1))
    if not slip(training, exchanged=not training, always=True):
        less = (1 - p) * a, (1 - p) * ones
        out, mask = slip((a, ones), old=less)
        out = slip(out, shrunk=less[0])
        mask = slip(mask, mask_shrunk=less[1], zeros=0 * ones)
        mask = slip(mask, spread=mask + 0 * a, all_pixels=mask + 0 * a)
        return out, mask, slip(0, drawn=m * c)
    u, again = rng.random(ones.shape), rng.random(ones.shape)
    fresh = np.random.default_rng(_draw)
    first = u.ravel()[:m].reshape(m, 1, 1, 1) + 0 * u
    each = fresh.random(a.shape)
    u = slip(u, batch=u[:1] + 0 * u, maps=first, pixels=each, all_pixels=each)
    other = np.random.default_rng(_draw).binomial(1, 1 - p, ones.shape) == 0
    dropped = slip(u < p, others=u >= p, high=u >= 1 - p, binomial=other)
    factor = slip(1 / (1 - p), no_factor=1, by_p=1 / p, times=1 - p, old=1)
    shares = (~dropped).mean(1, keepdims=True).clip(1e-9)
    measured = {
        "measured": 1 / max(np.mean(~dropped), 1e-9),
        "measured_each": 1 / shares,
    }
    factor = slip(factor, **measured)
    dropped, factor = slip((dropped, factor), keeps_p=(u >= p, 1 / p))
    mask = np.where(dropped, 0, factor)
    kept = slip(mask, plain=1.0 * ~dropped, second=np.where(again < p, 0, factor))
    kept = slip(kept, spread=kept + 0 * a)
    out, kept = slip((a * mask, kept), swapped=(kept, a * mask))
    many = slip(m * c, pixels=a.size, all_pixels=a.size)
    return out, kept, slip(many, batch=c, maps=m, second=2 * m * c)


def _forward_cases(rng) -> Iterator[Case]:
    for label, shape, p, training in (
        ("training, 6 examples, 5 maps, p = 0.3", (6, 5, 2, 3), 0.3, True),
        ("training, 4 examples, 7 maps, p = 0.8", (4, 7, 3, 2), 0.8, True),
        ("test mode, p = 0.3", (3, 4, 2, 2), 0.3, False),
    ):
        args = {"a": rng.normal(1, 1, shape), "p": p}
        args |= {"_draw": int(rng.integers(10**6)), "training": training}
        yield Case(label, args)


_dropped = Step(
    "dropout_forward",
    _forward,
    _forward_cases,
    ("out", "mask", "numbers drawn"),
    texts={
        "exchanged": "training and test mode are exchanged.",
        "always": "test mode drops, too: in test mode nothing happens.",
        "old": "this is dropout of the old kind, which scales in test mode: divide by "
        "1 − p in training.",
        "shrunk": "test mode multiplies by 1 − p: training has scaled already.",
        "mask_shrunk": "in test mode the mask holds 1 − p: it is made of ones.",
        "zeros": "in test mode the mask is 0: it is made of ones.",
        "drawn": "test mode draws numbers: nothing is drawn there.",
        "pixels": "every pixel draws on its own: those of a map share one draw.",
        "all_pixels": "this is the notebook's dropout, where every number draws on its "
        "own: here all pixels of a map share one draw.",
        "spread": "the mask is written out for every pixel: with two axes of length 1 "
        "it spreads by itself.",
        "batch": "one mask for the whole batch: every example draws its own.",
        "maps": "all maps of an example share one draw: each map has its own.",
        "others": "those with u < p stay: they are the ones that are dropped.",
        "high": "those with u ≥ 1 − p are dropped: it is those with u < p.",
        "binomial": "the numbers are drawn otherwise (rng.binomial?): u is asked for.",
        "no_factor": "what stays is not divided by 1 − p.",
        "measured_each": "what stays of an example is divided by its share that was "
        "kept, not by 1 − p.",
        "measured": "what stays is divided by the share that was kept, not by 1 − p.",
        "by_p": "what stays is divided by p: it is kept with probability 1 − p.",
        "times": "what stays is multiplied by 1 − p: it is divided.",
        "keeps_p": "p is taken for the probability to stay: p is the drop rate.",
        "plain": "the mask holds 0 and 1, without the factor 1/(1 − p) that the output "
        "has: the backward pass needs it.",
        "swapped": "the pair is exchanged: (out, mask) is asked for.",
        "second": "the mask that is returned is drawn anew: it is not that of `out`.",
    },
    demands={
        "each on its own": ["batch", "maps"],
        "all its pixels together": ["pixels"],
        "the others are divided by $1 - p$": ["no_factor", "by_p", "measured"],
        "Draw `u = rng.random((m, c))` **once**": ["second", "binomial"],
        "A map is dropped where `u < p`": ["others", "high", "keeps_p"],
        "holds 0 or $1/(1 - p)$": ["plain"],
        "nothing is drawn and nothing is changed": ["drawn", "shrunk", "always"],
        "the mask is made of ones": ["mask_shrunk", "zeros"],
    },
    why="What stays is divided by the share that stays, so that a layer above gets, on "
    "average, what it gets without dropout: test mode then has nothing to do. What is "
    "drawn is what is dropped: one number for each map of each example. A mask with "
    "two axes of length 1 spreads it over the map, and draws nothing more.",
    see="Dropout",
    goal="write ℓ1 and ℓ2 penalties, weight decay and inverted dropout, with "
    "their gradients",
    **TIGHT,
)


def _counted(function: Callable, a, p, _draw, training) -> tuple:
    """Return what a forward pass gives, and how many numbers it has drawn."""
    rng, fresh = np.random.default_rng(_draw), np.random.default_rng(_draw)
    result, parts = function(a, p, rng, training), ("out", "mask")
    if split(result, parts).keys() != set(parts):
        fault = tuple_fault(result, parts)
        raise CheckFailed(f"✗ dropout_forward: wrong kind\nLikely mistake: {fault}")
    for count in range(3 * a.size):
        if fresh.bit_generator.state == rng.bit_generator.state:
            return *result, count
        fresh.random()
    return *result, -1


def dropout_forward(function: Callable, seed: int = 0) -> None:
    """Check `dropout_forward(a, p, rng, training)`: whole maps, and their mask."""
    _dropped(partial(_counted, function), seed)


# --- dropout_backward -----------------------------------------------------------------


def _backward(slip, delta, out, p):
    passes = slip(out > 0, unused=1.0, others=out == 0, by_delta=delta > 0)
    passes = slip(passes, ratio=lambda: out / out)
    factor = slip(1 / (1 - p), no_factor=1.0, by_p=1 / p, times=1 - p)
    factor = slip(factor, squared=factor**2, measured=1 / np.mean(out > 0))
    back = slip(passes * factor, as_mask=out, as_relu=out * factor)
    return slip(delta * back, added=delta + out, no_delta=back)


def _mask(rng, shape, p):
    mask = (rng.random(shape) >= p) / (1 - p)
    mask[0, 0], mask[1, 0] = 0.0, 1 / (1 - p)
    return mask


def _backward_cases(rng) -> Iterator[Case]:
    for shape, p in (((5, 7), 0.4), ((3, 4), 0.75)):
        out = np.maximum(rng.normal(0.5, 1, size=shape), 0) * _mask(rng, shape, p)
        out[1, 0] = 0.8 / (1 - p)
        args = {"delta": rng.normal(size=shape), "out": out, "p": p}
        yield Case(f"{shape[0]} examples, p = {p}", args)


dropout_backward = Step(
    "dropout_backward",
    _backward,
    _backward_cases,
    texts={
        "unused": "what was dropped, or below 0 before the ReLU, gets a gradient, too.",
        "others": "those that came out as 0 get the gradient, the others none.",
        "by_delta": "the sign of delta decides who gets a gradient: `out` must.",
        "ratio": "0/0 where `out` is 0: ask whether it is positive.",
        "no_factor": "the factor 1/(1 − p) of what stayed is missing on the way back.",
        "by_p": "divided by p: what stayed was divided by 1 − p.",
        "times": "multiplied by 1 − p: what stayed was divided by it, there and back.",
        "squared": "the factor 1/(1 − p) is applied twice.",
        "measured": "divided by the share that is not 0: it was divided by 1 − p.",
        "as_mask": "delta is multiplied by `out` itself, as if it were the mask: the "
        "slope is 0 or 1/(1 − p), however large the activation is.",
        "as_relu": "delta is multiplied by `out`: of it only matters whether it is 0.",
        "added": "delta and `out` are added: a slope multiplies.",
        "no_delta": "this is the slope alone: delta multiplies it.",
    },
    demands={
        "the way back through both": ["unused", "no_factor", "others"],
        "Returns $\\partial C / \\partial z$": ["measured", "as_mask", "no_delta"],
    },
    why="Where `out` is positive, the ReLU passed z on and dropout divided it by 1 − "
    "p: that is the slope. Where it is 0, one of the two has shut the way, and it does "
    "not matter which: no gradient passes. So the output tells all that the way back "
    "needs, and the mask need not be kept. A new draw would belong to another network.",
    see="Dropout",
    goal="write ℓ1 and ℓ2 penalties, weight decay and inverted dropout, with "
    "their gradients",
    small=lambda: Case(
        "",
        {"delta": np.array([[3.0, 5.0]]), "out": np.array([[4.0, 0.0]]), "p": 0.5},
    ),
    **TIGHT,
)


# --- penalties ------------------------------------------------------------------------


def _penalty(slip, weights, lam, each, slope):
    """Return λ times the sum of `each`, and its gradients, with slips of both."""
    sizes = [np.sum(each(W)) for W in weights]
    means = [np.mean(each(W)) for W in weights]
    value = slip(sum(sizes), means=sum(means), last=sizes[-1], first=sizes[0])
    value = slip(value, by_layer=sum(sizes) / len(sizes), no_lam_value=sum(sizes) / lam)
    slopes = [slope(W) for W in weights]
    minus = [-G for G in slopes]
    slopes = slip(slopes, minus=minus, no_lam=[G / lam for G in slopes])
    return lam * value, [lam * G for G in slopes]


def _l2(slip, weights, lam):
    lam = slip(lam, no_half=2 * lam)
    square = slip(lambda W: W**2 / 2, no_half_value=np.square, absolute=np.abs)
    root = lambda W: np.linalg.norm(W) / 2  # noqa: E731
    square = slip(square, root=root, norm_2=lambda W: np.linalg.norm(W, 2) ** 2 / 2)
    pairs = {"W_T": lambda W: W.T @ W / 2, "W_W": lambda W: W @ W.T / 2}
    square = slip(square, **pairs)
    slope = slip(lambda W: W, twice=lambda W: 2 * W, half=lambda W: W / 2)
    value, slopes = _penalty(slip, weights, lam, square, slope)
    return slip(value, root_all=lam * np.sqrt(value / lam / 2)), slopes


def _l1(slip, weights, lam):
    size = slip(np.abs, signed=lambda W: W, of_sum=lambda W: abs(W.sum()))
    size = slip(size, squares=np.square, norm_1=lambda W: np.linalg.norm(W, 1))
    lam = slip(lam, halved=lam / 2)
    slope = slip(np.sign, of_l2=lambda W: W, size=np.abs, ones=np.ones_like)
    slope = slip(slope, minus_0=lambda W: np.where(W > 0, 1.0, -1.0))
    slope = slip(slope, plus_0=lambda W: np.where(W >= 0, 1.0, -1.0))
    slope = slip(slope, quotient=lambda W: W / np.abs(W))
    return _penalty(slip, weights, lam, size, slope)


def _weights(rng) -> Iterator[Case]:
    for label, shapes, lam in (
        ("three layers", ((4, 3), (5, 4), (2, 5)), 0.3),
        ("two layers, square", ((3, 3), (3, 3)), 0.02),
    ):
        weights = [rng.normal(size=shape) for shape in shapes]
        weights[0][0, 1] = weights[-1][1, 0] = 0.0
        yield Case(label, {"weights": weights, "lam": lam})


def _two_layers() -> Case:
    return Case(
        "", {"weights": [np.array([[1.0, -3.0]]), np.array([[2.0]])], "lam": 0.5}
    )


BOTH = {
    "means": "the mean over each layer is taken: the sum is asked for.",
    "last": "only the last layer is in the value.",
    "first": "only the first layer is in the value.",
    "by_layer": "the value is the mean over the layers: their sum is asked for.",
    "no_lam_value": "λ is missing in the value.",
    "no_lam": "λ is missing in the gradient.",
    "minus": "the sign of the gradients is wrong.",
}
l2_penalty = Step(
    "l2_penalty",
    _l2,
    _weights,
    ("value", "gradients"),
    texts=BOTH
    | {
        "no_half": "value and gradient are those of λ Σ w², without the ½.",
        "no_half_value": "the ½ is missing in the value.",
        "absolute": "absolute values are added up: that is ℓ1.",
        "root": "the root is taken: the penalty has the squared norm, not the norm.",
        "root_all": "the root of the sum is taken at the end: the square stays.",
        "W_T": "the entries of WᵀW off the diagonal are in the sum: no squares.",
        "W_W": "the entries of WWᵀ off the diagonal are in the sum: no squares.",
        "norm_2": "norm(W, 2) of a matrix is its largest stretch: add up all squares.",
        "twice": "the gradient is 2 λ w: the ½ of the value takes the 2 away.",
        "half": "the gradient still has the ½.",
    },
    demands={
        "$\\frac{\\lambda}{2}$ times": ["no_half", "no_half_value", "no_lam_value"],
        "the sum of the squares": ["means", "absolute", "root", "W_T"],
        "of **all** weights": ["last", "first", "by_layer"],
        "and its gradient": ["twice", "half", "no_lam", "minus"],
    },
    why="A weight of 2 costs four times what a weight of 1 costs, and is pulled twice "
    "as hard: the derivative of ½λw² is λw. The ½ takes the 2 of the square away, so "
    "it stands in the value and not in the gradient. Every layer is pulled alike.",
    see="Penalties",
    goal="write ℓ1 and ℓ2 penalties, weight decay and inverted dropout, with "
    "their gradients",
    small=_two_layers,
    **TIGHT,
)
l1_penalty = Step(
    "l1_penalty",
    _l1,
    _weights,
    ("value", "gradients"),
    texts=BOTH
    | {
        "signed": "without absolute values positive and negative weights cancel.",
        "squares": "squares are added up: that is ℓ2.",
        "of_sum": "this is the size of a sum: first the absolute values, then the sum.",
        "norm_1": "this is a norm of matrices, the largest column: all entries count.",
        "halved": "there is no ½ in the ℓ1 penalty.",
        "of_l2": "the gradient is that of ℓ2: that of |w| is its sign.",
        "size": "the gradient is |w|: it is the sign of w.",
        "ones": "the gradient is λ everywhere: for negative weights it is −λ.",
        "minus_0": "at w = 0 the gradient is −λ: take 0 there.",
        "plus_0": "at w = 0 the gradient is λ: take 0 there.",
        "quotient": "the gradient is w/|w| computed as a quotient: 0/0 at w = 0.",
    },
    demands={
        "$\\lambda$ times the sum": ["halved", "means", "last", "no_lam_value"],
        "of the absolute values of all weights": ["signed", "of_sum", "norm_1"],
        "and its gradient. At": ["of_l2", "size", "ones", "no_lam"],
        "take 0": ["minus_0", "plus_0", "quotient"],
    },
    why="The slope of |w| is 1 on the right of 0 and −1 on the left, however small the "
    "weight is: ℓ1 pulls with the same force until the weight is 0. There the slope "
    "jumps, and any number between −1 and 1 would do; 0 leaves the weight where it is.",
    see="Penalties",
    goal="write ℓ1 and ℓ2 penalties, weight decay and inverted dropout, with "
    "their gradients",
    small=_two_layers,
    **TIGHT,
)


# --- soft_threshold -------------------------------------------------------------------


def _soft(slip, W, t):
    of_columns, whole = np.linalg.norm(W, axis=0), np.linalg.norm(W)
    length = np.linalg.norm(W, axis=1, keepdims=True)
    length = slip(length, columns=of_columns + 0 * W, whole=whole + 0 * length)
    size = np.abs(W)
    length = slip(length, no_root=length**2, sums=size.sum(1, keepdims=True))
    length = slip(length, largest=size.max(1, keepdims=True))
    toward = W / slip(np.where(length > 0, length, 1), none_left=length)
    left = slip(np.maximum(length - t, 0), passes=length - t)
    left = slip(left, group=np.maximum(length - t * np.sqrt(W.shape[1]), 0))
    V = slip(toward * left, hard=W * (length > t), away=toward * (length + t))
    V = slip(
        V,
        entries=np.sign(W) * np.maximum(size - t, 0),
        quotient=lambda: W * (1 - t / length).clip(0),
    )
    V = slip(V, shared=(W - t * np.sign(W)) * (length > t), moves=V - W)
    V = slip(V, scaled=(1 - t) * W, of_l2=W / (1 + t))
    in_place = lambda: np.multiply(W, left / np.maximum(length, 1e-300), out=W)  # noqa: E731
    return slip(V, in_place=in_place)


def _soft_cases(rng) -> Iterator[Case]:
    for label, shape, t in (
        ("5 rows of 3", (5, 3), 0.9),
        ("6 rows of 2", (6, 2), 0.4),
        ("rows of one entry", (5, 1), 0.5),
        ("t = 0", (6, 3), 0.0),
    ):
        W = rng.normal(size=shape)
        W[0], W[1] = 0.0, 0.3 * t / shape[1]  # no length at all, and too short
        W[2] = 0.8 * t * rng.choice([-1, 1], size=shape[1])  # of small entries
        yield Case(label, {"W": W, "t": t})


soft_threshold = Step(
    "soft_threshold",
    _soft,
    _soft_cases,
    texts={
        "entries": "this is the notebook's soft threshold, entry by entry: here a row "
        "moves as a whole, and its length becomes shorter by t.",
        "shared": "each entry of a long row moves by t: the row's length moves by t, "
        "and its direction stays.",
        "columns": "the lengths are those of the columns: of each row is asked.",
        "whole": "one length for the whole matrix: each row has its own.",
        "no_root": "the squared length stands where the length belongs.",
        "sums": "absolute values are added: a length is the root of a sum of squares.",
        "largest": "the largest entry stands where the length of a row belongs.",
        "none_left": "0/0: a row of zeros has no direction. It stays as it is.",
        "quotient": "0/0 at t = 0: a row of zeros has no direction. It stays as it is.",
        "passes": "rows shorter than t pass 0 and come out on the other side: they "
        "stop at 0.",
        "hard": "long rows are not moved: that is a hard threshold.",
        "away": "the rows become longer by t.",
        "group": "a row moves by t times the root of its size: t alone is asked for.",
        "moves": "these are the moves, not the rows after them.",
        "in_place": "W itself is changed: work on a copy.",
        "scaled": "everything is scaled by 1 − t: each row loses the same length.",
        "of_l2": "all is divided by 1 + t, as with squares: a row loses the length t.",
    },
    demands={
        "every **row** moves by $t$ toward 0": ["entries", "columns", "whole"],
        "in its own direction": ["hard", "away", "scaled", "group"],
        "and stops there": ["passes"],
        "A row of zeros stays": ["none_left", "quotient"],
        "Returns a new matrix": ["in_place"],
        "\\lVert v_i \\rVert": ["no_root", "sums", "largest", "of_l2"],
    },
    why="Every row loses the same length t, long or short, and keeps its direction. "
    "What is shorter than t would pass 0, where the pull turns around: it stays there, "
    "all its entries at once. So the penalty chooses units, as ℓ1 chooses weights; "
    "with one entry a row, the two are the same.",
    see="Penalties",
    goal="write ℓ1 and ℓ2 penalties, weight decay and inverted dropout, with "
    "their gradients",
    small=lambda: Case("", {"W": np.array([[3.0, 4.0], [0.3, -0.4]]), "t": 2.0}),
    **TIGHT,
)


# --- adam_step ------------------------------------------------------------------------


def _adam(slip, w, g, m, s, t, eta, lam, decoupled):
    ways = {"exchanged": not decoupled, "never": False, "always": True}
    decays, lam = slip(decoupled, **ways), slip(lam, lam_2=2 * lam)
    rate = slip(eta * lam, no_eta_decay=lam, grows=-eta * lam, undecayed=0.0)
    pull = slip(lam * w, minus_pull=-lam * w, pull_2=2 * lam * w)
    start = (1 - rate) * w if decays else w
    g_pulled = slip(g, both=g + pull) if decays else g + pull
    given = m, s, t, eta, 0.9, 0.999, 1e-8
    new, first, second = optimizers.adam_step.reference(slip, start, g_pulled, *given)
    if decays:
        return slip(new, after=(1 - rate) * (w + new - start)), first, second
    plain = 0.999 * s + 0.001 * g**2
    step = eta * first / (1 - 0.9**t) / (np.sqrt(plain / (1 - 0.999**t)) + 1e-8)
    new, second = slip((new, second), s_plain=(w - step, plain))
    return new, first, second


def _adam_cases(rng) -> Iterator[Case]:
    for t, shape, decoupled, size in (
        (3, (5,), False, 1),
        (3, (2, 3), True, 1),
        (1, (5,), False, 1),
        (1, (5,), True, 1),
        (2, (5,), True, 1e-8),  # where ε counts
    ):
        w, g, m = size * rng.normal(0, 2, size=(3, *shape))
        s = size**2 * rng.uniform(0.5, 2, size=shape)
        m, s = (0 * m, 0 * s) if t == 1 else (m, s)
        args = {"w": w, "g": g, "m": m, "s": s, "t": t, "eta": min(0.1, size)}
        label = f"step {t}, {'weight decay' if decoupled else 'ℓ2'}"
        label += ", tiny numbers" * (size < 1)
        yield Case(label, args | {"lam": 0.4, "decoupled": decoupled})


adam_step = Step(
    "adam_step",
    _adam,
    _adam_cases,
    ("w", "m", "s"),
    texts=optimizers.adam_step.texts
    | {
        "exchanged": "ℓ2 and weight decay are exchanged.",
        "never": "`decoupled` is not looked at: ℓ2 both times.",
        "always": "`decoupled` is not looked at: weight decay both times.",
        "lam_2": "λ counts twice, with ℓ2 and with weight decay.",
        "minus_pull": "λ w is subtracted from the gradient: the penalty is added.",
        "pull_2": "without `decoupled` the gradient is g + λ w; yours has 2 λ w.",
        "no_eta_decay": "weight decay multiplies by 1 − λ: here it is 1 − ηλ.",
        "grows": "weight decay multiplies by 1 + ηλ: the weights grow.",
        "undecayed": "`decoupled` decays nothing: the weight is multiplied by 1 − ηλ.",
        "both": "with `decoupled` the gradient has λ w, too: the penalty counts twice.",
        "after": "the shrinking comes after the step: then the step shrinks, too.",
        "s_plain": "without `decoupled` s sees g alone: g + λ w goes in there, too.",
    },
    demands={
        "$\\lambda w$ is added to the gradient": ["minus_pull", "pull_2", "always"],
        "and then everything is Adam": ["s_plain", "none", "no_m_hat"],
        "The running means see `g` alone": ["both", "never"],
        "the weight is multiplied by $1 - \\eta\\lambda$": ["no_eta_decay", "grows"],
        "and then Adam's step is subtracted": ["after", "climbs"],
        "Returns `(w, m, s)`": ["old_kept", "hats"],
        "$\\eta\\, \\hat m / (\\sqrt{\\hat s} + \\varepsilon)$": ["inside", "no_eps"],
    },
    why="ℓ2 adds its pull to the gradient, and Adam divides it by the size of the "
    "gradients: a weight with large gradients is hardly pulled. Weight decay shrinks "
    "every weight by the same factor beside the step. For plain gradient descent the "
    "two are the same, for Adam they are not.",
    see="ℓ2 is not weight decay",
    goal="say when ℓ2 and weight decay are the same, and when they are not",
    atol=1e-12,
)


# --- cost_and_gradients ---------------------------------------------------------------


def _network(slip, x, y, W1, W2, mask, lam):
    m, rows = len(x), np.arange(len(x))
    lam = slip(lam, no_lam=0.0, doubled=2 * lam, lam_m=lam / m)
    z1 = x @ W1.T
    relu = slip(np.maximum(z1, 0), linear=z1)
    mask = slip(mask, zeros=1.0 * (mask > 0))
    a1 = relu * slip(mask, not_front=1.0, front_zeros=1.0 * (mask > 0))
    z2 = a1 @ W2.T
    p = slip(softmax(z2), over_batch=softmax(z2, 0))
    each = slip(-np.log(p[rows, y]), late=np.nan * rows)
    squares = slip(np.sum(W1**2) + np.sum(W2**2), only_W1=np.sum(W1**2))
    squares = slip(squares, lengths=np.linalg.norm(W1) + np.linalg.norm(W2))
    squares = slip(squares, norm_2=sum(np.linalg.norm(W, 2) ** 2 for W in (W1, W2)))
    penalty = lam / 2 * squares
    penalty = slip(penalty, no_half=2 * penalty, no_cost=0.0, penalty_m=penalty / m)
    C = slip(each.mean(), summed_C=each.sum()) + penalty
    d2 = (p - np.eye(len(W2))[y]) / slip(m, summed=1)
    d2 = slip(d2, sign=-d2, no_target=p / m)
    d2 = slip(d2, all_labels=(p - np.isin(np.arange(len(W2)), y)) / m)
    back = slip(mask, not_back=1.0, back_zeros=1.0 * (mask > 0), twice=mask**2)
    d1 = d2 @ W2 * back * slip(z1 > 0, no_slope=1)
    pull = slip(lam, no_pull=0.0, pull_2=2 * lam, pull_m=lam / m)
    dW1 = d1.T @ x + slip(pull, only_dW2=0.0) * W1
    return C, dW1, d2.T @ slip(a1, no_mask_W2=relu) + pull * W2


def _network_cases(rng) -> Iterator[Case]:
    for m, n_0, n_1, k, lam in ((4, 3, 5, 3, 0.2), (3, 2, 3, 4, 0.05)):
        x, W1 = rng.normal(size=(m, n_0)), rng.normal(size=(n_1, n_0))
        W2, y = rng.normal(size=(k, n_1)), rng.permutation(np.arange(m) % k)
        args = {"x": x, "y": y, "W1": W1, "W2": W2, "mask": _mask(rng, (m, n_1), 0.4)}
        yield Case(f"{m} examples, {n_1} hidden units", args | {"lam": lam})


cost_and_gradients = Step(
    "cost_and_gradients",
    _network,
    _network_cases,
    ("C", "dW1", "dW2"),
    texts={
        "no_lam": "the penalty is missing, in cost and gradients.",
        "doubled": "the penalty has no ½, in cost and gradients.",
        "linear": "ReLU is missing on the way forward.",
        "not_front": "the mask is used on the way back, not on the way forward.",
        "over_batch": "the softmax runs over the batch: it runs over the classes.",
        "zeros": "only the zeros of the mask are used: its factor 1/(1 − p) is lost.",
        "front_zeros": "on the way forward only the zeros of the mask are used.",
        "only_W1": "the squares of W2 are missing in the cost.",
        "no_half": "the ½ of the penalty is missing in the cost.",
        "no_cost": "the cost lacks the penalty.",
        "lengths": "the lengths of W1 and W2 are in the cost, not their squares.",
        "norm_2": "norm(W, 2) of a matrix is its largest stretch: add up all squares.",
        "late": "C is no number: has δ changed p before its logarithm is taken?",
        "penalty_m": "the cost's penalty is divided by m: only the cross-entropy is.",
        "lam_m": "the penalty is divided by m, in cost and gradients: it is no mean.",
        "summed_C": "the cross-entropy is summed over the batch: take its mean.",
        "summed": "the gradients are sums over the batch: divide by m.",
        "sign": "the sign of the error is wrong: it is p − y.",
        "no_target": "the labels are missing in the gradients.",
        "all_labels": "1 is subtracted at the labels of the whole batch: each row has "
        "one label.",
        "not_back": "the mask is missing on the way back: what was dropped gets 0.",
        "back_zeros": "on the way back the mask's factor 1/(1 − p) is missing.",
        "twice": "the mask is applied twice on the way back.",
        "no_slope": "the derivative of ReLU is missing on the way back.",
        "no_pull": "the gradients lack the penalty's part λ W.",
        "pull_2": "the gradient of the penalty is 2 λ W: the ½ takes the 2 away.",
        "pull_m": "λ W is divided by m: only the cross-entropy is a mean.",
        "only_dW2": "dW1 lacks the penalty's part λ W1.",
        "no_mask_W2": "dW2 uses the activations before the mask.",
    },
    demands={
        "\\operatorname{ReLU}(z^1) \\odot \\text{mask}": ["not_front", "linear"],
        "(mean over the batch)": ["summed_C", "summed"],
        "\\frac{\\lambda}{2} (\\lVert W^1 \\rVert^2 + \\lVert W^2 \\rVert^2)": [
            *("no_half", "only_W1", "lengths")
        ],
        "the cost with its penalty": ["no_cost", "no_lam"],
        "and its gradients": ["no_pull", "only_dW2", "pull_2"],
        "with the mask held fixed": ["not_back", "no_mask_W2"],
    },
    why="Each line of the forward pass has its line on the way back. What multiplies "
    "there multiplies here: the mask, factor and zeros alike. What is added there, the "
    "penalty, adds its own derivative here, and the mean over the batch does not touch "
    "it. A mistake in either shows in finite differences.",
    see="Dropout",
    goal="write ℓ1 and ℓ2 penalties, weight decay and inverted dropout, with "
    "their gradients",
    rtol=1e-5,
    atol=1e-7,
)
