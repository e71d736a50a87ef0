from pathlib import Path

from maskwise.audit.run_audit import audit
from tests.pictures import make_people


def test_a_placeholder_does_not_join_persons(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 30)
    blank = (data / "images").glob("*/mask5.jpg")
    first = next(blank)
    for photo in blank:
        photo.write_bytes(first.read_bytes())
        photo.with_name("mask4.jpg").write_bytes(first.read_bytes())  # twice in a person
    found = audit(data, tmp_path / "a", photos_in_report=False)
    many = [f for f in found.findings if f.kind == "picture of many persons"]
    assert len(many) == 59
    assert not [f for f in found.findings if f.kind == "identical photo"]
    assert "30 persons have this picture" in many[0].reason
    assert not [note for note in found.notes if "labels" in note]
