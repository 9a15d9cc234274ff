"""Checks of the sheet `convolutional/cifar10_cnn`: a network for color images.

Each step is a reference that carries its slips (`helpers.checks.engine`); the last is
judged by its accuracy. The visible cell and the hidden test differ in the seed only.
PyTorch is imported when a check runs.
"""

from collections.abc import Callable, Iterator

import numpy as np

from ..engine import Case, Step
from ..engine.accuracy import classifies
from ..engine.observers import LOGITS, logits, with_arrays
from .common import Network, Plan

PLAN = Plan(convs=((3, 1, 1), (3, 1, 1)), pools=((2, 2, 0), (2, 2, 0)))
NETWORK = Network(PLAN, 32, (3, 16, 32), 64, logits, LOGITS)
SHAPES_BAR = 0.68  # accuracy on 1,000 unseen shapes


# --- to_tensor ------------------------------------------------------------------------


def _tensor(slip, images):
    whole = images.astype(float)
    scale = slip(255, no_scale=1, by_256=256, by_most=whole.max())
    shift = slip(0.5, no_shift=0, one=1, plus=-0.5)
    x = slip(whole / scale - shift, half_first=(whole - 0.5) / 255)
    x = slip(x, floor=whole // 255 - 0.5, wrapped=(whole - 128) % 256 / 255)
    x = slip(x, twice=2 * x, mean=whole / 255 - (whole / 255).mean())
    n, height, width, c = images.shape
    cut = x.reshape(n, c, height, width)
    moved = slip(x.transpose(0, 3, 1, 2), cut=cut, turned=x.transpose(0, 3, 2, 1))
    moved = slip(moved, last=x, colors_reversed=moved[:, ::-1])
    return slip(
        moved, rows=moved.reshape(n, -1), images_last=moved.transpose(1, 0, 2, 3)
    )


def _tensor_cases(rng) -> Iterator[Case]:
    low, high = np.array([0, 60, 150]), np.array([120, 200, 256])
    for n, height, width in ((4, 5, 6), (2, 8, 8), (1, 3, 4)):
        images = rng.integers(low, high, (n, height, width, 3)).astype(np.uint8)
        text = f"{n} image{'s' * (n > 1)} of {height}×{width}"
        yield Case(text, {"images": images})


_tensor_step = Step(
    "to_tensor",
    _tensor,
    _tensor_cases,
    texts={
        "no_scale": "the pixels are not divided by 255.",
        "by_256": "the pixels are divided by 256, not by 255.",
        "by_most": "the pixels are divided by the largest one: by 255, always.",
        "floor": "the division is one of whole numbers (//): only 0 and 1 are left.",
        "wrapped": "128 is subtracted from whole numbers of 8 bits, which start anew "
        "at 255: divide first, then subtract ½.",
        "no_shift": "½ is not subtracted.",
        "one": "1 is subtracted; ½ is asked for.",
        "plus": "½ is added; it is subtracted.",
        "half_first": "½ is subtracted before the division by 255: it comes after it.",
        "twice": "the range is −1 to 1: −½ to ½ is asked for.",
        "mean": "the mean is subtracted; ½ is asked for.",
        "cut": "reshape cuts the same numbers anew and mixes the colors: permute (or "
        "transpose) the channel axis to the front.",
        "turned": "rows and columns of the pictures are exchanged.",
        "last": "the channels stay last: a convolution wants (n, 3, h, w).",
        "colors_reversed": "the colors are in reversed order.",
        "rows": "the images are flattened: (n, 3, h, w) is asked for.",
        "images_last": "images and channels are exchanged: the images come first.",
    },
    demands={
        "a `float32` tensor of shape `(n, 3, h, w)`": ["last", "turned", "rows"],
        "pixels divided by 255, minus ½": ["no_scale", "no_shift", "half_first"],
        "`reshape` would cut the numbers anew": ["cut"],
    },
    why="A picture file keeps the three colors of a pixel together, and a convolution "
    "wants each color as a map. To move an axis, permute or transpose; reshape leaves "
    "every number where it lies in memory and draws the borders anew, so that three "
    "neighbors in a row become red, green and blue. The shape looks right, no error "
    "comes, and the network learns from noise. Numbers around 0 make training easier "
    "than numbers around 127.",
    see="Color photographs",
    goal="compare convolutional with fully connected networks fairly",
    rtol=1e-4,
    atol=1e-5,
)


def to_tensor(function: Callable, seed: int = 0) -> None:
    """Check `to_tensor(images)`: float32 (n, 3, h, w) from −½ to ½."""
    _tensor_step(with_arrays("to_tensor", function), seed)


# --- ColorCNN -------------------------------------------------------------------------

color_layers, color_outputs = NETWORK.steps(
    "ColorCNN",
    (
        {
            "demands": {
                "16 kernels of 3×3, padding 1": ["the layers", "made_convs_padding"],
                "how many numbers?": ["made_no_pools", "made_no_pool_0"],
            },
            "why": "A kernel has a slice for each channel of its input, so the first "
            "convolution must know that there are three. With a window of 3 and a "
            "padding of 1 a map keeps its size, and each pooling halves it: 32, 16, 8. "
            "The linear layer gets every number of all 32 maps. If you are not sure "
            "how many there are, send one image through the convolutions and look at "
            "the shape.",
            "see": "Color photographs",
            "goal": "compare convolutional with fully connected networks fairly",
        },
        {
            "demands": {
                "returns the logits (no softmax)": ["out_softmax", "out_log"],
                "ReLU, max pooling": ["conv1_none", "conv2_none", "means"],
                "windows of 2×2": ["run_pools_stride"],
            },
            "why": "The forward pass says what follows what. Convolution, ReLU, "
            "pooling, twice; then the maps become a row for each image, and two linear "
            "layers with one ReLU between them judge what was found. The last layer "
            "has no activation: the loss takes plain sums and does softmax and "
            "logarithm itself. If you had a softmax here, it would be applied twice, "
            "and the gradients would nearly vanish.",
            "see": "Color photographs",
            "goal": "compare convolutional with fully connected networks fairly",
        },
    ),
)


# --- mirrored -------------------------------------------------------------------------


def _mirrored(slip, x, y):
    axis = slip(
        3,
        rows=2,
        channels=1,
        images=0,
        turned=(2, 3),
        images_too=(0, 3),
        colors_too=(1, 3),
    )
    image = np.flip(x, axis)
    image = slip(
        image, nothing=x, shifted=np.roll(x, 1, 3), transposed=lambda: x.swapaxes(2, 3)
    )
    labels = np.concatenate([y, slip(y, reversed=y[::-1])])
    labels = slip(labels, not_doubled=y, repeated=np.repeat(y, 2))
    both = np.concatenate([x, image])
    one_by_one = np.stack([x, image], 1).reshape(-1, *x.shape[1:])
    out = slip((both, labels), interleaved=(one_by_one, np.repeat(y, 2)))
    out = slip(
        out,
        mirrors_alone=(image, y),
        mirrors_first=(np.concatenate([image, x]), labels),
    )
    out = slip(out, beside=(np.concatenate([x, image], 3), y), x_only=both)
    out = slip(out, images_interleaved=(one_by_one, labels))
    return slip(
        out, exchanged=(labels, both), stacked=(np.stack([x, image]), np.stack([y, y]))
    )


def _mirrored_cases(rng) -> Iterator[Case]:
    for n, c, height, width in ((4, 3, 5, 6), (3, 3, 4, 4), (5, 1, 3, 7)):
        x = rng.normal(size=(n, c, height, width)).astype(np.float32)
        args = {"x": x, "y": rng.permutation(n)}
        yield Case(f"{n} images {c}×{height}×{width}", args)


_mirrored_step = Step(
    "mirrored",
    _mirrored,
    _mirrored_cases,
    ("x", "y"),
    texts={
        "rows": "the images are upside down: dim 2 is the rows.",
        "channels": "the colors are reversed: dim 1 is the channels.",
        "images": "the order of the images is reversed: dim 0 is the images.",
        "turned": "the images are turned by 180°: only the columns.",
        "images_too": "the order of the images is reversed, too: the labels do not "
        "belong to them any more.",
        "colors_too": "the colors are reversed, too: only the columns.",
        "nothing": "nothing is mirrored: the images occur twice.",
        "shifted": "the columns are shifted by one, not mirrored.",
        "transposed": "rows and columns are exchanged: left and right should be.",
        "reversed": "the labels of the mirror images are in reversed order.",
        "not_doubled": "the labels are not doubled: each mirror image has its image's "
        "label.",
        "repeated": "each label is doubled in its place, but the mirror images come "
        "after all images: the labels do not belong to the images any more.",
        "interleaved": "each image is followed by its mirror image: first all images, "
        "then all mirror images.",
        "images_interleaved": "each image is followed by its mirror image, and the "
        "labels are not: they do not belong to the images any more.",
        "mirrors_alone": "the images themselves are missing.",
        "mirrors_first": "the mirror images come first.",
        "beside": "the mirror images are joined to the columns: dim 0 is the images.",
        "x_only": "only the images are returned: (x, y) is asked for.",
        "exchanged": "the pair is exchanged: (x, y) is asked for.",
        "stacked": "images and mirror images lie along a new axis: join them along the "
        "images (cat, not stack).",
    },
    demands={
        "all images followed by all their mirror images": [
            "interleaved",
            "mirrors_first",
            "mirrors_alone",
        ],
        "left and right exchanged": ["rows", "channels", "turned", "nothing"],
        "shape `(2n, c, h, w)`": ["stacked", "beside"],
        "the labels of all of them": ["not_doubled", "repeated", "reversed"],
    },
    why="A mirror image of a car is a car, and the network has never seen it: new "
    "examples for nothing. It must be the mirror that changes no class: left and right "
    "are exchanged, that is the axis of the columns, the last one. Each new image "
    "needs the label of its original, in the same order as the images: a label that "
    "slips by one place is a wrong label, and the network learns it as faithfully as a "
    "right one.",
    see="Color photographs",
    goal="compare convolutional with fully connected networks fairly",
    rtol=1e-5,
)


def mirrored(function: Callable, seed: int = 0) -> None:
    """Check `mirrored(x, y)`: the images, then their mirror images, with labels."""
    _mirrored_step(with_arrays("mirrored", function, given=True), seed)


# --- most_confused --------------------------------------------------------------------


def _most_confused(slip, predicted, labels, k):
    table = np.zeros((k, k))
    np.add.at(table, (labels, predicted), 1)  # rows: true class, columns: predicted
    table = slip(table, once=np.minimum(table, 1))
    off = table - np.diag(np.diag(table))
    rows, columns = off.sum(1), off.sum(0)
    examples, guesses = table.sum(1, keepdims=True), table.sum(0, keepdims=True)
    off = slip(off, diagonal=table, both_ways=np.triu(off + off.T), signed=off - off.T)
    off = slip(off, rarest=np.where(off, -off, -1e6), never=-off - 1e6 * np.eye(k))
    off = slip(off, share_true=off / np.maximum(examples, 1))
    off = slip(off, share_guess=off / np.maximum(guesses, 1))
    off = slip(off, share_wrong=off / np.maximum(rows[:, None], 1))
    off = slip(off, upper=np.triu(off), lower=np.tril(off))
    off = slip(off, broadcast=table - np.diag(table))
    i, j, c = int(rows.argmax()), int(columns.argmax()), int(examples.argmax())
    pair = divmod(int(off.argmax()), k)
    pair = slip(pair, class_first=(i, int(off[i].argmax())), apart=(i, j))
    pair = slip(pair, guess_first=(int(off[:, j].argmax()), j))
    pair = slip(pair, big_class=(c, int(off[c].argmax())))
    pair = slip(pair, frequent=(c, int(guesses.argmax())))
    seen = [(int(t), int(g)) for t, g in zip(labels, predicted, strict=True) if t != g]
    pair = slip(pair, first_seen=seen[0], last_seen=seen[-1])
    pair = slip(pair, second=divmod(int(np.argsort(off, axis=None)[-2]), k))
    true, guess = pair
    most, wide = int(off.max()), np.pad(off, (0, 10 - k))
    places = np.cumsum(examples[:, 0] + guesses[0] > 0) - 1
    pair = slip(pair, seen=(int(places[true]), int(places[guess])))
    pair = slip(pair, narrow=divmod(int(off.argmax()), 10))
    pair = slip(pair, exchanged=(guess, true), flat=true * k + guess, count=most)
    pair = slip(pair, from_1=(true + 1, guess + 1), true_from_1=(true + 1, guess))
    pair = slip(pair, three=(true, guess, most), table=off, same=(true, true))
    return slip(pair, width=divmod(int(wide.argmax()), k))


def _confused_cases(rng) -> Iterator[Case]:
    while True:
        k, N = int(rng.integers(3, 6)), int(rng.integers(25, 60))
        labels = rng.choice(k, N, p=rng.dirichlet(4 * np.ones(k)))
        chances = rng.dirichlet(0.7 * np.ones(k), size=k)
        guess = np.array([rng.choice(k, p=chances[c]) for c in labels])
        pairs = np.bincount((labels * k + guess)[labels != guess], minlength=2)
        first, second = np.sort(pairs)[[-1, -2]]
        if first > second:  # the sheet does not speak of ties
            more = int(rng.integers(2))  # class 0 may not occur
            args = {"predicted": guess + more, "labels": labels + more, "k": k + more}
            yield Case(f"{N} examples, {args['k']} classes", args)


most_confused = Step(
    "most_confused",
    _most_confused,
    _confused_cases,
    ("true class", "predicted class"),
    pick=2,
    texts={
        "once": "each pair counts only once: `table[i, j] += 1` with index arrays does "
        "not repeat.",
        "diagonal": "right answers count, too: leave the diagonal out.",
        "broadcast": "the diagonal is subtracted from every row, as a row of numbers.",
        "both_ways": "a taken for b and b taken for a are added up: they are two "
        "pairs.",
        "rarest": "this is the rarest confusion.",
        "never": "this is a pair that never occurs: the smallest entry of the table.",
        "share_true": "the share of the class's examples decides: the number is asked "
        "for.",
        "share_guess": "the share of the guess decides: the number is asked for.",
        "share_wrong": "the share of the class's mistakes decides: the number does.",
        "upper": "only mistakes with a guess larger than the class are counted.",
        "lower": "only mistakes with a guess smaller than the class are counted.",
        "signed": "a taken for b less b taken for a decides: the number is asked for.",
        "class_first": "the class with most mistakes is taken first, and then its "
        "commonest guess: the commonest pair may lie elsewhere.",
        "guess_first": "the commonest wrong guess is taken first, and then its class.",
        "apart": "the class with most mistakes and the commonest wrong guess are "
        "chosen apart: they need not belong together.",
        "first_seen": "the first mistake in the list came, not the most frequent.",
        "last_seen": "the last mistake in the list came, not the most frequent.",
        "frequent": "the commonest class and prediction came, right answers included.",
        "big_class": "the commonest class comes first, then its commonest wrong guess.",
        "second": "the second most frequent pair came.",
        "exchanged": "the pair is exchanged: (true, predicted).",
        "flat": "the index runs through the flattened table.",
        "width": "the flat index is cut by another number than the table has columns: "
        "is one of them fixed?",
        "narrow": "the flat index is cut by 10: the table has k columns.",
        "seen": "the classes are numbered as they occur: one that never does counts, "
        "too (`labels=range(k)` in scikit-learn's confusion_matrix).",
        "count": "this is how often it happens, not the pair.",
        "from_1": "the classes are counted from 1: from 0 is asked for.",
        "true_from_1": "the true class is counted from 1: from 0 is asked for.",
        "three": "how often it happens came, too: (true, guess) is asked for.",
        "table": "the whole table came: the place of its largest entry is asked for.",
        "same": "the same class came twice.",
    },
    demands={
        "the mistake that happens most often": ["diagonal", "rarest", "share_true"],
        "Returns the tuple `(true, guess)`": ["exchanged", "flat", "three"],
        "the wrong class that they are given most often": ["both_ways", "class_first"],
    },
    why="An accuracy says how often, not how. The table of true and predicted classes "
    "says which class is taken for which: rows and columns are not the same question, "
    "as cats may be taken for dogs and dogs for horses. The right answers on the "
    "diagonal are by far the most numbers, and no confusion. Look for the largest "
    "entry of the whole table: the class with most mistakes may spread them over many "
    "guesses.",
    see="Color photographs",
    goal="compare convolutional with fully connected networks fairly",
    small=lambda: Case(
        "",
        {
            "predicted": np.array([1, 1, 2, 0]),
            "labels": np.array([2, 2, 2, 1]),
            "k": 3,
        },
    ),
)


# --- learn ----------------------------------------------------------------------------


def learn_shapes(function: Callable, seed: int = 0) -> None:
    """Check `learn(images, labels, unseen, seed)` by its accuracy on unseen shapes."""
    low = (
        "the network learns too little: are there enough epochs, and does each go "
        "through all minibatches?"
    )
    classifies("learn", function, seed, SHAPES_BAR, low)
