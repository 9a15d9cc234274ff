"""Checks of the sheet `fully_connected/two_hidden_layers`: a network and its training.

Each step is a reference that carries its slips (`helpers.checks.engine`). The visible
cell and the hidden test differ in the seed only. PyTorch is imported when a check runs.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from ..engine import Case, Step, call
from ..engine.accuracy import digits, failed, reaches
from ..engine.observers import (
    LOG_PROBABILITIES,
    activated,
    activation_texts,
    built,
    layers,
    layers_fault,
    log_probabilities,
    module,
    module_fact,
    shapes_of,
)
from ..engine.trainings import evaluation, evaluation_fact, training, training_fact

SIZES = [784, 128, 64, 10]
DIGITS_BAR = 0.85  # accuracy on 355 unseen digits


# --- count_parameters -----------------------------------------------------------------


def _count(slip, sizes):
    counts = []
    shallow = [(sizes[0], sizes[1]), (sizes[1], sizes[-1])]
    for p, n in slip(list(pairwise(sizes)), one_hidden=shallow):
        biases = slip(n, no_bias=0, bias_inputs=p, one_bias=1)
        counts.append(slip(n * p, both=n + p, squared=n * n) + biases)
    counts = slip(counts, no_last=counts[:-1], no_first=counts[1:], first=counts[:1])
    counts = slip(counts, last=counts[-1:])
    total = slip(sum(counts), product=int(np.prod(sizes)), neurons=sum(sizes))
    total = slip(total, input_bias=total + sizes[0], one_more=total + 1)
    return slip(total, listed=counts)


def _count_cases(rng) -> Iterator[Case]:
    lists = [[784, 128, 10], [784, 128, 64, 10], [3072, 128, 10], [7, 3]]
    lists += [rng.integers(2, 90, size=n).tolist() for n in (3, 4, 5)]
    for sizes in lists:
        yield Case(f"sizes {sizes}", {"sizes": sizes})


count_parameters = Step(
    "count_parameters",
    _count,
    _count_cases,
    texts={
        "no_bias": "the biases are left out.",
        "bias_inputs": "a layer gets as many biases as it has inputs: it has one for "
        "each output.",
        "one_bias": "each layer gets a single bias.",
        "both": "the sizes of neighbors are added; each output has a weight for each "
        "input: a product.",
        "squared": "a layer gets n² weights, as if it had as many inputs as outputs.",
        "no_last": "the output layer is left out.",
        "no_first": "the first layer is left out.",
        "first": "only the first layer is counted.",
        "last": "only the output layer is counted.",
        "product": "the sizes are multiplied over all layers.",
        "neurons": "these are the neurons, not the parameters.",
        "input_bias": "the input layer gets biases, too: only the layers that compute "
        "have some.",
        "one_hidden": "a formula for one hidden layer: there may be more, or none.",
        "listed": "one number for each layer came: their sum is asked for.",
        "one_more": "there is one parameter too many.",
    },
    demands={
        "the number of weights and biases": ["no_bias", "neurons"],
        "the inputs first": ["no_first", "bias_inputs"],
        "returns an integer": ["listed"],
    },
    why="A parameter is a number that training may change. A layer with p inputs and n "
    "outputs has a weight for each pair of them, and one bias for each output; the "
    "inputs themselves are no layer, they only arrive. To count before you build shows "
    "where the numbers are: here nearly all of them lie in the first layer, because an "
    "image has so many pixels. And it is a test of your network: what PyTorch counts "
    "must be the same.",
    see="The parts",
    goal="build, train, evaluate, save and repeat a network in PyTorch",
    small=lambda: Case("", {"sizes": [3, 2, 1]}),
)


# --- TwoHiddenLayers ------------------------------------------------------------------


def _network(slip):
    import torch
    from torch import nn

    class TwoHiddenLayers(nn.Module):
        def __init__(self):
            super().__init__()
            parts = [nn.Linear(p, n) for p, n in pairwise(SIZES)]
            self.hidden1, self.hidden2, self.output = parts

        def forward(self, x):
            rows = slip(x.flatten(1), not_flattened=x, one_row=x.flatten())
            rows = slip(rows, scaled=rows / 255)
            rows = slip(rows, turned=x.mT.flatten(1) if x.dim() > 2 else rows)
            asked = ("sigmoid", "relu")
            first, second = slip(asked, exchanged=asked[::-1])
            a = activated(slip, self.hidden1(rows), "first", "sigmoid", first)
            a = activated(slip, self.hidden2(a), "second", "relu", second)
            z = self.output(a)
            return slip(
                log_probabilities(slip, z),
                cut=lambda: torch.tensor(z.detach().log_softmax(1).tolist()),
            )

    return TwoHiddenLayers


def _images(rng) -> Iterator[Case]:
    x = rng.random((8, 28, 28))
    yield Case("5 images", {"x": x[:5]})
    yield Case("3 images as rows", {"x": x[5:].reshape(3, -1)})
    yield Case("one image", {"x": x[:1]})


HOW = {"factory": True, "tell": module_fact, "rtol": 1e-4, "atol": 1e-5}
two_hidden_layers = Step(
    "TwoHiddenLayers",
    _network,
    [Case("the layers", {})],
    observe=layers,
    demands={"784 → 128 → 64 → 10": ["the layers"]},
    why="A layer is an object that holds its weights and its bias, and a network is an "
    "object that holds layers. What you keep as an attribute of self in __init__, "
    "PyTorch finds: it gives these parameters to the optimizer, saves them and moves "
    "them to a GPU. A layer that is made inside forward is a new one at each call, and "
    "one in a plain list is not found: both run, and never learn. Each layer takes as "
    "many inputs as the one before it has outputs.",
    see="The parts",
    goal="build, train, evaluate, save and repeat a network in PyTorch",
    **HOW,
)
two_hidden_outputs = Step(
    "TwoHiddenLayers",
    _network,
    _images,
    observe=module,
    texts=LOG_PROBABILITIES
    | activation_texts("first", "the first hidden layer", "sigmoid")
    | activation_texts("second", "the second hidden layer", "relu")
    | {
        "not_flattened": "the images are not flattened: each must become a row of 784 "
        "numbers, and the batch keep its axis.",
        "one_row": "the whole batch becomes one row: the axis of the examples must "
        "stay.",
        "scaled": "the images are divided by 255 inside the network.",
        "turned": "rows and columns of the images are exchanged before they are "
        "flattened.",
        "exchanged": "the activations are exchanged: ReLU follows the first hidden "
        "layer and the sigmoid the second.",
        "cut": "no gradient reaches any layer: the result is a new tensor, or the "
        "forward pass runs without a graph.",
    },
    demands={
        "the **sigmoid** after the first hidden layer": ["first_relu", "exchanged"],
        "**ReLU** after the second": ["second_sigmoid", "second_none"],
        "**log-softmax** over the classes at the output": ["out_none", "out_examples"],
        "`(m, 28, 28)` or `(m, 784)`": ["3 images as rows", "not_flattened"],
        "returns log-probabilities": ["out_softmax"],
    },
    why="The forward pass says what follows what: flatten, layer, activation, layer, "
    "activation, layer, log-softmax. Without an activation between them two linear "
    "layers are one. An activation behind the last layer takes numbers away: ReLU "
    "makes every negative sum 0 there, and the logarithm of a probability is never "
    "positive. Softmax belongs to each example by itself: it runs along the classes, "
    "dim=1; along the examples, images would compete with one another.",
    see="The parts",
    goal="build, train, evaluate, save and repeat a network in PyTorch",
    **HOW,
)


# --- accuracy -------------------------------------------------------------------------


def _accuracy(slip):
    import torch

    def accuracy(model, x, y, m):
        model.train(slip(False, training=True))
        N = len(x)
        size = slip(m, whole=N, chunk=-(-N // m), one_by_one=1)
        cut = list(zip(x.split(size), y.split(size), strict=True))
        full = [c for c in cut if len(c[0]) == size]
        cut = slip(cut, drop=full, drop_by_N=full, first=cut[:1])
        hits = []
        with torch.set_grad_enabled(slip(False, graph=True)):
            for batch, labels in cut:
                out = model(batch)
                guess = slip(out.argmax(1), smallest=out.argmin(1), flat=out.argmax())
                hits.append(int((guess == labels).sum()))
        seen, right = sum(len(c[0]) for c in cut), sum(hits)
        seen = slip(seen, drop_by_N=N)
        last = hits[-1] / len(cut[-1][0])
        mean = float(np.mean([h / len(c[0]) for h, c in zip(hits, cut, strict=True)]))
        share = slip(right / seen, mean=mean, last=last, by_m=right / (len(cut) * m))
        share = slip(share, over_m=right / m, over_batches=right / len(cut))
        share = slip(share, percent=100 * share, count=right, wrong=1 - share)
        share = slip(share, dropped=lambda: sum(hits[: N // m]) / N)
        return slip(share, tensor=lambda: torch.tensor(share))

    return accuracy


def _accuracy_cases(rng) -> Iterator[Case]:
    for N, m in ((23, 4), (18, 6)):
        W, b, x = rng.normal(size=(4, 6)), rng.normal(size=4), rng.normal(size=(N, 6))
        guess = (x @ W.T + b).argmax(1)
        y = np.where(rng.random(N) < 0.7, guess, rng.integers(0, 4, N))
        y[-3:] = guess[-3:]
        y[-1] = (y[-1] + 1) % 4
        yield Case(f"N = {N}, m = {m}", {"_W": W, "_b": b, "x": x, "y": y, "m": m})


accuracy = Step(
    "accuracy",
    _accuracy,
    _accuracy_cases,
    texts={
        "training": "the model is in training mode when a minibatch goes through: call "
        "model.eval() before the first one.",
        "whole": "m is ignored: all examples go through at once.",
        "chunk": "m is taken for the number of minibatches (chunk): it is their size.",
        "one_by_one": "m is ignored: the examples go through one by one.",
        "drop": "the last, smaller minibatch is left out.",
        "drop_by_N": "the last, smaller minibatch does not go through, and N examples "
        "are counted.",
        "first": "only the first minibatch counts: a return in the loop?",
        "graph": "a graph is recorded: the calls belong under torch.no_grad().",
        "smallest": "the class of the smallest output is taken.",
        "flat": "argmax runs over the whole minibatch: each row has its own class.",
        "mean": "the accuracies of the minibatches are averaged, and the last one is "
        "smaller: count the right answers, divide once by N.",
        "last": "only the last minibatch counts.",
        "by_m": "the last minibatch is counted as if it were full.",
        "over_m": "the right answers are divided by m, not by N.",
        "over_batches": "the right answers are divided by the number of minibatches, "
        "not by N.",
        "percent": "this is a percentage; a share from 0 to 1 is asked for.",
        "count": "this is the number of right answers: divide by N.",
        "wrong": "this is the share of wrong answers.",
        "dropped": "the right answers of the last, smaller minibatch are not counted.",
        "tensor": "a torch tensor came; a float is asked for: `item()` takes it out.",
    },
    demands={
        "the share of examples": ["count", "mean", "over_m"],
        "must be evaluated in evaluation mode": ["training"],
        "Send them through in order": ["N = 23, m = 4"],
        "in minibatches of `m`": ["whole", "chunk"],
        "without recording a graph": ["graph"],
        "The last minibatch may be smaller": ["drop", "by_m"],
        "a float between 0 and 1": ["percent", "tensor"],
    },
    why="An evaluation must not change what it measures. In training mode dropout "
    "switches neurons off and batch normalization uses the minibatch at hand, so that "
    "the same image gets different answers in different company. A graph that nobody "
    "needs costs memory: PyTorch would keep every intermediate result for a gradient. "
    "And a mean of means is no mean where the last minibatch is smaller: count the "
    "right answers, and divide once.",
    see="The loop",
    goal="build, train, evaluate, save and repeat a network in PyTorch",
    observe=evaluation,
    factory=True,
    tell=evaluation_fact,
)


# --- train ----------------------------------------------------------------------------


def _optimizer(slip, model, eta, m):
    import torch

    SGD, theta = torch.optim.SGD, list(model.parameters())
    asked = partial(SGD, theta, lr=eta, momentum=0.9)
    make = slip(asked, no_momentum=partial(SGD, theta, eta))
    make = slip(make, adam=partial(torch.optim.Adam, theta, eta))
    make = slip(make, momentum_99=partial(asked, momentum=0.99))
    make = slip(make, momentum_5=partial(asked, momentum=0.5))
    make = slip(make, nesterov=partial(asked, nesterov=True))
    make = slip(make, damped=partial(asked, dampening=0.9))
    make = slip(make, climbs=partial(asked, maximize=True))
    make = slip(make, eta_001=partial(asked, lr=0.001), eta_01=partial(asked, lr=0.01))
    return slip(make, eta_1=partial(asked, lr=0.1), eta_m=partial(asked, lr=eta / m))()


def _minibatches(slip, epoch, before, N, m, generator):
    """Return the minibatches; the order is the student's, where it is compared."""
    import torch

    order = torch.randperm(N, generator=generator)
    if like := slip.like and slip.like["_orders"][epoch : epoch + 1]:
        taken = dict.fromkeys(like[0])
        order = torch.tensor([*taken, *(i for i in range(N) if i not in taken)])
    before.append(order)
    order = slip(order, in_order=torch.arange(N), same_order=before[0])
    if not slip.like:
        order = slip(order, seed_unused=lambda: torch.randperm(N))
    size = slip(m, all_at_once=N, one_by_one=1, chunk=-(-N // m))
    cut = list(order.split(size))
    cut = slip(cut, drops_last=[b for b in cut if len(b) == size], first_only=cut[:1])

    def theirs(own):
        if not slip.like:
            return own()
        many = slice(epoch * len(cut), (epoch + 1) * len(cut))
        return [torch.tensor(b) for b in slip.like["_batches"][many]]

    def drawn():
        return list(torch.randint(N, (N,), generator=generator).split(size))

    def together():
        fixed = torch.arange(N).split(size)
        return [fixed[i] for i in torch.randperm(len(fixed), generator=generator)]

    anew, same = partial(theirs, drawn), partial(theirs, together)
    return slip(cut, drawn_anew=anew, same_together=same)


def _train(slip):
    import torch
    import torch.nn.functional as F

    def train(model, x, y, epochs, m, eta, seed):
        def measured(rows):
            with torch.no_grad():
                return F.nll_loss(model(x[rows]), y[rows]).item()

        generator = torch.Generator().manual_seed(slip(seed, seed_fixed=0))
        make = partial(_optimizer, slip, model, eta, m)
        descent, N, losses, orders, every, total = make(), len(x), [], [], [], 0.0
        model.train(slip(True, evaluating=False))
        count = slip(epochs, epoch_less=epochs - 1, epoch_more=epochs + 1, one_epoch=1)
        for epoch in range(count):
            cut = _minibatches(slip, epoch, orders, N, m, generator)
            descent = slip(descent, new_optimizer=make)
            total, means = slip(0.0, runs_on=total), []
            zero = slip("each", no_zero="never", zero_epoch="first")
            step = slip("each", no_step="never", step_epoch="last")
            for k, batch in enumerate(cut):
                n, log_p = len(batch), model(x[batch])
                target = slip(y[batch], labels_stay=y[k * m : k * m + n])
                mean = F.nll_loss(log_p, target)
                loss = slip(mean, loss_over_m=mean * n / m, loss_over_N=mean * n / N)
                loss = slip(loss, loss_summed=mean * n)
                loss = slip(loss, softmax_again=F.cross_entropy(log_p.exp(), target))
                loss = slip(loss, probabilities=F.nll_loss(log_p.exp(), target))
                if zero == "each" or (zero == "first" and k == 0):
                    descent.zero_grad()
                loss.backward()
                if step == "each" or (step == "last" and k == len(cut) - 1):
                    descent.step()
                means.append(slip(mean.item(), late=partial(measured, batch)))
                n = slip(n, weigh_twice=n**2, weigh_m=m, unweighed=N / len(cut))
                total += means[-1] * n
            every += means
            value = slip(total / N, loss_last=means[-1], loss_first=means[0])
            value = slip(value, sum_means=sum(means), sum_all=total, over_m=value / m)
            value = slip(value, means_over_N=sum(means) / N)
            losses.append(slip(value, after_epoch=lambda: measured(slice(None))))
        out = slip(losses, all_losses=every, last_epoch=losses[-1], model="model")
        return slip(out, nothing=lambda: None, mean=sum(losses) / len(losses))

    return train


def _train_cases(rng) -> Iterator[Case]:
    for N, m, epochs, eta in ((10, 4, 3, 0.5), (13, 3, 3, 0.2)):
        args = {"_W": rng.normal(size=(3, 5)), "_b": rng.normal(size=3)}
        args |= {"_again": True} if N == 13 else {}
        args |= {"x": rng.normal(size=(N, 5)), "y": rng.integers(0, 3, N)}
        args |= {"epochs": epochs, "m": m, "eta": eta, "seed": 7}
        yield Case(f"{N} examples, m = {m}, {epochs} epochs", args)


train = Step(
    "train",
    _train,
    _train_cases,
    texts={
        "seed_fixed": "the seed is always the same: the argument `seed` is not used.",
        "seed_unused": "the seed is not used: draw the order from a generator with it.",
        "no_momentum": "the momentum is missing: 0.9 is asked for, in one optimizer "
        "that is made before the loop and not for each minibatch.",
        "adam": "this is Adam; SGD with momentum is asked for.",
        "nesterov": "this is Nesterov's momentum; the plain one is asked for.",
        "momentum_99": "the momentum is 0.99; 0.9 is asked for.",
        "momentum_5": "the momentum is 0.5; 0.9 is asked for.",
        "damped": "the new gradient is damped: v ← 0.9 v + 0.1 g.",
        "climbs": "the weights climb: the sign of the loss, or of the step, is wrong.",
        "eta_001": "η is ignored: 0.001 in its place.",
        "eta_01": "η is ignored: 0.01 in its place.",
        "eta_1": "η is ignored: 0.1 in its place.",
        "eta_m": "η is divided by the number of examples in a minibatch.",
        "new_optimizer": "a new optimizer for each epoch forgets the momentum: make "
        "one, before the loop.",
        "evaluating": "the model is in evaluation mode while it is trained.",
        "epoch_less": "there is one epoch too few.",
        "epoch_more": "there is one epoch too many.",
        "one_epoch": "only one epoch is trained: a return inside the loop?",
        "in_order": "the order is that of the data: a new random one is asked for.",
        "same_order": "the order is the same in each epoch: draw a new one in the "
        "loop, and seed before it.",
        "all_at_once": "m is ignored: each epoch is one step with all examples.",
        "one_by_one": "m is ignored: each step takes one example.",
        "chunk": "m is taken for the number of minibatches (chunk): it is their size.",
        "drops_last": "the last, smaller minibatch is left out.",
        "first_only": "each epoch takes its first minibatch only.",
        "drawn_anew": "in an epoch some examples come twice, others never: the "
        "minibatches share out one order of all of them.",
        "same_together": "only the order of the minibatches is random: always the same "
        "examples are together.",
        "labels_stay": "the labels do not follow the order of the examples.",
        "loss_summed": "the loss is summed over the minibatch, not averaged.",
        "softmax_again": "cross-entropy of exp(log p): softmax is there already.",
        "probabilities": "nll_loss gets probabilities: it takes their logarithms, "
        "which the model returns.",
        "loss_over_m": "the loss is divided by m, also where the minibatch is smaller.",
        "loss_over_N": "the loss is divided by N, not by the minibatch's own number.",
        "no_zero": "gradients add up from step to step: zero_grad() is missing.",
        "zero_epoch": "zero_grad() comes once for each epoch: gradients add up.",
        "no_step": "nothing is learned: is step() there, and does zero_grad() come "
        "before backward(), not between backward() and step()?",
        "step_epoch": "step() comes once for each epoch: it belongs behind backward().",
        "late": "the loss is measured after the step: the one before it is asked for.",
        "weigh_twice": "the sum over a minibatch is multiplied by its number again.",
        "weigh_m": "the losses of the minibatches are weighed with m; the last is "
        "smaller.",
        "unweighed": "the minibatches' losses are averaged, and the last minibatch is "
        "smaller: weigh each with its number of examples.",
        "runs_on": "the sum of the losses is not reset: it runs on from epoch to "
        "epoch.",
        "loss_last": "the losses are those of the last minibatches only.",
        "loss_first": "the losses are those of the first minibatches only.",
        "sum_means": "the losses are sums over the minibatches: divide by N.",
        "sum_all": "the losses are sums over the examples: divide by N.",
        "means_over_N": "the sum of the minibatches' means is divided by N: multiply "
        "each by its number of examples.",
        "after_epoch": "the losses are measured after the epoch, with all examples: "
        "those at the moment when the minibatch came are asked for.",
        "over_m": "the loss of an example is divided by m once more.",
        "all_losses": "the losses of all minibatches came: one for each epoch is asked "
        "for.",
        "last_epoch": "only the loss of the last epoch came.",
        "nothing": "None came: the list of losses is to be returned.",
        "model": "the model is returned, not the losses.",
        "mean": "the mean over all epochs came: one number for each epoch is asked "
        "for.",
    },
    demands={
        "One optimizer for the whole training": ["new_optimizer", "no_momentum"],
        "with the learning rate `eta` and momentum 0.9": ["eta_1", "momentum_99"],
        "The loss is `F.nll_loss`": ["loss_summed", "softmax_again"],
        "In each epoch all examples": ["drops_last", "first_only", "drawn_anew"],
        "in a new random order": ["in_order", "same_order", "same_together"],
        "from a generator with that `seed`": ["seed_unused", "seed_fixed"],
        "in minibatches of `m`": ["all_at_once", "chunk"],
        "a list with one number for each epoch": ["all_losses", "last_epoch"],
        "the mean over the examples": ["sum_all", "unweighed", "weigh_m"],
        "at the moment when its minibatch came": ["late", "after_epoch"],
    },
    why="PyTorch does what a line says, no more. backward() adds to the gradients that "
    "are there, so they are set to zero before it. The optimizer keeps the "
    "momentum, so there is one for the whole training. A new order in each epoch keeps "
    "the steps from repeating a pattern of the data, and a generator with a seed makes "
    "the order repeatable without touching anybody else's random numbers. The losses "
    "are measured on the way, while the weights still change: they cost nothing extra.",
    see="The loop",
    goal="build, train, evaluate, save and repeat a network in PyTorch",
    observe=training,
    factory=True,
    tell=training_fact,
    rtol=1e-4,
    atol=1e-5,
)


# --- training on digits ---------------------------------------------------------------


def learns(factory: Callable, train: Callable, seed: int = 0) -> None:
    """Check that the network, trained by the student's loop, reads unseen digits.

    1,442 digits for training and 355 for the test, standardized; 5 epochs, minibatches
    of 64, η = 0.06, from seeded weights. A right answer reached 0.899 or more for each
    of 30 seeds.
    """
    import torch

    model = call(built, factory, name="TwoHiddenLayers")
    fault = f"a torch.nn.Module is expected; {model} came."
    if not isinstance(model, str):
        shapes = shapes_of(model)
        asked = [s for p, n in pairwise(SIZES) for s in ((n, p), (n,))]
        fault = layers_fault(shapes, asked)
    if fault:
        raise failed("training: the layers are others.", fault)
    rng, inputs = np.random.default_rng(seed), dict(zip(SIZES[1:], SIZES, strict=False))
    state = {}
    for name, shape in sorted(shapes.items(), key=lambda v: (-v[1][0], len(v[1]))):
        bound = inputs[shape[0]] ** -0.5  # as torch.nn.Linear starts
        state[name] = torch.tensor(rng.uniform(-bound, bound, shape).astype(np.float32))
    model.load_state_dict(state)
    x, y, x_test, y_test = digits()
    x, x_test = ((torch.tensor(v) - x.mean()) / x.std(ddof=1) for v in (x, x_test))
    losses = call(train, model, x, torch.tensor(y), 5, 64, 0.06, seed, name="training")
    with torch.no_grad():
        guess = call(model.eval(), x_test, name="TwoHiddenLayers").argmax(1).numpy()
    reaches("training", guess, y_test, DIGITS_BAR, "digit", _why(losses))


def _why(losses) -> str:
    """Say what a low accuracy comes from, as far as the losses tell."""
    values = np.asarray(losses if losses is not None else [], dtype=float).ravel()
    if values.size and not np.isfinite(values).all():
        return "the loss is not finite: the training diverged."
    if values.size > 1 and values[-1] >= values[0]:
        return "the loss does not fall: is the step taken, and downhill?"
    if values.size and abs(values[-1] - np.log(10)) < 0.2:
        return (
            "the loss ends near ln(10), that of guessing: are gradients lost, or is a "
            "softmax where a log-softmax belongs?"
        )
    return "the network learns, but slowly: compare the earlier steps with their tasks."
