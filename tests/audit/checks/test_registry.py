import pkgutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwise.audit import checks
from maskwise.audit.checks.check import Check
from maskwise.audit.checks.registry import CHECKS
from maskwise.audit.findings import Finding, Skipped
from maskwise.audit.inputs import AuditInputs, Need, OtherData
from maskwise.audit.run_audit import run_checks
from maskwise.data.readers.read_data import read_data
from maskwise.data.table import UnreadLabel
from maskwise.reporter import SILENT
from tests.audit.tables import table_of
from tests.pictures import make_eval, make_people, picture, write_jpeg

ALWAYS = {"table", "reporter", "unread_labels", "missing"}
ALLOWED = {
    Need.SCAN: {"scan", "usable", "usable_scan"},
    Need.FEATURES: {"features"},
    Need.COPIES: {"copies", "features_if_any"},
    Need.PERSON_MATCHES: {"person_matches"},
    Need.PREDICTIONS: {"predictions"},
    Need.OTHER_DATA: {"other_data", "features_if_any"},
}


class Recorder:
    """Inputs that remember what a check asks for."""

    def __init__(self, inputs: AuditInputs) -> None:
        self._inputs = inputs
        self.used = set[str]()

    def __getattr__(self, name: str) -> Any:
        self.used.add(name)
        return getattr(self._inputs, name)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> AuditInputs:
    """54 persons with several faults, and an evaluation set that shares a photo."""
    folder = tmp_path_factory.mktemp("registry")
    data = make_people(folder / "train", 54)
    names = make_eval(folder / "eval", 60)
    persons = sorted((data / "images").iterdir())
    (persons[0] / "mask1.jpg").write_bytes(b"")
    write_jpeg(persons[1] / "mask1.jpg", np.full((128, 96, 3), 128, np.uint8))
    (persons[2] / "mask1.jpg").write_bytes((persons[3] / "mask1.jpg").read_bytes())
    (persons[4] / "mask1.jpg").write_bytes((folder / "eval/images" / names[0]).read_bytes())
    (folder / "eval/images" / names[1]).unlink()
    (persons[5] / "note.txt").write_text("x")
    first, second = persons[6] / "incorrect_mask.jpg", persons[6] / "normal.jpg"
    swapped = first.read_bytes(), second.read_bytes()
    second.write_bytes(swapped[0])
    first.write_bytes(swapped[1])
    other = OtherData("eval", read_data(folder / "eval"), SILENT)
    unread = [UnreadLabel(persons[0].name, "train.csv, row 2: ...")]
    return AuditInputs(read_data(data), SILENT, unread, [other])


def test_every_check_is_registered_once() -> None:
    modules = {module.name for module in pkgutil.iter_modules(checks.__path__)} - {"check", "registry"}
    assert len(CHECKS) == len(modules) == len({check.name for check in CHECKS})
    assert {check.find.__module__.rsplit(".", 1)[1] for check in CHECKS} == modules


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_uses_only_what_it_declares(check: Check, inputs: AuditInputs) -> None:
    recorder = Recorder(inputs)
    found = list(check.find(recorder))  # type: ignore[arg-type]
    assert recorder.used <= ALWAYS.union(*(ALLOWED[need] for need in check.needs))
    attributes = [attribute.name for attribute in inputs.table.space.attributes]
    declared = {kind.format(attribute=name) for kind in check.kinds for name in attributes}
    assert {finding.kind for finding in found if isinstance(finding, Finding)} <= declared


def test_most_planted_faults_are_found_by_the_checks(inputs: AuditInputs) -> None:
    kinds = {finding.kind for finding in run_checks(CHECKS, inputs)[0]}
    assert {"unusable file", "missing file", "blank photo", "identical photo", "photo of other data"} <= kinds
    assert {"extra file", "exchanged photos", "label that can't be"} <= kinds


def test_an_audit_computes_only_what_its_checks_need(tmp_path: Path) -> None:
    inputs = AuditInputs(table_of(tmp_path, ["a", "a", "b"]))

    def find(inputs: AuditInputs) -> list[Finding | Skipped]:
        reason = f"{len(inputs.scan.frame)} photos"
        return [Finding(kind="counted", reason=reason, score=1.0), Skipped(reason="too few", what="pairs")]

    own = Check(name="own", needs=frozenset({Need.SCAN}), kinds=("counted",), find=find)
    labels = Check(name="labels", needs=frozenset({Need.PREDICTIONS}), kinds=(), find=find)
    others = Check(name="others", needs=frozenset({Need.OTHER_DATA}), kinds=(), find=find)
    findings, notes = run_checks([own, others], inputs)
    assert [finding.reason for finding in findings] == ["3 photos"]
    assert notes == ["too few: not checked: pairs"]
    assert not {"features", "copies", "predictions"} & set(vars(inputs))
    for path in inputs.table.paths:
        write_jpeg(path, picture(1))
    unknown = AuditInputs(table_of(tmp_path / "unknown", [None, None, None]))
    for path in unknown.table.paths:
        write_jpeg(path, picture(1))
    assert run_checks([labels], unknown)[1] == ["persons are not known for all photos: not checked: labels"]


def test_the_documentation_lists_every_check() -> None:
    page = (Path(__file__).parents[3] / "docs/audit.md").read_text(encoding="utf-8")
    for check in CHECKS:
        for kind in check.kinds:
            assert f"`{kind.format(attribute='<attribute>')}`" in page, kind
