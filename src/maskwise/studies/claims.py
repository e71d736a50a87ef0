"""The claims of the 2021 report, as data."""

from importlib import resources
from typing import Any, Literal

import yaml

from maskwise.strict_model import StrictModel

Expected = Literal["worse", "better", "untried"]
BASE = "report-2021-lite"
PEOPLE = "{people}"
"""Stands for a folder of procedural people, drawn when a claim needs it."""


class Claim(StrictModel):
    """One claim: its sentence, the one variable, the way it can be tested."""

    name: str
    korean: str
    english: str
    way: Literal["frozen", "fine-tune"]
    expected: Expected
    question: Literal["effect", "inflation"] = "effect"
    variables: dict[str, list[Any]]


def read_claims() -> list[Claim]:
    """All claims, in the order of the report."""
    text = resources.files("maskwise.studies").joinpath("claims.yaml").read_text(encoding="utf-8")
    return [Claim.model_validate(content) for content in yaml.safe_load(text)]


def judge(expected: Expected, verdicts: list[str]) -> str:
    """The verdict on a claim, from the verdicts on the changed values."""
    opposite = {"worse": "better", "better": "worse"}
    if expected == "untried":
        return "; ".join(dict.fromkeys(verdicts))
    if not verdicts or all(v == "failed" for v in verdicts):
        return "could not be tested"
    if opposite[expected] in verdicts:
        return "contradicted" if expected not in verdicts else "partly upheld, partly contradicted"
    if all(v == expected for v in verdicts):
        return "upheld"
    if expected in verdicts:
        return "partly upheld"
    return "not seen: no difference larger than the margin" if "can't tell" not in verdicts else "can't tell"
