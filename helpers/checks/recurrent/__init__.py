"""Checks of the chapter `recurrent`, a module for each sheet."""

from ..engine import hint
from .bptt import (
    clip_norm,
    clip_value,
    forward,
    gradients,
    hidden_deltas,
    jacobian_norms,
    output_delta,
    step,
)
from .char_rnn import (
    bigram,
    examples,
    one_hot,
    perplexity,
    probabilities,
    sample,
    vocabulary,
)

__all__ = [
    "bigram",
    "clip_norm",
    "clip_value",
    "examples",
    "forward",
    "gradients",
    "hidden_deltas",
    "hint",
    "jacobian_norms",
    "one_hot",
    "output_delta",
    "perplexity",
    "probabilities",
    "sample",
    "step",
    "vocabulary",
]
