"""What the benchmarks share: options, interleaved rounds, a table, the last line.

``--short`` runs one round of less work, so that the tests see that a benchmark still
runs; its ratio says nothing, and the bar is not applied.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter


def options(description: str, rounds: int, **others) -> argparse.Namespace:
    """Read ``--rounds``, ``--short`` and other options from the command line.

    `others` have their defaults as values; the type of an option is that of its
    default.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    for name, default in {"rounds": rounds, **others}.items():
        parser.add_argument(
            f"--{name}", type=type(default), default=default, help="default %(default)s"
        )
    parser.add_argument("--short", action="store_true", help="one round of less work")
    read = parser.parse_args()
    if read.rounds < 1:
        parser.error(f"--rounds {read.rounds}: at least one is needed")
    if read.short:
        read.rounds = 1
    return read


def interleave(
    sides: Mapping[str, Callable[[], float | None]], count: int
) -> dict[str, list[float]]:
    """Run each side once per round, so that a busy machine slows all of them.

    Parameters
    ----------
    sides : mapping from a label to a function
        A function that returns None is timed; one that measures itself returns seconds.
    count : int
        Number of rounds.

    Returns
    -------
    dict
        The seconds of each round by label.
    """
    seconds: dict[str, list[float]] = {label: [] for label in sides}
    for _ in range(count):
        for label, side in sides.items():
            start = perf_counter()
            measured = side()
            elapsed = perf_counter() - start
            seconds[label].append(elapsed if measured is None else measured)
    return seconds


def ratio(seconds: Mapping[str, list[float]], over: str, under: str) -> float:
    """Return the median over the rounds of one side's time divided by the other's."""
    pairs = zip(seconds[over], seconds[under], strict=True)
    return median(a / b for a, b in pairs)


def table(seconds: Mapping[str, list[float]]) -> None:
    """Print one line for each side: median, least and largest seconds."""
    width = max(map(len, seconds))
    print(f"{'':{width}}  {'median':>9}  {'min':>9}  {'max':>9}  seconds")
    for label, values in seconds.items():
        numbers = (median(values), min(values), max(values))
        print(f"{label:{width}}  " + "  ".join(f"{n:9.4f}" for n in numbers))


def finish(
    name: str,
    value: float,
    bar: float,
    *,
    short: bool = False,
    lower_is_better: bool = False,
) -> None:
    """Print the last line, and exit with 1 where the bar is missed."""
    digits = 2 if lower_is_better else 1
    print(f"{name} ratio={value:.{digits}f} bar={bar:.{digits}f}")
    reached = value <= bar if lower_is_better else value >= bar
    sys.exit(0 if reached or short else 1)
