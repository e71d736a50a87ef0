"""Which files in a folder are taken for photos."""

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
