"""Rows that wait until the watermark has passed them, and then leave in the total order.

A watermark mostly passes whole runs and a part of one. So a run is sorted by time and is cut, never filtered, and what
a release costs does not grow with what goes on waiting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from slac.stream.batch import TIME, instants, total_order
from slac.stream.framing import column_of, frame_of
from slac.stream.order import in_order

AT: Final = "_at"
"""Column (Int64 µs) of a row's time."""
_PARTS: Final = 3
"""So many frames are not worth a copy."""
_NUMBERS: Final = (pl.Int64, pl.UInt64, pl.Float64)
_GATHER: Final = 8
"""So many runs of about one size become one, so that there are few to look through."""


@dataclass(frozen=True, slots=True)
class _Run:
    """At least one row, in the total order, with its first and last instant."""

    frame: pl.DataFrame
    low: int
    high: int

    @classmethod
    def of(cls, frame: pl.DataFrame, *, ordered: bool = False) -> _Run:
        frame = frame if ordered else in_order(frame, total_order(frame))
        times = instants(frame)
        return cls(frame, int(times[0]), int(times[-1]))

    def cut(self, watermark: int) -> tuple[pl.DataFrame, _Run | None]:
        """The rows before `watermark`, and the others."""
        if self.high < watermark:
            return self.frame, None
        times = instants(self.frame).to_numpy()
        place = int(np.searchsorted(times, watermark))
        return self.frame[:place], _Run(self.frame[place:], int(times[place]), self.high)


class HeldRows:
    """Frames with `_time`; `release` gives them back with `_at` as well."""

    def __init__(self) -> None:
        self._runs: list[_Run] = []

    @property
    def lowest(self) -> int | None:
        """Time (µs) of the earliest row held."""
        return min((run.low for run in self._runs), default=None)

    @property
    def highest(self) -> int | None:
        """Time (µs) of the latest row held."""
        return max((run.high for run in self._runs), default=None)

    @property
    def rows(self) -> int:
        """Number of rows held."""
        return sum(run.frame.height for run in self._runs)

    def add(self, frame: pl.DataFrame, *, ordered: bool = False) -> None:
        """Hold rows, in any order; `ordered`: they are known to stand in the total one."""
        if not frame.height:
            return
        self._runs.append(_Run.of(frame, ordered=ordered))
        while self._is_crowded():
            last = [run.frame for run in self._runs[-_GATHER:]]
            self._runs[-_GATHER:] = [_Run.of(pl.concat(last, how="diagonal"))]

    def release(self, watermark: int, *, loose: bool = False) -> pl.DataFrame | None:
        """The rows before `watermark` in the total order, or None; with `loose` text may lie in several pieces."""
        parts = self.release_parts(watermark)
        return _joined(parts, loose=loose) if parts else None

    def release_parts(self, watermark: int) -> list[pl.DataFrame]:
        """The same as frames one behind the other: what is left of one batch mostly lies before all of the next."""
        passed = [run.cut(watermark) for run in sorted(self._runs, key=_low) if run.low < watermark]
        if not passed:
            return []
        self._runs = [rest for _, rest in passed if rest is not None] + [r for r in self._runs if r.low >= watermark]
        parts = [frame for frame, _ in passed]
        if len(parts) > _PARTS or not all(map(_follows, parts, parts[1:])):
            ready = _joined(parts)
            parts = [in_order(ready, total_order(ready))]
        return [part.hstack([instants(part).alias(AT)]) for part in parts]

    def before(self, watermark: int) -> int:
        """Time (µs) of the latest row before `watermark`; lower than any time where there is none."""
        cuts = [run.cut(watermark)[0] for run in self._runs if run.low < watermark]
        return max((int(instants(c)[-1]) for c in cuts if c.height), default=-(1 << 62))

    def leave(self, chosen: pl.Expr) -> None:
        """Hold only the rows for which `chosen` is true."""
        kept = [(run, run.frame.filter(chosen)) for run in self._runs]
        self._runs = [r if f.height == r.frame.height else _Run.of(f) for r, f in kept if f.height]

    def has(self, names: frozenset[str]) -> bool:
        """Whether a row held has one of these columns."""
        return not all(names.isdisjoint(run.frame.columns) for run in self._runs)

    def frame(self) -> pl.DataFrame | None:
        """All rows held, for a snapshot."""
        return pl.concat([run.frame for run in self._runs], how="diagonal") if self._runs else None

    def _is_crowded(self) -> bool:
        """Whether the last runs are so many, and together so large, that joining them is worth it."""
        if len(self._runs) < _GATHER:
            return False
        first, *others = (run.frame.height for run in self._runs[-_GATHER:])
        return first <= 2 * sum(others)


def _low(run: _Run) -> int:
    return run.low


def _follows(before: pl.DataFrame, after: pl.DataFrame) -> bool:
    """Whether all rows of `after` come behind those of `before`, both in the total order and with the same columns."""
    if before.columns != after.columns:
        return False
    ended, begins = int(instants(before)[-1]), int(instants(after)[0])
    if ended != begins:
        return ended < begins
    last, first = ([frame[n][place] for n in total_order(frame)] for frame, place in ((before, -1), (after, 0)))
    return last <= first


def _joined(frames: list[pl.DataFrame], *, loose: bool = False) -> pl.DataFrame:
    """One frame in one piece, which all that look at its columns need; most have the same columns."""
    if len(frames) == 1:
        return frames[0]
    types = frames[0].schema
    if any(f.columns != frames[0].columns for f in frames[1:]):
        return pl.concat(frames, how="diagonal", rechunk=True)
    # Column by column this takes half as long; what costs most is text.
    whole = {name: not (loose and dtype == pl.String) for name, dtype in types.items()}
    columns = {n: _behind([f[n] for f in frames], whole=whole[n]) for n in types if n != TIME or AT not in types}
    if TIME not in columns:
        columns[TIME] = columns[AT].cast(types[TIME]).alias(TIME)
    return frame_of([columns[name] for name in types])


def _behind(parts: list[pl.Series], *, whole: bool) -> pl.Series:
    """One behind the other; plain numbers take a third of the time in NumPy."""
    dtype = parts[0].dtype
    if dtype in _NUMBERS and all(part.dtype == dtype and not part.null_count() for part in parts):
        return column_of(parts[0].name, np.concatenate([part.to_numpy() for part in parts]))
    return pl.concat(parts, rechunk=whole)
