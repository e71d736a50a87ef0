import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
import yaml
from sklearn.metrics import f1_score
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from maskwise.data.readers.read_data import read_data
from maskwise.data.transform import TransformSpec
from maskwise.errors import InputError, LeakError, MaskwiseError
from maskwise.recipes.recipe_files import load_recipe, save_recipe
from maskwise.runs.metrics import Metrics
from maskwise.training.train import train
from tests.pictures import TINY, make_people, picture, write_jpeg, write_table
from tests.reporters import KeepingReporter


def trained(data: Path, run: Path, *settings: str) -> Metrics:
    return train(load_recipe("cpu", [*TINY, *settings]), data, run)


def test_a_run_folder_holds_what_the_interface_says(tiny_run: Path) -> None:
    for name in (
        "recipe.yaml",
        "lineage.json",
        "split.parquet",
        "members/00/model.safetensors",
        "members/00/model.json",
        "metrics.json",
        "history.csv",
        "predictions.parquet",
        "report.html",
    ):
        assert (tiny_run / name).is_file(), name
    metrics = json.loads((tiny_run / "metrics.json").read_text())
    predictions = pl.read_parquet(tiny_run / "predictions.parquet")
    assert predictions.columns == ["photo", "person", "label", *[f"p_{i:02d}" for i in range(18)]]
    p = predictions.select(pl.selectors.starts_with("p_")).to_numpy()
    assert np.allclose(p.sum(axis=1), 1, atol=1e-4)
    cube = p.reshape(-1, 3, 2, 3)
    decided = cube.sum((2, 3)).argmax(1) * 6 + cube.sum((1, 3)).argmax(1) * 3 + cube.sum((1, 2)).argmax(1)
    expected = f1_score(predictions["label"], decided, average="macro", labels=range(18), zero_division=0)
    assert metrics["macro_f1"]["value"] == pytest.approx(expected, abs=1e-6)
    assert metrics["scored_on"] == "held-out persons"
    assert metrics["schema"] == 1
    lineage = json.loads((tiny_run / "lineage.json").read_text())
    assert lineage["finished"]
    assert lineage["packages"]["torch"] == torch.__version__.split("+")[0]
    assert pl.read_parquet_metadata(tiny_run / "split.parquet")["schema"] == "1"


def test_it_learns(tiny_run: Path) -> None:
    metrics = json.loads((tiny_run / "metrics.json").read_text())
    assert metrics["gender"]["macro_f1"]["value"] > 0.7
    history = pl.read_csv(tiny_run / "history.csv")
    assert history.height == 8
    assert history["train_loss"][-1] < 0.7 * history["train_loss"][0]
    assert history["epoch"].to_list() == list(range(1, 9))


def test_no_person_is_on_both_sides(tiny_run: Path) -> None:
    split = pl.read_parquet(tiny_run / "split.parquet")
    sides = split.group_by("person").agg(pl.col("side").n_unique())
    assert sides["side"].max() == 1
    predictions = pl.read_parquet(tiny_run / "predictions.parquet")
    assert set(predictions["photo"]) == set(split.filter(pl.col("side") == "held-out")["photo"])


def test_tensorboard_has_the_scores(tiny_run: Path) -> None:
    events = EventAccumulator(str(tiny_run / "tensorboard"))
    events.Reload()
    assert {"held_out/macro_f1", "train/loss"} <= set(events.Tags()["scalars"])
    history = pl.read_csv(tiny_run / "history.csv")
    logged = [event.value for event in events.Scalars("held_out/macro_f1")]
    assert logged == pytest.approx(history["held_out_macro_f1"].to_list(), abs=1e-5)


def test_everything_measured_is_in_the_recipe(people: Path, tmp_path: Path) -> None:
    settings = [s for s in TINY if not s.startswith(("training.precision", "training.threads"))]
    recipe = load_recipe(
        "cpu",
        [
            *settings,
            "training.epochs=1",
            "training.precision=measure",
            "transform.steps.normalize.mean=null",
            "transform.steps.normalize.std=null",
        ],
    )
    before = torch.get_num_threads()
    train(recipe, people, tmp_path / "run")
    torch.set_num_threads(before)
    written = yaml.safe_load((tmp_path / "run" / "recipe.yaml").read_text())
    assert written["training"]["precision"] in ("32-true", "bf16-mixed")
    assert all(
        isinstance(written["training"][key], int)
        for key in ("threads", "workers", "batch_size", "effective_batch")
    )
    spec = TransformSpec.model_validate(written["transform"])
    assert spec.normalization.mean == (0.485, 0.456, 0.406)
    measured = json.loads((tmp_path / "run" / "lineage.json").read_text())["measured"]["precision"]
    assert set(measured) == {"32-true", "bf16-mixed"}


def test_the_same_recipe_gives_the_same_weights_whatever_the_workers_and_the_cache(
    people: Path, tmp_path: Path
) -> None:
    trained(people, tmp_path / "a", "training.workers=1")
    trained(people, tmp_path / "b", "training.workers=3", "data.cache=true")
    trained(people, tmp_path / "c", "seed=1")
    weights = [(tmp_path / run / "members/00/model.safetensors").read_bytes() for run in "abc"]
    assert weights[0] == weights[1]
    assert weights[0] != weights[2]


def test_accumulated_batches_keep_the_effective_batch(people: Path, tmp_path: Path) -> None:
    trained(
        people, tmp_path / "run", "training.batch_size=8", "training.effective_batch=32", "training.epochs=1"
    )
    checkpoint = torch.load(tmp_path / "run/checkpoints/last.ckpt", weights_only=True)
    n = pl.read_parquet(tmp_path / "run/split.parquet").filter(pl.col("side") == "train").height
    assert checkpoint["global_step"] == n // 32


def test_broken_photos_are_set_aside_and_said(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 12)
    folders = sorted((data / "images").iterdir())
    (folders[0] / "mask1.jpg").write_bytes(b"")
    (folders[1] / "mask2.jpg").unlink()
    trained(data, tmp_path / "run", "training.epochs=1")
    aside = json.loads((tmp_path / "run/lineage.json").read_text())["data"]["set_aside"]
    assert sorted(row["reason"] for row in aside) == ["empty file", "missing"]
    assert "empty file" in (tmp_path / "run/report.html").read_text()


def test_a_split_by_photo_marks_run_metrics_and_report(people: Path, tmp_path: Path) -> None:
    metrics = trained(people, tmp_path / "run", "split.by=photo", "training.epochs=1")
    assert metrics.leaky
    assert metrics.scored_on == "held-out photos"
    assert "inflated" in (tmp_path / "run/report.html").read_text()
    assert yaml.safe_load((tmp_path / "run/recipe.yaml").read_text())["split"]["by"] == "photo"


def test_near_duplicates_across_persons_are_refused_or_joined(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 12)
    image = picture(4242, height=256, width=192)
    for place, folder in enumerate(sorted((data / "images").iterdir())):
        write_jpeg(folder / "normal.jpg", image, 95 - 4 * place)  # all persons share a picture
    with pytest.raises(LeakError, match=r"normal\.jpg = images/"):
        trained(data, tmp_path / "a", "split.near_duplicates=refuse")
    with pytest.raises(InputError, match="enough persons"):
        trained(data, tmp_path / "b", "split.near_duplicates=join")
    for folder in sorted((data / "images").iterdir())[2:]:
        write_jpeg(folder / "normal.jpg", picture(int(folder.name[:6]) + 900))
    trained(data, tmp_path / "c", "split.near_duplicates=join", "training.epochs=1")
    split = pl.read_parquet(tmp_path / "c/split.parquet")
    tied = split.filter(
        pl.col("person").str.starts_with("000000") | pl.col("person").str.starts_with("000001")
    )
    assert tied["side"].n_unique() == 1
    assert tied["group"].n_unique() == 1
    assert not (tmp_path / "a").exists()


def test_a_table_can_bring_its_split(people: Path, tmp_path: Path) -> None:
    table = read_data(people)
    frame = table.frame.with_columns(
        photo=pl.lit(f"{people}/") + pl.col("photo"),
        split=pl.when(pl.col("person").str.slice(0, 6).cast(pl.Int64) % 3 == 0)
        .then(pl.lit("held-out"))
        .otherwise(pl.lit("train")),
    )
    frame.write_csv(tmp_path / "table.csv")
    trained(tmp_path / "table.csv", tmp_path / "run", "split.by=table", "training.epochs=1")
    split = pl.read_parquet(tmp_path / "run/split.parquet")
    assert split["side"].to_list() == frame["split"].to_list()
    frame.with_columns(split=pl.lit("train")).write_csv(tmp_path / "table.csv")
    with pytest.raises(InputError, match="split column"):
        trained(tmp_path / "table.csv", tmp_path / "other", "split.by=table")
    half = pl.when(pl.col("mask") == "none").then(pl.lit("held-out")).otherwise(pl.lit("train"))
    frame.with_columns(split=half).write_csv(tmp_path / "table.csv")
    with pytest.raises(LeakError, match="24 on both"):
        trained(tmp_path / "table.csv", tmp_path / "other", "split.by=table")


def test_data_that_cannot_be_trained_on_is_refused(people: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="photos in every band of age, got none in >=61"):
        trained(people, tmp_path / "run", "labels.boundaries.age=[30, 61]")
    no_person = write_table(
        tmp_path / "t.csv",
        ("photo", "mask", "gender", "age"),
        [(p, "worn", "male", 30) for p in list((people / "images").rglob("*.jpg"))[:20]],
    )
    with pytest.raises(InputError, match="a person for every photo"):
        trained(no_person, tmp_path / "run")
    no_label = write_table(
        tmp_path / "u.csv",
        ("photo", "person"),
        [(p, p.parent.name) for p in list((people / "images").rglob("*.jpg"))[:20]],
    )
    with pytest.raises(InputError, match="photos with labels to train on"):
        trained(no_label, tmp_path / "run")
    with pytest.raises(InputError, match=r"mixing: .*'masks'"):
        trained(people, tmp_path / "run", "mixing.same=[masks]")
    with pytest.raises(InputError, match=r"labels\.deviations.*'gender'"):
        trained(people, tmp_path / "run", "labels.deviations={gender: 1}")
    assert not (tmp_path / "run").exists()


def test_a_run_folder_that_exists_is_left_alone(people: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "mine.txt").write_text("keep")
    with pytest.raises(InputError, match="new or empty"):
        trained(people, tmp_path / "run")
    assert [p.name for p in (tmp_path / "run").iterdir()] == ["mine.txt"]
    with pytest.raises(InputError, match=r"no recipe\.yaml"):
        train(load_recipe("cpu"), people, tmp_path / "run", resume=True)


def test_a_split_column_that_is_not_used_is_mentioned(people: Path, tmp_path: Path) -> None:
    frame = read_data(people).frame.with_columns(
        photo=pl.lit(f"{people}/") + pl.col("photo"), split=pl.lit("train")
    )
    frame.write_csv(tmp_path / "table.csv")
    reporter = KeepingReporter()
    recipe = load_recipe("cpu", [*TINY, "training.epochs=1"])
    train(recipe, tmp_path / "table.csv", tmp_path / "run", reporter=reporter)
    assert any("The split column is not used, as split.by is person" in line for line in reporter.lines)
    assert reporter.stages["scanning photos"][-1] == (read_data(people).frame.height,) * 2
    first, *_, last = reporter.stages["training"]
    assert first[0] == 0
    assert last[0] == last[1] > 0
    assert sum(line.startswith("epoch 1/1: ") for line in reporter.lines) == 1


def test_an_effective_batch_larger_than_the_data_is_refused(people: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"effective_batch to be at most the 1\d\d photos"):
        trained(people, tmp_path / "run", "training.batch_size=16", "training.effective_batch=512")


def test_a_run_killed_before_it_began_can_be_resumed(people: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    recipe = load_recipe("cpu", [*TINY, "training.epochs=1"])
    run.mkdir()
    (run / ".recipe.yaml.abc.tmp").write_text("half")
    save_recipe(run / "recipe.yaml", recipe)
    with pytest.raises(InputError, match="resume the run in it"):
        train(recipe, people, run)
    assert train(recipe, people, run, resume=True).epochs == 1


def test_a_loss_that_is_no_number_stops_the_run(people: Path, tmp_path: Path) -> None:
    with pytest.raises(MaskwiseError, match=r"Expected the loss to be finite.*optimizer\.lr"):
        trained(people, tmp_path / "run", "optimizer.lr=1e30", "schedule.warmup=0")


def test_the_best_epoch_is_kept_and_patience_ends_a_run(people: Path, tmp_path: Path) -> None:
    metrics = trained(
        people,
        tmp_path / "run",
        "training.keep=best",
        "training.metric=loss",
        "training.epochs=12",
        "training.early_stopping.patience=1",
        "optimizer.lr=0.03",
        "schedule.kind=constant",
    )
    history = pl.read_csv(tmp_path / "run/history.csv")
    assert history.height < 12
    best = history["held_out_loss"].arg_min()
    assert metrics.macro_f1.value == pytest.approx(history["held_out_macro_f1"][best], abs=1e-5)
    assert "a little optimistic" in (tmp_path / "run/report.html").read_text()


def test_patience_alone_chooses_on_the_held_out_persons_and_that_is_said(
    people: Path, tmp_path: Path
) -> None:
    metrics = trained(people, tmp_path / "run", "training.epochs=1", "training.early_stopping.patience=1")
    assert metrics.chosen_on_these_persons
    assert "having ended the training: chosen on them" in (tmp_path / "run/report.html").read_text()
    assert "nothing was chosen" not in (tmp_path / "run/MODEL_CARD.md").read_text()


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("report-2021", ["transform.steps.center_crop.height=100", "transform.steps.center_crop.width=80"]),
        ("best-gpu", ["training.effective_batch=8"]),
    ],
)
def test_the_first_steps_of_what_needs_a_gpu_run(
    people: Path, tmp_path: Path, name: str, more: list[str]
) -> None:
    """EfficientNet-B4 and ConvNeXt-Small without the hub's weights, at a size that two cores can take."""
    recipe = load_recipe(
        name,
        [
            "model.weights=none",
            "training.epochs=1",
            "training.batch_size=4",
            "training.precision=32-true",
            "transform.steps.resize.height=64",
            "transform.steps.resize.width=64",
            *more,
        ],
    )
    metrics = train(recipe, people, tmp_path / "run")
    assert metrics.epochs == 1
