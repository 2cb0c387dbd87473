"""Records of traces that are not over: chunks of whole traces, from which those that matter now are taken out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from slac.runtime.audits.held import AT
from slac.runtime.traces.cutting import GIVEN_UP, Cut, Open
from slac.runtime.traces.groups import Flags, Groups, Hashes, Longs
from slac.runtime.traces.judged import NO_ROW
from slac.runtime.traces.known import meeting
from slac.runtime.traces.records import KEY
from slac.stream.batch import ID
from slac.stream.framing import frame_of

_MANY: Final = 64


@dataclass(frozen=True, slots=True)
class _Chunk:
    open: Open
    keys: Hashes

    @classmethod
    def of(cls, going: Open) -> _Chunk:
        return cls(going, going.frame[KEY].to_numpy()[going.groups.first])

    def only(self, chosen: Flags) -> _Chunk:
        held = self.open
        return _Chunk(
            Open(
                frame=held.frame.filter(pl.Series(held.groups.rows_of(chosen))) if chosen.any() else held.frame.clear(),
                groups=Groups.sized(held.groups.counts[chosen]),
                due=held.due[chosen],
                fragment=held.fragment[chosen],
            ),
            self.keys[chosen],
        )


class Waiting:
    """Traces that go on, each in one chunk."""

    def __init__(self) -> None:
        self._chunks: list[_Chunk] = []

    def __len__(self) -> int:
        return sum(len(c.keys) for c in self._chunks)

    @property
    def keys(self) -> list[Hashes]:
        """Hashes of their keys, in some parts."""
        return [chunk.keys for chunk in self._chunks]

    @property
    def records(self) -> int:
        """Records held."""
        return sum(c.open.groups.rows for c in self._chunks)

    @property
    def lowest(self) -> int | None:
        """When the first of them is over, if nothing more comes."""
        return min((int(c.open.due.min()) for c in self._chunks), default=None)

    @property
    def highest(self) -> int | None:
        """When the last of them is over."""
        return max((int(c.open.due.max()) for c in self._chunks), default=None)

    def take(self, hashes: Hashes, watermark: int) -> list[tuple[pl.DataFrame, Longs, Hashes]]:
        """Records of the traces of these keys, and of those that are due; their sizes and their keys."""
        taken: list[tuple[pl.DataFrame, Longs, Hashes]] = []
        if not self._chunks:
            return taken
        # All at once: there are many chunks of few traces.
        met = meeting(np.concatenate([c.keys for c in self._chunks]), hashes) != NO_ROW
        ends = np.cumsum([len(c.keys) for c in self._chunks])
        for number, (chunk, end) in enumerate(zip(self._chunks, ends.tolist(), strict=True)):
            chosen = (chunk.open.due <= watermark) | met[end - len(chunk.keys) : end]
            if chosen.any():
                gone = chunk if chosen.all() else chunk.only(chosen)
                frame = gone.open.frame
                # By columns: `drop` would start a query.
                records = frame_of([frame[n] for n in frame.columns if n != KEY])
                taken.append((records, gone.open.groups.counts, gone.keys))
                self._chunks[number] = chunk.only(~chosen)
        self._chunks = [c for c in self._chunks if len(c.keys)]
        return taken

    def add(self, going: Iterable[Open]) -> None:
        """Traces that go on."""
        self._chunks += [_Chunk.of(g) for g in going if len(g.groups)]
        if len(self._chunks) > _MANY:
            self._chunks = [_Chunk.of(_joined([c.open for c in self._chunks]))]

    def held(self) -> Iterator[pl.DataFrame]:
        """The records, frame by frame."""
        return (c.open.frame for c in self._chunks)

    def leave(self) -> list[Open]:
        """All that is held; nothing is left."""
        chunks, self._chunks = self._chunks, []
        return [c.open for c in chunks]

    def give_up(self, count: int, at: int) -> Cut | None:
        """Take out the `count` traces that began first (by time and id of their first records)."""
        if count <= 0:
            return None
        held = _joined([c.open for c in self._chunks])
        first = held.frame[held.groups.first]
        order = np.lexsort((first[ID].to_numpy(), first[AT].to_numpy()))
        chosen = np.zeros(len(held.groups), np.bool_)
        chosen[order[:count]] = True
        whole = _Chunk.of(held)
        gone = whole.only(chosen).open
        self._chunks = [c for c in [whole.only(~chosen)] if len(c.keys)]
        return Cut(
            frame=gone.frame,
            groups=gone.groups,
            ended=np.full(len(gone.groups), at),
            cause=np.full(len(gone.groups), GIVEN_UP),
            fragment=gone.fragment,
        )

    def frames(self) -> dict[str, pl.DataFrame]:
        """All that is held, for a snapshot."""
        if not self._chunks:
            return {}
        held = _joined([c.open for c in self._chunks])
        traces = {"count": held.groups.counts, "due": held.due, "fragment": held.fragment}
        return {"records": held.frame, "traces": pl.DataFrame(traces)}

    def restore(self, records: pl.DataFrame, traces: pl.DataFrame) -> None:
        """Take over what `frames` gave."""
        count, due, fragment = (traces[n].to_numpy() for n in ("count", "due", "fragment"))
        self._chunks = []
        self.add([Open(frame=records, groups=Groups.sized(count), due=due, fragment=fragment)])


def _joined(parts: list[Open]) -> Open:
    if len(parts) == 1:
        return parts[0]
    return Open(
        frame=pl.concat([p.frame for p in parts], how="diagonal"),
        groups=Groups.sized(np.concatenate([p.groups.counts for p in parts])),
        due=np.concatenate([p.due for p in parts]),
        fragment=np.concatenate([p.fragment for p in parts]),
    )
