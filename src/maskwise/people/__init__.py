"""Procedural people: drawn, labelled exactly, nobody's photos."""
