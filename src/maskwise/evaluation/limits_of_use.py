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


def score_in_words(score: Mapping[str, Any] | None, attributes: Sequence[str]) -> list[str]:
    """What was measured, with intervals, on whom; or that nothing was.

    Args:
        score: the run's `metrics.json`, or the part of it that an exported file keeps.
        attributes: the attributes' names.
    """
    if score is None or score.get("macro_f1") is None or score.get("scored_on") is None:
        return ["How often it is right has not been measured on people it was not trained on."]
    said = [
        f"{name} {_figure(score[name]['macro_f1'])}"
        for name in attributes
        if isinstance(score.get(name), Mapping) and score[name].get("macro_f1")
    ]
    people = f"{score['n_persons']:,} " if score.get("n_persons") else ""
    lines = [
        f"Measured on {people}{score['scored_on']} of the data set it was made from, macro F1 from 0 to 1 with its 95% "
        f"interval: {', '.join(said)}; all classes together {_figure(score['macro_f1'])}. On other cameras, people and "
        "masks expect less."
    ]
    if score.get("leaky"):
        lines.append("It was measured on people that it knows: these figures are inflated.")
    if score.get("few_persons"):
        lines.append("So few people were measured that the intervals are too narrow.")
    return lines


def _figure(entry: Mapping[str, Any]) -> str:
    low, high = entry["ci95"]
    return f"{entry['value']:.2f} ({low:.2f} to {high:.2f})"
