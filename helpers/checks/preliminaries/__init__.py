"""Checks of the chapter `preliminaries`, a module for each sheet."""

from ..engine import hint
from .splitting import (
    audit,
    choose,
    guess,
    learn,
    scaled_parts,
    shuffled_split,
    stratified_split,
)
from .tensors import (
    framed,
    many_layers,
    one_hot,
    squared_distances,
    standardize,
    to_rows,
)
