from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from maskwise.errors import InputError
from maskwise.evaluation.prediction_table import check_same_rows, read_prediction_table
from maskwise.evaluation.score_table import JOINT, score_table
from maskwise.metrics import create_measure
from maskwise.studies.compare_tables import compare_tables

MACRO_F1 = [create_measure("macro_f1")]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A truth of 60 patients and the predictions of two models, in other orders of rows."""
    random = np.random.default_rng(0)
    patient = np.repeat(np.arange(60), 4)
    sex, finding = random.choice(["f", "m"], 60)[patient], random.choice(["none", "edema", "mass"], 240)
    truth = pl.DataFrame(
        {
            "photo": [f"{i:03d}.png" for i in range(240)],
            "patient": [f"{p:03d}" for p in patient],
            "sex": sex,
            "finding": finding,
        }
    )
    truth.write_csv(tmp_path / "truth.csv")
    found = {"truth": tmp_path / "truth.csv"}
    for name, right in (("a", 0.7), ("b", 0.95)):
        hit = random.random(240) < right
        told = truth.select(
            "photo",
            sex=pl.Series(np.where(hit, sex, "f")),
            finding=pl.Series(np.where(hit, finding, "none")),
            confidence=pl.Series(random.random(240)),
        )
        told.sample(fraction=1.0, shuffle=True, seed=1).write_csv(tmp_path / f"{name}.csv")
        found[name] = tmp_path / f"{name}.csv"
    return found


def test_rows_are_joined_by_photo(files: dict[str, Path]) -> None:
    table = read_prediction_table(files["a"], files["truth"], group="patient")
    assert [column.name for column in table.columns] == ["sex", "finding"]
    joined = pl.read_csv(files["truth"]).join(pl.read_csv(files["a"]), on="photo", suffix="_told")
    report = score_table(table, MACRO_F1, draws=200)
    assert [score.what for score in report.scores] == [JOINT, "sex", "finding"]
    assert report.scores[0].n_classes == 6
    expected = f1_score(joined["finding"], joined["finding_told"], average="macro")
    assert report.scores[2].interval.value == pytest.approx(expected)
    both = [joined[f"sex{s}"] + joined[f"finding{s}"] for s in ("", "_told")]
    assert report.scores[0].interval.value == pytest.approx(f1_score(*both, average="macro"))
    assert (report.n_rows, report.n_groups) == (240, 60)


def test_columns_can_be_chosen_and_the_group_stand_alone(files: dict[str, Path]) -> None:
    table = read_prediction_table(files["a"], files["truth"], group="none", columns=["sex"])
    report = score_table(table, MACRO_F1, draws=200)
    assert [score.what for score in report.scores] == ["sex"]
    assert report.n_groups == 240


@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
def test_other_formats_hold_the_same(files: dict[str, Path], ending: str) -> None:
    frame = pl.read_csv(files["a"])
    other = files["a"].with_suffix(ending)
    frame.write_parquet(other) if ending == ".parquet" else frame.write_ndjson(other)
    tables = [read_prediction_table(f, files["truth"], group="patient") for f in (files["a"], other)]
    assert all((a.y_pred == b.y_pred).all() for a, b in zip(*(t.columns for t in tables), strict=True))


def test_one_file_is_enough_with_y_true_and_probabilities(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    y, score = random.choice(["ill", "well"], 80), random.random(80)
    path = tmp_path / "one.csv"
    pl.DataFrame(
        {"y_true": y, "y_pred": y, "p_well": score, "p_ill": 1 - score, "group": np.arange(80) // 2}
    ).write_csv(path)
    table = read_prediction_table(path, None, group=None)
    measures = [create_measure(name) for name in ("macro_f1", "auroc", "log_loss")]
    report = score_table(table, measures, draws=100)
    assert table.group == "group"
    assert report.scores[1].interval.value == pytest.approx(roc_auc_score(y == "well", score))


def test_the_better_file_is_called_better(files: dict[str, Path]) -> None:
    tables = [read_prediction_table(files[n], files["truth"], group="patient") for n in ("a", "b", "a")]
    study = compare_tables(tables, MACRO_F1, draws=300)
    assert [entry.comparison.verdict for entry in study.comparisons] == ["better"] * 3 + [
        "practically the same"
    ] * 3


def test_rows_without_a_true_value_are_left_out_and_noted(files: dict[str, Path]) -> None:
    truth = pl.read_csv(files["truth"], infer_schema=False)
    truth.with_columns(sex=pl.when(pl.int_range(pl.len()) < 9).then(None).otherwise("sex")).write_csv(
        files["truth"]
    )
    table = read_prediction_table(files["a"], files["truth"], group="patient")
    assert table.n_rows == 231
    assert table.notes == ("9 rows without a true value are not scored",)


def rewritten(path: Path, change: pl.Expr | None = None, rows: slice = slice(None)) -> None:
    frame = pl.read_csv(path, infer_schema=False)
    frame = frame if change is None else frame.with_columns(change)
    frame[rows].write_csv(path)


def test_bad_files_are_refused_by_name(files: dict[str, Path], tmp_path: Path) -> None:
    def reading(message: str, group: str | None = "patient", truth: bool = True) -> None:
        with pytest.raises(InputError, match=message):
            read_prediction_table(files["a"], files["truth"] if truth else None, group=group)

    reading("columns y_true and y_pred", truth=False)
    reading("none where each row is independent", group=None)
    reading("group column nobody in .*truth.csv", group="nobody")
    with pytest.raises(InputError, match=r"end in \.csv"):
        read_prediction_table(tmp_path / "a.txt", files["truth"], group="patient")
    original = files["a"].read_text()
    rewritten(files["a"], rows=slice(5, None))
    reading(r"a\.csv to have every photo of .*truth\.csv, but 5 are missing")
    files["a"].write_text(original + original.splitlines()[1] + "\n")
    reading(r"row 242, column photo: expected each photo once")
    files["a"].write_text(original)
    rewritten(files["a"], pl.when(pl.col("photo") == "007.png").then(None).otherwise("sex").alias("sex"))
    reading(r"1 are empty, such as that of photo '007\.png'")
    files["a"].write_text(original + "999.png,f\n")
    reading("row 242: expected 4 cells")
    files["a"].write_text(original)
    rewritten(
        files["truth"], pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise("patient").alias("patient")
    )
    reading("row 5, column patient: expected a group")


def test_rows_matched_by_order_need_equal_numbers(tmp_path: Path) -> None:
    pl.DataFrame({"y_true": ["a", "b"], "group": ["1", "2"]}).write_csv(tmp_path / "truth.csv")
    pl.DataFrame({"y_pred": ["a", "b", "a"]}).with_columns(p=1).write_csv(tmp_path / "pred.csv")
    with pytest.raises(InputError, match=r"as many rows as .*truth\.csv \(2\), got 3"):
        read_prediction_table(tmp_path / "pred.csv", tmp_path / "truth.csv", group=None)


def test_files_with_another_truth_are_not_compared(tmp_path: Path) -> None:
    for name, y in (("a", ["x", "y"]), ("b", ["y", "y"])):
        pl.DataFrame({"y_true": y, "y_pred": ["x", "y"], "group": ["1", "2"]}).write_csv(
            tmp_path / f"{name}.csv"
        )
    tables = [read_prediction_table(tmp_path / f"{n}.csv", None, group=None) for n in ("a", "b")]
    with pytest.raises(InputError, match="1 of y differ"):
        check_same_rows(tables)
