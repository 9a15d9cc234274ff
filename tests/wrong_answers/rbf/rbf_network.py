"""Wrong answers to solutions/rbf/rbf_network.ipynb: what a slip cannot say."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "start_changed_in_place",
        "rbf_network_starts",
        """
        def k_means(X, starts, rounds):
            def distances(centers):
                return np.sum((X[:, None] - centers) ** 2, axis=2)
            for centers in starts:
                for _ in range(rounds):
                    labels = distances(centers).argmin(axis=1)
                    for j in np.unique(labels):
                        centers[j] = X[labels == j].mean(axis=0)
            best = min(starts, key=lambda c: distances(c).min(axis=1).sum())
            return best, distances(best).argmin(axis=1)
        """,
        loses="rbf_network_starts_check",
        says=r"changed its argument starts in place",
    ),
    Wrong(
        "empty_cluster_put_on_a_random_point",
        "rbf_network_starts",
        """
        def k_means(X, starts, rounds):
            def distances(centers):
                return np.sum((X[:, None] - centers) ** 2, axis=2)
            ends = []
            for centers in starts:
                for _ in range(rounds):
                    labels = distances(centers).argmin(axis=1)
                    centers = np.random.permutation(X)[: len(centers)]
                    for j in np.unique(labels):
                        centers[j] = X[labels == j].mean(axis=0)
                ends.append(centers)
            best = min(ends, key=lambda c: distances(c).min(axis=1).sum())
            return best, distances(best).argmin(axis=1)
        """,
        loses="rbf_network_starts_check",
        says=r"put on one of the points",
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
        says=r"changed its argument w in place",
    ),
]
