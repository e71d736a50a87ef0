"""The photos of a run, with the faces and the cache of decoded photos that its recipe asks for."""

from maskwise.data.decoded_cache import open_cache
from maskwise.data.decoding import reduction_for
from maskwise.data.faces.face_cache import find_faces
from maskwise.data.faces.face_points import FacePoints
from maskwise.data.photo_source import PhotoSource, load_decoded
from maskwise.data.transform import resolution_needed
from maskwise.evaluation.face_counts import count_faces, describe_faces
from maskwise.recipes.schema import Recipe
from maskwise.reporter import SILENT, Reporter
from maskwise.training.training_data import TrainingData


def create_photo_source(data: TrainingData, recipe: Recipe, reporter: Reporter = SILENT) -> PhotoSource:
    """The photos behind a recipe's transform.

    Args:
        data: the photos.
        recipe: resolved.
        reporter: receives how many faces were found, and the progress of looking for them and of caching.

    Raises:
        InputError: when the transform needs faces and the detector's package is missing.
        MaskwiseError: when a photo can't be read any more, or the disk has not room enough.
    """
    table, scan, spec = data.table, data.photos.scan, recipe.transform
    digests, paths = scan["digest"].to_list(), table.paths
    faces = dict[str, FacePoints]()
    if spec.face_crop is not None:
        faces = find_faces(digests, paths, progress=reporter.progress("looking for faces"))
        reporter.message(describe_faces(count_faces([faces[digest] for digest in digests])))
    cache = None
    if recipe.data.cache:
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
            progress=reporter.progress("caching decoded photos"),
        )
    return PhotoSource(table.photos, paths, spec, recipe.seed, cache, digests, faces)
