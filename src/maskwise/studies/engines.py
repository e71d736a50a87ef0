"""Where trials run: here, one after the other, or on Ray."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from maskwise.reporter import SILENT, Reporter
from maskwise.studies.study import Trial
from maskwise.studies.trials import Outcome, run_trial
from maskwise.training.ray_tasks import HERE, run_tasks


def run_trials(
    trials: Sequence[Trial],
    data: Path,
    out: Path,
    *,
    on: str = HERE,
    cpus: int = 1,
    reporter: Reporter = SILENT,
) -> Iterator[Outcome]:
    """Outcomes of trials as they come.

    Args:
        trials: what to run.
        data: what to train on; on a cluster, a path that all machines see.
        out: the study's folder; likewise.
        on: `here`, `ray` for a Ray of one's own on this machine, or the address of a running one.
        cpus: processors that a trial takes under Ray.
        reporter: receives messages and progress of the trainings that run here.
    """
    if on == HERE:
        yield from run_tasks(run_trial, [(trial, data, out, reporter) for trial in trials], on=on)
    else:
        tasks = [(trial, data.resolve(), out.resolve()) for trial in trials]
        yield from run_tasks(run_trial, tasks, on=on, cpus=cpus)
