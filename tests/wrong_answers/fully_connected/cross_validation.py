"""Wrong answers to solutions/fully_connected/cross_validation.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong


def wrong(name, cell, says, source, also=()):
    return Wrong(name, f"cv_{cell}", source, f"cv_{cell}_check", says, also=also)


FLOATS = """
def deal(y, k):
    fold = np.zeros(len(y))
    for c in np.unique(y):
        fold[y == c] = np.arange(np.sum(y == c)) % k
    return fold
"""
EARLY = """
def validate(method, X, y, fold):
    guess, scores = np.zeros(len(y), dtype=int), []
    for j in range(fold.max() + 1):
        test = fold == j
        train_x, test_x = scaled(X, fold, j)
        guess[test] = method(train_x, y[~test], test_x)
        scores.append(np.mean(guess[test] == y[test]))
        return guess, np.mean(scores), np.std(scores)
"""
SAVED = """
def pack(model):
    {pack}


def unpack(text):
    {unpack}
"""


def saved(name, says, pack, unpack):
    return wrong(name, "saved", says, SAVED.format(pack=pack, unpack=unpack))


LISTS = "json.dumps({k: v if k == 'classes' else v.tolist() for k, v in model.items()})"
ARRAYS = "{k: np.array(v) for k, v in json.loads(text).items()}"
WRONG = [
    wrong("numbers_with_a_point", "deal", r"integers are expected", FLOATS),
    wrong("return_in_the_loop", "validate", r"first|loop|spread", EARLY),
    saved("evaluated", r"no JSON", "return repr(model)", "return eval(text, vars(np))"),
    saved(
        "kept_outside",
        r"last model",
        "global kept; kept = model; return '{}'",
        "return kept",
    ),
    saved("names_as_an_array", r"classes", f"return {LISTS}", f"return {ARRAYS}"),
]
