"""Recipes: the schema of everything a training may choose, and the recipes that ship."""
