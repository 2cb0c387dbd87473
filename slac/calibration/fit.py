"""Fitting prices: non-negative least squares on relative deviations, over all kinds of cost at once.

Deviations are taken beside the mean of what was measured and predicted, so that twice as much is as far off as half.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from slac.calibration.samples import Sample
from slac.shedding.capacity.calibration import TERMS, CostLine

Matrix = npt.NDArray[np.float64]
ROUNDS: Final = 4_000
"""Passes over all prices: far more than it takes until they stand still."""
SMALL: Final = 1e-5
"""A step that changes nothing any more, as a share of what all measurements weigh."""
REPEATS: Final = 6
"""Fits, each weighted by what the one before predicted."""
FIRMNESS: Final = 1e-6
"""How much a price that nothing is known of is drawn to nothing, beside one measurement."""


def fit(samples: Sequence[Sample]) -> dict[str, CostLine]:
    """The prices that fit `samples` best, by kind; `error`: the mean relative deviation where it is most of a sample.

    Each sample counts alike whatever its size, since a model must be right for small loads too. No price is negative.
    """
    names = sorted({(kind, term) for s in samples for kind, work in s.work for term in TERMS if getattr(work, term)})
    places = {name: i for i, name in enumerate(names)}
    matrix = np.zeros((len(samples), len(names)))
    for row, sample in enumerate(samples):
        for kind, work in sample.work:
            for term in TERMS:
                if amount := getattr(work, term):
                    matrix[row, places[kind, term]] += amount / sample.seconds
    prices = _not_negative(matrix)
    for _ in range(REPEATS):
        # Beside what was measured alone, to say nothing would never be far off; beside both it is.
        weights = 1.0 / np.sqrt(np.maximum(matrix @ prices, 0.05))
        prices = _not_negative(matrix * weights[:, None], weights)
    lines: dict[str, dict[str, float]] = defaultdict(dict)
    for (kind, term), price in zip(names, prices, strict=True):
        lines[kind][term] = float(price)
    errors = _errors(samples, names, matrix * prices)
    return {
        kind: CostLine(**line, error=float(np.mean(errors[kind])) if errors[kind] else 0.0, samples=len(errors[kind]))
        for kind, line in lines.items()
    }


def _not_negative(matrix: Matrix, wanted: Matrix | None = None) -> Matrix:
    """X ≥ 0 with the least |matrix · x − wanted|² (ones unless given), coordinate by coordinate."""
    aim = np.ones(len(matrix)) if wanted is None else wanted
    scale = np.maximum(np.sqrt((matrix**2).sum(axis=0)), 1e-300)
    scaled = matrix / scale
    gram = scaled.T @ scaled + FIRMNESS * np.eye(len(scale))
    x = np.zeros(len(scale))
    slope = -(scaled.T @ aim)
    for _ in range(ROUNDS):
        largest = 0.0
        for i in range(len(x)):
            step = max(x[i] - slope[i] / gram[i, i], 0.0) - x[i]
            if step:
                x[i] += step
                slope += step * gram[:, i]
                largest = max(largest, abs(step))
        if largest < SMALL:
            break
    return np.asarray(x / scale, dtype=np.float64)


def _errors(samples: Sequence[Sample], names: Sequence[tuple[str, str]], shares: Matrix) -> dict[str, list[float]]:
    """Relative deviations of samples, by the kind that makes the most of what is predicted."""
    errors: dict[str, list[float]] = defaultdict(list)
    for row in range(len(samples)):
        by_kind: dict[str, float] = defaultdict(float)
        for (kind, _), share in zip(names, shares[row], strict=True):
            by_kind[kind] += share
        most = max(by_kind, key=lambda k: by_kind[k])
        errors[most].append(abs(sum(by_kind.values()) - 1.0))
    return errors
