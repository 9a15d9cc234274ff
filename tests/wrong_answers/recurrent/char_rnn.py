"""Wrong answers to solutions/recurrent/char_rnn.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "vocabulary_not_sorted",
        "chars_rare",
        """
        def vocabulary(text, least):
            characters = [c for c in set(text) if text.count(c) >= least] + ["<rare>"]
            place = {c: i for i, c in enumerate(characters)}
            return characters, {c: place.get(c, len(place) - 1) for c in text}
        """,
        loses="chars_rare_check",
        says=r"not sorted",
    ),
    Wrong(
        "vocabulary_as_a_text",
        "chars_rare",
        """
        def vocabulary(text, least):
            kept = sorted(c for c in set(text) if text.count(c) >= least)
            place = {c: i for i, c in enumerate(kept)}
            return "".join(kept), {c: place.get(c, len(kept)) for c in text}
        """,
        loses="chars_rare_check",
        says=r"a list of characters is asked for",
    ),
    Wrong(
        "one_hot_of_integers",
        "chars_one_hot",
        """
        def one_hot(indices, k):
            return np.eye(k, dtype=int)[indices]
        """,
        loses="chars_one_hot_check",
        says=r"integers came; floats are asked for",
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
        says=r"changed\s+its\s+argument\s+h\s+in\s+place",
    ),
]
