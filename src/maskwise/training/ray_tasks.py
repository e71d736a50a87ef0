"""Independent pieces of work: here, one after the other, or as tasks of Ray on this machine or a cluster."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from maskwise.errors import InputError, in_short
from maskwise.extras import import_extra

HERE = "here"
Result = TypeVar("Result")


def run_tasks(
    work: Callable[..., Result], tasks: Sequence[tuple[Any, ...]], *, on: str, cpus: int = 1
) -> Iterator[Result]:
    """Results of `work(*task)` as they come; under Ray in any order.

    Args:
        work: a function that other processes can import.
        tasks: its arguments, which can be pickled.
        on: `here`, `ray` for a Ray of one's own on this machine, or the address of a running one.
        cpus: processors that a task takes under Ray.

    Raises:
        InputError: when Ray is not installed, or there is none at the address.
    """
    if on == HERE:
        for task in tasks:
            yield work(*task)
        return
    ray = import_extra("ray", "Ray for work on other machines", "cluster")
    if on == "ray" and cpus > (os.cpu_count() or 1):
        raise InputError(
            f"Expected at most the {os.cpu_count()} processors of this machine for a task, got {cpus}.",
            setting="cpus",
        )
    begun = not ray.is_initialized()
    if begun:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
        try:
            if on == "ray":
                ray.init(**options, include_dashboard=False, num_cpus=os.cpu_count())
            else:
                ray.init(address=on, **options)
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            reason = in_short(error)
            raise InputError(
                f"Expected here, ray, or the address of a running Ray, got {on!r}: {reason}.", setting="on"
            ) from error
    try:
        remote = ray.remote(num_cpus=cpus, max_retries=1)(work)
        waiting = [remote.remote(*task) for task in tasks]
        while waiting:
            (done, *_), waiting = ray.wait(waiting, num_returns=1)
            yield _result(ray, done)
    finally:
        if begun:
            ray.shutdown()


def _result(ray: Any, done: Any) -> Any:  # noqa: ANN401 - Ray is not typed
    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None  # the task's own error, not Ray's tale of it
