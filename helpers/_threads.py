"""How many threads the numerical libraries may use, chosen before they are loaded.

PyTorch and OpenBLAS take one thread for each core and let idle ones spin. Where other
work shares the cores, the threads of a small network then wait for each other: a
notebook that needs 8 s of processor time took minutes. Half of the cores is as fast on
a quiet machine for networks of this book's size, and calm on a busy one.
"""

import os
import sys

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def count() -> int:
    """Return half of the cores that this process may use, at least one."""
    if hasattr(os, "sched_getaffinity"):  # not on macOS and Windows
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, cores // 2)


def choose() -> None:
    """Set the number of threads, unless the user has set it.

    The variables count for libraries that are loaded later; a PyTorch that is there
    already is told.
    """
    if any(name in os.environ for name in VARIABLES):
        return
    os.environ |= dict.fromkeys(VARIABLES, str(count()))
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(count())
