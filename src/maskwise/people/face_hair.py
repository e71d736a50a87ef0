"""The short hair of a face: brows, beards and lashes."""

import numpy as np
import numpy.typing as npt

from maskwise.people import surface, texture
from maskwise.people.assets import Head
from maskwise.people.assets.head import Points
from maskwise.people.identity import Identity
from maskwise.people.strands import RootedStrands, Strands

Floats = npt.NDArray[np.floating]


def grow_face_hair(
    identity: Identity, head: Head, skin: Points, normals: Points, face: texture.FaceTexture
) -> list[RootedStrands]:
    """The brows, and the beard where there is one, of a face (V, 3)."""
    random = identity.random("face hair")
    slope = 0.5 - 1.5 * np.clip(np.abs(head.canon[:, 0]) - 0.12, 0, 1)
    out_and_up = np.stack([np.sign(head.canon[:, 0]), slope, 0 * slope], 1)
    parts = [
        _short_hair(
            identity,
            head,
            skin,
            normals,
            face.brows,
            0.06,
            out_and_up,
            int(2200 * identity.brow),
            0.005,
            random,
        )
    ]
    if identity.beard != "none":
        stubble = identity.beard == "stubble"
        down = np.stack([0.3 * np.sign(head.canon[:, 0]), -np.ones(len(skin)), 0.15 * np.ones(len(skin))], 1)
        length, n = (0.02, 2500) if stubble else (0.10, 6000)
        parts.append(_short_hair(identity, head, skin, normals, face.beard, length, down, n, 0.005, random))
    return [part for part in parts if part is not None]


def _short_hair(
    identity: Identity,
    head: Head,
    skin: Points,
    normals: Points,
    density: npt.NDArray[np.float32],
    length: float,
    flow: Floats,
    n: int,
    width: float,
    random: np.random.Generator,
) -> RootedStrands | None:
    canon = head.canon
    at_vertex = surface.sample(density, *_on_canvas(canon)) * (canon[:, 2] > 0.45)
    roots = surface.scatter_roots(skin, head.triangles, at_vertex[head.triangles].mean(1) > 0.02, n, random)
    if roots is None:
        return None
    dense = surface.sample(density, *_on_canvas(roots.on(canon, head.triangles)))
    kept = random.random(n) < dense
    roots = surface.Roots(roots.triangle[kept], roots.second[kept], roots.third[kept])
    root, normal = roots.on(skin, head.triangles), roots.on(normals, head.triangles)
    direction = roots.on(flow, head.triangles) + 0.2 * random.standard_normal((len(root), 3))
    direction -= normal * (direction * normal).sum(1, keepdims=True) * 0.9
    direction /= np.linalg.norm(direction, axis=1, keepdims=True) + 1e-6
    reach = (length * random.uniform(0.6, 1.2, len(root)))[:, None]
    points = [
        root + normal * 0.004 + (direction * t + normal * (0.35 * t * (1 - t * 0.6))) * reach
        for t in (0, 0.35, 0.7, 1)
    ]
    grey = (random.random(len(root)) < identity.grey * (1.2 if length > 0.07 else 0.7))[:, None] * 0.8
    colour = (identity.hair * (1 - grey) + np.array([0.36, 0.36, 0.365]) * grey) * 0.85 + 0.008
    strands = Strands(np.stack(points, 1).astype(np.float32), colour.astype(np.float32), width)
    return RootedStrands(strands, roots, root.astype(np.float32))


def _on_canvas(canon: Floats) -> tuple[Floats, Floats]:
    return (canon[:, 0] - texture.LEFT) * texture.SCALE, (texture.TOP - canon[:, 1]) * texture.SCALE


def lashes(control: Points, head: Head, identity: Identity) -> Strands:
    """The lashes between the head's quads around the eyes, of control points (K, 3) that have the expression."""
    random = identity.random("lashes")
    most = 6 if identity.masculinity < 0.5 else 4
    corners = control[head.lashes]  # (L, 4, 3)
    left = corners[:, :, 0].mean(1) > 0
    eyes = np.stack([control[head.right_eye].mean(0), control[head.left_eye].mean(0)])
    centre = eyes[left.astype(int)]
    near = np.argsort(np.linalg.norm(corners - centre[:, None], axis=2), axis=1)
    a0, a1, b0, b1 = (np.take_along_axis(corners, near[:, i, None, None], axis=1)[:, 0] for i in range(4))
    crossed = (np.linalg.norm(a0 - b0, axis=1) > np.linalg.norm(a0 - b1, axis=1))[:, None]
    b0, b1 = np.where(crossed, b1, b0), np.where(crossed, b0, b1)
    upper = corners[:, :, 1].mean(1) > centre[:, 1]
    t = random.random((len(corners), most))
    quad, place = np.nonzero(np.arange(most)[None] < np.where(upper, most, 2)[:, None])
    share = t[quad, place][:, None]
    root, tip = (x[quad] * (1 - share) + y[quad] * share for x, y in ((a0, a1), (b0, b1)))
    tip = root + (tip - root) * np.where(upper[quad], 0.7, 0.45)[:, None]
    points = np.stack([root, (root + tip) / 2, tip], 1).astype(np.float32)
    return Strands(points, np.full((len(points), 3), 0.012, np.float32), 0.004)
