"""Wrong answers to solutions/convolutional/convolution_backward.ipynb."""

from tests.wrong_answers import Wrong


def wrong(name, step, head, body, says):
    """A function of a few lines."""
    source = f"def {head}:\n    {body}\n"
    return Wrong(name, f"convback_{step}", source, f"convback_{step}_check", says)


PLACES = """for i, j in np.ndindex(*delta.shape[1:]):
        t, l = i * stride, j * stride"""
IN_PLACE = f"""x -= x.mean()
    dx = np.zeros(x.shape)
    {PLACES}
        for q, window in enumerate(x[:, t : t + f, l : l + f]):
            u, v = divmod(int(window.argmax()), f)
            dx[q, t + u, l + v] += delta[q, i, j]
    return dx"""
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
        "shifted_in_place",
        "pool",
        "pool_gradient(x, delta, f, stride)",
        IN_PLACE,
        r"in place",
    ),
    wrong(
        "unflattened", "matrix", "conv_matrix(K, h, w, stride)", UNFLATTENED, "shape"
    ),
]
