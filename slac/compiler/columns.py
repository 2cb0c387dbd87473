"""Which columns an expression reads, and which of its input's columns a node needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from functools import singledispatch

import msgspec

from slac.language.patterns import atoms
from slac.plan import subexpressions
from slac.plan.expressions import AggregateCall, AnyExpr, Column, NamedExpr
from slac.plan.messages import named_in
from slac.plan.nodes import (
    AbsenceNode,
    AnyNode,
    AuditNode,
    IntervalJoinNode,
    LateNode,
    LatestJoinNode,
    Node,
    PatternNode,
    SelectNode,
    SourceNode,
    StepsNode,
    TracesNode,
    UnionNode,
    ViolationNode,
    WindowNode,
)
from slac.stream.types import Schema

Wanted = frozenset[str] | None
"""Column names, or None for all of them."""


_ALL = "[]"
"""Behind the tag of a pattern: the list of all its rows."""


def columns_of(expr: AnyExpr | None) -> Iterator[str]:
    """The physical names of all columns that `expr` reads, meta columns included."""
    return (column.name for column in read_by(expr))


def read_by(expr: AnyExpr | None) -> Iterator[Column]:
    """All columns that `expr` reads, meta columns included."""
    return iter(()) if expr is None else subexpressions.columns_in(expr)


@singledispatch
def needs(node: AnyNode, own: Wanted) -> tuple[Wanted, ...]:
    """What `node` needs of each of its inputs, port by port, when its readers want `own` of it."""
    return (None,) * len(node.inputs)


@needs.register
def _(node: SelectNode, own: Wanted) -> tuple[Wanted, ...]:
    if node.columns is None:
        return (None if own is None else own | frozenset(columns_of(node.where)),)
    return (_named(kept(node.columns, own)) | frozenset(columns_of(node.where)),)


@needs.register
def _(node: LateNode, own: Wanted) -> tuple[Wanted, ...]:
    return (None if own is None else own - {node.event_time},)


@needs.register
def _(node: UnionNode, own: Wanted) -> tuple[Wanted, ...]:
    return (frozenset(node.schema.names) if own is None else own,) * len(node.inputs)


@needs.register(LatestJoinNode)
@needs.register(IntervalJoinNode)
def _(node: LatestJoinNode | IntervalJoinNode, own: Wanted) -> tuple[Wanted, ...]:
    prefix = f"{node.alias}."
    if own is None:
        return None, frozenset((*node.by, *node.right_columns))
    right = {n.removeprefix(prefix) for n in own if n.startswith(prefix)}
    left = {n for n in own if not n.startswith(prefix)}
    return frozenset((*left, *node.by)), frozenset((*right, *node.by))


@needs.register
def _(node: StepsNode, own: Wanted) -> tuple[Wanted, ...]:
    if own is None:
        return (None,)
    made = {c.name for c in node.steps}
    return (_aggregated(node.keys, node.steps) | (own - made),)


@needs.register
def _(node: WindowNode, own: Wanted) -> tuple[Wanted, ...]:
    return (_aggregated(node.keys, node.aggregates),)


@needs.register
def _(node: TracesNode, own: Wanted) -> tuple[Wanted, ...]:
    return (frozenset((*node.keys, *node.spec.columns.values())),)


@needs.register
def _(node: PatternNode, own: Wanted) -> tuple[Wanted, ...]:
    wanted = [set(node.keys) for _ in node.inputs]
    told = {c.index: node.ports[a.index] for a in atoms(node.pattern) for c in a.conditions}
    tags = {t.name: t.port for t in node.tags}
    for number, expr in [*enumerate(node.texts), *((-1, c.expr) for c in node.columns)]:
        for column in read_by(expr):
            tag, dot, name = column.name.partition(".")
            if column.name.endswith(_ALL):
                fields = column.dtype.item.fields  # type: ignore[union-attr]
                wanted[tags[column.name.removesuffix(_ALL)]].update(f.name for f in fields)
            elif dot:
                wanted[tags[tag]].add(name)
            elif number in told:
                wanted[told[number]].add(column.name)
    return tuple(frozenset(names) for names in wanted)


@needs.register
def _(node: AuditNode, own: Wanted) -> tuple[Wanted, ...]:
    first = frozenset(node.keys) | frozenset(_of_all(s.when for s in node.states))
    bodies = (_aggregated((*node.keys, *b.by), b.aggregates) for b in node.report)
    return first, *bodies, *(() if node.inhibit is None else (None,))


@needs.register
def _(node: ViolationNode, own: Wanted) -> tuple[Wanted, ...]:
    return (frozenset(node.keys) | frozenset(columns_of(node.condition)) | frozenset(named_in(node.message)),)


@needs.register
def _(node: AbsenceNode, own: Wanted) -> tuple[Wanted, ...]:
    return (frozenset(node.keys),)


@singledispatch
def narrowed(node: AnyNode, own: frozenset[str]) -> AnyNode:
    """`node` without the columns that nobody wants; only nodes that merely carry columns on become narrower."""
    return node


@narrowed.register
def _(node: SourceNode, own: frozenset[str]) -> AnyNode:
    return _replace(node, schema=_fields(node, own))


@narrowed.register
def _(node: LateNode, own: frozenset[str]) -> AnyNode:
    return _replace(node, schema=_fields(node, own))


@narrowed.register
def _(node: UnionNode, own: frozenset[str]) -> AnyNode:
    return _replace(node, schema=_fields(node, own))


@narrowed.register
def _(node: StepsNode, own: frozenset[str]) -> AnyNode:
    # Its keys and its own columns stay: they are what it is.
    return _replace(node, schema=_fields(node, own | {*node.keys, *(c.name for c in node.steps)}))


@narrowed.register
def _(node: TracesNode, own: frozenset[str]) -> AnyNode:
    # Its keys stay, and what is counted.
    return _replace(node, schema=_fields(node, own | {*node.keys, "valid"}))


@narrowed.register
def _(node: SelectNode, own: frozenset[str]) -> AnyNode:
    columns = None if node.columns is None else kept(node.columns, own)
    return _replace(node, schema=_fields(node, own), columns=columns)


@narrowed.register(LatestJoinNode)
@narrowed.register(IntervalJoinNode)
def _(node: LatestJoinNode | IntervalJoinNode, own: frozenset[str]) -> AnyNode:
    prefix = f"{node.alias}."
    right = tuple(c for c in node.right_columns if prefix + c in own)
    # What it has said of a key can be said again only where the key can be seen.
    told = own | frozenset(node.by) if node.restate else own
    return _replace(node, schema=_fields(node, told), right_columns=right)


def kept(columns: Iterable[NamedExpr], own: Wanted) -> tuple[NamedExpr, ...]:
    """The columns that are wanted."""
    return tuple(c for c in columns if own is None or c.name in own)


def _replace(node: Node, **changes: object) -> AnyNode:
    return msgspec.structs.replace(node, **changes)  # type: ignore[return-value]


def _fields(node: Node, own: Collection[str]) -> Schema:
    return Schema(tuple(f for f in node.schema.fields if f.name in own))


def _named(columns: Iterable[NamedExpr]) -> frozenset[str]:
    return frozenset(_of_all(c.expr for c in columns))


def _aggregated(keys: Iterable[str], calls: Iterable[AggregateCall]) -> frozenset[str]:
    return frozenset(keys) | frozenset(_of_all(e for c in calls for e in (*c.args, c.where)))


def _of_all(exprs: Iterable[AnyExpr | None]) -> Iterator[str]:
    for expr in exprs:
        yield from columns_of(expr)
