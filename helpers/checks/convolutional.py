"""Checks of the exercises `convolution_by_hand`, `mnist_cnn` and `cifar10_cnn`.

Each check takes what the student wrote and a seed; the visible cell and the hidden
test differ in the seed only. Convolution and pooling are variants of one simulator
that sums over explicit windows, with the mistakes switched on by name. Networks are
judged by `architecture`; what a wrong padding or pooling does to the sizes is worked
out here (`SIZE_SLIPS`), so that the message can name it.
"""

import functools
import itertools
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from . import architecture
from .architecture import Conv2d, Linear, Pool
from .core import Case, CheckFailed, call, passed, verify

MNIST_CNN = (
    Conv2d(1, 6, kernel=4),
    "relu",
    Pool(2, padding=1),
    Conv2d(6, 16, kernel=2),
    "relu",
    Pool(2, padding=1),
    "flatten",
    Linear(784, 120),
    "relu",
    Linear(120, 10),
    "log_softmax",
)
COLOR_CNN = (
    Conv2d(3, 16, kernel=3, padding=1),
    "relu",
    Pool(2),
    Conv2d(16, 32, kernel=3, padding=1),
    "relu",
    Pool(2),
    "flatten",
    Linear(2048, 64),
    "relu",
    Linear(64, 10),
)
NO_POOL = Pool(1, 1)  # windows of one pixel change nothing
DIGITS_BAR = 0.90  # accuracy on 355 unseen digits
SHAPES_BAR = 0.68  # accuracy on 1,000 unseen shapes


# --- convolution_by_hand --------------------------------------------------------------


def output_size(function: Callable, seed: int = 0) -> None:
    """Check `output_size(n, f, s, p)`, the places that a window has on n pixels."""
    rng = np.random.default_rng(seed)
    quadruples = [(28, 5, 1, 0), (28, 5, 1, 2), (28, 2, 2, 0), (25, 2, 2, 1)]
    while len(quadruples) < 12:
        f = int(rng.integers(1, 8))
        s, p = int(rng.integers(1, 5)), int(rng.integers(0, 4))
        quadruples.append((int(rng.integers(f, 70)), f, s, p))

    def count(n, f, s, p):  # put the window down, place after place
        return len(range(-p, n + p - f + 1, s))

    def wrong(rule):
        return lambda n, f, s, p: int(rule(n, f, s, p))

    verify(
        "output_size",
        function,
        [
            Case(f"n={n}, f={f}, s={s}, p={p}", {"n": n, "f": f, "s": s, "p": p})
            for n, f, s, p in quadruples
        ],
        count,
        mistakes=[
            ("the + 1 is missing.", wrong(lambda n, f, s, p: (n + 2 * p - f) // s)),
            (
                "the padding counts once: it is added on both sides, 2p.",
                wrong(lambda n, f, s, p: (n + p - f) // s + 1),
            ),
            ("the padding is ignored.", wrong(lambda n, f, s, p: (n - f) // s + 1)),
            ("the stride is ignored.", wrong(lambda n, f, s, p: n + 2 * p - f + 1)),
            (
                "the 1 is added before the division: it comes after it.",
                wrong(lambda n, f, s, p: (n + 2 * p - f + 1) // s),
            ),
            (
                "the division rounds up: a window that does not fit is left out.",
                wrong(lambda n, f, s, p: -((n + 2 * p - f) // -s) + 1),
            ),
            (
                "the division rounds to the nearest: it rounds down.",
                wrong(lambda n, f, s, p: round((n + 2 * p - f) / s) + 1),
            ),
            (
                "always one pixel is lost: f − 1 are.",
                wrong(lambda n, f, s, p: (n + 2 * p - 2) // s + 1),
            ),
            (
                "the padding is subtracted; it is added.",
                wrong(lambda n, f, s, p: (n - 2 * p - f) // s + 1),
            ),
            (
                "the kernel is added; it is subtracted.",
                wrong(lambda n, f, s, p: (n + 2 * p + f) // s + 1),
            ),
        ],
    )


def cross_correlate(function: Callable, seed: int = 0) -> None:
    """Check `cross_correlate(x, K)`: one image, one kernel, no padding, stride 1."""
    rng = np.random.default_rng(seed)
    cases = [
        Case("the patch of the page", {"x": PATCH.copy(), "K": SHARPEN.copy()}),
        Case("6×5 with a 3×3 kernel", _grids(rng, (6, 5), (3, 3))),
        Case("5×8 with a 2×2 kernel", _grids(rng, (5, 8), (2, 2))),
        Case("7×6 with a 1×1 kernel", _grids(rng, (7, 6), (1, 1))),
        Case("4×9 with a 4×4 kernel", _grids(rng, (4, 9), (4, 4))),
    ]

    def rule(**slips):
        return lambda x, K: _convolve(x[None], K[None, None], np.zeros(1), **slips)[0]

    def products(x, K):
        f = len(K)
        return x[: len(x) - f + 1, : x.shape[1] - f + 1] * K[0, 0]

    verify(
        "cross_correlate",
        function,
        cases,
        rule(),
        mistakes=[
            (
                "the kernel is turned by 180°: this is the convolution of mathematics, "
                "not the cross-correlation.",
                rule(flip=True),
            ),
            ("rows and columns of the kernel are exchanged.", rule(swap=True)),
            ("the mean of the products is taken: it is their sum.", rule(mean=True)),
            (
                "the last row and the last column of places are missing: there are "
                "n − f + 1 of them.",
                lambda x, K: rule()(x, K)[:-1, :-1],
            ),
            (
                "the image was padded: without padding the map is smaller by f − 1.",
                lambda x, K: rule(padding=len(K) // 2)(x, K),
            ),
            ("only one product of the window is taken.", products),
            (
                "the kernel is subtracted, not multiplied.",
                lambda x, K: rule()(x, 0 * K + 1) - K.sum(),
            ),
            (
                "rows and columns of the map are exchanged.",
                lambda x, K: rule()(x, K).T,
            ),
            (
                "every place gets the sum of the window without the kernel.",
                lambda x, K: rule()(x, 0 * K + 1),
            ),
        ],
    )


def conv2d(function: Callable, seed: int = 0) -> None:
    """Check `conv2d(x, W, b, stride, padding)` for one image with channels."""
    rng = np.random.default_rng(seed)

    def case(c, k, f, height, width, stride, padding):
        x, W = rng.normal(size=(c, height, width)), rng.normal(size=(k, c, f, f))
        args = {"x": x, "W": W, "b": rng.normal(size=k)}
        args |= {"stride": stride, "padding": padding}
        text = f"{c} → {k} channels, {height}×{width}, f={f}, s={stride}, p={padding}"
        return Case(text, args)

    def rule(**slips):
        def run(x, W, b, stride, padding):
            given = {"stride": stride, "padding": padding} | slips
            return _convolve(x, W, b, **given)

        return run

    verify(
        "conv2d",
        function,
        [
            case(1, 1, 3, 6, 5, 1, 0),
            case(3, 2, 3, 6, 7, 1, 0),
            case(2, 4, 2, 7, 6, 2, 0),
            case(2, 3, 3, 5, 6, 1, 1),
            case(3, 2, 3, 9, 8, 3, 2),
            case(1, 3, 1, 4, 5, 2, 1),
        ],
        rule(),
        mistakes=[
            ("the bias is missing.", rule(bias=0)),
            ("the bias is subtracted; it is added.", rule(bias=-1)),
            (
                "the bias is added once for each input channel: once in all.",
                rule(bias="channels"),
            ),
            (
                "the bias is added to every product: once for each sum.",
                rule(bias="products"),
            ),
            ("the kernels are turned by 180°: do not turn them.", rule(flip=True)),
            ("rows and columns of the kernels are exchanged.", rule(swap=True)),
            ("only the first input channel is used: add up all.", rule(channels=1)),
            ("the mean over the channels is taken: their sum.", rule(average=True)),
            ("the mean of the products is taken: their sum.", rule(mean=True)),
            ("the first kernel makes all maps.", rule(kernels="first")),
            ("the padding is ignored.", rule(padding=0)),
            ("the stride is ignored.", rule(stride=1)),
            (
                "the number of places is right, yet the window moves by one pixel: its "
                "corner lies at (i·s, j·s).",
                rule(corner="unit"),
            ),
            ("the padding repeats the border: it is made of zeros.", rule(fill="edge")),
            ("the padding mirrors the image: zeros.", rule(fill="reflect")),
            ("the padding is made of ones: zeros.", rule(fill="ones")),
            (
                "the padding lies below and to the right only: it goes on all sides.",
                rule(sides="end"),
            ),
            (
                "the padding lies above and to the left only: it goes on all sides.",
                rule(sides="start"),
            ),
            (
                "rows are padded and columns are not: both are.",
                rule(sides="rows"),
            ),
            (
                "rows and columns of the maps are exchanged.",
                lambda *a: rule()(*a).transpose(0, 2, 1),
            ),
            (
                "the channels come last: the shape is (k, rows, columns).",
                lambda *a: rule()(*a).transpose(1, 2, 0),
            ),
            (
                "the input channels are not added up.",
                lambda x, W, b, s, p: np.stack(
                    [
                        _convolve(x[i : i + 1], W[:, i : i + 1], b, stride=s, padding=p)
                        for i in range(len(x))
                    ],
                    axis=1,
                ),
            ),
        ],
    )


def max_pool2d(function: Callable, seed: int = 0) -> None:
    """Check `max_pool2d(x, f, stride, padding)` for one image with channels."""
    rng = np.random.default_rng(seed)

    def case(c, height, width, f, stride, padding, shift=0.0):
        x = rng.normal(size=(c, height, width)) + shift
        args = {"x": x, "f": f, "stride": stride, "padding": padding}
        text = f"{c}×{height}×{width}, f={f}, s={stride}, p={padding}"
        return Case(text + (", all negative" if shift else ""), args)

    def rule(reduce=np.max, fill=-np.inf, absolute=False, **slips):
        def run(x, f, stride, padding):
            given = {"stride": stride, "padding": padding} | slips
            if given["stride"] == "f":
                given["stride"] = f
            windows = _places(np.abs(x) if absolute else x, f, fill=fill, **given)
            return reduce(windows, axis=(-2, -1))

        return run

    def ceiling(x, f, stride, padding):
        rest = [-(n + 2 * padding - f) % stride for n in x.shape[1:]]
        edge = [(padding, padding + r) for r in rest]
        x = np.pad(x, ((0, 0), *edge), constant_values=-np.inf)
        return rule(padding=0)(x, f, stride, 0)

    verify(
        "max_pool2d",
        function,
        [
            case(1, 4, 6, 2, 2, 0),
            case(3, 7, 8, 2, 2, 0),
            case(2, 8, 7, 3, 2, 0),
            case(2, 6, 5, 2, 2, 1, shift=-9.0),
            case(2, 7, 9, 3, 1, 1, shift=-9.0),
        ],
        rule(),
        mistakes=[
            (
                "the padding is made of zeros, and a zero wins among negative numbers: "
                "−∞ never does.",
                rule(fill=0.0),
            ),
            ("this is average pooling.", rule(reduce=_finite_mean)),
            ("this is average pooling.", rule(reduce=np.mean, fill=0.0)),
            ("the smallest number of each window is taken.", rule(reduce=np.min)),
            ("the sum of each window is taken.", rule(reduce=np.sum, fill=0.0)),
            ("the sign is lost: absolute values are compared.", rule(absolute=True)),
            ("the stride is ignored: the window moves by one.", rule(stride=1)),
            ("the stride is ignored: the window moves by f.", rule(stride="f")),
            ("the padding is ignored.", rule(padding=0)),
            (
                "windows that stick out at the end count, too: only whole windows do.",
                ceiling,
            ),
            (
                "the channels are mixed: each is pooled by itself.",
                lambda *a: np.max(rule()(*a), axis=0, keepdims=True),
            ),
            (
                "the channels are mixed: each is pooled by itself.",
                lambda *a: np.max(rule()(*a), axis=0),
            ),
            (
                "the number of places is right, yet the window moves by one pixel.",
                rule(corner="unit"),
            ),
        ],
    )


def im2col(function: Callable, seed: int = 0) -> None:
    """Check `im2col(x, f, stride)`: the windows of one image as rows."""
    rng = np.random.default_rng(seed)

    def case(c, height, width, f, stride):
        args = {"x": rng.normal(size=(c, height, width)), "f": f, "stride": stride}
        return Case(f"{c}×{height}×{width}, f={f}, s={stride}", args)

    def rule(order=(1, 2, 0, 3, 4), **slips):
        def run(x, f, stride):
            windows = _places(x, f, **({"stride": stride} | slips))
            rows = windows.shape[1] * windows.shape[2]
            return windows.transpose(order).reshape(rows, -1)

        return run

    def reference(x, f, stride):  # window after window
        tops = range(0, x.shape[1] - f + 1, stride)
        lefts = range(0, x.shape[2] - f + 1, stride)
        windows = [x[:, i : i + f, j : j + f] for i in tops for j in lefts]
        return np.array([window.ravel() for window in windows])

    verify(
        "im2col",
        function,
        [case(1, 4, 5, 3, 1), case(2, 5, 4, 2, 1), case(3, 7, 6, 3, 2)],
        reference,
        mistakes=[
            (
                "a window must be a row: here the windows are columns.",
                lambda *a: reference(*a).T,
            ),
            (
                "the places go down the columns first: they go along the rows, as we "
                "read.",
                rule((2, 1, 0, 3, 4)),
            ),
            (
                "within a row the channels alternate: first comes all of channel 0, "
                "then all of channel 1, as in W.reshape(k, −1).",
                rule((1, 2, 3, 4, 0)),
            ),
            (
                "rows and columns within a window are exchanged.",
                rule((1, 2, 0, 4, 3)),
            ),
            (
                "the same numbers cut in the wrong places: move the axes of the places "
                "(rows, columns) to the front before reshape.",
                rule((0, 1, 2, 3, 4)),
            ),
            ("the stride is ignored.", rule(stride=1)),
            (
                "the number of places is right, yet the window moves by one pixel.",
                rule(corner="unit"),
            ),
            (
                "only the first channel is used.",
                lambda x, f, s: reference(x[:1], f, s),
            ),
            (
                "the windows are not yet rows: the shape is (places, c·f·f).",
                lambda x, f, s: _places(x, f, stride=s).transpose(1, 2, 0, 3, 4),
            ),
        ],
    )


def n_parameters(function: Callable, seed: int = 0) -> None:
    """Check `n_parameters(c, k, f)`: weights and biases of a convolutional layer."""
    rng = np.random.default_rng(seed)
    triples = [(1, 6, 5), (6, 16, 5), (3, 16, 3)]
    triples += [tuple(map(int, rng.integers(2, 40, size=3))) for _ in range(4)]

    def arrays(c, k, f):  # really make them, then count
        return np.empty((k, c, f, f)).size + np.empty(k).size

    verify(
        "n_parameters",
        function,
        [Case(f"c={c}, k={k}, f={f}", {"c": c, "k": k, "f": f}) for c, k, f in triples],
        arrays,
        mistakes=[
            ("the biases are left out.", lambda c, k, f: k * c * f * f),
            (
                "a kernel has a slice for each input channel: the factor c is missing.",
                lambda c, k, f: k * f * f + k,
            ),
            ("the factor k, the number of kernels, is missing.", _one_kernel),
            (
                "one bias for the whole layer: each kernel has its own.",
                lambda c, k, f: k * c * f * f + 1,
            ),
            (
                "a bias for each input channel: each kernel has one.",
                lambda c, k, f: k * c * f * f + c,
            ),
            (
                "a bias for each slice of each kernel: each kernel has one.",
                lambda c, k, f: k * c * (f * f + 1),
            ),
            (
                "a kernel has f·f entries, not f.",
                lambda c, k, f: k * c * f + k,
            ),
            (
                "a kernel has f·f entries, not 2f.",
                lambda c, k, f: k * c * 2 * f + k,
            ),
        ],
    )


def _one_kernel(c: int, k: int, f: int) -> int:
    return c * f * f + 1


def receptive_field(function: Callable, seed: int = 0) -> None:
    """Check `receptive_field(layers)`: the field in pixels after each layer."""
    rng = np.random.default_rng(seed)
    stacks = {
        "LeNet-5": [(5, 1), (2, 2), (5, 1), (2, 2), (5, 1)],
        "three 3×3": [(3, 1)] * 3,
        "strides 2, 3 and 2": [(3, 2), (4, 3), (3, 2)],
    }
    for i in (1, 2):
        sizes, strides = rng.integers(1, 6, size=4), rng.integers(1, 4, size=4)
        stacks[f"random {i}"] = list(zip(sizes.tolist(), strides.tolist(), strict=True))

    def walked(layers):  # back from one neuron, layer by layer, to the pixels
        fields = []
        for depth in range(1, len(layers) + 1):
            low = high = 0
            for f, s in reversed(layers[:depth]):
                low, high = low * s, high * s + f - 1
            fields.append(high - low + 1)
        return fields

    def rule(start=1, less=1, when="after", how="times", jump=True):
        def run(layers):
            field, step, fields = start, 1, []
            for f, s in layers:
                grown = step * s if how == "times" else step + s - 1
                step = grown if when == "before" else step
                field += (f - less) * (step if jump else 1)
                step = grown
                fields.append(field)
            return fields

        return run

    verify(
        "receptive_field",
        function,
        [Case(name, {"layers": layers}) for name, layers in stacks.items()],
        walked,
        mistakes=[
            (
                "the jump is ignored: after a stride of 2, neighbors lie two pixels "
                "apart.",
                rule(jump=False),
            ),
            (
                "the jump grows before it is used: a layer's own stride moves its "
                "windows apart and does not widen them.",
                rule(when="before"),
            ),
            ("the field grows by f: it grows by f − 1 jumps.", rule(less=0)),
            ("the field starts at 1 pixel, not at 0.", rule(start=0)),
            ("strides multiply: the jump is their product.", rule(how="plus")),
            (
                "only the field of the last layer is returned: one for each layer.",
                lambda layers: walked(layers)[-1],
            ),
            (
                "the list begins with the input's own pixel: leave the 1 out.",
                lambda layers: [1, *walked(layers)],
            ),
            (
                "the list is in reversed order: it goes from the input on.",
                lambda layers: walked(layers)[::-1],
            ),
            (
                "the kernel sizes are multiplied.",
                lambda layers: np.cumprod([f for f, _ in layers]).tolist(),
            ),
            (
                "each layer is looked at by itself: the field grows from layer to "
                "layer.",
                lambda layers: [f for f, _ in layers],
            ),
            (
                "these are the growths of the field, not the fields.",
                lambda layers: np.diff([1, *walked(layers)]).tolist(),
            ),
        ],
    )


# --- mnist_cnn ------------------------------------------------------------------------


def feature_sizes(function: Callable, seed: int = 0) -> None:
    """Check `feature_sizes(n)`: the sides of the maps after the four layers."""
    rng = np.random.default_rng(seed)
    sides = [28, 32, *map(int, rng.integers(9, 90, size=6))]

    def reference(n, steps=MNIST_CNN):
        maps, sizes = np.zeros((1, n, n)), []
        for step in steps:
            if isinstance(step, Conv2d):
                maps = _places(maps, step.kernel, step.stride, step.padding)[..., 0, 0]
            elif isinstance(step, Pool):
                stride = step.stride or step.size
                maps = _places(maps, step.size, stride, step.padding)[..., 0, 0]
            else:
                continue
            sizes.append(maps.shape[-1])
        return sizes

    def slip(text):
        return lambda n: reference(n, SIZE_SLIPS_MNIST[text])

    verify(
        "feature_sizes",
        function,
        [Case(f"n = {n}", {"n": n}) for n in sides],
        reference,
        mistakes=[
            (
                "a convolution loses f − 1 pixels, not always one.",
                lambda n: _chain(n, lambda a: a - 1, lambda a: a - 1),
            ),
            *((text, slip(text)) for text in SIZE_SLIPS_MNIST),
            (
                "the poolings round up: ⌊(n + 2 − 2)/2⌋ + 1 rounds down.",
                lambda n: _chain(n, pool=lambda a: -(-a // 2) + 1),
            ),
            (
                "the padding of the poolings counts once: it is on both sides.",
                lambda n: _chain(n, pool=lambda a: (a + 1 - 2) // 2 + 1),
            ),
            (
                "the first size is that of the input: leave it out.",
                lambda n: [n, *_chain(n)],
            ),
            (
                "only the last size is returned: all four are asked for.",
                lambda n: _chain(n)[-1],
            ),
            (
                "these are the numbers of pixels of a map: their sides are asked for.",
                lambda n: [a * a for a in _chain(n)],
            ),
            (
                "the sizes are those for 28 pixels, whatever n is.",
                lambda n: _chain(28),
            ),
        ],
    )


def _chain(n, first=lambda a: a - 3, second=lambda a: a - 1, pool=None) -> list[int]:
    """Return the four sizes, with slips in a layer."""
    pool = pool or (lambda a: a // 2 + 1)
    sizes = []
    for layer in (first, pool, second, pool):
        n = layer(n)
        sizes.append(int(n))
    return sizes


def mnist_layers(factory: Callable) -> None:
    """Check the layers that the constructor of `DigitCNN` makes."""
    _same_layers("DigitCNN", _build("DigitCNN", factory), MNIST_CNN, (1, 28, 28))
    total = architecture.count(MNIST_CNN)
    print(f"✓ DigitCNN: 4 layers with weights, {total:,} parameters")


def mnist_outputs(factory: Callable, seed: int = 0) -> None:
    """Check the forward pass of `DigitCNN` against NumPy, with known weights."""
    _same_outputs("DigitCNN", factory, MNIST_CNN, (1, 28, 28), seed)


def train_step(function: Callable, seed: int = 0) -> None:
    """Check `train_step(model, optimizer, x, y)` over three steps of plain SGD."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(3, 5)), rng.normal(size=3)
    cases = []
    for eta, sizes in ((0.5, (8, 8, 8)), (0.1, (4, 9, 6))):
        batches = [(rng.normal(size=(m, 5)), rng.integers(0, 3, m)) for m in sizes]
        label = f"three minibatches of {', '.join(map(str, sizes))}, η = {eta}"
        cases.append(Case(label, {"eta": eta, "batches": batches}))

    def slip(**slips):
        return functools.partial(_descent, weights, slips)

    verify(
        "train_step",
        functools.partial(_stepped, function, weights),
        cases,
        slip(),
        parts=("weights", "biases", "losses"),
        mistakes=[
            (
                "gradients add up from step to step: zero_grad() is missing.",
                slip(zero=False),
            ),
            (
                "nothing is learned: is step() there, and does zero_grad() come before "
                "backward(), not between backward() and step()?",
                slip(step=False),
            ),
            ("the loss is summed over the minibatch: take the mean.", slip(total=True)),
            ("the sign of the loss is wrong: it climbs.", slip(sign=-1)),
            (
                "the loss returned is that after the step: return the one that the "
                "gradient belongs to.",
                slip(late=True),
            ),
            (
                "nll_loss got probabilities: it takes log-probabilities, which are "
                "what the network returns.",
                slip(how="probabilities"),
            ),
            (
                "the loss is the negative log-probability of the predicted class, not "
                "of the label.",
                slip(how="predicted"),
            ),
        ],
        rtol=1e-4,
        atol=1e-5,
    )


def _stepped(function: Callable, weights: tuple, eta: float, batches: list) -> tuple:
    """Return W, b and the losses after the student's steps on a softmax regression."""
    import torch

    layer = torch.nn.Linear(5, 3)
    model = torch.nn.Sequential(layer, torch.nn.LogSoftmax(dim=1))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weights[0]))
        layer.bias.copy_(torch.tensor(weights[1]))
    optimizer = torch.optim.SGD(model.parameters(), lr=eta)
    losses = []
    for x, y in batches:
        pair = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
        loss = function(model, optimizer, *pair)
        if loss is None:
            raise CheckFailed("✗ train_step: None came: the loss is to be returned.")
        losses.append(loss.item() if isinstance(loss, torch.Tensor) else loss)
    state = {k: v.detach().numpy().astype(float) for k, v in model.state_dict().items()}
    return state["0.weight"], state["0.bias"], np.array(losses, dtype=float)


def _descent(weights: tuple, slips: dict, eta: float, batches: list) -> tuple:
    """Return W, b and losses of softmax regression by SGD, with slips built in."""
    give = {"zero": True, "step": True, "total": False, "sign": 1, "late": False}
    give |= {"how": "labels"} | slips
    W, b = (np.array(part, dtype=float) for part in weights)
    dW, db, losses = 0 * W, 0 * b, []

    def cost(W, b, x, y):
        z = x @ W.T + b
        log_p = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
        p, target = np.exp(log_p), np.eye(3)[y]
        if give["how"] == "predicted":
            target = np.eye(3)[log_p.argmax(1)]
        share = 1 if give["total"] else len(x)
        if give["how"] == "probabilities":
            own = (p * target).sum(1, keepdims=True)
            return -own.sum() / share, -(own * (target - p)) / share
        return -(log_p * target).sum() / share, (p - target) / share

    for x, y in batches:
        loss, delta = cost(W, b, x, y)
        new = delta.T @ x, delta.sum(0)
        dW, db = new if give["zero"] else (dW + new[0], db + new[1])
        if give["step"]:
            W, b = W - eta * give["sign"] * dW, b - eta * give["sign"] * db
        loss = cost(W, b, x, y)[0] if give["late"] else loss
        losses.append(give["sign"] * loss)
    return W, b, np.array(losses)


def predict(function: Callable, seed: int = 0) -> None:
    """Check `predict(model, x, m)` with a model that behaves otherwise in training."""
    rng = np.random.default_rng(seed)
    known = {
        "W1": rng.normal(size=(8, 6)),
        "mean": rng.normal(0.5, 1, size=8),
        "variance": rng.uniform(0.2, 4, size=8),
        "W2": rng.normal(size=(5, 8)),
    }
    cases = []
    for N, m in ((64, 16), (101, 32), (33, 10)):
        args = {"x": rng.normal(size=(N, 6)), "m": m}
        cases.append(Case(f"{N} examples, m = {m}", args))

    def scores(x, m, training=False):
        outputs = []
        for start in range(0, len(x), m):
            z = x[start : start + m] @ known["W1"].T
            mean, variance = known["mean"], known["variance"]
            if training:
                mean, variance = z.mean(0), z.var(0)
            a = np.maximum((z - mean) / np.sqrt(variance + 1e-5), 0)
            outputs.append(a @ known["W2"].T)
        return outputs

    def labels(x, m, **mode):
        return np.concatenate([s.argmax(1) for s in scores(x, m, **mode)])

    verify(
        "predict",
        functools.partial(_predicted, function, known),
        cases,
        labels,
        mistakes=[
            (
                "the model stays in training mode: model.eval() is missing.",
                lambda x, m: labels(x, m, training=True),
            ),
            (
                "the model stays in training mode: model.eval() is missing.",
                lambda x, m: labels(x, len(x), training=True),
            ),
            (
                "the last, smaller minibatch is left out.",
                lambda x, m: labels(x[: len(x) // m * m], m),
            ),
            (
                "only the last minibatch is returned.",
                lambda x, m: scores(x, m)[-1].argmax(1),
            ),
            (
                "only the first minibatch is returned: a return in the loop?",
                lambda x, m: scores(x, m)[0].argmax(1),
            ),
            (
                "these are the outputs of the network: take the class of the largest.",
                lambda x, m: np.concatenate(scores(x, m)),
            ),
            (
                "the largest outputs came, not their classes: argmax, not max.",
                lambda x, m: np.concatenate(scores(x, m)).max(1),
            ),
            (
                "the argmax runs over the examples; the classes are dim=1.",
                lambda x, m: np.concatenate(scores(x, m)).argmax(0),
            ),
            (
                "the class of the smallest output is taken.",
                lambda x, m: np.concatenate(scores(x, m)).argmin(1),
            ),
        ],
        rtol=1e-4,
        atol=1e-4,
    )


def _predicted(function: Callable, known: Mapping, x: np.ndarray, m: int) -> Any:
    import torch

    norm = torch.nn.BatchNorm1d(8, affine=False)
    norm.running_mean.copy_(torch.tensor(known["mean"]))
    norm.running_var.copy_(torch.tensor(known["variance"]))
    parts = [torch.nn.Linear(6, 8, bias=False), norm, torch.nn.ReLU()]
    parts.append(torch.nn.Linear(8, 5, bias=False))
    with torch.no_grad():
        parts[0].weight.copy_(torch.tensor(known["W1"]))
        parts[3].weight.copy_(torch.tensor(known["W2"]))
    model = torch.nn.Sequential(*parts)
    model.train()
    classes = function(model, torch.tensor(x, dtype=torch.float32), m)
    return classes.numpy() if isinstance(classes, torch.Tensor) else classes


@functools.lru_cache(maxsize=1)
def _digits() -> tuple[np.ndarray, ...]:
    """Return the embedded digits enlarged to 28×28: x, y, x_test, y_test."""
    from helpers.data import digits
    from helpers.data.standins import enlarge_digits

    small = digits()
    images = [
        (enlarge_digits(part.x) / 255).astype(np.float32)[:, None]
        for part in (small.train, small.test)
    ]
    return images[0], small.train.y, images[1], small.test.y


def learn_digits(function: Callable, seed: int = 0) -> None:
    """Check `learn(x, y, seed)`: a trained `DigitCNN` that reads unseen digits."""
    import torch

    x, y, x_test, y_test = _digits()
    given = torch.tensor(x), torch.tensor(y)
    model = _build("learn", function, *given, seed)
    if not (torch.equal(given[0], torch.tensor(x)) and given[1].tolist() == y.tolist()):
        raise CheckFailed("✗ learn: your function changed x or y in place.")
    _same_layers("learn", model, MNIST_CNN, (1, 28, 28))
    model.eval()
    with torch.no_grad():
        guess = model(torch.tensor(x_test)).numpy().argmax(axis=1)
    _bar("learn", guess, y_test, DIGITS_BAR, "digits")


# --- cifar10_cnn ----------------------------------------------------------------------


def to_tensor(function: Callable, seed: int = 0) -> None:
    """Check `to_tensor(images)`: float32 (n, 3, h, w) from −½ to ½."""
    rng = np.random.default_rng(seed)
    low, high = np.array([0, 60, 150]), np.array([120, 200, 256])

    def case(n, h, w):
        images = rng.integers(low, high, (n, h, w, 3)).astype(np.uint8)
        return Case(f"{n} image{'s' * (n > 1)} of {h}×{w}", {"images": images})

    def loops(images):  # pixel by pixel
        n, h, w, c = images.shape
        x = np.empty((n, c, h, w))
        for place in np.ndindex(n, c, h, w):
            i, channel, row, column = place
            x[place] = int(images[i, row, column, channel]) / 255 - 0.5
        return x

    def wrong(order=(0, 3, 1, 2), scale=255.0, shift=0.5):
        return lambda images: (images / scale - shift).transpose(order)

    verify(
        "to_tensor",
        functools.partial(_tensor_of, function),
        [case(4, 5, 6), case(2, 8, 8), case(1, 3, 4)],
        loops,
        mistakes=[
            (
                "reshape cuts the same numbers anew and mixes the colors: permute (or "
                "transpose) the channel axis to the front.",
                lambda images: (images / 255 - 0.5).reshape(
                    len(images), 3, *images.shape[1:3]
                ),
            ),
            (
                "the channels stay last: a convolution wants (n, 3, h, w).",
                wrong(order=(0, 1, 2, 3)),
            ),
            (
                "rows and columns of the pictures are exchanged.",
                wrong(order=(0, 3, 2, 1)),
            ),
            ("the pixels are not divided by 255.", wrong(scale=1)),
            ("the pixels are divided by 256, not by 255.", wrong(scale=256)),
            ("½ is not subtracted.", wrong(shift=0)),
            ("1 is subtracted; ½ is asked for.", wrong(shift=1)),
            (
                "the range is −1 to 1: −½ to ½ is asked for.",
                lambda images: 2 * wrong()(images),
            ),
            ("the colors are in reversed order.", lambda i: wrong()(i)[:, ::-1]),
        ],
        rtol=1e-4,
        atol=1e-5,
    )


def _tensor_of(function: Callable, images: np.ndarray) -> Any:
    import torch

    x = function(images)
    if isinstance(x, np.ndarray):
        raise CheckFailed(
            "✗ to_tensor: a NumPy array came; a torch tensor is expected."
        )
    if not isinstance(x, torch.Tensor):
        return x
    if x.dtype != torch.float32:
        raise CheckFailed(
            f"✗ to_tensor: the tensor is {x.dtype}; torch.float32 is expected, as the "
            "weights of a layer are."
        )
    return x.detach().numpy().astype(float)


def color_layers(factory: Callable) -> None:
    """Check the layers that the constructor of `ColorCNN` makes."""
    _same_layers("ColorCNN", _build("ColorCNN", factory), COLOR_CNN, (3, 32, 32))
    total = architecture.count(COLOR_CNN)
    print(f"✓ ColorCNN: 4 layers with weights, {total:,} parameters")


def color_outputs(factory: Callable, seed: int = 0) -> None:
    """Check the forward pass of `ColorCNN` against NumPy, with known weights."""
    _same_outputs("ColorCNN", factory, COLOR_CNN, (3, 32, 32), seed)


def mirrored(function: Callable, seed: int = 0) -> None:
    """Check `mirrored(x, y)`: the images, then their mirror images, with labels."""
    rng = np.random.default_rng(seed)

    def case(n, c, h, w):
        x, y = rng.normal(size=(n, c, h, w)), rng.permutation(n)
        return Case(f"{n} images {c}×{h}×{w}", {"x": np.float32(x), "y": y})

    def columns(x, y):  # column after column, from the right
        reflected = [x[..., x.shape[3] - 1 - j] for j in range(x.shape[3])]
        return np.concatenate([x, np.stack(reflected, axis=3)]), np.tile(y, 2)

    def wrong(axis, labels=lambda y: np.tile(y, 2)):
        return lambda x, y: (np.concatenate([x, np.flip(x, axis)]), labels(y))

    def interleaved(x, y):
        both = np.stack([x, np.flip(x, 3)], axis=1)
        return both.reshape(-1, *x.shape[1:]), np.repeat(y, 2)

    verify(
        "mirrored",
        functools.partial(_pair_of, function),
        [case(4, 3, 5, 6), case(3, 3, 4, 4), case(5, 1, 3, 7)],
        columns,
        parts=("x", "y"),
        mistakes=[
            ("the images are upside down: dim 2 is the rows.", wrong(2)),
            ("the colors are reversed: dim 1 is the channels.", wrong(1)),
            (
                "the order of the images is reversed: dim 0 is the images.",
                wrong(0),
            ),
            ("the images are turned by 180°: only the columns.", wrong((2, 3))),
            (
                "the labels are not doubled: each mirror image has its image's label.",
                wrong(3, lambda y: y),
            ),
            (
                "each label is doubled in its place, but the mirror images come after "
                "all images: the labels do not belong to the images any more.",
                wrong(3, lambda y: np.repeat(y, 2)),
            ),
            (
                "the labels of the mirror images are in reversed order.",
                wrong(3, lambda y: np.concatenate([y, y[::-1]])),
            ),
            (
                "each image is followed by its mirror image: first all images, then "
                "all mirror images.",
                interleaved,
            ),
            (
                "the images themselves are missing.",
                lambda x, y: (np.flip(x, 3), y),
            ),
            (
                "the mirror images come first.",
                lambda x, y: (np.concatenate([np.flip(x, 3), x]), np.tile(y, 2)),
            ),
            ("nothing is mirrored.", lambda x, y: (np.tile(x, (2, 1, 1, 1)), y)),
            (
                "nothing is mirrored: the images occur twice.",
                lambda x, y: (np.tile(x, (2, 1, 1, 1)), np.tile(y, 2)),
            ),
        ],
    )


def _pair_of(function: Callable, x: np.ndarray, y: np.ndarray) -> Any:
    import torch

    pair = function(torch.tensor(x), torch.tensor(y))
    if not isinstance(pair, tuple | list):
        return pair
    return tuple(
        part.detach().numpy() if isinstance(part, torch.Tensor) else part
        for part in pair
    )


def most_confused(function: Callable, seed: int = 0) -> None:
    """Check `most_confused(predicted, labels, k)`: the most frequent wrong pair."""
    rng = np.random.default_rng(seed)

    def case(k, pair, often, reverse, rare):
        a, b = pair
        c, d = (i for i in range(k) if i not in pair[:2]) if k == 4 else (k - 2, k - 3)
        labels = np.concatenate([np.arange(k).repeat(3 * often), [a] * often])
        guess = labels.copy()
        guess[-often:] = b
        swap = np.flatnonzero(labels == b)[:reverse]
        guess[swap] = a  # the reverse confusion, nearly as frequent
        guess[np.flatnonzero(labels == c)[:rare]] = d
        order = rng.permutation(len(labels))
        args = {"predicted": guess[order], "labels": labels[order], "k": k}
        return Case(f"{len(labels)} examples, {k} classes", args)

    pairs = [tuple(map(int, rng.choice(k, 2, replace=False))) for k in (4, 4)]
    cases = [case(4, pair, 9, 7, 5) for pair in pairs]
    cases += [case(10, (5, 3), 12, 4, 11), case(10, (0, 2), 8, 0, 7)]

    def counted(predicted, labels, k):  # by listing the mistakes
        mistakes = [
            (int(true), int(guess))
            for guess, true in zip(predicted, labels, strict=True)
            if guess != true
        ]
        return max(set(mistakes), key=mistakes.count)

    def wrong(how):
        def rule(predicted, labels, k):
            table = np.zeros((k, k), int)  # rows: true class
            np.add.at(table, (labels, predicted), 1)
            off = table * (1 - np.eye(k, dtype=int))
            if how == "diagonal":
                off = table
            elif how == "both":
                off = np.triu(off + off.T)
            elif how == "least":
                off = np.where(off > 0, -off, -(10**6))
            place = tuple(map(int, np.unravel_index(off.argmax(), off.shape)))
            return {
                "swapped": place[::-1],
                "flat": int(off.argmax()),
                "count": int(off.max()),
            }.get(how, place)

        return rule

    verify(
        "most_confused",
        function,
        cases,
        counted,
        parts=("true class", "predicted class"),
        mistakes=[
            ("the pair is exchanged: (true, predicted).", wrong("swapped")),
            (
                "right answers count, too: leave the diagonal out.",
                wrong("diagonal"),
            ),
            (
                "a taken for b and b taken for a are added up: they are two pairs.",
                wrong("both"),
            ),
            ("this is the rarest confusion.", wrong("least")),
            ("the index runs through the flattened table.", wrong("flat")),
            ("this is how often it happens, not the pair.", wrong("count")),
        ],
    )


@functools.lru_cache(maxsize=2)
def _shapes(seed: int) -> tuple[np.ndarray, ...]:
    """Return 1,500 shapes for training and 1,000 for the test: x, y, x_test, y_test."""
    from helpers.data import shapes

    x, y = shapes(n=2500, seed=seed).train
    return x[:1500], y[:1500], x[1500:], y[1500:]


def learn_shapes(function: Callable, seed: int = 0) -> None:
    """Check `learn(images, labels, unseen, seed)` by its accuracy on unseen shapes."""
    x, y, x_test, y_test = _shapes(seed)
    given = x.copy(), y.copy(), x_test.copy()
    guess = np.asarray(call(function, *given, seed, name="learn"))
    for key, value, old in zip(
        ("images", "labels", "unseen"), given, (x, y, x_test), strict=True
    ):
        if not np.array_equal(value, old):
            raise CheckFailed(f"✗ learn: your function changed {key} in place.")
    if guess.shape != y_test.shape or guess.dtype.kind not in "iu":
        hint = (
            "these are the outputs of the network: take their argmax over the classes."
            if guess.ndim == 2
            else "are the training images classified, or is a minibatch left out?"
        )
        raise CheckFailed(
            f"✗ learn: {guess.dtype} of shape {guess.shape} came; one integer for each "
            f"of the {len(y_test):,} unseen images is expected.\nLikely mistake: {hint}"
        )
    _bar("learn", guess, y_test, SHAPES_BAR, "shapes")


def _bar(name: str, guess, y: np.ndarray, bar: float, what: str) -> None:
    """Compare the accuracy with a bar; say what a low one looks like."""
    share = float(np.mean(guess == y))
    if share >= bar:
        passed(f"{name}, accuracy {share:.3f}", len(y), f"unseen {what[:-1]}")
        return
    if len(np.unique(guess)) == 1:
        why = f"every image gets the class {guess[0]}: nothing was learned."
    elif share < 0.2:
        why = (
            "this is no better than guessing. Is the optimizer's step taken on this "
            "model, do the labels belong to their images, and are the unseen images "
            "prepared like those of the training?"
        )
    else:
        why = (
            "the network learns too little: are there enough epochs, and does each go "
            "through all minibatches?"
        )
    raise CheckFailed(
        f"✗ {name}: accuracy {share:.3f} on {len(y):,} unseen {what}; at least {bar} "
        f"is expected.\nLikely mistake: {why}"
    )


# --- networks: what a wrong size comes from -------------------------------------------


def _with(steps: Sequence, change: Callable) -> tuple:
    """Return the steps with `change(step)` in place of each."""
    return tuple(change(step) for step in steps)


def _pools(**settings) -> Callable:
    return lambda s: replace(s, **settings) if isinstance(s, Pool) else s


def _convs(**settings) -> Callable:
    return lambda s: replace(s, **settings) if isinstance(s, Conv2d) else s


def _only(place: int, change: Callable, kind: type) -> Callable:
    """Return a change of the step of this kind number `place` alone."""
    counter = itertools.count()

    def run(step):
        if not isinstance(step, kind) or next(counter) != place:
            return step
        return change(step)

    return run


def _size_slips(steps: Sequence) -> dict[str, tuple]:
    """Return networks with a wrong padding, stride or pooling, by what is wrong."""
    pool = next(s for s in steps if isinstance(s, Pool))
    conv = next(s for s in steps if isinstance(s, Conv2d))
    other_pool, other_conv = 1 - pool.padding, 1 - conv.padding
    is_are = {0: "lack their padding", 1: "have a padding that is not asked for"}
    has = {0: "lacks its padding", 1: "has a padding that is not asked for"}
    slips = {
        f"the poolings {is_are[other_pool]}.": _pools(padding=other_pool),
        f"the convolutions {is_are[other_conv]}.": _convs(padding=other_conv),
    }
    for place, word in enumerate(("first", "second")):
        slips |= {
            f"the {word} pooling {has[other_pool]}.": _only(
                place, _pools(padding=other_pool), Pool
            ),
            f"the {word} convolution {has[other_conv]}.": _only(
                place, _convs(padding=other_conv), Conv2d
            ),
            f"the {word} pooling is missing.": _only(place, lambda s: NO_POOL, Pool),
        }
    slips |= {
        "the poolings have stride 1: it is 2.": _pools(stride=1),
        "the convolutions have stride 2: it is 1.": _convs(stride=2),
        "both poolings are missing.": lambda s: NO_POOL if isinstance(s, Pool) else s,
        "the poolings have windows of 3 with stride 2: they are 2×2.": _pools(
            size=3, stride=2
        ),
    }
    if other_pool == 0:
        both = lambda s: _convs(padding=1)(_pools(padding=0)(s))  # noqa: E731
        slips["the padding sits in the convolutions: it belongs in the poolings."] = (
            both
        )
    else:
        both = lambda s: _convs(padding=0)(_pools(padding=1)(s))  # noqa: E731
        slips["the padding sits in the poolings: it belongs in the convolutions."] = (
            both
        )
    return {text: _with(steps, change) for text, change in slips.items()}


SIZE_SLIPS_MNIST = _size_slips(MNIST_CNN)


def _sizes_of(steps: Sequence, image: tuple) -> list[tuple[int, ...]] | None:
    """Return the shapes (c, h, w) of the maps, then (n,), up to the flattening."""
    kept = tuple(itertools.takewhile(lambda s: not isinstance(s, Linear), steps))
    try:
        stages = architecture.sizes(kept, np.zeros((1, *image)))
    except (ValueError, IndexError):
        return None  # a map is smaller than the next window
    return [shape[1:] for name, shape in stages]


def _why_inputs(steps: Sequence, image: tuple, inputs: int) -> str:
    """Say which slips make `inputs` numbers of an image, or nothing."""
    found = []
    for text, other in _size_slips(steps).items():
        shapes = _sizes_of(other, image)
        if not shapes or shapes[-1] != (inputs,):
            continue
        sides = [
            str(shape[-1])
            for shape, step in zip(shapes, other, strict=False)
            if isinstance(step, Conv2d | Pool) and step != NO_POOL
        ]
        maps = "×".join(map(str, shapes[-2]))
        way = " → ".join([str(image[-1]), *sides])
        found.append(f"{text} Then the sides are {way}, and {maps} = {inputs:,}.")
    return " Or ".join(found)


def _build(name: str, factory: Callable, *args: Any) -> Any:
    return architecture.build(name, factory, *args)


def _same_layers(name: str, model: Any, steps: Sequence, image: tuple) -> None:
    """Do as `architecture.same_layers`; name the wrong size behind a wrong layer."""
    try:
        architecture.same_layers(name, model, steps)
    except CheckFailed as failure:
        wanted = next(s for s in steps if isinstance(s, Linear))
        pattern = rf"Linear (\d+) → {wanted.n_out} came for {wanted}"
        found = re.search(pattern, str(failure))
        why = _why_inputs(steps, image, int(found[1])) if found else ""
        look = _wrapped(f"Look: {why}" if why else "")
        raise CheckFailed(f"{failure}\n{look}".rstrip()) from None
    _same_pools(name, model, steps)


def _same_pools(name: str, model: Any, steps: Sequence) -> None:
    """Check the settings of pooling layers that are modules, in their order."""
    import torch

    kinds = (torch.nn.MaxPool2d, torch.nn.AvgPool2d)
    found = [part for part in model.modules() if isinstance(part, kinds)]
    wanted = [step for step in steps if isinstance(step, Pool)]
    if len(found) == 1:  # one layer that is used twice
        found = found * len(wanted)
    for part, step in zip(found, wanted, strict=False):
        if isinstance(part, torch.nn.AvgPool2d) != step.mean:
            raise CheckFailed(
                f"✗ {name}: average pooling came; {step} is asked for.\n"
                "Likely mistake: nn.AvgPool2d stands in place of nn.MaxPool2d."
            )
        got = [_side(part.kernel_size), _side(part.stride), _side(part.padding)]
        want = [step.size, step.stride or step.size, step.padding]
        if got == want:
            continue
        texts = ("window {}", "stride {}", "padding {}")
        expected = ", ".join(t.format(v) for t, v in zip(texts, want, strict=True))
        came = ", ".join(t.format(v) for t, v in zip(texts, got, strict=True))
        which = [
            t.split()[0] for t, g, w in zip(texts, got, want, strict=True) if g != w
        ]
        raise CheckFailed(
            f"✗ {name}: {step} has the wrong {' and '.join(which)}.\n"
            f"expected  {expected}\ngot       {came}"
        )


def _side(value: Any) -> Any:
    """Return the one number of a setting that holds it once or twice."""
    if isinstance(value, tuple | list) and len(set(value)) == 1:
        return value[0]
    return value


def _same_outputs(
    name: str, factory: Callable, steps: Sequence, image: tuple, seed: int
) -> None:
    """Do as `architecture.same_outputs`; name a wrong padding or pooling, too."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(5, *image)).astype(np.float32)
    inputs = {"4 images": x[:4], "one image": x[4:]}
    want = _sizes_of(steps, image)
    more = {
        text: other
        for text, other in _size_slips(steps).items()
        if (shapes := _sizes_of(other, image)) and shapes[-1] == want[-1]
    }
    flat = steps.index("flatten")
    for word, change in {
        "both poolings take": _pools(mean=True),
        "the first pooling takes": _only(0, _pools(mean=True), Pool),
        "the second pooling takes": _only(1, _pools(mean=True), Pool),
    }.items():
        text = f"{word} the mean; the maximum is asked for."
        more[text] = _with(steps, change)
    more["the maps are flattened channels last: flatten (m, c, h, w) as it is."] = (
        *steps[:flat],
        _ChannelsLast(1),
        *steps[flat:],
    )
    model = _build(name, factory)
    try:
        architecture.same_outputs(name, model, steps, inputs, seed, more)
    except CheckFailed as failure:
        text = str(failure)
        found = re.search(r"\((\d+)x(\d+) and (\d+)x\d+\)", text)
        if not found:
            raise
        why = _why_inputs(steps, image, int(found[2]))
        why = why or f"{found[2]} numbers arrive where {found[3]} are expected."
        raise CheckFailed(_told(text, why)) from None


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 84, subsequent_indent="    ")


def _told(text: str, why: str) -> str:
    """Put `why` before the table of shapes, where there is one."""
    told = _wrapped(f"Likely mistake: {why}")
    head, table, tail = text.partition("Shapes that should occur:")
    return f"{head.rstrip()}\n{told}\n{table}{tail}".rstrip()


class _ChannelsLast(Pool):
    """Not a pooling: the maps (m, c, h, w) with their channels last."""

    def __call__(self, a: np.ndarray) -> np.ndarray:
        return a.transpose(0, 2, 3, 1)


# --- the simulator: windows, convolution ----------------------------------------------

PATCH = np.array([[1, 2, 0, 1], [3, 1, 2, 0], [0, 2, 4, 1], [1, 0, 1, 3]])
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])


def _grids(rng: np.random.Generator, shape: tuple, kernel: tuple) -> dict:
    return {"x": rng.normal(size=shape), "K": rng.normal(size=kernel)}


def _finite_mean(windows: np.ndarray, axis: tuple) -> np.ndarray:
    return np.where(np.isfinite(windows), windows, 0.0).mean(axis=axis)


def _places(x, f, stride=1, padding=0, fill=0.0, sides="both", corner="stride"):
    """Return the windows of x (c, h, w), with slips: (c, rows, columns, f, f)."""
    before = 0 if sides == "end" else padding
    after = 0 if sides == "start" else padding
    across = (0, 0) if sides == "rows" else (before, after)
    edge = ((0, 0), (before, after), across)
    if isinstance(fill, str) and fill != "ones":
        x = np.pad(x, edge, mode=fill)
    else:
        value = 1.0 if fill == "ones" else fill
        x = np.pad(np.asarray(x, float), edge, constant_values=value)
    rows = (x.shape[1] - f) // stride + 1
    columns = (x.shape[2] - f) // stride + 1
    step = 1 if corner == "unit" else stride
    return np.array(
        [
            [
                [
                    plane[i * step : i * step + f, j * step : j * step + f]
                    for j in range(columns)
                ]
                for i in range(rows)
            ]
            for plane in x
        ]
    )


def _convolve(
    x,
    W,
    b,
    stride=1,
    padding=0,
    bias=1,
    flip=False,
    swap=False,
    channels=None,
    average=False,
    mean=False,
    kernels="all",
    **places,
) -> np.ndarray:
    """Convolve one image x (c, h, w) with W (k, c, f, f), with slips built in."""
    c, f = len(x), W.shape[-1]
    windows = _places(x, f, stride, padding, **places)
    W = W[..., ::-1, ::-1] if flip else W
    W = W.transpose(0, 1, 3, 2) if swap else W
    W = np.repeat(W[:1], len(W), axis=0) if kernels == "first" else W
    used = slice(channels)
    z = np.einsum("crsij,kcij->krs", windows[used], W[:, used])
    z = z / (c * f * f if mean else c if average else 1)
    factor = {"channels": c, "products": c * f * f}.get(bias, bias)
    return z + factor * b[:, None, None]
