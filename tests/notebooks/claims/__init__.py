"""Claims of the chapters that one seed cannot carry."""

SEEDS = range(5)
