"""Training: recipes, the loop, runs and their lineage."""
