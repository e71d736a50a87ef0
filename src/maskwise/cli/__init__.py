"""The commands: thin, and nothing heavy imported before it is needed."""
