"""Backbones: networks from images to features, one file per source of weights."""
