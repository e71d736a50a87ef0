"""Parts of a recipe that reach beyond one run or one function: each in a small training."""

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.torch import load_file

from maskwise.competition.task import competition_task
from maskwise.data.readers.read_data import read_data
from maskwise.errors import InputError, LeakError
from maskwise.recipes.recipe_files import load_recipe
from maskwise.reporter import SILENT, Reporter
from maskwise.runs.metrics import Metrics
from maskwise.training.extra_data import add_training_photos
from maskwise.training.prepare_data import prepare
from maskwise.training.teachers import check_parents, start_backbone, teach
from maskwise.training.train import train
from maskwise.training.training_data import TrainingData
from tests.opened import load_predictor
from tests.pictures import TINY, make_people
from tests.reporters import KeepingReporter

SHORT = (*TINY, "training.epochs=1")


def trained(data: Path, run: Path, *settings: str, reporter: Reporter = SILENT) -> Metrics:
    return train(load_recipe("cpu", [*SHORT, *settings]), data, run, reporter=reporter)


def lineage(run: Path) -> dict[str, object]:
    return json.loads((run / "lineage.json").read_text())


def weights(run: Path) -> dict[str, torch.Tensor]:
    return load_file(run / "members/00/model.safetensors")


@pytest.fixture(scope="module")
def strangers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_people(tmp_path_factory.mktemp("strangers"), 12, seed=40_000, first=500)


@pytest.fixture(scope="module")
def taught_elsewhere(strangers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("elsewhere") / "run"
    trained(strangers, run)
    return run


def test_further_data_is_trained_on_and_never_held_out(people: Path, strangers: Path, tmp_path: Path) -> None:
    alone = trained(people, tmp_path / "alone")
    more = trained(people, tmp_path / "more", f"data.more=[{strangers}]")
    assert more.n_photos == alone.n_photos
    split = pl.read_parquet(tmp_path / "more/split.parquet")
    added = split.filter(pl.col("photo").str.contains("strangers"))
    assert added.height == 12 * 7
    assert set(added["side"]) == {"train"}
    (entry,) = lineage(tmp_path / "more")["data"]["further"]
    assert (entry["path"], entry["n_photos"], entry["labels"]) == (str(strangers), 84, "labels")
    held = [
        pl.read_parquet(tmp_path / run / "split.parquet").filter(side="held-out")["photo"].to_list()
        for run in ("alone", "more")
    ]
    assert held[0] == held[1]


def test_further_data_may_not_show_held_out_persons(people: Path, tmp_path: Path) -> None:
    shutil.copytree(people, tmp_path / "copy")
    with pytest.raises(LeakError):
        trained(people, tmp_path / "run", f"data.more=[{tmp_path / 'copy'}]")


def test_pseudo_labels_are_a_runs_and_the_lineage_says_so(
    people: Path, strangers: Path, taught_elsewhere: Path, tmp_path: Path
) -> None:
    trained(
        people,
        tmp_path / "run",
        f"pseudo_labels={{run: {taught_elsewhere}, data: {strangers}, confidence: 0.05}}",
    )
    found = lineage(tmp_path / "run")
    assert found["data"]["further"][0]["labels"] == f"labelled by {taught_elsewhere}"
    assert [(p["role"], p["run"]) for p in found["parents"]] == [("labeller", str(taught_elsewhere))]
    with pytest.raises(InputError, match=r"lower pseudo_labels\.confidence"):
        trained(
            people,
            tmp_path / "none",
            f"pseudo_labels={{run: {taught_elsewhere}, data: {strangers}, confidence: 0.999999}}",
        )


def test_what_a_run_is_sure_of_is_trained_towards_its_own_probabilities(
    people: Path, strangers: Path, taught_elsewhere: Path
) -> None:
    table = read_data(strangers)
    told = load_predictor(taught_elsewhere).predict_all(table.paths)
    sure = float(np.median(told.max(axis=1)))
    part = f"pseudo_labels={{run: {taught_elsewhere}, data: {strangers}, confidence: {sure}}}"
    recipe = load_recipe("cpu", [*SHORT, part])
    alone = prepare(people, recipe)
    prepared = add_training_photos(alone, recipe)
    kept = told.max(axis=1) >= sure
    added = np.arange(len(prepared.table)) >= len(alone.table)
    assert 0 < kept.sum() < len(kept)
    assert added.sum() == kept.sum()
    assert not prepared.split.held_out[added].any()
    assert np.allclose(prepared.targets[added], told[kept], atol=1e-6)
    assert [path.name for path in prepared.table.keep(added).paths] == [
        path.name for path, keep in zip(table.paths, kept, strict=True) if keep
    ]


def test_a_parent_must_not_know_the_held_out_persons(
    people: Path, strangers: Path, taught_elsewhere: Path, tmp_path: Path
) -> None:
    same, other = tmp_path / "same", tmp_path / "other"
    trained(people, same)
    trained(people, other, "split.seed=1")
    for part in ("distillation={{run: {run}}}", "start_from={run}"):
        trained(people, tmp_path / f"fine-{part[:5]}", part.format(run=same))
        with pytest.raises(LeakError, match="to know none of the held-out persons"):
            trained(people, tmp_path / "leaky", part.format(run=other))
    # nor by way of a run that it learnt from
    child = tmp_path / "child"
    trained(strangers, child, f"distillation={{run: {other}}}")
    with pytest.raises(LeakError, match=str(other)):
        trained(people, tmp_path / "leaky", f"start_from={child}")
    assert not (tmp_path / "leaky").exists()


def test_a_teachers_probabilities_are_mixed_into_the_targets(
    people: Path, taught_elsewhere: Path, tmp_path: Path
) -> None:
    def targets(**part: float) -> tuple[TrainingData, np.ndarray]:
        recipe = load_recipe("cpu", [*SHORT, f"distillation={{run: {taught_elsewhere}}}"])
        recipe = recipe.model_copy(update={"distillation": recipe.distillation.model_copy(update=part)})
        prepared = prepare(people, recipe)
        return prepared, teach(prepared, recipe.distillation, prepared.table.paths)

    prepared, wholly = targets(weight=1.0)
    predictor = load_predictor(taught_elsewhere)
    row = int(prepared.train_rows[3])
    (prediction,) = predictor.predict([prepared.table.paths[row]])
    assert np.allclose(wholly[row], prediction.probabilities, atol=1e-5)
    assert np.allclose(wholly[prepared.held_out_rows], prepared.targets[prepared.held_out_rows])
    _, half = targets(weight=0.5)
    assert np.allclose(half[row], (prepared.targets[row] + wholly[row]) / 2, atol=1e-6)
    _, soft = targets(weight=1.0, temperature=100.0)
    assert np.allclose(soft[row], 1 / 18, atol=0.02)


def test_a_teacher_with_other_classes_is_refused(taught_elsewhere: Path) -> None:
    recipe = load_recipe("cpu", [*SHORT, f"distillation={{run: {taught_elsewhere}}}"])
    space = competition_task().space
    assert [parent.role for parent in check_parents(recipe, space)] == ["teacher"]
    with pytest.raises(InputError, match=f"the teacher {taught_elsewhere} to have the classes of the data"):
        check_parents(recipe, space.with_boundaries({"age": (30.0, 50.0)}))


def test_a_run_begins_with_another_ones_backbone(
    people: Path, taught_elsewhere: Path, tmp_path: Path
) -> None:
    trained(
        people,
        tmp_path / "run",
        f"start_from={taught_elsewhere}",
        "optimizer.lr=1.0e-12",
        "optimizer.weight_decay=0",
    )
    begun, parent = weights(tmp_path / "run"), weights(taught_elsewhere)
    for name in ("backbone.conv_stem.weight", "backbone.conv_head.weight"):
        assert torch.allclose(begun[name], parent[name], atol=1e-6)
    assert not torch.equal(begun["head.main.branches.0.weight"], parent["head.main.branches.0.weight"])
    with pytest.raises(InputError, match=r"the backbone of .* to be resnet18, got test_efficientnet"):
        start_backbone(None, taught_elsewhere, "resnet18")


def test_a_frozen_epoch_leaves_the_backbone_as_it_was(people: Path, tmp_path: Path) -> None:
    still = (
        "optimizer.weight_decay=0",
        "schedule={kind: step, epochs: 1, gamma: 1.0e-12}",
        "training.keep=last",
    )
    two = ("training.epochs=2", "training.frozen_epochs=1")
    trained(people, tmp_path / "begin", "optimizer.lr=1.0e-12", *still)
    trained(people, tmp_path / "frozen", *two, *still)  # nothing moves any more in the second epoch
    trained(people, tmp_path / "run", *two, "training.keep=last")
    begun, frozen, checkpointed = (weights(tmp_path / run) for run in ("begin", "frozen", "run"))
    stem, head = "backbone.conv_stem.weight", "head.main.branches.0.weight"
    assert torch.allclose(frozen[stem], begun[stem], atol=1e-9)
    assert not torch.allclose(frozen[head], begun[head], atol=1e-4)
    assert not torch.allclose(checkpointed[stem], begun[stem], atol=1e-4)
    history = pl.read_csv(tmp_path / "run/history.csv")
    assert history.height == 2
    statistics = "backbone.bn1.running_mean"
    assert not torch.equal(
        checkpointed[statistics], begun[statistics]
    )  # they learn again behind the frozen epochs
    with pytest.raises(InputError, match="frozen_epochs to be below epochs 1"):
        load_recipe("cpu", [*SHORT, "training.frozen_epochs=1"])


def test_the_average_of_the_weights_is_kept_and_a_resume_goes_on_with_both(
    people: Path, tmp_path: Path
) -> None:
    settings = (*TINY, "training.epochs=3", "training.ema={decay: 0.9}", "loss={kind: soft_f1, memory: 0.9}")
    train(load_recipe("cpu", settings), people, tmp_path / "whole")
    train(load_recipe("cpu", [s for s in settings if "ema" not in s]), people, tmp_path / "plain")
    name = "backbone.conv_stem.weight"
    assert not torch.equal(weights(tmp_path / "whole")[name], weights(tmp_path / "plain")[name])
    checkpoint = torch.load(tmp_path / "whole/checkpoints/last.ckpt", weights_only=True)
    assert torch.equal(
        checkpoint["current_model_state"][f"classifier.{name}"],
        torch.load(tmp_path / "plain/checkpoints/last.ckpt", weights_only=True)["state_dict"][
            f"classifier.{name}"
        ],
    )
    assert torch.equal(weights(tmp_path / "whole")[name], checkpoint["state_dict"][f"classifier.{name}"])
    train(load_recipe("cpu", [*settings, "training.keep=best"]), people, tmp_path / "best")
    best = torch.load(tmp_path / "best/checkpoints/best.ckpt", weights_only=True)
    averaged = best["state_dict"][f"classifier.{name}"]
    assert torch.equal(weights(tmp_path / "best")[name], averaged)
    assert not torch.equal(averaged, best["current_model_state"][f"classifier.{name}"])


def test_the_counts_of_an_epoch_are_said_before_it_begins(people: Path, tmp_path: Path) -> None:
    reporter = KeepingReporter()
    trained(
        people,
        tmp_path / "run",
        'sampling={kind: ratios, values: {age: {">=60": 2}}}',
        reporter=reporter,
    )
    text = "\n".join(reporter.lines)
    assert text.index("Draws of each class in the first epoch") < text.index("epoch 1/1")
    drawn = [int(line.split(": ")[1].split(" of ")[0]) for line in text.splitlines() if " / " in line]
    assert len(drawn) == 18
    assert sum(drawn) == lineage(tmp_path / "run")["split"]["n_train"] // 16 * 16  # whole batches of 16
    plain = KeepingReporter()
    trained(people, tmp_path / "plain", reporter=plain)
    assert (
        f"Every epoch draws {sum(drawn)} of the {lineage(tmp_path / 'plain')['split']['n_train']} photos"
        in "\n".join(plain.lines)
    )


def test_labels_near_a_boundary_can_be_left_out(people: Path, tmp_path: Path) -> None:
    whole = trained(people, tmp_path / "whole")
    left = trained(people, tmp_path / "left", "labels.leave_out={age: [29, 30]}")
    assert whole.n_photos == left.n_photos  # they are still scored
    split = pl.read_parquet(tmp_path / "left/split.parquet")
    near = split.filter((pl.col("side") == "train") & pl.col("person").str.contains("_(29|30)$"))
    n_train = [lineage(tmp_path / run)["split"]["n_train"] for run in ("whole", "left")]
    assert near.height > 0
    assert n_train[0] - n_train[1] == near.height
    with pytest.raises(InputError, match=r"labels\.leave_out: expected names of age, got 'gender'"):
        trained(people, tmp_path / "wrong", "labels.leave_out={gender: [1, 2]}")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("sampling={kind: ratios, values: {age: {old: 2}}}", r"sampling\.values\.age"),
        ("sampling={kind: ratios, classes: {18: 2}}", "from 0 to 17, got 18"),
        ("mixing={kind: half_face, partner: {age: old}}", r"mixing\.partner\.age"),
        ("distillation={run: absent}", "absent to be a run folder"),
        ("start_from=absent", "absent to be a run folder"),
        ("data.more=[absent]", "absent to be a folder or a table"),
    ],
)
def test_what_does_not_exist_is_one_line(people: Path, tmp_path: Path, setting: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        trained(people, tmp_path / "run", setting)
