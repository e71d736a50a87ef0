"""`maskwise predict` and `maskwise submit`."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer


def predict(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    paths: Annotated[
        list[str], typer.Argument(help="Photos, folders, globs, or a CSV of paths.", metavar="PATH...")
    ],
    out: Annotated[Path, typer.Option(help="The file to write, .csv or .parquet.")],
) -> None:
    """Predict photos: a row each, also for those that can't be read. Killed, the same command goes on.

    Example: [bold]maskwise predict runs/cpu photos/ --out predictions.csv[/bold]
    """
    from maskwise.inference.members import member_folders
    from maskwise.inference.outputs import check_prediction_target
    from maskwise.inference.sources import iterate_photos

    # Checked before the seconds that importing torch takes.
    member_folders(run)
    check_prediction_target(out, paths)
    next(iterate_photos(paths), None)
    from maskwise.cli.bars import stage_bars
    from maskwise.cli.terminal import create_console
    from maskwise.inference import predicting
    from maskwise.inference.predictor import load_predictor

    console = create_console()
    predictor = load_predictor(run)
    total = sum(1 for _ in iterate_photos(paths))
    with stage_bars(console) as bar:
        n, errors, resumed = predicting.predict_to_file(
            run, predictor, paths, out, progress=_counting(bar("predicting"), total)
        )
    if resumed:
        console.print(f"{resumed:,} of them were done by an earlier, interrupted call.")
    console.print(f"{n:,} photos, {errors:,} with an error: {out}")


def submit(
    run: Annotated[Path, typer.Argument(help="A run folder.")],
    data: Annotated[
        Path, typer.Option(help="A folder with info.csv and images/, or with public/ and private/.")
    ],
    out: Annotated[Path, typer.Option(help="The submission to write.")],
) -> None:
    """Write the competition's submission: ImageID,ans in the order of info.csv.

    Example: [bold]maskwise submit runs/cpu --data eval --out submission.csv[/bold]
    """
    from maskwise.inference.members import member_folders
    from maskwise.inference.outputs import submission_targets

    member_folders(run)
    targets = submission_targets(data, out)
    from maskwise.cli.bars import stage_bars
    from maskwise.cli.terminal import create_console
    from maskwise.inference import predicting
    from maskwise.inference.predictor import load_predictor

    console = create_console()
    predictor = load_predictor(run)
    for folder, target in targets.items():
        total = predicting.submission_length(folder, predictor.space)
        with stage_bars(console) as bar:
            n, unread = predicting.write_submission(
                run, predictor, folder, target, progress=_counting(bar(f"predicting {folder.name}"), total)
            )
        for photo, reason in unread.rows()[:10]:
            console.print(
                f"{photo}: {reason}; answered {predictor.card.commonest_class}, the commonest class in training."
            )
        if unread.height > 10:
            console.print(f"... and {unread.height - 10} more such photos.")
        console.print(f"{n:,} rows: {target}")


def _counting(advance: Callable[[int, int], None], total: int) -> Callable[[int], None]:
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        advance(done, total)

    return count
