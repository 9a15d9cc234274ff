"""One epoch of `helpers.training.fit` against a DataLoader with per-image transforms.

    python benchmarks/training.py [--rounds 3]

Both sides train the same 784-128-10 network for one epoch on MNIST, in minibatches of
64, from the same weights, in the same order, on the CPU with one thread: the final
weights must agree. The time of `fit` includes turning all images into scaled tensors.
"""

import numpy as np
import torch
from _ratio import finish, interleave, ratio, rounds, table
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
    count = rounds(__doc__, default=3)
    torch.set_num_threads(THREADS)
    x, y, source = load()
    models = {}

    def helper() -> None:
        models["fit"] = model = network()
        with_fit(model, x, y)

    def loader() -> None:
        models["loader"] = model = network()
        with_loader(model, x, y)

    print(f"{len(x):,} images a round: {source}; {THREADS} thread each")
    seconds = interleave({"helpers.training.fit": helper, "DataLoader": loader}, count)
    for ours, theirs in zip(*(m.parameters() for m in models.values()), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
    table(seconds)
    finish("training", ratio(seconds, "DataLoader", "helpers.training.fit"), BAR)


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


def with_fit(model: torch.nn.Module, x: np.ndarray, y: np.ndarray) -> None:
    """Scale all images at once and train on slices of them."""
    inputs = (torch.tensor(x, dtype=torch.float32) / 255 - MEAN) / DEVIATION
    fit(
        model,
        (inputs, torch.tensor(y)),
        epochs=1,
        batch_size=BATCH,
        optimizer=sgd,
        device=torch.device("cpu"),
    )


def with_loader(model: torch.nn.Module, x: np.ndarray, y: np.ndarray) -> None:
    """Train with the loop of PyTorch's own tutorials."""
    images = Images(x, y)
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


if __name__ == "__main__":
    main()
