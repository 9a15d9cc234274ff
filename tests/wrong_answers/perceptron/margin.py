"""Wrong answers to solutions/perceptron/margin.ipynb."""

from tests.wrong_answers import Wrong


def wrong(name, step, head, body, says):
    """A function of a few lines."""
    source = f"def {head}:\n    {body}\n"
    return Wrong(name, f"margin_{step}", source, f"margin_{step}_check", says)


ONE_ARRAY = """states, u = [], np.zeros(X.shape[1] + 1)
    for x, target in list(zip(np.c_[X, np.ones(len(X))], d)) * epochs:
        states.append(u)
        u += (target - (x @ u >= 0)) * x
    return np.array(states), np.ones(len(states), dtype=int)"""
WRONG = [
    wrong("all_states", "survivors", "survivors(X, d, epochs)", ONE_ARRAY, r"shape"),
    wrong("no_return", "slopes", "slopes(X, w, b, j, h)", "z = X @ w + b", r"None"),
]
