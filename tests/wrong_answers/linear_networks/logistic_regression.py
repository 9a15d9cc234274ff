"""Wrong answers to solutions/linear_networks/logistic_regression.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "gradient_as_one_array",
        "logistic_gradient",
        """
        def cost_gradient(X, y, w, b):
            p = 0.5 * (1 + np.tanh((X @ w + b) / 2))
            A = np.column_stack([X, np.ones(len(X))])
            return A.T @ (p - y) / len(y)
        """,
        loses="logistic_gradient_check",
        says=r"2 results \(dw, db\)",
    ),
    Wrong(
        "costs_as_the_last_one",
        "logistic_train",
        """
        def train_logistic(X, y, eta, steps):
            w, b = np.zeros(X.shape[1]), 0.0
            for _ in range(steps):
                cost = sigmoid_cost(X @ w + b, y)
                dw, db = cost_gradient(X, y, w, b)
                w, b = w - eta * dw, b - eta * db
            return w, b, [cost]
        """,
        loses="logistic_train_check",
        says=r"costs.*wrong shape",
    ),
    Wrong(
        "area_alone",
        "logistic_roc",
        """
        def roc(p, y):
            ones, zeros = p[y == 1], p[y == 0]
            more = ones[:, None] > zeros
            return np.mean(more + 0.5 * (ones[:, None] == zeros))
        """,
        loses="logistic_roc_check",
        says=r"only area is\s+returned|3 results",
    ),
]
