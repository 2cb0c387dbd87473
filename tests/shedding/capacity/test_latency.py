"""How soon things are told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from slac.shedding.capacity.estimate import report
from slac.shedding.capacity.flow import Scene
from slac.shedding.capacity.latency import latencies
from slac.shedding.capacity.walk import walk
from slac.stream.clock import SECOND
from tests.shedding.capacity.plans import CALIBRATION, MACHINE, RATE, plan, source


def test_lateness_the_next_event_and_half_a_window() -> None:
    """A report of ten minutes: half of them from the event on, then the lateness, the next event, and two waves."""
    late = plan(replace(source(), lateness=5 * SECOND))
    told = latencies(late, walk(late, CALIBRATION, Scene()))["availability"]
    assert told.window == 300.0
    assert 5.01 < told.after < 5.3
    assert told.total == pytest.approx(told.after + 300.0)


def test_a_burst_that_waits_is_told_later() -> None:
    """What heaps up at the end of a burst is told when it is its turn."""
    made = report(plan(), CALIBRATION, MACHINE)
    (published,) = made.published
    assert published.block == "availability"
    assert published.burst.after < 1.0
    flood = plan(source(replace(RATE, burst=10_000_000.0)))
    (published,) = report(flood, CALIBRATION, MACHINE).published
    assert published.burst.after > 60.0
