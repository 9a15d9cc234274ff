"""Claims of the chapter `backpropagation` that one seed cannot carry, over five seeds.

The functions are those that the notebook teaches: its cells tagged ``define``. What a
notebook itself runs for five seeds it asserts itself.
"""

import numpy as np
import pytest

SEEDS = [  # to be shared by the workers
    pytest.param(seed, marks=pytest.mark.xdist_group(f"claims-backpropagation-{seed}"))
    for seed in range(5)
]


@pytest.fixture(scope="module")
def pixels(mnist):
    rows = [
        np.float32(part.x.reshape(len(part.x), -1) / 255)
        for part in (mnist.train, mnist.test)
    ]
    return rows[0], mnist.train.y, rows[1], mnist.test.y


def outputs_after_an_epoch(taught, pixels, eta, seed):
    x, y, test_x, test_y = pixels
    rng = np.random.default_rng(seed)
    weights, biases = taught["xavier_start"](rng, [784, 512, 10])
    taught["train_minibatches"](x, y, weights, biases, eta, 1, rng)
    outputs = taught["forward"](test_x, weights, biases)[1][-1]
    return outputs, (outputs.argmax(axis=1) == test_y).mean()


@pytest.mark.standins
@pytest.mark.parametrize("seed", SEEDS)
def test_the_middle_rate_learns_and_the_large_one_saturates(taught, pixels, seed):
    _, middle = outputs_after_an_epoch(taught, pixels, 0.3, seed)
    outputs, large = outputs_after_an_epoch(taught, pixels, 1.0, seed)
    assert middle > 0.8
    assert large < 0.5
    assert (outputs < 0.01).mean() > 0.5


@pytest.mark.standins
@pytest.mark.parametrize("seed", SEEDS)
def test_the_small_rate_stays_near_chance(taught, pixels, seed):
    assert outputs_after_an_epoch(taught, pixels, 1e-4, seed)[1] < 0.3


@pytest.mark.standins
@pytest.mark.parametrize("seed", SEEDS)
def test_the_cure_passes_97_percent_in_five_epochs(taught, pixels, seed):
    x, y, test_x, test_y = pixels
    rng = np.random.default_rng(seed)
    weights, biases = taught["he_start"](rng, [784, 512, 10])
    accuracies = []
    while len(accuracies) < 5 and max(accuracies, default=0) <= 0.97:
        taught["train_cure"](x, y, weights, biases, 0.3, 1, rng)
        accuracies.append(taught["cured_accuracy"](test_x, test_y, weights, biases))
    assert accuracies[-1] > 0.97


def test_softmax_and_cross_entropy_give_p_minus_y(taught):
    # finite differences of -ln softmax(z)[y], with the taught forward pass
    rng = np.random.default_rng(0)
    z = rng.normal(size=(1, 4))
    identity, zero = [np.eye(4)], [np.zeros(4)]

    def cost(logits):
        return -np.log(taught["relu_forward"](logits, identity, zero)[1][-1][0, 2])

    steps = 1e-6 * np.eye(4)
    slope = [(cost(z + s) - cost(z - s)) / 2e-6 for s in steps]
    p = np.exp(z[0]) / np.exp(z[0]).sum()
    assert np.allclose(slope, p - np.eye(4)[2], atol=1e-8)
