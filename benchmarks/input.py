"""Photos a second from file to a normalised batch, on one core: maskwise beside what the report used, and timm.

    python benchmarks/input.py --data DATA

The transform is the report's: rotation by 10 degrees and centre crop of 450 x 360 in training, resize to 200 x
200, normalise. Each way runs as its users run it, in a process of its own: the others as they come, the package's with
the allocator settings of its training processes. The ways take turns. Needs the extra `test` (torchvision).
"""

import argparse
import json
import os
import statistics
import sys
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
from benchmarks.turns import take_turns
from maskwise.data.decoded_cache import open_cache
from maskwise.data.decoding import reduction_for
from maskwise.data.decoding_pool import load_batches
from maskwise.data.normalization import normalize
from maskwise.data.photo_source import PhotoSource, load_decoded
from maskwise.data.readers.read_data import read_data
from maskwise.data.scan import scan_photos
from maskwise.data.transform import resolution_needed
from maskwise.process_settings import keep_freed_memory
from maskwise.recipes.recipe_files import load_recipe

BATCH = 64
WAYS = {
    "report": "report: PIL + torchvision v1",
    "timm": "timm loader",
    "maskwise": "maskwise",
    "maskwise-cached": "maskwise, decoded cache",
}
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
        for _, (images,) in load_batches(
            batches, lambda row: [source.load(row, epoch)], [source.spec.output_size], workers=1
        ):
            normalize(torch.from_numpy(images), source.spec.normalization)

    return run


def measure(way: str, data: Path, n_photos: int, rounds: int) -> float:
    """Photos a second of one way, in this process, on one core."""
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    spec = load_recipe("report-2021").transform
    table = read_data(data)
    scan = scan_photos(table)
    table = table.keep(scan.usable)
    chosen = np.zeros(len(table), dtype=bool)
    chosen[np.linspace(0, len(table) - 1, min(n_photos, len(table)), dtype=int)] = True
    seen = scan.frame.filter(scan.frame["reason"].is_null()).filter(chosen)
    table = table.keep(chosen)
    run: Way
    if way == "report":
        run = report_way
    elif way == "timm":
        run = timm_way
    else:
        keep_freed_memory()  # as every training process of the package does
        cache, digests = None, seen["digest"].to_list()
        if way == "maskwise-cached":
            sizes = list(zip(seen["height"], seen["width"], strict=True))
            reductions = [reduction_for(size, resolution_needed(spec, size)) for size in sizes]
            cache = open_cache(digests, sizes, reductions, lambda row: load_decoded(table.paths[row], spec))
        run = maskwise_way(PhotoSource(table.photos, table.paths, spec, 0, cache, digests))
    speeds = []
    for epoch in range(rounds + 1):
        begin = time.perf_counter()
        run(table.paths, epoch)
        if epoch:  # the first round warms up
            speeds.append(len(table) / (time.perf_counter() - begin))
    return statistics.median(speeds)


def main() -> None:
    """Print photos a second of each way, and the median of its ratio to the report's, turn by turn."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="a folder in the competition's layout, or a table"
    )
    parser.add_argument("--photos", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--way", choices=tuple(WAYS), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        print(json.dumps(measure(arguments.way, arguments.data, arguments.photos, arguments.rounds)))
        return
    speeds = take_turns(WAYS, arguments.turns)
    print(describe_machine())
    print(
        f"{arguments.photos} photos, one core, {arguments.turns} turns of {arguments.rounds} rounds, medians"
    )
    for way, values in speeds.items():
        ratios = [ours / theirs for ours, theirs in zip(values, speeds["report"], strict=True)]
        print(
            f"{WAYS[way]:30} {statistics.median(values):6.0f} photos/s   {statistics.median(ratios):5.2f} x "
            f"({min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
