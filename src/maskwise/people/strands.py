"""Strands of hair, cords and rims: polylines with a colour and a width."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwise.people import surface
from maskwise.people.assets.head import Points


@dataclass(frozen=True)
class Strands:
    """Strands of equally many points (N, K, 3), their colours (N, 3, linear RGB) and width in decimetres."""

    points: Points
    colour: npt.NDArray[np.float32]
    width: float


@dataclass(frozen=True)
class RootedStrands:
    """Strands on the face, which follow its expressions."""

    strands: Strands
    roots: surface.Roots
    rest: Points  # (N, 3), where the roots lie without an expression
