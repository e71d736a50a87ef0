"""The folder of a run and what lies in it, typed: metrics, lineage, split, predictions, members."""
