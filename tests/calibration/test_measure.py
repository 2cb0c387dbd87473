"""Taking CPU time, with a timer that is told what to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import pytest

from slac.calibration.measure import Trial, measure
from slac.shedding.capacity.calibration import Work


def _timer(durations: Iterator[float]) -> Callable[[], float]:
    """A timer by which the n-th action takes the n-th duration."""
    now, calls = 0.0, count()

    def timer() -> float:
        nonlocal now
        if next(calls) % 2:
            now += next(durations)
        return now

    return timer


def test_lowest_of_the_repeats() -> None:
    """A run that something else disturbed does not count."""
    trial = Trial(kind="k", work=Work(rows=1), prepare=lambda: lambda: None)
    sample = measure(trial, _timer(iter([0.5, 0.3, 0.4])), repeats=3, least=0.1)
    assert sample.seconds == pytest.approx(0.3)


def test_short_work_is_repeated_within_a_run() -> None:
    """Until there is enough for the clock; the mean of a run counts, and each is prepared anew."""
    prepared = count()

    def prepare() -> Callable[[], object]:
        next(prepared)
        return lambda: None

    trial = Trial(kind="k", work=Work(rows=1), prepare=prepare)
    sample = measure(trial, _timer(iter([0.01] * 100)), repeats=1, least=0.05)
    assert sample.seconds == pytest.approx(0.01)
    assert next(prepared) >= 6
