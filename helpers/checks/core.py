"""What a check is written with: the public names of `helpers.checks.engine`."""

from . import engine
from .engine import *  # noqa: F403 the names that the engine lists

__all__ = engine.__all__
