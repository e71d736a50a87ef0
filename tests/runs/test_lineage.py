import json
from pathlib import Path

import pytest

from maskwise.errors import InputError
from maskwise.runs.lineage import Lineage, SplitSizes

OLD_RUN = Path(__file__).parent / "old_run"


def test_a_lineage_of_today_is_read_and_written_back_byte_for_byte(tmp_path: Path) -> None:
    lineage = Lineage.read(OLD_RUN / "lineage.json")
    assert lineage.finished
    assert lineage.data.n_persons == 6
    assert lineage.packages["torch"]
    lineage.write(tmp_path / "lineage.json")
    assert (tmp_path / "lineage.json").read_bytes() == (OLD_RUN / "lineage.json").read_bytes()


def test_keys_of_other_versions_are_kept_and_missing_ones_are_no_error(tmp_path: Path) -> None:
    path = tmp_path / "lineage.json"
    path.write_text(json.dumps({"data": {"path": "people", "weather": "fine"}, "mood": 3}))
    lineage = Lineage.read(path)
    assert lineage.data.path == "people"
    assert not lineage.finished
    assert lineage.split == SplitSizes()
    content = lineage.model_copy(update={"finished": True}).to_json()
    assert (content["mood"], content["data"]["weather"], content["finished"]) == (3, "fine", True)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"schema": 2}', "a newer maskwise has written it"),
        ('{"schema": "1.0"}', "to have schema 1 or older"),
        ('{"data": 3}', "to have data as maskwise writes it"),
        ('{"seconds": "long"}', "to have seconds"),
        ("[]", "expected|Expected"),
    ],
)
def test_what_is_no_lineage_is_one_line(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "lineage.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message) as error:
        Lineage.read(path)
    assert "\n" not in str(error.value)
