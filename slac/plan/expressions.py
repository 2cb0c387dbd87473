"""Typed expressions: what the compiler makes of SQL and the runtime lowers to Polars.

A closed set of frozen structs that serialise with the plan; every node knows its type, so nothing has to be inferred
behind the compiler. Functions are named by their key in `slac.plan.functions`, aggregates by theirs in
`slac.plan.aggregates`.
"""

from __future__ import annotations

import msgspec

from slac.stream.types import AnyType


class Expr(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Base of all expressions over the rows of one frame."""

    dtype: AnyType
    nullable: bool = True


class Column(Expr, frozen=True, kw_only=True, tag="column"):
    """A column of the frame, by its physical name (`l.value` after a join under the alias `l`)."""

    name: str


class FieldOf(Expr, frozen=True, kw_only=True, tag="field"):
    """One field of a struct."""

    base: AnyExpr
    name: str


class Literal(Expr, frozen=True, kw_only=True, tag="literal"):
    """A constant; durations and timestamps are integers in microseconds."""

    value: bool | int | float | str | None


class Call(Expr, frozen=True, kw_only=True, tag="call"):
    """A scalar function or operator applied to arguments that already have the types it takes."""

    function: str
    args: tuple[AnyExpr, ...]


class Cast(Expr, frozen=True, kw_only=True, tag="cast"):
    """A conversion to `dtype`; what cannot be converted becomes NULL."""

    arg: AnyExpr


class Case(Expr, frozen=True, kw_only=True, tag="case"):
    """The value of the first branch whose condition is true, else `otherwise`."""

    branches: tuple[tuple[AnyExpr, AnyExpr], ...]
    otherwise: AnyExpr


AnyExpr = Column | FieldOf | Literal | Call | Cast | Case


class NamedExpr(msgspec.Struct, frozen=True, kw_only=True):
    """An output column: its name and what it is computed from. `sql` is the text that the user wrote."""

    name: str
    expr: AnyExpr
    sql: str = ""


class AggregateCall(msgspec.Struct, frozen=True, kw_only=True):
    """One aggregate over the rows of a group.

    `name` is the physical column that will hold its value (`_a0`), `options` are its constant arguments
    (WORST's order), `where` its FILTER.
    """

    name: str
    function: str
    args: tuple[AnyExpr, ...] = ()
    options: tuple[str | int | float, ...] = ()
    where: AnyExpr | None = None
    dtype: AnyType
    nullable: bool = True
    sql: str = ""
