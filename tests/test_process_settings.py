import json
import subprocess
import sys

import pytest
import torch

from maskwise.process_settings import compute_threads, keep_freed_memory

MEASURED = """
import resource
import numpy as np
from maskwise.process_settings import give_back_freed_memory, keep_freed_memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20

keep_freed_memory()
begin = resident()
large = [np.ones(2**17) for _ in range(200)]  # 200 MB in megabytes
del large
kept = resident() - begin
give_back_freed_memory()
print(kept, resident() - begin)
"""


def test_freed_memory_is_kept_until_it_is_to_be_given_back() -> None:
    if not keep_freed_memory():
        pytest.skip("only glibc's allocator is set")
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True)
    kept, left = map(float, done.stdout.split())
    assert kept > 150
    assert left < 50


IMPORTED = """
import importlib, json, locale, logging, os, pkgutil, random, signal, sys, threading, warnings

OTHERS = (
    "cv2", "fastapi.testclient", "lightning.pytorch", "lightning.pytorch.loggers", "matplotlib.figure", "numba",
    "numpy", "polars", "prometheus_client", "python_multipart", "rich", "sklearn.linear_model", "timm", "torch",
    "torch.utils.tensorboard", "torchvision", "uvicorn",
)
for name in OTHERS:  # what they change when they are imported is theirs
    importlib.import_module(name)
import cv2, numpy, torch
import maskwise

def state():
    umask = os.umask(0o77)
    os.umask(umask)
    signals = (signal.SIGINT, signal.SIGTERM)
    loggers = logging.root.manager.loggerDict.items()
    return {
        **{f"environment {name}": value for name, value in os.environ.items()},
        "umask": umask,
        "working directory": os.getcwd(),
        "OpenCV threads": cv2.getNumThreads(),
        "torch threads": (torch.get_num_threads(), torch.get_num_interop_threads()),
        "torch type": str(torch.get_default_dtype()),
        "torch modes": (torch.are_deterministic_algorithms_enabled(), torch.backends.cudnn.benchmark),
        "torch seed": torch.initial_seed(),
        "numpy errors": numpy.geterr(),
        "numpy seed": numpy.random.get_state()[1].tolist(),
        "random seed": random.getstate(),
        "signals": [str(signal.getsignal(number)) for number in signals],
        "interpreter": (str(sys.excepthook), list(sys.path), sys.getrecursionlimit()),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "blocked modules": sorted(name for name, module in sys.modules.items() if module is None),
        "warnings": [str(entry) for entry in warnings.filters],
        "logging": (logging.root.level, logging.root.manager.disable, str(logging.root.handlers)),
        "log levels": {n: x.level for n, x in loggers if isinstance(x, logging.Logger) and x.level},
        "locale": locale.setlocale(locale.LC_ALL),
    }

before = state()
modules = [module.name for module in pkgutil.walk_packages(maskwise.__path__, "maskwise.")]
for name in modules:
    importlib.import_module(name)
after = state()
changed = sorted(key for key in before | after if before.get(key) != after.get(key))
print(json.dumps([len(modules), changed]))
"""


def test_importing_any_module_changes_nothing_in_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    n_modules, changed = json.loads(done.stdout.splitlines()[-1])
    assert n_modules > 150
    assert changed == []


@pytest.mark.parametrize("before", ["", "import cv2; cv2.setNumThreads(2)"])
def test_opencv_computes_in_one_thread_whenever_it_is_imported(before: str) -> None:
    script = f"""{before}
from maskwise.process_settings import use_one_opencv_thread
use_one_opencv_thread()
import cv2
print(cv2.getNumThreads())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_compute_threads_are_as_before_after_the_block() -> None:
    before = torch.get_num_threads()
    with pytest.raises(RuntimeError), compute_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        raise RuntimeError
    assert torch.get_num_threads() == before
