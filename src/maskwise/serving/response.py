"""The answer for one photo."""

import numpy as np

from maskwise.inference.decision import Choice
from maskwise.models.decision import marginals
from maskwise.serving.batching import PhotoPrediction
from maskwise.serving.schemas import LabelAnswer, PhotoAnswer
from maskwise.tasks.label_space import LabelSpace

_DIGITS = 6


def create_photo_answer(
    name: str, prediction: PhotoPrediction | str, space: LabelSpace, choice: Choice
) -> PhotoAnswer:
    """The answer for a photo.

    Args:
        name: of the photo, as the client sent it.
        prediction: of the photo, or the reason why the photo can't be read.
        space: the labels that the probabilities are of.
        choice: how classes are decided.
    """
    if isinstance(prediction, str):
        return PhotoAnswer(name=name, error=prediction)
    raw = prediction.probabilities[None]
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
    answer = PhotoAnswer(
        name=name,
        error=None,
        joint_class=joint,
        labels=labels,
        confidence=round(float(probabilities[0, joint]), _DIGITS),
        decision=choice.label(),
        probabilities=[round(float(p), _DIGITS) for p in probabilities[0]],
    )
    # Set only where there is something to say: what was not set is left out of the answer.
    return answer if prediction.note is None else answer.model_copy(update={"note": prediction.note})
