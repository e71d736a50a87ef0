"""Questions that take several runs: is B better than A, what does one variable do, does a run repeat."""
