"""The option `--backend`: named, or chosen by measuring and written down."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

    from maskwise.export.open_model import Backend
    from maskwise.inference.exported import Model


@dataclass(frozen=True)
class ChosenBackend:
    """The backend (None: the model's own), and the photos per second of each where it was chosen by measuring."""

    name: "Backend | None"
    rates: dict[str, float] = field(default_factory=dict)
    kept: bool = False  # an interrupted call has chosen it


def choose_backend(console: "Console", model: "Model", name: str | None) -> ChosenBackend:
    """The backend that an option names; with `auto` the fastest on this machine, which is printed.

    Raises:
        InputError: when there is no such backend, or none can compute the model.
    """
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.errors import InputError
    from maskwise.export.fastest_backend import fastest_backend
    from maskwise.export.open_model import BACKENDS

    if name == "auto":
        chosen, rates = fastest_backend(model, RichReporter(console))
        measured = ", ".join(f"{backend} {rate:.0f}" for backend, rate in rates.items())
        console.print(f"backend {chosen} (photos/s: {measured})")
        return ChosenBackend(chosen, rates)
    for known in BACKENDS:
        if name == known:
            return ChosenBackend(known)
    if name is not None:
        raise InputError(f"Expected --backend to be auto, {', '.join(BACKENDS)}, got {name!r}.")
    return ChosenBackend(None)


def write_choice(out: Path, chosen: ChosenBackend) -> None:
    """Write what `auto` measured and chose next to an output; remove such a file of an earlier call."""
    from maskwise.files import write_json

    path = out.with_name(f"{out.name}.backend.json")
    if chosen.rates or (chosen.kept and not path.is_file()):
        write_json(path, {"schema": 1, "backend": chosen.name, "photos_per_second": chosen.rates})
    elif not chosen.kept:
        path.unlink(missing_ok=True)
