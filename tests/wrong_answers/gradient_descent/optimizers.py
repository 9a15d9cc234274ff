"""Wrong answers to solutions/gradient_descent/optimizers.ipynb."""

from tests.wrong_answers import Wrong

TRAIN = ("optimizers_train_check",)

WRONG = [
    Wrong(
        "last_minibatch_dropped",
        "optimizers_minibatches",
        """
        def minibatches(n, m, rng):
            order = rng.permutation(n)
            for k in range(n // m):
                yield order[k * m : (k + 1) * m]
        """,
        loses="optimizers_minibatches_check",
        says=r"last, smaller minibatch|no minibatch",
    ),
    Wrong(
        "drawn_with_replacement",
        "optimizers_minibatches",
        """
        def minibatches(n, m, rng):
            for start in range(0, n, m):
                yield rng.integers(0, n, min(m, n - start))
        """,
        loses="optimizers_minibatches_check",
        says=r"with replacement",
    ),
    Wrong(
        "not_shuffled",
        "optimizers_minibatches",
        """
        def minibatches(n, m, rng):
            for start in range(0, n, m):
                yield np.arange(start, min(start + m, n))
        """,
        loses="optimizers_minibatches_check",
        says=r"not shuffled",
    ),
    Wrong(
        "divided_by_all_examples",
        "optimizers_gradient",
        """
        def minibatch_gradient(w, X, y, batch):
            return X[batch].T @ (X[batch] @ w - y[batch]) / len(y)
        """,
        loses="optimizers_gradient_check",
        says=r"divided by N",
    ),
    Wrong(
        "sum_for_mean",
        "optimizers_gradient",
        """
        def minibatch_gradient(w, X, y, batch):
            return X[batch].T @ (X[batch] @ w - y[batch])
        """,
        loses="optimizers_gradient_check",
        says=r"summed|did not divide",
    ),
    Wrong(
        "minibatch_ignored",
        "optimizers_gradient",
        """
        def minibatch_gradient(w, X, y, batch):
            return X.T @ (X @ w - y) / len(y)
        """,
        loses="optimizers_gradient_check",
        says=r"ignored",
    ),
    Wrong(
        "target_minus_prediction",
        "optimizers_gradient",
        """
        def minibatch_gradient(w, X, y, batch):
            return X[batch].T @ (y[batch] - X[batch] @ w) / len(batch)
        """,
        loses="optimizers_gradient_check",
        says=r"sign",
    ),
    Wrong(
        "learning_rate_inside_the_velocity",
        "optimizers_momentum",
        """
        def momentum_step(w, g, velocity, eta, mu):
            velocity = mu * velocity - eta * g
            return w + velocity, velocity
        """,
        loses="optimizers_momentum_check",
        says=r"inside the velocity",
    ),
    Wrong(
        "velocity_is_an_average",
        "optimizers_momentum",
        """
        def momentum_step(w, g, velocity, eta, mu):
            velocity = mu * velocity + (1 - mu) * g
            return w - eta * velocity, velocity
        """,
        loses="optimizers_momentum_check",
        says=r"1 − μ too many",
    ),
    Wrong(
        "old_velocity_moves_the_weights",
        "optimizers_momentum",
        """
        def momentum_step(w, g, velocity, eta, mu):
            return w - eta * velocity, mu * velocity + g
        """,
        loses="optimizers_momentum_check",
        says=r"old velocity",
    ),
    Wrong(
        "velocity_changed_in_place",
        "optimizers_momentum",
        """
        def momentum_step(w, g, velocity, eta, mu):
            velocity *= mu
            velocity += g
            return w - eta * velocity, velocity
        """,
        loses="optimizers_momentum_check",
        says=r"in place",
    ),
    Wrong(
        "epsilon_under_the_root",
        "optimizers_rmsprop",
        """
        def rmsprop_step(w, g, s, eta, alpha, eps):
            s = alpha * s + (1 - alpha) * g**2
            return w - eta * g / np.sqrt(s + eps), s
        """,
        loses="optimizers_rmsprop_check",
        says=r"under the root",
    ),
    Wrong(
        "adagrad_for_rmsprop",
        "optimizers_rmsprop",
        """
        def rmsprop_step(w, g, s, eta, alpha, eps):
            s = s + g**2
            return w - eta * g / (np.sqrt(s) + eps), s
        """,
        loses="optimizers_rmsprop_check",
        says=r"AdaGrad",
    ),
    Wrong(
        "no_bias_correction",
        "optimizers_adam",
        """
        def adam_step(w, g, m, s, t, eta, beta1, beta2, eps):
            m = beta1 * m + (1 - beta1) * g
            s = beta2 * s + (1 - beta2) * g**2
            return w - eta * m / (np.sqrt(s) + eps), m, s
        """,
        loses="optimizers_adam_check",
        says=r"bias correction is missing",
    ),
    Wrong(
        "hats_are_kept",
        "optimizers_adam",
        """
        def adam_step(w, g, m, s, t, eta, beta1, beta2, eps):
            m = (beta1 * m + (1 - beta1) * g) / (1 - beta1**t)
            s = (beta2 * s + (1 - beta2) * g**2) / (1 - beta2**t)
            return w - eta * m / (np.sqrt(s) + eps), m, s
        """,
        loses="optimizers_adam_check",
        says=r"m̂ and ŝ are returned",
    ),
    Wrong(
        "step_number_plus_one",
        "optimizers_adam",
        """
        def adam_step(w, g, m, s, t, eta, beta1, beta2, eps):
            m = beta1 * m + (1 - beta1) * g
            s = beta2 * s + (1 - beta2) * g**2
            m_hat = m / (1 - beta1 ** (t + 1))
            s_hat = s / (1 - beta2 ** (t + 1))
            return w - eta * m_hat / (np.sqrt(s_hat) + eps), m, s
        """,
        loses="optimizers_adam_check",
        says=r"one too large",
    ),
    Wrong(
        "gradient_not_squared",
        "optimizers_adam",
        """
        def adam_step(w, g, m, s, t, eta, beta1, beta2, eps):
            m = beta1 * m + (1 - beta1) * g
            s = beta2 * s + (1 - beta2) * g
            m_hat = m / (1 - beta1**t)
            s_hat = s / (1 - beta2**t)
            return w - eta * m_hat / (np.sqrt(np.abs(s_hat)) + eps), m, s
        """,
        loses="optimizers_adam_check",
        says=r"not squared",
    ),
    Wrong(
        "velocity_forgotten_between_steps",
        "optimizers_train",
        """
        def train(X, y, m, eta, mu, epochs, seed):
            rng = np.random.default_rng(seed)
            w = np.zeros(X.shape[1])
            for _ in range(epochs):
                for batch in minibatches(len(y), m, rng):
                    g = minibatch_gradient(w, X, y, batch)
                    w, _ = momentum_step(w, g, np.zeros(X.shape[1]), eta, mu)
            return w
        """,
        loses="optimizers_train_check",
        says=r"velocity kept",
    ),
    Wrong(
        "one_step_an_epoch",
        "optimizers_train",
        """
        def train(X, y, m, eta, mu, epochs, seed):
            w = np.zeros(X.shape[1])
            for _ in range(epochs):
                w = w - eta * X.T @ (X @ w - y) / len(y)
            return w
        """,
        loses="optimizers_train_check",
        says=r"step an epoch",
    ),
    Wrong(
        "new_weights_are_not_kept",
        "optimizers_train",
        """
        def train(X, y, m, eta, mu, epochs, seed):
            rng = np.random.default_rng(seed)
            w, velocity = np.zeros(X.shape[1]), np.zeros(X.shape[1])
            for _ in range(epochs):
                for batch in minibatches(len(y), m, rng):
                    g = minibatch_gradient(w, X, y, batch)
                    momentum_step(w, g, velocity, eta, mu)
            return w
        """,
        loses="optimizers_train_check",
        says=r"still 0",
    ),
]
