"""Write a proposed task as YAML with comments; guesses are marked `# CHECK`."""

import json
import re

from maskwise.tasks.propose import Proposal
from maskwise.tasks.propose_attribute import ProposedAttribute
from maskwise.tasks.yaml_source import parse_yaml_source

_DEFAULT_PHOTO = "photo"


def proposal_yaml(proposal: Proposal, name: str, origin: str) -> str:
    """The text of a task file.

    Args:
        proposal: what was guessed.
        name: the task's name.
        origin: the data it was guessed from, for the first comment.
    """
    lines = [
        f"# Proposed for {_comment(origin)}. Read it once: what is marked CHECK is a guess.",
        "schema: 1",
        f"name: {quoted(name)}",
        "",
        "# What photos belong to: all photos of a group stay on one side of a split.",
    ]
    reason = _comment(proposal.group_reason)
    if proposal.group is None:
        lines.append(f"group: {{each: photo}}   # CHECK {reason}: each photo stands for itself")
    else:
        lines.append(f"group: {quoted(proposal.group)}   # CHECK {reason}")
    lines += _columns(proposal)
    if proposal.from_path is not None:
        lines += [
            "",
            "# Searched in each photo's path; the named groups become columns.   # CHECK the names",
            f"from_path: {quoted(proposal.from_path)}",
        ]
    lines += ["", "attributes:"]
    for attribute in proposal.attributes:
        lines += _attribute(attribute, proposal.group)
    lines += [
        "",
        "# joint: macro F1 over all combinations of values; mean: the mean of the attributes' macro F1.",
        f"score: {proposal.score}",
        "",
        "# Limits of use, for reports and the model card.",
        "notices: []   # CHECK what should a user of the model know about these data?",
    ]
    if proposal.left_out:
        lines += ["", "# Left out:"]
        lines += [f"#   {_comment(column)}: {_comment(reason)}" for column, reason in proposal.left_out]
    return "\n".join(lines) + "\n"


def _columns(proposal: Proposal) -> list[str]:
    named: dict[str, str] = {}
    if proposal.photo_column != _DEFAULT_PHOTO:
        named["photo"] = proposal.photo_column
    if proposal.group is not None and proposal.group_column != proposal.group:
        named[proposal.group] = str(proposal.group_column)
    named.update({a.name: a.column for a in proposal.attributes if a.name != a.column})
    if not named:
        return []
    inside = ", ".join(f"{quoted(role)}: {quoted(column)}" for role, column in named.items())
    return ["", "# What the data call things.", f"columns: {{{inside}}}"]


def _attribute(attribute: ProposedAttribute, group: str | None) -> list[str]:
    lines = [f"  - name: {quoted(attribute.name)}"]
    check = "".join(f"   # CHECK {_comment(text)}" for text in attribute.check[:1])
    if attribute.values:
        lines.append(f"    values: [{', '.join(map(quoted, attribute.values))}]{check}")
    else:
        lines.append(f"    boundaries: [{', '.join(f'{cut:.12g}' for cut in attribute.boundaries)}]{check}")
        low, high = attribute.range or (0.0, 1.0)
        lines.append(f"    range: [{low:.12g}, {high:.12g}]   # CHECK what is possible")
        lines.append(f"    fractions: {str(attribute.fractions).lower()}")
        if attribute.unit:
            lines.append(f"    unit: {quoted(attribute.unit)}")
    lines += [f"    # CHECK {_comment(text)}" for text in attribute.check[1:]]
    if attribute.to_unknown:
        lines.append("    aliases:   # CHECK null means unknown")
        lines += [
            f"      {quoted(text)}: null   # {_comment(reason)}" for text, reason in attribute.to_unknown
        ]
    if attribute.unknown:
        lines.append(f"    unknown: [{', '.join(map(quoted, ('', *attribute.unknown)))}]")
    if attribute.per_group and group is not None:
        lines.append(f"    per: {quoted(group)}   # CHECK the same on all photos of a group")
    else:
        lines.append("    per: photo")
    return lines


def quoted(text: str) -> str:
    """Text as a YAML scalar: plain where that is read back as the same text, else in quotes."""
    if re.fullmatch(r"[^\W\d][\w .+/-]*", text) and not text.endswith((" ", "-")):
        parsed = parse_yaml_source(f"[{text}]", "").content
        if parsed == [text]:
            return text
    escaped = json.dumps(text, ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped)


def _comment(text: str) -> str:
    """Text that stays inside its comment."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
