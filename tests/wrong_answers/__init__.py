"""Mistakes that students make, one module for each exercise.

`tests/test_exercises.py` hands in each of them and expects that it loses its step and
no other, and that the message names the mistake.
"""

from dataclasses import dataclass
from textwrap import dedent


@dataclass(frozen=True)
class Wrong:
    """One submission: the reference answers, with one cell replaced.

    Attributes
    ----------
    name : str
        Says what is wrong; unique in its exercise.
    cell : str
        `grade_id` of the answer cell that is replaced.
    source : str
        What the student wrote there.
    loses : str
        `grade_id` of the check that must not give full points.
    says : str
        Regular expression that the message of this check must match.
    keeps : float
        Points that the check still gives; 0 but for partial credit.
    also : tuple of str
        Further checks of the same answer that it loses: checks on an earlier answer
        are followed through, with the reference in its place.
    """

    name: str
    cell: str
    source: str
    loses: str
    says: str
    keeps: float = 0.0
    also: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """The student's cell, without the indentation of the module."""
        return dedent(self.source).strip() + "\n"
