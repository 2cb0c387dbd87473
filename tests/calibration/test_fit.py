"""Fitting prices to measurements."""

from __future__ import annotations

import pytest

from slac.calibration.fit import fit
from slac.calibration.samples import Sample
from slac.shedding.capacity.calibration import CostLine, Work


def _line(samples: list[Sample]) -> CostLine:
    return fit(samples)["k"]


def _samples(noise: float) -> list[Sample]:
    samples = []
    for number, (batches, rows, groups) in enumerate(
        [(1, 10, 5), (10, 1_000, 20), (5, 50_000, 100), (3, 3_000, 3_000), (1, 200_000, 10), (20, 400, 400)]
    ):
        seconds = (1e-3 * batches + 2e-7 * rows + 5e-6 * groups) * (1 + noise * (-1) ** number)
        work = Work(batches=batches, rows=rows, groups=groups)
        samples.append(Sample(of=str(number), work=(("k", work),), seconds=seconds))
    return samples


def test_exact_prices_are_found() -> None:
    """Without noise the line is the truth, and its error is nothing."""
    line = _line(_samples(0.0))
    assert (line.batches, line.rows, line.groups) == pytest.approx((1e-3, 2e-7, 5e-6), rel=1e-3)
    assert line.error == pytest.approx(0.0, abs=1e-3)
    assert line.samples == 6


def test_noise_shows_in_the_error() -> None:
    """A fifth up and down leaves about a fifth."""
    assert 0.05 < _line(_samples(0.2)).error < 0.25


def test_no_price_is_negative() -> None:
    """Where more rows took less time, rows are free and the rest is fitted again."""
    samples = [
        Sample(of="few", work=(("k", Work(batches=1, rows=10)),), seconds=1.1e-3),
        Sample(of="many", work=(("k", Work(batches=1, rows=100_000)),), seconds=0.9e-3),
    ]
    line = _line(samples)
    assert line.rows == 0.0
    assert line.batches == pytest.approx(1e-3, rel=0.02)


def test_terms_that_never_occur_are_free() -> None:
    """What was not done cannot be priced."""
    assert _line(_samples(0.0)).bytes == 0.0


def test_kinds_that_come_together_are_told_apart_by_those_that_do_not() -> None:
    """One node does a and b, another a alone: what is left of the first is the price of b."""
    a, b = ("a", Work(rows=100)), ("b", Work(rows=100))
    found = fit([Sample(of="1", work=(a, b), seconds=3e-3), Sample(of="2", work=(a,), seconds=1e-3)])
    assert (found["a"].rows, found["b"].rows) == pytest.approx((1e-5, 2e-5), rel=1e-3)
