"""What the gate of an input goes by, in a few words."""

from __future__ import annotations

from collections.abc import Iterator

from slac.language.durations import format_duration
from slac.language.sizes import format_size
from slac.plan.nodes import AnyNode, SourceNode
from slac.plan.shedding import GateSpec, contract_text


def gate_texts(node: AnyNode) -> Iterator[str]:
    """Lines for an input of which something is said; nothing where the document leaves all to the defaults."""
    if not isinstance(node, SourceNode) or node.table is not None:
        return
    if (sampled := node.sampled) is not None:
        most = f", at most {sampled.spans} of a trace in a result" if sampled.spans > 1 else ""
        yield f"sampled before it comes: each span counts as {sampled.tracestate} says{most}"
    spec = node.gate
    drops = not node.can_wait or spec.lag is not None
    said = spec.contract.stated or spec.contract.mode == "never" or any(n.contract.stated for n in spec.needs)
    if drops and (said or spec.key):
        yield f"gate: {contract_text(spec.contract)}{_ending(node, spec)}"
        yield from _ways(spec)


def _ending(node: SourceNode, spec: GateSpec) -> str:
    if spec.contract.mode == "never":
        return "" if node.can_wait else f", up to {format_size(spec.disk)} wait on disk"
    if spec.lag is not None:
        return f", beyond a lag of {format_duration(spec.lag)}"
    return f", after bursts that take longer than {format_duration(spec.patience)}"


def _ways(spec: GateSpec) -> Iterator[str]:
    if spec.key:
        yield f"gate: by whole keys ({', '.join(spec.key)}){' of traces' if spec.trace else ''}, with {spec.shared}"
    if spec.strata:
        yield f"gate: tells apart {'; '.join(s.sql for s in spec.strata)}"
    if spec.groups is not None:
        by = f" by {', '.join(spec.groups)}" if spec.groups else ""
        yield f"gate: counts before it drops{by}, every {format_duration(spec.pane)}"
