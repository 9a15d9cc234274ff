"""Networks that do not learn, each with one fault, for the exercise about them.

A network is plain data, a dictionary: inputs `x` (N, n), labels `y` (N,), `weights` and
`biases` (lists, a layer each), the `kind` of its hidden layers ("sigmoid" or "relu"),
the learning rate `eta`, and the number of the `program` that computes its gradients.
What the four programs do is not told: it can be measured.
"""

from collections.abc import Mapping

import numpy as np

NONE = "none"
FAULTS = (
    *("inputs", "labels", "equal weights", "large start", "dead"),
    *("sign", "large step", "small step"),
)
SIZES, N = (6, 12, 8, 6), 120
STEPS = {"sigmoid": 2.0, "relu": 0.3}  # that a sound network learns with

Net = dict


def forward(net: Mapping) -> list[np.ndarray]:
    """Return the activations of the hidden layers and, last, the logits."""
    a, layers = net["x"], []
    *hidden, last = zip(net["weights"], net["biases"], strict=True)
    for W, b in hidden:
        z = a @ W.T + b  # (N, n_l)
        a = np.maximum(z, 0) if net["kind"] == "relu" else 0.5 * (1 + np.tanh(z / 2))
        layers.append(a)
    return [*layers, a @ last[0].T + last[1]]


def probabilities(z: np.ndarray) -> np.ndarray:
    """Return the softmax of the logits, row by row."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def cost(net: Mapping) -> float:
    """Return the mean cross-entropy."""
    z = forward(net)[-1]
    z = z - z.max(axis=1, keepdims=True)
    right = z[np.arange(len(z)), net["y"]]
    return float(np.mean(np.log(np.exp(z).sum(axis=1)) - right))


def accuracy(net: Mapping) -> float:
    """Return the share of the rows whose largest logit is that of the label."""
    return float(np.mean(forward(net)[-1].argmax(axis=1) == net["y"]))


def gradients(net: Mapping) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return `(dWs, dbs)`, a layer each, as the network's program computes them."""
    *hidden, z = forward(net)
    delta = probabilities(z) - np.eye(z.shape[1])[net["y"]]
    delta = delta / (1 if net["program"] % 2 else len(z))
    delta = -delta if net["program"] >= 2 else delta
    dWs, dbs = [], []
    for layer in reversed(range(len(net["weights"]))):
        a = hidden[layer - 1] if layer else net["x"]
        dWs.insert(0, delta.T @ a)
        dbs.insert(0, delta.sum(axis=0))
        slope = (a > 0) if net["kind"] == "relu" else a * (1 - a)
        delta = delta @ net["weights"][layer] * slope if layer else delta
    return dWs, dbs


def step(net: Mapping) -> Net:
    """Return the network after one step of its program with its learning rate."""
    dWs, dbs = gradients(net)
    weights = [W - net["eta"] * g for W, g in zip(net["weights"], dWs, strict=True)]
    biases = [b - net["eta"] * g for b, g in zip(net["biases"], dbs, strict=True)]
    return {**net, "weights": weights, "biases": biases}


def train(net: Mapping, steps: int = 200) -> Net:
    """Return the network after some steps; it stops where numbers overflow."""
    net = dict(net)
    with np.errstate(all="ignore"):
        for _ in range(steps):
            new = step(net)
            if not all(np.isfinite(W).all() for W in new["weights"]):
                break
            net = new
    return net


def sound(kind: str, rng: np.random.Generator, program: int = 0) -> Net:
    """Return a network that learns: six clusters, a usual start, a fitting rate."""
    y = rng.permutation(np.arange(N) % SIZES[-1])
    x = (3 * rng.normal(size=(SIZES[-1], SIZES[0])))[y] + rng.normal(size=(N, SIZES[0]))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    x = x * rng.uniform(0.8, 1.3, SIZES[0]) + rng.uniform(-0.3, 0.3, SIZES[0])
    pairs = list(zip(SIZES[1:], SIZES, strict=False))
    spread = {"relu": lambda a, b: 2 / b, "sigmoid": lambda a, b: 2 / (a + b)}[kind]
    eta = STEPS[kind] * rng.uniform(0.7, 1.4) * (-1 if program >= 2 else 1)
    return {
        "x": x,
        "y": y,
        "weights": [rng.normal(size=p) * spread(*p) ** 0.5 for p in pairs],
        "biases": [np.zeros(size) for size in SIZES[1:]],
        "kind": kind,
        "eta": eta / (N if program % 2 else 1),
        "program": int(program),
    }


def with_fault(fault: str, kind: str, rng: np.random.Generator) -> Net:
    """Return a network with one fault, or a sound one for `NONE`."""
    # sums have small learning rates, means large ones: the rate alone tells nothing
    summed = {NONE: kind == "relu", "large step": True, "small step": False}
    net = sound(kind, rng, rng.choice([0, 2]) + summed.get(fault, rng.integers(2)))
    x, y, weights, eta = (net[key] for key in ("x", "y", "weights", "eta"))
    size = 10 ** rng.uniform(1.5, 3, x.shape[1])
    large = {"relu": (60, 60, 60), "sigmoid": (1000, 1000, 1)}[kind]
    change = {
        NONE: {},
        "inputs": {"x": size * (x + rng.uniform(-3, 3, x.shape[1]))},
        "labels": {"y": np.roll(y, rng.integers(5, N - 5))},
        "equal weights": {"weights": [0 * W + rng.uniform(0.1, 0.3) for W in weights]},
        "large start": {
            "weights": [f * W for f, W in zip(large, weights, strict=True)]
        },
        "dead": {"biases": [b - rng.uniform(25, 40) for b in net["biases"]]},
        "sign": {"eta": -eta},
        "large step": {"eta": eta * rng.uniform(100, 400)},
        "small step": {"eta": eta / 10 ** rng.uniform(2.7, 3.3)},
    }
    return net | change[fault]


def drawn(seed: int) -> list[tuple[str, Net]]:
    """Return seventeen networks in random order, each after the name of its fault."""
    rng = np.random.default_rng(seed)
    both = [(fault, kind) for fault in (NONE, *FAULTS) for kind in STEPS]
    both.remove(("dead", "sigmoid"))  # only ReLUs can die
    return [(both[i][0], with_fault(*both[i], rng)) for i in rng.permutation(len(both))]


def patients(seed: int = 1) -> list[Net]:
    """Return the networks of a seed without the names of their faults."""
    return [net for _, net in drawn(seed)]
