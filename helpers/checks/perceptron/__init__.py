"""Checks of the chapter `perceptron`, a module for each sheet."""

from ..engine import hint
from .gates import fit, predict, solvable, step, update, xor_cases
from .margin import bound, distances, held_out, slopes, survivors

__all__ = [
    "bound",
    "distances",
    "fit",
    "held_out",
    "hint",
    "predict",
    "slopes",
    "solvable",
    "step",
    "survivors",
    "update",
    "xor_cases",
]
