"""The base of every pydantic model that is read from a file: immutable, and strict about what it is given."""

from typing import Any, get_args

from pydantic import BaseModel, ConfigDict, model_validator


class StrictModel(BaseModel):
    """Refuses unknown keys, NaN and infinity, and `true` or `false` in place of a number or text."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _refuse_switches(cls, content: Any) -> Any:  # noqa: ANN401 - whatever YAML or JSON holds
        """`epochs: true` is a slip, not one epoch."""
        for name, value in content.items() if isinstance(content, dict) else ():
            field = cls.model_fields.get(name)
            if isinstance(value, bool) and field is not None:
                allowed = (field.annotation, *get_args(field.annotation))
                if bool not in allowed and Any not in allowed:
                    raise ValueError(f"expected {name} to be no {str(value).lower()}")
        return content
