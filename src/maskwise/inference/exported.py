"""An exported file and its metadata: label space, transforms, calibration, version, and how it was checked."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

import maskwise
from maskwise.data.transform import TransformSpec
from maskwise.errors import InputError
from maskwise.models.decision import Rule
from maskwise.models.tuned_decision import TunedDecision
from maskwise.runs.run import Run, open_run
from maskwise.runs.stored_score import KeptScore
from maskwise.strict_model import StrictModel
from maskwise.tasks.label_space import LabelSpace

KEY = "maskwise"
"""Under which the metadata lie: `metadata_props` of ONNX, `rt_info` of OpenVINO."""

SUFFIXES = {".onnx": "onnx", ".xml": "openvino"}
NAMES = ("model.onnx", "model.xml")
"""The names that are looked for in a folder; int8 files have others, so that nobody uses one by accident."""
INT8_STEM = "model-int8"


class Check(StrictModel):
    """How an exported file compares with the run it was made of, on photos it had not seen where there are such."""

    photos: int
    persons: int
    scored_on: str
    same_class: float  # share of the photos
    largest_difference: float  # of a probability
    macro_f1_difference: float | None = None  # exported minus run
    ci95: tuple[float, float] | None = None


class ExportedCard(StrictModel):
    """The metadata of an exported file."""

    schema_version: Literal[1] = 1
    maskwise: str = maskwise.__version__
    name: str
    label_space: dict[str, Any]
    values: dict[
        str, tuple[str, ...]
    ]  # of each attribute, in the order of the joint classes: for readers that know no label space
    transforms: tuple[TransformSpec, ...]  # one an input: pixels_0, pixels_1, ...
    decision: Rule
    commonest_class: int
    face_detector: str | None = None  # what the transforms' face_crop needs beside the file; None without one
    precision: Literal["fp32", "int8"] = "fp32"
    quantized: str | None = None  # how, where it is int8: the first way that held
    tuned: TunedDecision | None = None
    weights: str  # digest of the run's
    check: Check | None = None
    score: KeptScore | None = None
    model_card: str | None = None  # the run's MODEL_CARD.md; a run that is only converted has its own

    @property
    def space(self) -> LabelSpace:
        """The label space that predictions are in."""
        return LabelSpace.from_dict(self.label_space)

    def to_text(self) -> str:
        """As it is kept in a file."""
        return self.model_dump_json(by_alias=True)


Shape = tuple[int | None, ...]
"""Of a tensor; None where any number will do."""


def parse_card(text: str | None, path: Path, inputs: Sequence[Shape], output: Shape) -> ExportedCard:
    """Read an exported file's metadata, and check that they describe a model with these shapes.

    Raises:
        InputError: when there are none, or they are not as expected.
    """
    if not text:
        raise InputError(
            f"{path}: expected a model that maskwise has exported, got one without its metadata."
        )
    try:
        card = ExportedCard.model_validate(json.loads(text))
        space = card.space
    except (InputError, ValidationError, ValueError, AttributeError, TypeError, RecursionError) as error:
        first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise InputError(f"{path}: expected the metadata of an exported model, got: {first}.") from error
    if not 0 <= card.commonest_class < space.n_classes or not card.transforms:
        raise InputError(f"{path}: expected metadata of a model with classes and transforms, got others.")
    if card.values != {a.label_column: a.values for a in space.attributes}:
        raise InputError(f"{path}: expected metadata with the values of their label space, got others.")
    if card.tuned is not None and len(card.tuned.class_weights) != space.n_classes:
        raise InputError(f"{path}: expected metadata with a weight for each class, got others.")
    expected = [(None, *transform.output_size, 3) for transform in card.transforms]
    if list(inputs) != expected or output != (None, space.n_classes):
        raise InputError(
            f"{path}: expected inputs {expected} and an output {(None, space.n_classes)} as its metadata say, "
            f"got {list(inputs)} and {output}."
        )
    return card


@dataclass(frozen=True)
class ExportedFile:
    """An exported model on disk."""

    path: Path
    kind: str  # onnx or openvino

    @cached_property
    def identity(self) -> str:
        """A digest of its content."""
        digest = hashlib.blake2b(digest_size=16)
        for path in exported_parts(self.path):
            if path.is_file():
                digest.update(path.read_bytes())
        return digest.hexdigest()


def exported_parts(path: Path) -> list[Path]:
    """The files of an exported model: OpenVINO keeps weights beside the description, ONNX has one file."""
    return [path, path.with_suffix(".bin")] if SUFFIXES[path.suffix.lower()] == "openvino" else [path]


def exported_file(path: Path) -> ExportedFile | None:
    """The exported model that a path names, itself or as its folder; None for anything else, such as a run.

    Raises:
        InputError: when the path ends like an exported model and does not exist.
    """
    if (path / "members").is_dir():  # a run, whatever else lies there
        return None
    if path.suffix.lower() in SUFFIXES and not path.is_dir():
        if not path.is_file():
            raise InputError(f"Expected {path} to be an exported model, but it does not exist.")
        return ExportedFile(path, SUFFIXES[path.suffix.lower()])
    for name in NAMES:
        if (path / name).is_file():
            return ExportedFile(path / name, SUFFIXES[Path(name).suffix])
    for suffix in SUFFIXES:
        if (unasked := path / f"{INT8_STEM}{suffix}").is_file():
            raise InputError(
                f"Expected {path} to hold {' or '.join(NAMES)}, got int8 only: name {unasked} to use it."
            )
    return None


Model = Run | ExportedFile
"""What predicts."""


def open_model(path: Path) -> Model:
    """Open a run or an exported model; nothing heavy is imported.

    Raises:
        InputError: when there is neither.
    """
    return exported_file(path) or open_run(path)
