"""Weights and configuration of a repository of the Hugging Face hub, downloaded once; safetensors only."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from huggingface_hub import hf_hub_download

from maskwise.data.transform import Rgb
from maskwise.errors import InputError, in_short
from maskwise.models.backbones.weights_source import HUB_PREFIX

_CONFIG, _WEIGHTS = "config.json", "model.safetensors"


@dataclass(frozen=True)
class HubWeights:
    """A weights file, and what the repository says it was trained with; None where it says nothing."""

    path: Path
    size: tuple[int, int] | None
    mean: Rgb | None
    std: Rgb | None


def download_weights(source: str, architecture: str) -> HubWeights:
    """The weights that `hf-hub:OWNER/NAME` names.

    Args:
        source: the name, its prefix included; a revision may follow behind an `@`.
        architecture: timm's name of the backbone that they are for.

    Raises:
        InputError: when they can't be downloaded, are not in safetensors, or are another architecture's.
    """
    repository, _, revision = source.removeprefix(HUB_PREFIX).partition("@")
    try:
        config, weights = (
            Path(hf_hub_download(repository, name, revision=revision or None)) for name in (_CONFIG, _WEIGHTS)
        )
    except Exception as error:
        raise InputError(
            f"Expected to download {_CONFIG} and {_WEIGHTS} of {source}, got: {in_short(error)}. "
            "Connect once, or give a .safetensors file."
        ) from error
    return read_hub_config(config, weights, source, architecture)


def read_hub_config(config: Path, weights: Path, source: str, architecture: str) -> HubWeights:
    """What timm's `config.json` says about a weights file.

    Raises:
        InputError: when it is broken, or of another architecture.
    """
    try:
        content: dict[str, Any] = json.loads(config.read_text(encoding="utf-8"))
        named = content["architecture"]
        trained_with = content.get("pretrained_cfg", content)  # older files have everything at the top
        size = trained_with.get("input_size")
        mean, std = trained_with.get("mean"), trained_with.get("std")
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise InputError(f"{source}: expected timm's {_CONFIG}, got: {error!r}.") from error
    if named != architecture:
        raise InputError(
            f"{source}: expected the weights of {architecture}, got {named}: set model.backbone."
        )
    return HubWeights(weights, tuple(size[1:]) if size else None, _rgb(mean), _rgb(std))


def _rgb(values: list[float] | None) -> Rgb | None:
    return None if values is None else (float(values[0]), float(values[1]), float(values[2]))
