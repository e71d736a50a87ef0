"""A comparison as a JSON file, for notebooks and pages."""

from dataclasses import asdict
from pathlib import Path

from maskwise.files import write_json
from maskwise.studies.compare_runs import Comparison

SCHEMA = 1


def write_comparison(path: Path, comparison: Comparison) -> None:
    """Write everything that `compare` found."""
    content = asdict(comparison)
    content["recipes"] = [
        {"first": first, "second": second, **asdict(difference), "verdict": verdict}
        for first, second, difference, verdict in comparison.recipes
    ]
    write_json(path, {"schema": SCHEMA, **content})
