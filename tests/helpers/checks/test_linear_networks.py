"""The checks of the chapter on linear networks: right answers and named mistakes.

The right answers are the solutions' own cells; the expected values of the checks are
derived another way (finite differences, closed forms, other libraries).
"""

import json
import re

import numpy as np
import pytest
from IPython.core.inputtransformer2 import TransformerManager

from helpers.checks import linear_networks
from helpers.checks.core import CheckFailed, verify
from tests import ROOT

STEPS = [
    "fit_origin",
    "fit_linear",
    "mse",
    "mse_gradient",
    "standardize",
    "descend",
    "original_units",
    "log_sum_exp",
    "gradients",
    "predict",
    "train_step",
]


@pytest.fixture(scope="module")
def right():
    """Everything that the two solutions define."""
    namespace = {}
    for path in sorted((ROOT / "solutions" / "linear_networks").glob("*.ipynb")):
        for cell in json.loads(path.read_text())["cells"]:
            kind = cell["metadata"].get("nbgrader", {})
            if cell["cell_type"] == "code" and not kind.get("grade"):
                source = TransformerManager().transform_cell("".join(cell["source"]))
                exec(source, namespace)
    return namespace


def key(value):
    """Return something hashable that tells the arguments of one case from another."""
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    return tuple(map(key, value)) if isinstance(value, list | tuple) else value


def once(function):
    """Return `function`, computed only once for each case."""
    results = {}

    def remembered(*args):
        if key(args) not in results:
            results[key(args)] = function(*args)
        return results[key(args)]

    return remembered


def failure(check, *arguments, **how) -> str:
    with pytest.raises(CheckFailed) as caught:
        check(*arguments, **how)
    return re.sub(r"\s+", " ", str(caught.value))


@pytest.mark.parametrize("seed", [0, 1, 2, 11, 12345])
@pytest.mark.parametrize("name", [*STEPS, "train"])
def test_a_right_answer_passes(right, name, seed, capsys):
    getattr(linear_networks, name)(right[name], seed=seed)
    assert re.fullmatch(rf"✓ {name}: [^\n]+\n", capsys.readouterr().out)


@pytest.mark.parametrize("seed", [0, 3])
@pytest.mark.parametrize("name", STEPS)
def test_every_known_mistake_gets_its_own_diagnosis(name, seed, monkeypatch):
    seen = {}

    def spy(name, function, cases, reference, **how):
        seen.update(how, name=name, cases=cases, reference=once(reference))

    monkeypatch.setattr(linear_networks, "verify", spy)
    getattr(linear_networks, name)(None, seed=seed)
    assert len(seen["mistakes"]) >= 10
    seen["mistakes"] = [(text, once(wrong)) for text, wrong in seen["mistakes"]]
    for text, wrong in seen["mistakes"]:
        assert text in failure(verify, function=wrong, **seen)


def trained(right, **change):
    """Return the reference training with its labels or its epochs changed."""

    def train(X, y, epochs, m, eta, seed):
        labels = (y + change.get("shift", 0)) % 10
        return right["train"](X, labels, change.get("epochs", epochs), m, eta, seed)

    return train


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"shift": 1}, "off by one class"),
        ({"epochs": 0}, "still 0"),
        ({"epochs": 1}, "too little"),
    ],
)
def test_a_training_that_fails_is_told_why(right, change, told):
    wrong = trained(right, **change)
    assert told in failure(linear_networks.train, wrong, seed=11)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda W, b: (W.T, b), "W is transposed"),
        (lambda W, b: W, "two arrays"),
        (lambda W, b: (W * np.nan, b), "diverged"),
        (lambda W, b: (-W, -b), "climbed"),
    ],
)
def test_wrong_results_of_a_training_are_named(right, change, told):
    def wrong(*arguments):
        return change(*right["train"](*arguments))

    assert told in failure(linear_networks.train, wrong, seed=11)


def test_the_reference_of_the_gradient_agrees_with_torch():
    torch = pytest.importorskip("torch")

    def by_torch(X, p, y):
        W = torch.zeros(p.shape[1], X.shape[1], dtype=float, requires_grad=True)
        b = torch.zeros(p.shape[1], dtype=float, requires_grad=True)
        z = torch.tensor(np.log(p)) + torch.tensor(X) @ W.T + b
        torch.nn.functional.cross_entropy(z, torch.tensor(y)).backward()
        return W.grad.numpy(), b.grad.numpy()

    linear_networks.gradients(by_torch, seed=4)


def test_the_reference_of_gradient_descent_agrees_with_torch():
    torch = pytest.importorskip("torch")

    def by_torch(X, y, eta, steps):
        model = torch.nn.Linear(X.shape[1], 1, dtype=float)
        for parameter in model.parameters():
            torch.nn.init.zeros_(parameter)
        optimizer = torch.optim.SGD(model.parameters(), lr=eta)
        for _ in range(steps):
            loss = (model(torch.tensor(X))[:, 0] - torch.tensor(y)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return model.weight[0].detach().numpy(), model.bias.item()

    linear_networks.descend(by_torch, seed=4)
