from pathlib import Path

import pytest

from maskwise.errors import InputError
from maskwise.runs.run_folder import RunFolder

SOURCE = Path(__file__).resolve().parents[2] / "src" / "maskwise"


def test_a_new_folder_is_free_and_a_used_one_is_not(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.check_free(resume=False)
    with pytest.raises(InputError, match="to be a run to resume"):
        folder.check_free(resume=True)
    folder.path.mkdir()
    (folder.path / ".lineage.json.abc.tmp").touch()
    folder.check_free(resume=False)  # what a killed process was writing is no content
    folder.recipe.touch()
    folder.check_free(resume=True)
    with pytest.raises(InputError, match="to be new or empty"):
        folder.check_free(resume=False)


def test_a_lock_keeps_others_out_and_leaves_no_empty_folder(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    with folder.lock(), pytest.raises(InputError, match="another process is writing it"), folder.lock():
        pass
    assert not folder.path.exists()


@pytest.mark.parametrize(
    "name", ["recipe.yaml", "lineage.json", "metrics.json", "split.parquet", "predictions.parquet"]
)
def test_the_name_of_each_file_is_spelt_in_one_place(name: str) -> None:
    spelt = [path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if name in path.read_text()]
    assert spelt == ["runs/run_folder.py"]
