"""Wrong answers to solutions/gradient_descent/optimizers.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "targets_of_all_examples",
        "optimizers_gradient",
        """
        def minibatch_gradient(w, X, y, batch):
            return X[batch].T @ (X[batch] @ w - y) / len(batch)
        """,
        loses="optimizers_gradient_check",
        says=r"shapes that do not fit",
    ),
    Wrong(
        "the_step_number_is_returned_too",
        "optimizers_adam",
        """
        def adam_step(w, g, m, s, t, eta, beta1, beta2, eps):
            m = beta1 * m + (1 - beta1) * g
            s = beta2 * s + (1 - beta2) * g**2
            m_hat, s_hat = m / (1 - beta1**t), s / (1 - beta2**t)
            return w - eta * m_hat / (np.sqrt(s_hat) + eps), m, s, t + 1
        """,
        loses="optimizers_adam_check",
        says=r"3 results \(w, m, s\) are expected; 4 came",
    ),
    Wrong(
        "a_generator_is_used_up",
        "optimizers_train",
        """
        def train(X, y, m, eta, mu, epochs, seed):
            w, u = np.zeros(X.shape[1]), np.zeros(X.shape[1])
            batches = minibatches(len(y), m, np.random.default_rng(seed))
            for _ in range(epochs):
                for batch in batches:
                    g = minibatch_gradient(w, X, y, batch)
                    w, u = momentum_step(w, g, u, eta, mu)
            return w
        """,
        loses="optimizers_train_check",
        says=r"used up after the first",
    ),
]
