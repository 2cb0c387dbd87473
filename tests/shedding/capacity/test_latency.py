"""How soon things are told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from slac.shedding.capacity.calibration import CostLine
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


def test_time_goes_on_without_events_that_do_not_come() -> None:
    """One event an hour: after `idle` the input promises, and the window is told."""
    rare = plan(replace(source(replace(RATE, normal=1 / 3_600)), idle=2 * SECOND))
    told = latencies(rare, walk(rare, CALIBRATION, Scene()))["availability"]
    assert 1.9 < told.after < 2.3


def test_the_wave_in_which_a_window_ends_is_a_long_one() -> None:
    """What mostly waits in front of a window is worked on then: it is told later by that."""
    dear = replace(CALIBRATION, kinds={**CALIBRATION.kinds, "window.final": CostLine(exprs=0.5)})
    plain, slow = (latencies(plan(), walk(plan(), c, Scene()))["availability"] for c in (CALIBRATION, dear))
    assert slow.after > plain.after + 0.4


def test_a_burst_that_waits_is_told_later() -> None:
    """What heaps up at the end of a burst is told when it is its turn."""
    made = report(plan(), CALIBRATION, MACHINE)
    (published,) = made.published
    assert published.block == "availability"
    assert published.burst.after < 1.0
    flood = plan(source(replace(RATE, burst=10_000_000.0)))
    (published,) = report(flood, CALIBRATION, MACHINE).published
    assert published.burst.after > 60.0
