"""In how many photos of a run a face was found, for what it says, its lineage and its report."""

from collections.abc import Sequence

from maskwise.data.faces.face_points import FacePoints
from maskwise.data.photo_source import PhotoSource
from maskwise.runs.lineage import FaceCounts


def count_faces(faces: Sequence[FacePoints]) -> FaceCounts:
    """Photos without a face, and with several."""
    return FaceCounts(
        n_photos=len(faces),
        none=sum(face.points is None for face in faces),
        several=sum(face.n_faces > 1 for face in faces),
    )


def faces_of(source: PhotoSource) -> FaceCounts | None:
    """The counts of a run's photos; None where its transform looks for no faces."""
    return count_faces([source.faces[digest] for digest in source.digests]) if source.faces else None


def describe_faces(counts: FaceCounts) -> str:
    """The counts in words."""
    found = counts.n_photos - counts.none
    return (
        f"Faces were found in {found:,} of {counts.n_photos:,} photos; the {counts.none:,} others are taken as they "
        f"are, and of {counts.several:,} with several faces the largest counts."
    )
