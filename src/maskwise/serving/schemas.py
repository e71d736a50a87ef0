"""What the service's OpenAPI page says of requests and answers; the tests hold the service to it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from maskwise.runs.stored_score import KeptScore

_PHOTO = {"type": "string", "format": "binary"}

PHOTOS_REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "image/jpeg": {"schema": _PHOTO},
            "image/png": {"schema": _PHOTO},
            "image/webp": {"schema": _PHOTO},
            "application/octet-stream": {"schema": _PHOTO},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["photos"],
                    "properties": {"photos": {"type": "array", "items": _PHOTO, "minItems": 1}},
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["photos"],
                    "properties": {
                        "photos": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "type": "object",
                                "required": ["content"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "content": {"type": "string", "format": "byte"},
                                },
                            },
                        }
                    },
                }
            },
        },
    }
}


class _Answer(BaseModel):
    model_config = ConfigDict(populate_by_name=True, extra="forbid")


class Refusal(_Answer):
    """Why a request was not answered."""

    error: str


class LabelAnswer(_Answer):
    """One attribute: the value that was decided on, and the probability of every value."""

    value: str
    probability: float = Field(ge=0, le=1)
    probabilities: dict[str, float]


class PhotoAnswer(_Answer):
    """One photo: its labels, or its error alone."""

    name: str
    error: str | None
    joint_class: int | None = Field(default=None, alias="class", description="by the order of /v1/model")
    labels: dict[str, LabelAnswer] = Field(default_factory=dict)
    confidence: float | None = Field(default=None, description="probability of the decided class")
    decision: str | None = None
    probabilities: list[float] = Field(default_factory=list, description="of every class")


class PredictAnswer(_Answer):
    """The photos in the order in which they were sent."""

    model: str
    photos: list[PhotoAnswer]


class ModelLimits(_Answer):
    """What a request may hold."""

    photos: int
    photo_bytes: int
    request_bytes: int


class ModelAnswer(_Answer):
    """What the model is, what it was measured to be, and what it is not for."""

    name: str
    maskwise: str = Field(description="version")
    weights: str = Field(description="a digest of the run's")
    precision: str
    backend: str
    decision: str
    classes: list[str] = Field(description="in the order of the joint classes")
    attributes: dict[str, list[str]]
    label_space: dict[str, Any]
    score: KeptScore | None = Field(
        description="macro F1 with its 95% interval, and on whom; null: unmeasured"
    )
    limits_of_use: list[str]
    card: str | None = Field(description="MODEL_CARD.md")
    explains: bool = Field(description="whether /v1/explain answers")
    limits: ModelLimits


class ExplainAnswer(_Answer):
    """For each attribute a map (h, w), from 0 to 1."""

    name: str
    maps: dict[str, list[list[float]]]
    seen: tuple[float, float, float, float] = Field(
        description="what the maps cover: left, top, width and height as shares of the upright photo"
    )


class Readiness(_Answer):
    """Whether photos are taken."""

    ready: bool


REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refusal, "description": description}
    for status, description in {
        400: "the body is not what its type says",
        401: "the token is missing or wrong",
        403: "a browser sends it from another site's page, or by another name",
        408: "the body came too slowly",
        413: "the body is too large",
        415: "the body is of another type",
        422: "no photo, or too many",
        500: "the service failed",
        503: "too many photos wait: see Retry-After",
    }.items()
}
TOKEN_REFUSAL: dict[int | str, dict[str, Any]] = {401: REFUSALS[401], 403: REFUSALS[403]}
METRICS_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/plain": {"schema": {"type": "string"}}},
        "description": "Prometheus' text format",
    },
    **TOKEN_REFUSAL,
}
READINESS_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"model": Readiness, "description": "photos are taken"},
    503: {"model": Readiness, "description": "not yet, or not any more"},
}
