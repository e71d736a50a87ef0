"""Frozen features: the output of a pretrained backbone, for audits and studies that take seconds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from maskwise.data.decoding import Pixels
from maskwise.data.decoding_pool import default_workers, load_batches
from maskwise.data.normalization import normalize
from maskwise.data.transform import Normalize, Resize, TransformSpec
from maskwise.data.transform_photo import transform_photo
from maskwise.inference.device import choose_device
from maskwise.inference.predictor import BATCH_SIZE
from maskwise.models.backbones.create_backbone import create_backbone
from maskwise.process_settings import prepare_process
from maskwise.reporter import Progress


def extract_features(
    paths: Sequence[Path],
    *,
    backbone: str = "tf_efficientnet_lite0",
    side: int = 128,
    progress: Progress | None = None,
) -> npt.NDArray[np.float32]:
    """Features (N, F) of photos by a bundled ImageNet backbone, frozen.

    Args:
        paths: photos that can be read.
        backbone: one whose weights are bundled.
        side: height and width in pixels that photos are stretched to.
        progress: called with photos done and photos in all.

    Raises:
        PhotoError: when a photo can't be read.
        InputError: when no weights are bundled for the backbone.
    """
    prepare_process()
    made = create_backbone(backbone, weights="bundled")
    step = Normalize(mean=made.mean, std=made.std)
    spec = TransformSpec(steps=(Resize(height=side, width=side), step))
    device = choose_device()
    module = made.module.eval().to(device).to(memory_format=torch.channels_last)
    features = np.empty((len(paths), made.n_features), np.float32)

    def load(row: int) -> list[Pixels]:
        return [transform_photo(paths[row], spec)]

    batches = (
        range(start, min(start + BATCH_SIZE, len(paths))) for start in range(0, len(paths), BATCH_SIZE)
    )
    if progress:
        progress(0, len(paths))
    with torch.inference_mode():
        for rows, (images,) in load_batches(batches, load, [spec.output_size], workers=default_workers()):
            found = module(normalize(torch.from_numpy(images).to(device), step))
            features[rows[0] : rows[-1] + 1] = found.float().cpu().numpy()
            if progress:
                progress(rows[-1] + 1, len(paths))
    return features
