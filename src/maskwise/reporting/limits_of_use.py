"""A model's scores in words, and what it must not be used for: the same in a report, a card and on a page."""

from maskwise.runs.metrics import Figure
from maskwise.runs.stored_score import KeptScore

NOT_FOR = (
    "Not for identifying anyone, and not for decisions about people: not in law, employment, schooling, credit, "
    "policing or medicine.",
    "Gender here is the label in the training data: what somebody wrote down from a look. It is not a person's gender, "
    "and a face does not show a person's gender.",
    "Estimating gender or age of people by camera is regulated. In the EU the AI Act and the GDPR apply: it needs a "
    "lawful basis, and people have to be informed.",
)


def score_in_words(score: KeptScore | None) -> list[str]:
    """What was measured, with intervals, on whom; or that nothing was measured."""
    if score is None:
        return ["How often it is right has not been measured on people it was not trained on."]
    scores = [f"{name} {_figure(figure)}" for name, figure in score.attributes.items() if figure is not None]
    lines = [
        f"Measured on {_on_whom(score)}, macro F1 from 0 to 1 with its 95% interval: {', '.join(scores)}; all classes "
        f"together {_figure(score.macro_f1)}. Expect lower scores on other cameras, people and masks."
    ]
    if score.refit:
        lines.append(
            "That is the score of models trained on a part of those people; this one was trained on all of them, and "
            "is itself unmeasured."
        )
    elif score.scored_on == "out-of-fold":
        lines.append(
            "That is the score of the members that had not seen a person; together, the members have seen all of those "
            "people, so the combined model is unmeasured."
        )
    if score.chosen_on_these_persons:
        lines.append("Epochs or members were chosen on these people: the score is a little optimistic.")
    if score.leaky:
        lines.append("It was measured on people that it was trained on: these figures are inflated.")
    if score.few_persons:
        lines.append("So few people were measured that the intervals are too narrow.")
    return lines


def _on_whom(score: KeptScore) -> str:
    """The photos that were scored, and whether the models had seen the people on them."""
    data, photos = "of the data set it was made from", f"{score.n_photos:,} photos"
    if not score.persons_known:
        return f"{photos} {data}, held out of training; who is on them is not known"
    persons = f"{score.n_persons:,} persons"
    if score.scored_on == "out-of-fold":
        return f"{photos} of {persons} {data}, each person by models trained on others (out-of-fold)"
    if score.scored_on == "held-out persons":
        return f"{photos} of {persons} {data}, who were held out of training"
    return f"{photos} of {persons} {data}, held out of training photo by photo"


def _figure(figure: Figure) -> str:
    low, high = figure.ci95
    return f"{figure.value:.3f} ({low:.3f} to {high:.3f})"
