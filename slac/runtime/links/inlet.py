"""The receiving end of one stream: rows of many instances, each accepted once, under one watermark."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from slac.plan.nodes import LinkInNode
from slac.runtime.gates.elsewhere import Elsewhere
from slac.runtime.links.position import Position
from slac.runtime.operator import BEGINNING, State
from slac.stream.batch import ARRIVAL_WATERMARK, TIME, Batch, instants, link_place

FORGET: Final = 24 * 3_600_000_000
"""For how long (µs) an instance that was silent for `hold` is still waited for: as windows are kept."""
TOMBS: Final = 10_000
"""Of so many that are forgotten it stays known how far they had come."""


@dataclass(slots=True)
class Peer:
    """One sending instance: how far its stream has been accepted (µs), and when it was last heard (µs wall clock).

    `certain`: how far it had heard all that send to it. `silent`: since when it had been quiet for `hold`, until it is
    heard; `last` is when it was heard before that. `left`: it said goodbye. `forgotten`: nobody waits for it any more.
    """

    heard: int
    watermark: int = BEGINNING
    ended: bool = False
    real: int = BEGINNING
    certain: int = BEGINNING
    silent: int | None = None
    last: int = 0
    left: bool = False
    forgotten: bool = False

    def is_heard(self, now: int) -> None:
        """A sign of life."""
        self.heard = now
        self.left = self.forgotten = False
        self.silent = None


class Inlet:
    """One `link_in` node.

    A row below its sender's accepted watermark is a repeat after a crash and is dropped; a row below the watermark
    that the inlet has promised its readers (its sender was unreachable for longer than `hold`, or joined later) is
    late. `expect`: how many instances must have joined before the watermark moves at all.
    """

    def __init__(self, node: LinkInNode, *, now: int, live: bool, expect: int = 0) -> None:
        self.node = node
        self.peers: dict[str, Peer] = {}
        self.repeated = 0
        self.late = 0
        self.highest = BEGINNING
        self._start = now
        self._live = live
        self._expect = expect
        self._promised = self._certain = BEGINNING
        self._moved: dict[str, None] = {}
        self.elsewhere = Elsewhere()
        """What the gates of those who send here have dropped."""
        self._told: dict[str, str] = {}

    def join(self, peer: str, now: int) -> int:
        """An instance has connected; returns the watermark up to which its rows have been accepted."""
        if peer not in self.peers:
            self._moved[peer] = None
        known = self.peers.setdefault(peer, Peer(heard=now))
        known.is_heard(now)
        return known.watermark

    def hear(self, peer: str, now: int) -> None:
        """A sign of life."""
        if peer in self.peers:
            self.peers[peer].is_heard(now)

    def leave(self, peer: str) -> None:
        """It has said goodbye: it may come back, and is waited for as ever."""
        if peer in self.peers:
            self.peers[peer].left = True
            self._moved[peer] = None

    def accept(
        self,
        name: str,
        frame: pl.DataFrame | None,
        *,
        watermark: int,
        ended: bool,
        real: int | None,
        now: int,
        certain: int | None = None,
        gates: str | None = None,
    ) -> list[Batch]:
        """Rows of one message, once; `watermark` and the rows belong together.

        `certain`: how far the sender has heard all of its own senders, where that is less far. `gates`: what was
        dropped before its rows, where that is not as it was; BadTold where it cannot be read.
        """
        if gates is not None:
            self.elsewhere.hear(name, gates)
        self.elsewhere.meet(name)
        peer = self.peers.setdefault(name, Peer(heard=now))
        peer.is_heard(now)
        self._moved[name] = None
        batches = self._split(peer, frame) if frame is not None and frame.height else []
        peer.watermark = max(peer.watermark, watermark)
        peer.certain = max(peer.certain, min(watermark, watermark if certain is None else certain))
        if ended:
            peer.ended = True
            peer.real = real if real is not None else watermark
        elif watermark > BEGINNING:
            peer.ended = False
            peer.real = max(peer.real, watermark)
        return batches

    @property
    def ended(self) -> bool:
        """Whether all instances that were expected have said that nothing will follow."""
        return len(self.peers) >= max(self._expect, 1) and all(p.ended for p in self.peers.values())

    @property
    def real(self) -> int:
        """How far event time has come on any instance."""
        return max((p.real for p in self.peers.values()), default=BEGINNING)

    def watermark(self, now: int) -> int:
        """The lowest watermark of the instances; one that is silent for `hold` no longer holds the others back."""
        if len(self.peers) < self._expect:
            return self._promised
        if self._live:
            self._look(now)
        open_peers = [p for p in self.peers.values() if not p.ended and not p.forgotten]
        marks = [self._effective(p, now) for p in open_peers]
        if not open_peers and self._live:
            marks = [self._effective(Peer(heard=max((p.heard for p in self.peers.values()), default=self._start)), now)]
        self._promised = max(self._promised, min(marks, default=BEGINNING))
        heard = [p.certain for p in open_peers]
        self._certain = max(self._certain, min(heard) if heard else self._promised if self.peers else BEGINNING)
        return self._promised

    @property
    def certain(self) -> int:
        """How far all instances have told all that they have; behind the watermark where one could not be reached."""
        return self._certain

    def positions(self) -> Iterable[Position]:
        """How far each instance is accepted."""
        return [_position(name, peer, self.elsewhere.said.get(name)) for name, peer in self.peers.items()]

    def take_moved(self) -> Iterable[Position]:
        """The same of those who have joined, sent or left since this was asked last."""
        moved, self._moved = self._moved, {}
        told, self._told = self._told, dict(self.elsewhere.said)
        new = {name: said for name, said in self._told.items() if told.get(name) != said}
        return [_position(name, peer, new.get(name)) for name in moved if (peer := self.peers.get(name)) is not None]

    def snapshot(self) -> State:
        """Accepted watermarks."""
        counts = {"late": self.late, "highest": self.highest}
        peers = {n: [getattr(p, field) for field in _KEPT] for n, p in self.peers.items()}
        told = {name: text for name, text in self.elsewhere.said.items() if text}
        said = {"gates": told} if told else {}
        return State({"peers": peers, "promised": self._promised, "certain": self._certain, **counts, **said})

    def restore(self, state: State, now: int) -> None:
        """Take over accepted watermarks; everyone gets `hold` from now on to come back."""
        self.peers = {n: Peer(now, *fields) for n, fields in state.values["peers"].items()}
        self._promised, self.late = state.values["promised"], state.values["late"]
        self.highest, self._certain = state.values["highest"], state.values["certain"]
        met = dict.fromkeys((n for n, p in self.peers.items() if not p.forgotten), "")
        self.elsewhere.restore({**met, **state.values.get("gates", {})})

    def _look(self, now: int) -> None:
        """Who has been quiet for `hold` is silent; who stays so for another day is forgotten."""
        until = now - self.node.hold
        for name in [n for n, p in self.peers.items() if p.heard <= until and not p.ended]:
            peer = self.peers[name]
            if peer.silent is None:
                peer.last, peer.silent = peer.heard, peer.heard + self.node.hold
            if now - peer.silent >= FORGET and not peer.forgotten:
                peer.forgotten = True
                self.elsewhere.forget(name)
                self._moved[name] = None
        if len(self.peers) > TOMBS:
            gone = [n for n, p in self.peers.items() if p.forgotten]
            for name in gone[: max(len(gone) - TOMBS, 0)]:
                del self.peers[name]

    def _effective(self, peer: Peer, now: int) -> int:
        silent = now - peer.heard >= self.node.hold
        return max(peer.watermark, now - self.node.hold) if self._live and silent else peer.watermark

    def _split(self, peer: Peer, frame: pl.DataFrame) -> list[Batch]:
        fresh = _from(frame, peer.watermark)
        self.repeated += frame.height - fresh.height
        if fresh.height:
            times = instants(fresh)
            self.highest = max(self.highest, int(times.max()))  # type: ignore[arg-type]
            if ARRIVAL_WATERMARK not in fresh.columns and int(times.min()) >= self._promised:  # type: ignore[arg-type]
                return [Batch(fresh)]
        promised = pl.lit(self._promised, pl.Int64)
        behind = pl.col(TIME).cast(pl.Int64) < promised
        if ARRIVAL_WATERMARK in fresh.columns:
            # Late where it was sent is late here, too. It met the watermark that it met there, or the one promised here
            # (`hold`, or a peer that joined later), below which nothing more crosses the next link.
            behind, promised = (
                behind | pl.col(ARRIVAL_WATERMARK).is_not_null(),
                pl.max_horizontal(ARRIVAL_WATERMARK, promised),
            )
        late = fresh.filter(behind).with_columns(promised.alias(ARRIVAL_WATERMARK))
        self.late += late.height
        batches = [Batch(fresh.filter(~behind).drop(ARRIVAL_WATERMARK, strict=False)), Batch(late, late=True)]
        return [b for b in batches if b.height]


_KEPT: Final = ("watermark", "ended", "real", "certain", "silent", "last", "left", "forgotten")


def state_of(positions: Iterable[Position], *, promised: int, certain: int, late: int, highest: int) -> State:
    """What an inlet holds that has accepted so much: as `Inlet.snapshot`; nobody is known to be silent."""
    positions = list(positions)
    peers = {p.peer: Peer(0, p.watermark, p.ended, p.real, p.certain, left=p.left) for p in positions}
    kept = {n: [getattr(p, field) for field in _KEPT] for n, p in peers.items()}
    said = {p.peer: p.gates for p in positions if p.gates}
    values = {"peers": kept, "promised": promised, "certain": certain, "late": late, "highest": highest}
    return State({**values, "gates": said} if said else values)


def _position(name: str, peer: Peer, gates: str | None) -> Position:
    return Position(
        peer=name,
        watermark=peer.watermark,
        ended=peer.ended,
        real=peer.real,
        certain=peer.certain,
        left=peer.left,
        gates="" if peer.forgotten else gates,
        forgotten=peer.forgotten,
    )


def _from(frame: pl.DataFrame, watermark: int) -> pl.DataFrame:
    """The rows that have not been accepted yet: nearly always all."""
    if ARRIVAL_WATERMARK not in frame.columns and int(instants(frame).min()) >= watermark:  # type: ignore[arg-type]
        return frame
    return frame.filter(link_place(frame) >= watermark)
