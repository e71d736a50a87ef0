"""8-bit integers in place of floating point: several ways, from the fastest to the closest."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from maskwise.data.decoding import Pixels
from maskwise.export.writers import import_for_export, quiet

_CONVOLUTIONS = ("Conv", "Convolution", "GroupConvolution")


@dataclass(frozen=True)
class Way:
    """How to quantize: what costs most when it is rounded may stay floating point."""

    mixed: bool  # activations get an offset, and biases are corrected layer by layer
    float_depth: int = 0  # convolutions that lie so near to the pixels stay floating point

    def told(self) -> str:
        """In words."""
        words = "layer by layer" if self.mixed else "all at once"
        words += ", weights of 7 bits" if products_overflow() else ""
        return words + (
            f", the first {self.float_depth} convolutions left as they are" if self.float_depth else ""
        )


WAYS = (Way(False), Way(True), Way(True, 4), Way(True, 8), Way(True, 16))
"""Tried in turn until one holds: each is closer to the model than the one before, and slower."""


def quantize(model: Any, photos: Sequence[Sequence[Pixels]], names: Sequence[str], way: Way) -> Any:  # noqa: ANN401
    """Weights and activations as 8-bit integers, their ranges taken from photos (NNCF's post-training quantization).

    What lies behind the convolutions stays floating point: it costs next to no time, and probabilities in steps of
    1/255 would not even add up to 1.

    Args:
        model: OpenVINO's or ONNX's.
        photos: for each photo its pixels (1, height, width, 3), one an input.
        names: of the inputs.
        way: how.
    """
    nncf = import_for_export("nncf")
    left = [*near_pixels(model, way.float_depth), *behind_convolutions(model)]
    with quiet():
        return nncf.quantize(
            model,
            nncf.Dataset(list(photos), lambda pixels: dict(zip(names, pixels, strict=True))),
            subset_size=len(photos),
            preset=nncf.QuantizationPreset.MIXED if way.mixed else nncf.QuantizationPreset.PERFORMANCE,
            fast_bias_correction=not way.mixed,
            ignored_scope=nncf.IgnoredScope(names=left, validate=False),
            # Weights of 7 bits where 8 would overflow, and only there: by default the first layer gets 7
            # everywhere, and it is what costs most.
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                overflow_fix=nncf.OverflowFix.ENABLE if products_overflow() else nncf.OverflowFix.DISABLE
            ),
        )


def products_overflow() -> bool:
    """Whether this processor may add pairs of 8-bit products up in 16 bits: x86 that does not say it has VNNI."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    tell: Any = getattr(torch.cpu, "get_capabilities", dict)  # older versions of torch do not have it
    known = tell()
    return not (known.get("avx512_vnni") or known.get("avx_vnni"))


def leaves_nothing(model: Any, way: Way) -> bool:  # noqa: ANN401
    """Whether a way would leave every convolution in floating point: no 8-bit model at all."""
    return len(near_pixels(model, way.float_depth)) == sum(
        kind in _CONVOLUTIONS for _, kind, _ in operations(model)
    )


def near_pixels(model: Any, depth: int) -> list[str]:  # noqa: ANN401
    """Names of the convolutions with at most `depth` of them, themselves included, on the way from the pixels."""
    found, deep = list[str](), dict[str, int]()
    for name, kind, sources in operations(model):
        deep[name] = max((deep.get(source, 0) for source in sources), default=0) + (kind in _CONVOLUTIONS)
        if kind in _CONVOLUTIONS and deep[name] <= depth:
            found.append(name)
    return found


def behind_convolutions(model: Any) -> list[str]:  # noqa: ANN401
    """Names of the operations that no convolution follows: pooling, the head, probabilities."""
    followed, found = set[str](), list[str]()
    for name, kind, sources in reversed(list(operations(model))):
        if kind in _CONVOLUTIONS or name in followed:
            followed.update(sources)
        else:
            found.append(name)
    return found


def operations(model: Any) -> Iterable[tuple[str, str, list[str]]]:  # noqa: ANN401
    """Name, type and the operations before it, of each operation in an order in which they can be computed."""
    if hasattr(model, "get_ordered_ops"):
        for operation in model.get_ordered_ops():
            before = [
                value.get_source_output().get_node().get_friendly_name() for value in operation.inputs()
            ]
            yield operation.get_friendly_name(), operation.get_type_name(), before
        return
    made: Mapping[str, str] = {output: node.name for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        yield node.name, node.op_type, [made[name] for name in node.input if name in made]
