"""Expressions as one would write them in SQL, for plans that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from slac.plan.expressions import AnyExpr, Call, Case, Cast, Column, FieldOf, Literal
from slac.plan.privacy import field_of
from slac.plan.user.module import is_user_key, readable
from slac.stream.types import Duration, Timestamp

_INFIX = frozenset({"=", "<>", "<", "<=", ">", ">=", "+", "-", "*", "/", "//", "%", "||", "and", "or", "like", "ilike"})

_SPECIAL: Mapping[str, Callable[[list[str]], str]] = MappingProxyType(
    {
        "not": lambda a: f"(NOT {a[0]})",
        "negate": lambda a: f"(-{a[0]})",
        "is_null": lambda a: f"({a[0]} IS NULL)",
        "is_true": lambda a: f"({a[0]} IS TRUE)",
        "is_false": lambda a: f"({a[0]} IS FALSE)",
        "is_distinct": lambda a: f"({a[0]} IS DISTINCT FROM {a[1]})",
        "is_not_distinct": lambda a: f"({a[0]} IS NOT DISTINCT FROM {a[1]})",
        "in": lambda a: f"({a[0]} IN ({', '.join(a[1:])}))",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_text(expr: AnyExpr) -> str:
    """`expr` as SQL, with every operation in brackets."""
    match expr:
        case Column(name=name):
            return field_of(name) or name
        case FieldOf(base=base, name=name):
            return f"{to_text(base)}.{name}"
        case Literal():
            return _literal(expr)
        case Call(function=function, args=args):
            return _call(function, [to_text(a) for a in args])
        case Cast(arg=arg, dtype=dtype):
            return f"CAST({to_text(arg)} AS {dtype})"
        case Case(branches=branches, otherwise=otherwise):
            whens = " ".join(f"WHEN {to_text(when)} THEN {to_text(then)}" for when, then in branches)
            return f"CASE {whens} ELSE {to_text(otherwise)} END"


def _call(function: str, args: list[str]) -> str:
    if function in _SPECIAL:
        return _SPECIAL[function](args)
    if function in _INFIX:
        return "(" + f" {function.upper()} ".join(args) + ")"
    if function.startswith("extract_"):
        return f"EXTRACT({function.removeprefix('extract_')} FROM {args[0]})"
    name = readable(function) if is_user_key(function) else function.upper()
    return f"{name}({', '.join(args)})"


def _literal(literal: Literal) -> str:
    match literal:
        case Literal(value=None):
            return "NULL"
        case Literal(value=int(value), dtype=Duration()):
            return f"INTERVAL '{value} microseconds'"
        case Literal(value=int(value), dtype=Timestamp()):
            return f"TIMESTAMP '{_instant(value)}'"
        case Literal(value=bool(value)):
            return str(value).upper()
        case Literal(value=str(value)):
            return "'" + value.replace("'", "''") + "'"
        case _:
            return repr(literal.value)


def _instant(value: int) -> str:
    return (_EPOCH + timedelta(microseconds=value)).isoformat().replace("+00:00", "Z")
