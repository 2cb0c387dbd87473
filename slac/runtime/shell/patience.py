"""How long what is queued at an input may stay there, undecoded, because nobody would notice (`slac.runtime.noticing`).

What a call costs at any size is paid once a second then, not with every wave. Only when work is done changes.
"""

from __future__ import annotations

from slac.plan.waiting import BRINK, UNDECODED, UNDECODED_BYTES
from slac.runtime.operator import BEGINNING
from slac.runtime.rhythm import Moment
from slac.runtime.source import Source


class Patience:
    """That of one input. `notices`: from the time of a row to the lowest watermark at which it matters.

    `is_pressed`: there is so much to do that what waits is to be seen by those who decide what becomes of it.
    """

    def __init__(self, source: Source, notices: Moment) -> None:
        self.is_pressed = False
        self._source = source
        self._notices = notices
        self._due = BEGINNING

    def left(self, now: int, *, since: int, size: int) -> int:
        """For how long (µs) `size` bytes, the first of which came at `since` (wall clock, µs), may wait at `now`.

        When the clock says that they could carry the watermark to what is due next, they wait no longer; most are
        worked off a little before, so that little is left for then.
        """
        reached = self._source.arrival.watermark
        if self.is_pressed or size >= UNDECODED_BYTES or reached <= BEGINNING:
            return 0
        if self._due <= reached:
            self._due = self._notices(reached)
        # Those of one timestamp may come for a while: the first of them says how far the watermark is behind.
        end = self._due + self._source.moved - reached
        until = end - BRINK if since < end - BRINK else end
        return max(min(since + UNDECODED, until) - now, 0)
