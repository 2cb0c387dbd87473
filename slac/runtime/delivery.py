"""Where the rows go that leave a node: who looks on, who is given what of them, and what waits in front of whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from slac.plan.graph import Plan
from slac.runtime.asking import worthwhile
from slac.runtime.gates.carriers import without_carriers, without_counts
from slac.runtime.inbox import Inbox
from slac.runtime.operator import BEGINNING, ENDED, Operator
from slac.runtime.recorder import Recorder
from slac.runtime.rhythm import Rhythm
from slac.runtime.veil import Reader, veils
from slac.stream.batch import COUNT, Batch, instants

Tap = Callable[[str, Batch], None]
"""Sees every batch that leaves a node, with the node's id."""
Guard = Callable[[Batch], Batch]
"""Leaves rows out that a node should not say."""
Readers = dict[str, list[Reader]]
"""Who reads a node, by its id."""


def readers_of(plan: Plan, operators: Mapping[str, Operator]) -> Readers:
    """The nodes with an operator behind each node, with their ports."""
    readers: Readers = {n.id: [] for n in plan.nodes}
    for node in plan.nodes:
        if node.id in operators:
            for port, upstream in enumerate(node.inputs):
                readers[upstream].append((node.id, port))
    return readers


class Delivery:
    """Puts batches into the inboxes of those who read them.

    `tap` and `recorder` look on; `guards`: by node, what leaves rows out. `rows`: how many have left each node.
    """

    def __init__(
        self,
        plan: Plan,
        operators: Mapping[str, Operator],
        readers: Readers,
        rhythm: Rhythm,
        inboxes: Mapping[str, Inbox],
    ) -> None:
        self.tap: Tap | None = None
        self.guards: Mapping[str, Guard] = {}
        self.recorder: Recorder | None = None
        self.rows: dict[str, int] = {n.id: 0 for n in plan.nodes}
        self._rhythm, self._inbox, self._readers = rhythm, inboxes, readers
        # Who is given the rows of a node: all its readers but those that know of them in another way.
        self._routes = {i: [r for r in to if r[1] not in operators[r[0]].unheard] for i, to in readers.items()}
        self._veils = veils(plan)
        self._blind = without_counts(plan)
        self._worthwhile = worthwhile(plan)

    def enter(self, node_id: str, batch: Batch) -> None:
        """Rows that came in at a node from outside: all its readers are given them."""
        self._deliver(node_id, (batch,), self._readers[node_id])

    def deliver(self, node_id: str, batches: Iterable[Batch]) -> None:
        """Rows that the operator of a node has made."""
        self._deliver(node_id, batches, self._routes[node_id])

    def _deliver(self, node_id: str, batches: Iterable[Batch], readers: Sequence[Reader]) -> None:
        guard = self.guards.get(node_id)
        batches = batches if guard is None else map(guard, batches)
        veil = self._veils.get(node_id)
        if veil is not None:
            batches, seeing, readers = [b for b in batches if b.height], *veil.parted(readers)
            for batch in batches:
                self._route(seeing, batch)
            batches = map(veil.drawn, batches)
        for batch in batches:
            if batch.height:
                self.rows[node_id] += batch.height
                if self.tap is not None:
                    self.tap(node_id, batch)
                if self.recorder is not None:
                    self.recorder.saw(node_id, batch)
                self._route(readers, batch)

    def _route(self, readers: Sequence[Reader], batch: Batch) -> None:
        # Without readers nobody looks, and rows that are made when somebody does are not made.
        if readers and self._blind and COUNT in batch.frame.columns:
            seeing = [r for r in readers if r[0] not in self._blind]
            blind = [r for r in readers if r[0] in self._blind]
            readers = seeing
            if blind and (rows := without_carriers(batch)).height:
                self._route(blind, rows)
        lowest: int | None = None
        for reader, port in readers:
            if port == 0 and reader in self._worthwhile and self.recorder is None:
                self._ask(reader, batch)
                continue
            if not self._rhythm.is_patient(reader):
                self._inbox[reader].add(port, batch, BEGINNING, ENDED)
                continue
            if lowest is None:
                lowest = int(instants(batch.frame).min())  # type: ignore[arg-type]
            self._put(reader, port, batch, lowest)

    def _ask(self, join: str, batch: Batch) -> None:
        worth = self._worthwhile[join](batch)
        if worth.height:
            self._put(join, 0, worth, int(instants(worth.frame).min()))  # type: ignore[arg-type]

    def _put(self, reader: str, port: int, batch: Batch, lowest: int) -> None:
        """Before a patient node, with the lowest time of its rows."""
        matters = self._rhythm.matters(reader, port, lowest)
        self._inbox[reader].add(port, batch, matters, self._rhythm.said(reader, port, lowest))
