"""Wrong answers to solutions/rbf/choose_k.ipynb."""

from tests.wrong_answers import Wrong


def width(result: str) -> str:
    """The student's width, from the line that returns it."""
    return f"""
def shared_width(centers):
    k = len(centers)
    distances = np.linalg.norm(centers[:, None] - centers, axis=2)
    return {result}
"""


def error(fit: str = "X, y", on: str = "X_val, y_val", measure: str = "") -> str:
    """The student's validation error, from what it fits, where and how it measures."""
    return f"""
def validation_error(X, y, X_val, y_val, centers):
    sigma = shared_width(centers)
    A, t = {fit}
    w, b = least_squares(basis(A, centers, sigma), t)
    A, t = {on}
    F = basis(A, centers, sigma) @ w + b
    return {measure or "np.sqrt(np.mean((F - t) ** 2))"}
"""


def choice(call: str, result: str = "candidates[int(errors.argmin())], errors") -> str:
    """The student's choice, from the call for each candidate and the result."""
    return f"""
def choose_k(X, y, X_val, y_val, candidates, centers_of):
    both = np.concatenate([X, X_val])
    errors = np.array([validation_error({call}) for k in candidates])
    return {result}
"""


def final(call: str) -> str:
    """The student's last error, from the call that makes it."""
    return f"""
def final_error(X, y, X_val, y_val, X_test, y_test, k, centers_of):
    A, t = np.concatenate([X, X_val]), np.concatenate([y, y_val])
    return validation_error({call})
"""


def xor(points: str, sigma: str = "np.ones(2)", targets: str = "[0.0, 1, 1, 0]") -> str:
    """The student's network, from its centers."""
    return f"""
def xor_network(points):
    centers, sigma = {points}, {sigma}
    w, b = least_squares(basis(points, centers, sigma), np.array({targets}))
    return centers, sigma, w, b
"""


VALIDATE = "X, y, X_val, y_val, centers_of(X, k)"

WRONG = [
    Wrong(
        "root_missing_in_the_width",
        "choose_k_width",
        width("np.full(k, distances.max() / (2 * k))"),
        loses="choose_k_width_check",
        says=r"root is missing",
    ),
    Wrong(
        "mean_distance",
        "choose_k_width",
        width("np.full(k, distances[np.triu_indices(k, 1)].mean() / np.sqrt(2 * k))"),
        loses="choose_k_width_check",
        says=r"mean distance",
    ),
    Wrong(
        "one_width_only",
        "choose_k_width",
        width("distances.max() / np.sqrt(2 * k)"),
        loses="choose_k_width_check",
        says=r"one for each center",
    ),
    Wrong(
        "fitted_on_the_validation_part",
        "choose_k_error",
        error(fit="X_val, y_val"),
        loses="choose_k_error_check",
        says=r"fitted on the validation part",
    ),
    Wrong(
        "training_error",
        "choose_k_error",
        error(on="X, y"),
        loses="choose_k_error_check",
        says=r"has not seen",
    ),
    Wrong(
        "squared_error",
        "choose_k_error",
        error(measure="np.mean((F - t) ** 2)"),
        loses="choose_k_error_check",
        says=r"root is missing",
    ),
    Wrong(
        "absolute_error",
        "choose_k_error",
        error(measure="np.mean(np.abs(F - t))"),
        loses="choose_k_error_check",
        says=r"mean absolute error",
    ),
    Wrong(
        "chosen_by_the_training_error",
        "choose_k_choose",
        choice("X, y, X, y, centers_of(X, k)"),
        loses="choose_k_choose_check",
        says=r"always asks for more",
    ),
    Wrong(
        "centers_have_seen_the_validation_part",
        "choose_k_choose",
        choice("X, y, X_val, y_val, centers_of(both, k)"),
        loses="choose_k_choose_check",
        says=r"centers are placed with the validation part",
    ),
    Wrong(
        "place_in_the_list",
        "choose_k_choose",
        choice(VALIDATE, "int(errors.argmin()), errors"),
        loses="choose_k_choose_check",
        says=r"not its k",
    ),
    Wrong(
        "largest_error",
        "choose_k_choose",
        choice(VALIDATE, "candidates[int(errors.argmax())], errors"),
        loses="choose_k_choose_check",
        says=r"largest error",
    ),
    Wrong(
        "validation_part_left_out_at_the_end",
        "choose_k_final",
        final("X, y, X_test, y_test, centers_of(X, k)"),
        loses="choose_k_final_check",
        says=r"training part alone",
    ),
    Wrong(
        "centers_have_seen_the_test_part",
        "choose_k_final",
        final("A, t, X_test, y_test, centers_of(np.concatenate([A, X_test]), k)"),
        loses="choose_k_final_check",
        says=r"centers have seen the test part",
    ),
    Wrong(
        "centers_of_k_means",
        "choose_k_xor",
        xor("(points[[0, 2]] + points[[1, 3]]) / 2"),
        loses="choose_k_xor_check",
        says=r"½ everywhere",
    ),
    Wrong(
        "neighbors_as_centers",
        "choose_k_xor",
        xor("points[:2]"),
        loses="choose_k_xor_check",
        says=r"same two distances",
    ),
    Wrong(
        "outputs_negated",
        "choose_k_xor",
        xor("points[[0, 3]]", targets="[1.0, 0, 0, 1]"),
        loses="choose_k_xor_check",
        says=r"XNOR",
    ),
    Wrong(
        "only_the_classes_are_right",
        "choose_k_xor",
        """
        def xor_network(points):
            sigma = np.full(2, np.linalg.norm(points[3] - points[0]) / 4)
            Phi = basis(points, points[[0, 3]], sigma)
            level = (Phi[0].sum() + Phi[1].sum()) / 2
            return points[[0, 3]], sigma, np.array([-1.0, -1.0]), level + 0.5
        """,
        loses="choose_k_xor_check",
        says=r"classes are right",
    ),
]
