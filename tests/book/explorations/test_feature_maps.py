"""The network at three distances: its maps and numbers against PyTorch, and in use."""

import shutil

import numpy as np
import pytest

from press.directives.interactive import scripts_of
from tests import ROOT
from tests.book.explorations import feature_maps_data as made
from tests.book.explorations.node import call, hash_of, initial_state, needs_node, parse
from tests.browser import served, watched

torch = pytest.importorskip("torch")
pytestmark = needs_node

FOLDER = ROOT / "book" / "explorations"
LAYERS = {"conv1": 2, "pool1": 3, "conv2": 5, "pool2": 6}  # where it ends in PyTorch


def ask(function: str, *arguments):
    return call("feature_maps", function, *arguments)


@pytest.fixture(scope="module")
def data() -> dict:
    import json

    text = made.TARGET.read_text("utf-8")
    return json.loads(text.removeprefix(made.HEAD).removesuffix(made.TAIL))


@pytest.fixture(scope="module")
def model(data):
    """The same network in PyTorch, with the weights that are shipped."""
    model = made.network().double().eval()
    with torch.no_grad():
        for at, name in ((0, "conv1"), (3, "conv2"), (7, "linear")):
            for parameter, key in ((model[at].weight, "W"), (model[at].bias, "b")):
                values = torch.tensor(data[name][key], dtype=torch.float64)
                parameter.copy_(values.view_as(parameter) / data["scale"])
    return model


def drawn(digit: int) -> np.ndarray:
    return np.array(ask("imageOf", ask("decodeInk", ask("example", digit))))


def pictures() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "a drawing": drawn(3),
        "noise": rng.random((28, 28)),
        "the photograph": np.array(ask("photo")),
    }


@pytest.mark.parametrize("name", pictures() if shutil.which("node") else [])
def test_every_map_is_pytorchs(model, name):
    image = pictures()[name]
    found = ask("run", image.tolist())
    x = torch.tensor(image)[None, None]
    with torch.no_grad():
        for layer, end in LAYERS.items():
            theirs = model[:end](x)[0].numpy()
            np.testing.assert_allclose(found[layer], theirs, atol=1e-9)
        if image.shape == (28, 28):
            p = torch.softmax(model(x)[0], dim=0).numpy()
            np.testing.assert_allclose(found["probabilities"], p, atol=1e-9)
        else:  # a linear layer has one size, a convolution any
            assert found["probabilities"] is None


@pytest.mark.parametrize("layer", LAYERS)
def test_the_products_add_up_to_the_number_in_the_map(layer):
    found = ask("run", np.random.default_rng(1).random((28, 28)).tolist())
    rng = np.random.default_rng(2)
    maps = np.array(found[layer])
    for _ in range(5):
        q, i, j = (int(rng.integers(n)) for n in maps.shape)
        one = ask("oneNumber", found, layer, q, i, j)
        assert one["a"] == pytest.approx(maps[q, i, j], abs=1e-12)
        if layer.startswith("pool"):
            assert one["a"] == max(one["numbers"])
            assert len(one["numbers"]) == 4
            continue
        for channel in one["channels"]:
            products = np.multiply(channel["kernel"], channel["numbers"])
            np.testing.assert_allclose(channel["terms"], products)
            assert channel["sum"] == pytest.approx(products.sum())
        total = one["bias"] + sum(channel["sum"] for channel in one["channels"])
        assert one["z"] == pytest.approx(total)
        assert one["a"] == pytest.approx(max(0, total))


@pytest.mark.parametrize("digit", [1, 2, 3, 4, 7, 8])
def test_the_network_reads_the_drawings_that_it_offers(digit):
    probabilities = ask("run", drawn(digit).tolist())["probabilities"]
    assert np.argmax(probabilities) == digit
    assert sum(probabilities) == pytest.approx(1)


def test_no_map_is_dead():
    """For some drawing, each map holds something: there is something to look at."""
    runs = [ask("run", drawn(digit).tolist()) for digit in (1, 2, 3, 4, 7, 8)]
    for layer in LAYERS:
        most = np.max([np.max(run[layer], axis=(1, 2)) for run in runs], axis=0)
        assert (most > 0.05).all(), (layer, most)


def test_a_drawing_survives_its_text():
    rng = np.random.default_rng(0)
    for share in (0, 0.02, 0.5, 1):
        ink = (rng.random(784) < share).astype(int).tolist()
        text = ask("encodeInk", ink)
        assert ask("decodeInk", text) == ink
        assert len(text) <= 132
        state = parse("feature_maps", f"#feature_maps?ink={text}")
        assert state["ink"] == text
        assert f"ink={text}" in hash_of("feature_maps", state) or share == 0


@pytest.mark.parametrize("text", ["", "x", "i ", "i=", "i" + "A" * 132, "nonsense"])
def test_what_is_no_drawing_is_refused(text):
    assert ask("decodeInk", text) is None


def test_a_line_has_no_gaps():
    ink = np.array(ask("drawLine", [0] * 784, [2, 3], [9, 24])).reshape(28, 28)
    assert ink.sum() == 22
    assert ink[2, 3] == ink[9, 24] == 1
    assert (ink[:, 3:25].sum(axis=0) == 1).all()
    level = np.array(ask("imageOf", ink.ravel().tolist()))
    assert level.max() == 1
    assert set(np.unique(level)) == {0, 0.3, 0.6, 1}


def test_the_data_stay_small_and_name_the_author_of_the_photograph(data):
    assert made.TARGET.stat().st_size < 12_000
    assert len(data["photo"]) == data["side"] ** 2
    assert data["photo"] == made.small_photo()
    shapes = [data[name]["shape"] for name in ("conv1", "conv2", "linear")]
    assert shapes == [[4, 1, 3, 3], [6, 4, 3, 3], [10, 150]]
    script = (FOLDER / "feature_maps.js").read_text("utf-8")
    assert "danielbuechele (CC BY 2.0)" in script


# In a browser

PAGE = """<!DOCTYPE html>
<html lang="en" data-theme="light"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Maps</title>
<link rel="icon" href="data:,">
<style>* { box-sizing: border-box } body { margin: 0 10px }</style></head><body>
<link rel="stylesheet" href="explorations/explorations.css">
<figure class="exploration" data-exploration="feature_maps">
<div class="exploration-stage"><img src="still.svg" alt="A still picture"></div>
<figcaption>Try it.</figcaption></figure>
SCRIPTS</body></html>"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A page with nothing but the exploration, served; it needs no built book."""
    folder = tmp_path_factory.mktemp("maps")
    shutil.copytree(FOLDER, folder / "explorations")
    still = ROOT / "book/figures/feature_maps_exploration.svg"
    shutil.copy(still, folder / "still.svg")
    tags = (
        f'<script src="explorations/{name}"></script>\n'
        for name in scripts_of("feature_maps")
    )
    (folder / "page.html").write_text(PAGE.replace("SCRIPTS", "".join(tags)), "utf-8")
    with served(folder) as where:
        yield where


@pytest.fixture
def open_page(chromium, address):
    contexts = []

    def opener(hash="", width=1000):
        size = {"width": width, "height": 900}
        contexts.append(chromium.new_context(viewport=size))
        tab = watched(contexts[-1], address)
        tab.goto(f"{address}/page.html{hash}", wait_until="load")
        return tab

    yield opener
    for context in contexts:
        context.close()


def reads(tab) -> str:
    return tab.locator(".exploration-maps-network .exploration-heading").inner_text()


def state_of(tab) -> dict:
    tab.wait_for_timeout(400)  # the hash changes at most four times a second
    return parse("feature_maps", tab.evaluate("location.hash"))


def test_a_digit_is_drawn_with_the_mouse_and_read(open_page):
    tab = open_page()
    tab.get_by_role("button", name="Clear").click()
    box = tab.locator(".exploration-maps-paper").bounding_box()
    at = lambda x, y: (box["x"] + x * box["width"], box["y"] + y * box["height"])  # noqa: E731
    tab.mouse.move(*at(0.3, 0.25))
    tab.mouse.down()
    for corner in ((0.66, 0.25), (0.45, 0.8)):
        tab.mouse.move(*at(*corner), steps=12)
    tab.mouse.up()
    assert reads(tab).startswith("It reads a 7")
    ink = np.array(ask("decodeInk", state_of(tab)["ink"]))
    assert 20 < ink.sum() < 60
    assert tab.problems == []


def test_the_keyboard_alone_draws_and_chooses(open_page):
    tab = open_page()
    tab.get_by_role("button", name="Clear").focus()
    tab.keyboard.press("Enter")
    tab.locator(".exploration-maps-paper").focus()
    tab.keyboard.press("Space")
    for _ in range(3):
        tab.keyboard.press("Shift+ArrowDown")
    tab.keyboard.press("ArrowRight")  # moves and does not draw
    ink = np.array(ask("decodeInk", state_of(tab)["ink"])).reshape(28, 28)
    assert np.argwhere(ink).tolist() == [[row, 14] for row in range(14, 18)]
    tab.get_by_role("radio", name="Convolution 1, map 1").focus()
    for _ in range(8):  # over all four maps of both layers, to the second convolution
        tab.keyboard.press("ArrowDown")
    state = state_of(tab)
    assert (state["layer"], state["map"]) == ("conv2", 1)
    assert tab.get_by_text("Convolution 2, map 1 of 6").is_visible()
    tab.get_by_role("slider", name="Row i of the place", exact=True).focus()
    tab.keyboard.press("ArrowLeft")
    assert state_of(tab)["row"] == initial_state("feature_maps")["row"] - 1
    assert tab.problems == []


def test_the_number_on_the_page_is_the_one_of_the_network(open_page):
    state = initial_state("feature_maps") | {"layer": "conv2", "map": 4, "channel": 2}
    state |= {"row": 5, "column": 4}
    tab = open_page(hash_of("feature_maps", state))
    image = ask("imageOf", ask("decodeInk", state["ink"]))
    found = ask("run", image)
    one = ask("oneNumber", found, "conv2", 3, 5, 4)
    text = tab.locator(".exploration-products").inner_text().replace("−", "-")
    assert f"{round(one['channels'][1]['sum'], 2):g}" in text
    assert f"{round(one['z'], 2):g}" in text
    assert tab.get_by_label("2", exact=True).is_checked()


def test_a_photograph_ends_before_the_linear_layer(open_page):
    tab = open_page("#feature_maps?picture=photo&layer=pool2&map=6")
    assert "a linear layer does not" in reads(tab)
    assert not tab.locator(".exploration-maps-answers").is_visible()
    assert "1×56×56 → 4×54×54" in tab.locator(".exploration-maps").inner_text()
    assert tab.problems == []


@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_its_page_and_every_control_has_a_name(open_page, width):
    tab = open_page("#feature_maps?layer=conv2", width=width)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    nameless = tab.evaluate(
        """() => [...document.querySelectorAll('button, input, select, [tabindex]')]
            .filter((node) => !(node.ariaLabel || node.labels?.[0]?.textContent.trim()
                || node.textContent.trim()))
            .map((node) => node.outerHTML)"""
    )
    assert nameless == []
