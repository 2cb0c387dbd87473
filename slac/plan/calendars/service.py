"""Service time by columns: which instants are in it, how much of it lies between two, and when so much has passed.

Theory of operation: years of UTC are worked out where they are asked for, and some are kept. A year is a table of its
stretches and of the service before each, so that every question is a search in sorted numbers. What a year says depends
on the calendar alone, and so nothing of this is state.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from slac.plan.calendars.spec import CalendarSpec
from slac.plan.calendars.wall import FIRST_YEAR, LAST_YEAR, Longs, service_of, year_start

Mask: TypeAlias = npt.NDArray[np.bool_]

NEVER: Final = 1 << 62
"""An instant that does not come."""
_KEPT: Final = 32
_AHEAD: Final = 50
"""So many years are looked through for service time that is still to pass."""


@dataclass(frozen=True, slots=True)
class _Year:
    """Stretches of a year, with the service of the year that lies before each (one more: all of it)."""

    starts: Longs
    ends: Longs
    before: Longs

    def inside(self, times: Longs) -> Mask:
        at = np.searchsorted(self.ends, times, "right")
        found: Mask = at < len(self.ends)
        found[found] = self.starts[at[found]] <= times[found]
        return found

    def passed(self, times: Longs) -> Longs:
        """How much service of the year lies before these instants."""
        at = np.searchsorted(self.starts, times, "right")
        whole = self.before[at]
        last = np.maximum(at - 1, 0)
        ends = self.ends[last] if len(self.ends) else times
        found: Longs = whole - np.where(at > 0, np.maximum(ends - times, 0), 0)
        return found

    def instant(self, passed: Longs) -> Longs:
        """The first instants in service with so much service before them; less than all of the year's."""
        at = np.searchsorted(self.before, passed, "right") - 1
        found: Longs = self.starts[at] + (passed - self.before[at])
        return found


class ServiceTime:
    """The service time of one calendar; all instants and durations are µs."""

    def __init__(self, spec: CalendarSpec) -> None:
        self.spec = spec
        # A cache of its own, so that it goes when its reader does.
        self._year = lru_cache(_KEPT)(self._worked_out)

    def inside(self, times: Longs) -> Mask:
        """Whether these instants are in service."""
        found = np.zeros(len(times), np.bool_)
        for year, chosen in self._by_year(times):
            found[chosen] = self._year(year).inside(times[chosen])
        return found

    def elapsed(self, since: Longs, until: Longs) -> Longs:
        """How much service time lies between instants, of a century at most; 0 where `until` is not behind `since`."""
        until = np.maximum(since, until)
        found = self._passed(until) - self._passed(since)
        low, high = _years(since), _years(until)
        for first, last in {(int(a), int(b)) for a, b in zip(low, high, strict=True) if a != b}:
            chosen = (low == first) & (high == last)
            found[chosen] += sum(self._all_of(year) for year in range(first, min(last, first + 2 * _AHEAD)))
        return found

    def add(self, times: Longs, durations: Longs) -> Longs:
        """The first instants in service that have these durations of service behind them since `times`.

        NEVER where the duration is NEVER, or where so much service does not come within half a century.
        """
        found = np.full(len(times), NEVER, np.int64)
        waiting = np.flatnonzero(durations < NEVER)
        wanted = self._passed(times) + np.where(durations < NEVER, durations, 0)
        years = _years(times)
        for _ in range(_AHEAD):
            if not len(waiting):
                break
            held = np.array([self._all_of(y) for y in years[waiting].tolist()], np.int64)
            here = wanted[waiting] < held
            for year in np.unique(years[waiting[here]]).tolist():
                chosen = waiting[here & (years[waiting] == year)]
                found[chosen] = self._year(year).instant(wanted[chosen])
            waiting, left = waiting[~here], held[~here]
            wanted[waiting] -= left
            years[waiting] += 1
        return found

    def overlaps(self, starts: Longs, ends: Longs) -> Mask:
        """Whether there is service between instants."""
        return self.elapsed(starts, ends) > 0

    def next_change(self, instant: int) -> int | None:
        """The first instant behind this one at which service begins or ends; None within half a century."""
        first = int(_years(np.array([instant]))[0])
        inside = bool(self.inside(np.array([instant]))[0])
        for year in range(first, min(first + _AHEAD, LAST_YEAR + 1)):
            table = self._year(year)
            # A stretch that goes on behind the end of a year is cut there, and is no change.
            changes = table.ends if inside else table.starts
            for at in changes[changes > instant].tolist():
                if bool(self.inside(np.array([at]))[0]) != inside:
                    return int(at)
        return None

    def longest_pause(self, first: int, last: int) -> int | None:
        """The longest time without service in some years; None where there is no service at all."""
        tables = [self._year(y) for y in range(first, last + 1)]
        starts, ends = (np.concatenate([getattr(t, n) for t in tables]) for n in ("starts", "ends"))
        return int(max((starts[1:] - ends[:-1]).max(initial=0), 0)) if len(starts) else None

    def longest_stretch(self, duration: int, first: int, last: int) -> int:
        """The longest time until so much service has passed, from any instant of some years on."""
        # It lasts longest from where a service has just closed.
        ends = np.concatenate([[year_start(first)], *(self._year(y).ends for y in range(first, last + 1))])
        due = self.add(ends.astype(np.int64), np.full(len(ends), duration))
        return int((due - ends).max())

    def _passed(self, times: Longs) -> Longs:
        found = np.zeros(len(times), np.int64)
        for year, chosen in self._by_year(times):
            found[chosen] = self._year(year).passed(times[chosen])
        return found

    def _all_of(self, year: int) -> int:
        return int(self._year(year).before[-1])

    def _by_year(self, times: Longs) -> list[tuple[int, Mask]]:
        years = _years(times)
        return [(year, years == year) for year in np.unique(years).tolist()]

    def _worked_out(self, year: int) -> _Year:
        stretches = service_of(self.spec, year) if FIRST_YEAR <= year <= LAST_YEAR else []
        starts, ends = (np.array([s[i] for s in stretches], np.int64) for i in (0, 1))
        return _Year(starts, ends, np.concatenate([[0], np.cumsum(ends - starts)]).astype(np.int64))


def _years(times: Longs) -> Longs:
    """The year of UTC of each instant; what is far outside is taken as a year without service."""
    low, high = year_start(FIRST_YEAR - 1), year_start(LAST_YEAR + 1)
    found: Longs = np.clip(times, low, high).astype("datetime64[us]").astype("datetime64[Y]").astype(np.int64) + 1970
    return found
