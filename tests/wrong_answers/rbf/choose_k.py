"""Wrong answers to solutions/rbf/choose_k.ipynb: what a slip cannot say."""

from tests.wrong_answers import Wrong


def xor(name: str, centers: str, says: str, sigma: str = "np.ones(len(centers))"):
    """A network with the best weights for its centers."""
    source = f"""
def xor_network(points):
    centers = {centers}
    sigma = {sigma}
    w, b = least_squares(basis(points, centers, sigma), np.array([0.0, 1, 1, 0]))
    return centers, sigma, w, b
"""
    return Wrong(name, "choose_k_xor", source, loses="choose_k_xor_check", says=says)


WRONG = [
    xor("centers_of_k_means", "(points[[0, 2]] + points[[1, 3]]) / 2", "½ everywhere"),
    xor("neighbors_as_centers", "points[:2]", r"their\s+two\s+distances"),
    xor("three_gaussians", "points[:3]", r"\(3, 2\)"),
    xor("one_width", "points[[0, 3]]", r"\(2, 2\), \(\), \(2,\)", sigma="1.0"),
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
        says=r"weights\s+and\s+bias\s+do\s+not\s+fit",
    ),
    Wrong(
        "points_moved_in_place",
        "choose_k_xor",
        """
        def xor_network(points):
            points -= points[0]
            sigma = np.ones(2)
            Phi = basis(points, points[[0, 3]], sigma)
            w, b = least_squares(Phi, np.array([0.0, 1, 1, 0]))
            return points[[0, 3]], sigma, w, b
        """,
        loses="choose_k_xor_check",
        says=r"changed its argument points in place",
    ),
]
