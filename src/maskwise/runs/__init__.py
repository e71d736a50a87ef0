"""The folder of a run: its files, their schemas, how they are read and written."""
