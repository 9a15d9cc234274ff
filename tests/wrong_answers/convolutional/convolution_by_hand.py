"""Wrong answers to solutions/convolutional/convolution_by_hand.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong


def wrong(name, step, head, body, says):
    """A function of one or two lines."""
    source = f"def {head}:\n    {body}\n"
    return Wrong(name, f"byhand_{step}", source, f"byhand_{step}_check", says)


SIZE, CONV = "output_size(n, f, s, p, d)", "conv2d(x, W, b, stride, padding)"
CORRELATE, POOL = "cross_correlate(x, K, d)", "max_pool2d(x, f, stride, padding)"
COUNT, FIELD = "n_parameters(c, k, f)", "receptive_field(layers)"
COLUMNS, ROWS = "im2col(x, f, stride)", "[x[:, i : i + f, j : j + f].ravel()"
VIEW = "np.lib.stride_tricks.sliding_window_view"
PADDED = f"""x = np.pad(x, padding)
    v = {VIEW}(x, W.shape[-2:], (1, 2))[:, ::stride, ::stride]
    return np.einsum("crsij,kcij->krs", v, W) + b[:, None, None]"""
LISTED = f"""return [{ROWS[1:]}
        for i in range(0, x.shape[1] - f + 1, stride)
        for j in range(0, x.shape[2] - f + 1, stride)][0]"""
WRONG = [
    wrong(
        "a_float",
        "reach",
        SIZE,
        "return (n + 2 * p - d * f + d - 1) / s + 1",
        r"integers are",
    ),
    wrong(
        "printed",
        "reach",
        SIZE,
        "print((n + 2 * p - d * (f - 1) - 1) // s + 1)",
        r"prints",
    ),
    wrong("the_kernel", "dilated", CORRELATE, "return K[::-1] @ x", r"do not fit"),
    wrong("channels_padded", "conv", CONV, PADDED, r"(?s)shapes that do not fit|sizes"),
    wrong("one_window", "im2col", COLUMNS, LISTED, r"only the first row|shape"),
    wrong("arrays", "count", COUNT, "return np.ones((k, c, f, f)), np.ones(k)", r"one"),
    wrong("no_return", "field", FIELD, "field = [f for f, s in layers]", r"None"),
]
