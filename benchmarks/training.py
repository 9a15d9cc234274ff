"""One epoch of `helpers.training.fit` against a DataLoader with per-image transforms.

    python benchmarks/training.py [--rounds 3] [--short]

Both sides train the same 784-128-10 network for one epoch on MNIST, in minibatches of
64, from the same weights, in the same order, on the CPU with one thread: the final
weights must agree. Scaling all images at once, which `fit` needs once for all epochs,
stands in a line of its own.
"""

import numpy as np
import torch
from _ratio import finish, interleave, options, ratio, table
from PIL import Image

from helpers import data
from helpers._torchvision import import_torchvision
from helpers.training import fit

THREADS, BATCH, ETA, BAR = 1, 64, 0.1, 6.0
MEAN, DEVIATION = 0.1307, 0.3081  # of MNIST's training images, scaled to [0, 1]
FEWEST = 20_000  # images that an epoch has at least


class Images(torch.utils.data.Dataset):
    """Transform one image at a time, each by way of Pillow.

    Source: ``torchvision.datasets.MNIST.__getitem__`` does the same.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray) -> None:
        import_torchvision()
        from torchvision import transforms

        self.x, self.y = torch.tensor(x), torch.tensor(y)
        self.transform = transforms.Compose(
            [transforms.ToTensor(), transforms.Normalize((MEAN,), (DEVIATION,))]
        )

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image, label = self.x[index], int(self.y[index])
        return self.transform(Image.fromarray(image.numpy())), label


def main() -> None:
    """Measure, check that both sides learned the same, and report."""
    settings = options(__doc__, rounds=3)
    torch.set_num_threads(THREADS)
    x, y, source = load()
    if settings.short:
        x, y = x[: 10 * BATCH], y[: 10 * BATCH]
    inputs, images, models = scaled(x), Images(x, y), {}

    def helper() -> None:
        models["fit"] = with_fit(inputs, y)

    def loader() -> None:
        models["loader"] = with_loader(images)

    def scaling() -> None:
        scaled(x)

    sides = {"fit": helper, "DataLoader": loader, "scaling, once": scaling}
    print(f"{len(x):,} images a round: {source}; {THREADS} thread each")
    # the first step makes torch import more of itself: that is no part of an epoch
    with_fit(inputs[:BATCH], y[:BATCH])
    with_loader(Images(x[:BATCH], y[:BATCH]))
    seconds = interleave(sides, settings.rounds)
    for ours, theirs in zip(*(m.parameters() for m in models.values()), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
    table(seconds)
    value = ratio(seconds, "DataLoader", "fit")
    finish("training", value, BAR, short=settings.short)


def load() -> tuple[np.ndarray, np.ndarray, str]:
    """Return images (n, 28, 28) uint8, labels (n,), and where they come from."""
    mnist = data.mnist()
    x, y = mnist.train.x, mnist.train.y
    if len(x) >= FEWEST:
        return x, y, mnist.source
    rows = np.resize(np.arange(len(x)), FEWEST)
    return x[rows], y[rows], f"{mnist.source}, repeated up to {FEWEST:,}"


def network() -> torch.nn.Module:
    """Return 784-128-10 with the same initial weights at each call."""
    torch.manual_seed(0)
    hidden, output = torch.nn.Linear(784, 128), torch.nn.Linear(128, 10)
    return torch.nn.Sequential(torch.nn.Flatten(), hidden, torch.nn.ReLU(), output)


def sgd(parameters) -> torch.optim.Optimizer:
    """Return the optimizer of both sides."""
    return torch.optim.SGD(parameters, lr=ETA)


def scaled(x: np.ndarray) -> torch.Tensor:
    """Scale all images at once."""
    return (torch.tensor(x, dtype=torch.float32) / 255 - MEAN) / DEVIATION


def with_fit(inputs: torch.Tensor, y: np.ndarray) -> torch.nn.Module:
    """Train on slices of what is in memory."""
    model = network()
    fit(
        model,
        (inputs, torch.tensor(y)),
        epochs=1,
        batch_size=BATCH,
        optimizer=sgd,
        device=torch.device("cpu"),
    )
    return model


def with_loader(images: Images) -> torch.nn.Module:
    """Train with the loop of PyTorch's own tutorials."""
    model = network()
    order = torch.utils.data.RandomSampler(
        images, generator=torch.Generator().manual_seed(0)
    )
    loader = torch.utils.data.DataLoader(
        images, batch_size=BATCH, sampler=order, num_workers=0
    )
    descent = sgd(model.parameters())
    for inputs, targets in loader:
        cost = torch.nn.functional.cross_entropy(model(inputs), targets)
        descent.zero_grad()
        cost.backward()
        descent.step()
    return model


if __name__ == "__main__":
    main()
