"""Checks of the sheet `convolutional/mnist_cnn`: a network for digits, its training.

Each step is a reference that carries its slips (`helpers.checks.engine`); the last is
judged by its accuracy. The visible cell and the hidden test differ in the seed only.
PyTorch is imported when a check runs.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from .. import one_step
from ..engine import Case, Slip, Step
from ..engine.accuracy import SMALL, digits, network, obeys_seed, reaches, shuffles
from ..engine.observers import (
    LOG_PROBABILITIES,
    built,
    log_probabilities,
    shapes_of,
)
from ..engine.trainings import evaluation, evaluation_fact, stepping
from .common import Network, Plan, variants

PLAN = Plan(convs=((4, 1, 0), (2, 1, 0)), pools=((2, 2, 1), (2, 2, 1)))
NETWORK = Network(PLAN, 28, (1, 6, 16), 120, log_probabilities, LOG_PROBABILITIES)
DIGITS_BAR = 0.90  # accuracy on 355 unseen digits


# --- feature_sizes --------------------------------------------------------------------


SIZES = {
    k: v for k, v in variants(PLAN).items() if k not in ("pools_3", "convs_0_padding")
}


def _sizes(slip, n):
    n = slip(n, fixed=28)
    plan = slip(PLAN, **{k: plan for k, (_, plan) in SIZES.items()})
    start, side, sizes = n, n, []
    for k, (f, s, p) in enumerate(plan.layers):
        pads = slip(2 * p, padding_once=p, padding_less=-2 * p)
        lost = slip(f, one_pixel=2) if k % 2 == 0 else f
        lost = slip(lost, same_kernels=4) if k == 2 else lost
        steps = side + pads - lost
        places = slip(steps // s, rounded_up=-(-steps // s), nearest=round(steps / s))
        places = slip(places + 1, no_one=places)
        sizes.append(places)
        side = slip(places, all_from_n=start)
    sizes = slip(sizes, no_last=sizes[:-1], squares=[a * a for a in sizes])
    maps = [a * a * c for a, c in zip(sizes, (6, 6, 16, 16), strict=False)]
    sizes = slip(sizes, numbers=maps)
    sizes = slip(sizes, input=[n, *sizes], reversed=sizes[::-1])
    return slip(sizes, last=sizes[-1])


def _sizes_cases(rng) -> Iterator[Case]:
    for n in (28, 32, 9, *map(int, rng.integers(10, 90, size=6))):
        yield Case(f"n = {n}", {"n": n})


feature_sizes = Step(
    "feature_sizes",
    _sizes,
    _sizes_cases,
    texts={k: text for k, (text, _) in SIZES.items()}
    | {
        "fixed": "the sizes are those for 28 pixels, whatever n is.",
        "padding_once": "the poolings make ⌊(n + 1)/2⌋: the padding counts on both "
        "sides, 2p, and the 1 is added after the division.",
        "padding_less": "the padding is subtracted; it is added.",
        "one_pixel": "the first convolution loses f − 1 pixels, which are 3: not "
        "always one, and it has no padding.",
        "same_kernels": "the second convolution has kernels of 2×2, not 4×4.",
        "rounded_up": "the divisions round up: ⌊…⌋ rounds down.",
        "nearest": "the divisions round to the nearest: ⌊…⌋ rounds down.",
        "no_one": "the + 1 is missing.",
        "all_from_n": "all sizes are computed from n, not from the layer before.",
        "no_last": "the last pooling is left out.",
        "squares": "these are numbers of pixels of a map: its sides are asked for.",
        "input": "the first size is that of the input: leave it out.",
        "reversed": "the list is in reversed order: it goes from the input on.",
        "last": "only the last size is returned: all four are asked for.",
        "numbers": "these are the numbers of all maps together: sides are asked for.",
    },
    demands={
        "the first convolution, the first pooling, the second convolution": [
            "no_pool_0",
            "all_from_n",
            "reversed",
        ],
        "for an image of $n \\times n$": ["fixed", "input"],
        "Returns a list of four integers": ["last", "no_last"],
        "$\\lfloor (n + 2p - f)/s \\rfloor + 1$": ["padding_once", "rounded_up"],
    },
    why="The linear layer must know how many numbers it gets, and that depends on "
    "every window, stride and padding before it. So walk through the table, layer by "
    "layer: what one layer makes, the next one gets. A convolution without padding "
    "loses f − 1 pixels along each side; a pooling with stride 2 halves the side, and "
    "its padding saves the pixels at the border that would be left over. A wrong size "
    "shows at the flattening, and not where it arose.",
    see="Padding, stride, size",
    goal="predict every size in a network",
    small=lambda: Case("", {"n": 12}),
)


# --- DigitCNN -------------------------------------------------------------------------

mnist_layers, mnist_outputs = NETWORK.steps(
    "DigitCNN",
    (
        {
            "demands": {
                "6 kernels of 4×4, stride 1, no padding": ["the layers"],
                "to 784 numbers": ["made_pools_padding"],
            },
            "why": "A layer with weights is made once, in __init__, and kept as an "
            "attribute: then PyTorch finds its weights. A pooling has none and may be "
            "used twice. The sizes must fit: the channels that one convolution makes "
            "are those that the next one takes, and the linear layer takes all numbers "
            "of all maps, 16 maps of 7×7. A padding in the wrong place can give the "
            "right number of weights and still be another network.",
            "see": "LeNet-5",
            "goal": "train LeNet-5",
        },
        {
            "demands": {
                "returns the logarithms of the probabilities": [
                    "out_none",
                    "out_softmax",
                ],
                "over the classes": ["out_examples"],
                "windows of 2×2, stride 2, padding 1": ["run_pools_padding", "means"],
                "ReLU": ["conv1_none", "conv2_none", "linear_none"],
            },
            "why": "Layers do not say in which order they are used: the forward pass "
            "does. After each convolution an activation, then the pooling, and a "
            "flattening before the first linear layer that keeps the axis of the "
            "images. An activation that is missing makes no error and no warning: the "
            "network trains, and is weaker. That is why known weights and a second "
            "calculation are a good test of any network.",
            "see": "LeNet-5",
            "goal": "train LeNet-5",
        },
    ),
)


# --- train_step -----------------------------------------------------------------------


def _train_step(slip):
    import torch
    import torch.nn.functional as F

    def train_step(model, optimizer, x, y):
        log_p, n = model(x), len(x)
        mean = F.nll_loss(log_p, y)
        loss = slip(mean, summed=mean * n, minus=-mean, halved=mean / 2)
        loss = slip(loss, probabilities=F.nll_loss(log_p.exp(), y))
        loss = slip(loss, again=F.cross_entropy(log_p.exp(), y))
        loss = slip(loss, log_twice=F.nll_loss(log_p.log(), y))
        # as who sums, takes the step, and returns the mean
        loss = slip(loss, summed_back=n * mean - (n - 1) * mean.detach())
        loss = slip(loss, pairs=-log_p[:, y].mean())
        loss = slip(loss, predicted=F.nll_loss(log_p, log_p.argmax(1)))
        target = F.one_hot(y, log_p.shape[1]).float()
        loss = slip(loss, squares=F.mse_loss(log_p, target))
        loss = slip(loss, first=F.nll_loss(log_p[:1], y[:1]))
        loss = slip(loss, squares_p=F.mse_loss(log_p.exp(), target))

        def clipped():  # the loss stays, its gradient is shortened
            model.zero_grad()
            mean.backward(retain_graph=True)
            norm = torch.cat([p.grad.ravel() for p in model.parameters()]).norm()
            model.zero_grad()
            return mean.detach() + (mean - mean.detach()) * min(1, 1 / norm.item())

        loss = slip(loss, clipped=clipped)

        def after():
            return F.nll_loss(model(x), y)

        told = one_step.taken(slip, model, optimizer, loss, n, after)
        return slip(told, nothing=lambda: None, model="model")

    return train_step


def _step_cases(rng) -> Iterator[Case]:
    for eta, sizes in ((0.5, (8, 8, 8)), (0.1, (4, 9, 6))):
        ends = np.cumsum((0, *sizes))
        rows = [np.arange(a, b) for a, b in pairwise(ends)]
        N = int(ends[-1])
        args = {"_W": rng.normal(size=(3, 5)), "_b": rng.normal(size=3)}
        args |= {"x": rng.normal(size=(N, 5)), "y": rng.integers(0, 3, N)}
        label = f"three minibatches of {', '.join(map(str, sizes))}, η = {eta}"
        yield Case(label, args | {"_eta": eta, "_rows": rows})


train_step = Step(
    "train_step",
    _train_step,
    _step_cases,
    observe=stepping,
    factory=True,
    texts=one_step.TEXTS
    | {
        "summed": "the loss is summed over the minibatch: take the mean.",
        "summed_back": "the mean is returned, and the step follows the sum: m times "
        "too far.",
        "pairs": "the log-probabilities of all labels are averaged for each example.",
        "minus": "the sign of the loss is wrong: it climbs.",
        "halved": "the loss has a factor ½ that is not asked for.",
        "probabilities": "nll_loss got probabilities: it takes log-probabilities, "
        "which are what the network returns.",
        "again": "cross-entropy of probabilities: softmax is there already.",
        "log_twice": "a logarithm of log p is taken: the network returns log p itself.",
        "predicted": "the loss takes −log p of the predicted class, not of the label.",
        "squares": "this is the squared distance of log p to one-hot labels.",
        "squares_p": "this is the squared distance of p to one-hot labels.",
        "first": "only the first example of the minibatch is used.",
        "model": "the model is returned, not the loss.",
        "clipped": "the gradient is shortened to length 1 before the step, which is "
        "not asked for.",
    },
    demands={
        "the loss is `F.nll_loss`, the mean over the minibatch": ["summed", "squares"],
        "and take one step": ["no_step", "twice", "no_zero"],
        "an optimizer of the model's parameters": ["own"],
        "Returns the loss before the step": ["late", "nothing"],
        "a `float`": ["tensor", "tensor_cut"],
    },
    why="backward() adds its gradients to those that are there, so they are set to "
    "zero before it; the optimizer's step uses what lies there at that moment. Between "
    "these two calls nothing may erase the gradients. The loss is computed before the "
    "step, because it is the loss that the gradient belongs to. As a float it is a "
    "number; as a tensor it would carry the whole graph of the minibatch along, and a "
    "list of such losses fills the memory.",
    see="LeNet-5",
    goal="train LeNet-5",
    rtol=1e-4,
    atol=1e-5,
)


# --- predict --------------------------------------------------------------------------


def _predict(slip):
    import torch

    def predict(model, x, m):
        model.train(slip(False, training=True))
        N = len(x)
        size = slip(m, whole=N, chunk=-(-N // m), one_by_one=1)
        cut = list(x.split(size))
        cut = slip(cut, drop=[c for c in cut if len(c) == size], first=cut[:1])
        with torch.set_grad_enabled(slip(False, graph=True)):
            outputs = [model(part) for part in cut]
        torch.set_grad_enabled(slip(True, left_off=False))
        kept = slip(outputs, last=outputs[-1:])
        out = torch.cat(kept)
        guess = slip(out.argmax(1), smallest=out.argmin(1), scores=out)
        guess = slip(guess, largest=out.max(1).values, column=out.argmax(1)[:, None])
        guess = slip(guess, over_examples=out.argmax(0), floats=guess.float())
        parts = [o.argmax(1) for o in kept]
        guess = slip(guess, from_1=guess + 1, parts=parts)
        guess = slip(guess, stacked=lambda: torch.stack(parts).flatten())
        return slip(guess, no_tensor=lambda: guess.tolist())

    return predict


def _predicting(free: Callable, replay: Callable, case: Case) -> dict:
    """Observe an evaluation, and whether gradients can be recorded after it."""
    import torch

    with torch.enable_grad():
        seen = evaluation(free, replay, case)
        return seen | {"gradients afterwards": torch.is_grad_enabled()}


def _predict_cases(rng) -> Iterator[Case]:
    for N, m in ((23, 4), (18, 6)):
        args = {"_W": rng.normal(size=(5, 6)), "_b": rng.normal(size=5)}
        args |= {"x": rng.normal(size=(N, 6)), "m": m}
        yield Case(f"{N} examples, m = {m}", args)


predict = Step(
    "predict",
    _predict,
    _predict_cases,
    observe=_predicting,
    factory=True,
    tell=evaluation_fact,
    texts={
        "training": "the model stays in training mode: model.eval() is missing.",
        "whole": "m is ignored: all examples go through at once.",
        "chunk": "m is taken for the number of minibatches (chunk): it is their size.",
        "one_by_one": "m is ignored: the examples go through one by one.",
        "drop": "the last, smaller minibatch is left out.",
        "first": "only the first minibatch is returned: a return in the loop?",
        "graph": "gradients are recorded: the calls belong under torch.no_grad().",
        "left_off": "gradients stay switched off for all that comes later.",
        "last": "only the last minibatch is returned.",
        "smallest": "the class of the smallest output is taken.",
        "scores": "these are the outputs of the network: take the class of the "
        "largest.",
        "largest": "the largest outputs came, not their classes: argmax, not max.",
        "column": "a column (N, 1) came: a tensor of N integers is asked for.",
        "over_examples": "the argmax runs over the examples; the classes are dim=1.",
        "floats": "floating-point numbers came; integers are asked for.",
        "from_1": "the classes are counted from 1: from 0 is right.",
        "no_tensor": "a list or a NumPy array came; a tensor is asked for.",
        "parts": "a list of minibatches came: join them (torch.cat).",
        "stacked": "stack wants parts of one size, and the last is smaller: cat.",
    },
    demands={
        "the class of the largest output": ["smallest", "scores", "largest"],
        "in minibatches of `m`": ["whole", "chunk", "one_by_one"],
        "in evaluation mode": ["training"],
        "without gradients": ["graph"],
        "the last minibatch may be smaller": ["drop", "stacked", "last"],
        "Returns a tensor of N integers": ["no_tensor", "floats", "column"],
    },
    why="A prediction changes nothing and must depend on nothing but the image. In "
    "training mode, dropout and batch normalization make it depend on chance and on "
    "the other images of the minibatch. Minibatches are there for the memory alone: "
    "60,000 images at once make maps that no machine holds, and a graph for gradients "
    "would keep all of them. So: evaluation mode, no graph, one part after the other, "
    "and the classes of all parts in one tensor.",
    see="LeNet-5",
    goal="train LeNet-5",
)


# --- learn ----------------------------------------------------------------------------


def learn_digits(function: Callable, seed: int = 0) -> None:
    """Check `learn(x, y, seed)`: a trained `DigitCNN` that reads unseen digits.

    On few of the digits first: one seed gives one network, and they are shuffled.
    """
    x, y, x_test, y_test = digits()
    x, x_test = ((v / 255)[:, None] for v in (x, x_test))
    asked = list(shapes_of(built(NETWORK.module("DigitCNN", Slip(), Slip()))).values())

    def trained(order, seed, state=0):
        few = {"x": x[order], "y": y[order]}
        made = network("learn", function, few, seed, asked=asked, state=state)
        return made(x_test)

    one = obeys_seed("learn", lambda *how: trained(np.arange(SMALL), *how), seed)
    shuffles("learn", lambda order: trained(order, seed), one)
    guess = trained(np.arange(len(x)), seed).argmax(1)
    reaches("learn", guess, y_test, DIGITS_BAR, "digit")
