"""Train and evaluate PyTorch models on arrays that fit in memory.

The chapter `backpropagation` writes the same loop out in NumPy. Here the data stays in
memory as two tensors and each minibatch is a slice of a random permutation: for small
images that is several times faster than a `DataLoader` that transforms one image after
the other (``python benchmarks/training.py`` measures the ratio).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

from tqdm.auto import tqdm


@dataclass
class History:
    """What `fit` measured.

    Attributes
    ----------
    loss : list of float
        Mean training loss of each epoch, over the minibatches as they were seen.
    accuracy : list of float
        Accuracy on the validation data after each epoch; empty without such data.
    seconds : float
        Wall-clock time of the training, in seconds, evaluation left out.
    """

    loss: list[float] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    seconds: float = 0.0


def fit(
    model,
    data,
    *,
    epochs: int,
    batch_size: int,
    optimizer: Callable,
    loss: Callable | None = None,
    validation=None,
    device=None,
    seed: int = 0,
    progress: bool = False,
) -> History:
    """Train `model` in place by minibatch descent.

    Parameters
    ----------
    model : torch.nn.Module
        Maps a batch (m, …) to logits (m, k).
    data : pair of tensors or arrays
        Inputs (N, …), already scaled, and targets (N,).
    epochs, batch_size : int
        Passes over the data, and examples m in a minibatch. The last minibatch of an
        epoch is smaller when m does not divide N.
    optimizer : callable
        Takes the parameters and returns the optimizer, e.g.
        ``lambda p: torch.optim.SGD(p, lr=0.1)``.
    loss : callable, optional
        Takes (logits, targets) and returns the mean loss; default cross-entropy.
    validation : pair of tensors or arrays, optional
        Evaluated after each epoch.
    device : torch.device, optional
        Where to train; default `helpers.runtime.device`.
    seed : int
        Seeds the order of the examples (not the initialization of `model`).
    progress : bool
        Show a progress bar over the epochs.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If inputs and targets differ in length, there are none, or `batch_size` or
        `epochs` is below 1.
    FloatingPointError
        If the loss of an epoch is not finite: the learning rate is too large.
    """
    import torch

    from helpers.runtime import device as best_device

    device = device or best_device()
    loss = loss or torch.nn.functional.cross_entropy
    x, y = (torch.as_tensor(part).to(device) for part in data)
    if len(x) != len(y):
        raise ValueError(f"{len(x)} inputs but {len(y)} targets: they must be pairs")
    if len(x) == 0:
        raise ValueError("there are no examples to train on")
    if batch_size < 1 or epochs < 1:
        raise ValueError(f"batch_size={batch_size}, epochs={epochs}: both must be ≥ 1")
    model.to(device)
    descent = optimizer(model.parameters())
    generator = torch.Generator().manual_seed(seed)
    history = History()
    for epoch in tqdm(range(epochs), disable=not progress, unit="epoch"):
        start = perf_counter()
        model.train()
        total = torch.zeros((), device=device)  # stays there: no wait for a copy
        order = torch.randperm(len(x), generator=generator).to(device)
        for batch in order.split(batch_size):
            cost = loss(model(x[batch]), y[batch])
            descent.zero_grad()
            cost.backward()
            descent.step()
            total += cost.detach() * len(batch)
        history.loss.append(total.item() / len(x))
        history.seconds += perf_counter() - start
        if not torch.isfinite(total):
            raise FloatingPointError(
                f"the loss of epoch {epoch + 1} is {total.item()}: "
                "try a smaller learning rate"
            )
        if validation is not None:
            history.accuracy.append(evaluate(model, *validation))
    return history


def predict(model, x, batch_size: int = 1000):
    """Return the class with the largest output for each input.

    Parameters
    ----------
    model : torch.nn.Module
        Maps a batch (m, …) to outputs (m, k).
    x : tensor or array, shape (N, …)
    batch_size : int
        Examples that are in memory at a time.

    Returns
    -------
    torch.Tensor, shape (N,), int64, on the CPU
    """
    import torch

    device = next(model.parameters()).device
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.no_grad():
            parts = torch.as_tensor(x).split(batch_size)
            labels = [model(part.to(device)).argmax(dim=1).cpu() for part in parts]
    finally:
        for module, mode in modes.items():  # a part may be frozen: each its own
            module.training = mode
    return torch.cat(labels)


def evaluate(model, x, y, batch_size: int = 1000) -> float:
    """Return the accuracy of `model` on (x, y), between 0 and 1.

    Parameters are those of `predict`; `y` holds the labels (N,).

    Raises
    ------
    ValueError
        If there is not one label for each input, or there are none.
    """
    import torch

    labels = torch.as_tensor(y).cpu()
    if labels.shape != (len(x),) or len(x) == 0:
        shape = tuple(labels.shape)
        raise ValueError(
            f"{len(x)} inputs need labels of shape ({len(x)},), not {shape}"
        )
    return (predict(model, x, batch_size) == labels).double().mean().item()
