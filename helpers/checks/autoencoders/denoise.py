"""Checks of the sheet `autoencoders/denoise`.

Each check takes what the student wrote and a seed; the visible cell and the hidden
test differ in the seed only. Networks are compared with the same networks in NumPy
(`architecture`), steps of training with gradients that were derived by hand.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .. import architecture
from ..architecture import Conv2d, Pool, build, same_outputs
from ..core import Case, CheckFailed, verify

SINGLE = {"rtol": 1e-4, "atol": 1e-5}  # what came through float32


# --- steps of training, for both exercises --------------------------------------------


def _same(x):
    return x, x


def _from_noisy(clean, noisy):
    return noisy, clean


_MISTAKES = (
    (
        "gradients add up from step to step: zero_grad() is missing.",
        {"zero": False},
    ),
    (
        "nothing is learned: is step() there, and does zero_grad() come before "
        "backward(), not between backward() and step()?",
        {"step": False},
    ),
    ("the errors are added up: take the mean over all entries.", {"total": True}),
    ("the sign of the loss is wrong: it climbs.", {"sign": -1}),
    (
        "the loss returned is that after the step: return the one that the gradient "
        "belongs to.",
        {"late": True},
    ),
    ("the loss is the mean absolute error: square it.", {"absolute": True}),
)


def _check_steps(name, function, rng, runs, pair, mistakes) -> None:
    """Check steps of SGD on a linear model; `pair` says which is input and target."""
    weights = rng.normal(size=(4, 4)), rng.normal(size=4)
    cases = [
        Case(
            f"three minibatches of {', '.join(str(len(b[0])) for b in batches)}",
            {"eta": 0.5, "batches": batches},
        )
        for batches in runs
    ]

    def slip(pair=pair, **slips):
        return functools.partial(_descent, weights, pair, slips)

    verify(
        name,
        functools.partial(_stepped, name, function, weights),
        cases,
        slip(),
        parts=("weights", "biases", "losses"),
        mistakes=[(text, slip(**slips)) for text, slips in mistakes],
        **SINGLE,
    )


def _stepped(name, function: Callable, weights: tuple, eta: float, batches: list):
    """Return W, b and the losses after the student's steps on a linear model."""
    import torch

    model = torch.nn.Linear(4, 4)
    with torch.no_grad():
        model.weight.copy_(torch.tensor(weights[0]))
        model.bias.copy_(torch.tensor(weights[1]))
    optimizer = torch.optim.SGD(model.parameters(), lr=eta)
    losses = []
    for batch in batches:
        parts = [torch.tensor(part, dtype=torch.float32) for part in batch]
        loss = function(model, optimizer, *parts)
        if loss is None:
            raise CheckFailed(f"✗ {name}: None came: the loss is to be returned.")
        losses.append(loss.item() if isinstance(loss, torch.Tensor) else loss)
    W, b = (p.detach().numpy().astype(float) for p in model.parameters())
    return W, b, np.array(losses, dtype=float)


def _descent(weights: tuple, pair: Callable, slips: dict, eta: float, batches: list):
    """Do as `_stepped`, with gradients derived by hand and slips built in."""
    give = {"zero": True, "step": True, "total": False, "sign": 1, "late": False}
    give |= {"absolute": False} | slips
    W, b = (np.array(part, dtype=float) for part in weights)
    dW, db, losses = 0 * W, 0 * b, []
    for batch in batches:
        x, target = (np.float32(part).astype(float) for part in pair(*batch))

        def cost(W, b, x=x, target=target):
            rest = x @ W.T + b - target
            share = 1 if give["total"] else rest.size
            if give["absolute"]:
                return np.abs(rest).sum() / share, np.sign(rest) / share
            return np.sum(rest**2) / share, 2 * rest / share

        loss, delta = cost(W, b)
        new = delta.T @ x, delta.sum(axis=0)
        dW, db = new if give["zero"] else (dW + new[0], db + new[1])
        if give["step"]:
            W, b = W - eta * give["sign"] * dW, b - eta * give["sign"] * db
        loss = cost(W, b)[0] if give["late"] else loss
        losses.append(give["sign"] * loss)
    return W, b, np.array(losses)


# --- denoise --------------------------------------------------------------------------


def add_noise(function: Callable, seed: int = 0) -> None:
    """Check `add_noise(x, deviation, rng)`: Gaussian noise, clipped to [0, 1]."""
    rng = np.random.default_rng(seed)
    cases = []
    for label, size, deviation in (
        ("6 images of 5×5, deviation 0.25", (6, 5, 5), 0.25),
        ("4 rows of 30, deviation 0.6", (4, 30), 0.6),
        ("one row, no noise", (1, 8), 0.0),
    ):
        x = np.round(rng.uniform(-0.3, 1.2, size).clip(0, 1), 3)
        args = {"x": x, "deviation": deviation, "state": int(rng.integers(10**6))}
        cases.append(Case(label, args))

    def run(x, deviation, state):
        return function(x, deviation, np.random.default_rng(state))

    def wrong(change):
        def rule(x, deviation, state):
            return change(x, deviation, np.random.default_rng(state))

        return rule

    def reference(x, d, rng):
        noisy = x + d * rng.standard_normal(x.shape)
        return np.minimum(1.0, np.maximum(0.0, noisy))

    try:
        verify(
            "add_noise",
            run,
            cases,
            wrong(reference),
            mistakes=[
                (
                    "the noisy image is not clipped: pixels lie between 0 and 1.",
                    wrong(lambda x, d, g: x + g.normal(0, d, x.shape)),
                ),
                (
                    "only the noise came: it is added to x.",
                    wrong(lambda x, d, g: g.normal(0, d, x.shape)),
                ),
                (
                    "the noise is clipped, not the noisy image: its negative half is "
                    "lost.",
                    wrong(lambda x, d, g: x + g.normal(0, d, x.shape).clip(0, 1)),
                ),
                (
                    "the noise is clipped before it is added.",
                    wrong(
                        lambda x, d, g: (x + g.normal(0, d, x.shape).clip(0, 1)).clip(
                            0, 1
                        )
                    ),
                ),
                (
                    "the noise is uniform (random): normal noise is asked for.",
                    wrong(lambda x, d, g: (x + d * g.random(x.shape)).clip(0, 1)),
                ),
                (
                    "`deviation` is taken for the variance.",
                    wrong(
                        lambda x, d, g: (x + g.normal(0, d**0.5, x.shape)).clip(0, 1)
                    ),
                ),
                (
                    "the deviation is not used: the noise has deviation 1.",
                    wrong(lambda x, d, g: (x + g.normal(size=x.shape)).clip(0, 1)),
                ),
                (
                    "the noise multiplies x: it is added.",
                    wrong(
                        lambda x, d, g: (x * (1 + g.normal(0, d, x.shape))).clip(0, 1)
                    ),
                ),
                (
                    "one number is added to the whole array: each pixel has its own.",
                    wrong(lambda x, d, g: (x + g.normal(0, d)).clip(0, 1)),
                ),
                (
                    "all rows get the same noise: each has its own.",
                    wrong(lambda x, d, g: (x + g.normal(0, d, x.shape[1:])).clip(0, 1)),
                ),
                (
                    "the noisy image is scaled to its own range; clip it.",
                    wrong(
                        lambda x, d, g: (lambda v: (v - v.min()) / np.ptp(v))(
                            x + g.normal(0, d, x.shape)
                        )
                    ),
                ),
            ],
        )
    except CheckFailed as failure:
        text = str(failure).replace("argument state", "argument rng")
        raise CheckFailed(text) from None


def psnr(function: Callable, seed: int = 0) -> None:
    """Check `psnr(x_hat, x)` in decibels, for pixels from 0 to 1."""
    rng = np.random.default_rng(seed)
    cases = []
    for label, size, off in (
        ("5 rows of 8", (5, 8), 0.1),
        ("2 images of 4×4", (2, 4, 4), 0.3),
        ("one number", (1, 1), 0.02),
    ):
        x = rng.uniform(0, 0.7, size)
        x_hat = x + rng.uniform(0.5, 1.5, size) * off
        cases.append(Case(label, {"x_hat": x_hat, "x": x}))

    def reference(x_hat, x):  # from the definition, without the logarithm of 10
        power = np.linalg.norm((x_hat - x).ravel()) ** 2 / x.size
        return float(-10 * np.log(power) / np.log(10))

    def wrong(of, factor=10.0, log=np.log10):
        return lambda a, b: float(factor * log(1 / of(a, b)))

    def square(a, b):
        return np.mean((a - b) ** 2)

    verify(
        "psnr",
        function,
        cases,
        reference,
        mistakes=[
            (
                "the sign: a smaller error must give more decibels.",
                wrong(square, -10.0),
            ),
            ("the natural logarithm is used: log10.", wrong(square, log=np.log)),
            (
                "20 stands before the logarithm of a mean square: that is 10, or 20 "
                "with the root.",
                wrong(square, 20.0),
            ),
            ("the 10 is missing.", wrong(square, 1.0)),
            (
                "the peak is taken as 255: these pixels go from 0 to 1.",
                lambda a, b: float(10 * np.log10(255**2 / square(a, b))),
            ),
            (
                "the root of the error is used with a factor of 10.",
                wrong(lambda a, b: np.sqrt(square(a, b))),
            ),
            (
                "the squares are added up: take their mean.",
                wrong(lambda a, b: np.sum((a - b) ** 2)),
            ),
            (
                "the peak is the largest pixel of x: it is 1.",
                lambda a, b: float(10 * np.log10(b.max() ** 2 / square(a, b))),
            ),
            (
                "absolute errors are used: square them.",
                wrong(lambda a, b: np.mean(np.abs(a - b))),
            ),
            (
                "one number for each row came: one for all is asked for.",
                lambda a, b: (
                    10
                    * np.log10(1 / np.mean((a - b) ** 2, axis=tuple(range(1, a.ndim))))
                ),
            ),
        ],
    )


def sizes(function: Callable, seed: int = 0) -> None:
    """Check `sizes(n)`: the side of the maps after each change of size."""
    rng = np.random.default_rng(seed)
    sides = [28, *sorted({int(v) for v in rng.integers(17, 60, 4)})]

    def chain(
        n, pool=lambda a: (a + 1) // 2, valid=lambda a: a - 2, up=lambda a: 2 * a
    ):
        found = []
        for change in (pool, pool, pool, up, up, valid, up):
            n = change(n)
            found.append(n)
        return found

    def only_last(n):
        c = (n // 4 + 1) // 2
        return [n // 2, n // 4, c, 2 * c, 4 * c, 4 * c - 2, 8 * c - 4]

    def slow(n):  # by counting places
        found = []
        for _ in range(3):
            n = len(range(0, n, 2))
            found.append(n)
        for _ in range(2):
            n = len([place for place in range(n) for _ in "ab"])
            found.append(n)
        n = len(range(n - 3 + 1))
        return [*found, n, n + n]

    verify(
        "sizes",
        function,
        [Case(f"n = {n}", {"n": n}) for n in sides],
        slow,
        mistakes=[
            (
                "the poolings round down: with ceil_mode=True they round up.",
                lambda n: chain(n, pool=lambda a: a // 2),
            ),
            (
                "only the last pooling rounds up: all three do.",
                only_last,
            ),
            (
                "the convolution without padding loses f − 1 = 2 pixels, not 1.",
                lambda n: chain(n, valid=lambda a: a - 1),
            ),
            (
                "the convolution without padding loses f − 1 = 2 pixels, not 3.",
                lambda n: chain(n, valid=lambda a: a - 3),
            ),
            (
                "the convolution without padding loses two pixels: it keeps the size "
                "only with a padding of 1.",
                lambda n: chain(n, valid=lambda a: a),
            ),
            (
                "the poolings are convolved without padding: each convolution of the "
                "encoder keeps the size.",
                lambda n: chain(n, pool=lambda a: (a - 1) // 2),
            ),
            (
                "the decoder mirrors the encoder's sizes: it computes its own.",
                lambda n: [*chain(n)[:3], *chain(n)[1::-1], *chain(n)[5:]],
            ),
            (
                "the input's side is in the list: leave it out.",
                lambda n: [n, *chain(n)],
            ),
            (
                "the upsamplings add 2: they double.",
                lambda n: chain(n, up=lambda a: a + 2),
            ),
        ],
    )


@dataclass(frozen=True)
class _PoolUp(Pool):
    """Max pooling that rounds up: an odd side is padded at its end."""

    def __call__(self, a: np.ndarray) -> np.ndarray:
        edge = [(0, 0), (0, 0), *((0, side % self.size) for side in a.shape[2:])]
        padded = np.pad(a, edge, constant_values=-np.inf)
        return super().__call__(padded)


@dataclass(frozen=True)
class _Upsample(Pool):
    """Upsampling by copies (nearest); or with zeros between; or bilinear."""

    holes: bool = False
    smooth: bool = False

    def __str__(self) -> str:
        return f"upsampling {self.size}×{self.size}"

    def __call__(self, a: np.ndarray) -> np.ndarray:
        if self.smooth:
            M, N = (self._mixture(side) for side in a.shape[2:])
            return M @ a @ N.T
        block = np.ones((self.size, self.size))
        if self.holes:
            block = 0 * block
            block[0, 0] = 1
        return np.kron(a, block)

    def _mixture(self, n: int) -> np.ndarray:
        """Return the shares (size · n, n) of the old places in the new ones."""
        places = np.clip((np.arange(self.size * n) + 0.5) / self.size - 0.5, 0, n - 1)
        return np.clip(1 - np.abs(places[:, None] - np.arange(n)), 0, 1)


HALVE, DOUBLE = _PoolUp(2), _Upsample(2)
CONVOLUTIONAL = (
    *(Conv2d(1, 32, 3, padding=1), "relu", HALVE),
    *(Conv2d(32, 8, 3, padding=1), "relu", HALVE),
    *(Conv2d(8, 8, 3, padding=1), "relu", HALVE),
    *(Conv2d(8, 8, 3, padding=1), "relu", DOUBLE),
    *(Conv2d(8, 8, 3, padding=1), "relu", DOUBLE),
    *(Conv2d(8, 32, 3), "relu", DOUBLE),
    *(Conv2d(32, 1, 3, padding=1), "sigmoid"),
)


def _swap(old, new) -> tuple:
    return tuple(new if step == old else step for step in CONVOLUTIONAL)


def convolutional(factory: Callable, seed: int = 0) -> None:
    """Check the layers and the outputs of `ConvAutoencoder`."""
    name, rng = "ConvAutoencoder", np.random.default_rng(seed)
    model = build(name, factory)
    pictures = rng.uniform(0, 1, (2, 1, 28, 28)).astype(np.float32)
    same_outputs(
        name,
        model,
        CONVOLUTIONAL,
        {"2 images": pictures},
        seed,
        more={
            "the poolings have a padding of 1: 7 → 4 comes out, but the windows are "
            "shifted. Round up instead (ceil_mode=True).": _swap(
                HALVE, Pool(2, padding=1)
            ),
            "the poolings take the mean, not the maximum.": _swap(
                HALVE, _PoolUp(2, mean=True)
            ),
            "the upsampling leaves zeros between the values: copy each to a block of "
            "2×2.": _swap(DOUBLE, _Upsample(2, holes=True)),
            "the upsampling is smooth (bilinear): copy each value to a block of 2×2, "
            "which is what nn.Upsample does by itself.": _swap(
                DOUBLE, _Upsample(2, smooth=True)
            ),
        },
    )
    total = architecture.count(CONVOLUTIONAL)
    print(f"✓ {name}: 7 convolutions, {total:,} parameters, a code of 8·4·4 numbers")


def denoising_step(function: Callable, seed: int = 0) -> None:
    """Check `denoising_step(model, optimizer, clean, noisy)`, three steps of SGD."""
    rng = np.random.default_rng(seed)
    batches = []
    for m in (8, 5, 8):
        clean = rng.normal(size=(m, 4))
        batches.append((clean, clean + rng.normal(0, 0.5, size=(m, 4))))
    exchanged = (
        (
            "the target is the noisy image: it is the clean one. This network learns "
            "to keep the noise.",
            {"pair": lambda clean, noisy: (noisy, noisy)},
        ),
        (
            "the input is the clean image: the network never sees noise.",
            {"pair": lambda clean, noisy: (clean, clean)},
        ),
        (
            "input and target are exchanged: this network learns to add noise.",
            {"pair": lambda clean, noisy: (clean, noisy)},
        ),
        (
            "the target is the noise: the clean image is asked for.",
            {"pair": lambda clean, noisy: (noisy, noisy - clean)},
        ),
    )
    _check_steps(
        "denoising_step",
        function,
        rng,
        [batches],
        _from_noisy,
        (*exchanged, *_MISTAKES),
    )


def gain(function: Callable, seed: int = 0) -> None:
    """Check `gain(model, clean, noisy)`: decibels won on held-out images."""
    import torch

    rng = np.random.default_rng(seed)
    clean = rng.uniform(0, 0.6, (6, 5)).astype(np.float32)
    noisy = (clean + rng.normal(0, 0.2, clean.shape)).clip(0, 1).astype(np.float32)
    W = (0.7 * np.eye(5) + 0.05 * rng.normal(size=(5, 5))).astype(np.float32)

    def model():
        layer = torch.nn.Linear(5, 5, bias=False)
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(W))
        return torch.nn.Sequential(torch.nn.Dropout(1.0), layer).train()

    def decibels(a, b):
        return -10 * np.log10(np.mean((a.astype(float) - b) ** 2))

    def run(clean, noisy):
        value = function(model(), torch.tensor(clean), torch.tensor(noisy))
        return value.item() if isinstance(value, torch.Tensor) else value

    def wrong(a, b):
        return lambda clean, noisy: float(a(clean, noisy) - b(clean, noisy))

    def out(clean, noisy):
        return noisy @ W.T

    def before(clean, noisy):
        return decibels(noisy, clean)

    def after(clean, noisy):
        return decibels(out(clean, noisy), clean)

    def zero(clean, noisy):
        return 0.0

    verify(
        "gain",
        run,
        [Case("6 images", {"clean": clean, "noisy": noisy})],
        wrong(after, before),
        mistakes=[
            ("the sign: denoised minus noisy.", wrong(before, after)),
            (
                "this is the PSNR of the denoised image: subtract that of the noisy.",
                wrong(after, zero),
            ),
            (
                "the denoised image is compared with the noisy one: the clean one is "
                "the measure.",
                wrong(lambda c, n: decibels(out(c, n), n), before),
            ),
            (
                "the model was given the clean image: nothing was to be done.",
                wrong(lambda c, n: decibels(c @ W.T, c), before),
            ),
            (
                "what is subtracted is the PSNR of the clean image sent through the "
                "model: it is that of the noisy image, as it came.",
                wrong(after, lambda c, n: decibels(c @ W.T, c)),
            ),
            (
                "it is always 0: the noisy image counts as it came, not as it leaves "
                "the model.",
                wrong(after, after),
            ),
            (
                "the model is in training mode, where its dropout drops: model.eval() "
                "comes first.",
                wrong(lambda c, n: decibels(0 * c, c), before),
            ),
            (
                "the ratio of the two came; their difference is asked for.",
                lambda c, n: float(after(c, n) / before(c, n)),
            ),
        ],
        **SINGLE,
    )
