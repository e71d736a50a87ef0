import shutil
from pathlib import Path

import pytest

from maskwise.competition.reader import read_eval
from maskwise.competition.task import competition_task
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from tests.pictures import make_eval, make_people, picture, write_jpeg, write_table

HEADER = ("id", "gender", "race", "age", "path")


def person(root: Path, name: str, stems: dict[str, str] | None = None) -> None:
    names = stems or dict.fromkeys(
        ("mask1", "mask2", "mask3", "mask4", "mask5", "incorrect_mask", "normal"), ".jpg"
    )
    for stem, suffix in names.items():
        write_jpeg(root / "images" / name / f"{stem}{suffix}", picture(1))


def test_reads_photos_with_labels(people: Path) -> None:
    table = read_data(people)
    assert len(table) == 24 * 7
    first = table.frame.filter(table.frame["person"] == table.persons[0])
    assert dict(zip(first["photo"].str.split("/").list.last(), first["mask"], strict=True)) == {
        "incorrect_mask.jpg": "incorrect",
        **{f"mask{i}.jpg": "worn" for i in range(1, 6)},
        "normal.jpg": "none",
    }
    assert table.group_columns == ["race"]


def test_ids_are_text_and_a_person_is_a_path(tmp_path: Path) -> None:
    rows = [
        ("003397", "female", "Asian", 25, "003397_female_Asian_25"),
        ("003397", "female", "Asian", 51, "003397_female_Asian_51"),
        ("001498-1", "male", "Asian", 23, "001498-1_male_Asian_23"),
    ]
    write_table(tmp_path / "train.csv", HEADER, rows)
    for row in rows:
        person(tmp_path, str(row[4]))
    table = read_data(tmp_path)
    assert len(set(table.persons)) == 3
    assert set(table.frame["id"]) == {"003397", "001498-1"}


def test_suffixes_vary_and_junk_is_passed_over(tmp_path: Path) -> None:
    name = "000001_female_Asian_45"
    write_table(tmp_path / "train.csv", HEADER, [("000001", "female", "Asian", 45, name)])
    person(
        tmp_path,
        name,
        {
            "mask1": ".jpg",
            "mask2": ".png",
            "mask3": ".jpeg",
            "mask4": ".JPG",
            "mask5": ".PNG",
            "incorrect_mask": ".jpeg",
            "normal": ".jpg",
        },
    )
    folder = tmp_path / "images" / name
    (folder / "._mask1.jpg").write_bytes(b"junk")
    (folder / ".DS_Store").write_bytes(b"junk")
    (folder / "notes.txt").write_text("junk")
    (folder / "holiday.jpg").write_bytes(b"a photo that the layout does not know")
    (tmp_path / "images" / "._000001").write_bytes(b"junk")
    assert len(read_data(tmp_path)) == 7


def test_missing_photos_keep_a_row(tmp_path: Path) -> None:
    write_table(tmp_path / "train.csv", HEADER, [("1", "male", "A", 30, "a"), ("2", "male", "A", 30, "gone")])
    person(tmp_path, "a", {"mask1": ".jpg", "normal": ".png"})
    table = read_data(tmp_path)
    assert len(table) == 14
    assert sum(path.is_file() for path in table.paths) == 2


def test_folders_that_are_not_listed_are_told(tmp_path: Path) -> None:
    make_people(tmp_path, 2)
    person(tmp_path, "unlisted")
    table = read_data(tmp_path)
    assert len(table) == 14
    assert "1 folders" in table.notes[0]
    assert "unlisted" in table.notes[0]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            ("1", "male", "A", -3, "a"),
            r"train\.csv, row 3, column age: expected a number of years from 0 to 120.*'-3'",
        ),
        (("1", "male", "A", "abc", "a"), r"row 3, column age.*'abc'"),
        (("1", "male", "A", 121, "a"), r"row 3, column age.*'121'"),
        (("1", "male", "A", "nan", "a"), r"row 3, column age"),
        (
            ("1", "man", "A", 30, "a"),
            r"row 3, column gender: expected one of male, female, or empty, got 'man'",
        ),
        (("1", "male", "A", 30, ""), r"row 3, column path: expected a value"),
        (("1", "male", "A", 30, "../../etc"), r"row 3, column path: expected a folder inside images"),
        (("1", "male", "A", 30, "/etc"), r"row 3, column path: expected a folder inside images"),
        (("1", "male", "A", 30, "first"), r"row 3, column path: expected each person once.*first in row 2"),
        (("1", "male", "A", 30, "first/"), r"row 3, column path: expected each person once.*first in row 2"),
        (("1", "male", "A", 30, "."), r"row 3, column path: expected a folder inside images"),
        (("1", "male", "A", 30, "a\0b"), r"row 3, column path: expected a folder inside images"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: tuple[object, ...], message: str) -> None:
    write_table(tmp_path / "train.csv", HEADER, [("0", "male", "A", 30, "first"), row])
    person(tmp_path, "first")
    with pytest.raises(InputError, match=message):
        read_data(tmp_path)


def test_unknown_labels_are_empty_not_guessed(tmp_path: Path) -> None:
    write_table(tmp_path / "train.csv", HEADER, [("0", "", "A", "", "first_male_30")])
    person(tmp_path, "first_male_30")
    table = read_data(tmp_path)
    assert table.label_indices()[0].tolist() == [1, -1, -1]
    assert table.frame["gender"].null_count() == 7


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    write_table(tmp_path / "train.csv", ("id", "gender", "path"), [("1", "male", "a")])
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match=r"train\.csv: expected columns path, gender, age; missing age"):
        read_data(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"id,gender,age,path\n1,male,30\n",
        b"\xff\xfe\x00",
        b"id,id,age,path\n",
        b"id,gender,age,path\n",
    ],
)
def test_a_broken_csv_is_one_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "train.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"train\.csv"):
        read_data(tmp_path)


def test_a_byte_order_mark_is_no_column(tmp_path: Path) -> None:
    make_people(tmp_path, 2)
    text = (tmp_path / "train.csv").read_text()
    (tmp_path / "train.csv").write_text("\ufeff" + text, encoding="utf-8")
    assert len(read_data(tmp_path)) == 14


def test_an_empty_folder_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected train\.csv beside images/"):
        read_data(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        read_data(tmp_path / "nothing")
    write_table(tmp_path / "train.csv", HEADER, [("1", "male", "A", 30, "a")])
    with pytest.raises(InputError, match="images/"):
        read_data(tmp_path)


def test_a_parent_folder_finds_train(tmp_path: Path) -> None:
    make_people(tmp_path / "train", 2)
    make_eval(tmp_path / "eval", 3)
    assert len(read_data(tmp_path)) == 14


def test_eval_keeps_order_and_number_and_reads_no_labels(tmp_path: Path) -> None:
    names = make_eval(tmp_path, 9)
    table = read_data(tmp_path)
    assert table.frame["id"].to_list() == names
    assert names != sorted(names)
    assert (table.label_indices() == -1).all()
    assert table.frame["person"].null_count() == 9
    shutil.rmtree(tmp_path / "images")
    assert len(read_data(tmp_path)) == 9


def test_public_and_private_are_asked_apart(tmp_path: Path) -> None:
    make_eval(tmp_path / "public", 2)
    make_eval(tmp_path / "private", 3)
    with pytest.raises(InputError, match="public, private"):
        read_data(tmp_path)
    assert len(read_data(tmp_path / "private")) == 3


@pytest.mark.parametrize("name", ["../secret.jpg", "/etc/passwd", "a\\b.jpg"])
def test_eval_names_stay_inside(tmp_path: Path, name: str) -> None:
    write_table(tmp_path / "info.csv", ("ImageID", "ans"), [(name, 0)])
    with pytest.raises(InputError, match=r"info\.csv, row 2, column ImageID"):
        read_eval(tmp_path, competition_task().space)


def test_a_photo_is_listed_once(tmp_path: Path) -> None:
    write_table(tmp_path / "info.csv", ("ImageID", "ans"), [("a.jpg", 0), ("b.jpg", 0), ("a.jpg", 0)])
    with pytest.raises(InputError, match=r"row 4, column ImageID: expected each photo once.*first in row 2"):
        read_eval(tmp_path, competition_task().space)


def test_rows_are_counted_as_a_spreadsheet_does(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "train.csv").write_text('id,gender,age,path\n"1\n2",male,30,a\n2,man,30,b\n\n')
    with pytest.raises(InputError, match=r"row 3, column gender"):
        read_data(tmp_path)
    (tmp_path / "train.csv").write_text("id,gender,age,path\n1,male,30,a\n\n2,male,30,b\n")
    with pytest.raises(InputError, match=r"row 3: expected a row, got a blank line"):
        read_data(tmp_path)
