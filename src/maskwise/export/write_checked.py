"""Write an exported file, compare it with its run, and write the outcome into its metadata."""

from dataclasses import dataclass
from pathlib import Path

from maskwise.export.check_photos import CheckPhotos
from maskwise.export.compare_with_run import compare_with_run
from maskwise.export.export_format import ExportFormat, FormatModel
from maskwise.inference.exported import Check, ExportedCard
from maskwise.inference.predictor import Predictor


@dataclass(frozen=True)
class Target:
    """The file to write, its metadata, and the photos to check it on."""

    path: Path
    format: ExportFormat
    card: ExportedCard
    photos: CheckPhotos


def write_checked(model: FormatModel, target: Target, quantized: str | None = None) -> Check:
    """Write a model and how its predictions compare with the run's.

    Args:
        model: in the target's format.
        target: what is written where.
        quantized: how the model was quantized.
    """
    target.format.write(model, target.path, target.card)
    engine = target.format.open_engine(target.path)
    actual = Predictor(engine.card, engine).predict_all(target.photos.paths)
    check = compare_with_run(target.photos, actual, target.card.space, target.card.decision)
    card = target.card.model_copy(update={"check": check, "quantized": quantized})
    target.format.write(model, target.path, card)
    return check
