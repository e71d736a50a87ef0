"""A study as data: a base recipe, variables with values, seeds and splits; each trial changes exactly one value."""

import itertools
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import Field, ValidationError

from maskwise.data.augmentations import PixelStep
from maskwise.errors import InputError
from maskwise.recipes.recipe_files import load_recipe, parse_recipe
from maskwise.recipes.recipe_values import Values, differing_values, distinct_variables, recipe_values
from maskwise.recipes.schema import Recipe
from maskwise.recipes.settings import RecipeContent, set_values
from maskwise.strict_model import StrictModel
from maskwise.training.frozen_head import can_be_frozen, check_frozen_base

Mode = Literal["fine-tune", "frozen"]
_PIXEL_STEPS = {kind.model_fields["step"].default for kind in get_args(PixelStep)}
Seeds = Annotated[tuple[int, ...], Field(min_length=1)]


class Study(StrictModel):
    """The content of a study's YAML."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    description: str = ""
    base: str  # a shipped recipe, or a YAML file
    set: dict[str, Any] = Field(default_factory=dict)  # settings of the base, for all trials
    variables: dict[str, list[Any]]
    seeds: Seeds = (0,)
    splits: Seeds = (0,)
    mode: Literal["fine-tune", "frozen", "screen"] = "fine-tune"
    confirm: int = Field(default=3, ge=1)  # mode screen: values that are fine-tuned, the most promising first
    grid: bool = False  # all combinations; without it each trial changes one value
    margin: float = Field(default=0.02, gt=0, lt=1)


@dataclass(frozen=True)
class Trial:
    """One training of a study."""

    name: str  # of its folder
    changes: Values  # none for the base
    seed: int
    split: int
    mode: Mode
    recipe: Recipe

    @property
    def condition(self) -> str:
        """What is changed, in words; the same for all seeds and splits."""
        return condition_name(self.changes)


def condition_name(changes: Values) -> str:
    """Changes in words, such as `optimizer.lr = 0.001`."""
    return ", ".join(f"{key} = {_short(value)}" for key, value in changes.items()) or "base"


def _short(value: object) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.strip().removesuffix("...").strip()


def read_study(path: Path) -> Study:
    """Read a study.

    Raises:
        InputError: when the file is missing, no YAML, or something in it is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"Expected the study {path} to exist, but it does not.") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InputError(f"{path}: expected YAML, got: {' '.join(str(error).split())}.") from error
    return parse_study(content, str(path))


def parse_study(content: object, origin: str) -> Study:
    """Check a study's content.

    Raises:
        InputError: naming the key and what was expected.
    """
    try:
        study = Study.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "study"
        raise InputError(f"{origin}: {where}: {first['msg'].lower()}.") from error
    if not study.variables or not all(study.variables.values()):
        raise InputError(f"{origin}: variables: expected at least one, each with values such as [0, 2].")
    return study


def list_trials(study: Study, mode: Mode) -> list[Trial]:
    """All trials of a study: the base first, then every value, each with every seed and split.

    Raises:
        InputError: when a variable does not exist, a value changes nothing or several things, or the mode can't
            answer it or would leave out what the base learns from.
    """
    base = _recipe(study, {})
    _check_splits(study, base)
    if mode == "frozen":
        check_frozen_base(base)
    conditions: list[dict[str, object]] = [{}]
    if study.grid:
        combinations = itertools.product(*study.variables.values())
        conditions += [dict(zip(study.variables, values, strict=True)) for values in combinations]
    else:
        conditions += [{key: value} for key, values in study.variables.items() for value in values]
    trials = []
    for changes in conditions:
        recipe = _recipe(study, changes)
        if changes:
            _check_one_variable(study, base, recipe, changes)
        if mode == "frozen":
            for key in changes:
                if not can_be_frozen(key):
                    raise InputError(
                        f"{key}: expected a variable that frozen features can answer (labels, loss, model.head, "
                        "sampling, decision), got one about the backbone: set mode: fine-tune."
                    )
        for split, seed in itertools.product(study.splits, study.seeds):
            of_trial = recipe.model_copy(
                update={
                    "seed": seed,
                    "split": recipe.split.model_copy(update={"seed": split}),
                    # All trials use the same decoded photos.
                    "data": recipe.data.model_copy(update={"cache": True}),
                }
            )
            trials.append(Trial(_folder(changes, seed, split, mode), changes, seed, split, mode, of_trial))
    return trials


def _check_splits(study: Study, base: Recipe) -> None:
    """All trials are scored on the same persons, or on the same splits: what changes who is scored is no variable."""
    for key in study.variables:
        if (key == "split" or key.startswith("split.")) and key != "split.train_share":
            raise InputError(
                f"study {study.name}: {key}: expected a variable that leaves the held-out persons as they are, such as "
                "split.train_share: other persons give other scores by themselves."
            )
    if base.split.nobody:
        raise InputError(f"study {study.name}: expected persons to be held out, got split.nobody.")
    if base.split.by == "table" and len(study.splits) > 1:
        raise InputError(
            f"study {study.name}: splits: expected one, as the table fixes the split, got {study.splits}."
        )


def _recipe(study: Study, changes: Values) -> Recipe:
    base = load_recipe(study.base)
    content = base.model_dump(mode="json")
    _edit_steps(content, study.set, several=True)
    set_values(content, {k: v for k, v in {**study.set, **changes}.items() if k not in _EDITS})
    _edit_steps(content, changes, several=False)
    return parse_recipe(content, f"study {study.name}")


def _edit_steps(content: RecipeContent, settings: Values, *, several: bool) -> None:
    """Add and remove steps; where `several` may change at once, each setting is one of them or a list."""
    for key, edit in _EDITS.items():
        if key in settings:
            value = settings[key]
            edit(content, value if several and isinstance(value, list) else [value])


def _add_steps(content: RecipeContent, added: list[Any]) -> None:
    """Insert steps in the right order: pixel steps after the resize, crops and other geometry before it."""
    for step in added:
        if not isinstance(step, dict) or "step" not in step:
            raise InputError(f"transform.add: expected a step such as {{step: grayscale}}, got {step!r}.")
    steps = content["transform"]["steps"]
    resize = max(place for place, known in enumerate(steps) if known["step"] == "resize")
    pixel = [step for step in added if step["step"] in _PIXEL_STEPS]
    crops = [step for step in added if step["step"] == "center_crop"]
    others = [step for step in added if step not in pixel and step not in crops]
    content["transform"]["steps"] = [*others, *steps[:resize], *crops, *steps[resize:-1], *pixel, steps[-1]]


def _remove_steps(content: RecipeContent, names: list[Any]) -> None:
    for name in names:
        steps = content["transform"]["steps"]
        kept = [step for step in steps if step["step"] != name]
        if len(kept) == len(steps):
            known = ", ".join(step["step"] for step in steps)
            raise InputError(f"transform.remove: expected one of {known}, got {name!r}.")
        content["transform"]["steps"] = kept


_EDITS = {"transform.add": _add_steps, "transform.remove": _remove_steps}


def _check_one_variable(study: Study, base: Recipe, recipe: Recipe, changes: Values) -> None:
    differing = differing_values([recipe_values(base), recipe_values(recipe)])
    changed = distinct_variables(differing)
    name = condition_name(changes)
    if not changed:
        raise InputError(
            f"study {study.name}: {name}: expected a value other than the base's, got the base's own."
        )
    if len(changed) > len(changes):
        raise InputError(
            f"study {study.name}: {name}: expected one value to change, got {len(changed)} ({', '.join(changed)}): "
            "make them variables of their own, or ask for a grid."
        )


def _folder(changes: Values, seed: int, split: int, mode: Mode) -> str:
    name = condition_name(changes)
    words = "".join(c if c.isalnum() or c in ".-" else "-" for c in name)[:48].strip("-")
    digest = blake2b(name.encode(), digest_size=4).hexdigest()
    return f"{mode}-{words}-{digest}-split{split}-seed{seed}"
