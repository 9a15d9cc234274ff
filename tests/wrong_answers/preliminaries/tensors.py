"""Wrong answers to solutions/preliminaries/tensors.ipynb: what a slip cannot say."""

from tests.wrong_answers import Wrong


def wrong(name: str, step: str, head: str, body: str, says: str) -> Wrong:
    """One function of the sheet, from its head and its body."""
    lines = "\n".join(f"    {line}" for line in body.split("; "))
    source, check = f"def {head}:\n{lines}\n", f"tensors_{step}_check"
    return Wrong(name, f"tensors_{step}", source, loses=check, says=says)


ROWS, CODE = ("rows", "to_rows(images)"), ("one_hot", "one_hot(y, k)")
COLUMNS, FRAME = ("standardize", "standardize(X)"), ("framed", "framed(images, value)")
LAYERS = "layers", "many_layers(A, W, b)"
PAIRS = "distances", "squared_distances(A, B)"

WRONG = [
    wrong(
        "pixels_in_double_precision",
        *ROWS,
        "return images.reshape(len(images), -1).double() / 255",
        r"float64 came",
    ),
    wrong(
        "images_taken_for_squares",
        *ROWS,
        "return images.reshape(len(images), images.shape[1] ** 2) / 255",
        r"height\s+and\s+width taken for equal",
    ),
    wrong(
        "an_array",
        *ROWS,
        "return images.numpy().reshape(len(images), -1) / 255",
        r"a NumPy array came",
    ),
    wrong(
        "one_hot_of_integers",
        *CODE,
        "return torch.nn.functional.one_hot(y, k)",
        r"int64 came",
    ),
    wrong(
        "no_axes_inserted", *PAIRS, "return ((A - B) ** 2).sum(dim=1)", r"pairs row i"
    ),
    wrong(
        "bias_on_the_wrong_axis",
        *LAYERS,
        "return A @ W.mT + b",
        r"meets the wrong\s+axis",
    ),
]
