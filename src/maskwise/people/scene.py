"""One photo of a person: how shape, mask, posture, light and camera come together."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.people import background, camera, glasses, hair, lighting, mask, raster, shading
from maskwise.people.assets.head import Points
from maskwise.people.noise import noise_tiles, smoothstep
from maskwise.people.person import Person, depth_from, sky_directions
from maskwise.people.plan import Plan

NECK = np.array([0.0, 6.35, 0.35], np.float32)  # where the head turns
_EXPRESSION = "expression/units/caucasian/"
_SHADOW_SIDE = 448


@dataclass(frozen=True)
class Posed:
    """Geometry of a photo, turned as the plan says, in front of its camera."""

    mesh: shading.Mesh
    strands: list[tuple[hair.Strands, int]]  # with their kind, as `light_strands` has it
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
    cords: list[hair.Strands] = []
    fabric = mask.NO_FABRIC
    if plan.wear is not None and plan.mask_kind is not None:
        fabric = mask.weave_fabric(plan.mask_kind, identity.random(plan.photo, "fabric"))
        worn = mask.fit_mask(head, bare, plan.mask_kind, plan.wear, identity.random(plan.photo, "mask fit"))
        places = np.concatenate([worn.places, np.zeros((len(worn.places), 1), np.float32)], 1)
        parts.append((worn.points, worn.triangles, shading.MASK, places))
        cords += [hair.Strands(loop[None], fabric.loop[None], 0.022) for loop in worn.loops]
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

    strands: list[tuple[hair.Strands, int]] = []
    if person.hair is not None:
        strands.append((person.hair, 0))
    for rooted in person.face_hair:
        moved = rooted.roots.on(bare, head.triangles) - rooted.rest
        followed = hair.Strands(
            (rooted.strands.points + moved[:, None]).astype(np.float32),
            rooted.strands.colour,
            rooted.strands.width,
        )
        strands.append((followed, 1))
    strands.append((hair.lashes(control, head, identity), 1))
    if identity.glasses:
        cords += glasses.frame_strands(identity, head, bare, control)
    strands += [(cord, 2) for cord in cords]
    strands = [(hair.Strands(turn(s.points), s.colour, s.width), kind) for s, kind in strands]

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


def photograph(
    person: Person, plan: Plan, *, height: int = 512, width: int = 384, detail: float = 1.5
) -> npt.NDArray[np.uint8]:
    """A photo (height, width, 3) of a person, sRGB; drawn `detail` times as large, then reduced."""
    rows, columns = round(height * detail), round(width * detail)
    posed = pose_person(person, plan, rows, columns)
    view, lights = posed.view, posed.lights
    fragments = raster.rasterize(view.project(posed.mesh.points), posed.mesh.triangles, rows, columns)
    surface = shading.read_surface(
        fragments.triangle,
        fragments.second,
        fragments.third,
        posed.mesh,
        _materials(person, plan, posed.fabric),
    )
    diffuse, shine = np.zeros((2, rows, columns, 3), np.float32)
    slope = view.focal / view.distance / 2
    lighting.light_surface(
        surface, fragments.depth, lights, posed.shadow, view.position, slope, diffuse, shine
    )
    diffuse = camera.scatter_under_skin(diffuse, surface.scatter, view.focal / view.distance)
    image = diffuse * surface.albedo + shine
    seen = surface.material >= 0
    scenery = background.paint_background(
        plan.background,
        max(8, height // 2),
        max(8, width // 2),
        person.identity.random(plan.photo, "background"),
    )
    scenery = cv2.resize(scenery, (columns, rows), interpolation=cv2.INTER_CUBIC) * (
        0.3 * plan.light_strength + 0.55 * plan.ambient
    )
    brightness = float(np.median(image[seen].mean(1))) if seen.any() else 0.3
    image = np.where(seen[..., None], image, scenery).astype(np.float32)
    _draw_strands(posed, fragments.depth, rows, columns, image)
    return camera.develop(
        image, brightness, plan, person.identity.random(plan.photo, "sensor"), height, width
    )


def _draw_strands(
    posed: Posed, depth: npt.NDArray[np.float32], rows: int, columns: int, image: npt.NDArray[np.float32]
) -> None:
    points = np.concatenate([s.points.reshape(-1, 3) for s, _ in posed.strands])
    counts = np.concatenate([np.full(len(s.points), s.points.shape[1]) for s, _ in posed.strands])
    strand_of = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    colours = np.concatenate([s.colour for s, _ in posed.strands]).astype(np.float32)
    kinds = np.concatenate([np.full(len(s.points), kind, np.int8) for s, kind in posed.strands])
    scale = posed.view.focal / posed.view.distance
    widths = np.concatenate([np.full(len(s.points), s.width * scale, np.float32) for s, _ in posed.strands])
    behind = np.where(depth < raster.FAR, depth + 0.012, raster.FAR).astype(np.float32)
    drawn = raster.draw_strands(posed.view.project(points), strand_of, widths, behind)
    lighting.light_strands(
        drawn.point,
        drawn.along,
        points,
        strand_of,
        colours,
        kinds,
        posed.lights,
        posed.shadow,
        posed.view.position,
        image,
    )


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


def _rotation(yaw: float, pitch: float, roll: float) -> npt.NDArray[np.float32]:
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
    """Turns head and body about the neck, blended in between."""

    def __init__(self, plan: Plan) -> None:
        self.head = _rotation(plan.yaw, plan.pitch, plan.roll)
        self.body = _rotation(plan.body_yaw, 0.0, 0.0)

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
    """Light from all around (V, 3), less where the person's own shape is in the way."""
    directions = (sky_directions() @ turn.head.T).astype(np.float32)
    height = directions[:, 1:2]
    radiance = lights.sky * (0.5 + 0.5 * height) + lights.ground * (0.5 - 0.5 * height)
    radiance = radiance * (1 + 0.35 * np.maximum(0, directions[:, 2:])) * (3.2 / len(directions))
    visible = np.full((len(normals), len(directions)), 0.8, np.float32)
    visible[: len(person.visible)] = person.visible
    ambient = np.zeros_like(normals)
    lighting.gather_ambient(normals, visible, directions, radiance.astype(np.float32), ambient)
    return ambient


def _materials(person: Person, plan: Plan, fabric: mask.Fabric) -> shading.Materials:
    identity, face, cloth = person.identity, person.face, person.garment
    gaze = _rotation(plan.gaze[0], plan.gaze[1], 0.0)[:, 2]
    root_share = {"buzz": 0.55, "crop": 0.75}.get(identity.style, 0.85)
    grey = identity.grey
    return shading.Materials(
        face.albedo,
        face.relief,
        face.lips,
        cloth.colour,
        cloth.relief,
        cloth.cover,
        fabric.colour,
        fabric.relief,
        noise_tiles(),
        identity.skin.astype(np.float32),
        (identity.hair * (1 - grey) + 0.3 * grey).astype(np.float32),
        identity.iris.astype(np.float32),
        np.ascontiguousarray(gaze, np.float32),
        0.6 + 0.6 * min(1.0, identity.aging) + 0.2 * identity.masculinity,
        root_share,
        float(identity.random(plan.photo, "pupil").uniform(0.30, 0.42)),
    )


def _unit_sphere(around: int = 28, down: int = 20) -> tuple[Points, npt.NDArray[np.int32]]:
    turn, polar = np.meshgrid(np.linspace(0, 2 * np.pi, around, endpoint=False), np.linspace(0, np.pi, down))
    points = np.stack([np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)], -1)
    ring, step = np.meshgrid(np.arange(down - 1), np.arange(around), indexing="ij")
    a, b = ring * around + step, ring * around + (step + 1) % around
    triangles = np.concatenate([np.stack([a, a + around, b], -1), np.stack([b, a + around, b + around], -1)])
    return points.reshape(-1, 3).astype(np.float32), triangles.reshape(-1, 3).astype(np.int32)
