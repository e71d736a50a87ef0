"""Photos a second from file to a normalised batch, on one core: maskwise beside what the report used, and timm.

    python benchmarks/input.py --data DATA

The transform is the report's: rotation by 10 degrees and centre crop of 450 x 360 in training, resize to 200 x
200, normalise. Every way takes the same photos, in turn, several rounds in one run; medians are printed, and
ratios against the report's way. Needs the extra `test` (torchvision).
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from timm.data import ImageDataset, create_loader
from torchvision import transforms

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.machine import describe_machine
from maskwise.data.cache import open_cache
from maskwise.data.decoding import reduction_for
from maskwise.data.loading import load_batches
from maskwise.data.normalization import normalize
from maskwise.data.photos import PhotoSource, load_decoded
from maskwise.data.reading import read_data
from maskwise.data.scan import scan_photos
from maskwise.data.transform import resolution_needed
from maskwise.training.allocator import keep_freed_memory
from maskwise.training.recipe_files import load_recipe

BATCH = 64
Way = Callable[[list[Path], int], None]


def report_way(paths: list[Path], epoch: int) -> None:
    """PIL and torchvision's v1 transforms, as the report's code had it."""
    del epoch
    transform = transforms.Compose(
        [
            transforms.RandomRotation(10),
            transforms.CenterCrop((450, 360)),
            transforms.Resize((200, 200)),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    for start in range(0, len(paths), BATCH):
        batch = []
        for path in paths[start : start + BATCH]:
            with Image.open(path) as image:
                batch.append(transform(image.convert("RGB")))
        torch.stack(batch)


def timm_way(paths: list[Path], epoch: int) -> None:
    """Timm's own data set and loader with its default training transform (another transform, the same size)."""
    del epoch
    dataset = ImageDataset(str(paths[0].parents[1]))
    dataset.reader.samples = [(str(path), 0) for path in paths]
    loader = create_loader(
        dataset,
        (3, 200, 200),
        BATCH,
        is_training=True,
        use_prefetcher=False,
        num_workers=0,
        device=torch.device("cpu"),
        persistent_workers=False,
    )
    for _ in loader:
        pass


def maskwise_way(source: PhotoSource) -> Way:
    """The package's own path, with one thread."""

    def run(paths: list[Path], epoch: int) -> None:
        rows = list(range(len(paths)))
        batches = (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))
        for _, images in load_batches(
            batches, lambda row: source.load(row, epoch), source.spec.output_size, workers=1
        ):
            normalize(torch.from_numpy(images), source.spec.normalization)

    return run


def main() -> None:
    """Print photos a second of each way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="a folder in the competition's layout, or a table"
    )
    parser.add_argument("--photos", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()  # as in a training process; all ways here have it
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    spec = load_recipe("report-2021").transform
    table = read_data(arguments.data)
    scan = scan_photos(table)
    table = table.keep(scan.usable)
    chosen = np.zeros(len(table), dtype=bool)
    chosen[np.linspace(0, len(table) - 1, min(arguments.photos, len(table)), dtype=int)] = True
    seen = scan.frame.filter(scan.frame["reason"].is_null()).filter(chosen)
    table = table.keep(chosen)
    sizes = list(zip(seen["height"], seen["width"], strict=True))
    digests = seen["digest"].to_list()
    plain = PhotoSource(table.photos, table.paths, spec, seed=0)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MASKWISE_CACHE"] = folder
        cache = open_cache(
            digests,
            sizes,
            [reduction_for(size, resolution_needed(spec, size)) for size in sizes],
            lambda row: load_decoded(table.paths[row], spec),
        )
        cached = PhotoSource(table.photos, table.paths, spec, 0, cache, digests)
        ways: dict[str, Way] = {
            "report: PIL + torchvision v1": report_way,
            "timm loader": timm_way,
            "maskwise": maskwise_way(plain),
            "maskwise, decoded cache": maskwise_way(cached),
        }
        speeds: dict[str, list[float]] = {name: [] for name in ways}
        for epoch in range(arguments.rounds + 1):
            for name, way in ways.items():
                begin = time.perf_counter()
                way(table.paths, epoch)
                if epoch:  # the first round warms up
                    speeds[name].append(len(table) / (time.perf_counter() - begin))
    print(describe_machine())
    height, width = sizes[0]
    print(f"{len(table)} photos of {width} x {height}, one core, {arguments.rounds} rounds in turn, medians")
    reference = speeds["report: PIL + torchvision v1"]
    for name, values in speeds.items():
        ratio = statistics.median(a / b for a, b in zip(values, reference, strict=True))
        print(f"{name:32} {statistics.median(values):8.0f} photos/s   {ratio:5.2f} x")


if __name__ == "__main__":
    main()
