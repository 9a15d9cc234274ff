"""Wrong answers to solutions/regularization/dropout_and_penalties.ipynb."""

from tests.wrong_answers import Wrong


def network(
    forward: str = " * mask",
    backward: str = " * mask",
    penalty: str = " + lam / 2 * (np.sum(W1**2) + np.sum(W2**2))",
    slope: str = "lam",
    mean: str = " / m",
) -> str:
    """The student's network, with one of its pieces exchanged."""
    return f"""
def cost_and_gradients(x, y, W1, W2, mask, lam):
    m = len(x)
    z1 = x @ W1.T
    a1 = np.maximum(z1, 0){forward}
    z2 = a1 @ W2.T
    p = np.exp(z2 - z2.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    C = -np.log(p[np.arange(m), y]).mean(){penalty}
    delta2 = (p - np.eye(len(W2))[y]){mean}
    delta1 = delta2 @ W2{backward} * (z1 > 0)
    return C, delta1.T @ x + {slope} * W1, delta2.T @ a1 + {slope} * W2
"""


WRONG = [
    Wrong(
        "not_divided_by_one_minus_p",
        "dp_forward",
        """
        def dropout_forward(a, p, rng, training):
            if not training:
                return a.copy(), np.ones(a.shape)
            mask = (rng.random(a.shape) >= p).astype(float)
            return a * mask, mask
        """,
        loses="dp_forward_check",
        says=r"not divided by 1 − p",
    ),
    Wrong(
        "scaled_in_test_mode",
        "dp_forward",
        """
        def dropout_forward(a, p, rng, training):
            if not training:
                return a * (1 - p), np.full(a.shape, 1 - p)
            mask = (rng.random(a.shape) >= p) / (1 - p)
            return a * mask, mask
        """,
        loses="dp_forward_check",
        says=r"test mode multiplies by 1 − p",
    ),
    Wrong(
        "p_as_keep_probability",
        "dp_forward",
        """
        def dropout_forward(a, p, rng, training):
            if not training:
                return a.copy(), np.ones(a.shape)
            mask = (rng.random(a.shape) < p) / max(p, 1e-12)
            return a * mask, mask
        """,
        loses="dp_forward_check",
        says=r"drop rate|probability to stay|those with u < p",
    ),
    Wrong(
        "mask_without_its_factor",
        "dp_forward",
        """
        def dropout_forward(a, p, rng, training):
            if not training:
                return a.copy(), np.ones(a.shape)
            keep = (rng.random(a.shape) >= p).astype(float)
            return a * keep / (1 - p), keep
        """,
        loses="dp_forward_check",
        says=r"backward pass needs it",
    ),
    Wrong(
        "new_mask_on_the_way_back",
        "dp_backward",
        """
        def dropout_backward(delta, mask):
            p = 0.5
            new = (np.random.default_rng().random(delta.shape) >= p) / (1 - p)
            return delta * new
        """,
        loses="dp_backward_check",
        says=r"Two calls with the same arguments give different results",
    ),
    Wrong(
        "zeros_of_the_mask_only",
        "dp_backward",
        """
        def dropout_backward(delta, mask):
            return np.where(mask > 0, delta, 0)
        """,
        loses="dp_backward_check",
        says=r"factor 1/\(1 − p\) is missing",
    ),
    Wrong(
        "l2_without_half",
        "dp_l2",
        """
        def l2_penalty(weights, lam):
            value = lam * sum(np.sum(W**2) for W in weights)
            return value, [2 * lam * W for W in weights]
        """,
        loses="dp_l2_check",
        says=r"without the ½",
    ),
    Wrong(
        "l1_without_absolute_value",
        "dp_l1",
        """
        def l1_penalty(weights, lam):
            value = lam * sum(np.sum(W) for W in weights)
            return value, [lam * np.sign(W) for W in weights]
        """,
        loses="dp_l1_check",
        says=r"absolute value is missing",
    ),
    Wrong(
        "l1_gradient_at_zero",
        "dp_l1",
        """
        def l1_penalty(weights, lam):
            value = lam * sum(np.sum(np.abs(W)) for W in weights)
            return value, [lam * np.where(W > 0, 1.0, -1.0) for W in weights]
        """,
        loses="dp_l1_check",
        says=r"at w = 0",
    ),
    Wrong(
        "threshold_passes_zero",
        "dp_soft",
        """
        def soft_threshold(w, t):
            return w - t * np.sign(w)
        """,
        loses="dp_soft_check",
        says=r"stop at 0",
    ),
    Wrong(
        "decay_inside_the_gradient",
        "dp_adam",
        """
        def adam_step(w, g, m, s, t, eta, lam, decoupled):
            g = g + lam * w
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
            m_hat, s_hat = m / (1 - 0.9**t), s / (1 - 0.999**t)
            return w - eta * m_hat / (np.sqrt(s_hat) + 1e-8), m, s
        """,
        loses="dp_adam_check",
        says=r"not looked at: ℓ2 both times",
    ),
    Wrong(
        "decay_without_the_learning_rate",
        "dp_adam",
        """
        def adam_step(w, g, m, s, t, eta, lam, decoupled):
            if decoupled:
                w = (1 - lam) * w
            else:
                g = g + lam * w
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
            m_hat, s_hat = m / (1 - 0.9**t), s / (1 - 0.999**t)
            return w - eta * m_hat / (np.sqrt(s_hat) + 1e-8), m, s
        """,
        loses="dp_adam_check",
        says=r"1 − ηλ",
    ),
    Wrong(
        "mask_forgotten_in_the_network",
        "dp_network",
        network(backward=""),
        loses="dp_network_check",
        says=r"not used on the way back",
    ),
    Wrong(
        "penalty_only_in_the_cost",
        "dp_network",
        network(slope="0 * lam"),
        loses="dp_network_check",
        says=r"lack the penalty",
    ),
]
