"""Checks of the chapter `perceptron`, a module for each sheet."""

from ..engine import hint
from .gates import fit, predict, solvable, step, update, xor_cases

__all__ = ["fit", "hint", "predict", "solvable", "step", "update", "xor_cases"]
