"""What pages and messages call groups: `patient`, `patients`."""

_IRREGULAR = {"person": "persons", "child": "children", "foot": "feet", "tooth": "teeth", "mouse": "mice"}


def plural(word: str) -> str:
    """The plural of a group's name; names that are no English word in the singular stay as they are.

    `person` gives `persons`, as reports have it.
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if not word.isascii() or not word[-1:].isalpha() or word.endswith("s"):
        return word
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("x", "z", "ch", "sh")) else f"{word}s"
