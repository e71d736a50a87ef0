"""Read the photos in a request's body. The body stays in memory and is never written to a file."""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from http import HTTPStatus

from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from maskwise.errors import in_short
from maskwise.serving.limits import Limits
from maskwise.serving.refusals import RefusedError

_MARKS_PER_PHOTO = 250
"""Braces, brackets and commas that JSON may have for each photo; names may hold commas."""

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp", "application/octet-stream")


@dataclass(frozen=True)
class Photo:
    """An encoded photo, and the name that its answer carries."""

    name: str
    content: bytes


async def receive_photos(request: Request, limits: Limits, reserve: Callable[[int], None]) -> list[Photo]:
    """The photos of a request: multipart/form-data, JSON with base64, or one photo as the body.

    Args:
        request: whose body is read.
        limits: of the service.
        reserve: called with the size of each chunk before it is kept; see `MemoryBudget`.

    Raises:
        BusyError: by `reserve`, when no memory is left.
        RefusedError: when the body is too large, too slow, of an unknown type, or can't be parsed as its type.
    """
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limits.request_bytes:
        raise _too_large(limits)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        async with asyncio.timeout(limits.receive_seconds):
            if kind == "multipart/form-data":
                photos = await _from_form(request, limits, reserve)
            elif kind == "application/json":
                photos = _from_json(await _body(request, limits, reserve), limits)
            elif kind in IMAGE_TYPES:
                photos = [Photo("photo", await _body(request, limits, reserve))]
            else:
                raise RefusedError(
                    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                    f"Expected multipart/form-data, application/json, or a photo ({', '.join(IMAGE_TYPES[:3])}), got "
                    f"{kind[:80] or 'nothing'!r}.",
                )
    except TimeoutError as error:
        raise RefusedError(
            HTTPStatus.REQUEST_TIMEOUT, f"Expected the request within {limits.receive_seconds:g} s."
        ) from error
    except ClientDisconnect as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "Expected the whole request, got a part of it.") from error
    if not 0 < len(photos) <= limits.photos:
        raise _wrong_number(limits, str(len(photos)))
    return photos


def _wrong_number(limits: Limits, got: str) -> RefusedError:
    return RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, f"Expected 1 to {limits.photos} photos, got {got}.")


def _too_large(limits: Limits) -> RefusedError:
    return RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"Expected a request of at most {limits.request_bytes / 1e6:g} MB, got a larger one.",
    )


async def _stream(
    request: Request, limits: Limits, reserve: Callable[[int], None]
) -> AsyncGenerator[bytes, None]:
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limits.request_bytes:  # the header Content-Length may be wrong or missing
            raise _too_large(limits)
        reserve(len(chunk))
        yield chunk


async def _body(request: Request, limits: Limits, reserve: Callable[[int], None]) -> bytes:
    return b"".join([chunk async for chunk in _stream(request, limits, reserve)])


async def _from_form(request: Request, limits: Limits, reserve: Callable[[int], None]) -> list[Photo]:
    # By default files of more than a megabyte are written to the disk.
    parser = MultiPartParser(
        request.headers, _stream(request, limits, reserve), max_files=limits.photos, max_fields=16
    )
    parser.spool_max_size = limits.request_bytes + 1
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError, AssertionError) as error:
        if str(error).startswith("Too many files"):
            raise _wrong_number(limits, "more") from error
        raise RefusedError(
            HTTPStatus.BAD_REQUEST, f"Expected multipart/form-data, got: {in_short(error)}."
        ) from error
    try:
        return [
            Photo(_name(part.filename or "photo"), await part.read())
            for _, part in form.multi_items()
            if not isinstance(part, str)
        ]
    finally:
        await form.close()


def _from_json(body: bytes, limits: Limits) -> list[Photo]:
    # Parsing blocks all other requests, so that JSON with far more parts than its photos need is refused unparsed.
    if sum(map(body.count, (b"{", b"[", b","))) > _MARKS_PER_PHOTO * (limits.photos + 1):
        raise RefusedError(
            HTTPStatus.BAD_REQUEST,
            f"Expected JSON with at most {limits.photos} photos, got more parts than those need.",
        )
    try:
        content = json.loads(body)
        listed = content.get("photos") if isinstance(content, dict) else None
        if not isinstance(listed, list):
            raise TypeError("no object with a list of photos")
        if len(listed) > limits.photos:
            raise _wrong_number(limits, str(len(listed)))
        return [_from_entry(entry, place) for place, entry in enumerate(listed, start=1)]
    except (ValueError, TypeError, RecursionError) as error:
        raise RefusedError(
            HTTPStatus.BAD_REQUEST,
            'Expected JSON such as {"photos": [{"name": "a.jpg", "content": "<base64>"}]}, '
            f"got: {in_short(error)}.",
        ) from error


def _from_entry(entry: object, place: int) -> Photo:
    if not isinstance(entry, dict):
        raise TypeError(f"photo {place} is no object")
    name, content = entry.get("name", f"photo {place}"), entry.get("content")
    if not isinstance(name, str) or not isinstance(content, str):
        raise TypeError(f"name or content of photo {place} is no text")
    try:
        return Photo(_name(name), base64.b64decode("".join(content.split()), validate=True))
    except binascii.Error as error:
        raise ValueError(f"content of photo {place} is no base64 ({error})") from error


def _name(given: str) -> str:
    """At most 200 characters that can be encoded: JSON may hold a lone half of a surrogate pair."""
    return given[:200].encode("utf-8", "replace").decode()
