"""What a check is: a name, the inputs that it needs, the kinds of findings that it may yield, and its function."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from maskwise.audit.findings import Finding, Skipped
from maskwise.audit.inputs import AuditInputs, Need


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check of an audit.

    `find` uses no more of the inputs than `needs` names: an audit computes what its checks need and nothing else, and
    it skips a check, with a note, where the data can't provide what is needed.
    """

    name: str  # in notes: `not checked: <name>`
    needs: frozenset[Need]
    kinds: tuple[str, ...]  # `{attribute}` stands for the name of an attribute
    find: Callable[[AuditInputs], Iterable[Finding | Skipped]]
