"""The answer for one photo."""

import numpy as np
import numpy.typing as npt

from maskwise.inference.decision import Choice
from maskwise.models.decision import marginals
from maskwise.serving.schemas import LabelAnswer, PhotoAnswer
from maskwise.tasks.label_space import LabelSpace

_DIGITS = 6


def create_photo_answer(
    name: str, prediction: npt.NDArray[np.float32] | str, space: LabelSpace, choice: Choice
) -> PhotoAnswer:
    """The answer for a photo.

    Args:
        name: of the photo, as the client sent it.
        prediction: joint probabilities (C,), or the reason why the photo can't be read.
        space: the labels that the probabilities are of.
        choice: how classes are decided.
    """
    if isinstance(prediction, str):
        return PhotoAnswer(name=name, error=prediction)
    raw = prediction[None]
    probabilities = choice.probabilities(raw)
    joint = int(choice.classes(raw, space)[0])
    values = space.decode(np.array([joint]))[0]
    labels = {
        attribute.label_column: LabelAnswer(
            value=attribute.values[value],
            probability=round(float(own[0, value]), _DIGITS),
            probabilities={
                known: round(float(p), _DIGITS) for known, p in zip(attribute.values, own[0], strict=True)
            },
        )
        for attribute, value, own in zip(
            space.attributes, values, marginals(probabilities, space), strict=True
        )
    }
    return PhotoAnswer(
        name=name,
        error=None,
        joint_class=joint,
        labels=labels,
        confidence=round(float(probabilities[0, joint]), _DIGITS),
        decision=choice.label(),
        probabilities=[round(float(p), _DIGITS) for p in probabilities[0]],
    )
