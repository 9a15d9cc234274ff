"""Wrong answers to solutions/advanced_cnn/batch_norm.ipynb."""

from tests.wrong_answers import Wrong


def wrong(name, step, source, says):
    """Return a wrong answer to the step with this name."""
    return Wrong(name, f"norm_{step}", source, f"norm_{step}_check", says)


def gradient(inner, dgamma="(delta * x_hat).sum(axis=axes)", tail="* (gamma / root)"):
    """Return `backward` with one of its lines changed."""
    return f"""
def backward(delta, x, gamma, eps):
    axes, n = (0, 2, 3), x.size / x.shape[1]
    mean, var = x.mean(axis=axes), x.var(axis=axes)
    root = np.sqrt(var + eps)
    x_hat = (x - mean[:, None, None]) / root[:, None, None]
    dgamma, dbeta = {dgamma}, delta.sum(axis=axes)
    inner = {inner}
    return inner {tail}[:, None, None], dgamma, dbeta
"""


RIGHT = "delta - (dbeta[:, None, None] + x_hat * dgamma[:, None, None]) / n"

WRONG = [
    wrong(
        "variance_with_n_minus_1",
        "statistics",
        """
        def statistics(x):
            return x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3), ddof=1)
        """,
        r"divided by n − 1",
    ),
    wrong(
        "each_place_has_its_own_mean",
        "statistics",
        """
        def statistics(x):
            return x.mean(axis=0), x.var(axis=0)
        """,
        r"over the images alone",
    ),
    wrong(
        "one_mean_for_all_channels",
        "statistics",
        """
        def statistics(x):
            return x.mean(), x.var()
        """,
        r"run over everything",
    ),
    wrong(
        "eps_outside_the_root",
        "train",
        """
        def train_forward(x, gamma, beta, eps):
            mean, std = x.mean(axis=(0, 2, 3)), x.std(axis=(0, 2, 3))
            scale = gamma / (std + eps)
            centered = x - mean[:, None, None]
            return centered * scale[:, None, None] + beta[:, None, None]
        """,
        r"inside the root",
    ),
    wrong(
        "divided_by_the_variance",
        "train",
        """
        def train_forward(x, gamma, beta, eps):
            mean, var = statistics(x)
            scale = (gamma / (var + eps))[:, None, None]
            return (x - mean[:, None, None]) * scale + beta[:, None, None]
        """,
        r"root is missing",
    ),
    wrong(
        "not_scaled_and_shifted",
        "train",
        """
        def train_forward(x, gamma, beta, eps):
            mean, var = statistics(x)
            return (x - mean[:, None, None]) / np.sqrt(var + eps)[:, None, None]
        """,
        r"gamma and beta are missing",
    ),
    wrong(
        "running_variance_divided_by_n",
        "update",
        """
        def update(running_mean, running_var, x, momentum):
            mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3))
            return (
                (1 - momentum) * running_mean + momentum * mean,
                (1 - momentum) * running_var + momentum * var,
            )
        """,
        r"divided by n − 1",
    ),
    wrong(
        "momentum_weighs_the_old_value",
        "update",
        """
        def update(running_mean, running_var, x, momentum):
            mean, var = x.mean(axis=(0, 2, 3)), x.var(axis=(0, 2, 3), ddof=1)
            return (
                momentum * running_mean + (1 - momentum) * mean,
                momentum * running_var + (1 - momentum) * var,
            )
        """,
        r"momentum weighs the old value",
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
        "evaluation_with_the_minibatch",
        "eval",
        """
        def eval_forward(x, gamma, beta, running_mean, running_var, eps):
            return train_forward(x, gamma, beta, eps)
        """,
        r"running ones are used",
    ),
    wrong(
        "evaluation_with_half_of_the_minibatch",
        "eval",
        """
        def eval_forward(x, gamma, beta, running_mean, running_var, eps):
            scale = gamma / np.sqrt(x.var(axis=(0, 2, 3)) + eps)
            shift = beta - running_mean * scale
            return x * scale[:, None, None] + shift[:, None, None]
        """,
        r"variance is the minibatch's",
    ),
    wrong(
        "statistics_taken_for_constants",
        "backward",
        gradient("delta"),
        r"taken for constants",
    ),
    wrong(
        "term_of_the_variance_missing",
        "backward",
        gradient("delta - dbeta[:, None, None] / n"),
        r"term of the variance is missing",
    ),
    wrong(
        "gradient_of_gamma_with_the_raw_input",
        "backward",
        gradient(
            "delta - (dbeta[:, None, None] + x_hat * "
            "(delta * x_hat).sum(axis=axes)[:, None, None]) / n",
            dgamma="(delta * x).sum(axis=axes)",
        ),
        r"dgamma uses x",
    ),
    wrong(
        "gamma_missing_in_the_gradient",
        "backward",
        gradient(RIGHT, tail="* (1 / root)"),
        r"gamma is missing in dx",
    ),
    wrong(
        "running_mean_missing_in_the_bias",
        "fold",
        """
        def fold(W, b, gamma, beta, mean, var, eps):
            scale = gamma / np.sqrt(var + eps)
            return W * scale[:, None, None, None], b * scale + beta
        """,
        r"running mean is missing",
    ),
    wrong(
        "bias_not_scaled",
        "fold",
        """
        def fold(W, b, gamma, beta, mean, var, eps):
            scale = gamma / np.sqrt(var + eps)
            return W * scale[:, None, None, None], b - mean + beta
        """,
        r"missing in b",
    ),
]
