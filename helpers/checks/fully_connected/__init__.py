"""Checks of the chapter `fully_connected`, a module for each sheet."""

from ..engine import hint
from .autograd import backward, direction_error, local, order, predictions, record
from .cifar10_fcn import (
    channel_statistics,
    class_accuracy,
    color_net,
    improve,
    learn,
    to_inputs,
)
from .cross_validation import deal, report, saved, scaled, validate
from .two_hidden_layers import (
    accuracy,
    count_parameters,
    learns,
    train,
    two_hidden_layers,
    two_hidden_outputs,
)
