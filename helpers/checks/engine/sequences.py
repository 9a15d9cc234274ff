"""What is written down of functions that take a language model: steps, texts, scores.

They get a small model that notes, at each call, which tokens it reads, in which mode,
and whether a graph is recorded (in buffers: see `trainings`). It is causal, and each
position counts, so that another window gives other logits.

PyTorch is imported when a model is made: this file loads without it.
"""

import copy
import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .observers import tensor
from .trainings import numbers, weights
from .values import is_list, is_tensor

MOST_CALLS, MOST_TOKENS, NONE = 60, 40, -(10**6)  # that are noted; no token


@functools.cache
def _reader() -> type:
    import torch
    from torch import nn

    class Reader(nn.Module):
        """A causal model (m, n) → (m, n, k) that notes how it is called."""

        __qualname__ = "Reader"

        def __init__(self, k: int, draw: int) -> None:
            super().__init__()
            rng = np.random.default_rng(draw)
            shapes = {"E": (k, 6), "P": (MOST_TOKENS, 6), "W": (k, 6)}
            for name, shape in shapes.items():
                value = torch.tensor(rng.normal(size=shape), dtype=torch.float32)
                setattr(self, name, nn.Parameter(value))
            self.register_buffer("count", torch.tensor(0))
            self.register_buffer("read", torch.full((MOST_CALLS, MOST_TOKENS), NONE))
            self.register_buffer("how", torch.zeros(MOST_CALLS, 2, dtype=torch.bool))

        def forward(self, x: Any) -> Any:
            if x.dim() != 2:  # as an embedding of positions (n, width) demands it
                raise IndexError(f"the model takes (m, n), not {tuple(x.shape)}")
            n = x.shape[-1]
            places = torch.arange(n).clamp(max=MOST_TOKENS - 1)
            a = self.E[x] + 0.5 * self.P[places]
            mean = a.cumsum(-2) / torch.arange(1, n + 1)[:, None]
            z = torch.tanh(a + mean) @ self.W.T
            k = int(self.count)
            with torch.no_grad():
                self.count += 1
                if k < MOST_CALLS:
                    first = x.reshape(-1, n)[0, :MOST_TOKENS]
                    self.read[k, : len(first)] = first
                    self.how[k] = torch.tensor([self.training, z.requires_grad])
            return z

        def notes(self) -> dict:
            """Return, for each call, `read` (its first row), `training`, `graph`."""
            n = min(int(self.count), MOST_CALLS)
            training, graph = self.how[:n].T.tolist()
            read = [[i for i in row if i != NONE] for row in self.read[:n].tolist()]
            return {"read": read, "training": training, "graph": graph}

    return Reader


def __getattr__(name: str) -> Any:
    if name == "Reader":  # a pickle's way to it, in the student's process
        return _reader()
    raise AttributeError(name)


def reader(k: int, draw: int) -> Any:
    """Return a model of `k` tokens, in training mode; `draw` seeds its weights.

    Its only part notes the calls: what comes back from another process are the buffers
    of PyTorch's own containers.
    """
    import torch

    return torch.nn.Sequential(_reader()(k, draw)).train()


def _notes(model: Any) -> dict:
    seen = model[0].notes()
    return {
        "called": bool(seen["read"]),
        "evaluation mode": not any(seen["training"]),
        "graph": any(seen["graph"]),
    }


MODES = {
    "training": "the model stays in training mode: model.eval() is missing.",
    "graph": "a graph is recorded: torch.no_grad() is missing around the calls.",
}


def _mode_fact(got: dict) -> str:
    if not got["called"]:
        return "the model is never called."
    if not got["evaluation mode"]:
        return MODES["training"]
    return MODES["graph"] if got["graph"] else ""


def stepping(free: Callable, replay: Callable, case: Any) -> dict:
    """Observe f(model, optimizer, text, starts, T): a step for each of `_starts`."""
    import torch

    args, losses, theta = case.args, [], []
    model = reader(args["_k"], args["_draw"])
    optimizer = torch.optim.SGD(model.parameters(), lr=args["_eta"])
    for starts in args["_starts"]:
        loss = replay(model, optimizer, tensor(args["text"]), tensor(starts), args["T"])
        losses.append(loss)
        theta.append(weights(model).numpy().copy())
    return {"weights after each step": np.array(theta), "losses": losses}


def writing(free: Callable, replay: Callable, case: Any) -> dict:
    """Observe f(model, start, …): what is written, what the model reads, and how."""
    first, *rest = (v for k, v in case.args.items() if k[:1] != "_")

    def write(model: Any, start: Any) -> Any:
        return _plain(replay(model, start, *copy.deepcopy(rest)))

    models = [reader(case.args["_k"], case.args["_draw"]) for _ in range(2)]
    start, given = tensor(first), tensor(first).clone()
    written = write(models[0], start)
    seen = _notes(models[0]) | {"read": models[0][0].notes()["read"]}
    seen |= {"written": written, "changed": [] if given.equal(start) else ["start"]}
    return seen | {"repeated": write(models[1], given) == written}


def _plain(value: Any) -> Any:
    """Return whole numbers of any kind as a list of integers."""
    value = (
        value.tolist() if isinstance(value, np.ndarray) or is_tensor(value) else value
    )
    if not is_list(value):
        return value
    return [int(i) if np.ndim(numbers(i)) == 0 else i for i in value]


def writing_fact(got: dict, want: dict) -> str:
    """Say in which mode, or how many tokens, a model reads."""
    if fact := _mode_fact(got):
        return fact
    if not got["repeated"]:
        return "two calls with the same draws u write different texts: use u alone."
    have, need = ([len(r) for r in seen["read"]] for seen in (got, want))
    if have == need:
        return ""
    first, second = (", ".join(map(str, n[:6])) + " …" for n in (have, need))
    return f"the model reads {first} tokens; {second} are asked for."


def judging(free: Callable, replay: Callable, case: Any) -> dict:
    """Observe f(model, text, T): its result, the mode, and the graph."""
    model, args = reader(case.args["_k"], case.args["_draw"]), case.args
    value = replay(model, tensor(args["text"]), args["T"])
    return _notes(model) | {"result": value}


def judging_fact(got: dict, want: dict) -> str:
    """Say in which mode a model is judged, or that a tensor came."""
    if (fact := _mode_fact(got)) or not is_tensor(got["result"]):
        return fact
    return "a tensor came; a float is asked for: `item()` takes it out."
