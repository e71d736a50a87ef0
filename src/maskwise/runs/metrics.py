"""The scores of a run or an evaluation, as its metrics file keeps them.

In memory the attributes are a mapping of their own. In the file (schema 1) they lie at the top level, and in each
group next to its counts; reading and writing convert between the two.
"""

from collections.abc import Mapping
from typing import Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from maskwise.runs.stored_model import Part, StoredModel


class Figure(BaseModel):
    """A score with its 95% interval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: float
    ci95: tuple[float, float]


class ClassScore(Part):
    """F1 of one joint class, or of one value of an attribute."""

    name: str
    f1: Figure | None = None
    n_photos: int = 0
    n_persons: int = 0


class AttributeScores(Part):
    """The scores of one attribute; None where no photo has its label."""

    macro_f1: Figure | None = None
    accuracy: Figure | None = None
    per_value: tuple[ClassScore, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()  # rows are labels, columns predictions


class GroupScores(Part):
    """Accuracy inside one group; a group of few persons is counted and not scored."""

    n_photos: int = 0
    n_persons: int = 0
    accuracy: Figure | None = None  # all attributes right
    attributes: dict[str, Figure | None] = Field(default_factory=dict)

    @property
    def is_scored(self) -> bool:
        """Whether the group has persons enough to be scored."""
        return "accuracy" in self.model_fields_set

    @property
    def is_measured(self) -> bool:
        """Whether there is any figure: a scored group whose photos lack labels has none."""
        return self.accuracy is not None or any(self.attributes.values())

    @model_validator(mode="before")
    @classmethod
    def _gather_attributes(cls, content: object) -> object:
        if not isinstance(content, Mapping) or "attributes" in content:
            return content
        attributes = {key: value for key, value in content.items() if key not in cls.model_fields}
        own = {key: value for key, value in content.items() if key in cls.model_fields}
        return own | ({"attributes": attributes} if attributes else {})

    @model_serializer(mode="wrap")
    def _spread_attributes(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content = handler(self)
        attributes = content.pop("attributes", {})
        return {**content, **attributes}


class Gap(Part):
    """The two groups of a column between which accuracy differs most."""

    column: str
    what: str  # an attribute, or all of them together
    best: str
    worst: str
    value: float
    ci95: tuple[float, float]


class Scores(Part):
    """What depends on labels and predictions alone."""

    macro_f1: Figure | None = None
    accuracy: Figure | None = None
    attributes: dict[str, AttributeScores] = Field(default_factory=dict)
    per_class: tuple[ClassScore, ...] = ()
    confusion: tuple[tuple[int, ...], ...] = ()
    groups: dict[str, dict[str, GroupScores]] = Field(default_factory=dict)  # by column, then by value
    gaps: tuple[Gap, ...] = ()
    n_photos: int = 0
    n_persons: int = 0
    few_persons: bool = False  # so few that the intervals are too narrow


class Circumstances(Part):
    """On which photos the scores rest, and how the model behind them was trained."""

    scored_on: str | None = None  # held-out persons, held-out photos, out-of-fold; None: no held-out score
    leaky: bool = False  # persons stand on both sides of the split
    n_trained_on: int = 0  # of an evaluation's photos
    persons_known: bool = True
    data: str | None = None  # of an evaluation
    decision: str | None = None
    chosen_on_these_persons: bool = False  # an epoch or members
    interrupted: bool = False
    epochs: int | None = None
    seconds: float | None = None
    images_per_second: float | None = None
    by_fold: tuple[Figure, ...] = ()
    calibration_error: tuple[float, float] | None = None  # before and after calibration


_FILE_ORDER = (
    "scored_on",
    "leaky",
    "n_trained_on",
    "persons_known",
    "data",
    "decision",
    "chosen_on_these_persons",
    "by_fold",
    "calibration_error",
    *Scores.model_fields,
    "interrupted",
    "epochs",
    "seconds",
    "images_per_second",
    "folds",
)


class Metrics(Circumstances, Scores, StoredModel):
    """The whole file."""

    folds: "Metrics | None" = None  # of a refit on everybody, which has no score of its own: its folds' score

    @classmethod
    def combine(
        cls, circumstances: Circumstances, scores: Scores | None, *, folds: "Metrics | None" = None
    ) -> Self:
        """The metrics of scores under their circumstances; without scores, `macro_f1` says that there is none."""
        parts = (circumstances, scores if scores is not None else Scores(macro_f1=None))
        given = {name: getattr(part, name) for part in parts for name in part.model_fields_set}
        return cls(**given, **({} if folds is None else {"folds": folds}))

    @property
    def has_scores(self) -> bool:
        """Whether anybody was scored."""
        return "accuracy" in self.model_fields_set

    @property
    def measured(self) -> "Metrics":
        """These metrics, or of a refit those of its folds."""
        return self if self.folds is None else self.folds

    @model_validator(mode="before")
    @classmethod
    def _gather_attributes(cls, content: object) -> object:
        if not isinstance(content, Mapping) or "attributes" in content:
            return content
        found = {key: value for key, value in content.items() if _is_attribute(value)}
        attributes = {key: value for key, value in found.items() if key not in cls.model_fields}
        rest = {key: v for key, v in content.items() if key not in attributes and key != "schema"}
        return rest | ({"attributes": attributes} if attributes else {})

    @model_serializer(mode="wrap")
    def _spread_attributes(self, handler: SerializerFunctionWrapHandler) -> dict[str, object]:
        content = handler(self)
        flat: dict[str, object] = {"schema": self.SCHEMA}
        for key in (*_FILE_ORDER, *(key for key in content if key not in _FILE_ORDER)):
            if key == "attributes":
                flat |= content.get(key, {})
            elif key in content:
                flat[key] = content[key]
        return flat


def _is_attribute(value: object) -> bool:
    return isinstance(value, Mapping) and ("per_value" in value or "macro_f1" in value)
