"""Checks of the chapter `linear_networks`, a module for each sheet."""

from ..engine import hint
from .logistic_regression import (
    cost_gradient,
    precision_recall,
    read_curve,
    roc,
    sigmoid_cost,
    train_logistic,
)
from .regression import (
    descend,
    fit_linear,
    fit_origin,
    mse_gradient,
    original_units,
    r_squared,
    standardize,
)
from .softmax_regression import (
    cross_entropy,
    gradients,
    log_softmax,
    predict,
    softmax,
    train,
    train_step,
)
