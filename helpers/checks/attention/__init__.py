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
