"""What is written down of functions that take a model: evaluations, trainings.

They get a model that notes, at each call, which examples come, at which weights, in
which mode, and whether a graph is recorded. It keeps its notes in buffers: under the
grader it runs in the student's process, and buffers come back.

PyTorch is imported when an observer runs: this file loads without it.
"""

import functools
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .observers import tensor
from .running import stir
from .values import form_fault, is_list, is_tensor

MOST_CALLS = 80  # that are noted; a right answer makes at most 40


@functools.cache
def _recorder() -> type:
    import torch

    class Recorder(torch.nn.Module):
        """A linear layer that notes how it is called."""

        __qualname__ = "Recorder"

        def __init__(self, W: np.ndarray, b: np.ndarray, x: Any) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(*W.shape[::-1])
            with torch.no_grad():
                self.layer.weight.copy_(torch.tensor(W))
                self.layer.bias.copy_(torch.tensor(b))
            self.register_buffer("known", x.clone())
            self.register_buffer("count", torch.tensor(0))
            self.register_buffer("rows", torch.full((MOST_CALLS, len(x)), -1))
            self.register_buffer("theta", torch.zeros(MOST_CALLS, W.size + b.size))
            self.register_buffer("how", torch.zeros(MOST_CALLS, 2, dtype=torch.bool))

        def forward(self, x: Any) -> Any:
            z = self.layer(x)
            k = int(self.count)
            with torch.no_grad():
                self.count += 1
                if k < MOST_CALLS:
                    rows = torch.cdist(x.detach(), self.known).argmin(1)
                    rows = rows[: self.rows.shape[1]]
                    self.rows[k, : len(rows)] = rows
                    self.theta[k] = weights(self.layer)
                    self.how[k] = torch.tensor([self.training, z.requires_grad])
            return z

        def notes(self) -> dict:
            """Return, for each call, `rows`, `training`, `graph`; `theta`, also after.

            `theta` is all weights in one vector.
            """
            n = min(int(self.count), MOST_CALLS)
            after = weights(self.layer).numpy().copy()
            training, graph = self.how[:n].T.tolist()
            return {
                "rows": [[i for i in row if i >= 0] for row in self.rows[:n].tolist()],
                "theta": np.vstack([self.theta[:n].numpy().copy(), after]),
                "training": training,
                "graph": graph,
            }

    return Recorder


def __getattr__(name: str) -> Any:
    if name == "Recorder":  # a pickle's way to it, in the student's process
        return _recorder()
    raise AttributeError(name)


def recorder(case: Any) -> Any:
    """Return a recorder with the weights `_W` (k, n) and `_b` (k,) of a case.

    The examples are the rows of its first argument.
    """
    known = next(v for k, v in case.args.items() if k[:1] != "_")
    return _recorder()(case.args["_W"], case.args["_b"], tensor(known))


def weights(model: Any) -> Any:
    """Return all parameters of a model in one vector."""
    import torch

    return torch.cat([p.detach().flatten() for p in model.parameters()])


def numbers(value: Any) -> Any:
    """Return a list with numbers in place of tensors of one number without a graph."""
    if is_list(value):
        return [numbers(v) for v in value]
    single = is_tensor(value) and value.numel() == 1 and not value.requires_grad
    return value.item() if single else value


# --- evaluation -----------------------------------------------------------------------


def evaluation(free: Callable, replay: Callable, case: Any) -> dict:
    """Observe f(model, x, …, m): its result, the minibatches, mode and graph."""
    import torch

    note = recorder(case)
    args = [tensor(v) for k, v in case.args.items() if k[:1] != "_"]
    value = replay(torch.nn.Sequential(note).train(), *args)
    seen = note.notes()
    form = {"floating": value.is_floating_point()} if is_tensor(value) else {}
    return form | {
        "minibatches": seen["rows"],
        "evaluation mode": not any(seen["training"]),
        "graph": any(seen["graph"]),
        "result": value,
    }


def evaluation_fact(got: dict, want: dict) -> str:
    """Say what is not as it should be while a model is evaluated."""
    if not got["minibatches"]:
        return "the model is never called."
    if not got["evaluation mode"]:
        return "the model stays in training mode: model.eval() is missing."
    if fault := _batches_fault(got["minibatches"], want["minibatches"]):
        return fault
    if got["graph"]:
        return "a graph is recorded: torch.no_grad() is missing around the calls."
    fault = form_fault(got["result"], want["result"])
    return fault[1] if fault else ""


def _batches_fault(got: Sequence[list], want: Sequence[list]) -> str:
    """Say how the numbers of examples in minibatches differ, or their order."""
    have, need = ([len(b) for b in batches] for batches in (got, want))
    if have == need:
        return "the examples do not come in their order." if got != want else ""
    first, second = (
        ", ".join(map(str, n[:4])) + " …" * (len(n) > 4) for n in (have, need)
    )
    return f"minibatches of {first} examples came; {second} are asked for."


# --- single steps ---------------------------------------------------------------------


def stepping(free: Callable, replay: Callable, case: Any) -> dict:
    """Observe f(model, optimizer, …), several steps of SGD; `_rows` has minibatches.

    The model gives log p, or, with `_sigmoid`, numbers between 0 and 1.
    """
    import torch

    note = recorder(case)
    head = torch.nn.Sigmoid() if "_sigmoid" in case.args else torch.nn.LogSoftmax(dim=1)
    model = torch.nn.Sequential(note, head).train()
    optimizer = torch.optim.SGD(model.parameters(), lr=case.args["_eta"])
    parts = [v for k, v in case.args.items() if k[:1] != "_"]
    theta, losses = [], []
    for rows in case.args["_rows"]:
        losses.append(replay(model, optimizer, *(tensor(v[rows]) for v in parts)))
        theta.append(weights(note).numpy().copy())
    return {"weights after each step": np.array(theta), "losses": losses}


# --- trainings ------------------------------------------------------------------------


def _trained(function: Callable, case: Any, seed: int, state: int) -> tuple:
    """Return the notes of a training, what it returns, and which calls made a step."""
    import torch

    note = recorder(case)
    model = torch.nn.Sequential(note, torch.nn.LogSoftmax(dim=1))
    stir(state)
    args = {k: tensor(v) for k, v in case.args.items() if k[:1] != "_"}
    value = function(model, *(args | {"seed": seed}).values())
    seen = note.notes()
    moved = [bool(np.any(a != b)) for a, b in pairwise(seen["theta"])]
    return seen, numbers(value), [k for k, yes in enumerate(moved) if yes]


def _epochs(batches: Sequence[list], N: int, epochs: int) -> list[list]:
    """Cut minibatches into epochs: after each N examples, else into equal numbers."""
    ends = np.cumsum([len(b) for b in batches]).tolist()
    if ends and ends[-1] % N == 0 and all(k in ends for k in range(N, ends[-1], N)):
        places = [(e - 1) // N for e in ends]
    else:
        each = max(1, len(batches) // epochs)
        places = [k // each for k in range(len(batches))]
    pairs = list(zip(places, batches, strict=True))
    return [[b for p, b in pairs if p == place] for place in dict.fromkeys(places)]


def _order(function: Callable, case: Any, seed: int, state: int) -> list[list]:
    seen, _, steps = _trained(function, case, seed, state)
    return [seen["rows"][k] for k in steps]


def training(free: Callable, replay: Callable, case: Any) -> dict:
    """Observe f(model, x, y, epochs, m, eta, seed): all steps, and what it returns.

    The order is the student's choice: the reference that is compared takes it from the
    notes (`slip.like["_orders"]`). What the sheet demands of it is observed of `free`,
    in the cases that have `_again`.
    """
    N, count, seed = len(case.args["x"]), case.args["epochs"], case.args["seed"]
    seen, losses, steps = _trained(replay, case, seed, 1)
    batches = [seen["rows"][k] for k in steps]
    chosen = _epochs(batches, N, count)
    if not all(len({r for b in e for r in b}) == N for e in chosen):
        chosen = _epochs(seen["rows"], N, count)
    notes = {
        "minibatches": [len(b) for b in batches],
        "training mode": all(seen["training"][k] for k in steps),
        "weights after each step": seen["theta"][[k + 1 for k in steps]],
        "losses": losses,
        "_orders": [[r for b in e for r in b] for e in chosen],
        "_batches": [b for e in chosen for b in e],
    }
    if "_again" not in case.args:
        return notes
    one, again = (_order(free, case, seed, state) for state in (2, 3))
    other = _epochs(_order(free, case, seed + 1, 2), N, count)
    rows = [[r for b in e for r in b] for e in _epochs(one, N, count)]
    sets = [{frozenset(b) for b in e} for e in _epochs(one, N, count)]
    return notes | {
        "each epoch: no example twice": all(len(set(r)) == len(r) for r in rows),
        "each epoch: all examples": all(len(set(r)) == N for r in rows),
        "a random order": not all(r == sorted(r) for r in rows),
        "a new order in each epoch": all(a != b for a, b in pairwise(rows)),
        "new minibatches in each epoch": all(a != b for a, b in pairwise(sets)),
        "the same seed, the same order": one == again,
        "another seed, another order": one != [b for e in other for b in e],
    }


FACTS = {
    "each epoch: no example twice": "in one epoch an example comes twice.",
    "each epoch: all examples": "an epoch does not use all examples.",
    "a random order": "the examples come in the order of the data.",
    "a new order in each epoch": "the order is the same in each epoch.",
    "new minibatches in each epoch": "the same examples are together in each epoch.",
    "the same seed, the same order": "two trainings with the same seed take different "
    "orders.",
    "another seed, another order": "the order is the same for each seed.",
    "training mode": "the model is not in training mode.",
}


def training_fact(got: dict, want: dict) -> str:
    """Say which demand on the order is not met."""
    if not got["minibatches"]:
        return "no step changes the weights."
    for part, text in FACTS.items():
        if got.get(part) != want.get(part):
            return text
    have, need = got["minibatches"], want["minibatches"]
    if have != need:
        return (
            f"{len(have)} steps were taken, with {have[:4]} … examples; {len(need)}, "
            f"with {need[:4]} …, are asked for."
        )
    return ""
