"""Checks of the chapter `convolutional`, a module for each sheet."""

from ..engine import hint
from .cifar10_cnn import (
    color_layers,
    color_outputs,
    learn_shapes,
    mirrored,
    most_confused,
    to_tensor,
)
from .convolution_backward import (
    conv_matrix,
    directional_gap,
    input_gradient,
    kernel_gradients,
    pool_gradient,
)
from .convolution_by_hand import (
    conv2d,
    cross_correlate,
    im2col,
    max_pool2d,
    n_parameters,
    output_size,
    receptive_field,
)
from .mnist_cnn import (
    feature_sizes,
    learn_digits,
    mnist_layers,
    mnist_outputs,
    predict,
    train_step,
)
