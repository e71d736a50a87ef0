"""`maskwise train`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from maskwise.recipes.schema import Recipe


def train(
    recipe: Annotated[
        str,
        typer.Argument(
            help="A YAML file, or one that ships: best, best-gpu, cpu, quick, report-2021, report-2021-lite."
        ),
    ],
    data: Annotated[Path, typer.Option(help="A folder in a known layout, or a table (.csv, .parquet).")],
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one value of the recipe; repeatable."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The run's folder; runs/RECIPE by default.", show_default=False)
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            help="Cross-validate: this many folds by person, scored out-of-fold.", min=2, show_default=False
        ),
    ] = None,
    refit: Annotated[bool, typer.Option("--refit", help="With --folds: then train on everybody.")] = False,
    on: Annotated[
        str, typer.Option(help="Where folds train: here, ray, or the address of a running Ray.")
    ] = "here",
    cpus: Annotated[int, typer.Option(help="Processors per fold under Ray.", min=1)] = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
    mlflow: Annotated[
        str | None,
        typer.Option(
            help="Also log the run to this MLflow store, a folder or an address; the report only with --no-photos.",
            show_default=False,
        ),
    ] = None,
    no_photos: Annotated[bool, typer.Option("--no-photos", help="Leave photos out of the report.")] = False,
) -> None:
    """Train one run and score it on persons that it has not seen.

    Example: [bold]maskwise train cpu --data DATA --out runs/cpu --set training.epochs=8[/bold]
    """
    from maskwise.errors import InputError
    from maskwise.recipes.recipe_files import load_recipe

    if on != "here" and folds is None:
        raise InputError("Expected --on with --folds: one training runs here, or under torchrun.")
    if refit and folds is None:
        raise InputError("Expected --refit with --folds, which choose the number of epochs and give a score.")
    if resume and set_:
        raise InputError("Expected --resume without --set: a resumed run keeps its recipe. Train a new run.")
    _train(
        load_recipe(recipe, set_ or ()),
        recipe,
        data,
        out,
        folds=folds,
        refit=refit,
        on=on,
        cpus=cpus,
        resume=resume,
        mlflow=mlflow,
        no_photos=no_photos,
    )


def _train(
    chosen: "Recipe",
    recipe: str,
    data: Path,
    out: Path | None,
    *,
    folds: int | None = None,
    refit: bool = False,
    on: str = "here",
    cpus: int = 1,
    resume: bool = False,
    mlflow: str | None = None,
    no_photos: bool = False,
) -> None:
    run = out if out is not None else Path("runs") / chosen.name
    # Checked before the seconds that importing torch takes.
    from maskwise.runs.run_folder import RunFolder

    RunFolder(run).check_free(resume=resume)
    from maskwise.cli.rich_reporter import RichReporter
    from maskwise.cli.scores import print_scores
    from maskwise.cli.terminal import create_console
    from maskwise.training import train as training
    from maskwise.training.folds import train_folds

    console = create_console()
    with RichReporter(console) as reporter:
        if folds is not None:
            metrics = train_folds(
                chosen,
                data,
                run,
                folds=folds,
                refit=refit,
                resume=resume,
                on=on,
                cpus=cpus,
                photos_in_report=not no_photos,
                reporter=reporter,
            )
        else:
            metrics = training.train(
                chosen,
                data,
                run,
                resume=resume,
                photos_in_report=not no_photos,
                reporter=reporter,
            )
    if metrics.folds is not None:
        console.print(
            "Refit on everybody: it has no held-out score of its own. Out-of-fold score of the folds:",
            style="bold",
        )
    print_scores(console, metrics.measured, run)
    if mlflow is not None:
        from maskwise.runs.run import Run
        from maskwise.training.mlflow_tracking import track_run

        console.print(f"MLflow run: {track_run(Run(run), mlflow, report=no_photos)}")
    if metrics.interrupted:
        console.print(
            f"Interrupted: continue with maskwise train {recipe} --data {data} --out {run} --resume"
        )
        raise typer.Exit(1)


def distil(
    teacher: Annotated[Path, typer.Argument(help="The run to match, with all its members.")],
    data: Annotated[Path, typer.Option(help="What to train on.")],
    out: Annotated[Path, typer.Option(help="The new run's folder.")],
    recipe: Annotated[str, typer.Option(help="The recipe of the small model.")] = "cpu",
    weight: Annotated[
        float,
        typer.Option(
            help="The weight of the teacher's probabilities; the rest is the weight of the labels.",
            min=0.01,
            max=1,
        ),
    ] = 0.7,
    temperature: Annotated[
        float, typer.Option(help="Above 1, the teacher's probabilities are softened.", min=0.1)
    ] = 1.0,
    held_out: Annotated[
        bool,
        typer.Option(
            "--held-out",
            help="Hold out the recipe's share of persons; only if the teacher has not seen them.",
        ),
    ] = False,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change one value of the recipe; repeatable."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in --out.")] = False,
) -> None:
    """Train one small model to match a run with several members; by default on everybody, so it has no own score.

    Example: [bold]maskwise distil runs/folds --data DATA --out runs/small[/bold]
    """
    from maskwise.recipes.recipe_files import load_recipe

    if resume:
        _train(load_recipe(recipe), recipe, data, out, resume=True)
        return
    values: dict[str, Any] = {
        "distillation": {"run": str(teacher), "weight": weight, "temperature": temperature}
    }
    if not held_out:
        values["split.nobody"] = True
    _train(load_recipe(recipe, set_ or (), values), recipe, data, out)
