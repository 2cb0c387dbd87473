"""Mode `evidence`: the rows of a while are held back, and those that verdicts were made of are cut out and written."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import polars as pl

from slac.evidence.lineage import LOG, Closure, Sight, closure, consumed
from slac.evidence.log.entries import Entry, EntryKind
from slac.evidence.log.frames import SEQ
from slac.evidence.log.nodes import verdict_nodes
from slac.evidence.log.segment import Content
from slac.evidence.recorder.held import Held
from slac.evidence.recorder.spool import MOST, Spool
from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, LinkOutNode
from slac.runtime.links.protocol import Named
from slac.runtime.recorder import LogMode
from slac.stream.batch import ID, TIME
from slac.stream.ids import format_id

QUIET: Final = ("stay", "scheduled", "forgotten")
"""Kinds of reports and violations that say nothing new: what led to them is not kept."""
STAYS: Final = ("stay", "scheduled")
_OF_STAYS: Final = ("", "entered the state", "what was said before")
MOST_IDS: Final = 4096
"""Ids in one message to those who sent rows."""
_ALWAYS: Final = frozenset({EntryKind.GATE, EntryKind.REFUSED, EntryKind.NOTICE, EntryKind.LOST, EntryKind.SAVED})


log = logging.getLogger("slac.log")


class History:
    """A stage of the writing thread: rows of nodes in mode `full` pass, those in mode `evidence` wait here.

    `limit`: bytes of rows that are held. Where a verdict was made of rows that are forgotten already, the evidence has
    what is left. `spool` keeps them with each checkpoint; a run that goes on from checkpoint `restored` has them again.
    """

    def __init__(
        self, part: Plan, modes: Mapping[str, LogMode], *, limit: int, spool: Spool | None = None, restored: int = 0
    ) -> None:
        self._part = part
        self._full = frozenset(node for node, mode in modes.items() if mode == "full")
        self._is_full = len(self._full) == len(modes)
        self._verdicts = verdict_nodes(part) & modes.keys()
        fields = {node.id: node.schema.names for node in part.nodes if node.id in modes}
        self._held = Held(fields, limit)
        self._links = {n.id: n.stream for n in part.nodes if isinstance(n, LinkInNode)}
        self._senders = {n.stream: n.inputs[0] for n in part.nodes if isinstance(n, LinkOutNode)}
        self._named: list[Named] = []
        self._written: dict[str, pl.DataFrame] = {}
        self._told: set[int] = set()
        self._spool = spool if not self._is_full else None
        if spool is not None:
            for held in spool.begin(restored if not self._is_full else 0):
                self._held.add_again(held)

    def take(self, content: Content, size: int) -> Content:
        """What is to be written now."""
        if self._is_full:
            return content
        self._held.add(content, size)
        for entry in content.entries if self._spool is not None else ():
            if entry.kind == EntryKind.SAVED:
                self._save(entry.value)
        start = self._new(content)
        sight = Sight(self._part, self._held)
        made = closure(sight, start) if start else Closure()
        self._with_stays(made, content, sight)
        return self._left(content, start, made)

    def _save(self, number: int) -> None:
        """What is held outlives a crash from here on; the log goes on where a disk refuses it."""
        held = self._held.gather(MOST)
        if held is None or self._spool is None:
            return
        try:
            self._spool.keep(number, held)
        except OSError as error:
            log.warning("what is held to be evidence is not kept: %s", error.strerror or error)

    def cut(self, named: Named) -> Content:
        """What rows that were sent, and that a verdict elsewhere was made of, were made of here."""
        node = self._senders.get(named.stream)
        if node is None or node in self._full:
            return Content()
        rows = self._held.rows(node, low=named.low, high=named.high)
        rows = rows.filter(pl.col(ID).is_in(pl.Series(named.ids, dtype=pl.UInt64).implode()))
        if not rows.height:
            return Content()
        return self._left(Content(), {}, closure(Sight(self._part, self._held), {node: rows}))

    def take_named(self) -> list[Named]:
        """Rows that came over links and have become evidence since the last time; from another thread."""
        taken, self._named = self._named, []
        return taken

    def _with_stays(self, made: Closure, content: Content, sight: Sight) -> None:
        """Reports that a state stays have what was judged last and how the state was entered, and no more than that."""
        for node, rows in self._said(content, lambda kind: kind.is_in(STAYS)).items():
            for found in consumed(self._part[node], rows, sight):
                if found.role in _OF_STAYS and found.rows.height and not sight.is_hidden(found.node):
                    made.rows[found.node] = _added(made.rows.get(found.node), found.rows)
            made.rows[node] = _added(made.rows.get(node), rows)

    def _new(self, content: Content) -> dict[str, pl.DataFrame]:
        """The rows of verdicts that say something new."""
        return self._said(content, lambda kind: ~kind.is_in(QUIET))

    def _said(self, content: Content, which: Callable[[pl.Expr], pl.Expr]) -> dict[str, pl.DataFrame]:
        found = {}
        for node in self._verdicts & content.rows.keys():
            if node in self._full:
                continue
            times = [batch.frame["_time"].cast(pl.Int64) for _, batch in content.rows[node]]
            low, high = min(t.min() for t in times), max(t.max() for t in times)  # type: ignore[type-var]
            seqs = [seq for seq, _ in content.rows[node]]
            rows = self._held.rows(node, low=low, high=high)  # type: ignore[arg-type]
            rows = rows.filter(pl.col(SEQ).is_in(seqs), which(pl.col("kind")))
            if rows.height:
                found[node] = rows
        return found

    def _left(self, content: Content, start: Mapping[str, pl.DataFrame], made: Closure) -> Content:
        left = Content(states=content.states)
        left.rows = {node: rows for node, rows in content.rows.items() if node in self._full}
        left.edges = {node: frames for node, frames in content.edges.items() if node in self._full}
        for node, rows in made.rows.items():
            if node not in self._full and (fresh := self._fresh(node, rows)).height:
                left.logged[node] = [fresh.drop(LOG)]
                if node in self._links:
                    self._named += _named(self._links[node], fresh)
        for node in made.followed:
            edges = self._edges(node, made)
            if edges is not None:
                left.edges.setdefault(node, []).append(edges)
        told = [*self._verdict_entries(start)]
        left.entries = content.entries + told if self._full else self._entries(content, made) + told
        return left

    def _fresh(self, node: str, rows: pl.DataFrame) -> pl.DataFrame:
        """What has not been written yet; what has is remembered for as long as it is held."""
        known = self._written.get(node)
        own = rows.select(SEQ, ID)
        if known is not None:
            rows = rows.join(known, on=[SEQ, ID], how="anti", maintain_order="left")
            own = pl.concat([known, own]).unique()
        self._written[node] = own.filter(pl.col(SEQ) >= self._held.first)
        return rows

    def _edges(self, node: str, made: Closure) -> pl.DataFrame | None:
        """Only what the node told itself: all else is derived again."""
        told = self._held.edges(node)
        if not told.height or node in self._full:
            return None
        return told.join(made.followed[node], on=[LOG, ID], how="semi").select(SEQ, ID, "_consumed")

    def _entries(self, content: Content, made: Closure) -> list[Entry]:
        """Of all entries those under which these rows came or were made, with the watermarks that held then."""
        always = [e for e in content.entries if e.kind in _ALWAYS]
        if not made.rows:
            return always
        seqs, chosen = set(made.seqs.to_list()), {e.seq: e for e in always}
        marks: dict[tuple[EntryKind, str], Entry] = {}
        for entry in self._held.entries:
            if entry.kind in (EntryKind.MARK, EntryKind.DOUBT):
                marks[entry.kind, entry.node] = entry
            elif entry.seq in seqs:
                chosen |= {e.seq: e for e in marks.values()} if entry.kind == EntryKind.RUN else {}
                chosen[entry.seq] = entry
        fresh = [e for seq, e in sorted(chosen.items()) if seq not in self._told]
        self._told = {seq for seq in self._told | chosen.keys() if seq >= self._held.first}
        return fresh

    def _verdict_entries(self, start: Mapping[str, pl.DataFrame]) -> Iterable[Entry]:
        for node, rows in start.items():
            for seq, row in rows.select(SEQ, ID).iter_rows():
                yield Entry(seq, EntryKind.VERDICT, node, detail=format_id(row))


def _added(known: pl.DataFrame | None, rows: pl.DataFrame) -> pl.DataFrame:
    if known is None or not known.height:
        return rows
    return pl.concat([known, rows], how="diagonal_relaxed").unique([LOG, SEQ, ID], keep="first", maintain_order=True)


def _named(stream: str, rows: pl.DataFrame) -> Iterable[Named]:
    """In messages of a bounded size."""
    times = rows.select(pl.col(TIME).cast(pl.Int64)).to_series()
    for begin in range(0, rows.height, MOST_IDS):
        ids, at = rows[ID].slice(begin, MOST_IDS), times.slice(begin, MOST_IDS)
        yield Named(stream=stream, ids=tuple(ids), low=int(at.min()), high=int(at.max()))  # type: ignore[arg-type]
