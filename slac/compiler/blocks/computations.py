"""A computation becomes joins, a selection and, where it has one, a window."""

from __future__ import annotations

import msgspec

from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.emits import conforming
from slac.compiler.blocks.expressions import aggregated, columns, condition, fields_of, passing, scope_of
from slac.compiler.blocks.joins import lower_joins
from slac.compiler.blocks.late import late_rows
from slac.compiler.blocks.steps import check_series, steps
from slac.compiler.side import SIDE
from slac.compiler.sql import Scope
from slac.language.document import ComputationDecl, WindowDecl
from slac.language.trace_decls import TracesDecl
from slac.plan.aggregates import follows_order
from slac.plan.calendars import CalendarSpec
from slac.plan.expressions import AnyExpr, NamedExpr
from slac.plan.nodes import AnyNode, SelectNode, WindowNode, WindowSpec
from slac.stream.types import Schema


def lower_computation(block: ComputationDecl, lowering: Lowering) -> None:
    """In order of effect: join, where, then window and select, then `then`; the last node has the block's name."""
    upstream = lowering.stream(block, block.from_)
    if upstream is None:
        return
    scope = scope_of(upstream, block.from_.name, lowering.event(block.from_))
    joined = lower_joins(block, lowering, upstream, scope)
    if joined is None:
        return
    left, scope = joined
    where = condition(lowering, block.where, scope)
    if block.window is None and block.by:
        _sampled(block, lowering, left, scope, where)
    elif block.window is None:
        select_rows(block, lowering, left, scope, where, lowering.calendar(block.during))
    else:
        _window(block, block.window, lowering, left, scope, where)


def select_rows(
    block: ComputationDecl | TracesDecl,
    lowering: Lowering,
    left: AnyNode,
    scope: Scope,
    where: AnyExpr | None,
    during: CalendarSpec | None = None,
    selected: tuple[NamedExpr, ...] | None = None,
) -> None:
    """The selections for `during`, `where`, `select` (unless it is given), `then` and `emits`, row by row."""
    if selected is None:
        selected = passing(_plain(left.schema)) if block.select is None else columns(lowering, block.select, scope)
    if block.then:
        first = _select(block, f"{block.name}.select", left, where, selected, during)
        left, where, during = lowering.add(first), None, None
        within = scope_of(first, block.name)
        taken = {n.name for n in selected}
        added = columns(lowering, block.then, within)
        selected = passing(first.schema) + tuple(a for a in added if not _taken(lowering, block, a, taken))
    lowering.add(_select(block, block.name, left, where, conforming(lowering, block, selected), during))


def _sampled(block: ComputationDecl, lowering: Lowering, left: AnyNode, scope: Scope, where: AnyExpr | None) -> None:
    """What `where` leaves are the samples: so it comes before the steps from one to the next."""
    during = lowering.calendar(block.during)
    if where is not None or during is not None:
        left = lowering.add(_select(block, f"{block.name}.where", left, where, None, during))
    stepped, selected = steps(block, lowering, left, scope)
    select_rows(block, lowering, stepped, scope, None, selected=selected)


def _select(
    block: ComputationDecl | TracesDecl,
    node_id: str,
    left: AnyNode,
    where: AnyExpr | None,
    named: tuple[NamedExpr, ...] | None,
    during: CalendarSpec | None = None,
) -> SelectNode:
    return SelectNode(
        id=node_id,
        block=block.name,
        node="",
        inputs=(left.id,),
        schema=left.schema if named is None else Schema(fields_of(named)),
        depth=left.depth + (left.block != block.name),
        windowed=left.windowed,
        where=where,
        during=during,
        columns=named,
        reid=block.emits is not None and node_id == block.name,
    )


def _window(
    block: ComputationDecl,
    window: WindowDecl,
    lowering: Lowering,
    left: AnyNode,
    scope: Scope,
    where: AnyExpr | None,
) -> None:
    keys = lowering.keys(block.by, left.schema, block.from_.name)
    depth = lowering.depth(block, left)
    during = lowering.calendar(block.during)
    if where is not None or during is not None:
        left = lowering.add(_select(block, f"{block.name}.where", left, where, None, during))
    spec = _spec(window, left, lowering)
    chosen = aggregated(lowering, block.select or (), scope, keys)
    if block.late == "side" and f"{block.name}{SIDE}" in lowering.read_names:
        lowering.add(late_rows(block, lowering, left, spec, in_order=follows_order(chosen.calls)))
    check_series(block, lowering, left, {k.name for k in keys}, chosen.calls, block.window or block)
    computed = Schema((*keys, *chosen.fields))
    windowed = window.kind != "running"
    within = Scope.of(computed, stream=f'stream "{block.name}"', windowed=windowed)
    then = columns(lowering, block.then, within)
    then = tuple(t for t in then if not _taken(lowering, block, t, set(computed.names)))
    project, then = _conforming_window(lowering, block, computed, chosen.project, then)
    lowering.add(
        WindowNode(
            id=block.name,
            block=block.name,
            node="",
            inputs=(left.id,),
            schema=Schema((*keys, *fields_of(project), *fields_of(then))),
            depth=depth,
            windowed=windowed,
            keys=tuple(k.name for k in keys),
            window=spec,
            aggregates=chosen.calls,
            project=project,
            then=then,
            late="restate" if block.late == "restate" else "drop",
            during=during,
            retain=block.retain_us,
        )
    )


def _spec(window: WindowDecl, left: AnyNode, lowering: Lowering) -> WindowSpec:
    """`same` also knows the size of the window that it takes over, which closes windows without rows."""
    if window.kind != "same":
        return WindowSpec(
            kind=window.kind, size=window.size_us, every=window.every_us, unit=window.unit, zone=window.zone
        )
    upstream = _upstream_window(left, lowering) or WindowSpec(kind="same")
    return msgspec.structs.replace(upstream, kind="same")


def _upstream_window(node: AnyNode, lowering: Lowering) -> WindowSpec | None:
    held = lowering.held
    while not isinstance(node, WindowNode):
        if not node.inputs:
            return None
        node = held[node.inputs[0]]
    return node.window


def _conforming_window(
    lowering: Lowering,
    block: ComputationDecl,
    computed: Schema,
    project: tuple[NamedExpr, ...],
    then: tuple[NamedExpr, ...],
) -> tuple[tuple[NamedExpr, ...], tuple[NamedExpr, ...]]:
    """Both lists with the types of the event that the block emits."""
    if block.emits is None:
        return project, then
    keys = passing(Schema(tuple(f for f in computed.fields if f.name not in {p.name for p in project})))
    before, fitting = len(keys), conforming(lowering, block, keys + project + then)
    for key, wanted in zip(keys, fitting[:before], strict=True):
        if key != wanted:
            name = f'the key "{key.name}" is {key.expr.dtype}, not {wanted.expr.dtype} as the event type has it'
            lowering.say("types/field", name, block.emits, details="cast it in a probe: keys pass unchanged")
    fitting = fitting[before:]
    return fitting[: len(project)], fitting[len(project) :]


def _plain(schema: Schema) -> Schema:
    """What passes a join without `select`: the left columns, because `alias.column` is no name of a column."""
    return Schema(tuple(f for f in schema.fields if "." not in f.name))


def _taken(lowering: Lowering, block: ComputationDecl | TracesDecl, column: NamedExpr, taken: set[str]) -> bool:
    if column.name in taken:
        at = next(c for c in block.then if c.name == column.name)
        lowering.say("names/duplicate-column", f'`select` gives a column "{column.name}" already', at)
    return column.name in taken
