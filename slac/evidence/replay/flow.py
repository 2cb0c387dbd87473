"""A dataflow without a core: the log says what came in, and when it was carried on."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from slac.evidence.log.feed import Doubted, Entered, GateChanged, Marked, Ran
from slac.evidence.replay.gates import GATES, GatesAgain
from slac.evidence.replay.given import Given
from slac.evidence.replay.path import SubPath, only
from slac.runtime.assembly import operators_of
from slac.runtime.checkpoint import pack, unpack
from slac.runtime.dataflow import Dataflow
from slac.runtime.durable.pieces import StateInPieces
from slac.runtime.instructions import Instruction, Publish
from slac.runtime.operator import BEGINNING, OperatorContext, State
from slac.stream.batch import Batch

Saw = Callable[[int, str, Batch], None]
"""Sees what leaves a node, with the entry of the log under which it does."""


class ReplayFlow:
    """One run of a log through `path`; `live` and `start` as its core was made, `gates` those of its inputs."""

    def __init__(
        self,
        path: SubPath,
        given: Given,
        *,
        live: bool,
        start: int | None,
        saw: Saw,
        gates: GatesAgain,
    ) -> None:
        self._path = path
        self._given = given
        self._instructions: list[Instruction] = []
        context = OperatorContext(document=path.plan.document, start=start if live else None, lacks=gates.lacks())
        self.flow = Dataflow(path.plan, operators_of(only(path.plan, path.computed), context, self._instructions))
        self.gates = gates
        self.flow.guards = self.gates.guards(path.computed)
        self._rim = frozenset(n.id for n in path.plan.nodes) - path.computed - path.given.keys()
        self._marks: dict[str, int] = {}
        self._seq = 0
        self._saw = saw
        self.published: list[Publish] = []
        """What was to be published since this was emptied last."""
        self.flow.tap = self._tap

    def take(self, step: Entered | Marked | Doubted | Ran | GateChanged) -> None:
        """One step of the log."""
        match step:
            case GateChanged(node=node, decision=decision):
                self.gates.decided(node, decision)
            case Entered(node=node, batch=batch):
                if batch is not None:
                    self.gates.entered(node, batch)
                if batch is not None and node in self._rim:
                    self._seq = step.seq
                    self.flow.enter(node, batch)
            case Marked(node=node, watermark=mark):
                self._marks[node] = mark
                self.gates.marked(node, mark)
                if node in self._rim:
                    self.flow.promise(node, mark)
            case Doubted(node=node, certain=certain):
                if node in self._rim:
                    self.flow.doubt(node, certain)
            case Ran(seq=seq, end=end):
                self._seq = seq
                self._give(seq)
                self.flow.run(end=end)
        self.published += [i for i in self._instructions if isinstance(i, Publish)]
        self._instructions.clear()

    def settle(self) -> None:
        """As a checkpoint does: nothing waits behind it."""
        self.flow.settle()

    def saved(self) -> Mapping[str, StateInPieces]:
        """The state, as a checkpoint would hold it."""
        return pack({**self.flow.snapshot(), GATES: self.gates.snapshot()})

    def restore(self, saved: Mapping[str, StateInPieces]) -> None:
        """Go on from such a state."""
        states = dict(unpack(saved))
        self.gates.restore(states.pop(GATES))
        self.flow.restore(states)

    def begin_with(self, states: Mapping[str, State]) -> None:
        """Go on from what all blocks held, of which here may be a part."""
        marks = states[""].values
        own = frozenset(n.id for n in self._path.plan.nodes)
        of = {"promised": own, "certain": own, "reached": self._path.computed, "doubted": self._path.computed}
        known = {name: {i: v for i, v in marks[name].items() if i in ids} for name, ids in of.items()}
        self.flow.restore({**states, "": State(known)})

    def _give(self, seq: int) -> None:
        """Rows that were logged under this run, and the watermark up to which there are none to come."""
        for node, batch in self._given.at(seq):
            self.flow.enter(node, batch)
        for node, rims in self._path.given.items():
            mark = min((self._marks.get(r, BEGINNING) for r in rims), default=BEGINNING)
            self.flow.promise(node, min(mark, self._given.floor(node, seq)))

    def _tap(self, node_id: str, batch: Batch) -> None:
        self._saw(self._seq, node_id, batch)
