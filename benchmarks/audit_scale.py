"""Structure and duplicates of very many files: time and memory as their number grows.

    python benchmarks/audit_scale.py --files 50000 200000

Small JPEGs are written once, one in a thousand broken and one in a thousand a copy of another; each number of them is
audited in a process of its own, without labels, so that what is measured is scanning, hashing and looking for copies.
"""

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import simplejpeg

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine

PER_PERSON, PER_FOLDER = 5, 1000
EVERY = 1000


def main() -> None:
    """Write the files, audit them, print a line for each number."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--files", type=int, nargs="+", default=[50_000, 200_000])
    parser.add_argument("--folder", type=Path, help="where the files go; a temporary folder by default")
    parser.add_argument("--audit", type=Path, help=argparse.SUPPRESS)  # the process that is measured
    arguments = parser.parse_args()
    if arguments.audit:
        _audit(arguments.audit)
        return
    print(describe_machine())
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        for n_files in sorted(arguments.files):
            table = _write(folder, n_files)
            with tempfile.TemporaryDirectory() as cache:
                told = subprocess.run(
                    [sys.executable, __file__, "--audit", str(table)],
                    env=os.environ | {"MASKWISE_CACHE": cache},
                    check=True,
                    capture_output=True,
                    text=True,
                ).stdout
            print(f"{n_files:,} files: {told.strip()}", flush=True)


def _write(folder: Path, n_files: int) -> Path:
    """A table of so many files; those that are there already are kept."""
    table = folder / f"{n_files}.csv"
    with table.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("photo", "person"))
        for number in range(n_files):
            photo = f"{number // PER_FOLDER:04d}/{number:07d}.jpg"
            writer.writerow((photo, f"p{number // PER_PERSON}"))
            path = folder / photo
            if path.exists():
                continue
            path.parent.mkdir(exist_ok=True)
            shown = number - 10 if number % EVERY == EVERY - 1 else number
            coarse = np.random.default_rng(shown).integers(0, 256, (8, 8, 3), dtype=np.uint8)
            content = simplejpeg.encode_jpeg(np.kron(coarse, np.ones((8, 8, 1), np.uint8)), quality=80)
            path.write_bytes(b"broken" if number % EVERY == EVERY // 2 else content)
    return table


def _audit(table: Path) -> None:
    from maskwise.audit.run_audit import audit

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as out:
        found = audit(table, Path(out) / "audit", photos_in_report=False)
    seconds = time.perf_counter() - begin
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kinds = {finding.kind for finding in found.findings}
    print(
        f"{seconds:.0f} s, {memory / 1024:.0f} MB at most, {before / 1024:.0f} MB of it before it began; "
        f"{len(found.findings):,} findings ({', '.join(sorted(kinds))})"
    )


if __name__ == "__main__":
    main()
