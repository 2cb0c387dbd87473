"""What is known of every stream of a dataflow: node after node, from what stands before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce, singledispatch
from types import MappingProxyType

from slac.plan.conditions.known import Facts, Known, Origin
from slac.plan.conditions.ranges import Range, hull, never_greater, range_of, values_of
from slac.plan.conditions.regions import truth_of
from slac.plan.conditions.values import ValueSet, domain_of
from slac.plan.expressions import AggregateCall, AnyExpr, Column, NamedExpr
from slac.plan.nodes import AnyNode, IntervalJoinNode, LatestJoinNode, SelectNode, StepsNode, UnionNode, WindowNode

__all__ = ["aggregated", "facts_of", "narrowed"]


def facts_of(nodes: Iterable[AnyNode]) -> Mapping[str, Facts]:
    """What is known of the rows of each node, by its id; `nodes` stand after what they read."""
    known: dict[str, Facts] = {}
    for node in nodes:
        known[node.id] = _facts(node, tuple(known.get(i, Facts()) for i in node.inputs))
    return MappingProxyType(known)


def narrowed(facts: Facts, where: AnyExpr | None) -> Facts:
    """What is known of the rows for which `where` is true."""
    if where is None:
        return facts
    found = dict(facts.columns)
    for term, values in truth_of(where).true.terms.items():
        if isinstance(term, Column):
            held = values_of(term, facts)
            found[term.name] = Known(held.intersection(values), facts.origin(term.name))
    return Facts(found)


def aggregated(facts: Facts, group: str, calls: Iterable[AggregateCall]) -> Facts:
    """What is known of groups: of their keys what was known before, and of each call what it can give."""
    return Facts({**facts.columns, **{c.name: _known(facts, group, c) for c in calls}})


@singledispatch
def _facts(node: AnyNode, inputs: tuple[Facts, ...]) -> Facts:
    return Facts()


@_facts.register
def _(node: SelectNode, inputs: tuple[Facts, ...]) -> Facts:
    before = narrowed(inputs[0], node.where)
    return before if node.columns is None else _computed(before, node.columns)


@_facts.register
def _(node: UnionNode, inputs: tuple[Facts, ...]) -> Facts:
    shared = (n for n in node.schema.names if all(n in facts.columns for facts in inputs))
    return Facts({n: Known(reduce(ValueSet.union, (f.columns[n].values for f in inputs))) for n in shared})


@_facts.register(LatestJoinNode)
@_facts.register(IntervalJoinNode)
def _(node: LatestJoinNode | IntervalJoinNode, inputs: tuple[Facts, ...]) -> Facts:
    left, right = inputs
    found = {
        f"{node.alias}.{name}": Known(replace(known.values, null=True), _renamed(known.origin, node.alias))
        for name, known in right.columns.items()
        if name in node.right_columns
    }
    return Facts({**left.columns, **found})


@_facts.register
def _(node: StepsNode, inputs: tuple[Facts, ...]) -> Facts:
    return aggregated(inputs[0], node.id, node.steps)


@_facts.register
def _(node: WindowNode, inputs: tuple[Facts, ...]) -> Facts:
    groups = aggregated(inputs[0], node.id, node.aggregates)
    keys = {k: known for k, known in groups.columns.items() if k in node.keys}
    selected = Facts({**keys, **_computed(groups, node.project).columns})
    for column in node.then:
        selected = Facts({**selected.columns, **_computed(selected, (column,)).columns})
    return selected


def _computed(facts: Facts, columns: Iterable[NamedExpr]) -> Facts:
    return Facts({c.name: _of(c.expr, facts) for c in columns})


def _of(expr: AnyExpr, facts: Facts) -> Known:
    return Known(values_of(expr, facts), facts.origin(expr.name) if isinstance(expr, Column) else None)


def _renamed(origin: Origin | None, alias: str) -> Origin | None:
    """A row of the right side is another than that of the left, though both may come of one group."""
    return None if origin is None else replace(origin, group=f"{origin.group} as {alias}")


def _known(facts: Facts, group: str, call: AggregateCall) -> Known:
    taken = narrowed(facts, call.where)
    arg = call.args[0] if call.args else None
    values = None if arg is None else values_of(arg, taken)
    part = facts.origin(arg.name) if isinstance(arg, Column) else None
    inside = Range(0, 0) if values is None or arg is None else hull(values, arg.dtype)
    if call.function == "burn_rate" and _part_of(call.args[0], call.args[1], taken):
        fastest = Range(0, 1 / (1 - float(call.options[0])))
        return Known(ValueSet(_between(call, fastest).spans, call.nullable))
    origin = Origin(group=group, call=call, part=part, unit=arg is not None and 0 <= inside.low <= inside.high <= 1)
    return Known(_values(call, values, inside), origin)


def _part_of(part: AnyExpr, whole: AnyExpr, facts: Facts) -> bool:
    """Whether sums of `part` are for certain not greater than those of `whole`: of counts, or row by row."""
    if never_greater(part, whole, facts):
        return True
    one, other = range_of(part, facts), range_of(whole, facts)
    return not whole.nullable and 0 <= one.low <= one.high <= other.low


def _values(call: AggregateCall, values: ValueSet | None, inside: Range) -> ValueSet:
    domain = domain_of(call.dtype)
    if domain is None:
        return ValueSet(null=call.nullable)
    match call.function:
        case "min" | "max" | "first" | "last" | "avg" if values is not None:
            kept = values if call.function != "avg" else _between(call, inside)
            return ValueSet(kept.spans, call.nullable)
        case "worst" | "best":
            spans = reduce(ValueSet.union, (domain.point(o) for o in call.options), ValueSet()).spans
            return ValueSet(spans, call.nullable)
        case "count" | "count_distinct":
            return domain.above(0, closed=True)
        case "share":
            return ValueSet(
                domain.above(0, closed=True).intersection(domain.below(1, closed=True)).spans, call.nullable
            )
        case "var_pop" | "var_samp" | "stddev_pop" | "stddev_samp" | "rate" | "increase":
            return ValueSet(domain.above(0, closed=True).spans, call.nullable)
        case "max_by" | "min_by" if values is not None:
            return ValueSet(values.spans, call.nullable)
        case "sum" if inside.low >= 0:
            return ValueSet(domain.above(0, closed=True).spans, call.nullable)
        case _:
            return ValueSet(domain.whole.spans, call.nullable)


def _between(call: AggregateCall, inside: Range) -> ValueSet:
    domain = domain_of(call.dtype)
    assert domain is not None
    return domain.above(inside.low, closed=True).intersection(domain.below(inside.high, closed=True))
