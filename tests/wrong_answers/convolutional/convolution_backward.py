"""Wrong answers to solutions/convolutional/convolution_backward.ipynb."""

from tests.wrong_answers import Wrong


def wrong(name, step, head, body, says):
    """A function of a few lines."""
    source = f"def {head}:\n    {body}\n"
    return Wrong(name, f"convback_{step}", source, f"convback_{step}_check", says)


UNFLATTENED = "return np.lib.stride_tricks.sliding_window_view(np.eye(h * w), (1, 1))"
WRONG = [
    wrong(
        "no_bias",
        "kernels",
        "kernel_gradients(x, delta, f, stride, padding)",
        "return np.zeros((len(delta), len(x), f, f))",
        r"shape|pair|wrong|unpack",
    ),
    wrong(
        "unflattened", "matrix", "conv_matrix(K, h, w, stride)", UNFLATTENED, "shape"
    ),
]
