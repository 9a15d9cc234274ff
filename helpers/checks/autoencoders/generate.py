"""Checks of the sheet `autoencoders/generate`: what draws new digits, in NumPy."""

from collections.abc import Iterator

import numpy as np

from ..engine import Case, Step

VAE, DIFFUSION = "Variational autoencoders, in short", "Diffusion: noise taken away"
ONE = np.array([[1.0]])
CODES, STEPS = "draw new pictures from random codes", "by taking noise away in steps"


def _codes(rng) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for m, k in ((1, 3), (4, 2), (5, 4)):
        mu = rng.normal(size=(m, k))
        yield f"{m} rows, codes of {k}", mu, rng.uniform(0.3, 1.6, size=(m, k))


# --- code_and_slopes ------------------------------------------------------------------


def _code(slip, mu, log_s2, epsilon, delta):
    s = np.exp(slip(log_s2 / 2, variance=log_s2))
    s = slip(s, logarithm=log_s2, ones=np.ones_like(s))
    noise = slip(s * epsilon, added=s + epsilon, minus=-s * epsilon)
    d_mu = slip(delta, mu_times=delta * mu, mu_scaled=delta * s, mu_one=1 + 0 * delta)
    by_s = delta * epsilon  # the slope by s
    slope = slip(by_s * s / 2, by_s=by_s, no_half=by_s * s, no_s=by_s / 2)
    slope = slip(slope, no_noise=delta * s / 2, no_delta=epsilon * s / 2)
    slope = slip(slope, by_variance=by_s / 2 / s, s_square=by_s * s**2 / 2)
    c = slip(mu + noise, noise=noise, turned=s * mu + epsilon)
    d_mu = slip(d_mu, over_rows=d_mu.sum(0), by_m=d_mu / len(mu), kl=d_mu + mu)
    slope = slip(slope, kl=slope + (s**2 - 1) / 2)
    return c, d_mu, slip(slope, over_rows=slope.sum(0), by_m=slope / len(mu))


def _code_cases(rng) -> Iterator[Case]:
    for label, mu, s in _codes(rng):
        args = {"mu": mu, "log_s2": 2 * np.log(s)}
        args |= {name: rng.normal(size=mu.shape) for name in ("epsilon", "delta")}
        yield Case(label, args)


code_and_slopes = Step(
    "code_and_slopes",
    _code,
    _code_cases,
    ("c", "d_mu", "d_log_s2"),
    texts={
        "variance": "the noise is multiplied by s², the variance: by s.",
        "logarithm": "the logarithm stands in place of s: an exponential is missing.",
        "ones": "s is not used: the noise keeps the deviation 1.",
        "added": "s and ε are added: s multiplies ε.",
        "minus": "the noise is subtracted: c = μ + s ε.",
        "noise": "only the noise came: μ is missing.",
        "mu_times": "d_mu contains μ: the slope of c by μ is 1.",
        "mu_scaled": "d_mu contains s: the slope of c by μ is 1.",
        "mu_one": "d_mu is the slope of c alone: multiply by δ.",
        "by_s": "d_log_s2 is the slope by s: go on to ln s².",
        "no_half": "d_log_s2 lacks a ½: s is the exponential of half of ln s².",
        "no_s": "d_log_s2 lacks s, the slope of the exponential.",
        "no_noise": "d_log_s2 lacks ε.",
        "no_delta": "d_log_s2 is the slope of c alone: multiply by δ.",
        "by_variance": "d_log_s2 is the slope by s²: go on to ln s².",
        "s_square": "d_log_s2 contains s²: the slope of the exponential is s.",
        "over_rows": "the slopes are added up over the rows: each entry has its own.",
        "by_m": "the slopes are divided by the number of rows: δ is not.",
        "kl": "the slopes of the divergence are added: only the draw counts here.",
        "turned": "s multiplies μ: it multiplies ε.",
    },
    demands={
        "$c = \\mu + s\\,\\varepsilon$": ["added", "minus", "noise"],
        "the logarithm of the *variance*": ["variance", "logarithm"],
        "$\\partial C/\\partial \\mu$": ["mu_scaled", "mu_one", "mu_times"],
        "$\\partial C/\\partial \\ln s^2$": ["by_s", "no_half", "no_delta", "no_noise"],
    },
    why="A draw has no slope: nobody can say how a random number changes with the "
    "deviation that it was drawn with. Draw ε first, from N(0, 1), and the code is an "
    "ordinary function of μ and s, with ε as a constant. The chain rule then goes "
    "through the sum, the product and the exponential, and the encoder can learn. The "
    "logarithm of the variance may take any value, and s stays positive.",
    see=VAE,
    goal=CODES,
    small=lambda: Case(
        "", {"mu": ONE, "log_s2": 0 * ONE, "epsilon": 2 * ONE, "delta": 3 * ONE}
    ),
)


# --- divergence -----------------------------------------------------------------------


def _divergence(slip, mu, s):
    squares = slip(mu**2, no_mu=0, mu_bare=mu, mu_minus=-(mu**2))
    spread = slip(s**2, s_bare=s)
    each = squares + spread - slip(1, no_one=0)
    log = slip(2 * np.log(s), log_s=np.log(s), no_log=0, binary=2 * np.log2(s))
    log = slip(log, decimal=2 * np.log10(s), log_square=np.log(s) ** 2)
    each = slip(each - log, plus=each + log, half_mu=2 * (each - log) - mu**2)
    each = slip(each, as_log=mu**2 + np.exp(s) - 1 - s)
    each = slip(each, as_variance=mu**2 + s - 1 - np.log(s))
    kl = slip(0.5, no_half=1) * each.sum(1)
    kl = slip(kl, mean=0.5 * each.mean(1), whole=0.5 * each.sum())
    back = 0.5 * ((mu**2 + 1) / s**2 - 1 + 2 * np.log(s)).sum(1)
    kl = slip(kl, once=kl + (mu.shape[1] - 1) / 2, back=back)
    return slip(kl, columns=0.5 * each.sum(0), kept=0.5 * each)


def _divergence_cases(rng) -> Iterator[Case]:
    for label, mu, s in _codes(rng):
        yield Case(label, {"mu": mu, "s": s})
    yield Case("N(0, 1) itself", {"mu": np.zeros((2, 3)), "s": np.ones((2, 3))})


divergence = Step(
    "divergence",
    _divergence,
    _divergence_cases,
    texts={
        "no_mu": "μ is missing.",
        "mu_bare": "μ is not squared.",
        "mu_minus": "μ² is subtracted: it is added.",
        "s_bare": "s is not squared.",
        "no_one": "the −1 is missing: for N(0, 1) the divergence is 0.",
        "log_s": "ln s stands in place of ln s².",
        "no_log": "the logarithm is missing.",
        "binary": "the logarithm has base 2: the natural one.",
        "decimal": "the logarithm has base 10: the natural one.",
        "log_square": "the logarithm is squared: it is that of s².",
        "half_mu": "the ½ reaches μ² only: parentheses are missing.",
        "as_log": "s is taken for ln s²: it is the deviation itself.",
        "as_variance": "s is taken for the variance: it is the deviation.",
        "plus": "the logarithm is added: it is subtracted.",
        "no_half": "the factor ½ is missing.",
        "mean": "the mean over the numbers of the code is taken: their sum.",
        "whole": "one number came for all rows: one for each row is asked for.",
        "columns": "the sum runs over the rows: over the numbers of each row.",
        "kept": "the k terms of a row are not added up.",
        "once": "the 1 is subtracted once for a row: once for each number.",
        "back": "this is the divergence from N(0, 1): the one to it is asked for.",
    },
    demands={
        "from $N(\\mu_j, s_j^2)$ to $N(0, 1)$": ["s_bare", "log_s", "no_one"],
        "$\\tfrac12 \\sum_j (\\mu_j^2 + s_j^2 - 1 - \\ln s_j^2)$": ["no_half", "mean"],
        "one number for each row": ["whole", "kept", "columns"],
        "It is 0 for $\\mu = 0$ and $s = 1$": ["N(0, 1) itself"],
    },
    why="The divergence says what it costs to describe draws from N(μ, s²) by means of "
    "N(0, 1). A mean that strays costs its square. A deviation above 1 costs by its "
    "square, one below 1 by its logarithm, and 1 costs nothing. The numbers of a code "
    "are drawn independently, so their costs add up, row by row.",
    see=VAE,
    goal=CODES,
    small=lambda: Case("", {"mu": np.array([[2.0]]), "s": np.array([[1.0]])}),
)


# --- two_terms ------------------------------------------------------------------------


def _terms(slip, x, x_hat, mu, s, v):
    e = slip(x_hat - x, of_squares=np.sqrt(np.abs(x_hat**2 - x**2)))
    squares = slip(e**2, absolute=np.abs(e)).sum(1)
    squares = slip(squares, pixels=(e**2).mean(1), root=squares**0.5)
    squares = slip(squares, columns=(e**2).sum(0))
    scale = slip(1 / (2 * v), no_v=0.5, no_half=1 / v, square=1 / (2 * v**2))
    scale = slip(scale, no_scale=1.0)
    first = squares * slip(scale, times=v / 2)
    first = slip(first, constant=first + x.shape[1] / 2 * np.log(2 * np.pi * v))
    bits = x * np.log(x_hat) + (1 - x) * np.log(1 - x_hat)
    first = slip(first, entropy=-bits.sum(1))
    log = slip(2 * np.log(s), kl_log=np.log(s))
    each = 0.5 * (mu**2 + s**2 - 1 - log)
    kl = slip(each.sum(1), kl_columns=each.sum(0))
    kl = slip(kl, kl_v=kl / v, kl_mean=kl / mu.shape[1], kl_minus=-kl, kl_half=kl / 2)
    kl = slip(kl, kl_2v=kl / (2 * v))
    terms = slip(first.mean(), first_sum=first.sum()), slip(kl.mean(), kl_sum=kl.sum())
    terms = slip(terms, sums=(first.sum(), kl.sum()))
    return slip(terms, rows=(first, kl), both=(sum(terms), sum(terms)))


def _terms_cases(rng) -> Iterator[Case]:
    codes, pixels = [*_codes(rng), *_codes(rng)], (4, 6, 5, 3, 4, 6)
    variances = (0.1, 0.4, 2.5, 1.6, 0.7, 0.2)
    for (label, mu, s), n, v in zip(codes, pixels, variances, strict=True):
        x = rng.uniform(size=(len(mu), n))
        x_hat = (x + rng.normal(0, 0.3, x.shape)).clip(0.05, 0.95)
        args = {"x": x, "x_hat": x_hat, "mu": mu, "s": s}
        yield Case(f"{label}, v = {v}", args | {"v": v})


two_terms = Step(
    "two_terms",
    _terms,
    _terms_cases,
    ("reconstruction", "divergence"),
    texts={
        "of_squares": "the difference of squares, not the square of the difference.",
        "absolute": "the errors are not squared.",
        "pixels": "the mean over the pixels is taken: their sum.",
        "root": "there is a root: squared errors are asked for.",
        "columns": "the squares are added up over the images: over the pixels.",
        "constant": "the constant n/2 · ln(2πv) is added: leave it out.",
        "entropy": "this is the cross-entropy: squared errors over 2v are asked for.",
        "no_scale": "the squares are not divided by 2v.",
        "kl_columns": "the divergence is added up over the images: over the code.",
        "kl_2v": "the divergence is divided by 2v: only the squares are.",
        "no_v": "the variance v is not used.",
        "no_half": "the ½ before the squares is missing.",
        "square": "v is squared: it is a variance already.",
        "times": "v multiplies: it divides.",
        "kl_v": "the divergence is divided by v: only the squares are.",
        "kl_mean": "the divergence has the mean over the code: the sum.",
        "kl_minus": "the divergence is negative: it is a cost.",
        "kl_half": "the divergence has a ½ too many.",
        "first_sum": "the squares of all images are added up: take the mean over them.",
        "kl_sum": "the divergences of all images are added up: take their mean.",
        "sums": "both terms are added up over the images: take the means.",
        "kl_log": "the divergence has ln s in place of ln s².",
        "rows": "one value for each image came: the mean over them is asked for.",
        "both": "the sum of the two terms came: they are asked for one by one.",
    },
    demands={
        "$\\lVert \\hat x - x \\rVert^2 / (2v)$": ["no_v", "no_half", "times", "root"],
        "summed over the pixels": ["pixels"],
        "means over the $m$ images": ["first_sum", "kl_sum", "rows"],
        "the pair `(reconstruction, divergence)`": ["both"],
    },
    why="The two terms pull against each other: a code that says more reconstructs "
    "better and costs more. What decides is the variance v of the pixels. Who sums the "
    "divergence over the code and takes the mean over the pixels has changed v without "
    "knowing, by a factor of as many as there are pixels. So look at the terms one by "
    "one: a divergence of 0 means that the code says nothing.",
    see=VAE,
    goal=CODES,
)


# --- schedule -------------------------------------------------------------------------


def _schedule(slip, beta):
    kept = slip(1 - beta, of_beta=beta, roots_early=np.sqrt(1 - beta))
    bar = np.cumprod(kept)
    bar = slip(bar, summed=np.cumsum(kept), alone=kept, shifted=np.append(1, bar[:-1]))
    linear = 1 - np.cumsum(beta)
    bar = slip(bar, linear=linear, linear_0=np.maximum(linear, 0))
    bar = slip(bar, backward=np.cumprod(kept[::-1])[::-1])
    bar = slip(bar, powers=kept ** np.arange(1, len(kept) + 1))
    signal, noise = slip(np.sqrt(bar), bar=bar), np.sqrt(1 - bar)
    noise = slip(noise, noise_bar=1 - bar, rest=1 - np.sqrt(bar))
    noise = slip(noise, rest_root=np.sqrt(1 - np.sqrt(bar)))
    return signal, slip(noise, noise_beta=np.sqrt(beta))


def _schedule_cases(rng) -> Iterator[Case]:
    for T in (1, 4, 9):  # the β of the last add up to more than 1
        yield Case(f"{T} steps", {"beta": rng.uniform(0.1, 0.4, size=T)})


schedule = Step(
    "schedule",
    _schedule,
    _schedule_cases,
    ("signal", "noise"),
    texts={
        "of_beta": "the β are multiplied: the 1 − β are.",
        "roots_early": "the root is taken twice: of 1 − β, and of the product.",
        "summed": "the 1 − β are added up: they are multiplied.",
        "alone": "each step counts alone: ᾱ is the product up to it.",
        "shifted": "the product ends one step too early: step t counts, too.",
        "linear": "the β are added up: the 1 − β are multiplied.",
        "linear_0": "the β are added up, to at most 1: the 1 − β are multiplied.",
        "powers": "step t's own 1 − β is raised to the power t: each step has its β.",
        "backward": "the product runs from the end: it runs from step 1.",
        "bar": "signal is ᾱ: its root is asked for.",
        "noise_bar": "noise is 1 − ᾱ: its root is asked for.",
        "rest": "noise is 1 − √ᾱ: the root of 1 − ᾱ is asked for.",
        "rest_root": "noise is the root of 1 − √ᾱ: that of 1 − ᾱ is asked for.",
        "noise_beta": "noise belongs to one step alone: to all steps up to t.",
    },
    demands={
        "$\\bar\\alpha_t = (1 - \\beta_1) \\cdots (1 - \\beta_t)$": [
            "alone",
            "shifted",
            "linear",
        ],
        "$\\sqrt{\\bar\\alpha_t}$": ["bar"],
        "$\\sqrt{1 - \\bar\\alpha_t}$": ["noise_bar", "rest", "noise_beta"],
    },
    why="A step keeps √(1 − β) of the picture and adds noise of variance β. After t "
    "steps the factors have multiplied, and the variances of the noises have added up "
    "to what the picture lost: ᾱ + (1 − ᾱ) = 1. So pixels of variance 1 keep it, and a "
    "picture of step t is made at once, without the steps before.",
    see=DIFFUSION,
    goal=STEPS,
    small=lambda: Case("", {"beta": np.array([0.5, 0.5])}),
)


# --- noise_loss -----------------------------------------------------------------------


def _loss(slip, model, x0, t, alpha_bar, epsilon):
    bar = slip(alpha_bar, product=np.cumprod(alpha_bar))
    bar = slip(bar, as_beta=np.cumprod(1 - alpha_bar))
    last = len(bar) - 1
    bar = bar[slip(t - 1, late=t, late_cut=np.minimum(t, last))]
    bar = slip(bar, same_t=0 * bar + bar[0])[:, None]
    signal = slip(np.sqrt(bar), bar=bar, no_signal=1.0)
    noise = slip(np.sqrt(1 - bar), noise_bar=1 - bar, no_noise=1.0, turned=np.sqrt(bar))
    noise = slip(noise, rest=1 - np.sqrt(bar))
    x_t = signal * x0 + noise * epsilon
    x_t = slip(x_t, no_roots=bar * x0 + (1 - bar) * epsilon)
    x_t = slip(x_t, clipped=np.clip(x_t, 0, 1))
    x_t = slip(x_t, exchanged=np.sqrt(1 - bar) * x0 + np.sqrt(bar) * epsilon)
    given = slip(x_t, clean=x0, pure=epsilon), slip(t, t_before=t - 1)
    guess = slip(model(*given), swapped=lambda: model(*given[::-1]))
    single = [model(x_t[i : i + 1], t[i : i + 1])[0] for i in range(len(t))]
    guess = slip(guess, row_by_row=np.array(single))
    e = guess - slip(epsilon, target_x0=x0, target_x_t=x_t, scaled=noise * epsilon)
    squares = slip(e**2, absolute=np.abs(e))
    mean = squares.mean()
    loss = slip(
        mean, summed=squares.sum(), of_rows=squares.sum(1).mean(), half=mean / 2
    )
    return slip(loss, root=mean**0.5, rows=squares.mean(1))


def _loss_cases(rng) -> Iterator[Case]:
    sizes = (3, 4, 5), (5, 2, 9), (2, 3, 4), (6, 4, 8), (4, 5, 7), (5, 3, 6)
    for m, n, T in sizes:
        A = rng.normal(size=(n, n))

        def model(x, t, A=A):
            z = np.asarray(x) @ A + 0.3 * np.asarray(t)[:, None]
            return np.tanh(z - 0.4 * z.mean(0))  # rows in one call are not independent

        args = {"model": model, "x0": rng.normal(size=(m, n))}
        args["t"] = rng.permutation(np.arange(1, T))[:m]
        if m < 5:
            args["t"][-1] = T
        args["alpha_bar"] = np.cumprod(1 - rng.uniform(0.05, 0.3, size=T))
        args["epsilon"] = rng.normal(size=(m, n))
        yield Case(f"{m} rows of {n}, {T} steps", args)


noise_loss = Step(
    "noise_loss",
    _loss,
    _loss_cases,
    texts={
        "late": "the index of ᾱ is one too large: entry 0 belongs to t = 1.",
        "late_cut": "but for t = T the index of ᾱ is one too large: entry 0 is t = 1.",
        "as_beta": "ᾱ is taken for β: its products are in it already.",
        "same_t": "all rows get the noise of the first row's t: each has its own.",
        "bar": "the picture is multiplied by ᾱ: by its root.",
        "no_signal": "the picture keeps its full strength: √ᾱ multiplies it.",
        "noise_bar": "the noise is multiplied by 1 − ᾱ: by its root.",
        "no_noise": "the noise has full strength: √(1 − ᾱ) multiplies it.",
        "turned": "the noise is multiplied by √ᾱ: by √(1 − ᾱ).",
        "clipped": "the noisy picture is clipped to 0…1: noise goes beyond, and the "
        "network must see it.",
        "no_roots": "the roots are missing: √ᾱ and √(1 − ᾱ).",
        "exchanged": "the two factors are exchanged: √ᾱ belongs to the picture.",
        "product": "the ᾱ are multiplied up again: they are products already.",
        "rest": "the noise is multiplied by 1 − √ᾱ: by the root of 1 − ᾱ.",
        "swapped": "the model gets t first: model(x_t, t).",
        "row_by_row": "the model is called for each row: once, with all rows.",
        "clean": "the model gets the clean picture: it gets the noisy one.",
        "pure": "the model gets the noise alone: it gets the noisy picture.",
        "t_before": "the model gets t − 1: it gets t itself.",
        "target_x0": "the target is the clean picture: the model tells the noise.",
        "target_x_t": "the target is the noisy picture: the model tells the noise.",
        "scaled": "the target is the noise with its factor: ε itself is asked for.",
        "absolute": "the errors are not squared.",
        "summed": "the squares are added up: take the mean over all entries.",
        "of_rows": "the squares of a row are added up: the mean over all entries.",
        "half": "there is a ½ that is not asked for.",
        "root": "there is a root: the mean squared error is asked for.",
        "rows": "one value for each row came: one number is asked for.",
    },
    demands={
        "x_0 + \\sqrt{1 - \\bar\\alpha_t}\\,\\varepsilon$": [
            "no_noise",
            "turned",
            "bar",
        ],
        "Each row has its own $t$": ["same_t"],
        "`alpha_bar[0]` belongs to $t = 1$": ["late"],
        "The target is $\\varepsilon$": ["target_x0", "scaled", "target_x_t"],
        "the mean squared error over all entries": ["summed", "of_rows", "rows"],
        "`model(x_t, t)`": ["clean", "t_before", "swapped"],
        "one call with all rows": ["row_by_row"],
    },
    why="Training is denoising with noise of every strength: take a clean picture, add "
    "noise that you know, and ask what was added. Who knows the noise knows the "
    "picture, since the noisy one is given. The steps are never walked one by one: a "
    "picture of step t is made at once, and another t for each row lets one minibatch "
    "see all strengths. The network must be told t, or it has to guess it.",
    see=DIFFUSION,
    goal=STEPS,
)


# --- denoise_step ---------------------------------------------------------------------


def _denoise(slip, x_t, t, epsilon_hat, beta, z):
    bar = np.cumprod(1 - beta)
    i = t - slip(1, late=0)
    b = slip(beta[i], late_beta=lambda: beta[t])
    a = slip(bar[i], alone=1 - beta[i], before=bar[i - 1] if i else np.float64(1))
    a = slip(a, after=lambda: bar[t], all_steps=bar[-1], short=bar[max(i - 1, 0)])
    share = b / np.sqrt(1 - a)
    share = slip(share, no_root=b / (1 - a), full=np.sqrt(1 - a), bare=b)
    share = slip(share, root_b=np.sqrt(b / (1 - a)), of_kept=b / np.sqrt(a))
    rest = x_t - share * epsilon_hat
    rest = slip(rest, plus=x_t + share * epsilon_hat)
    mean = rest / np.sqrt(1 - b)
    mean = slip(
        mean, no_scale=rest, times=rest * np.sqrt(1 - b), no_sqrt=rest / (1 - b)
    )
    mean = slip(mean, of_bar=rest / np.sqrt(a))
    mean = slip(mean, only_x=x_t / np.sqrt(1 - b) - share * epsilon_hat)
    spread = slip(np.sqrt(b), variance=b, no_z=0.0, whole=1.0)
    spread = spread * slip(
        t > 1, always=True, at_last=t < len(beta), from_3=t > 2, only_1=t == 1
    )
    inside = (rest + spread * z) / np.sqrt(1 - b)
    rest = (1 - bar[i - 1]) / (1 - bar[i]) if i else 1.0
    spread = slip(spread, posterior=spread * np.sqrt(rest))
    return slip(mean + spread * z, inside=inside)


def _denoise_cases(rng) -> Iterator[Case]:
    for t, T in ((1, 5), (2, 5), (5, 5), (4, 9)):
        args = {"x_t": rng.normal(size=(3, 2)), "t": t}
        args["epsilon_hat"] = rng.normal(size=(3, 2))
        args |= {"beta": rng.uniform(0.05, 0.3, size=T), "z": rng.normal(size=(3, 2))}
        yield Case(f"step {t} of {T}", args)


denoise_step = Step(
    "denoise_step",
    _denoise,
    _denoise_cases,
    texts={
        "late": "the indices of β and ᾱ are one too large: entry 0 belongs to t = 1.",
        "late_beta": "the index of β is one too large: entry 0 belongs to t = 1.",
        "after": "the index of ᾱ is one too large: entry 0 belongs to t = 1.",
        "all_steps": "ᾱ is the product over all steps: over those up to t.",
        "root_b": "in the bracket the root of β stands: β itself.",
        "of_kept": "β is divided by √ᾱ: by √(1 − ᾱ).",
        "only_x": "only x_t is divided by √(1 − β): the whole bracket is.",
        "alone": "1 − β of this step stands in place of ᾱ, the product.",
        "before": "ᾱ of the step before is used: that of step t.",
        "short": "from t = 2 on ᾱ lacks its last factor: it is the product up to t.",
        "no_root": "β is divided by 1 − ᾱ: by its root.",
        "full": "all the noise is taken away at once: β/√(1 − ᾱ) of it is.",
        "bare": "β is not divided by √(1 − ᾱ).",
        "plus": "the noise is added: it is taken away.",
        "no_scale": "the division by √(1 − β) is missing.",
        "times": "√(1 − β) multiplies: it divides.",
        "no_sqrt": "the division is by 1 − β: by its root.",
        "of_bar": "the division is by √ᾱ: by √(1 − β) of this step.",
        "variance": "z is multiplied by β, the variance: by its root.",
        "no_z": "the fresh noise z is missing.",
        "whole": "z keeps its full strength: √β multiplies it.",
        "posterior": "z has another deviation: √β is asked for.",
        "inside": "z is divided by √(1 − β), too: it is added after the division.",
        "always": "the last step adds noise, too: for t = 1 there is none.",
        "from_3": "step 2 adds no noise: only t = 1 does not.",
        "only_1": "noise is added for t = 1 alone: for all t but that.",
        "at_last": "the first step of the way back adds no noise: only t = 1 does not.",
    },
    demands={
        "\\frac{\\beta_t}{\\sqrt{1 - \\bar\\alpha_t}}": ["alone", "no_root", "full"],
        "\\frac{1}{\\sqrt{1 - \\beta_t}}": ["no_scale", "times", "of_bar"],
        "\\sqrt{\\beta_t}\\, z": ["variance", "no_z"],
        "For $t = 1$ no noise is added": ["always"],
        "`beta[0]` belongs to $t = 1$": ["late"],
    },
    why="One step takes away a small part of the noise that the network sees, and adds "
    "fresh noise. All at once would give the mean of all pictures that fit, "
    "a blur; step by step, each small decision narrows down what still fits. The fresh "
    "noise keeps the strength what the network expects at step t − 1. After the last "
    "step nobody would take it away, so none is added.",
    see=DIFFUSION,
    goal=STEPS,
)
