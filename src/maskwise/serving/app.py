"""The service: photos in by HTTP, labels out; nothing that was sent is kept, logged or written."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import numpy as np
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from fastapi.security import HTTPBearer

import maskwise
from maskwise.data.decoding import PhotoError
from maskwise.inference.decision import Choice
from maskwise.inference.predictor import Predictor
from maskwise.models.member import Member
from maskwise.reporting.pages import render_page
from maskwise.serving.batching import Batcher
from maskwise.serving.bounded_decoding import PixelGate
from maskwise.serving.limits import BusyError, Limits, Room
from maskwise.serving.metrics import ServiceMetrics
from maskwise.serving.middleware import guard, refusal
from maskwise.serving.request_parsing import receive_photos
from maskwise.serving.response import tell_photo
from maskwise.serving.saliency import Explainer
from maskwise.serving.schemas import (
    METRICS_ANSWER,
    PHOTOS_REQUEST,
    READINESS_ANSWER,
    REFUSALS,
    TOKEN_REFUSAL,
    ExplainAnswer,
    ModelAnswer,
    PredictAnswer,
    Refusal,
)

_PAGE_POLICY = (
    "default-src 'none'; img-src 'self' blob: data:; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; "
    "connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Service:
    """What is served, and how."""

    predictor: Predictor
    choice: Choice
    about: dict[str, Any]  # name, score, limits of use: what /v1/model says beside label space and version
    explained: Member | None = None  # whose looks are shown; none for an exported file
    limits: Limits = field(default_factory=Limits)
    token: str | None = None
    hosts: tuple[str, ...] | None = None  # by which names it may be asked; None: by any


def create_app(service: Service) -> FastAPI:
    """The application; `/docs` and other pages that load from elsewhere are left out, `/openapi.json` is there."""
    limits, metrics = service.limits, ServiceMetrics()
    state: dict[str, Any] = {}
    room, gate = Room(limits.memory_bytes), PixelGate(limits.pixels)
    explainer = Explainer(service.explained, limits, gate) if service.explained else None

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        del app
        batcher = Batcher(service.predictor.engine, limits, gate, metrics.batches.observe)
        warm = [np.zeros((1, *t.output_size, 3), np.uint8) for t in service.predictor.engine.transforms]
        await asyncio.to_thread(service.predictor.engine.probabilities, warm)
        state["batcher"] = batcher
        yield
        del state["batcher"]
        await asyncio.to_thread(batcher.close)

    app = FastAPI(
        title="maskwise",
        version=maskwise.__version__,
        description="Mask, gender and age band from photos of people. Nothing that is sent is kept.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # behind a proxy it would lead somewhere else
        lifespan=life,
    )

    guard(app, metrics, limits, service.token, service.hosts)
    # Said on the OpenAPI page; `guard` is what asks for it.
    locked = [Depends(HTTPBearer(auto_error=False))] if service.token else []

    @app.post(
        "/v1/predict",
        dependencies=locked,
        openapi_extra=PHOTOS_REQUEST,
        responses=REFUSALS | {200: {"model": PredictAnswer, "description": "an answer for each photo"}},
        summary="Label one or more photos",
    )
    async def predict(request: Request) -> Response:
        """One photo as the body, several as multipart/form-data, or JSON with base64.

        A photo that can't be read has an `error` in its place; the others are answered.
        """
        if "batcher" not in state:
            raise BusyError
        batcher: Batcher = state["batcher"]
        with room.visit() as take:
            photos = await receive_photos(request, limits, take)
            try:
                async with asyncio.timeout(limits.answer_seconds):
                    told = await batcher.predict([photo.content for photo in photos])
            except TimeoutError as error:
                raise BusyError from error
        rows = [
            tell_photo(photo.name, row, service.predictor.space, service.choice)
            for photo, row in zip(photos, told, strict=True)
        ]
        for row in rows:
            metrics.photos.labels("unreadable" if row["error"] else "answered").inc()
        return JSONResponse({"model": service.about["name"], "photos": rows})

    @app.post(
        "/v1/explain",
        dependencies=locked,
        openapi_extra=PHOTOS_REQUEST,
        responses=REFUSALS
        | {
            200: {"model": ExplainAnswer, "description": "where the model looked"},
            404: {"model": Refusal, "description": "an exported file is served, which can't tell"},
        },
        summary="Where the model looked",
    )
    async def explain(request: Request) -> Response:
        """For one photo and each attribute a coarse map (h, w) from 0 to 1, by Grad-CAM.

        A map covers what the model sees of the photo: `seen`. It speaks for the value that the model finds likeliest;
        of an ensemble its first member is asked.
        """
        if explainer is None:
            return refusal(
                HTTPStatus.NOT_FOUND, "Expected a run to show where it looks, but an exported file is served."
            )
        with room.visit() as take:
            (photo, *more) = await receive_photos(request, limits, take)
            if more:
                return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "Expected one photo.")
            try:
                looks = await explainer.explain(photo.content)
            except PhotoError as error:
                return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Expected a photo, got: {error}.")
        return JSONResponse({"name": photo.name, "maps": looks.maps, "seen": looks.seen})

    @app.get(
        "/v1/model",
        dependencies=locked,
        responses=TOKEN_REFUSAL | {200: {"model": ModelAnswer, "description": "the model"}},
        summary="What the model is, what it was measured to be, and what it is not for",
    )
    async def model() -> dict[str, Any]:
        space = service.predictor.space
        return service.about | {
            "maskwise": maskwise.__version__,
            "backend": service.predictor.engine.backend,
            "decision": service.choice.label(),
            "classes": list(space.class_names),
            "attributes": {a.label_column: list(a.values) for a in space.attributes},
            "explains": service.explained is not None,
            "limits": {
                "photos": limits.photos,
                "photo_bytes": limits.photo_bytes,
                "request_bytes": limits.request_bytes,
            },
        }

    @app.get("/healthz", summary="Whether the process lives")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", summary="Whether photos are taken", responses=READINESS_ANSWER)
    async def readyz() -> Response:
        ready = "batcher" in state and state["batcher"].works
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    @app.get(
        "/metrics",
        dependencies=locked,
        summary="For Prometheus",
        responses=METRICS_ANSWER,
        response_class=PlainTextResponse,
    )
    async def tell_metrics() -> Response:
        metrics.waiting.set(state["batcher"].inside if "batcher" in state else 0)
        return Response(metrics.text(), media_type="text/plain; version=0.0.4")

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> Response:
        nonce = secrets.token_urlsafe(16)
        html = render_page("try.html.j2", "maskwise.serving", nonce=nonce, locked=service.token is not None)
        return HTMLResponse(html, headers={"Content-Security-Policy": _PAGE_POLICY.format(nonce=nonce)})

    return app
