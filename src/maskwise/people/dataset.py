"""Draw a data set of procedural people in the competition's layout, with a table of what is true about each photo."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import polars as pl
import yaml

from maskwise.errors import InputError
from maskwise.files import atomic_path, write_text
from maskwise.people.dataset_tables import write_tables
from maskwise.people.member_photos import draw_member_photos
from maskwise.people.people_spec import PeopleSpec
from maskwise.people.population import Member, draw_members
from maskwise.process_settings import use_one_opencv_thread
from maskwise.reporter import SILENT, Reporter

SCHEMA = 1
SPEC_FILE = "people.yaml"
TRUTH_FILE = "truth.parquet"
_PARTS = ".parts"


def draw_people(
    out: Path, spec: PeopleSpec, *, workers: int | None = None, reporter: Reporter = SILENT
) -> pl.DataFrame:
    """Draw a data set; a call that was interrupted is continued.

    Args:
        out: the folder: new, empty, or with an unfinished data set of the same description.
        spec: what to draw.
        workers: the number of processes; by default that of the processors.
        reporter: receives the number of persons that are drawn.

    Returns:
        The truth table: one row per photo.

    Raises:
        InputError: when the folder holds anything else.
        MaskwiseError: when the disk is full.
    """
    _claim(out, spec)
    if (out / TRUTH_FILE).is_file():
        return pl.read_parquet(out / TRUTH_FILE, glob=False)
    members = draw_members(spec)
    parts = out / _PARTS
    waiting = [m for m in members if not _part(parts, m).is_file()]
    progress = reporter.progress("drawing people")
    progress(len(members) - len(waiting), len(members))
    draw = partial(_draw_part, out, spec)
    for done, _ in enumerate(_in_processes(draw, waiting, workers or os.cpu_count() or 1), start=1):
        progress(len(members) - len(waiting) + done, len(members))
    rows = [row for m in members for row in json.loads(_part(parts, m).read_text(encoding="utf-8"))]
    truth = pl.DataFrame(rows, infer_schema_length=None)
    write_tables(out, spec, truth)
    with atomic_path(out / TRUTH_FILE) as temporary:  # last, because its presence means that all is complete
        truth.write_parquet(temporary, metadata={"schema": str(SCHEMA)})
    shutil.rmtree(parts)
    return truth


def _in_processes(draw: Callable[[Member], None], members: list[Member], workers: int) -> Iterator[None]:
    """Yield after each member that is drawn."""
    if workers == 1 or len(members) < 2:
        for member in members:
            draw(member)
            yield
        return
    # Spawned, because a forked process could inherit a lock that another thread holds.
    pool = ProcessPoolExecutor(min(workers, len(members)), mp_context=get_context("spawn"))
    try:
        for future in as_completed([pool.submit(draw, member) for member in members]):
            future.result()
            yield
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _claim(out: Path, spec: PeopleSpec) -> None:
    """Write the description into a new folder, and refuse a folder with anything but an unfinished data set of it."""
    described = spec.model_dump(mode="json")
    if out.exists() and not out.is_dir():
        raise InputError(f"Expected {out} to be a folder, got a file.")
    if (out / SPEC_FILE).is_file():
        before = yaml.safe_load((out / SPEC_FILE).read_text(encoding="utf-8"))
        if before != described:
            raise InputError(
                f"Expected {out} to be new, or an unfinished data set of the same people, but {SPEC_FILE} in it "
                "describes others: choose another folder."
            )
    elif out.is_dir() and any(out.iterdir()):
        raise InputError(f"Expected {out} to be new or empty, but it is not: choose another folder.")
    else:
        write_text(out / SPEC_FILE, yaml.safe_dump(described, sort_keys=False))


def _part(parts: Path, member: Member) -> Path:
    return parts / f"{member.number:06d}.json"


def _draw_part(out: Path, spec: PeopleSpec, member: Member) -> None:
    """Draw a person's photos, then write their rows: where the rows are, the photos are complete."""
    use_one_opencv_thread()  # persons are spread over processes already
    rows = draw_member_photos(out, spec, member)
    write_text(_part(out / _PARTS, member), json.dumps(rows))
