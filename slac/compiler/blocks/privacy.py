"""What a probe may see of sensitive fields: their clear text in conditions, and nothing of it in what it gives out.

Before: `where: user <> 'robot'` over an input whose `user` is sensitive. After: a condition over the column that holds
it in clear, which only this selection is given; the probe's own `user` is the hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from slac.compiler.blocks.context import Lowering
from slac.compiler.columns import columns_of
from slac.compiler.sql import Scope
from slac.language.document import ProbeDecl
from slac.plan.expressions import AnyExpr, Call, Case, Cast, Column, FieldOf, Literal, NamedExpr
from slac.plan.nodes import AnyNode, SelectNode, SourceNode
from slac.plan.privacy import clear_column, field_of
from slac.plan.signatures import BOOL
from slac.stream.types import AnyType, Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What a probe could see of `upstream`: the sensitive fields that stand there in clear, with their types."""

    lowering: Lowering
    upstream: AnyNode
    types: Mapping[str, AnyType]

    @classmethod
    def of(cls, lowering: Lowering, upstream: AnyNode) -> Sight:
        """Nothing, unless `upstream` is an input, or those of its events that are of one type."""
        source = _source(lowering, upstream)
        if source is None:
            return cls(lowering=lowering, upstream=upstream, types={})
        fields = (*source.payload.fields, *source.context.fields)
        types = {f.name: f.dtype for f in fields if f.name in source.sensitive and f.name in upstream.schema}
        return cls(lowering=lowering, upstream=upstream, types=types)

    def widened(self, scope: Scope) -> Scope:
        """The names of `scope`, of which those of sensitive fields mean clear text."""
        clear: dict[str, AnyExpr] = {
            name: Column(name=clear_column(name), dtype=dtype, nullable=self.upstream.schema[name].nullable)
            for name, dtype in self.types.items()
        }
        within = {
            alias: {**held, **{n: c for n, c in clear.items() if n in held}} for alias, held in scope.qualified.items()
        }
        return replace(scope, columns={**scope.columns, **clear}, qualified=within)

    def used(
        self, where: AnyExpr | None, selected: tuple[NamedExpr, ...] | None, schema: Schema, block: ProbeDecl
    ) -> tuple[tuple[NamedExpr, ...] | None, tuple[str, ...]]:
        """The columns as they may leave the probe, and the fields that it needs in clear; these are asked for."""
        if selected is not None:
            selected = tuple(self._hidden(column, schema, block) for column in selected)
        exprs = [*([where] if where is not None else []), *(c.expr for c in selected or ())]
        names = (field_of(name) for expr in exprs for name in columns_of(expr))
        sees = tuple(dict.fromkeys(name for name in names if name is not None))
        if sees and selected is None:
            # Whoever sees columns in clear says which columns leave it.
            selected = tuple(
                NamedExpr(name=f.name, expr=Column(name=f.name, dtype=f.dtype, nullable=f.nullable), sql=f.name)
                for f in schema.fields
            )
        self._ask(self.upstream, sees)
        return selected, sees

    def _hidden(self, column: NamedExpr, schema: Schema, block: ProbeDecl) -> NamedExpr:
        match column.expr:
            case Column(name=name) if (field := field_of(name)) is not None:
                hashed = Column(name=field, dtype=schema[field].dtype, nullable=schema[field].nullable)
                return msgspec.structs.replace(column, expr=hashed)
            case expr if (field := next(_given_away(expr), None)) is not None:
                self._refuse(column.name, field, block)
        return column

    def _refuse(self, name: str, field: str, block: ProbeDecl) -> None:
        at = next((c for c in block.select or () if c.name == name), block)
        self.lowering.say(
            "privacy/derived",
            f'"{name}" would give away what is in "{field}", which is sensitive',
            at,
            suggestion=f"select {field} itself, which comes out hashed, or a condition over it, which is true or false",
            details="what is computed from clear text tells of it, and would be in logs, links and reports",
        )

    def _ask(self, node: AnyNode, fields: tuple[str, ...]) -> None:
        """Let the input, and the selection of a type behind it, carry these fields in clear."""
        if not fields:
            return
        nodes = self.lowering.nodes
        match node:
            case SourceNode(clear=before):
                nodes[node.id] = msgspec.structs.replace(node, clear=_both(before, fields))
            case SelectNode(clear=before, columns=columns):
                more = _both(before, fields)
                added = [self._clear(f) for f in more if f not in before]
                nodes[node.id] = msgspec.structs.replace(
                    node, clear=more, sees=more, columns=(*(columns or ()), *added)
                )
                self._ask(nodes[node.inputs[0]], fields)

    def _clear(self, field: str) -> NamedExpr:
        name = clear_column(field)
        return NamedExpr(name=name, expr=Column(name=name, dtype=self.types[field]), sql=field)


def _source(lowering: Lowering, node: AnyNode) -> SourceNode | None:
    match node:
        case SourceNode():
            return node
        case SelectNode(block=block, inputs=(upstream,)):
            above = lowering.nodes.get(upstream)
            return above if isinstance(above, SourceNode) and above.block == block else None
        case _:
            return None


def _both(before: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*before, *more)))


def _given_away(expr: AnyExpr) -> Iterator[str]:
    """The sensitive fields whose values are in that of an expression; true and false tell too little of them."""
    if expr.dtype == BOOL:
        return
    match expr:
        case Column(name=name):
            field = field_of(name)
            if field is not None:
                yield field
        case Call(args=parts):
            yield from (f for part in parts for f in _given_away(part))
        case Case(branches=branches, otherwise=otherwise):
            yield from (f for _, value in branches for f in _given_away(value))
            yield from _given_away(otherwise)
        case Cast(arg=inner) | FieldOf(base=inner):
            yield from _given_away(inner)
        case Literal():
            return
