from maskwise.audit.findings import Finding
from maskwise.audit.precision_threshold import PrecisionThreshold, precision_thresholds


def finding(kind: str, probability: float | None = None) -> Finding:
    return Finding(kind=kind, person="p", reason="", score=1.0, probability=probability)


def test_findings_above_the_threshold_are_expected_to_reach_the_precision() -> None:
    wrong_gender = [finding("wrong gender", p) for p in (0.95, 0.2, 0.75, 0.6)]
    others = [finding("blank"), finding("wrong age", 0.1)]
    thresholds = precision_thresholds([*wrong_gender, *others], 0.8)
    assert thresholds == {"wrong gender": PrecisionThreshold(0.75, 2)}  # means 0.85 and 0.77
    assert precision_thresholds(wrong_gender, 0.6)["wrong gender"].n_findings == 4
