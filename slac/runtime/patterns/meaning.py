"""The typed expressions of a plan as the meaning of a pattern: columns where an event is enough, else one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import polars as pl

from slac.language.patterns.tree import Atom, Text
from slac.language.patterns.walk import atoms
from slac.plan.expressions import AnyExpr
from slac.plan.lowering import lower
from slac.plan.nodes import PatternNode
from slac.plan.tag_columns import conjuncts, is_own
from slac.runtime.patterns.bindings import Bindings
from slac.runtime.patterns.expressions import Compiler, Evaluate
from slac.runtime.patterns.rows import Row, RowType
from slac.runtime.patterns.sight import Sight
from slac.stream.types import AnyType

__all__ = ["SqlMeaning", "Understood", "understood"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlMeaning:
    """What the evaluator asks: conditions of atoms that look back, and values of all other texts."""

    conditions: Mapping[int, tuple[Evaluate, ...]]
    texts: Mapping[int, Evaluate]

    def fits(self, atom: Atom, row: Row, bindings: Bindings) -> bool:
        """Whether all conditions that look back are true."""
        return all(condition(row, bindings.tags) is True for condition in self.conditions[atom.index])

    def value(self, text: Text, bindings: Bindings) -> Any:
        """The value of a text over tags."""
        return self.texts[text.index](None, bindings.tags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """What a pattern node means for its ports.

    `masks`: by port, the bits of the atoms that a row fits by what can be told of it alone; `same`: these bits where
    they are the same for all rows; `rows`: what rows carry;
    `computed`: columns to be made beforehand; `back`: by atom, the conditions that look back, over those.
    """

    meaning: SqlMeaning
    back: Mapping[int, tuple[AnyExpr, ...]]
    masks: tuple[pl.Expr, ...]
    same: tuple[int | None, ...]
    rows: tuple[RowType, ...]
    computed: tuple[tuple[pl.Expr, ...], ...]


def understood(node: PatternNode) -> Understood:
    """The meaning of a node's expressions."""
    tags = {t.name: t for t in node.tags}
    sight = Sight(tags)
    own: dict[int, list[AnyExpr]] = {}
    back: dict[int, list[AnyExpr]] = {}
    told: set[int] = set()
    for atom in atoms(node.pattern):
        told |= {c.index for c in atom.conditions}
        port = node.ports[atom.index]
        parts = [part for c in atom.conditions for part in conjuncts(node.texts[c.index])]
        own[atom.index] = [p for p in parts if is_own(p)]
        back[atom.index] = [sight.hoisted(p, port) for p in parts if not is_own(p)]
        sight.look(back[atom.index], own_port=port)
    others = {n: text for n, text in enumerate(node.texts) if n not in told}
    sight.look(others.values())
    sight.look(c.expr for c in node.columns)
    count = len(node.inputs)
    rows = tuple(RowType.of(_types(sight, port)) for port in range(count))
    of_tags = {name: rows[tag.port] for name, tag in tags.items()}
    made = {n: Compiler(rows[node.ports[n]], of_tags) for n in back}
    return Understood(
        meaning=SqlMeaning(
            conditions={n: tuple(made[n].compile(p) for p in parts) for n, parts in back.items()},
            texts={n: Compiler(None, of_tags).compile(text) for n, text in others.items()},
        ),
        back={n: tuple(parts) for n, parts in back.items()},
        masks=tuple(_mask(node, port, own) for port in range(count)),
        same=tuple(_same(node, port, own) for port in range(count)),
        rows=rows,
        computed=tuple(
            tuple(lower(e).alias(n) for n, e in sight.computed.get(port, {}).items()) for port in range(count)
        ),
    )


def _types(sight: Sight, port: int) -> dict[str, AnyType]:
    return sight.seen.get(port, {}) | {n: e.dtype for n, e in sight.computed.get(port, {}).items()}


def _mask(node: PatternNode, port: int, own: Mapping[int, list[AnyExpr]]) -> pl.Expr:
    bits = [
        _bit(1 << index, [lower(e) for e in conditions])
        for index, conditions in own.items()
        if node.ports[index] == port
    ]
    return reduce(pl.Expr.or_, bits)


def _same(node: PatternNode, port: int, own: Mapping[int, list[AnyExpr]]) -> int | None:
    """The bits of the atoms of a port, where none of these has a condition."""
    atoms_here = {index: conditions for index, conditions in own.items() if node.ports[index] == port}
    return None if any(atoms_here.values()) else sum(1 << index for index in atoms_here)


def _bit(bit: int, conditions: list[pl.Expr]) -> pl.Expr:
    value = pl.lit(bit, dtype=pl.Int64)
    if not conditions:
        return value
    return pl.when(reduce(pl.Expr.and_, conditions)).then(value).otherwise(pl.lit(0, dtype=pl.Int64))
