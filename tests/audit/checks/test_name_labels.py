from pathlib import Path

from maskwise.audit.run_audit import audit
from tests.pictures import picture, write_jpeg, write_table


def test_a_running_number_in_a_name_is_no_age(tmp_path: Path) -> None:
    for k in range(3):
        write_jpeg(tmp_path / f"p{k}" / "x.jpg", picture(k))
        write_jpeg(tmp_path / f"p{k}" / "more" / "y.jpg", picture(10 + k))
    listed = [(f"./p{k}/{name}", f"site_a_{k}", 30) for k in range(3) for name in ("x.jpg", "more/y.jpg")]
    data = write_table(tmp_path / "t.csv", ("photo", "person", "age"), listed)
    kinds = {f.kind for f in audit(data, tmp_path / "a", photos_in_report=False).findings}
    assert not kinds & {"name against table", "extra file"}
