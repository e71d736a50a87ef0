"""Labels in a person's folder name, such as `006359_female_Asian_18`, against the labels of the table."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from maskwise.audit.checks.check import Check
from maskwise.audit.findings import Finding, person_and_id
from maskwise.audit.inputs import AuditInputs
from maskwise.tasks.label_space import Attribute


def _find(inputs: AuditInputs) -> Iterator[Finding]:
    """Compare the attributes that are constant over a person.

    A part of the name that is a value of an attribute is taken for its label. In names with such a part, a number at
    the end is taken for the label of the numeric attribute.
    """
    table, seen = inputs.table, set[str]()
    constant = [attribute for attribute in table.space.attributes if attribute.constant]
    for row in range(len(table)):
        person, known_id = person_and_id(table, row)
        parts = PurePosixPath(person).name.split("_")
        if person in seen or not any(
            part in a.values for a in constant if not a.is_numeric for part in parts
        ):
            continue  # a number alone may be anything
        seen.add(person)
        wrong = []
        for attribute in constant:
            in_name, own = _label_in_name(parts, attribute), table.frame[attribute.name][row]
            if in_name is None or own is None:
                continue
            if in_name != (int(own) if attribute.is_numeric else own):
                in_table = f"{own:g}" if attribute.is_numeric else own
                wrong.append(f"{attribute.name} {in_name} in the name, {in_table} in the table")
        if wrong:
            yield Finding(
                kind="name against table",
                person=person,
                id=known_id,
                reason="; ".join(wrong),
                score=1.0,
                probability=0.9,
            )


def _label_in_name(parts: list[str], attribute: Attribute) -> str | int | None:
    if attribute.is_numeric:
        return int(parts[-1]) if re.fullmatch(r"[0-9]{1,3}", parts[-1]) and len(parts) > 2 else None
    values = [part for part in parts if part in attribute.values]
    return values[0] if len(values) == 1 else None


CHECK = Check(name="labels in folder names", needs=frozenset(), kinds=("name against table",), find=_find)
