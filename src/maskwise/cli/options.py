"""Options that several commands have."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from maskwise.inference.decision import Name

TaskOption = Annotated[
    str | None,
    typer.Option(
        "--task",
        help="A task file, or the name of a task; by default task.yaml next to the data.",
        show_default=False,
    ),
]
Decision = Annotated[
    str | None,
    typer.Option(
        help="joint, marginal, or weighted (fitted by train --folds for macro F1); by default the run's own.",
        show_default=False,
    ),
]
Calibrated = Annotated[
    bool,
    typer.Option("--calibrated", help="Give probabilities at the temperature that train --folds has fitted."),
]
Backend = Annotated[
    str | None,
    typer.Option(
        help="torch, onnxruntime, openvino, or auto: the fastest on this machine. By default torch for a run, and for "
        "an exported file the backend of its format.",
        show_default=False,
    ),
]


def named_decision(name: str | None) -> "Name | None":
    """The decision of a name.

    Raises:
        InputError: when there is no such decision.
    """
    from maskwise.errors import InputError

    if name is None:
        return None
    known: tuple[Name, ...] = ("joint", "marginal", "weighted")
    for choice in known:
        if name == choice:
            return choice
    raise InputError(f"Expected --decision to be joint, marginal or weighted, got {name!r}.")
