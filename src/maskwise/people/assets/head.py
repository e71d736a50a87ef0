"""The head's control mesh, its subdivision, and the targets that shape it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from maskwise.people.compiler import njit

Points = npt.NDArray[np.float32]
Triangles = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Head:
    """Coordinates are decimetres: x to the person's left, y up, z to the front.

    `canon` is the mean young face. Textures are painted in its coordinates, whatever the shape of the person.
    """

    control: Points  # (K, 3), skin first, then eyes and lashes
    n_skin: int
    triangles: Triangles  # (T, 3) of the subdivided skin
    canon_control: Points
    canon: Points  # (V, 3), subdivided
    left_eye: npt.NDArray[np.int64]
    right_eye: npt.NDArray[np.int64]
    lashes: npt.NDArray[np.int64]  # (L, 4)
    targets: Mapping[str, tuple[npt.NDArray[np.int64], Points]]
    weights: Points
    columns: npt.NDArray[np.int32]
    starts: npt.NDArray[np.int32]

    def shaped(self, weights: Mapping[str, float]) -> Points:
        """The control points (K, 3) displaced by weighted targets."""
        points = self.control.copy()
        self.displace(points, weights)
        return points

    def displace(self, points: Points, weights: Mapping[str, float]) -> None:
        """Add weighted targets to control points (K, 3) in place."""
        for name, weight in weights.items():
            if abs(weight) > 1e-3:
                rows, deltas = self.targets[name]
                points[rows] += np.float32(weight) * deltas

    def subdivide(self, control: Points) -> Points:
        """The skin (V, 3) of control points (K, 3)."""
        return subdivide(control, self.weights, self.columns, self.starts)

    def nearest(self, place: tuple[float, float, float]) -> int:
        """The vertex whose canonical place is nearest."""
        return int(((self.canon - np.asarray(place, np.float32)) ** 2).sum(1).argmin())


@njit(cache=True, fastmath=True)
def subdivide(
    control: Points, weights: Points, columns: npt.NDArray[np.int32], starts: npt.NDArray[np.int32]
) -> Points:
    """Rows of a sparse matrix times control points."""
    n = len(starts) - 1
    out = np.zeros((n, 3), np.float32)
    for row in range(n):
        for place in range(starts[row], starts[row + 1]):
            column, weight = columns[place], weights[place]
            for axis in range(3):
                out[row, axis] += weight * control[column, axis]
    return out


@lru_cache(maxsize=1)
def load_head() -> Head:
    """Read the packaged head, once per process."""
    file = resources.files("maskwise.people.assets").joinpath("head.npz")
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        data = {name: arrays[name] for name in arrays.files}
    starts, rows, deltas = data["target_starts"], data["target_rows"], data["target_deltas"]
    targets = {
        str(name): (
            rows[starts[i] : starts[i + 1]].astype(np.int64),
            deltas[starts[i] : starts[i + 1]].astype(np.float32),
        )
        for i, name in enumerate(data["target_names"])
    }
    weights = data["subdivision_weights"]
    columns, indptr = data["subdivision_columns"].astype(np.int32), data["subdivision_starts"]
    return Head(
        control=data["vertices"],
        n_skin=int(data["n_skin"]),
        triangles=data["triangles"].astype(np.int32),
        canon_control=data["canon"],
        canon=subdivide(data["canon"], weights, columns, indptr),
        left_eye=data["left_eye"].astype(np.int64),
        right_eye=data["right_eye"].astype(np.int64),
        lashes=data["lashes"].astype(np.int64),
        targets=targets,
        weights=weights,
        columns=columns,
        starts=indptr,
    )
