"""Multinomial logistic regression on standardised features, with soft targets and class weights."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float32]

_ITERATIONS = 200
_TOLERANCE = 3e-4
"""Of the gradient of the mean loss, divided by the number of values: below it predicted classes stay the same."""


@dataclass(frozen=True)
class LinearHead:
    """Weights (F, V) and bias (V,): features (N, F) to logits (N, V)."""

    weights: Floats
    bias: Floats

    def logits(self, features: Floats) -> Floats:
        """Logits (N, V) of features (N, F)."""
        return np.asarray(features @ self.weights + self.bias, dtype=np.float32)


@dataclass(frozen=True)
class Standardization:
    """The mean and the standard deviation (F,) of features."""

    mean: Floats
    std: Floats

    @classmethod
    def of(cls, features: Floats) -> "Standardization":
        """Of features (N, F); a feature that never changes is left at zero."""
        return cls(features.mean(axis=0), features.std(axis=0) + np.float32(1e-6))

    def apply(self, features: Floats) -> Floats:
        """Features (N, F) with mean 0 and standard deviation 1."""
        return (features - self.mean) / self.std

    def fold_into(self, head: LinearHead) -> LinearHead:
        """The head that gives the same logits for features as they come."""
        weights = head.weights / self.std[:, None]
        return LinearHead(weights, head.bias - self.mean @ weights)


def class_weights(targets: Floats, balance: float) -> Floats:
    """Weights (V,) of classes: the inverse of their share of the targets (N, V), to the power of `balance`."""
    shares = np.maximum(targets.mean(axis=0), 1 / len(targets))
    return np.asarray((1 / (shares * targets.shape[1])) ** balance, dtype=np.float32)


def fit_linear_head(
    features: Floats, targets: Floats, *, strength: float, balance: float, start: LinearHead | None = None
) -> LinearHead:
    """Minimise weighted cross-entropy with an L2 penalty on the weights, by L-BFGS.

    Args:
        features: standardised (N, F).
        targets: probabilities (N, V).
        strength: inverse of the penalty, scikit-learn's C: the sum of the losses is weighed by it.
        balance: the power of the class weights.
        start: where to begin, such as the solution for a neighbouring strength.
    """
    n_features, n_values = features.shape[1], targets.shape[1]
    sample_weights = targets @ class_weights(targets, balance)
    sample_weights /= sample_weights.sum()
    weighted = targets * sample_weights[:, None]
    penalty = 1 / (strength * len(features))

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        table = flat.reshape(n_features + 1, n_values)
        weights = table[:-1].astype(np.float32)
        logits = features @ weights + table[-1].astype(np.float32)
        logits -= logits.max(axis=1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        residual = np.exp(log_p) * sample_weights[:, None] - weighted
        value = -float((weighted * log_p).sum(dtype=np.float64)) + penalty / 2 * float(
            (table[:-1] ** 2).sum()
        )
        gradient = np.empty_like(table)
        gradient[:-1] = features.T @ residual + penalty * table[:-1]
        gradient[-1] = residual.sum(axis=0, dtype=np.float64)
        return value, gradient.ravel()

    begin = np.zeros((n_features + 1, n_values))
    if start is not None:
        begin[:-1], begin[-1] = start.weights, start.bias
    found = minimize(
        loss,
        begin.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": _ITERATIONS, "gtol": _TOLERANCE / n_values},
    )
    table = found.x.reshape(n_features + 1, n_values).astype(np.float32)
    return LinearHead(table[:-1], table[-1])
