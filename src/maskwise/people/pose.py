"""A person in front of the camera: expression, mask, posture, light."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwise.people import camera, glasses, lighting, mask, raster, shading
from maskwise.people.assets.head import Points
from maskwise.people.face_hair import lashes
from maskwise.people.noise import smoothstep
from maskwise.people.person import Person, depth_from, sky_directions
from maskwise.people.plan import Plan
from maskwise.people.strands import Strands

NECK = np.array([0.0, 6.35, 0.35], np.float32)  # the centre of the head's rotation

_EXPRESSION = "expression/units/caucasian/"

_SHADOW_SIDE = 448


@dataclass(frozen=True)
class Posed:
    """The geometry of a photo in the posture of its plan, with its camera and lights."""

    mesh: shading.Mesh
    strands: list[tuple[Strands, int]]  # each with its kind for `light_strands`
    view: camera.View
    lights: lighting.Lights
    shadow: lighting.ShadowMap
    fabric: mask.Fabric


def pose_person(person: Person, plan: Plan, height: int, width: int) -> Posed:
    """Give a person an expression, a mask and a posture, and set up light and camera."""
    identity, head = person.identity, person.head
    control = person.control.copy()
    head.displace(control, _expression(plan))
    bare = head.subdivide(control[: head.n_skin])
    skin = bare + person.garment.offset
    parts: list[tuple[Points, npt.NDArray[np.int32], int, Points]] = [
        (skin, head.triangles, shading.SKIN, head.canon)
    ]
    sphere, sphere_triangles = _unit_sphere()
    for corner in (head.left_eye, head.right_eye):
        low, high = control[corner].min(0), control[corner].max(0)
        ball = (low + high) / 2 + sphere * ((high - low)[:2].mean() / 2)
        parts.append((ball.astype(np.float32), sphere_triangles, shading.EYE, sphere))
    cords: list[Strands] = []
    fabric = mask.NO_FABRIC
    if plan.wear is not None and plan.mask_kind is not None:
        fabric = mask.weave_fabric(plan.mask_kind, identity.random(plan.photo, "fabric"))
        worn = mask.fit_mask(head, bare, plan.mask_kind, plan.wear, identity.random(plan.photo, "mask fit"))
        places = np.concatenate([worn.places, np.zeros((len(worn.places), 1), np.float32)], 1)
        parts.append((worn.points, worn.triangles, shading.MASK, places))
        cords += [Strands(loop[None], fabric.loop[None], 0.022) for loop in worn.loops]
    turn = _Posture(plan)
    points = np.concatenate([turn(p) for p, _, _, _ in parts])
    starts = np.cumsum([0] + [len(p) for p, _, _, _ in parts])
    triangles = np.concatenate([t + s for (_, t, _, _), s in zip(parts, starts, strict=False)]).astype(
        np.int32
    )
    material = np.concatenate([np.full(len(t), m, np.int8) for _, t, m, _ in parts])
    scalp = np.zeros(len(points), np.float32)
    scalp[: len(skin)] = person.scalp
    normals = raster.vertex_normals(points, triangles)

    strands: list[tuple[Strands, int]] = []
    if person.hair is not None:
        strands.append((person.hair, 0))
    for rooted in person.face_hair:
        moved = rooted.roots.on(bare, head.triangles) - rooted.rest
        followed = Strands(
            (rooted.strands.points + moved[:, None]).astype(np.float32),
            rooted.strands.colour,
            rooted.strands.width,
        )
        strands.append((followed, 1))
    strands.append((lashes(control, head, identity), 1))
    if identity.glasses:
        cords += glasses.frame_strands(identity, head, bare, control)
    strands += [(cord, 2) for cord in cords]
    strands = [(Strands(turn(s.points), s.colour, s.width), kind) for s, kind in strands]

    lights = _lights(plan)
    hair_points = strands[0][0].points if person.hair is not None else None
    ambient = _ambient(person, plan, lights, turn, normals)
    mesh = shading.Mesh(
        points,
        normals,
        triangles,
        material,
        np.concatenate([p for _, _, _, p in parts]).astype(np.float32),
        scalp,
        ambient,
    )
    shadow = depth_from(lights.key, points, triangles, hair_points, side=_SHADOW_SIDE)
    view = camera.frame_head(points[: len(skin)], head.canon, hair_points, plan, height, width)
    return Posed(mesh, strands, view, lights, shadow, fabric)


def _expression(plan: Plan) -> dict[str, float]:
    pressed, raised, opened = plan.mouth
    weights = {
        "mouth-corner-puller": plan.smile,
        "mouth-compression": pressed,
        "mouth-elevation": raised,
        "mouth-open": opened,
    }
    for side in ("left", "right"):
        weights[f"eyebrows-{side}-up"] = plan.brow_raise
        weights[f"eye-{side}-slit"] = plan.squint
    return {_EXPRESSION + name: weight for name, weight in weights.items()}


def rotation(yaw: float, pitch: float, roll: float) -> npt.NDArray[np.float32]:
    """The matrix (3, 3) of a turn, by angles in radians."""
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_x = np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return (about_y @ about_x @ about_z).astype(np.float32)


class _Posture:
    """Rotates head and body about the neck, and blends in between."""

    def __init__(self, plan: Plan) -> None:
        self.head = rotation(plan.yaw, plan.pitch, plan.roll)
        self.body = rotation(plan.body_yaw, 0.0, 0.0)

    def __call__(self, points: Points) -> Points:
        flat = points.reshape(-1, 3).astype(np.float32)
        share = smoothstep(5.95, 6.45, flat[:, 1])[:, None].astype(np.float32)
        offset = flat - NECK
        turned = (offset @ self.head.T) * share + (offset @ self.body.T) * (1 - share) + NECK
        return np.ascontiguousarray(turned.reshape(points.shape), np.float32)


def _lights(plan: Plan) -> lighting.Lights:
    turn, rise = plan.light_turn, plan.light_height
    key = np.array([np.sin(turn) * np.cos(rise), np.sin(rise), np.cos(turn) * np.cos(rise)])
    fill = np.array([-key[0] * 1.2, 0.25, 0.8])
    tint = np.array([1 + plan.warmth, 1, 1 - plan.warmth])
    cool = np.array([1 - 0.6 * plan.warmth, 1, 1 + 0.6 * plan.warmth])
    values = (
        key,
        tint * plan.light_strength,
        fill / np.linalg.norm(fill),
        np.full(3, 0.4 * plan.ambient),
        cool * plan.ambient,
        np.array([1.05, 1, 0.92]) * 0.45 * plan.ambient,
    )
    return lighting.Lights(*(v.astype(np.float32) for v in values))


def _ambient(person: Person, plan: Plan, lights: lighting.Lights, turn: _Posture, normals: Points) -> Points:
    """Ambient light (V, 3), less where the person's own shape occludes it."""
    directions = (sky_directions() @ turn.head.T).astype(np.float32)
    height = directions[:, 1:2]
    radiance = lights.sky * (0.5 + 0.5 * height) + lights.ground * (0.5 - 0.5 * height)
    radiance = radiance * (1 + 0.35 * np.maximum(0, directions[:, 2:])) * (3.2 / len(directions))
    visible = np.full((len(normals), len(directions)), 0.8, np.float32)
    visible[: len(person.visible)] = person.visible
    ambient = np.zeros_like(normals)
    lighting.gather_ambient(normals, visible, directions, radiance.astype(np.float32), ambient)
    return ambient


def _unit_sphere(around: int = 28, down: int = 20) -> tuple[Points, npt.NDArray[np.int32]]:
    turn, polar = np.meshgrid(np.linspace(0, 2 * np.pi, around, endpoint=False), np.linspace(0, np.pi, down))
    points = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], -1)
    ring, step = np.meshgrid(np.arange(down - 1), np.arange(around), indexing="ij")
    a, b = ring * around + step, ring * around + (step + 1) % around
    triangles = np.concatenate([np.stack([a, a + around, b], -1), np.stack([b, a + around, b + around], -1)])
    return points.reshape(-1, 3).astype(np.float32), triangles.reshape(-1, 3).astype(np.int32)
