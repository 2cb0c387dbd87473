"""Values of rows and expressions as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from slac.plan.expression_text import to_text
from slac.plan.expressions import AnyExpr, Call, Case, Cast, Column, FieldOf, Literal
from slac.stream.types import DataType, Duration, Float, Int, String, Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def shown(value: object) -> str:
    """A value in one word or so."""
    match value:
        case None:
            return "NULL"
        case str():
            return f"'{value}'"
        case bool():
            return str(value).upper()
        case float():
            return f"{value:.6g}"
        case datetime():
            return instant(value)
        case timedelta():
            return f"{value.total_seconds():g}s"
        case list():
            return f"[{', '.join(map(shown, value[:3]))}{', …' if len(value) > 3 else ''}]"
        case dict():
            return "{" + ", ".join(f"{k}: {shown(v)}" for k, v in value.items()) + "}"
        case _:
            return str(value)


def instant(value: datetime) -> str:
    """RFC 3339 in UTC, without a fraction where there is none."""
    text = value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return text.replace(".000000Z", "Z")


def plain(value: object) -> object:
    """A value that JSON has."""
    match value:
        case datetime():
            return instant(value)
        case timedelta():
            return value // timedelta(microseconds=1)
        case bytes():
            return value.hex()
        case list():
            return [plain(v) for v in value]
        case dict():
            return {k: plain(v) for k, v in value.items()}
        case _:
            return value


def unbracketed(text: str) -> str:
    """SQL without the brackets around all of it."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and place < len(text) - 1:
            return text
    return text[1:-1]


def sql_of(expr: AnyExpr) -> str:
    """An expression as SQL."""
    return unbracketed(to_text(as_said(expr)))


def with_values(expr: AnyExpr, row: Mapping[str, Any]) -> str:
    """An expression as SQL, with the values of a row in the places of its columns."""
    return unbracketed(to_text(as_said(filled(expr, row))))


def as_said(expr: AnyExpr) -> AnyExpr:
    """Without what makes integers floats: the compiler put it there, and the value is the same."""
    match expr:
        case Cast(arg=arg, dtype=Float()) if isinstance(_type_of(arg), Int):
            return as_said(arg)
        case FieldOf(base=base):
            return msgspec.structs.replace(expr, base=as_said(base))
        case Call(args=args):
            return msgspec.structs.replace(expr, args=tuple(map(as_said, args)))
        case Cast(arg=arg):
            return msgspec.structs.replace(expr, arg=as_said(arg))
        case Case(branches=branches, otherwise=otherwise):
            made = tuple((as_said(when), as_said(then)) for when, then in branches)
            return msgspec.structs.replace(expr, branches=made, otherwise=as_said(otherwise))
        case _:
            return expr


def _type_of(expr: AnyExpr) -> DataType | None:
    return getattr(expr, "dtype", None)


def filled(expr: AnyExpr, row: Mapping[str, Any]) -> AnyExpr:
    """The expression with constants for the columns that the row has."""
    match expr:
        case Column(name=name) if name in row:
            return _constant(expr, row[name])
        case FieldOf(base=base):
            return msgspec.structs.replace(expr, base=filled(base, row))
        case Call(args=args):
            return msgspec.structs.replace(expr, args=tuple(filled(a, row) for a in args))
        case Cast(arg=arg):
            return msgspec.structs.replace(expr, arg=filled(arg, row))
        case Case(branches=branches, otherwise=otherwise):
            made = tuple((filled(when, row), filled(then, row)) for when, then in branches)
            return msgspec.structs.replace(expr, branches=made, otherwise=filled(otherwise, row))
        case _:
            return expr


def _constant(column: Column, value: object) -> AnyExpr:
    match value:
        case None | bool() | int() | str():
            return Literal(dtype=column.dtype, value=value)
        case float():
            return Literal(dtype=column.dtype, value=float(f"{value:.6g}"))
        case datetime():
            return Literal(dtype=Timestamp(), value=(value - _EPOCH) // timedelta(microseconds=1))
        case timedelta():
            return Literal(dtype=Duration(), value=value // timedelta(microseconds=1))
        case _:
            return Literal(dtype=String(), value=shown(value))
