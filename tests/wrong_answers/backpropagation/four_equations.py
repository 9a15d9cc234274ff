"""Wrong answers to solutions/backpropagation/four_equations.ipynb."""

from tests.wrong_answers import Wrong

CELLS = {"sigmoid": "slope", "forward": "functions"}


def wrong(name: str, step: str, source: str, says: str) -> Wrong:
    """Return a wrong answer to a step of this sheet."""
    cell = f"equations_{CELLS.get(step, step)}"
    return Wrong(name, cell, source, f"{cell}_check", f"(?is){says}")


PRIME = """


def slope_at(a):
    return a * (1 - a)
"""
WRONG = [
    wrong(
        "both_branches_are_computed",
        "sigmoid",
        "def sigmoid(z):\n    return np.where(z >= 0, 1 / (1 + np.exp(-z)), "
        f"np.exp(z) / (1 + np.exp(z))){PRIME}",
        "overflow|nan",
    ),
    wrong(
        "if_on_a_whole_array",
        "sigmoid",
        "def sigmoid(z):\n    if z >= 0:\n        return 1 / (1 + np.exp(-z))\n"
        f"    return np.exp(z) / (1 + np.exp(z)){PRIME}",
        "whole array",
    ),
    wrong(
        "the_function_of_the_notebook",
        "forward",
        """
        def forward(A, weights, biases):
            zs, activations = [], [A]
            for W, b in zip(weights, biases, strict=True):
                zs.append(activations[-1] @ W.T + b)
                activations.append(sigmoid(zs[-1]))
            return zs, activations
        """,
        "arguments differ from the task",
    ),
    wrong(
        "the_transpose_for_a_single_example",
        "hidden_error",
        "def hidden_error(W_next, delta_next, z):\n"
        "    return (W_next.T @ delta_next) * slope_at(sigmoid(z))",
        "matrix product of shapes|transpose",
    ),
    wrong(
        "one_array_for_two",
        "gradients",
        "def gradients(delta, a_prev):\n    return delta.T @ a_prev / len(delta)",
        "only dW is returned",
    ),
    wrong(
        "a_return_inside_the_loop",
        "backprop",
        """
        def backprop(x, y, weights, biases):
            zs, a = forward(x, weights, biases, [sigmoid] * len(weights))
            delta = output_error(a[-1], y, zs[-1])
            for layer in reversed(range(len(weights))):
                dW, db = gradients(delta, a[layer])
                return [dW], [db]
        """,
        "entries are expected|first layer is missing",
    ),
    wrong(
        "theta_not_restored",
        "numerical",
        """
        def numerical_gradient(cost, theta, eps=1e-5):
            result = np.zeros(len(theta))
            for i in range(len(theta)):
                theta[i] += eps
                above = cost(theta)
                theta[i] -= 2 * eps
                result[i] = (above - cost(theta)) / (2 * eps)
            return result
        """,
        "not put back.*in place",
    ),
]
