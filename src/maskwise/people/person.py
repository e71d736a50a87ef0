"""A person without expression and posture: everything that is computed once for all photos."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwise.people import lighting, raster
from maskwise.people.assets import Head, load_head
from maskwise.people.assets.head import Points, Triangles
from maskwise.people.face_hair import grow_face_hair
from maskwise.people.garment import Garment, dress
from maskwise.people.hair import grow_hair
from maskwise.people.hairline import scalp_share
from maskwise.people.identity import Identity
from maskwise.people.shape import head_shape
from maskwise.people.strands import RootedStrands, Strands
from maskwise.people.texture import FaceTexture, paint_face

N_DIRECTIONS = 20
CENTRE = np.array([0.0, 7.2, 0.5], np.float32)
REACH = 2.6  # decimetres around the centre that a depth map covers


@dataclass(frozen=True)
class Person:
    """The shape, skin, hair and clothes of one identity."""

    identity: Identity
    head: Head
    control: Points  # (K, 3)
    skin: Points  # (V, 3)
    scalp: npt.NDArray[np.float32]  # (V,)
    face: FaceTexture
    garment: Garment
    hair: Strands | None
    face_hair: list[RootedStrands]
    visible: npt.NDArray[np.float32]  # (V, N_DIRECTIONS)


def create_person(identity: Identity) -> Person:
    """Compute the shape, skin, clothes and hair of a person."""
    head = load_head()
    control = head_shape(identity, head)
    skin = head.subdivide(control[: head.n_skin])
    normals = raster.vertex_normals(skin, head.triangles)
    face = paint_face(identity)
    garment = dress(identity, head.canon, normals)
    strands = grow_hair(identity, head, skin)
    dressed = skin + garment.offset
    return Person(
        identity,
        head,
        control,
        skin,
        scalp_share(head, identity).astype(np.float32),
        face,
        garment,
        strands,
        grow_face_hair(identity, head, skin, normals, face),
        _visibility(dressed, head.triangles, strands),
    )


def sky_directions() -> npt.NDArray[np.float32]:
    """Directions (N_DIRECTIONS, 3) spread evenly from the zenith to somewhat below the horizon."""
    place = np.arange(N_DIRECTIONS) + 0.5
    polar = np.arccos(1 - 1.75 * place / N_DIRECTIONS)
    turn = np.pi * (1 + 5**0.5) * place
    return np.stack([np.sin(polar) * np.cos(turn), np.cos(polar), np.sin(polar) * np.sin(turn)], 1).astype(
        np.float32
    )


def depth_from(
    direction: npt.NDArray[np.float32],
    points: Points,
    triangles: Triangles,
    strands: Points | None,
    *,
    side: int,
) -> lighting.ShadowMap:
    """The shadow map of a light in a unit direction (3,).

    Args:
        direction: towards the light.
        points: (V, 3).
        triangles: (T, 3).
        strands: (N, K, 3), which cast shadows too.
        side: pixels of the map.
    """
    across = np.cross([0, 1, 0], direction)
    across /= np.linalg.norm(across) + 1e-9
    frame = np.stack([across, np.cross(direction, across), -direction]).astype(np.float32)
    scale = side / (2 * REACH)

    def seen(places: Points) -> Points:
        turned = (places - CENTRE) @ frame.T
        return np.ascontiguousarray(
            np.stack([side / 2 + turned[:, 0] * scale, side / 2 - turned[:, 1] * scale, turned[:, 2]], 1),
            np.float32,
        )

    depth = np.full((side, side), 9.0, np.float32)
    raster.fill_depth(seen(points), triangles, depth)
    if strands is not None:
        raster.fill_strand_depth(seen(strands.reshape(-1, 3)), strands.shape[1], depth, 0.03)
    return lighting.ShadowMap(depth, frame, CENTRE, float(scale))


def _visibility(points: Points, triangles: Triangles, strands: Strands | None) -> npt.NDArray[np.float32]:
    every_third = strands.points[::3] if strands is not None else None
    visible = np.empty((len(points), N_DIRECTIONS), np.float32)
    column = np.empty(len(points), np.float32)
    for place, direction in enumerate(sky_directions()):
        shadow = depth_from(direction, points, triangles, every_third, side=128)
        lighting.visible_share(points, shadow, column)
        visible[:, place] = column
    return visible
