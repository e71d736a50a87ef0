"""Nested values as a flat mapping by dotted key, as comparisons and trackers show a recipe."""

from typing import Any

from maskwise.recipes.schema import Recipe


def flatten(content: Any, prefix: str = "") -> dict[str, Any]:  # noqa: ANN401 - what YAML holds
    """Nested mappings and lists by dotted key; an item of a list goes by its `step`, else by its index."""
    if isinstance(content, dict) and content:
        pairs = [(str(key), value) for key, value in content.items()]
    elif isinstance(content, list) and content and all(isinstance(item, dict) for item in content):
        pairs = [(str(item.get("step", place)), item) for place, item in enumerate(content)]
    else:
        return {prefix: content}
    flat: dict[str, Any] = {}
    for key, value in pairs:
        flat |= flatten(value, f"{prefix}.{key}" if prefix else key)
    return flat


def recipe_values(recipe: Recipe) -> dict[str, Any]:
    """A recipe's values by dotted key."""
    content = recipe.model_dump(mode="json")
    if content["training"]["effective_batch"] is None:
        content["training"]["effective_batch"] = content["training"]["batch_size"]
    return flatten(content)
