"""Wrong answers to solutions/gradient_descent/descent.ipynb."""

from tests.wrong_answers import Wrong

VALLEY = ("descent_valley_check",)

WRONG = [
    Wrong(
        "forward_difference",
        "descent_numerical",
        """
        def numerical_gradient(cost, theta, eps):
            gradient = np.zeros(len(theta))
            for i in range(len(theta)):
                step = np.zeros(len(theta))
                step[i] = eps
                gradient[i] = (cost(theta + step) - cost(theta)) / eps
            return gradient
        """,
        loses="descent_numerical_check",
        says=r"forward difference",
    ),
    Wrong(
        "theta_is_not_put_back",
        "descent_numerical",
        """
        def numerical_gradient(cost, theta, eps):
            theta = theta.copy()
            gradient = np.zeros(len(theta))
            for i in range(len(theta)):
                theta[i] += eps
                above = cost(theta)
                theta[i] -= 2 * eps
                gradient[i] = (above - cost(theta)) / (2 * eps)
            return gradient
        """,
        loses="descent_numerical_check",
        says=r"put back|pile",
    ),
    Wrong(
        "climbs",
        "descent_path",
        """
        def descend(gradient, v, eta, steps):
            path = [v]
            for _ in range(steps):
                path.append(path[-1] + eta * gradient(path[-1]))
            return np.array(path)
        """,
        loses="descent_path_check",
        says=r"sign",
    ),
    Wrong(
        "start_is_missing",
        "descent_path",
        """
        def descend(gradient, v, eta, steps):
            path = []
            for _ in range(steps):
                v = v - eta * gradient(v)
                path.append(v)
            return np.array(path)
        """,
        loses="descent_path_check",
        says=r"first row is the start",
    ),
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
        says=r"all rows are the end|same array",
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
        says=r"in place",
    ),
    Wrong(
        "gradient_of_the_start_for_all_steps",
        "descent_path",
        """
        def descend(gradient, v, eta, steps):
            g = gradient(v)
            return np.array([v - eta * t * g for t in range(steps + 1)])
        """,
        loses="descent_path_check",
        says=r"gradient at the start",
    ),
    Wrong(
        "learning_rate_forgotten",
        "descent_path",
        """
        def descend(gradient, v, eta, steps):
            path = [v]
            for _ in range(steps):
                path.append(path[-1] - gradient(path[-1]))
            return np.array(path)
        """,
        loses="descent_path_check",
        says=r"η is missing",
    ),
    Wrong(
        "bound_from_the_flattest_direction",
        "descent_rates",
        """
        def largest_rate(H):
            return 2 / np.linalg.eigvalsh(H).min()


        def best_rate(H):
            eigenvalues = np.linalg.eigvalsh(H)
            return 2 / (eigenvalues.min() + eigenvalues.max())
        """,
        loses="descent_rates_check",
        says=r"λ_min: the largest curvature",
    ),
    Wrong(
        "diagonal_for_eigenvalues",
        "descent_rates",
        """
        def largest_rate(H):
            return 2 / np.diag(H).max()


        def best_rate(H):
            return 2 / (np.diag(H).min() + np.diag(H).max())
        """,
        loses="descent_rates_check",
        says=r"diagonal",
    ),
    Wrong(
        "best_rate_is_one_over_the_largest",
        "descent_rates",
        """
        def largest_rate(H):
            return 2 / np.linalg.eigvalsh(H).max()


        def best_rate(H):
            return 1 / np.linalg.eigvalsh(H).max()
        """,
        loses="descent_rates_check",
        says=r"1/λ_max: that ignores the flattest",
    ),
    Wrong(
        "second_term_added",
        "descent_peaks",
        """
        def peaks(v):
            x, y = v
            return (
                3 * (x - 1) ** 2 * np.exp(-(x**2) - (y + 1) ** 2)
                + np.exp(-((x + 1) ** 2) - y**2) / 3
                + (10 * x**3 - 2 * x + 10 * y**5) * np.exp(-(x**2) - y**2)
            )
        """,
        loses="descent_peaks_check",
        says=r"second term is added",
    ),
    Wrong(
        "third_power_of_y",
        "descent_peaks",
        """
        def peaks(v):
            x, y = v
            return (
                3 * (x - 1) ** 2 * np.exp(-(x**2) - (y + 1) ** 2)
                - np.exp(-((x + 1) ** 2) - y**2) / 3
                + (10 * x**3 - 2 * x + 10 * y**3) * np.exp(-(x**2) - y**2)
            )
        """,
        loses="descent_peaks_check",
        says=r"y³ in place of y⁵",
    ),
    Wrong(
        "points_in_rows",
        "descent_peaks",
        """
        def peaks(v):
            x, y = v[..., 0], v[..., 1]
            return (
                3 * (x - 1) ** 2 * np.exp(-(x**2) - (y + 1) ** 2)
                - np.exp(-((x + 1) ** 2) - y**2) / 3
                + (10 * x**3 - 2 * x + 10 * y**5) * np.exp(-(x**2) - y**2)
            )
        """,
        loses="descent_peaks_check",
        says=r"last axis",
    ),
    Wrong(
        "signs_of_the_diagonal",
        "descent_saddle",
        """
        def downhill_directions(H):
            return int(np.sum(np.diag(H) < 0))
        """,
        loses="descent_saddle_check",
        says=r"diagonal",
    ),
    Wrong(
        "uphill_counted",
        "descent_saddle",
        """
        def downhill_directions(H):
            return int(np.sum(np.linalg.eigvalsh(H) > 0))
        """,
        loses="descent_saddle_check",
        says=r"uphill",
    ),
    Wrong(
        "a_saddle_or_not",
        "descent_saddle",
        """
        def downhill_directions(H):
            return int(np.linalg.det(H) < 0)
        """,
        loses="descent_saddle_check",
        says=r"determinant",
    ),
    Wrong(
        "nearest_minimum_however_far",
        "descent_valley",
        """
        def which_minimum(start, eta, steps, minima):
            def slope(v):
                return numerical_gradient(peaks, v, 1e-5)

            end = descend(slope, start, eta, steps)[-1]
            return int(np.linalg.norm(minima - end, axis=1).argmin())
        """,
        loses="descent_valley_check",
        says=r"however far",
    ),
    Wrong(
        "counted_from_one",
        "descent_valley",
        """
        def which_minimum(start, eta, steps, minima):
            def slope(v):
                return numerical_gradient(peaks, v, 1e-5)

            end = descend(slope, start, eta, steps)[-1]
            distances = np.linalg.norm(minima - end, axis=1)
            return int(distances.argmin()) + 1 if distances.min() < 0.05 else -1
        """,
        loses="descent_valley_check",
        says=r"counted from 1",
    ),
    Wrong(
        "the_start_is_compared",
        "descent_valley",
        """
        def which_minimum(start, eta, steps, minima):
            distances = np.linalg.norm(minima - start, axis=1)
            return int(distances.argmin()) if distances.min() < 0.05 else -1
        """,
        loses="descent_valley_check",
        says=r"start is compared",
    ),
]
