import json
from pathlib import Path

from maskwise.competition.task import competition_task
from maskwise.reporting.group_words import unmeasured
from maskwise.reporting.limits_of_use import NOT_FOR, score_in_words
from maskwise.reporting.model_card import write_model_card
from maskwise.runs.metrics import GroupScores, Metrics
from maskwise.runs.stored_score import kept_score


def entry(value: float, half: float) -> dict[str, object]:
    return {"value": value, "ci95": [value - half, value + half]}


def group(n_persons: int, value: float | None, half: float = 0.03) -> GroupScores:
    scores = (
        {} if value is None else {key: entry(value, half) for key in ("accuracy", "mask", "gender", "age")}
    )
    return GroupScores.model_validate({"n_persons": n_persons, "n_photos": 7 * n_persons, **scores})


def test_groups_of_few_persons_are_unmeasured() -> None:
    groups = {
        "race": {"a": group(90, 0.9), "b": group(50, 0.8, 0.04), "c": group(3, None)},
        "x": {"y": group(9, None)},
    }
    assert unmeasured(groups) == ["race c (3 persons)", "x y (9 persons)"]


def test_a_run_writes_its_card_with_scores_gaps_and_limits(tiny_run: Path) -> None:
    card = (tiny_run / "MODEL_CARD.md").read_text()
    metrics = json.loads((tiny_run / "metrics.json").read_text())
    low, high = metrics["macro_f1"]["ci95"]
    assert f"all classes together {metrics['macro_f1']['value']:.3f} ({low:.3f} to {high:.3f})" in card
    assert "## For whom it is worse, or unmeasured" in card
    assert all(line in card for line in NOT_FOR)
    assert card.count("\n| ") >= 18
    report = (tiny_run / "report.html").read_text()
    assert "How sure, and how often right" in report
    assert 'alt="Where the model looked"' in report


def test_what_was_not_measured_is_not_claimed(tmp_path: Path) -> None:
    assert kept_score(Metrics(), ["mask"]) is None
    assert kept_score(Metrics(macro_f1=None, scored_on=None), ["mask"]) is None
    assert "not been measured" in score_in_words(None)[0]
    write_model_card(
        tmp_path / "c.md", "x [y](http://evil)", {"data": "<script>"}, Metrics(), competition_task().space
    )
    card = (tmp_path / "c.md").read_text()
    assert "has not been measured" in card
    assert "<script>" not in card.replace("\\<", "")
    assert "[y](" not in card


_MEASURED = {
    "macro_f1": entry(0.6, 0.1),
    "mask": {"macro_f1": entry(0.9, 0.05)},
    "n_persons": 1000,
    "n_photos": 7000,
    "persons_known": True,
    "leaky": False,
    "few_persons": False,
}


def words(metrics: dict[str, object]) -> str:
    return " ".join(score_in_words(kept_score(Metrics.model_validate(metrics), ["mask", "gender"])))


def test_the_score_says_on_whom_it_was_measured() -> None:
    held_out = words(_MEASURED | {"scored_on": "held-out persons"})
    assert "7,000 photos of 1,000 persons of the data set it was made from, who were held out" in held_out
    assert "mask 0.900 (0.850 to 0.950); all classes together 0.600 (0.500 to 0.700)" in held_out
    folds = _MEASURED | {"scored_on": "out-of-fold"}
    assert "each person by models trained on others (out-of-fold)" in words(folds)
    assert "together its members know all of those people" in words(folds)
    refit = words({"scored_on": None, "macro_f1": None, "folds": folds})
    assert "all classes together 0.600" in refit
    assert "this one was trained on all of them, and is itself unmeasured" in refit


def test_a_score_that_is_too_good_says_so() -> None:
    leaky = words(_MEASURED | {"scored_on": "held-out photos", "leaky": True, "few_persons": True})
    assert "7,000 photos of 1,000 persons" in leaky
    assert "held out of training photo by photo" in leaky
    assert "inflated" in leaky
    assert "too narrow" in leaky
    for scored_on in ("held-out photos", "held-out persons"):
        alone = words(_MEASURED | {"scored_on": scored_on, "persons_known": False})
        assert "who is on them is not known" in alone
        assert "persons" not in alone.split("macro F1")[0]
    assert "optimistic" in words(
        _MEASURED | {"scored_on": "held-out persons", "chosen_on_these_persons": True}
    )


def card_of(path: Path, metrics: dict[str, object]) -> None:
    write_model_card(path, "x", {}, Metrics.model_validate(metrics), competition_task().space)


def test_the_card_tells_who_was_measured_for_whom_it_is_worse_and_who_was_not(tmp_path: Path) -> None:
    gap = {"column": "race", "what": "age", "best": "a", "worst": "b", "value": 0.1, "ci95": [0.02, 0.18]}
    groups = {"race": {"a": group(90, 0.9), "b": group(50, 0.8), "c*": group(3, None)}}
    measured = _MEASURED | {"scored_on": "held-out persons", "groups": groups, "gaps": [gap]}
    path = tmp_path / "card.md"
    card_of(path, measured)
    card = path.read_text()
    assert "- race: a 90 persons, b 50 persons, c\\* 3 persons" in card
    assert "- race, age: b 0.100 (0.020 to 0.180) below a" in card
    assert "- Not measured, for want of persons or labels: race c\\* (3 persons)." in card
    assert "Every group" not in card
    # A group whose attributes were scored is measured, even if no photo of it has all labels.
    partly = {"n_persons": 300, "n_photos": 900, "accuracy": None, "mask": entry(0.9, 0.02)}
    card_of(path, measured | {"groups": {"site": {"a": partly}}, "gaps": []})
    card = path.read_text()
    assert "Every group of site was measured" in card
    card_of(path, measured | {"groups": {}, "gaps": []})
    assert "Every group" not in path.read_text()
