"""Wrong answers to solutions/linear_networks/softmax_regression.ipynb, beyond slips."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "list_of_rows",
        "softmax_axis",
        """
        def softmax(z, axis=1):
            rows = np.moveaxis(z, axis, -1)
            return [np.exp(r - r.max()) / np.exp(r - r.max()).sum() for r in rows]
        """,
        loses="softmax_axis_check",
        says=r"one array is\s+expected",
    ),
    Wrong(
        "order_not_seeded",
        "softmax_train",
        """
        def train(X, y, epochs, m, eta, seed):
            W, b = np.zeros((10, X.shape[1])), np.zeros(10)
            for _ in range(epochs):
                order = np.random.permutation(len(X))
                for i in range(0, len(X), m):
                    batch = order[i : i + m]
                    W, b = train_step(W, b, X[batch], y[batch], eta)
            return W, b
        """,
        loses="softmax_train_check",
        says=r"same seed give other",
    ),
    Wrong(
        "return_in_the_loop",
        "softmax_train",
        """
        def train(X, y, epochs, m, eta, seed):
            W, b = np.zeros((10, X.shape[1])), np.zeros(10)
            for _ in range(epochs):
                W, b = train_step(W, b, X, y, eta)
                return W, b
        """,
        loses="softmax_train_check",
        says=r"in the loop",
    ),
]
