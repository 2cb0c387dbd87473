"""Processor time that may be spent: evenly, never more in a second than there is, and no debt for ever."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from slac.shedding.purse import AT_ONCE, LEAST, OWED, Purse
from slac.stream.clock import SECOND

RATE, BOUND = 0.475, 0.5
WAVE = AT_ONCE * RATE


@dataclass
class Process:
    """Time that passes, and what was used in it."""

    now: int = 0
    used: float = 0.0

    def purse(self) -> Purse:
        """Its own."""
        return Purse(lambda: self.used, rate=RATE, bound=BOUND)


def spend(process: Process, purse: Purse, until: int, cost: float) -> list[tuple[int, float]]:
    """Work off waves of a cost, one behind the other on one core, whenever that may be; when each began."""
    begun = []
    while process.now < until:
        if pause := purse.pause(process.now):
            process.now += max(pause, 1)
            continue
        begun.append((process.now, cost))
        process.now += round(cost * SECOND)
        process.used += cost
    return begun


def test_what_is_there_is_used_evenly() -> None:
    """Under a load without an end all that is aimed at is spent, and no quarter of a second stands still."""
    process = Process()
    begun = spend(process, process.purse(), 10 * SECOND, WAVE)
    assert 0.97 * RATE <= process.used / 10 <= 1.03 * RATE
    for quarter in range(4, 40):
        inside = sum(c for at, c in begun if quarter <= at * 4 / SECOND < quarter + 1)
        assert 0.5 * RATE / 4 <= inside <= 1.6 * RATE / 4


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 30), st.floats(0.001, 0.15), st.floats(0.0, 0.3)), min_size=3, max_size=12))
def test_no_second_takes_more_than_the_budget_and_a_wave(parts: list[tuple[int, float, float]]) -> None:
    """Whatever waves cost, however long nothing came, and whatever else used time before."""
    process, spent = Process(), list[tuple[int, float]]()
    purse = process.purse()
    purse.pause(0)
    for tenths, cost, other in parts:
        process.used += other
        spent.append((process.now, other))
        spent += spend(process, purse, process.now + tenths * SECOND // 10, cost)
        process.now += (tenths % 3) * SECOND // 2
    largest = max(cost for _, cost, _ in parts)
    for at, _ in spent:
        inside = [c for begun, c in spent if at - SECOND < begun <= at]
        others = sum(o for _, _, o in parts)
        assert sum(inside) <= BOUND + largest + others + 1e-6


def test_a_debt_is_soon_forgiven() -> None:
    """What a start, or a change of the plan, has used makes nothing wait longer than until it is a second old."""
    process = Process()
    purse = process.purse()
    purse.pause(0)
    process.now, process.used = 4 * SECOND, 3.0
    purse.pause(process.now)
    process.now += SECOND
    assert purse.pause(process.now) == 0
    process.used += 0.2
    assert 0 < purse.pause(process.now) <= OWED * SECOND


def test_waves_are_as_large_as_a_tenth_of_a_second_pays_for() -> None:
    """By what bytes have cost in the last second; at least half a mebibyte."""
    process = Process()
    purse = process.purse()
    assert purse.most(0) is None
    purse.took(10_000_000)
    process.now, process.used = SECOND // 2, 0.1
    assert purse.most(process.now) == round(WAVE / 1e-8)
    process.used = 100.0
    assert purse.most(process.now) == LEAST
