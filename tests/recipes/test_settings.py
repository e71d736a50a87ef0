from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from maskwise.errors import InputError
from maskwise.recipes.recipe_files import load_recipe
from maskwise.recipes.settings import parse_settings, set_value, set_values

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)


@given(st.lists(KEYS, min_size=1, max_size=4), VALUES)
def test_a_value_is_found_where_it_was_set(keys: list[str], value: Any) -> None:
    content: dict[str, Any] = {}
    set_value(content, ".".join([*keys[:-1], keys[-1].replace("kind", "k")]), value)
    place: Any = content
    for key in [*keys[:-1], keys[-1].replace("kind", "k")]:
        place = place[key]
    assert place == value


@given(KEYS, VALUES)
def test_a_setting_is_its_key_and_its_value_as_yaml(key: str, value: Any) -> None:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    assert parse_settings([f"{key}={text}"]) == {key: yaml.safe_load(text)}


def test_the_last_setting_of_a_key_counts() -> None:
    assert parse_settings(["a=1", "b=2", "a=3"]) == {"b": 2, "a": 3}


def test_kinds_come_before_the_keys_that_they_bring() -> None:
    content: dict[str, Any] = {"loss": {"kind": "cross_entropy", "smoothing": 0.1}}
    set_values(content, {"loss.gamma": 2, "loss.kind": "focal"})
    assert content == {"loss": {"kind": "focal", "gamma": 2}}


def test_values_need_no_quoting() -> None:
    recipe = load_recipe("cpu", [], {"distillation": {"run": "runs/a, {weight: 1}"}, "split.nobody": True})
    assert recipe.distillation is not None
    assert recipe.distillation.run == "runs/a, {weight: 1}"
    assert recipe.split.nobody


def test_messages_name_the_key_and_no_option() -> None:
    with pytest.raises(InputError, match=r"^training\.epochs\.more: expected keys"):
        load_recipe("cpu", ["training.epochs.more=1"])
    with pytest.raises(InputError, match=r"^transform\.steps\.9\.height: expected one of .* index below"):
        load_recipe("cpu", ["transform.steps.9.height=1"])
