"""The folder of a run, typed: metrics, lineage, split, predictions, members."""
