"""Wrong answers to solutions/lstm/lstm_cell.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "weights_not_transposed",
        "cell_gates",
        """
        def gates(x, h, W, U, b):
            i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=1)
            return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        """,
        loses="cell_gates_check",
        says=r"transpose",
    ),
    Wrong(
        "random_first_state",
        "cell_lstm",
        """
        def lstm(xs, W, U, b):
            h = np.random.normal(size=(xs.shape[1], U.shape[1]))
            c = np.random.normal(size=h.shape)
            H = []
            for x in xs:
                h, c = state(*gates(x, h, W, U, b), c)
                H.append(h)
            return np.array(H), c
        """,
        loses="cell_lstm_check",
        says=r"drawn anew",
    ),
]
