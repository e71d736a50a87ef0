"""What all pages are made with: templates that escape what is put in, and small pictures inside the page."""

import base64
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from maskwise.data.decoding import PhotoError, Pixels, decode_for, read_photo

_WIDEST = 3
"""A picture's width over its height, at the most: a strip of a photo must not push the rest off the page."""


def render_page(template: str, *packages: str, **content: object) -> str:
    """A page from a template of these packages, or of those that `maskwise.reporting` has for all.

    What is put in is escaped, and a name that the template knows and the content does not is an error.
    """
    return _environment(packages).get_template(template).render(**content)


@cache
def _environment(packages: tuple[str, ...]) -> Environment:
    """Made once: it keeps its templates compiled, and a service renders one for every visitor."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package) for package in (*packages, "maskwise.reporting")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = lambda score: f"{score.value:.3f}"
    environment.filters["span"] = lambda score: f"{score.ci95[0]:.3f} to {score.ci95[1]:.3f}"
    environment.filters["thousands"] = lambda number: f"{number:,}"
    return environment


def small_jpeg(path: Path, height: int) -> bytes:
    """A photo as a JPEG of a height, upright; a very wide one is cut short.

    Raises:
        PhotoError: when the photo can't be read.
    """
    pixels = decode_for(read_photo(path), lambda size: height / size[0]).pixels
    pixels = pixels[:, : _WIDEST * pixels.shape[0]]
    width = max(1, round(pixels.shape[1] * height / pixels.shape[0]))
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return _jpeg(np.asarray(small, dtype=np.uint8))


def _jpeg(pixels: Pixels) -> bytes:
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), quality=80, colorsubsampling="420"))


def small_picture(path: Path, height: int) -> str:
    """A photo as a data: address of a height; empty for one that can't be read."""
    try:
        return _address(small_jpeg(path, height))
    except PhotoError:
        return ""


def picture_address(pixels: Pixels) -> str:
    """Pixels (height, width, 3) as a JPEG in a data: address."""
    return _address(_jpeg(pixels))


def _address(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
