from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.data.readers.csv_text import read_csv_text
from maskwise.data.readers.large_csv import read_large_csv
from maskwise.errors import InputError
from maskwise.files import write_csv

CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6)


@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_it_reads_what_the_strict_reader_reads(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    write_csv(path, ["a", "b"], rows)
    assert read_large_csv(path).equals(read_csv_text(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n3\n", "row 3: expected 2 cells as in the header, got 1"),
        ("a,b\n1,2,3\n4\n", "row 2: expected 2 cells as in the header, got 3"),
        ("a,b\n1,2\n\n3,4\n", "row 3: expected a row, got a blank line"),
        ("a,a\n1,2\n", "distinct column names"),
        ("", "header line"),
    ],
)
def test_irregular_files_are_refused_by_row(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        read_large_csv(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        read_large_csv(tmp_path / "absent.csv")


@pytest.mark.parametrize("content", ["a,b\n1,ä\n".encode("cp1252"), b"a;b,c\n1;2,3\n", b"a\tb,c\n1\t2,3\n"])
def test_other_encodings_and_delimiters_are_left_to_the_strict_reader(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    assert read_large_csv(path).equals(read_csv_text(path))
