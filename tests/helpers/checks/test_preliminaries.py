"""The checks of `preliminaries` accept every right way and name what is wrong."""

import re

import numpy as np
import pytest
import torch
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.preprocessing import StandardScaler

from helpers.checks import preliminaries as checks
from helpers.checks.engine import CheckFailed


def normalized(X):
    spread = X.var(dim=0, unbiased=False, keepdim=True).sqrt()
    return ((X - X.mean(0, keepdim=True)) / spread).nan_to_num(0.0)


def filled(y, k):
    code = torch.zeros(len(y), k)
    code[torch.arange(len(y)), y] = 1
    return code


def looped_frame(images, value):
    result = images.clone()
    for image in result:
        for edge in (image[0], image[-1], image[:, 0], image[:, -1]):
            edge[:] = value
    return result


def sampled(N, n_test, rng):
    test = np.sort(rng.choice(N, n_test, replace=False))
    return np.setdiff1d(np.arange(N), test), test


def by_mask(y, parts, rng):
    is_test = np.zeros(len(y), bool)
    for c in set(y.tolist()):
        rows = np.where(y == c)[0]
        is_test[rng.choice(rows, len(rows) // parts, replace=False)] = True
    return np.where(~is_test)[0], np.where(is_test)[0]


def with_the_library(X, train, test):
    scaler = StandardScaler().fit(X[train])
    parts = scaler.transform(X[train]), scaler.transform(X[test])
    return *parts, scaler.mean_, scaler.scale_


def looped_audit(X, train, test, mean, std):
    stored = {tuple(row) for row in X[train]}
    away = np.abs(mean - X[train].mean(0)).max(), np.abs(std - X[train].std(0)).max()
    return (
        len(set(train) & set(test)),
        sum(tuple(X[i]) in stored for i in test),
        bool(max(away) > 1e-8),
    )


def choose_after_a_look_at_training(accuracy, settings):
    table = [(accuracy(s, "train"), accuracy(s, "validation"), s) for s in settings]
    best = max(table, key=lambda row: row[1])[2]
    return [best, accuracy(best, "test")]


RIGHT = {
    "to_rows": [
        lambda images: images.flatten(1).float().div(255),
        lambda images: torch.stack([i.reshape(-1) / 255 for i in images]),
    ],
    "one_hot": [
        lambda y, k: torch.nn.functional.one_hot(y, k).float(),
        lambda y, k: (y[:, None] == torch.arange(k)).float(),
        filled,
    ],
    "standardize": [normalized],
    "squared_distances": [
        lambda A, B: torch.cdist(A, B) ** 2,
        lambda A, B: (A**2).sum(1)[:, None] + (B**2).sum(1) - 2 * A @ B.T,
    ],
    "many_layers": [
        lambda A, W, b: torch.baddbmm(b[:, None], A, W.mT),
        lambda A, W, b: torch.stack(
            [a @ w.T + c for a, w, c in zip(A, W, b, strict=True)]
        ),
        lambda A, W, b: torch.einsum("kmi,koi->kmo", A, W) + b.unsqueeze(1),
    ],
    "framed": [looped_frame],
    "shuffled_split": [sampled],
    "stratified_split": [by_mask],
    "scaled_parts": [with_the_library],
    "audit": [looped_audit],
    "choose": [choose_after_a_look_at_training],
}


@pytest.mark.parametrize("seed", [0, 7, 104])
@pytest.mark.parametrize(
    ("name", "function"),
    [
        pytest.param(name, function, id=f"{name}-{i}")
        for name, functions in RIGHT.items()
        for i, function in enumerate(functions)
    ],
)
def test_a_right_answer_passes_in_one_line(capsys, name, function, seed):
    getattr(checks, name)(function, seed)
    said = capsys.readouterr().out
    assert said.startswith(f"✓ {name}: ")
    assert said.count("\n") == 1


def test_a_library_that_rounds_the_share_is_told_so():
    def rounding(y, parts, rng):
        splitter = StratifiedShuffleSplit(
            1, test_size=1 / parts, random_state=int(rng.integers(1000))
        )
        return next(splitter.split(y[:, None], y))

    with pytest.raises(CheckFailed, match=r"another number|rounded"):
        checks.stratified_split(rounding)


@pytest.mark.parametrize(
    ("name", "function", "says"),
    [
        ("to_rows", lambda images: images.numpy() / 255, "NumPy array"),
        ("to_rows", lambda images: None, "returns None"),
        ("to_rows", lambda images: images.reshape(len(images), -1) // 255, "becomes 0"),
        ("one_hot", 3, "function belongs"),
        ("one_hot", lambda y, k: torch.eye(k)[y + 1], "out of (bounds|range)"),
        ("squared_distances", lambda A, B: A @ B, "matrix product of shapes"),
        ("many_layers", lambda A, W, b: A @ W.mT + b.mT, "shapes that do not fit"),
        ("shuffled_split", lambda N, n, rng: rng.permutation(N), "pair"),
        (
            "shuffled_split",
            lambda N, n, rng: (np.arange(N) >= n, np.arange(N) < n),
            "mask",
        ),
        ("choose", lambda accuracy, settings: settings[0], "pair"),
        (
            "choose",
            lambda accuracy, settings: (settings[3], accuracy(settings[0], "test")),
            "not asked about the setting",
        ),
        (
            "choose",
            lambda accuracy, settings: accuracy(1, "valid"),
            "part 'valid' is unknown",
        ),
    ],
)
def test_a_wrong_answer_is_told_what_is_wrong(name, function, says):
    with pytest.raises(CheckFailed) as failure:
        getattr(checks, name)(function)
    assert re.search(says, re.sub(r"\s+", " ", str(failure.value)))


def test_the_line_of_an_error_is_shown():
    def squared_distances(A, B):
        return ((A - B) ** 2).sum(1)

    with pytest.raises(CheckFailed, match=r"return \(\(A - B\)"):
        checks.squared_distances(squared_distances)
