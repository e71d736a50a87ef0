from pathlib import Path

import pytest

from maskwise.audit.run_audit import audit
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from tests.audit.tables import rows
from tests.pictures import make_people, write_table


def test_labels_that_are_not_allowed_are_findings(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 24)
    table = rows(data / "train.csv")
    table[3]["age"], table[4]["gender"] = "150", "man"
    write_table(data / "train.csv", tuple(table[0]), [tuple(row.values()) for row in table])
    found = audit(data, tmp_path / "a", photos_in_report=False).findings
    reasons = {f.person: f.reason for f in found if f.kind == "label that can't be"}
    assert set(reasons) == {table[3]["path"], table[4]["path"]}
    assert "train.csv, row 5, column age: expected a number of years from 0 to" in reasons[table[3]["path"]]
    assert "got 'man'" in reasons[table[4]["path"]]
    with pytest.raises(InputError, match="row 6, column gender"):
        read_data(data)  # and refused for training
