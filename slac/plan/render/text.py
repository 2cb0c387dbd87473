"""A plan as a person reads it: node by node, with blocks, streams and their columns, links, audits and defaults."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slac.language.durations import format_duration
from slac.language.sizes import format_size
from slac.plan.bounds import bound_text, state_bound
from slac.plan.graph import Budget, Placement, Plan
from slac.plan.guards import schedule_text
from slac.plan.machine import check_machine, transition_table
from slac.plan.nodes import (
    AnyNode,
    AuditNode,
    LatestJoinNode,
    LinkInNode,
    LinkOutNode,
    StateSpec,
    WindowNode,
    is_table,
)
from slac.plan.own_latest import is_own
from slac.plan.render.describe import describe, split_text
from slac.plan.render.gates import gate_texts
from slac.plan.timing import timing_texts


def text(plan: Plan) -> str:
    """The whole plan; ends with a line break."""
    lines = [f"document {plan.document}"]
    lines += [f"  {key}: {value}" for key, value in plan.data.labels.items()]
    for placement in plan.data.placements:
        lines += ["", *_placement(plan, placement)]
    lines += _section("audits", [line for n in plan.nodes if isinstance(n, AuditNode) for line in _audit(n)])
    lines += _section("filled in", [f"{d.path}: {d.value}" for d in plan.data.defaults])
    return "\n".join(lines) + "\n"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _placement(plan: Plan, placement: Placement) -> Iterator[str]:
    nodes = [n for n in plan.nodes if n.node == placement.name]
    yield f"node {placement.name}"
    if placement.listen is not None:
        yield f"  listens on {placement.listen}"
    if placement.connect is not None:
        yield f"  connects to {placement.connect} at {plan.placement(placement.connect).address}"
    yield f"  budget: {budget_text(placement.budget)}"
    yield f"  blocks: {', '.join(_blocks(nodes)) or 'none'}"
    for title, kept in (("streams", _inner(nodes)), ("links", _links(nodes))):
        if kept:
            yield f"  {title}:"
            yield from (line for node in kept for line in _node(plan, node))


def _blocks(nodes: Sequence[AnyNode]) -> list[str]:
    """The blocks with work on this node, `(partial)` where it is finished elsewhere."""
    inner = _inner(nodes)
    whole = {n.block if is_table(n) else n.id for n in inner}
    names = dict.fromkeys(n.block for n in inner)
    return [name if name in whole else f"{name} (partial)" for name in names]


def _inner(nodes: Sequence[AnyNode]) -> list[AnyNode]:
    return [n for n in nodes if not isinstance(n, LinkInNode | LinkOutNode)]


def _links(nodes: Sequence[AnyNode]) -> list[AnyNode]:
    return [n for n in nodes if isinstance(n, LinkInNode | LinkOutNode)]


def _node(plan: Plan, node: AnyNode) -> Iterator[str]:
    yield f"    {node.id}"
    indent = " " * 6
    yield f"{indent}{describe(node)}"
    if isinstance(node, LinkOutNode | LinkInNode):
        yield f"{indent}{split_text(plan[node.stream])}"
        return
    if isinstance(node, LatestJoinNode) and is_own(node, plan[node.inputs[1]]):
        yield f"{indent}worked off together with {node.inputs[1]}, which has the same rows"
    if node.schema.fields:
        yield f"{indent}columns: {node.schema}"
    yield from (f"{indent}{line}" for line in gate_texts(node))
    bound = state_bound(node)
    if bound is not None:
        yield f"{indent}state: {bound_text(bound)}"
    if isinstance(node, WindowNode) and node.fill:
        yield f"{indent}keys known within {format_duration(node.retain)} get a row for windows without rows"


def _audit(node: AuditNode) -> Iterator[str]:
    by = f" by {', '.join(node.keys)}" if node.keys else ""
    yield f"{node.id}{by}, without data: {node.no_data}"
    for number, state in enumerate(node.states, start=1):
        mark = "-> " if state.name == node.initial else "   "
        when = f"when {state.when_sql}" if state.when_sql else "by time"
        yield f"  {mark}{number}. {state.name}: {when} [{_stay(state)}]"
    yield from (f"     reported at {schedule_text(s)}" for s in node.report_at)
    if node.inhibit is not None:
        yield f"     silenced while {node.inputs[node.inhibit.port]} is violated"
    if node.flapping is not None:
        count, within = node.flapping.changes, format_duration(node.flapping.within)
        yield f"     {count} changes within {within} are flapping, and are not reported until {within} without one"
    yield from (f"     {f.detail}" for f in check_machine(transition_table(node)) if f.kind == "undecided")
    for body in node.report:
        stream = node.inputs[body.port]
        rows = f"rows of {stream} by {', '.join(body.by)}" if body.by else f"all rows of {stream} in one"
        yield f"     reports carry {body.name}: {rows}"


def _stay(state: StateSpec) -> str:
    return ", ".join((state.verdict, *timing_texts(state)))


def budget_text(budget: Budget) -> str:
    """A budget as a document writes it."""
    cpu = f"{budget.cpu * 100:g}%" if budget.cpu_unit == "machine" else f"{budget.cpu:g} cores"
    share = budget.memory_unit == "machine"
    memory = f"{budget.memory * 100:g}%" if share else format_size(int(budget.memory))
    network = "" if budget.network is None else f", network {budget.network / 1e6:g}Mbit/s"
    return f"cpu {cpu}, memory {memory}{network}"
