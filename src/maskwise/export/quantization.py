"""Post-training quantization to 8-bit integers with NNCF, by several methods from the fastest model to the closest."""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from maskwise.data.decoding import Pixels
from maskwise.export.export_format import FormatModel
from maskwise.export.export_packages import import_for_export, quiet
from maskwise.export.model_operations import (
    first_convolutions,
    n_convolutions,
    operations_after_convolutions,
)


@dataclass(frozen=True)
class QuantizationMethod:
    """How a model is quantized.

    Attributes:
        mixed: whether activations are quantized with an offset, and biases are corrected layer by layer.
        float_depth: how many of the first convolutions stay in floating point; rounding them costs most.
    """

    mixed: bool
    float_depth: int = 0

    def describe(self) -> str:
        """The method in words; the metadata of the exported file have them."""
        words = "layer by layer" if self.mixed else "all at once"
        words += ", weights of 7 bits" if products_overflow() else ""
        return words + (
            f", the first {self.float_depth} convolutions in floating point" if self.float_depth else ""
        )

    def quantizes_anything(self, model: FormatModel) -> bool:
        """Whether any convolution of a model would be quantized."""
        return len(first_convolutions(model, self.float_depth)) < n_convolutions(model)


METHODS = (
    QuantizationMethod(False),
    QuantizationMethod(True),
    QuantizationMethod(True, 4),
    QuantizationMethod(True, 8),
    QuantizationMethod(True, 16),
)
"""Each gives a model that is closer to the original than the one before, and slower."""


def quantize(
    model: FormatModel, photos: Sequence[Sequence[Pixels]], names: Sequence[str], method: QuantizationMethod
) -> FormatModel:
    """A model with 8-bit weights and activations, whose ranges are taken from photos.

    The operations after the last convolution stay in floating point: they take almost no time, and probabilities in
    steps of 1/255 would not add up to 1.

    Args:
        model: of ONNX or OpenVINO.
        photos: for each photo its pixels (1, height, width, 3) for each input.
        names: of the inputs.
        method: how to quantize.
    """
    nncf = import_for_export("nncf")
    in_float = [*first_convolutions(model, method.float_depth), *operations_after_convolutions(model)]
    with quiet():
        return nncf.quantize(
            model,
            nncf.Dataset(list(photos), lambda pixels: dict(zip(names, pixels, strict=True))),
            subset_size=len(photos),
            preset=nncf.QuantizationPreset.MIXED if method.mixed else nncf.QuantizationPreset.PERFORMANCE,
            fast_bias_correction=not method.mixed,
            ignored_scope=nncf.IgnoredScope(names=in_float, validate=False),
            # By default NNCF gives the first layer 7-bit weights on every processor; rounding that layer costs most.
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                overflow_fix=nncf.OverflowFix.ENABLE if products_overflow() else nncf.OverflowFix.DISABLE
            ),
        )


def products_overflow() -> bool:
    """Whether sums of 8-bit products may overflow 16 bits here: on x86 processors that do not report VNNI."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    get_capabilities: Any = getattr(torch.cpu, "get_capabilities", dict)  # missing in older versions of torch
    known = get_capabilities()
    return not (known.get("avx512_vnni") or known.get("avx_vnni"))
