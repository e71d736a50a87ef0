"""Take a photo of a posed person: pixels, materials, light, strands, background, development."""

import cv2
import numpy as np
import numpy.typing as npt

from maskwise.people import background, camera, lighting, mask, raster, shading
from maskwise.people.noise import noise_tiles
from maskwise.people.person import Person
from maskwise.people.plan import Plan
from maskwise.people.pose import Posed, pose_person, rotation


def photograph(
    person: Person, plan: Plan, *, height: int = 512, width: int = 384, detail: float = 1.5
) -> npt.NDArray[np.uint8]:
    """A photo (height, width, 3), uint8, sRGB, of a person; drawn `detail` times as large, then reduced."""
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


def _materials(person: Person, plan: Plan, fabric: mask.Fabric) -> shading.Materials:
    identity, face, cloth = person.identity, person.face, person.garment
    gaze = rotation(plan.gaze[0], plan.gaze[1], 0.0)[:, 2]
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
