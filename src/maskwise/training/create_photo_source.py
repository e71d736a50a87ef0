"""The photos of a run, with the faces and the cache of decoded photos that its recipe asks for."""

from collections.abc import Sequence
from pathlib import Path

from maskwise.data.decoded_cache import open_cache
from maskwise.data.decoding import EncodedPhoto, PhotoError, read_photo, reduction_for
from maskwise.data.faces.face_cache import open_face_points
from maskwise.data.faces.face_points import FacePoints
from maskwise.data.photo_source import PhotoSource, load_decoded
from maskwise.data.scan import ProgressOf
from maskwise.data.transform import resolution_needed
from maskwise.errors import MaskwiseError
from maskwise.training.face_counts import count_faces, describe_faces
from maskwise.training.training_data import TrainingData
from maskwise.training.training_job import TrainingJob


def create_photo_source(data: TrainingData, job: TrainingJob) -> PhotoSource:
    """The photos of a job whose recipe is resolved, behind its transform.

    Raises:
        InputError: when the transform needs faces and the detector's package is missing.
        MaskwiseError: when a photo can't be read any more, or the disk has not room enough.
    """
    table, scan, spec = data.table, data.photos.scan, job.recipe.transform
    digests, paths = scan["digest"].to_list(), table.paths
    faces = dict[str, FacePoints]()
    if spec.face_crop is not None:
        faces = _find_faces(digests, paths, job.progress)
        job.say(describe_faces(count_faces([faces[digest] for digest in digests])))
    cache = None
    if job.recipe.data.cache:
        sizes = list(zip(scan["height"], scan["width"], strict=True))
        points = [faces[digest].points if faces else None for digest in digests]
        cache = open_cache(
            digests,
            sizes,
            [
                reduction_for(size, resolution_needed(spec, size, own))
                for size, own in zip(sizes, points, strict=True)
            ],
            lambda row: load_decoded(paths[row], spec, points[row]),
            progress=job.progress("caching decoded photos"),
        )
    return PhotoSource(table.photos, paths, spec, job.recipe.seed, cache, digests, faces)


def _find_faces(digests: Sequence[str], paths: Sequence[Path], progress: ProgressOf) -> dict[str, FacePoints]:
    def load(row: int) -> EncodedPhoto:
        return EncodedPhoto(read_photo(paths[row]))

    try:
        return open_face_points(digests, load, progress=progress("looking for faces"))
    except PhotoError as error:  # all of them were fine in the scan
        raise MaskwiseError(
            f"Expected the photos to be as the scan saw them, got: {error}. Leave them alone while they are in use."
        ) from error
