"""Wrong answers to solutions/recurrent/char_rnn.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "vocabulary_not_sorted",
        "chars_vocabulary",
        """
        def vocabulary(text):
            characters = list(set(text))
            return characters, {c: i for i, c in enumerate(characters)}
        """,
        loses="chars_vocabulary_check",
        says=r"not sorted",
    ),
    Wrong(
        "order_of_appearance",
        "chars_vocabulary",
        """
        def vocabulary(text):
            characters = list(dict.fromkeys(text))
            return characters, {c: i for i, c in enumerate(characters)}
        """,
        loses="chars_vocabulary_check",
        says=r"not sorted",
    ),
    Wrong(
        "dictionary_turned_around",
        "chars_vocabulary",
        """
        def vocabulary(text):
            characters = sorted(set(text))
            return characters, dict(enumerate(characters))
        """,
        loses="chars_vocabulary_check",
        says=r"turn it around",
    ),
    Wrong(
        "labels_are_the_inputs",
        "chars_examples",
        """
        def examples(indices, T):
            n = (len(indices) - 1) // T
            X = indices[: n * T].reshape(n, T)
            return X, X
        """,
        loses="chars_examples_check",
        says=r"labels\s+are\s+the\s+inputs",
    ),
    Wrong(
        "labels_rolled_within_the_window",
        "chars_examples",
        """
        def examples(indices, T):
            n = (len(indices) - 1) // T
            X = indices[: n * T].reshape(n, T)
            return X, np.roll(X, -1, axis=1)
        """,
        loses="chars_examples_check",
        says=r"\(a\s+roll\)",
    ),
    Wrong(
        "windows_overlap",
        "chars_examples",
        """
        def examples(indices, T):
            places = np.arange(len(indices) - T)[:, None] + np.arange(T)
            return indices[places], indices[places + 1]
        """,
        loses="chars_examples_check",
        says=r"windows\s+overlap",
    ),
    Wrong(
        "classes_counted_from_the_data",
        "chars_one_hot",
        """
        def one_hot(indices, k):
            return np.eye(indices.max() + 1)[indices]
        """,
        loses="chars_one_hot_check",
        says=r"largest\s+index",
    ),
    Wrong(
        "softmax_of_a_softmax",
        "chars_probabilities",
        """
        def probabilities(z, tau):
            def softmax(z):
                e = np.exp(z - z.max())
                return e / e.sum()

            return softmax(softmax(z) / tau)
        """,
        loses="chars_probabilities_check",
        says=r"softmax of a softmax",
    ),
    Wrong(
        "multiplied_by_the_temperature",
        "chars_probabilities",
        """
        def probabilities(z, tau):
            e = np.exp((z - z.max()) * tau)
            return e / e.sum()
        """,
        loses="chars_probabilities_check",
        says=r"multiplied by the temperature",
    ),
    Wrong(
        "exponentials_overflow",
        "chars_probabilities",
        """
        def probabilities(z, tau):
            e = np.exp(z / tau)
            return e / e.sum()
        """,
        loses="chars_probabilities_check",
        says=r"(?i)overflow|NaN|largest",
    ),
    Wrong(
        "drawn_character_not_fed_back",
        "chars_sample",
        """
        def sample(step, h, first, length, tau, rng):
            written = []
            for _ in range(length):
                z, h = step(first, h)
                e = np.exp((z - z.max()) / tau)
                p = e / e.sum()
                written.append(int(rng.choice(len(p), p=p)))
            return written
        """,
        loses="chars_sample_check",
        says=r"not\s+fed\s+back",
    ),
    Wrong(
        "state_not_carried_on",
        "chars_sample",
        """
        def sample(step, h, first, length, tau, rng):
            written, i = [], first
            for _ in range(length):
                z, _ = step(i, h)
                e = np.exp((z - z.max()) / tau)
                p = e / e.sum()
                i = int(rng.choice(len(p), p=p))
                written.append(i)
            return written
        """,
        loses="chars_sample_check",
        says=r"state\s+is\s+not\s+carried",
    ),
    Wrong(
        "sampling_disturbs_the_training_state",
        "chars_sample",
        """
        def sample(step, h, first, length, tau, rng):
            written, i = [], first
            for _ in range(length):
                z, h[:] = step(i, h)
                e = np.exp((z - z.max()) / tau)
                p = e / e.sum()
                i = int(rng.choice(len(p), p=p))
                written.append(i)
            return written
        """,
        loses="chars_sample_check",
        says=r"changed\s+the\s+state\s+h\s+in\s+place",
    ),
    Wrong(
        "always_the_most_probable",
        "chars_sample",
        """
        def sample(step, h, first, length, tau, rng):
            written, i = [], first
            for _ in range(length):
                z, h = step(i, h)
                i = int(np.argmax(z))
                written.append(i)
            return written
        """,
        loses="chars_sample_check",
        says=r"most probable character",
    ),
    Wrong(
        "sampled_from_a_double_softmax",
        "chars_sample",
        """
        def sample(step, h, first, length, tau, rng):
            def softmax(z):
                e = np.exp(z - z.max())
                return e / e.sum()

            written, i = [], first
            for _ in range(length):
                z, h = step(i, h)
                p = softmax(softmax(z / tau))
                i = int(rng.choice(len(p), p=p))
                written.append(i)
            return written
        """,
        loses="chars_sample_check",
        says=r"softmax of a softmax",
    ),
    Wrong(
        "base_two_of_natural_logarithms",
        "chars_perplexity",
        """
        def perplexity(Z, Y):
            top = Z.max(axis=1)
            log_sum = top + np.log(np.exp(Z - top[:, None]).sum(axis=1))
            return 2 ** np.mean(log_sum - Z[np.arange(len(Y)), Y])
        """,
        loses="chars_perplexity_check",
        says=r"base is 2",
    ),
    Wrong(
        "mean_of_one_over_p",
        "chars_perplexity",
        """
        def perplexity(Z, Y):
            e = np.exp(Z - Z.max(axis=1, keepdims=True))
            p = (e / e.sum(axis=1, keepdims=True))[np.arange(len(Y)), Y]
            return np.mean(1 / p)
        """,
        loses="chars_perplexity_check",
        says=r"mean of 1/p",
    ),
    Wrong(
        "sum_in_place_of_the_mean",
        "chars_perplexity",
        """
        def perplexity(Z, Y):
            top = Z.max(axis=1)
            log_sum = top + np.log(np.exp(Z - top[:, None]).sum(axis=1))
            return np.exp(np.sum(log_sum - Z[np.arange(len(Y)), Y]))
        """,
        loses="chars_perplexity_check",
        says=r"exp of the sum",
    ),
    Wrong(
        "pairs_counted_once",
        "chars_bigram",
        """
        def bigram(indices, k, alpha):
            counts = np.full((k, k), float(alpha))
            counts[indices[:-1], indices[1:]] += 1
            return counts / counts.sum(axis=1, keepdims=True)
        """,
        loses="chars_bigram_check",
        says=r"not\s+counted\s+again",
    ),
    Wrong(
        "columns_add_up_to_one",
        "chars_bigram",
        """
        def bigram(indices, k, alpha):
            counts = np.full((k, k), float(alpha))
            np.add.at(counts, (indices[:-1], indices[1:]), 1)
            return counts / counts.sum(axis=0, keepdims=True)
        """,
        loses="chars_bigram_check",
        says=r"columns\s+add\s+up",
    ),
    Wrong(
        "no_smoothing",
        "chars_bigram",
        """
        def bigram(indices, k, alpha):
            counts = np.zeros((k, k))
            np.add.at(counts, (indices[:-1], indices[1:]), 1)
            return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        """,
        loses="chars_bigram_check",
        says=r"(?i)α|smooth|0",
    ),
]
