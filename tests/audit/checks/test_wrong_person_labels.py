from pathlib import Path

import polars as pl

from maskwise.audit.run_audit import audit
from maskwise.data.corrections import apply_corrections
from maskwise.data.readers.read_data import read_data
from tests.audit.tables import rows
from tests.pictures import make_people, write_table


def test_bands_without_ages_are_audited_as_bands(tmp_path: Path) -> None:
    data = make_people(tmp_path / "data", 60)
    frame = read_data(data).frame.drop("age", "split", "source")
    wrong = frame["person"][0]
    assert set(frame.filter(person=wrong)["age_band"]) == {"<30"}
    frame = frame.with_columns(
        pl.when(pl.col("person") == wrong)
        .then(pl.lit(">=60"))
        .otherwise(pl.col("age_band"))
        .alias("age_band")
    )
    frame.write_csv(data / "table.csv")
    found = audit(data / "table.csv", tmp_path / "a", photos_in_report=False).findings
    wrong_band = next(f for f in found if f.kind == "wrong age" and f.person == wrong)
    assert (wrong_band.changes[0].field, wrong_band.changes[0].new) == ("age_band", "<30")
    accepted = [tuple({**row, "accept": "yes"}.values()) for row in rows(tmp_path / "a/corrections.csv")]
    path = write_table(tmp_path / "c.csv", tuple(rows(tmp_path / "a/corrections.csv")[0]), accepted)
    mended = apply_corrections(read_data(data / "table.csv"), path).table
    assert set(mended.frame.filter(person=wrong)["age_band"]) == {"<30"}
