"""One step of an optimizer, as sheets in PyTorch ask for it, and its slips."""

from collections.abc import Callable
from typing import Any

TEXTS = {
    "own": "the step is taken by an optimizer of your own: `optimizer` is there.",
    "own_adam": "the step is taken by a new Adam (rate 0.001): `optimizer` is there.",
    "own_adam_2": "the step is taken by a new Adam (rate 0.01): `optimizer` is there.",
    "no_zero": "gradients add up from step to step: zero_grad() is missing.",
    "no_step": "nothing is learned: is step() there, and does zero_grad() come before "
    "backward(), not between backward() and step()? Or is no graph recorded?",
    "lagged": "step() comes before backward(): it uses the gradient of the last "
    "minibatch.",
    "twice": "the step is taken twice.",
    "late": "the loss returned is that after the step: return the one that the "
    "gradient belongs to.",
    "told_sum": "the sum over the minibatch is returned: the mean is asked for.",
    "tensor": "a tensor with its graph came; a float is asked for: `item()`.",
    "tensor_cut": "a tensor came; a float is asked for: `item()` takes it out.",
    "nothing": "None came: the loss is to be returned.",
}


def taken(
    slip: Callable, model: Any, optimizer: Any, loss: Any, n: int, after: Callable
) -> Any:
    """Take a step on a loss, and return the loss before it.

    Parameters
    ----------
    slip : Slip
        That of the reference.
    loss : torch.Tensor
        The mean over `n` numbers, with its graph.
    after : callable
        Gives the loss of the model as it is then, without a slip.
    """
    import torch

    used = slip(optimizer, own=torch.optim.SGD(model.parameters(), lr=0.01))
    used = slip(used, own_adam=torch.optim.Adam(model.parameters()))
    used = slip(used, own_adam_2=torch.optim.Adam(model.parameters(), lr=0.01))
    order = slip("zero back step", no_zero="back step", no_step="zero back")
    order = slip(order, lagged="step zero back", twice="zero back step step")
    acts = {"zero": used.zero_grad, "back": loss.backward, "step": used.step}
    for what in order.split():
        acts[what]()
    loss = slip(loss, late=after)
    told = loss.item()
    return slip(told, told_sum=told * n, tensor=loss, tensor_cut=loss.detach())
