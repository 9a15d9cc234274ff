"""What exercises on classification share: softmax, cross-entropy, and digits.

Rows are examples, columns are classes. `softmax_regression` of the chapter on linear
networks and `train_digits` of the chapter on backpropagation use them.
"""

from collections.abc import Callable

import numpy as np

from .core import Case, verify


def digits(seed: int) -> list[np.ndarray]:
    """Return scikit-learn's digits in 0…1, split by `seed`: x, x_test, y, y_test.

    The test part has 450 images of shape (64,), as many of each class as possible.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    x, y = load_digits(return_X_y=True)
    return train_test_split(x / 16, y, test_size=450, stratify=y, random_state=seed)


def softmax(function: Callable, seed: int = 0) -> None:
    """Check `softmax(z)`: over each row, stable for large z."""
    rng = np.random.default_rng(seed)
    shapes = ((5, 4), (4, 4), (3, 7))
    tables = {f"{m} rows, {k} classes": 2 * rng.normal(size=(m, k)) for m, k in shapes}
    tables["rows far apart"] = rng.normal(size=(4, 3)) + np.array(
        [[0], [30], [-40], [5]]
    )
    tables["entries near ±1000"] = rng.normal(size=(3, 5)) + 1000.0 * np.array(
        [[1], [-1], [0]]
    )

    def over(axis, transform=np.exp):
        def rule(z):
            e = transform(z - z.max() if transform is np.exp else z)
            return e / e.sum(axis=axis, keepdims=True)

        return rule

    def right(z):
        e = np.exp(z - z.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)

    def naive(z):
        return np.exp(z) / np.exp(z).sum(-1, keepdims=True)

    verify(
        "softmax",
        function,
        [Case(t, {"z": z}, {"m": len(z), "k": z.shape[1]}) for t, z in tables.items()],
        right,
        mistakes=[
            (
                "the exponentials overflow: subtract each row's largest entry before "
                "exp (it does not change the result).",
                naive,
            ),
            (
                "the columns sum to 1: you normalized over the examples (axis 0), not "
                "over the classes.",
                over(0),
            ),
            (
                "the columns sum to 1: you normalized over the examples (axis 0), not "
                "over the classes.",
                lambda z: np.exp(z - z.max(0)) / np.exp(z - z.max(0)).sum(0),
            ),
            ("all entries together sum to 1: each row must.", over(None)),
            (
                "the powers have the base 2: softmax takes those of e.",
                lambda z: right(z * np.log(2)),
            ),
            (
                "the maximum is taken over axis 0 and the sum over the rows: subtract "
                "the same number within a row.",
                lambda z: (
                    np.exp(z - z.max(0)) / np.exp(z - z.max(0)).sum(-1, keepdims=True)
                ),
            ),
            (
                "one maximum is subtracted from the whole batch: rows far below it "
                "underflow to 0/0. Each row needs its own.",
                over(-1),
            ),
            (
                "the division by the row's sum is missing: rows must sum to 1.",
                lambda z: np.exp(z - z.max(-1, keepdims=True)),
            ),
            (
                "the exponential is missing: the entries are divided by their sum.",
                lambda z: z / z.sum(-1, keepdims=True),
            ),
            ("the sign in the exponent is wrong.", lambda z: right(-z)),
            ("this is the logarithm of the softmax.", lambda z: np.log(right(z))),
            ("this is a sigmoid of each entry.", lambda z: 0.5 * (1 + np.tanh(z / 2))),
            (
                "this is a hard maximum: 1 for the largest entry.",
                lambda z: (z == z.max(-1, keepdims=True)).astype(float),
            ),
        ],
        warn="an exponential overflows: subtract each row's largest entry first.",
    )


def cross_entropy(function: Callable, seed: int = 0) -> None:
    """Check `cross_entropy(z, y)` from logits z (m, k) and labels y, a mean over m."""
    rng = np.random.default_rng(seed)
    cases = []
    for m, k, far in ((5, 4, 0), (4, 4, 0), (6, 3, 0), (3, 5, 1000), (7, 2, -1000)):
        z, y = 2 * rng.normal(size=(m, k)) + far, rng.integers(k, size=m)
        label = f"{m} examples, {k} classes" + (f", logits near {far}" if far else "")
        cases.append(Case(label, {"z": z, "y": y}, {"m": m, "k": k}))
    rare = {"z": np.array([[900.0, 0, -50], [0, 40, 870]]), "y": np.array([1, 0])}
    cases.append(Case("labels of very small probability", rare, {"m": 2, "k": 3}))

    def logp(z):
        z = z - z.max(1, keepdims=True)
        return z - np.log(np.exp(z).sum(1, keepdims=True))

    def at(z, y, shift=0):
        return logp(z)[np.arange(len(y)), (y + shift) % z.shape[1]]

    def q(z, y):
        return np.exp(at(z, y))

    verify(
        "cross_entropy",
        function,
        cases,
        lambda z, y: -np.mean(at(z, y)),
        mistakes=[
            ("the minus is missing.", lambda z, y: np.mean(at(z, y))),
            *(
                (
                    f"the probabilities are cut off at {tiny:g}, so that a confident "
                    "mistake costs too little: start from the logits.",
                    lambda z, y, tiny=tiny: (
                        -np.mean(np.maximum(at(z, y), np.log(tiny)))
                    ),
                )
                for tiny in (1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-16, 1e-20)
            ),
            (
                "this is the probability of the most likely class: that of the label "
                "counts.",
                lambda z, y: -np.mean(logp(z).max(1)),
            ),
            (
                "this is the sum over the examples: the mean is asked for.",
                lambda z, y: -np.sum(at(z, y)),
            ),
            (
                "one value for each example: the mean over them is missing.",
                lambda z, y: -at(z, y),
            ),
            (
                "you divided by the number of all entries, m k, not by m.",
                lambda z, y: -np.sum(at(z, y)) / z.size,
            ),
            (
                "you divided by the number of classes, not of examples.",
                lambda z, y: -np.sum(at(z, y)) / z.shape[1],
            ),
            (
                "the log-probabilities of all classes are averaged: only that of the "
                "label counts.",
                lambda z, y: -np.mean(logp(z)),
            ),
            (
                "the log-probabilities of all classes are summed: only that of the "
                "label counts.",
                lambda z, y: -np.mean(logp(z).sum(1)),
            ),
            (
                "the logarithm is missing: this is the mean of 1 − p or of p.",
                lambda z, y: np.mean(q(z, y)),
            ),
            ("the logarithm is missing.", lambda z, y: -np.mean(q(z, y))),
            (
                "the logarithm is missing: this is 1 − p.",
                lambda z, y: 1 - np.mean(q(z, y)),
            ),
            (
                "the label is off by one: classes count from 0.",
                lambda z, y: -np.mean(at(z, y, -1)),
            ),
            (
                "the label is off by one: classes count from 0.",
                lambda z, y: -np.mean(at(z, y, 1)),
            ),
            (
                "the logarithm of the mean is taken; the mean of the logarithms is "
                "asked for.",
                lambda z, y: -np.log(np.mean(q(z, y))),
            ),
            (
                "the exponentials overflow: subtract each row's largest entry first.",
                lambda z, y: (
                    -np.mean(z[np.arange(len(y)), y] - np.log(np.exp(z).sum(1)))
                ),
            ),
            (
                "the logits are taken for probabilities: their logarithm is averaged.",
                lambda z, y: -np.mean(np.log(z[np.arange(len(y)), y])),
            ),
            (
                "the normalization is missing: this is −z at the label.",
                lambda z, y: -np.mean(z[np.arange(len(y)), y]),
            ),
            (
                "this is log Σ exp z alone: z at the label is missing.",
                lambda z, y: np.mean(z[np.arange(len(y)), y] - at(z, y)),
            ),
            (
                "softmax has been applied twice.",
                lambda z, y: -np.mean(at(np.exp(logp(z)), y)),
            ),
            (
                "y is indexed as a slice, so that all pairs of examples are averaged.",
                lambda z, y: -np.mean(logp(z)[:, y]),
            ),
            (
                "the softmax runs over the examples (axis 0), not over the classes.",
                lambda z, y: -np.mean(logp(z.T).T[np.arange(len(y)), y]),
            ),
            (
                "the largest logit has not been added back after it was subtracted.",
                lambda z, y: (
                    -np.mean(
                        z[np.arange(len(y)), y]
                        - np.log(np.exp(z - z.max(1, keepdims=True)).sum(1))
                    )
                ),
            ),
        ],
        warn="an exponential overflows or a logarithm meets 0: use log-sum-exp with "
        "each row's largest entry subtracted.",
    )
