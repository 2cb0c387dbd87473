"""The gates of a logged runtime, as far as its rows tell: they let nothing pass or drop, but say what had been dropped.

What a block must not say, or cannot know, depends on what was decided while its rows came. A decision stands in the log
where it was made; after a crash it held again from the same record on, and that is not logged a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec
import numpy as np

from slac.plan.graph import Plan
from slac.plan.nodes import LinkInNode, SourceNode, is_table
from slac.runtime.delivery import Guard
from slac.runtime.gates.elsewhere import Elsewhere
from slac.runtime.gates.running import dropped_before
from slac.runtime.gates.sieve import Sieve
from slac.runtime.gates.unseen import unseen_guards
from slac.runtime.gates.whole import guards
from slac.runtime.links.position import Position
from slac.runtime.operator import Lacks, State
from slac.shedding.gate import Gate, GateDecision
from slac.stream.batch import ID, Batch
from slac.stream.ids import SEQUENCE_BITS, source_prefix

GATES = "gates"
"""Name of their state among those of nodes."""
Decisions = dict[str, list[GateDecision]]
"""By input, all that a log has told so far, of whichever run."""


class GatesAgain:
    """Those of the inputs in `plan`; `decisions` is what earlier runs of the log have told, and is added to."""

    def __init__(self, plan: Plan, decisions: Decisions) -> None:
        self._plan = plan
        self._decisions = decisions
        self._gates: dict[str, Gate] = {}
        self._sieves: dict[str, Sieve] = {}
        self._due: Decisions = {}
        self._blocks: dict[str, str] = {}
        self._links = {n.id: Elsewhere() for n in plan.nodes if isinstance(n, LinkInNode)}
        for node in plan.nodes:
            if isinstance(node, SourceNode) and not is_table(node):
                self._blocks[node.id] = node.block
                self._gates[node.block] = Gate(node.block, salt=0)
                self._sieves[node.block] = Sieve(node, self._gates[node.block])

    def guards(self, computed: Collection[str]) -> Mapping[str, Guard]:
        """What they leave out of, or add to, the rows of these nodes."""
        found: dict[str, Guard] = dict(unseen_guards(self._plan, self._sieves, self._links))
        found |= guards(self._plan, self._sieves, self._links)
        return {node: guard for node, guard in found.items() if node in computed}

    def lacks(self) -> Mapping[str, Lacks]:
        """What running windows may lack because of them."""
        return dropped_before(self._plan, self._sieves, self._links)

    def decided(self, block: str, text: str) -> None:
        """A decision, as JSON, where it was made; or what a link was told of decisions elsewhere."""
        if block in self._links:
            position = msgspec.json.decode(text, type=Position)
            if position.forgotten:
                self._links[block].forget(position.peer)
            else:
                self._links[block].hear(position.peer, position.gates or "")
            return
        decision = msgspec.json.decode(text, type=GateDecision)
        self._decisions.setdefault(block, []).append(decision)
        self._follow(block, decision)

    def entered(self, node: str, batch: Batch) -> None:
        """Rows that came in at a node."""
        block = self._blocks.get(node, "")
        if not block or batch.late or not batch.height:
            return
        due = self._due.get(block, [])
        while due and _stands_before(due[0], block, batch):
            self._follow(block, due.pop(0))
        self._sieves[block].passed(batch.frame)

    def marked(self, node: str, watermark: int) -> None:
        """What has been promised of a node."""
        if block := self._blocks.get(node):
            self._sieves[block].promised(watermark)

    def snapshot(self) -> State:
        """All that they know."""
        gates = {b: [self._gates[b].snapshot(), sieve.snapshot()] for b, sieve in self._sieves.items()}
        return State({**gates, **{i: dict(link.said) for i, link in self._links.items() if link.said}})

    def restore(self, state: State) -> None:
        """Go on from there; what was decided later is decided again in its place."""
        for node, link in self._links.items():
            link.restore(state.values.get(node, {}))
        for block, sieve in self._sieves.items():
            if block in state.values:
                gate, sifted = state.values[block]
                self._gates[block].restore(gate)
                sieve.restore(sifted)
            known = self._decisions.get(block, [])
            self._due[block] = [d for d in known if d.number > sieve.number]

    def _follow(self, block: str, decision: GateDecision) -> None:
        sieve = self._sieves.get(block)
        if sieve is not None and decision.number > sieve.number:
            sieve.follow(decision)


def _stands_before(decision: GateDecision, block: str, batch: Batch) -> bool:
    """Whether a row of the batch came behind the decision; of natural ids nothing tells."""
    ids = batch.frame[ID].to_numpy()
    prefixes, numbers = ids >> np.uint64(SEQUENCE_BITS), ids & np.uint64((1 << SEQUENCE_BITS) - 1)
    known = False
    for source, position in decision.positions.items():
        mine = prefixes == np.uint64(source_prefix(block, source))
        known |= bool(mine.any())
        if (numbers[mine] >= position).any():
            return True
    return not known
