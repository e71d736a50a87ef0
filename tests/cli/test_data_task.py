from pathlib import Path

import pytest
from typer.testing import CliRunner

from maskwise.cli.main import app
from maskwise.errors import InputError
from tests.data.readers.formats import write_photo

run = CliRunner().invoke


@pytest.fixture
def plants(tmp_path: Path) -> Path:
    """Three photos of each of 30 plants, in folders by class; the plant stands in the name."""
    for k in range(90):
        write_photo(tmp_path / "plants" / ("oak", "elm")[k // 3 % 2] / f"p{k // 3}_{k % 3}.jpg", k)
    return tmp_path / "plants"


def test_an_unknown_folder_is_proposed_and_counted(plants: Path) -> None:
    with pytest.raises(InputError, match="maskwise data task"):
        run(app, ["data", "info", str(plants)], catch_exceptions=False)
    out = plants / "task.yaml"
    pattern = "(?P<plant>p[0-9]+)_"
    proposed = run(app, ["data", "task", str(plants), "--out", str(out), "--from-path", pattern])
    assert proposed.exit_code == 0, proposed.output
    text = out.read_text(encoding="utf-8")
    assert "group: plant   # CHECK 30 values for 90 photos" in text
    assert "columns: {photo: " not in text
    assert "category: folder" in text
    counted = run(app, ["data", "info", str(plants)], catch_exceptions=False)
    assert "90 photos, 30 plants; 90 can be used, 90 have all labels" in counted.output
    assert "category: elm 45, oak 45" in counted.output
    unopened = run(
        app, ["data", "info", str(plants), "--no-pixels", "--task", str(out)], catch_exceptions=False
    )
    assert "photos per plant: 3 30" in unopened.output
    assert "sizes" not in unopened.output


def test_what_is_there_is_not_overwritten(plants: Path) -> None:
    (plants / "task.yaml").write_text("mine")
    with pytest.raises(InputError, match="exists"):
        run(app, ["data", "task", str(plants), "--out", str(plants / "task.yaml")], catch_exceptions=False)


def test_nothing_to_learn_is_one_line(tmp_path: Path, people: Path) -> None:
    write_photo(tmp_path / "1.jpg")
    with pytest.raises(InputError, match="expected a column with labels, got none"):
        run(app, ["data", "task", str(tmp_path)], catch_exceptions=False)
    with pytest.raises(InputError, match="layout of the task competition: no other is proposed"):
        run(app, ["data", "task", str(people)], catch_exceptions=False)
