"""Runs as older versions of maskwise wrote them."""

import json
from pathlib import Path


def without_digests(run: Path) -> None:
    """Leave a run as older versions wrote it: without digests, so that its files may be changed."""
    lineage = json.loads((run / "lineage.json").read_text())
    lineage.pop("digests", None)
    (run / "lineage.json").write_text(json.dumps(lineage))
