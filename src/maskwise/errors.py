"""The errors that reach a user as one line."""


class MaskwiseError(Exception):
    """Anything that ends a command with one line instead of a traceback."""

    exit_code = 1


class InputError(MaskwiseError):
    """Bad input or usage: the message says what was expected, where, and what to do."""

    exit_code = 2


class StoppedError(MaskwiseError):
    """The user asked to stop before there was anything to keep: whatever runs several trainings stops too."""


class LeakError(InputError):
    """A person, or the same photo, would stand on both sides of a split."""


def in_short(error: BaseException) -> str:
    """What an error of another library says, in one line of at most 160 characters."""
    return " ".join(str(error).split())[:160] or type(error).__name__
