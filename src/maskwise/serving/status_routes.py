"""The routes about the service itself: the model, health, readiness, metrics."""

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse

import maskwise
from maskwise.serving.runtime import Runtime
from maskwise.serving.schemas import (
    METRICS_ANSWER,
    READINESS_ANSWER,
    TOKEN_REFUSAL,
    ModelAnswer,
    ModelLimits,
)


def create_status_routes(runtime: Runtime) -> APIRouter:
    """The routes that need the token, where there is one."""
    routes, service = APIRouter(), runtime.service

    @routes.get(
        "/v1/model",
        responses=TOKEN_REFUSAL | {200: {"model": ModelAnswer, "description": "the model"}},
        summary="The model, its measured score, and its limits of use",
    )
    async def model() -> ModelAnswer:
        facts, limits, space = service.facts, service.limits, service.predictor.space
        return ModelAnswer(
            name=facts.name,
            maskwise=maskwise.__version__,
            weights=facts.weights,
            precision=facts.precision,
            backend=service.predictor.engine.backend,
            decision=service.choice.label(),
            classes=list(space.class_names),
            attributes={attribute.label_column: list(attribute.values) for attribute in space.attributes},
            label_space=space.to_dict(),
            score=facts.score,
            limits_of_use=list(facts.limits_of_use),
            card=facts.card,
            explains=runtime.explainer is not None,
            limits=ModelLimits(
                photos=limits.photos, photo_bytes=limits.photo_bytes, request_bytes=limits.request_bytes
            ),
        )

    @routes.get(
        "/metrics",
        summary="Metrics for Prometheus",
        responses=METRICS_ANSWER,
        response_class=PlainTextResponse,
    )
    async def tell_metrics() -> Response:
        runtime.metrics.waiting.set(runtime.batcher.pending if runtime.batcher else 0)
        return Response(runtime.metrics.text(), media_type="text/plain; version=0.0.4")

    return routes


def create_open_routes(runtime: Runtime) -> APIRouter:
    """The routes that never need a token."""
    routes = APIRouter()

    @routes.get("/healthz", summary="Whether the process is alive")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/readyz", summary="Whether photos are accepted", responses=READINESS_ANSWER)
    async def readyz() -> Response:
        return JSONResponse({"ready": runtime.ready}, 200 if runtime.ready else 503)

    return routes
