from typing import Any, cast

import pytest
import torch

from maskwise.training import choose_precision as precision
from maskwise.training.choose_precision import measure_precisions

RATES = {
    # Few photos take as long as many: their rate says little of what more would get.
    "like a GPU": ({"32-true": (400, 3200), "bf16-mixed": (300, 6000)}, (3200, 6000)),
    "bfloat16 in software": ({"32-true": (20, 24), "bf16-mixed": (1, None)}, (24, 1)),
    "slow float32": ({"32-true": (10, None), "bf16-mixed": (100, 120)}, (10, 120)),
}


@pytest.mark.parametrize(("seen", "expected"), RATES.values(), ids=RATES)
def test_what_is_hopeless_with_few_photos_is_not_tried_with_more(
    seen: dict[str, tuple[int, int | None]],
    expected: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def rate(model: Any, loss: Any, transform: Any, device: Any, choice: str, batch: int) -> float:
        few, many = seen[choice]
        if batch == 4:
            return few
        assert many is not None, f"{choice} was measured for minutes"
        return many

    monkeypatch.setattr(precision, "_photos_per_second", rate)
    told = measure_precisions(
        cast("Any", torch.nn.Linear(1, 1)), cast("Any", None), cast("Any", None), torch.device("cpu")
    )
    assert told == dict(zip(("32-true", "bf16-mixed"), expected, strict=True))


def test_the_default_does_not_depend_on_how_busy_the_machine_is() -> None:
    assert precision.precision_by_rule(torch.device("cpu")) == "32-true"
    assert precision.precision_by_rule(torch.device("mps")) == "32-true"
