from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwise.competition.task import competition_task
from maskwise.errors import InputError
from maskwise.tasks.label_space import Attribute, LabelSpace, band_names

SPACE = competition_task().space
AGE = SPACE.attributes[2]


def test_classes_are_those_of_the_competition() -> None:
    for mask, gender, band in product(range(3), range(2), range(3)):
        assert SPACE.encode([mask, gender, band]).tolist() == [mask * 6 + gender * 3 + band]
    assert SPACE.n_classes == 18
    assert SPACE.class_names[0] == "worn / male / <30"
    assert SPACE.class_names[17] == "none / female / >=60"


@given(st.lists(st.integers(-1, 17), max_size=50))
def test_decode_and_encode_are_inverse(classes: list[int]) -> None:
    assert SPACE.encode(SPACE.decode(classes)).tolist() == classes


@pytest.mark.parametrize(
    ("age", "band"),
    [(0, 0), (29, 0), (29.9, 0), (30, 1), (31, 1), (59, 1), (59.5, 1), (60, 2), (61, 2), (120, 2)],
)
def test_score_boundaries(age: float, band: int) -> None:
    assert AGE.band([age]).tolist() == [band]


@given(st.integers(0, 120))
def test_bands_follow_the_definition(age: int) -> None:
    expected = 0 if age < 30 else 1 if age < 60 else 2
    assert AGE.band([age]).tolist() == [expected]


@given(st.integers(0, 120))
def test_a_cap_at_60_changes_no_band(age: int) -> None:
    assert AGE.band([min(age, 60)]).tolist() == AGE.band([age]).tolist()


@given(st.integers(0, 120))
def test_a_training_boundary_moves_only_what_lies_between(age: int) -> None:
    moved = SPACE.with_boundaries({"age": (30, 58)}).attributes[2]
    assert (moved.band([age]) != AGE.band([age])).item() == (age in (58, 59))
    assert moved.values == ("<30", "30-57", ">=58")


def test_the_score_keeps_its_boundaries() -> None:
    SPACE.with_boundaries({"age": (30, 58)})
    assert competition_task().space.attributes[2].boundaries == (30, 60)


def test_unknown_stays_unknown() -> None:
    assert AGE.band([np.nan, 45]).tolist() == [-1, 1]
    assert SPACE.encode([[0, -1, 2], [2, 1, 2]]).tolist() == [-1, 17]
    assert SPACE.decode([-1]).tolist() == [[-1, -1, -1]]


@pytest.mark.parametrize("indices", [[3, 0, 0], [0, 2, 0], [0, 0, 3], [-2, 0, 0]])
def test_an_index_out_of_range_is_refused(indices: list[int]) -> None:
    with pytest.raises(ValueError, match="Expected attribute indices"):
        SPACE.encode(indices)


def test_a_class_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="below 18"):
        SPACE.decode([18])


@pytest.mark.parametrize(
    ("boundaries", "message"),
    [
        ({"gender": (1,)}, "boundaries for one of"),
        ({"age": (30,)}, "2 boundaries for age"),
        ({"age": (60, 30)}, "to rise"),
        ({"age": (30, 30)}, "to rise"),
        ({"age": (30, 120)}, "to rise"),
    ],
)
def test_bad_boundaries_are_refused(boundaries: dict[str, tuple[int, ...]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SPACE.with_boundaries(boundaries)


def test_declaration_survives_a_round_trip() -> None:
    assert LabelSpace.from_dict(SPACE.to_dict()) == SPACE
    shifted = SPACE.with_boundaries({"age": (30, 58)})
    assert LabelSpace.from_dict(shifted.to_dict()) == shifted


@pytest.mark.parametrize(
    "declaration",
    [
        {},
        {"name": "x"},
        {"name": "x", "attributes": [{"name": "a"}]},
        {"name": "x", "attributes": [{"name": "a", "constant": True, "values": ["one"]}]},
        {"name": "x", "attributes": [{"name": "a", "constant": True, "values": ["b", "c"], "colour": 1}]},
    ],
)
def test_broken_declarations_are_refused(declaration: dict[str, object]) -> None:
    with pytest.raises(InputError):
        LabelSpace.from_dict(declaration)


def test_other_spaces_work_the_same() -> None:
    space = LabelSpace(
        "two", (Attribute("hat", "photo", ("on", "off")), Attribute("size", "person", (), (1.5,), (0, 10)))
    )
    assert space.n_classes == 4
    assert space.class_names == ("on / <1.5", "on / >=1.5", "off / <1.5", "off / >=1.5")
    assert band_names((1, 2, 3)) == ("<1", "1-1", "2-2", ">=3")
