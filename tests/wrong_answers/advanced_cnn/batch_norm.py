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
]
