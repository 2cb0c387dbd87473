"""Gates that feed one pattern, join or trace from other nodes need every event, unless the document says otherwise.

Gates of one runtime use one threshold for whole keys; those of several decide each for itself, and so do the instances
of a node. A key that one keeps and another drops would look like an absence.
Before: a pattern on `central` over inputs of `edge`, whose gates drop by key. After: these inputs are `never`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import msgspec

from slac.compiler.draft import Draft, Found
from slac.compiler.passes.contracts import DISK, DISK_BYTES
from slac.compiler.upstream import sources_before
from slac.plan.graph import Default
from slac.plan.nodes import AnyNode, SourceNode
from slac.plan.shedding import GateSpec, ShedContract


def apart(draft: Draft) -> Found:
    """Look at every node before which whole keys are dropped."""
    by_id = draft.by_id
    why = {source: node.block for node in draft.nodes for source in _elsewhere(node, by_id)}
    if not why:
        return draft, []
    nodes = tuple(_whole(n) if n.id in why else n for n in draft.nodes)
    told = [line for source, block in why.items() for line in _told(by_id[source], block)]
    return replace(draft, nodes=nodes, defaults=(*draft.defaults, *told)), []


def _elsewhere(node: AnyNode, by_id: Mapping[str, AnyNode]) -> Iterator[str]:
    """Inputs on other nodes that drop whole keys of a node whose contract nobody has stated."""
    if not node.whole_by or (node.contract is not None and node.contract.stated):
        return
    sources = [s for s in sources_before(by_id, node.id) if s.gate.key and (not s.can_wait or s.gate.lag is not None)]
    if any(s.node != node.node for s in sources):
        yield from (s.id for s in sources)


def _whole(node: AnyNode) -> AnyNode:
    contract = ShedContract(mode="never")
    return msgspec.structs.replace(node, gate=GateSpec(contract=contract, disk=DISK_BYTES), contract=contract)


def _told(node: AnyNode, block: str) -> Iterator[Default]:
    path = f"spec.inputs.{node.block}"
    yield Default(path=f"{path}.shed", value=f'never, because "{block}" has inputs of other runtimes too')
    if isinstance(node, SourceNode) and not node.can_wait:
        yield Default(path=f"{path}.disk", value=DISK)
