import io
import tarfile
from pathlib import Path

import pytest

from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from maskwise.errors import InputError
from tests.data.readers.formats import jpeg, task


def write_tar(path: Path, members: dict[str, bytes], mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_samples_are_rows(tmp_path: Path) -> None:
    for shard in range(2):
        write_tar(
            tmp_path / f"{shard}.tar",
            {
                f"x/{shard}.jpg": jpeg(shard),
                f"x/{shard}.cls": b"oak\n",
                f"x/{shard}.json": b'{"plant": 4, "boxes": []}',
                "y.txt": b"no photo",
            },
        )
    table = read_data(tmp_path, task=task(more="columns: {kind: cls}"))
    assert table.photos == ["0.tar/x/0.jpg", "1.tar/x/1.jpg"]
    assert table.persons.tolist() == ["4", "4"]
    assert table.label_indices()[:, 0].tolist() == [0, 0]
    assert scan_photos(table).usable.all()
    assert table.notes[0] == "2 samples have no photo and are left out"


def test_broken_archives_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"no archive" * 100)
    with pytest.raises(InputError, match=r"a\.tar: its archive is no uncompressed tar file"):
        read_data(tmp_path / "a.tar", task=task())
    write_tar(tmp_path / "a.tar", {"1.jpg": jpeg(), "1.json": b"["})
    with pytest.raises(InputError, match=r"a\.tar, 1\.json: expected a JSON object"):
        read_data(tmp_path / "a.tar", task=task())
