"""Which columns of which port the expressions of a pattern look at, and what can be told of an event alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from slac.plan.expressions import AnyExpr, Call, Cast, Column, FieldOf, Literal
from slac.plan.nodes import TagSpec
from slac.plan.subexpressions import columns_in
from slac.plan.tag_columns import ARRAY, is_own, tag_of
from slac.stream.types import AnyType, Field, List, Struct


@dataclass(slots=True)
class Sight:
    """What is gathered about the ports: columns by name with their types, and expressions to compute beforehand."""

    tags: Mapping[str, TagSpec]
    seen: dict[int, dict[str, AnyType]] = field(default_factory=dict)
    computed: dict[int, dict[str, AnyExpr]] = field(default_factory=dict)

    def look(self, exprs: Iterable[AnyExpr], own_port: int | None = None) -> None:
        """Note all columns that some expressions read."""
        for column in (c for expr in exprs for c in columns_in(expr)):
            found = tag_of(column.name)
            if found is None:
                if own_port is not None:
                    self._note(own_port, column.name, column.dtype)
                continue
            tag, name = found
            port = self.tags[tag].port
            if name != ARRAY:
                self._note(port, name, column.dtype)
                continue
            for item in _fields(column.dtype):
                self._note(port, item.name, item.dtype)

    def hoisted(self, expr: AnyExpr, port: int) -> AnyExpr:
        """The expression with all that can be told of the event alone as columns, to be computed for many at once."""
        if isinstance(expr, Literal | Column):
            return expr
        if is_own(expr):
            if not any(columns_in(expr)):
                return expr
            computed = self.computed.setdefault(port, {})
            name = next((n for n, e in computed.items() if e == expr), f"#{len(computed)}")
            computed[name] = expr
            return Column(name=name, dtype=expr.dtype, nullable=expr.nullable)
        match expr:
            case FieldOf() | Cast():
                inner = "base" if isinstance(expr, FieldOf) else "arg"
                return msgspec.structs.replace(expr, **{inner: self.hoisted(getattr(expr, inner), port)})
            case Call(function=function, args=args):
                # A constant that a function wants to see stays one; the list of IN is looked at as a whole.
                kept = args if function == "in" else tuple(self.hoisted(a, port) for a in args)
                return msgspec.structs.replace(expr, args=kept)
            case _:
                return expr

    def _note(self, port: int, name: str, dtype: AnyType) -> None:
        self.seen.setdefault(port, {}).setdefault(name, dtype)


def _fields(dtype: AnyType) -> tuple[Field, ...]:
    match dtype:
        case List(item=Struct(fields=fields)):
            return fields
        case _:
            return ()
