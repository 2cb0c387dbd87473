"""How time goes for an audit: on and on, or only while its service is open."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from slac.runtime.audits.slots import NEVER, Longs, Mask


class Course(Protocol):
    """Adds and measures durations (µs) along the time that counts."""

    @property
    def even(self) -> bool:
        """Whether all time counts."""

    def add(self, times: Longs, durations: Longs) -> Longs:
        """The first instants that count with these durations behind them; NEVER stays NEVER."""

    def elapsed(self, since: Longs, until: Longs) -> Longs:
        """How much time counts between instants."""

    def open(self, times: Longs) -> Mask:
        """Whether these instants count."""


class EvenCourse:
    """Every instant counts."""

    even = True

    def add(self, times: Longs, durations: Longs) -> Longs:
        """Plain sums; NEVER stays NEVER."""
        found: Longs = np.where(durations < NEVER, times + np.where(durations < NEVER, durations, 0), NEVER)
        return found

    def elapsed(self, since: Longs, until: Longs) -> Longs:
        """Plain differences."""
        return until - since

    def open(self, times: Longs) -> Mask:
        """All of them."""
        return np.ones(len(times), np.bool_)
