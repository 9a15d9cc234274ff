"""What the two convolutional networks of the chapter share: sizes, layers, slips."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..engine import Case, Slip, Step
from ..engine.observers import (
    ACTIVATIONS,
    activated,
    activation_texts,
    layers,
    module,
    module_fact,
)

PLACES = ("first", "second")
MODES = ("replicate", "reflect", "circular")


@dataclass(frozen=True)
class Plan:
    """Two convolutions with a pooling behind each: (window, stride, padding)."""

    convs: tuple[tuple[int, int, int], ...]
    pools: tuple[tuple[int, int, int], ...]

    @property
    def layers(self) -> list[tuple[int, int, int]]:
        """The four of them in the order of the forward pass."""
        (a, b), (p, q) = self.convs, self.pools
        return [a, p, b, q]

    def sides(self, n: int) -> list[int]:
        """Return the sides of the maps after each layer, of images with side n."""
        sides = []
        for f, s, p in self.layers:
            n = (n + 2 * p - f) // s + 1
            sides.append(n)
        return sides

    def changed(self, of: str, change: Callable, *places: int) -> "Plan":
        """Return a plan with `change(f, s, p)` for the layers `of` at these places."""
        kept = getattr(self, of)
        new = [change(*v) if i in places else v for i, v in enumerate(kept)]
        return Plan(**{"convs": self.convs, "pools": self.pools, of: tuple(new)})


def variants(plan: Plan) -> dict[str, tuple[str, Plan]]:
    """Return what is written in place of a plan: its text and the plan, by name."""
    turned = lambda f, s, p: (f, s, 1 - p)  # noqa: E731
    none = lambda *_: (1, 1, 0)  # noqa: E731
    found = {}
    for of, name in (("pools", "pooling"), ("convs", "convolution")):
        lack = getattr(plan, of)[0][2] == 1
        for place in (0, 1):
            which = f"the {PLACES[place]} {name}"
            text = "lacks its padding." if lack else "has a padding, not asked for."
            other = plan.changed(of, turned, place)
            found[f"{of}_{place}_padding"] = (f"{which} {text}", other)
        text = "lack their padding." if lack else "have a padding, not asked for."
        found[f"{of}_padding"] = f"the {name}s {text}", plan.changed(of, turned, 0, 1)
        half = plan.changed(of, lambda f, s, p: (f, 3 - s, p), 0, 1)
        stride = getattr(plan, of)[0][1]
        text = f"the {name}s have stride {3 - stride}: it is {stride}."
        found[f"{of}_stride"] = text, half
    for place in (0, 1):
        text = f"the {PLACES[place]} pooling is missing."
        found[f"no_pool_{place}"] = text, plan.changed("pools", none, place)
    found["no_pools"] = "both poolings are missing.", plan.changed("pools", none, 0, 1)
    text = "the poolings have windows of 3: they are 2×2."
    found["pools_3"] = text, plan.changed("pools", lambda f, s, p: (3, s, p), 0, 1)
    home = "poolings" if plan.pools[0][2] else "convolutions"
    away = "convolutions" if home == "poolings" else "poolings"
    other = plan.changed("pools", turned, 0, 1).changed("convs", turned, 0, 1)
    text = f"the padding sits in the {away}: it belongs in the {home}."
    return found | {"padding_elsewhere": (text, other)}


@dataclass(frozen=True)
class Network:
    """A network: two convolutions, two linear layers, and what is wrong with it."""

    plan: Plan
    side: int
    channels: tuple[int, int, int]
    hidden: int
    output: Callable  # of (slip, z)
    output_texts: Mapping[str, str]

    def inputs(self, plan: Plan) -> int:
        """Return how many numbers the linear layer gets."""
        return self.channels[-1] * plan.sides(self.side)[-1] ** 2

    def made(self) -> dict[str, tuple[str, Plan]]:
        """Return the plans that change the linear layer, one for each number."""
        found: dict[int, list] = {}
        for name, (text, plan) in variants(self.plan).items():
            found.setdefault(self.inputs(plan), []).append((name, text, plan))
        found.pop(self.inputs(self.plan), None)
        made = {}
        for inputs, several in found.items():
            name, _, plan = several[0]
            sides = " → ".join(map(str, [self.side, *plan.sides(self.side)]))
            text = " Or: ".join(text for _, text, _ in several)
            text += f" Then the sides are {sides}, and {inputs:,} numbers arrive."
            made[f"made_{name}"] = text, plan
        return made

    def run(self) -> dict[str, tuple[str, Plan]]:
        """Return the plans that the forward pass may follow instead.

        Those that fail with the same sizes are one: nothing tells them apart.
        """
        found: dict[tuple, list] = {}
        for name, (text, plan) in variants(self.plan).items():
            first, _, second, last = plan.sides(self.side)
            fails = self.inputs(plan) != self.inputs(self.plan)
            key = (first, second, last) if fails else (name,)
            found.setdefault(key, []).append((name, text, plan))
        return {
            f"run_{several[0][0]}": (
                " Or: ".join(text for _, text, _ in several)
                + f" Then {self.inputs(several[0][2]):,} numbers arrive at the first "
                "linear layer.",
                several[0][2],
            )
            for several in found.values()
        }

    def module(self, name: str, slip: Callable, deep: Callable) -> type:
        """Return the class; `deep` gets the slips of the forward pass."""
        import torch.nn.functional as F
        from torch import nn

        net, (c, first, second) = self, self.channels

        def padded(x, conv, p, mode):
            wide = F.pad(x, (p,) * 4, mode)
            return F.conv2d(wide, conv.weight, conv.bias, conv.stride)

        class CNN(nn.Module):
            def __init__(self):
                super().__init__()
                wrong = {k: plan for k, (_, plan) in net.made().items()}
                self.plan = slip(net.plan, **wrong)
                (f, s, p), (g, t, q) = self.plan.convs
                self.conv1 = nn.Conv2d(c, first, f, s, p)
                self.conv2 = nn.Conv2d(first, second, g, t, q)
                self.hidden = nn.Linear(net.inputs(self.plan), net.hidden)
                self.output = nn.Linear(net.hidden, 10)

            def forward(self, x):
                wrong = {k: plan for k, (_, plan) in net.run().items()}
                plan = deep(self.plan, **wrong)
                both, top = (F.avg_pool2d, F.avg_pool2d), F.max_pool2d
                how = deep((top, top), means=both, mean_0=(both[0], top))
                how = deep(how, mean_1=(top, both[0]))
                kinds = [k for k in ACTIVATIONS if k not in ("relu", "softmax")]
                used = deep(
                    ("relu", "relu"),
                    **{f"convs_{k}": (k, "relu") for k in kinds},
                    **{f"all_{k}": (k, k) for k in kinds},
                )
                for i, conv in enumerate((self.conv1, self.conv2)):
                    (_, s, p), (f, t, q) = plan.convs[i], plan.pools[i]
                    conv.stride, conv.padding = (s, s), (p, p)
                    z = conv(x)
                    if p and net.plan.convs[i][2]:
                        wrong = {m: partial(padded, x, conv, p, m) for m in MODES}
                        z = deep(z, **wrong)
                    x = activated(deep, z, f"conv{i + 1}", "relu", used[0])
                    x = how[i](x, f, t, q)
                rows = deep(x.flatten(1), not_flattened=x, one_row=x.flatten())
                last = x.permute(0, 2, 3, 1).flatten(1)
                rows = deep(rows, channels_last=last, mixed=x.reshape(-1, len(x)).T)
                a = activated(deep, self.hidden(rows), "linear", "relu", used[1])
                return net.output(deep, self.output(a))

        CNN.__name__ = name
        return CNN

    def texts(self) -> dict[str, str]:
        """Return the texts of the slips of the forward pass."""
        return (
            dict(self.output_texts)
            | {name: text for name, (text, _) in self.run().items()}
            | activation_texts("conv1", "the first convolution", "relu")
            | activation_texts("conv2", "the second convolution", "relu")
            | activation_texts("linear", "the first linear layer", "relu")
            | {
                f"{where}_{kind}": f"{other} follows {which}; ReLU is asked for."
                for where, which in (
                    ("convs", "both convolutions"),
                    ("all", "the convolutions and the first linear layer"),
                )
                for kind, (other, _) in ACTIVATIONS.items()
                if kind not in ("relu", "softmax")
            }
            | {
                mode: f"the edges are padded in the mode '{mode}': a padding is zeros."
                for mode in (MODES if self.plan.convs[0][2] else ())
            }
            | {
                "means": "both poolings take the mean; the maximum is asked for.",
                "mean_0": "the first pooling takes the mean; the maximum is asked for.",
                "mean_1": "the second pooling takes the mean; the maximum is asked "
                "for.",
                "not_flattened": "the maps are not flattened: each image must become a "
                "row of numbers.",
                "one_row": "the whole batch becomes one row: the axis of the examples "
                "must stay.",
                "channels_last": "the maps are flattened channels last: flatten (m, c, "
                "h, w) as it is.",
                "mixed": "a reshape with the examples last mixes their numbers: the "
                "first axis stays.",
            }
        )

    def steps(self, name: str, two: tuple[Mapping, Mapping]) -> tuple[Step, Step]:
        """Return the check of the layers and that of the outputs."""
        made = {name: text for name, (text, _) in self.made().items()}
        sides = zip(self.plan.layers, self.plan.sides(self.side), strict=True)
        kinds = ("convolution", "pooling") * 2
        maps = [(k, *fsp, n) for k, (fsp, n) in zip(kinds, sides, strict=True)]
        shape = (self.channels[0], self.side, self.side)
        args = {"x": np.zeros((1, *shape)), "_maps": maps}
        args["_inputs"] = self.inputs(self.plan)

        def images(rng):
            yield Case("4 images", {"x": rng.normal(size=(4, *shape))})
            yield Case("one image", {"x": rng.normal(size=(1, *shape))})

        how = {"factory": True, "tell": module_fact, "rtol": 1e-4, "atol": 1e-4}
        return (
            Step(
                name,
                lambda slip: self.module(name, slip, Slip()),
                [Case("the layers", args)],
                observe=layers,
                texts=made,
                **how,
                **two[0],
            ),
            Step(
                name,
                lambda slip: self.module(name, slip, slip),
                images,
                observe=module,
                texts=made | self.texts(),
                **how,
                **two[1],
            ),
        )
