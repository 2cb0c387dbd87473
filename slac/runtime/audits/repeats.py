"""When something that lasts is told again: every so often behind the instant when it was told last."""

from __future__ import annotations

import numpy as np

from slac.runtime.audits.course import Course
from slac.runtime.audits.slots import NEVER, Longs


class Repeats:
    """`every`: µs along the time that counts; None for never."""

    def __init__(self, every: int | None, course: Course) -> None:
        self._every = every
        self._course = course

    def between(self, told: Longs, until: Longs) -> tuple[Longs, Longs, Longs]:
        """The instants behind each of `told` and before its `until`, with their places; and the last of each place."""
        last = told.copy()
        places, times = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        open_ = np.arange(len(told)) if self._every is not None else places[0]
        while len(open_):
            following = self._following(last[open_])
            open_ = open_[following < until[open_]]
            last[open_] = self._following(last[open_])
            places.append(open_)
            times.append(last[open_])
        return np.concatenate(places), np.concatenate(times), last

    def known_by(self, told: Longs) -> Longs:
        """The watermarks that show that nothing has ended what is to be told next; NEVER where nothing is."""
        if self._every is None:
            return np.full(len(told), NEVER)
        found: Longs = np.minimum(self._following(told), NEVER - 1) + 1
        return found

    def _following(self, told: Longs) -> Longs:
        assert self._every is not None
        return self._course.add(told, np.full(len(told), self._every))
