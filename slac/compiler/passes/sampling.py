"""What is made of spans that samplers have thinned has to be such that weights can tell what is missing.

Before: `absent: spans`, an input that is `sampled`. After: the finding that what was dropped before looks like silence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slac.compiler.draft import Draft, Found
from slac.compiler.gates.hoist import plain_column, ways
from slac.compiler.upstream import sources_before
from slac.diagnostics import Diagnostic
from slac.plan.nodes import AbsenceNode, AnyNode, IntervalJoinNode, PatternNode, SourceNode, WindowNode

_ALL_THERE = "read it from an input without `sampled`, or have such spans kept where they are made"


def sampling(draft: Draft) -> Found:
    """Tell of blocks that make something else of sampled spans than estimates."""
    by_id = draft.by_id
    found = [d for n in draft.nodes if n.block not in draft.broken for d in _of(n, draft, by_id)]
    return draft, found


def _of(node: AnyNode, draft: Draft, by_id: Mapping[str, AnyNode]) -> Iterator[Diagnostic]:
    if isinstance(node, SourceNode):
        return
    contract = node.contract
    if contract is not None and contract.stated and contract.mode == "subset":
        thinned = [s for s in sources_before(by_id, node.id) if s.sampled is not None]
    else:
        thinned = list({s.id: s for i in node.inputs for s in _single(by_id, i)}.values())
    if not thinned:
        return
    names = ", ".join(f'"{s.block}"' for s in thinned)
    match node:
        case PatternNode():
            yield _said(
                node, draft, f'the pattern "{node.block}" would take for absent what samplers of {names} dropped'
            )
        case AbsenceNode():
            yield _said(node, draft, f'"{node.block}" would take for silence what samplers of {names} dropped')
        case IntervalJoinNode() if not _is_of_traces(node, thinned, by_id):
            yield _said(node, draft, f'"{node.block}" pairs spans of {names} that were thinned independently')
        case WindowNode() if node.window.kind == "session" and not _is_by_trace(node, by_id):
            yield _said(node, draft, f'a session of "{node.block}" would end where samplers of {names} dropped a span')
        case _ if contract is not None and contract.stated and contract.mode == "subset":
            yield _said(node, draft, f'a subset is exact, and samplers have thinned {names} before "{node.block}"')


def _single(by_id: Mapping[str, AnyNode], node_id: str) -> Iterator[SourceNode]:
    """The sampled inputs whose spans, one by one, are what a node gives or its rows are made of."""
    node = by_id[node_id]
    match node:
        case SourceNode():
            yield from (node,) if node.sampled is not None else ()
        case WindowNode():
            return
        case _:
            for upstream in node.inputs:
                yield from _single(by_id, upstream)


def _is_by_trace(node: WindowNode, by_id: Mapping[str, AnyNode]) -> bool:
    way = next(ways(by_id, node.inputs[0]), None)
    trace = way.source.sampled.trace if way is not None and way.source.sampled is not None else None
    return way is not None and trace in {plain_column(way, k) for k in node.keys}


def _is_of_traces(node: IntervalJoinNode, thinned: Sequence[SourceNode], by_id: Mapping[str, AnyNode]) -> bool:
    """Whether what is paired is of one trace, or only one side was thinned."""
    sides = [[w for w in ways(by_id, i) if w.source in thinned] for i in node.inputs]
    if not all(sides):
        return True
    keys = [{plain_column(w, k) for k in node.by} for side in sides for w in side]
    traces = [w.source.sampled.trace for side in sides for w in side if w.source.sampled is not None]
    return all(t in known for t, known in zip(traces, keys, strict=True))


def _said(node: AnyNode, draft: Draft, summary: str) -> Diagnostic:
    block = draft.blocks[node.block]
    return Diagnostic(code="shedding/sampled", summary=summary, span=block.span, path=block.path, suggestion=_ALL_THERE)
