"""Checks of the chapter `backpropagation`, a module for each sheet."""

from ..engine import hint
from .four_equations import (
    backprop,
    forward,
    gradients,
    hidden_error,
    numerical_gradient,
    output_error,
    sigmoid,
    slope_at,
)
from .train_digits import (
    cross_entropy,
    he_init,
    minibatches,
    output_delta,
    relu,
    relu_prime,
    sgd_step,
    softmax,
    train,
)
from .why_not_learning import (
    chain,
    diagnose,
    flat,
    mend,
    neighbors_agree,
    step_sizes,
    surplus,
)
