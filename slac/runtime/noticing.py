"""Which inputs may be left undecoded for a while, and until when: where nobody, on any node, would notice.

Theory of operation. `Rhythm` says of one runtime when a row matters. Here it is asked about a whole plan, in which what
is sent over a link matters where it arrives. An input whose rows matter at ends of windows only may be behind the
others until then, unless somebody waits for its watermark: what promises no more than its inputs do carries that
further, until a window, or a join behind one, promises up to its end (`Rhythm.lift`, which `Dataflow` uses). Who hears
at once must be behind such a one.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import networkx as nx

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LinkInNode, LinkOutNode, SourceNode
from slac.runtime.operator import ENDED
from slac.runtime.rhythm import Moment, Readers, Rhythm


def noticing(plan: Plan) -> dict[str, Moment]:
    """By block of the inputs that may wait: from the time of a row (µs) to the lowest watermark at which it matters.

    `plan` is the whole plan, not the part of one node.
    """
    nodes = _joined(plan)
    readers: dict[str, list[tuple[str, int]]] = {n.id: [] for n in nodes}
    for node in nodes:
        for port, upstream in enumerate(node.inputs):
            readers[upstream].append((node.id, port))
    inner = [n for n in nodes if n.inputs]
    rhythm = Rhythm(inner, readers, crossing=True)
    # A runtime promises by what it knows itself: of a link not that windows are at its other end.
    alone = Rhythm(inner, readers)
    promising = frozenset(n.id for n in inner if alone.lift(n.id) is not None) - sending(plan)
    return {
        n.block: _moment(rhythm, readers[n.id])
        for n in nodes
        if isinstance(n, SourceNode) and _can_wait(n) and _is_unheard(n.id, rhythm, readers, promising)
    }


def sending(plan: Plan) -> frozenset[str]:
    """Ids of nodes whose rows go on to a link: late ones are told from repeated ones by the watermark that they met."""
    ends = (n.id for n in plan.nodes if isinstance(n, LinkOutNode))
    return frozenset(before for end in ends for before in nx.ancestors(plan.graph, end))


def _joined(plan: Plan) -> list[AnyNode]:
    """The nodes, where what receives a stream reads what sends it."""
    ends = {(n.stream, n.node, n.to): n.id for n in plan.nodes if isinstance(n, LinkOutNode)}
    return [
        msgspec.structs.replace(n, inputs=(ends[n.stream, n.origin, n.node],)) if isinstance(n, LinkInNode) else n
        for n in plan.nodes
    ]


def _can_wait(source: SourceNode) -> bool:
    """Whether it is the same when its records are read: of those that become one, all have the arrival of the last."""
    return source.table is None and source.time_mode == "event"


def _is_unheard(source: str, rhythm: Rhythm, readers: Readers, promising: frozenset[str]) -> bool:
    """Whether nobody who hears at once waits for the watermark of `source`."""
    seen, behind = set[str](), [source]
    while behind:
        for reader, _ in readers[behind.pop()]:
            if not rhythm.is_patient(reader):
                return False
            if reader not in seen and reader not in promising:
                seen.add(reader)
                behind.append(reader)
    return True


def _moment(rhythm: Rhythm, readers: Sequence[tuple[str, int]]) -> Moment:
    return lambda time: min((rhythm.matters(reader, port, time) for reader, port in readers), default=ENDED)
