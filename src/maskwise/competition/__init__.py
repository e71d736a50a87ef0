"""The task of the 2021 competition: its labels, its reader and its submission; registered by entry points."""
