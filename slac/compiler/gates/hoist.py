"""From a node up to the inputs behind it, row by row: what an expression there means over the columns of an input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

import msgspec

from slac.plan.expressions import AnyExpr, Call, Case, Cast, Column, FieldOf
from slac.plan.nodes import AnyNode, LatestJoinNode, SelectNode, SourceNode, StepsNode, UnionNode, is_table
from slac.plan.subexpressions import below
from slac.plan.user import is_user_key

_LARGEST: Final = 40
"""Parts of an expression beyond which its gate would cost more than what it saves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way on which rows of an input come to a node.

    `columns`: what the node's columns are over those of the input, as far as that can be said. `conditions`: what a row
    meets that comes through, as far as that is known there; `hidden`: selections whose conditions the input's gate
    cannot ask. `plain`: nothing but selections and unions lies between.
    """

    source: SourceNode
    columns: Mapping[str, AnyExpr]
    conditions: tuple[AnyExpr, ...] = ()
    hidden: frozenset[str] = frozenset()
    plain: bool = True


def ways(by_id: Mapping[str, AnyNode], node_id: str) -> Iterator[Way]:
    """All ways from inputs to the rows that `node_id` gives; nothing where rows of several events are made one."""
    node = by_id[node_id]
    match node:
        case SourceNode() if not is_table(node):
            columns = {f.name: Column(name=f.name, dtype=f.dtype, nullable=f.nullable) for f in node.schema.fields}
            yield Way(source=node, columns=columns)
        case SelectNode():
            yield from (_selected(way, node) for way in ways(by_id, node.inputs[0]))
        case UnionNode():
            for upstream in node.inputs:
                yield from ways(by_id, upstream)
        case StepsNode() | LatestJoinNode():
            yield from (replace(way, plain=False) for way in ways(by_id, node.inputs[0]))


def over_input(way: Way, expr: AnyExpr) -> AnyExpr | None:
    """`expr` over the columns of the way's input; None where it cannot be asked there, or not cheaply."""
    found = _substituted(expr, way.columns)
    if found is None or any(isinstance(e, Call) and is_user_key(e.function) for e in below(found)):
        return None
    return found if len(list(islice(below(found), _LARGEST + 1))) <= _LARGEST else None


def plain_column(way: Way, name: str) -> str | None:
    """The input's column that passes as `name` unchanged."""
    found = way.columns.get(name)
    return found.name if isinstance(found, Column) else None


def _selected(way: Way, node: SelectNode) -> Way:
    # What it reads in clear, its input has only hashed.
    way = replace(way, columns={n: c for n, c in way.columns.items() if n not in node.sees})
    conditions, hidden = way.conditions, way.hidden
    asked = over_input(way, node.where) if node.where is not None else None
    if asked is not None:
        conditions += (asked,)
    if (node.where is not None and asked is None) or node.during is not None:
        hidden |= {node.id}
    if node.columns is None:
        return replace(way, conditions=conditions, hidden=hidden)
    made = {c.name: found for c in node.columns if (found := over_input(way, c.expr)) is not None}
    return replace(way, columns=made, conditions=conditions, hidden=hidden)


def _substituted(expr: AnyExpr, columns: Mapping[str, AnyExpr]) -> AnyExpr | None:
    match expr:
        case Column(name=name):
            return columns.get(name)
        case FieldOf(base=base):
            inner = _substituted(base, columns)
            return None if inner is None else msgspec.structs.replace(expr, base=inner)
        case Cast(arg=arg):
            inner = _substituted(arg, columns)
            return None if inner is None else msgspec.structs.replace(expr, arg=inner)
        case Call(args=args):
            parts = [_substituted(a, columns) for a in args]
            known = tuple(p for p in parts if p is not None)
            return msgspec.structs.replace(expr, args=known) if len(known) == len(args) else None
        case Case(branches=branches, otherwise=otherwise):
            flat = [_substituted(e, columns) for e in (*(e for b in branches for e in b), otherwise)]
            known = tuple(p for p in flat if p is not None)
            if len(known) < len(flat):
                return None
            pairs = tuple(zip(known[:-1:2], known[1:-1:2], strict=True))
            return msgspec.structs.replace(expr, branches=pairs, otherwise=known[-1])
        case _:
            return expr
