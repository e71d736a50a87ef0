import csv
from pathlib import Path

import pytest

from maskwise.audit.review import ChangedError, Review, open_review
from maskwise.data.corrections import COLUMNS, apply_corrections
from maskwise.data.reading import read_data
from maskwise.errors import InputError
from tests.pictures import make_people, write_table

FIRST, SECOND = "000000_male_Asian_18", "000001_female_Asian_18"
ROWS = [
    (1, "000000", FIRST, "", "gender", "male", "female", "looks female", "1", ""),
    (2, "000001", SECOND, f"images/{SECOND}/normal.jpg", "mask", "none", "incorrect", "exchanged", "1", ""),
    (2, "000001", SECOND, f"images/{SECOND}/incorrect_mask.jpg", "mask", "incorrect", "none", "exchanged", "1", ""),
    (3, "000001", SECOND, "", "age", "18", "61", "looks like 61", "1", ""),
    (4, "000000", FIRST, f"images/{FIRST}/mask1.jpg", "exclude", "", "", "=blank", "1", ""),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_people(tmp_path / "data", 4)
    write_table(tmp_path / "audit/corrections.csv", COLUMNS, ROWS)
    told = [
        (k, kind, "", "", "", "", "", "1", "0.7", "") for k, kind in enumerate(("wrong gender", "swap"), 1)
    ]
    header = ("finding", "kind", "person", "photo", "field", "old", "new", "score", "probability", "reason")
    write_table(tmp_path / "audit/findings.csv", header, told)
    return tmp_path / "audit"


def opened(folder: Path) -> Review:
    return open_review(folder, folder.parent / "data")


def accepted(folder: Path) -> list[str]:
    with (folder / "corrections.csv").open(encoding="utf-8") as stream:
        return [row["accept"] for row in csv.DictReader(stream)]


def test_decisions_are_on_disk_at_once_swaps_together_and_can_be_taken_back(folder: Path) -> None:
    review = opened(folder)
    assert len(review) == 4
    review.decide(1, "yes")
    assert accepted(folder) == ["", "yes", "yes", "", ""]
    review.decide(0, "no")
    review.decide(2, "yes", "59")
    assert accepted(folder) == ["no", "yes", "yes", "yes", ""]
    done = apply_corrections(read_data(folder.parent / "data"), folder / "corrections.csv")
    assert (done.n_findings, done.n_changed) == (2, 9 - 2)
    assert set(done.table.frame.filter(person=SECOND)["age"]) == {59.0}
    assert [review.undo() for _ in range(4)] == [2, 0, 1, None]
    assert accepted(folder) == ["", "", "", "", ""]
    assert opened(folder).finding(2)["rows"][0]["new"] == "61"


def test_a_finding_tells_its_photos_its_choices_and_which_photos_it_is_about(folder: Path) -> None:
    review = opened(folder)
    first = review.finding(0)
    assert (first["kind"], first["probability"], first["choices"]) == (
        "wrong gender",
        "0.7",
        ["male", "female"],
    )
    assert len(first["photos"]) == 7
    assert all(photo["meant"] for photo in first["photos"])
    swap = review.finding(1)
    assert swap["choices"] is None
    assert [p["name"] for p in swap["photos"] if p["meant"]] == ["incorrect_mask.jpg", "normal.jpg"]
    assert review.finding(2)["choices"] == "number"
    assert review.finding(3)["reason"] == "=blank"
    assert review.overview()["findings"][1] == ["2", "swap", "0.7", ""]
    for photo in first["photos"]:
        assert review.paths[photo["row"]].parent.name == FIRST


def test_what_can_not_be_decided_is_said_and_changes_nothing(folder: Path) -> None:
    review = opened(folder)
    before = (folder / "corrections.csv").read_bytes()
    for place, new, message in (
        (9, None, "from 0 to 3"),
        (0, "man", "Expected another gender, got 'man'"),
        (2, "200", "Expected another age"),
        (2, " ", "got nothing"),
        (1, "none", "of one label"),
    ):
        with pytest.raises(InputError, match=message):
            review.decide(place, "yes", new)
    assert (folder / "corrections.csv").read_bytes() == before
    (folder / "corrections.csv").write_bytes(before.replace(b"looks female", b"looks alike"))
    with pytest.raises(ChangedError, match="start the review again"):
        review.decide(0, "yes")
    assert b"looks alike" in (folder / "corrections.csv").read_bytes()
    assert review.finding(0)["rows"][0]["accept"] == ""


def test_a_folder_that_is_no_audits_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run maskwise audit DATA --out"):
        open_review(tmp_path)
    with pytest.raises(InputError, match="name them with --data"):
        open_review(folder)
    (folder / "audit.json").write_text('{"data": "/nowhere"}')
    with pytest.raises(InputError, match="are gone: name them with --data"):
        open_review(folder)
    write_table(folder / "corrections.csv", COLUMNS, [])
    with pytest.raises(InputError, match="expected proposals to review, got none"):
        opened(folder)


def test_ten_thousand_findings_are_quick_to_list_and_to_decide(folder: Path) -> None:
    rows = [(k, "000000", FIRST, "", "gender", "male", "female", "x", "1", "") for k in range(10_000)]
    write_table(folder / "corrections.csv", COLUMNS, rows)
    review = opened(folder)
    assert len(review.overview()["findings"]) == 10_000
    review.decide(9_999, "yes")
    assert accepted(folder)[-1] == "yes"
