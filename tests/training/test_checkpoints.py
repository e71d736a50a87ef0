import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from maskwise.errors import MaskwiseError
from maskwise.training.checkpoints import load_checkpoint


class _Hostile:
    def __init__(self, made: Path) -> None:
        self._made = made

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.mkdir, (str(self._made),)


def test_code_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path) -> None:
    path, made = tmp_path / "last.ckpt", tmp_path / "made"
    torch.save({"state_dict": {"weight": torch.zeros(1)}, "extra": _Hostile(made)}, path)
    with pytest.raises(
        MaskwiseError, match=r"last.ckpt to be a whole checkpoint, got: something else than tensors"
    ):
        load_checkpoint(path)
    path.write_bytes(pickle.dumps(_Hostile(made), protocol=2))
    with pytest.raises(
        MaskwiseError, match=r"last.ckpt to be a whole checkpoint, got: something else than tensors"
    ):
        load_checkpoint(path)
    assert not made.exists()
    pickle.loads(path.read_bytes())
    assert made.exists()  # it would have done so


def test_a_flipped_bit_in_a_checkpoint_is_found(tmp_path: Path) -> None:
    path = tmp_path / "last.ckpt"
    torch.save({"state_dict": {"weight": torch.zeros(1000)}}, path)
    content = bytearray(path.read_bytes())
    content[content.find(bytes(1000)) + 500] ^= 1
    path.write_bytes(content)
    with pytest.raises(MaskwiseError, match="to be a whole checkpoint"):
        load_checkpoint(path)
