"""Checks of the sheet `gradient_descent/optimizers`: from minibatches to training."""

import contextlib
import dataclasses
import functools
import io
import itertools
from collections.abc import Callable, Iterator

import numpy as np

from ..backpropagation import train_digits
from ..engine import Case, Step
from ..engine.values import same

# --- minibatches ----------------------------------------------------------------------


def _minibatches(slip, n, m, rng):
    rng = slip(rng, fixed=np.random.default_rng(0), free=np.random.default_rng())
    order = slip(rng.permutation(n), in_order=np.arange(n))
    again = rng.integers(0, n, n)
    again[0] = again[-1]
    order = slip(order, replaced=again, from_1=order + 1)
    order = slip(order, no_last_one=order[order < n - 1])
    count = slip(-(-n // m), down=max(1, n // m), one_more=n // m + 1, m_parts=m)
    count = slip(count, single=n, whole=1)
    cut = np.array_split(order, count)
    blocks = np.array_split(np.arange(n), count)
    rest = [order[i : i + m] for i in range(0, len(order), m)]
    cut = slip(cut, rest=rest, drops_last=rest[: len(order) // m])
    cut = slip(cut, blocks=[blocks[i] for i in rng.permutation(len(blocks))])
    cut = slip(cut, shuffled_inside=[rng.permutation(b) for b in blocks])
    cut = slip(cut, first_only=cut[:1], filled=[order[: len(cut[0])], *cut[1:], cut[0]])
    last = np.append(cut[-1], cut[0][len(cut[-1]) :])
    cut = slip(cut, buffer=[last[: len(b)] for b in cut])
    cut = slip(cut, drawn=lambda: [rng.choice(n, len(b), replace=False) for b in cut])
    return slip(cut, flat=order, sizes=[np.array([len(b) for b in cut])])


def _epoch(free: Callable, replay: Callable, case: Case) -> dict:
    """Observe an epoch; in which order the sizes come is free."""
    seen = train_digits._epoch(free, replay, case)
    seen |= {"sizes": sorted(seen.get("sizes", ()), reverse=True)}
    if "kind" in seen or len(seen["sizes"]) < 2:
        return seen
    first, *others = seen["_made"]
    again = all(np.isin(each, first).all() for each in others)
    return seen | {"always the first": again}


def _settings(rng) -> Iterator[Case]:
    for n, m in ((103, 10), (41, 20), (64, 16), (7, 20), (50, 1)):
        args = {"n": n, "m": m, "_seed": int(rng.integers(99))}
        yield Case(f"n = {n} examples, at most m = {m} in a minibatch", args)


minibatches = dataclasses.replace(
    train_digits.minibatches,
    reference=_minibatches,
    cases=_settings,
    observe=_epoch,
    tell=functools.partial(
        train_digits._epoch_fact,
        rule="as few minibatches as possible, whose sizes differ by at most 1",
    ),
    texts={
        name: text
        for name, text in train_digits.minibatches.texts.items()
        if name not in ("count", "even", "empty", "sliding", "starts")
    }
    | {
        "rest": "the last minibatch holds what is left over, as in the notebook: here "
        "the sizes differ by at most 1.",
        "drops_last": "what is left over after the full minibatches is missing.",
        "down": "there is a minibatch too few, and some hold more than m: round up.",
        "one_more": "there is a minibatch too many where m divides n.",
        "filled": "a minibatch comes twice.",
        "drawn": "each minibatch is drawn anew: some examples come twice in the epoch, "
        "others never.",
        "buffer": "one array is filled again and again: make a new one each time.",
        "sizes": "the sizes of the minibatches came, not their indices.",
    },
    demands={
        "Yields new arrays of indices": ["flat", "sizes", "buffer"],
        "each of 0 … n − 1 exactly once": ["replaced", "drawn", "no_last_one"],
        "in random order": ["in_order", "blocks", "shuffled_inside"],
        "as few minibatches as possible": ["one_more", "single", "first_only"],
        "None has more than m entries": ["down", "whole", "m_parts"],
        "their sizes differ by at most 1": ["rest", "drops_last"],
        "`rng`: a NumPy generator": ["fixed", "free"],
    },
    why="An epoch shows each example once, in an order that is new each time. Cut into "
    "pieces of m, the list ends with what is left over, and that may be a single "
    "example: its gradient is very noisy, and the step that it causes is as long as "
    "any other. Pieces of nearly equal size weigh all examples nearly alike. Shuffle "
    "first and cut then, so that every example may meet every other.",
    see="Minibatches",
    goal="train with minibatches, momentum and Adam",
)


def _small(**args) -> Callable:
    arrays = {k: np.array(v) if isinstance(v, list) else v for k, v in args.items()}
    return lambda: Case("", arrays)


# --- the gradient of a minibatch ------------------------------------------------------


def _gradient(slip, w, X, y, batch):
    rows = slip(batch, ignored=np.arange(len(y)), first_rows=np.arange(len(batch)))
    rows = slip(rows, one=batch[:1], no_last=batch[:-1] if len(batch) > 1 else batch)
    A = slip(X[rows], X_first=X[: len(rows)])
    t = slip(y[rows], y_first=y[: len(rows)], no_target=0)
    e = A @ w - t
    e = slip(e, sign=-e, squared=e**2)
    e = slip(e, column=A @ w - np.mean(t), column_y=np.mean(A @ w) - t)
    g = A.T @ e / slip(len(rows), over_N=len(y), over_n=len(w), summed=1)
    g = slip(g, all_over_m=X.T @ (X @ w - y) / len(batch))
    g = slip(g, means=e.mean() * A.mean(0))
    g = slip(g, no_input=0 * w + e.mean(), each=A * e[:, None], cost=np.mean(e**2) / 2)
    return slip(g, updated=w - g, by_row=(A * e[:, None]).mean(1))


def _minibatch_cases(rng) -> Iterator[Case]:
    for N, n, m in ((12, 3, 5), (7, 4, 4), (9, 2, 1), (6, 5, 6)):
        args = {"w": rng.normal(size=n), "X": rng.normal(size=(N, n))}
        args |= {"y": rng.normal(size=N), "batch": rng.permutation(N)[:m]}
        yield Case(f"{m} of {N} examples, {n} weights", args)


minibatch_gradient = Step(
    "minibatch_gradient",
    _gradient,
    _minibatch_cases,
    texts={
        "ignored": "the minibatch is ignored: all examples are used.",
        "all_over_m": "all examples are used, and divided by the m of the minibatch.",
        "first_rows": "the first m examples are used, not those of the minibatch.",
        "one": "only the first example of the minibatch is used.",
        "no_last": "the last example of the minibatch is left out.",
        "X_first": "the targets are those of the minibatch, the inputs are not.",
        "y_first": "the inputs are those of the minibatch, the targets are not.",
        "no_target": "the targets are forgotten.",
        "sign": "the sign is wrong: the error is prediction minus target.",
        "squared": "the error is squared: the derivative of a square is linear.",
        "column": "a column of predictions minus a row of targets gives a table.",
        "column_y": "a row of predictions minus a column of targets gives a table.",
        "means": "mean error times mean input came: take the mean of the products.",
        "over_N": "you divided by N, not by the number m of the minibatch.",
        "over_n": "you divided by the number of weights.",
        "summed": "the gradients are summed over the minibatch, not averaged.",
        "no_input": "the inputs are forgotten: this is the mean error.",
        "each": "one gradient for each example came: their mean is asked for.",
        "cost": "this is the cost: its gradient is asked for.",
        "by_row": "the mean runs over the features (axis 1): over the examples.",
        "updated": "this is w minus the gradient: a step is not asked for.",
    },
    demands={
        "the cost $\\frac12 (x_i \\cdot w - y_i)^2$": ["sign", "squared", "no_target"],
        "the gradient of the mean of these costs": ["summed", "cost", "each"],
        "over the examples of the minibatch": ["ignored", "over_N", "first_rows"],
        "an array of shape `(n,)`": ["over_n", "no_input"],
    },
    rtol=1e-6,
    why="A minibatch stands for all examples, so its gradient must be a mean: then the "
    "step has the same size for 5 examples and for 500, and η need not follow m. The "
    "derivative of ½ e² is e, and e depends on each weight by its input. `X[batch]` "
    "and `y[batch]` pick the same examples in the same order.",
    see="Minibatches",
    goal="train with minibatches, momentum and Adam",
    small=_small(w=[1.0, 1.0], X=[[1, 0], [2, 1], [0, 3]], y=[0, 1, 1], batch=[0, 2]),
)


# --- one step of an optimizer ---------------------------------------------------------

STEP = {
    "climbs": "the sign is wrong: the step is subtracted from w.",
    "no_eta": "η is missing in the step of w.",
    "change": "the change of w came: the new w is asked for.",
    "w_stays": "the old w is returned.",
}


def _taken(slip, w, eta, direction):
    """Return w after a step."""
    step = slip(eta, no_eta=1.0) * direction
    return slip(w - step, climbs=w + step, change=-step, w_stays=w)


def _scaled(slip, w, eta, direction, s, eps):
    """Return w after a step that is divided by the root of s."""
    low = slip(np.sqrt(s), no_root=s) + slip(eps, no_eps=0)
    low = slip(low, inside=np.sqrt(s + eps))
    new = _taken(slip, w, eta, slip(direction / low, times=direction * low))
    return slip(new, outside=w - eta * direction / np.sqrt(s) + eps)


DIVIDED = {
    "no_root": "the root is missing.",
    "no_eps": "ε is missing.",
    "outside": "ε is added to the new w: parentheses are missing around √s + ε.",
    "inside": "ε stands under the root: it is added to the root.",
    "times": "the root multiplies: it divides.",
}


def _steps(state: tuple[str, ...], options: dict) -> Callable:
    """Return cases of one step: three shapes, of which one is a first step."""

    def cases(rng) -> Iterator[Case]:
        for label, shape, i in (
            ("a step on the way, 4 weights", (4,), 1),
            ("a matrix of weights", (3, 2), 1),
            ("the first step, state 0", (5,), 0),
        ):
            args = {"w": rng.normal(size=shape), "g": rng.normal(size=shape)}
            if not i:  # so that a root of its running mean exists
                args["g"] = np.abs(args["g"])
            for name in state:
                args[name] = i * rng.uniform(0.5, 2, size=shape)
            yield Case(label, args | {k: v[i] for k, v in options.items()})

    return cases


def _momentum(slip, w, g, velocity, eta, mu):
    push = slip(g, minus_g=-g, average=(1 - mu) * g, eta_too=eta * g)
    u = slip(mu, no_mu=1, mu_fixed=0.9) * velocity + push
    u = slip(u, mu_at_g=velocity + mu * g, mu_at_both=mu * (velocity + g))
    u = slip(u, turned=(1 - mu) * velocity + mu * g)
    d = slip(u, old=velocity, g_alone=g, nesterov=g + mu * u)
    new = _taken(slip, w, eta, d)
    minus, plus = mu * velocity - eta * g, mu * velocity + eta * g
    pair = slip((new, u), old_kept=(new, velocity), eta_inside=(w + minus, minus))
    return slip(pair, eta_added=(w - plus, plus))


OUTSIDE = "PyTorch keeps it outside."
momentum_step = Step(
    "momentum_step",
    _momentum,
    _steps(("velocity",), {"eta": (0.1, 0.03), "mu": (0.9, 0.7)}),
    ("w", "velocity"),
    texts=STEP
    | {
        "minus_g": "the gradient is subtracted from the velocity.",
        "average": "a factor 1 − μ too many: the velocity is a sum, no average.",
        "eta_too": "η stands in the velocity, too: it belongs to the step of w alone.",
        "mu_fixed": "μ is always 0.9: use the argument.",
        "mu_at_both": "μ multiplies the gradient, too: only the old velocity fades.",
        "turned": "this is an average with μ and 1 − μ exchanged; a sum is asked for.",
        "no_mu": "μ is missing: the velocity never fades.",
        "mu_at_g": "μ multiplies the gradient: it multiplies the old velocity.",
        "old": "w moves with the old velocity: update the velocity first.",
        "g_alone": "w moves by the gradient alone: the velocity is not used.",
        "nesterov": "this is Nesterov's variant, which looks one step ahead.",
        "old_kept": "the old velocity is returned: the next step needs the new one.",
        "eta_inside": f"η stands inside the velocity, u ← μu − ηg: {OUTSIDE}",
        "eta_added": f"η stands inside the velocity, u ← μu + ηg: {OUTSIDE}",
    },
    demands={
        "one step in PyTorch's form": ["eta_inside", "average", "nesterov"],
        "u \\leftarrow \\mu u + g": ["no_mu", "mu_at_g", "minus_g"],
        "w \\leftarrow w - \\eta u": ["climbs", "no_eta", "g_alone"],
        "the pair `(w, velocity)` after the step": ["old_kept", "w_stays", "old"],
    },
    why="The velocity is a fading sum of all gradients: what points the same way again "
    "and again adds up, what changes its sign cancels. First the velocity is renewed, "
    "then w moves with it. With η outside, a new rate acts at once on the whole "
    "velocity; with a factor 1 − μ the steps would be ten times as small at μ = 0.9.",
    see="Momentum and Adam",
    goal="train with minibatches, momentum and Adam",
    small=_small(w=[1.0, 2.0], g=[2.0, -1.0], velocity=[1.0, 0.0], eta=0.5, mu=0.5),
)


def _square(slip, g):
    s = slip(g**2, not_squared=g, length=lambda: g @ g, whole=np.sum(g**2))
    return slip(s, size=np.abs(g), mean=np.mean(g**2))


SQUARE = {
    "not_squared": "the gradient is not squared in s.",
    "length": "g @ g is one number: the square is elementwise.",
    "whole": "the squares are summed to one number: s has an entry for each weight.",
    "size": "s holds |g| where g² belongs.",
    "mean": "the squares are averaged to one number: s has an entry for each weight.",
}


def _rmsprop(slip, w, g, s, eta, alpha, eps):
    power = _square(slip, g)
    new = slip(alpha, turned=1 - alpha) * s + slip(1 - alpha, turned=alpha) * power
    new = slip(new, no_rest=alpha * s + power, adagrad=s + power)
    new = slip(
        new, same=alpha * (s + power), all_squared=alpha * s + (g - alpha * g) ** 2
    )
    used = slip(new, old=s, corrected=new / (1 - alpha))
    after = _scaled(slip, w, eta, slip(g, no_g=1.0), used, eps)
    return slip((after, new), old_kept=(after, s))


rmsprop_step = Step(
    "rmsprop_step",
    _rmsprop,
    _steps(("s",), {"eta": (0.1, 0.02), "alpha": (0.9, 0.99), "eps": (1e-3, 1e-2)}),
    ("w", "s"),
    texts=STEP
    | DIVIDED
    | SQUARE
    | {
        "turned": "α and 1 − α are exchanged.",
        "no_rest": "the factor 1 − α is missing.",
        "same": "α stands at g², too: it is 1 − α.",
        "all_squared": "1 − α is squared, too.",
        "adagrad": "this is AdaGrad: s is a sum here, and never fades.",
        "no_g": "g is missing in the step of w.",
        "old": "w moves with the old s: update s first.",
        "corrected": "s is divided by 1 − α in the step, as in Adam: here it is not.",
        "old_kept": "the old s is returned: the next step needs the new one.",
    },
    demands={
        "s \\leftarrow \\alpha s + (1 - \\alpha)\\, g^2": ["turned", "not_squared"],
        "{\\sqrt s + \\varepsilon}": ["inside", "no_root", "no_eps"],
        "w \\leftarrow w - \\frac{\\eta\\, g}": ["no_g", "climbs", "no_eta"],
        "Squares, root and division are elementwise": ["length", "whole", "mean"],
        "the pair `(w, s)` after the step": ["old_kept", "old", "change"],
    },
    why="The running mean of the squares remembers how large the gradient of each "
    "weight has lately been. Divided by its root, every weight moves about as far, "
    "whether its slopes are steep or flat: that is why squares, root and division "
    "belong to each weight on its own. A sum in place of the mean never forgets, and "
    "the steps die out. ε only keeps 0 from being divided by 0.",
    see="Momentum and Adam",
    goal="train with minibatches, momentum and Adam",
    small=_small(
        w=[1.0, 2.0], g=[2.0, -1.0], s=[0.0, 3.0], eta=0.5, alpha=0.5, eps=0.1
    ),
)


def _adam(slip, w, g, m, s, t, eta, beta1, beta2, eps):
    b1, b2 = slip((beta1, beta2), turned=(1 - beta1, 1 - beta2))
    first = b1 * m + slip(1 - b1, m_sum=1, sums=1) * slip(g, m_squared=g**2)
    power = slip(_square(slip, g), of_m=first**2, belief=(g - first) ** 2)
    power = slip(power, around=(g - m) ** 2)
    second = b2 * s + slip(1 - b2, s_sum=1, sums=1) * power
    p1, p2 = slip(
        (beta1**t, beta2**t), always_1=(beta1, beta2), no_power=(t * beta1, t * beta2)
    )
    p1, p2 = slip((p1, p2), same_beta=(p1, beta1**t), none=(0, 0), plus=(-p1, -p2))
    rest = 1 - (1 - beta1) ** t, 1 - (1 - beta2) ** t
    p1, p2 = slip((p1, p2), of_rest=rest)
    m_hat = slip(first / (1 - p1), no_m_hat=first, m_times=first * (1 - p1))
    s_hat = slip(second / (1 - p2), no_s_hat=second, s_times=second * (1 - p2))
    old = m / (1 - p1), s / (1 - p2)
    m_hat, s_hat = slip((m_hat, s_hat), old_hats=old)
    after = _scaled(slip, w, eta, slip(m_hat, g=g), s_hat, eps)
    root, rest = np.sqrt(second), 1 - p2
    after = slip(after, decay=after - 0.01 * eta * w)
    after = slip(after, late=w - eta * m_hat / (root / rest + eps))
    after = slip(after, short=w - eta * m_hat * np.sqrt(rest) / (root + eps))
    kept = slip((first, second), hats=(m_hat, s_hat), m_hat=(m_hat, second))
    return after, *slip(kept, s_hat=(first, s_hat), old_kept=(m, s))


HATS = "the next step goes on without the hats."
adam_step = Step(
    "adam_step",
    _adam,
    _steps(
        ("m", "s"),
        {
            "t": (1, 4),
            "eta": (0.1, 0.02),
            "beta1": (0.9, 0.8),
            "beta2": (0.99, 0.95),
            "eps": (1e-3, 1e-2),
        },
    ),
    ("w", "m", "s"),
    texts=STEP
    | DIVIDED
    | SQUARE
    | {
        "turned": "β and 1 − β are exchanged.",
        "m_sum": "the factor 1 − β₁ is missing in m.",
        "s_sum": "the factor 1 − β₂ is missing in s.",
        "sums": "the factors 1 − β are missing in m and s.",
        "m_squared": "the gradient is squared in m, too.",
        "always_1": "the bias correction divides by 1 − β, as if t were always 1.",
        "no_power": "the bias correction multiplies by t in place of the power t.",
        "same_beta": "the bias correction of s uses β₁: it is β₂.",
        "none": "the bias correction is missing: divide m by 1 − β₁ᵗ and s by 1 − β₂ᵗ.",
        "of_rest": "(1 − β)ᵗ in place of 1 − βᵗ in the bias correction.",
        "of_m": "s holds m² where g² belongs.",
        "belief": "s holds (g − m)² where g² belongs.",
        "around": "s holds (g − m)², with the old m, where g² belongs.",
        "old_hats": "m̂ and ŝ are made of the old m and s: renew these first.",
        "plus": "the bias correction divides by 1 + βᵗ: it is 1 − βᵗ.",
        "no_m_hat": "the bias correction of m is missing.",
        "no_s_hat": "the bias correction of s is missing.",
        "m_times": "the bias correction of m multiplies by 1 − β₁ᵗ: it divides.",
        "s_times": "the bias correction of s multiplies by 1 − β₂ᵗ: it divides.",
        "decay": "the weights shrink besides, by 0.01 ηw: this is AdamW.",
        "late": "ŝ is s divided before the root is taken, not after it.",
        "short": "ε stands beside √s in place of √ŝ: it counts for more at first.",
        "g": "g stands in the step of w: it is m̂ that belongs there.",
        "hats": f"m̂ and ŝ are returned: {HATS}",
        "m_hat": f"m̂ is returned in place of m: {HATS}",
        "s_hat": f"ŝ is returned in place of s: {HATS}",
        "old_kept": "the old m and s are returned: the next step needs the new ones.",
    },
    demands={
        "m &\\leftarrow \\beta_1 m + (1 - \\beta_1)\\, g": ["turned", "m_sum"],
        "s &\\leftarrow \\beta_2 s + (1 - \\beta_2)\\, g^2": ["s_sum", "not_squared"],
        "\\frac{m}{1 - \\beta_1^t}": ["no_m_hat", "always_1", "no_power"],
        "\\frac{s}{1 - \\beta_2^t}": ["no_s_hat", "same_beta"],
        "{\\sqrt{\\hat s} + \\varepsilon}": ["inside", "no_root", "no_eps"],
        "w \\leftarrow w - \\frac{\\eta\\, \\hat m}": ["g", "climbs", "no_eta"],
        "$m$ and $s$ without the hats": ["hats", "m_hat", "s_hat"],
        "Returns `(w, m, s)` after the step": ["old_kept", "change"],
    },
    why="m and s begin at 0, so at first both are too small: after one step m is only "
    "(1 − β₁) g. Divided by 1 − βᵗ, the sum of the factors of all gradients so far, "
    "they are right from the first step on. The correction serves this step alone: "
    "what is kept are the plain means, or they would be corrected twice.",
    see="Momentum and Adam",
    goal="train with minibatches, momentum and Adam",
    small=_small(
        w=[1.0], g=[2.0], m=[1.0], s=[3.0], t=2, eta=0.5, beta1=0.5, beta2=0.5, eps=0.1
    ),
)


# --- train ----------------------------------------------------------------------------


def _right(value, **wrong):
    return value


def _trained(loop, order, X, y, m, eta, mu, epochs, seed):
    """Return the weights; `loop` has the slips of the steps, `order` those of order."""
    N, n = X.shape
    rng = np.random.default_rng(order(seed, fixed=0, free=None))
    normal = np.random.default_rng(seed).normal(size=n)
    start = w = loop(np.zeros(n), ones=np.ones(n), normal=normal)
    u, first, stored = np.zeros(n), rng.permutation(N), np.arange(N)
    for epoch in range(loop(epochs, one_epoch=1)):
        now = rng.permutation(N) if epoch else first
        twice = np.append(now[-1:], now[1:])
        now = order(now, in_order=stored, same_order=first, replaced=twice)
        blocks = np.array_split(stored, -(-N // m))
        mixed = [blocks[i] for i in rng.permutation(len(blocks))]
        now = order(now, blocks=np.concatenate(mixed))
        now = loop(now, features=stored[:n])
        size = loop(m, all_at_once=N, one_by_one=1, chunk=-(-N // m))
        cut = np.array_split(now, -(-len(now) // size))
        cut = order(cut, rest=[now[k : k + m] for k in range(0, N, m)])
        full = [b for b in cut if len(b) == size]
        w, u = loop((w, u), reset=(w, 0 * u), w_reset=(start, u))
        begins = w
        for k, rows in enumerate(loop(cut, no_last=full)):
            place = order(rows, stay=np.array_split(stored, len(cut))[k])
            g = X[rows].T @ (X[rows] @ loop(w, stale=begins) - y[place])
            g = g / loop(len(rows), over_m=m, summed=1, over_N=N)
            u = loop(mu, plain=0) * u + loop(g, average=(1 - mu) * g)
            rate = loop(eta, fades=eta / (epoch + 1))
            w = w - loop(rate * u, climbs=-eta * u, frozen=0 * u, no_eta=u)
    w = loop(w, exact=lambda: np.linalg.lstsq(X, y, rcond=None)[0])
    return loop(w, pair=(w, u), velocity=u)


LOOP = {
    "ones": "the weights start at 1: they start at 0.",
    "normal": "the weights start at random: they start at 0.",
    "one_epoch": "these are the weights of a single epoch: a return inside the loop, a "
    "start anew in each epoch, or minibatches that are used up after the first?",
    "features": "the order runs over the n features, not over the N examples.",
    "w_reset": "in each epoch the weights start at 0 again.",
    "all_at_once": "one step an epoch, with all examples or with one minibatch: each "
    "minibatch makes a step of its own.",
    "one_by_one": "m is ignored: each step takes one example.",
    "chunk": "m is taken for the number of minibatches: it is their size.",
    "no_last": "the last, smaller minibatch is left out.",
    "stale": "all gradients of an epoch are taken at the weights of its start: each "
    "step needs one at the weights that the last step left.",
    "reset": "is the velocity kept? In each epoch it starts at 0 again.",
    "over_m": "the gradients are divided by m also where the minibatch is smaller.",
    "summed": "the gradients are summed over the minibatch: their mean is asked for.",
    "over_N": "the gradients are divided by N: the mean runs over the minibatch.",
    "plain": "momentum is missing, or is the velocity kept? It is 0 in each step.",
    "average": "a factor 1 − μ too many in the velocity.",
    "climbs": "the cost is climbed: a wrong sign.",
    "frozen": "the weights are still 0: are the new w and velocity taken over?",
    "no_eta": "η is missing.",
    "fades": "η falls from epoch to epoch: it is constant.",
    "exact": "this is the exact solution: minibatches with momentum are asked for.",
    "pair": "w and the velocity came: the weights alone are asked for.",
    "velocity": "the velocity came: the weights are asked for.",
}
ORDER = {
    "fixed": "another seed gives the same order: use the argument `seed`.",
    "free": "the same seed gives other weights: make the generator from `seed`.",
    "in_order": "the examples come in their stored order: they are not shuffled.",
    "same_order": "the order is the same in each epoch: make the generator once, "
    "before the loop, and draw a new order in it.",
    "replaced": "an epoch does not use each example once.",
    "blocks": "each minibatch holds neighbors: shuffle the examples, then cut.",
    "rest": "the last minibatch holds what is left over: cut as in step 1.",
    "stay": "the targets do not follow the order of the examples.",
}


def _alike(rng) -> Iterator[Case]:
    """Yield trainings on one example, given N times: their order does not matter."""
    for N, n, m, epochs in ((6, 3, 6, 3), (7, 3, 2, 2), (5, 4, 2, 1)):
        X, y = np.tile(rng.normal(size=n), (N, 1)), np.full(N, rng.normal())
        args = {"X": X, "y": y, "m": m, "eta": 0.05, "mu": 0.8, "epochs": epochs}
        label = f"one example {N} times, m = {m}, {epochs} epochs"
        yield Case(label, args | {"seed": int(rng.integers(99))})


_why = (
    "The loop is the same for every network: shuffle, cut, and one step for each "
    "piece. What it must not lose on the way are the weights and the velocity, from "
    "step to step and from epoch to epoch. One generator, made once from the seed, "
    "draws a new order for each epoch; made anew in the loop it would draw the same."
)
_loop = Step(
    "train",
    lambda slip, *args: _trained(slip, _right, *args),
    _alike,
    texts=LOOP,
    demands={
        "minimize the cost of step 2": ["climbs", "summed", "exact"],
        "by minibatches of m": ["all_at_once", "one_by_one", "chunk", "no_last"],
        "with momentum": ["plain", "reset"],
        "from zero weights": ["ones"],
        "Returns the weights, shape `(n,)`": ["pair", "velocity"],
    },
    why=_why,
    see="Minibatches",
    goal="train with minibatches, momentum and Adam",
)


def _placed(w, u, y, sizes, eta, mu, after) -> tuple:
    """Return how often each example was in each minibatch of an epoch; w and u after.

    Each example has a weight of its own (X is the unit matrix): how far it has moved
    tells. −1: nothing explains it; −2: another example's target does.
    """
    N, K = len(y), len(sizes)
    counts = np.array(list(itertools.product(range(4), repeat=K)))

    def ends(target):
        now, fast = np.tile(w, (len(counts), 1)), np.tile(u, (len(counts), 1))
        for k in range(K):
            fast = mu * fast + counts[:, [k]] * (now - target) / sizes[k]
            now = now - eta * fast
        return now, fast, np.isclose(now, after, rtol=1e-4)

    ws, us, fits = ends(y)
    at = fits.argmax(0), np.arange(N)
    found = np.where(fits.any(0)[:, None], counts[at[0]], -1)
    others = np.any([ends(t)[2][counts.sum(1) == 1].any(0) for t in y], axis=0)
    found[(found[:, 0] < 0) & others] = -2
    return found, ws[at], us[at]


def _ordered(free: Callable, replay: Callable, case: Case) -> dict:
    """Observe two epochs, for three seeds; then values, in one minibatch of all."""
    X, y, m, eta, mu, _, seed, *more = case.args.values()
    N, size = len(y), len(y) // -(-len(y) // m)

    def weights(epochs, seed, X=X, y=y, m=m):
        return np.asarray(free(X.copy(), y.copy(), m, eta, mu, epochs, seed), float)

    steady = np.allclose(weights(1, seed), weights(1, seed))
    seen: dict = {"the same seed, the same weights": steady}
    ways = []
    for number in range(seed, seed + 3) if steady else ():
        w, u, way = 0 * y, 0 * y, []
        for epochs in (1, 2):
            before, after = (w, u, y), (eta, mu, weights(epochs, number))
            found, w, u = _placed(*before, [size] * (N // size), *after)
            if found.min() < 0:
                left = [m] * (N // m) + [N % m] * (N % m > 0)
                rest = _placed(*before, left, *after)[0].min() >= 0
                kind = "targets" if found.min() < -1 else "nothing"
                return seen | {"an epoch": "rest" if rest else kind}
            if np.any(found.sum(1) != 1) or np.any(found.sum(0) != size):
                return seen | {"an epoch": "twice or never"}
            way.append(found.argmax(1).tolist())
        ways.append(way)
    orders = [np.reshape(order, (-1, size)) for way in ways for order in way]
    facts: dict = {
        "an epoch": "right",
        "a random order": any(np.any(np.diff(o.ravel()) < 0) for o in orders),
        "mixed": any(np.ptp(o, axis=1).any() for o in orders),
        "a new order in each epoch": any(one != two for one, two in ways),
        "another seed": any(way != ways[0] for way in ways),
    }
    if all(facts.values()):  # then no order matters here
        facts["weights"] = weights(3, seed, *more, len(more[1]))
    return seen | facts


_FACTS = {
    "the same seed, the same weights": ORDER["free"],
    "an epoch": "an epoch of several minibatches leads to weights that no order "
    "explains. With equal examples the steps are right.",
    "a random order": ORDER["in_order"],
    "mixed": ORDER["blocks"],
    "a new order in each epoch": ORDER["same_order"],
    "another seed": ORDER["fixed"],
    "weights": "steps with equal examples are right, with different ones they are not.",
}


def _order_fact(got: dict, want: dict) -> str:
    for key, text in _FACTS.items():
        both = key in got and key in want
        if not both and (key in got or key in want):
            return text
        if both and not same(got[key], want[key], 1e-5, 1e-8):
            return text
    return ""


def _twelve(rng) -> Iterator[Case]:
    y = rng.permutation(np.linspace(1, 2, 12))
    for m in (4, 8):
        args = {"X": np.eye(12), "y": y, "m": m, "eta": 0.05, "mu": 0.8, "epochs": 2}
        args |= {"seed": int(rng.integers(99)), "_X": rng.normal(size=(6, 3))}
        yield Case(f"12 examples, m = {m}", args | {"_y": rng.normal(size=6)})


_order = Step(
    "train",
    lambda slip, *args: _trained(_right, slip, *args),
    _twelve,
    observe=_ordered,
    tell=_order_fact,
    texts=ORDER,
    demands={
        "by minibatches of m": ["replaced", "in_order", "blocks", "stay"],
        "(those of step 1)": ["rest"],
        "`seed` seeds the generator for the order": ["fixed", "free"],
        "random, and new in each epoch": ["in_order", "same_order"],
    },
    why=_why,
    see="Minibatches",
)


def train(function: Callable, seed: int = 0) -> None:
    """Check `train(X, y, m, eta, mu, epochs, seed)`: its steps, then their order."""
    with contextlib.redirect_stdout(io.StringIO()):
        _loop(function, seed)
    _order(function, seed)


# --- start ----------------------------------------------------------------------------


def _start(slip, sizes, rng):
    layers, rng = [], slip(rng, fixed=np.random.default_rng(0))
    pairs = list(itertools.pairwise(sizes))
    pairs = slip(pairs, with_input=[(sizes[0], sizes[0]), *pairs])
    pairs = slip(pairs, stuck=[(sizes[0], n) for n in sizes[1:]])
    pairs = slip(pairs, no_last=pairs[:-1], no_first=pairs[1:])
    for n_in, n_out in slip(pairs, backward=pairs[::-1]):
        shape = slip((n_out, n_in), transposed=(n_in, n_out))
        turned = lambda size: rng.normal(size=size[::-1]).T  # noqa: E731
        to_1 = lambda size: rng.uniform(-1, 1, size)  # noqa: E731
        draw = slip(rng.normal, uniform=rng.uniform, to_1=to_1, drawn_turned=turned)
        W = draw(size=shape)
        root = slip(np.sqrt(n_in), no_root=n_in, of_out=np.sqrt(n_out), no_scale=1)
        W = slip(
            W / root,
            times=W * root,
            he=W / root * np.sqrt(2),
            both=W / np.sqrt((n_in + n_out) / 2),
        )
        W = slip(W, zero=0 * W)
        b = slip(np.zeros(n_out), for_inputs=np.zeros(n_in), ones=np.ones(n_out))
        b = slip(b, drawn=lambda n=n_out: rng.normal(size=n), column=b[:, None])
        b = slip(b, drawn_small=lambda n=n_out, k=n_in: rng.normal(size=n) / k**0.5)
        layers.append(slip((W, b), exchanged=(b, W), no_bias=W))
    layers = slip(layers, backward=layers[::-1])
    apart = lambda: tuple(list(part) for part in zip(*layers, strict=True))  # noqa: E731
    return slip(layers, lists=apart)


def _start_cases(rng) -> Iterator[Case]:
    for sizes in ([4, 3, 2], [5, 7], [3, 6, 4, 2]):
        generator = np.random.default_rng(int(rng.integers(1000)))
        label = "-".join(map(str, sizes))
        yield Case(label, {"sizes": sizes, "rng": generator})


start = Step(
    "start",
    _start,
    _start_cases,
    texts={
        "fixed": "the numbers come from a generator of seed 0: use the argument rng.",
        "with_input": "the input gets weights, too: it is no layer.",
        "stuck": "every layer has the inputs of the first: they are the layer before.",
        "drawn_turned": "the numbers are drawn in the shape (n_{l−1}, n_l) and turned.",
        "no_last": "the last layer is missing.",
        "no_first": "the first layer is missing.",
        "backward": "the layers are drawn from the last to the first.",
        "transposed": "the shapes are exchanged: a row of W belongs to a neuron.",
        "uniform": "the weights are drawn by another distribution than `rng.normal`.",
        "to_1": "the weights are uniform between ±1/√n_{l−1}: use `rng.normal`.",
        "no_root": "the weights are divided by the number of inputs: its root is asked "
        "for.",
        "of_out": "the root is that of the outputs: a neuron adds up its inputs.",
        "no_scale": "the weights are not divided by the root of the number of inputs.",
        "times": "the weights are multiplied by the root: they are divided.",
        "he": "the weights have a factor √2 (another recipe, of He, for ReLU).",
        "both": "the root is that of the mean of inputs and outputs (Glorot's recipe).",
        "zero": "all weights are 0: then all neurons of a layer stay the same.",
        "for_inputs": "the biases have an entry for each input, not for each neuron.",
        "ones": "the biases are 1: zeros are asked for.",
        "drawn": "the biases are drawn: zeros are asked for.",
        "drawn_small": "the biases are drawn and divided by the root: zeros are asked "
        "for.",
        "column": "the biases are columns: shape (n_l,) is asked for.",
        "exchanged": "the pairs are exchanged: (W, b) is asked for.",
        "lists": "a list of weights and one of biases came: pairs are asked for.",
        "no_bias": "the weights came without the biases: pairs are asked for.",
    },
    demands={
        "in order from the first": ["backward"],
        "of shape `(n_l, n_{l-1})`": ["transposed"],
        "drawn by `rng.normal` in this shape": ["uniform", "zero", "drawn_turned"],
        "divided by $\\sqrt{n_{l-1}}$": ["no_root", "of_out", "no_scale", "times"],
        "zeros of shape `(n_l,)`": ["for_inputs", "ones", "drawn"],
        "`rng` is the only source of chance": ["fixed"],
        "one for each layer": ["no_last", "no_first", "stuck"],
        "The input is no layer": ["with_input"],
    },
    why="Neurons of a layer that start alike get the same gradient and stay alike: the "
    "layer has the power of one neuron. Chance makes them different. How large the "
    "weights are matters, too: a sum over n inputs of size 1 has a spread of √n times "
    "that of a weight, so dividing by √n keeps it near 1, where an activation still "
    "has a slope. Biases may start at 0, as the weights have broken the symmetry.",
    see="A network with many knobs",
    goal="say why its weights must start at random",
    small=lambda: Case("", {"sizes": [2, 1], "rng": np.random.default_rng(3)}),
)
