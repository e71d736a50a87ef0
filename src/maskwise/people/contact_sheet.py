"""A contact sheet: small photos of many people in one image."""

from pathlib import Path

import cv2
import numpy as np
import polars as pl
import simplejpeg

from maskwise.files import atomic_path

_TILE = 144  # pixels wide
_COLUMNS = 12


def write_contact_sheet(out: Path, data: Path, truth: pl.DataFrame, *, people: int = 24) -> None:
    """Write a JPEG with three photos per person: with a mask, with a mask worn wrong, without one.

    Args:
        out: the file.
        data: the folder of the data set.
        truth: its truth table.
        people: the maximal number of persons. Photos that can't be read are left out.
    """
    persons = truth["person"].unique(maintain_order=True).head(people)
    shown = truth.filter(
        pl.col("person").is_in(persons.implode())
        & pl.col("stem").is_in(["mask1", "incorrect_mask", "normal"])
    )
    tiles = []
    for photo in shown["photo"]:
        image = cv2.imread(str(data / photo))
        if image is None:
            continue
        height = round(_TILE * image.shape[0] / image.shape[1])
        tiles.append(cv2.resize(image, (_TILE, height), interpolation=cv2.INTER_AREA))
    height = max(tile.shape[0] for tile in tiles)
    rows = -(-len(tiles) // _COLUMNS)
    sheet = np.full((rows * height, _COLUMNS * _TILE, 3), 255, np.uint8)
    for place, tile in enumerate(tiles):
        row, column = divmod(place, _COLUMNS)
        sheet[row * height : row * height + tile.shape[0], column * _TILE : (column + 1) * _TILE] = tile
    with atomic_path(out) as temporary:
        temporary.write_bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(sheet[..., ::-1]), quality=88))
