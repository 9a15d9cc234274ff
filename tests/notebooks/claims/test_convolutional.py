"""Claims of the chapter `convolutional` over five seeds, at a small budget.

The functions are those that the notebook teaches: its cells tagged ``define``. What the
notebook runs for five seeds in the full profile it asserts itself.
"""

import numpy as np
import pytest

from helpers.training import evaluate
from tests.notebooks.claims import SEEDS

torch = pytest.importorskip("torch")
F = torch.nn.functional


def random_layer(seed):
    """Return an image batch, kernels, biases, stride and padding that fit."""
    rng = np.random.default_rng(seed)
    m, c, k, f = rng.integers(1, 5, size=4)
    height, width = rng.integers(f, f + 7, size=2)
    x, W = rng.normal(size=(m, c, height, width)), rng.normal(size=(k, c, f, f))
    stride, padding = int(rng.integers(1, 4)), int(rng.integers(0, 3))
    return x, W, rng.normal(size=k), stride, padding


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", ["conv2d", "conv2d_loops"])
def test_a_layer_from_scratch_equals_pytorch(taught, name, seed):
    x, W, b, stride, padding = random_layer(seed)
    theirs = F.conv2d(*map(torch.tensor, (x, W, b)), stride, padding)
    ours = taught[name](x, W, b, stride, padding)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_pooling_from_scratch_equals_pytorch(taught, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 3, 9, 7)) - 5  # negative: a zero in the padding would win
    ours = taught["pool2d"](x, 3, 2, 1)
    np.testing.assert_allclose(ours, F.max_pool2d(torch.tensor(x), 3, 2, 1).numpy())


def test_lenet_has_61706_parameters(taught):
    # by hand: 6·26, 16·151, 120·401, 84·121, 10·85
    assert 156 + 2416 + 48_120 + 10_164 + 850 == 61_706
    assert sum(p.numel() for p in taught["lenet5"]().parameters()) == 61_706


@pytest.fixture(scope="module")
def digits(mnist):
    x, test_x = (
        torch.tensor(part.x[:n], dtype=torch.float32)[:, None] / 255
        for part, n in ((mnist.train, 2000), (mnist.test, 1000))
    )
    y, test_y = torch.tensor(mnist.train.y[:2000]), torch.tensor(mnist.test.y[:1000])
    return x, y, test_x, test_y


@pytest.fixture(scope="module")
def trained(taught, digits):
    """Return LeNet-5 and the fully connected network, trained with ordered pixels."""
    made = {}

    def get(name, seed, order=None):
        key = name, seed, order is None
        if key not in made:
            x, y = digits[:2]
            x = x if order is None else x.flatten(1)[:, order].view_as(x)
            torch.manual_seed(seed)
            made[key] = taught[name]()
            cpu = torch.device("cpu")
            taught["train_adam"](made[key], (x, y), 3, seed, m=32, device=cpu)
        return made[key]

    return get


@pytest.mark.standins
@pytest.mark.parametrize("seed", SEEDS)
def test_shuffled_pixels_cost_lenet_much_and_the_other_network_nothing(
    digits, trained, seed
):
    test_x, test_y = digits[2:]
    order = torch.tensor(np.random.default_rng(0).permutation(784))
    shuffled_x = test_x.flatten(1)[:, order].view_as(test_x)
    cost = {}
    for name in ("lenet5", "fully_connected"):
        ordered = evaluate(trained(name, seed), test_x, test_y)
        shuffled = evaluate(trained(name, seed, order), shuffled_x, test_y)
        cost[name] = ordered - shuffled
    assert cost["lenet5"] > 0.05 > abs(cost["fully_connected"])


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_forgives_six_pixels_or_a_quarter_turn(taught, digits, trained, seed):
    test_x, test_y = digits[2:]
    model = trained("lenet5", seed)
    assert evaluate(model, taught["transformed"](test_x, shift=6), test_y) < 0.6
    assert evaluate(model, taught["transformed"](test_x, degrees=90), test_y) < 0.4


@pytest.mark.parametrize("seed", SEEDS)
def test_a_second_log_softmax_changes_nothing(seed):
    z = torch.tensor(np.random.default_rng(seed).normal(size=(6, 4)))
    y = torch.tensor([0, 1, 2, 3, 0, 1])
    once, twice = F.cross_entropy(z, y), F.cross_entropy(F.log_softmax(z, 1), y)
    torch.testing.assert_close(once, twice)
