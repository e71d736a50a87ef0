import json
from pathlib import Path

import pytest

from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError
from tests.data.readers.formats import task

COCO = {
    "images": [{"id": 1, "file_name": "a.jpg", "plant": "x"}, {"id": 2, "file_name": "b.jpg", "plant": "y"}],
    "annotations": [{"image_id": 1, "category_id": 7}, {"image_id": 1, "category_id": 7}],
    "categories": [{"id": 7, "name": "oak"}, {"id": 8, "name": "elm"}],
}


def write(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(content))
    return path


def test_categories_are_labels(tmp_path: Path) -> None:
    declared = task("{name: kind, values: [oak, elm]}", more="columns: {kind: category}")
    table = read_data(write(tmp_path, COCO), task=declared)
    assert table.label_indices()[:, 0].tolist() == [0, -1]
    several = task("{name: kind, values: [oak, elm], several: true}", more="columns: {kind: category}")
    both = {**COCO, "annotations": [*COCO["annotations"], {"image_id": 1, "category_id": 8}]}
    assert read_data(write(tmp_path, both), task=several).label_indices().tolist() == [[1, 1], [-1, -1]]
    with pytest.raises(InputError, match="expected one label in each cell, got lists: declare several: true"):
        read_data(write(tmp_path, both), task=declared)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("images", [{"id": 1}], r"images\[0\]: expected file_name"),
        ("annotations", [{"image_id": 9, "category_id": 7}], "expected the ids of images, got 9"),
        ("annotations", [{"image_id": 1, "category_id": 9}], r"annotations\[0\].category_id.*got 9"),
        ("categories", None, "expected COCO's lists"),
    ],
)
def test_broken_files_are_one_line(tmp_path: Path, key: str, value: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_data(write(tmp_path, {**COCO, key: value}), task=task())
