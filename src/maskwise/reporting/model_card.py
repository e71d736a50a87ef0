"""The model card: what anyone who is given a model must know (M. Mitchell et al., "Model Cards", 2019)."""

from collections.abc import Mapping
from pathlib import Path

from maskwise.errors import InputError, in_short
from maskwise.files import write_text
from maskwise.reporting.group_words import gap_in_words, unmeasured
from maskwise.reporting.limits_of_use import NOT_FOR, score_in_words
from maskwise.runs.metrics import Figure, GroupScores, Metrics
from maskwise.runs.run_folder import CARD_FILE
from maskwise.runs.stored_score import kept_score
from maskwise.tasks.label_space import LabelSpace


def write_model_card(
    path: Path, title: str, facts: Mapping[str, str], metrics: Metrics, space: LabelSpace
) -> None:
    """Write the card.

    Args:
        path: where to.
        title: the model's name.
        facts: data, split, model and the like.
        metrics: the scores.
        space: the label space of the score.

    Raises:
        MaskwiseError: when the file can't be written.
    """
    attributes = [attribute.name for attribute in space.attributes]
    lines = [f"# {_plain(title)}", "", "## What it is", ""]
    # The card is given to others: it must not name folders of the machine that trained.
    shown = {
        name: "/".join(Path(value).parts[-2:]) if name == "data" else value for name, value in facts.items()
    }
    lines += [f"- {_plain(name)}: {_plain(value)}" for name, value in shown.items()]
    lines += [
        "",
        "## How often it is right",
        "",
        *score_in_words(kept_score(metrics, attributes)),
    ]
    measured = metrics.measured  # of a refit nothing else was measured
    if measured.per_class:
        lines += ["", "| class | persons | photos | F1 |", "|---|---|---|---|"]
        for entry in measured.per_class:
            score = _score(entry.f1 if entry.n_persons else None)
            lines.append(f"| {entry.name} | {entry.n_persons:,} | {entry.n_photos:,} | {score} |")
    groups, unit = measured.groups, _unit(measured)
    lines += ["", "## Who was measured", ""]
    lines += [f"- {_plain(column)}: {_counts(entries, unit)}" for column, entries in groups.items()] or [
        "- Nobody."
    ]
    lines += ["", "## For whom it is worse, or unmeasured", ""]
    lines += [f"- {_plain(gap_in_words(gap))}" for gap in measured.gaps] or [
        "- No two groups were large enough to compare, or none differed."
    ]
    few = unmeasured(groups, unit)
    if few:
        lines.append(f"- Not measured, for want of persons or labels: {_plain(', '.join(few))}.")
    elif groups:
        lines.append(f"- Every group of {_plain(', '.join(groups))} was measured.")
    lines.append(
        "- Properties without a column in the data (such as skin colour or disability) are unmeasured."
    )
    lines.append(
        "- People and conditions that are not in the data (other ages, cameras, kinds of masks, lighting) are "
        "unmeasured."
    )
    lines += ["", "## What it is not for", "", *(f"- {line}" for line in NOT_FOR), ""]
    write_text(path, "\n".join(lines))


def read_model_card(folder: Path) -> str | None:
    """The card in a folder; None if there is none.

    Raises:
        InputError: when it can't be read, or is not text.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Expected {path} to be a readable model card, got: {in_short(error)}.") from error


def _unit(metrics: Metrics) -> str:
    """What was counted: each photo stands for itself where persons are not known."""
    return "persons" if metrics.persons_known else "photos"


def _counts(entries: Mapping[str, GroupScores], unit: str) -> str:
    return _plain(", ".join(f"{name} {entry.n_persons:,} {unit}" for name, entry in entries.items()))


def _score(figure: Figure | None) -> str:
    if figure is None:
        return "unmeasured"
    low, high = figure.ci95
    if low == high == 0:
        return "0, no photo was right"
    return f"{figure.value:.3f} ({low:.3f} to {high:.3f})"


def _plain(text: str) -> str:
    """Text from data as plain text: its markup must not take effect in the card."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|" else c for c in " ".join(str(text).split()))
