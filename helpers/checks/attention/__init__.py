"""Checks of the chapter `attention`, a module for each sheet."""

from ..engine import hint
from .attention_by_hand import (
    gradients,
    heads,
    hide,
    look_up,
    match,
    move_code,
    residual,
)
from .transformer import (
    block,
    continue_text,
    count,
    learn,
    perplexity_of,
    writer,
)

__all__ = [
    "block",
    "continue_text",
    "count",
    "gradients",
    "heads",
    "hide",
    "hint",
    "learn",
    "look_up",
    "match",
    "move_code",
    "perplexity_of",
    "residual",
    "writer",
]
