"""What waits for what at the door of a runtime: events for a wave, and the end of a window for an event behind it.

Events are taken to come evenly, `gap` seconds one behind the other, at no known moment beside waves and windows. A
runtime gathers for `pause` after the first that it finds, and then works for `cost`.
"""

from __future__ import annotations

from slac.plan.waiting import AWAITED, LINGER

__all__ = ["carried", "idle_time", "mean_wait"]


def idle_time(gap: float, cost: float) -> float:
    """Seconds for which nothing is there after a wave: what came during the wave begins the next pause at once."""
    return (gap - cost) ** 2 / (2.0 * gap) if gap > cost else 0.0


def mean_wait(gap: float, pause: float, cost: float) -> float:
    """Seconds from an event to its wave, in the mean over all: those behind the first of a wave wait ever less.

    The first waits for the pause, and for what is left of a wave that was at work when it came.
    """
    left = cost**2 / (2.0 * gap) if cost < gap else cost - gap / 2.0
    behind = max(pause + cost + idle_time(gap, cost) - gap, 0.0)
    return pause + left - behind / 2.0


def carried(gap: float, pause: float, patience: float) -> float:
    """Seconds from the end of a window to the wave that takes the first event behind it.

    When a window is about to end, a runtime gathers for `AWAITED` only, and again from an event that comes later; one
    that comes later than any pause begins an ordinary one. After `patience` nothing is waited for.
    """
    short = min(AWAITED, pause)
    if patience <= short:
        return patience
    until = min(gap, patience)
    waits = short * min(short, gap) + (max(until, short) ** 2 - short**2) / 2.0 + short * max(until - short, 0.0)
    waits += (pause - short) * max(until - LINGER, 0.0) + patience * max(gap - patience, 0.0)
    return waits / gap
