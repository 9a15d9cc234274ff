"""Wrong answers to solutions/attention/attention_by_hand.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong


def wrong(name: str, step: str, says: str, source: str) -> Wrong:
    return Wrong(name, f"hand_{step}", source, f"hand_{step}_check", says)


WRONG = [
    wrong(
        "weights_not_transposed",
        "match",
        r"matrix product",
        """
        def match(X, M, W_q, W_k):
            return (X @ W_q) @ (M @ W_k).T / np.sqrt(W_q.shape[0])
        """,
    ),
    wrong(
        "weights_alone",
        "look_up",
        r"only weights is returned",
        """
        def look_up(S, V):
            top = S.max(-1, keepdims=True)
            e = np.exp(S - np.where(np.isfinite(top), top, 0))
            return e / np.maximum(e.sum(-1, keepdims=True), 1e-300)
        """,
    ),
    wrong(
        "transposed_back_to_columns",
        "heads",
        r"transpose",
        """
        def heads(P, h):
            B, T, wide = P.shape
            d = wide // 3 // h
            Q, K, V = np.moveaxis(P.reshape(B, T, 3, h, d), (2, 3), (0, 2))
            _, Z = look_up(Q @ K.T / np.sqrt(d), V)
            return Z.swapaxes(1, 2).reshape(B, T, h * d)
        """,
    ),
]
