"""What the two sheets on autoencoders share: one step of training, and its slips."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import one_step
from ..engine import Case

STEP = one_step.TEXTS | {
    "summed": "the errors are added up: take the mean over all entries.",
    "of_rows": "the errors of a row are added up: take the mean over all entries.",
    "minus": "the sign of the loss is wrong: it climbs.",
    "halved": "the loss has a factor ½ that is not asked for.",
    "absolute": "the loss is the mean absolute error: square it.",
    "root": "the loss has a root: the mean squared error is asked for.",
    "bce": "the loss is the binary cross-entropy: F.mse_loss is asked for.",
    "told_m": "the loss returned is multiplied by the number of rows.",
    "first": "only the first row of the minibatch is used.",
}


def step(slip: Callable, model: Any, optimizer: Any, given: Any, target: Any):
    """Take a step on the mean squared error and return the loss before it."""
    import torch.nn.functional as F

    out = model(given)
    mean, n, pixels = F.mse_loss(out, target), target.numel(), target.shape[1]
    loss = slip(mean, summed=mean * n, of_rows=mean * pixels, minus=-mean)
    loss = slip(loss, halved=mean / 2, absolute=F.l1_loss(out, target))
    loss = slip(loss, root=mean.sqrt(), first=F.mse_loss(out[:1], target[:1]))
    loss = slip(loss, bce=lambda: F.binary_cross_entropy(out, target))

    def after() -> Any:
        return F.mse_loss(model(given), target)

    told = one_step.taken(slip, model, optimizer, loss, n, after)
    return slip(told, nothing=lambda: None, told_m=lambda: told * len(target))


def minibatches(rng: np.random.Generator, **more: float) -> Iterator[Case]:
    """Yield three minibatches of rows `x`, twice; `more` names a noisy copy."""
    for sizes, eta in (((8, 5, 8), 2.0), ((4, 9, 6), 0.8)):
        N = sum(sizes)
        args = {"_W": rng.normal(size=(4, 4)), "_b": rng.normal(size=4)}
        args |= {"_sigmoid": True, "_eta": eta}
        args["_rows"] = np.split(np.arange(N), np.cumsum(sizes)[:-1])
        x = rng.uniform(0, 1, size=(N, 4))
        args |= {"x": x} if not more else {"clean": x}
        for name, deviation in more.items():
            args[name] = (x + rng.normal(0, deviation, x.shape)).clip(0, 1)
        label = f"three minibatches of {', '.join(map(str, sizes))}, η = {eta}"
        yield Case(label, args)
