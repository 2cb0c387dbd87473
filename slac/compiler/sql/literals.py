"""Constants: numbers, text, truth values, NULL, lengths of time and instants."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from sqlglot import exp

from slac.compiler.sql.context import Context, Rule
from slac.diagnostics import suggest
from slac.plan.expressions import AnyExpr, Literal
from slac.plan.signatures import BOOL, DURATION, FLOAT, INT, NULL, STRING, TIMESTAMP

__all__ = ["RULES", "instant", "number"]

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1

UNITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(("us", "microsecond", "microseconds"), 1),
        **dict.fromkeys(("ms", "millisecond", "milliseconds"), 1_000),
        **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1_000_000),
        **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60_000_000),
        **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600_000_000),
        **dict.fromkeys(("d", "day", "days"), 86_400_000_000),
        **dict.fromkeys(("w", "week", "weeks"), 604_800_000_000),
    }
)
"""Units of INTERVAL in microseconds."""

_UNEVEN = frozenset({"month", "months", "mon", "mons", "quarter", "quarters", "year", "years", "decade", "century"})
_PART = re.compile(r"\s*(?P<amount>[+-]?\d+(?:\.\d+)?)\s*(?P<unit>[A-Za-z]+)\s*")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def number(node: exp.Literal, context: Context, *, sign: str = "", at: exp.Expr | None = None) -> AnyExpr | None:
    """An integer of 64 bits; a double where the literal has a point or an exponent."""
    written = sign + str(node.this)
    place = node if at is None else at
    if re.fullmatch(r"[+-]?\d+", written):
        whole = int(written)
        if _LEAST <= whole <= _MOST:
            return Literal(value=whole, dtype=INT, nullable=False)
        context.error("sql/bad-literal", f"{written} does not fit a 64-bit integer", place, f"write {written}.0")
        return None
    real = float(written)
    if math.isinf(real):
        context.error("sql/bad-literal", f"{written} does not fit a double", place)
        return None
    return Literal(value=real, dtype=FLOAT, nullable=False)


def instant(node: exp.Literal, context: Context, at: exp.Expr) -> AnyExpr | None:
    """The constant of `TIMESTAMP '…'`: RFC 3339, without a zone in UTC."""
    try:
        found = datetime.fromisoformat(str(node.this).strip())
    except ValueError:
        context.error(
            "sql/bad-literal", f"'{node.this}' is no timestamp", at, "write it like TIMESTAMP '2024-05-01T12:00:00Z'"
        )
        return None
    aware = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    micros = (aware - _EPOCH) // timedelta(microseconds=1)
    return Literal(value=micros, dtype=TIMESTAMP, nullable=False)


def _literal(node: exp.Literal, context: Context) -> AnyExpr | None:
    if node.is_string:
        return Literal(value=str(node.this), dtype=STRING, nullable=False)
    return number(node, context)


def _boolean(node: exp.Boolean, context: Context) -> AnyExpr | None:
    return Literal(value=bool(node.this), dtype=BOOL, nullable=False)


def _null(node: exp.Null, context: Context) -> AnyExpr | None:
    return Literal(value=None, dtype=NULL)


def _interval(node: exp.Interval, context: Context) -> AnyExpr | None:
    text = str(node.this.this)
    total, end = Decimal(0), 0
    for part in _PART.finditer(text):
        unit = part["unit"].lower()
        if part.start() != end or unit not in UNITS:
            _bad_unit(unit, text, node, context)
            return None
        total += Decimal(part["amount"]) * UNITS[unit]
        end = part.end()
    if not text or end != len(text) or not _LEAST <= total <= _MOST:
        _bad_unit("", text, node, context)
        return None
    return Literal(value=int(total.to_integral_value()), dtype=DURATION, nullable=False)


def _bad_unit(unit: str, text: str, node: exp.Expr, context: Context) -> None:
    if unit in _UNEVEN:
        context.error("sql/bad-literal", f"a {unit.rstrip('s')} has no fixed length", node, "write days or hours")
        return
    hint = suggest(unit, UNITS) if unit else ""
    usual = "write it like INTERVAL '5 minutes' or INTERVAL '1 hour 30 minutes'"
    context.error("sql/bad-literal", f"'{text}' is no length of time", node, hint or usual)


RULES: Final[Mapping[type[exp.Expr], Rule]] = MappingProxyType(
    {
        exp.Literal: Rule(frozenset({"this", "is_string"}), _literal),
        exp.Boolean: Rule(frozenset({"this"}), _boolean),
        exp.Null: Rule(frozenset(), _null),
        exp.Interval: Rule(frozenset({"this"}), _interval),
    }
)
