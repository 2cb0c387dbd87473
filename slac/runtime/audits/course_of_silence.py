"""Rows and late rows of keys in one go: which silences they show, end and leave open, by columns.

Keys do not touch each other. So all that is known of a key is put in its order, and what stood before each of these
events follows from running maxima: nothing is done event by event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from slac.runtime.audits.slots import Longs, Mask
from slac.runtime.operator import BEGINNING


@dataclass(frozen=True, slots=True)
class Heard:
    """Events by slot, each with its `time` and the watermark `at` which it was heard (of a row on time: its time)."""

    slot: Longs
    at: Longs
    time: Longs
    late: Mask

    def __len__(self) -> int:
        return len(self.slot)

    @property
    def first(self) -> Mask:
        """The first of each slot."""
        found = np.ones(len(self), np.bool_)
        found[1:] = self.slot[1:] != self.slot[:-1]
        return found

    def part(self, chosen: Mask) -> Heard:
        """Some of them."""
        return Heard(self.slot[chosen], self.at[chosen], self.time[chosen], self.late[chosen])


@dataclass(frozen=True, slots=True, kw_only=True)
class Silences:
    """For each event: the latest time before it and behind it, and the silence that it met, if any."""

    before: Longs
    due: Longs
    reached: Longs
    rises: Mask
    since: Longs
    """BEGINNING where there was none."""
    stays: Mask
    """Whether the silence goes on behind it."""
    episode: Longs
    """The first event that met the same silence."""


def heard(slots: Longs, times: Longs, late_slots: Longs, late_times: Longs, met: Longs, mark: int) -> Heard:
    """Rows on time, and late rows with what they met; of one key and watermark the latest counts; `mark`: passed."""
    order = np.lexsort((late_times, met, late_slots))
    slot, place, time = late_slots[order], met[order], late_times[order]
    last = np.ones(len(slot), np.bool_)
    last[:-1] = (slot[1:] != slot[:-1]) | (place[1:] != place[:-1])
    slot, at, time = slot[last], np.maximum(place[last], mark), time[last]
    slot, at, time = np.append(slot, slots), np.append(at, times), np.append(time, times)
    late = np.arange(len(slot)) < int(last.sum())
    # A watermark stands before the rows of its instant.
    by_key = np.lexsort((~late, at, slot))
    return Heard(slot[by_key], at[by_key], time[by_key], late[by_key])


def of_known(events: Heard, latest: Longs, retain: int) -> Heard:
    """Without late rows of keys that nobody knew, or that were forgotten by then; `latest` by slot."""
    first = events.first
    before, _ = _reached(events, latest)
    lost = events.late & ((before == BEGINNING) | (events.at - retain > before))
    # What came behind it and before the key was heard again is lost as well.
    begins = np.flatnonzero(first | ~events.late)
    spell = np.cumsum(first | ~events.late) - 1
    count = np.cumsum(lost)
    return events.part(~(events.late & (count > (count - lost)[begins][spell])))


def silences(events: Heard, latest: Longs, raised: Longs, due_of: Callable[[Longs], Longs]) -> Silences:
    """`latest` and `raised` by slot, before the events."""
    first = events.first
    before, reached = _reached(events, latest)
    due = due_of(before)
    stays = events.late & (due_of(reached) <= events.at)
    was = np.append(False, stays[:-1])
    was[first] = raised[events.slot[first]] > BEGINNING
    rises = (due <= events.at) & ~was
    begun = np.where(rises, due, BEGINNING)
    begun[first & was] = raised[events.slot[first & was]]
    episode = np.maximum.accumulate(np.where(first | ~was, np.arange(len(events)), 0))
    return Silences(
        before=before, due=due, reached=reached, rises=rises, since=begun[episode], stays=stays, episode=episode
    )


def met_by(events: Heard, episodes: Longs, starts: Longs, at: Longs) -> Longs:
    """The event before which something was told at each of these instants, of silences that begin at `starts`."""
    known = np.unique(events.at)
    many = len(known) + 1
    places = episodes * many + np.searchsorted(known, events.at)
    found: Longs = np.searchsorted(places, starts * many + np.searchsorted(known, at, side="right"))
    return found


def _reached(events: Heard, latest: Longs) -> tuple[Longs, Longs]:
    """The latest time of the key before and behind each event."""
    first = events.first
    time = np.where(first, np.maximum(events.time, latest[events.slot]), events.time)
    # Ranks, so that one running maximum serves all keys.
    known, rank = np.unique(time, return_inverse=True)
    base = (np.cumsum(first) - 1) * len(known)
    reached = known[np.maximum.accumulate(base + rank) - base]
    before = np.where(first, latest[events.slot], np.roll(reached, 1))
    return before, reached
