"""Open a run or an exported file for prediction, in the backend that is asked for, given, or measured to be fastest."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from maskwise.errors import InputError
from maskwise.inference.allocator import keep_freed_memory
from maskwise.inference.engine import Engine
from maskwise.inference.exported import ExportedFile, exported_file
from maskwise.inference.members import member_folders
from maskwise.inference.onnx_engine import OnnxEngine
from maskwise.inference.openvino_engine import OpenVinoEngine
from maskwise.inference.predictor import Predictor
from maskwise.inference.torch_engine import TorchEngine, default_device
from maskwise.models.ensemble import EnsembleSpec, load_ensemble
from maskwise.models.member import Member, load_member

Backend = Literal["torch", "onnxruntime", "openvino"]
BACKENDS: tuple[Backend, ...] = ("torch", "onnxruntime", "openvino")
_ROUNDS, _BATCH = 5, 32


def load_members(run: Path) -> list[Member]:
    """The members of a run.

    Raises:
        InputError: when the run has no member, its files are broken, or members tell other classes apart.
    """
    folders = member_folders(run)
    members = [load_member(folder) for folder in folders]
    for folder, member in zip(folders, members, strict=True):
        if member.card.space.class_names != members[0].card.space.class_names:
            raise InputError(f"Expected {folder} to have the classes of {folders[0]}, got others.")
    return members


def load_predictor(run: Path, device: torch.device | None = None) -> Predictor:
    """The predictor of a run, all its members in PyTorch, on a GPU where there is one.

    Raises:
        InputError: when the run has no member, its files are broken, or members tell other classes apart.
    """
    members = load_members(run)
    return create_predictor(members, load_ensemble(run, len(members)), device)


def create_predictor(
    members: Sequence[Member], ensemble: EnsembleSpec | None = None, device: torch.device | None = None
) -> Predictor:
    """The predictor of members at hand, in PyTorch, on a GPU where there is one; by default their mean."""
    keep_freed_memory()
    return Predictor(members[0].card, TorchEngine(members, device or default_device(), ensemble))


def open_predictor(path: Path, backend: Backend | None = None) -> Predictor:
    """The predictor of a run or of an exported file.

    Args:
        path: a run folder, an exported file, or the folder it lies in.
        backend: what computes; by default PyTorch for a run, and for an exported file the backend it was made for.

    Raises:
        InputError: when there is no such model, or the backend can't compute it or is not installed.
    """
    exported = exported_file(path)
    if exported is None:
        if backend not in (None, "torch"):
            raise InputError(
                f"Expected an exported file for --backend {backend}, got {path}: maskwise export {path} --to onnx "
                "--out DIR makes one."
            )
        return load_predictor(path)
    if backend == "torch":
        raise InputError(f"Expected a run for --backend torch, got the exported file {exported.path}.")
    engine = _engine(exported, backend or ("onnxruntime" if exported.kind == "onnx" else "openvino"))
    return Predictor(engine.card, engine)


def _engine(
    exported: ExportedFile, backend: Backend, threads: int | None = None
) -> OnnxEngine | OpenVinoEngine:
    if backend == "openvino":
        return OpenVinoEngine(exported.path, threads)
    if exported.kind != "onnx":
        raise InputError(
            f"Expected an ONNX file for --backend onnxruntime, got {exported.path}: export --to onnx makes one."
        )
    return OnnxEngine(exported.path, threads)


def fastest_backend(path: Path) -> tuple[Backend, dict[str, float]]:
    """The backend that computes an exported file fastest here, and photos a second of each, in turns, medians.

    Raises:
        InputError: when no backend can compute it.
    """
    exported = exported_file(path)
    if exported is None:
        return "torch", {}
    engines: dict[Backend, Engine] = {}
    reasons = []
    for backend in BACKENDS[1:]:
        try:
            engines[backend] = _engine(exported, backend)
        except InputError as error:
            reasons.append(str(error))
    if not engines:
        raise InputError(reasons[0])
    seconds: dict[Backend, list[float]] = {backend: [] for backend in engines}
    for _ in range(_ROUNDS):
        for backend, engine in engines.items():
            images = [np.zeros((_BATCH, *t.output_size, 3), dtype=np.uint8) for t in engine.transforms]
            begin = time.perf_counter()
            engine.probabilities(images)
            seconds[backend].append(time.perf_counter() - begin)
    rates = {backend: _BATCH / float(np.median(taken[1:])) for backend, taken in seconds.items()}
    return max(engines, key=lambda backend: rates[backend]), {str(k): v for k, v in rates.items()}
