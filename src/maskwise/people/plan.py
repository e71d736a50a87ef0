"""The parameters of a photo: what differs between the photos of a person."""

from dataclasses import dataclass

import numpy as np

from maskwise.people import background, mask
from maskwise.people.identity import Identity

Value = str | int | float | bool | None
"""A cell of the truth table."""


@dataclass(frozen=True)
class Plan:
    """Every parameter of a photo; angles in radians, colours in linear RGB."""

    photo: int
    wear: mask.Wear | None  # None: no mask
    mask_kind: mask.Kind | None
    smile: float
    brow_raise: float
    squint: float
    mouth: tuple[float, float, float]  # pressed, raised, open
    gaze: tuple[float, float]
    yaw: float
    pitch: float
    roll: float
    body_yaw: float
    light_turn: float  # of the key light, 0 from the front
    light_height: float
    light_strength: float
    warmth: float
    ambient: float
    background: str
    distance: float  # of the camera, decimetres
    margin: float  # of the frame around head and shoulders
    shift: tuple[float, float]
    exposure: float
    saturation: float
    contrast: float
    blur: float  # pixels at full size
    sensor_noise: float

    def record(self) -> dict[str, Value]:
        """The parameters as columns of the truth table."""
        row: dict[str, Value] = {}
        for field, value in vars(self).items():
            name = "photo_number" if field == "photo" else field
            if isinstance(value, tuple):
                row.update({f"{name}_{place}": float(part) for place, part in enumerate(value)})
            else:
                row[name] = value
        return row


def plan_photo(identity: Identity, photo: int, wear: mask.Wear | None) -> Plan:
    """Draw a photo's parameters; each group has its own stream of random numbers."""
    face, pose = identity.random(photo, "expression"), identity.random(photo, "pose")
    light, lens = identity.random(photo, "light"), identity.random(photo, "camera")
    kind = (
        mask.KINDS[identity.random(photo, "mask kind").choice(4, p=[0.42, 0.24, 0.16, 0.18])]
        if wear
        else None
    )
    smile = float(np.clip(face.normal(0.14, 0.2), 0, 0.55))
    return Plan(
        photo=photo,
        wear=wear,
        mask_kind=kind,
        smile=smile,
        brow_raise=float(abs(face.normal(0.12, 0.2))),
        squint=float(np.clip(face.normal(-0.02, 0.12) + 0.2 * smile, 0, 0.4)),
        mouth=(
            float(abs(face.normal(0, 0.10))),
            float(abs(face.normal(0, 0.08))),
            float(abs(face.normal(0, 0.04))),
        ),
        gaze=(float(pose.normal(0, 0.06)), float(pose.normal(0, 0.04))),
        yaw=float(np.clip(pose.normal(0, 0.13), -0.4, 0.4)),
        pitch=float(np.clip(pose.normal(0, 0.07), -0.2, 0.2)),
        roll=float(np.clip(pose.normal(0, 0.05), -0.15, 0.15)),
        body_yaw=float(pose.normal(0, 0.10)),
        light_turn=float(light.uniform(-1.0, 1.0)),
        light_height=float(light.uniform(0.15, 0.9)),
        light_strength=float(light.uniform(0.7, 2.0)),
        warmth=float(light.uniform(-0.10, 0.13)),
        ambient=float(light.uniform(0.45, 1.0)),
        background=str(
            identity.random(photo, "background kind").choice(background.KINDS, p=background.SHARES)
        ),
        distance=float(lens.uniform(9, 14)),
        margin=float(lens.uniform(1.02, 1.14)),
        shift=(float(lens.normal(0, 0.05)), float(lens.normal(0, 0.04))),
        exposure=float(lens.uniform(0.82, 1.10)),
        saturation=float(lens.uniform(0.92, 1.18)),
        contrast=float(lens.uniform(0.2, 0.5)),
        blur=float(lens.uniform(0.3, 0.75)) if lens.random() < 0.5 else 0.0,
        sensor_noise=float(lens.uniform(0.003, 0.012)),
    )
