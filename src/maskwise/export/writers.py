"""Write a graph as ONNX or for OpenVINO, its metadata inside."""

import contextlib
import copy
import io
import logging
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch

from maskwise.data.transform import TransformSpec
from maskwise.errors import InputError, MaskwiseError, in_short
from maskwise.export.graph import ExportGraph
from maskwise.extras import import_extra
from maskwise.inference.exported import KEY, ExportedCard, exported_parts
from maskwise.inference.openvino_engine import import_openvino

OUTPUT = "probabilities"


def import_for_export(name: str) -> Any:  # noqa: ANN401 - modules that are not always there
    """A package of the extra `export`.

    Raises:
        InputError: when it is not installed.
    """
    return import_extra(name, f"the package {name} to convert a model", "export")


def input_names(transforms: Sequence[TransformSpec]) -> list[str]:
    """The inputs of a model, one for each way of transforming photos."""
    return [f"pixels_{place}" for place in range(len(transforms))]


def to_onnx(graph: ExportGraph) -> Any:  # noqa: ANN401 - ONNX's model is not typed
    """A run's graph as an ONNX model, for any number of photos.

    Raises:
        InputError: when a package is missing, or the backbone can't be converted.
    """
    onnx = import_for_export("onnx")
    import_for_export("onnxscript")
    graph = copy.deepcopy(graph).eval().cpu()  # a copy: the run's own predictor has the same modules
    photos = tuple(torch.zeros((2, *t.output_size, 3), dtype=torch.uint8) for t in graph.transforms)
    n = torch.export.Dim("photos", min=1)
    with tempfile.TemporaryDirectory() as folder, quiet():
        path = Path(folder) / "model.onnx"
        try:
            torch.onnx.export(
                graph,
                photos,
                path,
                dynamo=True,
                external_data=False,
                input_names=input_names(graph.transforms),
                output_names=[OUTPUT],
                dynamic_shapes=(tuple({0: n} for _ in photos),),
            )
        except Exception as error:
            reason = in_short(error)
            raise InputError(
                f"Expected a model that can be converted to ONNX, got: {reason} Use it in PyTorch."
            ) from error
        return onnx.load(str(path))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Exporters tell their steps on stdout and in the log: not in the block."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def write_onnx(model: Any, path: Path, card: ExportedCard) -> None:  # noqa: ANN401
    """Write an ONNX model with its metadata."""
    onnx = import_for_export("onnx")
    del model.metadata_props[:]
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, card.to_text()
    onnx.save(model, str(path))


@contextlib.contextmanager
def staged(path: Path) -> Iterator[Path]:
    """A path of the same name in a hidden folder beside; what lies there when the block ends well moves to `path`.

    An unchecked file thus never lies where somebody may take it.

    Raises:
        MaskwiseError: when the disk is full or the folder can't be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
            stage = Path(folder) / path.name
            yield stage
            # The weights first: a description without them would be no model.
            for source, target in reversed(
                list(zip(exported_parts(stage), exported_parts(path), strict=True))
            ):
                source.replace(target)
    except OSError as error:
        raise _unwritten(path, error.strerror or str(error)) from error


def _unwritten(path: Path, reason: str) -> MaskwiseError:
    return MaskwiseError(f"Expected to write {path}, got {reason}. Free some space or choose another folder.")


def to_openvino(model: Any) -> Any:  # noqa: ANN401 - neither is typed
    """An ONNX model as one of OpenVINO's."""
    onnx, openvino = import_for_export("onnx"), import_openvino()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(model, str(path))
        return openvino.Core().read_model(str(path))


def write_openvino(model: Any, path: Path, card: ExportedCard) -> None:  # noqa: ANN401
    """Write OpenVINO's two files, a description with the metadata and its weights."""
    openvino = import_openvino()
    model.set_rt_info(card.to_text(), KEY)
    for part in exported_parts(path):
        part.unlink(missing_ok=True)  # not written over: a model that was read from it may have it mapped
    try:
        openvino.save_model(model, str(path), compress_to_fp16=False)
    except RuntimeError as error:  # a full disk, say
        raise _unwritten(path, in_short(error)) from error
