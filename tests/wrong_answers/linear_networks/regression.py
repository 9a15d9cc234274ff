"""Wrong answers to solutions/linear_networks/regression.ipynb, beyond the slips."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "all_results_of_lstsq",
        "regression_linear",
        """
        def fit_linear(X, y):
            A = np.column_stack([X, np.ones(len(X))])
            return np.linalg.lstsq(A, y, rcond=None)
        """,
        loses="regression_linear_check",
        says=r"\(w, b\) are expected; 4 came",
    ),
    Wrong(
        "share_printed",
        "regression_r_squared",
        """
        def r_squared(y_hat, y):
            print(1 - np.mean((y_hat - y) ** 2) / np.var(y))
        """,
        loses="regression_r_squared_check",
        says=r"prints its result",
    ),
    Wrong(
        "gradient_unwritten",
        "regression_gradient",
        """
        def mse_gradient(X, y, w, b):
            raise NotImplementedError()
        """,
        loses="regression_gradient_check",
        says=r"not yet written",
    ),
]
