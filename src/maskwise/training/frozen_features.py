"""Features of a frozen backbone for the photos of a run, kept in the cache by each photo's content."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from filelock import FileLock

from maskwise.data.cache_folder import cache_folder
from maskwise.data.decoding_pool import load_batches
from maskwise.data.normalization import normalize
from maskwise.data.photo_source import PhotoSource
from maskwise.files import atomic_path
from maskwise.inference.device import choose_device
from maskwise.models.classifier import Classifier
from maskwise.reporter import Progress

Features = npt.NDArray[np.float32]

FEATURES_VERSION = 1
"""Raise it when the same photo, transform and weights would give other features."""

_BATCH = 64
_CHUNK = 64 * _BATCH
"""Photos after which what was computed is kept: a stop loses a chunk at most."""


def frozen_features(
    classifier: Classifier, source: PhotoSource, *, workers: int, progress: Progress | None = None
) -> Features:
    """Features (N, F) of all photos of a source, as evaluation sees them.

    Args:
        classifier: whose features; left in evaluation mode.
        source: the photos, with the digests of their content.
        workers: threads that prepare photos.
        progress: called as photos are done.

    Raises:
        MaskwiseError: when a photo can't be read any more.
    """
    file = cache_folder() / "features" / f"{_key(classifier, source)}.npz"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = _recall(file)
    wanted = dict(zip(source.digests, range(len(source.digests)), strict=True))
    fresh = [row for digest, row in wanted.items() if digest not in known]
    done = len(wanted) - len(fresh)
    for start in range(0, len(fresh), _CHUNK):
        rows = fresh[start : start + _CHUNK]
        found = dict[str, Features]()
        for batch, features in _compute(classifier, source, rows, workers):
            found |= {source.digests[row]: own for row, own in zip(batch, features, strict=True)}
            done += len(batch)
            if progress:
                progress(done, len(wanted))
        known |= found
        _remember(file, found)
    return np.stack([known[digest] for digest in source.digests])


def _compute(
    classifier: Classifier, source: PhotoSource, rows: Sequence[int], workers: int
) -> Iterator[tuple[Sequence[int], Features]]:
    device = choose_device()
    classifier.eval().to(device)
    batches = (rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH))
    with torch.inference_mode():
        for batch, (images,) in load_batches(
            batches, lambda row: [source.load(row, None)], [source.spec.output_size], workers=workers
        ):
            normalized = normalize(torch.from_numpy(images).to(device), source.spec.normalization)
            yield batch, classifier.features(normalized).cpu().numpy()


def _key(classifier: Classifier, source: PhotoSource) -> str:
    """A digest of all that features depend on besides the photo: transform, architecture and weights."""
    digest = hashlib.blake2b(digest_size=16)
    about = (FEATURES_VERSION, source.spec.model_dump_json(), classifier.mirror, classifier.backbone)
    digest.update("\n".join(map(str, about)).encode())
    for name, value in classifier.backbone.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _recall(file: Path) -> dict[str, Features]:
    try:
        with np.load(file, allow_pickle=False) as content:
            return dict(zip(content["digests"].tolist(), content["features"], strict=True))
    except (OSError, ValueError, KeyError, EOFError):  # not there, or broken: computed again
        return {}


def _remember(file: Path, found: dict[str, Features]) -> None:
    """Add to the file; other processes may add to it as well."""
    with FileLock(file.with_suffix(".lock")):
        both = _recall(file) | found
        with atomic_path(file) as temporary, temporary.open("wb") as stream:
            np.savez(stream, digests=np.array(list(both)), features=np.stack(list(both.values())))
