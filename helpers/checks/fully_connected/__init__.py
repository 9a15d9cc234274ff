"""Checks of the chapter `fully_connected`, a module for each sheet."""

from ..engine import hint
from .cifar10_fcn import (
    channel_statistics,
    class_accuracy,
    color_net,
    improve,
    learn,
    to_inputs,
)
from .two_hidden_layers import (
    accuracy,
    count_parameters,
    learns,
    train,
    two_hidden_layers,
    two_hidden_outputs,
)

__all__ = [
    "accuracy",
    "channel_statistics",
    "class_accuracy",
    "color_net",
    "count_parameters",
    "hint",
    "improve",
    "learn",
    "learns",
    "to_inputs",
    "train",
    "two_hidden_layers",
    "two_hidden_outputs",
]
