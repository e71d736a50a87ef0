"""The routes that take photos: `/v1/predict` and `/v1/explain`."""

import asyncio
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from maskwise.data.decoding import PhotoError
from maskwise.serving.decoding_budget import photos_cost
from maskwise.serving.limits import BusyError
from maskwise.serving.refusals import refusal
from maskwise.serving.request_parsing import receive_photos
from maskwise.serving.response import create_photo_answer
from maskwise.serving.runtime import Runtime
from maskwise.serving.schemas import PHOTOS_REQUEST, REFUSALS, ExplainAnswer, PredictAnswer, Refusal


def create_photo_routes(runtime: Runtime) -> APIRouter:
    """The routes of one application."""
    routes, service = APIRouter(), runtime.service

    @routes.post(
        "/v1/predict",
        openapi_extra=PHOTOS_REQUEST,
        responses=REFUSALS | {200: {"model": PredictAnswer, "description": "an answer for each photo"}},
        summary="Predict the labels of one or more photos",
    )
    async def predict(request: Request) -> Response:
        """Send one photo as the body, several as multipart/form-data, or JSON with base64.

        A photo that can't be read gets an `error`; the other photos of the request are answered.
        """
        batcher = runtime.running_batcher()
        with runtime.memory.reservation() as reserve:
            photos = await receive_photos(request, service.limits, reserve)
            contents = [photo.content for photo in photos]
            cost = await asyncio.to_thread(photos_cost, contents, service.limits)
            try:
                with runtime.decoding.reserve(_client(request), cost):
                    async with asyncio.timeout(service.limits.answer_seconds):
                        predictions = await batcher.predict(contents)
            except TimeoutError as error:
                raise BusyError from error
        answers = [
            create_photo_answer(photo.name, prediction, service.predictor.space, service.choice)
            for photo, prediction in zip(photos, predictions, strict=True)
        ]
        for answer in answers:
            runtime.metrics.photos.labels("unreadable" if answer.error else "answered").inc()
        # What was not set is left out: a photo that can't be read has an error and nothing else.
        content = PredictAnswer(model=service.facts.name, photos=answers)
        return JSONResponse(content.model_dump(mode="json", by_alias=True, exclude_unset=True))

    @routes.post(
        "/v1/explain",
        openapi_extra=PHOTOS_REQUEST,
        responses=REFUSALS
        | {
            200: {"model": ExplainAnswer, "description": "saliency maps"},
            404: {"model": Refusal, "description": "not available: an exported file is served"},
        },
        summary="Show where the model looked",
    )
    async def explain(request: Request) -> Response:
        """Send one photo; the answer has a coarse map (h, w) from 0 to 1 for each attribute, by Grad-CAM.

        A map explains the value with the highest probability. It covers the part of the photo that the model sees:
        `seen`. Of an ensemble the first member is explained.
        """
        if runtime.explainer is None:
            return refusal(
                HTTPStatus.NOT_FOUND, "Expected a run to show where it looks, but an exported file is served."
            )
        with runtime.memory.reservation() as reserve:
            (photo, *more) = await receive_photos(request, service.limits, reserve)
            if more:
                return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "Expected one photo.")
            try:
                cost = await asyncio.to_thread(photos_cost, [photo.content], service.limits)
                with runtime.decoding.reserve(_client(request), cost):
                    saliency = await runtime.explainer.explain(photo.content)
            except PhotoError as error:
                return refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"Expected a photo, got: {error}.")
        return JSONResponse({"name": photo.name, "maps": saliency.maps, "seen": saliency.seen})

    return routes


def _client(request: Request) -> str:
    """The address that a request comes from; behind a proxy that is the proxy's."""
    return request.client.host if request.client else ""
