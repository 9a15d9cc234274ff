"""Checks of the chapter `lstm`, a module for each sheet."""

from ..engine import hint
from .flights_lstm import (
    beats_last_year,
    forecaster,
    prepare,
    recursive_forecast,
    same_month_last_year,
    unscale,
    windows,
)
from .lstm_cell import gates, gru_cell, lstm, memory, n_parameters, state
