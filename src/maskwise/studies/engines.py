"""Where trials run: here, one after the other, or on Ray."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from maskwise.studies.study import Trial
from maskwise.studies.trials import Outcome, run_trial
from maskwise.training.ray_tasks import HERE, run_tasks

Say = Callable[[str], None]


def run_trials(
    trials: Sequence[Trial],
    data: Path,
    out: Path,
    *,
    on: str = HERE,
    cpus: int = 1,
    say: Say = lambda line: None,
) -> Iterator[Outcome]:
    """Outcomes of trials as they come.

    Args:
        trials: what to run.
        data: what to train on; on a cluster, a path that all machines see.
        out: the study's folder; likewise.
        on: `here`, `ray` for a Ray of one's own on this machine, or the address of a running one.
        cpus: processors that a trial takes under Ray.
        say: called with each line of a training, where it runs here.
    """
    if on == HERE:
        yield from run_tasks(run_trial, [(trial, data, out, say) for trial in trials], on=on)
    else:
        tasks = [(trial, data.resolve(), out.resolve()) for trial in trials]
        yield from run_tasks(run_trial, tasks, on=on, cpus=cpus)
