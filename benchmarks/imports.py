"""`import helpers` against `import torch` in fresh interpreters: lower is better.

    python benchmarks/imports.py [--rounds 5] [--short]

A fresh interpreter measures the import alone, after its own start. `import helpers`
costs nearly nothing by itself, so the bar also holds for `helpers.data`, which every
notebook imports: the ratio of the last line is the larger of the two.
"""

import os
import subprocess
import sys

from _ratio import finish, interleave, options, ratio, table

BAR = 0.30
NAMES = ("helpers", "helpers.data", "torch")
PROGRAM = """
from time import perf_counter
start = perf_counter()
import {name}
print(perf_counter() - start)
"""


def main() -> None:
    """Measure and report."""
    settings = options(__doc__, rounds=5)
    sides = {f"import {name}": lambda name=name: seconds_of(name) for name in NAMES}
    interleave(sides, 1)  # compiles the modules and brings the files into memory
    seconds = interleave(sides, settings.rounds)
    table(seconds)
    shares = {
        name: ratio(seconds, f"import {name}", "import torch") for name in NAMES[:-1]
    }
    for name, share in shares.items():
        print(f"import {name} / import torch: {share:.4f} (lower is better)")
    value = max(shares.values())
    finish("imports", value, BAR, short=settings.short, lower_is_better=True)


def seconds_of(name: str) -> float:
    """Return how long a fresh interpreter with one thread needs to import `name`."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(name=name)],
        env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return float(process.stdout)


if __name__ == "__main__":
    main()
