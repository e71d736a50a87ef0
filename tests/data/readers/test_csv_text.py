from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.data.readers.csv_text import read_csv_text
from maskwise.errors import InputError


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_delimiters_and_encodings(tmp_path: Path, delimiter: str, encoding: str, end: str) -> None:
    rows = (("photo", "größe"), ("0042.jpg", '"a, b; c\td"'), ("b.jpg", '"two\nlines"'), ("c.jpg", "NA"))
    text = end.join(delimiter.join(row) for row in rows) + end
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode(encoding))
    frame = read_csv_text(path)
    assert frame.columns == ["photo", "größe"]
    assert frame["photo"].to_list() == ["0042.jpg", "b.jpg", "c.jpg"]
    assert frame["größe"].to_list() == ["a, b; c\td", "two\nlines", "NA"]


def test_one_column_is_no_puzzle(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("photo\na;b.jpg\nc.jpg\n")
    assert read_csv_text(path)["photo"].to_list() == ["a;b.jpg", "c.jpg"]


def test_a_short_row_is_named_whatever_the_delimiter(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("photo;kind;site\na;b;c\nd;e\n")
    with pytest.raises(InputError, match=r"row 3: expected 3 cells as in the header, got 2"):
        read_csv_text(path)


def test_many_rows_are_read_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from maskwise.data.readers import csv_text

    monkeypatch.setattr(csv_text, "_CHUNK", 7)
    path = tmp_path / "t.csv"
    path.write_text("photo,n\n" + "".join(f"{k}.jpg,{k:04d}\n" for k in range(50)))
    assert read_csv_text(path)["n"].to_list() == [f"{k:04d}" for k in range(50)]


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_a_table_or_one_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "t.csv"
    path.write_bytes(data)
    try:
        read_csv_text(path)
    except InputError as error:
        assert str(path) in str(error)


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=6)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1, max_size=8), st.sampled_from(",;\t"))
def test_quoted_cells_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str
) -> None:
    import csv

    path = tmp_path_factory.mktemp("cells") / "t.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerow(["photo", "one", "two"])
        writer.writerows(rows)
    assert [list(row) for row in read_csv_text(path).iter_rows()] == rows
