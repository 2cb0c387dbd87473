"""Lateness, decided row by row in order of arrival, so that no slicing of the input can change it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slac.runtime.operator import BEGINNING

Times = npt.NDArray[np.int64]


@dataclass(slots=True)
class Arrival:
    """The watermark of one input: latest event time − lateness, or what an idle promise says, whichever is later.

    All times are event times in µs. `heed` is told of a promise that moves the watermark.
    """

    lateness: int
    latest: int = BEGINNING
    promised: int = BEGINNING
    heed: Callable[[int], None] | None = None

    @property
    def watermark(self) -> int:
        """No row with a time below this will come on time."""
        return max(self.latest - self.lateness, self.promised) if self.latest > BEGINNING else self.promised

    def take(self, times: Times, *, ascending: bool = False) -> Times | None:
        """Account for rows in order of arrival; `ascending`: their times are known to.

        Returns the watermark that each row met, or None when not one of them was behind it: the usual case, which
        costs one pass, and hardly that where the rows are in order.
        """
        if not len(times):
            return None
        before = self.watermark
        if times[0] >= before and (ascending or ascends(times)):
            self.latest = max(self.latest, int(times[-1]))
            return None
        highest = int(times.max())
        met: Times | None = None
        if int(times.min()) < max(highest - self.lateness, before):
            running = np.maximum.accumulate(times)
            met = np.empty_like(times)
            met[0] = before
            np.maximum(running[:-1] - self.lateness, before, out=met[1:])
            if not bool((times < met).any()):
                met = None
        self.latest = max(self.latest, highest)
        return met

    def promise(self, until: int) -> bool:
        """Declare that the input is idle up to `until`; True when that moves the watermark."""
        moved = until > self.watermark
        if moved and self.heed is not None:
            self.heed(until)
        self.promised = max(self.promised, until)
        return moved


def ascends(times: Times) -> bool:
    """Whether no time lies before the one in front of it."""
    return bool((times[1:] >= times[:-1]).all())
