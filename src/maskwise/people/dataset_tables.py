"""The tables of the competition's layout: `train.csv`, and for an evaluation side `info.csv` and the answers."""

from pathlib import Path

import numpy as np
import polars as pl

from maskwise.competition.task import competition_task
from maskwise.files import write_text
from maskwise.people.people_spec import PeopleSpec
from maskwise.randomness import keyed_generator

ANSWERS_FILE = "eval-answers.csv"


def write_tables(out: Path, spec: PeopleSpec, truth: pl.DataFrame) -> None:
    """Write the tables of a data set.

    Args:
        out: the folder of the data set.
        spec: its description.
        truth: its truth table.
    """
    train = truth.filter(pl.col("side") == "train").unique("person", keep="first", maintain_order=True)
    columns = ["id", "labelled_gender", "race", "labelled_age", "person"]
    table = train.select(columns).rename(
        {"labelled_gender": "gender", "labelled_age": "age", "person": "path"}
    )
    if table.height:
        write_text(out / "train" / "train.csv", table.write_csv())
    held = truth.filter(pl.col("side") == "eval")
    if held.height:
        order = keyed_generator(spec.seed, "info order").permutation(held.height)
        _write_eval(out, held[order.tolist()])


def _write_eval(out: Path, held: pl.DataFrame) -> None:
    space = competition_task().space
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
