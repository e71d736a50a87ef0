"""A digest of a data set, by which a run recognises the data it was trained on."""

import hashlib

from maskwise.data.scan import Scan
from maskwise.data.table import PhotoTable


def data_fingerprint(table: PhotoTable, scan: Scan) -> str:
    """A digest of photos, persons, labels and the content of every file."""
    labels = [a.name for a in table.space.attributes] + [a.label_column for a in table.space.attributes]
    columns = list(dict.fromkeys(["photo", "person", "split", *labels]))
    digest = hashlib.blake2b(digest_size=20)
    for row, content in zip(
        table.frame.select(columns).iter_rows(), scan.frame["digest"].to_list(), strict=True
    ):
        digest.update(repr((row, content)).encode())
    return digest.hexdigest()
