"""Checks of the chapter `perceptron`, a module for each sheet."""

from ..engine import hint
from .gates import fit, predict, solvable, step, update, xor_cases
from .margin import bound, distances, held_out, slopes, survivors
