"""What pydantic found wrong in a recipe, in one line with the nearest right name."""

import difflib
from collections.abc import Sequence

from pydantic_core import ErrorDetails

from maskwise.recipes.schema import Recipe
from maskwise.recipes.schema_fields import fields_at


def explain(details: Sequence[ErrorDetails]) -> str:
    """The first error of a recipe: its key, what was expected and what was given."""
    detail = details[0]
    where = [str(part) for part in detail["loc"]]
    key = ".".join(where)
    if (
        len(details) > 1
        and details[1]["loc"][:-1] == detail["loc"][:-1]
        and details[1]["type"] == "literal_error"
    ):
        # A number or a word, such as `auto`: neither error alone says what may be given.
        word = details[1].get("ctx", {}).get("expected")
        return f"expected {'.'.join(where[:-1])} to be a number or {word}, got {detail['input']!r}"
    if detail["type"] == "union_tag_invalid":
        tags = [tag.strip("'") for tag in detail["ctx"]["expected_tags"].split(", ")]
        near = difflib.get_close_matches(detail["ctx"]["tag"], tags, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        name = detail["ctx"]["discriminator"].strip("'")
        return f"expected {key}.{name} to be one of {', '.join(tags)}, got {detail['ctx']['tag']!r}{hint}"
    if detail["type"] == "union_tag_not_found":
        name = detail["ctx"]["discriminator"].strip("'")
        return f"expected {key} to say its {name}, got none: set {key}.{name} first, or give {key} as a whole"
    if detail["type"] == "extra_forbidden":
        known = sorted(fields_at(Recipe, where[:-1]))
        near = difflib.get_close_matches(where[-1], known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"expected {'.'.join(where[:-1]) or 'a recipe'} to have keys {', '.join(known)}, got {where[-1]!r}{hint}"
    if detail["type"] == "missing":
        return f"expected {key} to be given, but it is missing."
    message = detail["msg"].removeprefix("Value error, ")
    given = detail["input"]
    got = "" if isinstance(given, (dict, list)) else f", got {given!r}"
    allowed = detail.get("ctx", {}).get("expected")
    if isinstance(given, str) and isinstance(allowed, str):
        near = difflib.get_close_matches(
            given, [a.strip("'") for a in allowed.replace(" or ", ", ").split(", ")], n=1
        )
        got += f"; did you mean {near[0]}?" if near else ""
    return f"{key or 'recipe'}: {message[0].lower()}{message[1:]}{got}"
