"""Diagnostic checks: one module for each chapter, and `core`, which they share."""
