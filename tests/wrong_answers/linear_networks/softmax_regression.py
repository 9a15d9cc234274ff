"""Wrong answers to solutions/linear_networks/softmax_regression.ipynb."""

from tests.wrong_answers import Wrong

TRAIN = ("softmax_train_check",)  # step 7 calls step 6
STEP = ("softmax_step_check", *TRAIN)  # step 6 calls steps 1 and 4

WRONG = [
    Wrong(
        "softmax_overflows",
        "softmax_stable",
        """
        def softmax(z):
            e = np.exp(z)
            return e / e.sum(axis=1, keepdims=True)
        """,
        loses="softmax_stable_check",
        says=r"(?i)overflow|largest",
    ),
    Wrong(
        "one_maximum_for_the_whole_batch",
        "softmax_stable",
        """
        def softmax(z):
            e = np.exp(z - z.max())
            return e / e.sum(axis=1, keepdims=True)
        """,
        loses="softmax_stable_check",
        says=r"Each row needs its own|nan|NaN",
    ),
    Wrong(
        "largest_logit_not_added_back",
        "softmax_log_sum_exp",
        """
        def log_sum_exp(z):
            return np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1))
        """,
        loses="softmax_log_sum_exp_check",
        says=r"not been added back",
    ),
    Wrong(
        "log_sum_exp_over_the_examples",
        "softmax_log_sum_exp",
        """
        def log_sum_exp(z):
            top = z.max(axis=0)
            return top + np.log(np.exp(z - top).sum(axis=0))
        """,
        loses="softmax_log_sum_exp_check",
        says=r"axis 0|over the examples",
    ),
    Wrong(
        "probabilities_cut_off",
        "softmax_cross_entropy",
        """
        def cross_entropy(z, y):
            e = np.exp(z - z.max(axis=1, keepdims=True))
            p = e / e.sum(axis=1, keepdims=True)
            return -np.mean(np.log(np.maximum(p[np.arange(len(y)), y], 1e-12)))
        """,
        loses="softmax_cross_entropy_check",
        says=r"cut off",
    ),
    Wrong(
        "all_classes_averaged",
        "softmax_cross_entropy",
        """
        def cross_entropy(z, y):
            top = z.max(axis=1, keepdims=True)
            log_p = z - top - np.log(np.exp(z - top).sum(axis=1, keepdims=True))
            return -np.mean(log_p)
        """,
        loses="softmax_cross_entropy_check",
        says=r"only the\s+label",
    ),
    Wrong(
        "gradient_with_the_wrong_sign",
        "softmax_gradients",
        """
        def gradients(X, p, y):
            delta = (np.eye(p.shape[1])[y] - p) / len(y)
            return delta.T @ X, delta.sum(axis=0)
        """,
        loses="softmax_gradients_check",
        says=r"sign is wrong",
    ),
    Wrong(
        "gradient_summed_over_the_examples",
        "softmax_gradients",
        """
        def gradients(X, p, y):
            delta = p - np.eye(p.shape[1])[y]
            return delta.T @ X, delta.sum(axis=0)
        """,
        loses="softmax_gradients_check",
        says=r"divide by N",
    ),
    Wrong(
        "labels_not_one_hot",
        "softmax_gradients",
        """
        def gradients(X, p, y):
            delta = (p - y[:, None]) / len(y)
            return delta.T @ X, delta.sum(axis=0)
        """,
        loses="softmax_gradients_check",
        says=r"one-hot",
    ),
    Wrong(
        "probabilities_changed_in_place",
        "softmax_gradients",
        """
        def gradients(X, p, y):
            p[np.arange(len(y)), y] -= 1
            p /= len(y)
            return p.T @ X, p.sum(axis=0)
        """,
        loses="softmax_gradients_check",
        says=r"in place",
    ),
    Wrong(
        "classes_counted_from_one",
        "softmax_predict",
        """
        def predict(X, W, b):
            return (X @ W.T + b).argmax(axis=1) + 1
        """,
        loses="softmax_predict_check",
        says=r"count from 0",
    ),
    Wrong(
        "bias_forgotten_in_the_prediction",
        "softmax_predict",
        """
        def predict(X, W, b):
            return (X @ W.T).argmax(axis=1)
        """,
        loses="softmax_predict_check",
        says=r"bias b is missing",
    ),
    Wrong(
        "step_uphill",
        "softmax_step",
        """
        def train_step(W, b, X, y, eta):
            dW, db = gradients(X, softmax(X @ W.T + b), y)
            return W + eta * dW, b + eta * db
        """,
        loses="softmax_step_check",
        says=r"climbs",
    ),
    Wrong(
        "step_in_place",
        "softmax_step",
        """
        def train_step(W, b, X, y, eta):
            dW, db = gradients(X, softmax(X @ W.T + b), y)
            W -= eta * dW
            b -= eta * db
            return W, b
        """,
        loses="softmax_step_check",
        says=r"in place",
    ),
    Wrong(
        "softmax_forgotten_in_the_step",
        "softmax_step",
        """
        def train_step(W, b, X, y, eta):
            dW, db = gradients(X, X @ W.T + b, y)
            return W - eta * dW, b - eta * db
        """,
        loses="softmax_step_check",
        says=r"softmax is missing",
    ),
    Wrong(
        "result_of_the_step_dropped",
        "softmax_train",
        """
        def train(X, y, epochs, m, eta, seed):
            rng = np.random.default_rng(seed)
            W, b = np.zeros((10, X.shape[1])), np.zeros(10)
            for _ in range(epochs):
                order = rng.permutation(len(X))
                for start in range(0, len(X), m):
                    batch = order[start : start + m]
                    train_step(W, b, X[batch], y[batch], eta)
            return W, b
        """,
        loses="softmax_train_check",
        says=r"taken over",
    ),
    Wrong(
        "labels_shuffled_apart_from_the_images",
        "softmax_train",
        """
        def train(X, y, epochs, m, eta, seed):
            rng = np.random.default_rng(seed)
            W, b = np.zeros((10, X.shape[1])), np.zeros(10)
            for _ in range(epochs):
                X, y = rng.permutation(X), rng.permutation(y)
                for i in range(0, len(X), m):
                    W, b = train_step(W, b, X[i : i + m], y[i : i + m], eta)
            return W, b
        """,
        loses="softmax_train_check",
        says=r"level of chance",
    ),
    Wrong(
        "only_the_first_minibatch_of_each_epoch",
        "softmax_train",
        """
        def train(X, y, epochs, m, eta, seed):
            rng = np.random.default_rng(seed)
            W, b = np.zeros((10, X.shape[1])), np.zeros(10)
            for _ in range(epochs):
                batch = rng.permutation(len(X))[:m]
                W, b = train_step(W, b, X[batch], y[batch], eta)
            return W, b
        """,
        loses="softmax_train_check",
        says=r"too little",
    ),
]
