"""Where a model looked, laid over the photo as a picture for a page."""

from pathlib import Path

import cv2
import numpy as np

from maskwise.data.decoding import PhotoError
from maskwise.data.transform_photo import transform_photo
from maskwise.inference.grad_cam import grad_cam
from maskwise.models.member import Member
from maskwise.reporting.pages import picture_address

_HEIGHT, _WIDTH = 176, 132
_SHARE = 0.45


def look_at_mistake(member: Member, path: Path, label: int, prediction: int) -> str:
    """A photo under the heat map of its Grad-CAM as a data: address; empty where it can't be computed.

    Args:
        member: the model that is explained.
        path: of the photo.
        label: its joint class.
        prediction: another joint class; the first attribute in which the two differ is explained.
    """
    space = member.card.space
    (own, predicted) = space.decode(np.array([label, prediction]))
    attribute = space.attributes[int(np.flatnonzero(own != predicted)[0])].name
    try:
        image = transform_photo(path, member.card.transform)
        heat = grad_cam(member, image, attribute)
    except (PhotoError, ValueError, AttributeError):  # a broken photo, or a backbone without feature maps
        return ""
    size = (_WIDTH, _HEIGHT)
    seen = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    warm = cv2.resize((255 * heat).astype(np.uint8), size, interpolation=cv2.INTER_CUBIC)
    coloured = cv2.cvtColor(cv2.applyColorMap(warm, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    mixed = cv2.addWeighted(seen, 1 - _SHARE, coloured, _SHARE, 0)
    return picture_address(np.asarray(mixed, dtype=np.uint8))
