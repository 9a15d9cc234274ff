"""Wrong answers to solutions/regularization/dropout_and_penalties.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "the_activations_are_changed",
        "dp_forward",
        """
        def dropout_forward(a, p, rng, training):
            if not training:
                return a, np.ones(a.shape)
            mask = (rng.random(a.shape) >= p) / (1 - p)
            a *= mask
            return a, mask
        """,
        loses="dp_forward_check",
        says=r"changed its argument a in place",
    ),
    Wrong(
        "draws_before_it_asks",
        "dp_forward",
        """
        def dropout_forward(a, p, rng, training):
            mask = (rng.random(a.shape) >= p) / (1 - p)
            if not training:
                mask = np.ones(a.shape)
            return a * mask, mask
        """,
        loses="dp_forward_check",
        says=r"nothing is drawn there",
    ),
    Wrong(
        "no_mask_comes",
        "dp_forward",
        """
        def dropout_forward(a, p, rng, training):
            return a * (rng.random(a.shape) >= p) / (1 - p) if training else a
        """,
        loses="dp_forward_check",
        says=r"2 results \(out, mask\) are expected",
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
]
