"""`MODEL_CARD.md`: what who gets a model must know of it (M. Mitchell et al., "Model Cards", 2019)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskwise.errors import InputError, in_short
from maskwise.files import write_text
from maskwise.metrics.group_gaps import gap_in_words, unmeasured
from maskwise.reporting.limits_of_use import NOT_FOR, score_in_words
from maskwise.runs.stored_score import kept_score
from maskwise.tasks.label_space import LabelSpace

FILE = "MODEL_CARD.md"


def write_model_card(
    path: Path, title: str, facts: Mapping[str, str], metrics: Mapping[str, Any], space: LabelSpace
) -> None:
    """Write the card.

    Args:
        path: where to.
        title: the model's name.
        facts: data, split, model and the like.
        metrics: the content of `metrics.json`.
        space: the label space of the score.

    Raises:
        MaskwiseError: when the file can't be written.
    """
    attributes = [attribute.name for attribute in space.attributes]
    lines = [f"# {_plain(title)}", "", "## What it is", ""]
    # The card is handed on: where the data lay on the machine that trained is nobody's.
    told = {
        name: "/".join(Path(value).parts[-2:]) if name == "data" else value for name, value in facts.items()
    }
    lines += [f"- {_plain(name)}: {_plain(value)}" for name, value in told.items()]
    lines += [
        "",
        "## How often it is right",
        "",
        *score_in_words(kept_score(metrics, attributes)),
    ]
    metrics = metrics.get("folds", metrics)  # of a refit nothing else was measured
    if metrics.get("per_class"):
        lines += ["", "| class | persons | photos | F1 |", "|---|---|---|---|"]
        for entry in metrics["per_class"]:
            score = _score(entry["f1"] if entry["n_persons"] else None)
            lines.append(f"| {entry['name']} | {entry['n_persons']:,} | {entry['n_photos']:,} | {score} |")
    groups = metrics.get("groups") or {}
    lines += ["", "## Who was measured", ""]
    lines += [
        f"- {_plain(column)}: {_counts(entries, _unit(metrics))}" for column, entries in groups.items()
    ] or ["- Nobody."]
    lines += ["", "## For whom it is worse, or unmeasured", ""]
    gaps = metrics.get("gaps") or []
    lines += [f"- {_plain(gap_in_words(gap))}" for gap in gaps] or [
        "- No two groups were large enough to compare, or none differed."
    ]
    few = unmeasured(groups, _unit(metrics))
    if few:
        lines.append(f"- Not measured, for want of persons or labels: {_plain(', '.join(few))}.")
    elif groups:
        lines.append(f"- Every group of {_plain(', '.join(groups))} was measured.")
    lines.append("- What the data have no column for (skin colour or disability, say) is unmeasured.")
    lines.append(
        "- Whoever is not in the data (other ages, cameras, kinds of masks, lighting) is unmeasured."
    )
    lines += ["", "## What it is not for", "", *(f"- {line}" for line in NOT_FOR), ""]
    write_text(path, "\n".join(lines))


def read_model_card(folder: Path) -> str | None:
    """The card that lies in a folder; None where there is none.

    Raises:
        InputError: when it can't be read, or is no text.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Expected {path} to be a readable model card, got: {in_short(error)}.") from error


def _unit(metrics: Mapping[str, Any]) -> str:
    """What was counted: each photo stands for itself where persons are not known."""
    return "persons" if metrics.get("persons_known", True) else "photos"


def _counts(entries: Mapping[str, Mapping[str, Any]], unit: str) -> str:
    return _plain(", ".join(f"{name} {entry['n_persons']:,} {unit}" for name, entry in entries.items()))


def _score(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "unmeasured"
    low, high = entry["ci95"]
    if low == high == 0:
        return "0, no photo was right"
    return f"{entry['value']:.3f} ({low:.3f} to {high:.3f})"


def _plain(text: str) -> str:
    """A text of strangers as text: no markup of theirs in the card."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>#|" else c for c in " ".join(str(text).split()))
