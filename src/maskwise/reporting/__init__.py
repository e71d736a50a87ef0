"""Plots, pages, galleries and the model card."""
