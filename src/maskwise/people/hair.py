"""The hair of the head: styles, and strands that grow step by step around skull, face and shoulders."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from maskwise.people import surface
from maskwise.people.assets import Head
from maskwise.people.assets.head import Points
from maskwise.people.hairline import scalp_share
from maskwise.people.identity import HairStyle, Identity
from maskwise.people.noise import smooth_noise, smoothstep
from maskwise.people.strands import Strands

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True)
class _Style:
    length: float  # decimetres
    lift: float  # above the scalp
    steps: int
    ends_at: float | None = None  # height where it is cut


_STYLES: dict[HairStyle, _Style] = {
    "buzz": _Style(0.06, 0.02, 3),
    "crop": _Style(0.30, 0.12, 6),
    "short": _Style(0.55, 0.17, 9),
    "side": _Style(0.75, 0.19, 9),
    "pixie": _Style(0.80, 0.17, 12, 7.02),
    "bob": _Style(1.75, 0.19, 16, 6.42),
    "long": _Style(3.0, 0.18, 18, 5.45),
    "tied": _Style(1.5, 0.09, 16),
}

_CUT = ("pixie", "bob", "long")

N_STRANDS = 13_000

BROW_CLEARANCE = 7.56  # a fringe ends above the brows


def grow_hair(identity: Identity, head: Head, skin: Points) -> Strands | None:
    """The hair of a person over the skin (V, 3); None for a bald head."""
    share = scalp_share(head, identity)
    density = share[head.triangles].mean(1)
    full = scalp_share(head, identity, bald=False)[head.triangles].mean(1).sum()
    covered = float(density.sum() / max(full, 1e-6))
    random = identity.random("hair strands")
    n = int(N_STRANDS * (0.3 + 0.7 * min(1.0, covered)))
    roots = surface.scatter_roots(skin, head.triangles, density, n, random)
    if roots is None or covered < 0.02:
        return None
    grower = _Grower(identity, head, skin, roots.on(skin, head.triangles), random)
    points, clump = grower.grow()
    colour = (
        _hair_colour(identity, len(points), random)
        * np.exp(0.16 * random.standard_normal(len(points)) + 0.12 * clump)[:, None]
    )
    return Strands(points, colour.astype(np.float32), 0.0085 if identity.style != "buzz" else 0.006)


def _hair_colour(identity: Identity, n: int, random: np.random.Generator) -> Floats:
    """Colours (n, 3), linear RGB; single strands turn grey."""
    own = identity.grey * 0.75 + (random.random(n) < identity.grey) * 0.3 + 0.06 * random.standard_normal(n)
    grey = np.clip(own, 0, 1)[:, None] * (identity.grey > 0.02)
    return np.asarray(identity.hair * (1 - grey) + np.array([0.36, 0.36, 0.365]) * grey)


class _Grower:
    """Grows all strands of a head step by step."""

    def __init__(
        self, identity: Identity, head: Head, skin: Points, root: Floats, random: np.random.Generator
    ) -> None:
        self.identity, self.random = identity, random
        self.kind = _STYLES[identity.style]
        self.root = root
        self.cylinder = surface.cylinder_map(skin, head.triangles)
        self.dome = surface.dome_map(skin, head.triangles)
        self.n = len(root)
        self.angle = np.arctan2(root[:, 0], root[:, 2] - surface.SKULL[2])
        field = smooth_noise(identity.random("clumps"), 64, 64, 6)
        self.clump = field[
            np.floor(root[:, 1] * 22).astype(int) % 64, np.floor(self.angle * 10).astype(int) % 64
        ]
        self.side = np.where(root[:, 0] > identity.parting * 0.8, 1.0, -1.0)
        self.front = (
            np.exp(-((self.angle / 0.75) ** 2)) * smoothstep(7.75, 8.05, root[:, 1]) * (root[:, 2] > 0.75)
        )
        self.fringe = (
            (self.front > 0.35) & (np.abs(self.angle) < 0.8) if identity.fringe else np.zeros(self.n, bool)
        )
        self.length, self.lift = self._lengths()

    def _lengths(self) -> tuple[Floats, Floats]:
        identity, kind, root, random = self.identity, self.kind, self.root, self.random
        curly = identity.curl > 0.3
        length = (
            kind.length * (0.8 if curly else 1.0) * (random.uniform(0.85, 1.05, self.n) + 0.06 * self.clump)
        )
        lift = random.uniform(0.12, 1, self.n) ** 0.6 * kind.lift * (1.5 if curly else 1.0)
        if identity.style in ("crop", "short", "side"):  # faded towards the ears
            top = smoothstep(7.25, 7.95, root[:, 1])
            length, lift = length * (0.22 + 0.78 * top), lift * (0.18 + 0.82 * top)
        if identity.baldness > 0.2:
            length, lift = length * (1 - 0.4 * identity.baldness), lift * (1 - 0.5 * identity.baldness)
        if kind.ends_at is not None:
            cut = kind.ends_at + (0.1 * identity.parting if identity.style == "bob" else 0.0)
            reach = np.clip(root[:, 1] - cut + 0.30 * smoothstep(7.6, 8.3, root[:, 1]), 0.12, 3.2)
            length = reach * (random.uniform(0.93, 1.03, self.n) + 0.02 * self.clump)
            lift = lift * (0.35 + 0.65 * smoothstep(6.9, 7.7, root[:, 1]))
        fringe = np.clip((root[:, 1] - BROW_CLEARANCE) * 1.05 + 0.02, 0.15, 0.7) * random.uniform(
            0.88, 1.02, self.n
        )
        return np.where(self.fringe, fringe, length), lift

    def _direction(self, point: Floats, normal: Floats) -> Floats:
        """The directions (N, 3) in which hair of this style falls from points (N, 3)."""
        style, one, side = self.identity.style, np.ones(self.n), self.side
        low = smoothstep(8.15, 7.6, point[:, 1])
        if style in _CUT:
            hanging = smoothstep(8.2, 7.5, point[:, 1])[:, None]
            combed = np.stack([side, -0.3 * one, -0.75 * one], 1)
            flow = combed * (1 - hanging) + np.array([0, -1.0, -0.12]) * hanging
            forward = np.stack([0.35 * np.sin(self.angle * 1.4), -one, 0.5 * one], 1)
            return np.where(self.fringe[:, None], forward, flow)
        if style == "tied":
            behind = (point[:, 2] < 0.4) * 1.0
            return np.stack([-0.25 * point[:, 0] * behind, -0.15 * one - 0.5 * (point[:, 2] < 0.1), -one], 1)
        if style == "side":
            return np.stack([side, -0.35 * one, -0.55 * one + 0.25 * self.front], 1)
        if style == "short":
            sweep = np.sign(self.identity.parting + 1e-3)
            across = 0.7 * sweep * self.front + 0.35 * np.sin(self.angle)
            return np.stack([across, -0.9 * low, 0.55 * self.front - 0.25 - 0.3 * (1 - self.front)], 1)
        upright = np.stack([0.25 * np.sin(self.angle), -0.7 * low, 0.4 * self.front - 0.15], 1)
        return np.asarray(upright + 0.35 * normal)

    def grow(self) -> tuple[Points, Floats]:
        """The strands (N, K, 3) that do not hang over the face, and the clump value (N,) of each."""
        curl, steps = self.identity.curl, self.kind.steps
        together = np.stack([self.clump, 0.5 * np.roll(self.clump, 7), -self.clump], 1)
        point, points = self.root.copy(), [self.root.copy()]
        for step in range(steps):
            ray = point - surface.SKULL
            normal = ray / np.linalg.norm(ray, axis=1, keepdims=True)
            flow = self._direction(point, normal)
            along = (flow * normal).sum(1, keepdims=True)
            flow = flow - normal * along * np.clip((point[:, 1:2] - 7.0) * 2, 0, 1) * 0.95
            flow = flow / (np.linalg.norm(flow, axis=1, keepdims=True) + 1e-6)
            if step == 0:
                flow = flow * 0.6 + normal * 0.8 * (0.25 + 0.75 * smoothstep(7.3, 7.8, point[:, 1:2]))
            elif step == 1:
                flow = flow + normal * 0.3
            kink = 0.05 + (1.2 * curl if curl > 0.3 else 0.0)
            flow = flow + 0.12 * together + kink * self.random.standard_normal((self.n, 3)) * 0.6
            if 0.08 < curl <= 0.3:  # waves that neighbours share
                phase = step * 1.3 + self.clump * 4
                flow = flow + curl * 2.2 * np.stack([np.sin(phase), 0 * phase, np.cos(phase)], 1)
            point = self._rest(point + flow * (self.length / steps)[:, None], step)
            points.append(point.copy())
        strands = np.stack(points, 1).astype(np.float32)
        angle = np.abs(np.arctan2(strands[..., 0], strands[..., 2] - surface.AXIS_Z))
        on_face = ((angle < 0.95) & (strands[..., 1] < BROW_CLEARANCE)).any(1)
        torn = np.linalg.norm(np.diff(strands, axis=1), axis=2).max(1) > 0.45
        kept = ~on_face & ~torn
        return np.ascontiguousarray(strands[kept]), self.clump[kept]

    def _rest(self, point: Floats, step: int) -> Floats:
        """Keep points outside of skull, face and shoulders, and long hair off the face."""
        lift = self.lift * min(1, (step + 1) / 2.2)
        ray = point - surface.SKULL
        distance = np.linalg.norm(ray, axis=1)
        direction = ray / distance[:, None]
        skull = surface.dome_distance(self.dome, direction)
        high = smoothstep(6.95, 7.3, point[:, 1])
        held = np.clip(distance, skull + 0.55 * lift, skull + 1.35 * lift + 0.01)
        distance = np.where(high > 0, distance * (1 - high) + held * high, distance)
        point = surface.SKULL + direction * distance[:, None]
        angle = np.arctan2(point[:, 0], point[:, 2] - surface.AXIS_Z)
        radius = np.hypot(point[:, 0], point[:, 2] - surface.AXIS_Z)
        below = point[:, 1] < 7.6
        radius = np.where(
            below, np.maximum(radius, self.cylinder.at(angle, point[:, 1]) + 0.8 * lift), radius
        )
        if self.identity.style in _CUT:
            least = np.interp(point[:, 1], [5, 6.6, 7.3, 7.7, 7.9, 8.05], [0.95, 1.15, 1.15, 1.0, 0.75, 0.0])
            inside = ~self.fringe & (point[:, 1] < 8.05) & (np.abs(angle) < least)
            angle = np.where(inside, np.sign(angle) * (least * 0.7 + 0.3 * np.abs(angle)), angle)
            if self.identity.style != "long":
                radius = np.where(below & (radius > 1.05), 1.05 + 0.5 * (radius - 1.05), radius)
        return surface.cylinder_points(radius, angle, point[:, 1])
