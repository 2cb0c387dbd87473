"""Runtimes under a clock that moves by what they take."""

from __future__ import annotations

from itertools import count, pairwise

import pytest

from slac.calibration.calibrate import subject
from slac.calibration.feeds import feeds
from slac.calibration.samples import samples
from slac.calibration.world import START, WAVE, World, come, senders_first


def _world(*, whole: bool, rate: float, step: float = 1e-5) -> World:
    ticks = count()
    makers = feeds()
    return World(subject(whole=whole), makers, dict.fromkeys(makers, rate), lambda: next(ticks) * step)


def test_senders_come_first() -> None:
    """What the edge sends is in central before central works its wave."""
    assert senders_first(subject(whole=False)) == ["edge", "central"]


@pytest.mark.parametrize("whole", [False, True])
def test_all_that_comes_in_goes_through(*, whole: bool) -> None:
    """So many events as the rate says, over links too; what is measured has work by the model for every node."""
    world = _world(whole=whole, rate=100.0, step=1e-4)
    world.run(5.0)
    rows = {i: n for r in world.runtimes.values() for i, n in r.core.flow.rows.items()}
    assert rows["wide"] == pytest.approx(500, rel=0.05)
    assert {"sums", "quantiles", "slow"} <= {i for i, n in rows.items() if n}
    assert world.latencies["all_of_it"]
    assert all(r.waves > 10 and r.tallies[WAVE].calls == r.waves for r in world.runtimes.values())
    found = samples(world, {i: n / 5.0 for i, n in rows.items()}, 5.0)
    assert len(found) > 40
    assert all(s.work and s.seconds > 0 for s in found)


def test_events_come_evenly_but_keep_no_step() -> None:
    """One in each gap, at another place in each; however finely it is looked, none twice and none too few."""
    counts = [come(n / 100) for n in range(100_000)]
    assert all(0 <= after - before <= 1 for before, after in pairwise(counts))
    assert all(n <= come(float(n)) <= n + 1 for n in range(1_000))
    places = [n % 100 for n in range(1, 100_000) if counts[n] > counts[n - 1]]
    assert min(places.count(p) for p in range(100)) > 5


def test_the_clock_moves_by_what_work_takes() -> None:
    """Where each call takes ten milliseconds, waves are few and long."""
    quick, slow = _world(whole=True, rate=50.0), _world(whole=True, rate=50.0, step=1e-2)
    for world in (quick, slow):
        world.run(2.0)
        assert world.now >= START + 2_000_000
    assert slow.runtimes["all"].waves < quick.runtimes["all"].waves
    slow.reset()
    assert slow.runtimes["all"].used == 0.0
    assert not slow.latencies
