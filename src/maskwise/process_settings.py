"""Settings of the whole process: threads, allocator, telemetry, log levels.

Entry points apply them (the command line, training, creating a predictor); importing a module changes nothing.
"""

import ctypes
import logging
import os
import platform
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_TELEMETRY_SWITCHES = {"MLFLOW_DISABLE_TELEMETRY": "true", "RAY_USAGE_STATS_ENABLED": "0"}
_TELEMETRY_MODULE = "openvino_telemetry"
"""NNCF and OpenVINO report every conversion with it, and work without it where it is missing."""

_M_TRIM_THRESHOLD = -1
_M_TOP_PAD = -2
_M_MMAP_MAX = -4


def prepare_process() -> None:
    """Set what training and prediction need: OpenCV in one thread, and an allocator that keeps freed memory."""
    use_one_opencv_thread()
    keep_freed_memory()


def use_one_opencv_thread() -> None:
    """Let OpenCV compute in the calling thread: photos are spread over threads already."""
    os.environ["OPENCV_FOR_THREADS_NUM"] = (
        "1"  # for an import that is still to come, here or in a child process
    )
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(1)


def set_compute_threads(threads: int) -> None:
    """Set how many threads torch computes with on a CPU."""
    import torch  # not loaded by commands that compute nothing

    torch.set_num_threads(threads)


@contextmanager
def compute_threads(threads: int) -> Iterator[None]:
    """Set how many threads torch computes with inside the block."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def forbid_telemetry() -> None:
    """Keep optional packages from reporting usage, unless the user has set their switches or imported the reporter."""
    for name, value in _TELEMETRY_SWITCHES.items():
        os.environ.setdefault(name, value)
    sys.modules.setdefault(_TELEMETRY_MODULE, None)  # type: ignore[arg-type]


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Hide Lightning's advice and banners inside the block, but not its errors."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric", "lightning")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"lightning\..*")
        warnings.filterwarnings("ignore", module=r"torch\.utils\.tensorboard.*")
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def keep_freed_memory() -> bool:
    """Let glibc keep freed memory, for the whole process; it costs memory, so only what runs a network needs it.

    On a CPU a training step frees and allocates hundreds of megabytes of activations; by default each allocation
    goes through mmap and is zeroed page by page, which takes a third of the time. Without glibc nothing is done.

    Returns:
        Whether the settings were accepted.
    """
    if not _is_glibc():
        return False
    mallopt = ctypes.CDLL(None).mallopt
    settings = ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 256 * 2**20))
    return all(mallopt(option, value) == 1 for option, value in settings)


def give_back_freed_memory() -> None:
    """Return freed memory to the system once: after something far larger than the usual load."""
    if _is_glibc():
        ctypes.CDLL(None).malloc_trim(0)


def _is_glibc() -> bool:
    return platform.system() == "Linux" and platform.libc_ver()[0] == "glibc"
