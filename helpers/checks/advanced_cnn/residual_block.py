"""Checks of the sheet `advanced_cnn/residual_block`: blocks of networks.

A block is called, never inspected: seeded weights are loaded into the layers that the
task names, and the outputs in evaluation mode are compared with the same block in
NumPy.
"""

import functools
import math
from collections.abc import Callable, Mapping

import numpy as np

from ..architecture import Conv2d, build
from ..core import Case, CheckFailed, verify

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
