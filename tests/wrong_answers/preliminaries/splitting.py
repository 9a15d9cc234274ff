"""Wrong answers to solutions/preliminaries/splitting.ipynb: what a slip cannot say."""

from tests.wrong_answers import Wrong


def stratified(name: str, test: str, says: str, result: str = "train, test"):
    """A split class by class, from the rows that are tested and the result."""
    source = f"""
def stratified_split(y, parts, rng):
    train, test = [], []
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        n_test = len(rows) // parts
        {test}
    return {result}
"""
    check = "splitting_stratified_check"
    return Wrong(name, "splitting_stratified", source, loses=check, says=says)


def shuffled(name: str, test: str, says: str, rest: str = "np.setdiff1d(all, test)"):
    """A split, from the indices of its parts."""
    source = f"""
def shuffled_split(N, n_test, rng):
    all = np.arange(N)
    test = {test}
    return {rest}, test
"""
    check = "splitting_shuffled_check"
    return Wrong(name, "splitting_shuffled", source, loses=check, says=says)


WRONG = [
    shuffled("with_replacement", "rng.integers(0, N, n_test)", r"with\s+replacement"),
    shuffled("counted_from_1", "1 + rng.permutation(N)[:n_test]", r"beyond 0"),
    shuffled("a_mask", "rng.permutation(N) < n_test", r"a mask\?", rest="~test"),
    stratified(
        "arrays_not_joined",
        "train.append(rows[n_test:]), test.append(rows[:n_test])",
        r"join lists",
    ),
    stratified(
        "only_the_last_class",
        "train, test = rows[n_test:], rows[:n_test]",
        r"in neither\s+part",
    ),
    stratified("one_part", "test.extend(rows[:n_test])", r"the two arrays", "test"),
]
