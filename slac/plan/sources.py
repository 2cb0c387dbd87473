"""What a source says beside its form: how fast it is, which types it has, and whether it is a table."""

from __future__ import annotations

import msgspec

from slac.plan.expressions import AnyExpr


class RateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Declared load of an input in events per second; `keys` is the number of distinct values per column list.

    `skew`: Zipf's exponent per column list. `passes`: the share of its rows that a block lets through.
    """

    normal: float
    burst: float | None = None
    burst_for: int | None = None
    keys: dict[str, int] = {}
    skew: dict[str, float] = {}
    passes: dict[str, float] = {}


class TypeSpec(msgspec.Struct, frozen=True, kw_only=True):
    """One of several types of an input: what its events meet (None: all that is left), and which fields they have."""

    type: str
    when: AnyExpr | None = None
    when_sql: str = ""
    required: tuple[str, ...] = ()


class SampledSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Spans that a sampler has thinned: the columns of their `tracestate` and of their trace.

    `spans`: so many spans of one trace, at most, a result is made of.
    """

    tracestate: str
    trace: str
    spans: int


class TableSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A source that is a table: one row at most for each value of `key`, and not more than `max_rows`."""

    key: tuple[str, ...]
    max_rows: int
