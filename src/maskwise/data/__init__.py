"""Photos and their labels: reading, scanning, splitting, decoding, transforming, loading."""
