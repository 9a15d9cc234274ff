"""What a notebook teaches, for benchmarks and tests: its cells tagged `define`."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def taught(chapter: str, **names) -> dict:
    """Execute the cells tagged `define` of a notebook; return what they define.

    `names` are what the cells use besides NumPy and `pairwise`, such as ``torch``.
    """
    notebook = json.loads((NOTEBOOKS / f"{chapter}.ipynb").read_text(encoding="utf-8"))
    namespace = {"np": np, "pairwise": pairwise} | names
    for cell in notebook["cells"]:
        if "define" in cell["metadata"].get("tags", ()):
            exec("".join(cell["source"]), namespace)
    return namespace
