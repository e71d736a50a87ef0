import csv
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from maskwise.audit.corrections_file import ChangedError
from maskwise.audit.review import AuditedDataError, Review, open_review
from maskwise.audit.review_view import ShownRow
from maskwise.data.corrections import COLUMNS, apply_corrections
from maskwise.data.readers.csv_text import read_csv_text
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from maskwise.files import write_csv
from tests.pictures import make_people, picture, write_jpeg, write_table

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
    kinds = (("wrong gender", "female"), ("swap", "none"), ("wrong age", "61"))
    recorded = [(k, kind, "", "", "", "", new, "1", "0.7", "") for k, (kind, new) in enumerate(kinds, 1)]
    header = ("finding", "kind", "person", "photo", "field", "old", "new", "score", "probability", "reason")
    write_table(tmp_path / "audit/findings.csv", header, recorded)
    return tmp_path / "audit"


def write_jpeg_of(path: Path) -> Path:
    write_jpeg(path, picture(5))
    return path


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
    assert opened(folder).finding(2).rows[0].new == "61"


def test_a_finding_shows_its_photos_its_choices_and_which_photos_are_affected(folder: Path) -> None:
    review = opened(folder)
    first = review.finding(0)
    assert (first.kind, first.probability, first.choices) == ("wrong gender", "0.7", ["male", "female"])
    assert len(first.photos) == 7
    assert all(photo.affected for photo in first.photos)
    swap = review.finding(1)
    assert swap.choices is None
    assert [p.name for p in swap.photos if p.affected] == ["incorrect_mask.jpg", "normal.jpg"]
    assert review.finding(2).choices == "number"
    assert review.finding(3).reason == "=blank"
    assert review.overview().findings[1] == ("2", "swap", "0.7", "")
    for photo in first.photos:
        assert review.paths[photo.row].parent.name == FIRST


def test_a_copy_is_shown_beside_what_it_is_a_copy_of(folder: Path) -> None:
    table = (folder / "findings.csv").read_text().splitlines()
    photos = [f"images/{person}/mask1.jpg" for person in (FIRST, SECOND)]
    cell = json.dumps(photos).replace('"', '""')
    lines = [f"{table[0]},photos", *(f"{line}," for line in table[1:])]
    lines.append(f'4,near-identical photo,{FIRST},{photos[0]},exclude,,,1,0.9,,"{cell}"')
    (folder / "findings.csv").write_text("\n".join(lines) + "\n")
    shown = opened(folder).finding(3).photos
    assert {photo.person for photo in shown} == {FIRST, SECOND}
    assert [photo.name for photo in shown if photo.affected] == ["mask1.jpg"]


def test_a_copy_in_other_data_is_shown_beside_the_photo(folder: Path) -> None:
    other = write_jpeg_of(folder.parent / "eval" / "1 [x].jpg")
    table = (folder / "findings.csv").read_text().splitlines()
    cell = json.dumps([str(other)]).replace('"', '""')
    lines = [f"{table[0]},photos,elsewhere", *(f"{line},," for line in table[1:])]
    lines.append(f'4,photo of other data,{FIRST},images/{FIRST}/mask1.jpg,exclude,,,1,1,,,"{cell}"')
    (folder / "findings.csv").write_text("\n".join(lines) + "\n")
    review = opened(folder)
    *own, shown = review.finding(3).photos
    assert {photo.person for photo in own} == {FIRST}
    assert (shown.name, shown.person, shown.affected) == (other.name, "other data", False)
    assert review.paths[shown.row] == other
    assert all(photo.person != "other data" for photo in review.finding(0).photos)


def test_an_impossible_decision_is_refused_and_changes_nothing(folder: Path) -> None:
    review = opened(folder)
    before = (folder / "corrections.csv").read_bytes()
    for place, new, message in (
        (9, None, "from 0 to 3"),
        (0, "man", "Expected another gender, got 'man'"),
        (2, "200", "Expected another age"),
        (2, " ", "got nothing"),
        (2, "200", "row 5, column age"),
        (2, "18.0", "Expected another age than 18, which is the label already"),
        (0, "male", "Expected another gender than male"),
        (1, "none", "of one label"),
    ):
        with pytest.raises(InputError, match=message):
            review.decide(place, "yes", new)
    assert (folder / "corrections.csv").read_bytes() == before
    (folder / "corrections.csv").write_bytes(before.replace(b"looks female", b"looks alike"))
    with pytest.raises(ChangedError, match="start the review again"):
        review.decide(0, "yes")
    assert b"looks alike" in (folder / "corrections.csv").read_bytes()
    assert review.finding(0).rows[0].accept == ""


def test_a_folder_without_an_audit_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run the audit first"):
        open_review(tmp_path)
    with pytest.raises(AuditedDataError, match=r"audit\.json to exist"):
        open_review(folder)
    (folder / "audit.json").write_text('{"data": "/nowhere"}')
    with pytest.raises(AuditedDataError, match="do not exist there"):
        open_review(folder)
    write_table(folder / "corrections.csv", COLUMNS, [])
    with pytest.raises(InputError, match="expected proposals to review, got none"):
        opened(folder)


def test_what_is_taken_back_is_as_it_was_proposed_even_after_a_restart(folder: Path) -> None:
    opened(folder).decide(2, "yes", "45")
    again = opened(folder)
    assert again.finding(2).rows[0].new == "45"
    again.decide(2, "no")  # what is rejected is the proposal
    assert again.finding(2).rows[0].new == "61"
    again.decide(2, "yes", "45")
    again.decide(2, "")
    assert again.finding(2).rows[0] == ShownRow(photo="", field="age", old="18", new="61", accept="")


def test_additional_columns_blank_findings_and_odd_characters_are_kept(folder: Path) -> None:
    odd = ("", "000000", FIRST, "", "gender", "male", "female", '\'=1\rtwo, "three"\nfour', "1", "", "=mine")
    write_csv(folder / "corrections.csv", (*COLUMNS, "note"), [odd, odd])
    review = opened(folder)
    assert len(review) == 2  # as where corrections are applied: each for itself
    review.decide(1, "yes")
    kept = read_csv_text(folder / "corrections.csv")
    assert kept["note"].to_list() == ["=mine", "=mine"]
    assert kept["accept"].to_list() == ["", "yes"]
    assert opened(folder).finding(0).reason == odd[7].removeprefix("'")


def test_no_decision_is_lost_between_two_reviews(folder: Path) -> None:
    """Both read the same file; each tries until its decision is kept."""

    def decide(place: int) -> None:
        while True:
            try:
                opened(folder).decide(place, "yes")
            except ChangedError:
                continue
            return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(decide, range(4)))
    assert accepted(folder) == ["yes"] * 5


def test_other_data_and_invalid_decisions_are_refused_at_once(folder: Path, tmp_path: Path) -> None:
    other = make_people(tmp_path / "other", 4, first=100)
    with pytest.raises(InputError, match="none of its persons and photos"):
        open_review(folder, other)
    write_table(folder / "corrections.csv", COLUMNS, [(*ROWS[0][:-1], "maybe")])
    with pytest.raises(InputError, match="row 2, column accept: expected yes, no, or nothing, got 'maybe'"):
        opened(folder)


def test_ten_thousand_findings_are_quick_to_list_and_to_decide(folder: Path) -> None:
    rows = [(k, "000000", FIRST, "", "gender", "male", "female", "x", "1", "") for k in range(10_000)]
    write_table(folder / "corrections.csv", COLUMNS, rows)
    review = opened(folder)
    assert len(review.overview().findings) == 10_000
    review.decide(9_999, "yes")
    assert accepted(folder)[-1] == "yes"
