"""Checks of the chapter `regularization`, a module for each sheet."""

from ..engine import hint
from .choose_lambda import choose, descend_early, early_stopping, path, report, ridge
from .dropout_and_penalties import (
    adam_step,
    cost_and_gradients,
    dropout_backward,
    dropout_forward,
    l1_penalty,
    l2_penalty,
    soft_threshold,
)

__all__ = [
    "adam_step",
    "choose",
    "cost_and_gradients",
    "descend_early",
    "dropout_backward",
    "dropout_forward",
    "early_stopping",
    "hint",
    "l1_penalty",
    "l2_penalty",
    "path",
    "report",
    "ridge",
    "soft_threshold",
]
