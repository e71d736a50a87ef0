"""The audit's checks, one per file; `registry.py` lists them in the order in which they run."""
