"""Atomic files: written under a temporary name in the same folder, then renamed."""

import csv
import io
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from maskwise.errors import InputError, MaskwiseError, in_short


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """A temporary path in the target's folder that replaces `target` when the block succeeds.

    Raises:
        MaskwiseError: when the disk is full or the folder can't be written; `target` is not changed.
    """
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f".{target.name}.{secrets.token_hex(4)}.tmp"
        temporary.touch(exist_ok=False)  # readable by others as the user's umask allows, unlike tempfile's
        yield temporary
        temporary.replace(target)
    except Exception as error:
        # Libraries written in Rust wrap the system's message: `No space left on device (os error 28)`.
        if not isinstance(error, OSError) and "os error" not in str(error):
            raise
        reason = getattr(error, "strerror", None) or in_short(error)
        raise MaskwiseError(
            f"Expected to write {target}, got {reason}. Free some space or choose another folder; what was there "
            "before is unchanged."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def check_folder(path: Path, what: str) -> None:
    """Check that a folder exists.

    Args:
        path: of the folder.
        what: what is expected, such as `a run folder`.

    Raises:
        InputError: when it does not exist.
    """
    if not path.is_dir():
        found = "is a file" if path.exists() else "does not exist"
        raise InputError(f"Expected {path} to be {what}, but it {found}.")


@contextmanager
def locked(lock: Path, what: str, *, wait: float = 0) -> Iterator[None]:
    """Hold a lock between processes while the block runs.

    Args:
        lock: a file for the lock; it is removed at the end, unless other processes may wait for it.
        what: what is locked, for the message.
        wait: seconds to wait for it.

    Raises:
        InputError: when another process holds it.
    """
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MaskwiseError(f"Expected to make the folder {lock.parent}, got {error.strerror}.") from error
    held = FileLock(lock, timeout=wait)
    try:
        held.acquire()
    except Timeout as error:
        advice = f"it has done so for {wait:g} s: end it" if wait else "wait for it, or choose another folder"
        raise InputError(
            f"Expected {what} to be free, but another process is writing it: {advice}."
        ) from error
    except (OSError, NotImplementedError) as error:
        raise MaskwiseError(
            f"Expected to write in {lock.parent}, got {getattr(error, 'strerror', None) or error}: "
            "choose another folder."
        ) from error
    try:
        yield
    finally:
        if not wait:
            with suppress(OSError):  # an open file can't be removed on Windows
                lock.unlink()
        held.release()


def printable(name: str | Path) -> str:
    """A name that can be printed and stored: bytes that are not UTF-8 become `\\xff`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text atomically, line ends unchanged."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


def write_csv(target: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Write a CSV atomically, lines ending in a line feed; returns the text."""
    buffer = io.StringIO()
    # Readers take a lone carriage return for the end of a row; Python quotes it only when it quotes everything.
    odd = any("\r" in cell for row in rows for cell in row if isinstance(cell, str))
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_ALL if odd else csv.QUOTE_MINIMAL)
    writer.writerow(header)
    writer.writerows(rows)
    write_text(target, buffer.getvalue())
    return buffer.getvalue()


def write_json(target: Path, content: dict[str, Any]) -> None:
    """Write a JSON object atomically, indented, with non-finite numbers refused."""
    write_text(target, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(source: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        InputError: when the file is missing, broken or not an object.
    """
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"Expected {source} to exist, but it does not.") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"Expected {source} to be a readable JSON file, got: {error}.") from error
    if not isinstance(content, dict):
        raise InputError(f"Expected {source} to hold a JSON object, got {type(content).__name__}.")
    return content
