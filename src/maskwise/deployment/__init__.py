"""From a run to a file that others can use, and what they must know of it."""
