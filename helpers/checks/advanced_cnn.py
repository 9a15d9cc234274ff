"""Checks of the chapter `advanced_cnn`: blocks of networks, and batch normalization.

A block is called, never inspected: seeded weights are loaded into the layers that the
task names, and the outputs in evaluation mode are compared with the same block in
NumPy. Batch normalization is compared with PyTorch's, its gradient with finite
differences.
"""

import functools
import math
from collections.abc import Callable, Mapping

import numpy as np

from .architecture import Conv2d, build
from .core import Case, CheckFailed, verify

TIGHT = {"rtol": 1e-8, "atol": 1e-10}
EPS = 1e-5  # of nn.BatchNorm2d

# --- blocks: layers, weights, NumPy ---------------------------------------------------


def _conv_shapes(name: str, n_in: int, n_out: int, f: int, bias: bool) -> dict:
    shapes = {f"{name}.weight": (n_out, n_in, f, f)}
    return shapes | ({f"{name}.bias": (n_out,)} if bias else {})


def _norm_shapes(name: str, channels: int) -> dict:
    parts = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{part}": (channels,) for part in parts}


def _seeded(shapes: Mapping, seed: int) -> dict[str, np.ndarray]:
    """Return float32 values for all parameters and running statistics."""
    rng = np.random.default_rng(seed)
    state = {}
    for key, shape in shapes.items():
        if len(shape) == 4:
            value = rng.normal(0, 1.5 / math.sqrt(math.prod(shape[1:])), shape)
        elif key.endswith("running_var"):
            value = rng.uniform(0.3, 2.0, shape)
        elif key.endswith(".weight"):
            value = rng.uniform(0.5, 1.5, shape)
        else:
            value = rng.normal(0, 0.4, shape)
        state[key] = value.astype(np.float32)
    return state


def _conv(state: Mapping, name: str, a: np.ndarray, stride: int = 1) -> np.ndarray:
    """Convolve with the padding (f − 1)/2."""
    W = np.asarray(state[f"{name}.weight"], float)
    b = np.asarray(state.get(f"{name}.bias", np.zeros(len(W))), float)
    n_out, n_in, f, _ = W.shape
    return Conv2d(n_in, n_out, f, stride, f // 2)(a, W, b)


def _norm(state: Mapping, name: str, a: np.ndarray) -> np.ndarray:
    """Normalize with the running statistics, as in evaluation mode."""
    gamma, beta, mean, var = (
        np.asarray(state[f"{name}.{part}"], float)[:, None, None]
        for part in ("weight", "bias", "running_mean", "running_var")
    )
    return gamma * (a - mean) / np.sqrt(var + EPS) + beta


def _relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0)


def _same(a: np.ndarray) -> np.ndarray:
    return a


def _max_pool(a: np.ndarray) -> np.ndarray:
    """Pool 3×3 with stride 1 and padding 1."""
    a = np.pad(a, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    view = np.lib.stride_tricks.sliding_window_view(a, (3, 3), axis=(2, 3))
    return view.max(axis=(-2, -1))


def _layers(name: str, model, shapes: Mapping) -> None:
    """Check that the model has the layers that the task names, and no other."""
    have = {
        key: tuple(value.shape)
        for key, value in model.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }
    fault = _layer_fault(have, shapes)
    if fault:
        raise CheckFailed(
            f"✗ {name}: the layers are not those asked for.\nLikely mistake: {fault}"
        )


def _layer_fault(have: Mapping, shapes: Mapping) -> str:
    """Say what is wrong with names and shapes, or nothing."""
    wanted_layers = dict.fromkeys(key.rsplit(".", 1)[0] for key in shapes)
    have_layers = dict.fromkeys(key.rsplit(".", 1)[0] for key in have)
    if not have:
        return "no layer is registered: make them in __init__, as attributes of self."
    for layer in wanted_layers:
        if layer not in have_layers:
            found = ", ".join(have_layers)
            return f"no layer has the name {layer}. There are: {found}."
    for layer in have_layers:
        if layer not in wanted_layers:
            return f"the layer {layer} is one too many: it is not asked for."
    for key, shape in shapes.items():
        layer, part = key.rsplit(".", 1)
        if key not in have:
            return f"the layer {layer} has no {part}."
        if have[key] == shape:
            continue
        got = have[key]
        if len(shape) == 4 and got == (shape[1], shape[0], *shape[2:]):
            return (
                f"{layer} has its channels exchanged: the number of inputs comes "
                "first, the number of outputs second."
            )
        if len(shape) == 4 and got[:2] == shape[:2]:
            return (
                f"{layer} has a kernel of {got[2]}×{got[3]}, not {shape[2]}×{shape[3]}."
            )
        return f"{layer}.{part} has the shape {got}; asked for is {shape}."
    extra = [key for key in have if key not in shapes]
    if extra and extra[0].endswith(".bias"):
        return (
            f"{extra[0].removesuffix('.bias')} has biases: the task asks for "
            "bias=False, because the normalization subtracts them again."
        )
    return f"{', '.join(extra)} is not asked for." if extra else ""


def _strides(name: str, model, strides: Mapping[str, int], shapes: Mapping) -> None:
    """Check stride and padding, which leave no trace in the shapes of weights."""
    modules = dict(model.named_modules())
    for layer, stride in strides.items():
        f = shapes[f"{layer}.weight"][-1]
        for setting, want in (("stride", stride), ("padding", f // 2)):
            got = getattr(modules.get(layer), setting, None)
            if got is None or got in (want, (want, want), [want, want]):
                continue
            if setting == "padding" and got == "same":
                continue
            shown = got[0] if isinstance(got, tuple | list) else got
            raise CheckFailed(
                f"✗ {name}: {layer} has the {setting} {shown}, not {want}."
            )


def _run(model, x: np.ndarray):
    """Return what the model makes of `x`, as an array if it is a tensor."""
    import torch

    with torch.no_grad():
        a = model(torch.tensor(x))
    return a.detach().cpu().numpy() if isinstance(a, torch.Tensor) else a


def _block(
    name: str,
    factory: Callable,
    args: tuple,
    shapes: Mapping,
    strides: Mapping,
    forward: Callable,
    mistakes: Mapping[str, Mapping],
    seed: int,
) -> None:
    """Check a block: its layers, and its outputs against `forward(state, x)`.

    `mistakes` holds, by what is wrong, keyword arguments of `forward`.
    """
    import torch

    label = f"{name}({', '.join(map(str, args))})"
    model = build(label, factory, *args)
    _layers(label, model, shapes)
    _strides(label, model, strides, shapes)
    state = _seeded(shapes, seed)
    tensors = {key: torch.tensor(value) for key, value in state.items()}
    model.load_state_dict(tensors, strict=False)
    model.eval()
    rng = np.random.default_rng(seed + 1)
    n_in = next(iter(shapes.values()))[
        0 if len(next(iter(shapes.values()))) == 1 else 1
    ]
    cases = [
        Case(text, {"x": rng.normal(size=size).astype(np.float32)})
        for text, size in (
            ("2 images of 6 × 6", (2, n_in, 6, 6)),
            ("3 images of 7 × 5", (3, n_in, 7, 5)),
        )
    ]
    try:
        verify(
            f"{label}, outputs",
            functools.partial(_run, model),
            cases,
            lambda x: forward(state, np.asarray(x, float)),
            mistakes=[
                (text, lambda x, k=k: forward(state, np.asarray(x, float), **k))
                for text, k in mistakes.items()
            ],
            rtol=1e-4,
            atol=1e-5,
        )
    except CheckFailed as failure:
        text = str(failure)
        if "Likely mistake" in text and "Error" not in text.splitlines()[0]:
            raise
        x = cases[0].args["x"]
        raise CheckFailed(
            f"{text}\nAn input {x.shape} gives an output "
            f"{forward(state, np.asarray(x, float)).shape}."
        ) from None


# --- residual_block -------------------------------------------------------------------


def _residual(
    state,
    x,
    stride=1,
    project=False,
    add=True,
    first=_relu,
    last=_relu,
    before=_same,
    norms=("bn1", "bn2"),
    norm_projection=True,
    after_projection=_same,
    source=_same,
):
    """Return relu(bn2(conv2(relu(bn1(conv1 x)))) + shortcut), or a wrong version."""
    a = _conv(state, "conv1", x, stride)
    a = first(_norm(state, norms[0], a) if norms[0] else a)
    a = _conv(state, "conv2", a)
    a = before(_norm(state, norms[1], a) if norms[1] else a)
    shortcut = source(x)
    if project:
        shortcut = _conv(state, "project", shortcut, stride)
        if norm_projection:
            shortcut = _norm(state, "bn_project", shortcut)
        shortcut = after_projection(shortcut)
    if add == "cat":
        return last(np.concatenate([a, shortcut], axis=1))
    if add == "times":
        return last(a * shortcut)
    return last(a + shortcut) if add else last(a)


RESIDUAL_MISTAKES = {
    "the shortcut is missing: the input is not added.": {"add": False},
    "ReLU comes before the addition, too: it belongs behind the sum alone.": {
        "before": _relu
    },
    "ReLU comes before the addition and not behind it: the sum has none.": {
        "before": _relu,
        "last": _same,
    },
    "the ReLU behind the addition is missing.": {"last": _same},
    "the ReLU between the two convolutions is missing.": {"first": _same},
    "both ReLUs are missing.": {"first": _same, "last": _same},
    "the shortcut is put beside the maps (cat); it is added.": {"add": "cat"},
    "the shortcut is multiplied; it is added.": {"add": "times"},
    "bn1 is used twice; bn2 follows conv2.": {"norms": ("bn1", "bn1")},
    "bn2 is used twice; bn1 follows conv1.": {"norms": ("bn2", "bn2")},
    "bn1 and bn2 are exchanged.": {"norms": ("bn2", "bn1")},
    "bn1 is not used.": {"norms": (None, "bn2")},
    "bn2 is not used.": {"norms": ("bn1", None)},
    "ReLU is applied to the shortcut, too.": {"source": _relu},
}


def residual_block(factory: Callable, seed: int = 0) -> None:
    """Check `ResidualBlock(channels)`: layers, and outputs against NumPy."""
    for channels in (4, 3) if seed else (4,):
        shapes = (
            _conv_shapes("conv1", channels, channels, 3, bias=False)
            | _norm_shapes("bn1", channels)
            | _conv_shapes("conv2", channels, channels, 3, bias=False)
            | _norm_shapes("bn2", channels)
        )
        _block(
            "ResidualBlock",
            factory,
            (channels,),
            shapes,
            {"conv1": 1, "conv2": 1},
            _residual,
            RESIDUAL_MISTAKES,
            seed,
        )


def projection_block(factory: Callable, seed: int = 0) -> None:
    """Check `ProjectionBlock(n_in, n_out, stride)`: layers, outputs against NumPy."""
    for n_in, n_out, stride in ((3, 5, 2), (4, 6, 1)):
        shapes = (
            _conv_shapes("conv1", n_in, n_out, 3, bias=False)
            | _norm_shapes("bn1", n_out)
            | _conv_shapes("conv2", n_out, n_out, 3, bias=False)
            | _norm_shapes("bn2", n_out)
            | _conv_shapes("project", n_in, n_out, 1, bias=False)
            | _norm_shapes("bn_project", n_out)
        )
        more = {
            "bn_project is not used: the projection is normalized, too.": {
                "norm_projection": False
            },
            "ReLU follows the projection; the shortcut has none.": {
                "after_projection": _relu
            },
        }
        _block(
            "ProjectionBlock",
            factory,
            (n_in, n_out, stride),
            shapes,
            {"conv1": stride, "conv2": 1, "project": stride},
            functools.partial(_residual, stride=stride, project=True),
            RESIDUAL_MISTAKES | more,
            seed,
        )


BRANCHES = ("one", "three", "five", "pool")


def _inception(
    state, x, order=BRANCHES, inner=_relu, outer=_relu, pooling=_max_pool, axis=1
):
    a = {
        "one": _conv(state, "one", x),
        "three": _conv(state, "three", inner(_conv(state, "reduce3", x))),
        "five": _conv(state, "five", inner(_conv(state, "reduce5", x))),
        "pool": _conv(state, "pool", pooling(x)),
    }
    if axis is None:
        return outer(sum(a.values()))
    return outer(np.concatenate([a[key] for key in order], axis=axis))


def _mean_pool(a: np.ndarray) -> np.ndarray:
    a = np.pad(a, ((0, 0), (0, 0), (1, 1), (1, 1)))
    view = np.lib.stride_tricks.sliding_window_view(a, (3, 3), axis=(2, 3))
    return view.mean(axis=(-2, -1))


def inception(factory: Callable, seed: int = 0) -> None:
    """Check `Inception(n_in, n1, reduce3, n3, reduce5, n5, n_pool)`."""
    sizes = (5, 3, 2, 4, 2, 3, 2) if seed == 0 else (4, 2, 3, 3, 2, 4, 3)
    n_in, n1, reduce3, n3, reduce5, n5, n_pool = sizes
    shapes = {}
    for layer in (
        ("one", n_in, n1, 1),
        ("reduce3", n_in, reduce3, 1),
        ("three", reduce3, n3, 3),
        ("reduce5", n_in, reduce5, 1),
        ("five", reduce5, n5, 5),
        ("pool", n_in, n_pool, 1),
    ):
        shapes |= _conv_shapes(*layer, bias=True)
    mistakes = {
        "the ReLUs behind the reductions are missing.": {"inner": _same},
        "the ReLUs at the ends of the branches are missing.": {"outer": _same},
        "no convolution has its ReLU.": {"inner": _same, "outer": _same},
        "the pooling branch does not pool.": {"pooling": _same},
        "the pooling branch takes the mean; it takes the maximum.": {
            "pooling": _mean_pool
        },
        "the branches are added; their maps are put one behind the other.": {
            "axis": None
        },
        "the maps are joined along another axis than the channels.": {"axis": 2},
    }
    for order in (
        ("one", "five", "three", "pool"),
        ("pool", "one", "three", "five"),
        ("three", "five", "one", "pool"),
        ("pool", "five", "three", "one"),
        ("one", "three", "pool", "five"),
    ):
        text = f"the branches come in the order {', '.join(order)}."
        mistakes[text] = {"order": order}
    _block(
        "Inception",
        factory,
        sizes,
        shapes,
        {key.removesuffix(".weight"): 1 for key in shapes if key.endswith("weight")},
        _inception,
        mistakes,
        seed,
    )


def _dense(
    state,
    x,
    n_layers,
    step=lambda state, k, x: _conv(
        state, f"convs.{k}", _relu(_norm(state, f"bns.{k}", x))
    ),
    join=lambda x, new: np.concatenate([x, new], axis=1),
    last=_same,
    only_new=False,
):
    n_in = x.shape[1]
    for k in range(n_layers):
        x = join(x, step(state, k, x))
    return last(x[:, n_in:] if only_new else x)


def dense_block(factory: Callable, seed: int = 0) -> None:
    """Check `DenseBlock(n_in, growth, n_layers)`: layers, outputs against NumPy."""
    n_in, growth, n_layers = (4, 2, 3) if seed == 0 else (3, 3, 2)
    shapes: dict = {}
    for k in range(n_layers):
        shapes |= _norm_shapes(f"bns.{k}", n_in + k * growth)
    for k in range(n_layers):
        shapes |= _conv_shapes(f"convs.{k}", n_in + k * growth, growth, 3, bias=False)

    def bare(state, k, x):
        return _conv(state, f"convs.{k}", _norm(state, f"bns.{k}", x))

    def early(state, k, x):
        return _conv(state, f"convs.{k}", _norm(state, f"bns.{k}", _relu(x)))

    def late(state, k, x):
        return _relu(_conv(state, f"convs.{k}", _norm(state, f"bns.{k}", x)))

    def unscaled(state, k, x):
        return _conv(state, f"convs.{k}", _relu(x))

    def front(x, new):
        return np.concatenate([new, x], axis=1)

    _block(
        "DenseBlock",
        factory,
        (n_in, growth, n_layers),
        shapes,
        {f"convs.{k}": 1 for k in range(n_layers)},
        functools.partial(_dense, n_layers=n_layers),
        {
            "ReLU is missing: normalize, then ReLU, then convolve.": {"step": bare},
            "ReLU comes before the normalization; it comes behind it.": {"step": early},
            "ReLU comes behind the convolution; it comes before it.": {"step": late},
            "the normalizations are not used.": {"step": unscaled},
            "the new maps come first; they are put behind the old ones.": {
                "join": front
            },
            "only the new maps came: the input's maps stay in front.": {
                "only_new": True
            },
            "a ReLU at the end is too much.": {"last": _relu},
        },
        seed,
    )


def _integers(rng, low, high, count):
    return [int(v) for v in rng.integers(low, high, count)]


def inception_parameters(function: Callable, seed: int = 0) -> None:
    """Check `inception_parameters(n_in, n1, reduce3, n3, reduce5, n5, n_pool)`."""
    rng = np.random.default_rng(seed)
    keys = ("n_in", "n1", "reduce3", "n3", "reduce5", "n5", "n_pool")
    rows = [(192, 64, 96, 128, 16, 32, 32), *(_integers(rng, 2, 90, 7) for _ in "12")]
    cases = [
        Case(
            "GoogLeNet's first" if i == 0 else str(row),
            dict(zip(keys, row, strict=True)),
        )
        for i, row in enumerate(rows)
    ]

    def counted(*sizes):  # PyTorch counts
        import torch

        n_in, n1, reduce3, n3, reduce5, n5, n_pool = sizes
        layers = [
            torch.nn.Conv2d(*layer, device="meta")
            for layer in (
                (n_in, n1, 1),
                (n_in, reduce3, 1),
                (reduce3, n3, 3),
                (n_in, reduce5, 1),
                (reduce5, n5, 5),
                (n_in, n_pool, 1),
            )
        ]
        return sum(p.numel() for layer in layers for p in layer.parameters())

    def total(n_in, n1, r3, n3, r5, n5, p, bias=1, reduce=True, pool=1, both=True):
        three, five = (r3, r5) if reduce else (n_in, n_in)
        count = n_in * n1 + 9 * three * n3 + 25 * five * n5 + pool * n_in * p
        biases = n1 + n3 + n5 + pool * p
        if reduce and both:
            count, biases = count + n_in * (r3 + r5), biases + r3 + r5
        return count + bias * biases

    verify(
        "inception_parameters",
        function,
        cases,
        counted,
        mistakes=[
            ("the biases are missing.", lambda *a: total(*a, bias=0)),
            (
                "the reductions are left out: 3×3 and 5×5 read the reduced channels.",
                lambda *a: total(*a, reduce=False),
            ),
            (
                "the weights of the two reductions are missing.",
                lambda *a: total(*a, both=False),
            ),
            (
                "the 1×1 convolution behind the pooling is missing.",
                lambda *a: total(*a, pool=0),
            ),
        ],
        rtol=0,
        atol=0,
    )


def dense_parameters(function: Callable, seed: int = 0) -> None:
    """Check `dense_parameters(n_in, growth, n_layers)`."""
    rng = np.random.default_rng(seed)
    rows = [(16, 8, 4), (64, 32, 6), *(_integers(rng, 2, 40, 3) for _ in "12")]
    cases = [
        Case(str(row), dict(zip(("n_in", "growth", "n_layers"), row, strict=True)))
        for row in rows
    ]

    def counted(n_in, growth, n_layers):  # one weight at a time is too slow: by layer
        count = 0
        for k in range(n_layers):
            channels = n_in + k * growth
            count += 2 * channels + channels * growth * 3 * 3
        return count

    def wrong(n_in, growth, n_layers, norm=2, first=0, bias=0, grow=True):
        widths = [n_in + (k + first) * growth * grow for k in range(n_layers)]
        return sum(norm * w + 9 * w * growth + bias * growth for w in widths)

    verify(
        "dense_parameters",
        function,
        cases,
        counted,
        mistakes=[
            (
                "the normalizations are missing: γ and β for each channel they read.",
                lambda *a: wrong(*a, norm=0),
            ),
            (
                "a normalization has two learned numbers a channel, γ and β.",
                lambda *a: wrong(*a, norm=1),
            ),
            (
                "the running statistics are counted: they are not learned.",
                lambda *a: wrong(*a, norm=4),
            ),
            (
                "every layer reads n_in channels: later ones read more.",
                lambda *a: wrong(*a, grow=False),
            ),
            (
                "the first layer reads n_in channels, not n_in + growth.",
                lambda *a: wrong(*a, first=1),
            ),
            ("the convolutions have no biases.", lambda *a: wrong(*a, bias=1)),
        ],
        rtol=0,
        atol=0,
    )


# --- batch_norm -----------------------------------------------------------------------

SIZES = (("4 images of 3 × 2, 3 channels", 4, 3, 3, 2), ("2 of 2 × 5", 2, 4, 2, 5))


def _images(rng, m, c, h, w) -> np.ndarray:
    """Return images whose channels have different means and scales."""
    scale = rng.uniform(0.5, 3, (c, 1, 1))
    return rng.normal(size=(m, c, h, w)) * scale + rng.normal(0, 2, (c, 1, 1))


def _cases(seed: int, *more: str) -> list[Case]:
    """Return cases with the arguments x and those named."""
    rng = np.random.default_rng(seed)
    cases = []
    for label, m, c, h, w in SIZES:
        values = {
            "x": _images(rng, m, c, h, w),
            "delta": rng.normal(size=(m, c, h, w)),
            "gamma": rng.uniform(0.5, 2, c),
            "beta": rng.normal(size=c),
            "running_mean": rng.normal(size=c),
            "running_var": rng.uniform(0.5, 3, c),
            "momentum": 0.3,
            "eps": 0.01,
        }
        cases.append(Case(label, {key: values[key] for key in more}))
    return cases


def _column(v) -> np.ndarray:
    return np.asarray(v, float)[:, None, None]


def _moments(x, axis=(0, 2, 3), correction=0):
    return x.mean(axis=axis), x.var(axis=axis, ddof=correction)


def statistics(function: Callable, seed: int = 0) -> None:
    """Check `statistics(x)`: mean and variance (c,) of each channel."""

    def loops(x):
        m, c, h, w = x.shape
        mean, var = np.zeros(c), np.zeros(c)
        for k in range(c):
            values = [float(x[i, k, a, b]) for i, a, b in np.ndindex(m, h, w)]
            mean[k] = math.fsum(values) / len(values)
            var[k] = math.fsum((v - mean[k]) ** 2 for v in values) / len(values)
        return mean, var

    def roots(x):
        mean, var = _moments(x)
        return mean, np.sqrt(var)

    verify(
        "statistics",
        function,
        _cases(seed, "x"),
        loops,
        parts=("mean", "var"),
        mistakes=[
            (
                "the variance is divided by n − 1; batch normalization divides by n.",
                lambda x: _moments(x, correction=1),
            ),
            (
                "mean and variance run over the images alone: each place got its own. "
                "A channel has one mean, over images and places.",
                lambda x: _moments(x, axis=0),
            ),
            (
                "mean and variance run over everything: each channel has its own.",
                lambda x: _moments(x, axis=None),
            ),
            (
                "each image got its own mean: the mean runs over the images, too.",
                lambda x: _moments(x, axis=(2, 3)),
            ),
            (
                "the mean of each image came: the axes are those of (m, c, h, w), and "
                "c stays.",
                lambda x: _moments(x, axis=(1, 2, 3)),
            ),
            ("the standard deviation came where the variance belongs.", roots),
            (
                "this is the mean of the squares: the mean is not subtracted.",
                lambda x: (x.mean(axis=(0, 2, 3)), (x**2).mean(axis=(0, 2, 3))),
            ),
        ],
        **TIGHT,
    )


def _library(x, gamma=None, beta=None, mean=None, var=None, training=True, **more):
    """Return (output, running mean, running variance) of PyTorch, double precision."""
    import torch

    tensors = [
        None if v is None else torch.tensor(np.asarray(v, float))
        for v in (x, mean, var, gamma, beta)
    ]
    x, mean, var, gamma, beta = tensors
    out = torch.nn.functional.batch_norm(x, mean, var, gamma, beta, training, **more)
    kept = [None if v is None else v.numpy() for v in (mean, var)]
    return out.numpy(), *kept


def _normalized(x, gamma, beta, mean, var, eps, *, inside=True, root=True):
    scale = np.asarray(var) + eps if inside else np.asarray(var)
    scale = np.sqrt(scale) if root else scale
    scale = scale if inside else scale + eps
    x_hat = (x - _column(mean)) / _column(scale)
    return _column(gamma) * x_hat + _column(beta)


def train_forward(function: Callable, seed: int = 0) -> None:
    """Check `train_forward(x, gamma, beta, eps)` against PyTorch."""

    def rule(correction=0, use_gamma=True, use_beta=True, center=True, **how):
        def output(x, gamma, beta, eps):
            mean, var = _moments(x, correction=correction)
            one, zero = np.ones_like(gamma), np.zeros_like(beta)
            return _normalized(
                x,
                gamma if use_gamma else one,
                beta if use_beta else zero,
                mean if center else zero,
                var,
                eps,
                **how,
            )

        return output

    verify(
        "train_forward",
        function,
        _cases(seed, "x", "gamma", "beta", "eps"),
        lambda x, gamma, beta, eps: _library(x, gamma, beta, eps=eps)[0],
        mistakes=[
            (
                "eps is added to the standard deviation; it belongs to the variance, "
                "inside the root.",
                rule(inside=False),
            ),
            (
                "eps is missing.",
                lambda x, gamma, beta, eps: rule()(x, gamma, beta, 0.0),
            ),
            ("divided by the variance: the root is missing.", rule(root=False)),
            ("gamma is missing.", rule(use_gamma=False)),
            ("beta is missing.", rule(use_beta=False)),
            ("gamma and beta are missing.", rule(use_gamma=False, use_beta=False)),
            ("the mean is not subtracted.", rule(center=False)),
            (
                "gamma and beta are exchanged.",
                lambda x, gamma, beta, eps: rule()(x, beta, gamma, eps),
            ),
            (
                "the variance is divided by n − 1; here it is n.",
                rule(correction=1),
            ),
        ],
        **TIGHT,
    )


def update(function: Callable, seed: int = 0) -> None:
    """Check `update(running_mean, running_var, x, momentum)` against PyTorch."""

    def library(running_mean, running_var, x, momentum):
        return _library(x, mean=running_mean, var=running_var, momentum=momentum)[1:]

    def rule(correction=1, swap=False, root=False, whole=False):
        def output(running_mean, running_var, x, momentum):
            mean, var = _moments(x, correction=correction)
            var = np.sqrt(var) if root else var
            share = 1 - momentum if swap else momentum
            if whole:
                return mean, var
            return (
                (1 - share) * running_mean + share * mean,
                (1 - share) * running_var + share * var,
            )

        return output

    def added(running_mean, running_var, x, momentum):
        mean, var = _moments(x, correction=1)
        return running_mean + momentum * mean, running_var + momentum * var

    verify(
        "update",
        function,
        _cases(seed, "running_mean", "running_var", "x", "momentum"),
        library,
        parts=("running_mean", "running_var"),
        mistakes=[
            (
                "the running variance takes the one divided by n; PyTorch keeps the "
                "one divided by n − 1.",
                rule(correction=0),
            ),
            (
                "momentum weighs the old value; here, as in PyTorch, it weighs the new "
                "one.",
                rule(swap=True),
            ),
            (
                "momentum weighs the old value, and the variance is divided by n.",
                rule(correction=0, swap=True),
            ),
            (
                "the old values are lost: these are the minibatch's alone.",
                rule(whole=True),
            ),
            (
                "the old values keep their full weight: 1 − momentum is missing.",
                added,
            ),
            ("the standard deviation is kept; the variance is.", rule(root=True)),
        ],
        **TIGHT,
    )


def eval_forward(function: Callable, seed: int = 0) -> None:
    """Check `eval_forward(x, gamma, beta, running_mean, running_var, eps)`."""

    def library(x, gamma, beta, mean, var, eps):
        return _library(x, gamma, beta, mean, var, training=False, eps=eps)[0]

    def own(x, gamma, beta, mean, var, eps):
        return _normalized(x, gamma, beta, *_moments(x), eps)

    verify(
        "eval_forward",
        function,
        _cases(seed, "x", "gamma", "beta", "running_mean", "running_var", "eps"),
        library,
        mistakes=[
            (
                "the minibatch is normalized by its own mean and variance; in "
                "evaluation the running ones are used.",
                own,
            ),
            (
                "the variance is the minibatch's; the running one is used.",
                lambda x, g, b, mean, var, eps: _normalized(
                    x, g, b, mean, _moments(x)[1], eps
                ),
            ),
            (
                "the mean is the minibatch's; the running one is used.",
                lambda x, g, b, mean, var, eps: _normalized(
                    x, g, b, _moments(x)[0], var, eps
                ),
            ),
            (
                "divided by the running variance: the root is missing.",
                lambda *a: _normalized(*a, root=False),
            ),
            (
                "eps is added to the standard deviation; it belongs to the variance, "
                "inside the root.",
                lambda *a: _normalized(*a, inside=False),
            ),
            (
                "gamma and beta are missing.",
                lambda x, g, b, *a: _normalized(x, np.ones_like(g), 0 * b, *a),
            ),
        ],
        **TIGHT,
    )


def backward(function: Callable, seed: int = 0) -> None:
    """Check `backward(delta, x, gamma, eps)` against finite differences."""
    sizes = (3, 2, 2, 2) if seed == 0 else (2, 3, 1, 3)
    rng = np.random.default_rng(seed)
    args = {
        "delta": rng.normal(size=sizes),
        "x": _images(rng, *sizes),
        "gamma": rng.uniform(0.5, 2, sizes[1]),
        "eps": 0.01,
    }

    def cost(delta, x, gamma, beta, eps):
        mean, var = _moments(x)
        return np.sum(delta * _normalized(x, gamma, beta, mean, var, eps))

    def differences(delta, x, gamma, eps, step=1e-5):
        values = [x, gamma, np.zeros_like(gamma)]
        gradients = []
        for place, value in enumerate(values):
            gradient = np.zeros_like(value)
            for at in np.ndindex(*value.shape):
                ends = []
                for sign in (1, -1):
                    moved = [v.copy() for v in values]
                    moved[place][at] += sign * step
                    ends.append(cost(delta, *moved, eps))
                gradient[at] = (ends[0] - ends[1]) / (2 * step)
            gradients.append(gradient)
        return tuple(gradients)

    def rule(mean_term=1, var_term=1, use_gamma=True, mean=False, plain=False):
        def output(delta, x, gamma, eps):
            axis, n = (0, 2, 3), x.size / x.shape[1]
            x_hat = _normalized(x, np.ones_like(gamma), 0 * gamma, *_moments(x), eps)
            d_beta = delta.sum(axis=axis)
            d_gamma = (delta * x_hat).sum(axis=axis)
            inner = (
                delta
                - mean_term * _column(d_beta) / n
                - var_term * x_hat * _column(d_gamma) / n
            )
            scale = (gamma if use_gamma else 1) / np.sqrt(_moments(x)[1] + eps)
            if plain:
                d_gamma = (delta * x).sum(axis=axis)
            share = n if mean else 1
            return inner * _column(scale), d_gamma / share, d_beta / share

        return output

    verify(
        "backward",
        function,
        [Case(f"{sizes[0]} images, {sizes[1]} channels", args)],
        differences,
        parts=("dx", "dgamma", "dbeta"),
        mistakes=[
            (
                "mean and variance are taken for constants: both depend on x, and each "
                "sends a term back.",
                rule(mean_term=0, var_term=0),
            ),
            (
                "the term of the variance is missing: it depends on x, too.",
                rule(var_term=0),
            ),
            (
                "the term of the mean is missing: it depends on x, too.",
                rule(mean_term=0),
            ),
            ("gamma is missing in dx.", rule(use_gamma=False)),
            (
                "dgamma and dbeta are means; a parameter that is used at all places "
                "gets the sum.",
                rule(mean=True),
            ),
            ("dgamma uses x; it uses the normalized x.", rule(plain=True)),
            ("the sign of the term of the mean is wrong.", rule(mean_term=-1)),
            ("the sign of the term of the variance is wrong.", rule(var_term=-1)),
            (
                "dgamma and dbeta are exchanged.",
                lambda *a: (lambda r: (r[0], r[2], r[1]))(rule()(*a)),
            ),
        ],
        rtol=1e-5,
        atol=1e-7,
    )


def fold(function: Callable, seed: int = 0) -> None:
    """Check `fold(W, b, gamma, beta, mean, var, eps)`: one convolution for two."""
    import torch

    rng = np.random.default_rng(seed)
    cases = []
    for label, k, c, f in (("3 kernels of 2 channels", 3, 2, 3), ("2 of 4", 2, 4, 1)):
        values = (
            rng.normal(size=(k, c, f, f)),
            rng.normal(size=k),
            rng.uniform(0.5, 2, k),
            rng.normal(size=k),
            rng.normal(size=k),
            rng.uniform(0.5, 3, k),
            0.01,
        )
        keys = ("W", "b", "gamma", "beta", "mean", "var", "eps")
        cases.append(Case(label, dict(zip(keys, values, strict=True))))

    def probed(W, b, gamma, beta, mean, var, eps):
        """Send single pixels of 1 through both layers and read the weights off."""
        _, c, f, _ = W.shape
        pixels = torch.eye(c * f * f, dtype=torch.float64).view(-1, c, f, f)
        pixels = torch.cat([torch.zeros_like(pixels[:1]), pixels])
        z = torch.nn.functional.conv2d(pixels, torch.tensor(W), torch.tensor(b))
        out = _library(z.numpy(), gamma, beta, mean, var, training=False, eps=eps)[0]
        answers = out[:, :, 0, 0]  # (1 + c f f, k)
        return (answers[1:] - answers[0]).T.reshape(W.shape), answers[0]

    def rule(bias=True, mean_term=True, shift=True, root=True, scale_bias=True):
        def output(W, b, gamma, beta, mean, var, eps):
            factor = gamma / (np.sqrt(var + eps) if root else var + eps)
            inner = (b if bias else 0) - (mean if mean_term else 0)
            inner = inner * (factor if scale_bias else 1)
            new_b = inner + (beta if shift else 0)
            return W * factor[:, None, None, None], new_b

        return output

    def whole(W, b, gamma, beta, mean, var, eps):
        return W, rule()(W, b, gamma, beta, mean, var, eps)[1]

    verify(
        "fold",
        function,
        cases,
        probed,
        parts=("W", "b"),
        mistakes=[
            ("the old bias b is missing.", rule(bias=False)),
            ("the running mean is missing in b.", rule(mean_term=False)),
            ("beta is missing in b.", rule(shift=False)),
            ("the factor gamma/√(var + eps) is missing in b.", rule(scale_bias=False)),
            ("divided by the variance: the root is missing.", rule(root=False)),
            ("W stays unscaled: each kernel is multiplied, too.", whole),
        ],
        **TIGHT,
    )
