"""Typing rules of scalar functions as data: which argument types a function takes, and what comes out.

An `Overload` has one type a parameter; a `Uniform` brings all its arguments to one common type. `int` widens to
`float`, a bare NULL fits everywhere, and nothing else converts by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal as Choice

import msgspec

from slac.plan.expressions import AnyExpr, Cast, Column, Literal
from slac.stream.types import AnyType, Bool, Duration, Enum, Float, Hashed, Int, List, Map, Null, String, Timestamp

BOOL, INT, FLOAT, STRING, TIMESTAMP, DURATION = Bool(), Int(), Float(), String(), Timestamp(), Duration()
NULL, MAP, HASHED = Null(), Map(), Hashed()
LIST = List(NULL)
"""A list of whatever: as a parameter, it takes every list."""

ORDERED: tuple[AnyType, ...] = (INT, FLOAT, STRING, TIMESTAMP, DURATION)
"""Types with `<`."""
SCALAR: tuple[AnyType, ...] = (BOOL, *ORDERED, MAP, HASHED)
"""Types with `=`."""

Nulls = Choice["any", "all", "always", "never"]
"""When a result may be NULL: with any argument, with all of them, whatever they are, or not at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A parameter that must be a literal; `problem` says what is wrong with a value, or None."""

    what: str
    problem: Callable[[object], str | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter of an overload."""

    dtype: AnyType
    constant: Constant | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Overload:
    """Fixed parameters; the optional ones stand last."""

    params: tuple[Param, ...]
    result: AnyType

    def takes(self, count: int) -> bool:
        """Whether this many arguments are right."""
        return sum(not p.optional for p in self.params) <= count <= len(self.params)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """`least` to `most` arguments of one common type out of `of`; the result has that type unless `result` is given."""

    of: tuple[AnyType, ...]
    least: int
    most: int | None
    result: AnyType | None = None

    def takes(self, count: int) -> bool:
        """Whether this many arguments are right."""
        return self.least <= count and (self.most is None or count <= self.most)


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the arguments are to be brought to, and the type of the result."""

    params: tuple[AnyType, ...]
    result: AnyType
    constants: tuple[Constant | None, ...]


def overload(params: Sequence[AnyType | Param], result: AnyType) -> Overload:
    """An overload whose plain types are required parameters."""
    return Overload(tuple(p if isinstance(p, Param) else Param(p) for p in params), result)


def fits(actual: AnyType, wanted: AnyType) -> bool:
    """Whether a value of one type stands where another is wanted without a cast written by the user."""
    plain = widened(actual)
    if wanted == LIST:
        return isinstance(plain, List)
    return actual in (wanted, NULL) or plain == wanted or (actual == INT and wanted == FLOAT)


def widened(dtype: AnyType) -> AnyType:
    """What a type counts as in expressions: an enum is text, and a list of one a list of text."""
    match dtype:
        case Enum():
            return STRING
        case List(item=item):
            return List(widened(item))
        case _:
            return dtype


def common_type(types: Sequence[AnyType]) -> AnyType | None:
    """The one type that all of `types` fit, NULL's own if there is no other; None where there is none."""
    wanted: AnyType = NULL
    if len(set(types)) > 1:
        types = [widened(t) for t in types]
    for dtype in types:
        if fits(dtype, wanted) and wanted != NULL:
            continue
        if not fits(wanted, dtype):
            return None
        wanted = dtype
    return wanted


def resolve(rules: Sequence[Overload | Uniform], types: Sequence[AnyType]) -> Resolved | None:
    """The first rule that takes arguments of these types; None where no rule does."""
    plain = [widened(t) for t in types]
    found = (_resolve_one(rule, plain) for rule in rules if rule.takes(len(types)))
    return next((r for r in found if r is not None), None)


def takes_count(rules: Sequence[Overload | Uniform], count: int) -> bool:
    """Whether any rule takes this many arguments."""
    return any(rule.takes(count) for rule in rules)


def coerce(expr: AnyExpr, wanted: AnyType) -> AnyExpr:
    """`expr` as a value of `wanted`, which its type must fit."""
    if wanted in (expr.dtype, LIST):
        return expr
    match expr:
        case Column() if widened(expr.dtype) == wanted:
            return msgspec.structs.replace(expr, dtype=wanted)
        case Literal(value=None):
            return Literal(value=None, dtype=wanted)
        case Literal(value=int(value)) if wanted == FLOAT:
            return Literal(value=float(value), dtype=FLOAT, nullable=False)
        case _:
            return Cast(arg=expr, dtype=wanted, nullable=expr.nullable)


def _resolve_one(rule: Overload | Uniform, types: Sequence[AnyType]) -> Resolved | None:
    match rule:
        case Overload(params=params, result=result):
            used = params[: len(types)]
            if not all(fits(t, p.dtype) for t, p in zip(types, used, strict=True)):
                return None
            return Resolved(tuple(p.dtype for p in used), result, tuple(p.constant for p in used))
        case Uniform(of=of, result=result):
            shared = common_type(types)
            wanted = of[0] if shared == NULL and result is not None else shared
            if wanted is None or (wanted != NULL and wanted not in of):
                return None
            return Resolved((wanted,) * len(types), result or wanted, (None,) * len(types))
