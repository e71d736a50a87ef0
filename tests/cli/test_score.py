import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from maskwise.cli.main import app
from maskwise.errors import InputError


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def files(tmp_path: Path) -> Path:
    random = np.random.default_rng(0)
    y = random.choice(["cat", "dog"], 200)
    truth = pl.DataFrame({"photo": [f"{i}.jpg" for i in range(200)], "owner": np.arange(200) // 4, "kind": y})
    truth.write_csv(tmp_path / "truth.csv")
    for name, right in (("a", 0.7), ("b", 0.95)):
        told = np.where(random.random(200) < right, y, random.choice(["cat", "dog"], 200))
        truth.select("photo", kind=pl.Series(told)).write_csv(tmp_path / f"{name}.csv")
    return tmp_path


def test_score_prints_a_table_and_writes_json(files: Path) -> None:
    out = files / "scores.json"
    words = ("score", files / "a.csv", "--truth", files / "truth.csv", "--group", "owner")
    done = call(*words, "--out", out)
    assert done.exit_code == 0, done.output
    assert "200 rows, 50 groups (owner)" in done.output
    written = json.loads(out.read_text())
    assert written == json.loads(call(*words, "--json").output)
    first = written["scores"][0]
    assert first["measure"] == "macro_f1"
    assert first["low"] < first["value"] < first["high"]


def test_compare_of_files_gives_a_verdict(files: Path) -> None:
    words = ("compare", files / "a.csv", files / "b.csv", "--truth", files / "truth.csv", "--group", "owner")
    done = call(*words, "--json")
    assert done.exit_code == 0, done.output
    (entry,) = json.loads(done.output)["comparisons"]
    assert (entry["verdict"], entry["margin"]) == ("better", 0.01)
    assert "better" in call(*words).output


def test_compare_refuses_files_beside_folders(files: Path) -> None:
    done = call("compare", files / "a.csv", files, "--truth", files / "truth.csv", "--group", "owner")
    assert isinstance(done.exception, InputError)
    assert "to be a file of predictions as the others are" in str(done.exception)


def test_leaks_are_listed_and_strict_fails(tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    pl.DataFrame({"person": ["a", "a", "b"], "split": ["train", "test", "test"]}).write_csv(table)
    done = call("data", "leaks", table)
    assert done.exit_code == 0, done.output
    assert "1 groups are on several sides" in done.output
    assert "a: 1 in test, 1 in train" in done.output
    assert call("data", "leaks", table, "--strict").exit_code == 1
    assert json.loads(call("data", "leaks", table, "--json").output)["leaks"] is True
