"""All cases: see `hostile`."""

from .hostile_accidents import ENDS, NUISANCES
from .hostile_cheats import FRAMES, OBJECTS, SHELL
from .hostile_files import FILES
from .hostile_machine import LEAKS, MACHINE

CASES = [
    *FILES, *SHELL, *OBJECTS, *FRAMES, *ENDS, *NUISANCES, *MACHINE, *LEAKS,
]  # fmt: skip
