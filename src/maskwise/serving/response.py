"""What a service says of photos, and of its model."""

from typing import Any

import numpy as np
import numpy.typing as npt

from maskwise.inference.decision import Choice
from maskwise.models.decision import marginals
from maskwise.tasks.label_space import LabelSpace


def tell_photo(
    name: str, told: npt.NDArray[np.float32] | str, space: LabelSpace, choice: Choice
) -> dict[str, Any]:
    """One photo's answer; where it can't be read, its `error` and nothing else."""
    if isinstance(told, str):
        return {"name": name, "error": told}
    raw = told[None]
    p = choice.probabilities(raw)
    joint = int(choice.classes(raw, space)[0])
    values = space.decode(np.array([joint]))[0]
    labels = {}
    for attribute, value, own in zip(space.attributes, values, marginals(p, space), strict=True):
        labels[attribute.label_column] = {
            "value": attribute.values[value],
            "probability": round(float(own[0, value]), 6),
            "probabilities": {
                known: round(float(of), 6) for known, of in zip(attribute.values, own[0], strict=True)
            },
        }
    return {
        "name": name,
        "class": joint,
        "labels": labels,
        "confidence": round(float(p[0, joint]), 6),
        "decision": choice.label(),
        "probabilities": [round(float(of), 6) for of in p[0]],
        "error": None,
    }
