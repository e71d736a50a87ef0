import json
from pathlib import Path

from maskwise.evaluation.gaps import unmeasured
from maskwise.evaluation.limits_of_use import NOT_FOR, score_in_words
from maskwise.evaluation.model_card import write_model_card
from maskwise.labels.space import builtin_label_space


def entry(value: float, half: float) -> dict[str, object]:
    return {"value": value, "ci95": [value - half, value + half]}


def group(n_persons: int, value: float | None, half: float = 0.03) -> dict[str, object]:
    scores = (
        {} if value is None else {key: entry(value, half) for key in ("accuracy", "mask", "gender", "age")}
    )
    return {"n_persons": n_persons, "n_photos": 7 * n_persons, **scores}


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
    assert f"all classes together {metrics['macro_f1']['value']:.2f} ({low:.2f} to {high:.2f})" in card
    assert "## For whom it is worse, or unmeasured" in card
    assert all(line in card for line in NOT_FOR)
    assert card.count("\n| ") >= 18
    report = (tiny_run / "report.html").read_text()
    assert "How sure, and how often right" in report
    assert 'alt="Where the model looked"' in report


def test_what_was_not_measured_is_not_claimed(tmp_path: Path) -> None:
    assert score_in_words(None, ["mask"]) == score_in_words({"macro_f1": None}, ["mask"])
    leaky = {"macro_f1": entry(0.9, 0.1), "scored_on": "held-out photos", "leaky": True, "few_persons": True}
    words = score_in_words(leaky, [])
    assert "inflated" in words[1]
    assert "too narrow" in words[2]
    write_model_card(tmp_path / "c.md", "x [y](http://evil)", {"data": "<script>"}, {}, builtin_label_space())
    card = (tmp_path / "c.md").read_text()
    assert "has not been measured" in card
    assert "<script>" not in card.replace("\\<", "")
    assert "[y](" not in card
