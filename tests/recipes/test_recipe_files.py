from pathlib import Path

import pytest
import yaml

from maskwise.errors import InputError
from maskwise.recipes.recipe_files import load_recipe, parse_recipe, save_recipe, shipped_recipes
from maskwise.recipes.schema import Recipe


@pytest.mark.parametrize("name", shipped_recipes())
def test_shipped_recipes_are_valid_and_say_how_to_run_them(name: str, tmp_path: Path) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.split.by == "person"
    save_recipe(tmp_path / "recipe.yaml", recipe)
    assert load_recipe(str(tmp_path / "recipe.yaml")) == recipe
    source = Path(__file__).parents[2] / "src/maskwise/recipes/shipped" / f"{name}.yaml"
    assert source.read_text().startswith(f"# maskwise train {name} --data DATA")


def test_the_report_is_met_to_the_letter() -> None:
    recipe = load_recipe("report-2021")
    steps = [step.model_dump(exclude_none=True) for step in recipe.transform.steps]
    assert steps == [
        {"step": "rotation", "degrees": 10, "phase": "train"},
        {"step": "center_crop", "height": 450, "width": 360, "phase": "train"},
        {"step": "resize", "height": 200, "width": 200, "phase": "always"},
        {"step": "normalize", "mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "phase": "always"},
    ]
    assert (recipe.model.backbone, recipe.model.weights) == ("efficientnet_b4", "hub")
    assert recipe.loss.model_dump() == {"kind": "focal", "gamma": 0.8}
    assert (recipe.optimizer.kind, recipe.optimizer.lr) == ("adamw", 3e-4)
    assert recipe.schedule.model_dump() == {"kind": "step", "epochs": 2, "gamma": 0.2}
    assert (recipe.training.epochs, recipe.training.batch_size) == (4, 128)
    assert recipe.labels.boundaries == {"age": (30, 58)}


def test_the_lite_recipe_differs_in_backbone_and_what_comes_with_it_alone() -> None:
    full, lite = load_recipe("report-2021").model_dump(), load_recipe("report-2021-lite").model_dump()
    different = {key for key in full if full[key] != lite[key]}
    assert different == {"name", "description", "transform", "model"}


def test_every_default_is_written_out(tmp_path: Path) -> None:
    save_recipe(tmp_path / "recipe.yaml", load_recipe("cpu"))
    written = yaml.safe_load((tmp_path / "recipe.yaml").read_text())
    assert set(written) == set(Recipe.model_fields)
    assert written["optimizer"]["betas"] == [0.9, 0.999]


def test_settings_change_one_value() -> None:
    before, after = load_recipe("cpu"), load_recipe("cpu", ["training.epochs=3"])
    assert after.training.epochs == 3
    assert after.model_copy(update={"training": before.training}) == before
    assert load_recipe("cpu", ["transform.steps.resize.height=96"]).transform.output_size == (96, 128)
    assert load_recipe("cpu", ["transform.steps.0.probability=0.1"]).transform.steps[0].probability == 0.1
    assert load_recipe("cpu", ["labels.boundaries.age=[30, 58]"]).labels.boundaries == {"age": (30, 58)}
    assert load_recipe("cpu", ["training.early_stopping.patience=2"]).training.early_stopping.patience == 2


def test_another_kind_brings_its_own_keys() -> None:
    recipe = load_recipe("cpu", ["loss.gamma=2", "loss.kind=focal"])
    assert recipe.loss.model_dump() == {"kind": "focal", "gamma": 2}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["trainig.epochs=3"], "got 'trainig'; did you mean training?"),
        (["training.epoch=3"], "got 'epoch'; did you mean epochs?"),
        (["training.epochs=abc"], "training.epochs.*'abc'"),
        (["training.epochs=0"], "training.epochs.*got 0"),
        (["training.keep=bst"], "did you mean best?"),
        (["training.batch_size=0"], "batch_size to be auto or at least 1"),
        (["training.effective_batch=100"], "multiple of batch_size 64"),
        (["transform.steps.resze.height=3"], "did you mean resize?"),
        (["transform.steps.resize.heigt=3"], "got 'heigt'; did you mean height?"),
        (["loss.kind=focl"], "loss.kind to be one of .*'focl'; did you mean focal?"),
        (["training.batch_size=abc"], "training.batch_size to be a number or 'auto', got 'abc'"),
        (["training.epochs=true"], "training: expected epochs to be no true"),
        (["loss.gama=2", "loss.kind=focal"], "got 'gama'; did you mean gamma?"),
        (["split.held_out=1"], "split.held_out"),
        (["seed"], "KEY=VALUE"),
        (["seed=[1"], "YAML"),
        (["training.epochs.more=1"], "expected keys"),
        (["name=../escape"], "name"),
        (
            ["sampling.classes={17: 4}"],
            "expected sampling to say its kind, got none: set sampling.kind first",
        ),
        (["sampling={kind: ratios, values: {age: {'>=60': .inf}}}"], "finite number, got inf"),
        (["labels.leave_out={age: [.nan, 59]}"], "finite number, got nan"),
        (["optimizer.lr=.inf"], "finite number, got inf"),
    ],
)
def test_mistakes_are_refused_with_the_nearest_right_name(settings: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_recipe("cpu", settings)


def test_files_that_are_no_recipe_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"did you mean cpu\?"):
        load_recipe("cpo")
    with pytest.raises(InputError, match="does not"):
        load_recipe(str(tmp_path / "absent.yaml"))
    path = tmp_path / "r.yaml"
    for content in ("[1, 2]", "a: [", "just words", "!!python/object/apply:os.system ['touch exploded']"):
        path.write_text(content)
        with pytest.raises(InputError, match=r"r\.yaml"):
            load_recipe(str(path))
    assert not Path("exploded").exists()
    with pytest.raises(InputError, match="expected transform to be given"):
        parse_recipe({"name": "x"}, "here")
