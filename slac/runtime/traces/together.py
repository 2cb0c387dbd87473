"""Records of a wave by trace: each row has the number of its trace, and what is said of traces stands at that number.

Rows are not sorted for it, nor are those of several frames copied together: a sum, a lowest value of each trace are
made where the rows stand. Only rows of traces that must be gone through are brought together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.runtime.keyed.grouping import stable_order
from slac.runtime.traces.complete import filled
from slac.runtime.traces.groups import Flags, Groups, Hashes, Longs
from slac.runtime.traces.judged import NO_ROW
from slac.runtime.traces.known import meeting
from slac.runtime.traces.numbered import Numbered
from slac.runtime.traces.records import KEY
from slac.stream.framing import column_of, frame_of, places_of

Held = tuple[pl.DataFrame, Longs, Hashes]
"""Records of traces that waited, their sizes, and the hashes of their keys."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows with the numbers of their traces."""

    frame: pl.DataFrame
    slots: Longs

    def values(self, name: str, missing: int = 0) -> Longs:
        """A column of integers; `missing` for NULL."""
        return filled(self.frame[name], missing)


@dataclass(frozen=True, slots=True)
class Places:
    """`rows` of all; `most`: the longest part, `near`: where they would stand in it, if all lay there.

    `others`: of each other part, which of them lie in it, and where there.
    """

    rows: Longs
    most: int
    near: Longs
    others: tuple[tuple[int, Longs, Longs], ...]


@dataclass(frozen=True, slots=True)
class Together:
    """Rows that were held, then new ones.

    `used`: the numbers that a trace has, those with new rows in the order of their last ones. By number: `keys`, the
    hash of the key; `first` and `last`, a trace's first and last row, of all rows one behind the other; `integers`, the
    key itself, where it is an integer that is asked for.
    """

    parts: tuple[Part, ...]
    used: Longs
    keys: Hashes
    first: Longs
    last: Longs
    integers: Longs | None = None

    @property
    def size(self) -> int:
        """Above all numbers of traces."""
        return len(self.keys)

    def integers_of(self, traces: Longs) -> Longs | None:
        """The keys of these traces, where they are integers."""
        return None if self.integers is None else self.integers.take(traces)

    def at(self, wanted: Longs) -> Places:
        """Where these rows of all stand: for `taken`, which is asked of several columns."""
        sizes = [len(p.slots) for p in self.parts]
        most = int(np.argmax(sizes))
        base = sum(sizes[:most])
        others = [(number, *self._places(number, wanted)) for number in range(len(sizes)) if number != most]
        return Places(wanted, most, wanted - base if base else wanted, tuple(o for o in others if len(o[1])))

    def taken(self, name: str, wanted: Places, missing: int = 0) -> Longs:
        """A column of integers at these rows of all; `missing` for NULL."""
        return _gathered([p.values(name, missing) for p in self.parts], wanted)

    def rows(self, wanted: Longs, columns: Sequence[str]) -> pl.DataFrame:
        """Columns of these rows of all."""
        if len(self.parts) == 1:
            return self.parts[0].frame.select(columns)[places_of(wanted)]
        return frame_of([self._column(name, wanted) for name in columns])

    def only(self, chosen: Flags) -> tuple[pl.DataFrame, Groups]:
        """The rows of the flagged numbers, by number, with their `_key`."""
        rows = self._rows_of(chosen)
        slots = np.concatenate([p.slots.take(r) for p, r in zip(self.parts, rows, strict=True)])
        order = stable_order(slots)
        slots = slots[order]
        frames = [p.frame[_places(r)] for p, r in zip(self.parts, rows, strict=True) if len(r)]
        frame = (frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal"))[_places(order)]
        return frame.hstack([column_of(KEY, self.keys[slots])]), Groups.of(slots)

    def _rows_of(self, chosen: Flags) -> list[Longs]:
        """By part, the rows of the flagged numbers: mostly they lie near the end, so that few are looked at."""
        traces = self.used[chosen[self.used]]
        low, high = int(self.first[traces].min()), int(self.last[traces].max()) + 1
        rows, base = [], 0
        for part in self.parts:
            begin, end = (min(max(row - base, 0), len(part.slots)) for row in (low, high))
            rows.append(begin + np.flatnonzero(chosen.take(part.slots[begin:end])))
            base += len(part.slots)
        return rows

    def _column(self, name: str, wanted: Longs) -> pl.Series:
        columns = [p.frame[name] for p in self.parts]
        if columns[0].dtype.is_integer() and not any(c.null_count() for c in columns):
            return column_of(name, _gathered([c.to_numpy() for c in columns], self.at(wanted)))
        placed = [self._places(number, wanted) for number in range(len(columns))]
        found = [(where, column[rows]) for column, (where, rows) in zip(columns, placed, strict=True)]
        back = np.empty(len(wanted), np.uint32)
        back[np.concatenate([where for where, _ in found])] = np.arange(len(wanted), dtype=np.uint32)
        return pl.concat([values for _, values in found])[column_of("", back)]

    def _places(self, number: int, wanted: Longs) -> tuple[Longs, Longs]:
        """Which of these rows lie in a part, and where there."""
        base = sum(part.frame.height for part in self.parts[:number])
        inside = wanted < base + self.parts[number].frame.height
        if number:
            inside &= wanted >= base
        where = np.flatnonzero(inside)
        return where, wanted[where] - base


def _gathered(columns: Sequence[npt.NDArray[np.int64]], wanted: Places) -> Longs:
    """From the longest part as if all were there, which nearly all are; then what lies in the others."""
    found = columns[wanted.most].take(wanted.near, mode="clip")
    for number, where, rows in wanted.others:
        found[where] = columns[number].take(rows)
    return found


def _places(rows: Longs) -> pl.Series:
    """Places of 32 bits are those that Polars takes as they are."""
    return pl.Series(rows.astype(np.uint32))


def together(
    frames: Sequence[pl.DataFrame], new: Numbered, held: Sequence[Held], integer: str | None = None
) -> Together:
    """New rows, behind those that were held; `integer`: the key, where it is one column of integers."""
    parts = tuple(Part(frame, slots) for frame, slots in zip(frames, new.slots, strict=True))
    keys = np.zeros(new.size, np.uint64)
    keys[new.used] = new.hashes
    integers = None
    if integer is not None:
        integers = np.zeros(new.size, np.int64)
        integers[new.used] = new.keys[integer].to_numpy() if len(new.used) else new.used
    if not held:
        return Together(parts, new.used, keys, new.first, new.last, integers)
    counts, hashes = (np.concatenate([h[n] for h in held]) for n in (1, 2))
    rows = pl.concat([h[0] for h in held], how="diagonal", rechunk=True)
    place = meeting(hashes, new.hashes)
    more = np.flatnonzero(place == NO_ROW)
    number = new.used[place] if len(new.used) else place
    number[more] = np.arange(new.size, new.size + len(more))
    first, last = (np.concatenate((of + rows.height, number[more])) for of in (new.first, new.last))
    end = np.cumsum(counts)
    first[number] = end - counts
    last[number[more]] = end[more] - 1
    if integers is not None and integer is not None:
        integers = np.concatenate((integers, rows[integer].to_numpy()[(end - counts)[more]]))
    return Together(
        parts=(Part(rows, np.repeat(number, counts)), *parts),
        used=np.concatenate((new.used, number[more])),
        keys=np.concatenate((keys, hashes[more])),
        first=first,
        last=last,
        integers=integers,
    )
