"""How far the links of a runtime had accepted what was sent to them, where its log ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec
import polars as pl

from slac.evidence.log.entries import EntryKind
from slac.evidence.log.frames import SEQ
from slac.evidence.log.header import Header
from slac.evidence.log.layout import WITHOUT_LINKS
from slac.evidence.log.reader import LogDirectory, LogSegment
from slac.runtime.links.position import Position

_TOLD: Final = [str(k) for k in (EntryKind.LINK, EntryKind.ENTER, EntryKind.STATE, EntryKind.SAVED)]


@dataclass(slots=True)
class Accepted:
    """By link node and instance the last position, and by node how many rows came late.

    `is_known`: all instances are among them, because the log has said so of all since one moment.
    """

    is_known: bool
    positions: dict[str, dict[str, Position]] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Accepted:
        """One that can be followed on its own."""
        positions = {node: dict(peers) for node, peers in self.positions.items()}
        return Accepted(is_known=self.is_known, positions=positions, late=dict(self.late))


def accepted_in(log: LogDirectory) -> Accepted:
    """What the log tells, through crashes after which a run went on from a checkpoint that is in it."""
    resumed = {s.header.restored for s in log.segments}
    saved: dict[int, Accepted] = {}
    at, before = Accepted(is_known=False), None
    for segment in log.segments:
        header = segment.header
        if before is None or header.run != before.run:
            at = _begun(header, saved)
        elif header.number != before.number + 1:
            at.is_known = False
        before = header
        for number in _follow(at, segment):
            if number in resumed:
                saved[number] = at.copy()
    return at


def _begun(header: Header, saved: Mapping[int, Accepted]) -> Accepted:
    if header.restored in saved:
        return saved[header.restored].copy()
    is_first = header.number == header.run and header.whole and not header.restored
    return Accepted(is_known=is_first and header.format > WITHOUT_LINKS)


def _follow(at: Accepted, segment: LogSegment) -> Iterator[int]:
    """Bring `at` up to date; gives the number of each checkpoint that was cut where that is so far."""
    frames = [frame.filter(pl.col("kind").is_in(_TOLD)) for frame in segment.frames("order")]
    if not frames:
        return
    told = pl.concat(frames).sort(SEQ, maintain_order=True)
    for kind, node, value, late, detail in told.select("kind", "node", "value", "late", "detail").iter_rows():
        match EntryKind(kind):
            case EntryKind.LINK:
                position = msgspec.json.decode(detail, type=Position)
                peers = at.positions.setdefault(node, {})
                if position.gates is None and position.peer in peers:
                    position = msgspec.structs.replace(position, gates=peers[position.peer].gates)
                peers[position.peer] = position
            case EntryKind.ENTER if late:
                at.late[node] = at.late.get(node, 0) + value
            case EntryKind.STATE:
                # All that links have accepted is said again behind it.
                at.is_known = segment.header.format > WITHOUT_LINKS
            case EntryKind.SAVED:
                yield value
