import csv
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import f1_score

from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError, LeakError, StoppedError
from maskwise.inference.decision import Choice
from maskwise.models.ensemble import EnsembleSpec
from maskwise.recipes.recipe_files import load_recipe
from maskwise.runs.ensemble_file import write_ensemble_spec
from maskwise.runs.run import Run
from maskwise.training import folds as folds_module
from maskwise.training.folds import train_folds
from maskwise.training.train import train
from tests.opened import create_choice, ensemble, evaluate, load_predictor, predict_to_file
from tests.pictures import TINY, make_people

SHORT = (*TINY, "training.epochs=2")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_people(tmp_path_factory.mktemp("folds") / "data", 36)


@pytest.fixture(scope="module")
def cross_validated(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "folds"
    train_folds(load_recipe("cpu", SHORT), data, run, folds=3)
    return run


def test_everybody_is_scored_by_a_model_that_had_not_seen_them(data: Path, cross_validated: Path) -> None:
    predictions = pl.read_parquet(cross_validated / "predictions.parquet")
    assert predictions["photo"].to_list() == read_data(data).photos
    for fold in range(3):
        part = cross_validated / "folds" / f"{fold:02d}"
        split = pl.read_parquet(part / "split.parquet")
        trained = set(split.filter(side="train")["person"])
        mine = predictions.filter(pl.col("fold") == fold)
        assert not trained & set(mine["person"])
        own = pl.read_parquet(part / "predictions.parquet").sort("photo")
        assert np.allclose(own["p_00"].to_numpy(), mine.sort("photo")["p_00"].to_numpy())
    metrics = json.loads((cross_validated / "metrics.json").read_text())
    assert metrics["scored_on"] == "out-of-fold"
    assert metrics["n_persons"] == 36
    assert len(metrics["by_fold"]) == 3
    p = predictions.select(pl.selectors.starts_with("p_")).to_numpy().reshape(-1, 3, 2, 3)
    decided = p.sum((2, 3)).argmax(1) * 6 + p.sum((1, 3)).argmax(1) * 3 + p.sum((1, 2)).argmax(1)
    expected = f1_score(predictions["label"], decided, average="macro", labels=range(18), zero_division=0)
    assert metrics["macro_f1"]["value"] == pytest.approx(expected, abs=1e-6)
    report = (cross_validated / "report.html").read_text()
    assert "macro F1 fold by fold" in report
    assert 'alt="Where the model looked"' in report
    assert "left out of this report" not in report
    card = (cross_validated / "MODEL_CARD.md").read_text()
    assert "36 persons of the data set it was made from, each person by models trained on others" in card
    assert len(list((cross_validated / "folds").glob("*/tensorboard/events*"))) == 3


def test_the_folds_models_are_members_and_speak_together(
    data: Path, cross_validated: Path, tmp_path: Path
) -> None:
    paths = read_data(data).paths[:5]
    together = np.stack([p.probabilities for p in load_predictor(cross_validated).predict(paths)])
    apart = [
        np.stack(
            [p.probabilities for p in load_predictor(cross_validated / "folds" / f"{k:02d}").predict(paths)]
        )
        for k in range(3)
    ]
    assert np.allclose(together, np.mean(apart, axis=0), atol=1e-6)
    evaluated = evaluate(cross_validated, data, name="again").metrics
    assert evaluated.scored_on is None  # all of them were trained on by some member


def test_a_decision_is_fitted_and_off_unless_asked_for(
    data: Path, cross_validated: Path, tmp_path: Path
) -> None:
    predictor = load_predictor(cross_validated)
    tuned = Run(cross_validated).decision
    for name, calibrated, told in ((None, False, "marginal"), ("weighted", True, "weighted, calibrated")):
        out = tmp_path / f"{calibrated}.csv"
        choice = create_choice(cross_validated, predictor.card, name, calibrated=calibrated)
        predict_to_file(cross_validated, predictor, [str(data / "images")], out, choice=choice)
        with out.open() as stream:
            rows = list(csv.DictReader(stream))
        assert {row["decision"] for row in rows} == {told}
    raw = np.stack([p.probabilities for p in predictor.predict(read_data(data).paths[:3])])
    assert tuned.weighted(raw).shape == (3,)


def test_a_refit_says_that_it_has_no_score_and_knows_everybody(data: Path, tmp_path: Path) -> None:
    run = tmp_path / "refit"
    recipe = load_recipe("cpu", [*SHORT, "training.keep=best"])
    metrics = train_folds(recipe, data, run, folds=2, refit=True, photos_in_report=False)
    assert metrics.scored_on is None
    assert metrics.macro_f1 is None
    assert metrics.folds.scored_on == "out-of-fold"
    card = (run / "MODEL_CARD.md").read_text()
    assert "this one was trained on all of them, and is itself unmeasured" in card
    assert card.count("\n| ") > 18
    assert "left out of this report" in (run / "report.html").read_text()
    assert len(list((run / "members").iterdir())) == 1
    kept = [
        pl.read_csv(run / f"folds/{k:02d}/history.csv")["held_out_macro_f1"].arg_max() + 1 for k in range(2)
    ]
    assert pl.read_csv(run / "refit/history.csv").height == max(1, round(np.mean(kept)))
    split = pl.read_parquet(run / "refit/split.parquet")
    assert set(split["side"]) == {"train"}
    assert split["person"].n_unique() == 36
    assert json.loads((run / "refit/metrics.json").read_text())["scored_on"] is None
    with pytest.raises(LeakError, match="to know none of the held-out persons"):
        train(load_recipe("cpu", [*SHORT, f"start_from={run}"]), data, tmp_path / "leaky")


def test_interrupted_folds_go_on_where_they_stopped(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, begun = tmp_path / "run", folds_module.train

    def stop_in_the_second(*arguments: object, **options: object) -> object:
        if arguments[2].name == "01":
            raise StoppedError("Interrupted")
        return begun(*arguments, **options)

    monkeypatch.setattr(folds_module, "train", stop_in_the_second)
    with pytest.raises(StoppedError):
        train_folds(load_recipe("cpu", SHORT), data, run, folds=2)
    before = (run / "folds/00/members/00/model.safetensors").stat().st_mtime_ns
    monkeypatch.setattr(folds_module, "train", begun)
    for folds, refit in ((3, False), (2, True)):
        with pytest.raises(InputError, match="as it began, with 2 folds and without a refit"):
            train_folds(load_recipe("cpu"), data, run, folds=folds, refit=refit, resume=True)
    with pytest.raises(InputError, match="Expected a recipe of 2 folds to name the one to train"):
        train(load_recipe("cpu"), data, run, resume=True)
    train_folds(load_recipe("cpu"), data, run, folds=2, resume=True)
    assert (run / "folds/00/members/00/model.safetensors").stat().st_mtime_ns == before
    assert json.loads((run / "metrics.json").read_text())["scored_on"] == "out-of-fold"


def test_what_can_not_be_folded_is_one_line(data: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InputError, match=r"at least 7 persons with gender male, age_band <30 for 7 folds, got 6"
    ):
        train_folds(load_recipe("cpu", SHORT), data, tmp_path / "run", folds=7)
    assert not (tmp_path / "run").exists()
    with pytest.raises(InputError, match="fold to be below folds"):
        load_recipe("cpu", ["split.folds=3", "split.fold=3"])
    with pytest.raises(InputError, match=r"split\.by person"):
        load_recipe("cpu", ["split.folds=3", "split.by=photo"])


def test_runs_become_one(data: Path, tmp_path: Path) -> None:
    runs = []
    for seed in range(2):
        runs.append(tmp_path / f"r{seed}")
        train(load_recipe("cpu", [*SHORT, f"seed={seed}"]), data, runs[-1])
    paths = read_data(data).paths[:4]
    apart = [np.stack([p.probabilities for p in load_predictor(run).predict(paths)]) for run in runs]
    made = ensemble(runs, tmp_path / "mean")
    together = np.stack([p.probabilities for p in load_predictor(tmp_path / "mean").predict(paths)])
    assert np.allclose(together, np.mean(apart, axis=0), atol=1e-6)
    assert made.metrics.scored_on == "held-out persons"
    assert [p["role"] for p in json.loads((tmp_path / "mean/lineage.json").read_text())["parents"]] == [
        "member"
    ] * 2
    weighted = ensemble(runs, tmp_path / "weighted", how="weighted")
    assert weighted.gain is not None
    assert weighted.metrics.chosen_on_these_persons
    same = ensemble([runs[0], _copy(runs[0], tmp_path / "copy")], tmp_path / "soup", how="soup")
    soup = np.stack([p.probabilities for p in load_predictor(tmp_path / "soup").predict(paths)])
    assert np.allclose(soup, apart[0], atol=1e-5)
    assert same.metrics.scored_on == "held-out persons"


def test_what_an_ensemble_scores_is_what_it_predicts(
    data: Path, cross_validated: Path, tmp_path: Path
) -> None:
    single = tmp_path / "single"
    train(load_recipe("cpu", [*SHORT, "seed=3"]), data, single)
    made = ensemble([cross_validated, single], tmp_path / "both")
    paths = read_data(data).paths[:4]
    apart = [
        np.stack([p.probabilities for p in load_predictor(run).predict(paths)])
        for run in (cross_validated, single)
    ]
    together = np.stack([p.probabilities for p in load_predictor(tmp_path / "both").predict(paths)])
    assert np.allclose(
        together, np.mean(apart, axis=0), atol=1e-6
    )  # a run counts once, however many members it has
    assert made.metrics.scored_on == "out-of-fold"
    for how in ("vote", "soup"):
        with pytest.raises(InputError, match=r"runs of one training each"):
            ensemble([single, cross_validated], tmp_path / how, how=how)
    with pytest.raises(InputError, match="got the ensemble"):
        ensemble([single, tmp_path / "both"], tmp_path / "again")


def test_ensembles_that_make_no_sense_are_one_line(data: Path, cross_validated: Path, tmp_path: Path) -> None:
    first, other = tmp_path / "a", tmp_path / "b"
    train(load_recipe("cpu", [*SHORT]), data, first)
    train(load_recipe("cpu", [*SHORT, "model.head.kind=joint"]), data, other)
    with pytest.raises(InputError, match="one architecture and one transform for a soup"):
        ensemble([first, other], tmp_path / "soup", how="soup")
    with pytest.raises(InputError, match="at least two runs"):
        ensemble([first], tmp_path / "one")
    with pytest.raises(InputError, match="the same folder twice"):
        ensemble([first, first.parent / "." / first.name], tmp_path / "twice")
    write_ensemble_spec(
        Run(cross_validated).folder.ensemble, EnsembleSpec(combine="weighted", weights=(1.0, -1.0, 0.0))
    )
    try:
        with pytest.raises(InputError, match="expected 3 weights of 0 or more"):
            load_predictor(cross_validated)
    finally:
        (cross_validated / "ensemble.json").unlink()


def _copy(run: Path, target: Path) -> Path:
    import shutil

    shutil.copytree(run, target)
    return target


def test_folds_train_on_ray_too(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    recipe = load_recipe("cpu", [*SHORT, "training.epochs=1"])
    train_folds(recipe, data, tmp_path / "here", folds=2)
    train_folds(recipe, data, tmp_path / "there", folds=2, on="ray")
    here, there = (pl.read_parquet(tmp_path / run / "predictions.parquet") for run in ("here", "there"))
    assert here["photo"].to_list() == there["photo"].to_list()
    assert np.allclose(here["p_00"].to_numpy(), there["p_00"].to_numpy(), atol=1e-5)


def test_unsure_photos_get_no_answer_where_that_is_asked_for(
    data: Path, cross_validated: Path, tmp_path: Path
) -> None:
    predictor, tuned = load_predictor(cross_validated), Run(cross_validated).decision
    choice = create_choice(cross_validated, predictor.card, accuracy=0.95)
    assert choice.threshold == tuned.thresholds["0.95"][0]
    strict = Choice("joint", tuned, threshold=0.5)
    predict_to_file(cross_validated, predictor, [str(data / "images")], tmp_path / "p.parquet", choice=strict)
    rows = pl.read_parquet(tmp_path / "p.parquet")
    p = tuned.calibrated(rows.select(pl.selectors.starts_with("p_")).to_numpy()).max(axis=1)
    silent = rows["decision"] == "abstained"
    assert (silent.to_numpy() == (p < 0.5)).mean() > 0.99
    assert rows.filter(silent)["class"].null_count() == silent.sum()
    assert rows.filter(~silent)["class"].null_count() == 0
    with pytest.raises(InputError, match=r"to be one of 0\.8, 0\.9, 0\.95"):
        create_choice(cross_validated, predictor.card, accuracy=0.5)


def test_a_fitted_decision_has_to_be_there(data: Path, tmp_path: Path) -> None:
    train(load_recipe("cpu", [*SHORT, "training.epochs=1"]), data, tmp_path / "run")
    with pytest.raises(InputError, match="train it with folds"):
        create_choice(tmp_path / "run", load_predictor(tmp_path / "run").card, "weighted")
