"""What a loader returns: a frozen record of arrays and of where they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np


class Split(NamedTuple):
    """Inputs ``x`` and targets ``y``, one row per example."""

    x: Any
    y: Any


@dataclass(frozen=True, eq=False)  # arrays have no single truth value
class Dataset:
    """One data set.

    Attributes
    ----------
    name : str
        The name that `load` knows it by.
    train, test : Split
        NumPy arrays; ``test`` is None where the set has no test part.
    classes : tuple of str
        Class names in the order of the labels; empty where there are no classes.
    source : str
        Where the data come from, as a phrase for a caption.
    is_standin : bool
        True if this is not the set that was asked for.
    licence : str
        The terms under which the data may be used.
    is_part : bool
        True if less of the set could be had than was asked for.
    """

    name: str
    train: Split
    test: Split | None
    classes: tuple[str, ...]
    source: str
    is_standin: bool
    licence: str
    is_part: bool = False

    def tensors(self) -> Dataset:
        """Return the same data set with torch tensors in place of arrays.

        Integers keep their type, floats become torch's default type (float32), and
        what has no tensor form (text, dates) stays as it is.
        """
        test = None if self.test is None else Split(*map(_tensor, self.test))
        return replace(self, train=Split(*map(_tensor, self.train)), test=test)

    def title(self, text: str) -> str:
        """Return `text` as a plot title, labeled if the data are a stand-in."""
        return f"{text} ({self.source.split(':')[0]})" if self.is_standin else text


def _tensor(values: Any) -> Any:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf":
        return values
    import torch

    tensor = torch.tensor(values)
    is_float = tensor.is_floating_point()
    return tensor.to(torch.get_default_dtype()) if is_float else tensor
