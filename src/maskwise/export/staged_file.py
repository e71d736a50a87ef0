"""Write an exported model in a hidden folder, and move it to its place when it has passed its check."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from maskwise.errors import MaskwiseError
from maskwise.inference.exported import exported_parts


@contextlib.contextmanager
def staged(path: Path) -> Iterator[Path]:
    """Give a path of the same name in a hidden folder beside `path`; its files move to `path` if the block succeeds.

    A file that has not been checked is thus never where somebody may use it.

    Raises:
        MaskwiseError: when the disk is full or the folder can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
            stage = Path(folder) / path.name
            yield stage
            # Weights first: OpenVINO's description without its weights would be an incomplete model.
            for source, target in reversed(
                list(zip(exported_parts(stage), exported_parts(path), strict=True))
            ):
                source.replace(target)
    except OSError as error:
        raise write_error(path, error.strerror or str(error)) from error


def write_error(path: Path, reason: str) -> MaskwiseError:
    """The error of a model that could not be written."""
    return MaskwiseError(f"Expected to write {path}, got {reason}. Free some space or choose another folder.")
