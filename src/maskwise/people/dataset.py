"""Procedural people on disk: the competition's layout, with a table of everything that is true about them."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import polars as pl
import simplejpeg
import yaml

from maskwise.competition.task import competition_task
from maskwise.errors import InputError
from maskwise.files import atomic_path, write_text
from maskwise.people.identity import draw_identity
from maskwise.people.mask import Wear
from maskwise.people.person import Person, create_person
from maskwise.people.plan import plan_photo
from maskwise.people.population import ALIAS_OFFSET, Fault, Member, PeopleSpec, draw_member, draw_members
from maskwise.people.scene import photograph
from maskwise.process_settings import use_one_opencv_thread
from maskwise.randomness import keyed_digest, keyed_generator

SCHEMA = 1
SPEC_FILE = "people.yaml"
TRUTH_FILE = "truth.parquet"
ANSWERS_FILE = "eval-answers.csv"
_PARTS = ".parts"

Progress = Callable[[int, int], None]
Pixels = npt.NDArray[np.uint8]


def draw_people(
    out: Path, spec: PeopleSpec, *, workers: int | None = None, progress: Progress | None = None
) -> pl.DataFrame:
    """Draw a data set; a call that was killed goes on where it was.

    Args:
        out: the folder, new, empty or with an unfinished data set of the same description.
        spec: what to draw.
        workers: processes; all processors by default.
        progress: called with persons done and persons in all.

    Returns:
        The table of truth: a row a photo.

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
    if progress:
        progress(len(members) - len(waiting), len(members))
    draw = partial(_draw_member, out, spec)
    for done, _ in enumerate(_spread(draw, waiting, workers or os.cpu_count() or 1), start=1):
        if progress:
            progress(len(members) - len(waiting) + done, len(members))
    rows = [row for m in members for row in json.loads(_part(parts, m).read_text(encoding="utf-8"))]
    truth = pl.DataFrame(rows, infer_schema_length=None)
    _write_tables(out, spec, truth)
    with atomic_path(out / TRUTH_FILE) as temporary:  # last: where it stands, all is complete
        truth.write_parquet(temporary, metadata={"schema": str(SCHEMA)})
    shutil.rmtree(parts)
    return truth


def _spread(draw: Callable[[Member], None], members: list[Member], workers: int) -> Iterator[None]:
    if workers == 1 or len(members) < 2:
        for member in members:
            draw(member)
            yield
        return
    # Fresh processes: a forked one could inherit a lock that some other thread holds.
    pool = ProcessPoolExecutor(min(workers, len(members)), mp_context=get_context("spawn"))
    try:
        for future in as_completed([pool.submit(draw, member) for member in members]):
            future.result()
            yield
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _claim(out: Path, spec: PeopleSpec) -> None:
    """Make the folder this data set's own."""
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


def stems(n_photos: int) -> list[str]:
    """The names of a person's photos: masks worn, one worn wrong, none."""
    return [*(f"mask{k}" for k in range(1, n_photos - 1)), "incorrect_mask", "normal"]


def wear_of(spec: PeopleSpec, member: Member, stem: str) -> Wear | None:
    """How the mask is worn in the photo that belongs under a name."""
    if stem == "normal":
        return None
    if stem != "incorrect_mask":
        return "worn"
    shares = [max(0.0, 1 - spec.on_chin - spec.one_ear), spec.on_chin, spec.one_ear]
    kinds: tuple[Wear, ...] = ("under_nose", "on_chin", "one_ear")
    draw = keyed_generator(spec.seed, member.number, "wear")
    return kinds[draw.choice(3, p=np.array(shares) / sum(shares))]


def published_name(member: Member, race: str) -> str:
    """The person's folder in the competition's layout."""
    return f"{_id(member)}_{member.labelled_gender}_{race}_{member.labelled_age}"


def _id(member: Member) -> str:
    return f"{member.number + 1:06d}"


def _draw_member(out: Path, spec: PeopleSpec, member: Member) -> None:
    """Draw all photos of a person and note what is true about them; the note comes last."""
    use_one_opencv_thread()  # persons are spread over processes already
    person = create_person(draw_identity(spec.seed, member.person, member.gender, member.age))
    race = ("African", "Asian", "Caucasian")[int(np.argmax(person.identity.ancestry))]
    names = stems(spec.photos)
    shown = _shuffled_photos(spec, member, names)
    victim = keyed_generator(spec.seed, member.number, "victim").choice(names)
    rows: list[dict[str, Any]] = []
    for name in names:
        row, pixels = _draw_photo(spec, member, person, shown[name])
        fault: Fault | None = (
            member.fault if member.fault in ("gender_flip", "wrong_age", "two_ids") else None
        )
        if shown[name] != name:
            fault = member.fault
        if member.fault == "near_duplicate" and name == victim and member.number:
            fault, pixels = "near_duplicate", _near_copy(spec, member, name)
        data = simplejpeg.encode_jpeg(pixels, quality=spec.jpeg_quality, colorsubsampling="420")
        if member.fault == "broken" and name == victim:
            fault, data = "broken", _broken(data, keyed_generator(spec.seed, member.number, "broken"))
        photo = _photo_path(spec, member, race, name)
        with atomic_path(out / photo) as temporary:
            temporary.write_bytes(data)
        rows.append(
            {
                "photo": photo,
                "side": member.side,
                "stem": name,
                "shows": shown[name],
                "id": _id(member),
                "person": published_name(member, race),
                "drawn_person": member.person,
                "race": race,
                "fault": fault,
                "age": member.age,
                "gender": member.gender,
                "labelled_age": member.labelled_age,
                "labelled_gender": member.labelled_gender,
                **_identity_columns(person),
                **row,
            }
        )
    write_text(_part(out / _PARTS, member), json.dumps(rows))


def _identity_columns(person: Person) -> dict[str, Any]:
    identity = person.identity
    kept = (
        "masculinity",
        "aging",
        "wrinkles",
        "melanin",
        "grey",
        "makeup",
        "style",
        "baldness",
        "beard",
        "curl",
    )
    columns: dict[str, Any] = {name: getattr(identity, name) for name in (*kept, "fringe", "glasses")}
    return columns | {"garment": person.garment.kind}


def _draw_photo(spec: PeopleSpec, member: Member, person: Person, stem: str) -> tuple[dict[str, Any], Pixels]:
    # The photos of a second id are other photos of the same person.
    number = stems(spec.photos).index(stem) + (100 if member.number >= ALIAS_OFFSET else 0)
    plan = plan_photo(person.identity, number, wear_of(spec, member, stem))
    pixels = photograph(person, plan, height=spec.height, width=spec.width, detail=spec.detail)
    return plan.record(), pixels


def _shuffled_photos(spec: PeopleSpec, member: Member, names: list[str]) -> dict[str, str]:
    """Which photo stands under which name: its own, but for swapped files."""
    shown = {name: name for name in names}
    random = keyed_generator(spec.seed, member.number, "swap")
    if member.fault == "swap_status":
        pair = ("incorrect_mask", "normal")
    elif member.fault == "swap_mask":
        pair = (str(random.choice(names[:-2])), str(random.choice(names[-2:])))
    else:
        return shown
    shown[pair[0]], shown[pair[1]] = pair[1], pair[0]
    return shown


def _near_copy(spec: PeopleSpec, member: Member, stem: str) -> Pixels:
    """The neighbour's photo of the same name, cropped by a little and a shade lighter."""
    neighbour = replace(draw_member(spec, member.number - 1), fault=None)
    other = create_person(draw_identity(spec.seed, neighbour.person, neighbour.gender, neighbour.age))
    _, pixels = _draw_photo(spec, neighbour, other, stem)
    edge = max(1, spec.height // 256)
    cropped = pixels[edge:-edge, edge:-edge]
    resized = cv2.resize(cropped, (spec.width, spec.height), interpolation=cv2.INTER_LINEAR)
    return np.clip(resized.astype(np.int16) + 3, 0, 255).astype(np.uint8)


def _broken(data: bytes, random: np.random.Generator) -> bytes:
    kind = random.integers(3)
    if kind == 0:
        return b""
    return data[: len(data) // 2] if kind == 1 else b"<html>not found</html>\n"


def _photo_path(spec: PeopleSpec, member: Member, race: str, stem: str) -> str:
    if member.side == "train":
        return f"train/images/{published_name(member, race)}/{stem}.jpg"
    name = hashlib.sha1(keyed_digest(spec.seed, member.number, stem), usedforsecurity=False).hexdigest()
    return f"eval/images/{name}.jpg"


def _write_tables(out: Path, spec: PeopleSpec, truth: pl.DataFrame) -> None:
    """`train.csv`, and for an evaluation side `info.csv` and the answers."""
    train = truth.filter(pl.col("side") == "train").unique("person", keep="first", maintain_order=True)
    columns = ["id", "labelled_gender", "race", "labelled_age", "person"]
    table = train.select(columns).rename(
        {"labelled_gender": "gender", "labelled_age": "age", "person": "path"}
    )
    if table.height:
        write_text(out / "train" / "train.csv", table.write_csv())
    held = truth.filter(pl.col("side") == "eval")
    if not held.height:
        return
    order = keyed_generator(spec.seed, "info order").permutation(held.height)
    held = held[order.tolist()]
    space = competition_task()
    mask = [{"incorrect_mask": 1, "normal": 2}.get(name, 0) for name in held["stem"]]
    gender = [space.attributes[1].values.index(value) for value in held["labelled_gender"]]
    band = space.attributes[2].band(held["labelled_age"].to_numpy())
    answers = space.encode(np.stack([mask, gender, band], axis=1))
    names = [Path(photo).name for photo in held["photo"]]
    write_text(
        out / "eval" / "info.csv", pl.DataFrame({"ImageID": names, "ans": [0] * len(names)}).write_csv()
    )
    known = {"ImageID": names, "ans": answers, "person": held["person"], "race": held["race"]}
    write_text(out / ANSWERS_FILE, pl.DataFrame(known).write_csv())
