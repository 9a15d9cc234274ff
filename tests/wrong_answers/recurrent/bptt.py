"""Wrong answers to solutions/recurrent/bptt.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "largest_logit_not_subtracted",
        "bptt_output_delta",
        """
        def output_delta(Z, Y):
            e = np.exp(Z)
            p = e / e.sum(axis=-1, keepdims=True)
            return (p - np.eye(Z.shape[-1])[Y]) / Y.size
        """,
        loses="bptt_output_delta_check",
        says=r"an exponential\s+overflows",
    ),
    Wrong(
        "wrapped_around_the_end",
        "bptt_hidden_deltas",
        """
        def hidden_deltas(D, H, Whh, Why):
            deltas = np.zeros((len(H), *H.shape[1:]))
            for t in reversed(range(len(D))):
                deltas[t] = (D[t] @ Why + deltas[t + 1] @ Whh) * (1 - H[t + 1] ** 2)
            return deltas
        """,
        loses="bptt_hidden_deltas_check",
        says=r"is among the results",
    ),
]
