"""The operators of one runtime, wired: batches and watermarks pass through them in waves, in topological order.

What nobody could notice yet waits in front of the node that would work on it (`slac.runtime.rhythm`), so that many
small waves cost as much as a few large ones. Two marks follow each node: what it has *promised*, as if nothing waited,
and how far it has *told* all: below the first row that waits before it or above it. A node is worked up to what its
inputs have told; whatever is due outside by the promised watermark is told by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx
import polars as pl

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LatestJoinNode, LinkInNode, SourceNode
from slac.plan.user.running import failure_of
from slac.plan.waiting import EVE
from slac.runtime.asking import before, worthwhile
from slac.runtime.costs import Costs
from slac.runtime.gates.carriers import without_carriers, without_counts
from slac.runtime.inbox import Inbox, Joined
from slac.runtime.instructions import Notice
from slac.runtime.noticing import sending
from slac.runtime.operator import BEGINNING, ENDED, Operator, State
from slac.runtime.recorder import Accepting, Recorder
from slac.runtime.rhythm import Moment, Rhythm
from slac.runtime.veil import veils
from slac.stream.batch import COUNT, Batch, instants

Tap = Callable[[str, Batch], None]
"""Sees every batch that leaves a node, with the node's id."""
Guard = Callable[[Batch], Batch]
"""Leaves rows out that a node should not say."""


@dataclass(slots=True, kw_only=True)
class _Place:
    """A node with what a wave needs of it.

    `still`: what `Rhythm.told` says while `due` is due and no input lags, where that `is_known`.
    `lift`: as `Rhythm.lift`, where the node may promise so much; `lifted`: what that has said last. `asks`: as in
    `Rhythm.asking`.
    """

    node: AnyNode
    id: str
    inputs: tuple[str, ...]
    inbox: Inbox
    operator: Operator
    is_linked: bool
    is_patient: bool
    is_known: bool = False
    due: int | None = None
    still: int = ENDED
    lift: Moment | None = None
    asks: bool = False
    lifted: int = BEGINNING


class Dataflow:
    """Routes batches from node to node.

    `enter` and `promise` speak for the nodes at the rim (sources, receiving links); `run` then carries everything
    through. A node without rows that matter and with nothing due is not called: only its watermark passes.
    """

    def __init__(self, plan: Plan, operators: Mapping[str, Operator], costs: Costs | None = None) -> None:
        self.tap: Tap | None = None
        self.guards: Mapping[str, Guard] = {}
        self._recorder: Recorder | None = None
        self.inlets: Mapping[str, Accepting] = {}
        self.costs = costs or Costs()
        self._operators = dict(operators)
        self._inner = [n for n in plan.nodes if n.id in self._operators]
        self._readers: dict[str, list[tuple[str, int]]] = {n.id: [] for n in plan.nodes}
        # Who is given the rows of a node: all its readers but those that know of them in another way.
        self._routes: dict[str, list[tuple[str, int]]] = {n.id: [] for n in plan.nodes}
        for node in self._inner:
            for port, upstream in enumerate(node.inputs):
                self._readers[upstream].append((node.id, port))
                if port not in self._operators[node.id].unheard:
                    self._routes[upstream].append((node.id, port))
        self._veils = veils(plan)
        self._blind = without_counts(plan)
        self._worthwhile = worthwhile(plan)
        joins = [n.id for n in self._inner if isinstance(n, LatestJoinNode) and 1 not in self._operators[n.id].unheard]
        self._rhythm = Rhythm(self._inner, self._readers, asking=joins)
        self._together = [n.id for n in self._inner if self._rhythm.comes_at_once(n.id)]
        # What stands above others hands its rows down before these have their turn.
        share = EVE // max(len(self._inner), 1)
        self._inbox = {n.id: Inbox(EVE - place * share) for place, n in enumerate(self._inner)}
        self._joined: Joined = {}
        self._promised: dict[str, int] = {n.id: BEGINNING for n in plan.nodes}
        self._told: dict[str, int] = {n.id: BEGINNING for n in plan.nodes}
        self._reached: dict[str, int] = {n.id: BEGINNING for n in self._inner}
        self._due: dict[str, int | None] = {}
        self._wakes: dict[str, int] = {}
        self._rows: dict[str, int] = {n.id: 0 for n in plan.nodes}
        self._notices: list[Notice] = []
        self._certain = {n.id: ENDED for n in plan.nodes if isinstance(n, LinkInNode)}
        self._doubted = {n.id: ENDED for n in self._inner}
        self._links = {n.id: tuple(sorted(nx.ancestors(plan.graph, n.id) & self._certain.keys())) for n in self._inner}
        self._rim = [n.id for n in plan.nodes if isinstance(n, SourceNode | LinkInNode)]
        self._is_certain = True
        self._head = BEGINNING
        self._sending = sending(plan)
        self._places = [self._place(node) for node in self._inner]
        patient = {p.id: p for p in self._places if p.is_patient}
        self._before = {i: [patient[b] for b in before(plan, plan[i]) if b in patient] for i in self._rhythm.asking}
        for node in self._inner:
            self._look(node.id)

    @property
    def operators(self) -> Mapping[str, Operator]:
        """The operators by node id, with nothing waiting in front of them."""
        self.settle()
        return self._operators

    @property
    def counted(self) -> Mapping[str, int]:
        """How many rows have left each node so far; what waits is left waiting."""
        return self._rows

    @property
    def rows(self) -> Mapping[str, int]:
        """How many rows have left each node, with nothing waiting."""
        self.settle()
        return self._rows

    def enter(self, node_id: str, batch: Batch) -> None:
        """Rows that came in at a node of the rim (or, in a test, rows that an inner node is said to have made)."""
        self._deliver(node_id, (batch,), self._readers[node_id])

    def promise(self, node_id: str, watermark: int) -> None:
        """Advance the watermark of a node of the rim; a lower one than before is ignored."""
        self._promised[node_id] = self._told[node_id] = max(self._promised[node_id], watermark)

    def doubt(self, node_id: str, certain: int) -> None:
        """How far a receiving link has all rows of all its peers; `ENDED` where that is as far as its watermark."""
        if certain != self._certain[node_id]:
            self.settle()
            self._certain[node_id] = certain
            self._count_doubts()

    def watermark(self, node_id: str) -> int:
        """The watermark that `node_id` has promised its readers."""
        return self._promised[node_id]

    def run(self, *, end: bool = False) -> None:
        """Carry all that has entered through the graph, each node once, as far as it matters; at the `end` all.

        FunctionFailed where a function of the document's own fails on a row.
        """
        if self._recorder is not None:
            self._recorder.wave({i: self._promised[i] for i in self._rim}, self._certain, end=end)
        self._run(wait=not end, end=end)

    def record(self, recorder: Recorder | None) -> None:
        """Let `recorder` look on from now on; None: nobody."""
        self._recorder = recorder
        for operator in self._operators.values():
            operator.tells_edges = recorder is not None

    def settle(self) -> None:
        """Bring every operator to where it would be if nothing ever waited; outside nobody notices. As `run`."""
        self._run(wait=False, end=False)

    def next_due(self) -> int | None:
        """The lowest watermark at which something could be noticed outside."""
        due = [*self._wakes.values(), *(i.due for i in self._inbox.values())]
        return min((d for d in due if BEGINNING < d < ENDED), default=None)

    def window_after(self, watermark: int) -> int | None:
        """The lowest watermark above this one at which windows end that could be noticed outside."""
        due = [*(self._wakes[i] for i in self._together), *(i.due for i in self._inbox.values())]
        return min((d for d in due if watermark < d < ENDED), default=None)

    def open_until(self) -> int | None:
        """The watermark that would close every window that holds data now."""
        ends = [e for o in self.operators.values() if (e := o.open_until()) is not None]
        return max(ends, default=None)

    def rim(self) -> Iterable[str]:
        """Ids of the nodes where data comes in."""
        return self._rim

    def take_notices(self) -> list[Notice]:
        """What operators had to tell beside rows since the last call."""
        taken, self._notices = self._notices, []
        return taken

    def snapshot(self) -> dict[str, State]:
        """The state of every operator, and the watermarks under the key of no node."""
        self.settle()
        states = {i: o.snapshot() for i, o in self._operators.items()}
        marks = {"promised": self._promised, "reached": self._reached}
        doubts = {"certain": self._certain, "doubted": self._doubted}
        states[""] = State({name: dict(places) for name, places in {**marks, **doubts}.items()})
        return states

    def restore(self, states: Mapping[str, State]) -> None:
        """Take over a snapshot of the same plan."""
        self._promised.update(states[""].values["promised"])
        self._told.update(self._promised)
        self._reached.update(states[""].values["reached"])
        self._certain.update(states[""].values["certain"])
        self._count_doubts()
        self._doubted.update(states[""].values["doubted"])
        for node_id, operator in self._operators.items():
            operator.restore(states[node_id])
            self._look(node_id)

    @property
    def ids(self) -> Iterable[str]:
        """Ids of the nodes that have an operator here."""
        return self._operators.keys()

    def inherit(
        self,
        marks: Mapping[str, Mapping[str, int]],
        states: Mapping[str, State],
        restore: Callable[[str, Operator, State], None],
    ) -> None:
        """Take over what another plan has left: marks as a snapshot has them, and by node id states for `restore`."""
        self._promised.update(marks["promised"])
        self._told.update(self._promised)
        self._reached.update(marks["reached"])
        self._certain.update({i: m for i, m in marks["certain"].items() if i in self._certain})
        self._count_doubts()
        self._doubted.update({i: m for i, m in marks["doubted"].items() if i in self._doubted})
        for node_id, state in states.items():
            restore(node_id, self._operators[node_id], state)
            self._look(node_id)

    def _run(self, *, wait: bool, end: bool) -> None:
        self._head = max((self._promised[i] for i in self._rim), default=BEGINNING)
        for place in self._places:
            try:
                self._step(place, wait=wait, end=end)
            except pl.exceptions.PolarsError as error:
                failure = failure_of(place.node.block, place.node, error)
                if failure is None:
                    raise
                raise failure from error
        self._joined.clear()

    def _place(self, node: AnyNode) -> _Place:
        return _Place(
            node=node,
            id=node.id,
            inputs=tuple(node.inputs),
            inbox=self._inbox[node.id],
            operator=self._operators[node.id],
            is_linked=bool(self._links[node.id]),
            is_patient=self._rhythm.is_patient(node.id),
            lift=None if node.id in self._sending else self._rhythm.lift(node.id),
            asks=node.id in self._rhythm.asking,
        )

    def _step(self, place: _Place, *, wait: bool, end: bool) -> None:
        # In each wave for each node: most have nothing to do but to pass a watermark on.
        node_id, inbox = place.id, place.inbox
        promised = min([self._promised[i] for i in place.inputs])
        is_due = (
            not wait or inbox.due <= promised or (inbox.rows > 0 and (inbox.is_crowded or inbox.prepares(promised)))
        )
        if place.asks and wait and (is_due or self._wakes[node_id] <= promised):
            # A left row is to be answered: what has waited for that is worked on now.
            for one in self._before[node_id]:
                self._step(one, wait=False, end=end)
        told = min([self._told[i] for i in place.inputs])
        if (
            is_due
            or (self._wakes[node_id] <= promised and told > self._reached[node_id])
            or (place.is_linked and self._is_doubted(node_id))
        ):
            self._work(node_id, told, end=end)
        mark = max(self._promised[node_id], place.operator.output_watermark(promised))
        if place.lift is not None:
            mark = self._lifted(place, place.lift, mark)
        self._promised[node_id] = mark
        self._told[node_id] = self._telling(place, mark) if place.is_patient else mark

    def _lifted(self, place: _Place, lift: Moment, mark: int) -> int:
        """Between the ends of windows nobody waits for an input that is behind: no further than others are ahead."""
        if mark > place.lifted:
            place.lifted = lift(mark)
        return max(mark, min(place.lifted, self._head))

    def _work(self, node_id: str, told: int, *, end: bool) -> None:
        """Give the operator all that waits in front of it, then what its inputs have told."""
        operator, began, rows = self._operators[node_id], self.costs.timer(), self._inbox[node_id].rows
        has_worked = rows > 0
        if self._links[node_id] and self._certainty(node_id) < self._doubted[node_id]:
            # Rows that are undecided come when it is known why; what comes again comes before the doubt is over.
            self._doubt(node_id, operator)
        for port, batch in self._inbox[node_id].take(self._joined):
            self._deliver(node_id, operator.on_batch(port, batch))
        if self._links[node_id]:
            self._doubt(node_id, operator)
        if told > self._reached[node_id]:
            self._reached[node_id] = told
            due = operator.next_due()
            if due is not None and due <= told:
                self._deliver(node_id, operator.on_watermark(told, end=end))
                has_worked = True
        self._look(node_id)
        self._notices += operator.notices()
        if self._recorder is not None:
            for edges in operator.edges():
                self._recorder.told(node_id, edges)
        if has_worked:  # to be asked, and to have nothing to do, costs what a wave costs anyway
            self.costs.add(node_id, rows, began)

    def _look(self, node_id: str) -> None:
        """Note when the operator wants to be called."""
        due = self._due[node_id] = self._operators[node_id].next_due()
        self._wakes[node_id] = self._rhythm.falls_due(node_id, due)

    def _telling(self, place: _Place, promised: int) -> int:
        """Below which time all has left a patient node: as it has promised, but for what waits."""
        marks, told = self._promised, self._told
        lags = [(port, told[i]) for port, i in enumerate(place.inputs) if told[i] < marks[i]]
        due = self._due[place.id]
        if lags or not place.is_known or due != place.due:
            place.is_known, place.due, place.still = not lags, due, self._rhythm.told(place.id, due, lags)
        return min(promised, place.inbox.earliest, place.still)

    def _is_doubted(self, node_id: str) -> bool:
        return self._certainty(node_id) != self._doubted[node_id]

    def _certainty(self, node_id: str) -> int:
        return ENDED if self._is_certain else min(self._certain[link] for link in self._links[node_id])

    def _count_doubts(self) -> None:
        self._is_certain = all(certain == ENDED for certain in self._certain.values())

    def _doubt(self, node_id: str, operator: Operator) -> None:
        certain = self._certainty(node_id)
        if certain != self._doubted[node_id]:
            self._doubted[node_id] = certain
            self._deliver(node_id, operator.on_doubt(certain))

    def _deliver(
        self, node_id: str, batches: Iterable[Batch], readers: Sequence[tuple[str, int]] | None = None
    ) -> None:
        readers = self._routes[node_id] if readers is None else readers
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
                self._rows[node_id] += batch.height
                if self.tap is not None:
                    self.tap(node_id, batch)
                if self._recorder is not None:
                    self._recorder.saw(node_id, batch)
                self._route(readers, batch)

    def _route(self, readers: Sequence[tuple[str, int]], batch: Batch) -> None:
        # Without readers nobody looks, and rows that are made when somebody does are not made.
        if readers and self._blind and COUNT in batch.frame.columns:
            seeing = [r for r in readers if r[0] not in self._blind]
            blind = [r for r in readers if r[0] in self._blind]
            readers = seeing
            if blind and (rows := without_carriers(batch)).height:
                self._route(blind, rows)
        lowest: int | None = None
        for reader, port in readers:
            if port == 0 and reader in self._worthwhile and self._recorder is None:
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
