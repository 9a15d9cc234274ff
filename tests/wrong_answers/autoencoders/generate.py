"""Wrong answers to solutions/autoencoders/generate.ipynb."""

from tests.wrong_answers import Wrong


def wrong(name, step, head, body, says):
    """A function of a few lines."""
    source = f"def {head}:\n    {body}\n"
    return Wrong(name, f"generate_{step}", source, f"generate_{step}_check", says)


LOSS = """bar = alpha_bar[t - 1]
    x_t = np.sqrt(bar) * x0 + np.sqrt(1 - bar) * epsilon
    return np.mean((model(x_t, t) - epsilon) ** 2)"""
TERMS = """x_hat -= x
    both = (x_hat**2).sum(1) / (2 * v), (mu**2 + s**2 - 1 - 2 * np.log(s)).sum(1) / 2
    return both[0].mean(), both[1].mean()"""
STEP = "denoise_step(x_t, t, epsilon_hat, beta, z)"
WRONG = [
    wrong(
        "fits_no_row",
        "loss",
        "noise_loss(model, x0, t, alpha_bar, epsilon)",
        LOSS,
        "lacks an axis",
    ),
    wrong("in_place", "terms", "two_terms(x, x_hat, mu, s, v)", TERMS, r"in place"),
    wrong("printed", "step", STEP, "print(x_t - epsilon_hat)", r"prints"),
]
