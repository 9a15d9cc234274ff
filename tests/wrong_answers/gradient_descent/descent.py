"""Wrong answers to solutions/gradient_descent/descent.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "the_same_array_again_and_again",
        "descent_stop",
        """
        def descend(gradient, v, eta, steps, tol=0.0):
            v = v.copy()
            path = [v]
            while len(path) <= steps and np.linalg.norm(gradient(v)) >= tol:
                v -= eta * gradient(v)
                path.append(v)
            return np.array(path)
        """,
        loses="descent_stop_check",
        says=r"same array was stored again",
    ),
    Wrong(
        "the_gradient_of_a_gradient",
        "descent_hessian",
        """
        def hessian(cost, v, eps):
            slope = lambda u: numerical_gradient(cost, u, eps)
            return numerical_gradient(slope, v, eps)
        """,
        loses="descent_hessian_check",
        says=r"setting an array element",
    ),
    Wrong(
        "a_gradient_for_a_function",
        "descent_valley",
        """
        def which_minimum(start, eta, steps, minima):
            slope = numerical_gradient(peaks, start, 1e-5)
            end = descend(slope, start, eta, steps)[-1]
            distances = np.linalg.norm(minima - end, axis=1)
            return int(distances.argmin()) if distances.min() < 0.05 else -1
        """,
        loses="descent_valley_check",
        says=r"no function is called",
    ),
]
