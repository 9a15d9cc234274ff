"""Wrong answers to solutions/advanced_cnn/batch_norm.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong


def wrong(name, step, source, says):
    """Return a wrong answer to the step with this name."""
    return Wrong(name, f"norm_{step}", source, f"norm_{step}_check", says)


WRONG = [
    wrong(
        "not_made_a_column",
        "train",
        """
        def train_forward(x, gamma, beta, eps):
            mean, var = statistics(x)
            return gamma * (x - mean) / np.sqrt(var + eps) + beta
        """,
        r"shapes that do not fit",
    ),
    wrong(
        "running_statistics_changed_in_place",
        "update",
        """
        def update(running_mean, running_var, x, momentum):
            running_mean *= 1 - momentum
            running_mean += momentum * x.mean(axis=(0, 2, 3))
            running_var *= 1 - momentum
            running_var += momentum * x.var(axis=(0, 2, 3), ddof=1)
            return running_mean, running_var
        """,
        r"in place",
    ),
    wrong(
        "weights_changed_in_place",
        "fold",
        """
        def fold(W, b, gamma, beta, mean, var, eps):
            scale = gamma / np.sqrt(var + eps)
            W *= scale[:, None, None, None]
            return W, (b - mean) * scale + beta
        """,
        r"changed its argument W in place",
    ),
]
