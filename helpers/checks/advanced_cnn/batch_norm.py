"""Checks of the sheet `advanced_cnn/batch_norm`: statistics, two modes, the gradient.

Each step is a reference that carries its slips (`helpers.checks.engine`). The visible
cell and the hidden test differ in the seed only.
"""

from collections.abc import Iterator

import numpy as np

from ..engine import Case, Step

TIGHT = {"rtol": 1e-8, "atol": 1e-10}
AXES = (0, 2, 3)
SIZES = (("4 images of 3 × 2, 3 channels", 4, 3, 3, 2), ("2 of 2 × 5", 2, 4, 2, 5))
SEE = "Batch normalization"


def _column(v):
    """Return (c, 1, 1) for (c,)."""
    return np.asarray(v)[:, None, None]


def _cases(*names: str, sizes=SIZES):
    """Return a function that yields cases with the arguments of these names."""

    def cases(rng) -> Iterator[Case]:
        for label, m, c, h, w in sizes:
            scale, mean = rng.uniform(0.5, 3, (c, 1, 1)), rng.normal(0, 2, (c, 1, 1))
            args = {
                "x": rng.normal(size=(m, c, h, w)) * scale + mean,
                "delta": rng.normal(size=(m, c, h, w)),
                "gamma": rng.uniform(0.5, 2, c),
                "beta": rng.normal(size=c),
                "running_mean": rng.normal(size=c),
                "running_var": rng.uniform(0.5, 3, c),
                "momentum": 0.3,
                "eps": 0.01,
            }
            yield Case(label, {name: args[name] for name in names})

    return cases


# --- statistics -----------------------------------------------------------------------


def _statistics(slip, x):
    axes = slip(AXES, places=0, everything=None, image=(2, 3), example=(1, 2, 3))
    axes = slip(axes, keras=(0, 1, 2))
    mean, var = x.mean(axes), x.var(axes)
    c, n = x.shape[1], x.size / x.shape[1]
    full = np.full(c, x.mean()), np.full(c, x.var())
    kept = x.mean(AXES, keepdims=True), x.var(AXES, keepdims=True)
    mean, var = slip((mean, var), everywhere=full, kept=kept, sums=(n * mean, n * var))
    flat = x.reshape(c, -1)
    mean, var = slip((mean, var), cut=(flat.mean(1), flat.var(1)))
    var = slip(var, n_1=x.var(AXES, ddof=1), squares=(x**2).mean(AXES))
    var = slip(var, root=np.sqrt(var), no_square=0 * var)
    return mean, slip(var, of_images=x.var((2, 3)).mean(0))


LAST = "the last axis is taken for the channels: the axes are (m, c, h, w)."
PLACES = "each place has its own mean: it runs over the places, too, not images alone."
WHOLE = "mean and variance run over everything: each channel has its own."
statistics = Step(
    "statistics",
    _statistics,
    _cases("x"),
    ("mean", "var"),
    lists=True,
    texts={
        "places": PLACES,
        "everything": WHOLE,
        "everywhere": "mean and variance of everything came for each channel.",
        "image": "each image got its own mean: the mean runs over the images, too.",
        "example": "each image got its own mean: the axes are (m, c, h, w), c stays.",
        "keras": LAST,
        "cut": "reshape mixes images and channels: move the axis c to the front first.",
        "kept": "axes of length 1 are kept: the shape (c,) is asked for.",
        "sums": "these are sums: divide by n.",
        "n_1": "the variance is divided by n − 1; batch normalization divides by n.",
        "root": "the standard deviation came where the variance belongs.",
        "squares": "this is the mean of the squares: the mean is not subtracted.",
        "of_images": "this is the mean of the images' variances: their means differ.",
        "no_square": "the square is missing: differences from the mean cancel.",
    },
    demands={
        "of channel $j$": ["everything", "everywhere", "example"],
        "runs over all images and all places": ["places", "image", "of_images"],
        "$v_j = \\frac1n \\sum (x - \\mu_j)^2$": ["n_1", "root", "squares", "sums"],
        "each of shape `(c,)`": ["kept"],
    },
    **TIGHT,
    why="A channel is one feature, seen at many places of many images, so all of these "
    "numbers share one mean and one variance. The axes of images, rows and columns "
    "vanish; the channels stay. Normalizing divides by the variance of these "
    "very numbers, so n stands below, not n − 1.",
    see=SEE,
    goal="write batch normalization by hand",
)


# --- train_forward, eval_forward ------------------------------------------------------


def _scaled(slip, x, gamma, beta, mean, var, eps):
    """Return γ x̂ + β; the slips and their texts are in `NORMAL`."""
    gamma, beta = _column(gamma), _column(beta)
    root = slip(np.sqrt(var + eps), no_root=var + eps, outside=np.sqrt(var) + eps)
    root = slip(root, no_eps=np.sqrt(var), times=1 / np.sqrt(var + eps))
    root = slip(root, fixed_eps=np.sqrt(var + 1e-5))
    centered = slip(x - mean, no_mean=x, plus_mean=x + mean)
    x_hat = slip(centered / root, mean_late=x / root - mean)
    gamma = slip(gamma, no_gamma=1)
    y = gamma * x_hat + slip(beta, no_beta=0, minus_beta=-beta)
    three = np.arange(x.shape[1])[:, None, None] < 3
    y = slip(y, shift_first=gamma * (x_hat + beta), bare=x_hat)
    return slip(y, three=np.where(three, y, 0))


NORMAL = {
    "no_root": "divided by the variance: the root is missing.",
    "outside": "eps is added to the standard deviation: it belongs inside the root.",
    "no_eps": "eps is missing.",
    "fixed_eps": "the argument eps is not used: 1e-05 stands in its place.",
    "times": "the root multiplies; it divides.",
    "no_mean": "the mean is not subtracted.",
    "plus_mean": "the mean is added; it is subtracted.",
    "mean_late": "the mean is subtracted after the division; it comes before it.",
    "no_gamma": "gamma is missing.",
    "no_beta": "beta is missing.",
    "minus_beta": "beta is subtracted; it is added.",
    "shift_first": "beta is added before the product with gamma; it comes after.",
    "bare": "gamma and beta are missing.",
    "three": "only the first three channels are computed: do all of them.",
}


def _train(slip, x, gamma, beta, eps):
    axes = slip(AXES, image=(2, 3), everything=(0, 1, 2, 3), places=0)
    axes = slip(axes, example=(1, 2, 3), keras=(0, 1, 2))
    less = slip(0, n_1=1)
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True, ddof=less)
    return _scaled(slip, x, gamma, beta, mean, var, eps)


train_forward = Step(
    "train_forward",
    _train,
    _cases("x", "gamma", "beta", "eps"),
    texts=NORMAL
    | {
        "image": "each image has its own statistics: those of the minibatch are right.",
        "everything": WHOLE,
        "places": PLACES,
        "keras": LAST,
        "example": "each image is normalized over all channels: layer normalization.",
        "n_1": "the variance is divided by n − 1; here it is n.",
    },
    demands={
        "normalize each channel": ["everything"],
        "with the statistics of this minibatch": ["image", "n_1"],
        "$\\hat x = (x - \\mu)/\\sqrt{v + \\varepsilon}$": [
            "no_root",
            "outside",
            "no_mean",
        ],
        "$y = \\gamma \\hat x + \\beta$": ["no_gamma", "no_beta", "shift_first"],
    },
    **TIGHT,
    why="Whatever scale arrives, every channel leaves with mean β and standard "
    "deviation γ, both learned. That takes the statistics of the minibatch, all images "
    "of it together. ε keeps the root away from 0, so it is added to the variance, "
    "before the root. A shape (c,) must become (c, 1, 1) to meet the channels.",
    see=SEE,
    goal="write batch normalization by hand",
)


def _eval(slip, x, gamma, beta, running_mean, running_var, eps):
    own, old = (x.mean(AXES), x.var(AXES)), (running_mean, running_var)
    new = _update(lambda value, **_: value, *old, x, 0.1)
    mean, var = slip(old, own=own, moved=new)
    n = x.size / x.shape[1]
    mean, var = slip(mean, own_mean=own[0]), slip(var, own_var=own[1])
    var = slip(var, corrected=var * n / (n - 1), taken_back=var * (n - 1) / n)
    return _scaled(slip, x, gamma, beta, _column(mean), _column(var), eps)


eval_forward = Step(
    "eval_forward",
    _eval,
    _cases("x", "gamma", "beta", "running_mean", "running_var", "eps"),
    texts=NORMAL
    | {
        "own": "the minibatch's own mean and variance: the running ones are used.",
        "moved": "the minibatch moves the running statistics first: they are to stay.",
        "own_mean": "the mean is the minibatch's; the running one is used.",
        "own_var": "the variance is the minibatch's; the running one is used.",
        "corrected": "n/(n − 1) comes once more: the running variance has it already.",
        "taken_back": "(n − 1)/n multiplies the running variance: it is used as it is.",
    },
    demands={
        "It normalizes with the running statistics": ["own", "own_mean", "own_var"],
        "does not depend on the other images": ["own", "moved"],
    },
    **TIGHT,
    why="The answer for an image must not depend on which others happen to be beside "
    "it, so evaluation uses fixed numbers: the running mean and the running variance, "
    "both of them. All else is as in training, ε under the root too. For one image "
    "alone the minibatch would have no statistics worth the name.",
    see=SEE,
    goal="say what `train()` and `eval()` change",
)


# --- update ---------------------------------------------------------------------------


def _update(slip, running_mean, running_var, x, momentum):
    mean, var = x.mean(AXES), x.var(AXES)
    m, n = len(x), x.size / x.shape[1]
    factor = slip(n / (n - 1), biased=1, all_numbers=x.size / (x.size - 1))
    factor = slip(factor, images=m / (m - 1), turned=(n - 1) / n, twice=factor**2)
    new = slip(factor * var, root=np.sqrt(factor * var))
    momentum = slip(momentum, fixed=0.1)
    share, keep = slip((momentum, 1 - momentum), swapped=(1 - momentum, momentum))
    keep, share = slip((keep, share), replaced=(0, 1), added=(1, momentum))
    share = slip(share, no_share=1)
    late = factor * var, factor * running_var
    new_mean = keep * running_mean + share * mean
    around = factor * (var + (mean - new_mean) ** 2), running_var
    var, old = slip((new, running_var), late=late, around_new=around)
    return new_mean, keep * old + share * var


update = Step(
    "update",
    _update,
    _cases("running_mean", "running_var", "x", "momentum"),
    ("running_mean", "running_var"),
    lists=True,
    texts={
        "biased": "the variance is divided by n: PyTorch keeps that by n − 1.",
        "all_numbers": "n counts the channels, too: it is m · h · w.",
        "images": "n is the number of images: it is m · h · w.",
        "twice": "the variance is corrected twice, by n − 1 and by n/(n − 1).",
        "around_new": "the variance is taken around the new running mean: around μ.",
        "turned": "the factor is turned around: it is n/(n − 1).",
        "root": "the standard deviation is kept; the variance is.",
        "fixed": "the argument momentum is not used: 0.1 stands in its place.",
        "swapped": "momentum weighs the old value; here it weighs the new one.",
        "replaced": "the old values are lost: these are the minibatch's alone.",
        "added": "the old values keep their full weight: 1 − momentum is missing.",
        "no_share": "the new values have their full weight: momentum is missing.",
        "late": "n/(n − 1) multiplies the old variance, too, not the new one alone.",
    },
    demands={
        "(1 - \\rho)\\, \\mu_{\\text{run}} + \\rho\\, \\mu": [
            "swapped",
            "replaced",
            "added",
        ],
        "\\rho\\, \\tfrac{n}{n - 1} v": ["biased", "late", "root"],
        "$n = m \\cdot h \\cdot w$": ["all_numbers", "images"],
        "the arguments stay as they were": ["2 of 2 × 5"],
    },
    **TIGHT,
    why="One minibatch is a small sample, so the running statistics move a little with "
    "each. PyTorch's momentum weighs the new value. What is kept is an estimate for "
    "all images, so n − 1 stands below; what normalizes the minibatch is its own "
    "variance, with n.",
    see=SEE,
    goal="say what `train()` and `eval()` change",
)


# --- backward -------------------------------------------------------------------------


def _backward(slip, delta, x, gamma, eps):
    delta = slip(delta, gamma_first=delta * _column(gamma))
    n = slip(x.size / x.shape[1], images=len(x), all_numbers=x.size, no_n=1)
    eps = slip(eps, no_eps=0)
    root = np.sqrt(_column(x.var(AXES, ddof=slip(0, n_1=1))) + eps)
    x_hat = (x - _column(x.mean(AXES))) / root
    raw, wide = (delta * x).sum(AXES), (delta * x_hat * root).sum(AXES)
    dgamma, dbeta = (delta * x_hat).sum(AXES), delta.sum(AXES)
    dgamma = slip(dgamma, raw_both=raw, wide_both=wide)
    sums = slip(
        (dbeta, dgamma), over_all=(0 * dbeta + dbeta.sum(), 0 * dgamma + dgamma.sum())
    )
    from_mean, from_var = _column(sums[0]) / n, x_hat * _column(sums[1]) / n
    from_mean = slip(from_mean, no_mean=0, mean_plus=-from_mean)
    from_var = slip(from_var, no_var=0, var_plus=-from_var, x_last=x / x_hat * from_var)
    from_var = slip(from_var, no_x_hat=from_var / x_hat)
    d = slip(delta - from_mean - from_var, constants=delta)
    d = slip(d, plus=delta + from_mean + from_var)
    d = slip(d * _column(gamma), no_gamma=d) / slip(root, no_root=root**2, undivided=1)
    total = x.size / x.shape[1]
    dgamma, dbeta = slip((dgamma, dbeta), means=(dgamma / total, dbeta / total))
    places = (delta * x_hat).sum(0), delta.sum(0)
    dgamma, dbeta = slip((slip(dgamma, raw=raw, wide=wide), dbeta), places=places)
    return d, *slip((dgamma, dbeta), gamma_in=(gamma * dgamma, gamma * dbeta))


SMALL = (("3 images, 2 channels", 3, 2, 2, 2), ("2 images, 3 channels", 2, 3, 1, 3))
backward = Step(
    "backward",
    _backward,
    _cases("delta", "x", "gamma", "eps", sizes=SMALL),
    ("dx", "dgamma", "dbeta"),
    texts={
        "images": "n is the number of images: it is m · h · w.",
        "all_numbers": "n counts the channels, too: it is m · h · w.",
        "no_n": "1/n is missing in the terms of mean and variance.",
        "n_1": "the variance is divided by n − 1; here it is n.",
        "no_eps": "eps is missing.",
        "no_mean": "the term of the mean is missing: it depends on x, too.",
        "mean_plus": "the sign of the term of the mean is wrong.",
        "no_var": "the term of the variance is missing: it depends on x, too.",
        "var_plus": "the sign of the term of the variance is wrong.",
        "x_last": "the term of the variance has x; it has the normalized x.",
        "no_x_hat": "the factor x̂ is missing in the term of the variance.",
        "constants": "mean and variance are taken for constants: both depend on x.",
        "plus": "the terms of mean and variance are added; they are subtracted.",
        "no_gamma": "gamma is missing in dx.",
        "no_root": "dx is divided by the variance: the root is missing.",
        "undivided": "dx is not divided by √(v + eps).",
        "means": "dgamma and dbeta are means: sums are asked for.",
        "raw": "dgamma uses x; it uses the normalized x.",
        "raw_both": "dgamma and the term of the variance sum δ·x: normalized x, not x.",
        "wide": "dgamma is not divided by √(v + eps): it uses the normalized x.",
        "wide_both": "dgamma and the term of the variance sum δ(x − μ), which is not "
        "divided by √(v + eps).",
        "over_all": "the sums in dx run over all channels: each channel has its own.",
        "gamma_first": "δ is multiplied by gamma first: gamma comes into all three.",
        "gamma_in": "gamma is a factor of dgamma and dbeta: it belongs into dx alone.",
        "places": "dgamma and dbeta are summed over images alone: over places, too.",
    },
    demands={
        "\\frac{\\gamma}{\\sqrt{v + \\varepsilon}}": [
            "no_gamma",
            "no_root",
            "undivided",
        ],
        "\\delta - \\frac1n \\sum \\delta": ["constants", "no_mean", "plus", "no_n"],
        "- \\frac{\\hat x}{n} \\sum \\delta\\, \\hat x": [
            "no_var",
            "x_last",
            "no_x_hat",
        ],
        "\\frac{\\partial C}{\\partial \\gamma} = \\sum \\delta\\, \\hat x": [
            "raw",
            "wide",
            "means",
        ],
        "All sums run over the images and places of a channel": ["places", "over_all"],
    },
    rtol=1e-5,
    atol=1e-7,
    why="An x acts in three ways: on its own place, on the mean of the channel, and on "
    "its variance. So two terms come back beside the obvious one, each shared by all n "
    "numbers. They take from δ just what would shift or stretch the whole channel, for "
    "normalizing undoes that. γ and β are used everywhere: their gradients are sums.",
    see=SEE,
    goal="write batch normalization by hand",
)


# --- fold -----------------------------------------------------------------------------


def _fold(slip, W, b, gamma, beta, mean, var, eps):
    root = slip(np.sqrt(var + eps), no_root=var + eps, no_eps=np.sqrt(var))
    root = slip(root, outside=np.sqrt(var) + eps, gamma_only=np.ones_like(var))
    root = slip(root, fixed_eps=np.sqrt(var + 1e-5))
    scale = slip(gamma, no_gamma=np.ones_like(gamma)) / root
    new_W = W * scale[:, None, None, None]
    new_W = slip(new_W, W_kept=W, first=W * scale[0], last=W * scale)
    inputs = lambda: W * scale[:, None, None]  # noqa: E731
    new_W = slip(new_W, rows=W * scale[:, None], inputs=inputs)
    b, mean = slip(b, no_b=0), slip(mean, no_mean=0, plus_mean=-mean)
    new_b = (b - mean) * scale + slip(beta, no_beta=0)
    new_b = slip(new_b, unscaled=b - mean + beta, b_late=b - mean * scale + beta)
    new_b = slip(new_b, mean_late=b * scale - mean + beta)
    return new_W, slip(new_b, all_scaled=(b - mean + beta) * scale)


def _fold_cases(rng) -> Iterator[Case]:
    for label, k, c, f in (("3 kernels of 2 channels", 3, 2, 3), ("2 of 4", 2, 4, 1)):
        args = {"W": rng.normal(size=(k, c, f, f)), "b": rng.normal(size=k)}
        args |= {"gamma": rng.uniform(0.5, 2, k), "beta": rng.normal(size=k)}
        args |= {"mean": rng.normal(size=k), "var": rng.uniform(0.5, 3, k)}
        yield Case(label, args | {"eps": 0.01})


fold = Step(
    "fold",
    _fold,
    _fold_cases,
    ("W", "b"),
    texts={
        "no_root": "divided by the variance: the root is missing.",
        "no_eps": "eps is missing.",
        "outside": NORMAL["outside"],
        "fixed_eps": NORMAL["fixed_eps"],
        "gamma_only": "gamma alone is taken over: divide it by √(var + eps).",
        "no_gamma": "gamma is missing.",
        "W_kept": "W stays unscaled: each kernel is multiplied, too.",
        "first": "the first channel's factor scales all kernels: each has its own.",
        "last": "the factors run along another axis of W: each has its kernel, W[j].",
        "rows": "the factors run along a kernel's rows: each W[j] has one factor.",
        "inputs": "the factors run along the second axis of W, the inputs: each has "
        "its kernel, W[j].",
        "no_b": "the old bias b is missing.",
        "no_mean": "the running mean is missing in b.",
        "plus_mean": "the running mean is added in b; it is subtracted.",
        "no_beta": "beta is missing in b.",
        "unscaled": "the factor gamma/√(var + eps) is missing in b.",
        "b_late": "the old bias is not scaled: normalization multiplies it, too.",
        "mean_late": "the running mean is not scaled: it comes before the factor.",
        "all_scaled": "beta is scaled, too: it is added after the factor.",
    },
    demands={
        "returns weights and biases of **one** convolution": ["W_kept", "no_b"],
        "what convolution and normalization give together": ["unscaled", "no_mean"],
        "both new": ["2 of 4"],
    },
    **TIGHT,
    why="In evaluation normalization is one product and one sum for each channel, with "
    "fixed numbers. A convolution is linear: a factor on its output may as well be a "
    "factor on its kernel and on its bias. So both get γ/√(v + ε), the mean is taken "
    "off before and β added behind. A network is faster for it, and says the same.",
    see=SEE,
    goal="write batch normalization by hand",
)
