"""How long nothing is taken in above the hard memory limit."""

from __future__ import annotations

from slac.shedding.memory import LONGEST, MemoryHold

BUDGET = 400_000_000
HARD = 0.95 * BUDGET
RELEASE = 0.92 * BUDGET


def _held(hold: MemoryHold, used: float, seconds: float, queued: int = 0) -> float:
    """Seconds of so many for which it holds, at a level of memory."""
    steps = [hold.step(int(used), queued, BUDGET, HARD, RELEASE, 0.25) for _ in range(round(seconds * 4))]
    return sum(steps) / 4


def test_memory_that_does_not_fall_holds_for_a_second() -> None:
    """What is taken then goes where that was which has been worked off."""
    hold = MemoryHold()
    assert _held(hold, 0.94 * BUDGET, 1) == 0
    assert _held(hold, 0.97 * BUDGET, 60) == 1.0


def test_what_is_queued_is_worked_off_first() -> None:
    """It would be added; but a queue that does not move is no reason either."""
    hold = MemoryHold()
    assert _held(hold, 0.97 * BUDGET, 3, queued=BUDGET // 10) == 3
    assert _held(hold, 0.97 * BUDGET, 60, queued=BUDGET // 10) == 1.0


def test_growth_begins_it_anew_and_for_longer() -> None:
    """A state that only grows is let grow ever more slowly; and while it grows, nothing is taken in."""
    hold = MemoryHold()
    spans = [_held(hold, (0.95 + 0.03 * n) * BUDGET, 120) for n in range(8)]
    assert spans == [min(2.0**n, LONGEST) for n in range(8)]
    growing = MemoryHold()
    assert all(_held(growing, (0.95 + 0.01 * n) * BUDGET, 0.25) for n in range(20))


def test_it_ends_when_memory_has_fallen() -> None:
    """And all is as if it had never been: the next time it begins at the hard limit."""
    hold = MemoryHold()
    assert _held(hold, 0.97 * BUDGET, 0.5) == 0.5
    assert _held(hold, 0.91 * BUDGET, 10) == 0
    assert _held(hold, 0.95 * BUDGET, 60) == 1.0
