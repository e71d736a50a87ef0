"""Faces in photos: found by a detector, remembered by content, and laid onto a template."""
