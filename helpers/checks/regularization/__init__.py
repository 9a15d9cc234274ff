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
