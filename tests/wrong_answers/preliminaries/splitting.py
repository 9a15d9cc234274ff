"""Wrong answers to solutions/preliminaries/splitting.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "not_shuffled",
        "splitting_shuffled",
        """
        def shuffled_split(N, n_test, rng):
            return np.arange(N - n_test), np.arange(N - n_test, N)
        """,
        loses="splitting_shuffled_check",
        says=r"last rows",
    ),
    Wrong(
        "two_independent_draws",
        "splitting_shuffled",
        """
        def shuffled_split(N, n_test, rng):
            return rng.permutation(N)[n_test:], rng.permutation(N)[:n_test]
        """,
        loses="splitting_shuffled_check",
        says=r"in both parts",
    ),
    Wrong(
        "drawn_with_replacement",
        "splitting_shuffled",
        """
        def shuffled_split(N, n_test, rng):
            test = rng.integers(0, N, n_test)
            return np.setdiff1d(np.arange(N), test), test
        """,
        loses="splitting_shuffled_check",
        says=r"with\s+replacement",
    ),
    Wrong(
        "parts_exchanged",
        "splitting_shuffled",
        """
        def shuffled_split(N, n_test, rng):
            order = rng.permutation(N)
            return order[:n_test], order[n_test:]
        """,
        loses="splitting_shuffled_check",
        says=r"exchanged",
    ),
    Wrong(
        "own_seed",
        "splitting_shuffled",
        """
        def shuffled_split(N, n_test, rng):
            order = np.random.default_rng(0).permutation(N)
            return order[n_test:], order[:n_test]
        """,
        loses="splitting_shuffled_check",
        says=r"another rng gives the same",
    ),
    Wrong(
        "last_example_never_tested",
        "splitting_shuffled",
        """
        def shuffled_split(N, n_test, rng):
            test = rng.permutation(N - 1)[:n_test]
            return np.setdiff1d(np.arange(N), test), test
        """,
        loses="splitting_shuffled_check",
        says=r"off by one",
    ),
    Wrong(
        "random_block",
        "splitting_shuffled",
        """
        def shuffled_split(N, n_test, rng):
            start = rng.integers(0, N - n_test + 1)
            test = np.arange(start, start + n_test)
            return np.setdiff1d(np.arange(N), test), test
        """,
        loses="splitting_shuffled_check",
        says=r"neighbors",
    ),
    Wrong(
        "whole_cut_not_each_class",
        "splitting_stratified",
        """
        def stratified_split(y, parts, rng):
            order = rng.permutation(len(y))
            n_test = len(y) // parts
            return order[n_test:], order[:n_test]
        """,
        loses="splitting_stratified_check",
        says=r"not stratified",
    ),
    Wrong(
        "first_of_each_class",
        "splitting_stratified",
        """
        def stratified_split(y, parts, rng):
            test = []
            for label in np.unique(y):
                rows = np.flatnonzero(y == label)
                test.extend(rows[: len(rows) // parts])
            test = np.array(test)
            return np.setdiff1d(np.arange(len(y)), test), test
        """,
        loses="splitting_stratified_check",
        says=r"shuffle|rng",
    ),
    Wrong(
        "classes_assumed_to_be_0_to_k",
        "splitting_stratified",
        """
        def stratified_split(y, parts, rng):
            train, test = [], []
            for label in range(len(np.unique(y))):
                rows = rng.permutation(np.flatnonzero(y == label))
                test.extend(rows[: len(rows) // parts])
                train.extend(rows[len(rows) // parts :])
            return np.array(train), np.array(test)
        """,
        loses="splitting_stratified_check",
        says=r"neither part",
    ),
    Wrong(
        "rounded_up",
        "splitting_stratified",
        """
        def stratified_split(y, parts, rng):
            train, test = [], []
            for label in np.unique(y):
                rows = rng.permutation(np.flatnonzero(y == label))
                n_test = int(np.ceil(len(rows) / parts))
                test.extend(rows[:n_test])
                train.extend(rows[n_test:])
            return np.array(train), np.array(test)
        """,
        loses="splitting_stratified_check",
        says=r"rounds down",
    ),
    Wrong(
        "places_within_the_class",
        "splitting_stratified",
        """
        def stratified_split(y, parts, rng):
            train, test = [], []
            for label in np.unique(y):
                rows = rng.permutation((y == label).sum())
                test.extend(rows[: len(rows) // parts])
                train.extend(rows[len(rows) // parts :])
            return np.array(train), np.array(test)
        """,
        loses="splitting_stratified_check",
        says=r"places within a class",
    ),
    Wrong(
        "scaler_fitted_on_everything",
        "splitting_scaled",
        """
        def scaled_parts(X, train, test):
            mean, std = X.mean(axis=0), X.std(axis=0)
            scaled = (X - mean) / std
            return scaled[train], scaled[test], mean, std
        """,
        loses="splitting_scaled_check",
        says=r"leaked",
    ),
    Wrong(
        "test_part_scaled_by_itself",
        "splitting_scaled",
        """
        def scaled_parts(X, train, test):
            def scaled(rows):
                return (rows - rows.mean(axis=0)) / rows.std(axis=0)

            mean, std = X[train].mean(axis=0), X[train].std(axis=0)
            return scaled(X[train]), scaled(X[test]), mean, std
        """,
        loses="splitting_scaled_check",
        says=r"its own mean",
    ),
    Wrong(
        "test_part_not_scaled",
        "splitting_scaled",
        """
        def scaled_parts(X, train, test):
            mean, std = X[train].mean(axis=0), X[train].std(axis=0)
            return (X[train] - mean) / std, X[test], mean, std
        """,
        loses="splitting_scaled_check",
        says=r"not scaled",
    ),
    Wrong(
        "one_mean_for_all_columns",
        "splitting_scaled",
        """
        def scaled_parts(X, train, test):
            mean, std = X[train].mean(), X[train].std()
            return (X[train] - mean) / std, (X[test] - mean) / std, mean, std
        """,
        loses="splitting_scaled_check",
        says=r"all columns",
    ),
    Wrong(
        "deviation_by_n_minus_1",
        "splitting_scaled",
        """
        def scaled_parts(X, train, test):
            mean, std = X[train].mean(axis=0), X[train].std(axis=0, ddof=1)
            return (X[train] - mean) / std, (X[test] - mean) / std, mean, std
        """,
        loses="splitting_scaled_check",
        says=r"N − 1",
    ),
    Wrong(
        "scaled_in_place",
        "splitting_scaled",
        """
        def scaled_parts(X, train, test):
            mean, std = X[train].mean(axis=0), X[train].std(axis=0)
            X -= mean
            X /= std
            return X[train], X[test], mean, std
        """,
        loses="splitting_scaled_check",
        says=r"in place",
    ),
    Wrong(
        "pairs_counted",
        "splitting_audit",
        """
        def audit(X, train, test, mean, std):
            equal = (X[test][:, None] == X[train][None]).all(axis=2)
            clean = np.allclose(mean, X[train].mean(axis=0), rtol=0, atol=1e-8)
            clean &= np.allclose(std, X[train].std(axis=0), rtol=0, atol=1e-8)
            return int(np.isin(test, train).sum()), int(equal.sum()), not clean
        """,
        loses="splitting_audit_check",
        says=r"pairs",
    ),
    Wrong(
        "one_equal_entry_is_enough",
        "splitting_audit",
        """
        def audit(X, train, test, mean, std):
            equal = (X[test][:, None] == X[train][None]).any(axis=2)
            clean = np.allclose(mean, X[train].mean(axis=0), rtol=0, atol=1e-8)
            clean &= np.allclose(std, X[train].std(axis=0), rtol=0, atol=1e-8)
            copies = int(equal.any(axis=1).sum())
            return int(np.isin(test, train).sum()), copies, not clean
        """,
        loses="splitting_audit_check",
        says=r"one entry in common",
    ),
    Wrong(
        "only_the_mean_audited",
        "splitting_audit",
        """
        def audit(X, train, test, mean, std):
            equal = (X[test][:, None] == X[train][None]).all(axis=2)
            copies = int(equal.any(axis=1).sum())
            clean = np.allclose(mean, X[train].mean(axis=0), rtol=0, atol=1e-8)
            return int(np.isin(test, train).sum()), copies, not clean
        """,
        loses="splitting_audit_check",
        says=r"mean only",
    ),
    Wrong(
        "compared_with_all_examples",
        "splitting_audit",
        """
        def audit(X, train, test, mean, std):
            equal = (X[test][:, None] == X[train][None]).all(axis=2)
            copies = int(equal.any(axis=1).sum())
            clean = np.allclose(mean, X.mean(axis=0), rtol=0, atol=1e-8)
            clean &= np.allclose(std, X.std(axis=0), rtol=0, atol=1e-8)
            return int(np.isin(test, train).sum()), copies, not clean
        """,
        loses="splitting_audit_check",
        says=r"all examples",
    ),
    Wrong(
        "leak_is_false",
        "splitting_audit",
        """
        def audit(X, train, test, mean, std):
            equal = (X[test][:, None] == X[train][None]).all(axis=2)
            copies = int(equal.any(axis=1).sum())
            clean = np.allclose(mean, X[train].mean(axis=0), rtol=0, atol=1e-8)
            clean &= np.allclose(std, X[train].std(axis=0), rtol=0, atol=1e-8)
            return int(np.isin(test, train).sum()), copies, clean
        """,
        loses="splitting_audit_check",
        says=r"wrong way round",
    ),
    Wrong(
        "rounding_taken_for_a_leak",
        "splitting_audit",
        """
        def audit(X, train, test, mean, std):
            equal = (X[test][:, None] == X[train][None]).all(axis=2)
            copies = int(equal.any(axis=1).sum())
            clean = (mean == X[train].mean(axis=0)).all()
            clean &= (std == X[train].std(axis=0)).all()
            return int(np.isin(test, train).sum()), copies, not clean
        """,
        loses="splitting_audit_check",
        says=r"rounding",
    ),
    Wrong(
        "chosen_by_the_test_part",
        "splitting_choose",
        """
        def choose(accuracy, settings):
            scores = [accuracy(setting, "test") for setting in settings]
            return settings[int(np.argmax(scores))], max(scores)
        """,
        loses="splitting_choose_check",
        says=r"chosen by the test part",
    ),
    Wrong(
        "chosen_by_training_accuracy",
        "splitting_choose",
        """
        def choose(accuracy, settings):
            scores = [accuracy(setting, "train") for setting in settings]
            best = settings[int(np.argmax(scores))]
            return best, accuracy(best, "test")
        """,
        loses="splitting_choose_check",
        says=r"training part",
    ),
    Wrong(
        "validation_accuracy_reported",
        "splitting_choose",
        """
        def choose(accuracy, settings):
            scores = [accuracy(setting, "validation") for setting in settings]
            return settings[int(np.argmax(scores))], max(scores)
        """,
        loses="splitting_choose_check",
        says=r"never\s+asked",
    ),
    Wrong(
        "test_part_asked_for_every_setting",
        "splitting_choose",
        """
        def choose(accuracy, settings):
            scores = [accuracy(setting, "validation") for setting in settings]
            tested = [accuracy(setting, "test") for setting in settings]
            best = int(np.argmax(scores))
            return settings[best], tested[best]
        """,
        loses="splitting_choose_check",
        says=r"asked 5 times",
    ),
    Wrong(
        "largest_of_equally_good",
        "splitting_choose",
        """
        def choose(accuracy, settings):
            best, top = None, -1
            for setting in settings:
                score = accuracy(setting, "validation")
                if score >= top:
                    best, top = setting, score
            return best, accuracy(best, "test")
        """,
        loses="splitting_choose_check",
        says=r"equally good",
    ),
    Wrong(
        "place_for_the_setting",
        "splitting_choose",
        """
        def choose(accuracy, settings):
            scores = [accuracy(setting, "validation") for setting in settings]
            best = int(np.argmax(scores))
            return best, accuracy(settings[best], "test")
        """,
        loses="splitting_choose_check",
        says=r"place in the list",
    ),
]
