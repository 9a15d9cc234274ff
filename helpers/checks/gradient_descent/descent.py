"""Checks of the sheet `gradient_descent/descent`: from differences to valleys."""

import dataclasses
import functools
import itertools
from collections.abc import Iterator
from math import exp

import numpy as np

from ..backpropagation import four_equations
from ..engine import Case, Step

# Newton's method on the gradient, in the notebook; the deepest first
MINIMA = np.array([[0.228279, -1.625535], [-1.347396, 0.204519], [0.296446, 0.320196]])


def _numerical(slip, cost, theta, eps):
    near, far = (
        four_equations._numerical(slip, cost, theta, h) for h in (eps, 2 * eps)
    )
    g = slip((4 * near - far) / 3, plain=near, far=far, mean=(near + far) / 2)
    g = slip(g, linear=2 * near - far, added=(4 * near + far) / 5)
    g = slip(g, toward=near + (far - near) / 3)
    g = slip(g, thrice=4 * near - far, fourth=(16 * near - far) / 15)
    g = slip(g, far_twice=(4 * near - 2 * far) / 3, near_half=(2 * near - far) / 3)
    return slip(g, turned=(4 * far - near) / 3, gap=(near - far) / 3)


def _cost(rng, n):
    """Return a cost of n parameters with high derivatives, which errors contain."""
    A, c = rng.normal(size=(n, n)), rng.normal(size=n)
    return lambda v: float(np.sum(np.exp(0.6 * (A @ v))) + c @ v**3)


def _slanted(rng) -> Iterator[Case]:
    for n, eps in ((4, 0.1), (3, 0.3), (6, 0.2)):
        args = {"cost": _cost(rng, n), "theta": rng.normal(size=n), "eps": eps}
        yield Case(f"{n} parameters, eps = {eps}", args)


def _cubic(theta):
    """θ₁³ + 3 θ₂."""
    return float(theta[0] ** 3 + 3 * theta[1])


REST = "an error of order ε² remains."
numerical_gradient = dataclasses.replace(
    four_equations.numerical_gradient,
    reference=_numerical,
    cases=_slanted,
    texts=four_equations.numerical_gradient.texts
    | {
        "plain": f"this is D(ε), the notebook's: {REST} Combine it with D(2ε).",
        "far": f"this is D(2ε) alone: {REST}",
        "mean": f"the mean of D(ε) and D(2ε) came: {REST}",
        "linear": "the error is taken to double with the step: it grows fourfold.",
        "added": "a weighted mean came: errors of the same sign do not cancel in it.",
        "toward": "the error of D(ε) is added: take it away.",
        "thrice": "three times the slope came: divide what is left by 3.",
        "fourth": "these are the weights for an error of order ε⁴: it is of order ε².",
        "far_twice": "D(2ε) is divided by 2ε: its points are 4ε apart.",
        "near_half": "D(ε) is divided by 4ε: its points are 2ε apart.",
        "turned": "D(ε) and D(2ε) are exchanged.",
        "gap": "this is the error of D(ε): the slope without it is asked for.",
        "halved": "the steps are ε/2 and ε: they are ε and 2ε.",
    },
    demands={
        "For each parameter $i$": ["all_at_once", "last_0", "number"],
        "the central difference": ["forward", "backward", "one_side"],
        "{2\\varepsilon}": ["by_eps", "no_division", "times"],
        "so that this error cancels": ["plain", "far", "mean", "linear"],
        "and the slope remains": ["gap", "turned"],
        "`eps`: the step": ["halved", "fixed"],
        "`theta` stays as it was": ["piled"],
    },
    why="A gradient is a list of slopes, one for each parameter: move this one a "
    "little and leave all others where they are. Stepping to both sides leaves an "
    "error that grows with the square of the step. Two steps tell how large it is: "
    "what D(2ε) and D(ε) differ by is three times the error of D(ε). Afterward the "
    "point must be what it was.",
    see="The way down",
    goal="say in advance by how much a step will lower it",
    small=lambda: Case("", {"cost": _cubic, "theta": np.array([2.0, 1.0]), "eps": 0.1}),
)


# --- descend --------------------------------------------------------------------------


def _descend(slip, gradient, v, eta, steps, tol):
    path, flat = [slip(v, from_0=0 * v)], False
    for t in range(slip(steps, one_less=steps - 1, one_more=steps + 1)):
        g = gradient(slip(path[-1], at_start=v))
        length = slip(np.linalg.norm(g), largest=np.abs(g).max(), squared=g @ g)
        length = slip(length, sizes=np.abs(g).sum(), smallest=np.abs(g).min())
        length, before = slip(length, move=eta * np.linalg.norm(g)), flat
        flat = bool(length < tol)
        flat = slip(flat, at_most=bool(length <= tol))
        if slip(flat, never=False, late=before, beyond=length > tol):
            break
        g = slip(g, unit=lambda g=g: g / np.linalg.norm(g))
        rate = slip(eta, no_eta=1.0, fades=eta / (t + 1))
        at = slip(path[-1], from_start=v)
        path.append(at + slip(-rate * g, climbs=rate * g))
    path = slip(path, no_end=path[:-1] if flat else path)
    left = steps + 1 - len(path)
    path = slip(path, filled=[*path, *path[-1:] * left], zeros=[*path, *[0 * v] * left])
    path = slip(np.reshape(path, (-1, len(v))), no_start=np.array(path[1:]))
    end = path[[0] + [-1] * (len(path) - 1)] if len(path) else path
    path = slip(path, end_only=lambda: path[-1])
    path = slip(path, same=0 * path + end[-1:])
    return slip(path, same_after=end, moves=np.diff(path, axis=0))


def _paths(rng) -> Iterator[Case]:
    for n, eta, steps, stop in ((2, 0.1, 6, 9), (3, 0.05, 40, 23), (4, 0.2, 1, 9)):
        H, v = _bowl(rng, n), rng.normal(size=n)
        sizes = [
            np.linalg.norm(H @ np.linalg.matrix_power(np.eye(n) - eta * H, t) @ v)
            for t in (stop - 1, stop)
        ]
        args = {"gradient": lambda v, H=H: H @ v, "v": v, "eta": eta, "steps": steps}
        label = f"a bowl, {n} parameters, at most {steps} steps"
        yield Case(label, args | {"tol": float(np.sqrt(np.prod(sizes)))})
    args = {"gradient": lambda v: v**3 - 2 * v, "v": rng.uniform(0.5, 1, size=2)}
    args |= {"eta": 0.1, "steps": 12, "tol": 0.0}
    yield Case("a cost that is no bowl, 12 steps", args)
    bowl = {"gradient": lambda v: 2 * v, "v": rng.uniform(0.8, 1.2, size=4)}
    yield Case("a round bowl", bowl | {"eta": 0.1, "steps": 30, "tol": 0.2})
    args |= {"v": np.sqrt(2) + rng.uniform(0.001, 0.002, size=2), "tol": 0.1}
    yield Case("a start at which the slope is small", args)
    args = {"gradient": lambda v: 2 * v, "v": np.array([3.0, -4.0]), "eta": 0.1}
    yield Case("a slope of just tol", args | {"steps": 9, "tol": 10.0})


def _slopes(v):
    """(v₁, 4 v₂)."""
    return v * [1.0, 4.0]


AGAIN = "the same array was stored again and again and changed in place. Store a new "
descend = Step(
    "descend",
    _descend,
    _paths,
    texts={
        "from_0": "the path starts at 0, not at v.",
        "one_less": "one step too few: at most steps + 1 rows, with the start.",
        "one_more": "one step too many: at most steps + 1 rows, with the start.",
        "at_start": "every step uses the gradient at the start: compute it anew.",
        "unit": "the gradient is divided by its length: the steps must shrink with it.",
        "no_eta": "η is missing: the whole gradient is subtracted.",
        "fades": "η is divided by the number of the step: it is constant.",
        "from_start": "each step sets out from the start again.",
        "climbs": "the sign is wrong: + climbs. Subtract η times the gradient.",
        "no_start": "the path begins after the first step: its first row is the start.",
        "end_only": "only the end came: the whole path is asked for.",
        "same": f"all rows are the end of the path: {AGAIN}one each time.",
        "same_after": f"all rows but the first are the end: {AGAIN}one each time.",
        "moves": "these are the moves from row to row, not the path.",
        "never": "it goes on where the slope is smaller than tol.",
        "late": "one step too many is taken where the slope is smaller than tol: look "
        "before the step.",
        "beyond": "it stops where the slope is larger than tol.",
        "at_most": "it stops where the slope is just tol: that is not smaller.",
        "largest": "the largest entry of the gradient is compared with tol.",
        "sizes": "the sum of the |entries| of the gradient is compared with tol.",
        "smallest": "the smallest entry of the gradient is compared with tol.",
        "squared": "the square of the length is compared with tol.",
        "move": "the length of the step, η‖∇C‖, is compared with tol: ‖∇C‖ is meant.",
        "no_end": "the place at which it stops is missing: it is the last row.",
        "filled": "the path is filled up to steps + 1 rows: it ends where it stops.",
        "zeros": "rows of 0 follow the end of the path: cut them off.",
    },
    demands={
        "gradient descent": ["climbs", "no_eta", "unit"],
        "a constant learning rate": ["fades"],
        "the gradient there": ["at_start"],
        "`v`: the start": ["from_0"],
        "`steps`: at most so many steps": ["one_less", "one_more"],
        "before the first step at which": ["late", "never", "beyond"],
        "is smaller than `tol`": ["largest", "squared", "at_most"],
        "Returns the path": ["end_only", "moves", "same"],
        "whose first row is the start": ["no_start"],
        "the last one is the place at which it stops": ["no_end", "filled", "zeros"],
    },
    why="The gradient points uphill, so the ball moves against it, by η times its "
    "length. Where the ground is flat the steps become small by themselves, and "
    "nobody knows in advance how many it takes to get there: the length of the "
    "gradient tells. The length of the step does not, since a small η makes small "
    "steps on a steep slope, too. Each step needs the slope at the place that the "
    "last one reached.",
    see="The way down",
    goal="say in advance by how much a step will lower it",
    small=lambda: Case(
        "",
        {"gradient": _slopes, "v": np.array([2.0, 1.0]), "eta": 0.1}
        | {"steps": 9, "tol": 4.0},
    ),
)


# --- the rates of a bowl --------------------------------------------------------------


def _bowl(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return a symmetric matrix with eigenvalues between 0.5 and 6, off the axes."""
    values = np.linspace(0.5, 4, n) + rng.uniform(0, 1, size=n)
    Q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    H = Q @ np.diag(values) @ Q.T
    return (H + H.T) / 2


def _bowls(rng) -> Iterator[Case]:
    for n in (2, 3, 5, 3, 4, 6):
        yield Case(f"H of shape ({n}, {n})", {"H": _bowl(rng, n)})
    yield Case("a diagonal H", {"H": np.diag(rng.uniform(1, 9, size=4))})


def _eigenvalues(slip, H):
    e = np.linalg.eigvalsh(H)
    return slip(e, diagonal=np.sort(np.diag(H)), unsorted=np.linalg.eigvals(H))


def _largest(slip, H):
    e = _eigenvalues(slip, H)
    bottom = slip(e[-1], flattest=e[0], ends=e[0] + e[-1], trace=e.sum())
    bottom = slip(bottom, product=e.prod(), length=np.linalg.norm(H), mean=e.mean())
    return slip(2 / bottom, one=1 / bottom, upside_down=bottom / 2, itself=bottom)


def _best(slip, H):
    e = _eigenvalues(slip, H)
    bottom = slip(e[0] + e[-1], bound=e[-1], flattest=e[0], gap=e[-1] - e[0])
    bottom = slip(bottom, trace=e.sum(), two_largest=e[-1] + e[-2], mean=e.mean())
    rate = slip(2 / bottom, one=1 / bottom, upside_down=bottom / 2)
    rate = slip(rate, newton=1 / e[-1], apart=1 / e[0] + 1 / e[-1])
    rate = slip(rate, momentum=4 / (np.sqrt(e[0]) + np.sqrt(e[-1])) ** 2)
    return slip(rate, factor=(e[-1] - e[0]) / (e[-1] + e[0]))


EIGENVALUES = {
    "diagonal": "the entries of the diagonal are not the eigenvalues.",
    "unsorted": "the first and the last of `eigvals` are taken: it does not sort.",
    "trace": "the sum of all eigenvalues stands below.",
    "mean": "the mean of all eigenvalues stands below.",
    "upside_down": "the fraction is upside down.",
}
largest_rate = Step(
    "largest_rate",
    _largest,
    _bowls,
    texts=EIGENVALUES
    | {
        "flattest": "2/λ_min: the largest curvature sets the bound, not λ_min.",
        "ends": "λ_min + λ_max stands below: that is the best rate, not the bound.",
        "product": "the product of all eigenvalues, det H, stands below.",
        "length": "the Frobenius norm of H stands below, not an eigenvalue.",
        "one": "1/λ_max: larger rates still converge, up to 2/λ_max.",
        "itself": "nothing is divided: this is the eigenvalue itself.",
    },
    demands={
        "for every $\\eta$ below it": ["one", "ends"],
        "and for none above": ["flattest"],
        "The entries on the diagonal are not the eigenvalues": ["diagonal"],
    },
    rtol=1e-5,
    why="Along an eigenvector of H each step multiplies the distance to the bottom "
    "by 1 − ηλ. It shrinks if this number lies between −1 and 1, so if ηλ is below "
    "2. The steepest direction, with the largest λ, is the first that does not.",
    see="How large may the rate be?",
    goal="find the largest learning rate that works",
    small=lambda: Case("", {"H": np.array([[2.0, 1.0], [1.0, 2.0]])}),
)
best_rate = Step(
    "best_rate",
    _best,
    _bowls,
    texts=EIGENVALUES
    | {
        "flattest": "λ_min alone stands below: that is far beyond the bound.",
        "bound": "λ_max alone stands below: the steepest direction cannot shrink.",
        "gap": "λ_max − λ_min stands below: 1 − ηλ_min = ηλ_max − 1 gives a sum.",
        "two_largest": "the two largest are added, not the smallest and the largest.",
        "one": "a factor 2 is missing: 1 stands above.",
        "newton": "this is 1/λ_max: that ignores the flattest direction.",
        "apart": "this is 1/λ_min + 1/λ_max: add the eigenvalues first.",
        "momentum": "this rate is the best with momentum: it is too large here.",
        "factor": "this is (κ − 1)/(κ + 1), by which the best rate shrinks the error.",
    },
    demands={
        "whose slowest direction": ["newton", "trace"],
        "shrinks fastest": ["bound", "one", "gap"],
        "The entries on the diagonal are not the eigenvalues": ["diagonal"],
    },
    rtol=1e-5,
    why="A small rate leaves the flattest direction slow, a large one lets the "
    "steepest jump from wall to wall. Between them lies the rate where both shrink "
    "alike: 1 − ηλ_min = ηλ_max − 1. All other directions lie between these two and "
    "shrink faster.",
    see="How large may the rate be?",
    goal="find the largest learning rate that works",
    small=lambda: Case("", {"H": np.array([[2.0, 1.0], [1.0, 2.0]])}),
)


# --- curvature ------------------------------------------------------------------------


def _peaks(v):
    """Return the height of the surface that the sheet gives."""
    x, y = v
    return (
        3 * (x - 1) ** 2 * np.exp(-(x**2) - (y + 1) ** 2)
        - np.exp(-((x + 1) ** 2) - y**2) / 3
        + (10 * x**3 - 2 * x + 10 * y**5) * np.exp(-(x**2) - y**2)
    )


def _hessian(slip, cost, v, eps):
    n, C = len(v), cost(v)
    H, g = np.zeros((n, n)), np.zeros(n)
    for i, a in enumerate(eps * np.eye(n)):
        g[i] = (cost(v + a) - cost(v - a)) / (2 * eps)
        for j, b in enumerate(eps * np.eye(n)):
            both, none = cost(v + a + b), cost(v - a - b)
            one, other = cost(v + a - b), cost(v - a + b)
            d = slip(both - one - other + none, along_j=both - one + other - none)
            d = slip(d, along_i=both + one - other - none)
            d = slip(d, one_twice=both - 2 * one + none)
            d = slip(d, other_twice=both - 2 * other + none)
            d = slip(d, summed=both + one + other + none, half=both - one)
            H[i, j] = slip(d, last_minus=both - one - other - none)
            ahead = both - cost(v + a) - cost(v + b) + C
            H[i, j] = slip(H[i, j], forward=4 * ahead)
        three = cost(v + a) - 2 * C + cost(v - a)
        H[i, i] = slip(H[i, i], quarter=three)
    below = slip(4 * eps**2, no_4=eps**2, two=2 * eps**2, no_square=4 * eps)
    H = slip(H / below, undivided=H, times=H / 4 * eps**2)
    diagonal = np.diag(np.diag(H))
    H = slip(H, on_axes=diagonal, off_axes=H - diagonal, upper=np.triu(H))
    H = slip(H, lower=np.tril(H))
    return slip(H, diagonal=np.diag(H), slopes=g, products=np.outer(g, g))


def _curved(rng) -> Iterator[Case]:
    for n, eps in ((2, 1e-3), (4, 5e-4), (3, 2e-3)):
        args = {"cost": _cost(rng, n), "v": rng.normal(size=n), "eps": eps}
        yield Case(f"{n} parameters, eps = {eps}", args)
    v = np.array([0.3, -0.2]) + rng.uniform(-0.1, 0.1, size=2)
    yield Case("the surface peaks", {"cost": _peaks, "v": v, "eps": 1e-3})


def _mixed(v):
    """v₁² + 3 v₁ v₂."""
    return float(v[0] ** 2 + 3 * v[0] * v[1])


hessian = Step(
    "hessian",
    _hessian,
    _curved,
    texts={
        "along_j": "a sign is wrong: this is the slope along j, divided by ε.",
        "along_i": "a sign is wrong: this is the slope along i, divided by ε.",
        "one_twice": "C(v + εe_i − εe_j) counts twice: off the diagonal its twin with "
        "the other signs is another number.",
        "other_twice": "C(v − εe_i + εe_j) counts twice: off the diagonal its twin "
        "with the other signs is another number.",
        "summed": "four costs are added: they are compared.",
        "last_minus": "C(v − εe_i − εe_j) is subtracted: a minus of a minus adds it.",
        "half": "only one of the two central differences is taken.",
        "forward": "forward differences came: step to both sides.",
        "quarter": "the diagonal is a quarter of what it should be: v + εe_i and v are "
        "only ε apart.",
        "no_4": "the division is by ε²: the points are 2ε apart, in both directions.",
        "two": "the division is by 2ε²: the points are 2ε apart, in both directions.",
        "no_square": "the division is by 4ε: it takes place twice.",
        "undivided": "the division is missing.",
        "times": "ε² multiplies: `/ 4 * eps**2` divides by 4 alone.",
        "on_axes": "only the diagonal is filled: two parameters may move together.",
        "off_axes": "the diagonal is 0: there a parameter moves twice.",
        "upper": "the part below the diagonal is 0: H is symmetric.",
        "lower": "the part above the diagonal is 0: H is symmetric.",
        "diagonal": "the diagonal alone came: the whole matrix is asked for.",
        "slopes": "this is the gradient: its derivatives are asked for.",
        "products": "products of two slopes came: second derivatives are asked for.",
    },
    demands={
        "the matrix of second derivatives": ["slopes", "products", "on_axes"],
        "from values of the cost alone": ["the surface peaks"],
        "the central difference in direction $j$": ["half", "along_j", "forward"],
        "of the central difference in direction $i$": ["no_4", "no_square"],
        "Where $i = j$": ["off_axes", "quarter"],
        "an array of shape `(n, n)`": ["diagonal", "upper"],
    },
    rtol=1e-4,
    atol=1e-5,
    why="The gradient says how steep the ground is, the Hessian how the steepness "
    "changes from place to place. Each of its entries is a slope of a slope: the "
    "change of the slope in one direction, when one moves in another. So two central "
    "differences are nested, and four costs are needed. The bound on the rate at the "
    "bottom of any valley is that of the bowl with this H.",
    see="Hills and valleys",
    goal="at the bottom of any valley",
    small=lambda: Case("", {"cost": _mixed, "v": np.array([1.0, 2.0]), "eps": 0.1}),
)


# --- minimum or saddle? ---------------------------------------------------------------


def _downhill(slip, H):
    e = np.linalg.eigvalsh(H)
    e = slip(e, diagonal=np.diag(H), entries=H.ravel(), ends=e[[0, -1]])
    down = slip(e < 0, uphill=e > 0, every=e == e, jumps=np.abs(1 - e) > 1)
    count = slip(int(down.sum()), whether=int(down.any()), mask=down)
    count = slip(count, determinant=int(np.linalg.det(H) < 0), share=down.mean())
    saddle = int(down.any() and not down.all())
    count = slip(count, saddle=saddle, amount=e[e < 0].sum(), lowest=e.min())
    count = slip(count, at_most_1=len(e) if down.all() else saddle, values=e[e < 0])
    minors = [np.linalg.det(H[:k, :k]) for k in range(1, len(H) + 1)]
    by_minors = sum(m < 0 for m in minors)
    by_sign = 1 if minors[-1] < 0 else len(H) * int(H[0, 0] < 0)
    count = slip(count, minors=by_minors, two_only=by_sign)
    return slip(count, cut=np.sum(e <= -1), bold=np.sum(e < -0.1))


def _hessians(rng) -> Iterator[Case]:
    yield Case("a positive diagonal", {"H": np.array([[1.0, 3.0], [3.0, 1.0]])})
    kinds = ("++", "---", "+-.", "+++-", "++--.", "+-", "++++--", "--", "+++")
    for signs in itertools.cycle(kinds):
        sizes = rng.uniform(0.5, 3, size=len(signs))
        sizes[0] += 4  # so that the trace of a saddle is positive
        values = sizes * [{"+": 1, "-": -1, ".": -0.01}[s] for s in signs]
        Q = np.linalg.qr(rng.normal(size=(len(signs),) * 2))[0]
        H = Q @ np.diag(values) @ Q.T
        label = f"eigenvalues with the signs {signs.replace('.', '-')}"
        yield Case(label + ", one near 0" * ("." in signs), {"H": (H + H.T) / 2})


downhill_directions = Step(
    "downhill_directions",
    _downhill,
    _hessians,
    pick=2,
    texts={
        "diagonal": "the diagonal of H is looked at: its eigenvalues tell.",
        "entries": "all negative entries of H are counted: its eigenvalues tell.",
        "ends": "only the lowest and the highest eigenvalue are looked at.",
        "uphill": "the uphill directions are counted.",
        "every": "all eigenvalues are counted.",
        "jumps": "each λ with |1 − λ| > 1 is counted: steep ways uphill, too.",
        "whether": "the result tells whether there is one: their number is asked for.",
        "mask": "one truth value for each eigenvalue came: count those that are True.",
        "determinant": "the sign of the determinant tells only whether it is odd.",
        "share": "this is the share of the directions, not their number.",
        "saddle": "the result tells whether it is a saddle: how many lead downhill?",
        "at_most_1": "at every saddle 1 comes: there may be more downhill directions.",
        "minors": "the negative minors of H are counted: at a maximum they alternate.",
        "two_only": "a rule for two parameters: det H and the first entry tell less.",
        "cut": "the eigenvalues are cut to whole numbers: those above −1 become 0.",
        "bold": "small negative eigenvalues are not counted: none is 0 here.",
        "values": "the negative eigenvalues came: their number is asked for.",
        "amount": "the negative eigenvalues are added: count them.",
        "lowest": "this is the lowest eigenvalue: count the negative ones.",
    },
    demands={
        "how many of its eigenvectors lead downhill": ["uphill", "whether", "diagonal"],
        "Returns an integer": ["share", "mask"],
        "n at a maximum": ["saddle", "determinant", "at_most_1"],
        "something between at a saddle": ["ends", "every"],
    },
    why="Where the gradient is zero, the surface is a bowl along some eigenvectors "
    "of H and a ridge along the others: the sign of each eigenvalue tells. The "
    "diagonal holds the curvatures along the axes alone, and a saddle may lie "
    "between them. In the determinant two negative ones cancel.",
    see="Hills and valleys",
    goal="at the bottom of any valley",
    small=lambda: Case("", {"H": np.array([[1.0, 2.0], [2.0, -1.0]])}),
)


# --- which valley? --------------------------------------------------------------------

NEAR = 0.05


def slope(x: float, y: float) -> tuple[float, float]:
    """Return the gradient of the surface at a point."""
    a = 3 * exp(-x * x - (y + 1) ** 2)
    b = exp(-((x + 1) ** 2) - y * y) / 3
    c, odd = exp(-x * x - y * y), 10 * x**3 - 2 * x + 10 * y**5
    u = (x - 1) ** 2
    dx = a * (2 * (x - 1) - 2 * x * u) + 2 * (x + 1) * b
    dy = -2 * a * u * (y + 1) + 2 * y * b
    return dx + c * (30 * x * x - 2 - 2 * x * odd), dy + c * (50 * y**4 - 2 * y * odd)


@functools.lru_cache(maxsize=512)
def _walk(x: float, y: float, eta: float, steps: int) -> np.ndarray:
    path = [(x, y)]
    for _ in range(steps):
        dx, dy = slope(x, y)
        x, y = x - eta * dx, y - eta * dy
        path.append((x, y))
    return np.array(path)


def _which(slip, start, eta, steps, minima):
    count = slip(steps, one_less=steps - 1, one_more=steps + 1, at_rest=400)
    rate, count = slip((float(eta), count), own=(0.01, 1000))
    path = _walk(*map(float, start), rate, count)
    points = slip(path[-1:], whole=path, start=path[:1])
    points = slip(points, one_slope=start - eta * steps * np.array([slope(*start)]))
    gaps = minima[:, None] - points
    gaps = slip(gaps, only_x=gaps[..., :1], only_y=gaps[..., 1:])
    d = np.linalg.norm(gaps, axis=-1).min(1)
    heights = _peaks(minima.T) - _peaks(path[-1])
    d = slip(d, heights=np.abs(heights), box=np.abs(gaps).max(-1).min(1))
    limit = slip(NEAR, however_far=np.inf, squared=NEAR**0.5, half=0.5, tight=0.005)
    order = slip(range(len(d)), first_only=range(1), last_only=[len(d) - 1])
    k = int(min(order, key=lambda i: d[i]))
    if slip(d[k] < limit, beyond=d[k] > limit):
        k = slip(k, farthest=int(d.argmax()), falsy=k or -1)
        return slip(k, from_1=k + 1, point=minima[k])
    return slip(-1, nothing=None, zero=0)


# x, y, η and the steps: those of the first rows lead just into a minimum or just not
BALLS = (
    ("arrives with its last step", -0.03, -1.13, 0.02, 3),
    ("arrives with its last step", -0.16, -0.94, 0.02, 4),
    ("arrives with its last step", -0.16, -1.01, 0.02, 4),
    ("is a step short", -0.15, -0.99, 0.02, 3),
    ("is a step short", -0.22, -0.84, 0.02, 4),
    ("jumps out of its valley", 0.22, -1.62, 0.1, 7),
    ("jumps out of its valley", 0.21, -1.61, 0.11, 4),
    ("jumps out of its valley", 0.24, -1.63, 0.12, 5),
    ("is near, not there", 0.66, -1.94, 0.02, 4),
    ("is near, not there", 0.86, -0.97, 0.02, 6),
    ("is near, not there", -0.71, 0.66, 0.02, 8),
    ("is near, not there", 0.11, -2.32, 0.02, 6),
    ("is near, not there", -1.8, 0.11, 0.02, 10),
    ("is at rest", -1.95, 0.59, 0.02, 22),
    ("is at rest", -0.66, 0.02, 0.02, 23),
    ("is at rest", 0.23, -1.3, 0.02, 7),
    ("is at rest", 0.88, 0.65, 0.02, 24),
    ("is at rest", -0.12, 0.78, 0.02, 27),
    ("is on its way", -0.43, -1.92, 0.02, 3),
    ("is on its way", -0.81, 0.97, 0.02, 4),
    ("is on its way", -0.63, -0.95, 0.02, 4),
    ("is on its way", 0.15, 1.43, 0.02, 3),
    ("is far off, as high as a minimum", 1.96, -1.92, 0.02, 3),
    ("is far off, as high as a minimum", -2.69, -0.72, 0.02, 5),
    ("is far off, on the plain", 2.9, 2.9, 0.02, 9),
    ("is far off, on the plain", -2.9, 2.9, 0.02, 9),
)


def _starts(rng) -> Iterator[Case]:
    for i, (label, x, y, eta, steps) in enumerate(BALLS):
        start = np.array([x, y]) + rng.uniform(-0.004, 0.004, size=2)
        args = {"start": start, "eta": eta, "steps": steps}
        minima = MINIMA[np.roll((2, 0, 1), i)]
        yield Case(f"the ball {label}", args | {"minima": minima})


which_minimum = Step(
    "which_minimum",
    _which,
    _starts,
    pick=2,
    texts={
        "one_less": "one step too few is taken.",
        "one_more": "one step too many is taken.",
        "whole": "all points of the path are compared with the minima, not the end.",
        "at_rest": "the ball goes on until it is at rest: take `steps` steps.",
        "own": "many small steps lead to rest: take `steps` steps with `eta`.",
        "one_slope": "all steps use the slope of the start: pass on a function.",
        "start": "the start is compared with the minima, not the end.",
        "heights": "heights are compared: the distance in the plane is asked for.",
        "box": "x and y are compared with 0.05 one by one: the distance is meant.",
        "falsy": "−1 comes for the index 0: `or` and `if` take 0 for False.",
        "only_x": "only x is compared with the minima.",
        "only_y": "only y is compared with the minima.",
        "however_far": "the nearest minimum comes, however far: 0.05 is the limit.",
        "half": "0.5 in place of 0.05.",
        "tight": "0.005 in place of 0.05.",
        "beyond": "the comparison points the wrong way.",
        "farthest": "the farthest minimum is taken, not the nearest.",
        "squared": "the square of the distance is compared with 0.05.",
        "first_only": "only the first minimum is looked at: does the loop return −1?",
        "last_only": "only the last minimum is looked at: is the result overwritten?",
        "from_1": "the indices are counted from 1.",
        "point": "the minimum itself came: its index is asked for.",
        "nothing": "nothing is returned where no minimum is near: −1 is asked for.",
        "zero": "0 comes where no minimum is near: −1 is asked for.",
    },
    demands={
        "let go of a ball at `start`": ["start", "one_slope"],
        "take `steps` steps": ["one_less", "one_more", "at_rest"],
        "say where the ball is then": ["whole", "start"],
        "Returns the index": ["point", "first_only"],
        "that lies within 0.05": ["however_far", "squared", "box"],
        "counted from 0": ["from_1"],
        "or −1 if none does": ["nothing", "zero"],
    },
    why="The start chooses the basin, the rate may be too large for a narrow "
    "valley, and too few steps leave the ball on its way. A path that came close to "
    "a minimum and went on has not found it. Whoever names the nearest minimum, "
    "whatever the distance, will call a diverging run a success.",
    see="Hills and valleys",
    goal="at the bottom of any valley",
    small=lambda: Case(
        "",
        {
            **{"start": np.array([0.3, 0.4]), "eta": 0.02, "steps": 20},
            "minima": np.array([[0.2283, -1.6255], [0.2964, 0.3202]]),
        },
    ),
)


# --- promise --------------------------------------------------------------------------


def _promise(slip, cost, gradient, v, eta):
    g = gradient(v)
    step = -slip(eta, no_eta=1.0) * g
    step = slip(step, unit=lambda: -eta * g / np.linalg.norm(g))
    expected = slip(g @ step, up=-(g @ step), root=-eta * np.linalg.norm(g))
    expected = slip(expected, by_eta=g @ g * -1.0, each=g * step, twice=2 * g @ step)
    expected = slip(expected, sum=step.sum(), there=lambda: gradient(v + step) @ step)
    mean = lambda: (g + gradient(v + step)) @ step / 2  # noqa: E731
    expected = slip(expected, mean=mean, eta_twice=eta * (g @ step))
    actual = slip(cost(v + step) - cost(v), turned=cost(v) - cost(v + step))
    actual = slip(actual, after=cost(v + step), climbed=cost(v - step) - cost(v))
    actual = slip(actual, rest=cost(v + step) - cost(v) - expected)
    return slip((expected, actual), exchanged=(actual, expected), expected=expected)


def _promise_cases(rng) -> Iterator[Case]:
    for n, eta in ((2, 0.1), (4, 0.02), (3, 0.3)):
        H = _bowl(rng, n)
        args = {"cost": lambda v, H=H: v @ H @ v / 2, "gradient": lambda v, H=H: H @ v}
        args |= {"v": rng.normal(size=n), "eta": eta}
        yield Case(f"a bowl, {n} parameters, η = {eta}", args)
    args = {"cost": lambda v: np.sum(v**4), "gradient": lambda v: 4 * v**3}
    args |= {"v": rng.uniform(0.5, 1, size=2), "eta": 0.05}
    yield Case("a cost that is no bowl", args)


promise = Step(
    "promise",
    _promise,
    _promise_cases,
    ("expected", "actual"),
    texts={
        "no_eta": "η is missing in the step.",
        "unit": "the gradient is divided by its length: descent takes it as it is.",
        "up": "the expected change has the wrong sign: a step downhill lowers the "
        "cost.",
        "root": "the expected change has ‖∇C‖ in place of its square.",
        "by_eta": "η is missing in the expected change.",
        "each": "one product for each parameter came: their sum is asked for.",
        "twice": "the expected change has a factor 2 that is not asked for.",
        "sum": "the entries of the step are summed: each is multiplied by its slope "
        "first.",
        "there": "the slope is that after the step: the promise is made at `v`.",
        "mean": "the slope is the mean of both ends: the promise is made at `v`.",
        "eta_twice": "η stands twice in the expected change.",
        "turned": "the actual change has the wrong sign: it is after minus before.",
        "after": "the cost after the step came: its change is asked for.",
        "climbed": "the actual change is that of a step uphill.",
        "rest": "the actual change came less the expected one.",
        "exchanged": "the pair is exchanged: (expected, actual) is asked for.",
        "expected": "the expected change alone came: the pair is asked for.",
    },
    demands={
        "for one step of gradient descent from `v`": ["no_eta", "unit"],
        "that the gradient at `v` promises": ["up", "root", "by_eta", "there"],
        "the change that the cost really makes": ["after", "turned", "climbed"],
        "Both are negative where the step goes down": ["up", "turned"],
    },
    why="The slope is known at one point only, and a step leaves it. For a short step "
    "the promise is kept almost exactly; with a long one the surface bends away under "
    "the walker, and the cost may even rise. So the two numbers, put side by side, "
    "tell whether η is small enough: a useful thing to print when a network does not "
    "learn.",
    see="The way down",
    goal="say in advance by how much a step will lower it",
    small=lambda: Case(
        "",
        {"cost": lambda v: float(v @ v) / 2, "gradient": lambda v: v}
        | {"v": np.array([3.0, -4.0]), "eta": 0.5},
    ),
)
