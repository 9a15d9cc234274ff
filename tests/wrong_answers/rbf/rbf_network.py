"""Wrong answers to solutions/rbf/rbf_network.ipynb."""

from tests.wrong_answers import Wrong


def basis(
    exponent: str, d2: str = "np.sum((X[:, None] - centers) ** 2, axis=2)"
) -> str:
    """The student's Gaussians, from the exponent that they write."""
    return f"""
def basis(X, centers, sigma):
    d2 = {d2}
    return np.exp({exponent})
"""


def k_means(final: str, empty: str = "") -> str:
    """The student's k-means, from its end and what happens to an empty cluster."""
    return f"""
def k_means(X, centers, rounds):
    for _ in range(rounds):
        labels = np.sum((X[:, None] - centers) ** 2, axis=2).argmin(axis=1)
        moved = centers.copy()
        for j in range(len(centers)):
            {empty or "if np.any(labels == j):"}
                moved[j] = X[labels == j].mean(axis=0)
        centers = moved
    {final}
"""


def widths(
    rule: str, own: str = "np.sqrt(np.mean((X[labels == j] - centers[j]) ** 2))"
):
    """The student's widths, from the rule for small clusters and the deviation."""
    return f"""
def widths(X, centers, labels):
    count = np.bincount(labels, minlength=len(centers))
    sigma = np.zeros(len(centers))
    for j in np.flatnonzero(count >= 2):
        sigma[j] = {own}
    {rule}
    return sigma
"""


def gradients(*results: str, two: str = "2 * ") -> str:
    """The student's gradients, from the four results."""
    return f"""
def gradients(x, y, w, b, centers, sigma):
    difference = x - centers
    d2 = np.sum(difference**2, axis=1)
    phi = np.exp(-d2 / (2 * sigma**2))
    delta = {two}(w @ phi + b - y)
    common = (delta * w * phi)[:, None]
    return {", ".join(results)}
"""


RIGHT = (
    "delta * phi",
    "delta",
    "common * difference / sigma[:, None] ** 2",
    "common[:, 0] * d2 / sigma**3",
)
MEAN = "sigma[count < 2] = sigma[count >= 2].mean()"
NEAREST = "np.sum((X[:, None] - centers) ** 2, axis=2).argmin(axis=1)"

WRONG = [
    Wrong(
        "two_missing_in_the_exponent",
        "rbf_network_basis",
        basis("-d2 / sigma**2"),
        loses="rbf_network_basis_check",
        says=r"2 is missing",
    ),
    Wrong(
        "distance_not_squared",
        "rbf_network_basis",
        basis("-np.sqrt(d2) / (2 * sigma**2)"),
        loses="rbf_network_basis_check",
        says=r"not squared",
    ),
    Wrong(
        "minus_sign_missing",
        "rbf_network_basis",
        basis("d2 / (2 * sigma**2)"),
        loses="rbf_network_basis_check",
        says=r"minus sign",
    ),
    Wrong(
        "empty_cluster_becomes_nan",
        "rbf_network_k_means",
        k_means(f"return centers, {NEAREST}", empty="if True:"),
        loses="rbf_network_k_means_check",
        says=r"mean of nothing",
    ),
    Wrong(
        "labels_of_the_round_before",
        "rbf_network_k_means",
        k_means("return centers, labels"),
        loses="rbf_network_k_means_check",
        says=r"before the last move",
    ),
    Wrong(
        "start_changed_in_place",
        "rbf_network_k_means",
        k_means(f"return centers, {NEAREST}").replace("centers.copy()", "centers"),
        loses="rbf_network_k_means_check",
        says=r"in place",
    ),
    Wrong(
        "points_of_the_others_pooled",
        "rbf_network_widths",
        widths("sigma[count < 2] = np.std(X[count[labels] >= 2])"),
        loses="rbf_network_widths_check",
        says=r"gaps between the clusters",
    ),
    Wrong(
        "single_points_have_width_zero",
        "rbf_network_widths",
        widths("pass"),
        loses="rbf_network_widths_check",
        says=r"have the width 0",
    ),
    Wrong(
        "zeros_in_the_mean",
        "rbf_network_widths",
        widths("sigma[count < 2] = sigma.mean()"),
        loses="rbf_network_widths_check",
        says=r"zeros of the small clusters",
    ),
    Wrong(
        "no_bias",
        "rbf_network_least_squares",
        """
        def least_squares(Phi, y):
            return np.linalg.lstsq(Phi, y, rcond=None)[0], 0.0
        """,
        loses="rbf_network_least_squares_check",
        says=r"no bias",
    ),
    Wrong(
        "bias_taken_from_the_wrong_end",
        "rbf_network_least_squares",
        """
        def least_squares(Phi, y):
            A = np.column_stack([np.ones(len(Phi)), Phi])
            theta = np.linalg.lstsq(A, y, rcond=None)[0]
            return theta[:-1], theta[-1]
        """,
        loses="rbf_network_least_squares_check",
        says=r"column of ones is the first",
    ),
    Wrong(
        "factor_two_lost",
        "rbf_network_gradients",
        gradients(*RIGHT, two=""),
        loses="rbf_network_gradients_check",
        says=r"factor 2",
    ),
    Wrong(
        "centers_move_away",
        "rbf_network_gradients",
        gradients(*RIGHT[:2], "-" + RIGHT[2], RIGHT[3]),
        loses="rbf_network_gradients_check",
        says=r"dcenters has the wrong sign",
    ),
    Wrong(
        "width_divided_by_its_square",
        "rbf_network_gradients",
        gradients(*RIGHT[:3], "common[:, 0] * d2 / sigma**2"),
        loses="rbf_network_gradients_check",
        says=r"not by σ³",
    ),
    Wrong(
        "all_examples_in_one_step",
        "rbf_network_fit_online",
        """
        def fit_online(Phi, y, w, b, eta, epochs):
            for _ in range(epochs):
                delta = 2 * (Phi @ w + b - y)
                w = w - eta * Phi.T @ delta
                b = b - eta * delta.sum()
            return w, b
        """,
        loses="rbf_network_fit_online_check",
        says=r"gathered into one step",
    ),
    Wrong(
        "weights_changed_in_place",
        "rbf_network_fit_online",
        """
        def fit_online(Phi, y, w, b, eta, epochs):
            for _ in range(epochs):
                for phi, target in zip(Phi, y):
                    delta = 2 * (phi @ w + b - target)
                    w -= eta * delta * phi
                    b -= eta * delta
            return w, b
        """,
        loses="rbf_network_fit_online_check",
        says=r"in place",
    ),
    Wrong(
        "error_computed_twice",
        "rbf_network_fit_online",
        """
        def fit_online(Phi, y, w, b, eta, epochs):
            for _ in range(epochs):
                for phi, target in zip(Phi, y):
                    w = w - eta * 2 * (phi @ w + b - target) * phi
                    b = b - eta * 2 * (phi @ w + b - target)
            return w, b
        """,
        loses="rbf_network_fit_online_check",
        says=r"again between w and b",
    ),
]
