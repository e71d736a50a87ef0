"""`audit`: run the checks on a data set, and write findings, proposals and a report."""

from collections.abc import Sequence
from pathlib import Path

from maskwise.audit.audit_files import (
    CORRECTIONS_FILE,
    FINDINGS_FILE,
    AuditManifest,
    check_no_decisions,
    write_findings,
)
from maskwise.audit.checks.check import Check
from maskwise.audit.checks.registry import CHECKS
from maskwise.audit.class_balance import class_balance
from maskwise.audit.confident_joint import confused_classes
from maskwise.audit.findings import Finding, Skipped, worst_first
from maskwise.audit.inputs import AuditInputs, Need, OtherData
from maskwise.audit.out_of_fold import read_run_predictions
from maskwise.audit.precision_threshold import precision_thresholds
from maskwise.audit.report_page import PAGE_FILE, write_audit_page
from maskwise.audit.result import Audit
from maskwise.data.readers.read_data import evaluation_sets, read_data
from maskwise.data.table import PhotoTable, UnreadLabel
from maskwise.errors import InputError
from maskwise.files import printable
from maskwise.reporter import SILENT, Reporter
from maskwise.runs.run import Run

PRECISION = 0.8
"""The default precision for which each kind of finding gets a threshold."""


def audit(
    data: Path,
    out: Path,
    *,
    against: Sequence[Path] = (),
    run: Run | None = None,
    precision: float = PRECISION,
    photos_in_report: bool = True,
    reporter: Reporter = SILENT,
    checks: Sequence[Check] = CHECKS,
) -> Audit:
    """Look for what is wrong with a data set, and write `findings.csv`, `corrections.csv` and `report.html`.

    Args:
        data: a folder in a known layout, or a table.
        out: the folder to write.
        against: other data that must share no photo, such as evaluation sets; those inside `data` are found.
        run: a run with folds on these data, whose predictions replace those of linear models (except for numbers).
        precision: for each kind of finding, the threshold is chosen that is expected to reach this precision.
        photos_in_report: whether the report shows photos.
        reporter: receives the progress of each stage.
        checks: what to look for.

    Raises:
        InputError: when the data or the run can't be read, or `out` holds decisions about an earlier audit.
        MaskwiseError: when a file can't be written.
    """
    if not 0 < precision <= 1:
        raise InputError(f"Expected precision to be above 0 and at most 1, got {precision:g}.")
    _check_out(out, data)
    inputs = _read_inputs(data, against, run, reporter)
    findings, notes = run_checks(checks, inputs)
    no_predictions = "no check needs predictions"
    if any(Need.PREDICTIONS in check.needs for check in checks):
        no_predictions = inputs.missing(Need.PREDICTIONS)
    if run is not None and no_predictions:
        notes.append(f"{printable(run.path)} was not used: {no_predictions}")
    result = Audit(
        findings=findings,
        balance=class_balance(inputs.usable),
        notes=[*inputs.table.notes, *notes],
        confused=[] if no_predictions else confused_classes(inputs.usable, inputs.predictions),
        thresholds=precision_thresholds(findings, precision),
        precision=precision,
    )
    write_findings(out, findings)
    AuditManifest.of(data).write(out)
    write_audit_page(
        out / PAGE_FILE, result, table=inputs.table, data=printable(data), photos=photos_in_report
    )
    return result


def run_checks(checks: Sequence[Check], inputs: AuditInputs) -> tuple[list[Finding], list[str]]:
    """Run checks: the findings, worst first, and notes about what could not be checked."""
    findings, skipped = list[Finding](), dict[str, list[str]]()
    for check in checks:
        if Need.OTHER_DATA in check.needs and not inputs.other_data:
            continue  # nothing to compare with is no reason for a note
        if reason := next(filter(None, map(inputs.missing, sorted(check.needs))), ""):
            skipped.setdefault(reason, []).append(check.name)
            continue
        for found in check.find(inputs):
            if isinstance(found, Skipped):
                skipped.setdefault(found.reason, []).append(found.what)
            else:
                findings.append(found)
    notes = [f"{reason}: not checked: {', '.join(what)}" for reason, what in skipped.items()]
    return worst_first(findings), notes


def _check_out(out: Path, data: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"Expected the audit's output to be a folder, got the file {out}.")
    for name in (FINDINGS_FILE, CORRECTIONS_FILE, PAGE_FILE):
        if (out / name).resolve() == data.resolve():
            raise InputError(
                f"Expected the audit's output to be another folder than that of {data}, got {out}."
            )
    check_no_decisions(out)


def _read_inputs(data: Path, against: Sequence[Path], run: Run | None, reporter: Reporter) -> AuditInputs:
    """Read all tables and the run's predictions, so that bad input is reported before any photo is decoded."""
    unread: list[UnreadLabel] = []
    table = read_data(data, unread=unread)
    others = [
        OtherData(printable(place.name), read_data(place, table.space, unread), reporter)
        for place in _other_data(data, table, against)
    ]
    run_predictions = None if run is None else read_run_predictions(run, table)
    return AuditInputs(table, reporter, unread, others, run_predictions)


def _other_data(data: Path, table: PhotoTable, against: Sequence[Path]) -> list[Path]:
    """The evaluation sets in or beside the folder of the photos, and the data named by `against`, each once."""
    own = {table.root.resolve(), data.resolve()}
    if same := next((place for place in against if place.resolve() in own), None):
        raise InputError(f"Expected other data to compare with than the audited, got {same}.")
    found = [place for place in evaluation_sets(data) if place.resolve() not in own]
    return list({place.resolve(): place for place in (*found, *against)}.values())
