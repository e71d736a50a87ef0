"""Photos mixed with others of their batch: after the split, among training photos alone."""
