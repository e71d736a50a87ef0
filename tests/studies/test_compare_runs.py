import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from maskwise.errors import InputError
from maskwise.metrics.seed_variance import corrected_t
from maskwise.recipes.recipe_values import differing_values, distinct_variables
from maskwise.runs.run import open_finished_run
from maskwise.studies.comparison_file import write_comparison
from maskwise.studies.list_runs import list_runs
from tests.opened import compare
from tests.studies.runs import make_run


def test_a_better_model_is_called_better_with_its_interval(tiny_run: Path, tmp_path: Path) -> None:
    a = make_run(tiny_run, tmp_path / "a", right=0.6)
    b = make_run(tiny_run, tmp_path / "b", right=0.9, noise=1, optimizer__lr=0.5)
    (pair,) = compare([a, b]).pairs
    assert pair.main.verdict == "better"
    assert pair.main.difference.ci95[0] > 0.1
    assert pair.variables == {"optimizer.lr": ("0.005", "0.5")}
    assert pair.notes == ["one variable differs: optimizer.lr"]
    assert {d.what for d in pair.details} >= {
        "mask, macro F1",
        "gender male, mean F1",
        "class 0 (worn / male / <30), F1",
    }
    (back,) = compare([b, a]).pairs
    assert back.main.verdict == "worse"
    assert back.main.difference.value == pytest.approx(-pair.main.difference.value)


def test_several_variables_name_no_cause_and_seeds_are_none(tiny_run: Path, tmp_path: Path) -> None:
    a = make_run(tiny_run, tmp_path / "a", right=0.6)
    b = make_run(tiny_run, tmp_path / "b", right=0.6, noise=1, optimizer__lr=0.5, training__epochs=3)
    c = make_run(tiny_run, tmp_path / "c", right=0.6, noise=2, seed=7, training__threads=3)
    two, none = compare([a, b, c]).pairs
    assert "which of them is the cause can't be told" in two.notes[0]
    assert none.variables == {}
    assert "same but for seeds" in none.notes[0]


def test_another_kind_is_one_variable(tiny_run: Path, tmp_path: Path) -> None:
    a = make_run(tiny_run, tmp_path / "a", right=0.6)
    b = make_run(tiny_run, tmp_path / "b", right=0.6, loss={"kind": "focal", "gamma": 2.0})
    values = differing_values([open_finished_run(a).values, open_finished_run(b).values])
    assert set(values) >= {"loss.kind", "loss.gamma"}
    assert distinct_variables(values) == ["loss"]
    c = make_run(tiny_run, tmp_path / "c", right=0.6, mixing=None)
    assert distinct_variables(
        differing_values([open_finished_run(a).values, open_finished_run(c).values])
    ) == ["mixing"]


def test_one_seed_each_speaks_of_models_only_and_several_of_recipes(tiny_run: Path, tmp_path: Path) -> None:
    lite = [make_run(tiny_run, tmp_path / f"a{k}", right=0.70, noise=k, seed=k) for k in range(3)]
    best = [
        make_run(tiny_run, tmp_path / f"b{k}", right=0.85, noise=10 + k, seed=k, optimizer__lr=0.5)
        for k in range(3)
    ]
    assert compare([lite[0], best[0]]).recipes == []
    ((_, _, difference, verdict),) = compare([*lite, *best]).recipes
    assert verdict == "better"
    assert difference.n_pairs == (3, 3)
    assert difference.ci95[0] < 0.85 - 0.70 < difference.ci95[1]
    again = [
        make_run(tiny_run, tmp_path / f"d{k}", right=0.85, noise=30, seed=0, optimizer__lr=0.6)
        for k in range(2)
    ]
    assert compare([*lite, *again]).recipes == []  # one seed twice is no repetition
    # seeds that differ a lot make it wider, and the verdict careful
    wild = [
        make_run(tiny_run, tmp_path / f"c{k}", right=right, noise=20 + k, seed=k, optimizer__lr=0.7)
        for k, right in enumerate((0.55, 0.75, 0.95))
    ]
    ((_, _, unsure, verdict),) = compare([*lite, *wild]).recipes
    assert verdict == "can't tell"
    assert np.ptp(unsure.ci95) > 2 * np.ptp(difference.ci95)


def test_recipes_over_several_splits_are_paired_within_each(tiny_run: Path, tmp_path: Path) -> None:
    runs = [
        make_run(
            tiny_run,
            tmp_path / f"{name}{split}",
            right=right,
            noise=split,
            split=split,
            split__seed=split,
            optimizer__lr=lr,
        )
        for split in range(4)
        for name, right, lr in (("a", 0.6, 0.1), ("b", 0.9, 0.2))
    ]
    found = compare(runs)
    assert len(found.pairs) == 4
    ((_, _, difference, verdict),) = found.recipes
    assert verdict == "better"
    assert "4 splits" in difference.how
    assert "4 splits" in found.notes[-1]


def test_the_corrected_t_is_nadeaus_and_bengios() -> None:
    differences = np.array([0.02, 0.05, 0.01, 0.04, 0.03])
    found = corrected_t(differences, 0.25)
    error = np.sqrt((1 / 5 + 0.25) * differences.var(ddof=1))
    assert found.value == pytest.approx(0.03)
    assert found.ci95[1] - found.value == pytest.approx(2.776445 * error, rel=1e-5)
    assert corrected_t(np.zeros(3), 0.25).p == 1


def test_runs_are_aligned_on_what_they_share_or_refused(tiny_run: Path, tmp_path: Path) -> None:
    a = make_run(tiny_run, tmp_path / "a", right=0.6)
    b = make_run(tiny_run, tmp_path / "b", right=0.6, noise=1, persons=120)
    frame = pl.read_parquet(b / "predictions.parquet")
    frame[:420].write_parquet(b / "predictions.parquet")
    found = compare([a, b])
    assert found.n_photos == 420
    assert any("compared on the 420 photos" in note for note in found.notes)
    frame.with_columns(pl.lit(3).alias("label")).write_parquet(b / "predictions.parquet")
    with pytest.raises(InputError, match="but they differ on"):
        compare([a, b])
    c = make_run(tiny_run, tmp_path / "c", right=0.6, split=5)
    with pytest.raises(InputError, match="share no photo"):
        compare([a, c])


def test_bad_folders_are_one_line(tiny_run: Path, tmp_path: Path) -> None:
    a = make_run(tiny_run, tmp_path / "a", right=0.6)
    half = make_run(tiny_run, tmp_path / "half", right=0.6)
    lineage = json.loads((half / "lineage.json").read_text())
    (half / "lineage.json").write_text(json.dumps(lineage | {"finished": False}))
    broken = make_run(tiny_run, tmp_path / "broken", right=0.6)
    (broken / "predictions.parquet").write_bytes(b"PAR1")
    for folders, message in (
        ([a], "at least two runs"),
        ([a, a], "same folder twice"),
        ([a, tmp_path / "absent"], "does not exist"),
        ([a, half], "resume its training first"),
        ([a, broken], "to hold predictions"),
    ):
        with pytest.raises(InputError, match=message):
            compare(folders)
    with pytest.raises(InputError, match="a margin between 0 and 1"):
        compare([a, make_run(tiny_run, tmp_path / "b", right=0.6)], margin=0)


def test_a_comparison_can_be_kept(tiny_run: Path, tmp_path: Path) -> None:
    a = make_run(tiny_run, tmp_path / "a", right=0.6)
    b = make_run(tiny_run, tmp_path / "b", right=0.9, noise=1)
    write_comparison(tmp_path / "c.json", compare([a, b]))
    content = json.loads((tmp_path / "c.json").read_text())
    assert content["schema"] == 1
    assert content["pairs"][0]["main"]["verdict"] == "better"


def test_runs_are_listed_by_score_with_what_differs(tiny_run: Path, tmp_path: Path) -> None:
    make_run(tiny_run, tmp_path / "a", right=0.6)
    make_run(tiny_run, tmp_path / "b", right=0.9, optimizer__lr=0.5)
    half = make_run(tiny_run, tmp_path / "half", right=0.6)
    (half / "lineage.json").write_text("{}")
    listed = list_runs(tmp_path)
    assert [row[0] for row in listed.rows] == ["b", "a"]
    assert listed.keys == ["optimizer.lr"]
    assert [row[6] for row in listed.rows] == ["0.5", "0.005"]
    assert "half" in listed.unfinished[0]
    assert [row[0] for row in list_runs(tmp_path, sort="optimizer.lr").rows] == ["a", "b"]
    with pytest.raises(InputError, match="to be sorted by score, time, name"):
        list_runs(tmp_path, sort="optimizer.rate")
