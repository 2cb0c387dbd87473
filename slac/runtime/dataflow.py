"""The operators of one runtime, wired: batches and watermarks pass through them in waves, in topological order.

What nobody could notice yet waits in front of the node that would work on it (`slac.runtime.rhythm`), so that many
small waves cost as much as a few large ones. Two marks follow each node: what it has *promised*, as if nothing waited,
and how far it has *told* all: below the first row that waits before it or above it. A node is worked up to what its
inputs have told; whatever is due outside by the promised watermark is told by then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import polars as pl

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LatestJoinNode, LinkInNode, SourceNode
from slac.plan.user.running import failure_of
from slac.plan.waiting import EVE
from slac.runtime.asking import before
from slac.runtime.costs import Costs
from slac.runtime.delivery import Delivery, Guard, Tap, readers_of
from slac.runtime.doubts import Doubts
from slac.runtime.inbox import Inbox, Joined
from slac.runtime.instructions import Notice
from slac.runtime.noticing import sending
from slac.runtime.operator import BEGINNING, ENDED, Operator, State
from slac.runtime.recorder import Accepting, Recorder
from slac.runtime.rhythm import Moment, Rhythm
from slac.runtime.sparing import firsts, spared
from slac.stream.batch import Batch


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
        self.inlets: Mapping[str, Accepting] = {}
        self.costs = costs or Costs()
        self._operators = dict(operators)
        self._inner = [n for n in plan.nodes if n.id in self._operators]
        joins = [n.id for n in self._inner if isinstance(n, LatestJoinNode) and 1 not in self._operators[n.id].unheard]
        readers = readers_of(plan, self._operators)
        self._rhythm = Rhythm(self._inner, readers, asking=joins)
        self._together = [n.id for n in self._inner if self._rhythm.comes_at_once(n.id)]
        # What stands above others hands its rows down before these have their turn.
        share = EVE // max(len(self._inner), 1)
        self._inbox = {n.id: Inbox(EVE - place * share) for place, n in enumerate(self._inner)}
        self._delivery = Delivery(plan, self._operators, readers, self._rhythm, self._inbox)
        self._doubts = Doubts(plan, self._inner)
        self._joined: Joined = {}
        self._promised: dict[str, int] = {n.id: BEGINNING for n in plan.nodes}
        self._told: dict[str, int] = {n.id: BEGINNING for n in plan.nodes}
        self._reached: dict[str, int] = {n.id: BEGINNING for n in self._inner}
        self._due: dict[str, int | None] = {}
        self._wakes: dict[str, int] = {}
        self._notices: list[Notice] = []
        self._rim = [n.id for n in plan.nodes if isinstance(n, SourceNode | LinkInNode)]
        self._head = BEGINNING
        self._sending = sending(plan)
        self._places = [self._place(node) for node in self._inner]
        patient = {p.id: p for p in self._places if p.is_patient}
        self._before = {i: [patient[b] for b in before(plan, plan[i]) if b in patient] for i in self._rhythm.asking}
        self._spared = self._those(spared(plan))
        self._firsts = self._those(firsts(plan))
        self._is_lean = False
        for node in self._inner:
            self._look(node.id)

    @property
    def is_lean(self) -> bool:
        """Whether what no reader keeps need not be said: nobody else looks on."""
        return self._is_lean

    @is_lean.setter
    def is_lean(self, is_lean: bool) -> None:
        if is_lean != self._is_lean:
            self._is_lean = is_lean
            self._spare(self._spared, is_lean=self._is_unwatched)

    @property
    def tap(self) -> Tap | None:
        """Who sees what leaves each node."""
        return self._delivery.tap

    @tap.setter
    def tap(self, tap: Tap | None) -> None:
        self._delivery.tap = tap

    @property
    def guards(self) -> Mapping[str, Guard]:
        """What leaves rows out that a node should not say, by node."""
        return self._delivery.guards

    @guards.setter
    def guards(self, guards: Mapping[str, Guard]) -> None:
        self._delivery.guards = guards

    @property
    def operators(self) -> Mapping[str, Operator]:
        """The operators by node id, with nothing waiting in front of them."""
        self.settle()
        return self._operators

    @property
    def counted(self) -> Mapping[str, int]:
        """How many rows have left each node so far; what waits is left waiting."""
        return self._delivery.rows

    @property
    def rows(self) -> Mapping[str, int]:
        """How many rows have left each node, with nothing waiting."""
        self.settle()
        return self._delivery.rows

    def enter(self, node_id: str, batch: Batch) -> None:
        """Rows that came in at a node of the rim (or, in a test, rows that an inner node is said to have made)."""
        self._delivery.enter(node_id, batch)

    def promise(self, node_id: str, watermark: int) -> None:
        """Advance the watermark of a node of the rim; a lower one than before is ignored."""
        self._promised[node_id] = self._told[node_id] = max(self._promised[node_id], watermark)

    def doubt(self, node_id: str, certain: int) -> None:
        """How far a receiving link has all rows of all its peers; `ENDED` where that is as far as its watermark."""
        if certain != self._doubts.links[node_id]:
            self.settle()
            self._doubts.hear(node_id, certain)

    def watermark(self, node_id: str) -> int:
        """The watermark that `node_id` has promised its readers."""
        return self._promised[node_id]

    def run(self, *, end: bool = False) -> None:
        """Carry all that has entered through the graph, each node once, as far as it matters; at the `end` all.

        FunctionFailed where a function of the document's own fails on a row.
        """
        recorder = self._delivery.recorder
        if recorder is not None:
            recorder.wave({i: self._promised[i] for i in self._rim}, self._doubts.links, end=end)
        self._run(wait=not end, end=end)

    def record(self, recorder: Recorder | None) -> None:
        """Let `recorder` look on from now on; None: nobody."""
        self._spare(self._spared, is_lean=self._is_lean and recorder is None)
        self._delivery.recorder = recorder
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
        # Who goes on from here may be one who hears of all: what was put off would come late to those behind.
        self._spare(self._firsts, is_lean=False)
        states = {i: o.snapshot() for i, o in self._operators.items()}
        self._spare(self._firsts, is_lean=self._is_unwatched)
        marks = {"promised": dict(self._promised), "reached": dict(self._reached)}
        states[""] = State({**marks, **self._doubts.snapshot()})
        return states

    def restore(self, states: Mapping[str, State]) -> None:
        """Take over a snapshot of the same plan."""
        self._resume(states[""].values)
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
        self._resume(marks)
        for node_id, state in states.items():
            restore(node_id, self._operators[node_id], state)
            self._look(node_id)

    def _resume(self, marks: Mapping[str, Mapping[str, int]]) -> None:
        self._promised.update(marks["promised"])
        self._told.update(self._promised)
        self._reached.update(marks["reached"])
        self._doubts.restore(marks)

    def _run(self, *, wait: bool, end: bool) -> None:
        self._head = max((self._promised[i] for i in self._rim), default=BEGINNING)
        if self._is_lean:
            # Whether rows may wait is another question once something may be lacking.
            self._spare(self._firsts, is_lean=self._is_unwatched)
        for place in self._places:
            try:
                self._step(place, wait=wait, end=end)
            except pl.exceptions.PolarsError as error:
                _fail(place.node, error)
        self._joined.clear()

    def _place(self, node: AnyNode) -> _Place:
        return _Place(
            node=node,
            id=node.id,
            inputs=tuple(node.inputs),
            inbox=self._inbox[node.id],
            operator=self._operators[node.id],
            is_linked=self._doubts.concerns(node.id),
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
            or (place.is_linked and self._doubts.is_news(node_id))
        ):
            self._work(place, told, end=end)
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

    def _work(self, place: _Place, told: int, *, end: bool) -> None:
        """Give the operator all that waits in front of it, then what its inputs have told."""
        node_id, operator, rows, began = place.id, place.operator, place.inbox.rows, self.costs.timer()
        has_worked = rows > 0
        deliver, recorder = self._delivery.deliver, self._delivery.recorder
        if place.is_linked and self._doubts.is_worse(node_id):
            # Rows that are undecided come when it is known why; what comes again comes before the doubt is over.
            self._doubt(place)
        for port, batch in place.inbox.take(self._joined):
            deliver(node_id, operator.on_batch(port, batch))
        if place.is_linked:
            self._doubt(place)
        if told > self._reached[node_id]:
            self._reached[node_id] = told
            due = operator.next_due()
            if due is not None and due <= told:
                deliver(node_id, operator.on_watermark(told, end=end))
                has_worked = True
        if operator.unsaid:
            self._delivery.rows[node_id] += operator.unsaid
            operator.unsaid = 0
        self._look(node_id)
        self._notices += operator.notices()
        if recorder is not None:
            for edges in operator.edges():
                recorder.told(node_id, edges)
        if has_worked:  # to be asked, and to have nothing to do, costs what a wave costs anyway
            self.costs.add(node_id, rows, began)

    @property
    def _is_unwatched(self) -> bool:
        return self._is_lean and self._delivery.recorder is None

    def _those(self, spared: Mapping[str, int]) -> list[tuple[_Place, int]]:
        return [(place, spared[place.id]) for place in self._places if place.id in spared]

    def _spare(self, spared: Iterable[tuple[_Place, int]], *, is_lean: bool) -> None:
        for place, most in spared:
            place.operator.spare(most if is_lean else None)
            due, reached = place.operator.next_due(), self._reached[place.id]
            if due is not None and due <= reached:
                # What was put off is said before somebody looks on.
                try:
                    self._delivery.deliver(place.id, place.operator.on_watermark(reached))
                except pl.exceptions.PolarsError as error:
                    _fail(place.node, error)
            self._look(place.id)

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

    def _doubt(self, place: _Place) -> None:
        certain = self._doubts.tell(place.id)
        if certain is not None:
            self._delivery.deliver(place.id, place.operator.on_doubt(certain))


def _fail(node: AnyNode, error: pl.exceptions.PolarsError) -> NoReturn:
    """What Polars could not compute, in a sentence where a function of the document's own is to blame."""
    failure = failure_of(node.block, node, error)
    if failure is None:
        raise error
    raise failure from error
