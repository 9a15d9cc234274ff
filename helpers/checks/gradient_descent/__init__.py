"""Checks of the chapter `gradient_descent`, a module for each sheet."""

from ..engine import hint
from .descent import (
    best_rate,
    descend,
    downhill_directions,
    hessian,
    largest_rate,
    numerical_gradient,
    promise,
    which_minimum,
)
from .optimizers import (
    adam_step,
    minibatch_gradient,
    minibatches,
    momentum_step,
    rmsprop_step,
    start,
    train,
)
