"""Which findings to trust: for each kind the probability above which a given precision is expected."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from maskwise.audit.findings import Finding


@dataclass(frozen=True)
class PrecisionThreshold:
    """Findings of at least `probability`, together, are expected to reach the requested precision."""

    probability: float
    n_findings: int  # that reach it


def precision_thresholds(findings: Sequence[Finding], precision: float) -> dict[str, PrecisionThreshold]:
    """The threshold of each kind of finding; a kind whose findings never reach the precision has none.

    The expected precision of a set of findings is the mean of their probabilities, if these are calibrated (how well
    they are was measured on procedural people). The threshold is the lowest probability at which the mean of the
    findings at or above it is still at least `precision`.
    """
    by_kind: dict[str, list[float]] = {}
    for finding in findings:
        if finding.probability is not None:
            by_kind.setdefault(finding.kind, []).append(finding.probability)
    thresholds = {}
    for kind, probabilities in by_kind.items():
        falling = np.sort(probabilities)[::-1]
        mean = np.cumsum(falling) / np.arange(1, len(falling) + 1)
        enough = int((mean >= precision - 1e-9).sum())  # the running mean of falling numbers falls
        if enough:
            thresholds[kind] = PrecisionThreshold(float(falling[enough - 1]), enough)
    return thresholds
