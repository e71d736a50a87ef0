import math
from typing import Any

import pytest
from pydantic import ValidationError

from maskwise.strict_model import StrictModel


class Example(StrictModel):
    epochs: int = 1
    share: float = 0.5
    cache: bool = False
    switch: bool | None = None
    anything: Any = None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"epoch": 1}, "Extra inputs"),
        ({"share": math.nan}, "finite number"),
        ({"share": math.inf}, "finite number"),
        ({"epochs": True}, "expected epochs to be no true"),
        ({"share": False}, "expected share to be no false"),
    ],
)
def test_slips_are_refused(content: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Example.model_validate(content)


def test_switches_may_be_switches() -> None:
    example = Example.model_validate({"cache": True, "switch": False, "anything": True})
    assert (example.cache, example.switch, example.anything) == (True, False, True)


def test_a_model_is_immutable() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Example().epochs = 2
