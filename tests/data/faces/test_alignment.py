import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from maskwise.data.faces.alignment import FaceTemplate, align, fit_similarity

TEMPLATE = FaceTemplate()
finite = {"allow_nan": False, "allow_infinity": False}


def similarity(size: float, angle: float, x: float, y: float) -> np.ndarray:
    cos, sin = size * np.cos(angle), size * np.sin(angle)
    return np.array([[cos, -sin, x], [sin, cos, y], [0, 0, 1]])


def moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return (np.c_[points, np.ones(len(points))] @ matrix.T)[:, :2]


similarities = st.builds(
    similarity,
    st.floats(1, 5000, **finite),
    st.floats(-np.pi, np.pi, **finite),
    st.floats(-5000, 5000, **finite),
    st.floats(-5000, 5000, **finite),
)


@given(similarities, st.floats(0.5, 1.5, **finite), st.floats(-0.2, 0.2, **finite))
def test_a_similarity_is_found_again(matrix: np.ndarray, scale: float, shift: float) -> None:
    template = FaceTemplate(scale=scale, shift=(shift, shift / 2))
    found = align(moved(matrix, template.placed()), template)
    assert found is not None
    np.testing.assert_allclose(found, matrix, atol=1e-6)


@given(similarities, st.sets(st.integers(0, 4), max_size=2), st.floats(0.3, 2, **finite))
def test_two_displaced_landmarks_do_not_matter(matrix: np.ndarray, wrong: set[int], by: float) -> None:
    points = TEMPLATE.placed()
    for number, row in enumerate(sorted(wrong)):
        points[row] += (by, -by) if number else (-by / 2, by)
    found = align(moved(matrix, points), TEMPLATE)
    assert found is not None
    np.testing.assert_allclose(found, matrix, atol=1e-6)


def test_small_errors_are_averaged() -> None:
    noise = np.random.default_rng(0).normal(scale=0.01, size=(5, 2))
    found = align(TEMPLATE.placed() * 100 + noise * 100, TEMPLATE)
    assert found is not None
    np.testing.assert_allclose(moved(found, TEMPLATE.placed()), TEMPLATE.placed() * 100, atol=3)


def test_a_smaller_scale_shows_more_around_the_face() -> None:
    points = TEMPLATE.placed() * 100
    near, far = align(points, TEMPLATE), align(points, FaceTemplate(scale=0.5))
    assert near is not None
    assert far is not None
    assert far[0, 0] == pytest.approx(2 * near[0, 0])


def test_a_positive_shift_moves_the_face_right_and_down() -> None:
    placed = FaceTemplate(shift=(0.1, 0.2)).placed()
    np.testing.assert_allclose(placed - TEMPLATE.placed(), np.tile((0.1, 0.2), (5, 1)))


def test_points_that_coincide_give_nothing() -> None:
    assert align(np.full((5, 2), 7.0), TEMPLATE) is None
    assert fit_similarity(np.zeros((5, 2)), TEMPLATE.placed()) is None


@pytest.mark.parametrize(
    "field", [{"scale": 0}, {"scale": float("nan")}, {"points": ((0, 0),) * 4}, {"tilt": 1}]
)
def test_a_broken_template_is_refused(field: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        FaceTemplate.model_validate(field)
