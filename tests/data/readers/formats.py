"""Small data sets in the layouts that readers know, and a task for them."""

import io
from pathlib import Path

from PIL import Image

from maskwise.tasks.task import Task
from maskwise.tasks.task_file import parse_task
from tests.pictures import picture

KIND = "{name: kind, values: [oak, elm], per: plant}"


def task(attributes: str = KIND, *, group: str = "plant", more: str = "", origin: Path | None = None) -> Task:
    """A task as a file at `origin` declares it."""
    from dataclasses import replace

    text = f"{{schema: 1, name: plants, group: {group}, attributes: [{attributes}]{', ' + more if more else ''}}}"
    return replace(parse_task(text), origin=origin or Path("task.yaml"))


def jpeg(seed: int = 0) -> bytes:
    """A small JPEG."""
    stream = io.BytesIO()
    Image.fromarray(picture(seed, height=64, width=48)).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def write_photo(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(seed))
    return path
