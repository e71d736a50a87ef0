"""maskwise: mask, gender and age band from photos of people, with a score one can trust."""

__version__ = "0.1.0"
