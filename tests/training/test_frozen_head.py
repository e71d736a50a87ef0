from pathlib import Path

import numpy as np
import pytest

from maskwise.models.decision import marginals
from maskwise.recipes.recipe_files import load_recipe
from maskwise.training import frozen_head as frozen
from maskwise.training.frozen_head import train_head
from maskwise.training.prepare_data import prepare


@pytest.mark.parametrize("kind", ["joint", "branches", "structured", "ordinal"])
def test_a_head_that_can_tell_nothing_says_the_shares(
    kind: str, people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a comparison of heads would be one of how far their offsets have come."""
    monkeypatch.setattr(frozen, "BATCH", 8)  # as many steps as thousands of photos make
    recipe = load_recipe("cpu", [f"model.head.kind={kind}", "loss.smoothing=0"])
    prepared = prepare(people, recipe)
    features = np.random.default_rng(0).standard_normal((len(prepared.table), 2)).astype(np.float32)
    space = prepared.table.space
    told = train_head(recipe, prepared, features).mean(axis=0, keepdims=True)
    shares = prepared.targets[prepared.train_rows].mean(axis=0, keepdims=True)
    for own, expected in zip(marginals(told, space), marginals(shares, space), strict=True):
        assert np.abs(own - expected).max() < 0.05
