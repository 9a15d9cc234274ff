"""Wrong answers to solutions/backpropagation/four_equations.ipynb."""

from tests.wrong_answers import Wrong

LAST = ("equations_backprop_check",)  # step 6 is built from steps 2 to 5

WRONG = [
    Wrong(
        "derivative_of_the_activation_taken_twice",
        "equations_sigmoid",
        """
        def sigmoid(z):
            return 0.5 * (1 + np.tanh(0.5 * z))


        def sigmoid_prime(z):
            return z * (1 - z)
        """,
        loses="equations_sigmoid_check",
        says=r"(?i)z\s*[·*(⊙]|of z itself|not of|already|activation",
    ),
    Wrong(
        "sigmoid_overflows",
        "equations_sigmoid",
        """
        def sigmoid(z):
            return np.exp(z) / (1 + np.exp(z))


        def sigmoid_prime(z):
            return sigmoid(z) * (1 - sigmoid(z))
        """,
        loses="equations_sigmoid_check",
        says=r"(?i)nan|overflow|inf",
    ),
    Wrong(
        "bias_left_out",
        "equations_forward",
        """
        def forward(x, weights, biases):
            zs, activations = [], [x]
            for W in weights:
                zs.append(activations[-1] @ W.T)
                activations.append(0.5 * (1 + np.tanh(0.5 * zs[-1])))
            return zs, activations
        """,
        loses="equations_forward_check",
        says=r"(?i)bias",
    ),
    Wrong(
        "input_not_among_the_activations",
        "equations_forward",
        """
        def forward(x, weights, biases):
            zs, activations, a = [], [], x
            for W, b in zip(weights, biases):
                zs.append(a @ W.T + b)
                a = 0.5 * (1 + np.tanh(0.5 * zs[-1]))
                activations.append(a)
            return zs, activations
        """,
        loses="equations_forward_check",
        says=r"(?i)input|x itself|activations",
    ),
    Wrong(
        "output_error_with_the_wrong_sign",
        "equations_output_error",
        """
        def output_error(a, y, z):
            s = 0.5 * (1 + np.tanh(0.5 * z))
            return (y - a) * s * (1 - s)
        """,
        loses="equations_output_error_check",
        says=r"(?i)sign",
    ),
    Wrong(
        "output_error_without_sigma_prime",
        "equations_output_error",
        """
        def output_error(a, y, z):
            return a - y
        """,
        loses="equations_output_error_check",
        says=r"(?i)σ′|sigma'|derivative",
    ),
    Wrong(
        "output_error_divided_by_the_batch",
        "equations_output_error",
        """
        def output_error(a, y, z):
            s = 0.5 * (1 + np.tanh(0.5 * z))
            return (a - y) * s * (1 - s) / len(a)
        """,
        loses="equations_output_error_check",
        says=r"(?i)divided|1/m|batch|number of examples",
    ),
    Wrong(
        "hidden_error_through_the_transpose",
        "equations_hidden_error",
        """
        def hidden_error(W_next, delta_next, z):
            s = 0.5 * (1 + np.tanh(0.5 * z))
            return (delta_next @ W_next.T) * s * (1 - s)
        """,
        loses="equations_hidden_error_check",
        says=r"(?i)transpos|shape",
    ),
    Wrong(
        "hidden_error_with_sigma_instead_of_its_derivative",
        "equations_hidden_error",
        """
        def hidden_error(W_next, delta_next, z):
            return (delta_next @ W_next) * 0.5 * (1 + np.tanh(0.5 * z))
        """,
        loses="equations_hidden_error_check",
        says=r"(?i)σ\(|σ instead|σ′|derivative",
    ),
    Wrong(
        "gradients_summed_over_the_batch",
        "equations_gradients",
        """
        def gradients(delta, a_prev):
            return delta.T @ a_prev, delta.sum(axis=0)
        """,
        loses="equations_gradients_check",
        says=r"(?i)sum|divide|mean|number of examples",
    ),
    Wrong(
        "gradient_of_the_weights_transposed",
        "equations_gradients",
        """
        def gradients(delta, a_prev):
            return a_prev.T @ delta / len(delta), delta.mean(axis=0)
        """,
        loses="equations_gradients_check",
        says=r"(?i)transpos",
    ),
    Wrong(
        "bias_gradient_averaged_over_neurons",
        "equations_gradients",
        """
        def gradients(delta, a_prev):
            return delta.T @ a_prev / len(delta), delta.mean(axis=1)
        """,
        loses="equations_gradients_check",
        says=r"(?i)axis|over the neurons|over the examples|features",
    ),
    Wrong(
        "gradients_in_reverse_order",
        "equations_backprop",
        """
        def backprop(x, y, weights, biases):
            zs, activations = forward(x, weights, biases)
            delta = output_error(activations[-1], y, zs[-1])
            dWs, dbs = [], []
            for layer in reversed(range(len(weights))):
                dW, db = gradients(delta, activations[layer])
                dWs.append(dW)
                dbs.append(db)
                if layer > 0:
                    delta = hidden_error(weights[layer], delta, zs[layer - 1])
            return dWs, dbs
        """,
        loses="equations_backprop_check",
        says=r"(?i)order|revers|last layer",
    ),
    Wrong(
        "one_sided_difference",
        "equations_numerical",
        """
        def numerical_gradient(cost, theta, eps=1e-5):
            result = np.zeros(len(theta))
            for i in range(len(theta)):
                step = np.zeros(len(theta))
                step[i] = eps
                result[i] = (cost(theta + step) - cost(theta)) / eps
            return result
        """,
        loses="equations_numerical_check",
        says=r"(?i)one-sided|forward difference|central|one side",
    ),
    Wrong(
        "theta_not_restored",
        "equations_numerical",
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
        loses="equations_numerical_check",
        says=r"(?i)in place|restore|changed|as it was",
    ),
]
