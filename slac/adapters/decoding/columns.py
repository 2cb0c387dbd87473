"""Decoded records become columns: one pass per needed value, one more per object that holds some of them."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import msgspec
import polars as pl

from slac.adapters.decoding.maps import canonical, canonical_column
from slac.adapters.decoding.structs import Leaf
from slac.adapters.decoding.times import instants
from slac.adapters.decoding.wire import TimeUnit
from slac.stream.types import AnyType, Duration, List, Map, Struct, Timestamp, to_polars


def gather(records: Sequence[Any], leaves: Sequence[Leaf]) -> list[list[Any]]:
    """The values of each leaf over all records."""
    reached: dict[tuple[str, ...], list[Any]] = {(): list(records)}
    return [_values(reached, leaf) for leaf in leaves]


def _values(reached: dict[tuple[str, ...], list[Any]], leaf: Leaf) -> list[Any]:
    for depth in range(1, len(leaf.attributes) + 1):
        way = leaf.attributes[:depth]
        if way in reached:
            continue
        # Once an object may be None, so may everything below it.
        get = _getter(way[-1], optional=any(leaf.optional[: depth - 1]))
        reached[way] = get(reached[way[:-1]])
    return reached[leaf.attributes]


@cache
def _getter(attribute: str, *, optional: bool) -> Callable[[list[Any]], list[Any]]:
    """A comprehension with the attribute spelled out: half the time of `attrgetter`, and this is the hot path."""
    if not attribute.isidentifier():
        raise ValueError(f"{attribute!r} is no attribute of ours")
    value = f"None if o is None else o.{attribute}" if optional else f"o.{attribute}"
    getter: Callable[[list[Any]], list[Any]] = eval(f"lambda objects: [{value} for o in objects]", {})  # noqa: S307 - the name is ours: f0, f1, …
    return getter


def to_series(name: str, values: Sequence[Any], dtype: AnyType, unit: TimeUnit) -> pl.Series:
    """A column of the exact type of `dtype`. Instants that are none become NULL: the caller compares."""
    match dtype:
        case Timestamp():
            return instants(values, unit).alias(name)
        case Duration():
            return pl.Series(name, values, dtype=pl.Int64, strict=True).cast(to_polars(dtype))
        case Map():
            return canonical_column(name, values)
        case Struct() | List():
            return pl.Series(name, [plain(v, dtype, unit) for v in values], dtype=to_polars(dtype), strict=True)
        case _:
            return pl.Series(name, values, dtype=to_polars(dtype), strict=True)


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
