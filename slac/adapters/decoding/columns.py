"""Decoded records become columns: one pass per needed value."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

import msgspec
import polars as pl

from slac.adapters.decoding.maps import canonical, canonical_column
from slac.adapters.decoding.structs import Leaf
from slac.adapters.decoding.times import instants
from slac.adapters.decoding.wire import TimeUnit
from slac.stream.framing import column_of_values
from slac.stream.types import AnyType, Duration, List, Map, Struct, Timestamp, to_polars

_WHOLE: Final = pl.Int64()


@cache
def taker(leaf: Leaf) -> Callable[[Sequence[Any]], list[Any]]:
    """What takes the values of one leaf out of records.

    A comprehension with the way spelled out: half the time of `attrgetter`, and this is the hot path.
    """
    made: Callable[[Sequence[Any]], list[Any]] = eval(f"lambda records: [{_spelled(leaf)} for o in records]", {})  # noqa: S307 - the names are ours: f0, f1, …
    return made


def _spelled(leaf: Leaf) -> str:
    reached, guards = "o", ""
    for attribute, optional in zip(leaf.attributes, (*leaf.optional, False), strict=True):
        if not attribute.isidentifier():
            raise ValueError(f"{attribute!r} is no attribute of ours")
        reached += f".{attribute}"
        guards += f"None if {reached} is None else " if optional else ""
    return guards + reached


def to_series(name: str, values: Sequence[Any], dtype: AnyType, unit: TimeUnit) -> pl.Series:
    """A column of the exact type of `dtype`. Instants that are none become NULL: the caller compares."""
    match dtype:
        case Timestamp():
            return instants(values, unit).alias(name)
        case Duration():
            return column_of_values(name, values, _WHOLE).cast(to_polars(dtype))
        case Map():
            return canonical_column(name, values)
        case Struct() | List():
            return pl.Series(name, [plain(v, dtype, unit) for v in values], dtype=to_polars(dtype), strict=True)
        case _:
            return column_of_values(name, values, to_polars(dtype))


def plain(value: Any, dtype: AnyType, unit: TimeUnit) -> Any:
    """A nested value as dicts, lists and Python scalars that Polars takes; ValueError where an instant is none."""
    if value is None:
        return None
    match dtype:
        case Struct(fields=fields):
            held = msgspec.structs.astuple(value)
            return {f.name: plain(v, f.dtype, unit) for f, v in zip(fields, held, strict=True)}
        case List(item=item):
            return [plain(v, item, unit) for v in value]
        case Timestamp():
            return _instant(value, unit)
        case Map():
            return canonical(value)
        case _:
            return value


def _instant(value: Any, unit: TimeUnit) -> Any:
    instant = instants([value], unit)[0]
    if instant is None:
        raise ValueError(f"{value!r} is no instant")
    return instant
