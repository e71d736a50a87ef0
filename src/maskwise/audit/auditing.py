"""`audit`: from DATA to findings, proposals and a page."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from maskwise import __version__
from maskwise.audit.duplicates import duplicates_across, find_duplicates
from maskwise.audit.findings import (
    CORRECTIONS_FILE,
    FINDINGS_FILE,
    Change,
    Finding,
    check_no_decisions,
    without_repeats,
    worst_first,
    write_findings,
)
from maskwise.audit.labels import label_findings
from maskwise.audit.out_of_fold import N_FOLDS, predict_labels, read_folds, with_folds
from maskwise.audit.page import PAGE_FILE, write_audit_page
from maskwise.audit.same_person import same_persons
from maskwise.audit.sharpness import blurred, measure_sharpness
from maskwise.audit.structure import about, structure_findings
from maskwise.data.competition import eval_folders
from maskwise.data.corrections import PERSON
from maskwise.data.reading import read_data
from maskwise.data.scan import Progress, scan_photos
from maskwise.data.split import assign_folds, person_strata
from maskwise.data.table import PhotoTable
from maskwise.errors import InputError
from maskwise.files import printable, write_json
from maskwise.inference.features import extract_features

FEWEST_PERSONS = 20
"""With fewer persons, a model trained on the others says too little."""

SIDE = 192
"""Pixels a side of what features are made of: at 128 px a sixth more of the genders were mistaken."""

MOST_ERROR = 0.5
"""Pairs of persons are listed down to where half of the list would be chance."""

ABOUT_FILE, SCHEMA = "audit.json", 1

ProgressOf = Callable[[str], Progress | None]


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
    against: Sequence[Path] = (),
    run: Path | None = None,
    photos_in_report: bool = True,
    progress: ProgressOf = lambda stage: None,
) -> Audit:
    """Look for what is wrong with a data set, and write `findings.csv`, `corrections.csv` and `report.html`.

    Args:
        data: a folder in a known layout, or a table.
        out: where to.
        against: other data that must share no photo, such as evaluation sets; those inside `data` are found.
        run: a run with folds on these data, whose predictions are used for all but numbers.
        photos_in_report: whether the page shows photos.
        progress: makes the bar of a named stage.

    Raises:
        InputError: when the data or the run can't be read, or `out` holds decisions about an earlier audit.
        MaskwiseError: when a file can't be written.
    """
    _check_out(out, data)
    table = read_data(data)
    other_data = _other_data(data, table, against)
    run_folds = None if run is None else read_folds(run, table)
    scan = scan_photos(table, progress=progress("scanning photos"))
    findings = structure_findings(table, scan)
    notes = list(table.notes)
    usable = table.keep(scan.usable)
    frame = scan.frame.filter(pl.Series(scan.usable, dtype=pl.Boolean))
    duplicates = find_duplicates(usable, frame)
    findings += duplicates.findings
    for place in other_data:
        other = read_data(place, table.space)
        other_scan = scan_photos(other, progress=progress(f"scanning photos of {printable(place.name)}"))
        findings += duplicates_across(usable, frame, other, other_scan, printable(place))
    findings += _blurred(usable, progress("looking for blur"))
    why_not = _why_no_model(usable, duplicates.groups)
    if why_not:
        unused = "" if run is None else f", and {printable(run)} was not used"
        notes.append(f"{why_not}: labels were not audited{unused}")
    else:
        findings += _by_model(usable, duplicates.groups, run_folds, progress)
    found = Audit(without_repeats(worst_first(findings)), _balance(usable), notes)
    write_findings(out, found.findings)
    write_json(
        out / ABOUT_FILE, {"schema": SCHEMA, "maskwise": __version__, "data": printable(data.resolve())}
    )
    write_audit_page(
        out / PAGE_FILE,
        found.findings,
        found.balance,
        notes,
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
    """The evaluation sides beside the photos and what is named, each once."""
    own = {table.root.resolve(), data.resolve()}
    if same := next((place for place in against if place.resolve() in own), None):
        raise InputError(f"Expected --against to name other data than the audited, got {same}.")
    found = (
        [place for place in eval_folders(data).values() if place.resolve() not in own]
        if data.is_dir()
        else []
    )
    return list({place.resolve(): place for place in (*found, *against)}.values())


def _why_no_model(table: PhotoTable, groups: npt.NDArray[np.str_]) -> str:
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


def _by_model(
    table: PhotoTable, groups: npt.NDArray[np.str_], run_folds: pl.DataFrame | None, progress: ProgressOf
) -> list[Finding]:
    """Wrong labels and persons under two names, by frozen features and linear models, or by a run's folds.

    Persons who share a photo stay in one fold: else their copies would vouch for each other.
    """
    bar, done = progress("looking at photos"), 0

    def count(more: int) -> None:
        nonlocal done
        done += more
        if bar:
            bar(done, len(table))

    features = extract_features(table.paths, side=SIDE, progress=count)
    folds = assign_folds(groups, person_strata(table), n_folds=N_FOLDS, seed=0)
    told = predict_labels(features, table, folds, progress("predicting labels out of fold"))
    if run_folds is not None:
        told = with_folds(told, run_folds, table)
    return [*label_findings(table, told), *_two_names(table, features)]


def _two_names(table: PhotoTable, features: npt.NDArray[np.float32]) -> Iterator[Finding]:
    """Persons who may be one: a proposal to look at, with the share of such pairs that chance makes."""
    names, first_row, index = np.unique(table.persons, return_index=True, return_inverse=True)
    photos: dict[int, list[str]] = {}
    for row, person in enumerate(index.tolist()):
        photos.setdefault(person, []).append(table.photo(row))
    for pair in same_persons(features, index):
        if pair.error > MOST_ERROR:
            return
        # The last photos of a person show most of the face in the competition's layout.
        shown = (*photos[pair.first][-2:], *photos[pair.second][-2:])
        reason = (
            f"looks like {names[pair.second]} (similarity {pair.similarity:.2f}); of the pairs at least as alike about "
            f"{pair.error:.0%} are chance"
        )
        person, known_id = about(table, int(first_row[pair.first]))
        change = Change("", PERSON, str(names[pair.first]), str(names[pair.second]))
        yield Finding(
            "may be one person", person, known_id, shown, reason, pair.similarity, pair.probability, (change,)
        )


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
