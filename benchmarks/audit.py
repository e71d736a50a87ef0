"""How much of what is wrong an audit finds: procedural people with planted faults, the truth known.

    maskwise data people PEOPLE --people 200 --noise 0.05 --seed 7
    python benchmarks/audit.py --people PEOPLE

Recall and precision of each kind at several probabilities; a finding counts as right when it names a person who has
that fault.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from maskwise.audit.auditing import audit

KINDS = {
    "gender_flip": ("wrong gender",),
    "wrong_age": ("wrong age",),
    "swap_status": ("exchanged photos",),
    "swap_mask": ("exchanged photos",),
    "near_duplicate": ("near-identical photo", "identical photo"),
    "broken": ("unusable file", "missing file"),
}
"""Planted faults, and the findings that name them."""

THRESHOLDS = (0.05, 0.5, 0.9)


def main() -> None:
    """Print a line for each fault and threshold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=Path, required=True)
    arguments = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        found = audit(arguments.people, Path(folder) / "audit", photos_in_report=False).findings
    seconds = time.perf_counter() - begin
    truth = pl.read_parquet(arguments.people / "truth.parquet").filter(pl.col("fault").is_not_null())
    print(describe_machine())
    print(f"{seconds:.0f} s")
    for fault, kinds in KINDS.items():
        persons = set(truth.filter(pl.col("fault") == fault)["person"])
        # A finding of an exchange is right for either kind of it.
        alike = [name for name, known in KINDS.items() if known == kinds]
        right = set(truth.filter(pl.col("fault").is_in(alike))["person"])
        for threshold in THRESHOLDS:
            named = {f.person for f in found if f.kind in kinds and (f.probability or 0) >= threshold}
            recall = len(named & persons) / max(1, len(persons))
            precision = len(named & right) / max(1, len(named))
            print(
                f"{fault:15} {len(persons):3} persons   probability >= {threshold:4}: recall {recall:.2f}, "
                f"precision {precision:.2f} ({len(named)} named)"
            )


if __name__ == "__main__":
    main()
