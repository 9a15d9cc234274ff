"""Claims of the chapter `advanced_cnn`, over five seeds, at a small budget.

The functions are those that the notebook teaches: its cells tagged ``define``. What the
notebook trains for five seeds in the full profile it asserts itself.
"""

import json

import numpy as np
import pytest

from benchmarks import _taught
from tests import ROOT
from tests.notebooks.claims import SEEDS

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.fixture(scope="module")
def models():
    from helpers._torchvision import import_torchvision

    return import_torchvision().models


@pytest.mark.parametrize("seed", SEEDS)
def test_batch_normalization_equals_pytorch_in_both_modes(taught, seed):
    torch.manual_seed(seed)
    ours, theirs = taught["BatchNorm"](4), nn.BatchNorm2d(4, dtype=torch.float64)
    ours.gamma = torch.randn(4, dtype=torch.float64)
    ours.beta = torch.randn(4, dtype=torch.float64)
    theirs.load_state_dict({"weight": ours.gamma, "bias": ours.beta}, strict=False)
    for _ in range(10):
        x = 3 * torch.randn(5, 4, 3, 2, dtype=torch.float64) + 1
        np.testing.assert_allclose(ours(x), theirs(x).detach(), atol=1e-10)
    np.testing.assert_allclose(ours.mean, theirs.running_mean, atol=1e-10)
    np.testing.assert_allclose(ours.var, theirs.running_var, atol=1e-10)
    ours.training = False
    theirs.eval()
    np.testing.assert_allclose(ours(x), theirs(x).detach(), atol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradient_through_our_batch_normalization_is_pytorchs(taught, seed):
    torch.manual_seed(seed)
    x = torch.randn(4, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    delta = torch.randn_like(x)
    ours, theirs = taught["BatchNorm"](3), nn.BatchNorm2d(3, dtype=torch.float64)
    mine = torch.autograd.grad((ours(x) * delta).sum(), x)[0]
    other = torch.autograd.grad((theirs(x) * delta).sum(), x)[0]
    np.testing.assert_allclose(mine, other, atol=1e-10)


def test_the_worked_example_of_the_page(taught):
    layer = taught["BatchNorm"](1)
    out = layer(torch.tensor([0.0, 0.0, 4.0, 4.0]).view(4, 1, 1, 1)).flatten()
    assert out.tolist() == pytest.approx([-1, -1, 1, 1], abs=1e-5)
    assert layer.mean.item() == pytest.approx(0.2)
    assert layer.var.item() == pytest.approx(0.9 + 0.1 * 16 / 3)


@pytest.mark.parametrize(
    ("layer", "shape", "macs"),
    [  # by hand: places · outputs · inputs · kernel
        (nn.Conv2d(3, 8, 5, padding=2), (3, 10, 10), 100 * 8 * 3 * 25),
        (nn.Conv2d(4, 6, 3, stride=2, padding=1), (4, 9, 9), 25 * 6 * 4 * 9),
        (nn.Conv2d(8, 8, 3, groups=4), (8, 5, 5), 9 * 8 * 2 * 9),
        (nn.Linear(20, 7), (20,), 140),
    ],
)
def test_multiply_adds_are_those_by_hand(taught, layer, shape, macs):
    assert taught["count_macs"](nn.Sequential(layer), torch.zeros(1, *shape)) == macs


@pytest.mark.parametrize(
    ("name", "depth", "parameters"),
    [
        ("alexnet", 8, 61_100_840),
        ("vgg16", 16, 138_357_544),
        ("vgg19", 19, 143_667_240),
        ("resnet18", 18, 11_689_512),
        ("resnet50", 50, 25_557_032),
        ("resnet152", 152, 60_192_808),
        ("densenet121", 121, 7_978_856),
    ],
)
def test_the_famous_networks_have_their_published_sizes(
    taught, models, name, depth, parameters
):
    with torch.device("meta"):
        model = getattr(models, name)()
    assert taught["count_parameters"](model) == parameters
    assert taught["depth"](model) == depth


def test_alexnet_has_no_batch_normalization(models):
    with torch.device("meta"):
        modules = list(models.alexnet().modules())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in modules)


@pytest.mark.parametrize(("n", "layers"), [(1, 8), (3, 20), (9, 56)])
@pytest.mark.parametrize("shortcut", [True, False])
def test_n_blocks_a_stage_make_6n_plus_2_layers(taught, n, layers, shortcut):
    assert taught["depth"](taught["resnet"](n, 4, shortcut=shortcut)) == layers


@pytest.mark.parametrize("name", ["alexnet", "vgg", "inception", "densenet"])
def test_a_small_network_gives_ten_logits(taught, name):
    model = taught[f"mini_{name}"]().eval()
    with torch.no_grad():
        assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def test_a_residual_block_with_weights_zero_passes_on_its_input(taught):
    block = taught["Block"](5, 5).eval()
    nn.init.zeros_(block.bn2.weight)
    x = torch.rand(2, 5, 6, 6)
    with torch.no_grad():
        assert torch.equal(block(x), x)


def test_a_dense_block_keeps_its_input_in_front(taught):
    block = taught["DenseBlock"](5, 2, 3).eval()
    x = torch.randn(2, 5, 6, 6)
    with torch.no_grad():
        out = block(x)
    assert out.shape == (2, 11, 6, 6)
    assert torch.equal(out[:, :5], x)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gradient_of_a_new_plain_network_grows_and_shortcuts_tame_it(taught, seed):
    plain = taught["gradient_norms"](9, False, seed)[0]
    residual = taught["gradient_norms"](9, True, seed)[0]
    assert plain > 100
    assert plain > 5 * residual > 5


def test_a_new_head_is_all_that_is_trained(taught, models):
    model = taught["with_new_head"](models.resnet18(), classes=10)
    names = [name for name, p in model.named_parameters() if p.requires_grad]
    assert names == ["fc.weight", "fc.bias"]
    assert model.fc.weight.shape == (10, 512)
    before = [p.detach().clone() for p in model.parameters() if not p.requires_grad]
    descent = torch.optim.SGD(model.parameters(), lr=1.0)
    model.eval()(torch.randn(2, 3, 64, 64)).square().sum().backward()
    descent.step()
    after = [p for p in model.parameters() if not p.requires_grad]
    assert all(map(torch.equal, before, after))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("c", "f", "h", "w"), [(1, 3, 5, 4), (6, 5, 7, 9)])
def test_a_depthwise_convolution_is_one_in_groups(taught, seed, c, f, h, w):
    torch.manual_seed(seed)
    x, kernels = torch.randn(2, c, h, w), torch.randn(c, f, f)
    theirs = torch.nn.functional.conv2d(x, kernels[:, None], padding=f // 2, groups=c)
    np.testing.assert_allclose(taught["depthwise"](x, kernels), theirs, atol=1e-5)


@pytest.mark.parametrize(("c", "k", "f"), [(512, 512, 3), (8, 5, 3), (16, 64, 5)])
def test_two_halves_cost_a_share_of_one_over_k_and_one_over_f_squared(taught, c, k, f):
    x, macs = torch.zeros(1, c, 6, 6), taught["count_macs"]
    halves = macs(taught["separable"](c, k, f), x)
    whole = macs(nn.Sequential(nn.Conv2d(c, k, f, padding=f // 2)), x)
    assert halves == 36 * (c * f * f + c * k)
    assert halves / whole == pytest.approx(1 / k + 1 / f**2)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_channel_is_weighed_by_one_factor_for_each_image(taught, seed):
    torch.manual_seed(seed)
    layer, x = taught["SqueezeExcite"](8, ratio=2), torch.rand(3, 8, 4, 5) + 0.1
    with torch.no_grad():
        factors = (layer(x) / x).numpy()
        means = x.numpy().mean((2, 3))
        down, up = layer.down, layer.up
        hidden = np.maximum(means @ down.weight.numpy().T + down.bias.numpy(), 0)
        z = hidden @ up.weight.numpy().T + up.bias.numpy()
    by_hand = np.broadcast_to((1 / (1 + np.exp(-z)))[:, :, None, None], x.shape)
    np.testing.assert_allclose(factors, by_hand, atol=1e-5)
    sizes = taught["count_parameters"](layer)
    assert sizes == 2 * 8 * 4 + 4 + 8


def test_a_new_block_of_convnext_passes_on_its_input_nearly(taught):
    x = torch.randn(2, 6, 8, 8)
    with torch.no_grad():
        changed = (taught["NextBlock"](6)(x) - x).abs().max()
    assert 0 < changed < 1e-4


@pytest.mark.parametrize("name", ["mini_mobile", "mini_next", "VisionTransformer"])
def test_a_small_network_of_today_gives_ten_logits(taught, name):
    model = taught[name]().eval()
    with torch.no_grad():
        assert model(torch.randn(2, 3, 32, 32)).shape == (2, 10)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_transformer_does_not_know_which_patches_are_neighbors(taught, seed):
    torch.manual_seed(seed)
    model, x = taught["VisionTransformer"]().eval(), torch.randn(3, 3, 32, 32)
    mixed, order = taught["shuffled"](x, seed=seed)
    with torch.no_grad():
        before, without_places = model(x), model(mixed)
        model.places.copy_(model.places[order])
        np.testing.assert_allclose(model(mixed), before, atol=1e-5)
    assert not torch.allclose(without_places, before, atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_shuffling_moves_whole_patches(taught, seed):
    images = torch.arange(2 * 3 * 32 * 32.0).view(2, 3, 32, 32)
    mixed, order = taught["shuffled"](images, seed=seed)
    for place, source in enumerate(order.tolist()):
        to, at = divmod(place, 8), divmod(source, 8)
        patch = mixed[:, :, 4 * to[0] : 4 * to[0] + 4, 4 * to[1] : 4 * to[1] + 4]
        same = images[:, :, 4 * at[0] : 4 * at[0] + 4, 4 * at[1] : 4 * at[1] + 4]
        assert torch.equal(patch, same)


@pytest.mark.parametrize(
    ("name", "parameters", "gmacs"),
    [  # multiply–adds as the papers round them
        ("mobilenet_v2", 3_504_872, 0.30),
        ("efficientnet_b0", 5_288_548, 0.39),
        ("vit_b_16", 86_567_656, 17.56),
        ("convnext_tiny", 28_589_128, 4.5),
    ],
)
def test_the_networks_since_have_their_published_sizes(
    taught, models, name, parameters, gmacs
):
    with torch.device("meta"):
        model = getattr(models, name)()
        macs = taught["count_macs"](model, torch.zeros(1, 3, 224, 224))
    assert taught["count_parameters"](model) == parameters
    assert macs / 1e9 == pytest.approx(gmacs, rel=0.03)


def test_squeezed_resnet_50_has_its_published_size(taught, models):
    with torch.device("meta"):
        model = taught["with_squeeze"](models.resnet50())
    added = sum(2 * c * c // 16 + c // 16 + c for c in [256] * 3 + [512] * 4)
    added += sum(2 * c * c // 16 + c // 16 + c for c in [1024] * 6 + [2048] * 3)
    assert taught["count_parameters"](model) == 25_557_032 + added


@pytest.mark.parametrize("less", ["new_transformer", "mixed_resnet"])
def test_in_the_kept_run_the_residual_network_is_ahead_in_most_pairs_of_seeds(less):
    """The notebook asserts the same where it trains with the full budget."""
    kept = json.loads((ROOT / "book/results/advanced_cnn.json").read_text("utf-8"))
    first, second = (kept["results"][key]["values"] for key in ("new_resnet", less))
    assert len(first) == len(second) == 5
    assert np.mean([a > b for a in first for b in second]) > 0.9


def test_the_page_states_the_full_budgets_of_the_notebook():
    root = _taught.NOTEBOOKS.parent
    notebook = (root / "notebooks/advanced_cnn.ipynb").read_text("utf-8")
    page = (root / "book/advanced_cnn.md").read_text("utf-8")
    assert "budget(quick=500, full=2000), budget(quick=4, full=8)" in notebook
    assert "the full run 2,000 images and 8 epochs (seeds: 5)" in page
    assert (
        "budget(quick=1200, full=10_000), budget(quick=2000, full=10_000)" in notebook
    )
    assert "epochs, seeds = budget(quick=2, full=4)" in notebook
    assert "Full run: 10,000 images, 4 epochs, seeds: 5, all test images" in page
    assert "budget(quick=400, full=3000), budget(quick=2, full=5)" in notebook
    assert "Full run: 3,000 images, 5 epochs, seeds: 5, 2,000 test images" in page
