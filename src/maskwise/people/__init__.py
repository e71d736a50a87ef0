"""Procedural people: photos of nobody, drawn with exact labels. Needs the extra `people`."""
