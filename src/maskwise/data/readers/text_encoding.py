"""The encoding of a text file: by its byte order mark, or by whether it is valid UTF-8."""

import codecs
from pathlib import Path

from maskwise.errors import InputError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),  # spreadsheets like to put a byte order mark in front
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BLOCK = 1 << 20


def detect_encoding(path: Path) -> str:
    """`utf-8-sig`, `utf-16`, `utf-16-le`, `utf-16-be`, `utf-8`, or `cp1252` for what is no valid UTF-8.

    Raises:
        InputError: when the file is missing or can't be read.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_BLOCK)
            for mark, encoding in _MARKS:
                if head.startswith(mark):
                    return encoding
            if encoding_without_mark := _utf_16_without_mark(head):
                return encoding_without_mark
            decoder = codecs.getincrementaldecoder("utf-8")()
            block = head
            while block:
                decoder.decode(block)
                block = stream.read(_BLOCK)
            decoder.decode(b"", final=True)
    except FileNotFoundError as error:
        raise InputError(f"Expected {path} to exist, but it does not.") from error
    except UnicodeDecodeError:
        return "cp1252"
    except OSError as error:
        raise InputError(f"Expected {path} to be a readable file, got: {error.strerror}.") from error
    return "utf-8"


def _utf_16_without_mark(head: bytes) -> str | None:
    """UTF-16 of mostly Latin letters has a zero in every other byte."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > len(head) // 5 and not even:
        return "utf-16-le"
    return "utf-16-be" if even > len(head) // 5 and not odd else None
