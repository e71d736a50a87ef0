"""The errors that reach a user as one line."""


class MaskwiseError(Exception):
    """Anything that ends a command with one line instead of a traceback.

    Args:
        message: speaks of values and files.
        setting: the name of the parameter to change, such as `out`; the command line adds its option.
    """

    exit_code = 1

    def __init__(self, message: str, *, setting: str | None = None) -> None:
        super().__init__(message)
        self.setting = setting


class InputError(MaskwiseError):
    """Bad input or usage: the message says what was expected, what was found, where, and what to do."""

    exit_code = 2


class StoppedError(MaskwiseError):
    """The user asked to stop before there was anything to keep: whatever runs several trainings stops too."""


class LeakError(InputError):
    """A person, or the same photo, would stand on both sides of a split."""


def in_short(error: BaseException) -> str:
    """The message of another library's error, in one line of at most 160 characters."""
    return " ".join(str(error).split())[:160] or type(error).__name__
