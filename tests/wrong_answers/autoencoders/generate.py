"""Wrong answers to solutions/autoencoders/generate.ipynb."""

from tests.wrong_answers import Wrong


def wrong(name, step, head, body, says):
    """A function of a few lines."""
    source = f"def {head}:\n    {body}\n"
    return Wrong(name, f"generate_{step}", source, f"generate_{step}_check", says)


LOSS = """bar = alpha_bar[t - 1]
    x_t = np.sqrt(bar) * x0 + np.sqrt(1 - bar) * epsilon
    return np.mean((model(x_t, t) - epsilon) ** 2)"""
STEP = "denoise_step(x_t, t, epsilon_hat, beta, z)"
WRONG = [
    wrong(
        "fits_no_row",
        "loss",
        "noise_loss(model, x0, t, alpha_bar, epsilon)",
        LOSS,
        "lacks an axis",
    ),
    wrong("printed", "step", STEP, "print(x_t - epsilon_hat)", r"prints"),
]
