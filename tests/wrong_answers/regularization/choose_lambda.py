"""Wrong answers to solutions/regularization/choose_lambda.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "one_list_for_all_stoppers",
        "cl_gain",
        """
        class EarlyStopping:
            best, best_epoch, losses = float("inf"), -1, []

            def __init__(self, patience, min_delta):
                self.patience, self.min_delta = patience, min_delta
                self.mark, self.at = float("inf"), -1

            def update(self, loss):
                self.losses.append(loss)
                epoch = len(self.losses) - 1
                if loss < self.best:
                    self.best, self.best_epoch = loss, epoch
                if loss < self.mark - self.min_delta:
                    self.mark, self.at = loss, epoch
                return epoch - self.at >= self.patience
        """,
        loses="cl_gain_check",
        says=r"a second stopper goes on",
    ),
    Wrong(
        "nothing_where_it_goes_on",
        "cl_gain",
        """
        class EarlyStopping:
            def __init__(self, patience, min_delta):
                self.patience, self.min_delta, self.epoch = patience, min_delta, -1
                self.best, self.best_epoch = float("inf"), -1
                self.mark, self.at = float("inf"), -1

            def update(self, loss):
                self.epoch += 1
                if loss < self.best:
                    self.best, self.best_epoch = loss, self.epoch
                if loss < self.mark - self.min_delta:
                    self.mark, self.at = loss, self.epoch
                elif self.epoch - self.at >= self.patience:
                    return True
        """,
        loses="cl_gain_check",
        says=r"update returned None",
    ),
    Wrong(
        "best_is_the_same_array",
        "cl_descend",
        """
        def descend_early(X, y, X_val, y_val, eta, patience, epochs):
            w, stopper = np.zeros(X.shape[1]), EarlyStopping(patience, 0)
            best = w
            for epoch in range(epochs):
                w -= eta * X.T @ (X @ w - y) / len(X)
                stop = stopper.update(np.mean((X_val @ w - y_val) ** 2))
                if stopper.best_epoch == epoch:
                    best = w
                if stop:
                    break
            return best, stopper.best_epoch
        """,
        loses="cl_descend_check",
        says=r"one array",
    ),
]
