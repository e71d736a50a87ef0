from pathlib import Path

import polars as pl

from maskwise.audit.run_audit import audit
from maskwise.data.readers.read_data import read_data
from tests.pictures import make_people


def test_labels_that_differ_within_a_person_are_reported(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 24)
    frame = read_data(data).frame.drop("age_band", "split", "source")
    photo = frame["photo"][0]
    frame = frame.with_columns(
        pl.when(pl.col("photo") == photo).then(pl.lit("female")).otherwise(pl.col("gender")).alias("gender"),
        pl.when(pl.col("photo") == photo).then(pl.lit(55.0)).otherwise(pl.col("age")).alias("age"),
    )
    frame.write_csv(data / "table.csv")
    found = audit(data / "table.csv", tmp_path / "a", photos_in_report=False).findings
    differing = {f.kind: f for f in found if "differ" in f.kind}
    assert set(differing) == {"labels of gender differ", "labels of age differ"}
    (change,) = differing["labels of gender differ"].changes
    assert (change.photo, change.old, change.new) == (photo, "female", "male")
    # A band that agrees with the numbers is no conflict, and neither is a photo without a label.
    frame = (
        read_data(data)
        .frame.drop("split", "source")
        .with_columns(
            pl.when(pl.col("photo") == photo).then(None).otherwise(pl.col("age")).alias("age"),
            pl.when(pl.col("photo") == photo).then(None).otherwise(pl.col("gender")).alias("gender"),
        )
    )
    frame.write_csv(data / "table.csv")
    found = audit(data / "table.csv", tmp_path / "b", photos_in_report=False).findings
    assert not [f for f in found if "differ" in f.kind]
