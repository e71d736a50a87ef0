"""Where hair grows on the head: the hairline, and baldness."""

import numpy as np
import numpy.typing as npt

from maskwise.people import surface
from maskwise.people.assets import Head
from maskwise.people.assets.head import Points
from maskwise.people.identity import Identity
from maskwise.people.noise import smoothstep

Floats = npt.NDArray[np.floating]

# The hairline's height by angle from the front to the nape, for men and women.
_ANGLES = np.radians([0, 22, 42, 58, 72, 84, 92, 112, 128, 180])

_LINE = {
    "male": np.array([7.98, 8.0, 7.92, 7.62, 7.45, 7.2, 7.42, 7.38, 6.95, 6.78]),
    "female": np.array([7.95, 7.97, 7.92, 7.72, 7.58, 7.45, 7.42, 7.38, 6.95, 6.78]),
}


def scalp_share(head: Head, identity: Identity, *, bald: bool = True) -> Floats:
    """The density of hair (V,) at each vertex, 0 to 1."""
    canon = head.canon
    angle = np.abs(np.arctan2(canon[:, 0], canon[:, 2] - surface.AXIS_Z))
    baldness = identity.baldness if bald else 0.0
    line = np.interp(angle, _ANGLES, _LINE[identity.gender]) + identity.hairline * (angle < 1.1)
    line = line + baldness * (
        0.38 * np.exp(-((angle / 0.75) ** 2)) + 0.25 * np.exp(-(((angle - 0.75) / 0.35) ** 2))
    )
    share = smoothstep(-0.05, 0.06, canon[:, 1] - line)
    if baldness > 0.35:
        crown = np.hypot(canon[:, 0] / 0.62, (canon[:, 2] - 0.45) / 0.75)
        share = share * (
            1 - smoothstep(0.95, 0.55, crown) * smoothstep(0.3, 0.7, baldness) * (canon[:, 1] > 7.9)
        )
    return share * ~_is_ear(canon)


def _is_ear(canon: Points) -> npt.NDArray[np.bool_]:
    return (np.abs(canon[:, 0]) > 0.60) & (canon[:, 1] < 7.44) & (canon[:, 2] < 0.75) & (canon[:, 2] > 0.12)
