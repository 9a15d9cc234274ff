"""Checks of `gradient_descent/descent` and `gradient_descent/optimizers`.

`numerical_gradient` and `minibatches` are steps of the exercises on backpropagation,
too, and are checked by the same functions. Paths and optimizers are compared with
closed forms of linear algebra and with `torch.optim`; the mistakes are variants of one
formula, switched on by name.
"""

from collections.abc import Callable

import numpy as np

from .backpropagation import minibatches, numerical_gradient
from .core import Case, CheckFailed, call, passed, verify

__all__ = [
    "adam_step",
    "best_rate",
    "descend",
    "downhill_directions",
    "largest_rate",
    "minibatch_gradient",
    "minibatches",
    "momentum_step",
    "numerical_gradient",
    "peaks",
    "rmsprop_step",
    "train",
    "which_minimum",
]

# Newton's method on the gradient, in the notebook; the deepest first
MINIMA = np.array([[0.228279, -1.625535], [-1.347396, 0.204519], [0.296446, 0.320196]])


# --- descent --------------------------------------------------------------------------


def descend(function: Callable, seed: int = 0) -> None:
    """Check `descend(gradient, v, eta, steps)` → path (steps + 1, n).

    On a bowl the expected path is (I − ηH)^t v, by powers of the matrix; on a cost that
    is not quadratic it is written out.
    """
    rng = np.random.default_rng(seed)
    cases = []
    for n, eta, steps in ((2, 0.1, 6), (3, 0.05, 9), (4, 0.2, 1)):
        H = _bowl(rng, n)
        args = {
            "gradient": lambda v, H=H: H @ v,
            "v": rng.normal(size=n),
            "eta": eta,
            "steps": steps,
        }
        cases.append(Case(f"a bowl, {n} parameters, {steps} steps", args))
    cubic = {
        "gradient": lambda v: v**3 - 2 * v,
        "v": rng.uniform(0.5, 1, size=2),
        "eta": 0.1,
        "steps": 12,
    }
    cases.append(Case("a cost that is no bowl, 12 steps", cubic))

    def path(sign=-1.0, rate="eta", at="last", first=0, extra=0, unit=False):
        def walk(gradient, v, eta, steps):
            size = {"eta": eta, "one": 1.0}[rate]
            rows = [v]
            for _ in range(steps + extra):
                g = gradient(rows[0] if at == "first" else rows[-1])
                g = g / np.linalg.norm(g) if unit else g
                rows.append(rows[-1] + sign * size * g)
            return np.array(rows[first:])

        return walk

    def end_everywhere(gradient, v, eta, steps):
        return np.tile(path()(gradient, v, eta, steps)[-1], (steps + 1, 1))

    verify(
        "descend",
        function,
        cases,
        path(),
        mistakes=[
            ("the sign is wrong: + climbs. Subtract η times the gradient.", path(1)),
            ("η is missing: the whole gradient is subtracted.", path(rate="one")),
            (
                "η is missing, and the sign is wrong.",
                path(1, rate="one"),
            ),
            (
                "the path begins after the first step: its first row is the start.",
                path(first=1),
            ),
            (
                "the path begins after the first step, and there is one step too many.",
                path(first=1, extra=1),
            ),
            ("one step too few: steps + 1 rows, the start included.", path(extra=-1)),
            ("one step too many: steps + 1 rows, the start included.", path(extra=1)),
            (
                "every step uses the gradient at the start: compute it anew where the "
                "ball is.",
                path(at="first"),
            ),
            (
                "the gradient is divided by its length: the steps must shrink with it.",
                path(unit=True),
            ),
            (
                "all rows are the end of the path: the same array was stored again "
                "and again and changed in place. Store a new one each time.",
                end_everywhere,
            ),
            (
                "only the end came: the whole path is asked for.",
                lambda *a: path()(*a)[-1],
            ),
            (
                "the ball never moves: every row is the start.",
                lambda g, v, eta, steps: np.tile(v, (steps + 1, 1)),
            ),
        ],
    )


def largest_rate(function: Callable, seed: int = 0) -> None:
    """Check `largest_rate(H)` = 2/λ_max; λ_max by power iteration."""
    verify(
        "largest_rate",
        function,
        _bowls(seed),
        lambda H: 2 / _power(H),
        mistakes=[
            ("this is 1/λ_max: larger rates still converge.", _rate(1, "max")),
            (
                "this is 2/λ_min: the largest curvature sets the bound.",
                _rate(2, "min"),
            ),
            (
                "this is 2/(λ_min + λ_max), the best rate, not the bound.",
                _rate(2, "sum"),
            ),
            (
                "the entries of the diagonal are not the eigenvalues.",
                lambda H: 2 / np.diag(H).max(),
            ),
            ("this is λ_max itself.", lambda H: np.linalg.eigvalsh(H)[-1]),
            (
                "this is λ_max/2: the fraction is upside down.",
                lambda H: np.linalg.eigvalsh(H)[-1] / 2,
            ),
            ("this is 2 over the sum of all eigenvalues.", lambda H: 2 / np.trace(H)),
            ("this is 2/det H.", lambda H: 2 / np.linalg.det(H)),
            (
                "this is 2 over the largest entry of H, not its largest eigenvalue.",
                lambda H: 2 / H.max(),
            ),
        ],
        rtol=1e-5,
    )


def best_rate(function: Callable, seed: int = 0) -> None:
    """Check `best_rate(H)` = 2/(λ_min + λ_max); eigenvalues by power iteration."""
    verify(
        "best_rate",
        function,
        _bowls(seed),
        lambda H: 2 / (_power(H) + 1 / _power(np.linalg.inv(H))),
        mistakes=[
            (
                "this is 2/λ_max, the bound: the steepest direction no longer shrinks.",
                _rate(2, "max"),
            ),
            (
                "this is 1/λ_max: that ignores the flattest direction.",
                _rate(1, "max"),
            ),
            ("this is 1/(λ_min + λ_max): a factor 2 is missing.", _rate(1, "sum")),
            (
                "this is 2/(λ_max − λ_min): the flattest and the steepest direction "
                "shrink alike where 1 − ηλ_min = ηλ_max − 1.",
                _rate(2, "gap"),
            ),
            ("this is 2/λ_min.", _rate(2, "min")),
            (
                "the entries of the diagonal are not the eigenvalues.",
                lambda H: 2 / (np.diag(H).max() + np.diag(H).min()),
            ),
            (
                "this is 2 over the sum of all eigenvalues: only the smallest and the "
                "largest count.",
                lambda H: 2 / np.trace(H),
            ),
            ("this is λ_min + λ_max over 2: upside down.", _upside_down),
        ],
        rtol=1e-5,
    )


def peaks(function: Callable, seed: int = 0) -> None:
    """Check `peaks(v)` for v of shapes (2,), (2, 7) and (2, 3, 4), and at the minima.

    The expected heights are logarithms put together again, one term after the other.
    """
    rng = np.random.default_rng(seed)
    cases = [
        Case(f"v of shape {shape}", {"v": rng.uniform(-2, 2, size=shape)})
        for shape in ((2,), (2, 7), (2, 3, 4))
    ]
    cases.append(Case("the three minima", {"v": MINIMA.T.copy()}))

    def surface(
        signs=(1, -1, 1), third=1 / 3, powers=(3, 5), middle=-2, shifts=(1, 1), swap=0
    ):
        def height(v):
            x, y = (v[1], v[0]) if swap else (v[0], v[1])
            p, q = powers
            polynomial = 10 * x**p + middle * x + 10 * y**q
            return (
                signs[0] * 3 * (1 - x) ** 2 / np.exp(x * x + (y + shifts[0]) ** 2)
                + signs[1] * third / np.exp((x + shifts[1]) ** 2 + y * y)
                + signs[2] * polynomial / np.exp(x * x + y * y)
            )

        return height

    verify(
        "peaks",
        function,
        cases,
        surface(),
        mistakes=[
            ("x and y are exchanged: v[0] is x.", surface(swap=1)),
            (
                "x and y are taken from the last axis: they are v[0] and v[1].",
                lambda v: surface()(np.moveaxis(v[..., :2], -1, 0)),
            ),
            (
                "the second term is added: it is subtracted.",
                surface(signs=(1, 1, 1)),
            ),
            ("the last term is subtracted: it is added.", surface(signs=(1, -1, -1))),
            ("the factor ⅓ of the second term is missing.", surface(third=1)),
            ("the second term is missing.", surface(third=0)),
            ("the first term is missing.", surface(signs=(0, -1, 1))),
            ("the last term is missing.", surface(signs=(1, -1, 0))),
            ("y³ in place of y⁵.", surface(powers=(3, 3))),
            ("x⁵ in place of x³.", surface(powers=(5, 5))),
            ("the powers of x and y are exchanged.", surface(powers=(5, 3))),
            ("−2x is added with the wrong sign.", surface(middle=2)),
            ("the term −2x is missing.", surface(middle=0)),
            ("(y − 1)² in place of (y + 1)².", surface(shifts=(-1, 1))),
            ("(x − 1)² in place of (x + 1)².", surface(shifts=(1, -1))),
            (
                "the square of (x − 1) is missing.",
                lambda v: (
                    surface(signs=(0, -1, 1))(v)
                    + 3 * (v[0] - 1) * np.exp(-(v[0] ** 2) - (v[1] + 1) ** 2)
                ),
            ),
            (
                "−x**2 in the exponent became (−x)**2: the exponentials grow.",
                lambda v: (
                    3 * (v[0] - 1) ** 2 * np.exp(v[0] ** 2 - (v[1] + 1) ** 2)
                    - np.exp((v[0] + 1) ** 2 - v[1] ** 2) / 3
                    + (10 * v[0] ** 3 - 2 * v[0] + 10 * v[1] ** 5)
                    * np.exp(v[0] ** 2 - v[1] ** 2)
                ),
            ),
        ],
    )


def downhill_directions(function: Callable, seed: int = 0) -> None:
    """Check `downhill_directions(H)`; the matrices are built from their eigenvalues."""
    rng = np.random.default_rng(seed)
    cases = []
    for signs in ("++", "+-", "--", "+++", "++-", "+--", "++---", "+++++-"):
        sizes = rng.uniform(0.5, 3, size=len(signs))
        sizes[0] += 4  # so that the trace of a saddle is positive
        values = np.where([s == "+" for s in signs], sizes, -sizes)
        Q = np.linalg.qr(rng.normal(size=(len(signs),) * 2))[0]
        H = Q @ np.diag(values) @ Q.T
        cases.append(Case(f"eigenvalues with the signs {signs}", {"H": (H + H.T) / 2}))
    # a saddle whose diagonal is positive: the entries do not tell
    cases.append(Case("a positive diagonal", {"H": np.array([[1.0, 3.0], [3.0, 1.0]])}))

    def by(rule):
        return lambda H: int(rule(H, np.linalg.eigvalsh(H)))

    verify(
        "downhill_directions",
        function,
        cases,
        _negative_pivots,
        mistakes=[
            ("the uphill directions are counted.", by(lambda H, e: (e > 0).sum())),
            (
                "the diagonal of H is looked at: its eigenvalues tell.",
                by(lambda H, e: (np.diag(H) < 0).sum()),
            ),
            (
                "all negative entries of H are counted: its eigenvalues tell.",
                by(lambda H, e: (H < 0).sum()),
            ),
            (
                "the sign of the determinant tells only whether the number is odd.",
                by(lambda H, e: np.linalg.det(H) < 0),
            ),
            (
                "the result tells whether there is one: the number of them is asked "
                "for.",
                by(lambda H, e: (e < 0).any()),
            ),
            ("all eigenvalues are counted.", by(lambda H, e: len(e))),
            (
                "only the lowest and the highest eigenvalue are looked at.",
                by(lambda H, e: (e[[0, -1]] < 0).sum()),
            ),
        ],
    )


def which_minimum(function: Callable, seed: int = 0) -> None:
    """Check `which_minimum(start, eta, steps, minima)` → index, or −1.

    The expected answer follows the exact gradient in small steps of its own; the starts
    lie well inside a basin, where a small error of the gradient does no harm.
    """
    rng = np.random.default_rng(seed)

    def near(x, y):
        return np.array([x, y]) + rng.uniform(-0.05, 0.05, size=2)

    settings = {
        "a start near the deepest minimum": (near(0.2, -1.0), 0.01, 300, 0),
        "a start on a slope": (near(-1.2, -0.6), 0.02, 300, 1),
        "a start above the shallow minimum": (near(0.6, 0.7), 0.02, 300, 2),
        "a start on the plain, far away": (near(2.9, 2.9), 0.02, 200, -1),
        "a start at a minimum": (MINIMA[1] + rng.uniform(0, 0.02, 2), 0.02, 100, 1),
        "too few steps to arrive": (near(0.1, -0.7), 0.002, 10, -1),
        "a rate beyond the bound of the minimum": (near(0.25, -1.5), 0.07, 400, -1),
    }
    cases, wanted = [], {}
    orders = ((0, 1, 2), (2, 0, 1), (1, 2, 0))
    for i, (label, (start, eta, steps, end)) in enumerate(settings.items()):
        order = list(orders[i % 3])
        args = {"start": start, "eta": eta, "steps": steps, "minima": MINIMA[order]}
        cases.append(Case(label, args))
        wanted[start.tobytes()] = order.index(end) if end >= 0 else -1

    def ending(sign=-1.0, at=-1, limit=0.05, count=0, axis=None):
        def find(start, eta, steps, minima):
            v, rows = start, [start]
            for _ in range(steps):
                v = v + sign * eta * _slope(v)
                rows.append(v)
            gaps = minima - rows[at]
            gaps = gaps if axis is None else gaps[:, [axis]]
            d = np.linalg.norm(gaps, axis=1)
            return int(d.argmin()) + count if d.min() < limit else -1

        return find

    verify(
        "which_minimum",
        function,
        cases,
        lambda start, *rest: wanted[start.tobytes()],
        mistakes=[
            (
                "the nearest minimum comes, however far it is: −1 where none lies "
                "within 0.05.",
                ending(limit=np.inf),
            ),
            ("the indices are counted from 1.", ending(count=1)),
            ("the ball climbs: the sign of the step is wrong.", ending(1)),
            (
                "the start is compared with the minima, not the end.",
                ending(at=0, limit=np.inf),
            ),
            ("the start is compared with the minima, not the end.", ending(at=0)),
            ("only x is compared with the minima.", ending(axis=0)),
            ("only y is compared with the minima.", ending(axis=1)),
            ("the result is always −1.", lambda *a: -1),
        ],
    )


# --- optimizers -----------------------------------------------------------------------


def minibatch_gradient(function: Callable, seed: int = 0) -> None:
    """Check `minibatch_gradient(w, X, y, batch)` against central differences."""
    rng = np.random.default_rng(seed)
    cases = []
    for N, n, m in ((12, 3, 5), (7, 4, 4), (9, 2, 1), (6, 5, 6)):
        args = {
            "w": rng.normal(size=n),
            "X": rng.normal(size=(N, n)),
            "y": rng.normal(size=N),
            "batch": rng.permutation(N)[:m],
        }
        label = f"{m} of {N} examples, {n} weights"
        cases.append(Case(label, args, {"m": m, "n": n, "N": N}))

    def slope(w, X, y, batch, h=1e-4):
        def cost(w):
            return np.mean([0.5 * (X[i] @ w - y[i]) ** 2 for i in batch])

        return np.array(
            [(cost(w + u) - cost(w - u)) / (2 * h) for u in h * np.eye(w.size)]
        )

    def wrong(use="batch", over="m", sign=1.0, factor=1.0, target=1.0):
        def rule(w, X, y, batch):
            rows = {"batch": batch, "all": slice(None), "first": batch[:1]}[use]
            errors = sign * (X[rows] @ w - target * y[rows])
            size = {"m": len(errors), "N": len(y), "n": len(w), "sum": 1}[over]
            return factor * X[rows].T @ errors / size

        return rule

    verify(
        "minibatch_gradient",
        function,
        cases,
        slope,
        mistakes=[
            (
                "the minibatch is ignored: all examples are used.",
                wrong(use="all"),
            ),
            (
                "you divided by N, the number of all examples: the mean runs over the "
                "m of the minibatch.",
                wrong(over="N"),
            ),
            (
                "the gradients are summed over the minibatch: their mean is asked for.",
                wrong(over="sum"),
            ),
            ("you divided by the number of weights.", wrong(over="n")),
            (
                "the sign is wrong: the error is prediction minus target.",
                wrong(sign=-1),
            ),
            ("a factor 2 too many: the ½ of the cost cancels it.", wrong(factor=2)),
            ("the targets are forgotten.", wrong(target=0)),
            ("only the first example of the minibatch is used.", wrong(use="first")),
            (
                "the inputs are forgotten: this is the mean error.",
                lambda w, X, y, b: np.full(w.shape, np.mean(X[b] @ w - y[b])),
            ),
            (
                "the error of an example is divided by its prediction.",
                lambda w, X, y, b: X[b].T @ (1 - y[b] / (X[b] @ w)) / len(b),
            ),
        ],
        rtol=1e-6,
    )


def momentum_step(function: Callable, seed: int = 0) -> None:
    """Check `momentum_step(w, g, velocity, eta, mu)`, and 200 steps beside PyTorch."""
    cases = _steps(seed, ("velocity",), {"eta": (0.1, 0.03), "mu": (0.9, 0.7)})

    def step(sign=-1.0, size=1.0, inner=1.0, old=False, decay=True, ahead=False):
        def rule(w, g, v, eta, mu):
            new = (mu if decay else 1.0) * v + inner * g
            used = v if old else (g + mu * new if ahead else new)
            return w + sign * (eta if size else 1.0) * used, new

        return rule

    def inside(w, g, v, eta, mu):
        v = mu * v - eta * g
        return w + v, v

    def average(w, g, v, eta, mu):
        v = mu * v + (1 - mu) * g
        return w - eta * v, v

    verify(
        "momentum_step",
        function,
        cases,
        step(),
        parts=("w", "velocity"),
        mistakes=[
            ("the sign is wrong: w − η u goes downhill.", step(1)),
            ("η is missing in the step of w.", step(size=0)),
            (
                "η stands inside the velocity, u ← μu − ηg: PyTorch keeps it outside.",
                inside,
            ),
            (
                "η stands inside the velocity, u ← μu + ηg: PyTorch keeps it outside.",
                lambda w, g, v, eta, mu: (w - mu * v - eta * g, mu * v + eta * g),
            ),
            (
                "a factor 1 − μ too many: the velocity is a sum of gradients, not "
                "their average.",
                average,
            ),
            (
                "w moves with the old velocity: update the velocity first.",
                step(old=True),
            ),
            ("μ is missing: the velocity never fades.", step(decay=False)),
            (
                "the gradient is subtracted from the velocity.",
                step(inner=-1),
            ),
            (
                "the gradient is subtracted from the velocity, and w moves by + η u.",
                step(1, inner=-1),
            ),
            (
                "w moves by the gradient alone: the velocity is not used.",
                lambda w, g, v, eta, mu: (w - eta * g, mu * v + g),
            ),
            (
                "the old velocity is returned: the next step needs the new one.",
                lambda w, g, v, eta, mu: (w - eta * (mu * v + g), v),
            ),
            (
                "this is Nesterov's variant, which looks one step ahead.",
                step(ahead=True),
            ),
            (
                "μ multiplies the gradient: it multiplies the old velocity.",
                lambda w, g, v, eta, mu: (w - eta * (v + mu * g), v + mu * g),
            ),
        ],
    )
    eta, mu = 0.02, 0.9

    def run(w, g, state, t):
        return call(function, w, g, state[0], eta, mu, name="momentum_step")

    options = {"lr": eta, "momentum": mu}
    _beside_torch("momentum_step", run, "SGD", options, 1, seed)


def rmsprop_step(function: Callable, seed: int = 0) -> None:
    """Check `rmsprop_step(w, g, s, eta, alpha, eps)`, and 200 steps beside PyTorch."""
    options = {"eta": (0.1, 0.02), "alpha": (0.9, 0.99), "eps": (1e-3, 1e-2)}
    cases = _steps(seed, ("s",), options)

    def step(sign=-1.0, mix=0, inside=False, root=True, old=False, square=True):
        def rule(w, g, s, eta, alpha, eps):
            power = g**2 if square else g
            new = (
                alpha * s + (1 - alpha) * power,
                (1 - alpha) * s + alpha * power,
                alpha * s + power,
                s + power,
            )[mix]
            used = np.abs(s if old else new)
            below = (
                np.sqrt(used + eps)
                if inside
                else (np.sqrt(used) if root else used) + eps
            )
            return w + sign * eta * g / below, new

        return rule

    verify(
        "rmsprop_step",
        function,
        cases,
        step(),
        parts=("w", "s"),
        mistakes=[
            ("the sign is wrong: subtract.", step(1)),
            ("α and 1 − α are exchanged.", step(mix=1)),
            ("the factor 1 − α is missing.", step(mix=2)),
            ("this is AdaGrad: s is a sum here, and never fades.", step(mix=3)),
            (
                "ε stands under the root: PyTorch adds it to the root.",
                step(inside=True),
            ),
            ("the root is missing.", step(root=False)),
            ("w moves with the old s: update s first.", step(old=True)),
            ("the gradient is not squared in s.", step(square=False)),
            (
                "the old s is returned: the next step needs the new one.",
                lambda w, g, s, *o: (step()(w, g, s, *o)[0], s),
            ),
            (
                "g is missing in the step of w.",
                lambda w, g, s, eta, alpha, eps: (
                    w - eta / (np.sqrt(alpha * s + (1 - alpha) * g**2) + eps),
                    alpha * s + (1 - alpha) * g**2,
                ),
            ),
            ("ε is missing.", lambda w, g, s, a, b, c: step()(w, g, s, a, b, 0)),
        ],
    )
    eta, alpha, eps = 0.02, 0.97, 1e-6

    def run(w, g, state, t):
        return call(function, w, g, state[0], eta, alpha, eps, name="rmsprop_step")

    options = {"lr": eta, "alpha": alpha, "eps": eps}
    _beside_torch("rmsprop_step", run, "RMSprop", options, 1, seed)


def adam_step(function: Callable, seed: int = 0) -> None:
    """Check `adam_step(w, g, m, s, t, eta, beta1, beta2, eps)`, and 200 steps."""
    options = {
        "t": (1, 4),
        "eta": (0.1, 0.02),
        "beta1": (0.9, 0.8),
        "beta2": (0.99, 0.95),
        "eps": (1e-3, 1e-2),
    }
    cases = _steps(seed, ("m", "s"), options)

    def step(
        sign=-1.0, hats="ms", late=0, inside=False, root=True, square=True, keep=""
    ):
        def rule(w, g, m, s, t, eta, beta1, beta2, eps):
            m = beta1 * m + (1 - beta1) * g
            s = beta2 * s + (1 - beta2) * (g**2 if square else g)
            power = t + late
            m_hat = m / (1 - beta1**power) if "m" in hats else m
            s_hat = s / (1 - beta2**power) if "s" in hats else s
            size = np.abs(s_hat)
            below = (
                np.sqrt(size + eps)
                if inside
                else (np.sqrt(size) if root else size) + eps
            )
            new = w + sign * eta * m_hat / below
            return new, m_hat if "m" in keep else m, s_hat if "s" in keep else s

        return rule

    def exchanged(w, g, m, s, t, eta, beta1, beta2, eps):
        return step()(w, g, m, s, t, eta, beta2, beta1, eps)

    def weights(w, g, m, s, t, eta, beta1, beta2, eps):
        return step()(w, g, m, s, t, eta, 1 - beta1, 1 - beta2, eps)

    verify(
        "adam_step",
        function,
        cases,
        step(),
        parts=("w", "m", "s"),
        mistakes=[
            ("the sign is wrong: subtract.", step(1)),
            (
                "the bias correction is missing: divide m by 1 − β₁ᵗ and s by 1 − β₂ᵗ.",
                step(hats=""),
            ),
            ("the bias correction of s is missing.", step(hats="m")),
            ("the bias correction of m is missing.", step(hats="s")),
            (
                "the step number is one too large in the bias correction: t starts at "
                "1.",
                step(late=1),
            ),
            (
                "m̂ and ŝ are returned: the next step goes on with m and s without "
                "the hats.",
                step(keep="ms"),
            ),
            ("m̂ is returned in place of m.", step(keep="m")),
            ("ŝ is returned in place of s.", step(keep="s")),
            ("ε stands under the root: it is added to the root.", step(inside=True)),
            ("the root is missing.", step(root=False)),
            ("the gradient is not squared in s.", step(square=False)),
            ("β₁ and β₂ are exchanged.", exchanged),
            ("β and 1 − β are exchanged.", weights),
            (
                "g stands in the step of w: it is m̂ that belongs there.",
                lambda w, g, m, s, t, eta, b1, b2, eps: (
                    w
                    - eta
                    * g
                    / (np.sqrt((b2 * s + (1 - b2) * g**2) / (1 - b2**t)) + eps),
                    b1 * m + (1 - b1) * g,
                    b2 * s + (1 - b2) * g**2,
                ),
            ),
            (
                "the old m and s are returned: the next step needs the new ones.",
                lambda w, g, m, s, *o: (step()(w, g, m, s, *o)[0], m, s),
            ),
            (
                "the bias correction multiplies by t in place of the power t.",
                lambda w, g, m, s, t, eta, b1, b2, eps: (
                    w
                    - eta
                    * ((b1 * m + (1 - b1) * g) / (1 - b1 * t))
                    / (
                        np.sqrt(np.abs((b2 * s + (1 - b2) * g**2) / (1 - b2 * t))) + eps
                    ),
                    b1 * m + (1 - b1) * g,
                    b2 * s + (1 - b2) * g**2,
                ),
            ),
            (
                "the bias correction divides by 1 − β, as if t were always 1.",
                lambda w, g, m, s, t, *o: step()(w, g, m, s, 1, *o),
            ),
        ],
    )
    eta, betas, eps = 0.01, (0.9, 0.99), 1e-8

    def run(w, g, state, t):
        args = (w, g, *state, t, eta, *betas, eps)
        return call(function, *args, name="adam_step")

    options = {"lr": eta, "betas": betas, "eps": eps}
    _beside_torch("adam_step", run, "Adam", options, 2, seed)


def train(function: Callable, seed: int = 0) -> None:
    """Check `train(X, y, m, eta, mu, epochs, seed)` by the weights that fit exactly.

    200 examples of 5 inputs of unequal size; 30 epochs of minibatches of 16, η = 0.02,
    μ = 0.9. A right answer came within 1e-8 for each of 200 seeds; the bar is 0.01.
    """
    name, rng = "train", np.random.default_rng(seed)
    X = rng.normal(size=(200, 5)) * [1.0, 1.5, 0.6, 1.0, 1.2]
    exact = rng.uniform(1, 2, size=5) * rng.choice([-1, 1], size=5)
    y = X @ exact
    given = X.copy(), y.copy()
    w = call(function, *given, 16, 0.02, 0.9, 30, seed, name=name)
    if np.shape(w) != exact.shape:
        raise CheckFailed(
            f"✗ {name}: the weights, shape {exact.shape}, are expected; shape "
            f"{np.shape(w)} came."
        )
    w = np.asarray(w, dtype=float)
    if not np.isfinite(w).all():
        raise CheckFailed(
            f"✗ {name}: the weights are NaN or infinite: the training diverged.\n"
            "Likely mistake: the cost is climbed (a wrong sign), or gradients are "
            "summed over the minibatch where their mean is asked for."
        )
    gap = np.linalg.norm(w - exact) / np.linalg.norm(exact)
    if gap > 0.01:
        raise CheckFailed(
            f"✗ {name}: after 30 epochs the weights are {gap:.1%} away from those that "
            "fit exactly; at most 1 % is expected.\n"
            f"Likely mistake: {_why(X, y, w, gap)}"
        )
    for key, value, old in zip("Xy", given, (X, y), strict=True):
        if not np.array_equal(value, old):
            raise CheckFailed(
                f"✗ {name}: your function changed its argument {key} in place."
            )
    again = call(function, *given, 16, 0.02, 0.9, 30, seed, name=name)
    if not np.array_equal(again, w):
        raise CheckFailed(
            f"✗ {name}: the same seed gives other weights: is the generator made from "
            "`seed`?"
        )
    print(f"✓ {name}: {gap:.0e} away from the weights that fit exactly")


def _why(X, y, w, gap) -> str:
    """Return what the weights after training tell about what went wrong."""
    if np.all(w == 0):
        return "the weights are still 0: are the new w and velocity taken over?"
    if gap > 1:
        return "the weights run away: a wrong sign, or sums in place of means."
    slow = np.zeros(X.shape[1])
    for _ in range(30):  # one step an epoch, on all examples
        slow = slow - 0.02 * X.T @ (X @ slow - y) / len(y)
    if np.linalg.norm(w - slow) < 0.1 * np.linalg.norm(slow):
        return "about one plain step an epoch: each minibatch makes a step of its own."
    return (
        "too few steps or too small ones: is the velocity kept from step to step, does "
        "each epoch use all minibatches, and is w kept from epoch to epoch?"
    )


# --- cases and independent computations -----------------------------------------------


def _bowl(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return a symmetric matrix with eigenvalues between 0.5 and 6, off the axes."""
    values = np.linspace(0.5, 4, n) + rng.uniform(0, 1, size=n)
    Q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    H = Q @ np.diag(values) @ Q.T
    return (H + H.T) / 2


def _bowls(seed: int) -> list[Case]:
    rng = np.random.default_rng(seed)
    cases = [Case(f"H of shape ({n}, {n})", {"H": _bowl(rng, n)}) for n in (2, 3, 5)]
    cases.append(Case("a diagonal H", {"H": np.diag(rng.uniform(1, 9, size=4))}))
    return cases


def _power(H: np.ndarray) -> float:
    """Return the largest eigenvalue by repeated squaring: no library eigenvalues."""
    P = H / np.trace(H)
    for _ in range(20):
        P = P @ P
        P = P / np.trace(P)
    return float(np.trace(H @ P))


def _rate(factor: float, which: str) -> Callable:
    def rule(H):
        values = np.linalg.eigvalsh(H)
        low, high = values[0], values[-1]
        return (
            factor
            / {"max": high, "min": low, "sum": low + high, "gap": high - low}[which]
        )

    return rule


def _upside_down(H: np.ndarray) -> float:
    values = np.linalg.eigvalsh(H)
    return float(values[0] + values[-1]) / 2


def _negative_pivots(H: np.ndarray) -> int:
    """Count negative pivots: as many as negative eigenvalues (Sylvester's law)."""
    A, count = H.copy(), 0
    while A.size:
        i = int(np.argmax(np.abs(np.diag(A))))
        order = [i, *(j for j in range(len(A)) if j != i)]
        A = A[np.ix_(order, order)]
        count += int(A[0, 0] < 0)
        A = A[1:, 1:] - np.outer(A[1:, 0], A[0, 1:]) / A[0, 0]
    return count


def _slope(v: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Return the gradient of the surface, from central differences."""

    def height(x, y):  # one exponential of a sum for each of the three hills
        return (
            3 * (1 - x) ** 2 / np.exp(x * x + (y + 1) ** 2)
            - 1 / (3 * np.exp((x + 1) ** 2 + y * y))
            - 10 * (x / 5 - x**3 - y**5) / np.exp(x * x + y * y)
        )

    x, y = v
    return np.array(
        [
            (height(x + h, y) - height(x - h, y)) / (2 * h),
            (height(x, y + h) - height(x, y - h)) / (2 * h),
        ]
    )


def _steps(seed: int, state: tuple[str, ...], options: dict) -> list[Case]:
    """Return three cases of one step: two shapes, and a first step from zero state."""
    rng = np.random.default_rng(seed)
    cases = []
    for label, shape, i in (
        ("a step on the way, 4 weights", (4,), 1),
        ("a matrix of weights", (3, 2), 1),
        ("the first step, state 0", (5,), 0),
    ):
        args = {"w": rng.normal(size=shape), "g": rng.normal(size=shape)}
        for name in state:
            values = rng.uniform(0.5, 2, size=shape)
            args[name] = values if i else np.zeros(shape)
        args |= {name: values[i] for name, values in options.items()}
        cases.append(Case(label, args))
    return cases


def _beside_torch(
    name: str, run: Callable, optimizer: str, options: dict, states: int, seed: int
) -> None:
    """Take 200 steps with the student's function and with torch.optim, and compare."""
    try:
        import torch
    except ModuleNotFoundError:  # in the browser: the formulas have been checked
        return
    rng = np.random.default_rng(seed)
    w = rng.normal(size=6)
    theirs = torch.nn.Parameter(torch.tensor(w))
    library = getattr(torch.optim, optimizer)([theirs], **options)
    state = [np.zeros(6) for _ in range(states)]
    for t in range(1, 201):
        g = rng.normal(size=6) * 10 ** rng.uniform(-2, 2, size=6)
        w, *state = run(w, g, state, t)
        theirs.grad = torch.tensor(g)
        library.step()
        expected = theirs.detach().numpy()
        if not np.allclose(w, expected, rtol=1e-9, atol=1e-10):
            gap = np.abs(w - expected).max()
            raise CheckFailed(
                f"✗ {name}: step {t} beside torch.optim.{optimizer}: the largest "
                f"difference is {gap:.3g}.\nLikely mistake: single steps are right, so "
                "something is kept or rounded between the calls."
            )
    passed(f"{name} beside torch.optim.{optimizer}", 200, "step")
