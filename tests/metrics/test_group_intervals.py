import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    cohen_kappa_score,
    f1_score,
    log_loss,
    roc_auc_score,
    roc_curve,
)

import maskwise as mw
from maskwise.errors import InputError
from maskwise.metrics import create_measure, macro_f1_interval, score_interval
from maskwise.metrics.calibration import calibration_error

ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=40)


def grouped(seed: int, n_groups: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, probabilities of three classes and groups of 1 to 6 rows whose mistakes go together."""
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), random.integers(1, 7, n_groups))
    y = random.choice(3, len(groups), p=[0.6, 0.3, 0.1])
    logits = random.normal(size=(n_groups, 3))[groups] + random.normal(size=(len(y), 3))
    logits[np.arange(len(y)), y] += 1.5
    p = np.exp(logits)
    return y, p / p.sum(axis=1, keepdims=True), groups


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_value_is_sklearns_and_lies_in_its_interval(rows: list[tuple[int, int, int]]) -> None:
    y, p, groups = map(list, zip(*rows, strict=True))
    found = macro_f1_interval(y, p, groups=groups, draws=100)
    assert found.value == pytest.approx(f1_score(y, p, average="macro", zero_division=0))
    assert 0 <= found.low <= found.value <= found.high <= 1
    alone = macro_f1_interval(y, p, groups=None, draws=100)
    assert alone.value == pytest.approx(found.value)


def test_declared_labels_without_a_row_count_0() -> None:
    y, p = ["a", "b", "a"], ["a", "b", "b"]
    found = macro_f1_interval(y, p, groups=None, labels=["a", "b", "c"])
    assert found.value == pytest.approx(
        f1_score(y, p, labels=["a", "b", "c"], average="macro", zero_division=0)
    )


def test_every_measure_is_sklearns() -> None:
    y, p, groups = grouped(0)
    told = p.argmax(axis=1)

    def value(name: str, prediction: np.ndarray, truth: np.ndarray = y) -> float:
        return score_interval(name, truth, prediction, groups=groups, draws=100).value

    assert value("accuracy", told) == pytest.approx(accuracy_score(y, told))
    assert value("quadratic_kappa", told) == pytest.approx(cohen_kappa_score(y, told, weights="quadratic"))
    assert value("log_loss", p) == pytest.approx(log_loss(y, p))
    assert value("calibration_error", p) == pytest.approx(calibration_error(p, y))
    scores = np.round(p[:, 0], 1)  # with ties
    first = y == 0
    assert value("auroc", scores, first) == pytest.approx(roc_auc_score(first, scores))
    assert value("average_precision", scores, first) == pytest.approx(average_precision_score(first, scores))
    false, true, _ = roc_curve(first, scores, drop_intermediate=False)
    for specificity in (0.5, 0.8, 0.95):
        measure = create_measure("sensitivity", specificity=specificity)
        found = score_interval(measure, first, scores, groups=groups, draws=100).value
        assert found == pytest.approx(true[false <= 1 - specificity + 1e-9].max())
    costs = np.array([[0, 1, 5], [1, 0, 1], [20, 4, 0]])
    found = score_interval(create_measure("expected_cost", costs=costs), y, told, groups=groups, draws=100)
    assert found.value == pytest.approx(costs[y, told].mean())


def test_soft_macro_f1_of_certain_predictions_is_macro_f1() -> None:
    y, p, groups = grouped(1)
    told = p.argmax(axis=1)
    soft = score_interval("soft_macro_f1", y, np.eye(3)[told], groups=groups, draws=100)
    assert soft.value == pytest.approx(f1_score(y, told, average="macro"))


def test_least_cost_decision_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.99, 0.01]])
    # Missing the second class costs 20 times as much as a false alarm.
    assert mw.metrics.least_cost_decision(p, np.array([[0, 1], [20, 0]])).tolist() == [1, 0]


@pytest.mark.parametrize("name", ["macro_f1", "accuracy", "log_loss", "auroc"])
def test_order_of_rows_does_not_matter(name: str) -> None:
    y, p, groups = grouped(2)
    measure = create_measure(name)
    truth = y == 0 if name == "auroc" else y
    prediction = {"classes": p.argmax(axis=1), "probabilities": p, "scores": p[:, 0]}[measure.needs]
    names = np.array([f"person-{g:02d}" for g in groups])
    order = np.random.default_rng(0).permutation(len(y))
    one = score_interval(name, truth, prediction, groups=names, draws=200)
    other = score_interval(name, truth[order], prediction[order], groups=names[order], draws=200)
    assert (one.low, one.high) == pytest.approx((other.low, other.high))


def test_rows_of_a_group_are_not_independent() -> None:
    """Seven copies of each row say no more than one."""
    y, p, _ = grouped(3, 100)
    told, rows = p.argmax(axis=1), np.arange(len(y))
    one = macro_f1_interval(y, told, groups=None)
    copies = macro_f1_interval(np.repeat(y, 7), np.repeat(told, 7), groups=np.repeat(rows, 7))
    naive = macro_f1_interval(np.repeat(y, 7), np.repeat(told, 7), groups=None)
    assert copies.high - copies.low == pytest.approx(one.high - one.low, rel=0.1)
    assert naive.high - naive.low < 0.6 * (one.high - one.low)


def test_merged_rows_have_the_interval_of_single_ones() -> None:
    y, p, _ = grouped(4, 150)
    told = p.argmax(axis=1)
    merged = macro_f1_interval(y, told, groups=None, draws=8000)
    single = macro_f1_interval(y, told, groups=np.arange(len(y)), draws=8000)
    assert (merged.low, merged.high) == pytest.approx((single.low, single.high), abs=0.006)


def test_a_perfect_score_is_not_certain_and_more_groups_make_it_more_so() -> None:
    widths = []
    for n in (10, 60, 400):
        y = np.tile([0, 1], n)
        found = macro_f1_interval(y, y, groups=np.repeat(np.arange(n), 2))
        assert found.high == found.value == 1
        widths.append(1 - found.low)
    assert widths[1] == pytest.approx(1 - 0.025 ** (1 / 60))
    assert widths[0] > widths[1] > widths[2]


def test_one_group_says_nothing() -> None:
    found = macro_f1_interval([0, 1, 1], [0, 1, 0], groups=["a", "a", "a"])
    assert (found.low, found.high) == (0, 1)


def test_a_higher_level_is_wider() -> None:
    y, p, groups = grouped(5)
    narrow, wide = (
        macro_f1_interval(y, p.argmax(axis=1), groups=groups, level=level) for level in (0.8, 0.99)
    )
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0], [1, 2]), "y_pred to have as many entries as y_true"),
        (([0, 1], [0, 1], [1]), "groups to have 2 entries"),
        (([], [], []), "at least one entry"),
        (([0, 1], ["a", "b"], [1, 2]), "values of one type"),
        (([0, 1], [0, 0.5], [1, 2]), "classes"),
        (([0, 1], [0, float("nan")], [1, 2]), "row 1"),
        ((["a", None], ["a", "a"], [1, 2]), "no missing values, got one in row 1"),
        (([0, 1], [0, 1], ["a", None]), "groups to have no missing values"),
        (([[0], [1]], [0, 1], [1, 2]), "one-dimensional"),
    ],
)
def test_bad_arrays_are_refused(arguments: tuple, message: str) -> None:
    y, p, groups = arguments
    with pytest.raises(InputError, match=message):
        macro_f1_interval(y, p, groups=groups)


def test_bad_options_are_refused() -> None:
    with pytest.raises(InputError, match="labels, got 2 in row 1"):
        macro_f1_interval([0, 2], [0, 1], groups=None, labels=[0, 1])
    with pytest.raises(InputError, match="level"):
        macro_f1_interval([0, 1], [0, 1], groups=None, level=95)
    with pytest.raises(InputError, match="100 draws"):
        macro_f1_interval([0, 1], [0, 1], groups=None, draws=1)
    with pytest.raises(InputError, match="one of macro_f1"):
        score_interval("f1", [0, 1], [0, 1], groups=None)
    with pytest.raises(InputError, match="sum to 1"):
        score_interval("log_loss", [0, 1], [[0.5, 0.4], [0.5, 0.5]], groups=None)
    with pytest.raises(InputError, match="two classes"):
        score_interval("auroc", [0, 1, 2], [0.1, 0.2, 0.3], groups=None)
    with pytest.raises(InputError, match="costs"):
        score_interval("expected_cost", [0, 1], [0, 1], groups=None)


def test_importing_metrics_imports_no_torch() -> None:
    code = (
        "import sys, maskwise as mw; mw.metrics.macro_f1_interval([0, 1], [0, 1], groups=None); "
        "assert not {'torch', 'lightning', 'scipy.stats'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
