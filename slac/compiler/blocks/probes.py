"""A probe becomes a selection: the one place where conditions may see sensitive fields in clear."""

from __future__ import annotations

from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.expressions import columns, condition, fields_of, scope_of
from slac.compiler.blocks.privacy import Sight
from slac.language.document import ProbeDecl
from slac.plan.nodes import SelectNode
from slac.stream.types import Schema


def lower_probe(block: ProbeDecl, lowering: Lowering) -> None:
    """One `SelectNode`; without `select` every column passes."""
    upstream = lowering.stream(block, block.from_)
    if upstream is None:
        return
    sight = Sight.of(lowering, upstream)
    scope = sight.widened(scope_of(upstream, block.from_.name, lowering.event(block.from_)))
    where = condition(lowering, block.where, scope)
    selected = None if block.select is None else columns(lowering, block.select, scope)
    selected, sees = sight.used(where, selected, upstream.schema, block)
    schema = upstream.schema if selected is None else Schema(fields_of(selected))
    lowering.add(
        SelectNode(
            id=block.name,
            block=block.name,
            node="",
            inputs=(upstream.id,),
            schema=schema,
            depth=lowering.depth(block, upstream),
            windowed=upstream.windowed,
            where=where,
            columns=selected,
            sees=sees,
        )
    )
