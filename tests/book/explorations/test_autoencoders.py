"""The mathematics of the autoencoders exploration, run by Node, against PyTorch."""

import json
import re
from functools import partial

import numpy as np
import pytest

from helpers import data
from tests.book.explorations import latent_map, node
from tests.book.explorations.node import needs_node

pytestmark = needs_node
call = partial(node.call, "autoencoders")

torch = pytest.importorskip("torch")
CODES = [[0, 0], [0.8, 0.9], [-3, 3], [2.5, -1.25]]


@pytest.fixture(scope="module")
def shipped() -> dict:
    source = latent_map.TARGET.read_text("utf-8")
    return json.loads(re.search(r"const DATA = (\{.*\});", source).group(1))


@pytest.fixture(scope="module")
def decoder(shipped):
    """Return the shipped decoder as a network of PyTorch, in double precision."""
    layers = []
    for k in "123":
        W, b = (torch.tensor(shipped[p + k]) / shipped["scale"] for p in "Wb")
        layer = torch.nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
        layer.load_state_dict({"weight": W, "bias": b})
        layers += [layer, torch.nn.Sigmoid() if k == "3" else torch.nn.Tanh()]
    return torch.nn.Sequential(*layers)


def drawn(decoder, codes) -> np.ndarray:
    with torch.no_grad():
        return decoder(torch.tensor(codes, dtype=torch.float64)).numpy()


def test_the_decoder_agrees_with_pytorch(decoder):
    for code, wanted in zip(CODES, drawn(decoder, CODES), strict=True):
        np.testing.assert_allclose(call("decode", code), wanted, atol=1e-6)


def test_the_error_is_that_of_the_shipped_digit(decoder, shipped):
    for k in (0, 7):
        digit = shipped["digits"][k]
        code = np.array(digit["code"]) / 1000
        assert call("codeOf", k) == pytest.approx(code.tolist())
        rest = drawn(decoder, [code.tolist()])[0] - np.array(digit["pixels"]) / 99
        error = call("errorAt", code.tolist(), k)
        assert error == pytest.approx(np.mean(rest**2), rel=1e-6)


@pytest.mark.parametrize("code", CODES)
def test_the_nearest_digits_are_those_of_sklearn(shipped, code):
    from sklearn.neighbors import NearestNeighbors

    codes = np.array(shipped["codes"]) / 1000
    found = NearestNeighbors(n_neighbors=5).fit(codes)
    rows = found.kneighbors([code], return_distance=False)[0]
    assert call("nearest", code, 5) == [int(shipped["labels"][i]) for i in rows]


def test_the_shipped_decoder_has_learned(decoder, shipped):
    # each digit of the choice is drawn better than by the mean of the ten
    pixels = np.array([digit["pixels"] for digit in shipped["digits"]]) / 99
    codes = [[v / 1000 for v in digit["code"]] for digit in shipped["digits"]]
    error = np.mean((drawn(decoder, codes) - pixels) ** 2)
    assert error < 0.9 * np.mean((pixels - pixels.mean(axis=0)) ** 2)


def test_codes_stay_on_the_map(shipped):
    assert len(shipped["codes"]) == len(shipped["labels"]) == 300
    assert np.abs(shipped["codes"]).max() < 3000
    assert latent_map.TARGET.stat().st_size < 48_000


@pytest.mark.standins
def test_the_shipped_digits_are_those_of_mnist(shipped):
    mnist = data.mnist()
    if mnist.is_standin:
        pytest.skip("the map is made of MNIST, which this machine does not have")
    assert shipped["labels"] == "".join(map(str, mnist.test.y[:300]))
    for k, digit in enumerate(shipped["digits"]):
        image = mnist.test.x[np.flatnonzero(mnist.test.y == k)[0]] / 255
        means = [
            image[i : i + 2, j : j + 2].mean()
            for i in range(0, 28, 2)
            for j in range(0, 28, 2)
        ]
        np.testing.assert_allclose(np.array(digit["pixels"]) / 99, means, atol=0.006)


def test_the_script_that_made_the_map_is_deterministic():
    rng = np.random.default_rng(0)
    rows = latent_map.shrunk(rng.integers(0, 256, (300, 28, 28)))
    labels = np.arange(300) % 10
    texts = {
        latent_map.text(
            latent_map.shipped(*latent_map.trained(rows, 1, seed=0), rows, labels)
        )
        for _ in range(2)
    }
    assert len(texts) == 1
    assert texts.pop().startswith(latent_map.TARGET.read_text("utf-8").split("{")[0])
