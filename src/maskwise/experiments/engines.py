"""Where trials run: in this process, one after the other, or as tasks of Ray on this machine or a cluster."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from maskwise.errors import InputError
from maskwise.experiments.study import Trial
from maskwise.experiments.trials import Outcome, run_trial

Say = Callable[[str], None]
HERE = "here"


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
        say: told what trainings say, where they run here.
    """
    if on == HERE:
        for trial in trials:
            yield run_trial(trial, data, out, say)
    else:
        yield from _on_ray(trials, data.resolve(), out.resolve(), on, cpus)


def _on_ray(trials: Sequence[Trial], data: Path, out: Path, on: str, cpus: int) -> Iterator[Outcome]:
    ray = _import_ray()
    begun = not ray.is_initialized()
    if begun:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
        try:
            if on == "ray":
                ray.init(**options, include_dashboard=False, num_cpus=os.cpu_count())
            else:
                ray.init(address=on, **options)
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:160]
            raise InputError(
                f"Expected --on to be ray, or the address of a running Ray, got {on!r}: {reason}"
            ) from error
    try:
        task = ray.remote(num_cpus=cpus, max_retries=1)(run_trial)
        waiting = [task.remote(trial, data, out) for trial in trials]
        while waiting:
            (done, *_), waiting = ray.wait(waiting, num_returns=1)
            yield ray.get(done)
    finally:
        if begun:
            ray.shutdown()


def _import_ray() -> Any:  # noqa: ANN401 - a module that is not always there
    try:
        import ray
    except ImportError as error:
        raise InputError(
            "Expected Ray for trials on other machines, but it is not installed: pip install 'maskwise[cluster]'."
        ) from error
    return ray
