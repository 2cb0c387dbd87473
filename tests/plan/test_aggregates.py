"""Aggregates: the value of each by a definition in plain Python, for any partition of the rows and any order."""

from __future__ import annotations

import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.aggregate_signatures import AGGREGATES
from slac.plan.aggregates import (
    FAMILIES,
    empty_exprs,
    final_exprs,
    merged,
    part_columns,
    partial_exprs,
    partial_schema,
    partials,
)
from slac.plan.expressions import AggregateCall, AnyExpr, Column, Literal
from slac.stream.batch import DEPTH, ID, KEPT, SEEN, TIME, TIME_TYPE, WEIGHT, WEIGHT_ONE
from slac.stream.types import AnyType, Bool, Duration, Float, Int, String, Timestamp, to_polars

BOOL, INT, FLOAT, STRING, TIMESTAMP, DURATION = Bool(), Int(), Float(), String(), Timestamp(), Duration()
COLUMNS: dict[str, AnyType] = {"i": INT, "f": FLOAT, "s": STRING, "b": BOOL, "t": TIMESTAMP, "d": DURATION}
OK = Column(name="ok", dtype=BOOL)


def call(function: str, column: str | None = None, where: AnyExpr | None = None, **more: Any) -> AggregateCall:
    """An aggregate of a column; its result has the column's type unless said otherwise."""
    dtype = more.pop("dtype", COLUMNS[column] if column else INT)
    args = (Column(name=column, dtype=COLUMNS[column]),) if column else ()
    name = f"_{function}_{column}_{'w' if where else ''}"
    return AggregateCall(name=name, function=function, args=args, where=where, dtype=dtype, **more)


def rows(values: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows with the meta columns that raw events have; ids by position."""
    schema: dict[str, Any] = {
        TIME: TIME_TYPE,
        ID: pl.UInt64,
        "k": pl.String,
        "ok": pl.Boolean,
        **{n: to_polars(t) for n, t in COLUMNS.items()},
    }
    full = [{ID: i, TIME: 0, **v} for i, v in enumerate(values)]
    frame = pl.DataFrame([{n: r.get(n) for n in schema} for r in full], schema={**schema, TIME: pl.Int64})
    return frame.with_columns(pl.col(TIME).cast(TIME_TYPE))


def evaluate(frame: pl.DataFrame, *calls: AggregateCall) -> dict[str, Any]:
    """The one row of values over a whole frame."""
    done = partials(frame, [], calls).select(final_exprs(calls))
    assert dict(done.select(c.name for c in calls).schema) == {c.name: to_polars(c.dtype) for c in calls}
    return done.row(0, named=True)


def value(frame: pl.DataFrame, one: AggregateCall) -> Any:
    """The value of one call over a whole frame."""
    return evaluate(frame, one)[one.name]


def test_the_table_has_what_the_language_has() -> None:
    """Every aggregate with a signature can be computed, and no other."""
    assert set(FAMILIES) == {a.key for a in AGGREGATES.values()}


def test_count_of_rows_and_values() -> None:
    """COUNT(*) counts rows, COUNT(x) values, FILTER takes rows where the condition is true, not NULL."""
    frame = rows([{"i": 1, "ok": True}, {"i": None, "ok": True}, {"i": 3, "ok": None}, {"i": 4, "ok": False}])

    assert value(frame, call("count")) == 4
    assert value(frame, call("count", "i", dtype=INT)) == 3
    assert value(frame, call("count", where=OK)) == 2
    assert value(frame, call("count", "i", where=OK, dtype=INT)) == 1


def test_a_constant_counts_once_a_row() -> None:
    """COUNT(1), SUM(2) and FILTER (WHERE TRUE) are over rows, not over one constant."""
    frame = rows([{}, {}, {}])
    two, true = Literal(value=2, dtype=INT), Literal(value=True, dtype=BOOL)

    assert value(frame, AggregateCall(name="a", function="count", args=(two,), dtype=INT)) == 3
    assert value(frame, AggregateCall(name="a", function="sum", args=(two,), dtype=INT)) == 6
    assert value(frame, AggregateCall(name="a", function="count", where=true, dtype=INT)) == 3
    assert value(frame, AggregateCall(name="a", function="sum", args=(two,), where=true, dtype=INT)) == 6
    assert value(frame, AggregateCall(name="a", function="last", args=(two,), where=true, dtype=INT)) == 2


def test_sum_of_nothing_is_null() -> None:
    """Over no values, or NULLs only, COUNT is 0 and all else NULL."""
    calls = [call(f, "f") for f in ("sum", "avg", "min", "max", "first", "last")]

    assert set(evaluate(rows([{}, {}]), *calls).values()) == {None, 2.0}


def test_sums_of_floats_show_what_cannot_be_summed() -> None:
    """NaN and ∞ among the values make SUM and AVG NaN, not an error and not a wrong number."""
    for odd in (math.nan, math.inf, 1e300):
        frame = rows([{"f": 1.0}, {"f": odd}, {"f": None}])
        assert math.isnan(value(frame, call("sum", "f")))
        assert math.isnan(value(frame, call("avg", "f")))


def test_a_total_beyond_64_bits_is_null() -> None:
    """Integer totals never wrap: on the way they have 128 bits, and at the end NULL says that they do not fit."""
    frame = rows([{"i": 2**63 - 1}, {"i": 2**63 - 1}])

    assert value(frame, call("sum", "i")) is None
    assert value(frame, call("avg", "i", dtype=FLOAT)) == float(2**63)
    assert value(pl.concat([frame, rows([{"i": -(2**63) + 1}])]), call("sum", "i")) == 2**63 - 1


def test_durations_add_up_and_have_a_mean() -> None:
    """SUM and AVG of durations are durations, in whole microseconds."""
    frame = rows([{"d": 1}, {"d": 4}, {"d": None}])

    assert value(frame, call("sum", "d")).microseconds == 5
    assert value(frame, call("avg", "d")).microseconds == 2


def test_nan_is_the_greatest_value() -> None:
    """MAX is NaN where there is one, MIN only where there is nothing else; zeros have no sign."""
    frame = rows([{"f": math.nan}, {"f": -1.0}, {"f": None}])

    assert math.isnan(value(frame, call("max", "f")))
    assert value(frame, call("min", "f")) == -1.0
    assert math.isnan(value(rows([{"f": math.nan}]), call("min", "f")))
    assert math.copysign(1, value(rows([{"f": -0.0}]), call("max", "f"))) == 1


def test_first_and_last_follow_the_total_order_and_skip_null() -> None:
    """By time, then depth, then id; rows come in any order."""
    frame = rows([{TIME: 5, "s": "late"}, {TIME: 1, "s": "first"}, {TIME: 9, "s": None}, {TIME: 5, "s": "later"}])

    assert value(frame, call("last", "s")) == "later"
    assert value(frame.reverse(), call("last", "s")) == "later"
    assert value(frame, call("first", "s")) == "first"
    depths = frame.with_columns(pl.Series(DEPTH, [2, 1, 1, 1], dtype=pl.UInt16))
    assert value(depths, call("last", "s")) == "late"


def test_worst_and_best_ignore_what_is_not_in_the_list() -> None:
    """The order is the document's; unknown values and NULL do not count."""
    options: dict[str, Any] = {"options": ("up", "low", "down", "low")}
    frame = rows([{"s": "low"}, {"s": "broken"}, {"s": None}, {"s": "up"}])

    assert value(frame, call("worst", "s", **options)) == "low"
    assert value(frame, call("best", "s", **options)) == "up"
    assert value(rows([{"s": "broken"}]), call("worst", "s", **options)) is None


def test_events_are_counted_by_weight_or_by_what_windows_carry() -> None:
    """`_kept` counts events, `_seen` what they stand for; rows of a window bring both along."""
    plain = rows([{}, {}])
    weighted = plain.with_columns(pl.Series(WEIGHT, [WEIGHT_ONE * 10, None], dtype=pl.UInt64))
    windowed = plain.with_columns(pl.Series(KEPT, [3, None]), pl.Series(SEEN, [7.5, None]))

    assert evaluate(plain, call("count")) == {SEEN: 2.0, KEPT: 2, "_count_None_": 2}
    assert evaluate(weighted, call("count")) == {SEEN: 11.0, KEPT: 2, "_count_None_": 2}
    assert evaluate(windowed, call("count")) == {SEEN: 8.5, KEPT: 4, "_count_None_": 2}


def test_null_keys_are_a_group() -> None:
    """Rows whose key is NULL are aggregated together."""
    done = partials(rows([{"k": None}, {"k": "a"}, {"k": None}]), ["k"], [call("count")])

    assert sorted(done.select("k", KEPT).rows(), key=str) == [("a", 1), (None, 2)]


ALL = (
    call("count"),
    call("count", where=OK),
    *(call(f, c, w) for f in ("min", "max", "first", "last") for c in COLUMNS if c != "b" for w in (None, OK)),
    *(call("sum", c) for c in "ifd"),
    *(call("avg", c, OK, dtype=FLOAT) for c in "if"),
    call("first", "b"),
    call("worst", "s", dtype=STRING, options=("x", "y", "é")),
    call("best", "s", OK, dtype=STRING, options=("x", "y", "é")),
)


def test_empty_values_and_schema_agree_with_the_rest() -> None:
    """The columns of empty groups, of partial frames and of values have the types that the plan states."""
    done = partials(rows([{"k": "a"}]), ["k"], ALL)
    empty = pl.DataFrame().select(empty_exprs(ALL))

    assert dict(done.schema) == partial_schema({"k": pl.String()}, ALL)
    assert part_columns(ALL) == done.columns[1:-2]
    assert empty.schema == done.select(final_exprs(ALL)).schema
    assert {v for n, v in empty.row(0, named=True).items() if n not in (SEEN, KEPT)} == {0, None}


FLOATS = st.one_of(st.floats(-1e6, 1e6), st.sampled_from([math.nan, math.inf, -0.0, 0.0]))
ROW = st.fixed_dictionaries(
    {
        TIME: st.integers(0, 5),
        "k": st.sampled_from(["a", "b", None]),
        "ok": st.sampled_from([True, False, None]),
        "i": st.none() | st.integers(-(2**63), 2**63 - 1),
        "f": st.none() | FLOATS,
        "s": st.none() | st.sampled_from(["x", "y", "é", "𝄞", ""]),
        "b": st.none() | st.booleans(),
        "t": st.none() | st.integers(0, 9),
        "d": st.none() | st.integers(-9, 9),
    }
)


def bits(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """Rows in key order, floats as text so that NaN equals itself and −0.0 does not equal 0.0."""
    return sorted((tuple(map(repr, r)) for r in frame.rows()), key=lambda r: r[0])


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12), st.lists(st.integers(0, 3), min_size=12, max_size=12), st.randoms())
def test_any_partition_and_order_gives_the_same_bits(
    values: list[dict[str, Any]], slices: list[int], random: Any
) -> None:
    """Rows grouped slice by slice and merged in any order are the rows grouped at once."""
    frame = rows(values)
    whole = partials(frame, ["k"], ALL).select("k", *final_exprs(ALL))
    owner = pl.Series(slices[: frame.height])
    pieces = [partials(frame.filter(owner == n), ["k"], ALL) for n in range(4)]
    random.shuffle(pieces)
    left = merged(merged(pl.concat(pieces[:2]), ["k"], ALL).vstack(pieces[2]), ["k"], ALL)
    together = merged(pl.concat([pieces[3], left]), ["k"], ALL).select("k", *final_exprs(ALL))

    assert bits(together) == bits(whole)


@settings(max_examples=40, deadline=None)
@given(st.lists(ROW, max_size=12))
def test_values_are_those_of_the_definition(values: list[dict[str, Any]]) -> None:
    """Integers and texts, against Python's own functions."""
    frame = rows([{**v, "k": "a"} for v in values] or [{}])
    ints = [v["i"] for v in values if v["i"] is not None]
    ok = [v["s"] for v in values if v["s"] is not None and v["ok"]]
    total = sum(ints) if ints else None
    fits = total is not None and -(2**63) <= total < 2**63

    assert value(frame, call("sum", "i")) == (total if fits else None)
    assert value(frame, call("min", "i")) == min(ints, default=None)
    assert value(frame, call("max", "s", OK)) == max(ok, default=None)
    assert value(frame, call("count", "s", OK, dtype=INT)) == len(ok)
    mean = value(frame, call("avg", "i", dtype=FLOAT))
    assert mean == (pytest.approx(total / len(ints)) if total is not None else None)


def test_expressions_stand_alone() -> None:
    """What the audit engine uses: the expressions inside its own `group_by`, without the helpers here."""
    frame = rows([{"k": "a", "i": 1}, {"k": "a", "i": 2}])
    calls = [call("sum", "i")]

    done = frame.group_by("k").agg(partial_exprs(calls)).select("k", *final_exprs(calls))
    assert done.rows(named=True) == [{"k": "a", SEEN: 2.0, KEPT: 2, "_sum_i_": 3}]
