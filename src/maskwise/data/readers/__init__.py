"""Readers: one file per layout of labelled data, registered by entry points."""
