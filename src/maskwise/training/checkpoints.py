"""Checkpoints that are whole: written aside and renamed, looked at before a resume."""

import io
import zipfile
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from lightning.fabric.plugins.io.torch_io import TorchCheckpointIO

from maskwise.errors import MaskwiseError, in_short
from maskwise.files import atomic_path


class WholeCheckpoints(TorchCheckpointIO):
    """Lightning's checkpoints, atomic: a full disk or a kill leaves the one before."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None
    ) -> None:
        """Write a checkpoint.

        Raises:
            MaskwiseError: when the disk is full.
        """
        del storage_options
        # In memory first: where a disk is full, torch's own writer says so in ways that nobody can catch.
        buffer = io.BytesIO()
        torch.save(checkpoint, buffer)
        with atomic_path(Path(path)) as temporary:
            temporary.write_bytes(buffer.getbuffer())


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Read a checkpoint on the CPU; nothing in it is executed.

    Raises:
        MaskwiseError: when it is broken.
    """
    try:
        if zipfile.is_zipfile(path):  # torch itself does not look at the checksums
            with zipfile.ZipFile(path) as archive:
                if (damaged := archive.testzip()) is not None:
                    raise ValueError(f"wrong checksum of {damaged}")
        content = torch.load(path, map_location="cpu", weights_only=True)
        if isinstance(content, dict) and "state_dict" in content:
            return content
        reason = "no checkpoint"
    except UnpicklingError:
        reason = "something else than tensors and plain values: it is broken, or holds code"
    except Exception as error:  # noqa: BLE001 - it raises whatever the bytes lead it to
        reason = in_short(error)
    raise MaskwiseError(
        f"Expected {path} to be a whole checkpoint, got: {reason}. Remove it and resume: training then begins anew."
    )
