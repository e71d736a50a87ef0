"""Requests and answers of the service as OpenAPI documents them; the tests compare the service with them."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from maskwise.runs.stored_score import KeptScore

OpenApi = dict[str, Any]
"""A fragment of an OpenAPI document."""
Responses = dict[int | str, OpenApi]
"""Documentation of the answers by status, as FastAPI takes it."""

_PHOTO = {"type": "string", "format": "binary"}

PHOTOS_REQUEST: OpenApi = {
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
    """The reason why a request was refused."""

    error: str


class LabelAnswer(_Answer):
    """One attribute: the predicted value, and the probability of every value."""

    value: str
    probability: float = Field(ge=0, le=1)
    probabilities: dict[str, float]


class PhotoAnswer(_Answer):
    """One photo: its labels, or an error and no labels."""

    name: str
    error: str | None
    joint_class: int | None = Field(
        default=None, alias="class", description="index into `classes` of /v1/model"
    )
    labels: dict[str, LabelAnswer] = Field(default_factory=dict)
    confidence: float | None = Field(default=None, description="probability of the predicted class")
    decision: str | None = None
    note: str | None = Field(
        default=None, description="about the photo, such as that no face was found in it"
    )
    probabilities: list[float] = Field(
        default_factory=list, description="of every class, in the order of /v1/model"
    )


class PredictAnswer(_Answer):
    """An answer for each photo, in the order of the request."""

    model: str
    photos: list[PhotoAnswer]


class ModelLimits(_Answer):
    """Limits on one request."""

    photos: int
    photo_bytes: int
    request_bytes: int


class ModelAnswer(_Answer):
    """The model, its measured score, and its limits of use."""

    name: str
    maskwise: str = Field(description="the version of maskwise")
    weights: str = Field(description="a digest of the run's weights")
    precision: str
    backend: str
    decision: str
    classes: list[str] = Field(description="names of the joint classes, in their order")
    attributes: dict[str, list[str]]
    label_space: dict[str, Any]
    score: KeptScore | None = Field(
        description="macro F1 with its 95% interval, and the persons it was measured on; null where it was not measured"
    )
    limits_of_use: list[str]
    card: str | None = Field(description="the model card, in Markdown")
    explains: bool = Field(description="whether /v1/explain is available")
    limits: ModelLimits


class ExplainAnswer(_Answer):
    """A saliency map (h, w) for each attribute, from 0 to 1."""

    name: str
    maps: dict[str, list[list[float]]]
    seen: tuple[float, float, float, float] = Field(
        description="the area that the maps cover: left, top, width and height as shares of the upright photo"
    )


class Readiness(_Answer):
    """Whether the service accepts photos."""

    ready: bool


REFUSALS: Responses = {
    status: {"model": Refusal, "description": description}
    for status, description in {
        400: "the body can't be parsed as its content type",
        401: "the token is missing or wrong",
        403: "a browser sent it from another site's page, or to another host name",
        408: "the body arrived too slowly",
        413: "the body is too large",
        415: "the content type is not supported",
        422: "no photo, or too many",
        500: "the service failed",
        503: "too many photos are waiting: see the header Retry-After",
    }.items()
}
TOKEN_REFUSAL: Responses = {401: REFUSALS[401], 403: REFUSALS[403]}
METRICS_ANSWER: Responses = {
    200: {
        "content": {"text/plain": {"schema": {"type": "string"}}},
        "description": "metrics in Prometheus' text format",
    },
    **TOKEN_REFUSAL,
}
READINESS_ANSWER: Responses = {
    200: {"model": Readiness, "description": "photos are accepted"},
    503: {"model": Readiness, "description": "the service is starting or stopping"},
}
