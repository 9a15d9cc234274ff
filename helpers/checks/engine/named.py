"""What is written down of a module whose layers the task names.

Its parameters get values that depend on their names: layers of equal shape are told
apart. PyTorch is imported when one runs: this file loads without it.
"""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .observers import built, draws_fault, evaluated, shapes_of, tensor
from .values import Raised, form_fault


def _seeded(shapes: Mapping[str, tuple]) -> dict[str, np.ndarray]:
    """Return values for parameters; gains of norms lie around 1."""
    values = {}
    for name, shape in shapes.items():
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        size = 1 / np.sqrt(shape[-1]) if len(shape) > 1 else 0.4
        gain = "norm" in name and name.endswith("weight")
        values[name] = (rng.normal(0, size, shape) + gain).astype(np.float32)
    return values


def named(free: Callable, replay: Callable, case: Any) -> dict:
    """Observe a module: the shapes of its parameters by name, its outputs."""
    import torch

    model = built(replay, *case.args["_sizes"])
    if isinstance(model, str):
        return {"layers": model}
    shapes = shapes_of(model)
    seen: dict = {"layers": shapes}
    values = {n: torch.tensor(v) for n, v in _seeded(shapes).items()}
    model.load_state_dict(values, strict=False)
    return seen | evaluated(model, tensor(case.args["x"]))


def named_fact(got: dict, want: dict) -> str:
    """Say what is wrong with the layers or the form: never a guess."""
    have, need = got["layers"], want["layers"]
    if isinstance(have, str):
        return (
            f"a torch.nn.Module is expected; {have} came. Does the class inherit from "
            "nn.Module, or is a return missing?"
        )
    if not have:
        return (
            "no layer is registered. Make the layers in __init__ and keep them as "
            "attributes of self (many in an nn.ModuleList)."
        )
    for name, shape in need.items():
        layer, _, part = name.rpartition(".")
        if not any(n.startswith(f"{layer}.") for n in have):
            there = ", ".join(dict.fromkeys(n.rpartition(".")[0] for n in have))
            once = "one that stands in two places counts once"
            return f"no layer has the name {layer}. There are ({once}): {there}."
        if name not in have:
            return f"the layer {layer} has no {part}."
        if have[name] != shape:
            return f"{name} has the shape {have[name]}; asked for is {shape}."
    if extra := [n for n in have if n not in need]:
        return f"{extra[0]} is one too many: no such layer is asked for."
    if isinstance(got["outputs"], Raised):
        return ""
    if fault := form_fault(got["outputs"], want["outputs"]):
        return fault[1]
    if not got["graph"]:
        return "no gradient reaches the layers."
    return draws_fault(got, want)
