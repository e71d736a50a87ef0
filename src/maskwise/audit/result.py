"""What an audit returns: findings, notes, and tables for its report."""

from dataclasses import dataclass

from maskwise.audit.class_balance import ClassCount
from maskwise.audit.confident_joint import ConfusedClasses
from maskwise.audit.findings import Finding
from maskwise.audit.precision_threshold import PrecisionThreshold


@dataclass(frozen=True)
class Audit:
    """The result of an audit."""

    findings: list[Finding]  # worst first
    balance: list[ClassCount]
    notes: list[str]  # what could not be checked, and why
    confused: list[ConfusedClasses]  # most photos first
    thresholds: dict[str, PrecisionThreshold]  # by kind of finding
    precision: float  # that the thresholds are chosen for
