"""Find the backend that computes a model fastest on this machine, by measuring."""

import time

import numpy as np

from maskwise.errors import InputError, MaskwiseError
from maskwise.export.open_model import BACKENDS, Backend, open_predictor
from maskwise.inference.exported import Model
from maskwise.inference.predictor import Predictor
from maskwise.reporter import Reporter
from maskwise.runs.run import Run

_ROUNDS, _BATCH = 5, 32


def fastest_backend(model: Model, reporter: Reporter) -> tuple[Backend, dict[str, float]]:
    """The backend that computes a model fastest, and the photos per second of each: medians of alternating rounds.

    Args:
        model: a run, or an exported file.
        reporter: receives the reason why a backend can't compute the model.

    Raises:
        InputError: when no backend can compute it.
    """
    backends = BACKENDS if isinstance(model, Run) else BACKENDS[1:]
    predictors: dict[Backend, Predictor] = {}
    reasons = list[str]()
    for backend in backends:
        try:
            predictors[backend] = open_predictor(model, backend)
        except MaskwiseError as error:  # such as a missing package, or a cache that can't be written
            reasons.append(str(error))
    if not predictors:
        raise InputError(reasons[0])
    for reason in dict.fromkeys(reasons):
        reporter.message(reason)
    seconds: dict[Backend, list[float]] = {backend: [] for backend in predictors}
    for _ in range(_ROUNDS):
        for backend, predictor in predictors.items():
            images = [
                np.zeros((_BATCH, *t.output_size, 3), dtype=np.uint8) for t in predictor.engine.transforms
            ]
            begin = time.perf_counter()
            predictor.engine.probabilities(images)
            seconds[backend].append(time.perf_counter() - begin)
    rates = {backend: _BATCH / float(np.median(taken[1:])) for backend, taken in seconds.items()}
    return max(predictors, key=lambda backend: rates[backend]), {str(k): v for k, v in rates.items()}
