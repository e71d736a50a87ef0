"""A member of a run on disk: weights and a card, enough to predict without the recipe.

`model.safetensors` and `model.json` contain data only: nothing in them is executed.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError, field_validator
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

import maskwise
from maskwise.data.transform import TransformSpec
from maskwise.errors import InputError, in_short
from maskwise.files import atomic_path, read_json, write_text
from maskwise.models.classifier import Classifier, ModelSpec, create_classifier
from maskwise.models.decision import Rule
from maskwise.strict_model import StrictModel
from maskwise.tasks.label_space import LabelSpace

WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "model.json"
SCHEMA = 1


class MemberCard(StrictModel):
    """The content of `model.json`."""

    schema_version: int = SCHEMA
    maskwise: str = maskwise.__version__
    label_space: dict[str, Any]  # with the score's boundaries
    training_boundaries: dict[str, tuple[float, ...]]
    transform: TransformSpec
    model: ModelSpec
    decision: Rule
    commonest_class: int

    @field_validator("schema_version")
    @classmethod
    def _known(cls, version: int) -> int:
        if version != SCHEMA:
            raise ValueError(f"expected schema {SCHEMA}, got {version}: use the version that wrote it")
        return version

    @property
    def space(self) -> LabelSpace:
        """The label space of the predictions."""
        return LabelSpace.from_dict(self.label_space)


@dataclass(frozen=True)
class Member:
    """A classifier in evaluation mode and its card."""

    classifier: Classifier
    card: MemberCard


def save_member(folder: Path, classifier: Classifier, card: MemberCard) -> None:
    """Write weights and card, each atomically, the card last.

    Raises:
        MaskwiseError: when the disk is full or the folder can't be written.
    """
    state = {name: value.detach().cpu().contiguous() for name, value in classifier.state_dict().items()}
    # One entry of metadata: with more, their order, and so the bytes of the file, would differ between runs.
    with atomic_path(folder / WEIGHTS_FILE) as temporary:
        save_file(state, temporary, metadata={"format": "pt"})
    text = card.model_dump_json(indent=2).replace('"schema_version"', '"schema"', 1)
    write_text(folder / CARD_FILE, text + "\n")


def load_card(folder: Path) -> MemberCard:
    """Read `model.json`.

    Raises:
        InputError: when it is missing, broken or of another schema.
    """
    content = read_json(folder / CARD_FILE)
    content["schema_version"] = content.pop("schema", None)
    try:
        card = MemberCard.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"{folder / CARD_FILE}: expected a member of maskwise, got {where}: {first['msg']}."
        ) from error
    if not 0 <= card.commonest_class < card.space.n_classes:
        raise InputError(
            f"{folder / CARD_FILE}: expected commonest_class to be a class, got {card.commonest_class}."
        )
    return card


def load_member(folder: Path, card: MemberCard | None = None) -> Member:
    """Load a member for prediction, on the CPU.

    Args:
        folder: of the member.
        card: its description, where that was read already.

    Raises:
        InputError: when a file is missing or broken, or the weights don't fit the card.
    """
    card = card or load_card(folder)
    path = folder / WEIGHTS_FILE
    if not path.is_file():
        raise InputError(f"Expected {path} to exist, but it does not.")
    blank = card.model.model_copy(update={"weights": "none"})
    classifier, _ = create_classifier(blank, card.space, seed=0)
    try:
        classifier.load_state_dict(load_file(path), strict=True)
    except (SafetensorError, RuntimeError) as error:
        reason = in_short(error)
        raise InputError(f"{path}: expected the weights of {card.model.backbone}, got: {reason}.") from error
    if not all(bool(value.isfinite().all()) for value in classifier.state_dict().values()):
        raise InputError(
            f"{path}: expected finite weights, got some that are no numbers: train the run again."
        )
    return Member(classifier.eval(), card)
