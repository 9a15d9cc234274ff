"""What is written down of a module: its layers, the sizes of its maps, its outputs.

An observer looks at the student's answer and at the reference in the same way (`Step`,
`observe`). PyTorch is imported when one runs: this file loads without it. `trainings`
has the observers of functions that take a model.

Under the grader a student's module is a handle of another process. It can be called,
loaded and hooked, but no gradient comes through it, and a mode such as `no_grad` does
not reach it.
"""

import functools
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .running import CheckFailed
from .values import Raised, form_fault, is_list, is_tensor, kind_of

# --- modules: layers ------------------------------------------------------------------


def shapes_of(model: Any) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a model's parameters by name, shared ones once."""
    return {name: tuple(value.shape) for name, value in model.named_parameters()}


def titled(shape: Sequence[int]) -> str:
    """Name a layer by the shape of its weights."""
    if len(shape) == 2:
        return f"Linear {shape[1]} → {shape[0]}"
    if len(shape) == 4 and shape[2] == shape[3]:
        return f"Conv2d {shape[1]} → {shape[0]}, {shape[2]}×{shape[3]}"
    return f"parameters of shape {tuple(shape)}"


def layers_fault(have: Mapping[str, tuple], need: Sequence[tuple]) -> str:
    """Say what is wrong with layers, or nothing.

    `have` holds shapes of parameters by name, `need` shapes alone: names and the order
    of definition are the student's choice.
    """
    if not have:
        return (
            "no layer is registered. Make the layers in __init__ and keep them as "
            "attributes of self; in a plain list or dict they are not found "
            "(nn.ModuleList is)."
        )
    came, asked = Counter(have.values()), Counter(need)
    missing, extra = list((asked - came).elements()), list((came - asked).elements())
    weights, others = ([s for s in shapes if len(s) > 1] for shapes in (missing, extra))
    for shape in weights:
        turned = (shape[1], shape[0], *shape[2:])
        if turned in others and turned != shape:
            return (
                f"{titled(turned)} has its sizes exchanged: the number of inputs comes "
                "first, the number of outputs second."
            )
    pairs = zip(weights, others, strict=False)
    texts = [f"{titled(e)} came for {titled(m)}" for m, e in pairs]
    texts += [f"{titled(m)} is missing" for m in weights[len(others) :]]
    texts += [f"{titled(e)} is one layer too many" for e in others[len(weights) :]]
    if not texts and missing:
        bare = [n[: -len(".weight")] for n, s in have.items() if s[:1] == missing[0]]
        texts = [f"the layer {bare[0]} has no biases" if bare else "biases are missing"]
    if not texts and extra:
        names = ", ".join(n for n, s in have.items() if s in extra)
        texts = [f"parameters of no layer that is asked for: {names}"]
    if not texts:
        return ""
    came = ", ".join(titled(s) for s in have.values() if len(s) > 1)
    total = sum(int(np.prod(s)) for s in have.values())
    return f"{'; '.join(texts)}. You have: {came}, with {total:,} parameters."


def built(factory: Callable, *sizes: int) -> Any:
    """Return the module that `factory` makes; of another thing say what it is."""
    import torch

    torch.default_generator.manual_seed(0)
    model = factory(*sizes)
    return model if isinstance(model, torch.nn.Module) else kind_of(model)


def _calls(model: Any) -> list[tuple[str, tuple, tuple]]:
    """Return a list that grows with each call of a layer: kind, shapes in and out."""
    from torch import nn

    calls: list = []
    kinds = {"layer": nn.Linear, "convolution": nn.Conv2d}
    kinds |= {"pooling": (nn.MaxPool2d, nn.AvgPool2d)}
    for _, part in model.named_modules():
        for kind in (k for k, classes in kinds.items() if isinstance(part, classes)):

            def note(_, args, out, kind=kind):
                calls.append((kind, *(tuple(v.shape) for v in (*args[:1], out))))

            part.register_forward_hook(note)
    return calls


def _sizes(model: Any, case: Any) -> list[str]:
    """Say which convolutions and poolings make maps of another size than asked for.

    ``case.args["_maps"]`` has (kind, f, s, p, side) for each in their order. Right is
    what makes that side, or what it should of the maps that it gets.
    """
    import torch

    calls, faults = _calls(model), []
    try:
        model.eval()(torch.tensor(case.args["x"], dtype=torch.float32))
    except Exception as error:  # the forward pass is another step's
        del error
    for kind in ("convolution", "pooling"):
        asked = [m[1:] for m in case.args["_maps"] if m[0] == kind]
        sides = [(c[1][-1], c[2][-1]) for c in calls if c[0] == kind]
        for k, ((f, s, p, right), (n, side)) in enumerate(
            zip(asked, sides, strict=False)
        ):
            if side not in (right, (n + 2 * p - f) // s + 1):
                faults.append(
                    f"the {('first', 'second', 'third')[k]} {kind} makes {side}×{side} "
                    f"of {n}×{n}: windows of {f}×{f}, stride {s} and padding {p} are "
                    "asked for."
                )
    return faults


def layers(free: Callable, replay: Callable, case: Any) -> dict:
    """Observe which layers a module has; with `_maps` also the sizes of its maps."""
    model = built(replay, *case.args.get("_sizes", ()))
    if isinstance(model, str):
        return {"layers": model}
    shapes = shapes_of(model)
    seen = {"layers": sorted(shapes.values()), "_shapes": shapes}
    inputs = [s[1] for s in shapes.values() if len(s) == 2]
    if "_maps" in case.args and case.args["_inputs"] in inputs:
        seen["sizes"] = _sizes(model, case)
    return seen


# --- modules: outputs -----------------------------------------------------------------


def seeded(shapes: Mapping[str, tuple]) -> dict[str, np.ndarray]:
    """Return values for parameters that depend on their shapes alone, not to change."""
    return _seeded(tuple(shapes.items()))


@functools.lru_cache(maxsize=8)
def _seeded(shapes: tuple) -> dict[str, np.ndarray]:
    values, count = {}, Counter()
    for name, shape in shapes:
        rng = np.random.default_rng(zlib.crc32(f"{shape}{count[shape]}".encode()))
        count[shape] += 1
        scale = 2 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.5
        values[name] = rng.normal(0, scale, shape).astype(np.float32)
    return values


def evaluated(model: Any, x: Any) -> dict:
    """Observe what a module makes of `x` in evaluation mode, or its exception."""
    import torch

    given = x.clone()
    try:
        out = model.eval()(given)
    except NotImplementedError:
        raise
    except Exception as error:
        return {"outputs": Raised(f"{type(error).__name__}: {error}")}
    return {
        "outputs": out.detach().cpu().numpy() if is_tensor(out) else out,
        "graph": is_tensor(out) and out.requires_grad,
        "changed": [] if torch.equal(x, given) else ["x"],
        "draws": _draws(model.train(), x),
    }


def _draws(model: Any, x: Any) -> bool:
    """Tell whether two passes give two results, as with dropout in training mode."""
    import torch

    try:
        with torch.no_grad():
            first, second = model(x[:2].clone()), model(x[:2].clone())
        return not torch.allclose(first, second, equal_nan=True)
    except Exception:  # such as batch normalization of one example
        return False


def draws_fault(got: dict, want: dict) -> str:
    """Say what is wrong with passes in training mode, where a `module_fact` ends."""
    if got.get("draws") == want.get("draws"):
        return ""
    if got.get("draws"):
        return "in training mode outputs are drawn at random: no dropout is asked for."
    return "in training mode nothing is drawn at random: the dropout is missing."


def module(free: Callable, replay: Callable, case: Any) -> dict:
    """Observe a module with seeded weights: its outputs in evaluation mode.

    Notes (with _) serve facts: the shapes of the parameters, the calls of layers.
    """
    import torch

    model = built(replay, *case.args.get("_sizes", ()))
    if isinstance(model, str):
        return {"layers": model}
    shapes = shapes_of(model)
    values = {n: torch.tensor(v) for n, v in seeded(shapes).items()}
    model.load_state_dict(values, strict=False)
    seen = {"layers": sorted(shapes.values()), "_shapes": shapes}
    seen["_calls"] = _calls(model)
    seen |= evaluated(model, torch.tensor(case.args["x"], dtype=torch.float32))
    if isinstance(seen["outputs"], Raised):  # what was reached tells where it failed
        reached = [out for kind, _, out in seen["_calls"] if kind != "pooling"]
        seen["reached"] = reached
    return seen


def module_fact(got: dict, want: dict) -> str:
    """Say what is wrong with layers, sizes, form or gradients: never a guess."""
    if "_shapes" not in got:
        return (
            f"a torch.nn.Module is expected; {got['layers']} came. Does the class "
            "inherit from nn.Module, or is a return missing?"
        )
    if fault := layers_fault(got["_shapes"], list(want["_shapes"].values())):
        return fault
    if got.get("sizes"):
        return got["sizes"][0]
    out, right = got.get("outputs"), want.get("outputs")
    if right is None or isinstance(out, Raised):
        return ""
    if fault := form_fault(out, right):
        return fault[1]
    if not got["graph"] and np.allclose(out, right, 1e-4, 1e-5):
        return "the outputs are right, but no gradient reaches the layers."
    return draws_fault(got, want)


# --- activations and outputs, with what learners put in their place -----------------

ACTIVATIONS = {
    "none": ("no activation", lambda z: z),
    "relu": ("ReLU", lambda z: z.clamp(min=0)),
    "sigmoid": ("the sigmoid", lambda z: z.sigmoid()),
    "tanh": ("tanh", lambda z: z.tanh()),
    "leaky": ("a leaky ReLU", lambda z: z.clamp(min=0.01 * z)),
    "softmax": ("softmax", lambda z: z.softmax(-1)),
}


def activated(slip: Callable, z: Any, where: str, asked: str, used: str = "") -> Any:
    """Return the activation of z; the slips are named ``{where}_relu`` and so on."""
    others = {k: f for k, (_, f) in ACTIVATIONS.items() if k != asked}
    wrong = {f"{where}_{k}": functools.partial(f, z) for k, f in others.items()}
    return slip(ACTIVATIONS[used or asked][1](z), **wrong)


def activation_texts(where: str, layer: str, asked: str) -> dict[str, str]:
    """Return the texts for the slips of `activated`."""
    name = ACTIVATIONS[asked][0]
    texts = {
        f"{where}_{kind}": f"{other} follows {layer}; {name} is asked for."
        for kind, (other, _) in ACTIVATIONS.items()
        if kind != asked
    }
    return texts | {f"{where}_none": f"{name} after {layer} is missing."}


LOGITS = {
    "out_softmax": "the outputs are softmax; the plain sums z are asked for.",
    "out_log": "the outputs are log-softmax; the plain sums z are asked for.",
    "out_relu": "the outputs are ReLU: the output layer has no activation.",
    "out_sigmoid": "the outputs are sigmoids: the output layer has no activation.",
    "out_tanh": "the outputs are tanh: the output layer has no activation.",
    "out_argmax": "the outputs are class numbers (argmax), not one value a class.",
}
LOG_PROBABILITIES = {
    "out_none": "the outputs are the plain sums z (logits): log-softmax is missing.",
    "out_softmax": "the outputs are softmax; log-softmax is asked for.",
    "out_sigmoid": "the outputs are sigmoids; log-softmax is asked for.",
    "out_log_sigmoid": "the outputs are logarithms of sigmoids, which do not sum to 1; "
    "log-softmax is asked for.",
    "out_examples": "log-softmax runs over the examples of the batch; the classes are "
    "dim=1.",
    "out_softmax_0": "softmax over the examples of the batch; log-softmax over the "
    "classes, dim=1, is asked for.",
    "out_argmax": "the outputs are class numbers (argmax), not one value a class.",
    "out_minus": "the sign of the outputs is wrong: these are −log p.",
    "out_log10": "the logarithm has base 10, not e.",
    "before_relu": "ReLU comes between the last layer and log-softmax.",
    "before_sigmoid": "the sigmoid comes between the last layer and log-softmax.",
    "before_tanh": "tanh comes between the last layer and log-softmax.",
    "before_softmax": "softmax comes before log-softmax, which contains it.",
    "after_relu": "ReLU comes after log-softmax, which makes every output 0.",
    "after_sigmoid": "the sigmoid comes after log-softmax.",
}


def logits(slip: Callable, z: Any) -> Any:
    """Return z; the slips and their texts are in `LOGITS`."""
    out = slip(z, out_softmax=z.softmax(-1), out_log=z.log_softmax(-1))
    out = slip(out, out_relu=z.clamp(min=0), out_sigmoid=z.sigmoid())
    return slip(out, out_tanh=z.tanh(), out_argmax=lambda: z.argmax(1))


def log_probabilities(slip: Callable, z: Any) -> Any:
    """Return log-softmax of z; the slips and texts are in `LOG_PROBABILITIES`."""
    z = slip(z, before_relu=z.clamp(min=0), before_sigmoid=z.sigmoid())
    z = slip(z, before_tanh=z.tanh(), before_softmax=z.softmax(-1))
    log_p = z.log_softmax(1)
    out = slip(log_p, out_none=z, out_softmax=z.softmax(1), out_sigmoid=z.sigmoid())
    out = slip(out, out_log_sigmoid=z.sigmoid().log(), out_examples=z.log_softmax(0))
    out = slip(out, out_softmax_0=z.softmax(0), out_argmax=lambda: z.argmax(1))
    out = slip(out, out_minus=-log_p, out_log10=log_p / np.log(10))
    return slip(out, after_relu=0 * log_p, after_sigmoid=log_p.sigmoid())


# --- functions of tensors -------------------------------------------------------------


def tensor(value: Any) -> Any:
    """Return an array as a tensor: float32 or whole numbers; other things as is."""
    import torch

    if not isinstance(value, np.ndarray):
        return value
    return torch.tensor(value, dtype=torch.float32 if value.dtype.kind == "f" else None)


def on_tensors(function: Callable, args: Sequence) -> Any:
    """Call a function with tensors in place of arrays; what it changes, changes there.

    The tensors share the arrays' memory, but have a shape of their own.
    """
    import torch

    given = [torch.from_numpy(a) if isinstance(a, np.ndarray) else a for a in args]
    value = function(*given)
    for old, new in zip(args, given, strict=True):
        if isinstance(old, np.ndarray) and new.shape != old.shape:
            old.resize(new.shape, refcheck=False)
    return value


def with_arrays(name: str, function: Callable, given: bool = False) -> Callable:
    """Return a function of tensors as one of arrays, which a `Step` judges best.

    Its results must be tensors, float32 where they are no whole numbers. With `given`
    its arguments become tensors, too.

    Raises
    ------
    CheckFailed
        By a call: an array came, or numbers of another type.
    """
    import torch

    def array(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            text = "a NumPy array came; a torch tensor is expected."
            raise CheckFailed(f"✗ {name}: {text}\nLikely mistake: {text}")
        if is_tensor(value) and value.dtype in (torch.float64, torch.float16):
            raise CheckFailed(
                f"✗ {name}: the tensor is {value.dtype}; torch.float32 is expected.\n"
                "Likely mistake: the weights of a layer are torch.float32, and so must "
                "its inputs be."
            )
        return value.detach().cpu().numpy() if is_tensor(value) else value

    def call(*args: Any) -> Any:
        value = on_tensors(function, args) if given else function(*args)
        return tuple(map(array, value)) if is_list(value) else array(value)

    return call
