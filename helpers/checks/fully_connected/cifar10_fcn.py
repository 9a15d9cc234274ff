"""Checks of the sheet `fully_connected/cifar10_fcn`: from gray digits to color images.

Each step is a reference that carries its slips (`helpers.checks.engine`); the last two
are judged by their accuracy. The visible cell and the hidden test differ in the seed
only. PyTorch is imported when a check runs.
"""

from collections.abc import Callable, Iterator

import numpy as np

from ..engine import Case, Step
from ..engine.accuracy import classifies
from ..engine.observers import (
    LOGITS,
    activated,
    activation_texts,
    logits,
    module,
    module_fact,
    with_arrays,
)

SHAPES_BAR = 0.40  # accuracy on 1,000 unseen shapes
BETTER_BAR = 0.62  # the same for the improved network


def _pictures(rng, n: int, height: int, width: int) -> np.ndarray:
    """Return color images (n, height, width, 3), uint8, with channels that differ."""
    low, high = np.array([0, 60, 150]), np.array([120, 200, 256])
    return rng.integers(low, high, (n, height, width, 3)).astype(np.uint8)


# --- channel_statistics ---------------------------------------------------------------


def _statistics(slip, images):
    x = images / slip(255, no_scale=1, by_256=256, by_most=images.max())
    axis = slip((0, 1, 2), channels_first=(0, 2, 3), images_only=0, each_image=(1, 2))
    axis = slip(axis, one_for_all=None, first_two=(0, 1), by_rows=(0, 2))
    mean, std = x.mean(axis), x.std(axis)
    n = x.size // max(1, np.size(mean))
    std = slip(std, ddof=std * (n / max(1, n - 1)) ** 0.5, variance=std**2)
    std = slip(std, by_image=lambda: x.std((1, 2)).mean(0), root=np.sqrt(std))
    std = slip(std, over_images=lambda: x.std(0).mean((0, 1)))
    std = slip(std, of_image_means=lambda: x.mean((1, 2)).std(0))
    std = slip(std, of_mean_image=lambda: x.mean(0).std((0, 1)))
    squares = lambda: (images**2).mean(axis) / 255**2  # noqa: E731
    std = slip(std, error=std / n**0.5, wrapped=lambda: abs(squares() - mean**2) ** 0.5)
    cut = x.reshape(3, -1)
    pair = slip(
        (mean, std), exchanged=(std, mean), of_means=(mean, 0 * std + mean.std())
    )
    pair = slip(pair, repeated=(np.full(3, x.mean()), np.full(3, x.std())))
    pair = slip(pair, std_0_255=(mean, 255 * std), mean_0_255=(255 * mean, std))
    each = x.reshape(len(x), 3, -1)
    each = each.mean((0, 2)), each.std((0, 2))
    return slip(pair, cut=(cut.mean(1), cut.std(1)), each_cut=each)


def _statistics_cases(rng) -> Iterator[Case]:
    for n, height, width in ((5, 4, 4), (3, 3, 3), (7, 32, 32), (4, 6, 5)):
        text = f"{n} images of {height}×{width}"
        yield Case(text, {"images": _pictures(rng, n, height, width)})


channel_statistics = Step(
    "channel_statistics",
    _statistics,
    _statistics_cases,
    ("mean", "std"),
    texts={
        "no_scale": "the pixels are not divided by 255.",
        "by_256": "the pixels are divided by 256, not by 255.",
        "by_most": "the pixels are divided by the largest one: by 255, always.",
        "channels_first": "the average runs over the wrong axes: the channels are the "
        "last one.",
        "images_only": "the average runs over the images alone, not over the pixels.",
        "each_image": "each image is averaged alone: one value a channel is asked for.",
        "one_for_all": "all colors share one mean: average each channel alone.",
        "repeated": "the same mean and deviation come three times: average each "
        "channel alone.",
        "first_two": "the mean runs over axes 0 and 1: axis 2, columns, is missing.",
        "by_rows": "the mean runs over axes 0 and 2: axis 1, rows, is missing.",
        "ddof": "the standard deviation is divided by N − 1, not by N.",
        "variance": "this is the variance: take the square root.",
        "by_image": "these are the means of the images' own deviations: take the "
        "deviation over all pixels of all images at once.",
        "over_images": "these are the means of the deviations of each place: take the "
        "deviation over all pixels of all images at once.",
        "of_image_means": "std is the deviation of the images' mean colors: take that "
        "of all pixels.",
        "of_mean_image": "std is the deviation within the mean image: take that of all "
        "pixels of all images.",
        "root": "a square root is taken once too often.",
        "error": "the deviation is divided by √N: that is the error of the mean.",
        "wrapped": "squares of bytes do not fit into bytes: scale the pixels before.",
        "cut": "reshape cuts the numbers anew: the channels are the last axis.",
        "each_cut": "each image is cut anew into three parts: the channels are the "
        "last axis, and reshape moves none.",
        "std_0_255": "the mean is scaled, and std is not: divide it by 255, too.",
        "mean_0_255": "std is scaled, and the mean is not: divide it by 255, too.",
        "exchanged": "the pair is exchanged: (mean, std) is asked for.",
        "of_means": "std is the deviation of the three means, not of the pixels.",
    },
    demands={
        "of each channel": ["one_for_all"],
        "over all pixels of all images": ["each_image", "images_only", "by_image"],
        "Returns `(mean, std)`": ["exchanged"],
        "for pixels scaled to 0…1": ["no_scale", "by_256"],
        "divides by the number of pixels, as NumPy does": ["ddof"],
    },
    why="Inputs of very different sizes make training slow, and a color is such an "
    "input: a bright channel has other numbers than a dark one. So each channel gets "
    "its own mean and deviation, over all that belongs to it: every pixel of every "
    "image. The axes that an average names are those that vanish. What must remain is "
    "the channel, which here is the last axis, because that is how images are stored.",
    see="MNIST: what gets to 97 %?",
    goal="say what brings a fully connected network to 97 % on digits",
    rtol=1e-5,
    small=lambda: Case("", {"images": np.array([[[[0, 51, 255], [102, 51, 0]]]])}),
)


# --- to_inputs ------------------------------------------------------------------------


def _inputs(slip, images, mean, std):
    x = images / slip(255, no_scale=1, by_256=256)
    own = x.mean((0, 1, 2)), x.std((0, 1, 2))
    mean, std = slip((mean, std), exchanged=(std, mean), own=own)
    mean, std = slip((mean, std), reversed=(mean[::-1], std[::-1]))
    centered = slip(x - mean, no_mean=x, plus=x + mean)
    x = slip(centered / std, no_std=centered, variance=centered / std**2)
    x = slip(x, std_first=lambda: images / 255 / std - mean, times=centered * std)
    x = slip(x, scaled_late=lambda: (images - mean) / 255 / std)
    n, height, width = images.shape[:3]
    pixels = (images / 255).reshape(n, 3, height, width)
    cut = (pixels - mean[:, None, None]) / std[:, None, None]
    moved = slip(x.transpose(0, 3, 1, 2), cut=cut, turned=x.transpose(0, 3, 2, 1))
    moved = slip(moved, last=x, colors_reversed=moved[:, ::-1])
    rows, each = moved.reshape(n, -1), moved.reshape(n, 3, -1)
    shift, scale = (np.tile(v, height * width) for v in (mean, std))
    flat = (images / 255).transpose(0, 3, 1, 2).reshape(n, -1)
    return slip(rows, maps=moved, by_channel=each, tiled=(flat - shift) / scale)


def _inputs_cases(rng) -> Iterator[Case]:
    for n, height, width in ((4, 5, 3), (2, 32, 32), (1, 3, 4)):
        mean, std = rng.uniform(0.2, 0.6, 3), rng.uniform(0.1, 0.4, 3)
        args = {"images": _pictures(rng, n, height, width), "mean": mean, "std": std}
        yield Case(f"{n} image{'s' * (n > 1)} of {height}×{width}", args)


_inputs_step = Step(
    "to_inputs",
    _inputs,
    _inputs_cases,
    texts={
        "no_scale": "the pixels are not divided by 255.",
        "by_256": "the pixels are divided by 256, not by 255.",
        "exchanged": "mean and std are exchanged.",
        "own": "the images' own mean and deviation are used: the arguments mean and "
        "std are asked for.",
        "reversed": "mean and std are used in the reversed order of the channels.",
        "no_mean": "the mean is not subtracted.",
        "plus": "the mean is added; it is subtracted.",
        "no_std": "the division by std is missing.",
        "variance": "you divide by the variance: divide by std.",
        "std_first": "std divides before the mean is subtracted.",
        "scaled_late": "the mean, which is that of pixels 0…1, is subtracted from "
        "pixels 0…255: scale them before.",
        "times": "std multiplies; it divides.",
        "cut": "reshape does not move an axis, it cuts the same numbers anew: permute "
        "(or transpose) the channels to the front.",
        "turned": "rows and columns of the pictures are exchanged.",
        "last": "the colors of a pixel stay side by side (red, green, blue, red …): "
        "the channel axis must come before rows and columns. reshape moves none.",
        "colors_reversed": "the channels come in reversed order: blue, green, red.",
        "maps": "the images are not flattened: one row for each image is asked for.",
        "by_channel": "each channel is a row of its own: one row for each image.",
        "tiled": "mean and std change number by number: all red values come first.",
    },
    demands={
        "scale to 0…1": ["no_scale"],
        "subtract each channel's mean": ["no_mean", "reversed"],
        "divide by its standard deviation": ["no_std", "variance", "own"],
        "and flatten": ["maps"],
        "channels before height and width": ["last", "cut", "turned"],
    },
    why="The same numbers can lie in memory in many orders, and a network knows only "
    "the order. reshape keeps the order and cuts it anew; transpose and permute move "
    "an axis. Images are stored with the three colors of a pixel side by side, and "
    "PyTorch keeps each color as a map of its own, so an axis has to move before the "
    "image becomes a row. And new images get the mean and the deviation of the "
    "training images: they must be measured with the same rule.",
    see="CIFAR-10: photographs",
    goal="say what brings a fully connected network to 97 % on digits",
    rtol=1e-4,
    atol=1e-5,
)


def to_inputs(function: Callable, seed: int = 0) -> None:
    """Check `to_inputs(images, mean, std)`: float32 rows, channel after channel."""
    _inputs_step(with_arrays("to_inputs", function), seed)


# --- ColorNet -------------------------------------------------------------------------


def _network(slip):
    from torch import nn

    class ColorNet(nn.Module):
        def __init__(self):
            super().__init__()
            inputs = slip(3072, gray=1024)
            neurons = slip(128, neurons_64=64, neurons_100=100, neurons_256=256)
            bias = slip(True, no_bias=False)
            self.hidden = nn.Linear(inputs, neurons, bias)
            self.output = nn.Linear(neurons, 10, bias)

        def forward(self, x):
            rows = slip(x.flatten(1), not_flattened=x, one_row=x.flatten())
            rows = slip(rows, scaled=rows / 255, last=x.movedim(1, -1).flatten(1))
            rows = slip(rows, turned=x.mT.flatten(1) if x.dim() > 2 else rows)
            rows = slip(rows, mean_color=lambda: x.reshape(-1, 3, 1024).mean(1))
            a = activated(slip, self.hidden(rows), "hidden", "relu")
            return logits(slip, self.output(a))

    return ColorNet


def _network_cases(rng) -> Iterator[Case]:
    x = rng.normal(size=(7, 3, 32, 32))
    yield Case("4 images", {"x": x[:4]})
    yield Case("3 images as rows", {"x": x[4:].reshape(3, -1)})
    yield Case("one image", {"x": x[:1]})


color_net = Step(
    "ColorNet",
    _network,
    _network_cases,
    observe=module,
    factory=True,
    tell=module_fact,
    texts=LOGITS
    | activation_texts("hidden", "the hidden layer", "relu")
    | {
        "gray": "the layer takes 1024 inputs, those of a gray image: a color image "
        "has 3 · 32 · 32 = 3072.",
        "neurons_64": "there are 64 hidden neurons; 128 are asked for.",
        "neurons_100": "there are 100 hidden neurons; 128 are asked for.",
        "neurons_256": "there are 256 hidden neurons; 128 are asked for.",
        "no_bias": "the layers have no biases.",
        "not_flattened": "the images are not flattened: each must become a row of 3072 "
        "numbers, and the batch keep its axis.",
        "one_row": "the whole batch becomes one row: the axis of the examples must "
        "stay.",
        "scaled": "the images are divided by 255 inside the network.",
        "last": "the colors are moved to the end before the images are flattened: "
        "flatten them as they come.",
        "turned": "rows and columns of the images are exchanged before they are "
        "flattened.",
        "mean_color": "the mean of the three channels goes into a layer that takes all "
        "3072 numbers.",
    },
    demands={
        "128 hidden neurons with ReLU, 10 outputs": ["neurons_64", "hidden_none"],
        "for images of 3 × 32 × 32": ["gray"],
        "already flattened, `(m, 3072)`": ["3 images as rows"],
        "no softmax, because `cross_entropy` contains it": ["out_softmax", "out_log"],
    },
    why="cross_entropy takes plain sums, because it can do softmax and logarithm in "
    "one step that is exact even where a probability is as good as 0. A softmax in the "
    "network would be applied twice: the second one gets numbers between 0 and 1, the "
    "probabilities come out nearly equal, and so do all gradients. For the prediction "
    "nothing is lost without it, as the largest sum has the largest probability.",
    see="CIFAR-10: photographs",
    goal="build, train, evaluate, save and repeat a network in PyTorch",
    rtol=1e-4,
    atol=1e-5,
)


# --- class_accuracy -------------------------------------------------------------------


def _shares(slip, predicted, labels, k):
    table = np.zeros((k, k))  # rows: true class
    np.add.at(table, (labels, predicted), 1)
    right, N = np.diag(table), len(labels)
    of_class, of_guess = table.sum(1), table.sum(0)
    count = slip(of_class, precision=of_guess, equal=np.full(k, N / k))
    count = slip(count, jaccard=of_class + of_guess - right)
    count = slip(count, overall=np.where(of_class > 0, N, 0), of_all=np.full(k, N))
    share = right / count
    share = slip(share, errors=1 - share, counts=right, percent=100 * share)
    reject = [((predicted == c) == (labels == c)).mean() for c in range(k)]
    share = slip(share, rejected=np.where(of_class > 0, reject, np.nan))
    share = slip(share, unknown=np.where(share > 0, share, np.nan))
    share = slip(share, zero=np.nan_to_num(share), one=np.nan_to_num(share, nan=1))
    share = slip(share, present=share[of_class > 0], minus=np.nan_to_num(share, nan=-1))
    share = slip(share, no_last=share[:-1], seen=share[: labels.max() + 1])
    share = slip(share, mean=np.nanmean(share))
    return slip(share, total=float(np.mean(predicted == labels)))


def _class_cases(rng) -> Iterator[Case]:
    for label, n, k, absent, never in (
        ("60 examples, 4 classes", 60, 4, None, None),
        ("200 examples, 10 classes", 200, 10, None, None),
        ("a class without examples", 50, 5, 2, None),
        ("the last class without examples", 40, 4, 3, None),
        ("a class that is never predicted", 50, 5, None, 3),
    ):
        labels = np.concatenate([rng.permutation(k), rng.integers(0, k, n - k)])
        guess = np.where(rng.random(n) < 0.6, labels, rng.integers(0, k, n))
        guess[:k] = np.roll(np.arange(k), 1)  # each class is predicted
        if absent is not None:
            labels[labels == absent] = (absent + 1) % k
        if never is not None:
            guess[guess == never] = (never + 1) % k
        yield Case(label, {"predicted": guess, "labels": labels, "k": k}, {"N": n})


class_accuracy = Step(
    "class_accuracy",
    _shares,
    _class_cases,
    texts={
        "precision": "you divide by how often a class is predicted (that is its "
        "precision); divide by the number of its examples.",
        "equal": "you take it that all classes have equally many examples.",
        "jaccard": "you divide by the examples that belong to the class or are taken "
        "for it; divide by those that belong to it.",
        "overall": "divided by the number of all examples: take those of the class.",
        "of_all": "right answers are divided by the number of all examples: divide by "
        "those of the class. Where there are none, the accuracy is NaN, not 0.",
        "errors": "these are the shares of wrong answers.",
        "counts": "these are numbers of right answers, not shares.",
        "percent": "these are percentages; shares from 0 to 1 are asked for.",
        "rejected": "rightly rejected examples of the other classes count, too: look "
        "only at the examples of the class.",
        "unknown": "a class of which nothing was recognized gets NaN: that is 0.",
        "zero": "a class without examples gets 0: its accuracy is unknown, NaN.",
        "one": "a class without examples gets 1: its accuracy is unknown, NaN.",
        "minus": "a class without examples gets −1: its accuracy is unknown, NaN.",
        "present": "a class without examples is left out: keep its place.",
        "no_last": "the last class is left out: there are k.",
        "seen": "the array ends with the largest label that occurs: there are k "
        "classes.",
        "mean": "the mean over the classes came: one share for each is asked for.",
        "total": "one accuracy for all examples came: one for each class is asked for.",
    },
    demands={
        "of the examples of each class": ["precision", "overall", "rejected"],
        "which share was recognized": ["errors", "counts"],
        "a NumPy array of shape `(k,)`": ["present", "total", "seen"],
        "The accuracy of a class without examples is unknown": ["zero", "one"],
    },
    why="One number hides ten. A network may know cars and miss nearly every cat, and "
    "the overall accuracy does not show it. For each class look at its own examples "
    "alone, and ask how many were found. To look at the predictions instead answers "
    "another question: how far can one trust the network when it says “cat”? Of a "
    "class that never occurs nothing is known, and 0 would claim that all its images "
    "were missed.",
    see="CIFAR-10: photographs",
    goal="why it fails on photographs",
    small=lambda: Case(
        "",
        {"predicted": np.array([0, 1, 0]), "labels": np.array([0, 0, 0]), "k": 2},
    ),
)


# --- learn, improve -------------------------------------------------------------------


def learn(function: Callable, seed: int = 0) -> None:
    """Check `learn(images, labels, unseen, seed)` by its accuracy on unseen shapes."""
    low = (
        "it learns too little. Are the unseen images prepared with the statistics of "
        "the training images, and are there enough epochs?"
    )
    classifies("learn", function, seed, SHAPES_BAR, low)


def improve(function: Callable, seed: int = 0) -> None:
    """Check `improve(images, labels, unseen, seed)` against a higher bar."""
    low = (
        "it is no better than the plain network. Does what you added change what the "
        "network sees in training, or how the unseen images are prepared? Does each "
        "image that you added have its own label?"
    )
    classifies("improve", function, seed, BETTER_BAR, low, linear=True)
