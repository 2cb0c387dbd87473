"""What waits for what at the door of a runtime, beside a count of evenly spaced events."""

from __future__ import annotations

import math
from statistics import fmean
from typing import Final

import pytest

from slac.plan.waiting import AWAITED, LINGER
from slac.shedding.capacity.arrivals import carried, idle_time, mean_wait

STEPS: Final = 4_000


def _carried(gap: float, pause: float, patience: float) -> float:
    """The mean over moments at which the first event comes behind the end of a window."""
    short, waits = min(AWAITED, pause), []
    for n in range(STEPS):
        comes = gap * (n + 0.5) / STEPS
        again = short if comes <= LINGER else pause
        waits.append(patience if comes > patience else max(short, comes + again if comes > short else 0.0))
    return fmean(waits)


@pytest.mark.parametrize("gap", [0.001, 0.02, 0.12, 0.5, 4.0])
@pytest.mark.parametrize("pause", [0.004, 0.05, 0.15])
@pytest.mark.parametrize("patience", [1.0, 10.0])
def test_the_end_of_a_window_waits_for_the_next_event(gap: float, pause: float, patience: float) -> None:
    """At any moment as likely; the shortest wait is that of gathering, the longest patience."""
    assert carried(gap, pause, patience) == pytest.approx(_carried(gap, pause, patience), rel=0.01)


def test_without_patience_nothing_is_waited_for() -> None:
    """An input that promises at once carries its windows by itself."""
    assert carried(60.0, 0.15, 0.0) == 0.0


@pytest.mark.parametrize(("gap", "pause", "cost"), [(0.001, 0.05, 0.004), (0.02, 0.07, 0.003), (0.013, 0.15, 0.03)])
def test_an_event_waits_for_its_wave(gap: float, pause: float, cost: float) -> None:
    """Beside even events and pauses of many lengths about the same mean: how often waves come, and the mean wait."""
    waits, at, free, waves = [], 0, 0.0, 0
    while at < 50 * STEPS:
        waves += 1
        begins = max(at * gap, free) + pause * (0.8 + 0.4 * (waves * 0.618 % 1.0))
        taken = math.floor(begins / gap) + 1
        waits += [begins - n * gap for n in range(at, taken)]
        at, free = taken, begins + cost
    assert free / waves == pytest.approx(pause + cost + idle_time(gap, cost), rel=0.02)
    assert mean_wait(gap, pause, cost) == pytest.approx(fmean(waits), rel=0.05)


def test_events_far_apart_wait_for_the_pause_alone() -> None:
    """Each has a wave of its own."""
    assert mean_wait(4.0, 0.02, 0.001) == pytest.approx(0.02, rel=0.01)
