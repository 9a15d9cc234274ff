"""Make the data of the exploration `feature_maps`: a tiny trained network and a photo.

``python -m tests.book.explorations.feature_maps_data`` trains two convolutions (4 and 6
maps, 3×3), each with ReLU and 2×2 max pooling, and one linear layer on MNIST, moved at
random by up to three pixels, rounds what is shipped, and writes
``book/explorations/feature_maps_data.js``. Seeded, one thread: equal versions on equal
machines give the same file. It takes about a minute and is run by hand; the tests read
the file that it wrote.
"""

import json

import numpy as np

from tests import ROOT

TARGET = ROOT / "book/explorations/feature_maps_data.js"
HEAD = """/*
 * Data of the exploration "feature_maps": a network that was trained on MNIST, and a
 * part of the photograph china.jpg, made small (1 digit a pixel, base 64, row by row).
 * Written by `python -m tests.book.explorations.feature_maps_data`; not to be edited by
 * hand. The photograph comes with scikit-learn, whose documentation names its author
 * and its license, CC BY 2.0.
 */
(function () {
  "use strict";
  const DATA = """
TAIL = """;
  if (typeof module !== "undefined") module.exports = DATA;
  else globalThis.FeatureMapsData = DATA;
})();
"""
SCALE = 256  # weights are shipped as integers: weight = integer / SCALE
SIDE = 56  # rows and columns of the photograph
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def network():
    """Return the network, with weights after PyTorch's own start."""
    from torch import nn

    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 3), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(6 * 5 * 5, 10)),
    )


def trained(images: np.ndarray, labels: np.ndarray, epochs: int, seed: int):
    """Train on images (N, 28, 28) of 0…255; return the network."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    model = network()
    x = torch.tensor(images, dtype=torch.float32)[:, None] / 255
    y = torch.tensor(labels, dtype=torch.long)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(64):
            down, right = torch.randint(-3, 4, (2,)).tolist()
            moved = torch.roll(x[batch], (down, right), (2, 3))
            loss = nn.functional.cross_entropy(model(moved), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return model.eval()


def small_photo() -> str:
    """Return the photograph as text: gray values of 0…63, a letter each."""
    from sklearn.datasets import load_sample_image

    gray = load_sample_image("china.jpg").mean(axis=2)[10:402, 150:542]  # 392 × 392
    blocks = gray.reshape(SIDE, 7, SIDE, 7).mean(axis=(1, 3))
    low, high = blocks.min(), blocks.max()
    levels = np.rint((blocks - low) / (high - low) * 63).astype(int)
    return "".join(LETTERS[level] for level in levels.ravel())


def shipped(model) -> dict:
    """Return what the exploration reads: weights as whole numbers, and the photo."""
    layers = {"conv1": model[0], "conv2": model[3], "linear": model[7]}
    whole = lambda p: np.rint(p.detach().numpy() * SCALE).astype(int)  # noqa: E731
    data = {"scale": SCALE, "side": SIDE, "photo": small_photo()}
    for name, layer in layers.items():
        data[name] = {
            "shape": list(layer.weight.shape),
            "W": whole(layer.weight).ravel().tolist(),
            "b": whole(layer.bias).tolist(),
        }
    return data


def main() -> None:
    from helpers import data

    mnist = data.mnist()
    x, y = mnist.train.x.reshape(-1, 28, 28), mnist.train.y
    model = trained(x[:20_000], y[:20_000], epochs=6, seed=2)
    TARGET.write_text(HEAD + json.dumps(shipped(model), separators=(",", ":")) + TAIL)


if __name__ == "__main__":
    main()
