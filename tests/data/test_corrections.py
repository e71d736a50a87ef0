import json
from pathlib import Path

import pytest

from maskwise.data.corrections import COLUMNS, apply_corrections
from maskwise.data.readers.csv_text import guarded, unguarded
from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.recipes.recipe_files import load_recipe
from maskwise.training.train import train
from tests.opened import rebuild
from tests.pictures import TINY, make_people, write_table

SHIPPED = Path(__file__).resolve().parents[2] / "corrections" / "competition-2021.csv"


@pytest.fixture
def table(people: Path) -> PhotoTable:
    return read_data(people)


def corrections(folder: Path, *rows: dict[str, object]) -> Path:
    filled = [tuple(row.get(name, "yes" if name == "accept" else "") for name in COLUMNS) for row in rows]
    return write_table(folder / "c.csv", COLUMNS, filled)


def test_accepted_rows_change_a_persons_labels_and_say_how_many(table: PhotoTable, tmp_path: Path) -> None:
    path = corrections(
        tmp_path,
        {"finding": 1, "id": "000000", "field": "gender", "old": "male", "new": "female"},
        {"finding": 2, "person": "000001_female_Asian_18", "field": "age", "old": "18", "new": "61"},
        {"finding": 3, "id": "000002", "field": "gender", "new": "female", "accept": "no"},
        {"finding": 4, "id": "000003", "field": "gender", "new": "male", "accept": ""},
    )
    done = apply_corrections(table, path)
    assert (done.n_findings, done.n_changed) == (2, 14)
    frame = done.table.frame
    assert set(frame.filter(id="000000")["gender"]) == {"female"}
    assert set(frame.filter(id="000001")["age_band"]) == {">=60"}
    assert set(frame.filter(id="000002")["gender"]) == {"male"}
    assert set(table.frame.filter(id="000000")["gender"]) == {"male"}


def test_a_swap_goes_together_and_stems_name_photos(table: PhotoTable, tmp_path: Path) -> None:
    swap = [
        {"finding": 1, "id": "000000", "photo": "normal", "field": "mask", "old": "none", "new": "incorrect"},
        {
            "finding": 1,
            "id": "000000",
            "photo": "incorrect_mask",
            "field": "mask",
            "old": "incorrect",
            "new": "none",
        },
    ]
    done = apply_corrections(table, corrections(tmp_path, *swap))
    mine = done.table.frame.filter(id="000000")
    told = {Path(p).stem: m for p, m in zip(mine["photo"], mine["mask"], strict=True)}
    assert (told["normal"], told["incorrect_mask"], told["mask1"]) == ("incorrect", "none", "worn")
    with pytest.raises(InputError, match="all rows of finding 1 to be accepted or none"):
        apply_corrections(table, corrections(tmp_path, swap[0], swap[1] | {"accept": "no"}))


def test_photos_are_taken_out_and_persons_joined(table: PhotoTable, tmp_path: Path) -> None:
    path = corrections(
        tmp_path,
        {"finding": 1, "id": "000000", "photo": "mask1", "field": "exclude"},
        {"finding": 2, "id": "000001", "field": "person", "new": "000000_male_Asian_18"},
    )
    done = apply_corrections(table, path)
    assert len(done.table) == len(table) - 1
    assert (done.table.persons == "000000_male_Asian_18").sum() == 13


def test_a_whole_persons_row_leaves_photos_without_a_label_as_they_are(tmp_path: Path) -> None:
    listed = [
        ("a.jpg", "p", "male", "", "<30"),
        ("b.jpg", "p", "", "22", ""),
        ("c.jpg", "p", "male", "", "<30"),
    ]
    path = write_table(tmp_path / "t.csv", ("photo", "person", "gender", "age", "age_band"), listed)
    done = apply_corrections(
        read_data(path),
        corrections(
            tmp_path,
            {"finding": 1, "person": "p", "field": "gender", "old": "male", "new": "female"},
            {"finding": 2, "person": "p", "field": "age_band", "old": "<30", "new": ">=60"},
        ),
    )
    assert done.table.frame["gender"].to_list() == ["female", None, "female"]
    assert done.table.frame["age_band"].to_list() == [">=60", "<30", ">=60"]
    assert done.n_changed == 2


@pytest.mark.parametrize("name", ["'=x", "''", "=1+1", "'plain", "plain", "'"])
def test_what_is_guarded_against_formulas_comes_back(name: str) -> None:
    assert unguarded(str(guarded(name))) == name
    assert not str(guarded(name)).startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"id": "999999", "field": "gender", "new": "male"}, r"c\.csv, row 2: expected photos of 999999"),
        ({"id": "0", "field": "gender", "new": "male"}, "row 2: expected photos of 0 in the data"),
        ({"id": "000000", "field": "gender", "new": "male"}, "already is gender male"),
        ({"id": "000000", "field": "gender", "old": "female", "new": "male"}, "made for other data"),
        (
            {"id": "000000", "field": "gender", "new": "man"},
            "row 2, column gender: expected one of male, female",
        ),
        (
            {"id": "000000", "field": "colour", "new": "red"},
            "column field: expected one of mask, gender, age, age_band, person",
        ),
        ({"id": "000000", "field": "person", "new": ""}, "column new: expected a person"),
        ({"id": "000000", "field": "person", "new": "nobody"}, "column new: expected a person of the data"),
        ({"id": "000000", "field": "gender", "new": ""}, "column new: expected a gender, got nothing"),
        ({"id": "000000", "field": "gender", "new": "female", "accept": ""}, "whose accept is yes"),
        (
            {"id": "000009", "person": "000000_male_Asian_18", "field": "gender", "new": "female"},
            "column id: expected 000000_male_Asian_18 to have id 000009",
        ),
        ({"field": "gender", "new": "male"}, "expected a person, an id or a photo"),
        ({"id": "000000", "field": "gender", "new": "female", "accept": "maybe"}, "column accept"),
    ],
)
def test_what_matches_or_changes_nothing_is_refused(
    table: PhotoTable, tmp_path: Path, row: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        apply_corrections(table, corrections(tmp_path, {"finding": 1, **row}))


def test_a_run_says_what_was_corrected(people: Path, tmp_path: Path) -> None:
    path = corrections(
        tmp_path, {"finding": 1, "id": "000000", "field": "gender", "old": "male", "new": "female"}
    )
    train(
        load_recipe("cpu", [*TINY, "training.epochs=1", f"data.corrections={path}"]), people, tmp_path / "run"
    )
    told = json.loads((tmp_path / "run/lineage.json").read_text())["data"]["corrections"]
    assert (told["path"], told["n_findings"], told["n_photos"]) == (str(path), 1, 7)
    assert [row["field"] for row in told["rows"]] == ["gender"]
    path.write_text(
        path.read_text() + path.read_text().splitlines()[1].replace("1,000000", "2,000002") + "\n"
    )
    with pytest.raises(InputError, match=r"c.csv to be as it was when .* was trained, but it was changed"):
        rebuild(tmp_path / "run")


def test_the_public_list_names_eleven_persons(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 1, first=6358)
    with pytest.raises(InputError, match="expected photos of 006359"):
        apply_corrections(read_data(data), SHIPPED)
    lines = SHIPPED.read_text().splitlines()[1:]
    assert len({line.split(",")[1] for line in lines}) == 11
