"""`audit`: from DATA to findings, proposals and a page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise import __version__
from maskwise.audit.class_balance import balance
from maskwise.audit.confident_joint import confident_joint, joint_probabilities
from maskwise.audit.copy_owner import across_persons
from maskwise.audit.duplicate_identity import (
    known_elsewhere,
    n_others,
    pairs_of_names,
    two_names,
    why_not_compared,
)
from maskwise.audit.duplicate_photos import duplicates_across, find_duplicates
from maskwise.audit.file_checks import about, set_aside, structure_findings
from maskwise.audit.findings import (
    CORRECTIONS_FILE,
    FINDINGS_FILE,
    Finding,
    check_no_decisions,
    worst_first,
    write_findings,
)
from maskwise.audit.label_findings import label_findings
from maskwise.audit.out_of_fold import (
    N_FOLDS,
    OutOfFoldLabels,
    predict_labels,
    read_folds,
    with_folds,
)
from maskwise.audit.page import PAGE_FILE, write_audit_page
from maskwise.audit.precision import Bar, expected_bars
from maskwise.audit.reidentification import SamePerson
from maskwise.audit.sharpness import blurred, measure_sharpness
from maskwise.audit.transformed_copies import MOST_PHOTOS
from maskwise.data.decoding import PhotoError
from maskwise.data.readers.read_data import evaluation_sets, read_data
from maskwise.data.scan import Progress, ProgressOf, scan_photos
from maskwise.data.split import assign_folds, person_strata
from maskwise.data.table import PhotoTable, UnreadLabel
from maskwise.errors import InputError, MaskwiseError
from maskwise.files import printable, write_json
from maskwise.inference.features import extract_features
from maskwise.runs.run import Run

FEWEST_PERSONS = 20
"""With fewer persons, a model trained on the others says too little."""

SIDE = 192
"""Pixels a side of what features are made of: at 128 px a sixth more of the genders were mistaken."""

PRECISION = 0.8
"""How often findings that one trusts without looking should be right."""

_MOST_CONFUSED = 12

ABOUT_FILE, SCHEMA = "audit.json", 1


@dataclass(frozen=True)
class Audit:
    """Findings, worst first, and the classes that are too rare."""

    findings: list[Finding]
    balance: list[dict[str, Any]]
    notes: list[str]
    confused: list[dict[str, Any]]  # classes that look like another, by confident learning: most photos first
    bars: dict[str, Bar]  # of each kind with probabilities: which of it are right so often as was asked


def audit(
    data: Path,
    out: Path,
    *,
    against: Sequence[Path] = (),
    run: Run | None = None,
    precision: float = PRECISION,
    photos_in_report: bool = True,
    progress: ProgressOf = lambda stage: None,
) -> Audit:
    """Look for what is wrong with a data set, and write `findings.csv`, `corrections.csv` and `report.html`.

    Args:
        data: a folder in a known layout, or a table.
        out: where to.
        against: other data that must share no photo, such as evaluation sets; those inside `data` are found.
        run: a run with folds on these data, whose predictions are used for all but numbers.
        precision: for each kind it is told how many of its findings can be trusted to be right so often.
        photos_in_report: whether the page shows photos.
        progress: makes the bar of a named stage.

    Raises:
        InputError: when the data or the run can't be read, or `out` holds decisions about an earlier audit.
        MaskwiseError: when a file can't be written.
    """
    if not 0 < precision <= 1:
        raise InputError(f"Expected --precision between 0 and 1, got {precision:g}.")
    _check_out(out, data)
    unread: list[UnreadLabel] = []
    table = read_data(data, unread=unread)
    other_data = [
        (place, read_data(place, table.space, unread)) for place in _other_data(data, table, against)
    ]
    run_folds = None if run is None else read_folds(run, table)
    scan = scan_photos(table, progress=progress("scanning photos"))
    findings = structure_findings(table, scan)
    findings += [
        Finding("label that can't be", label.person, "", (), label.reason, 1.0, 1.0) for label in unread
    ]
    notes = list(table.notes)
    usable = table.keep(scan.usable)
    frame = scan.frame.filter(pl.Series(scan.usable, dtype=pl.Boolean))
    findings += _blurred(usable, progress("looking for blur"))
    persons_are_known = not usable.frame["person"].null_count()
    features = _features(usable, progress("looking at photos")) if persons_are_known and len(usable) else None
    duplicates = find_duplicates(usable, frame, features, progress)
    findings += duplicates.findings
    pairs: list[SamePerson] | None = None
    if features is not None:
        n_persons = len(np.unique(usable.persons))
        reasons = [_why_not_laid(usable, "this data"), why_not_compared(n_persons, "this data")]
        notes += filter(None, reasons)
        pairs = None if reasons[1] else pairs_of_names(usable, features)
    elif len(usable):
        notes.append(
            "persons are not known for all photos: one person under two names was not looked for, nor copies that are "
            "cut out or mirrored"
        )
    for place, other in other_data:
        findings += _elsewhere(usable, frame, features, pairs, place, other, notes, progress)
    findings += across_persons(usable, duplicates.pairs, features)
    confused: list[dict[str, Any]] = []
    why_not = _why_no_labels(usable, duplicates.groups)
    if why_not or features is None:
        unused = "" if run is None else f", and {printable(run.path)} was not used"
        notes.append(f"{why_not}: labels were not audited{unused}")
    else:
        told = _by_model(usable, features, duplicates.groups, run_folds, progress)
        findings += label_findings(usable, told)
        confused = _confused(usable, told)
    findings = worst_first([*findings, *two_names(usable, pairs or [])])
    found = Audit(findings, balance(usable), notes, confused, expected_bars(findings, precision))
    write_findings(out, found.findings)
    write_json(
        out / ABOUT_FILE, {"schema": SCHEMA, "maskwise": __version__, "data": printable(data.resolve())}
    )
    write_audit_page(
        out / PAGE_FILE,
        found.findings,
        found.balance,
        notes,
        confused=confused,
        bars=found.bars,
        precision=precision,
        table=table,
        data=printable(data),
        photos=photos_in_report,
    )
    return found


def _check_out(out: Path, data: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"Expected --out to be a folder, got the file {out}.")
    for name in (FINDINGS_FILE, CORRECTIONS_FILE, PAGE_FILE):
        if (out / name).resolve() == data.resolve():
            raise InputError(f"Expected --out to be another folder than that of {data}, got {out}.")
    check_no_decisions(out)


def _other_data(data: Path, table: PhotoTable, against: Sequence[Path]) -> list[Path]:
    """The evaluation sides in the folder, or beside the folder of the labelled photos, and what is named, each once."""
    own = {table.root.resolve(), data.resolve()}
    if same := next((place for place in against if place.resolve() in own), None):
        raise InputError(f"Expected --against to name other data than the audited, got {same}.")
    found = list[Path]()
    found = [place for place in evaluation_sets(data) if place.resolve() not in own]
    return list({place.resolve(): place for place in (*found, *against)}.values())


def _why_no_labels(table: PhotoTable, groups: npt.NDArray[np.str_]) -> str:
    if not len(table):
        return "no photo can be used"
    if table.frame["person"].null_count():
        return "persons are not known for all photos"
    if len(np.unique(groups)) < FEWEST_PERSONS:
        return f"fewer than {FEWEST_PERSONS} persons who share no photo"
    if not (table.label_indices() >= 0).any():
        return "there are no labels"
    return ""


def _blurred(table: PhotoTable, progress: Progress | None) -> Iterator[Finding]:
    sharpness = measure_sharpness(table.paths, progress)
    for row in np.flatnonzero(blurred(sharpness)).tolist():
        reason = f"far less detail than others have (log variance {sharpness[row]:.1f})"
        yield Finding("blurred photo", *about(table, row), (table.photo(row),), reason, 0.3)


def _elsewhere(
    table: PhotoTable,
    frame: pl.DataFrame,
    features: npt.NDArray[np.float32] | None,
    pairs: Sequence[SamePerson] | None,
    place: Path,
    other: PhotoTable,
    notes: list[str],
    progress: ProgressOf,
) -> Iterator[Finding]:
    """What other data have too, photos and, where there are `pairs`, persons; and their files that can't be used."""
    name = printable(place.name)
    scan = scan_photos(other, progress=progress(f"scanning photos of {name}"))
    yield from set_aside(other, scan, name)
    theirs, their_frame = other.keep(scan.usable), scan.frame.filter(scan.usable)
    their_features = None
    if features is not None and len(theirs):
        their_features = _features(theirs, progress(f"looking at photos of {name}"))
    yield from duplicates_across(table, frame, features, theirs, their_frame, their_features, name, progress)
    if features is None or their_features is None:
        return
    reasons = [_why_not_laid(theirs, name), why_not_compared(n_others(theirs), name)]
    notes += filter(None, reasons)
    if pairs is not None and not reasons[1]:
        yield from known_elsewhere(table, features, pairs, theirs, their_features, name)


def _why_not_laid(table: PhotoTable, where: str) -> str:
    """Why a table's photos were not laid over others; nothing where they were."""
    if len(table) <= MOST_PHOTOS:
        return ""
    return (
        f"copies that are cut out or mirrored are looked for among up to {MOST_PHOTOS:,} photos, and {where} has "
        f"{len(table):,}: they were not"
    )


def _features(table: PhotoTable, bar: Progress | None) -> npt.NDArray[np.float32]:
    """Frozen features (N, F) of all photos."""
    done = 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if bar:
            bar(done, len(table))

    try:
        return extract_features(table.paths, side=SIDE, progress=count)
    except PhotoError as error:
        raise MaskwiseError(
            f"Expected the photos to stay as they were when the audit began, got: {error}. Run it again."
        ) from error


def _by_model(
    table: PhotoTable,
    features: npt.NDArray[np.float32],
    groups: npt.NDArray[np.str_],
    run_folds: pl.DataFrame | None,
    progress: ProgressOf,
) -> OutOfFoldLabels:
    """What models that saw other persons say: linear ones on frozen features, or a run's folds.

    Persons who share a photo stay in one fold: else their copies would vouch for each other.
    """
    folds = assign_folds(groups, person_strata(table), n_folds=N_FOLDS, seed=0)
    told = predict_labels(features, table, folds, progress("predicting labels out of fold"))
    if run_folds is not None:
        told = with_folds(told, run_folds, table)
    return told


def _confused(table: PhotoTable, told: OutOfFoldLabels) -> list[dict[str, Any]]:
    space = table.space
    counts = confident_joint(joint_probabilities(told, space), space.encode(table.label_indices()))
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:_MOST_CONFUSED]
    return [
        {"label": space.class_names[a], "looks": space.class_names[b], "n_photos": int(counts[a, b])}
        for a, b in zip(*np.unravel_index(order, counts.shape), strict=True)
        if counts[a, b]
    ]
