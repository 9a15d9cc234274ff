"""Checks of the chapter `advanced_cnn`, a module for each sheet."""

from ..engine import hint
from .batch_norm import (
    backward,
    eval_forward,
    fold,
    statistics,
    train_forward,
    update,
)
from .residual_block import (
    compare,
    dense_block,
    dense_parameters,
    inception,
    inception_parameters,
    projection_block,
    residual_block,
)
