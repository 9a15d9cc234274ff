"""Wrong answers to solutions/gradient_descent/descent.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "the_same_array_again_and_again",
        "descent_path",
        """
        def descend(gradient, v, eta, steps):
            v = v.copy()
            path = [v]
            for _ in range(steps):
                v -= eta * gradient(v)
                path.append(v)
            return np.array(path)
        """,
        loses="descent_path_check",
        says=r"same array was stored again",
    ),
    Wrong(
        "the_start_is_changed",
        "descent_path",
        """
        def descend(gradient, v, eta, steps):
            path = [v.copy()]
            for _ in range(steps):
                v -= eta * gradient(v)
                path.append(v.copy())
            return np.array(path)
        """,
        loses="descent_path_check",
        says=r"changed its argument v in place",
    ),
    Wrong(
        "a_caret_for_a_power",
        "descent_peaks",
        """
        def peaks(v):
            x, y = v
            return 3 * (x - 1)^2 * np.exp(-x^2 - (y + 1)^2)
        """,
        loses="descent_peaks_check",
        says=r"`\^` is no power",
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
