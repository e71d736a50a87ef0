"""The FastAPI application of a service: photos in by HTTP, labels out. No photo is kept, logged or written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

import maskwise
from maskwise.errors import MaskwiseError
from maskwise.inference.engine import NO_PROBABILITIES, invalid_rows
from maskwise.serving.batching import Batcher
from maskwise.serving.middleware import add_middleware
from maskwise.serving.photo_routes import create_photo_routes
from maskwise.serving.refusals import add_error_handlers
from maskwise.serving.runtime import Runtime, create_runtime
from maskwise.serving.service import Service
from maskwise.serving.status_routes import create_open_routes, create_status_routes
from maskwise.serving.try_page import create_page_route


def create_app(service: Service) -> FastAPI:
    """The application, with `/openapi.json` but without FastAPI's own pages, which load scripts from elsewhere."""
    runtime = create_runtime(service)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        runtime.batcher = await _start(runtime)
        yield
        batcher, runtime.batcher = runtime.batcher, None
        await asyncio.to_thread(batcher.close)

    app = FastAPI(
        title="maskwise",
        version=maskwise.__version__,
        description="Mask, gender and age band from photos of people. Nothing that is sent is kept.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # behind a proxy the redirection would lead to a wrong address
        lifespan=lifespan,
    )
    add_middleware(app, runtime.metrics, service.token, service.hosts)
    add_error_handlers(app, service.limits)
    # For the OpenAPI page; the middleware is what checks the token.
    locked = [Depends(HTTPBearer(auto_error=False))] if service.token else []
    app.include_router(create_photo_routes(runtime), dependencies=locked)
    app.include_router(create_status_routes(runtime), dependencies=locked)
    app.include_router(create_open_routes(runtime))
    app.include_router(create_page_route(locked=service.token is not None))
    return app


async def _start(runtime: Runtime) -> Batcher:
    """Start the batcher, after a first prediction, which takes longer than those that follow."""
    service = runtime.service
    engine, finder = service.predictor.engine, service.predictor.face_finder
    batcher = Batcher(engine, service.limits, runtime.pixels, runtime.metrics.batches.observe, finder)
    blank = [np.zeros((1, *transform.output_size, 3), np.uint8) for transform in engine.transforms]
    rows = await asyncio.to_thread(engine.probabilities, blank)
    if invalid_rows(rows).any():
        raise MaskwiseError(f"Expected a model that can be served, but {NO_PROBABILITIES}.")
    return batcher
