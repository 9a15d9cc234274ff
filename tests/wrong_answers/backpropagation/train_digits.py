"""Wrong answers to solutions/backpropagation/train_digits.ipynb."""

from tests.wrong_answers import Wrong


def wrong(name: str, step: str, source: str, says: str) -> Wrong:
    """Return a wrong answer to a step of this sheet."""
    cell = f"digits_{step}"
    return Wrong(name, cell, source, f"{cell}_check", f"(?is){says}")


WRONG = [
    wrong(
        "as_many_classes_as_labels_occur",
        "cross_entropy",
        "def cross_entropy(z, y):\n    k = y.max() + 1\n"
        "    log_p = z - np.logaddexp.reduce(z, axis=1, keepdims=True)\n"
        "    return -(np.eye(k)[y] * log_p).sum(axis=1).mean()",
        "broadcast|shapes",
    ),
    wrong(
        "indices_that_are_floats",
        "minibatches",
        "def minibatches(n, m, rng):\n    order = rng.permutation(n) / 1\n"
        "    return [order[i : i + m] for i in range(0, n, m)]",
        "indices are integers",
    ),
    wrong(
        "step_in_place_on_a_shallow_copy",
        "step",
        """
        def sgd_step(weights, biases, dWs, dbs, eta):
            weights, biases = list(weights), list(biases)
            for values, slopes in ((weights, dWs), (biases, dbs)):
                for i, slope in enumerate(slopes):
                    values[i] -= eta * slope
            return weights, biases
        """,
        "in place",
    ),
    wrong(
        "weights_never_updated",
        "train",
        """
        def train(x, y, sizes, epochs, m, eta, seed):
            rng = np.random.default_rng(seed)
            weights, biases = he_init(sizes, rng)
            for _ in range(epochs):
                for batch in minibatches(len(x), m, rng):
                    a = x[batch]
                    for W, b in zip(weights[:-1], biases):
                        a = relu(a @ W.T + b)
                    p = softmax(a @ weights[-1].T + biases[-1])
                    delta = output_delta(p, y[batch])
                    dWs, dbs = [delta.T @ a / len(batch)], [delta.mean(axis=0)]
                    sgd_step(weights[-1:], biases[-1:], dWs, dbs, eta)
            return weights, biases
        """,
        "nothing is learned",
    ),
]
