import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from maskwise.recipes.probe import LinearHeadPart
from maskwise.training.choose_linear_head import STRENGTHS, choose_linear_head
from maskwise.training.fit_linear_head import LinearHead, Standardization, class_weights, fit_linear_head

RANDOM = np.random.default_rng(0)
FEATURES = RANDOM.standard_normal((300, 6)).astype(np.float32)
LABELS = (FEATURES[:, 0] + RANDOM.normal(0, 0.7, 300) > np.array([[-0.5], [1.2]])).sum(axis=0)
TARGETS = np.eye(3, dtype=np.float32)[LABELS]


@pytest.mark.parametrize("strength", [0.01, 1.0])
def test_equal_to_scikit_learn(strength: float) -> None:
    head = fit_linear_head(FEATURES, TARGETS, strength=strength, balance=0)
    reference = LogisticRegression(C=strength, tol=1e-6, max_iter=1000).fit(FEATURES, LABELS)
    expected = reference.predict_proba(FEATURES)
    logits = head.logits(FEATURES)
    found = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_balanced_classes_weigh_the_same_as_in_scikit_learn() -> None:
    counts = np.bincount(LABELS)
    np.testing.assert_allclose(class_weights(TARGETS, 1.0), len(LABELS) / (3 * counts), rtol=1e-5)
    np.testing.assert_array_equal(class_weights(TARGETS, 0.0), 1)
    rare = fit_linear_head(FEATURES, TARGETS, strength=0.1, balance=1).logits(FEATURES).argmax(axis=1)
    plain = fit_linear_head(FEATURES, TARGETS, strength=0.1, balance=0).logits(FEATURES).argmax(axis=1)
    rarest = counts.argmin()
    assert (rare == rarest).sum() > (plain == rarest).sum()


def test_standardisation_folds_into_the_weights() -> None:
    features = FEATURES * 7 + 3
    scaling = Standardization.of(features)
    head = LinearHead(RANDOM.standard_normal((6, 3)).astype(np.float32), np.ones(3, np.float32))
    np.testing.assert_allclose(
        scaling.fold_into(head).logits(features), head.logits(scaling.apply(features)), atol=1e-4
    )


def test_a_constant_feature_does_no_harm() -> None:
    features = np.c_[FEATURES, np.full(300, 5, np.float32)]
    scaled = Standardization.of(features).apply(features)
    assert np.isfinite(fit_linear_head(scaled, TARGETS, strength=1, balance=0.5).weights).all()


def test_settings_are_chosen_by_folds_and_given_ones_kept() -> None:
    folds = np.arange(300) % 4
    choice = choose_linear_head(FEATURES, TARGETS, LABELS, folds, LinearHeadPart())
    assert choice.strength in STRENGTHS
    best = max(trial.macro_f1 for trial in choice.trials)
    assert (choice.strength, choice.balance) in {
        (t.strength, t.balance) for t in choice.trials if t.macro_f1 == best
    }
    given = LinearHeadPart(strength=0.2, balance=0.3)
    assert choose_linear_head(FEATURES, TARGETS, LABELS, folds, given).trials == ()
    half = choose_linear_head(FEATURES, TARGETS, LABELS, folds, LinearHeadPart(balance=0.3))
    assert {trial.balance for trial in half.trials} == {0.3}
