"""Make the data of the exploration `autoencoders`: a tiny decoder and some digits.

``python -m tests.book.explorations.latent_map`` trains 196-128-32-2-32-32-196 on
MNIST (14×14: means of 2×2 pixels, gray values 0…1), rounds what is shipped, and writes
``book/explorations/latent_digits.js``. Seeded, one thread: equal versions on equal
machines give the same file. It takes about two minutes and is run by hand; the
tests read the file that it wrote.
"""

import json

import numpy as np

from tests import ROOT

TARGET = ROOT / "book/explorations/latent_digits.js"
HEAD = """/*
 * Data of the exploration "autoencoders": the decoder 2-32-32-196 of a network that
 * was trained on MNIST, codes of 300 test digits, and one test digit of each class.
 * Written by `python -m tests.book.explorations.latent_map`; not to be edited by hand.
 */
(function () {
  "use strict";
  const DATA = """
TAIL = """;
  if (typeof module !== "undefined") module.exports = DATA;
  else globalThis.LatentDigits = DATA;
})();
"""
SCALE = 64  # weights are shipped as integers: weight = integer / SCALE


def shrunk(images: np.ndarray) -> np.ndarray:
    """Return images (N, 28, 28) of 0…255 as rows (N, 196) of 0…1: means of 2×2."""
    blocks = images.reshape(len(images), 14, 2, 14, 2).mean(axis=(2, 4), dtype=float)
    return (blocks / 255).reshape(len(images), 196)


def trained(rows: np.ndarray, epochs: int, seed: int):
    """Return encoder and decoder; normalization keeps the codes around 0, spread 1."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    encoder = nn.Sequential(
        nn.Linear(196, 128),
        nn.ReLU(),
        nn.Linear(128, 32),
        nn.ReLU(),
        nn.Linear(32, 2),
        nn.BatchNorm1d(2, affine=False),
    )
    decoder = nn.Sequential(
        nn.Linear(2, 32),
        nn.Tanh(),
        nn.Linear(32, 32),
        nn.Tanh(),
        nn.Linear(32, 196),
        nn.Sigmoid(),
    )
    x = torch.tensor(rows, dtype=torch.float32)
    model = nn.Sequential(encoder, decoder)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        for batch in torch.randperm(len(x)).split(256):
            loss = nn.functional.mse_loss(model(x[batch]), x[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return encoder.eval(), decoder.eval()


def whole(values, scale: int) -> list:
    """Return numbers as whole ones: value · scale, rounded."""
    return np.rint(np.asarray(values) * scale).astype(int).tolist()


def shipped(encoder, decoder, rows: np.ndarray, labels: np.ndarray) -> dict:
    """Return what the exploration needs, as plain numbers."""
    import torch

    with torch.no_grad():
        codes = encoder(torch.tensor(rows, dtype=torch.float32)).numpy()
    first = [int(np.flatnonzero(labels == k)[0]) for k in range(10)]
    names = ("W1", "b1", "W2", "b2", "W3", "b3")
    parameters = (p.detach().numpy() for p in decoder.parameters())
    return {
        "scale": SCALE,
        **{k: whole(p, SCALE) for k, p in zip(names, parameters, strict=True)},
        "labels": "".join(map(str, labels[:300])),
        "codes": whole(codes[:300], 1000),
        "digits": [
            {"code": whole(codes[i], 1000), "pixels": whole(rows[i], 99)} for i in first
        ],
    }


def text(data: dict) -> str:
    """Return the script that holds `data`."""
    return HEAD + json.dumps(data, separators=(",", ":")) + TAIL


def main() -> None:
    from helpers import data

    mnist = data.mnist()
    if mnist.is_standin:
        raise SystemExit("the map is made of MNIST: python -m helpers.data fetch mnist")
    encoder, decoder = trained(shrunk(mnist.train.x), epochs=20, seed=0)
    rows = shrunk(mnist.test.x)
    TARGET.write_text(text(shipped(encoder, decoder, rows, mnist.test.y)), "utf-8")


if __name__ == "__main__":
    main()
