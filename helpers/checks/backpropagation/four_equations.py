"""Checks of the sheet `backpropagation/four_equations`.

Rows are examples, W has shape (n_l, n_{l-1}), delta = ∂C/∂z for each example, C is the
mean over the examples. That the gradients are right is proved by finite differences, in
the tests.
"""

# ruff: noqa: B023 slip calls a lambda at once
from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from ..classification import softmax
from ..engine import Case, Step
from .common import sigmoid as s
from .common import slope

SHAPES = ((5, 4, 3), (4, 4, 4), (6, 2, 7), (7, 5, 5))  # examples, outputs, inputs
CLIPS = (5, 10, 15, 20, 25)


# --- sigmoid and its derivative -------------------------------------------------------

CLIPPED = {
    f"clip_{c}": f"z is cut off at ±{c}: beyond, the values are still different."
    for c in CLIPS
}
OVERFLOW = (
    "an exponential overflows at z = ±1000. Each one that is computed needs an "
    "exponent ≤ 0; np.where computes both of its branches."
)


def _clipped(function, z):
    return {f"clip_{c}": function(np.clip(z, -c, c)) for c in CLIPS}


def _sigmoid(slip, z):
    y = slip(s(z), flipped=s(-z), tanh=np.tanh(z), slope=slope(z))
    y = slip(y, naive=lambda: np.exp(z) / (1 + np.exp(z)))
    y = slip(y, steep=s(2 * z))
    y = slip(y, minus=lambda: 1 / (1 - np.exp(-z)))
    y = slip(y, minus_too=lambda: np.exp(z) / (1 - np.exp(z)))
    y = slip(y, step=(z >= 0) * 1.0, relu=np.maximum(z, 0))
    return slip(y, plus=np.logaddexp(0, z), **_clipped(s, z))


def _prime(slip, a):
    d = slip(a * (1 - a), at_a=slope(a), of_tanh=1 - a**2, itself=a, one_factor=1 - a)
    d = slip(d, plus=a * (1 + a), squared=a**2, both_squared=(1 - a) ** 2)
    d = slip(d, inverse=lambda: 1 / (a * (1 - a)), of_inverse=lambda: _logit(a))
    d = slip(d, difference=lambda: np.gradient(a, axis=-1))
    return slip(d, second=a * (1 - a) * (1 - 2 * a))


def _logit(a):
    return np.log(a / (1 - a))


def _elementwise(rng) -> Iterator[Case]:
    yield Case("a table", {"z": 2 * rng.normal(size=(3, 4))})
    yield Case("a vector", {"z": 2 * rng.normal(size=5)})
    for z in ([-30.0, 30.0], [-1000.0, 1000.0]):
        yield Case(f"z = ±{z[1]:g}", {"z": np.array(z)})


def _activations(rng) -> Iterator[Case]:
    yield Case("a table", {"a": rng.uniform(0.02, 0.98, size=(3, 4))})
    yield Case("a vector", {"a": rng.uniform(0.02, 0.98, size=5)})
    yield Case("neurons that say 0 and 1", {"a": np.array([0.0, 0.5, 1.0])})


sigmoid = Step(
    "sigmoid",
    _sigmoid,
    _elementwise,
    texts=CLIPPED
    | {
        "flipped": "the sign in the exponent is wrong: this is 1/(1 + e^z).",
        "tanh": "this is tanh: its values lie between −1 and 1.",
        "slope": "this is the derivative σ′, not σ.",
        "steep": "this is σ(2z), with twice the slope.",
        "naive": "e^z overflows, and inf / inf is NaN: exponents must be ≤ 0.",
        "minus": "this is 1/(1 − e^−z): a sign in the denominator is wrong.",
        "minus_too": "this is e^z/(1 − e^z): a sign in the denominator is wrong.",
        "step": "this is a step: 0 or 1.",
        "relu": "this is a ReLU.",
        "plus": "this is ln(1 + e^z), the softplus, whose derivative is σ.",
    },
    warn=OVERFLOW,
    atol=1e-12,
    demands={
        "$= 1 / (1 + e^{-z})$": ["flipped", "minus", "tanh"],
        "any shape": ["a table", "a vector"],
        "as large as ±1000 must not overflow": ["naive", "clip_20"],
    },
    why="The sigmoid turns any preactivation into a number between 0 and 1, and a "
    "network meets large preactivations as soon as its weights have grown. e^1000 is "
    "larger than any floating-point number: it becomes infinity, and infinity divided "
    "by infinity is no number at all. Written with an exponent that is never positive, "
    "the same function is right everywhere. A tanh, halved and shifted, is the sigmoid "
    "as well, and takes care of large z by itself.",
    see="The four equations",
    goal="derive the four equations of backpropagation, in components and in matrices",
    small=lambda: Case("", {"z": np.array([-2.0, 0.0, 1.0])}),
)

slope_at = Step(
    "slope_at",
    _prime,
    _activations,
    texts={
        "at_a": "a was taken for z: this is σ′ at the number a, as the notebook's "
        "function gives it.",
        "of_tanh": "this is the derivative of tanh.",
        "itself": "this is σ itself; the derivative is asked for.",
        "one_factor": "this is 1 − a: one factor is missing.",
        "plus": "this is a (1 + a): a sign is wrong.",
        "squared": "this is a²: the other factor is 1 − a.",
        "both_squared": "this is (1 − a)²: one factor is a.",
        "inverse": "this is the derivative of z by a: it is turned over.",
        "of_inverse": "this is z itself, the inverse of the sigmoid.",
        "difference": "neighboring entries of a are compared: derive by z.",
        "second": "this is the second derivative of σ.",
    },
    atol=1e-12,
    demands={
        "the derivative $\\sigma'(z)$": ["itself", "inverse", "difference"],
        "from the activation $a = \\sigma(z)$ alone": ["at_a", "of_tanh"],
        "the results have the same shape": ["a table", "a vector"],
    },
    why="Backpropagation multiplies each error by the derivative of the activation, "
    "and for the sigmoid it needs no further exponential: with e^−z = 1/a − 1 the "
    "derivative can be written in a alone. Libraries do so, and keep the activations "
    "of the forward pass for it. Its largest value is ¼, in the middle, at a = ½. "
    "Where a neuron says 0 or 1 the derivative vanishes, and with it all that the "
    "neuron could learn.",
    see="The four equations",
    goal="derive the four equations of backpropagation, in components and in matrices",
    small=lambda: Case("", {"a": np.array([0.25, 0.8])}),
)


# --- forward --------------------------------------------------------------------------


def _forward(slip, x, weights, biases, functions):
    L = len(weights)
    f = functions or [s] * L
    first = slip(x, squashed_x=f[0](x), one_example=x[:1])
    f = slip(f, sigmoids=[s] * L, linear=[_same] * L, linear_end=[*f[:-1], _same])
    f = slip(f, first_f=f[:1] * L, last_f=f[-1:] * L, turned_f=f[::-1])
    f = slip(f, late_f=[*f[1:], f[0]], early_f=[f[-1], *f[:-1]], s_end=[*f[:-1], s])
    f = slip(f, twice=[lambda z, g=g: g(g(z)) for g in f])
    f = slip(f, s_hidden=[*[s] * (L - 1), f[-1]])
    f = slip(f, entrywise=[np.vectorize(g, otypes=[float]) for g in f])
    f = slip(f, none_same=f if functions else [_same] * L)
    f = slip(f, none_all_relu=f if functions else [_relu] * L)
    f = slip(f, relu_none=f if functions else [*[_relu] * (L - 1), s])
    f = slip(f, none_linear=f if functions else [*f[:-1], _same])
    each = list(zip(weights, biases, f, strict=True))
    each = slip(each, lacks_last=each[:-1], early=each[:1])
    each = slip(each, backwards=each[::-1])
    zs, activations = [], [first]
    for W, b, f in each:
        a = slip(activations[-1], feeds_z=zs[-1] if zs else x, feeds_x=x)
        total = slip(a @ W.T, transposed=lambda: a @ W, left=lambda: W @ a)
        z = slip(total + b, no_b=total, twice_b=total + 2 * b)
        z = slip(z, early_b=lambda: (a + b) @ W.T)
        zs.append(z)
        activations.append(f(z))
    bare = [z - b for z, (_, b, _) in zip(zs, each, strict=True)]
    a = activations
    told = slip(zs, x_in_zs=[x, *zs], zs_are_a=a[1:], zs_bare=bare, zs_short=zs[:-1])
    told = slip(told, zs_reversed=zs[::-1])
    a = slip(a, lacks_x=a[1:], lacks_output=a[:-1], a_are_z=[first, *zs])
    a = slip(a, a_reversed=a[::-1], x_twice=[first, *a])
    out = slip((told, a), reversed=(told[::-1], a[::-1]), output=a[-1])
    again = [f(z) for z, (*_, f) in zip(zs, each, strict=True)]
    more = [f(z) for z, (*_, f) in zip(again, each, strict=True)]
    squashed = again, [first, *more]
    out = slip(out, zs_squashed=squashed, pairs=list(zip(zs, a[1:], strict=False)))
    return slip(out, columns=lambda: tuple([v.T for v in part] for part in out))


def _same(z):
    return z


def _relu(z):
    """max(0, z)."""
    return np.maximum(z, 0)


def _tanh(z):
    """(eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)."""
    return np.tanh(z)


def _networks(rng, targets=True) -> Iterator[Case]:
    """Yield small networks: rectangular, square, deeper, and without a hidden layer."""
    shapes = (5, (3, 4, 2)), (6, (4, 4, 4, 4)), (7, (5, 3, 4, 2)), (3, (2, 6))
    for first, (m, sizes) in enumerate(shapes):
        args = {"x": rng.normal(size=(m, sizes[0]))}
        if targets:
            args["y"] = rng.uniform(size=(m, sizes[-1]))
        args["weights"] = [rng.normal(size=(b, a)) for a, b in pairwise(sizes)]
        args["biases"] = [rng.normal(size=b) for b in sizes[1:]]
        if not targets:
            several = 2 * (_tanh, _relu, s)
            args["functions"] = [*several[first % 3 :][: len(sizes) - 1]]
            args["functions"] = args["functions"] if first != 2 else None
            if first == 1:
                args["functions"][-1] = softmax
        layers = "-".join(map(str, sizes))
        scales = {"m": m, "k": sizes[-1]}
        yield Case(f"{m} examples, layers {layers}", args, scales)


def _small_network(targets):
    args = {"x": np.array([[1.0, -1.0]])} | (
        {"y": np.array([[1.0]])} if targets else {}
    )
    args["weights"] = [np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([[2.0, -1.0]])]
    args["biases"] = [np.array([0.0, 1.0]), np.array([-1.0])]
    return Case("", args if targets else args | {"functions": [_relu, _tanh]})


forward = Step(
    "forward",
    _forward,
    lambda rng: _networks(rng, targets=False),
    ("zs", "activations"),
    texts={
        "squashed_x": "a function is applied to the input x.",
        "one_example": "only the first example is passed on.",
        "lacks_last": "the last layer is missing.",
        "early": "only the first layer is computed: a return inside the loop?",
        "backwards": "the layers are run through from the last to the first.",
        "feeds_z": "every layer gets z of the layer before, not its activation.",
        "feeds_x": "every layer gets the input x, not the layer before.",
        "transposed": "W stands in place of its transpose (square W fit by chance).",
        "left": "W @ a in place of a @ Wᵀ: here the examples are rows.",
        "no_b": "the biases are missing.",
        "twice_b": "the biases are added twice.",
        "early_b": "the biases are added to the input, before the weights act.",
        "sigmoids": "every layer has the sigmoid, as in the notebook: each has its own "
        "function here.",
        "linear": "no layer has its function: the activations are the z.",
        "linear_end": "the last layer lacks its function.",
        "first_f": "every layer has the function of the first.",
        "last_f": "every layer has the function of the last.",
        "turned_f": "the functions are run through from the last to the first.",
        "late_f": "every layer has the function of the next: `functions` has no entry "
        "for the input.",
        "early_f": "every layer has the function of the one before it.",
        "s_end": "the last layer always has the sigmoid: it has its own function.",
        "relu_none": "None stands for the sigmoid, in the hidden layers, too.",
        "none_linear": "None stands for the sigmoid, in the last layer, too.",
        "none_same": "None stands for the sigmoid, not for no function.",
        "none_all_relu": "None stands for the sigmoid, not for ReLU.",
        "s_hidden": "the hidden layers always have the sigmoid: each has its own "
        "function.",
        "entrywise": "the function is applied to one entry at a time: some, such as "
        "softmax, need the whole array.",
        "twice": "the function is applied twice in each layer.",
        "x_in_zs": "zs contains the input x; it begins with z of the first layer.",
        "zs_are_a": "zs holds the activations, not the preactivations z.",
        "zs_bare": "zs holds the weighted sums without their biases.",
        "zs_short": "zs lacks the last layer's z.",
        "zs_reversed": "zs is in reversed order: it goes from input to output.",
        "lacks_x": "activations[0] is missing: it is the input x.",
        "lacks_output": "the output is missing: activations ends with a^L.",
        "a_are_z": "activations holds the preactivations z, without their functions.",
        "a_reversed": "activations is in reversed order: from input to output.",
        "x_twice": "x stands twice at the beginning of activations.",
        "reversed": "the lists are in reversed order: they go from input to output.",
        "output": "the output alone is returned, not the two lists.",
        "zs_squashed": "the function is applied twice: zs holds its results, not z.",
        "pairs": "pairs (z, a) of each layer are returned, not two lists.",
        "columns": "the examples are the columns here: they are rows.",
    },
    demands={
        "each layer has a function of its own": ["sigmoids", "first_f", "last_f"],
        "None stands for the sigmoid in every layer": ["relu_none", "none_linear"],
        "`functions[l]`: the activation function": ["turned_f", "late_f", "s_end"],
        "It takes its preactivations and returns an array": ["entrywise"],
        "A batch is rows: $Z = A W^\\top + b$": ["columns", "left", "no_b"],
        "Returns `(zs, activations)`": ["output", "pairs"],
        "`zs` lists the preactivations of the L layers": ["x_in_zs", "zs_are_a"],
        "`activations` starts with `x` itself": ["lacks_x", "squashed_x"],
        "lists L + 1 arrays": ["lacks_output", "x_twice"],
    },
    why="The backward pass needs what the forward pass has seen: each error is "
    "multiplied by the slope at the layer's preactivation z, and each gradient by the "
    "activation that came into the layer. So both lists are kept, and the input counts "
    "as the activation of layer 0: that is why there is one activation more than there "
    "are preactivations. With examples in rows, a layer is one product with the "
    "transposed weights, and the bias is added to each row.",
    see="A whole minibatch at once",
    goal="write them for a whole minibatch, and test them against finite differences",
    small=lambda: _small_network(False),
)


# --- the errors -----------------------------------------------------------------------

SLOPE = {
    "no_slope": "the factor σ′(z) is missing.",
    "sigma": "σ stands in place of its derivative σ′.",
    "at_a": "σ′ is taken at the activation a; its argument is z.",
    "for_a": "z (1 − z) stands in place of σ′(z): z was taken for a.",
    "z_itself": "z itself stands in place of σ′(z).",
    "of_tanh": "this has the derivative of tanh; the activation is the sigmoid.",
    "of_relu": "this has the derivative of ReLU; the activation is the sigmoid.",
    "squared": "the square of σ stands in place of its derivative σ (1 − σ).",
    "plus": "σ′ has the wrong sign in it: σ (1 + σ).",
    "one_factor": "1 − σ stands in place of σ′: one factor σ is missing.",
    "slope_twice": "there is one factor σ′(z) too many.",
    "bare": "σ · 1 − σ stands in place of σ (1 − σ): parentheses are missing.",
}


def _slope(slip, z):
    d = slip(slope(z), no_slope=np.ones_like(z), sigma=s(z), at_a=slope(s(z)))
    d = slip(d, for_a=z * (1 - z), z_itself=z, of_tanh=1 - np.tanh(z) ** 2)
    d = slip(d, of_relu=(z > 0) * 1.0, squared=s(z) ** 2, plus=s(z) * (1 + s(z)))
    return slip(d, one_factor=s(-z), slope_twice=slope(z) ** 2)


def _output_error(slip, a, y, z):
    d = _slope(slip, z)
    d = slip(d, at_y=slope(y), at_gap=slope(a - y))
    e = slip(
        a - y,
        sign=y - a,
        no_target=a,
        added=a + y,
        from_z=z - y,
        squared_gap=(a - y) ** 2,
    )
    e = slip(e, norm=np.linalg.norm(a - y), summed=(a - y).sum(1)[:, None])
    e = slip(e, row_norm=np.linalg.norm(a - y, axis=1)[:, None], entropy=lambda: -y / a)
    delta = slip(e * d, plus_slope=e + d, divided=lambda: e / d, cost=e**2 / 2)
    delta = slip(delta, bare=e * s(z) - s(z))
    delta = slip(delta, product=lambda: e @ d, product_t=lambda: e.T @ d)
    return slip(delta, rows=lambda: (e * d).sum(1))


def _output_cases(rng) -> Iterator[Case]:
    for m, k, _ in SHAPES:
        z, y = 2 * rng.normal(size=(m, k)), rng.uniform(size=(m, k))
        args = {"a": s(z), "y": y, "z": z}
        yield Case(f"{m} examples, {k} outputs", args, {"m": m, "k": k})


MATRIX = "⊙ is an elementwise product; this is the matrix product {}."

output_error = Step(
    "output_error",
    _output_error,
    _output_cases,
    texts=SLOPE
    | {
        "at_y": "σ′ is taken at the target y; its argument is z.",
        "at_gap": "σ′ is taken at the difference a − y; its argument is z.",
        "sign": "this is the gradient with the wrong sign: y − a in place of a − y.",
        "no_target": "the target y is missing.",
        "added": "a + y stands in place of a − y.",
        "from_z": "z − y stands in place of a − y.",
        "squared_gap": "the difference is squared: a − y is the derivative of the "
        "cost.",
        "norm": "the norm of all differences stands in place of a − y.",
        "row_norm": "the norm of an example's differences stands in place of a − y.",
        "summed": "the differences are summed over the outputs.",
        "entropy": "this has the derivative of the cross-entropy: the cost is ½‖a − "
        "y‖².",
        "plus_slope": "σ′(z) is added to the difference, not multiplied by it.",
        "divided": "the difference is divided by σ′(z), not multiplied by it.",
        "cost": "this is the cost itself, ½(a − y)²: derive it.",
        "product": MATRIX.format("e @ σ′"),
        "product_t": MATRIX.format("eᵀ @ σ′"),
        "rows": "the errors are summed over the outputs.",
    },
    demands={
        "the cost $\\frac12 \\lVert a - y \\rVert^2$": [
            "sign",
            "entropy",
            "squared_gap",
        ],
        "Returns one row for each example": ["product_t", "rows"],
        "The mean over the batch is taken later": ["5 examples, 4 outputs"],
    },
    why="The error of an output neuron says how the cost of one example answers to its "
    "preactivation. The chain rule gives two factors: how the cost answers to the "
    "activation, a − y, and how the activation answers to z, which is σ′(z). Both are "
    "taken entry by entry, as no output influences another one's activation. The sign "
    "matters: this is a gradient and points uphill; the minus comes with the update. "
    "The mean over the examples waits until the gradients.",
    see="The four equations",
    goal="derive the four equations of backpropagation, in components and in matrices",
    small=lambda: Case(
        "",
        {
            "a": np.array([[0.5, 0.88]]),
            "y": np.array([[1.0, 0.0]]),
            "z": np.array([[0.0, 2.0]]),
        },
    ),
)


def _hidden_error(slip, W_next, delta_next, z):
    W, g, d = W_next, delta_next, _slope(slip, z)
    g = slip(g, averaged=lambda: g.mean(0) + 0 * g, summed=lambda: g.sum(0) + 0 * g)
    back = slip(g @ W, transposed=lambda: g @ W.T, elementwise=lambda: W * g)
    back = slip(back, no_weights=g.sum(1, keepdims=True))
    back = slip(back, first=np.outer(g[:, 0], W[0]), only_delta=lambda: g)
    back = slip(back, last=np.outer(g[:, -1], W[-1]))
    delta = slip(back * d, sign=-back * d, bare=back * s(z) - s(z))
    delta = slip(delta, plus_slope=back + d, divided=lambda: back / d)
    delta = slip(delta, before=lambda: (g * d) @ W, own=slope(back))
    delta = slip(delta, at_back=back * slope(back))
    delta = slip(delta, on_next=lambda: (g * slope(g)) @ W)
    return slip(delta, product=lambda: back @ d, t_product=lambda: back @ d.T)


def _hidden_cases(rng) -> Iterator[Case]:
    for m, n_next, n in SHAPES:
        args = {"W_next": rng.normal(size=(n_next, n))}
        args |= {"delta_next": rng.normal(size=(m, n_next))}
        args["z"] = 2 * rng.normal(size=(m, n))
        scales = {"m": m, "n_l": n, "n_{l+1}": n_next}
        yield Case(f"{m} examples, {n} → {n_next} neurons", args, scales)


hidden_error = Step(
    "hidden_error",
    _hidden_error,
    _hidden_cases,
    texts=SLOPE
    | {
        "averaged": "δ_next is averaged over the examples: each has its own.",
        "summed": "δ_next is summed over the examples: each has its own.",
        "transposed": "the weights are transposed the wrong way (it fits by chance if "
        "W_next is square): trace which index of W_next belongs to the next layer.",
        "elementwise": "the product with the weights is elementwise: a matrix product.",
        "no_weights": "δ of the next layer is summed without the weights.",
        "first": "only the first neuron of the next layer counts: sum over all.",
        "last": "only the last neuron of the next layer counts: sum over all.",
        "only_delta": "the weights are missing: δ of the next layer goes on as it is.",
        "sign": "the sign is wrong: δ flows back without a minus.",
        "plus_slope": "σ′(z) is added, not multiplied.",
        "divided": "the error is divided by σ′(z), not multiplied by it.",
        "before": "σ′ belongs to this layer's z, after the product with the weights; "
        "here it multiplies δ of the next layer before it.",
        "own": "this is σ′ of the error that comes back.",
        "at_back": "σ′ is taken at the error that comes back, not at this layer's z.",
        "on_next": "σ′ is taken at δ of the next layer, not at this layer's z.",
        "product": MATRIX.format("with σ′"),
        "t_product": MATRIX.format("with σ′ᵀ"),
    },
    demands={
        "through the weights between them": ["transposed", "no_weights"],
        "the preactivations of layer $l$": ["at_a", "for_a", "own"],
        "one row for each example, shape `(m, n_l)`": ["averaged", "summed"],
    },
    why="A hidden neuron influences the cost through every neuron of the next layer, "
    "so its error is a sum over them, weighted with the connections that carry the "
    "influence. The sum runs over the first index of W_next; for one example that is "
    "the transposed matrix times δ, and with examples in rows it is one product of the "
    "errors with W_next. Only then comes the neuron's own activation: the factor σ′ at "
    "its z, entry by entry.",
    see="The four equations",
    goal="derive the four equations of backpropagation, in components and in matrices",
    small=lambda: Case(
        "",
        {
            "W_next": np.array([[2.0, -1.0]]),
            "delta_next": np.array([[0.5]]),
            "z": np.array([[0.0, 1.0]]),
        },
    ),
)


# --- gradients of a layer -------------------------------------------------------------


def _gradients(slip, delta, a_prev):
    m, g, a = len(delta), delta, a_prev
    dW = g.T @ a / m
    dW = slip(dW, means=np.outer(g.mean(0), a.mean(0)), last=np.outer(g[-1], a[-1]))
    dW = slip(dW, first=np.outer(g[0], a[0]), tables=g[:, :, None] * a[:, None])
    dW = slip(dW, elementwise=lambda: g * a / m, elementwise_sum=lambda: g * a)
    dW = slip(dW, over_neurons=lambda: g @ a.T / m, mirrored=lambda: a @ g.T / m)
    dW = slip(
        dW,
        no_input=lambda: g.mean(0)[:, None] + 0 * dW,
        no_delta=lambda: a.mean(0) + 0 * dW,
    )
    db = g.sum(0) / m
    db = slip(db, neurons_mean=g.mean(1), neurons_sum=g.sum(1), number=g.mean())
    db = slip(db, number_sum=g.sum(), itself=g, kept=g.mean(0, keepdims=True))
    db = slip(db, column=g.mean(0)[:, None], of_input=a.mean(0), zero=0 * db)
    db = slip(db, from_dW=dW.sum(-1), over_m=g / m)
    return (dW, db)


def _gradient_cases(rng) -> Iterator[Case]:
    for m, n, n_prev in SHAPES:
        args = {
            "delta": rng.normal(size=(m, n)),
            "a_prev": rng.uniform(size=(m, n_prev)),
        }
        scales = {"m": m, "n_l": n, "n_{l-1}": n_prev}
        yield Case(f"{m} examples, {n_prev} → {n} neurons", args, scales)


PAIRED = "an elementwise product stands where each δ_j meets each a_i."
gradients = Step(
    "gradients",
    _gradients,
    _gradient_cases,
    ("dW", "db"),
    texts={
        "means": "dW is the product of the two means: average the products instead.",
        "last": "only the last example counts in dW.",
        "first": "only the first example counts in dW.",
        "tables": "dW has a table for each example: average them.",
        "elementwise": PAIRED,
        "elementwise_sum": f"{PAIRED[:-1]}, without the mean.",
        "over_neurons": "the product runs over the neurons, not over the examples (δ "
        "aᵀ with rows as examples).",
        "mirrored": "the product runs over the neurons, not over the examples (a δᵀ "
        "with rows as examples).",
        "no_input": "dW lacks the input a_prev: it is the mean of δ only.",
        "no_delta": "dW lacks the error δ: it is the mean of a_prev only.",
        "neurons_mean": "db averages over axis 1 (neurons), not axis 0 (examples).",
        "neurons_sum": "db sums over axis 1 (neurons), not axis 0 (examples).",
        "number": "db is one number: average over the examples only.",
        "number_sum": "db is one number, summed over all entries.",
        "itself": "db is δ itself: the mean over the examples is missing.",
        "over_m": "db is δ/m: the sum over the examples is missing.",
        "kept": "db has an axis of length 1 too many: its shape is (n_l,).",
        "column": "db is a column: its shape is (n_l,).",
        "of_input": "db is the mean of a_prev: δ is meant.",
        "zero": "db is 0: the bias learns, too.",
        "from_dW": "db is the sum of dW over the inputs: it does not contain a_prev.",
    },
    demands={
        "Now the mean over the examples is taken": ["itself", "means", "tables"],
        "of shapes `(n_l, n_{l-1})` and `(n_l,)`": ["kept", "itself"],
        "`a_prev`: the activations of the layer before it": ["no_input"],
    },
    why="The weight from neuron i to neuron j acts through z_j, and z_j contains it "
    "times the activation a_i: so its gradient is δ_j a_i, for each example a table of "
    "all pairs. Their sum over the examples is one matrix product, and the cost of a "
    "batch is a mean, so m divides it. The bias is a weight whose input is always 1: "
    "its gradient is the mean of δ alone. Without the mean the right learning rate "
    "would depend on the size of the minibatch.",
    see="A whole minibatch at once",
    goal="write them for a whole minibatch, and test them against finite differences",
    small=lambda: Case(
        "",
        {
            "delta": np.array([[1.0, 0.0], [3.0, -2.0]]),
            "a_prev": np.array([[0.5, 1.0, 0.0], [1.0, 0.0, 0.5]]),
        },
    ),
)


# --- the whole algorithm --------------------------------------------------------------


def _backprop(slip, x, y, weights, biases):
    x, y = slip((x, y), first_only=(x[:1], y[:1]))
    zs, a = [], [x]
    for W, b in zip(weights, biases, strict=True):
        zs.append(a[-1] @ W.T + slip(b, no_bias=0 * b))
        a.append(s(zs[-1]))
    m, top = len(x), len(weights) - 1
    e = slip(a[-1] - y, sign=y - a[-1], no_target=a[-1], squared_gap=(a[-1] - y) ** 2)
    dWs, dbs, delta, later = [], [], e, e
    for i in range(top, -1, -1):
        z = slip(zs[i], early_z=zs[i - 1], late_z=zs[min(i + 1, top)])
        d = slip(slope(z), no_slope=np.ones_like(z), sigma=s(z), at_a=slope(s(z)))
        if i == top:
            d = slip(d, bare_end=np.ones_like(z), sigma_end=s(z), at_a_end=slope(s(z)))
            delta = e * d
        else:
            d = slip(d, bare_hidden=np.ones_like(z), sigma_hidden=s(z))
            d = slip(d, at_a_hidden=slope(s(z)))
            W = slip(weights[i + 1], own_W=weights[i])
            back = slip(
                delta @ W, transposed=lambda: delta @ W.T, undone=lambda: later @ W
            )
            back = slip(back, no_weights=delta.sum(1, keepdims=True))
            delta = back * d
        later = delta if i == top else back
        fed = slip(a[i], own_a=a[i + 1], z_fed=zs[i - 1] if i else x, x_fed=x)
        left = slip(delta, early_mean=delta.mean(0) + 0 * delta)
        dW = left.T @ fed / m
        dWs.insert(0, dW)
        dbs.insert(0, slip(delta.mean(0), db_kept=delta))
    pair = slip((dWs, dbs), output_only=tuple(_only(p, -1) for p in (dWs, dbs)))
    for name, first in {"zero": [0 * dWs[0], 0 * dbs[0]], "none": [None, None]}.items():
        less = tuple([v, *p[1:]] for v, p in zip(first, pair, strict=True))
        wrong = {f"{name}_first": less, f"{name}_hidden": less if top else pair}
        pair = slip(pair, **wrong)
    less = tuple(p[1:] for p in pair)
    pair = slip(pair, no_first=less, no_hidden=less if top else pair)
    pair = slip(pair, reversed=(dWs[::-1], dbs[::-1]))
    pair = slip(pair, W_reversed=(dWs[::-1], dbs), b_reversed=(dWs, dbs[::-1]))
    pair = slip(pair, each=lambda: list(zip(dWs, dbs, strict=True)))
    return slip(pair, updated=lambda: (_less(weights, dWs), _less(biases, dbs)))


def _only(part, i):
    kept = [0 * p for p in part]
    kept[i] = part[i]
    return kept


def _less(old, change):
    return [p - g for p, g in zip(old, change, strict=True)]


DEEP = " if there are hidden layers: the loop stops too early."
backprop = Step(
    "backprop",
    _backprop,
    _networks,
    ("dWs", "dbs"),
    texts={
        "first_only": "only the first example is used.",
        "no_bias": "the forward pass lacks the biases.",
        "sign": "these are gradients with the wrong sign: y − a in place of a − y, or "
        "a minus that belongs to the update.",
        "no_target": "the target y is missing in the output error.",
        "squared_gap": "the difference a − y is squared in the output error.",
        "early_z": "σ′ is taken at z of the wrong layer (one too early).",
        "late_z": "σ′ is taken at z of the wrong layer (one too late).",
        "no_slope": "no layer has its factor σ′(z).",
        "sigma": "σ stands in place of its derivative σ′.",
        "at_a": "σ′ is taken at the activations; its argument is z.",
        "bare_end": "the output layer lacks its factor σ′(z).",
        "sigma_end": "the output layer has σ in place of σ′.",
        "at_a_end": "σ′ of the output layer is taken at its activation, not at z.",
        "bare_hidden": "the hidden layers lack their factor σ′(z).",
        "sigma_hidden": "the hidden layers have σ in place of σ′.",
        "at_a_hidden": "σ′ of the hidden layers is taken at activations, not at z.",
        "own_W": "δ uses the weights of its own layer, not of the next.",
        "transposed": "W is transposed the wrong way in δ of the hidden layers.",
        "undone": "the error goes back without the factors σ′ of the layers between.",
        "no_weights": "the weights are missing in δ of the hidden layers.",
        "own_a": "dW uses the activation of its own layer; it needs the layer before.",
        "z_fed": "dW uses the preactivation z of the layer before, not its activation.",
        "x_fed": "dW of all layers uses the input x.",
        "early_mean": "the δ are averaged before the product with the activations.",
        "db_kept": "dbs holds the δ of all examples: their mean is asked for.",
        "output_only": "only the output layer's gradient is right, all others are 0.",
        "zero_first": "the first layer's gradient is 0: the loop stops too early.",
        "no_first": "the first layer is missing: the loop stops too early.",
        "none_first": "the first layer is still None: the loop stops too early.",
        "zero_hidden": f"the first layer's gradient is 0{DEEP}",
        "no_hidden": f"the first layer is missing{DEEP}",
        "none_hidden": f"the first layer is still None{DEEP}",
        "reversed": "both lists are in reversed order: the first layer comes first.",
        "W_reversed": "dWs is in reversed order: the first layer comes first.",
        "b_reversed": "dbs is in reversed order: the first layer comes first.",
        "each": "pairs (dW, db) of each layer are returned, not two lists.",
        "updated": "the updated weights came (η = 1), not the gradients.",
    },
    demands={
        "The cost is the mean over the $m$ examples": ["early_mean", "db_kept"],
        "two lists with the gradients of the layers": ["each", "updated"],
        "in the order of `weights`": ["reversed", "W_reversed", "b_reversed"],
        "from the functions of steps 1 to 5": ["own_W", "own_a", "late_z", "no_first"],
    },
    why="The errors travel from the output to the first layer, and each layer needs "
    "three things on their way: the error of the layer behind it with the weights in "
    "between, its own preactivation, and the activation that came in. Most mistakes "
    "are an index that is off by one. Write the network as a row of boxes, name what "
    "each arrow carries, and compare with the lists of the forward pass, in which the "
    "input counts as activation 0. A wrong gradient may train, badly, and never "
    "complain.",
    see="A whole minibatch at once",
    goal="write them for a whole minibatch, and test them against finite differences",
    small=lambda: _small_network(True),
)


# --- a judge of your own --------------------------------------------------------------


def _numerical(slip, cost, theta, eps):
    given = slip(eps, halved=eps / 2, fixed=1e-5)
    t, slopes = theta, []
    for i, u in enumerate(np.eye(len(theta))):
        h = slip(given, relative=given * t[i])
        so_far = 1.0 * (np.arange(len(theta)) <= i)
        u = slip(u, all_at_once=np.ones_like(u), kept=so_far)
        moved = slip(h, moved=1e-5)
        up, down = t + moved * u, t - moved * u
        gap = slip(cost(up) - cost(down), sign=cost(down) - cost(up))
        gap = slip(gap, one_side=cost(up) - cost(t))
        q = slip(gap / (2 * h), no_division=gap, by_eps=gap / h)
        q = slip(q, times=gap / 2 * h, only_2=gap / 2)
        q = slip(
            q, forward=(cost(up) - cost(t)) / h, backward=(cost(t) - cost(down)) / h
        )
        curve = (cost(up) - 2 * cost(t) + cost(down)) / h**2
        slopes.append(slip(q, second=curve))
        t = slip(t, piled=t + h * u, piled_down=t - h * u)
    slopes = np.array(slopes)
    slopes = slip(slopes, last_0=np.append(slopes[:-1], 0))
    first = np.append(slopes[:1], 0 * slopes[1:])
    return slip(slopes, first_only=first, total=slopes.sum(), number=slopes[0])


def _costs(rng) -> Iterator[Case]:
    """Yield costs with a third derivative, so that the kind of difference shows."""
    for n, eps in ((4, 0.1), (3, 0.05), (6, 0.02)):
        A, c = rng.normal(size=(n, n)), rng.normal(size=n)

        def cost(theta, A=A, c=c):
            return float(np.sum(np.exp(0.3 * (A @ theta))) + c @ theta**3)

        args = {"cost": cost, "theta": rng.normal(size=n), "eps": eps}
        yield Case(f"{n} parameters, eps = {eps}", args)


def _parabola(theta):
    """θ₁² + 3 θ₂."""
    return float(theta[0] ** 2 + 3 * theta[1])


PILED = "theta is not put back after a coordinate: the steps pile up."
numerical_gradient = Step(
    "numerical_gradient",
    _numerical,
    _costs,
    texts={
        "halved": "the steps have half the size: eps to each side.",
        "fixed": "eps is ignored: the step is always 1e-5.",
        "moved": "the points are 1e-5 away, whatever eps is, but 2 eps divides.",
        "relative": "the step is eps times the entry: it is eps.",
        "all_at_once": "all coordinates are moved at once: move one, and put it back.",
        "sign": "the sign is wrong: subtract the cost at θ − ε from that at θ + ε.",
        "one_side": "the step goes to one side, and the division is by 2 eps.",
        "no_division": "the division by 2 eps is missing.",
        "by_eps": "division by eps where the two points are 2 eps apart.",
        "times": "eps multiplies: `/ 2 * eps` divides by 2 alone; the product 2 eps "
        "needs parentheses.",
        "only_2": "the division by eps is missing.",
        "forward": "this is the forward difference: step to both sides.",
        "backward": "this is the backward difference: step to both sides.",
        "second": "this is the second derivative.",
        "kept": "the coordinates before are moved, too: move one at a time.",
        "piled": PILED,
        "piled_down": f"{PILED[:-1]}, downward.",
        "last_0": "the last coordinate is missing: its slope is 0.",
        "first_only": "only the first coordinate has its slope: a return in the loop?",
        "total": "the slopes are summed: one for each entry of theta is asked for.",
        "number": "one number came: one slope for each entry of theta is asked for.",
    },
    demands={
        "by central differences": ["forward", "backward", "one_side"],
        "/ 2\\varepsilon$": ["by_eps", "no_division", "times"],
        "for each entry $i$": ["all_at_once", "last_0", "number"],
        "After the call `theta` is what it was before": ["piled"],
        "eps=1e-5": ["fixed"],
    },
    rtol=1e-7,
    why="A gradient that comes out of backpropagation can be compared with the "
    "definition of the derivative, one parameter at a time. Stepping to both sides "
    "cancels the error of the first order: central differences are right to about "
    "eps², those to one side only to eps. While one parameter is moved all others must "
    "stay, and after the call the point must be what it was, or the next training step "
    "starts somewhere else.",
    see="Check your gradients",
    goal="write them for a whole minibatch, and test them against finite differences",
    small=lambda: Case(
        "", {"cost": _parabola, "theta": np.array([2.0, 1.0]), "eps": 0.1}
    ),
)
