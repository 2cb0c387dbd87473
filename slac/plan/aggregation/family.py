"""What a family of aggregates must say, and what all of them share."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import polars as pl

from slac.plan.expressions import AggregateCall
from slac.plan.lowering import lower
from slac.stream.batch import TIME


class Family(Protocol):
    """The physical side of some aggregates.

    Merging is associative, commutative and independent of order, and the state of no rows is neutral in it.
    """

    def parts(self, call: AggregateCall) -> dict[str, pl.DataType]:
        """The columns of partial state, by their name behind `<call.name>.`."""
        ...

    def partial(self, call: AggregateCall, columns: Collection[str]) -> list[pl.Expr]:
        """One expression a part, over the raw rows of a group; `columns` are those of the frame."""
        ...

    def merge(self, call: AggregateCall) -> list[pl.Expr]:
        """One expression a part, over the partial rows of a group."""
        ...

    def final(self, call: AggregateCall) -> pl.Expr:
        """The value, from one row of partial state."""
        ...

    def empty(self, call: AggregateCall) -> pl.Expr:
        """The value over no rows at all."""
        ...


def part(call: AggregateCall, name: str) -> str:
    """The physical name of a part."""
    return f"{call.name}.{name}"


def column(call: AggregateCall, name: str) -> pl.Expr:
    """A part as a column of a partial frame."""
    return pl.col(part(call, name))


def argument(call: AggregateCall) -> pl.Expr:
    """The first argument, one value a row: NULL where FILTER excludes the row (every aggregate skips NULL)."""
    return per_row(masked(call, lower(call.args[0])))


def masked(call: AggregateCall, value: pl.Expr) -> pl.Expr:
    """A value where FILTER holds, else NULL."""
    return value if call.where is None else pl.when(lower(call.where)).then(value)


def per_row(value: pl.Expr) -> pl.Expr:
    """The same value with one element a row: a constant alone would count once a group, not once a row."""
    return value if value.meta.root_names() else pl.when(pl.col(TIME).is_not_null()).then(value)
