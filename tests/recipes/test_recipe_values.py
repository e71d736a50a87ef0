from maskwise.recipes.recipe_files import load_recipe
from maskwise.recipes.recipe_values import flatten, recipe_values


def test_nested_values_by_dotted_key() -> None:
    content = {"a": {"b": 1, "c": {}}, "steps": [{"step": "resize", "height": 3}, {"x": 2}], "plain": [1, 2]}
    assert flatten(content) == {
        "a.b": 1,
        "a.c": {},
        "steps.resize.step": "resize",
        "steps.resize.height": 3,
        "steps.1.x": 2,
        "plain": [1, 2],
    }


def test_a_step_sees_the_batch_unless_an_effective_batch_is_set() -> None:
    values = recipe_values(load_recipe("cpu", ["training.batch_size=16"]))
    assert values["training.effective_batch"] == values["training.batch_size"] == 16
