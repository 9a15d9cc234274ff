"""Wrong answers to solutions/regularization/choose_lambda.ipynb."""

from tests.wrong_answers import Wrong


def stopping(update: str, epoch: int = -1) -> str:
    """The student's class, from the lines of `update`."""
    body = "\n".join(8 * " " + line for line in update.strip().splitlines())
    return f"""
class EarlyStopping:
    def __init__(self, patience):
        self.patience, self.epoch, self.waited = patience, {epoch}, 0
        self.best, self.best_epoch = float("inf"), -1

    def update(self, loss):
        self.epoch += 1
{body}
"""


def descend(
    step: str = "w = w - eta * X.T @ (X @ w - y) / len(X)",
    watch: str = "X_val @ w - y_val",
    result: str = "best",
) -> str:
    """The student's descent, with one of its pieces exchanged."""
    return f"""
def descend_early(X, y, X_val, y_val, eta, patience, epochs):
    w, stopper = np.zeros(X.shape[1]), EarlyStopping(patience)
    best = w
    for epoch in range(epochs):
        {step}
        stop = stopper.update(np.mean(({watch}) ** 2))
        if stopper.best_epoch == epoch:
            best = w
        if stop:
            break
    return {result}, stopper.best_epoch
"""


def report(
    pool: str = "train[0]",
    chosen: str = "path(X, Y[0], X_val, Y[1], lams)[1]",
    fit: str = "X, Y[0]",
    test: str = "X_test, Y[2]",
) -> str:
    """The student's report, with one of its pieces exchanged."""
    return f"""
def report(train, val, test, lams):
    parts = (train, val, test)
    pool = {pool}
    mean, std, center = pool.mean(axis=0), pool.std(axis=0), train[1].mean()
    X, X_val, X_test = ((part[0] - mean) / std for part in parts)
    Y = [part[1] - center for part in parts]
    lam = choose(lams, {chosen})
    w = ridge({fit}, lam)
    A, b = {test}
    return lam, np.mean((A @ w - b) ** 2)
"""


WRONG = [
    Wrong(
        "lambda_beside_a_sum",
        "cl_ridge",
        """
        def ridge(X, y, lam):
            return np.linalg.solve(X.T @ X + lam * np.eye(X.shape[1]), X.T @ y)
        """,
        loses="cl_ridge_check",
        says=r"N times too weak",
    ),
    Wrong(
        "fitted_on_the_validation_part",
        "cl_path",
        """
        def path(X, y, X_val, y_val, lams):
            train, val = [], []
            for lam in lams:
                w = ridge(X, y, lam)
                v = ridge(X_val, y_val, lam)
                train.append(np.mean((X @ w - y) ** 2))
                val.append(np.mean((X_val @ v - y_val) ** 2))
            return np.array(train), np.array(val)
        """,
        loses="cl_path_check",
        says=r"weights fitted on the validation",
    ),
    Wrong(
        "first_of_the_equal_ones",
        "cl_choose",
        """
        def choose(lams, errors):
            return lams[np.argmin(errors)]
        """,
        loses="cl_choose_check",
        says=r"first in the list",
    ),
    Wrong(
        "bad_epochs_never_forgotten",
        "cl_stopping",
        stopping("""
if loss < self.best:
    self.best, self.best_epoch = loss, self.epoch
else:
    self.waited += 1
return self.waited >= self.patience
"""),
        loses="cl_stopping_check",
        says=r"count starts again",
    ),
    Wrong(
        "compared_with_the_last_loss",
        "cl_stopping",
        stopping("""
self.last = getattr(self, "last", float("inf"))
if loss < self.last:
    self.best, self.best_epoch, self.waited = loss, self.epoch, 0
else:
    self.waited += 1
self.last = loss
return self.waited >= self.patience
"""),
        loses="cl_stopping_check",
        says=r"smallest so far",
    ),
    Wrong(
        "one_epoch_too_patient",
        "cl_stopping",
        stopping("""
if loss < self.best:
    self.best, self.best_epoch = loss, self.epoch
return self.epoch - self.best_epoch > self.patience
"""),
        loses="cl_stopping_check",
        says=r"one epoch too late",
    ),
    Wrong(
        "last_weights_kept",
        "cl_descend",
        descend(result="w"),
        loses="cl_descend_check",
        says=r"weights of the last epoch",
    ),
    Wrong(
        "best_is_the_same_array",
        "cl_descend",
        descend(step="w -= eta * X.T @ (X @ w - y) / len(X)"),
        loses="cl_descend_check",
        says=r"one array",
    ),
    Wrong(
        "training_error_watched",
        "cl_descend",
        descend(watch="X @ w - y"),
        loses="cl_descend_check",
        says=r"training error decides",
    ),
    Wrong(
        "chosen_on_the_test_part",
        "cl_report",
        report(chosen="path(X, Y[0], X_test, Y[2], lams)[1]"),
        loses="cl_report_check",
        says=r"chosen on the test part",
    ),
    Wrong(
        "scaled_by_all_parts",
        "cl_report",
        report(pool="np.vstack([train[0], val[0], test[0]])"),
        loses="cl_report_check",
        says=r"(?i)leakage",
    ),
    Wrong(
        "validation_error_reported",
        "cl_report",
        report(test="X_val, Y[1]"),
        loses="cl_report_check",
        says=r"validation error is reported",
    ),
    Wrong(
        "refitted_with_the_validation_part",
        "cl_report",
        report(fit="np.vstack([X, X_val]), np.append(Y[0], Y[1])"),
        loses="cl_report_check",
        says=r"training and validation part together",
    ),
]
