"""Scoring a run on data, and fitting decisions on out-of-fold predictions."""
