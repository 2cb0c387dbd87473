"""Records of a wave by trace: each row has the number of its trace, and what is said of traces stands at that number.

Rows are not sorted for it: a sum, a first row, a lowest value of each trace are made where the rows stand. Only rows of
traces that must be gone through are brought together. Keys become small integers once a wave; what identifies a trace
for longer, the hash of its key, is made once a trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.keyed.grouping import by_key, stable_order
from slac.runtime.traces.complete import filled
from slac.runtime.traces.groups import Flags, Groups, Hashes, Longs
from slac.runtime.traces.judged import NO_ROW
from slac.runtime.traces.records import KEY
from slac.stream.ids import hash_columns

_ROOM: Final = 1 << 16
"""Integer keys that lie so close together are numbers of traces as they are."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows with the numbers of their traces."""

    frame: pl.DataFrame
    slots: Longs

    def values(self, name: str, missing: int = 0) -> Longs:
        """A column of integers; `missing` for NULL."""
        return filled(self.frame[name], missing)


@dataclass(frozen=True, slots=True)
class Together:
    """Rows that were held, then `new` ones; `keys` has the hash of the key of each trace, by its number.

    Numbers may have gaps: `used` are those that a trace has.
    """

    parts: tuple[Part, ...]
    used: Longs
    keys: Hashes
    new: Numbered

    @property
    def size(self) -> int:
        """Above all numbers of traces."""
        return len(self.keys)

    def bases(self) -> Iterator[tuple[int, Part]]:
        """Each part, with how many rows stand before it."""
        base = 0
        for part in self.parts:
            yield base, part
            base += part.frame.height

    def first(self) -> Longs:
        """The first row of each number, of all rows one behind the other."""
        found = np.full(self.size, NO_ROW)
        for base, part in reversed(list(self.bases())):
            found[part.slots[::-1]] = np.arange(base + len(part.slots) - 1, base - 1, -1)
        return found

    def last(self) -> Longs:
        """The last row of each number."""
        found = np.full(self.size, NO_ROW)
        for base, part in self.bases():
            if part.slots is self.new.slots:
                found[self.new.used] = base + self.new.last
            else:
                found[part.slots] = np.arange(base, base + len(part.slots))
        return found

    def taken(self, name: str, wanted: Longs) -> Longs:
        """A column of integers without NULL, at these rows of all."""
        columns = [p.frame[name].to_numpy() for p in self.parts]
        if len(columns) == 1:
            return columns[0][wanted]
        held, new = columns
        found = new[np.maximum(wanted - len(held), 0)]
        inside = np.flatnonzero(wanted < len(held))
        found[inside] = held[wanted[inside]]
        return found

    def rows(self, wanted: Longs, columns: Sequence[str]) -> pl.DataFrame:
        """Columns of these rows of all."""
        if len(self.parts) == 1:
            return pl.DataFrame([self.parts[0].frame[name][wanted] for name in columns])
        which = [np.flatnonzero((wanted >= b) & (wanted < b + len(p.slots))) for b, p in self.bases()]
        taken = [(p.frame, wanted[at] - base) for at, (base, p) in zip(which, self.bases(), strict=True)]
        back = np.empty(len(wanted), np.int64)
        back[np.concatenate(which)] = np.arange(len(wanted))
        return pl.DataFrame([pl.concat([frame[name][rows] for frame, rows in taken])[back] for name in columns])

    def only(self, chosen: Flags) -> tuple[pl.DataFrame, Groups]:
        """The rows of the flagged numbers, by number, with their `_key`."""
        rows = [np.flatnonzero(chosen[p.slots]) for p in self.parts]
        slots = np.concatenate([p.slots[r] for p, r in zip(self.parts, rows, strict=True)])
        order = stable_order(slots)
        slots = slots[order]
        frames = [p.frame[r] for p, r in zip(self.parts, rows, strict=True) if len(r)]
        frame = (frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal"))[order]
        return frame.hstack([pl.Series(KEY, self.keys[slots])]), Groups.of(slots)


@dataclass(frozen=True, slots=True)
class Numbered:
    """`slots`: of each row, the number of its trace; `used`: those numbers, rising.

    `hashes`: of the key of each; `last`: the last row of each.
    """

    slots: Longs
    used: Longs
    hashes: Hashes
    last: Longs


_NONE: Final = np.empty(0, np.int64)
NO_TRACES: Final = Numbered(_NONE, _NONE, np.empty(0, np.uint64), _NONE)


def numbered(rows: pl.DataFrame, keys: Sequence[str]) -> Numbered:
    """The traces of at least one row, none with NULL in its key."""
    slots = _close_integers(rows[keys[0]]) if len(keys) == 1 else None
    if slots is None:
        groups = by_key(rows, keys)
        used, last = np.arange(len(groups.lengths)), groups.order[np.cumsum(groups.lengths) - 1]
        return Numbered(groups.spread(used), used, hash_columns(groups.keys, keys, 0).to_numpy(), last)
    found = np.full(int(slots.max()) + 1, NO_ROW)
    # The last one written stays.
    found[slots] = np.arange(len(slots))
    used = np.flatnonzero(found != NO_ROW)
    last = found[used]
    return Numbered(slots, used, hash_columns(pl.DataFrame([rows[keys[0]][last]]), keys, 0).to_numpy(), last)


def together(frame: pl.DataFrame | None, new: Numbered, held: Sequence[tuple[pl.DataFrame, Longs, Hashes]]) -> Together:
    """New rows, behind those that were held: of these also the sizes of the traces and the hashes of their keys."""
    used, hashes = new.used, new.hashes
    parts = [] if frame is None else [Part(frame, new.slots)]
    if held:
        counts, keys = (np.concatenate([h[n] for h in held]) for n in (1, 2))
        number, used, hashes = _joined(keys, used, hashes)
        frames = [h[0] for h in held]
        parts = [Part(pl.concat(frames, how="diagonal", rechunk=True), np.repeat(number, counts)), *parts]
    by_number = np.zeros(int(used[-1]) + 1, np.uint64)
    by_number[used] = hashes
    return Together(tuple(parts), used, by_number, new)


def _joined(keys: Hashes, used: Longs, hashes: Hashes) -> tuple[Longs, Longs, Hashes]:
    """Numbers for traces that were held, and all numbers and hashes; those without new rows come behind the others."""
    number = np.full(len(keys), NO_ROW)
    if len(used):
        by_hash = np.argsort(hashes)
        place = by_hash[np.minimum(np.searchsorted(hashes[by_hash], keys), len(hashes) - 1)]
        number = np.where(hashes[place] == keys, used[place], NO_ROW)
    more = np.flatnonzero(number == NO_ROW)
    top = int(used[-1]) + 1 if len(used) else 0
    number[more] = np.arange(top, top + len(more))
    return number, np.concatenate((used, number[more])), np.concatenate((hashes, keys[more]))


def _close_integers(key: pl.Series) -> Longs | None:
    if not key.dtype.is_signed_integer():
        return None
    values = key.cast(pl.Int64).to_numpy()
    low, high = int(values.min()), int(values.max())
    return values - low if high - low < max(_ROOM, 2 * len(values)) else None
