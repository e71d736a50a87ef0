from pathlib import Path

import pytest

from maskwise.data.readers.json_lines import read_json_lines
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from tests.data.readers.formats import task


def test_values_are_text_as_written(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"photo": "a.jpg", "id": "007", "n": 3, "x": 1.5, "ok": true, "tags": ["u", "v"]}\n'
        '{"photo": "b.jpg", "n": null, "tags": [], "other": "None"}\n'
    )
    frame = read_json_lines(path)
    assert frame.to_dicts() == [
        {
            "photo": "a.jpg",
            "id": "007",
            "n": "3",
            "x": "1.5",
            "ok": "true",
            "tags": ["u", "v"],
            "other": None,
        },
        {"photo": "b.jpg", "id": None, "n": None, "x": None, "ok": None, "tags": [], "other": "None"},
    ]


def test_lists_in_some_parts_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from maskwise.data.readers import json_lines

    monkeypatch.setattr(json_lines, "_CHUNK", 1)
    path = tmp_path / "t.jsonl"
    path.write_text('{"photo": "a", "t": "u"}\n{"photo": "b", "t": ["v"]}\n{"photo": "c"}\n')
    assert read_json_lines(path)["t"].to_list() == [["u"], ["v"], None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}\n[1]\n", "line 2: expected a JSON object, got list"),
        ("{", "line 1"),
        ("{}\n\n{}", "line 2.*blank"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_json_lines(path)


def test_several_values_in_a_cell(tmp_path: Path) -> None:
    signs = "{name: signs, values: [spots, holes], several: true, aliases: {Holes: holes, none: null}}"
    rows = ['["spots", "Holes"]', "[]", "null", '["none"]']
    (tmp_path / "t.jsonl").write_text(
        "".join(f'{{"photo": "{k}.jpg", "plant": "{k}", "signs": {row}}}\n' for k, row in enumerate(rows))
    )
    table = read_data(tmp_path / "t.jsonl", task=task(signs))
    assert table.label_indices().tolist() == [[1, 1], [0, 0], [-1, -1], [0, 0]]
    (tmp_path / "t.csv").write_text("photo,plant,signs\na,1,spots|holes\nb,2,\nc,3,spots\n")
    table = read_data(tmp_path / "t.csv", task=task(signs))
    assert table.label_indices().tolist() == [[1, 1], [-1, -1], [1, 0]]
    (tmp_path / "t.csv").write_text("photo,plant,signs\na,1,spots|hole\n")
    with pytest.raises(
        InputError, match=r"row 2, column signs: expected values among holes, spots, got 'hole' \(cl"
    ):
        read_data(tmp_path / "t.csv", task=task(signs))
