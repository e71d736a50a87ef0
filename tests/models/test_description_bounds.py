"""Values of a description have bounds, and what is no probability is an error."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from maskwise.errors import InputError, MaskwiseError
from maskwise.inference.predictor import Predictor
from maskwise.models.member import load_card
from maskwise.tasks.label_space import Attribute
from tests.opened import load_predictor
from tests.pictures import picture, write_jpeg


@pytest.mark.parametrize("std", [[0, 0, 0], [1e-30, 1, 1], [-1, 1, 1], [1e30, 1, 1]])
def test_a_standard_deviation_out_of_bounds_is_refused(
    tiny_run: Path, tmp_path: Path, std: list[float]
) -> None:
    folder = tmp_path / "member"
    shutil.copytree(tiny_run / "members/00", folder)
    card = json.loads((folder / "model.json").read_text())
    step = next(step for step in card["transform"]["steps"] if step["step"] == "normalize")
    step["std"] = std
    (folder / "model.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match=r"model\.json: expected a member"):
        load_card(folder)


def test_a_label_space_has_finite_boundaries() -> None:
    with pytest.raises(InputError, match="finite boundaries"):
        Attribute(name="age", boundaries=(float("nan"),), range=(0, 100))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_outputs_that_are_no_probabilities_are_errors(tiny_run: Path, tmp_path: Path, bad: float) -> None:
    predictor = load_predictor(tiny_run)
    engine = predictor.engine

    class Broken:
        backend, transforms = engine.backend, engine.transforms

        def probabilities(self, images: object) -> np.ndarray:
            rows = engine.probabilities(images)
            rows[1, 3] = bad
            return rows

    paths = [tmp_path / f"{k}.jpg" for k in range(3)]
    for seed, path in enumerate(paths):
        write_jpeg(path, picture(seed))
    broken = Predictor(predictor.card, Broken())
    errors = [prediction.error for prediction in broken.predict(paths)]
    assert errors[0] is errors[2] is None
    assert "NaN or infinity" in str(errors[1])
    with pytest.raises(MaskwiseError, match="NaN or infinity"):
        broken.predict_all(paths)
