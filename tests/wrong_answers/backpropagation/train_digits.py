"""Wrong answers to solutions/backpropagation/train_digits.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "softmax_over_the_examples",
        "digits_softmax",
        """
        def softmax(z):
            e = np.exp(z - z.max(axis=0))
            return e / e.sum(axis=0)
        """,
        loses="digits_softmax_check",
        says=r"(?i)axis|columns|over the examples|each row",
    ),
    Wrong(
        "softmax_overflows",
        "digits_softmax",
        """
        def softmax(z):
            e = np.exp(z)
            return e / e.sum(axis=1, keepdims=True)
        """,
        loses="digits_softmax_check",
        says=r"(?i)nan|overflow|largest|maximum",
    ),
    Wrong(
        "cross_entropy_without_minus",
        "digits_cross_entropy",
        """
        def cross_entropy(z, y):
            top = z.max(axis=1)
            log_sum = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
            return np.mean(z[np.arange(len(y)), y] - log_sum)
        """,
        loses="digits_cross_entropy_check",
        says=r"(?i)sign|minus|negative",
    ),
    Wrong(
        "cross_entropy_summed",
        "digits_cross_entropy",
        """
        def cross_entropy(z, y):
            top = z.max(axis=1)
            log_sum = top + np.log(np.exp(z - top[:, None]).sum(axis=1))
            return np.sum(log_sum - z[np.arange(len(y)), y])
        """,
        loses="digits_cross_entropy_check",
        says=r"(?i)sum|divide|mean|number of examples",
    ),
    Wrong(
        "delta_with_the_wrong_sign",
        "digits_output_delta",
        """
        def output_delta(p, y):
            return np.eye(p.shape[1])[y] - p
        """,
        loses="digits_output_delta_check",
        says=r"(?i)sign",
    ),
    Wrong(
        "delta_changes_p_in_place",
        "digits_output_delta",
        """
        def output_delta(p, y):
            p[np.arange(len(y)), y] -= 1
            return p
        """,
        loses="digits_output_delta_check",
        says=r"(?i)in place|changed",
    ),
    Wrong(
        "relu_prime_is_relu",
        "digits_relu",
        """
        def relu(z):
            return np.maximum(z, 0)


        def relu_prime(z):
            return np.maximum(z, 0)


        def he_init(sizes, rng):
            weights, biases = [], []
            for p, n in zip(sizes[:-1], sizes[1:]):
                weights.append(rng.normal(size=(n, p)) * np.sqrt(2 / p))
                biases.append(np.zeros(n))
            return weights, biases
        """,
        loses="digits_relu_check",
        says=r"(?i)relu\(z\)|derivative|relu itself",
    ),
    Wrong(
        "variance_taken_for_standard_deviation",
        "digits_relu",
        """
        def relu(z):
            return np.maximum(z, 0)


        def relu_prime(z):
            return (z > 0).astype(float)


        def he_init(sizes, rng):
            weights, biases = [], []
            for p, n in zip(sizes[:-1], sizes[1:]):
                weights.append(rng.normal(size=(n, p)) * 2 / p)
                biases.append(np.zeros(n))
            return weights, biases
        """,
        loses="digits_relu_check",
        says=r"(?i)square root|sqrt|√|variance",
    ),
    Wrong(
        "last_minibatch_dropped",
        "digits_minibatches",
        """
        def minibatches(n, m, rng):
            order = rng.permutation(n)
            for start in range(0, n - m + 1, m):
                yield order[start : start + m]
        """,
        loses="digits_minibatches_check",
        says=r"(?i)last|missing|left out|never",
    ),
    Wrong(
        "drawn_with_replacement",
        "digits_minibatches",
        """
        def minibatches(n, m, rng):
            for start in range(0, n, m):
                yield rng.integers(0, n, min(m, n - start))
        """,
        loses="digits_minibatches_check",
        says=r"(?i)replacement|twice|more than once",
    ),
    Wrong(
        "step_uphill",
        "digits_step",
        """
        def sgd_step(weights, biases, dWs, dbs, eta):
            new_weights = [W + eta * dW for W, dW in zip(weights, dWs)]
            new_biases = [b + eta * db for b, db in zip(biases, dbs)]
            return new_weights, new_biases
        """,
        loses="digits_step_check",
        says=r"(?i)sign|uphill|added|subtract",
    ),
    Wrong(
        "step_in_place",
        "digits_step",
        """
        def sgd_step(weights, biases, dWs, dbs, eta):
            for W, b, dW, db in zip(weights, biases, dWs, dbs):
                W -= eta * dW
                b -= eta * db
            return weights, biases
        """,
        loses="digits_step_check",
        says=r"(?i)in place|changed",
    ),
    Wrong(
        "weights_never_updated",
        "digits_train",
        """
        def train(x, y, sizes, epochs, m, eta, seed):
            rng = np.random.default_rng(seed)
            weights, biases = he_init(sizes, rng)
            for _ in range(epochs):
                for batch in minibatches(len(x), m, rng):
                    a = relu(x[batch] @ weights[0].T + biases[0])
                    p = softmax(a @ weights[1].T + biases[1])
                    delta = output_delta(p, y[batch])
                    dWs, dbs = [delta.T @ a / len(batch)], [delta.mean(axis=0)]
                    sgd_step(weights[1:], biases[1:], dWs, dbs, eta)
            return weights, biases
        """,
        loses="digits_train_check",
        says=r"(?i)chance|learned nothing|nothing|never",
    ),
]
