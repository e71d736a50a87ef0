"""Does mending labels help a model? Faulty labels, those that an audit mends by itself, and the true ones.

    for seed in 1 2 3 4; do maskwise data people people/$seed --people 300 --noise 0.05 --seed $seed; done
    python benchmarks/mending.py --people people/1 people/2 people/3 people/4

Each data set is audited, and what is likelier than `--accept` is accepted as it stands. Linear models on frozen
features are trained on all data sets but one and scored on the true labels of that one, so that everybody is scored
once. Macro F1 with 95% intervals, and paired differences, by bootstrap over persons. Nobody decides here: a person who
looks does better.
"""

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from benchmarks.people_worth import create_model, show, show_difference
from maskwise.audit.inputs import FEATURE_SIDE
from maskwise.audit.run_audit import audit
from maskwise.competition.task import competition_task
from maskwise.data.corrections import apply_corrections, read_corrections
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from maskwise.data.table import PhotoTable
from maskwise.inference.features import extract_features
from maskwise.metrics.classification import Floats, stacked_by_person
from maskwise.tasks.label_space import UNKNOWN

SPACE = competition_task().space
ARMS = ("faulty", "mended", "true")
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Photos:
    """A data set's photos: features (N, F), persons (N,), and for each arm attribute indices (N, 3), -1 left out."""

    features: npt.NDArray[np.float32]
    persons: npt.NDArray[np.str_]
    labels: dict[str, Ints]


def read_photos(people: Path, accept: float) -> Photos:
    """Read, audit and mend one data set."""
    table = read_data(people / "train")
    table = table.keep(scan_photos(table).usable)
    truth = pl.read_parquet(people / "truth.parquet").filter(side="train")
    true = truth.with_columns(photo=pl.col("photo").str.strip_prefix("train/"))
    with tempfile.TemporaryDirectory() as folder:
        audit(people, Path(folder) / "audit", photos_in_report=False)
        mended = _mended(table, Path(folder) / "audit", accept)
    labels = {"faulty": table.label_indices(), "mended": mended, "true": _true(table, true)}
    return Photos(extract_features(table.paths, side=FEATURE_SIDE), table.persons, labels)


def _mended(table: PhotoTable, folder: Path, accept: float) -> Ints:
    likely = (
        pl.read_csv(folder / "findings.csv", infer_schema=False)
        .filter(pl.col("probability").cast(pl.Float64) >= accept)["finding"]
        .unique()
    )
    proposals = read_corrections(folder / "corrections.csv")
    # Who is whose photo is no label.
    accepted = proposals.filter(pl.col("finding").is_in(likely.to_list()), pl.col("field") != "person")
    accepted = accepted.with_columns(accept=pl.lit("yes"))
    accepted.write_csv(folder / "accepted.csv")
    done = apply_corrections(table, folder / "accepted.csv")
    indices = dict(zip(done.table.photos, done.table.label_indices().tolist(), strict=True))
    left_out = [UNKNOWN] * len(SPACE.attributes)
    return np.array([indices.get(photo, left_out) for photo in table.photos], dtype=np.int64)


def _true(table: PhotoTable, truth: pl.DataFrame) -> Ints:
    """What was drawn: the look of each photo, and the drawn person's gender and age."""
    rows = table.frame.select("photo").join(truth, on="photo", how="left", maintain_order="left")
    mask, gender, age = SPACE.attributes
    status = {"normal": "none", "incorrect_mask": "incorrect"}
    masks = [mask.values.index(status.get(shows, "worn")) for shows in rows["shows"]]
    genders = [gender.values.index(value) for value in rows["gender"]]
    return np.stack([masks, genders, age.band(rows["age"].cast(float).to_numpy())], axis=1)


def predict(train: list[Photos], arm: str, test: Photos) -> Ints:
    """Attribute indices (N, 3) of the test photos, by models of the others' labels in this arm."""
    features = np.concatenate([photos.features for photos in train])
    labels = np.concatenate([photos.labels[arm] for photos in train])
    told = np.empty_like(test.labels["true"])
    for place in range(labels.shape[1]):
        known = labels[:, place] != UNKNOWN
        told[:, place] = create_model().fit(features[known], labels[known, place]).predict(test.features)
    return told


def counted(photos: list[Photos], told: list[Ints], attribute: int | None) -> Floats:
    """Counts by person (P, 3V) over all data sets; of joint classes where no attribute is named."""
    counts = []
    for own, predicted in zip(photos, told, strict=True):
        if attribute is None:
            pair, size = (SPACE.encode(own.labels["true"]), SPACE.encode(predicted)), SPACE.n_classes
        else:
            pair = (own.labels["true"][:, attribute], predicted[:, attribute])
            size = SPACE.sizes[attribute]
        counts.append(stacked_by_person(*pair, own.persons, size))
    return np.concatenate(counts)


def main() -> None:
    """Print what was mended and what it was worth."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=Path, nargs="+", required=True)
    parser.add_argument(
        "--accept", type=float, default=0.5, help="findings at least this likely are accepted"
    )
    arguments = parser.parse_args()
    print(describe_machine())
    photos = [read_photos(people, arguments.accept) for people in arguments.people]
    for arm in ("faulty", "mended"):
        wrong, kept = np.zeros(len(SPACE.attributes)), 0
        for own in photos:
            known = own.labels[arm][:, 0] != UNKNOWN
            wrong += (own.labels[arm][known] != own.labels["true"][known]).sum(axis=0)
            kept += int(known.sum())
        shares = ", ".join(f"{a.name} {w / kept:.2%}" for a, w in zip(SPACE.attributes, wrong, strict=True))
        print(f"{arm}: wrong labels of {kept:,} photos: {shares}")
    told = {
        arm: [predict([other for other in photos if other is not own], arm, own) for own in photos]
        for arm in ARMS
    }
    for place, name in ((None, "18 classes"), *((k, a.name) for k, a in enumerate(SPACE.attributes))):
        counts = {arm: counted(photos, told[arm], place) for arm in ARMS}
        for arm in ARMS:
            show(f"{name}, macro F1, {arm}", counts[arm])
        show_difference(f"{name}, mended minus faulty", counts["faulty"], counts["mended"])
        show_difference(f"{name}, true minus faulty", counts["faulty"], counts["true"])


if __name__ == "__main__":
    main()
