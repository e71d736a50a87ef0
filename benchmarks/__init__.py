"""Measurements behind the documents' figures; each is a script with `--help`."""
