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
