"""The faults that are planted in photos: exchanged files, near-duplicates, broken files."""

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.people.people_spec import PeopleSpec
from maskwise.people.population import Member
from maskwise.randomness import keyed_generator


def exchanged_names(spec: PeopleSpec, member: Member, names: list[str]) -> dict[str, str]:
    """For each name the name of the photo that is stored under it; they differ where two files are exchanged."""
    shown = {name: name for name in names}
    random = keyed_generator(spec.seed, member.number, "swap")
    if member.fault == "swap_status":
        pair = ("incorrect_mask", "normal")
    elif member.fault == "swap_mask":
        pair = (str(random.choice(names[:-2])), str(random.choice(names[-2:])))
    else:
        return shown
    shown[pair[0]], shown[pair[1]] = pair[1], pair[0]
    return shown


def near_duplicate(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """A photo (height, width, 3) cropped by a few pixels, resized back, and a little lighter."""
    height, width = pixels.shape[:2]
    edge = max(1, height // 256)
    cropped = pixels[edge:-edge, edge:-edge]
    resized = cv2.resize(cropped, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(resized.astype(np.int16) + 3, 0, 255).astype(np.uint8)


def broken_file(data: bytes, random: np.random.Generator) -> bytes:
    """An encoded photo made unreadable: empty, cut off, or a page of HTML."""
    kind = random.integers(3)
    if kind == 0:
        return b""
    return data[: len(data) // 2] if kind == 1 else b"<html>not found</html>\n"
