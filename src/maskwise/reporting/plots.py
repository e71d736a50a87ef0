"""Plots as SVG that take their ink from the page, so that they read by day and by night."""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from maskwise.runs.metrics import ClassScore

_INK = "#123456"  # replaced by the page's text colour
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "maskwise",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.grid": True,
    "grid.alpha": 0.15,
    "grid.color": _INK,
    "legend.frameon": False,
}
TRAIN, HELD_OUT, MARK = "#8a8f98", "#0f766e", "#0f766e"


def _svg(figure: Figure, label: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    svg = re.sub(r'font: ([\d.]+)px [^;"]*', r"font: \1px system-ui, sans-serif", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # The size comes from the page; ids must not clash between the plots of one page.
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    return re.sub(r'(<svg[^>]*?) width="[^"]*"', rf'\1 role="img" aria-label="{label}"', svg, count=1)


def learning_curves(history: Sequence[dict[str, float]]) -> str:
    """Loss and held-out macro F1 over the epochs."""
    epochs = [row["epoch"] for row in history]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 2.7))
        loss, score = figure.subplots(1, 2)
        loss.plot(
            epochs, [row["train_loss"] for row in history], color=TRAIN, marker="o", label="training photos"
        )
        loss.plot(
            epochs,
            [row["held_out_loss"] for row in history],
            color=HELD_OUT,
            marker="o",
            label="held-out persons",
        )
        loss.set(xlabel="epoch", title="Loss")
        loss.legend()
        for name, style in (("macro_f1", "-"), *((n, ":") for n in _attribute_scores(history))):
            score.plot(
                epochs,
                [row[f"held_out_{name}"] for row in history],
                color=HELD_OUT if style == "-" else None,
                linestyle=style,
                marker="o" if style == "-" else None,
                label="18 classes" if name == "macro_f1" else name.removesuffix("_macro_f1"),
            )
        score.set(xlabel="epoch", title="Macro F1 of held-out persons", ylim=(0, 1.02))
        score.legend(ncols=2)
        for axes in (loss, score):
            axes.xaxis.get_major_locator().set_params(integer=True)
        figure.tight_layout()
        return _svg(figure, "Learning curves")


def _attribute_scores(history: Sequence[dict[str, float]]) -> list[str]:
    return [
        name.removeprefix("held_out_")
        for name in history[0]
        if name.endswith("_macro_f1") and name != "held_out_macro_f1"
    ]


def intervals(classes: Sequence[ClassScore], *, label: str) -> str:
    """A dot with its 95% interval for each class that was scored, and in brackets the persons it rests on."""
    scored = [(entry, entry.f1) for entry in classes if entry.f1 is not None]
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 0.5 + 0.27 * max(1, len(scored))))
        axes = figure.subplots()
        for place, (_, score) in enumerate(reversed(scored)):
            low, high = score.ci95
            axes.plot([low, high], [place, place], color=MARK, linewidth=2, alpha=0.45)
            axes.plot([score.value], [place], color=MARK, marker="o", markersize=6)
            axes.annotate(
                f"{score.value:.2f}", (high, place), textcoords="offset points", xytext=(6, -3), fontsize=9
            )
        names = [f"{entry.name}  ({entry.n_persons})" for entry, _ in reversed(scored)]
        axes.set_yticks(range(len(scored)), names)
        axes.set(xlim=(-0.01, 1.08), ylim=(-0.6, len(scored) - 0.4))
        axes.grid(axis="y", visible=False)
        return _svg(figure, label)


def histogram(numbers: Sequence[float], boundaries: Sequence[float], label: str) -> str:
    """How many persons have each number, with the boundaries between bands."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 2.4))
        axes = figure.subplots()
        low, high = int(min(numbers)), int(max(numbers))
        axes.hist(numbers, bins=[edge - 0.5 for edge in range(low, high + 2)], color=MARK)
        for boundary in boundaries:
            axes.axvline(boundary - 0.5, color=_INK, linestyle="--", linewidth=1)
        axes.set(xlabel=label, ylabel="persons")
        return _svg(figure, f"Histogram of {label}")


def bars(counts: dict[str, int], label: str) -> str:
    """A horizontal bar for each name."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 0.5 + 0.27 * max(1, len(counts))))
        axes = figure.subplots()
        names = list(reversed(counts))
        drawn = axes.barh(names, [counts[name] for name in names], color=MARK, height=0.7)
        axes.bar_label(drawn, padding=4, fontsize=9)
        axes.grid(axis="y", visible=False)
        axes.margins(x=0.12)
        return _svg(figure, label)


def forest(rows: Sequence[tuple[str, float, tuple[float, float]]], margin: float, label: str) -> str:
    """A difference with its interval for each name, around 0 and the margin within which it does not matter."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 0.8 + 0.3 * max(1, len(rows))))
        axes = figure.subplots()
        axes.axvspan(-margin, margin, color=_INK, alpha=0.06, linewidth=0)
        axes.axvline(0, color=_INK, linewidth=1)
        for place, (_, value, (low, high)) in enumerate(reversed(rows)):
            sure = low > 0 or high < 0
            axes.plot([low, high], [place, place], color=MARK, linewidth=2, alpha=0.9 if sure else 0.4)
            axes.plot(
                [value], [place], color=MARK, marker="o", markersize=6, fillstyle="full" if sure else "none"
            )
        axes.set_yticks(range(len(rows)), [_shortened(name) for name, _, _ in reversed(rows)])
        axes.set(ylim=(-0.6, len(rows) - 0.4), xlabel=label)
        axes.grid(axis="y", visible=False)
        return _svg(figure, label)


def score_curves(series: dict[str, list[float]]) -> str:
    """Held-out macro F1 over the epochs, a line for each name; the first is drawn strongest."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(8, 3.2))
        axes = figure.subplots()
        for place, (name, values) in enumerate(series.items()):
            axes.plot(
                range(1, len(values) + 1),
                values,
                label=_shortened(name),
                linewidth=2.5 if place == 0 else 1.2,
                color=HELD_OUT if place == 0 else None,
            )
        axes.set(xlabel="epoch", ylabel="macro F1 of held-out persons")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(fontsize=8, ncols=2)
        return _svg(figure, "Learning curves")


def _shortened(name: str, most: int = 60) -> str:
    return name if len(name) <= most else f"{name[: most - 3]}..."


def reliability(
    before: Sequence[tuple[float, float, int]], after: Sequence[tuple[float, float, int]] = ()
) -> str:
    """Accuracy against mean confidence, bin by bin, before and after calibration, where there was one."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(4.2, 3.6))
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=1, alpha=0.4)
        for bins, colour, label in ((before, TRAIN, "as it comes"), (after, HELD_OUT, "calibrated")):
            if bins:
                axes.plot([b[0] for b in bins], [b[1] for b in bins], color=colour, marker="o", label=label)
        axes.set(xlabel="confidence", ylabel="share that is right", xlim=(0, 1.02), ylim=(0, 1.02))
        axes.legend()
        return _svg(figure, "Reliability")
