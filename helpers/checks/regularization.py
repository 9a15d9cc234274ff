"""Checks of the exercises `dropout_and_penalties` and `choose_lambda`.

Each check takes what the student wrote and a seed; the visible cell and the hidden
test differ in the seed only. Expected values come by another way than the solutions:
loops over single numbers, finite differences, least squares of a larger system.
"""

from collections.abc import Callable

import numpy as np

from .core import Case, CheckFailed, call, verify

TIGHT = {"rtol": 1e-6, "atol": 1e-9}


# --- dropout_and_penalties ------------------------------------------------------------


def dropout_forward(function: Callable, seed: int = 0) -> None:
    """Check `dropout_forward(a, p, rng, training)`: inverted dropout and its mask."""
    rng = np.random.default_rng(seed)
    cases = []
    for label, shape, p, training in (
        ("training, 6 examples, 9 units, p = 0.3", (6, 9), 0.3, True),
        ("training, 4 examples, 5 units, p = 0.8", (4, 5), 0.8, True),
        ("test mode, p = 0.3", (3, 4), 0.3, False),
        ("training, p = 0", (3, 3), 0.0, True),
    ):
        a = rng.normal(1, 1, shape)
        draw = int(rng.integers(10**6))
        values = {"a": a, "p": p, "draw": draw, "training": training}
        cases.append(Case(label, values))

    def ours(a, p, draw, training):
        return function(a, p, np.random.default_rng(draw), training)

    def loops(a, p, draw, training):
        generator, mask = np.random.default_rng(draw), np.ones(a.shape)
        out = a.copy()
        if training:
            for at, u in np.ndenumerate(generator.random(a.shape)):
                mask[at] = 0.0 if u < p else 1 / (1 - p)
                out[at] = 0.0 if u < p else a[at] / (1 - p)
        return out, mask

    def wrong(
        keep=lambda u, p: u >= p,
        scale=lambda p: 1 / (1 - p),
        test="none",
        plain_mask=False,
        shape=lambda a: a.shape,
        swapped=False,
    ):
        def rule(a, p, draw, training):
            ones = np.ones(a.shape)
            u = np.random.default_rng(draw).random(shape(a)) * ones
            mask = keep(u, p) * scale(p)
            if training == swapped and test != "drop":
                factor = {"none": 1, "scale": 1 - p, "divide": 1 / (1 - p)}[test]
                return a * factor, ones * (factor if test != "none" else 1)
            return a * mask, keep(u, p) * 1.0 if plain_mask else mask

        return rule

    def mask_of_ones(a, p, draw, training):
        out, mask = loops(a, p, draw, training)
        return (out if training else (1 - p) * a), mask

    verify(
        "dropout_forward",
        ours,
        cases,
        loops,
        parts=("out", "mask"),
        mistakes=[
            (
                "what stays is not divided by 1 − p: the expected activation is too "
                "small by that factor.",
                wrong(scale=lambda p: 1.0),
            ),
            (
                "that is dropout without inversion: nothing is divided in training, "
                "and test mode multiplies by 1 − p. Here training divides, and test "
                "mode does nothing.",
                wrong(scale=lambda p: 1.0, test="scale"),
            ),
            (
                "what stays is divided by p: it is kept with probability 1 − p, so "
                "divide by that.",
                wrong(scale=lambda p: 1 / p if p else np.inf),
            ),
            (
                "what stays is multiplied by 1 − p: it is divided.",
                wrong(scale=lambda p: 1 - p),
            ),
            (
                "p is taken for the probability to stay: p is the drop rate.",
                wrong(keep=lambda u, p: u < p, scale=lambda p: 1 / p if p else 1.0),
            ),
            (
                "those with u < p stay: they are the ones that are dropped.",
                wrong(keep=lambda u, p: u < p),
            ),
            (
                "those with u ≥ 1 − p are dropped: it is those with u < p.",
                wrong(keep=lambda u, p: u < 1 - p),
            ),
            (
                "test mode drops, too: in test mode nothing happens.",
                wrong(test="drop"),
            ),
            (
                "test mode multiplies by 1 − p: inverted dropout has scaled in "
                "training already.",
                mask_of_ones,
            ),
            (
                "test mode multiplies by 1 − p: inverted dropout has scaled in "
                "training already.",
                wrong(test="scale"),
            ),
            ("test mode divides by 1 − p.", wrong(test="divide")),
            (
                "training and test mode are exchanged.",
                wrong(swapped=True),
            ),
            (
                "one mask for the whole batch: every example draws its own.",
                wrong(shape=lambda a: (1, a.shape[1])),
            ),
            (
                "all units of an example share one draw: each unit has its own.",
                wrong(shape=lambda a: (a.shape[0], 1)),
            ),
            (
                "the mask holds 0 and 1, without the factor 1/(1 − p) that the output "
                "has: the backward pass needs it.",
                wrong(plain_mask=True),
            ),
        ],
        **TIGHT,
    )


def _draw_mask(rng, shape, p):
    return (rng.random(shape) >= p) / (1 - p)


def dropout_backward(function: Callable, seed: int = 0) -> None:
    """Check `dropout_backward(delta, mask)` by finite differences of `a * mask`."""
    rng = np.random.default_rng(seed)
    cases = []
    for shape, p in (((5, 7), 0.4), ((3, 2), 0.75)):
        mask = _draw_mask(rng, shape, p)
        mask[0, 0], mask[0, 1] = 0.0, 1 / (1 - p)
        values = {"delta": rng.normal(size=shape), "mask": mask}
        cases.append(Case(f"{shape[0]} examples, p = {p}", values))

    def differences(delta, mask):
        # C = Σ delta · (a · mask) has ∂C/∂out = delta; move one activation at a time
        a, slope = np.linspace(1, 2, delta.size).reshape(delta.shape), delta * 0
        for at in np.ndindex(*a.shape):
            ends = []
            for change in (0.5, -0.5):
                moved = a.copy()
                moved[at] += change
                ends.append(np.sum(delta * (moved * mask)))
            slope[at] = ends[0] - ends[1]
        return slope

    verify(
        "dropout_backward",
        function,
        cases,
        differences,
        mistakes=[
            (
                "the mask is not used: what was dropped gets no gradient.",
                lambda d, k: d,
            ),
            (
                "the factor 1/(1 − p) is missing: the mask holds it; use the whole "
                "mask, not only its zeros.",
                lambda d, k: d * (k > 0),
            ),
            (
                "the mask is applied twice.",
                lambda d, k: d * k * k,
            ),
            (
                "divided by the mask: the derivative of a · mask is the mask.",
                lambda d, k: np.where(k > 0, d / np.where(k > 0, k, 1), 0),
            ),
            (
                "those that were dropped get the gradient, the others none.",
                lambda d, k: d * (k == 0),
            ),
            (
                "those that were dropped get the gradient, the others none.",
                lambda d, k: d * (k == 0) * k.max(),
            ),
            ("the mask itself came.", lambda d, k: k),
            (
                "one mask (that of the first example) is used for the whole batch.",
                lambda d, k: d * k[:1],
            ),
        ],
        **TIGHT,
    )


def _layers_of(rng) -> list[Case]:
    cases = []
    for label, shapes, lam in (
        ("three layers", ((4, 3), (5, 4), (2, 5)), 0.3),
        ("two layers, square", ((3, 3), (3, 3)), 0.02),
    ):
        weights = [rng.normal(size=shape) for shape in shapes]
        weights[0][0, 1] = weights[-1][1, 0] = 0.0
        cases.append(Case(label, {"weights": weights, "lam": lam}))
    return cases


def l2_penalty(function: Callable, seed: int = 0) -> None:
    """Check `l2_penalty(weights, lam)`: ½ λ Σ w², and its gradients."""

    def value_of(weights, lam):
        total = 0.0
        for W in weights:
            for w in W.ravel():
                total += w * w
        return 0.5 * lam * total

    def differences(weights, lam):
        gradients = []
        for W in weights:
            slope = np.zeros(W.shape)
            for at in np.ndindex(*W.shape):
                up, down = (value_of([[W[at] + h] * np.ones(1)], lam) for h in (1, -1))
                slope[at] = (up - down) / 2  # exact: the function is a parabola
            gradients.append(slope)
        return value_of(weights, lam), gradients

    def wrong(factor=0.5, slope=1.0, of=np.sum, reduce=sum, power=2):
        def rule(weights, lam):
            value = factor * lam * reduce([of(np.abs(W) ** power) for W in weights])
            return value, [slope * lam * W for W in weights]

        return rule

    verify(
        "l2_penalty",
        function,
        _layers_of(np.random.default_rng(seed)),
        differences,
        parts=("value", "gradients"),
        mistakes=[
            (
                "value and gradient are those of λ Σ w², without the ½.",
                wrong(1.0, 2.0),
            ),
            (
                "the ½ is missing in the value.",
                wrong(1.0, 1.0),
            ),
            (
                "the gradient is 2 λ w: the ½ of the value takes the 2 away.",
                wrong(0.5, 2.0),
            ),
            ("the gradient still has the ½.", wrong(0.5, 0.5)),
            (
                "the mean of the squares is taken; their sum is asked for.",
                wrong(of=np.mean),
            ),
            (
                "only the last layer is in the value.",
                wrong(reduce=lambda values: values[-1]),
            ),
            (
                "only the first layer is in the value.",
                wrong(reduce=lambda values: values[0]),
            ),
            (
                "the root is taken: the penalty has the squared norm, not the norm.",
                lambda weights, lam: (
                    lam / 2 * sum(np.sqrt(np.sum(W**2)) for W in weights),
                    [lam * W for W in weights],
                ),
            ),
            (
                "absolute values are added up: that is ℓ1.",
                wrong(1.0, power=1),
            ),
            (
                "λ is missing in the gradient.",
                lambda weights, lam: (wrong()(weights, lam)[0], list(weights)),
            ),
            (
                "the gradients subtract: a penalty is added to the cost.",
                wrong(0.5, -1.0),
            ),
        ],
        **TIGHT,
    )


def l1_penalty(function: Callable, seed: int = 0) -> None:
    """Check `l1_penalty(weights, lam)`: λ Σ |w|, and its gradients, 0 at 0."""

    def loops(weights, lam):
        value, gradients = 0.0, []
        for W in weights:
            slope = np.zeros(W.shape)
            for at, w in np.ndenumerate(W):
                value += lam * (w if w > 0 else -w)
                slope[at] = (w > 0) * lam - (w < 0) * lam
            gradients.append(slope)
        return value, gradients

    def wrong(value=lambda W: np.abs(W).sum(), slope=np.sign, half=1.0, lam_=True):
        def rule(weights, lam):
            factor = lam if lam_ else 1.0
            total = half * lam * sum(value(W) for W in weights)
            return total, [half * factor * slope(W) for W in weights]

        return rule

    verify(
        "l1_penalty",
        function,
        _layers_of(np.random.default_rng(seed)),
        loops,
        parts=("value", "gradients"),
        mistakes=[
            (
                "the absolute value is missing: positive and negative weights cancel.",
                wrong(value=np.sum),
            ),
            ("there is no ½ in the ℓ1 penalty.", wrong(half=0.5)),
            (
                "the gradient is that of ℓ2: that of |w| is its sign, whatever its "
                "size.",
                wrong(slope=lambda W: W),
            ),
            (
                "the gradient is |w|: it is the sign of w.",
                wrong(slope=np.abs),
            ),
            (
                "the gradient is λ everywhere: for negative weights it is −λ.",
                wrong(slope=np.ones_like),
            ),
            (
                "at w = 0 the gradient is −λ: take 0 there.",
                wrong(slope=lambda W: np.where(W > 0, 1.0, -1.0)),
            ),
            (
                "at w = 0 the gradient is λ: take 0 there.",
                wrong(slope=lambda W: np.where(W >= 0, 1.0, -1.0)),
            ),
            ("λ is missing in the gradient.", wrong(lam_=False)),
            (
                "squares are added up: that is ℓ2.",
                wrong(value=lambda W: np.sum(W**2)),
            ),
            (
                "the mean of the absolute values is taken; their sum is asked for.",
                wrong(value=lambda W: np.abs(W).mean()),
            ),
            (
                "the gradient is w/|w| computed as a quotient: 0/0 at w = 0.",
                wrong(slope=lambda W: W / np.abs(W)),
            ),
        ],
        **TIGHT,
    )


def soft_threshold(function: Callable, seed: int = 0) -> None:
    """Check `soft_threshold(w, t)` against the minimum of ½(v − w)² + t|v|."""
    rng = np.random.default_rng(seed)
    cases = []
    for label, shape, t in (
        ("a vector", 9, 0.7),
        ("a matrix", (4, 3), 0.4),
        ("t = 0", 5, 0.0),
    ):
        w = rng.normal(size=shape)
        w.flat[0], w.flat[1], w.flat[2] = 0.3 * t, -0.5 * t, -1.8 * t - 0.1
        cases.append(Case(label, {"w": w, "t": t}))

    def search(w, t):
        best = np.zeros(np.shape(w))
        for at, value in np.ndenumerate(w):
            candidates = (0.0, value - t, value + t)
            costs = [0.5 * (v - value) ** 2 + t * abs(v) for v in candidates]
            best[at] = candidates[int(np.argmin(costs))]
        return best

    verify(
        "soft_threshold",
        function,
        cases,
        search,
        mistakes=[
            (
                "entries smaller than t pass 0 and come out on the other side: they "
                "stop at 0.",
                lambda w, t: w - t * np.sign(w),
            ),
            (
                "large entries are not moved: that is the hard threshold. All move "
                "by t.",
                lambda w, t: np.where(np.abs(w) > t, w, 0.0),
            ),
            (
                "the sign is lost: negative entries come out positive.",
                lambda w, t: np.maximum(np.abs(w) - t, 0),
            ),
            (
                "negative entries are set to 0: they move toward 0 from below.",
                lambda w, t: np.maximum(w - t, 0),
            ),
            (
                "the entries are moved away from 0.",
                lambda w, t: w + t * np.sign(w),
            ),
            (
                "t is subtracted everywhere: negative entries move up.",
                lambda w, t: w - t,
            ),
            (
                "the entries are clipped to [−t, t]: that is what soft thresholding "
                "takes away, not what it leaves.",
                lambda w, t: np.clip(w, -t, t),
            ),
            (
                "entries are scaled by 1 − t: that is ℓ2's way; ℓ1 takes away t.",
                lambda w, t: (1 - t) * w,
            ),
        ],
        **TIGHT,
    )


def adam_step(function: Callable, seed: int = 0) -> None:
    """Check `adam_step(w, g, m, s, t, eta, lam, decoupled)`: ℓ2 and weight decay."""
    rng = np.random.default_rng(seed)
    keys = ("w", "g", "m", "s", "t", "eta", "lam", "decoupled")
    cases = []
    for t, decoupled in ((3, False), (3, True), (1, False), (1, True)):
        w, g = rng.normal(0, 2, (2, 5))
        m, s = (
            (np.zeros(5), np.zeros(5))
            if t == 1
            else (rng.normal(size=5), rng.uniform(0.5, 2, 5))
        )
        values = (w, g, m, s, t, 0.1, 0.4, decoupled)
        label = f"step {t}, {'weight decay' if decoupled else 'ℓ2'}"
        cases.append(Case(label, dict(zip(keys, values, strict=True))))

    def loops(w, g, m, s, t, eta, lam, decoupled):
        new, means, squares = np.zeros(5), np.zeros(5), np.zeros(5)
        for i in range(5):
            slope = g[i] if decoupled else g[i] + lam * w[i]
            means[i] = m[i] + 0.1 * (slope - m[i])
            squares[i] = s[i] + 0.001 * (slope * slope - s[i])
            m_hat, s_hat = means[i] / (1 - 0.9**t), squares[i] / (1 - 0.999**t)
            new[i] = w[i] - eta * m_hat / (s_hat**0.5 + 1e-8)
            new[i] -= eta * lam * w[i] if decoupled else 0.0
        return new, means, squares

    def wrong(l2="g", decay="eta", both=False, swapped=False, hats=True, sign=1.0):
        def rule(w, g, m, s, t, eta, lam, decoupled):
            decoupled = decoupled != swapped
            old = w
            add = lam * old * sign
            if not decoupled or both:
                g = g + (2 * add if l2 == "double" else add)
            if l2 == "s" and not decoupled:
                m_g, s_g = g, g - add
            else:
                m_g = s_g = g
            m, s = 0.9 * m + 0.1 * m_g, 0.999 * s + 0.001 * s_g**2
            power = t if hats else np.inf
            m_hat, s_hat = m / (1 - 0.9**power), s / (1 - 0.999**power)
            step = eta * m_hat / (np.sqrt(s_hat) + 1e-8)
            if not decoupled:
                return old - step, m, s
            left = {
                "eta": (1 - eta * lam) * old - step,
                "lam": (1 - lam) * old - step,
                "plus": (1 + eta * lam) * old - step,
                "after": (1 - eta * lam) * (old - step),
                "none": old - step,
            }
            return left[decay], m, s

        return rule

    verify(
        "adam_step",
        function,
        cases,
        loops,
        parts=("w", "m", "s"),
        mistakes=[
            (
                "ℓ2 and weight decay are exchanged: `decoupled` means that the weight "
                "shrinks beside the step.",
                wrong(swapped=True),
            ),
            (
                "with `decoupled` the gradient has λ w, too: the penalty counts twice.",
                wrong(both=True),
            ),
            (
                "weight decay multiplies by 1 − λ: here it is 1 − ηλ.",
                wrong(decay="lam"),
            ),
            (
                "weight decay multiplies by 1 + ηλ: the weights grow.",
                wrong(decay="plus"),
            ),
            (
                "the shrinking comes after the step: then the step shrinks, too.",
                wrong(decay="after"),
            ),
            (
                "`decoupled` decays nothing: the weight is multiplied by 1 − ηλ.",
                wrong(decay="none"),
            ),
            (
                "without `decoupled` the gradient is g + λ w; yours has 2 λ w.",
                wrong(l2="double"),
            ),
            (
                "without `decoupled` the squares see g alone: the gradient with its "
                "penalty goes into both means.",
                wrong(l2="s"),
            ),
            (
                "λ w is subtracted from the gradient: the penalty is added.",
                wrong(sign=-1.0),
            ),
            ("the bias correction is missing.", wrong(hats=False)),
            (
                "`decoupled` is not looked at: ℓ2 both times.",
                lambda w, g, m, s, t, eta, lam, decoupled: wrong()(
                    w, g, m, s, t, eta, lam, False
                ),
            ),
            (
                "`decoupled` is not looked at: weight decay both times.",
                lambda w, g, m, s, t, eta, lam, decoupled: wrong()(
                    w, g, m, s, t, eta, lam, True
                ),
            ),
        ],
        **TIGHT,
    )


def _network_cost(x, y, W1, W2, mask, lam, half=0.5):
    total = 0.0
    for i, row in enumerate(x):
        hidden = [max(float(w @ row), 0.0) * mask[i, j] for j, w in enumerate(W1)]
        z = [float(w @ hidden) for w in W2]
        top = max(z)
        total += top + np.log(sum(np.exp(v - top) for v in z)) - z[y[i]]
    penalty = float(np.vdot(W1, W1) + np.vdot(W2, W2))
    return total / len(x) + half * lam * penalty


def _slopes(cost: Callable, W: np.ndarray, h: float = 1e-5) -> np.ndarray:
    slope = np.zeros(W.shape)
    for at in np.ndindex(*W.shape):
        ends = []
        for change in (h, -h):
            moved = W.copy()
            moved[at] += change
            ends.append(cost(moved))
        slope[at] = (ends[0] - ends[1]) / (2 * h)
    return slope


def cost_and_gradients(function: Callable, seed: int = 0) -> None:
    """Check `cost_and_gradients(x, y, W1, W2, mask, lam)` by finite differences."""
    rng = np.random.default_rng(seed)
    cases = []
    for m, n_0, n_1, k, lam in ((4, 3, 5, 3, 0.2), (3, 2, 3, 4, 0.05)):
        while True:  # no preactivation near the kink of ReLU
            x, W1 = rng.normal(size=(m, n_0)), rng.normal(size=(n_1, n_0))
            if np.abs(x @ W1.T).min() > 0.02:
                break
        W2, y = rng.normal(size=(k, n_1)), rng.integers(0, k, m)
        mask = _draw_mask(rng, (m, n_1), 0.4)
        mask[0, 0], mask[1, 0] = 0.0, 1 / 0.6
        values = {"x": x, "y": y, "W1": W1, "W2": W2, "mask": mask, "lam": lam}
        cases.append(Case(f"{m} examples, {n_1} hidden units", values))

    def differences(x, y, W1, W2, mask, lam):
        return (
            _network_cost(x, y, W1, W2, mask, lam),
            _slopes(lambda W: _network_cost(x, y, W, W2, mask, lam), W1),
            _slopes(lambda W: _network_cost(x, y, W1, W, mask, lam), W2),
        )

    def wrong(front="mask", back="mask", half=0.5, slope=1.0, mean=True, relu=True):
        def rule(x, y, W1, W2, mask, lam):
            m = len(x)
            masks = {"mask": mask, "none": 1.0, "zeros": mask > 0, "twice": mask**2}
            z1 = x @ W1.T
            a1 = np.maximum(z1, 0) * masks[front]
            z2 = a1 @ W2.T
            p = np.exp(z2 - z2.max(axis=1, keepdims=True))
            p /= p.sum(axis=1, keepdims=True)
            C = -np.log(p[np.arange(m), y]).mean()
            C += half * lam * (np.sum(W1**2) + np.sum(W2**2))
            delta = (p - np.eye(len(W2))[y]) / (m if mean else 1)
            first = delta @ W2 * masks[back] * ((z1 > 0) if relu else 1)
            return C, first.T @ x + slope * lam * W1, delta.T @ a1 + slope * lam * W2

        return rule

    verify(
        "cost_and_gradients",
        function,
        cases,
        differences,
        parts=("C", "dW1", "dW2"),
        mistakes=[
            (
                "the mask is not used on the way back: a unit that was dropped gets "
                "no gradient.",
                wrong(back="none"),
            ),
            (
                "on the way back only the zeros of the mask are used: its factor "
                "1/(1 − p) belongs there, too.",
                wrong(back="zeros"),
            ),
            (
                "the mask is used on the way back, not on the way forward.",
                wrong(front="none"),
            ),
            ("the mask is not used at all.", wrong(front="none", back="none")),
            ("the mask is applied twice on the way back.", wrong(back="twice")),
            ("the gradients lack the penalty's part λ W.", wrong(slope=0.0)),
            ("the cost lacks the penalty.", wrong(half=0.0)),
            ("the penalty is missing, in cost and gradients.", wrong(half=0, slope=0)),
            ("the ½ of the penalty is missing in the cost.", wrong(half=1.0)),
            (
                "the gradient of the penalty is 2 λ W: the ½ takes the 2 away.",
                wrong(slope=2.0),
            ),
            (
                "the penalty has no ½, in cost and gradients.",
                wrong(half=1.0, slope=2.0),
            ),
            (
                "the gradients are sums over the batch: the cost is a mean, so divide "
                "by m.",
                wrong(mean=False),
            ),
            ("the derivative of ReLU is missing on the way back.", wrong(relu=False)),
        ],
        rtol=1e-5,
        atol=1e-7,
    )


# --- choose_lambda --------------------------------------------------------------------


def _linear(rng, N: int, n: int, noise: float = 1.0):
    """Return X (N, n), centered, and y (N,) of a noisy linear rule."""
    X = rng.normal(size=(N, n)) @ (np.eye(n) + 0.4 * rng.normal(size=(n, n)))
    return X, X @ rng.normal(size=n) + noise * rng.normal(size=N)


def _ridge(X, y, lam):
    """Return ridge weights by least squares of a larger system, without XᵀX."""
    N, n = X.shape
    rows = np.vstack([X / np.sqrt(N), np.sqrt(lam) * np.eye(n)])
    return np.linalg.lstsq(rows, np.append(y / np.sqrt(N), np.zeros(n)), rcond=None)[0]


def _mse(X, y, w) -> float:
    return float(np.mean((X @ w - y) ** 2))


def ridge(function: Callable, seed: int = 0) -> None:
    """Check `ridge(X, y, lam)` against least squares of the system with √λ rows."""
    rng = np.random.default_rng(seed)
    cases = []
    for N, n, lam in ((30, 4, 0.5), (6, 9, 0.1), (25, 3, 3.0)):
        X, y = _linear(rng, N, n)
        label = f"{N} examples, {n} features, λ = {lam}"
        values = {"X": X, "y": y, "lam": lam}
        cases.append(Case(label, values, scales={"N": N, "n": n}))

    def wrong(scale=lambda N, lam: lam, add=np.eye, sign=1.0):
        def rule(X, y, lam):
            N, n = X.shape
            return np.linalg.solve(
                X.T @ X / N + sign * scale(N, lam) * add(n), X.T @ y / N
            )

        return rule

    verify(
        "ridge",
        function,
        cases,
        _ridge,
        mistakes=[
            (
                "XᵀX is not divided by N beside λ: your λ is N times too weak.",
                wrong(lambda N, lam: lam / N),
            ),
            ("your λ is N times too strong.", wrong(lambda N, lam: lam * N)),
            (
                "the penalty is missing: this is least squares.",
                lambda X, y, lam: np.linalg.lstsq(X, y, rcond=None)[0],
            ),
            ("λ is subtracted; it is added.", wrong(sign=-1.0)),
            (
                "λ is added to every entry of the matrix: it belongs on the diagonal.",
                wrong(add=lambda n: np.ones((n, n))),
            ),
            (
                "the penalty has no ½ in your form: λ counts twice.",
                wrong(lambda N, lam: 2 * lam),
            ),
            ("λ counts half.", wrong(lambda N, lam: lam / 2)),
            ("λ enters squared.", wrong(lambda N, lam: lam**2)),
            (
                "the right side is not divided by N, or the left side is, twice.",
                lambda X, y, lam: _ridge(X, y, lam) * len(X),
            ),
        ],
        **TIGHT,
    )


def path(function: Callable, seed: int = 0) -> None:
    """Check `path(X, y, X_val, y_val, lams)`: both mean squared errors for each λ."""
    rng = np.random.default_rng(seed)
    cases = []
    for N, M, n, lams in ((20, 13, 5, [0.01, 0.1, 1.0, 10.0]), (9, 30, 6, [2.0, 0.2])):
        X, y = _linear(rng, N + M, n)
        values = (X[:N], y[:N], X[N:], y[N:], np.array(lams))
        keys = ("X", "y", "X_val", "y_val", "lams")
        label = f"{N} to train, {M} to validate, {len(lams)} values of λ"
        scales = {"N": N}
        cases.append(Case(label, dict(zip(keys, values, strict=True)), scales))

    def loops(X, y, X_val, y_val, lams):
        table = []
        for lam in lams:
            w, row = _ridge(X, y, lam), []
            for A, b in ((X, y), (X_val, y_val)):
                errors = [(float(a @ w) - t) ** 2 for a, t in zip(A, b, strict=True)]
                row.append(sum(errors) / len(errors))
            table.append(row)
        train, val = zip(*table, strict=True)
        return np.array(train), np.array(val)

    def wrong(score=_mse, fit="train", measure=("train", "val"), fixed=False):
        def rule(X, y, X_val, y_val, lams):
            parts = {"train": (X, y), "val": (X_val, y_val)}
            parts["both"] = (np.vstack([X, X_val]), np.append(y, y_val))
            used = [lams[0]] * len(lams) if fixed else lams
            ws = [_ridge(*parts[fit], lam) for lam in used]
            return tuple(np.array([score(*parts[m], w) for w in ws]) for m in measure)

        return rule

    def own_fit(X, y, X_val, y_val, lams):
        val = [_mse(X_val, y_val, _ridge(X_val, y_val, lam)) for lam in lams]
        return loops(X, y, X_val, y_val, lams)[0], np.array(val)

    def penalized(X, y, X_val, y_val, lams):
        train, val = loops(X, y, X_val, y_val, lams)
        extra = [lam / 2 * np.sum(_ridge(X, y, lam) ** 2) for lam in lams]
        return train + extra, val + extra

    verify(
        "path",
        function,
        cases,
        loops,
        parts=("train", "val"),
        mistakes=[
            (
                "the validation part is used in the fit: then it cannot judge.",
                wrong(fit="both"),
            ),
            ("the fit is made on the validation part.", wrong(fit="val")),
            (
                "the validation error is that of weights fitted on the validation part "
                "itself: the weights of the training part are judged there.",
                own_fit,
            ),
            (
                "both errors are those of the training part.",
                wrong(measure=("train", "train")),
            ),
            (
                "both errors are those of the validation part.",
                wrong(measure=("val", "val")),
            ),
            (
                "training and validation error are exchanged.",
                wrong(measure=("val", "train")),
            ),
            (
                "the errors contain the penalty: it belongs to the fit, not to the "
                "judgment.",
                penalized,
            ),
            ("the errors have the ½ of the cost.", wrong(lambda *a: _mse(*a) / 2)),
            (
                "the root is taken: the mean squared error is asked for.",
                wrong(lambda *a: np.sqrt(_mse(*a))),
            ),
            (
                "the squared errors are added up: their mean is asked for.",
                wrong(lambda X, y, w: _mse(X, y, w) * len(y)),
            ),
            (
                "the absolute errors are averaged: their squares are asked for.",
                wrong(lambda X, y, w: np.mean(np.abs(X @ w - y))),
            ),
            ("the same λ is used every time.", wrong(fixed=True)),
        ],
        **TIGHT,
    )


def choose(function: Callable, seed: int = 0) -> None:
    """Check `choose(lams, errors)`: smallest error, of equal ones the largest λ."""
    rng = np.random.default_rng(seed)
    lams = 10.0 ** np.arange(-4, 3)
    orders = (np.arange(7), np.arange(7)[::-1], rng.permutation(7))
    cases = []
    for label, order in zip(("rising", "falling", "mixed"), orders, strict=True):
        errors = np.round(rng.uniform(2, 3, 7), 2)
        errors[2] = 1.5
        values = {"lams": lams[order], "errors": errors[order]}
        cases.append(Case(f"{label} order of λ", values))
    for label, order in zip(("rising", "falling", "mixed"), orders, strict=True):
        tied = np.array([3.0, 2.0, 1.25, 1.25, 1.25, 2.5, 4.0])
        values = {"lams": lams[order], "errors": tied[order]}
        cases.append(Case(f"three equal errors, {label} order of λ", values))

    def loop(lams, errors):
        best = None
        for lam, value in sorted(zip(lams, errors, strict=True)):
            if best is None or value <= best[1]:
                best = lam, value
        return float(best[0])

    def at(index, what="lams"):
        def rule(lams, errors):
            i = index(errors)
            return {"lams": lams[i], "errors": errors[i], "i": i}[what]

        return rule

    def first(e):
        return int(np.argmin(e))

    verify(
        "choose",
        function,
        cases,
        loop,
        mistakes=[
            (
                "of equal errors the first in the list came: take the largest λ, "
                "whatever the order.",
                at(first),
            ),
            (
                "of equal errors the last in the list came: take the largest λ, "
                "whatever the order.",
                at(lambda e: len(e) - 1 - int(np.argmin(e[::-1]))),
            ),
            (
                "of equal errors the smallest λ came: the larger one makes the simpler "
                "model.",
                lambda lams, errors: lams[errors == errors.min()].min(),
            ),
            (
                "this is the λ with the largest error.",
                at(lambda e: int(np.argmax(e))),
            ),
            ("the smallest error itself came: λ is asked for.", at(first, "errors")),
            ("an index came: the λ at this place is asked for.", at(first, "i")),
            ("the largest λ of all came.", lambda lams, errors: lams.max()),
            ("the smallest λ of all came.", lambda lams, errors: lams.min()),
            (
                "the mean of the equal ones came: take one entry of lams.",
                lambda lams, errors: lams[errors == errors.min()].mean(),
            ),
        ],
    )


STOPS = (  # patience, losses
    (2, (3.0, 2.0, 2.5, 1.5, 1.6, 1.7, 1.0)),
    (1, (1.0, 0.8, 0.9, 0.7)),
    (3, (5.0, 4.0, 4.0, 4.0, 4.0, 3.0)),
    (2, (2.0, 3.0, 1.9, 2.5, 1.8, 2.2, 2.1, 2.0)),
)


def _stopping(
    patience, losses, better=lambda a, b: a < b, row=True, late=0, best="best", count=0
):
    """Simulate a stopper; return what update gave, best and best_epoch, as lists."""
    said, smallest, where, waited, seen = [], float("inf"), -1, 0, []
    last = float("inf")
    for epoch, loss in enumerate(losses):
        if better(loss, last if best == "last" else smallest):
            smallest, where = loss, epoch
            waited = 0 if row else waited
        else:
            waited += 1
        last = loss
        said.append(waited >= patience + late)
        seen.append((smallest, where + count))
    return said, [b for b, _ in seen], [float(e) for _, e in seen]


def early_stopping(make: Callable, seed: int = 0) -> None:
    """Check the class `EarlyStopping(patience)` on sequences worked out by hand."""
    rng = np.random.default_rng(seed)
    runs = list(STOPS)
    if seed:
        runs += [
            (int(p), tuple(np.round(rng.uniform(0, 9, 12), 1).tolist()))
            for p in rng.integers(1, 4, 2)
        ]
    name = "EarlyStopping"
    new = call(make, 3, name=name)
    start = _attributes(name, new)
    if start != (float("inf"), -1):
        raise CheckFailed(
            f"✗ {name}: before the first update best and best_epoch are {start[0]} and "
            f"{start[1]}; inf and −1 are expected."
        )
    cases = []
    for patience, losses in runs:
        label = f"patience {patience}, losses {', '.join(f'{v:g}' for v in losses)}"
        cases.append(Case(label, {"patience": patience, "losses": list(losses)}))

    def ours(patience, losses):
        stopper = make(patience)
        said, best, where = [], [], []
        for loss in losses:
            answer = stopper.update(loss)
            if not isinstance(answer, bool | np.bool_):
                raise CheckFailed(
                    f"✗ {name}: update returned {answer!r}; True or False is expected."
                )
            said.append(bool(answer))
            values = _attributes(name, stopper)
            best.append(float(values[0]))
            where.append(float(values[1]))
        return said, best, where

    def by_hand(patience, losses):
        # from the whole sequence: where is the smallest so far, and how long ago?
        said, best, where = [], [], []
        for epoch in range(len(losses)):
            so_far = losses[: epoch + 1]
            best.append(min(so_far))
            where.append(float(so_far.index(best[-1])))
            said.append(epoch - where[-1] >= patience)
        return said, best, where

    def slip(**slips):
        return lambda patience, losses: _stopping(patience, losses, **slips)

    verify(
        name,
        ours,
        cases,
        by_hand,
        parts=("update", "best", "best_epoch"),
        mistakes=[
            (
                "all epochs without improvement are counted: the count starts again "
                "after a new smallest loss.",
                slip(row=False),
            ),
            (
                "each loss is compared with the one before: it is compared with the "
                "smallest so far.",
                slip(best="last"),
            ),
            (
                "an equal loss counts as a new smallest one.",
                slip(better=lambda a, b: a <= b),
            ),
            (
                "the training stops one epoch too late: after `patience` epochs "
                "without improvement, not after one more.",
                slip(late=1),
            ),
            ("the training stops one epoch too early.", slip(late=-1)),
            (
                "the largest loss is taken for the best.",
                lambda p, losses: _stopping(
                    p, losses, better=lambda a, b: a > b or b == float("inf")
                ),
            ),
            ("the epochs are counted from 1: from 0 is asked for.", slip(count=1)),
            (
                "True and False are exchanged: True means stop.",
                lambda p, losses: (
                    [not s for s in by_hand(p, losses)[0]],
                    *by_hand(p, losses)[1:],
                ),
            ),
        ],
    )


def _attributes(name: str, stopper) -> tuple:
    try:
        return stopper.best, stopper.best_epoch
    except AttributeError as error:
        raise CheckFailed(
            f"✗ {name}: {error}: keep best and best_epoch as attributes of self."
        ) from None


def descend_early(function: Callable, seed: int = 0) -> None:
    """Check `descend_early(X, y, X_val, y_val, eta, patience, epochs)`."""
    rng = np.random.default_rng(seed)
    keys = ("X", "y", "X_val", "y_val", "eta", "patience", "epochs")
    cases = []
    for label, patience, epochs, wiggle in (
        ("a clear minimum", 3, 60, 0.0),
        ("a patience that pays", 6, 60, 1.0),
        ("the epochs run out", 50, 20, 0.0),
    ):
        while True:  # an instance that tells the mistakes apart
            X, y = _linear(rng, 14, 8, 2.0)
            X_val, y_val = _linear(rng, 10, 8, 1.0)
            eta = (1.7 if wiggle else 0.7) * 14 / np.linalg.norm(X, 2) ** 2
            args = (X, y, X_val, y_val, eta, patience, epochs)
            w, best, last = _early(*args)
            if 2 <= best < last - 1 and np.abs(w).max() > 0.05:
                break
        cases.append(Case(label, dict(zip(keys, args, strict=True)), {"N": 14}))

    def slip(**slips):
        return lambda *args: _early(*args, **slips)[:2]

    verify(
        "descend_early",
        function,
        cases,
        lambda *args: _replay(*args),
        parts=("w", "epoch"),
        mistakes=[
            (
                "these are the weights of the last epoch: those of the best one are "
                "asked for. (Did `best` change with `w`, because both are one array?)",
                slip(give="last"),
            ),
            (
                "these are the weights and the number of the last epoch.",
                slip(give="end"),
            ),
            (
                "these are the weights before the step of the best epoch.",
                slip(give="before"),
            ),
            (
                "the training error decides: it always falls. The validation part "
                "must.",
                slip(watch="train"),
            ),
            (
                "the gradient uses the validation part, too.",
                slip(learn="both"),
            ),
            ("the gradient is a sum: divide by N.", slip(scale="sum")),
            ("the gradient has a factor 2: the cost has the ½.", slip(scale="two")),
            (
                "the training is not stopped: a later epoch, beyond the patience, is "
                "taken for the best.",
                slip(stop=False),
            ),
            ("the epoch is counted from 1: from 0 is asked for.", slip(count=1)),
            (
                "the epoch at which the training stopped came: the best one is asked "
                "for.",
                slip(give="stopped"),
            ),
        ],
        rtol=1e-6,
        atol=1e-8,
    )


def _early(
    X,
    y,
    X_val,
    y_val,
    eta,
    patience,
    epochs,
    give="best",
    watch="val",
    learn="train",
    scale="mean",
    stop=True,
    count=0,
):
    w = np.zeros(X.shape[1])
    best, where, smallest = w, -1, np.inf
    A, b = (X, y) if learn == "train" else (np.vstack([X, X_val]), np.append(y, y_val))
    factor = {"mean": 1 / len(A), "sum": 1.0, "two": 2 / len(A)}[scale]
    for epoch in range(epochs):
        old, w = w, w - eta * factor * A.T @ (A @ w - b)
        loss = _mse(X_val, y_val, w) if watch == "val" else _mse(X, y, w)
        if loss < smallest:
            smallest, where = loss, epoch
            best = old if give == "before" else w
        if stop and epoch - where >= patience:
            break
    chosen = w if give in ("last", "end") else best
    number = epoch if give in ("end", "stopped") else where
    return chosen, number + count, epoch


def _replay(X, y, X_val, y_val, eta, patience, epochs):
    """Return the expected result from powers of the descent's matrix, not by a loop."""
    values, V = np.linalg.eigh(X.T @ X / len(X))
    right = V.T @ (X.T @ y / len(X))

    def after(steps):  # Σ (1 − ηλ)^j, j < steps, for each eigenvalue λ
        powers = 1 - (1 - eta * values) ** steps
        flat = np.abs(values) < 1e-12
        safe = np.where(flat, 1.0, values)
        return V @ (right * np.where(flat, eta * steps, powers / safe))

    losses = [_mse(X_val, y_val, after(t + 1)) for t in range(epochs)]
    end = next(
        (t for t in range(epochs) if t - int(np.argmin(losses[: t + 1])) >= patience),
        epochs - 1,
    )
    best = int(np.argmin(losses[: end + 1]))
    return after(best + 1), best


def _three_parts(seed: int) -> list[Case]:
    """Return splits of the patients on which the honest choice and others differ."""
    from sklearn.datasets import load_diabetes

    X, y = load_diabetes(return_X_y=True, scaled=False)
    rng = np.random.default_rng(seed)
    lams = 10.0 ** np.arange(-4, 2)
    while True:
        order = rng.permutation(len(X))
        a, b, c, d = (order[:60], order[60:120], order[120:180], order[180:])
        tests = {"test part": (X[c], y[c]), "another test part": (X[d], y[d])}
        train, val = (X[a], y[a]), (X[b], y[b])
        picks = [_report(train, val, test, lams) for test in tests.values()]
        cheats = [_report(train, val, test, lams, by="test") for test in tests.values()]
        own = _report(train, val, val, lams, by="train")
        inside = lams[1] < picks[0][0] < lams[-1]
        if (
            inside
            and all(p[0] != q[0] for p, q in zip(picks, cheats, strict=True))
            and own[0] != picks[0][0]
        ):
            break
    keys = ("train", "val", "test", "lams")
    return [
        Case(label, dict(zip(keys, (train, val, test, lams), strict=True)))
        for label, test in tests.items()
    ]


def _report(
    train,
    val,
    test,
    lams,
    by="val",
    scale="train",
    refit="train",
    measure="test",
    center=True,
    order=1,
    targets_too=True,
):
    """Return (λ, error) with one step done in another way, named by the argument."""
    parts = {"train": train, "val": val, "test": test}
    pools = {
        "train": [train],
        "all": [train, val, test],
        "train and val": [train, val],
    }

    def pool(name):
        return tuple(np.concatenate([part[i] for part in pools[name]]) for i in (0, 1))

    X, y = pool("train" if scale in ("each", "none") else scale)
    mean, std = X.mean(axis=0), X.std(axis=0)
    if scale == "none":
        mean, std = 0 * mean, 0 * std + 1
    middle = (y if targets_too else train[1]).mean() if center else 0.0

    def ready(part):
        A, b = part
        if scale == "each":
            return (A - A.mean(axis=0)) / A.std(axis=0), b - b.mean()
        return (A - mean) / std, b - middle

    fitted = [_ridge(*ready(train), lam) for lam in lams]
    errors = np.array([_mse(*ready(parts[by]), w) for w in fitted])
    best = errors.min() if order == 1 else errors.max()
    lam = max(lam for lam, e in zip(lams, errors, strict=True) if e == best)
    w = _ridge(*ready(pool(refit)), lam)
    if measure == "shrunk":
        A, b = ready(test)
        return lam, _mse(A, b / pool("train")[1].std(), w / pool("train")[1].std())
    return lam, _mse(*ready(parts[measure]), w)


def report(function: Callable, seed: int = 0) -> None:
    """Check `report(train, val, test, lams)` on patients with two test parts.

    The two cases have the same training and validation part, and λ must be the same.
    The splits are such that a choice by the test part gives another λ.
    """
    cases = _three_parts(seed)

    def slip(**slips):
        return lambda *args: _report(*args, **slips)

    verify(
        "report",
        function,
        cases,
        _report,
        parts=("lam", "error"),
        mistakes=[
            (
                "λ is chosen on the test part: it changes when the test part does, and "
                "the error that you report is too good. The validation part chooses; "
                "the test part is looked at once, at the end.",
                slip(by="test"),
            ),
            (
                "λ is chosen on the training part: that favors the smallest λ every "
                "time.",
                slip(by="train"),
            ),
            (
                "the validation error is reported: it was used for the choice, so it "
                "is too good. The test part is asked for.",
                slip(measure="val"),
            ),
            ("the training error is reported.", slip(measure="train")),
            *(
                (
                    f"leakage: mean and standard deviation are those of {pool}.",
                    slip(scale=scale, targets_too=targets_too),
                )
                for scale, pool in (
                    ("all", "all three parts"),
                    ("train and val", "training and validation part together"),
                )
                for targets_too in (True, False)
            ),
            (
                "each part is scaled by its own mean and standard deviation: one scale "
                "for all, from the training part.",
                slip(scale="each"),
            ),
            (
                "the features are not scaled: then one λ means something else for "
                "each of them.",
                slip(scale="none"),
            ),
            (
                "the mean of y is not subtracted: there is no intercept without it.",
                slip(center=False),
            ),
            (
                "the weights are fitted on training and validation part together: here "
                "those of the training part are asked for.",
                slip(refit="train and val"),
            ),
            (
                "the weights are fitted on all parts, the test part included.",
                slip(refit="all"),
            ),
            ("the λ with the largest validation error came.", slip(order=-1)),
            (
                "the error is in units of the scaled y: undo the scaling.",
                slip(measure="shrunk"),
            ),
            (
                "the root is taken: the mean squared error is asked for.",
                lambda *args: (_report(*args)[0], np.sqrt(_report(*args)[1])),
            ),
        ],
        rtol=1e-5,
        atol=1e-8,
    )
