"""Checks of the sheet `advanced_cnn/residual_block`: four blocks, counts, a verdict.

A block is called, never inspected: seeded weights are loaded into the layers that the
task names, and its outputs in evaluation mode are compared. Each step is a reference
that carries its slips (`helpers.checks.engine`). PyTorch is imported when one runs.
"""

import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..engine import Case, Step
from ..engine.observers import built, draws_fault, evaluated
from ..engine.values import Raised, form_fault

# --- what is observed of a block ------------------------------------------------------


def _seeded(shapes: Mapping, seed: int) -> dict[str, np.ndarray]:
    """Return values for parameters and running statistics that depend on their names.

    All are float32, the variances positive.
    """
    values = {}
    for key, shape in shapes.items():
        rng = np.random.default_rng([seed, zlib.crc32(key.encode())])
        if len(shape) == 4:
            value = rng.normal(0, 1.5 / math.sqrt(math.prod(shape[1:])), shape)
        elif key.endswith("running_var"):
            value = rng.uniform(0.3, 2.0, shape)
        else:
            middle = 1 if key.endswith(".weight") else 0
            value = middle + rng.uniform(-0.5, 0.5, shape)
        values[key] = value.astype(np.float32)
    return values


def block(free: Callable, replay: Callable, case: Any) -> dict:
    """Observe a block: the shapes of its layers by name, its outputs."""
    import torch

    model = built(replay, *case.args["_sizes"])
    if isinstance(model, str):
        return {"layers": model}
    state = {k: tuple(v.shape) for k, v in model.state_dict().items()}
    shapes = {k: s for k, s in state.items() if not k.endswith("num_batches_tracked")}
    values = _seeded(shapes, case.args["_seed"])
    model.load_state_dict({k: torch.tensor(v) for k, v in values.items()}, strict=False)
    seen = {"layers": shapes, "_settings": _settings(model)}
    x = torch.tensor(case.args["x"], dtype=torch.float32)
    with torch.no_grad():
        seen |= evaluated(model, x)
    seen.pop("graph", None)  # in the grader another process runs the block
    if isinstance(seen["outputs"], Raised):  # no slip explains another setting
        seen["settings"] = seen["_settings"]
    return seen


def _settings(model: Any) -> dict:
    """Return stride and padding of each convolution, by name."""
    found = {}
    for name, part in model.named_modules():
        stride, padding = (getattr(part, k, None) for k in ("stride", "padding"))
        sizes = getattr(part, "kernel_size", None)
        if stride is not None and getattr(part, "weight", None) is not None:
            same = padding == "same"
            found[name] = {
                "stride": _one(stride),
                "padding": _one(sizes) // 2 if same else _one(padding),
            }
    return found


def _one(value: Any) -> Any:
    return value[0] if isinstance(value, tuple | list) else value


def block_fact(got: dict, want: dict) -> str:
    """Say what is wrong with layers, settings or form: never a guess."""
    if not isinstance(got["layers"], Mapping):
        return (
            f"a torch.nn.Module is expected; {got['layers']} came. Does the class "
            "inherit from nn.Module, or is a return missing?"
        )
    if fault := _layer_fault(got["layers"], want["layers"]):
        return fault
    for layer, settings in want["_settings"].items():
        for what, right in settings.items():
            mine = got["_settings"].get(layer, settings)[what]
            if mine != right:
                return f"{layer} has the {what} {mine}, not {right}."
    if isinstance(got["outputs"], Raised):
        return ""
    fault = form_fault(got["outputs"], want["outputs"])
    return fault[1] if fault else draws_fault(got, want)


def _layer_fault(have: Mapping, shapes: Mapping) -> str:
    """Say what is wrong with names and shapes, or nothing."""
    if not have:
        return (
            "no layer is registered. Make the layers in __init__ and keep them as "
            "attributes of self; in a plain list they are not found (nn.ModuleList is)."
        )
    wanted, found = (
        dict.fromkeys(key.rsplit(".", 1)[0] for key in keys) for keys in (shapes, have)
    )
    for layer in wanted:
        if layer not in found:
            return f"no layer has the name {layer}. There are: {', '.join(found)}."
    for layer in found:
        if layer not in wanted:
            return f"the layer {layer} is one too many: it is not asked for."
    for key, shape in shapes.items():
        layer, part = key.rsplit(".", 1)
        got = have.get(key)
        if got is None:
            return f"the layer {layer} has no {part}."
        if len(shape) == 4 and got != shape and got[:2] == (shape[1], shape[0]):
            return (
                f"{layer} has its channels exchanged: the number of inputs comes "
                "first, the number of outputs second."
            )
        if len(shape) == 4 and got[:2] == shape[:2] and got != shape:
            return (
                f"{layer} has a kernel of {got[2]}×{got[3]}, not {shape[2]}×{shape[3]}."
            )
        if got != shape:
            return f"{layer}.{part} has the shape {got}; asked for is {shape}."
    extra = [key for key in have if key not in shapes]
    if extra and extra[0].endswith(".bias"):
        return (
            f"{extra[0].removesuffix('.bias')} has biases: the task asks for "
            "bias=False, because the normalization subtracts them again."
        )
    return f"{', '.join(extra)} is not asked for." if extra else ""


def _blocks(*all_sizes: tuple[int, ...]) -> Callable:
    """Return a function that yields cases: blocks of these sizes, images of two."""

    def cases(rng) -> Iterator[Case]:
        for sizes in all_sizes:
            for m, h, w in ((2, 6, 6), (3, 7, 5)):
                args = {"x": rng.normal(size=(m, sizes[0], h, w)), "_sizes": sizes}
                label = f"{', '.join(map(str, sizes))}; {m} images of {h} × {w}"
                yield Case(label, args | {"_seed": int(rng.integers(1000))})

    return cases


HOW = {
    "observe": block,
    "factory": True,
    "tell": block_fact,
    "rtol": 1e-4,
    "atol": 1e-4,
}


# --- ResidualBlock, ProjectionBlock ---------------------------------------------------


def _residual(slip: Callable, name: str, projected: bool) -> type:
    import torch
    from torch import nn

    def conv(n_in, n_out, f, stride=1):
        return nn.Conv2d(n_in, n_out, f, stride, f // 2, bias=False)

    class Block(nn.Module):
        def __init__(self, n_in, n_out=0, stride=1):
            super().__init__()
            n_out = n_out or n_in
            self.conv1, self.bn1 = conv(n_in, n_out, 3, stride), nn.BatchNorm2d(n_out)
            self.conv2, self.bn2 = conv(n_out, n_out, 3), nn.BatchNorm2d(n_out)
            if projected:
                self.project = conv(n_in, n_out, 1, stride)
                self.bn_project = nn.BatchNorm2d(n_out)

        def forward(self, x):
            one, two = self.bn1, self.bn2
            wrong = {"bn1_twice": (one, one), "bn2_twice": (two, two)}
            first, second = slip((one, two), exchanged=(two, one), **wrong)
            c = self.conv1(x)
            a = slip(first(c), no_bn1=c)
            a = slip(a.relu(), no_relu_1=a, bn1_late=first(c.relu()))
            b = self.conv2(a)
            b = slip(second(b), no_bn2=b)
            b = slip(b, relu_early=b.relu())
            if not projected:
                before = lambda: self.conv1(one(x).relu())  # noqa: E731
                short = slip(x, overwritten=a, doubled=b)
                late = lambda: self.conv2(two(before()).relu())  # noqa: E731
                b = slip(b, first=late)
            else:
                short = self.project(x)
                short = slip(self.bn_project(short), no_bn_project=short, bn_sum=short)
                short = slip(short, identity=x if x.shape == short.shape else short)
            short = slip(short, relu_shortcut=short.relu())
            both = lambda: torch.cat([b, short], 1)  # noqa: E731
            y = slip(b + short, no_shortcut=b, times=b * short, beside=both)
            if projected:
                y = slip(y, bn_sum=self.bn_project(y))
            y = slip(y, bn2_sum=second(self.conv2(a) + short))
            y = slip(y, minus=short - b)
            y = slip(y.relu(), no_relu=y, relu_inside=b.relu() + short)
            return y if projected else slip(y, second=lambda: late() + x)

    Block.__name__ = name
    return Block


RESIDUAL = {
    "bn1_twice": "bn1 is used twice; bn2 follows conv2.",
    "bn2_twice": "bn2 is used twice; bn1 follows conv1.",
    "exchanged": "bn1 and bn2 are exchanged.",
    "no_bn1": "bn1 is not used.",
    "bn1_late": "bn1 comes behind the ReLU; it follows conv1.",
    "no_bn2": "bn2 is not used.",
    "no_relu_1": "the ReLU between the two convolutions is missing.",
    "bn2_sum": "bn2 normalizes the sum, with the shortcut in it; it follows conv2.",
    "relu_early": "ReLU comes before the addition, too: behind the sum alone.",
    "relu_inside": "ReLU comes before the addition and not behind it.",
    "no_relu": "the ReLU behind the addition is missing.",
    "relu_shortcut": "ReLU is applied to the shortcut, too: it has none.",
    "no_shortcut": "the shortcut is missing: the input is not added.",
    "times": "the shortcut is multiplied; it is added.",
    "minus": "the maps are subtracted from the shortcut; they are added.",
    "beside": "the shortcut is put beside the maps (cat); it is added.",
}
residual_block = Step(
    "ResidualBlock",
    lambda slip: _residual(slip, "ResidualBlock", False),
    _blocks((4,), (3,)),
    texts=RESIDUAL
    | {
        "overwritten": "the shortcut adds maps of the first half: is x overwritten?",
        "doubled": "F(x) is added to itself, not to the input: is x overwritten?",
        "second": "normalization and ReLU come before each convolution, none at the "
        "end: that is the block of a later paper.",
        "first": "normalization and ReLU come before each convolution, not behind it.",
    },
    demands={
        "\\bigl(F(x) + x\\bigr)": ["no_shortcut", "no_relu", "relu_early"],
        "\\mathrm{BN}_1(\\mathrm{conv}_1\\, x)": ["no_relu_1", "no_bn1", "bn1_late"],
        "\\mathrm{BN}_2\\bigl(\\mathrm{conv}_2": ["bn1_twice", "no_bn2"],
        "returns the same shape": ["beside"],
    },
    **HOW,
    why="The two convolutions make a correction, and the input itself goes past them "
    "and is added. So at the beginning the block does nearly nothing, and the gradient "
    "has a way without a matrix. For that the shortcut must be bare: a ReLU on the "
    "correction before the sum would let it only add, never take away.",
    see="Shortcuts: the residual block",
    goal="say what each famous network added",
)
projection_block = Step(
    "ProjectionBlock",
    lambda slip: _residual(slip, "ProjectionBlock", True),
    _blocks((3, 5, 1), (4, 4, 2), (3, 3, 1)),
    texts=RESIDUAL
    | {
        "no_bn_project": "bn_project is not used: the projection is normalized, too.",
        "bn_sum": "bn_project normalizes the sum; it follows `project`.",
        "identity": "where x has the right shape it is added bare: project it, too.",
    },
    demands={
        "from `n_in` to `n_out`, with the given stride": ["4, 4, 2; 2 images of 6 × 6"],
        "then `bn_project`": ["no_bn_project", "bn_sum"],
        "also where neither channels nor size change": ["identity"],
        "No ReLU on it": ["relu_shortcut"],
    },
    **HOW,
    why="Maps can be added only if they have the same shape. Where a block makes more "
    "channels or halves the size, the shortcut must do the same, in the simplest way: "
    "a 1×1 convolution with the same stride, and a normalization, so that both parts "
    "of the sum have a like scale. It has no ReLU: the sum gets one.",
    see="Shortcuts: the residual block",
    goal="say what each famous network added",
)


# --- Inception ------------------------------------------------------------------------

BRANCHES = ("one", "three", "five", "pool")
ORDERS = {
    "order_five": ("one", "five", "three", "pool"),
    "order_pool": ("pool", "one", "three", "five"),
    "order_back": ("pool", "five", "three", "one"),
    "order_last": ("one", "three", "pool", "five"),
    "order_second": ("one", "pool", "three", "five"),
}
SMALLER = {"stride_3": (3, 1), "bare_3": (3, 0), "no_padding": (1, 0)}


def _inception(slip: Callable) -> type:
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Inception(nn.Module):
        def __init__(self, n_in, n1, reduce3, n3, reduce5, n5, n_pool):
            super().__init__()
            self.one = nn.Conv2d(n_in, n1, 1)
            self.reduce3 = nn.Conv2d(n_in, reduce3, 1)
            self.reduce5 = nn.Conv2d(n_in, reduce5, 1)
            self.three = nn.Conv2d(reduce3, n3, 3, padding=1)
            self.five = nn.Conv2d(reduce5, n5, 5, padding=2)
            self.pool = nn.Conv2d(n_in, n_pool, 1)

        def forward(self, x):
            a, b = self.reduce3(x), self.reduce5(x)
            a, b = slip((a.relu(), b.relu()), no_inner=(a, b), no_3=(a, b.relu()))
            pooled, zeros = F.max_pool2d(x, 3, 1, 1), F.pad(x, (1, 1, 1, 1))
            pooled = slip(pooled, no_pooling=x, mean=F.avg_pool2d(x, 3, 1, 1))
            pooled = slip(pooled, zeros=F.max_pool2d(zeros, 3, 1))
            small = {k: F.max_pool2d(x, 3, *how) for k, how in SMALLER.items()}
            pooled = slip(pooled, **small)
            late = F.max_pool2d(self.pool(x), 3, 1, 1)
            maps = [self.one(x), self.three(a), self.five(b), self.pool(pooled)]
            maps = dict(zip(BRANCHES, maps, strict=True))
            maps = slip(maps, pool_late=maps | {"pool": late})
            bare = slip((), no_outer=BRANCHES, **{f"bare_{k}": (k,) for k in BRANCHES})
            maps = {k: v if k in bare else v.relu() for k, v in maps.items()}
            parts = [maps[k] for k in slip(BRANCHES, **ORDERS)]
            axis = slip(1, rows=2, columns=3, examples=0)
            return slip(lambda: torch.cat(parts, axis), added=lambda: sum(parts))()

    return Inception


ALONG = "the maps are joined along the {}: the channels are dim=1."
inception = Step(
    "Inception",
    _inception,
    _blocks((5, 3, 2, 4, 2, 3, 2), (4, 2, 3, 3, 2, 4, 3)),
    texts={
        k: f"the branches come in the order {', '.join(v)}." for k, v in ORDERS.items()
    }
    | {f"bare_{k}": f"the ReLU behind {k} is missing." for k in BRANCHES}
    | {
        k: f"the pooling has stride {s} and padding {p}: both 1 keep the size."
        for k, (s, p) in SMALLER.items()
    }
    | {
        "no_inner": "the ReLUs behind the reductions are missing.",
        "no_3": "the ReLU behind reduce3 is missing.",
        "no_outer": "the ReLUs at the ends of the branches are missing.",
        "no_pooling": "the pooling branch does not pool.",
        "mean": "the pooling branch takes the mean; it takes the maximum.",
        "zeros": "the pooling pads with zeros, which win where all is negative.",
        "pool_late": "the pooling comes behind its convolution; it comes before it.",
        "rows": ALONG.format("rows"),
        "columns": ALONG.format("columns"),
        "examples": ALONG.format("examples"),
        "added": "the branches are added; their maps are put one behind the other.",
    },
    demands={
        "max pooling 3×3": ["no_pooling", "mean", "zeros"],
        "with stride 1 and padding 1": list(SMALLER),
        "a ReLU follows **each** of the six": ["no_inner", "no_outer", "bare_pool"],
        "in the order of the table": list(ORDERS),
        "`n1 + n3 + n5 + n_pool` channels": ["added", "rows"],
    },
    **HOW,
    why="Four branches look at the same input with windows of different size, and all "
    "keep its height and width: then their maps can be put one behind the other as "
    "channels. The 1×1 convolutions before the large windows make them cheap, and are "
    "layers like others, with a ReLU. The next layer relies on the order of the maps.",
    see="Branches: the inception module",
    goal="say what each famous network added",
)


# --- DenseBlock -----------------------------------------------------------------------


def _dense(slip: Callable) -> type:
    import torch
    from torch import nn

    class DenseBlock(nn.Module):
        def __init__(self, n_in, growth, n_layers):
            super().__init__()
            widths = [n_in + k * growth for k in range(n_layers)]
            self.bns = nn.ModuleList(nn.BatchNorm2d(n) for n in widths)
            self.convs = nn.ModuleList(
                nn.Conv2d(n, growth, 3, padding=1, bias=False) for n in widths
            )

        def forward(self, x):
            given = x
            for bn, conv in zip(self.bns, self.convs, strict=True):
                x = slip(x, kept=x.relu())
                a = slip(bn(x).relu(), no_relu=bn(x), no_bn=x.relu())
                a = slip(a, early=bn(x.relu()))
                new = slip(conv(a), late=conv(bn(x)).relu(), relu_twice=conv(a).relu())
                parts = slip([x, new], in_front=[new, x], read=[a, new])
                made = x[:, given.shape[1] :]
                parts = slip(parts, between=[given, new, made])
                x = torch.cat(parts, 1)
            x = slip(x, only_new=x[:, given.shape[1] :], last=new)
            return slip(x, relu_end=x.relu())

    return DenseBlock


dense_block = Step(
    "DenseBlock",
    _dense,
    _blocks((4, 2, 3), (3, 3, 2)),
    texts={
        "kept": "ReLU changes the maps themselves (in place?): they stay as they were.",
        "read": "the maps are kept normalized and behind ReLU: they stay as they were.",
        "no_relu": "ReLU is missing: normalize, then ReLU, then convolve.",
        "early": "ReLU comes before the normalization; it comes behind it.",
        "no_bn": "the normalizations are not used.",
        "late": "ReLU comes behind the convolution; it comes before it.",
        "relu_twice": "a second ReLU comes behind the convolution: none is asked for.",
        "in_front": "the new maps come first; they are put behind the old ones.",
        "between": "new maps are put between the input's and those made before: last.",
        "only_new": "only the new maps came: the input's maps stay in front.",
        "last": "only the maps of the last layer came: all stay.",
        "relu_end": "a ReLU at the end is too much.",
    },
    demands={
        "puts them **behind** the others": ["in_front", "between"],
        "normalization, ReLU, 3×3 convolution": ["no_relu", "early", "late", "no_bn"],
        "the first `n_in` are `x` itself": ["only_new", "last", "kept", "read"],
    },
    **HOW,
    why="Nothing is overwritten: every layer reads all maps so far and adds a few. A "
    "layer comes as normalization, ReLU, convolution, for what it reads was made by "
    "many layers and needs a common scale first. The maps themselves stay bare; a ReLU "
    "that works in place would change them for all later layers.",
    see="Joined maps: DenseNet",
    goal="say what each famous network added",
)


# --- counts ---------------------------------------------------------------------------


def _count_inception(slip, n_in, n1, reduce3, n3, reduce5, n5, n_pool):
    areas = slip((9, 25), sides=(3, 5), all_1=(1, 1), both_9=(9, 9))
    areas = slip(areas, side_3=(3, 25), side_5=(9, 5))
    inputs, all_in = (reduce3, reduce5), (n_in, n_in)
    inputs = slip(inputs, no_reduction=all_in, unreduced=all_in)
    three, five = (a * n for a, n in zip(areas, inputs, strict=True))
    wide, ends = three * n3 + five * n5, n1 + n3 + n5 + n_pool
    pool, last = slip((n_pool, ends), no_pool=(0, ends - n_pool))
    pool = slip(pool, pool_9=9 * n_pool)
    small = slip(reduce3 + reduce5, no_small=0, no_reduction=0)
    biases = last + small
    each = n_in * (n1 + small + n_pool) + reduce3 * n3 + reduce5 * n5
    biases = slip(biases, no_bias=0, six=6, last_biases=ends, each_kernel=each)
    biases = slip(biases, bias_read=4 * n_in + reduce3 + reduce5)
    return float(n_in * (n1 + small + pool) + wide + biases)  # a float counts, too


def _inception_sizes(rng) -> Iterator[Case]:
    keys = ("n_in", "n1", "reduce3", "n3", "reduce5", "n5", "n_pool")
    drawn = [tuple(map(int, rng.integers(2, 90, 7))) for _ in range(3)]
    for sizes in ((192, 64, 96, 128, 16, 32, 32), *drawn):
        yield Case(str(sizes), dict(zip(keys, sizes, strict=True)))


inception_parameters = Step(
    "inception_parameters",
    _count_inception,
    _inception_sizes,
    texts={
        "sides": "a kernel is counted with its side, 3 or 5: it has 9 or 25 places.",
        "side_3": "three is counted with its side, 3: it has 9 places.",
        "side_5": "five is counted with its side, 5: it has 25 places.",
        "all_1": "the kernels are counted as 1×1: they have 9 and 25 places.",
        "both_9": "five is counted with 9 places: it has 25.",
        "no_reduction": "the reductions are left out, whose maps 3×3 and 5×5 read.",
        "unreduced": "3×3 and 5×5 are counted with n_in inputs: they read the reduced.",
        "pool_9": "the convolution behind the pooling is counted as 3×3: it is 1×1.",
        "no_pool": "the 1×1 convolution behind the pooling is missing.",
        "no_small": "the weights of the two reductions are missing.",
        "no_bias": "the biases are missing.",
        "six": "one bias for each convolution is counted: each of its maps has one.",
        "last_biases": "the biases of the reductions are missing.",
        "each_kernel": "each pair of maps gets a bias: only each map made has one.",
        "bias_read": "a bias is counted for each map read: each map made has one.",
    },
    demands={
        "weights and biases": ["no_bias", "six", "last_biases"],
        "of the six convolutions of step 3": ["no_reduction", "no_pool", "no_small"],
        "from the sizes alone": ["(192, 64, 96, 128, 16, 32, 32)"],
    },
    rtol=1e-12,
    atol=0,
    why="A kernel has a weight for each place of its window in each channel that it "
    "reads, and one bias. So a 5×5 layer costs 25 times its inputs for each map, and a "
    "1×1 layer before it, which makes the inputs few, pays for itself. Six layers: do "
    "not forget the one behind the pooling.",
    see="Branches: the inception module",
    goal="compute shapes, parameters and multiply–adds",
)


def _count_dense(slip, n_in, growth, n_layers):
    first, layers = slip(0, grown=1), slip(n_layers, one_more=n_layers + 1)
    step = slip(growth, same=0)
    widths = [n_in + (k + first) * step for k in range(layers)]
    learned = slip(2, no_norm=0, one=1, running=4)
    area, bias = slip(9, side=3, one_place=1), slip(0, biases=growth)
    norms = [slip(learned * w, of_growth=learned * growth) for w in widths]
    pairs = zip(norms, widths, strict=True)
    return float(sum(n + area * w * growth + bias for n, w in pairs))


def _dense_sizes(rng) -> Iterator[Case]:
    drawn = [tuple(map(int, rng.integers(2, 40, 3))) for _ in range(3)]
    for sizes in ((16, 8, 4), (64, 32, 6), *drawn):
        args = dict(zip(("n_in", "growth", "n_layers"), sizes, strict=True))
        yield Case(str(sizes), args)


dense_parameters = Step(
    "dense_parameters",
    _count_dense,
    _dense_sizes,
    texts={
        "grown": "the first layer reads n_in channels, not n_in + growth.",
        "one_more": "one layer too many is counted.",
        "same": "every layer reads n_in channels: later ones read more.",
        "no_norm": "the normalizations are missing: γ and β for each channel read.",
        "one": "a normalization has two learned numbers a channel, γ and β.",
        "running": "the running statistics are counted: they are not learned.",
        "of_growth": "a normalization is counted for the new maps: for those it reads.",
        "side": "a kernel is counted with its side 3: it has 9 places.",
        "one_place": "the kernels are counted as 1×1: they have 9 places.",
        "biases": "the convolutions have no biases.",
    },
    demands={
        "what the block of step 4 learns": ["biases", "same", "side"],
        "$\\gamma$ and $\\beta$ for each channel that it reads": ["one", "of_growth"],
        "its running statistics are not learned": ["running"],
        "from the sizes alone": ["(16, 8, 4)"],
    },
    rtol=1e-12,
    atol=0,
    why="Every layer reads all maps before it, so the layers grow: layer k reads n_in "
    "+ k · growth channels. Its normalization learns two numbers for each of them, its "
    "convolution nine weights for each pair of a channel and a new map. Running "
    "statistics are measured, not learned: no gradient reaches them.",
    see="Joined maps: DenseNet",
    goal="compute shapes, parameters and multiply–adds",
)


# --- compare --------------------------------------------------------------------------


def _share(slip, of, deep, shallow):
    """Return in which share of all pairs of seeds the deep network errs more."""
    larger = deep[:, None] > shallow[None, :]
    share = slip(larger.mean(), ties=(deep[:, None] >= shallow[None, :]).mean())
    share = slip(share, turned=(deep[:, None] < shallow[None, :]).mean())
    equal = deep[:, None] == shallow[None, :]
    share = slip(share, halves=(larger + equal / 2).mean())
    share = slip(share, median=float(np.median(deep) > np.median(shallow)))
    share = slip(share, mean=float(deep.mean() > shallow.mean()), count=larger.sum())
    share = slip(share, extremes=float(deep.min() > shallow.max()))
    same = min(len(deep), len(shallow))
    return slip(share, same=(deep[:same] > shallow[:same]).mean())


def _compare(slip, shallow, deep):
    train, test = (_share(slip, k, deep[k], shallow[k]) for k in range(2))
    all_train = slip(train == 1, most=train > 0.5, tested=test == 1)
    all_train = slip(all_train, both=train == test == 1)
    low_train = slip(train == 0, any_train=True, most=train < 0.5)
    low_train = slip(low_train, strict=bool(deep[0].max() < shallow[0].min()))
    all_test = slip(test == 1, most=test > 0.5, some=test > 0, no_test=True)
    verdict = -1 if low_train and all_test else 0
    verdict = 1 if all_train else slip(verdict, no_open=-1)
    verdict = slip(verdict, sign=-verdict)
    return slip((train, test, verdict), exchanged=(test, train, verdict))


def _errors(rng, n, low, high) -> np.ndarray:
    """Errors of n seeds between two whole percentages, all of them different."""
    return rng.permutation(np.arange(low, high + 1))[:n] / 100


def _compare_cases(rng) -> Iterator[Case]:
    draw = lambda n, low, high: _errors(rng, n, low, high)  # noqa: E731
    tie = (np.array([0.31, 0.28, 0.3]), np.array([0.33, 0.31, 0.35]))
    few = (np.array([0.3, 0.25, 0.31]), np.array([0.29, 0.21, 0.9]))
    for label, test, train in (
        ("worse in training and in test", 30, 40),
        ("better in training, worse in test", 30, 5),
        ("worse in training, better in test", 60, 40),
        ("better in both", 60, 5),
    ):
        nets = [[draw(5, n, n + 9) for n in net] for net in ((20, test), (train, 50))]
        yield Case(label, {"shallow": tuple(nets[0]), "deep": tuple(nets[1])})
    test = draw(3, 50, 59), draw(3, 70, 79)
    low = few[0], np.array([0.25, 0.21, 0.2])
    for label, train in (
        ("two seeds alike", tie),
        ("seeds that overlap", few),
        ("two seeds alike, all others better in training", low),
    ):
        nets = [(train[k], test[k]) for k in range(2)]
        yield Case(label, {"shallow": nets[0], "deep": nets[1]})
    overlap = np.array([0.5, 0.6, 0.55]), np.array([0.58, 0.61, 0.52])
    nets = [(draw(3, 30, 39), overlap[0]), (draw(3, 5, 14), overlap[1])]
    label = "better in training, test errors that overlap"
    yield Case(label, {"shallow": nets[0], "deep": nets[1]})
    nets = [(draw(n, 10, 40), draw(n, 20, 60)) for n in (4, 6)]
    yield Case("4 and 6 seeds", {"shallow": nets[0], "deep": nets[1]})


compare = Step(
    "compare",
    _compare,
    _compare_cases,
    ("train_share", "test_share", "verdict"),
    texts={
        "ties": "an equal error is counted as a larger one.",
        "halves": "equal errors count as half a pair: they are not larger.",
        "turned": "counted is where the shallow network errs more.",
        "median": "the medians are compared: every pair of seeds is to be.",
        "mean": "the means are compared: every pair of seeds is to be.",
        "extremes": "the share is only 0 or 1 here: count the pairs.",
        "no_open": "all but degradation is called overfitting: some leave it open.",
        "count": "a number of pairs came: divide it by how many there are.",
        "same": "each seed is compared with the same seed alone: all pairs count.",
        "most": "most pairs are enough for the verdict here: all are asked for.",
        "tested": "degradation is read from the test errors: it shows in training.",
        "both": "degradation is said only if the test error is larger, too.",
        "strict": "an equal training error leaves it open here: smaller or equal.",
        "no_test": "overfitting is said whatever the test error does.",
        "any_train": "overfitting is said whatever the training error does.",
        "some": "one pair of test errors is enough for overfitting here, not all.",
        "sign": "the two verdicts are exchanged: degradation shows in training.",
        "exchanged": "the shares are exchanged: that of training comes first.",
    },
    demands={
        "of all pairs of a deep and a shallow run": ["same", "median", "mean"],
        "the deep one has the *larger* error": [
            "ties",
            "halves",
            "turned",
            "count",
            "extremes",
        ],
        "if the training error is larger in every pair": ["tested", "most", "both"],
        "smaller or equal in every pair": ["any_train", "strict"],
        "the test error larger in every pair": ["some", "no_test"],
        "else 0: the runs leave it open": ["no_open"],
    },
    why="A larger test error alone says little: a network may not have learned, or may "
    "have learned by heart. The training error tells them apart. A deep network that "
    "errs more on its own training images could copy the shallow one and does not: "
    "its training failed. And a difference that some pairs of seeds turn around may "
    "be chance, so it carries no verdict.",
    see="Does it degrade here?",
    goal="tell degradation from overfitting, and compare networks under one budget",
    small=lambda: Case(
        "",
        {
            "shallow": (np.array([0.2, 0.3]), np.array([0.5, 0.4])),
            "deep": (np.array([0.25, 0.4]), np.array([0.6, 0.7])),
        },
    ),
)
