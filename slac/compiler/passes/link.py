"""Where a stream leaves a node, a link carries it.

Before: `module_state` on central reads `runs` on edge. After: `runs.out.central` on edge and `runs.in.edge` on central,
one pair however many blocks of central read it. Where edge connects to a node in between, that one passes it on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import msgspec

from slac.compiler.draft import Draft, Found
from slac.compiler.passes.ways import way
from slac.diagnostics import Diagnostic, Related
from slac.plan.graph import Placement
from slac.plan.nodes import AnyNode, LinkInNode, LinkOutNode, is_table


@dataclass(slots=True)
class _Linker:
    """The nodes so far, with the links that they need, and what cannot be linked (once a pair of blocks)."""

    draft: Draft
    dials: dict[str, str | None]
    places: dict[str, Placement]
    done: dict[str, AnyNode] = field(default_factory=dict)
    found: dict[tuple[str, str], Diagnostic] = field(default_factory=dict)

    def take(self, node: AnyNode) -> None:
        """Add a node behind the links that it needs."""
        inputs = tuple(self._reached(node, self.done[i]) for i in node.inputs)
        self.done[node.id] = msgspec.structs.replace(node, inputs=inputs)

    def _reached(self, node: AnyNode, upstream: AnyNode) -> str:
        if upstream.node == node.node:
            return upstream.id
        if is_table(upstream):
            own = msgspec.structs.replace(upstream, id=f"{upstream.id}.on.{node.node}", node=node.node)
            return self.done.setdefault(own.id, own).id
        steps = way(self.dials, upstream.node, node.node)
        if not steps:
            pair = (upstream.block, node.block)
            self.found.setdefault(pair, _no_link(self.draft, self.dials, node, upstream))
            return upstream.id
        for step in steps:
            sender, receiver = _pair(upstream, self.places[step])
            self.done.setdefault(sender.id, sender)
            upstream = self.done.setdefault(receiver.id, receiver)
        return upstream.id


def link(draft: Draft) -> Found:
    """Put links on all edges between nodes; a stream without a way to its reader is a finding."""
    dials = {p.name: p.connect for p in draft.placements}
    linker = _Linker(draft, dials, {p.name: p for p in draft.placements})
    for node in draft.nodes:
        linker.take(node)
    read = {i for n in linker.done.values() for i in n.inputs}
    nodes = tuple(n for n in linker.done.values() if not (is_table(n) and n.id not in read and _elsewhere(n, linker)))
    return replace(draft, nodes=nodes), list(linker.found.values())


def _elsewhere(table: AnyNode, linker: _Linker) -> bool:
    """Whether a table is read on another node than the one that it was put on."""
    return any(n.block == table.block and n is not table for n in linker.done.values())


def _pair(upstream: AnyNode, place: Placement) -> tuple[LinkOutNode, LinkInNode]:
    stream, origin, to = upstream.id, upstream.node, place.name
    sender = LinkOutNode(
        id=f"{stream}.out.{to}",
        block=upstream.block,
        node=origin,
        inputs=(stream,),
        schema=upstream.schema,
        depth=upstream.depth,
        windowed=upstream.windowed,
        stream=stream,
        to=to,
        instances=place.instances,
        by=place.by if place.instances > 1 else None,
    )
    receiver = LinkInNode(
        id=f"{stream}.in.{origin}",
        block=upstream.block,
        node=to,
        schema=upstream.schema,
        depth=upstream.depth,
        windowed=upstream.windowed,
        stream=stream,
        origin=origin,
        hold=place.hold,
    )
    return sender, receiver


def _no_link(draft: Draft, dials: dict[str, str | None], node: AnyNode, upstream: AnyNode) -> Diagnostic:
    block, source = draft.blocks[node.block], draft.blocks[upstream.block]
    code, why = _reason(dials, upstream.node, node.node)
    return Diagnostic(
        code=code,
        summary=f'"{node.block}" on "{node.node}" cannot read "{upstream.block}" on "{upstream.node}"',
        span=block.span,
        path=block.path,
        details=why,
        related=(Related(source.span, f'"{upstream.block}" is declared here'),),
    )


def _reason(dials: dict[str, str | None], origin: str, to: str) -> tuple[str, str]:
    if way(dials, to, origin):
        return (
            "language/not-built",
            f'links run from "{to}", which connects, to "{origin}"; the way back is not built yet',
        )
    return (
        "placement/no-path",
        f'neither node connects to the other: give "{origin}" a `connect: {to}`, or place both together',
    )
