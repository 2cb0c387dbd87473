"""What must be true at the least for a condition to be true, as far as that is cheap to look at.

`name = 'cpu' AND labels['mode'] = 'idle'` needs `name = 'cpu'`. To compare columns costs little a row, to search text
much; so the rows for which the cheap part is not true need not be looked at further.
"""

from __future__ import annotations

from typing import Final

import msgspec

from slac.plan.expressions import AnyExpr, Call, Column, FieldOf, Literal

_CHEAP: Final = frozenset(
    ("=", "<>", "<", "<=", ">", ">=", "in", "is_null", "is_true", "is_false", "is_distinct", "is_not_distinct")
)


def necessary(condition: AnyExpr) -> AnyExpr | None:
    """A cheap condition that is true wherever `condition` is; None where there is none, or it would be the whole."""
    found = _needed(condition)
    return None if found == condition else found


def _needed(condition: AnyExpr) -> AnyExpr | None:
    match condition:
        case Call(function="and", args=args):
            parts = [part for arg in args if (part := _needed(arg)) is not None]
            return _joined(condition, parts)
        case Call(function="or", args=args):
            parts = [part for arg in args if (part := _needed(arg)) is not None]
            return _joined(condition, parts) if len(parts) == len(args) else None
        case _:
            return condition if _is_cheap(condition) else None


def _joined(condition: Call, parts: list[AnyExpr]) -> AnyExpr | None:
    match parts:
        case []:
            return None
        case [only]:
            return only
        case _:
            return msgspec.structs.replace(condition, args=tuple(parts))


def _is_cheap(expr: AnyExpr) -> bool:
    match expr:
        case Column() | Literal():
            return True
        case FieldOf(base=base):
            return _is_cheap(base)
        case Call(function=function, args=args):
            return (function in _CHEAP or function in ("and", "or", "not")) and all(map(_is_cheap, args))
        case _:
            return False
