"""`audit`: from DATA to findings, proposals and a page."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from maskwise.audit.findings import Finding, worst_first, write_findings
from maskwise.audit.labels import label_findings
from maskwise.audit.out_of_fold import N_FOLDS, predict_labels
from maskwise.audit.page import write_audit_page
from maskwise.audit.structure import duplicate_findings, structure_findings
from maskwise.data.duplicates import cross_person_duplicates, join_groups
from maskwise.data.reading import read_data
from maskwise.data.scan import Progress, scan_photos
from maskwise.data.split import assign_folds
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.inference.features import extract_features

FEWEST_PERSONS = 20
"""With fewer persons, a model trained on the others says too little."""


@dataclass(frozen=True)
class Audit:
    """Findings, worst first, and the classes that are too rare."""

    findings: list[Finding]
    balance: list[dict[str, Any]]
    notes: list[str]


def audit(
    data: Path,
    out: Path,
    *,
    photos_in_report: bool = True,
    progress: Callable[[str], Progress | None] = lambda stage: None,
) -> Audit:
    """Look for what is wrong with a data set, and write `findings.csv`, `corrections.csv` and `report.html`.

    Args:
        data: a folder in a known layout, or a table.
        out: where to.
        photos_in_report: whether the page shows photos.
        progress: makes the bar of a named stage.

    Raises:
        InputError: when the data can't be read, or `out` holds decisions of an earlier audit.
        MaskwiseError: when a file can't be written.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"Expected --out to be a folder, got the file {out}.")
    table = read_data(data)
    scan = scan_photos(table, progress=progress("scanning photos"))
    findings = structure_findings(table, scan)
    notes = list(table.notes)
    usable = table.keep(scan.usable)
    frame = scan.frame.filter(pl.Series(scan.usable, dtype=pl.Boolean))
    findings += duplicate_findings(usable, frame)
    if usable.frame["person"].null_count():
        notes.append("persons are not known for all photos: labels were not audited")
    elif len(np.unique(usable.persons)) < FEWEST_PERSONS:
        notes.append(f"fewer than {FEWEST_PERSONS} persons: labels were not audited")
    elif (usable.label_indices() >= 0).any():
        findings += _audit_labels(usable, frame, progress)
    else:
        notes.append("no labels to audit")
    found = Audit(worst_first(findings), _balance(usable), notes)
    write_findings(out, found.findings)
    write_audit_page(
        out / "report.html",
        found.findings,
        found.balance,
        notes,
        table=table,
        data=str(data),
        photos=photos_in_report,
    )
    return found


def _audit_labels(
    table: PhotoTable, frame: pl.DataFrame, progress: Callable[[str], Progress | None]
) -> list[Finding]:
    bar, done = progress("looking at photos"), 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if bar:
            bar(done, len(table))

    features = extract_features(table.paths, progress=count)
    # Persons who share a photo stay in one fold: else their copies would vouch for each other.
    groups = table.persons
    pairs = cross_person_duplicates(frame, groups)
    if pairs:
        groups = join_groups(groups, pairs)
    strata = table.label_indices()
    constant = [place for place, attribute in enumerate(table.space.attributes) if attribute.constant]
    mixed = np.ravel_multi_index(
        (strata[:, constant] + 1).T, [table.space.sizes[place] + 1 for place in constant]
    )
    folds = assign_folds(groups, np.asarray(mixed, dtype=np.int64), n_folds=N_FOLDS, seed=0)
    told = predict_labels(features, table, folds, progress("predicting labels out of fold"))
    return label_findings(table, told)


def _balance(table: PhotoTable) -> list[dict[str, Any]]:
    """Photos and persons of each class, and how wide the interval of its F1 will be when a fifth is held out.

    The half width is that of a share of 0.7 among the class's held-out persons: a rule of thumb, no promise.
    """
    space = table.space
    classes = space.encode(table.label_indices())
    persons = table.persons
    rows = []
    counts = Counter(classes.tolist())
    for joint, name in enumerate(space.class_names):
        n_persons = len(np.unique(persons[classes == joint]))
        held_out = max(1.0, n_persons / 5)
        rows.append(
            {
                "name": name,
                "n_photos": counts.get(joint, 0),
                "n_persons": n_persons,
                "half_width": float(min(1.0, 1.96 * np.sqrt(0.7 * 0.3 / held_out))),
            }
        )
    return rows
