"""What audits and violations say goes to the store too, whether or not an output reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from slac.plan.graph import Plan
from slac.plan.nodes import AbsenceNode, AuditNode, ViolationNode
from slac.runtime.instructions import Instruction, Publish
from slac.runtime.rim import restated
from slac.stream.batch import Batch

STORE: Final = "store:"
"""What the store is called among the outputs; no block can have the name."""


def recorded(part: Plan) -> Mapping[str, AuditNode | ViolationNode | AbsenceNode]:
    """The nodes whose rows are kept, by id."""
    return {
        n.id: n
        for n in part.nodes
        if isinstance(n, AuditNode | ViolationNode) or (isinstance(n, AbsenceNode) and n.role != "partial")
    }


class Recording:
    """A tap (`slac.runtime.delivery.Tap`) that asks for publication to the store, in the order of what leaves."""

    def __init__(self, part: Plan, instructions: list[Instruction]) -> None:
        self._blocks = {node_id: node.block for node_id, node in recorded(part).items()}
        self._instructions = instructions

    def __call__(self, node_id: str, batch: Batch) -> None:
        """See a batch that leaves a node."""
        if node_id not in self._blocks:
            return
        frame = restated(batch.frame) if batch.late else batch.frame
        if frame.height:
            self._instructions.append(Publish(STORE, self._blocks[node_id], frame))
