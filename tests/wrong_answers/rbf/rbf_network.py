"""Wrong answers to solutions/rbf/rbf_network.ipynb: what a slip cannot say."""

from tests.wrong_answers import Wrong

WRONG = [
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
]
