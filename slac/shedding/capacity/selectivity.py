"""How many rows a condition lets through, where the document says enough of the values to tell.

An equality with a constant keeps one value of as many as the column is declared to have, IN as many as it names
(Selinger et al., SIGMOD 1979); AND multiplies, OR adds. Whatever else a condition asks is taken to hold always, since
that needs most.
"""

from __future__ import annotations

from math import prod

from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.shedding.capacity.keys import Keys


def selectivity(expr: AnyExpr | None, keys: Keys) -> float | None:
    """The share of rows for which `expr` is true; None where nothing is known of it."""
    match expr:
        case Call(function="and", args=args):
            known = [s for a in args if (s := selectivity(a, keys)) is not None]
            return prod(known) if known else None
        case Call(function="or", args=args):
            parts = [selectivity(a, keys) for a in args]
            return None if None in parts else min(sum(p for p in parts if p is not None), 1.0)
        case (
            Call(function="=", args=(Column() as column, Literal()))
            | Call(function="=", args=(Literal(), Column() as column))
        ):
            return _values(column, 1, keys)
        case Call(function="in", args=(Column() as column, *items)):
            return _values(column, len(items), keys)
        case _:
            return None


def _values(column: Column, wanted: int, keys: Keys) -> float | None:
    # What other declarations imply is the most values that there can be: that would make the share too small.
    count = keys.counts.get(frozenset({column.name}))
    return None if count is None else min(wanted / count, 1.0)
