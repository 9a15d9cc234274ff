"""Claims of the chapter on fully connected networks, over five seeds.

The functions are those that the notebook teaches: its cells tagged ``define``.
"""

import numpy as np
import pytest

from helpers import data
from tests.notebooks.claims import SEEDS

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("seed", SEEDS)
def test_the_small_autograd_agrees_with_pytorch(taught, seed):
    numbers = np.random.default_rng(seed).normal(size=4)

    def cost(p, q, r, s):  # p and the hidden unit are used more than once
        hidden = (p * q + r).relu()
        return hidden * hidden * s + hidden * p + r * r

    ours = [taught["Value"](float(v)) for v in numbers]
    theirs = [torch.tensor(v, requires_grad=True) for v in numbers]
    value, tensor = cost(*ours), cost(*theirs)
    value.backward()
    tensor.backward()
    assert value.data == pytest.approx(tensor.item())
    slopes = [0.0 if t.grad is None else t.grad.item() for t in theirs]
    assert [v.grad for v in ours] == pytest.approx(slopes)


@pytest.mark.parametrize("step", ["python_step", "numpy_step"])
def test_a_step_from_scratch_is_that_of_pytorch(taught, step):
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=7), np.eye(3)[1]
    parameters = taught["start"](rng, 7, 10, 3)
    theirs = [torch.tensor(p, requires_grad=True) for p in parameters]
    W1, b1, W2, b2 = theirs
    a = torch.sigmoid(W2 @ torch.sigmoid(W1 @ torch.tensor(x) + b1) + b2)
    (0.5 * (a - torch.tensor(target)).square().sum()).backward()
    wanted = [(p - 0.1 * p.grad).detach().numpy() for p in theirs]
    if step == "python_step":
        parameters, x, target = [p.tolist() for p in parameters], list(x), list(target)
    taught[step](x, target, *parameters, 0.1)
    for got, want in zip(parameters, wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_folds_hold_each_example_once(taught):
    rows = taught["folds"](210, seed=3)
    assert [len(fold) for fold in rows] == [42] * 5
    assert sorted(np.concatenate(rows)) == list(range(210))


@pytest.mark.standins
def test_the_linear_discriminant_beats_the_network_from_scratch_on_wheat(taught):
    wheat = data.seeds()
    if wheat.is_standin:
        pytest.skip("the claim is about wheat, which this machine does not have")
    means = {
        name: [
            np.mean(taught["cross_validate"](taught[name], *wheat.train, seed))
            for seed in SEEDS
        ]
        for name in ("from_scratch", "discriminant")
    }
    assert min(means["from_scratch"]) > 0.9
    assert min(means["discriminant"]) > max(means["from_scratch"])


@pytest.mark.standins
@pytest.mark.parametrize("seed", SEEDS)
def test_standardized_pixels_learn_faster_than_pixels_from_minus_1_to_1(
    taught, mnist, seed
):
    tensors = mnist.tensors()
    few = data.Split(tensors.train.x[:20_000], tensors.train.y[:20_000])
    train, sgd = taught["train_digits"], taught["sgd"](0.003)
    published = train(few, tensors.test, 0.5, 0.5, sgd, 1, seed)[0]
    standardized = train(few, tensors.test, 0.1307, 0.3081, sgd, 1, seed)[0]
    assert standardized > published + 0.005


@pytest.mark.standins
def test_a_falling_rate_repairs_one_that_is_too_large(taught, mnist):
    tensors = mnist.tensors()

    def part(split, n):
        return (split.x[:n].float() / 255 - 0.1307) / 0.3081, split.y[:n]

    parts = part(tensors.train, 3000), part(tensors.test, 2000)
    how = {"eta": 0.2, "momentum": 0.9}
    for seed in SEEDS:
        _, constant = taught["practice"](*parts, seed, **how)
        _, falling = taught["practice"](*parts, seed, schedule=taught["cosine"], **how)
        assert falling > constant + 0.02
