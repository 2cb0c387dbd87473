"""When a queue stands."""

from __future__ import annotations

from slac.shedding.controller import Controller
from slac.shedding.depths import Depths
from slac.shedding.offers import InputLoad
from slac.shedding.readings import Reading, ResolvedBudget
from slac.stream.clock import SECOND

STEP = SECOND // 4


def _looked(depths: Depths, rate: int, waiting: float, steps: range) -> None:
    for n in steps:
        depths.look(n * STEP, {"a": InputLoad(seen=n * rate // 4, kept=n * rate // 4, waiting=waiting)})


def test_what_melts_does_not_stand() -> None:
    """A queue of less than a quarter of a second at any look of the last one."""
    depths = Depths()
    _looked(depths, 1_000, 400.0, range(5))
    assert not depths.stands("a", 4 * STEP)
    _looked(depths, 1_000, 400.0, range(5, 7))
    assert depths.stands("a", 6 * STEP)
    _looked(depths, 1_000, 200.0, range(7, 8))
    assert not depths.stands("a", 7 * STEP)


def test_a_runtime_that_rests_says_nothing_of_its_pace() -> None:
    """While its plan is changed, records wait, and senders are not pressed back for it."""
    depths = Depths()
    _looked(depths, 0, 400.0, range(20))
    assert not depths.stands("a", 19 * STEP)


def test_a_standing_queue_is_bounded_although_nothing_is_dropped() -> None:
    """Before it is taken for a machine that gives less, what waits is no more than half a second."""
    controller = Controller(ResolvedBudget(cpu_cores=1.0, memory_bytes=1 << 30))
    decided = []
    for n in range(10):
        load = InputLoad(seen=n * 2_500, kept=n * 2_500, cost=1e-5, waiting=min(n * 5_000.0, 50_000.0))
        decided.append(controller.decide(Reading(at=n * STEP, cpu_cores=0.1, memory_bytes=1), {"a": load}))
    assert all(d.depths == {} for d in decided[:4])
    assert decided[-1].depths == {"a": 5_000.0}
