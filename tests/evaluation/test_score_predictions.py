import json

import numpy as np
import pytest
from sklearn.metrics import f1_score

from maskwise.competition.task import competition_task
from maskwise.errors import InputError
from maskwise.evaluation.score_predictions import grouping_columns, score
from maskwise.runs.metrics import Circumstances, Metrics

SPACE = competition_task().space


@pytest.fixture
def photos() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    persons = np.repeat([f"p{i}" for i in range(60)], 7)
    gender, band = random.integers(0, 2, 60), random.integers(0, 3, 60)
    labels = np.stack([np.tile([0, 0, 0, 0, 0, 1, 2], 60), gender.repeat(7), band.repeat(7)], axis=1)
    predictions = np.where(random.random(420) < 0.7, SPACE.encode(labels), random.integers(0, 18, 420))
    site = np.repeat(random.choice(["a", "b", "rare"], 60, p=[0.45, 0.45, 0.1]), 7)
    return labels, predictions, persons, site


def test_metrics_are_those_of_the_interface(photos: tuple[np.ndarray, ...]) -> None:
    labels, predictions, persons, site = photos
    metrics = score(labels, predictions, persons, SPACE, groups={"site": site}, draws=100)
    json.dumps(Metrics.combine(Circumstances(), metrics).to_json(), allow_nan=False)
    classes = SPACE.encode(labels)
    assert metrics.macro_f1.value == pytest.approx(
        f1_score(classes, predictions, average="macro", labels=range(18), zero_division=0), abs=1e-6
    )
    low, high = metrics.macro_f1.ci95
    assert low < metrics.macro_f1.value < high
    assert metrics.n_photos == 420
    assert metrics.n_persons == 60
    assert len(metrics.per_class) == 18
    assert sum(row.n_photos for row in metrics.per_class) == 420
    for place, name in enumerate(("mask", "gender", "age")):
        expected = f1_score(labels[:, place], SPACE.decode(predictions)[:, place], average="macro")
        assert metrics.attributes[name].macro_f1.value == pytest.approx(expected, abs=1e-6)
    assert np.array(metrics.confusion).sum() == 420


def test_groups_are_scored_where_there_are_enough_persons(photos: tuple[np.ndarray, ...]) -> None:
    labels, predictions, persons, site = photos
    groups = score(labels, predictions, persons, SPACE, groups={"site": site}, draws=100).groups
    right = (predictions == SPACE.encode(labels))[site == "a"].mean()
    assert groups["site"]["a"].accuracy.value == pytest.approx(right, abs=1e-6)
    assert groups["site"]["rare"].n_persons < 20
    assert not groups["site"]["rare"].is_scored
    assert list(groups["age_band"]) == ["<30", "30-59", ">=60"]
    assert list(groups["mask"]) == ["worn", "incorrect", "none"]


def test_unknown_labels_are_left_out_of_what_needs_them(photos: tuple[np.ndarray, ...]) -> None:
    labels, predictions, persons, _ = photos
    partly = labels.copy()
    partly[:70, 2] = -1
    metrics = score(partly, predictions, persons, SPACE, groups={}, draws=50)
    assert metrics.n_photos == 350
    assert np.array(metrics.attributes["mask"].confusion).sum() == 420
    assert np.array(metrics.attributes["age"].confusion).sum() == 350
    only_mask = labels.copy()
    only_mask[:, 1:] = -1
    metrics = score(only_mask, predictions, persons, SPACE, groups={}, draws=50)
    assert metrics.macro_f1 is None
    assert metrics.attributes["age"].macro_f1 is None
    assert metrics.attributes["mask"].macro_f1.value > 0


def test_columns_with_many_values_do_not_group() -> None:
    columns = {
        "site": np.array(["a", "b"] * 20),
        "file": np.array([str(i) for i in range(40)]),
        "one": np.array(["x"] * 40),
    }
    assert list(grouping_columns(columns, None)) == ["site"]
    assert list(grouping_columns(columns, ("file",))) == ["file"]
    with pytest.raises(InputError, match=r"additional columns of the data \(site, file, one\), got 'rase'"):
        grouping_columns(columns, ("file", "rase"))
