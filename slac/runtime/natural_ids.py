"""Events by their natural id: the hash of it is the event's id, and a repeat within `retain` is dropped.

Whether an event is a repeat depends on what came before it, in order of arrival, and on nothing else: not on how the
input is cut into batches, nor on when what is forgotten is swept out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.operator import BEGINNING
from slac.stream.ids import hash_columns, hash_text

Ids = npt.NDArray[np.uint64]
Times = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_NEVER: Final = BEGINNING
_SMALL: Final = 1 << 14


class NaturalIds:
    """The ids seen within `retain` (µs of event time, behind the latest event), each with the time of its event.

    Two sorted runs: new ids are merged into the small one with every batch, and that into the large one now and then.
    """

    def __init__(self, document: str, block: str, columns: Sequence[str], retain: int) -> None:
        self._salt = hash_text(document, block, "natural id")
        self._columns = tuple(columns)
        self._retain = retain
        self._latest = _NEVER
        self._large = _nothing()
        self._small = _nothing()

    def ids_of(self, frame: pl.DataFrame, places: Ids) -> Ids:
        """The id of each row; a row that lacks a part of its natural id keeps the one of its place."""
        hashed = hash_columns(frame, self._columns, self._salt).to_numpy()
        whole = frame.select(pl.all_horizontal(pl.col(*self._columns).is_not_null())).to_series().to_numpy()
        return np.where(whole, hashed, places)

    def first_times(self, ids: Ids, times: Times) -> Mask:
        """Which rows, in order of arrival, are no repeats; these are remembered."""
        floors = self._floors(times)
        seen = np.maximum(_times_of(self._large, ids), _times_of(self._small, ids))
        fresh: Mask = seen < floors
        _, places, counts = np.unique(ids, return_index=True, return_counts=True)
        if len(places) < len(ids):
            self._within(ids, times, floors, fresh, set(ids[places[counts > 1]].tolist()))
        self._latest = max(self._latest, int(times.max(initial=_NEVER)))
        self._remember(ids[fresh], times[fresh])
        return fresh

    def snapshot(self) -> pl.DataFrame:
        """What is remembered: `id`, `time`."""
        ids, times = _merged(self._large, self._small, self._latest - self._retain)
        return pl.DataFrame({"id": pl.Series(ids, dtype=pl.UInt64), "time": pl.Series(times, dtype=pl.Int64)})

    def restore(self, seen: pl.DataFrame | None, latest: int) -> None:
        """Take over what was remembered (None: nothing); `latest` is the time of the latest event."""
        held = _nothing() if seen is None else (seen["id"].to_numpy().copy(), seen["time"].to_numpy().copy())
        self._large, self._small, self._latest = held, _nothing(), latest

    @property
    def latest(self) -> int:
        """The time of the latest event."""
        return self._latest

    def __len__(self) -> int:
        return len(self._large[0]) + len(self._small[0])

    def _floors(self, times: Times) -> Times:
        """For each row the time before which an event is forgotten when the row arrives."""
        before = np.maximum.accumulate(np.concatenate(([self._latest], times)))[:-1]
        floors: Times = np.where(before == _NEVER, _NEVER + 1, before - self._retain)
        return floors

    def _within(self, ids: Ids, times: Times, floors: Times, fresh: Mask, twice: set[int]) -> None:
        """Ids that come more than once in this batch, in order of arrival; rare."""
        last: dict[int, int] = {}
        for i, value in enumerate(ids.tolist()):
            if value not in twice:
                continue
            known = last.get(value)
            fresh[i] = fresh[i] if known is None else known < floors[i]
            if fresh[i]:
                last[value] = int(times[i])

    def _remember(self, ids: Ids, times: Times) -> None:
        floor = self._latest - self._retain
        self._small = _merged(self._small, (ids, times), floor)
        if len(self._small[0]) > max(_SMALL, len(self._large[0]) // 4):
            self._large, self._small = _merged(self._large, self._small, floor), _nothing()


Run = tuple[Ids, Times]


def _nothing() -> Run:
    return np.empty(0, np.uint64), np.empty(0, np.int64)


def _times_of(run: Run, ids: Ids) -> Times:
    """The time that a sorted run holds for each id."""
    held, times = run
    if not len(held):
        return np.full(len(ids), _NEVER, np.int64)
    places = np.minimum(np.searchsorted(held, ids), len(held) - 1)
    found: Times = np.where(held[places] == ids, times[places], _NEVER)
    return found


def _merged(older: Run, newer: Run, floor: int) -> Run:
    """Both runs sorted by id, of each id the newer time, without what lies below `floor`."""
    ids, times = np.concatenate((older[0], newer[0])), np.concatenate((older[1], newer[1]))
    order = np.argsort(ids, kind="stable")
    ids, times = ids[order], times[order]
    last = np.append(ids[1:] != ids[:-1], True)[: len(ids)]
    keep = last & (times >= floor)
    return ids[keep], times[keep]
