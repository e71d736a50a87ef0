"""Training: the loop, folds, and what a run learns from."""
