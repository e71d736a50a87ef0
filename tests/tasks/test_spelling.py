"""What looks the same is the same: ids, labels and names in one spelling, in tables and on disk."""

import shutil
import unicodedata
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from maskwise.errors import InputError
from maskwise.tasks.spelling import normalized, normalized_series
from tests.pictures import make_people, picture, write_jpeg, write_table

VARIANTS = [
    "Jos\u00e9 1",
    "Jose\u0301 1",
    "Jos\u00e9\u00a01",
    "Jos\u00e9\u20091",
    "Jos\u00e9\u200b 1",
    "\ufeffJos\u00e9 1",
    "Jos\u00e9 \uff11",
    " Jos\u00e9\t1 ",
]
"""One name, as several programs write it."""

TASK = (
    "schema: 1\nname: test\ngroup: person\nattributes:\n"
    "  - {name: gender, per: photo, values: [male, female]}\n"
)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=12))
def test_both_forms_of_the_function_agree_and_are_stable(text: str) -> None:
    once = normalized(text)
    assert normalized(once) == once
    assert normalized(unicodedata.normalize("NFD", text)) == normalized(unicodedata.normalize("NFC", text))
    if not any(unicodedata.category(c) in ("Cn", "Cc", "Cs") for c in text):  # as Unicode versions differ
        assert normalized_series(pl.Series([text, "\u00e9"]))[0].strip() == once.strip()


def test_variants_of_a_name_are_one() -> None:
    assert {normalized(name) for name in VARIANTS} == {"Jos\u00e9 1"}
    assert normalized_series(pl.Series(VARIANTS)).unique().to_list() == ["Jos\u00e9 1"]


def table_of(tmp_path: Path, persons: list[str], photos: list[str] | None = None) -> Path:
    rows = []
    for seed, person in enumerate(persons):
        name = photos[seed] if photos else f"{seed}.jpg"
        rows.append((name, person, "male" if seed % 2 else "female"))
    write_table(tmp_path / "photos.csv", ("photo", "person", "gender"), rows)
    (tmp_path / "task.yaml").write_text(TASK)
    return tmp_path / "photos.csv"


def test_a_person_in_several_spellings_is_one_group(tmp_path: Path) -> None:
    for seed in range(len(VARIANTS) + 1):
        write_jpeg(tmp_path / f"{seed}.jpg", picture(seed))
    table = read_data(table_of(tmp_path, [*VARIANTS, "Ann"]))
    assert set(table.persons) == {"Jos\u00e9 1", "Ann"}


def test_spellings_that_differ_in_case_are_reported_and_kept_apart(tmp_path: Path) -> None:
    for seed in range(3):
        write_jpeg(tmp_path / f"{seed}.jpg", picture(seed))
    table = read_data(table_of(tmp_path, ["Ann", "ann", "Bob"]))
    assert len(set(table.persons)) == 3
    assert any("differ only in case (Ann and ann)" in note for note in table.notes)


def test_a_name_on_disk_in_another_form_than_in_the_table_is_found(tmp_path: Path) -> None:
    composed = "caf\u00e9"
    written, listed = unicodedata.normalize("NFD", composed), unicodedata.normalize("NFC", composed)
    for seed in range(2):
        write_jpeg(tmp_path / written / f"{written}{seed}.jpg", picture(seed))
    data = table_of(tmp_path, ["a", "b"], [f"{listed}/{listed}{seed}.jpg" for seed in range(2)])
    assert scan_photos(read_data(data)).usable.all()
    again = table_of(tmp_path, ["a", "b"], [f"{form}/{form}0.jpg" for form in (written, listed)])
    with pytest.raises(InputError, match="expected each photo once"):
        read_data(again)


def test_the_competition_layout_too(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 2)
    text = (data / "train.csv").read_text()
    name = sorted(path.name for path in (data / "images").iterdir())[0]
    shutil.move(data / "images" / name, data / "images" / f"{name}e\u0301")
    (data / "train.csv").write_text(text.replace(name, f"{name}\u00e9"), encoding="utf-8")
    table = read_data(data)
    assert scan_photos(table).usable.all()
    assert f"{name}\u00e9" in set(table.persons)
    assert not any("left out" in note for note in table.notes)
