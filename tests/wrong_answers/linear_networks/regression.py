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
    Wrong(
        "training_set_scaled_in_place",
        "regression_scaling",
        """
        def standardize(X_train, X_test):
            mean, std = X_train.mean(axis=0), X_train.std(axis=0)
            std[std == 0] = 1
            X_train -= mean
            X_train /= std
            return X_train, (X_test - mean) / std
        """,
        loses="regression_scaling_check",
        says=r"X_train\s+in place",
    ),
]
