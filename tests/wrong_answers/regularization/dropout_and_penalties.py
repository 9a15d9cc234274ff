"""Wrong answers to solutions/regularization/dropout_and_penalties.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "the_activations_are_changed",
        "dp_maps",
        """
        def dropout_forward(a, p, rng, training):
            mask = np.ones((*a.shape[:2], 1, 1))
            if training:
                mask = (rng.random(mask.shape) >= p) / (1 - p)
                a *= mask
            return a, mask
        """,
        loses="dp_maps_check",
        says=r"changed its argument a in place",
    ),
    Wrong(
        "no_mask_comes",
        "dp_maps",
        """
        def dropout_forward(a, p, rng, training):
            shape = (*a.shape[:2], 1, 1)
            return a * (rng.random(shape) >= p) / (1 - p) if training else a
        """,
        loses="dp_maps_check",
        says=r"2 results \(out, mask\) are expected",
    ),
    Wrong(
        "new_mask_on_the_way_back",
        "dp_relu",
        """
        def dropout_backward(delta, out, p):
            new = (np.random.default_rng().random(delta.shape) >= p) / (1 - p)
            return delta * new * (out > 0)
        """,
        loses="dp_relu_check",
        says=r"two calls with the same arguments give different results",
    ),
]
