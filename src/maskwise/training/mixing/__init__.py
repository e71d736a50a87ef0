"""Photos mixed with others of their batch: behind the split, among training photos alone."""

from typing import Annotated

from pydantic import Field

from maskwise.training.mixing.half_face import HalfFaceSpec, half_face_partners, mix_half_faces
from maskwise.training.mixing.pairs import CutmixSpec, MixupSpec, mix_pairs

MixingSpec = Annotated[HalfFaceSpec | MixupSpec | CutmixSpec, Field(discriminator="kind")]

__all__ = [
    "CutmixSpec",
    "HalfFaceSpec",
    "MixingSpec",
    "MixupSpec",
    "half_face_partners",
    "mix_half_faces",
    "mix_pairs",
]
