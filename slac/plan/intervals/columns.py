"""Bounds on their way: columns of their own while rows are made, and one column of structs on the rows themselves.

`_bounds` is NULL on an exact row. Else it has, for each column of the row that may be an estimate, `x_low` and `x_high`
(Float64, or the type of a duration or timestamp), or of all other types `x_undecided` (Boolean).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import polars as pl

from slac.plan.expressions import AnyExpr, Column, FieldOf, Literal, NamedExpr
from slac.plan.intervals.bounds import (
    FARTHEST,
    Between,
    Bounds,
    Unsure,
    any_of,
    as_bound,
    call,
    either,
    has_order,
    unsure,
)
from slac.plan.intervals.of import bounds_of
from slac.plan.lowering import lower
from slac.plan.signatures import BOOL, FLOAT
from slac.stream.batch import BOUNDS
from slac.stream.types import AnyType, Bool, Struct

LOW: Final = "_low."
HIGH: Final = "_high."
UNSURE: Final = "_unsure."
"""Prefixes of columns while rows are made."""
OPEN: Final = "undecided"
"""The only field where no column of a row is an estimate, but whether it is there."""
_STRUCT: Final = Struct(())
_NEVER: Final = Literal(value=False, dtype=BOOL)
_INFINITE: Final = Literal(value=math.inf, dtype=FLOAT)


class Steps:
    """Computed columns, step by step, each with what is known of its bounds."""

    def __init__(self, known: Mapping[str, Bounds]) -> None:
        self.known = dict(known)

    def step(self, columns: Sequence[NamedExpr]) -> list[pl.Expr]:
        """What a step adds for the bounds of its columns; they see those of the steps before, not each other."""
        found = {c.name: _numbers(c.expr, bounds_of(c.expr, self.known)) for c in columns}
        exprs: list[pl.Expr] = []
        for name, bounds in found.items():
            self.known.pop(name, None)
            if bounds is not None:
                kept = _columns_of(name, bounds)
                exprs += [lower(e).alias(n) for n, e in kept.items()]
                self.known[name] = _stored(name, bounds)
        return exprs

    def together(self, types: Mapping[str, AnyType], is_open: pl.Expr | None = None) -> pl.Expr | None:
        """`_bounds` of rows with these columns; None where nothing is known of any.

        `is_open`: of which rows it is open whether they are there at all; they have bounds in any case.
        """
        mine = {n: (types[n], b) for n, b in self.known.items() if n in types}
        if not mine and is_open is None:
            return None
        fields = [e for n, (dtype, b) in mine.items() for e in _fields(n, dtype, b)]
        doubts = [lower(any_of(unsure(b) for _, b in mine.values())).fill_null(value=False)] if mine else []
        doubt = pl.any_horizontal(*doubts, *([] if is_open is None else [is_open]))
        return pl.when(doubt).then(pl.struct(fields or [pl.lit(value=True).alias(OPEN)])).alias(BOUNDS)


def _numbers(value: AnyExpr, bounds: Bounds | None) -> Bounds | None:
    """What comes to no number says nothing, unless the value itself is none; NaN alone is greater than infinity."""
    if not isinstance(bounds, Between) or bounds.low.dtype != FLOAT or value.dtype != FLOAT:
        return bounds
    is_number = call("not", call(">", value, _INFINITE))
    sides = ((bounds.low, -math.inf), (bounds.high, math.inf))
    ends = (
        either(call("and", is_number, call(">", side, _INFINITE)), Literal(value=far, dtype=FLOAT), side)
        for side, far in sides
    )
    return Between(*ends)


def _columns_of(name: str, bounds: Bounds) -> dict[str, AnyExpr]:
    match bounds:
        case Between(low=low, high=high):
            return {f"{LOW}{name}": low, f"{HIGH}{name}": high}
        case Unsure(when=when):
            return {f"{UNSURE}{name}": when}


def _stored(name: str, bounds: Bounds) -> Bounds:
    """The same, by the columns that hold it."""
    match bounds:
        case Between(low=low, high=high):
            return Between(Column(name=f"{LOW}{name}", dtype=low.dtype), Column(name=f"{HIGH}{name}", dtype=high.dtype))
        case Unsure():
            return Unsure(Column(name=f"{UNSURE}{name}", dtype=BOOL))


def _fields(name: str, dtype: AnyType, bounds: Bounds) -> list[pl.Expr]:
    if has_order(dtype) and not isinstance(dtype, Bool):
        ends = bounds if isinstance(bounds, Between) else _anywhere(Column(name=name, dtype=dtype), bounds.when)
        return [lower(ends.low).alias(f"{name}_low"), lower(ends.high).alias(f"{name}_high")]
    return [lower(unsure(bounds)).alias(f"{name}_undecided")]


def _anywhere(value: AnyExpr, when: AnyExpr) -> Between:
    """Both ends, for whoever reads them looks for these; where it is unsure, also of a value that is NULL."""
    bound = as_bound(value)
    far = (-math.inf, math.inf) if bound.dtype == FLOAT else (-FARTHEST, FARTHEST)
    return Between(*(either(when, Literal(value=v, dtype=bound.dtype), bound) for v in far))


def bounds_like(frame: pl.DataFrame, types: Mapping[str, AnyType]) -> pl.Expr:
    """`_bounds` of a frame that has it, with fields for all of these columns, of which some may be exact."""
    known = known_of(frame, types)
    fields: list[pl.Expr] = []
    for name, dtype in types.items():
        value = Column(name=name, dtype=dtype)
        exact: Bounds = Between(as_bound(value), as_bound(value)) if has_order(dtype) else Unsure(_NEVER)
        fields += _fields(name, dtype, known.get(name, exact))
    return pl.when(pl.col(BOUNDS).is_not_null()).then(pl.struct(fields)).alias(BOUNDS)


def known_of(frame: pl.DataFrame, types: Mapping[str, AnyType]) -> dict[str, Bounds]:
    """What `_bounds` says of the columns of a frame, of which these are the types."""
    return known_by(fields_of(frame), types) if BOUNDS in frame.columns else {}


def fields_of(frame: pl.DataFrame) -> list[str]:
    """The names of the fields of `_bounds`."""
    return [f.name for f in frame.schema[BOUNDS].fields]  # type: ignore[attr-defined]


def known_by(names: Iterable[str], types: Mapping[str, AnyType]) -> dict[str, Bounds]:
    """The same by the names of the fields."""
    fields = set(names)
    return {n: _told(n, t) for n, t in types.items() if {f"{n}_low", f"{n}_undecided"} & fields}


def _told(name: str, dtype: AnyType) -> Bounds:
    value = Column(name=name, dtype=dtype)
    if has_order(dtype) and not isinstance(dtype, Bool):
        bound = as_bound(value)
        sides = [_field(f"{name}_{end}", bound.dtype) for end in ("low", "high")]
        return Between(*(call("coalesce", side, bound, dtype=bound.dtype) for side in sides))
    doubt = call("is_true", _field(f"{name}_undecided", BOOL))
    if isinstance(dtype, Bool):
        return Between(call("and", value, call("not", doubt)), call("or", value, doubt))
    return Unsure(doubt)


def _field(name: str, dtype: AnyType) -> AnyExpr:
    return FieldOf(base=Column(name=BOUNDS, dtype=_STRUCT), name=name, dtype=dtype)
