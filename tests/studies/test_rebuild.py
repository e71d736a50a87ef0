import shutil
from pathlib import Path

import pytest

from maskwise.errors import InputError
from maskwise.recipes.recipe_files import load_recipe
from maskwise.training.folds import train_folds
from maskwise.training.train import train
from tests.older_runs import without_digests
from tests.opened import rebuild
from tests.pictures import TINY, make_people


def test_a_rebuilt_run_is_the_same_and_other_data_are_refused(people: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(load_recipe("cpu", [*TINY, "training.epochs=1"]), people, run)
    found = rebuild(run)
    assert found.folder == tmp_path / "run-rebuilt"
    assert found.same_weights
    assert (found.largest_difference, found.same_classes) == (0, 1)
    assert "byte for byte" in found.sentence()
    with pytest.raises(InputError, match="photos, labels or files differ"):
        rebuild(run, data=make_people(tmp_path / "other", 24, seed=9), out=tmp_path / "x")


def test_a_rebuild_that_differs_says_by_how_much(people: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    train(load_recipe("cpu", [*TINY, "training.epochs=1"]), people, run)
    recipe = run / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("seed: 0\ndata", "seed: 5\ndata"))
    without_digests(run)
    found = rebuild(run)
    assert not found.same_weights
    assert found.largest_difference > 0
    assert "The weights differ" in found.sentence()


def test_a_rebuild_says_that_what_it_learns_from_has_changed(people: Path, tmp_path: Path) -> None:
    short = [*TINY, "training.epochs=1"]
    teacher, run = tmp_path / "teacher", tmp_path / "run"
    train(load_recipe("cpu", short), people, teacher)
    train(load_recipe("cpu", [*short, f"distillation={{run: {teacher}}}"]), people, run)
    assert not any("teacher" in line for line in rebuild(run).changed)
    shutil.rmtree(teacher)
    train(load_recipe("cpu", [*short, "seed=1"]), people, teacher)
    found = rebuild(run, out=tmp_path / "again")
    assert any(f"the teacher {teacher} is not what it was" in line for line in found.changed)


def test_folds_are_rebuilt_as_folds(people: Path, tmp_path: Path) -> None:
    train_folds(load_recipe("cpu", [*TINY, "training.epochs=1"]), people, tmp_path / "run", folds=2)
    found = rebuild(tmp_path / "run")
    assert found.same_weights
    assert len(list((found.folder / "members").iterdir())) == 2
