"""Wrong answers to solutions/perceptron/gates.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "step_of_zero_is_0",
        "gates_threshold",
        """
        def step(s, t):
            return (np.asarray(s) > t).astype(int)
        """,
        loses="gates_threshold_check",
        says=r"> in place of ≥",
    ),
    Wrong(
        "step_gives_plus_minus_one",
        "gates_threshold",
        """
        def step(s, t):
            return np.where(np.asarray(s) >= t, 1, -1)
        """,
        loses="gates_threshold_check",
        says=r"(?i)-1|−1",
    ),
    Wrong(
        "bias_forgotten",
        "gates_layer",
        """
        def predict(x, W, b):
            return (x @ W.T >= 0).astype(int)
        """,
        loses="gates_layer_check",
        says=r"(?i)bias",
    ),
    Wrong(
        "one_neuron_as_in_the_notebook",
        "gates_layer",
        """
        def predict(X, w, b):
            return step(X @ w + b, 0)
        """,
        loses="gates_layer_check",
        says=r"in place of its transpose",
    ),
    Wrong(
        "sign_of_the_error",
        "gates_update",
        """
        def update(x, d, w, b, eta):
            y = 1 if x @ w + b >= 0 else 0
            e = y - d
            return w + eta * e * x, b + eta * e, bool(e != 0)
        """,
        loses="gates_update_check",
        says=r"(?i)sign|y - d|y − d",
    ),
    Wrong(
        "weights_changed_in_place",
        "gates_update",
        """
        def update(x, d, w, b, eta):
            y = 1 if x @ w + b >= 0 else 0
            e = d - y
            w += eta * e * x
            return w, b + eta * e, bool(e != 0)
        """,
        loses="gates_update_check",
        says=r"(?i)in place|changed",
    ),
    Wrong(
        "stops_before_the_clean_epoch_is_counted",
        "gates_fit",
        """
        def fit(X, d, eta=1.0, max_epochs=100):
            w, b, mistakes = np.zeros(X.shape[1]), 0.0, []
            for _ in range(max_epochs):
                wrong = 0
                for x, target in zip(X, d):
                    e = target - (1 if x @ w + b >= 0 else 0)
                    w = w + eta * e * x
                    b = b + eta * e
                    wrong += int(e != 0)
                if wrong == 0:
                    break
                mistakes.append(wrong)
            return w, b, mistakes
        """,
        loses="gates_fit_check",
        says=r"(?i)last|clean|without a mistake|0",
    ),
    Wrong(
        "all_examples_before_one_update",
        "gates_fit",
        """
        def fit(X, d, eta=1.0, max_epochs=100):
            w, b, mistakes = np.zeros(X.shape[1]), 0.0, []
            for _ in range(max_epochs):
                e = d - (X @ w + b >= 0)
                w = w + eta * e @ X
                b = b + eta * e.sum()
                mistakes.append(int((e != 0).sum()))
                if mistakes[-1] == 0:
                    break
            return w, b, mistakes
        """,
        loses="gates_fit_check",
        says=r"(?i)each example|after every|end of (the|each) epoch|batch",
    ),
    Wrong(
        "xor_is_or",
        "gates_xor",
        """
        def xor(x1, x2):
            return (x1 + x2 - 0.5 >= 0) * 1
        """,
        loses="gates_xor_check",
        says=r"(?i)OR",
        keeps=1.2,
    ),
]
