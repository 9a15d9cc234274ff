"""A NumPy network on minibatches in matrices against the same, example by example.

    python benchmarks/from_scratch.py [--rounds 3] [--short]

The code is the one that notebooks/backpropagation.ipynb teaches: its cells tagged
`define` are executed here. Both sides train 784-512-10 for one epoch on 10,000 images
in minibatches of 128, from the same weights, in the same order, with one thread: the
final weights must agree.
"""

import numpy as np
from _ratio import finish, interleave, options, ratio, table
from _taught import taught
from threadpoolctl import threadpool_limits

from helpers import data

THREADS, SIZES, BATCH, ETA, BAR = 1, [784, 512, 10], 128, 0.3, 12.0
EXAMPLES = 10_000


def main() -> None:
    """Measure, check that both sides learned the same, and report."""
    settings = options(__doc__, rounds=3)
    lesson = taught("backpropagation")
    x, y, source = load()
    if settings.short:
        x, y = x[: 4 * BATCH], y[: 4 * BATCH]
    learned = {}

    def batched() -> None:
        learned["matrices"] = start(lesson)
        lesson["train_minibatches"](
            x, y, *learned["matrices"], ETA, 1, np.random.default_rng(1), BATCH
        )

    def looped() -> None:
        learned["loop"] = start(lesson)
        train_in_a_loop(lesson, x, y, *learned["loop"])

    print(f"{len(x):,} images a round: {source}; {THREADS} thread each")
    with threadpool_limits(THREADS):
        seconds = interleave({"matrices": batched, "loop": looped}, settings.rounds)
    for ours, theirs in zip(*learned.values(), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4)
    table(seconds)
    value = ratio(seconds, "loop", "matrices")
    finish("from_scratch", value, BAR, short=settings.short)


def load() -> tuple[np.ndarray, np.ndarray, str]:
    """Return rows (n, 784) float32, labels (n,), and where they come from."""
    mnist = data.mnist()
    rows = np.resize(np.arange(len(mnist.train.x)), EXAMPLES)
    source = mnist.source
    if len(mnist.train.x) < EXAMPLES:
        source += f", repeated up to {EXAMPLES:,}"
    x = np.float32(mnist.train.x[rows].reshape(EXAMPLES, -1) / 255)
    return x, mnist.train.y[rows], source


def start(lesson: dict) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the same initial weights and biases at each call."""
    return lesson["xavier_start"](np.random.default_rng(0), SIZES)


def train_in_a_loop(lesson: dict, x, y, weights, biases) -> None:
    """Do as `train_minibatches` for one epoch, with the gradient of one example a time.

    The gradients of a minibatch are added up, and the update is the same.
    """
    forward, backward = lesson["forward"], lesson["backward"]
    Y = np.eye(10, dtype=np.float32)[y]
    order = np.random.default_rng(1).permutation(len(x))
    for begin in range(0, len(x), BATCH):
        batch = order[begin : begin + BATCH]
        pairs = zip(weights, biases, strict=True)
        total = [(np.zeros_like(W), np.zeros_like(b)) for W, b in pairs]
        for k in batch:
            state = forward(x[k : k + 1], weights, biases)
            gradients = backward(Y[k : k + 1], *state, weights)
            for (TW, Tb), (dW, db) in zip(total, gradients, strict=True):
                TW += dW
                Tb += db
        eta = np.float32(ETA / len(batch))
        for W, b, (TW, Tb) in zip(weights, biases, total, strict=True):
            W -= eta * TW
            b -= eta * Tb


if __name__ == "__main__":
    main()
