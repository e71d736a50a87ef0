import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskwise.competition.task import competition_task
from maskwise.data.sampling import (
    AnySamplingSpec,
    PersonsSpec,
    RatiosSpec,
    ShuffledSpec,
    WeightedRandomSpec,
    class_ratios,
    occurrences,
    sample_epoch,
)
from maskwise.errors import InputError

SPACE = competition_task().space
CLASSES = np.repeat([0, 1, 2, 14, 17], [50, 30, 10, 5, 5])
ROWS = np.arange(100) + 1000
PERSONS = np.array([f"p{k // 7}" for k in range(100)])


def draw(spec: AnySamplingSpec, *, seed: int = 1, epoch: int = 2) -> np.ndarray:
    return sample_epoch(spec, ROWS, CLASSES, PERSONS, SPACE, seed=seed, epoch=epoch)


def per_class(order: np.ndarray) -> dict[int, int]:
    values, counts = np.unique(CLASSES[order - 1000], return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


@pytest.mark.parametrize(
    "spec",
    [ShuffledSpec(), WeightedRandomSpec(), RatiosSpec(values={"age": {">=60": 3}}), PersonsSpec()],
)
def test_an_epoch_depends_on_seed_and_epoch_alone_and_keeps_its_length(spec: AnySamplingSpec) -> None:
    assert (draw(spec) == draw(spec)).all()
    assert (draw(spec) != draw(spec, epoch=3)).any()
    assert (draw(spec) != draw(spec, seed=2)).any()
    assert len(draw(spec)) == 100
    assert set(draw(spec)) <= set(ROWS)


def test_shuffled_has_every_photo_once() -> None:
    assert sorted(draw(ShuffledSpec())) == ROWS.tolist()


def test_weighted_random_evens_classes_out_by_chance() -> None:
    counts = np.mean(
        [list(per_class(draw(WeightedRandomSpec(), seed=s)).values()) for s in range(200)], axis=0
    )
    assert counts == pytest.approx(np.full(5, 20), abs=1.5)
    natural = np.mean([per_class(draw(WeightedRandomSpec(power=0), seed=s))[0] for s in range(50)])
    assert natural == pytest.approx(50, abs=3)


def test_ratios_are_met_exactly_in_every_epoch() -> None:
    spec = RatiosSpec(values={"age": {">=60": 3}, "mask": {"none": 2}}, classes={17: 0.5})
    # class 2 and 14, 17 are 60 and over; 14 and 17 without mask: wanted 50, 30, 30, 30, 15 of 155
    for epoch in range(3):
        assert per_class(draw(spec, epoch=epoch)) == {0: 32, 1: 20, 2: 19, 14: 19, 17: 10}
    order = draw(spec)
    _, times = np.unique(order[CLASSES[order - 1000] == 2], return_counts=True)
    assert len(times) == 10
    assert set(times.tolist()) == {1, 2}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(SPACE.attributes[2].values), st.floats(0, 20)), st.integers(0, 99))
def test_any_ratios_keep_the_length_or_are_refused(ratios: dict[str, float], seed: int) -> None:
    spec = RatiosSpec(values={"age": ratios})
    wanted = class_ratios(spec, SPACE)[CLASSES].sum()
    if wanted > 0:
        assert len(draw(spec, seed=seed)) == 100
    else:
        with pytest.raises(InputError, match="leave photos to draw"):
            draw(spec, seed=seed)


def test_persons_come_equally_often() -> None:
    order = draw(PersonsSpec())
    _, counts = np.unique(PERSONS[order - 1000], return_counts=True)
    assert counts.max() - counts.min() <= 1
    assert len(counts) == 15


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (RatiosSpec(values={"agee": {">=60": 3}}), "names of mask, gender, age, got 'agee'"),
        (RatiosSpec(values={"age": {"60+": 3}}), "expected one of <30, 30-59, >=60, got '60\\+'"),
        (RatiosSpec(classes={18: 2}), "from 0 to 17, got 18"),
    ],
)
def test_what_does_not_exist_is_refused(spec: RatiosSpec, message: str) -> None:
    with pytest.raises(InputError, match=message):
        class_ratios(spec, SPACE)


def test_repeats_are_counted_in_the_order_they_come() -> None:
    assert occurrences(np.array([7, 3, 7, 7, 3, 9])).tolist() == [0, 0, 1, 2, 1, 0]
