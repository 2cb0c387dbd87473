"""The whole measurement, over the real operators, in its quick form."""

from __future__ import annotations

import time

from slac.calibration import calibrate
from slac.calibration.calibrate import subject
from slac.calibration.footprint import Footprint, footprint
from slac.shedding.capacity.estimate import report
from slac.shedding.machine import read_machine
from tests.shedding.capacity.plans import KINDS, plan

BARE = Footprint(base_memory=100_000_000, bytes_per_key=100.0, idle_cores=0.005)


def test_every_kind_is_measured() -> None:
    """Each kind that the model asks for has a line, what it is made of has prices, and a report can be made of it."""
    told: list[str] = []
    made = calibrate(timer=time.process_time, quick=True, progress=told.append, own=BARE)
    assert set(made.kinds) == set(KINDS.split())
    measured = [kind for kind, line in made.kinds.items() if line.samples]
    assert len(measured) > len(made.kinds) * 3 / 4
    assert told[0] == "measuring a bare runtime"
    assert report(plan(), made, read_machine()).fits


def test_footprint_of_a_fresh_process() -> None:
    """A bare runtime has tens of megabytes, and its control loop next to no CPU."""
    bare = footprint(subject(whole=True))
    assert 30_000_000 < bare.base_memory < 500_000_000
    assert 0.0 < bare.idle_cores < 0.2
    assert 0.0 <= bare.bytes_per_key < 10_000.0
