"""The plots of `data info`: one page that loads nothing from elsewhere."""

from pathlib import Path

from maskwise.data.summary import Summary
from maskwise.files import write_text
from maskwise.reporting import plots
from maskwise.reporting.pages import render_page
from maskwise.tasks.label_space import LabelSpace


def write_data_page(path: Path, title: str, summary: Summary, space: LabelSpace) -> None:
    """Write a page with the classes, the numbers and the groups of a data set.

    Raises:
        MaskwiseError: when the file can't be written.
    """
    drawn = []
    if summary.n_labelled:
        drawn.append(("Photos of each class", plots.bars(summary.photos_per_class, "Photos of each class")))
        drawn.append(
            ("Persons of each class", plots.bars(summary.persons_per_class, "Persons of each class"))
        )
    for attribute in space.attributes:
        numbers = summary.numbers.get(attribute.name)
        if numbers:
            label = f"{attribute.name} ({attribute.unit})" if attribute.unit else attribute.name
            drawn.append(
                (f"Persons by {attribute.name}", plots.histogram(numbers, attribute.boundaries, label))
            )
    for name, counts in {**summary.groups, "size": summary.sizes}.items():
        drawn.append((f"By {name}", plots.bars(counts, f"By {name}")))
    write_text(path, render_page("data.html.j2", title=title, summary=summary, plots=drawn))
