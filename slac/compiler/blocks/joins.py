"""Joins become join nodes, one behind the other, in the order in which the document names them."""

from __future__ import annotations

from typing import Final

import networkx as nx

from slac.compiler.blocks.context import Lowering
from slac.compiler.draft import Draft, emitted
from slac.compiler.reads import reads
from slac.compiler.sql import Scope
from slac.diagnostics import listed, suggest
from slac.language.document import ComputationDecl, InputDecl, JoinDecl
from slac.language.table_decls import TableDecl
from slac.plan.nodes import AnyNode, IntervalJoinNode, LatestJoinNode
from slac.plan.signatures import widened
from slac.stream.types import Field, Schema

_PAIRS: Final = "an interval join makes rows of their own, which are of no window"


def lower_joins(
    block: ComputationDecl, lowering: Lowering, upstream: AnyNode, scope: Scope
) -> tuple[AnyNode, Scope] | None:
    """The stream with all right columns as `alias.column`, and what expressions may name; None if one is wrong."""
    left, depth = upstream, _depth(block, lowering, upstream)
    for join in block.join:
        if join.kind == "table" and not _is_key(lowering, join):
            return None
        right = lowering.stream(block, join.stream)
        if right is None or not _matching(lowering, block, join, upstream.schema, right):
            return None
        alias = join.alias
        if alias in scope.qualified or alias in upstream.schema:
            lowering.say("names/duplicate-column", f'the alias "{alias}" is the name of something else here', join)
            return None
        if join.kind == "interval":
            left, scope = lowering.add(_interval(block, join, left, right, depth)), scope.without_window(_PAIRS)
        else:
            left = lowering.add(_latest(block, join, lowering, left, right, depth))
        scope = _seen(join, scope, right.schema)
    return left, scope


def _seen(join: JoinDecl, scope: Scope, right: Schema) -> Scope:
    """What may be named: of a table all but its key, which the row has itself."""
    if join.kind == "table":
        own = {b.name for b in join.by}
        right = Schema(tuple(f for f in right.fields if f.name not in own))
    return scope.with_alias(join.alias, right, nullable=join.kind != "interval" or join.outer)


def _is_key(lowering: Lowering, join: JoinDecl) -> bool:
    """Whether a row is looked up by the whole key of its table."""
    table = lowering.draft.blocks.get(join.stream.name)
    key = [r.name for r in table.key] if isinstance(table, TableDecl) else []
    if sorted(r.name for r in join.by) == sorted(key):
        return True
    lowering.say(
        "types/join",
        f'the key of the table "{join.stream.name}" is {listed(key)}, and rows are looked up by the whole key',
        join.by[0] if join.by else join,
        suggestion=f"write by: [{', '.join(key)}]",
        details="where the stream calls them otherwise, a probe gives them the names of the table",
    )
    return False


def _latest(
    block: ComputationDecl, join: JoinDecl, lowering: Lowering, left: AnyNode, right: AnyNode, depth: int
) -> LatestJoinNode:
    table = join.kind == "table"
    own = {b.name for b in join.by} if table else set()
    seen = Schema(tuple(f for f in right.schema.fields if f.name not in own))
    return LatestJoinNode(
        id=f"{block.name}.join.{join.alias}",
        block=block.name,
        node="",
        inputs=(left.id, right.id),
        schema=_with(join.alias, left.schema, seen),
        depth=depth,
        windowed=left.windowed,
        alias=join.alias,
        by=tuple(b.name for b in join.by),
        right_columns=seen.names,
        table=table,
        strict=not table and descends(lowering.draft, lowering.graph, join.stream.name, block.from_.name),
        retain=block.retain_us,
    )


def _interval(block: ComputationDecl, join: JoinDecl, left: AnyNode, right: AnyNode, depth: int) -> IntervalJoinNode:
    return IntervalJoinNode(
        id=f"{block.name}.join.{join.alias}",
        block=block.name,
        node="",
        inputs=(left.id, right.id),
        schema=_with(join.alias, left.schema, right.schema),
        depth=depth,
        alias=join.alias,
        by=tuple(b.name for b in join.by),
        right_columns=right.schema.names,
        before=join.before_us,
        after=join.after_us,
        outer=join.outer,
        limit=join.limit,
    )


def _with(alias: str, left: Schema, right: Schema) -> Schema:
    return Schema(left.fields + tuple(Field(f"{alias}.{f.name}", f.dtype) for f in right.fields))


def descends(draft: Draft, graph: nx.DiGraph[str], right: str, left: str) -> bool:
    """Whether rows of `right` are made, by a window or under a new id, of the very rows that `left` carries.

    Before: the three-sigma statistics of `spans`, joined to `spans`. After: true, so a span meets those before it.
    Streams that are merely two selections of one input are not derived from one another.
    """
    origins = {o for f in draft.feeders(left) for o in _origins(draft, f)}
    feeders = draft.feeders(right)
    above = {a for f in feeders for a in nx.ancestors(graph, f)}
    return any(o in above and o not in _origins(draft, f) for o in origins for f in feeders)


def _origins(draft: Draft, block: str) -> frozenset[str]:
    """Where the rows of a block were made: itself, or up through row-wise blocks."""
    decl = draft.blocks[block]
    made = isinstance(decl, InputDecl) or getattr(decl, "window", None) is not None or bool(emitted(decl))
    if made:
        return frozenset({block})
    first = reads(decl)[0].ref.name
    return frozenset(o for f in draft.feeders(first) for o in _origins(draft, f))


def _depth(block: ComputationDecl, lowering: Lowering, upstream: AnyNode) -> int:
    rights = [lowering.stream(block, j.stream) for j in block.join]
    return lowering.depth(block, upstream, *(r for r in rights if r is not None))


def _matching(lowering: Lowering, block: ComputationDecl, join: JoinDecl, left: Schema, right: AnyNode) -> bool:
    before = len(lowering.found)
    for ref in join.by:
        for schema, stream in ((left, block.from_.name), (right.schema, join.stream.name)):
            if ref.name not in schema:
                lowering.say(
                    "names/unknown-column",
                    f'"{stream}" has no column "{ref.name}"; a join needs its `by` columns on both sides',
                    ref,
                    suggestion=suggest(ref.name, schema.names),
                    details=f'columns of "{stream}": {listed(schema.names)}',
                )
        if (
            ref.name in left
            and ref.name in right.schema
            and widened(left[ref.name].dtype) != widened(right.schema[ref.name].dtype)
        ):
            lowering.say(
                "types/join",
                f'"{ref.name}" is {left[ref.name].dtype} in "{block.from_.name}" and '
                f'{right.schema[ref.name].dtype} in "{join.stream.name}"',
                ref,
                details="equal keys need equal types: cast one side in a probe",
            )
    if len(lowering.found) == before:
        lowering.keys(join.by, left, block.from_.name)
    return len(lowering.found) == before
