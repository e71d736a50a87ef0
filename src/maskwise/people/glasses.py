"""Glasses, drawn as cords: rims in front of the eyes, a bridge, temples to the ears."""

import numpy as np

from maskwise.people.assets import Head
from maskwise.people.assets.head import Points
from maskwise.people.identity import Identity
from maskwise.people.strands import Strands


def frame_strands(identity: Identity, head: Head, skin: Points, control: Points) -> list[Strands]:
    """The frame of a person's glasses on a face (V, 3) that has the expression."""
    random = identity.random("glasses frame")
    thick = float(random.choice([0.018, 0.03, 0.05], p=[0.4, 0.35, 0.25]))
    dark = random.random() < 0.65
    colour = (
        np.full(3, 0.02)
        if dark
        else np.asarray(random.choice([[0.25, 0.2, 0.12], [0.3, 0.3, 0.32], [0.16, 0.06, 0.03]]))
    )
    width, tall = random.uniform(0.25, 0.30), random.uniform(0.17, 0.23)
    corner = random.uniform(2.0, 3.5)  # of the superellipse: 2 is round
    turn = np.linspace(0, 2 * np.pi, 41)
    bridge = skin[head.nearest((0.0, 7.30, 1.35))]
    front = float(bridge[2]) + 0.12
    lines = []
    for side, eye in ((1, head.left_eye), (-1, head.right_eye)):
        centre = control[eye].mean(0)
        x = centre[0] + width * np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (2 / corner)
        y = centre[1] - 0.03 + tall * np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / corner)
        z = front - 0.25 * (np.abs(x) / 0.6) ** 2
        lines.append(np.stack([x, y, z], 1))
        ear = skin[head.nearest((side * 0.69, 7.36, 0.5))]
        start = np.array(
            [centre[0] + side * width, centre[1] + 0.06, front - 0.25 * ((abs(centre[0]) + width) / 0.6) ** 2]
        )
        reach = np.linspace(0, 1, 10)[:, None]
        outward = np.array([side * 0.07, 0, 0]) * np.sin(np.pi * reach)
        lines.append(start * (1 - reach) + ear * reach + outward)
    inner = float(control[head.left_eye].mean(0)[0]) - width
    across = np.linspace(-inner, inner, 9)
    level = float(control[head.left_eye].mean(0)[1]) + 0.03
    lines.append(
        np.stack([across, level + 0.03 * np.cos(across / max(inner, 1e-3) * 1.5), np.full(9, front)], 1)
    )
    return [Strands(line[None].astype(np.float32), colour[None].astype(np.float32), thick) for line in lines]
