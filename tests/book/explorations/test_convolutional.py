"""The mathematics of the kernel editor and of the receptive field calculator.

NumPy and PyTorch are the judges: convolution, sizes, receptive fields by gradients.
"""

import re

import numpy as np
import pytest

from tests import ROOT
from tests.book.explorations.node import needs_node, run_node

pytestmark = needs_node

torch = pytest.importorskip("torch")
STACKS = {
    "lenet": [(5, 1, 2), (2, 2, 0), (5, 1, 0), (2, 2, 0), (5, 1, 0)],
    "exercise": [(4, 1, 0), (2, 2, 1), (2, 1, 0), (2, 2, 1)],
    "strided": [(3, 2, 1), (3, 2, 1), (3, 2, 1)],
    "mixed": [(4, 3, 2), (1, 2, 0), (3, 1, 1)],
}


def call(name: str, function: str, *arguments):
    request = {"do": "call", "name": name, "function": function}
    return run_node([request | {"arguments": list(arguments)}])[0]


def stack(name: str) -> list[dict]:
    return [dict(zip("fsp", layer, strict=True)) for layer in STACKS[name]]


# The kernel editor


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_feature_map_agrees_with_pytorch(stride, padding):
    rng = np.random.default_rng(stride + 10 * padding)
    image, kernel = rng.integers(0, 10, (9, 9)), rng.normal(size=(3, 3))
    ours = call(
        "convolutional",
        "featureMap",
        image.tolist(),
        kernel.ravel().tolist(),
        stride,
        padding,
    )
    theirs = torch.nn.functional.conv2d(
        torch.tensor(image * 1.0)[None, None],
        torch.tensor(kernel)[None, None],
        stride=stride,
        padding=padding,
    )
    np.testing.assert_allclose(ours, theirs[0, 0].numpy(), atol=1e-12)


def test_the_four_numbers_of_the_page():
    page = [[1, 2, 0, 1], [3, 1, 2, 0], [0, 2, 4, 1], [1, 0, 1, 3]]
    sharpen = [0, -1, 0, -1, 5, -1, 0, -1, 0]
    assert call("convolutional", "featureMap", page, sharpen, 1, 0) == [
        [-4, 5],
        [5, 14],
    ]
    products = call("convolutional", "products", sharpen, [1, 2, 0, 3, 1, 2, 0, 2, 4])
    assert products["terms"] == [0, -2, 0, -3, 5, -2, 0, -2, 0]
    assert products["sum"] == -4


def test_kirsch_kernels_turn_by_45_degrees():
    kernels = [np.reshape(call("convolutional", "kirsch", k), (3, 3)) for k in range(8)]
    assert kernels[0].tolist() == [[5, 5, 5], [-3, 0, -3], [-3, -3, -3]]
    for k in range(8):
        # a quarter turn clockwise is two steps of 45°
        np.testing.assert_array_equal(kernels[(k + 2) % 8], np.rot90(kernels[k], -1))
        assert kernels[k].sum() == 0
    assert len({kernel.tobytes() for kernel in kernels}) == 8


@pytest.mark.parametrize("k", range(8))
def test_every_preset_kernel_is_found_by_its_name(k):
    kernel = call("convolutional", "kirsch", k)
    assert call("convolutional", "nameOfKernel", kernel) == f"kirsch{k}"
    assert call("convolutional", "nameOfKernel", [*kernel[:8], 7]) == "own"


def test_relu_keeps_what_is_positive():
    grid = np.random.default_rng(0).normal(size=(4, 5))
    ours = call("convolutional", "relu", grid.tolist())
    np.testing.assert_allclose(ours, torch.relu(torch.tensor(grid)).numpy())


# The receptive field calculator


def convolutions(layers):
    parts = [torch.nn.Conv2d(1, 1, f, s, p, bias=False) for f, s, p in layers]
    for part in parts:
        torch.nn.init.ones_(part.weight)  # no product may cancel
    return torch.nn.Sequential(*parts).double()


@pytest.mark.parametrize("name", STACKS)
@pytest.mark.parametrize("n", [28, 33, 47])
def test_sizes_agree_with_pytorch(name, n):
    steps = call("receptive_field", "follow", n, stack(name))
    image, model = torch.zeros(1, 1, n, n, dtype=torch.double), None
    for depth in range(1, len(STACKS[name]) + 1):
        model = convolutions(STACKS[name][:depth])
        assert steps[depth]["size"] == model(image).shape[-1]


@pytest.mark.parametrize("name", STACKS)
def test_field_and_jump_are_those_of_the_gradient(name):
    n, layers = 80, STACKS[name]
    last = call("receptive_field", "follow", n, stack(name))[-1]
    middle = last["size"] // 2
    spans = []
    for neuron in (middle, middle + 1):
        image = torch.ones(1, 1, n, n, dtype=torch.double, requires_grad=True)
        convolutions(layers)(image)[0, 0, neuron, neuron].backward()
        reached = torch.nonzero((image.grad[0, 0] != 0).any(0))[:, 0]
        spans.append((int(reached[0]), int(reached[-1])))
    assert spans[0][1] - spans[0][0] + 1 == last["field"]
    assert spans[1][0] - spans[0][0] == last["jump"]
    reach = call("receptive_field", "reach", stack(name), middle)
    assert tuple(reach[0]) == spans[0]
    center = last["start"] + middle * last["jump"]
    assert center == pytest.approx(sum(spans[0]) / 2)


def test_lenet_sees_all_28_pixels_and_two_of_padding_on_each_side():
    # by hand: 5, +1 = 6, +4·2 = 14, +1·2 = 16, +4·4 = 32
    steps = call("receptive_field", "follow", 28, stack("lenet"))
    assert [step["field"] for step in steps] == [1, 5, 6, 14, 16, 32]
    assert [step["size"] for step in steps] == [28, 28, 14, 10, 5, 1]
    assert call("receptive_field", "reach", stack("lenet"), 0)[0] == [-2, 29]


def test_a_window_that_does_not_fit_ends_the_stack():
    steps = call("receptive_field", "follow", 6, [{"f": 5, "s": 1, "p": 0}] * 3)
    assert [step["size"] for step in steps] == [6, 2]


# State, files


def test_the_page_writes_out_the_products_of_the_patch():
    text = (ROOT / "book" / "convolutional.md").read_text()
    block = text[text.index("z_{00}") : text.index("The notebook agrees")]
    sums = re.split(r"z_\{\d\d\}", block)[1:]
    page = np.array([[1, 2, 0, 1], [3, 1, 2, 0], [0, 2, 4, 1], [1, 0, 1, 3]])
    for (i, j), lines in zip(np.ndindex(2, 2), sums, strict=True):
        terms = re.findall(r"(-?) ?(\d) \\cdot (\d)", lines)
        pixels = [int(pixel) for _, _, pixel in terms]
        assert pixels == page[i : i + 3, j : j + 3].ravel().tolist()
        total = sum(int(s + k) * int(pixel) for s, k, pixel in terms)
        assert total == int(re.search(r"= (-?\d+)", lines.split("{}")[-1])[1])
