"""What a call changes in its arguments: brought over, and undone after a check."""

import copy
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import numpy as np

from grader.isolated.frames import WireError


class Loans:
    """The course's own data, which a check lends to the student's code."""

    def __init__(self) -> None:
        self.course: dict[str, Any] = {}
        self.lent: dict[int, list] | None = None
        self.copies: dict[int, tuple[Any, Any]] = {}

    def keep(self, value: Any) -> None:
        """Keep a copy of the course's data before the student's code changes them."""
        if self.lent is None:
            self.lent = _by_memory(self.course.values())
        for place in _memory(value) & self.lent.keys():
            for held in self.lent[place]:
                if id(held) not in self.copies:
                    self.copies[id(held)] = held, _copy(held)

    def restore(self) -> None:
        """Bring the course's data back to what they were before the check."""
        for held, before in self.copies.values():
            update(held, before)
        self.lent, self.copies = None, {}


def update(old: Any, new: Any) -> None:
    """Make the mutable `old` equal to `new`, in place, as the callee left it."""
    if isinstance(old, np.ndarray) and isinstance(new, np.ndarray):
        if old.shape != new.shape:  # `resize` would free memory that views still use
            raise WireError("an array that was an argument has another shape now")
        old[...] = new
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) == len(new):
            new = [_updated(o, n) for o, n in zip(old, new, strict=True)]
        old[:] = new
    elif isinstance(old, dict) and isinstance(new, dict):
        merged = {k: _updated(old[k], v) if k in old else v for k, v in new.items()}
        old.clear()
        old.update(merged)
    elif isinstance(old, set) and isinstance(new, set):
        old.clear()
        old.update(new)
    elif isinstance(old, np.random.Generator) and isinstance(new, np.random.Generator):
        old.bit_generator.state = new.bit_generator.state
    elif isinstance(old, tuple) and isinstance(new, tuple):
        for o, n in zip(old, new, strict=False):
            update(o, n)
    elif _of_torch(old):
        _update_torch(old, new)


def _updated(old: Any, new: Any) -> Any:
    """Return `old` brought to `new` where it can be, else `new`."""
    mutable = (np.ndarray, list, dict, set, np.random.Generator)
    if isinstance(old, mutable) and isinstance(new, type(old)):
        if isinstance(old, np.ndarray) and old.dtype != new.dtype:
            return new
        update(old, new)
        return old
    return new


def _update_torch(old: Any, new: Any) -> None:
    import torch

    if isinstance(old, torch.nn.Module) and isinstance(new, dict):
        old.load_state_dict(new["state"])
        old.train(new["training"])
        set_gradients(old, new["gradients"])
    elif isinstance(old, torch.optim.Optimizer) and isinstance(new, dict):
        old.load_state_dict(new["state"])
    elif isinstance(old, torch.Tensor) and isinstance(new, torch.Tensor):
        with torch.no_grad():  # in place: the check may watch the memory itself
            if old.shape == new.shape:
                old.copy_(new)
            else:
                old.data = new.detach().to(old.dtype)


def _of_torch(value: Any) -> bool:
    """Tell whether this is an object of torch's, and no module."""
    library = type(value).__module__.partition(".")[0]
    return library == "torch" and not isinstance(value, ModuleType)


def torch_state(value: Any) -> dict | None:
    """Return what may change in a module or optimizer, None for other values."""
    if not _of_torch(value):
        return None
    import torch

    if isinstance(value, torch.optim.Optimizer):
        return {"state": value.state_dict()}
    if not isinstance(value, torch.nn.Module):
        return None
    return {
        "state": dict(value.state_dict()),
        "training": bool(value.training),
        "gradients": gradients(value),
    }


def changeable(value: Any) -> Any:
    """Return the state of a module or optimizer; any other value as it is."""
    state = torch_state(value)
    return value if state is None else state


def gradients(value: Any) -> dict:
    """Return the gradients of a module's parameters: a pickle leaves them out."""
    named = getattr(value, "named_parameters", dict)()
    return {name: p.grad for name, p in dict(named).items() if p.grad is not None}


def set_gradients(module: Any, values: dict) -> None:
    """Give parameters their gradients; those without one lose theirs."""
    for name, parameter in module.named_parameters():
        parameter.grad = values.get(name)


def _copy(value: Any) -> Any:
    if hasattr(value, "untyped_storage"):  # a tensor, maybe with a gradient
        return value.detach().clone()
    return copy.deepcopy(changeable(value))


def _by_memory(values: Iterable) -> dict[int, list]:
    """Return all that can be changed in `values`, by the memory that it lies in."""
    found: dict[int, list] = {}
    queue, seen = list(values), set()
    while queue:
        value = queue.pop()
        places = _memory(value)
        if places and id(value) not in seen:
            seen.add(id(value))
            for place in places:
                found.setdefault(place, []).append(value)
            queue += value.values() if isinstance(value, dict) else ()
            queue += value if isinstance(value, list | tuple | set) else ()
    return found


def _memory(value: Any) -> set[int]:
    """Return what identifies the memory of a value, if that can be changed."""
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base
        return {id(value)}
    if isinstance(value, tuple):
        return {id(value)}.union(*map(_memory, value))
    if isinstance(value, list | dict | set | np.random.Generator):
        return {id(value)}
    if not _of_torch(value):
        return set()
    if (state := torch_state(value)) is not None:
        return {id(value)}.union(*map(_memory, state["state"].values()))
    if hasattr(value, "untyped_storage"):
        return {value.untyped_storage().data_ptr()}
    return set()
