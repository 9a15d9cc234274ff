"""Checks of the chapter `rbf`, a module for each sheet."""

from ..engine import hint
from .choose_k import (
    choose_k,
    final_error,
    neighbor_widths,
    validation_error,
    xor_network,
)
from .rbf_network import basis, fit_online, gradients, k_means, least_squares, widths
