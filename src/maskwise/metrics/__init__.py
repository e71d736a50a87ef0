"""Scores and their intervals as pure functions on arrays: no file, no plot, no run."""
