import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score

from maskwise.metrics.classification import accuracy, class_f1, count_by_person, macro_f1, macro_f1_of


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 17), st.integers(0, 17), st.integers(0, 4)), min_size=1, max_size=60)
)
def test_scores_are_scikit_learns(photos: list[tuple[int, int, int]]) -> None:
    labels, predictions, persons = (np.array(column) for column in zip(*photos, strict=True))
    stacked = count_by_person(labels, predictions, persons, 18, 5).stacked.sum(axis=0)
    options = {"labels": range(18), "zero_division": 0}
    assert np.isclose(macro_f1(stacked), f1_score(labels, predictions, average="macro", **options))
    assert macro_f1_of(labels, predictions, 18) == macro_f1(stacked)
    assert np.allclose(class_f1(stacked), f1_score(labels, predictions, average=None, **options))
    assert np.isclose(accuracy(stacked), accuracy_score(labels, predictions))


def test_absent_classes_count_as_zero() -> None:
    labels = np.arange(9)
    stacked = count_by_person(labels, labels, np.zeros(9, dtype=int), 18, 1).stacked[0]
    assert macro_f1(stacked) == 0.5
    assert accuracy(stacked) == 1
