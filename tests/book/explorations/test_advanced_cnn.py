"""The mathematics of the exploration of blocks, run by Node, against PyTorch."""

import re
from functools import partial

import pytest

from benchmarks import _taught
from tests import ROOT
from tests.book.explorations import node
from tests.book.explorations.node import initial_state, needs_node

pytestmark = needs_node
call = partial(node.call, "advanced_cnn")

torch = pytest.importorskip("torch")
nn = torch.nn


def block(**settings) -> tuple[list[dict], dict]:
    """Return the layers of a block, and their totals."""
    state = initial_state("advanced_cnn") | settings
    layers = call("block", call("settled", state))
    return layers, call("totals", layers)


@pytest.fixture(scope="module")
def taught():
    return _taught.taught("advanced_cnn")


def measured(taught, model, n_in: int, size: int) -> dict:
    """Return parameters, multiply-adds and output shape of a PyTorch module."""
    x = torch.zeros(1, n_in, size, size)
    macs = taught["count_macs"](model, x)
    parameters = sum(p.numel() for p in model.parameters())
    return {"parameters": parameters, "macs": macs, "shape": list(model(x).shape[1:])}


@pytest.mark.parametrize(
    ("n_in", "n_out", "size", "stride"),
    [(8, 8, 10, 1), (8, 12, 10, 2), (8, 8, 11, 2), (3, 5, 7, 1), (1, 1, 1, 1)],
)
def test_a_residual_block_has_the_numbers_of_pytorch(taught, n_in, n_out, size, stride):
    model = taught["Block"](n_in, n_out, stride)
    layers, totals = block(
        kind="residual", nIn=n_in, nOut=n_out, size=size, stride=str(stride)
    )
    assert totals == measured(taught, model, n_in, size)
    same = stride == 1 and n_in == n_out
    assert any(layer["id"] == "project" for layer in layers) != same


@pytest.mark.parametrize(
    "sizes", [(192, 64, 96, 128, 16, 32, 32), (5, 1, 2, 3, 4, 5, 6)]
)
def test_an_inception_module_has_the_numbers_of_pytorch(taught, sizes):
    keys = ("nIn", "n1", "r3", "n3", "r5", "n5", "nPool")
    _, totals = block(kind="inception", size=9, **dict(zip(keys, sizes, strict=True)))
    assert totals == measured(taught, taught["Inception"](*sizes), sizes[0], 9)


def test_without_reductions_each_branch_reads_all_channels(taught):
    layers, totals = block(kind="inception", reduce="no", nIn=6, size=5, n3=4, n5=2)
    by_id = {layer["id"]: layer for layer in layers}
    for key, f, n in (("three", 3, 4), ("five", 5, 2)):
        conv = nn.Conv2d(6, n, f, padding=f // 2)
        found = {k: by_id[key][k] for k in ("parameters", "macs", "shape")}
        assert found == measured(taught, conv, 6, 5)
    assert "reduce3" not in by_id
    assert totals["shape"][0] == 64 + 4 + 2 + 32


@pytest.mark.parametrize(
    ("n_in", "growth", "count"), [(16, 8, 4), (3, 5, 1), (4, 1, 6)]
)
def test_a_dense_block_has_the_numbers_of_pytorch(taught, n_in, growth, count):
    model = taught["DenseBlock"](n_in, growth, count)
    _, totals = block(kind="dense", nIn=n_in, growth=growth, layers=count, size=6)
    assert totals == measured(taught, model, n_in, 6)


@pytest.mark.parametrize(("n_in", "stride"), [(256, 1), (64, 1), (256, 2)])
def test_a_bottleneck_has_the_numbers_of_torchvision(taught, n_in, stride):
    from helpers._torchvision import import_torchvision

    resnet = import_torchvision().models.resnet
    n_out = 256 * stride
    down = None
    if stride != 1 or n_in != n_out:
        project = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
        down = nn.Sequential(project, nn.BatchNorm2d(n_out))
    model = resnet.Bottleneck(n_in, n_out // 4, stride, down)
    _, totals = block(
        kind="bottleneck", nIn=n_in, nOut=n_out, size=8, stride=str(stride)
    )
    assert totals == measured(taught, model, n_in, 8)


def test_the_alternatives_are_what_the_texts_say(taught):
    state = initial_state("advanced_cnn")
    small = {"nIn": 8, "size": 6, "nOut": 16, "growth": 4, "layers": 3, "stride": 1}
    narrow = call("alternative", state | small | {"kind": "bottleneck"})
    assert narrow == measured(taught, taught["Block"](8, 16), 8, 6)
    dense = call("alternative", state | small | {"kind": "dense"})
    convs = [nn.Conv2d(n, 20, 3, padding=1) for n in (8, 20, 20)]
    assert dense["macs"] == measured(taught, nn.Sequential(*convs), 8, 6)["macs"]


def test_every_layer_reads_layers_that_come_before_it():
    for name in ("googlenet", "resnet18", "project", "resnet50", "dense"):
        layers = call("block", call("settled", call("presetState", name)))
        seen = set()
        for layer in layers:
            assert seen >= set(layer["from"])
            seen.add(layer["id"])
        places = [(layer["column"], layer["row"]) for layer in layers]
        assert len(set(places)) == len(places), name  # no box hides another


def test_the_reduction_of_the_page_by_hand():
    layers, _ = block()
    macs = {layer["id"]: layer["macs"] for layer in layers}
    assert macs["reduce5"] + macs["five"] == 28**2 * (16 * 192 + 32 * 16 * 25)


def test_the_still_picture_shows_the_numbers_of_the_script():
    text = (ROOT / "book/figures/advanced_cnn_exploration.svg").read_text("utf-8")
    layers, _ = block()
    shown = re.findall(r">([\d,]+|–)</text>", text)
    wanted = [f"{layer['parameters']:,}" for layer in layers]
    assert shown == ["–" if number == "0" else number for number in wanted]
