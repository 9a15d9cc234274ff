"""Checks of the sheet `backpropagation/why_not_learning`: measure, name, mend.

Each step is a reference that carries its slips (`helpers.checks.engine`). The networks
are those of `helpers.broken`: the seed decides which has which fault, in what order.
"""

import copy
from collections.abc import Callable, Iterator

import numpy as np

from ... import broken
from ..classification import TINY
from ..engine import Case, Slip, Step
from .common import sigmoid, softmax

WHY = "Why a network does not learn"
GOAL = "name the reasons why a network does not learn"
BAR, STEPS = 0.9, 200  # rows that a mended network has right, after so many steps
PLAIN = Slip()


# --- chain ----------------------------------------------------------------------------


def _chain(slip, x, y, w, b):
    a, zs = [x], []
    for v, c in zip(w, b, strict=True):
        zs.append(v * a[-1] + slip(c, no_bias=0))
        a.append(sigmoid(zs[-1]))
    end = a[-1] * (1 - a[-1])
    a[-1] = slip(zs[-1], sigmoid_end=a[-1])
    kept = slip(float, like_w=np.array(w).dtype.type)
    e = kept(a[-1] - y)
    errors = slip([e], sign=[-e], twice=[2 * e], output=[a[-1]], slope_end=[e * end])
    for i in reversed(range(len(w) - 1)):
        h = slip(a[i + 1], z_for_a=zs[i], early=a[i])
        of_a = sigmoid(h) * (1 - sigmoid(h))
        slope = slip(h * (1 - h), no_slope=1, of_a=of_a, half=h)
        weight = slip(w[i + 1], no_weight=1, own_weight=w[i])
        errors.insert(0, kept(errors[0] * weight * slope))
    by_a = [e / (h * (1 - h)) for e, h in zip(errors, a[1:-1], strict=False)]
    errors = slip(errors, backwards=errors[::-1], by_a=[*by_a, errors[-1]])
    errors = slip(errors, first=errors[:1])
    return slip(errors, by_input=[e * v for e, v in zip(errors, a, strict=False)])


def _chains(rng) -> Iterator[Case]:
    for L in (2, 3, 5):
        w, b = (rng.uniform(0.5, 2, L) * rng.choice([-1, 1], L) for _ in "wb")
        args = {"x": float(rng.normal() + 2), "y": 1.5, "w": w, "b": b}
        yield Case(f"{L} neurons", args)
    args = {"x": 3, "y": 2.5, "w": (1, 2, 1), "b": (-3, -1, 0)}
    yield Case("the numbers on paper", args)


chain = Step(
    "chain",
    _chain,
    _chains,
    texts={
        "no_bias": "the biases are missing.",
        "sigmoid_end": "the last neuron has a sigmoid: it has none here.",
        "slope_end": "the last error has a factor σ′(z): its neuron has no sigmoid.",
        "sign": "the sign is wrong: the last error is output minus y.",
        "twice": "there is a factor 2 too many: the cost has a ½.",
        "output": "the target y is missing in the last error.",
        "z_for_a": "σ′ is computed as z (1 − z): it is a (1 − a).",
        "early": "σ′ is taken at the input of a neuron: its output belongs there.",
        "by_a": "these are derivatives by a: the neuron's own σ′(z) is missing.",
        "no_slope": "the factor σ′(z) is missing.",
        "of_a": "σ′ is taken at a: it belongs to z.",
        "half": "σ′(z) is a (1 − a), not a.",
        "no_weight": "the weight on the way back is missing.",
        "own_weight": "the weight into a neuron is taken, not the one that leads out.",
        "backwards": "the errors come in reversed order: the first neuron first.",
        "first": "only the first neuron's error came.",
        "by_input": "these are the derivatives by the weights: errors are asked for.",
        "like_w": "errors lose their fractions where w holds integers: store floats.",
    },
    demands={
        "The last neuron has no sigmoid": ["sigmoid_end", "slope_end"],
        "$\\frac12 (z - y)^2$": ["twice", "sign", "output"],
        "from the first neuron to the last": ["backwards", "first"],
        "for any numbers": ["the numbers on paper", "like_w"],
        "the errors $\\delta = \\partial C/\\partial z$": ["by_input", "by_a"],
    },
    lists=True,
    why="On its way back an error passes a weight and the slope of a sigmoid, again "
    "and again. The slope is ¼ at most, where z is 0, and nearly 0 where the sigmoid "
    "is flat. So the error of the first neuron of a long chain is a product of many "
    "small numbers, unless large weights make up for it. Whoever has worked this out "
    "once with numbers knows where to look when a network does not learn.",
    see="By hand: a network of three neurons",
    goal="carry the chain rule through a small network by hand, with numbers",
    small=lambda: Case("", {"x": 1.0, "y": 0.0, "w": [0.0, 2.0], "b": [0.0, 1.0]}),
)


# --- surplus --------------------------------------------------------------------------


def _surplus(slip, z, y):
    k, rows = z.shape[1], np.arange(len(z))
    logs = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
    naive = lambda: np.log(np.exp(z) / np.exp(z).sum(1)[:, None])  # noqa: E731
    logs = slip(
        logs,
        naive=naive,
        log_of_0=lambda: np.log(softmax(z)),
        one_top=lambda: _one_top(z),
        **{name: np.maximum(logs, np.log(t)) for name, t in TINY.items()},
        logits=z,
    )
    told = slip(-logs[rows, y], all_classes=-logs.mean(1))
    told = slip(told, one_minus=1 - np.exp(-told))
    mean_p = -np.log(np.exp(-told).mean())
    loss = slip(told.mean(), summed=told.sum(), each=told, mean_p=mean_p)
    known = slip(np.log(k), examples=np.log(len(z)), base_2=np.log2(k))
    known = slip(known, ten=np.log(10), seen=np.log(len({*y.tolist()})), nothing=0)
    known = slip(known, swapped=2 * loss - known, seen_2=np.log(max(y) + 1))
    known = slip(known, six=np.log(6), added=-known)
    known = slip(known, size=loss - abs(loss - known))
    return slip(loss - known, relative=loss / known - 1)


def _one_top(z):
    z = z - z.max()
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def _logits(rng) -> Iterator[Case]:
    for m, k, size in ((7, 4, 1), (5, 5, 2), (9, 3, 40), (8, 7, 3)):
        args = {"z": size * rng.normal(size=(m, k)), "y": rng.integers(k - 1, size=m)}
        yield Case(f"{m} rows, {k} classes, logits of about {size}", args)
    far = 1000.0 * np.eye(3)[[0, 1, 2, 2]]
    far[1] -= 3000 + np.arange(3)
    yield Case("logits of ±1000", {"z": far, "y": np.array([0, 1, 0, 2])})
    sure = {"z": 2 * np.eye(4)[[0, 1, 2, 2]], "y": np.array([0, 1, 2, 2])}
    yield Case("better than a guess", sure)
    even = {"z": np.zeros((6, 8)), "y": rng.integers(8, size=6)}
    yield Case("equal logits", even)


surplus = Step(
    "surplus",
    _surplus,
    _logits,
    texts={
        n: f"p is cut off at {t:g}: a sure mistake costs more." for n, t in TINY.items()
    }
    | {
        "naive": "the exponentials overflow: subtract each row's largest logit first.",
        "log_of_0": "a small p has become 0, its logarithm −∞: use the logits.",
        "logits": "the softmax is missing: a logit is no logarithm of a probability.",
        "all_classes": "the logarithms of all classes are averaged: take the label's.",
        "one_minus": "1 − p stands in place of −ln p.",
        "summed": "the costs of the rows are summed: their mean is asked for.",
        "each": "a number for each row came: their mean is asked for.",
        "mean_p": "the probabilities are averaged: average their logarithms.",
        "examples": "ln of the number of rows is subtracted: K is that of the classes.",
        "base_2": "the logarithm of K has base 2.",
        "ten": "K is always 10 here: it is the number of columns of z.",
        "six": "K is always 6 here: it is the number of columns of z.",
        "seen": "K is counted in the labels: a class may not occur. Take the columns.",
        "seen_2": "K is the largest label plus 1: take the columns of z.",
        "one_top": "one maximum is subtracted from all rows: each row has its own.",
        "size": "the sign is lost: a cost below ln K gives a negative number.",
        "nothing": "ln K is not subtracted.",
        "swapped": "the sign is wrong: cost minus ln K is asked for.",
        "added": "ln K is added: it is subtracted.",
        "relative": "the difference is divided by ln K: it is asked for as it is.",
    },
    demands={
        "the mean cross-entropy of the logits": ["logits", "summed", "mean_p"],
        "minus $\\ln K$": ["nothing", "swapped", "added", "base_2"],
        "for $K$ classes": ["examples", "seen", "ten"],
        "Logits of ±1000 must work": ["naive", "log_of_0", "one_top"],
    },
    warn="an exponential overflows or a logarithm meets 0: subtract each row's largest "
    "logit first.",
    why="Before it has learned anything a network should know nothing, and say so: "
    "each class gets the probability 1/K, and that costs ln K. A cost far above it "
    "means that the network is sure of something that nobody taught it: its start is "
    "too large, or its inputs are. This number is known before the first step, so it "
    "is the cheapest test that there is. Around ln K all may be well, or not.",
    see="A better output: softmax with cross-entropy",
    goal=GOAL,
    atol=1e-6,
    small=lambda: Case("", {"z": np.array([[2.0, 0.0]]), "y": np.array([1])}),
)


# --- flat -----------------------------------------------------------------------------


def _flat(slip, layers, kind):
    shares = []
    for a in layers:
        if slip(kind, always_relu="relu", always_sigmoid="sigmoid") == "sigmoid":
            slope = slip(a * (1 - a), only_low=a, only_high=1 - a)
            slope = slip(slope, of_a=lambda a=a: 0.25 / np.cosh(a / 2) ** 2)
            low = slope < slip(0.01, tenth=0.1)
            low = slip(low, awake=~low, columns=low.all(0))
        else:
            low = slip((a == 0).all(0), entries=a == 0, any_row=(a == 0).any(0))
            low = slip(low, rows=(a == 0).all(1), alive=~low)
        shares.append(slip(low.mean(), counts=float(low.sum())))
    shares = slip(shares, backwards=shares[::-1], first=shares[:1])
    return slip(shares, one=np.mean(shares))


def _layers(rng) -> Iterator[Case]:
    for m, sizes in ((40, (6, 9)), (30, (8, 5, 7)), (25, (25, 12))):
        z = [4 * rng.normal(size=(m, n)) for n in sizes]
        for v in z:
            v[:, ::3] = np.abs(v[:, ::3]) + 5
            v[:, 1] -= 60  # exactly 0 in a sigmoid, too
        a = [0.5 * (1 + np.tanh(v / 2)) for v in z]
        yield Case(f"sigmoid, layers {sizes}", {"layers": a, "kind": "sigmoid"})
        z = [rng.normal(size=(m, n)) for n in sizes]
        for i, v in enumerate(z):
            v[:, : i + 2] -= 9
            v[1] -= 9  # a row that wakes nobody
            v[0, 0] = 0.5  # a neuron awake for one row
        a = [np.maximum(v, 0) for v in z]
        yield Case(f"ReLU, layers {sizes}", {"layers": a, "kind": "relu"})


flat = Step(
    "flat",
    _flat,
    _layers,
    texts={
        "always_relu": "the question for ReLUs is asked of sigmoids, too.",
        "always_sigmoid": "the question for sigmoids is asked of ReLUs, too.",
        "of_a": "σ′ is taken at a: a is σ(z) already, so σ′(z) is a (1 − a).",
        "only_low": "only outputs near 0 count: near 1 the sigmoid is as flat.",
        "only_high": "only outputs near 1 count: near 0 the sigmoid is as flat.",
        "tenth": "the bound for a (1 − a) is 0.1: it should be 0.01.",
        "awake": "for sigmoids this is the share that is not flat.",
        "columns": "for sigmoids, whole neurons count: all entries are asked for.",
        "entries": "for ReLUs the share of zeros came: dead is 0 for every row.",
        "any_row": "for ReLUs, neurons count that are 0 for some row, not for every.",
        "rows": "for ReLUs the axes are exchanged: these are rows that wake nobody.",
        "alive": "for ReLUs this is the share of the neurons that live.",
        "counts": "these are counts: shares are asked for.",
        "one": "one number came: each layer has its own.",
        "backwards": "the layers come in reversed order.",
        "first": "only the first layer came: a return in the loop?",
    },
    demands={
        "the share of all entries with $a(1 - a) < 0.01$": ["tenth", "columns"],
        "the share of the neurons that are 0 for every row": ["entries", "rows"],
        "a list, one number for each hidden layer": ["one", "backwards"],
    },
    why="An error that travels back is multiplied by the derivative of each layer that "
    "it passes. Where that is nearly 0, everything before it gets no gradient, however "
    "large the error is. A sigmoid is flat on both sides. A ReLU is flat at 0, which "
    "is harmless as long as some row wakes the neuron; one that is 0 for every row "
    "never gets a gradient again, and stays as it is: it is dead.",
    see=WHY,
    goal=GOAL,
    small=lambda: Case(
        "", {"layers": [np.array([[0.5, 0.999], [0.9, 1.0]])], "kind": "sigmoid"}
    ),
)


# --- step_sizes -----------------------------------------------------------------------


def _step_sizes(slip, weights, dWs, eta):
    rate = slip(abs(eta), no_eta=1.0, signed=eta)
    size = slip(np.linalg.norm, spectral=lambda v: np.linalg.norm(v, 2))
    size = slip(size, largest=lambda v: np.abs(v).max(), squared=lambda v: (v**2).sum())
    size = slip(size, summed=lambda v: np.abs(v).sum())
    told = [rate * size(g) / size(W) for W, g in zip(weights, dWs, strict=True)]
    ends = [W - eta * g for W, g in zip(weights, dWs, strict=True)]
    after = [rate * size(g) / size(W) for W, g in zip(ends, dWs, strict=True)]
    told = slip(told, after=after, turned=lambda: [rate**2 / r for r in told])
    told = slip(told, gradient_alone=[rate * size(g) for g in dWs])
    ratios = [rate * np.abs(g / W) for W, g in zip(weights, dWs, strict=True)]
    told = slip(told, entries=[r.mean() for r in ratios], by_entry=[*map(size, ratios)])
    W, g = (np.concatenate([v.ravel() for v in part]) for part in (weights, dWs))
    told = slip(told, pooled=lambda: [rate * size(g) / size(W)] * len(told))
    told = slip(told, backwards=told[::-1], first=told[:1])
    return slip(told, one=np.mean(told))


def _gradients(rng) -> Iterator[Case]:
    for sizes, eta in (((5, 4, 3), 0.3), ((4, 4, 4, 4), -0.02), ((3, 6, 2), 40.0)):
        shapes = list(zip(sizes[1:], sizes, strict=False))
        W = [rng.normal(size=s) * 10 ** rng.uniform(-1, 1) for s in shapes]
        dW = [rng.normal(size=s) * 10 ** rng.uniform(-4, 0) for s in shapes]
        args = {"weights": W, "dWs": dW, "eta": eta}
        yield Case(f"layers {sizes}, η = {eta}", args)


step_sizes = Step(
    "step_sizes",
    _step_sizes,
    _gradients,
    texts={
        "no_eta": "η is missing: a step is η times the gradient.",
        "signed": "the sign of η is kept: sizes are positive.",
        "spectral": "this is the spectral norm: take the root of the sum of squares.",
        "largest": "the largest entry stands in place of the norm.",
        "squared": "the root is missing: these are sums of squares.",
        "summed": "the absolute values are summed: squares, then the root.",
        "turned": "the fraction is upside down: the gradient stands above.",
        "after": "the weights after the step stand below: take those before it.",
        "gradient_alone": "this is the step alone: divide by the norm of the weights.",
        "entries": "the ratio is averaged over the entries: take two norms first.",
        "by_entry": "this is the norm of quotients: take two norms, then divide.",
        "pooled": "all layers are measured together: each layer has its own norms.",
        "one": "one number came: each layer has its own.",
        "backwards": "the layers come in reversed order.",
        "first": "only the first layer came: a return in the loop?",
    },
    demands={
        "$|\\eta|\\,\\lVert \\partial C/\\partial W^l \\rVert / \\lVert W^l \\rVert$": [
            *("no_eta", "signed", "turned", "gradient_alone")
        ],
        "the root of the sum of the squares of all entries": ["spectral", "squared"],
        "Returns a list, one number for each layer": ["one", "pooled", "backwards"],
    },
    why="Whether a learning rate is large or small cannot be read off it: a program "
    "that sums over the rows has gradients a hundred times those of one that averages. "
    "What counts is how far a step moves the weights, compared with the weights "
    "themselves. Far above 1 each step throws away what was there; far below a "
    "thousandth nothing happens for a long time. A layer whose number is much smaller "
    "than the others' gets no error.",
    see=WHY,
    goal=GOAL,
    small=lambda: Case(
        "",
        {
            "weights": [np.array([[3.0, 4.0]])],
            "dWs": [np.array([[0.0, 1.0]])],
            "eta": 0.1,
        },
    ),
)


# --- neighbors_agree ------------------------------------------------------------------


def _agree(slip, x, y):
    gap = slip(x[:, None] - x, one_feature=x[:, None, :1] - x[:, :1])
    gap = slip(gap, scaled=lambda: gap / x.std(0))
    d = slip((gap**2).sum(-1), city=np.abs(gap).sum(-1), box=np.abs(gap).max(-1))
    d = slip(d, farthest=-d, angle=lambda: -_unit(x) @ _unit(x).T)
    rows, sorted_ = np.arange(len(x)), d.argsort(1, kind="stable")
    d = d + np.diag(np.full(len(x), slip(np.inf, itself=0, low=10)))
    near = slip(d, no_copy=np.where(gap.any(-1), d, np.inf)).argmin(1)
    near = slip(near, second=d.argsort(1)[:, 1], second_of_all=sorted_[:, 1])
    wide = np.where(np.eye(*x.shape), np.inf, (gap**2).sum(1))
    hit = y[slip(near, deleted=near - (near > rows), over_rows=wide.argmin(1))] == y
    above = np.where(rows > rows[:, None], d, np.inf).argmin(1)
    below = np.where(rows < rows[:, None], d, np.inf).argmin(1)
    hit = slip(hit, earlier=(y[below] == y) & (rows > 0))
    hit = slip(hit, later=(y[above] == y) & (rows < rows[-1]))
    return slip(hit.mean(), count=hit.sum(), miss=1 - hit.mean(), each=hit)


def _unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _clusters(rng) -> Iterator[Case]:
    for m, n, k in ((60, 3, 3), (50, 5, 2), (40, 2, 4), (45, 4, 3), (35, 3, 2)):
        y = rng.integers(k, size=m)
        x = rng.normal(size=(k, n))[y] + 0.8 * rng.normal(size=(m, n))
        yield Case(f"{m} rows, {n} features, {k} classes", {"x": x + 1, "y": y})
    x, y = 100 * rng.normal(size=(24, 3)), rng.integers(3, size=24)
    x[:6] = x[12:18] = x[:6] + 2000
    y[12:18] = y[:6] = rng.permutation([0, 0, 1, 1, 2, 2])
    y[12] = (y[0] + 1) % 3  # equal rows mostly agree, but not all of them
    yield Case("rows that lie far apart, six of them twice", {"x": x, "y": y})


neighbors_agree = Step(
    "neighbors_agree",
    _agree,
    _clusters,
    texts={
        "one_feature": "only the first feature counts in the distance.",
        "city": "the absolute differences are summed: take the Euclidean distance.",
        "box": "the largest difference counts: take the Euclidean distance.",
        "itself": "each row is its own nearest row: leave it out.",
        "scaled": "the columns are standardized first: take the distance as it is.",
        "angle": "the angles between rows are compared: take the Euclidean distance.",
        "farthest": "the farthest row is taken, not the nearest.",
        "over_rows": "the squares are added up over the other rows: take the features.",
        "second": "the second nearest of the other rows is taken.",
        "low": "a row whose others are all far finds itself: keep it out for certain.",
        "no_copy": "each row at the distance 0 is left out: another row may lie there.",
        "second_of_all": "of two equal rows the second in order may be the row itself.",
        "deleted": "the index counts without row i: behind i it is one too small.",
        "later": "only rows further down are searched: those before count, too.",
        "earlier": "only rows further up are searched: those after count, too.",
        "count": "this is the number of rows: their share is asked for.",
        "miss": "this is the share that disagrees.",
        "each": "a value for each row came: their share is asked for.",
    },
    demands={
        "the nearest *other* row": ["itself", "farthest", "second", "low", "later"],
        "an equal one counts": ["no_copy", "second_of_all"],
        "the Euclidean distance": ["city", "box", "angle", "scaled"],
        "Returns the share": ["count", "miss", "each"],
    },
    why="No network learns labels that do not belong to its rows, though it may learn "
    "them by heart. So look at the data before the network: rows that lie close "
    "together mostly have the same label. If neighbors agree no more often than two "
    "rows drawn at random do, the labels say nothing about the inputs: they are wrong, "
    "or have slipped against the rows, or the task is harder than it looks. Distances "
    "mean something only if the features have comparable scales.",
    see=WHY,
    goal=GOAL,
    small=lambda: Case(
        "", {"x": np.array([[0.0], [1], [5], [8]]), "y": np.array([0, 0, 1, 0])}
    ),
)


# --- diagnose -------------------------------------------------------------------------

SAID = {  # of each fault, in the order in which they are looked for
    "inputs": "the largest |mean| or spread of a column of x is {:.3g}.",
    "labels": "{:.0%} of the rows agree with their nearest neighbor.",
    "equal weights": "the weights within some layer spread by {:.2g}.",
    "large start": "the flat share (sigmoid) or the surplus (ReLU) is {:.3g}.",
    "dead": "{:.0%} of the neurons of a layer are flat.",
    "sign": "a small part of the program's step changes the cost by {:+.1e}.",
    "large step": "the largest step of a layer is {:.3g} of its weights.",
    "small step": "the largest step of a layer is {:.2g} of its weights.",
}


def _once(function: Callable) -> Callable:
    """Remember what a function says of a network: slips leave most as they are."""
    known: dict[tuple, object] = {}

    def of(net):
        parts = [net["x"], net["y"], *net["weights"], *net["biases"]]
        bare = (net["kind"], float(net["eta"]), int(net["program"]))
        key = (*bare, *(np.asarray(v).tobytes() for v in parts))
        if key not in known:
            if len(known) > 1000:
                known.clear()
            known[key] = function(net)
        return known[key]

    return of


@_once
def _measured(net) -> dict[str, tuple[bool, float]]:
    """Return for each fault whether it shows, and the number that shows it."""
    x, relu, cost = net["x"], net["kind"] == "relu", broken.cost(net)
    *hidden, z = broken.forward(net)
    flat_share = max(_flat(PLAIN, hidden, net["kind"]))
    sizes = _step_sizes(PLAIN, net["weights"], broken.gradients(net)[0], net["eta"])
    size = max(sizes)
    little = broken.step({**net, "eta": net["eta"] * 1e-4 / max(size, 1e-12)})
    rise = broken.cost(little) - cost
    wild = max(x.std(0).max(), np.abs(x.mean(0)).max())
    near, spread = _agree(PLAIN, x, net["y"]), max(map(np.ptp, net["weights"]))
    start = cost - np.log(z.shape[1]) if relu else flat_share
    return {
        "inputs": (wild > 5, wild),
        "labels": (near < 0.6, near),
        "equal weights": (spread < 1e-9, spread),
        "large start": (start > (5 if relu else 0.6), start),
        "dead": (relu and flat_share > 0.6, flat_share),
        "sign": (rise > 1e-12, rise),
        "large step": (size > 1, size),
        "small step": (size < 3e-3, size),
        "surplus": (False, cost - np.log(z.shape[1])),
        "flat": (False, flat_share),
    }


def _shown(net) -> str:
    return next((f for f, (seen, _) in _measured(net).items() if seen), broken.NONE)


def _diagnose(slip, net):
    numbers = _measured(net)
    shown = {fault: seen for fault, (seen, _) in numbers.items()}
    left = slip("", **{f"no_{f.replace(' ', '_')}": f for f in SAID})
    shown["sign"] = slip(shown["sign"], by_sign_of_eta=net["eta"] < 0)
    rates = {"large step": abs(net["eta"]) > 1, "small step": abs(net["eta"]) < 5e-3}
    shown |= slip({}, by_eta=rates)
    relu = net["kind"] == "relu"
    start, cost, flat = shown["large start"], numbers["surplus"][1], numbers["flat"][1]
    shown["large start"] = slip(
        start,
        by_cost=relu and start,
        by_flat=not relu and start,
        cost_alone=cost > 5,
        flat_alone=flat > 0.6,
        cost_too=start or cost > 5,
        flat_too=start or flat > 0.6,
    )
    dead_first = [*list(SAID)[:3], "dead", *SAID]
    order = slip(list(SAID), last_first=list(SAID)[::-1], dead_first=dead_first)
    found = [fault for fault in order if shown[fault] and fault != left]
    return slip([*found, broken.NONE], never_none=[*found, "small step"])[0]


def _networks(rng) -> Iterator[Case]:
    for number, net in enumerate(broken.patients(int(rng.integers(2**31))), 1):
        yield Case(f"network {number}, {net['kind']}", {"net": net})
    for fault in broken.FAULTS:
        kind = "relu" if fault == "dead" else str(rng.choice([*broken.STEPS]))
        net = broken.with_fault(fault, kind, rng)
        for other in ({"y": np.roll(net["y"], 37)}, {"eta": -300 * net["eta"]}):
            yield Case(f"“{fault}” and more, {kind}", {"net": net | other})
    net = broken.with_fault("large start", "relu", rng)
    low = [b - 1e6 * (np.arange(len(b)) > 1) for b in net["biases"][:2]]
    net |= {"biases": [*low, net["biases"][2]]}
    yield Case("“large start” and “dead”, relu", {"net": net})
    for kind in broken.STEPS:
        for label, change in _limits(net := broken.sound(kind, rng)):
            yield Case(f"{label}, {kind}", {"net": net | change})
        wide = [*net["weights"][:-1], 100 * net["weights"][-1]]
        label = f"a last layer of large weights, {kind}"
        yield Case(label, {"net": net | {"weights": wide}})


def _limits(net) -> Iterator[tuple[str, dict]]:
    """Yield changes of a sound network on both sides of the table's limits."""
    x, one = net["x"], np.arange(net["x"].shape[1]) == 0
    yield "a column of x with a mean of about −7", {"x": x - 7 * one}
    yield "a column of x with a spread of about 3.5", {"x": x * (1 + 2.5 * one)}
    *rest, last = net["weights"]
    yield "one layer of equal weights", {"weights": [*rest, 0 * last + 0.2]}
    sizes = _step_sizes(PLAIN, net["weights"], broken.gradients(net)[0], net["eta"])
    for size in (0.7, 1.4, 0.0024, 0.0045):
        yield f"a longest step of {size}", {"eta": net["eta"] * size / max(sizes)}
    for layer in (0, 1) if net["kind"] == "relu" else ():
        for share in (0.5, 0.75):
            biases = copy.deepcopy(net["biases"])
            biases[layer] += 1
            biases[layer][: round(share * len(biases[layer]))] = -50
            yield f"{share:.0%} of layer {layer + 1} dead", {"biases": biases}


def _named(free: Callable, replay: Callable, case: Case) -> dict:
    net = copy.deepcopy(case.args["net"])
    name = replay(net)
    known = isinstance(name, str) and name in (*SAID, broken.NONE)
    seen = {"cause": str(name) if known else f"{name!r:.40}, no name of the table"}
    return seen | {"changed": _touched(net, case), "_net": case.args["net"]}


def _moved(net: dict, old: dict) -> list[str]:
    """Return the entries in which two networks differ."""
    lists = [k for k in old if isinstance(old[k], list)]
    plain = [k for k in old if k not in lists and not np.array_equal(net[k], old[k])]
    return plain + [k for k in lists if not all(map(np.array_equal, net[k], old[k]))]


def _touched(net: dict, case: Case) -> list[str]:
    old = case.args["net"]
    return ["net"] * (net.keys() != old.keys() or bool(_moved(net, old)))


def _name_fact(got: dict, want: dict) -> str:
    """State what was measured: what speaks for another cause, or against this one."""
    if got["cause"] not in (*SAID, broken.NONE):
        return f"the answer is {got['cause']}."
    seen, name = _measured(want["_net"]), want["cause"]
    shows = got["cause"] == broken.NONE or seen[got["cause"]][0]
    name, end = (name, "") if shows else (got["cause"], " That is sound.")
    return f"the answer is “{got['cause']}”; {SAID[name].format(seen[name][1])}{end}"


diagnose = Step(
    "diagnose",
    _diagnose,
    _networks,
    observe=_named,
    tell=_name_fact,
    texts={f"no_{f.replace(' ', '_')}": f"“{f}” is never found." for f in SAID}
    | {
        "no_equal_weights": "“equal weights” is never found where each layer has a "
        "number of its own.",
        "by_sign_of_eta": "the sign is read off η: some programs compute minus the "
        "gradient. Try a small step.",
        "by_eta": "the step is judged by η alone: some programs sum over the rows. "
        "Compare the step with the weights.",
        "by_cost": "“large start” is never found for sigmoids: their cost may begin "
        "near ln K.",
        "by_flat": "“large start” is never found for ReLUs: their logits grow instead.",
        "cost_alone": "“large start” is asked by the surplus for sigmoids, too, in "
        "place of the flat share.",
        "flat_alone": "“large start” is asked by the flat share for ReLUs, too, in "
        "place of the surplus.",
        "cost_too": "a large surplus counts as “large start” for sigmoids, too: only "
        "the flat share does.",
        "flat_too": "a large flat share counts as “large start” for ReLUs, too: that "
        "is “dead”.",
        "last_first": "the questions come in reversed order: wild inputs make large "
        "steps, too. Begin with the data.",
        "dead_first": "“dead” is looked for before “large start”: that comes first.",
        "never_none": "“none” is never found: some of the networks are sound.",
    },
    demands={
        "**Ask in the order of the table**": ["last_first", "dead_first"],
        "networks with two faults": ["last_first"],
        "the first name that fits": [f"no_{f.replace(' ', '_')}" for f in SAID],
        "raises the cost": ["by_sign_of_eta"],
        "$\\eta$ alone says nothing": ["by_eta"],
        "for ReLUs, the surplus": ["by_flat", "flat_alone"],
        "for sigmoids, the flat share": ["by_cost", "cost_alone", "cost_too"],
        "`none`": ["never_none"],
    },
    why="A network that does not learn looks the same from outside whatever is wrong: "
    "a cost that stays. So measure, from the data to the step, and stop at the first "
    "thing that is not as it should be: wild inputs saturate sigmoids and make steps "
    "large, and whoever begins with the step mends the wrong thing. Each question "
    "costs one forward or backward pass, a training costs thousands.",
    see=WHY,
    goal=GOAL,
)


# --- mend -----------------------------------------------------------------------------


def _mend(slip, net, cause):
    x, y, new, rng = net["x"], net["y"], dict(net), np.random.default_rng(0)
    if cause == "inputs":
        new["x"] = slip((x - x.mean(0)) / x.std(0), scaled=x / x.std(0))
    if cause == "labels":
        gaps = ((x[:, None] - x) ** 2).sum(-1) + np.diag(np.full(len(x), np.inf))
        near = gaps.argmin(1)
        s = max(range(len(y)), key=lambda s: np.mean((t := np.roll(y, s))[near] == t))
        new["y"] = np.roll(y, slip(s, one_off=s + 1))
    if cause in ("equal weights", "large start"):
        W = [rng.normal(size=W.shape) * W.shape[1] ** -0.5 for W in net["weights"]]
        W = slip(W, zeros=[0 * v for v in W], too_wide=[1e4 * v for v in W])
        new["weights"] = W
    if cause == "dead":
        new["biases"] = [slip(0, still_low=0.9) * b for b in net["biases"]]
    sizes = _step_sizes(PLAIN, net["weights"], broken.gradients(net)[0], net["eta"])
    if cause in ("large step", "small step"):
        new["eta"] *= slip(0.1, no_better=max(sizes), tiny=1e-7) / max(sizes)
    if cause == "sign":
        new["eta"] *= slip(-1, sign_kept=1.01, size=np.sign(net["eta"]))
    more = lambda: new | {"biases": [b + 0.1 for b in new["biases"]]}  # noqa: E731
    rate = lambda: new | {"eta": 1.5 * new["eta"]}  # noqa: E731
    new = slip(new, biases_too=more, eta_too=rate, nothing=dict(net))
    return slip(new, trained=lambda: broken.train(new, 20))


def _sick(rng) -> Iterator[Case]:
    drawn = dict(broken.drawn(int(rng.integers(2**31))))
    for fault in SAID:
        net = drawn[fault]
        label = f"“{fault}”, {net['kind']}"
        yield Case(label, {"net": net, "cause": fault})
        if fault == "inputs":
            net = net | {"x": net["x"] + 9 * net["x"].std(0)}
            yield Case("“inputs”, far from 0", {"net": net, "cause": fault})
        if fault in ("sign", "large step", "small step"):
            net = net | {"program": (net["program"] + 2) % 4, "eta": -net["eta"]}
            yield Case(f"{label}, with the other sign", {"net": net, "cause": fault})


@_once
def _ends(net) -> float:
    return broken.accuracy(broken.train(net, STEPS))


def _mended(free: Callable, replay: Callable, case: Case) -> dict:
    """Observe a mended network: what was changed, what still shows, whether it learns.

    A network is trained only if nothing shows any more: that takes time.
    """
    old, given = case.args["net"], copy.deepcopy(case.args["net"])
    new = replay(given, case.args["cause"])
    seen = {"changed": _touched(given, case)}
    if fault := _unfit(new, old):
        return seen | {"entry": fault}
    moved = _moved(new, old)
    if len(moved) != 1:
        return seen | {"entry": f"these were changed: {', '.join(moved) or 'none'}."}
    with np.errstate(all="ignore"):
        shown = _shown(new)
        ends = _ends(new) if shown == broken.NONE else 0
        numbers = {"_now": _measured(new), "_ends": ends}
    return (
        seen | numbers | {"entry": "one", "shows": shown, "learns": bool(ends >= BAR)}
    )


def _unfit(new, old: dict) -> str:
    """Say what makes a network no network, or another task."""
    if not isinstance(new, dict) or new.keys() != old.keys():
        return "a network with the same seven entries is asked for."
    for key in old:
        pair = [v if isinstance(v, list | tuple) else [v] for v in (new[key], old[key])]
        if list(map(np.shape, pair[0])) != list(map(np.shape, pair[1])):
            return f"the shapes of {key} must stay."
    if (new["kind"], new["program"]) != (old["kind"], old["program"]):
        return "the kind of the network and its program must stay."
    columns = zip(np.asarray(new["x"], float).T, old["x"].T, strict=True)
    if not all(np.ptp(c) and abs(np.corrcoef(c, o)[0, 1]) > 0.999 for c, o in columns):
        return "each column of x must stay the old one, shifted and scaled."
    if not any(
        np.array_equal(np.roll(new["y"], s), old["y"]) for s in range(len(old["y"]))
    ):
        return "y must stay the old labels, moved along by some rows."
    return ""


def _mend_fact(got: dict, want: dict) -> str:
    if got["entry"] != "one":
        return f"{got['entry']} Change one entry."
    if (name := got["shows"]) != broken.NONE:
        return f"“{name}” shows now: {SAID[name].format(got['_now'][name][1])}"
    return (
        f"after {STEPS} steps {got['_ends']:.0%} of the rows are right, not {BAR:.0%}."
    )


mend = Step(
    "mend",
    _mend,
    _sick,
    observe=_mended,
    tell=_mend_fact,
    texts={
        "scaled": "a column of x still has a large mean or spread: shift and scale.",
        "one_off": "the labels are still shifted against the rows: look for the shift "
        "again.",
        "zeros": "the new weights of a layer are equal, too.",
        "too_wide": "the new weights are far too large.",
        "still_low": "the biases are still far below 0: the ReLUs stay dead.",
        "no_better": "the step is still too long, or too short: measure how far.",
        "tiny": "the new step is far too small.",
        "sign_kept": "the sign of the step is the old one.",
        "size": "η is never negative now: some programs need it.",
        "biases_too": "the biases were changed in every network, beside the cause.",
        "eta_too": "η was changed in every network, beside the cause.",
        "nothing": "nothing was changed.",
        "trained": "a trained network came: mend it, and the check will train it.",
    },
    demands={
        "**Change one entry**": ["biases_too", "eta_too", "nothing", "trained"],
        "90 % of the rows right after 200 steps": ["zeros", "still_low", "tiny"],
        "The columns of `x` may be shifted and scaled": ["scaled"],
        "the labels `y` moved along": ["one_off"],
    },
    why="Change one thing at a time: whoever changes the rate, the start and the data "
    "at once may see it learn, will not know why, and has to guess again with the next "
    "network. After a change measure again, before you train: the same questions tell "
    "whether the fault is gone, and whether a new one came in its place.",
    see=WHY,
    goal="and mend them",
)
