"""Labels that the task does not allow, such as an age of 150."""

from collections.abc import Iterator

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Finding
from maskwise.audit.inputs import AuditInputs


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    for label in inputs.unread_labels:
        yield Finding(
            kind="label that can't be", person=label.person, reason=label.reason, score=1.0, probability=1.0
        )


CHECK = Check(name="invalid labels", needs=frozenset(), kinds=("label that can't be",), find=_find)
