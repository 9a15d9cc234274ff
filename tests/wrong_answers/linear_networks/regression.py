"""Wrong answers to solutions/linear_networks/regression.ipynb."""

from tests.wrong_answers import Wrong

DESCENT = ("regression_descent_check",)  # step 6 calls the gradient of step 4

WRONG = [
    Wrong(
        "mean_of_the_ratios",
        "regression_origin",
        """
        def fit_origin(x, y):
            return np.mean(y / x)
        """,
        loses="regression_origin_check",
        says=r"mean of the ratios",
    ),
    Wrong(
        "slope_of_the_line_with_intercept",
        "regression_origin",
        """
        def fit_origin(x, y):
            return np.polyfit(x, y, 1)[0]
        """,
        loses="regression_origin_check",
        says=r"slope of the line with an intercept",
    ),
    Wrong(
        "column_of_ones_forgotten",
        "regression_linear",
        """
        def fit_linear(X, y):
            w = np.linalg.lstsq(X, y, rcond=None)[0]
            return w, 0.0
        """,
        loses="regression_linear_check",
        says=r"intercept is missing",
    ),
    Wrong(
        "ones_first_but_bias_read_last",
        "regression_linear",
        """
        def fit_linear(X, y):
            A = np.column_stack([np.ones(len(X)), X])
            theta = np.linalg.lstsq(A, y, rcond=None)[0]
            return theta[:-1], theta[-1]
        """,
        loses="regression_linear_check",
        says=r"w and b are mixed up",
    ),
    Wrong(
        "sum_of_squares",
        "regression_mse",
        """
        def mse(y_hat, y):
            return np.sum((y_hat - y) ** 2)
        """,
        loses="regression_mse_check",
        says=r"(?i)sum.*mean|divide by N",
    ),
    Wrong(
        "mean_squared_too_late",
        "regression_mse",
        """
        def mse(y_hat, y):
            return np.mean(y_hat - y) ** 2
        """,
        loses="regression_mse_check",
        says=r"averaged before",
    ),
    Wrong(
        "gradient_with_the_wrong_sign",
        "regression_gradient",
        """
        def mse_gradient(X, y, w, b):
            error = y - X @ w - b
            return 2 * X.T @ error / len(y), 2 * np.mean(error)
        """,
        loses="regression_gradient_check",
        says=r"sign is wrong",
    ),
    Wrong(
        "gradient_summed_over_the_examples",
        "regression_gradient",
        """
        def mse_gradient(X, y, w, b):
            error = X @ w + b - y
            return 2 * X.T @ error, 2 * np.sum(error)
        """,
        loses="regression_gradient_check",
        says=r"divide by N",
    ),
    Wrong(
        "factor_two_forgotten",
        "regression_gradient",
        """
        def mse_gradient(X, y, w, b):
            error = X @ w + b - y
            return X.T @ error / len(y), np.mean(error)
        """,
        loses="regression_gradient_check",
        says=r"factor 2",
    ),
    Wrong(
        "test_set_scaled_by_itself",
        "regression_scaling",
        """
        def standardize(X_train, X_test):
            def scale(X):
                std = X.std(axis=0)
                return (X - X.mean(axis=0)) / np.where(std == 0, 1, std)

            return scale(X_train), scale(X_test)
        """,
        loses="regression_scaling_check",
        says=r"scaled by its own mean",
    ),
    Wrong(
        "leak_of_the_test_set",
        "regression_scaling",
        """
        def standardize(X_train, X_test):
            X = np.concatenate([X_train, X_test])
            mean, std = X.mean(axis=0), X.std(axis=0)
            std = np.where(std == 0, 1, std)
            return (X_train - mean) / std, (X_test - mean) / std
        """,
        loses="regression_scaling_check",
        says=r"leak",
    ),
    Wrong(
        "constant_column_divided_by_zero",
        "regression_scaling",
        """
        def standardize(X_train, X_test):
            mean, std = X_train.mean(axis=0), X_train.std(axis=0)
            return (X_train - mean) / std, (X_test - mean) / std
        """,
        loses="regression_scaling_check",
        says=r"constant column|divided by 0",
    ),
    Wrong(
        "bias_follows_the_new_weights",
        "regression_descent",
        """
        def descend(X, y, eta, steps):
            w, b = np.zeros(X.shape[1]), 0.0
            for _ in range(steps):
                w = w - eta * mse_gradient(X, y, w, b)[0]
                b = b - eta * mse_gradient(X, y, w, b)[1]
            return w, b
        """,
        loses="regression_descent_check",
        says=r"already new",
    ),
    Wrong(
        "bias_never_updated",
        "regression_descent",
        """
        def descend(X, y, eta, steps):
            w, b = np.zeros(X.shape[1]), 0.0
            for _ in range(steps):
                w = w - eta * mse_gradient(X, y, w, b)[0]
            return w, b
        """,
        loses="regression_descent_check",
        says=r"bias is never updated",
    ),
    Wrong(
        "one_step_too_few",
        "regression_descent",
        """
        def descend(X, y, eta, steps):
            w, b = np.zeros(X.shape[1]), 0.0
            for _ in range(1, steps):
                dw, db = mse_gradient(X, y, w, b)
                w, b = w - eta * dw, b - eta * db
            return w, b
        """,
        loses="regression_descent_check",
        says=r"one step too few",
    ),
    Wrong(
        "weights_multiplied_by_the_deviation",
        "regression_units",
        """
        def original_units(w, b, mean, std):
            return w * std, b - np.sum(w * mean / std)
        """,
        loses="regression_units_check",
        says=r"multiplied by the deviation",
    ),
    Wrong(
        "bias_left_as_it_was",
        "regression_units",
        """
        def original_units(w, b, mean, std):
            return w / std, b
        """,
        loses="regression_units_check",
        says=r"bias has not been changed",
    ),
]
