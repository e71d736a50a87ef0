from pathlib import Path

import pytest

from maskwise.data.readers.read_data import read_data
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from tests.data.readers.formats import KIND, task

HEIGHT = "{name: height, boundaries: [1, 2], range: [0, 10], unit: m, per: plant, aliases: {tall: '3', short: null}}"


def read(tmp_path: Path, text: str, **options: str) -> PhotoTable:
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    declared = options.pop("attributes", KIND)
    return read_data(path, task=task(declared, **options))


def test_labels_by_aliases_unknown_texts_and_unicode(tmp_path: Path) -> None:
    kind = '{name: kind, values: [oak, élm], aliases: {Oak: oak, ash: null}, unknown: ["n/a"]}'
    table = read(
        tmp_path,
        "photo,plant,kind\n1,1, oak \n2,1,Oak\n3,2,e\u0301lm\n4,2,ash\n5,2,n/a\n6,2,\n",
        attributes=kind,
    )
    assert table.label_indices()[:, 0].tolist() == [0, 0, 1, -1, -1, -1]


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan"])
def test_declared_words_stay_labels(tmp_path: Path, word: str) -> None:
    table = read(
        tmp_path,
        f"photo,plant,kind\n1,1,{word}\n2,1,x\n",
        attributes=f'{{name: kind, values: ["{word}", x]}}',
    )
    assert table.label_indices()[:, 0].tolist() == [0, 1]


def test_numbers_by_aliases_and_fractions(tmp_path: Path) -> None:
    text = "photo,plant,height\n1,a,0.5\n2,b,1\n3,c,tall\n4,d,short\n5,e,\n"
    table = read(tmp_path, text, attributes=HEIGHT)
    assert table.frame["height"].to_list() == [0.5, 1, 3, None, None]
    assert table.frame["height_band"].to_list() == ["<1", "[1, 2)", ">=2", None, None]
    whole = read(tmp_path, text.replace("0.5", "0"), attributes=HEIGHT)
    assert whole.frame["height_band"].to_list()[:2] == ["<1", "1-1"]


def test_columns_called_otherwise(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "bild,Pflanze,Art,site\n1,a,oak,x\n",
        more="columns: {photo: bild, plant: Pflanze, kind: Art}",
    )
    assert table.frame.columns == ["photo", "person", "plant", "kind", "id", "split", "source", "site"]
    assert table.group_columns == ["site"]


def test_columns_read_from_paths(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "photo\nx/17_oak.jpg\nx/18_elm.jpg\nother.jpg\n",
        group="{each: photo}",
        attributes="{name: kind, values: [oak, elm]}",
        more="from_path: '(?P<number>[0-9]+)_(?P<kind>[a-z]+)'",
    )
    assert table.label_indices()[:, 0].tolist() == [0, 1, -1]
    assert table.frame["number"].to_list() == ["17", "18", None]
    assert table.persons.tolist() == ["x/17_oak.jpg", "x/18_elm.jpg", "other.jpg"]
    assert table.notes == ("1 photos do not match from_path and lack what it reads: other.jpg",)


def test_an_attribute_called_like_a_column(tmp_path: Path) -> None:
    table = read(
        tmp_path,
        "photo,plant,source,error\n1,a,x,3\n2,a,y,1\n",
        attributes="{name: source, values: [x, y]}, {name: error, boundaries: [2], range: [0, 9]}",
    )
    assert table.label_indices().tolist() == [[0, 1], [1, 0]]
    assert table.frame["source"].to_list() == ["t", "t"]


def test_nested_groups(tmp_path: Path) -> None:
    text = "photo,site,plant,kind\n1,A,p,oak\n2,A,p,oak\n3,A,q,elm\n4,B,r,elm\n"
    table = read(tmp_path, text, group="[site, plant]")
    assert table.persons.tolist() == ["A", "A", "A", "B"]
    assert table.frame["plant"].to_list() == ["p", "p", "q", "r"]
    crossing = text.replace("4,B,r", "4,B,p")
    with pytest.raises(
        InputError, match=r"plant p is in site A and in site B: the levels cross.*restarts: true"
    ):
        read(tmp_path, crossing, group="[site, plant]")
    apart = read(tmp_path, crossing, group="[site, {name: plant, restarts: true}]")
    assert apart.frame["plant"].to_list() == ["A/p", "A/p", "A/q", "B/p"]
    assert "taken for others in each" in apart.notes[0]


def test_parts_of_a_split(tmp_path: Path) -> None:
    table = read(tmp_path, "photo,plant,kind,split\n1,a,oak,train\n2,b,elm,Test\n3,c,elm,\n4,d,oak,val\n")
    assert table.frame["split"].to_list() == ["train", "held-out", None, "held-out"]


def test_what_is_odd_is_said(tmp_path: Path) -> None:
    table = read(tmp_path, "photo,plant,kind\n1,a,oak\n2,a,elm\n3,b,oak\n")
    assert table.notes == ("kind contradicts itself within 1 of plant (a): maskwise audit lists them",)
    table = read(tmp_path, "photo,plant,kind\n1,a,oak\n2,a,oak\n")
    assert table.notes == ("kind: no photo has the value elm",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "photo,plant,kind\n1,a,oak\n2,a,elmm\n",
            r"t\.csv, row 3, column kind: expected one of oak, elm, or empty, got 'elmm' \(closest: elm\)\. In task",
        ),
        ("photo,plant\n1,a\n", None),
        (
            "photo,plnt,kind\n1,a,oak\n",
            r"t\.csv: expected a column plant with each photo's plant.*closest: plnt",
        ),
        (
            "photo,plant,kind\n1,a,oak\n2,,elm\n",
            r"row 3, column plant: expected a value, got None: fill in the plant",
        ),
        ("photo,plant,kind\n", "at least one row"),
        ("bild,plant,kind\n1,a,oak\n", r"columns: \{photo: NAME\}"),
        (
            "photo,plant,kind\n1,a,oak\n2,b,oak\n1,c,oak\n",
            "row 4, column photo: expected each photo once, got '1'",
        ),
    ],
)
def test_bad_tables_are_one_line(tmp_path: Path, text: str, message: str | None) -> None:
    if message is None:
        assert read(tmp_path, text).frame["kind"].null_count() == 1
        return
    with pytest.raises(InputError, match=message):
        read(tmp_path, text)


def test_an_absent_column_is_named_with_the_nearest(tmp_path: Path) -> None:
    both = f"{KIND}, {HEIGHT}"
    with pytest.raises(
        InputError, match=r"expected a column height with the labels of height.*\(closest: heigth\)"
    ):
        read(tmp_path, "photo,plant,kind,heigth\n1,a,oak,3\n", attributes=both)
    with pytest.raises(
        InputError, match=r"t\.csv, row 2, column height: expected a number of m from 0 to 10"
    ):
        read(tmp_path, "photo,plant,kind,height\n1,a,oak,11\n", attributes=both)


def test_unread_labels_are_collected(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("photo,plant,kind\n1,a,oak\n2,b,elmm\n")
    unread: list = []
    table = read_data(path, unread=unread, task=task())
    assert table.label_indices()[:, 0].tolist() == [0, -1]
    assert (unread[0].person, "row 3, column kind" in unread[0].reason) == ("b", True)
