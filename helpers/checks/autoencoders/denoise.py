"""Checks of the sheet `autoencoders/denoise`: noise, decibels, a network, its gain.

Each step is a reference that carries its slips. PyTorch is imported when a check runs.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from ..engine import Case, Step
from ..engine.observers import (
    activated,
    activation_texts,
    module,
    module_fact,
    tensor,
)
from ..engine.trainings import numbers, recorder, stepping
from .common import STEP, minibatches, step

NOISE = "Take the noise away"
UP = "The way back up"


# --- add_noise ------------------------------------------------------------------------


def _noisy(slip, x, deviation, _draw):
    d = slip(deviation, variance=deviation**0.5, squared=deviation**2)
    unit = np.random.default_rng(_draw).standard_normal(x.shape)
    fixed = np.random.default_rng(_draw).standard_normal(x.shape[1:])
    own, world = np.random.default_rng(0), np.random.RandomState(_draw)
    unit = slip(unit, own=own.normal(size=x.shape), world=world.normal(size=x.shape))
    unit = slip(unit, one_number=unit.flat[0], same_rows=fixed, size=np.abs(unit))
    uniform = np.random.default_rng(_draw).random(x.shape)
    noise = d * slip(unit, uniform=uniform, around_0=2 * uniform - 1)
    noise = slip(noise, half=noise + 0.5, times=x * noise, minus=-noise)
    noise = slip(noise, as_mean=d + unit)
    noise = slip(noise, cut=noise.clip(0, 1), on_ink=noise * (x > 0))
    whole = slip(x + noise, noise=noise)
    v = slip(whole.clip(0, 1), no_clip=whole, wide=whole.clip(-1, 1))
    return slip(v, cut_alone=x + noise.clip(0, 1), scaled=lambda: _scaled(whole))


def _scaled(v):
    return (v - v.min()) / np.ptp(v)


def _noise_cases(rng) -> Iterator[Case]:
    for label, size, deviation in (
        ("6 images of 5×5, deviation 0.25", (6, 5, 5), 0.25),
        ("4 rows of 30, deviation 0.6", (4, 30), 0.6),
    ):
        x = np.round(rng.uniform(-0.3, 1.2, size).clip(0, 1), 3)
        args = {"x": x, "deviation": deviation, "_draw": int(rng.integers(10**6))}
        yield Case(label, args)


_noise = Step(
    "add_noise",
    _noisy,
    _noise_cases,
    texts={
        "variance": "`deviation` is taken for the variance.",
        "squared": "the deviation is squared: rng.normal takes the deviation.",
        "own": "a generator of your own is used: rng came in as an argument.",
        "world": "the draws come from np.random: use the rng that came in.",
        "as_mean": "the deviation came as the mean: rng.normal takes the mean first.",
        "one_number": "one number is added to the whole array: each pixel has its own.",
        "same_rows": "all rows get the same noise: each has its own.",
        "size": "the noise has lost its sign.",
        "uniform": "the noise is uniform (random): normal noise is asked for.",
        "around_0": "the noise is uniform: normal noise is asked for.",
        "half": "the noise has mean ½: it has mean 0.",
        "times": "the noise multiplies x: it is added.",
        "minus": "the noise is subtracted: it is added.",
        "cut": "the noise is clipped before it is added.",
        "on_ink": "only pixels above 0 get noise: every pixel does.",
        "noise": "only the noise came: it is added to x.",
        "no_clip": "the noisy image is not clipped: pixels lie between 0 and 1.",
        "wide": "the image is clipped to [−1, 1]: pixels lie between 0 and 1.",
        "cut_alone": "the noise is clipped, not the noisy image: its negative half is "
        "lost.",
        "scaled": "the noisy image is scaled to its own range; clip it.",
    },
    demands={
        "add Gaussian noise": ["uniform", "noise", "times"],
        "with mean 0 and this standard deviation": ["half", "variance", "squared"],
        "to every pixel": ["one_number", "same_rows", "on_ink"],
        "clip the sum to $[0, 1]$": ["no_clip", "cut_alone", "wide", "scaled"],
    },
    why="The noise belongs to the pixels, each on its own: only what neighbors share "
    "can then tell it from the picture. The sum is clipped, because a pixel cannot be "
    "darker than black. Noise that is clipped before would only ever brighten it.",
    see=NOISE,
    goal="train a network to remove noise",
)


def add_noise(function: Callable, seed: int = 0) -> None:
    """Check `add_noise(x, deviation, rng)`: Gaussian noise, clipped to [0, 1]."""

    def drawn(x, deviation, _draw):
        np.random.seed(_draw)  # noqa: NPY002  what np.random gives is known then
        return function(x, deviation, np.random.default_rng(_draw))

    _noise(drawn, seed)


# --- psnr -----------------------------------------------------------------------------


def _psnr(slip, x_hat, x):
    e, axes = x_hat - x, tuple(range(1, x.ndim))
    each = slip(e**2, absolute=np.abs(e))
    mse = slip(each.mean(axes), summed=each.sum(axes), whole=each.mean())
    mse = slip(mse, alike=np.full(len(x), each.mean()))
    mse = slip(mse, rows=each.mean(-1), pixels=each.mean(0), root=mse**0.5)
    mixed = each.reshape(-1, len(x)).mean(0)
    mse = slip(mse, late=e.mean(axes) ** 2, mixed=mixed)
    peak = slip(1.0, peak_255=255.0, peak_x=x.max(), peak_each=x.max(axes))
    ratio = slip(peak**2 / mse, turned=mse)
    log = slip(np.log10, natural=np.log, binary=np.log2)
    db = slip(10, twenty=20, no_10=1) * log(ratio)
    lines = -10 * np.log10((e**2).mean(-1)).reshape(len(x), -1).mean(1)
    db = slip(db, of_rows=lines) if x.ndim > 2 else db
    return slip(db, average=db.mean(), mse=mse, worst=db.min())


def _psnr_cases(rng) -> Iterator[Case]:
    for label, size, off in (
        ("5 rows of 8", (5, 8), 0.1),
        ("2 images of 4×4", (2, 4, 4), 0.3),
        ("3 images of 2×4×3", (3, 2, 4, 3), 0.02),
    ):
        x = rng.uniform(0, 0.7, size)
        off = off * rng.uniform(0.3, 1, (len(x), *[1] * (x.ndim - 1)))
        x_hat = x + rng.uniform(0.5, 1.5, size) * off * rng.choice([-1, 1, 1], size)
        yield Case(label, {"x_hat": x_hat, "x": x})


psnr = Step(
    "psnr",
    _psnr,
    _psnr_cases,
    lists=True,
    texts={
        "absolute": "absolute errors are used: square them.",
        "summed": "the squares are added up: take their mean.",
        "root": "the root of the error is used with a factor of 10.",
        "alike": "all images have the error of all together: each has its own.",
        "whole": "this is the one number of the notebook, for all images together: "
        "here each image has its own.",
        "average": "the decibels of the images are averaged: each keeps its own.",
        "worst": "only the decibels of the worst image came: each has its own.",
        "rows": "the mean runs over the last axis alone: an image may have several.",
        "of_rows": "decibels of each row of pixels are averaged: take the logarithm of "
        "the whole image's error.",
        "pixels": "the mean runs over the images (axis 0): it runs over the pixels.",
        "mixed": "reshape(-1, m) mixes pixels of different images: reshape(m, -1).",
        "late": "the mean error is squared: square first, then take the mean.",
        "peak_255": "the peak is taken as 255: these pixels go from 0 to 1.",
        "peak_x": "the peak is the largest pixel of x: it is 1.",
        "peak_each": "the peak is the largest pixel of each image: it is 1.",
        "turned": "the sign: a smaller error must give more decibels.",
        "natural": "the natural logarithm is used: log10.",
        "binary": "the logarithm has base 2: log10.",
        "twenty": "20 stands before the logarithm of a mean square: that is 10, or 20 "
        "with the root.",
        "no_10": "the 10 is missing.",
        "mse": "this is the MSE: its logarithm is missing.",
    },
    demands={
        "for each image the peak signal-to-noise ratio": ["whole", "worst"],
        "$10 \\log_{10}(1/\\text{MSE})$": ["natural", "turned", "twenty", "no_10"],
        "pixels whose peak is 1": ["peak_255", "peak_x"],
        "the mean over all pixels of this image": ["summed", "rows", "pixels"],
        "Returns an array of shape `(m,)`": ["average"],
    },
    why="Decibels count factors: ten times less error is 10 dB more, whatever the "
    "error was. The ratio is that of the peak's square to the mean square, so the "
    "factor is 10, and 20 only with a root. One number for all images is mostly that "
    "of the worst ones, whose errors make up the mean; image by image you see which "
    "these are. A mean of decibels would let the best image hide them.",
    see=NOISE,
    goal="measure it in decibels",
    small=lambda: Case(
        "",
        {
            "x_hat": np.array([[0.3, 0.7], [0.5, 0.6]]),
            "x": np.array([[0.4, 0.6], [0.4, 0.6]]),
        },
    ),
)


# --- sizes ----------------------------------------------------------------------------


def _sizes(slip, n):
    first, n = n, slip(n, fixed=28)
    down = slip((2, 2, 2), last_only=(0, 0, 2), short=(-1, -1, -1), not_last=(2, 2, 0))
    down = slip(down, floor=(0, 0, 0))
    lost = slip(2, one=1, three=3, none=0)
    found = []
    for extra in down:  # the poolings, which round up
        up = n // 2 + 1
        n = slip((n + extra // 2) // 2, to_even=round(n / 2), always_up=up)
        found.append(n)
    found += [2 * n, 4 * n]
    found = slip(found, mirror=[*found[:3], found[1], found[0]])
    found = slip(found, adds=[*found[:3], n + 2, n + 4])
    n = found[-1] - lost
    found += [n, slip(2 * n, adds=n + 2)]
    late = [*found[:3], *(found[2] * k for k in (2, 4, 8)), 8 * found[2] - 2]
    found = slip(found, ends_n=[*found[:6], first], late=late)
    back = [*found[:3], found[1], found[0], found[0], first]
    undone = [*found[:5], found[0], first]
    found = slip(found, mirror_n=back, undone=undone)
    out = slip(found, input=[first, *found], no_last=found[:-1], last=found[-1])
    return slip(out, pixels=[a * a for a in found], reversed=found[::-1])


def _size_cases(rng) -> Iterator[Case]:
    for n in (28, 21, *map(int, rng.permutation(np.arange(30, 60))[:5])):
        yield Case(f"n = {n}", {"n": n})


sizes = Step(
    "sizes",
    _sizes,
    _size_cases,
    texts={
        "fixed": "the sides are those for 28 pixels, whatever n is.",
        "floor": "the poolings round down: with ceil_mode=True they round up.",
        "last_only": "only the last pooling rounds up: all three do.",
        "not_last": "the last pooling rounds down: all three round up.",
        "short": "the poolings lose a pixel first: each convolution of the encoder "
        "keeps the size.",
        "one": "the convolution without padding loses f − 1 = 2 pixels, not 1.",
        "three": "the convolution without padding loses f − 1 = 2 pixels, not 3.",
        "none": "the convolution without padding loses two pixels.",
        "to_even": "halves are rounded to the even side, as round() does: round up.",
        "always_up": "n // 2 + 1 is one too large for an even side: round up halves.",
        "mirror_n": "the way back repeats the sides of the way down, up to n: follow "
        "what each layer does.",
        "undone": "the last convolutions are said to lead back to the sides of the way "
        "down: the one without padding loses 2, and the side doubles.",
        "ends_n": "the last side is taken for n: it follows from the one before.",
        "late": "the convolution without padding comes after the last upsampling.",
        "mirror": "the decoder mirrors the encoder's sizes: it computes its own.",
        "adds": "the upsamplings add 2: they double.",
        "input": "the input's side is in the list: leave it out.",
        "no_last": "the last upsampling is left out.",
        "last": "only the last side is returned: all seven are asked for.",
        "pixels": "these are the numbers of pixels of a map: sides are asked for.",
        "reversed": "the list is in reversed order.",
    },
    demands={
        "that *round up*": ["floor", "last_only", "not_last"],
        "two upsamplings by 2": ["adds", "mirror"],
        "without padding": ["one", "three", "none"],
        "All other convolutions keep the size": ["short"],
        "for an image of $n \\times n$": ["fixed"],
        "Returns a list of seven integers": ["input", "no_last", "last"],
    },
    why="Halving an odd side has two answers, and the way back knows nothing of the "
    "way down: it doubles what it gets. So the sizes of an autoencoder must be "
    "followed step by step. Here the one convolution without padding takes away what "
    "rounding up has added.",
    see=UP,
    goal="explain upsampling and transposed convolution by hand",
    small=lambda: Case("", {"n": 17}),
)


# --- ConvAutoencoder ------------------------------------------------------------------

CHANNELS = (1, 32, 8, 8, 8, 8, 32, 1)
LAYERS = ("first", "second", "third", "fourth", "fifth", "sixth")
NO_RELU = {
    f"linear_{i}": f"ReLU after the {n} convolution is missing."
    for i, n in enumerate(LAYERS)
}


def _network(slip):
    import torch.nn.functional as F
    from torch import nn

    def down(x):
        right, floor = F.max_pool2d(x, 2, ceil_mode=True), F.max_pool2d(x, 2)
        mean, padded = F.avg_pool2d(x, 2, ceil_mode=True), F.max_pool2d(x, 2, padding=1)
        return slip(right, floor=floor, wider=floor, mean=mean, padded=padded)

    def up(x):
        smooth = F.interpolate(x, scale_factor=2, mode="bilinear")
        big = F.interpolate(x, scale_factor=2)
        holes = big.clone()
        holes[..., 1::2, :] = holes[..., 1::2] = 0
        return slip(big, smooth=smooth, holes=holes)

    class ConvAutoencoder(nn.Module):
        def __init__(self):
            super().__init__()
            convs = (nn.Conv2d(*pair, 3, padding=1) for pair in pairwise(CHANNELS))
            self.layers = nn.ModuleList(convs)

        def forward(self, x):
            for i, layer in enumerate(self.layers[:6]):
                layer.padding = slip(
                    int(i != 5), everywhere=1, cropped=1, wider=1 + (i == 5)
                )
                z = layer(x)
                hidden = activated(slip, z, "hidden", "relu")
                a = slip(hidden, **{f"linear_{i}": z})
                x = down(a) if i < 3 else up(a)
            z = self.layers[6](x)
            out = slip(activated(slip, z, "out", "sigmoid"), half=z.relu().sigmoid())
            out = slip(out, cropped=out[..., 2:-2, 2:-2])
            return slip(out, rows=out.flatten(1), no_channel=out[:, 0])

    return ConvAutoencoder


def _pictures(rng) -> Iterator[Case]:
    yield Case("2 images", {"x": rng.uniform(0, 1, size=(2, 1, 28, 28))})


def _network_fact(got: dict, want: dict) -> str:
    fact = module_fact(got, want)
    if "sizes exchanged" in fact and isinstance(got.get("outputs"), np.ndarray):
        return (
            "a transposed convolution is in the decoder: it has convolutions and "
            "upsamplings."
        )
    return fact


convolutional = Step(
    "ConvAutoencoder",
    _network,
    _pictures,
    observe=module,
    factory=True,
    tell=_network_fact,
    texts=activation_texts("hidden", "each hidden convolution", "relu")
    | activation_texts("out", "the last convolution", "sigmoid")
    | NO_RELU
    | {
        "out_leaky": "the outputs are those of a leaky ReLU, not of the sigmoid.",
        "half": "ReLU stands before the sigmoid: no output lies below ½.",
        "floor": "the poolings round down: ceil_mode=True is missing.",
        "mean": "the poolings take the mean, not the maximum.",
        "padded": "the poolings have a padding of 1: 7 → 4 comes out, but the windows "
        "are shifted. Round up instead (ceil_mode=True).",
        "smooth": "the upsampling is smooth (bilinear): copy each value to a block of "
        "2×2, which is what nn.Upsample does by itself.",
        "holes": "the upsampling leaves zeros between the values: copy each value.",
        "everywhere": "the sixth convolution has a padding: it has none.",
        "wider": "the poolings round down, and a padding of 2 in the sixth convolution "
        "brings 28 back: round up (ceil_mode=True), without that padding.",
        "cropped": "the sixth convolution has a padding, and the output is cut to 28 "
        "pixels: without padding there is nothing to cut.",
        "rows": "each image is a row of 784: shape (m, 1, 28, 28) is asked for.",
        "no_channel": "the axis of the channel is gone: (m, 1, 28, 28) is asked for.",
    },
    demands={
        "convolution 1 → 32, ReLU, pooling": ["hidden_none", "linear_0"],
        "convolution 8 → 32 *without padding*, ReLU, upsampling": ["everywhere"],
        "convolution 32 → 1, sigmoid": ["out_none", "out_relu"],
        "all convolutions but one have a padding of 1": ["cropped"],
        "Poolings take the maximum of 2 × 2": ["mean", "padded"],
        "`ceil_mode=True`": ["floor"],
        "copy each value to a block of 2 × 2": ["smooth", "holes"],
        "shape `(m, 1, 28, 28)` in and out": ["rows", "no_channel"],
    },
    why="Pooling shrinks the maps until few numbers are left: the code. The way back "
    "copies each value to a block, and the convolution behind it smooths the blocks. "
    "Upsampling has no weights; what is learned is how to fill in. A size that does "
    "not come out at 28 shows a rounding or a padding in the wrong place.",
    see=UP,
    goal="build encoders and decoders, fully connected and convolutional",
    rtol=1e-4,
    atol=1e-5,
)


# --- denoising_step -------------------------------------------------------------------


def _step(slip):
    def denoising_step(model, optimizer, clean, noisy):
        pair = noisy, clean
        pair = slip(pair, to_noisy=(noisy, noisy), from_clean=(clean, clean))
        pair = slip(pair, exchanged=(clean, noisy), to_noise=(noisy, noisy - clean))
        return step(slip, model, optimizer, *pair)

    return denoising_step


denoising_step = Step(
    "denoising_step",
    _step,
    partial(minibatches, noisy=0.3),
    observe=stepping,
    factory=True,
    texts=STEP
    | {
        "to_noisy": "the target is the noisy image: it is the clean one. This network "
        "learns to keep the noise.",
        "from_clean": "the input is the clean image: the network never sees noise.",
        "exchanged": "input and target are exchanged: this learns to add noise.",
        "to_noise": "the target is the noise: the clean image is asked for.",
    },
    demands={
        "take one step": ["no_step", "twice", "no_zero"],
        "what goes in and what is the target": ["to_noisy", "from_clean", "exchanged"],
        "The loss is `F.mse_loss`, the mean over all entries": ["summed", "bce"],
        "Returns the loss before the step": ["late", "nothing"],
        "a `float`": ["tensor", "tensor_cut"],
    },
    why="What goes in is what the network will get later: noisy images. What it is "
    "compared with is what it should give: clean ones. With the same image on both "
    "sides it would learn to copy, noise and all. The rest of the step is that of any "
    "training.",
    see=NOISE,
    goal="train a network to remove noise, with the right target",
    rtol=1e-4,
    atol=1e-5,
)


# --- gain -----------------------------------------------------------------------------


def _gain(slip):
    import torch

    def decibels(a, b):
        return 10 * torch.log10(1 / torch.mean((a - b) ** 2))

    def gain(model, clean, noisy):
        model.train(slip(False, training=True))
        with torch.set_grad_enabled(slip(False, graph=True)):
            out = model(slip(noisy, fed_clean=clean))
            again = slip(noisy, clean_before=lambda: model(clean), both=out)
        after = slip(decibels(out, clean), to_noisy=decibels(out, noisy))
        before = decibels(again, clean)
        won = slip(after - before, minus=before - after, ratio=after / before)
        won = slip(won, after=after, twenty=2 * won, no_10=won / 10)
        won = slip(won, lost_0=won.clamp(min=0))
        each = (torch.mean((v - clean) ** 2, 1) for v in (noisy, out))
        errors = (torch.mean((v - clean) ** 2) for v in (noisy, out))
        won = slip(won, errors=torch.sub(*errors))
        won = slip(won, of_images=10 * torch.log10(torch.div(*each)).mean())
        won = slip(won, natural=won * np.log(10), to_noisy_alone=decibels(out, noisy))
        return slip(won.item(), tensor=won)

    return gain


def _gains(rng) -> Iterator[Case]:
    for m in (6, 4):
        clean = rng.uniform(0, 0.6, size=(m, 5))
        noisy = (clean + rng.normal(0, 0.2, clean.shape)).clip(0, 1)
        W = 0.7 * np.eye(5) + 0.05 * rng.normal(size=(5, 5))
        args = {"clean": clean, "noisy": noisy, "_W": W, "_b": 0.1 * rng.normal(size=5)}
        yield Case(f"{m} images", args)


def _evaluated(free: Callable, replay: Callable, case: Case) -> dict:
    """Observe f(model, clean, noisy): its result, mode and graph of the model."""
    import torch

    note, parts = recorder(case), (case.args["clean"], case.args["noisy"])
    value = replay(torch.nn.Sequential(note).train(), *map(tensor, parts))
    seen = note.notes()
    return {
        "evaluation mode": not any(seen["training"]),
        "graph": any(seen["graph"]),
        "called": bool(seen["rows"]),
        "result": value,
    }


def _gain_fact(got: dict, want: dict) -> str:
    if not got["called"]:
        return "the model is never called."
    if not got["evaluation mode"]:
        return "the model stays in training mode: model.eval() is missing."
    if got["graph"]:
        return "gradients are recorded: the call belongs under torch.no_grad()."
    if numbers(got["result"]) is not got["result"]:
        return "a tensor came; a float is asked for."
    return ""


gain = Step(
    "gain",
    _gain,
    _gains,
    observe=_evaluated,
    factory=True,
    tell=_gain_fact,
    texts={
        "training": "the model stays in training mode: model.eval() is missing.",
        "graph": "gradients are recorded: the call belongs under torch.no_grad().",
        "fed_clean": "the model was given the clean image: nothing was to be done.",
        "clean_before": "what is subtracted is the PSNR of the clean image after the "
        "model: it is that of the noisy image, as it came.",
        "both": "both PSNRs are those of outputs of the model: the noisy image counts "
        "as it came.",
        "to_noisy": "the denoised image is compared with the noisy one: the clean one "
        "is the measure.",
        "to_noisy_alone": "this is the PSNR of the denoised image against the noisy "
        "one: compare both with the clean image, and subtract.",
        "minus": "the sign: denoised minus noisy.",
        "ratio": "the ratio of the two came; their difference is asked for.",
        "errors": "the difference of the errors came: that of the PSNRs is asked for.",
        "after": "this is the PSNR of the denoised image: subtract that of the noisy.",
        "lost_0": "a loss counts as 0: a gain may be negative.",
        "twenty": "the gain is doubled: 10 stands before the logarithm of an MSE.",
        "no_10": "the 10 before the logarithm is missing.",
        "natural": "the natural logarithm is used: log10.",
        "of_images": "the gains of the images are averaged: average the errors first.",
        "tensor": "a tensor came; a float is asked for: `item()` takes it out.",
    },
    demands={
        "PSNR denoised minus PSNR noisy": ["minus", "after", "ratio", "fed_clean"],
        "nearer to the clean ones": ["to_noisy", "clean_before"],
        "Evaluate without gradients": ["graph"],
        "in evaluation mode": ["training"],
        "Returns a `float`": ["tensor"],
    },
    why="A PSNR alone says nothing: how much noise was there to begin with? The gain "
    "compares both images with the same clean one. It is measured on images that the "
    "training has not seen, in evaluation mode, and without a graph, since nothing is "
    "learned from it.",
    see=NOISE,
    goal="measure it in decibels",
    rtol=1e-4,
    atol=1e-4,
)
