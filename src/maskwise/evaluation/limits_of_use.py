"""What a model's figures are, and what it is not for: in a report, a card and on a page, in the same words."""

from collections.abc import Mapping, Sequence
from typing import Any

NOT_FOR = (
    "Not for telling who somebody is, and not for decisions about people: not in law, employment, schooling, credit, "
    "policing or medicine.",
    "Gender here is the label in the training data: what somebody wrote down from a look. It is not a person's gender, "
    "and can't be read off a face.",
    "Estimating gender or age of people by camera is regulated. In the EU the AI Act and the GDPR apply: it needs a "
    "lawful basis, and people have to be told.",
)


_KEYS = (
    "macro_f1",
    "accuracy",
    "scored_on",
    "n_persons",
    "n_photos",
    "persons_known",
    "leaky",
    "few_persons",
    "chosen_on_these_persons",
)


def kept_score(metrics: Mapping[str, Any], attributes: Sequence[str]) -> dict[str, Any] | None:
    """What of a run's `metrics.json` goes along with its model; of a refit, what its folds were measured to be.

    Args:
        metrics: the content of `metrics.json`.
        attributes: the attributes' names.
    """
    refit = "folds" in metrics
    measured = metrics["folds"] if refit else metrics
    if measured.get("macro_f1") is None or measured.get("scored_on") is None:
        return None
    score = {key: measured[key] for key in _KEYS if key in measured}
    named = {name: {"macro_f1": measured[name]["macro_f1"]} for name in attributes if name in measured}
    return score | named | {"refit": refit}


def score_in_words(score: Mapping[str, Any] | None, attributes: Sequence[str]) -> list[str]:
    """What was measured, with intervals, on whom; or that nothing was.

    Args:
        score: what `kept_score` gives.
        attributes: the attributes' names.
    """
    if score is None:
        return ["How often it is right has not been measured on people it was not trained on."]
    said = [
        f"{name} {_figure(score[name]['macro_f1'])}"
        for name in attributes
        if isinstance(score.get(name), Mapping) and score[name].get("macro_f1")
    ]
    lines = [
        f"Measured on {_on_whom(score)}, macro F1 from 0 to 1 with its 95% interval: {', '.join(said)}; all classes "
        f"together {_figure(score['macro_f1'])}. On other cameras, people and masks expect less."
    ]
    if score.get("refit"):
        lines.append(
            "That is the score of models trained on a part of those people; this one was trained on all of them, and "
            "is itself unmeasured."
        )
    if score.get("chosen_on_these_persons"):
        lines.append("Its members were chosen on these people: the score is a little optimistic.")
    if score.get("leaky"):
        lines.append("It was measured on people that it knows: these figures are inflated.")
    if score.get("few_persons"):
        lines.append("So few people were measured that the intervals are too narrow.")
    return lines


def _on_whom(score: Mapping[str, Any]) -> str:
    """The photos behind a score, and what its models knew of the people on them."""
    data, photos = "of the data set it was made from", f"{score['n_photos']:,} photos"
    persons = f"{score['n_persons']:,} persons"
    if score["scored_on"] == "out-of-fold":
        return f"{photos} of {persons} {data}, each person by models trained on others (out-of-fold)"
    if score["scored_on"] == "held-out persons":
        return f"{photos} of {persons} {data}, who were held out of training"
    shown = f" of {persons}" if score.get("persons_known") else ""
    return f"{photos}{shown} {data}, held out of training photo by photo"


def _figure(entry: Mapping[str, Any]) -> str:
    low, high = entry["ci95"]
    return f"{entry['value']:.3f} ({low:.3f} to {high:.3f})"
