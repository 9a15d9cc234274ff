"""Checks of the exercises `two_hidden_layers` and `cifar10_fcn`.

Each check takes what the student wrote and a seed; the visible cell and the hidden
test differ in the seed only. Networks are judged by `architecture`, functions by
variants of one simulator in NumPy, with the mistakes switched on by name.
"""

import functools
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from . import architecture
from .architecture import Linear
from .core import Case, CheckFailed, call, verify

TWO_HIDDEN_LAYERS = (
    "flatten",
    Linear(784, 128),
    "sigmoid",
    Linear(128, 64),
    "relu",
    Linear(64, 10),
    "log_softmax",
)
COLOR_NET = ("flatten", Linear(3072, 128), "relu", Linear(128, 10))
MOMENTUM = 0.9
DIGITS_BAR = 0.85  # accuracy on 355 unseen digits
SHAPES_BAR = 0.40  # accuracy on 1,000 unseen shapes
BETTER_BAR = 0.62  # the same for the improved network


# --- two_hidden_layers ---------------------------------------------------------------


def count_parameters(function: Callable, seed: int = 0) -> None:
    """Check `count_parameters(sizes)`, the weights and biases of a network."""
    rng = np.random.default_rng(seed)
    lists = [[784, 128, 10], [784, 128, 64, 10], [3072, 128, 10], [7, 3]]
    lists += [rng.integers(2, 90, size=n).tolist() for n in (3, 4, 5)]

    def arrays(sizes):  # really make them, then count
        pairs = list(pairwise(sizes))
        return sum(np.empty((n, p)).size + np.empty(n).size for p, n in pairs)

    def weights(sizes):
        return sum(n * p for p, n in pairwise(sizes))

    verify(
        "count_parameters",
        function,
        [Case(f"sizes {sizes}", {"sizes": sizes}) for sizes in lists],
        arrays,
        mistakes=[
            ("the biases are left out.", weights),
            (
                "the input layer gets biases, too: only the layers that compute "
                "have some.",
                lambda s: weights(s) + sum(s),
            ),
            (
                "a layer gets as many biases as it has inputs: it has one for each "
                "output.",
                lambda s: weights(s) + sum(s[:-1]),
            ),
            ("each layer gets a single bias.", lambda s: weights(s) + len(s) - 1),
            ("only the first layer is counted.", lambda s: s[1] * (s[0] + 1)),
            ("the output layer is left out.", lambda s: arrays(s[:-1])),
            ("the first layer is left out.", lambda s: arrays(s[1:])),
            ("the sizes are multiplied over all layers.", lambda s: int(np.prod(s))),
            ("these are the neurons, not the parameters.", sum),
        ],
    )


def two_hidden_layers(factory: Callable) -> None:
    """Check the layers that the constructor of `TwoHiddenLayers` makes."""
    _layers("TwoHiddenLayers", factory, TWO_HIDDEN_LAYERS)


def two_hidden_outputs(factory: Callable, seed: int = 0) -> None:
    """Check the forward pass of `TwoHiddenLayers` against NumPy, with known weights."""
    x = np.random.default_rng(seed).random((8, 28, 28), dtype=np.float32)
    inputs = {
        "5 images": x[:5],
        "3 images as rows": x[5:].reshape(3, -1),
        "one image": x[:1],
    }
    _outputs("TwoHiddenLayers", factory, TWO_HIDDEN_LAYERS, inputs, seed)


def _layers(name: str, factory: Callable, steps: tuple) -> None:
    architecture.same_layers(name, architecture.build(name, factory), steps)
    text = f"layers, {architecture.count(steps):,} parameters"
    print(f"✓ {name}: {len(architecture.layers(steps))} {text}")


def _outputs(name: str, factory: Callable, steps: tuple, inputs: dict, seed) -> None:
    model = architecture.build(name, factory)
    architecture.same_outputs(name, model, steps, inputs, seed)


def accuracy(function: Callable, seed: int = 0) -> None:
    """Check `accuracy(model, x, y, m)` with models whose outputs NumPy knows.

    All models come in training mode. One has a batch normalization, whose outputs
    differ in training; one keeps no running statistics, so that its outputs depend on
    the minibatch in either mode and tell whether minibatches of m were made.
    """
    rng = np.random.default_rng(seed)
    weights = {
        "W1": rng.normal(size=(8, 6)),
        "b1": rng.normal(size=8),
        "mean": rng.normal(0.5, 1, size=8),
        "variance": rng.uniform(0.2, 4, size=8),
        "W2": rng.normal(size=(4, 8)),
        "b2": rng.normal(size=4),
    }
    cases = []
    for kind, N, m in (
        ("plain", 101, 32),
        ("plain", 64, 16),
        ("with batch normalization", 107, 25),
        ("whose outputs depend on the minibatch", 90, 17),
    ):
        x = rng.normal(size=(N, 6))
        y = _scores(kind, x, weights, m).argmax(1)
        y = np.where(rng.random(N) < 0.6, y, rng.integers(0, 4, N))
        label = f"a model {kind}, N = {N}, m = {m}"
        cases.append(Case(label, {"kind": kind, "x": x, "y": y, "m": m}))

    def share(how="examples", training=False, drop=False, whole=False):
        def rule(kind, x, y, m):
            m = len(x) if whole else m
            N = len(x) // m * m if drop else len(x)
            guess = _scores(kind, x, weights, m, training)
            right = (guess.argmax(1) == y)[:N]
            parts = [right[i : i + m] for i in range(0, N, m)]
            return {
                "examples": sum(p.sum() for p in parts) / N,
                "of all": right.sum() / len(x),
                "batches": np.mean([p.mean() for p in parts]),
                "last": parts[-1].mean(),
                "first": parts[0].mean(),
                "percent": 100 * right.mean(),
                "count": right.sum(),
                "wrong": 1 - right.mean(),
                "by m": right.sum() / (len(parts) * m),
            }[how]

        return rule

    verify(
        "accuracy",
        functools.partial(_accuracy_of, function, weights),
        cases,
        share(),
        mistakes=[
            (
                "the model stays in training mode: model.eval() is missing.",
                share(training=True),
            ),
            (
                "the accuracies of the minibatches are averaged, and the last one is "
                "smaller: count the right answers, divide once by N.",
                share("batches"),
            ),
            (
                "the last minibatch is left out.",
                share(drop=True),
            ),
            ("the last minibatch is left out.", share("of all", drop=True)),
            ("the last minibatch is counted as if it were full.", share("by m")),
            ("m is ignored: all examples go through at once.", share(whole=True)),
            (
                "m is ignored, and model.eval() is missing.",
                share(whole=True, training=True),
            ),
            ("only the last minibatch counts.", share("last")),
            ("only the first minibatch counts: a return in the loop?", share("first")),
            (
                "this is a percentage; a share from 0 to 1 is asked for.",
                share("percent"),
            ),
            ("this is the number of right answers: divide by N.", share("count")),
            ("this is the share of wrong answers.", share("wrong")),
            (
                "the accuracies of the minibatches are averaged, and model.eval() is "
                "missing.",
                share("batches", training=True),
            ),
        ],
    )


def _accuracy_of(function: Callable, weights: dict, kind: str, x, y, m: int) -> Any:
    import torch

    parts = [torch.nn.Linear(6, 8), torch.nn.ReLU(), torch.nn.Linear(8, 4)]
    if kind != "plain":
        kept = kind == "with batch normalization"
        norm = torch.nn.BatchNorm1d(8, affine=False, track_running_stats=kept)
        if kept:
            norm.running_mean.copy_(torch.tensor(weights["mean"]))
            norm.running_var.copy_(torch.tensor(weights["variance"]))
        parts.insert(1, norm)
    model = torch.nn.Sequential(*parts)
    with torch.no_grad():
        for i, layer in ((1, parts[0]), (2, parts[-1])):
            layer.weight.copy_(torch.tensor(weights[f"W{i}"]))
            layer.bias.copy_(torch.tensor(weights[f"b{i}"]))
    model.train()
    share = function(model, torch.tensor(x, dtype=torch.float32), torch.tensor(y), m)
    return (
        share.item() if isinstance(share, torch.Tensor) and share.ndim == 0 else share
    )


def _scores(kind: str, x, weights: dict, m: int, training: bool = False) -> np.ndarray:
    """Return the outputs of the model of that kind, minibatch after minibatch."""
    outputs = []
    for start in range(0, len(x), m):
        z = x[start : start + m] @ weights["W1"].T + weights["b1"]
        mean, variance = weights["mean"], weights["variance"]
        if training or kind == "whose outputs depend on the minibatch":
            mean, variance = z.mean(0), z.var(0)
        if kind != "plain":
            z = (z - mean) / np.sqrt(variance + 1e-5)
        outputs.append(np.maximum(z, 0) @ weights["W2"].T + weights["b2"])
    return np.concatenate(outputs)


def train(function: Callable, seed: int = 0) -> None:
    """Check `train(model, x, y, epochs, m, eta, seed)` by the weights that it reaches.

    The order of the examples is the student's, so the cases are such that it does not
    matter: one minibatch with all examples, or all examples equal.
    """
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(3, 5)), rng.normal(size=3)

    def case(label, N, m, epochs, eta, equal=False):
        x, y = rng.normal(size=(N, 5)), rng.integers(0, 3, N)
        if equal:
            x, y = 0 * x + x[:1], 0 * y + y[0]
        keys = ("x", "y", "epochs", "m", "eta", "seed")
        return Case(label, dict(zip(keys, (x, y, epochs, m, eta, seed), strict=True)))

    def slip(**slips):
        return functools.partial(_descent, weights, slips)

    verify(
        "train",
        functools.partial(_trained, function, weights),
        [
            case("all 20 examples in one minibatch, 4 epochs", 20, 20, 4, 0.2),
            case("all 9 examples in one minibatch, 3 epochs", 9, 9, 3, 0.5),
            case("12 equal examples, m = 5, 3 epochs", 12, 5, 3, 0.1, equal=True),
        ],
        slip(),
        parts=("weights", "biases", "losses"),
        mistakes=[
            (
                "gradients add up from step to step: zero_grad() is missing.",
                slip(zero=False),
            ),
            (
                "nothing is learned: is step() there, and does zero_grad() come before "
                "backward(), not between backward() and step()?",
                slip(step=False),
            ),
            (
                "the momentum is missing: 0.9 is asked for, in one optimizer that is "
                "made before the loop and not for each minibatch.",
                slip(momentum=0.0),
            ),
            (
                "a new optimizer for each epoch forgets the momentum: make one, before "
                "the loop.",
                slip(forget="epoch"),
            ),
            ("the loss is summed over the minibatch, not averaged.", slip(total=True)),
            (
                "m is ignored: each epoch is one step with all examples.",
                slip(whole=True),
            ),
            ("the last, smaller minibatch is left out.", slip(drop=True)),
            ("there is one epoch too few.", slip(extra=-1)),
            ("there is one epoch too many.", slip(extra=1)),
            ("η is ignored: 0.01 in its place.", slip(eta=0.01)),
            ("η is ignored: 0.1 in its place.", slip(eta=0.1)),
            ("this is Adam; SGD with momentum is asked for.", slip(adam=True)),
            ("the weights climb: the loss grows with each step.", slip(sign=-1)),
            (
                "the minibatches' losses are averaged, and the last minibatch is "
                "smaller: weigh each with its number of examples.",
                slip(loss="batches"),
            ),
            ("the losses are those of the last minibatches only.", slip(loss="last")),
            (
                "the losses are sums over the minibatches: divide by N.",
                slip(loss="sum"),
            ),
            (
                "the losses of all minibatches came: one for each epoch is asked for.",
                slip(loss="all"),
            ),
            ("only the loss of the last epoch came.", slip(loss="final")),
        ],
        rtol=1e-4,
        atol=1e-5,
    )


def _trained(function: Callable, weights: tuple, x, y, epochs, m, eta, seed) -> tuple:
    """Return what the student's loop makes of a softmax regression, as arrays."""
    import torch

    layer = torch.nn.Linear(5, 3)
    model = torch.nn.Sequential(layer, torch.nn.LogSoftmax(dim=1))
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weights[0]))
        layer.bias.copy_(torch.tensor(weights[1]))
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    losses = function(model, x, y, epochs, m, eta, seed)
    if losses is None:
        raise CheckFailed("✗ train: None came: the list of losses is to be returned.")
    if isinstance(losses, list | tuple):
        losses = [v.item() if isinstance(v, torch.Tensor) else v for v in losses]
    state = {k: v.detach().numpy().astype(float) for k, v in model.state_dict().items()}
    return state["0.weight"], state["0.bias"], np.array(losses, dtype=float)


def _descent(weights: tuple, slips: dict, x, y, epochs, m, eta, seed) -> tuple:
    """Return W, b and losses of softmax regression by momentum, with slips built in."""
    give = {"zero": True, "step": True, "momentum": MOMENTUM, "forget": "", "sign": 1}
    give |= {"total": False, "whole": False, "drop": False, "extra": 0, "eta": eta}
    give |= {"adam": False, "loss": "examples"} | slips
    theta = np.concatenate([weights[0].ravel(), weights[1]])
    n, grad = weights[0].size, np.zeros(weights[0].size + weights[1].size)
    v, s, t, losses = 0 * grad, 0 * grad, 0, []
    m = len(x) if give["whole"] else m
    for _ in range(epochs + give["extra"]):
        v, s = (0 * v, 0 * s) if give["forget"] == "epoch" else (v, s)
        costs, counts = [], []
        stop = len(x) // m * m if give["drop"] else len(x)
        for start in range(0, stop, m):
            a, target = x[start : start + m], np.eye(3)[y[start : start + m]]
            z = a @ theta[:n].reshape(3, 5).T + theta[n:]
            log_p = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
            delta = (np.exp(log_p) - target) / (1 if give["total"] else len(a))
            costs.append(-(log_p * target).sum() / (1 if give["total"] else len(a)))
            counts.append(len(a))
            new = np.concatenate([(delta.T @ a).ravel(), delta.sum(0)])
            grad = new if give["zero"] else grad + new
            t += 1
            if give["adam"]:
                v, s = 0.9 * v + 0.1 * grad, 0.999 * s + 0.001 * grad**2
                root = np.sqrt(s / (1 - 0.999**t)) + 1e-8
                step = v / (1 - 0.9**t) / root
            else:
                step = v = give["momentum"] * v + grad
            theta = theta - give["eta"] * give["sign"] * step * give["step"]
        costs, counts = np.array(costs), np.array(counts)
        losses += {
            "examples": [(costs * counts).sum() / counts.sum()],
            "batches": [costs.mean()],
            "last": costs[-1:],
            "sum": [costs.sum()],
            "all": costs,
            "final": [(costs * counts).sum() / counts.sum()],
        }[give["loss"]]
    losses = losses[-1] if give["loss"] == "final" else losses
    return theta[:n].reshape(3, 5), theta[n:], np.array(losses, dtype=float)


def learns(factory: Callable, train: Callable, seed: int = 0) -> None:
    """Check that the network, trained by the student's loop, reads unseen digits.

    scikit-learn's 8×8 digits, enlarged to 28×28: 1,442 for training and 355 for the
    test, all standardized; 5 epochs, minibatches of 64, η = 0.06, from seeded weights.
    A right answer reached 0.899 or more for each of 30 seeds.
    """
    import torch

    from helpers.data import digits
    from helpers.data.standins import enlarge_digits

    name, steps = "training", TWO_HIDDEN_LAYERS
    model = architecture.build("TwoHiddenLayers", factory)
    names = architecture.same_layers("TwoHiddenLayers", model, steps)
    rng, state = np.random.default_rng(seed), {}
    for key, step in zip(names, architecture.layers(steps), strict=True):
        bound = step.n_in**-0.5  # as torch.nn.Linear starts
        for part, shape in (("weight", step.shape), ("bias", step.shape[:1])):
            values = rng.uniform(-bound, bound, shape).astype(np.float32)
            state[f"{key}.{part}"] = torch.tensor(values)
    model.load_state_dict(state)
    small = digits()
    x, x_test = (
        torch.tensor(enlarge_digits(part.x).astype(np.float32))
        for part in (small.train, small.test)
    )
    mean, std = x.mean(), x.std()
    x, x_test = (x - mean) / std, (x_test - mean) / std
    y, y_test = torch.tensor(small.train.y), small.test.y
    losses = call(train, model, x, y, 5, 64, 0.06, seed, name=name)
    model.eval()
    with torch.no_grad():
        guess = call(model, x_test, name="TwoHiddenLayers").argmax(1).numpy()
    share = float(np.mean(guess == y_test))
    if share < DIGITS_BAR:
        raise CheckFailed(
            f"✗ {name}: accuracy {share:.3f} on {len(y_test)} unseen digits; at least "
            f"{DIGITS_BAR} is expected.\nLikely mistake: {_why(guess, losses, 10)}"
        )
    print(f"✓ {name}: accuracy {share:.3f} on {len(y_test)} unseen digits")


def _why(guess: np.ndarray, losses: Any, k: int) -> str:
    """Say what a low accuracy comes from, as far as predictions and losses tell."""
    values = np.asarray(losses if losses is not None else [], dtype=float).ravel()
    if values.size and not np.isfinite(values).all():
        return "the loss is not finite: the training diverged."
    if len(np.unique(guess)) == 1:
        return (
            f"every image gets the class {guess[0]}: nothing was learned. Is every "
            "step of the loop there, and is the order of the activations right?"
        )
    if values.size > 1 and values[-1] >= values[0]:
        return "the loss does not fall: is the step taken, and downhill?"
    if values.size and abs(values[-1] - np.log(k)) < 0.2:
        return (
            "the loss ends near ln(10), that of guessing: are gradients lost, or is a "
            "softmax where a log-softmax belongs?"
        )
    return "the network learns, but slowly: compare the earlier steps with their tasks."


# --- cifar10_fcn ---------------------------------------------------------------------


def _pictures(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    """Return color images (n, size, size, 3), uint8, with channels that differ."""
    low, high = np.array([0, 60, 150]), np.array([120, 200, 256])
    return rng.integers(low, high, (n, size, size, 3)).astype(np.uint8)


def channel_statistics(function: Callable, seed: int = 0) -> None:
    """Check `channel_statistics(images)`: mean and standard deviation by color."""
    rng = np.random.default_rng(seed)
    cases = [
        Case("5 images of 4×4", {"images": _pictures(rng, 5, 4)}),
        Case("3 images of 3×3", {"images": _pictures(rng, 3, 3)}),
        Case("7 images of 32×32", {"images": _pictures(rng, 7, 32)}),
    ]

    def statistics(images):  # one color after the other, from the definition
        colors = [images[..., c].astype(float).ravel() / 255 for c in range(3)]
        mean = [sum(v) / len(v) for v in colors]
        spread = [
            np.sqrt(np.square(v - a).sum() / len(v))
            for v, a in zip(colors, mean, strict=True)
        ]
        return np.array(mean), np.array(spread)

    def wrong(axis=(0, 1, 2), scale=255, ddof=0, square=False):
        def rule(images):
            x = images / scale
            spread = x.std(axis, ddof=ddof)
            return x.mean(axis), spread**2 if square else spread

        return rule

    verify(
        "channel_statistics",
        function,
        cases,
        statistics,
        parts=("mean", "std"),
        mistakes=[
            ("the pixels are not divided by 255.", wrong(scale=1)),
            ("the pixels are divided by 256, not by 255.", wrong(scale=256)),
            ("all colors share one mean: average each channel alone.", wrong(None)),
            (
                "the average runs over the wrong axes: the channels are the last one.",
                wrong((0, 2, 3)),
            ),
            (
                "the average runs over the wrong axes: only the channel is left.",
                wrong(0),
            ),
            (
                "each image is averaged alone: one value a channel is asked for.",
                wrong((1, 2)),
            ),
            ("this is the variance: take the square root.", wrong(square=True)),
            ("the standard deviation is divided by N − 1, not by N.", wrong(ddof=1)),
        ],
        rtol=1e-5,
    )


def to_inputs(function: Callable, seed: int = 0) -> None:
    """Check `to_inputs(images, mean, std)`: float32 rows, channel after channel."""
    rng = np.random.default_rng(seed)

    def case(n, size):
        mean, std = rng.uniform(0.2, 0.6, 3), rng.uniform(0.1, 0.4, 3)
        keys, values = ("images", "mean", "std"), (_pictures(rng, n, size), mean, std)
        label = f"{n} image{'s' * (n > 1)} of {size}×{size}"
        return Case(label, dict(zip(keys, values, strict=True)))

    def loops(images, mean, std):  # pixel by pixel, in the order that is asked for
        n, h, w, _ = images.shape
        return np.array(
            [
                [
                    (images[i, r, q, c] / 255 - mean[c]) / std[c]
                    for c in range(3)
                    for r in range(h)
                    for q in range(w)
                ]
                for i in range(n)
            ]
        )

    def wrong(order=(0, 3, 1, 2), scale=255, how="both", reshape=False):
        def rule(images, mean, std):
            x = images / scale
            if how == "both":
                x = (x - mean) / std
            elif how == "mean only":
                x = x - mean
            elif how == "variance":
                x = (x - mean) / std**2
            elif how == "std first":
                x = x / std - mean
            return (x if reshape else x.transpose(order)).reshape(len(x), -1)

        return rule

    def scrambled(images, mean, std):
        x = (images / 255).reshape(len(images), 3, *images.shape[1:3])
        x = (x - mean[:, None, None]) / std[:, None, None]
        return x.reshape(len(x), -1)

    verify(
        "to_inputs",
        functools.partial(_inputs_of, function),
        [case(4, 5), case(2, 32), case(1, 3)],
        loops,
        mistakes=[
            (
                "the colors of a pixel stay side by side (red, green, blue, red …): "
                "the channel axis must come before rows and columns.",
                wrong(reshape=True),
            ),
            (
                "reshape does not move an axis, it cuts the same numbers anew: permute "
                "(or transpose) the channels to the front.",
                scrambled,
            ),
            (
                "rows and columns of the pictures are exchanged.",
                wrong((0, 3, 2, 1)),
            ),
            ("the pixels are not divided by 255.", wrong(scale=1)),
            ("mean and std are not used.", wrong(how="none")),
            ("the division by std is missing.", wrong(how="mean only")),
            ("you divide by the variance: divide by std.", wrong(how="variance")),
            ("std divides before the mean is subtracted.", wrong(how="std first")),
        ],
        rtol=1e-4,
        atol=1e-5,
    )


def _inputs_of(function: Callable, images, mean, std) -> np.ndarray:
    import torch

    rows = function(images, mean, std)
    if isinstance(rows, np.ndarray):
        raise CheckFailed(
            "✗ to_inputs: a NumPy array came; a torch tensor is expected."
        )
    if isinstance(rows, torch.Tensor):
        if rows.dtype != torch.float32:
            raise CheckFailed(
                f"✗ to_inputs: the tensor is {rows.dtype}; torch.float32 is expected, "
                "as the weights of a layer are."
            )
        return rows.detach().numpy().astype(float)
    return rows


def color_net(factory: Callable, seed: int = 0) -> None:
    """Check the layers and the outputs of `ColorNet`."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(7, 3, 32, 32)).astype(np.float32)
    inputs = {"4 images": x[:4], "3 images as rows": x[4:].reshape(3, -1)}
    inputs["one image"] = x[:1]
    _outputs("ColorNet", factory, COLOR_NET, inputs, seed)
    _layers("ColorNet", factory, COLOR_NET)


def class_accuracy(function: Callable, seed: int = 0) -> None:
    """Check `class_accuracy(predicted, labels, k)`: one share for each class."""
    rng = np.random.default_rng(seed)

    def case(label, n, k, absent=(), never=()):
        labels = rng.integers(0, k, n)
        labels[:k] = rng.permutation(k)  # each class occurs
        guess = np.where(rng.random(n) < 0.6, labels, rng.integers(0, k, n))
        guess[:k] = np.roll(np.arange(k), 1)  # each class is predicted
        for c in absent:
            labels[labels == c] = (c + 1) % k
        for c in never:
            guess[guess == c] = (c + 1) % k
        keys = ("predicted", "labels", "k")
        return Case(label, dict(zip(keys, (guess, labels, k), strict=True)))

    def shares(predicted, labels, k):  # by listing the examples of each class
        hits = [[] for _ in range(k)]
        for guess, label in zip(predicted, labels, strict=True):
            hits[label].append(guess == label)
        return np.array([sum(h) / len(h) if h else np.nan for h in hits])

    def wrong(how):
        def rule(predicted, labels, k):
            table = np.zeros((k, k))  # rows: true class
            np.add.at(table, (labels, predicted), 1)
            right, n = np.diag(table), len(labels)
            with np.errstate(all="ignore"):
                share = {
                    "precision": right / table.sum(0),
                    "overall": np.where(table.sum(1) > 0, right / n, np.nan),
                    "equal": right * k / n,
                    "errors": 1 - right / table.sum(1),
                    "count": right,
                    "percent": 100 * right / table.sum(1),
                    "zero": np.nan_to_num(right / table.sum(1)),
                    "one": np.nan_to_num(right / table.sum(1), nan=1),
                    "jaccard": right / (table.sum(0) + table.sum(1) - right),
                    "both": [
                        ((predicted == c) == (labels == c)).mean() for c in range(k)
                    ],
                    "present": (right / table.sum(1))[table.sum(1) > 0],
                }
            return np.array(share[how])

        return rule

    verify(
        "class_accuracy",
        function,
        [
            case("60 examples, 4 classes", 60, 4),
            case("200 examples, 10 classes", 200, 10),
            case("a class without examples", 50, 5, absent=(2,)),
            case("a class that is never predicted", 50, 5, never=(3,)),
        ],
        shares,
        mistakes=[
            (
                "you divide by how often a class is predicted (that is its precision); "
                "divide by the number of its examples.",
                wrong("precision"),
            ),
            (
                "you divide by the number of all examples; divide by those of the "
                "class.",
                wrong("overall"),
            ),
            (
                "you take it that all classes have equally many examples.",
                wrong("equal"),
            ),
            ("these are the shares of wrong answers.", wrong("errors")),
            ("these are numbers of right answers, not shares.", wrong("count")),
            (
                "these are percentages; shares from 0 to 1 are asked for.",
                wrong("percent"),
            ),
            (
                "a class without examples gets 0: its accuracy is unknown, NaN.",
                wrong("zero"),
            ),
            (
                "a class without examples gets 1: its accuracy is unknown, NaN.",
                wrong("one"),
            ),
            (
                "you divide by the examples that belong to the class or are taken for "
                "it; divide by those that belong to it.",
                wrong("jaccard"),
            ),
            (
                "rightly rejected examples of the other classes count, too: look only "
                "at the examples of the class.",
                wrong("both"),
            ),
            ("a class without examples is left out: keep its place.", wrong("present")),
        ],
        warn="0 is divided by 0. Ask first whether the class has examples.",
    )


@functools.lru_cache(maxsize=2)
def _shapes(seed: int) -> tuple[np.ndarray, ...]:
    """Return 1,500 shapes for training and 1,000 for the test: x, y, x_test, y_test."""
    from helpers.data import shapes

    x, y = shapes(n=2500, seed=seed).train
    return x[:1500], y[:1500], x[1500:], y[1500:]


def learn(function: Callable, seed: int = 0) -> None:
    """Check `learn(images, labels, unseen, seed)` by its accuracy on unseen shapes."""
    _recognizes("learn", function, seed, SHAPES_BAR, 0.0)


def improve(function: Callable, seed: int = 0) -> None:
    """Check `improve(images, labels, unseen, seed)` against a higher bar."""
    _recognizes("improve", function, seed, BETTER_BAR, SHAPES_BAR)


def _recognizes(name: str, function: Callable, seed: int, bar: float, usual: float):
    from helpers.data.standins import SHAPES

    x, y, x_test, y_test = _shapes(seed)
    given = x.copy(), y.copy(), x_test.copy()
    guess = np.asarray(call(function, *given, seed, name=name))
    for key, value, old in zip(
        ("images", "labels", "unseen"), given, (x, y, x_test), strict=True
    ):
        if not np.array_equal(value, old):
            raise CheckFailed(f"✗ {name}: your function changed {key} in place.")
    if guess.shape != y_test.shape:
        raise CheckFailed(
            f"✗ {name}: shape {guess.shape} came; one class number for each of the "
            f"{len(y_test)} unseen images is expected: {y_test.shape}.\n"
            "Likely mistake: "
            + (
                "these are the outputs of the network: take their argmax over the "
                "classes."
                if guess.ndim == 2
                else "the training images are classified, or a batch is left out."
            )
        )
    if guess.dtype.kind not in "iu":
        raise CheckFailed(
            f"✗ {name}: class numbers are integers; the dtype is {guess.dtype}."
        )
    share = float(np.mean(guess == y_test))
    if share < bar:
        raise CheckFailed(
            f"✗ {name}: accuracy {share:.3f} on {len(y_test):,} unseen shapes; at "
            f"least {bar} is expected.\nLikely mistake: "
            + _why_low(guess, y_test, share, usual)
        )
    worst = min(range(10), key=lambda c: np.mean(guess[y_test == c] == c))
    low = np.mean(guess[y_test == worst] == worst)
    print(
        f"✓ {name}: accuracy {share:.3f} on {len(y_test):,} unseen shapes; worst class "
        f"{SHAPES[worst]}, {low:.2f}"
    )


def _why_low(guess: np.ndarray, y: np.ndarray, share: float, usual: float) -> str:
    if len(np.unique(guess)) == 1:
        return (
            f"every image gets the class {guess[0]}: nothing was learned, or the "
            "inputs are so large that the network is stuck."
        )
    if share < 0.17:
        return (
            "this is no better than guessing. Do the labels still belong to their "
            "images, and are the unseen images prepared like those of the training?"
        )
    if share < usual:
        return (
            "it is worse than the plain network: are new images given the old labels?"
        )
    if usual:
        return (
            "it is no better than the plain network. Does what you added change what "
            "the network sees in training, or how the unseen images are prepared?"
        )
    return (
        "it learns too little. Are the unseen images prepared with the statistics of "
        "the training images, and are there enough epochs?"
    )
