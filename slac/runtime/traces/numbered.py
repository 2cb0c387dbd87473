"""Traces of new records become small integers, once a wave; what identifies them for longer is hashed once a trace."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.keyed.grouping import by_key
from slac.runtime.traces.groups import Hashes, Longs
from slac.runtime.traces.judged import NO_ROW
from slac.runtime.traces.records import FEW
from slac.stream.framing import frame_of, places_of
from slac.stream.ids import hash_columns

_ROOM: Final = 1 << 16
"""Integer keys that lie so close together are numbers of traces as they are."""
EXACT: Final = (pl.String, pl.Int64, pl.UInt64, pl.Boolean)
"""Types of keys of which Python says the same as Polars whether two are equal."""
_ROWS: Final = np.int64(32)
_BELOW: Final = np.int64((1 << 32) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """`slots`: of each frame, of each row, the number of its trace; numbers lie below `size` and may have gaps.

    `used`: the numbers that a trace has, in the order of the last rows, with their `keys` as columns, and `hashes` of
    these. By number: the `first` and `last` row of a trace, of all rows one behind the other.
    """

    slots: tuple[Longs, ...]
    used: Longs
    keys: pl.DataFrame
    hashes: Hashes
    first: Longs
    last: Longs

    @property
    def size(self) -> int:
        """Above all numbers."""
        return len(self.last)


_NONE: Final = np.empty(0, np.int64)
NO_TRACES: Final = Numbered(
    slots=(), used=_NONE, keys=pl.DataFrame(), hashes=np.empty(0, np.uint64), first=_NONE, last=_NONE
)


def numbered(frames: Sequence[pl.DataFrame], keys: Sequence[str]) -> Numbered:
    """The traces of rows that stand one behind the other in the total order, none with NULL in its key."""
    frames = [f for f in frames if f.height]
    if not frames:
        return NO_TRACES
    close = _close_integers([f[keys[0]] for f in frames]) if len(keys) == 1 else None
    slots, low, size = _grouped(frames, keys) if close is None else close
    first, last = _ends(slots, size)
    used, rows = _by_last_row(last)
    if close is None:
        said = frame_of([pl.concat([f[k] for f in frames])[places_of(rows)] for k in keys])
    else:
        said = pl.DataFrame({keys[0]: used + low})
    hashes = hash_columns(said, keys, 0).to_numpy()
    return Numbered(slots=slots, used=used, keys=said, hashes=hashes, first=first, last=last)


def _close_integers(columns: Sequence[pl.Series]) -> tuple[tuple[Longs, ...], int, int] | None:
    """Keys as numbers from the lowest on, the lowest, and how many numbers there are."""
    if not columns[0].dtype.is_signed_integer():
        return None
    keys = [c.cast(pl.Int64).to_numpy() for c in columns]
    low, high = min(int(k.min()) for k in keys), max(int(k.max()) for k in keys)
    if high - low >= max(_ROOM, 2 * sum(map(len, keys))):
        return None
    return tuple(k - low for k in keys), low, high - low + 1


def _grouped(frames: Sequence[pl.DataFrame], keys: Sequence[str]) -> tuple[tuple[Longs, ...], int, int]:
    columns = [pl.concat([f[k] for f in frames]) for k in keys]
    if len(columns[0]) <= FEW and all(c.dtype in EXACT for c in columns):
        slots, count = _few(columns)
    else:
        groups = by_key(pl.DataFrame(columns), keys)
        slots, count = groups.spread(np.arange(len(groups.lengths))), len(groups.lengths)
    return tuple(np.split(slots, np.cumsum([f.height for f in frames])[:-1])), 0, count


def _few(columns: Sequence[pl.Series]) -> tuple[Longs, int]:
    """A number for each different key, and how many there are: to go through so few costs less than a query."""
    numbers: dict[tuple[object, ...], int] = {}
    rows = zip(*(column.to_list() for column in columns), strict=True)
    found = [numbers.setdefault(key, len(numbers)) for key in rows]
    return np.array(found, np.int64), len(numbers)


def _ends(slots: Sequence[Longs], size: int) -> tuple[Longs, Longs]:
    """The first and the last row of each number: what is written last stays."""
    # Places of 32 bits are written in two thirds of the time.
    first, last = np.full(size, NO_ROW, np.int32), np.full(size, NO_ROW, np.int32)
    ends = np.cumsum([len(part) for part in slots]).tolist()
    rows = np.arange(ends[-1], dtype=np.int32)
    pieces = [(part, rows[end - len(part) : end]) for part, end in zip(slots, ends, strict=True)]
    for part, mine in pieces:
        last[part] = mine
    for part, mine in reversed(pieces):
        first[part[::-1]] = mine[::-1]
    return first.astype(np.int64), last.astype(np.int64)


def _by_last_row(last: Longs) -> tuple[Longs, Longs]:
    """Numbers in the order of their last rows, and these rows."""
    # Both are one number, because values are sorted several times as fast as places.
    used = np.flatnonzero(last != NO_ROW)
    both = last.take(used) << _ROWS
    both |= used
    both.sort()
    return both & _BELOW, both >> _ROWS
