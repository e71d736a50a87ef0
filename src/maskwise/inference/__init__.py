"""Predictions from runs: streamed, resumable, a row for every photo."""
