"""Checks of a network's architecture: which layers it has, and what it computes.

A check writes the network that is asked for as a list of steps, and asks two things::

    NET = (
        "flatten",
        Linear(784, 128), "sigmoid",
        Linear(128, 64), "relu",
        Linear(64, 10), "log_softmax",
    )
    model = build("Net", Net)                       # Net: the student's class
    same_layers("Net", model, NET)                  # shapes, biases, count, by layer
    same_outputs("Net", model, NET, {"5 images": x}, seed)  # against NumPy

`same_layers` matches layers by the shapes of their weights, so that any names and any
order of definition will do (layers of equal shape are taken in order of definition).
`same_outputs` loads seeded weights into the student's model, puts it into eval mode
and compares with `forward`, the same network in NumPy. If they differ, it looks for
the network that the student wrote instead: `variants` makes those with a missing,
another, an exchanged or an additional activation, and with another output. More of
them are passed as ``more={"what is wrong": steps}``.

Steps are `Linear`, `Conv2d`, `Pool`, ``"flatten"`` and the names of `ACTIVATIONS`.
A convolutional network reads::

    CNN = (
        Conv2d(1, 6, kernel=4), "relu", Pool(2, padding=1),
        Conv2d(6, 16, kernel=2), "relu", Pool(2, padding=1),
        "flatten",
        Linear(784, 120), "relu",
        Linear(120, 10), "log_softmax",
    )

A missing padding or a wrong pooling changes sizes, and then the student's forward pass
raises an exception: the message lists the shapes that should occur (`sizes`).

The model is only called and asked for its state, never inspected, so the checks also
work where grading sees it as a handle.
"""

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .core import Case, CheckFailed, call, verify

# --- the steps of a network ----------------------------------------------------------


@dataclass(frozen=True)
class Linear:
    """A layer with the weights (n_out, n_in) and the biases (n_out,)."""

    n_in: int
    n_out: int

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the weights."""
        return self.n_out, self.n_in

    def __str__(self) -> str:
        return f"Linear {self.n_in} → {self.n_out}"

    def __call__(self, a: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a @ W.T + b  # (m, n_out)


@dataclass(frozen=True)
class Conv2d:
    """A convolutional layer with the weights (n_out, n_in, kernel, kernel)."""

    n_in: int
    n_out: int
    kernel: int
    stride: int = 1
    padding: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the weights."""
        return self.n_out, self.n_in, self.kernel, self.kernel

    def __str__(self) -> str:
        return f"Conv2d {self.n_in} → {self.n_out}, {self.kernel}×{self.kernel}"

    def __call__(self, a: np.ndarray, W: np.ndarray, b: np.ndarray) -> np.ndarray:
        windows = _windows(a, self.kernel, self.stride, self.padding, 0.0)
        z = np.einsum("mchwij,ocij->mohw", windows, W, optimize=True)
        return z + b[:, None, None]  # (m, n_out, height, width)


@dataclass(frozen=True)
class Pool:
    """Pooling by the maximum, or by the mean; `stride` defaults to `size`."""

    size: int
    stride: int = 0
    padding: int = 0
    mean: bool = False

    def __str__(self) -> str:
        return f"{'mean' if self.mean else 'max'} pooling {self.size}×{self.size}"

    def __call__(self, a: np.ndarray) -> np.ndarray:
        fill = 0.0 if self.mean else -np.inf
        stride = self.stride or self.size
        windows = _windows(a, self.size, stride, self.padding, fill)
        return (np.mean if self.mean else np.max)(windows, axis=(-2, -1))


def _windows(a: np.ndarray, size: int, stride: int, padding: int, fill: float):
    """Return the windows of images (m, c, h, w): (m, c, h_out, w_out, size, size)."""
    edge = (padding, padding)
    a = np.pad(a, ((0, 0), (0, 0), edge, edge), constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(a, (size, size), axis=(2, 3))
    return view[:, :, ::stride, ::stride]


def _log_softmax(z: np.ndarray, axis: int = 1) -> np.ndarray:
    z = z - z.max(axis=axis, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=axis, keepdims=True))


# name in a list of steps: name in a message, function of z
ACTIVATIONS: dict[str, tuple[str, Callable]] = {
    "none": ("no activation", lambda z: z),
    "sigmoid": ("the sigmoid", lambda z: 0.5 * (1 + np.tanh(0.5 * z))),
    "relu": ("ReLU", lambda z: np.maximum(z, 0)),
    "tanh": ("tanh", np.tanh),
    "leaky_relu": ("a leaky ReLU", lambda z: np.where(z > 0, z, 0.01 * z)),
    "log_sigmoid": ("the logarithm of the sigmoid", lambda z: -np.logaddexp(0, -z)),
    "softmax": ("softmax", lambda z: np.exp(_log_softmax(z))),
    "log_softmax": ("log-softmax", _log_softmax),
    "softmax_0": ("softmax over dim=0", lambda z: np.exp(_log_softmax(z, 0))),
    "log_softmax_0": ("log-softmax over dim=0", lambda z: _log_softmax(z, 0)),
    "argmax": ("the index of the largest output", lambda z: z.argmax(axis=1)),
}
HIDDEN = ("none", "sigmoid", "relu", "tanh", "leaky_relu", "log_softmax", "softmax")
OUTPUT = ("none", "log_softmax", "softmax", "relu", "sigmoid", "tanh", "log_sigmoid")
OVER_EXAMPLES = ("log_softmax_0", "softmax_0")
Step = Linear | Conv2d | Pool | str


def layers(steps: Sequence[Step]) -> list[Linear | Conv2d]:
    """Return the steps that have weights."""
    return [step for step in steps if isinstance(step, Linear | Conv2d)]


def count(steps: Sequence[Step]) -> int:
    """Return the number of weights and biases."""
    return sum(int(np.prod(step.shape)) + step.shape[0] for step in layers(steps))


def seeded(steps: Sequence[Step], seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return weights and biases (W, b) for each layer, float32, of middling size."""
    rng = np.random.default_rng(seed)
    parameters = []
    for step in layers(steps):
        scale = 2 / np.sqrt(np.prod(step.shape[1:]))
        W = rng.normal(0, scale, step.shape)
        b = rng.normal(0, 0.5, step.shape[0])
        parameters.append((W.astype(np.float32), b.astype(np.float32)))
    return parameters


def forward(steps: Sequence[Step], parameters: Sequence, x: np.ndarray) -> np.ndarray:
    """Return the network's outputs for a batch `x`, in double precision."""
    return _stages(steps, parameters, x)[-1]


def sizes(steps: Sequence[Step], x: np.ndarray) -> list[tuple[str, tuple[int, ...]]]:
    """Return (step, shape after it) for each step, e.g. to explain an exception."""
    stages = _stages(steps, seeded(steps, 0), x)
    names = [ACTIVATIONS[s][0] if s in ACTIVATIONS else str(s) for s in steps]
    return [(name, a.shape) for name, a in zip(names, stages, strict=True)]


def _stages(steps, parameters, x) -> list[np.ndarray]:
    a, stages, rest = np.asarray(x, dtype=float), [], iter(parameters)
    for step in steps:
        if isinstance(step, Linear | Conv2d):
            W, b = next(rest)
            a = step(a, np.asarray(W, float), np.asarray(b, float))
        elif isinstance(step, Pool):
            a = step(a)
        elif step == "flatten":
            a = a.reshape(len(a), -1)
        else:
            a = ACTIVATIONS[step][1](a)
        stages.append(a)
    return stages


# --- the student's model: its layers -------------------------------------------------


def build(name: str, factory: Callable, *args: Any) -> Any:
    """Return `factory(*args)`, which must be a `torch.nn.Module`.

    Raises
    ------
    CheckFailed
        It raises an exception, or returns something else.
    """
    import torch

    try:
        model = call(factory, *args, name=name)
    except CheckFailed as failure:
        if "before Module.__init__" not in str(failure):
            raise
        raise CheckFailed(
            f"{failure}\nLikely mistake: __init__ does not begin with "
            "super().__init__()."
        ) from None
    if not isinstance(model, torch.nn.Module):
        raise CheckFailed(
            f"✗ {name}: a torch.nn.Module is expected, a {type(model).__name__} came.\n"
            "Likely mistake: the class does not inherit from nn.Module, or a return is "
            "missing."
        )
    return model


def same_layers(name: str, model: Any, steps: Sequence[Step]) -> list[str]:
    """Check that the model has the layers of `steps`, and no other parameters.

    Returns
    -------
    list of str
        The names that the student gave to the layers, in the order of `steps`.

    Raises
    ------
    CheckFailed
        A layer is missing, has other sizes, lacks its biases, or is one too many.
    """
    wanted = layers(steps)
    shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
    trained = [key for key, _ in model.named_parameters()]
    found = {
        key.removesuffix(".weight"): shapes[key]
        for key in trained
        if key.endswith(".weight") and len(shapes[key]) in (2, 4)
    }
    if fault := _fault(found, trained, shapes, wanted):
        total = sum(int(np.prod(shapes[key])) for key in trained)
        have = "; ".join(f"{_title(s)} ({n})" for n, s in found.items()) or "none"
        raise CheckFailed(
            f"✗ {name}: the layers are not those asked for.\n"
            f"Likely mistake: {fault}\n"
            f"expected  {'; '.join(map(str, wanted))}: {count(steps):,} parameters\n"
            f"got       {have}: {total:,} parameters"
        )
    free = dict(found)
    names = []
    for step in wanted:
        names.append(next(n for n, shape in free.items() if shape == step.shape))
        del free[names[-1]]
    _same_settings(name, model, dict(zip(names, wanted, strict=True)))
    return names


def _title(shape: tuple[int, ...]) -> str:
    step = Linear(*shape[::-1]) if len(shape) == 2 else Conv2d(shape[1], *shape[::2])
    return f"{step}" if len(shape) == 2 or shape[2] == shape[3] else f"Conv2d {shape}"


def _fault(found: Mapping, trained: Sequence, shapes: Mapping, wanted: list) -> str:
    """Say what is wrong with the layers, or nothing."""
    if not trained:
        return (
            "no layer is registered. Make the layers in __init__ and keep them as "
            "attributes of self; in a plain list or dict they are not found "
            "(nn.ModuleList is)."
        )
    need = Counter(step.shape for step in wanted)
    have = Counter(found.values())
    missing, extra = list((need - have).elements()), list((have - need).elements())
    for shape in missing:
        turned = (shape[1], shape[0], *shape[2:])
        if turned in extra and turned != shape:
            return (
                f"{_title(turned)} has its sizes exchanged: the number of inputs comes "
                "first, the number of outputs second."
            )
    if missing and extra:
        pairs = zip(missing, extra, strict=False)
        texts = [f"{_title(e)} came for {_title(m)}" for m, e in pairs]
        texts += [f"{_title(m)} is missing" for m in missing[len(extra) :]]
        texts += [f"{_title(e)} is one too many" for e in extra[len(missing) :]]
        return "; ".join(texts) + "."
    if missing:
        return f"{' and '.join(map(_title, missing))} is missing."
    if extra:
        return f"{' and '.join(map(_title, extra))} is one layer too many."
    bare = [n for n in found if f"{n}.bias" not in trained]
    if bare:
        return f"the layer {_title(found[bare[0]])} ({bare[0]}) has no biases."
    known = {f"{n}.{part}" for n in found for part in ("weight", "bias")}
    other = [f"{key} {shapes[key]}" for key in trained if key not in known]
    return f"parameters of no layer that is asked for: {', '.join(other)}." * bool(
        other
    )


def _same_settings(name: str, model: Any, steps: Mapping[str, Step]) -> None:
    """Check stride and padding of the convolutions, which leave no trace in shapes."""
    modules = dict(model.named_modules())
    for key, step in steps.items():
        if not isinstance(step, Conv2d) or key not in modules:
            continue
        for setting in ("stride", "padding"):
            got, want = getattr(modules[key], setting, None), getattr(step, setting)
            if got is not None and got not in (want, (want, want), [want, want]):
                raise CheckFailed(
                    f"✗ {name}: {step} ({key}) has the wrong {setting}.\n"
                    f"expected  {setting} {want}\ngot       {setting} {got}"
                )


# --- the student's model: its outputs ------------------------------------------------


def same_outputs(
    name: str,
    model: Any,
    steps: Sequence[Step],
    inputs: Mapping[str, np.ndarray],
    seed: int,
    more: Mapping[str, Sequence[Step]] | None = None,
) -> None:
    """Check the outputs of the model in eval mode against NumPy, with seeded weights.

    Parameters
    ----------
    name : str
        What the message calls the model.
    model : torch.nn.Module
        As returned by `build`; it keeps the loaded weights.
    steps : sequence
        The network that is asked for.
    inputs : mapping
        Batches (m, …) of float32 by their label. At least one should have m > 1, so
        that a softmax over the wrong dimension shows.
    seed : int
        Of the weights.
    more : mapping, optional
        Wrong networks besides `variants`: their steps by what is wrong with them. They
        must have the layers of `steps`, in the same order.

    Raises
    ------
    CheckFailed
        The layers or the outputs differ; the message names the network that it is.
    """
    import torch

    names = same_layers(name, model, steps)
    parameters = seeded(steps, seed)
    state = {}
    for key, (W, b) in zip(names, parameters, strict=True):
        state[f"{key}.weight"], state[f"{key}.bias"] = map(torch.tensor, (W, b))
    model.load_state_dict(state, strict=False)  # buffers stay as they are
    model.eval()
    parameters = [(W.astype(float), b.astype(float)) for W, b in parameters]
    wrong = {**(more or {}), **dict(variants(steps))}
    try:
        verify(
            f"{name}, outputs",
            functools.partial(_outputs, model),
            [Case(label, {"x": np.float32(x)}) for label, x in inputs.items()],
            lambda x: forward(steps, parameters, x),
            mistakes=[
                (text, lambda x, other=other: forward(other, parameters, x))
                for text, other in wrong.items()
            ],
            rtol=1e-4,
            atol=1e-5,
        )
    except CheckFailed as failure:
        if not re.search(r"Error: .*(shape|size|dimension)", str(failure)):
            raise
        x = next(iter(inputs.values()))
        rows = [f"  {text:20s} {shape}" for text, shape in sizes(steps, x)]
        table = "\n".join(["Shapes that should occur:", f"  {x.shape}", *rows])
        raise CheckFailed(f"{failure}\n{table}") from None


def _outputs(model: Any, x: np.ndarray) -> Any:
    """Return what the model makes of `x`, as an array if it is a tensor."""
    import torch

    with torch.no_grad():
        a = model(torch.tensor(x))
    return a.detach().cpu().numpy() if isinstance(a, torch.Tensor) else a


def variants(steps: Sequence[Step]) -> Iterator[tuple[str, tuple[Step, ...]]]:
    """Yield (what is wrong, steps) for the networks that are written by mistake.

    First one wrong activation or a wrong output, then two slips at a time.
    """
    steps = tuple(steps)
    hidden = dict(_hidden_slips(steps))
    output = dict(_output_slips(steps))
    body = len(steps) - (steps[-1] in ACTIVATIONS)
    for text, other in hidden.items():
        yield text, other
    for text, tail in output.items():
        yield text, steps[:body] + tail
    for first, other in hidden.items():
        for second, tail in output.items():
            yield f"{first} Moreover, {second}", other[:body] + tail


def _hidden_slips(steps: tuple) -> Iterator[tuple[str, tuple]]:
    """Yield slips in the hidden activations; "none" keeps the places of the steps."""
    places = [i for i, s in enumerate(steps[:-1]) if s in ACTIVATIONS]

    def after(i: int) -> str:
        return f"after {next(s for s in steps[i::-1] if s not in ACTIVATIONS)}"

    for i in places:
        asked = ACTIVATIONS[steps[i]][0]
        for kind in HIDDEN:
            if kind == steps[i]:
                continue
            other = (*steps[:i], kind, *steps[i + 1 :])
            if kind == "none":
                yield f"{asked} {after(i)} is missing.", other
            else:
                yield f"{ACTIVATIONS[kind][0]} comes {after(i)}, not {asked}.", other
    for k, i in enumerate(places):
        for j in places[k + 1 :]:
            if steps[i] != steps[j]:
                other = list(steps)
                other[i], other[j] = steps[j], steps[i]
                a, b = ACTIVATIONS[steps[i]][0], ACTIVATIONS[steps[j]][0]
                text = f"the activations are exchanged: {b} comes {after(i)}, {a} "
                yield text + f"{after(j)}.", tuple(other)
    if len(places) > 1:
        for kind in HIDDEN:
            other = tuple(kind if i in places else s for i, s in enumerate(steps))
            what = ACTIVATIONS[kind][0]
            if other != steps:
                yield f"{what} follows all hidden layers.", other


def _output_slips(steps: tuple) -> Iterator[tuple[str, tuple]]:
    """Yield slips at the output: the steps that come after the last layer."""
    asked = steps[-1] if steps[-1] in ACTIVATIONS else "none"
    name = ACTIVATIONS[asked][0]
    wanted = f"{name} is asked for" if asked != "none" else "the plain sum z is"
    for kind in OUTPUT:
        if kind == asked:
            continue
        if kind == "none":
            text = f"the outputs are the plain sums z (logits): {name} is missing."
            yield text, ("none",)
        else:
            yield f"the outputs are {ACTIVATIONS[kind][0]}: {wanted}.", (kind,)
    for kind in OVER_EXAMPLES:
        text = (
            f"{ACTIVATIONS[kind][0]} runs over the examples of the batch; the classes "
            "are dim=1."
        )
        yield text, (kind,)
    yield "the outputs are class numbers (argmax), not one value a class.", ("argmax",)
    if asked == "none":
        return
    for kind in ("relu", "sigmoid", "tanh", "softmax"):
        what = ACTIVATIONS[kind][0]
        yield f"{what} comes between the last layer and {name}.", (kind, asked)
        lost = ", which makes every output 0." if kind == "relu" else "."
        yield f"{what} comes after {name}{lost}", (asked, kind)
