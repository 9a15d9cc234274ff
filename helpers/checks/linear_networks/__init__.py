"""Checks of the chapter `linear_networks`, a module for each sheet."""

from ..engine import hint
from .regression import (
    descend,
    fit_linear,
    fit_origin,
    mse,
    mse_gradient,
    original_units,
    standardize,
)
from .softmax_regression import (
    cross_entropy,
    gradients,
    log_sum_exp,
    predict,
    softmax,
    train,
    train_step,
)

__all__ = [
    "cross_entropy",
    "descend",
    "fit_linear",
    "fit_origin",
    "gradients",
    "hint",
    "log_sum_exp",
    "mse",
    "mse_gradient",
    "original_units",
    "predict",
    "softmax",
    "standardize",
    "train",
    "train_step",
]
