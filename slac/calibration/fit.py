"""Fitting costs: non-negative least squares on relative deviations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slac.shedding.capacity.calibration import TERMS, CostLine, Work

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement: what was done, and the CPU seconds it took."""

    work: Work
    seconds: float


def fit(samples: Sequence[Sample]) -> CostLine:
    """The prices that fit `samples` best; `error` is the mean relative deviation that remains.

    Each sample counts alike whatever its size, since a model must be right for small loads too. No price is negative:
    a term that would be is left out and the rest fitted again (Lawson and Hanson's active set, from its far end).
    """
    matrix = np.array([[getattr(s.work, t) for t in TERMS] for s in samples], dtype=np.float64)
    measured = np.array([s.seconds for s in samples], dtype=np.float64)
    relative = matrix / measured[:, None]
    active = [i for i in range(len(TERMS)) if bool((matrix[:, i] > 0).any())]
    prices = _solve(relative, active)
    while active and min(prices) < 0:
        active.pop(int(np.argmin(_scaled(prices, relative, active))))
        prices = _solve(relative, active)
    named = {TERMS[i]: float(p) for i, p in zip(active, prices, strict=True)}
    predicted = sum((matrix[:, i] * p for i, p in zip(active, prices, strict=True)), np.zeros(len(samples)))
    error = float(np.mean(np.abs(predicted / measured - 1.0))) if len(samples) else 0.0
    return CostLine(**named, error=error, samples=len(samples))


def _solve(relative: Matrix, active: Sequence[int]) -> list[float]:
    if not active:
        return []
    columns = relative[:, list(active)]
    scale = np.maximum(columns.max(axis=0), 1e-300)
    solution, *_ = np.linalg.lstsq(columns / scale, np.ones(len(relative)), rcond=None)
    return [float(p) for p in solution / scale]


def _scaled(prices: Sequence[float], relative: Matrix, active: Sequence[int]) -> Matrix:
    """How much each term contributes at its largest: what is most negative is what fits least."""
    return np.array([p * relative[:, i].max() for p, i in zip(prices, active, strict=True)])
