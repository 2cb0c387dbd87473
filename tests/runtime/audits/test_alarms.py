"""The queue of due instants: nothing rings late, nothing twice."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.runtime.audits.alarms import ALARM, Alarms
from slac.runtime.audits.slots import NEVER, Slots


def queue(keys: int) -> tuple[Slots, Alarms]:
    """A directory of some keys, and its alarms."""
    slots = Slots({"k": pl.Int64()}, {ALARM: NEVER})
    slots.find(pl.DataFrame({"k": list(range(keys))}))
    return slots, Alarms(slots)


def test_what_is_armed_sooner_rings_once() -> None:
    """The later entry is not valid any more."""
    _, alarms = queue(1)
    only = np.array([0])
    alarms.arm(only, np.array([50]))
    alarms.arm(only, np.array([20]))
    alarms.arm(only, np.array([70]))

    assert alarms.lowest() == 20
    assert [alarms.take(t).tolist() for t in (19, 20, 100)] == [[], [0], []]


def test_never_arms_nothing() -> None:
    """A queue without entries has no lowest."""
    _, alarms = queue(1)
    alarms.arm(np.array([0]), np.array([NEVER]))

    assert alarms.lowest() is None


steps = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 30)), min_size=1, max_size=60)


@given(steps, st.integers(1, 5))
def test_each_rings_at_its_earliest_instant(entries: list[tuple[int, int]], pace: int) -> None:
    """Against a dict of the earliest instants, with a restore in between."""
    slots, alarms = queue(10)
    meant: dict[int, int] = {}
    for now, (slot, ahead) in enumerate(entries):
        alarms.arm(np.array([slot]), np.array([now + ahead]))
        meant[slot] = min(meant.get(slot, NEVER), now + ahead)
        if now % pace == 0:
            alarms = Alarms(slots)
            alarms.rearm()
            due = sorted(s for s, t in meant.items() if t <= now)
            assert alarms.take(now).tolist() == due
            meant = {s: t for s, t in meant.items() if t > now}
    assert (alarms.lowest() or NEVER) <= min(meant.values(), default=NEVER)
