"""RATE, INCREASE and DELTA from sample to sample: each row gives what plain Python makes of it, in any slicing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import AggregateCall, Column
from slac.plan.nodes import StepsNode
from slac.runtime.operators.steps import StepsOperator
from slac.stream.batch import ID, TIME, Batch
from slac.stream.types import Field, Float, Int, Schema, String
from tests.runtime.operators.driving import CONTEXT, Arrivals, Driver, cut, events

FLOAT, INT, STRING = Float(), Int(), String()
SCHEMA: dict[str, Any] = {"k": pl.String(), "x": pl.Float64(), "i": pl.Int64()}
CALLS = tuple(
    AggregateCall(name=f"{function}_{name}", function=function, args=(Column(name=name, dtype=dtype),), dtype=FLOAT)
    for name, dtype in (("x", FLOAT), ("i", INT))
    for function in ("rate", "increase", "delta")
)


def node(retain: int = 1000, keys: Sequence[str] = ("k",)) -> StepsNode:
    """All three, of a float and of an integer."""
    fields = (Field("k", STRING), Field("x", FLOAT), Field("i", INT), *(Field(c.name, FLOAT) for c in CALLS))
    return StepsNode(id="b", block="b", node="", keys=tuple(keys), steps=CALLS, retain=retain, schema=Schema(fields))


def driver(spec: StepsNode) -> Driver:
    """A driver of a fresh operator."""
    return Driver(lambda: StepsOperator(spec, CONTEXT))


def said(rows: Sequence[dict[str, Any]], retain: int = 1000) -> list[dict[str, Any]]:
    """What the operator makes of rows that come in order."""
    target = driver(node(retain))
    target.give([Batch(events(rows, SCHEMA))])
    return target.finish().rows(named=True)


def feed(target: Driver, frame: pl.DataFrame, sizes: Sequence[int], lateness: int, *, restart: bool) -> pl.DataFrame:
    """Rows as they arrive, in slices; the watermark after each of them."""
    arrivals = Arrivals(lateness)
    for piece in cut(frame, sizes):
        target.give(arrivals.take(piece))
        target.advance(arrivals.watermark)
        if restart:
            target.restart()
    return target.finish()


def step(function: str, before: tuple[int, float] | None, now: tuple[int, float], retain: int) -> float | None:
    """What a row says, by the definition."""
    (at, value) = now
    if math.isnan(value) or math.isinf(value):
        return math.nan
    if before is None or at - before[0] > retain:
        return None
    change = value - before[1]
    if function == "delta":
        return change
    increase = change if change >= 0 else max(value, 0)
    if function == "increase":
        return increase
    return None if at == before[0] else increase / ((at - before[0]) / 1e6)


def definition(rows: Sequence[dict[str, Any]], retain: int) -> list[dict[str, Any]]:
    """The rows in the total order, each with its steps."""
    latest: dict[Any, tuple[int, float]] = {}
    out = []
    for row in sorted(rows, key=lambda r: (r[TIME], r[ID])):
        made = {}
        for name in "xi":
            value, key = row[name], (name, row["k"])
            for function in ("rate", "increase", "delta"):
                now = (row[TIME], value)
                found = None if value is None else step(function, latest.get(key), now, retain)
                made[f"{function}_{name}"] = found
            if value is not None and math.isfinite(value):
                latest[key] = (row[TIME], value)
        out.append({TIME: row[TIME], ID: row[ID], "k": row["k"], **made})
    return out


ODD = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0, 1e18, 2.0**53])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            TIME: st.integers(0, 60),
            "k": st.sampled_from(["a", "b", None]),
            "x": st.none() | st.integers(0, 5).map(float) | ODD,
            "i": st.none() | st.integers(0, 5) | st.sampled_from([2**63 - 1, -(2**63), 2**62]),
        }
    ),
    max_size=40,
).map(lambda rows: events(rows, SCHEMA))
PLACE = (TIME, ID, "k")
SIZES = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@settings(max_examples=80, deadline=None)
@given(ROWS, st.integers(0, 40), SIZES, st.sampled_from((5, 1000)), st.booleans())
def test_rows_are_those_of_the_definition(
    frame: pl.DataFrame,
    lateness: int,
    sizes: list[int],
    retain: int,
    restart: bool,  # noqa: FBT001 - drawn
) -> None:
    """In any slicing, restarted anywhere; late rows are dropped and counted."""
    on_time, watermark = [], -(10**9)
    for row in frame.with_columns(pl.col(TIME).to_physical()).rows(named=True):
        if row[TIME] >= watermark:
            on_time.append(row)
        watermark = max(watermark, row[TIME] - lateness)
    target = driver(node(retain))
    out = feed(target, frame, sizes, lateness, restart=restart)
    wanted = definition(on_time, retain)

    assert target.operator.statistics()["late"] == frame.height - len(on_time)
    got = out.with_columns(pl.col(TIME).to_physical()).rows(named=True) if out.width else []
    assert len(got) == len(wanted)
    for row, expected in zip(got, wanted, strict=True):
        assert [row[n] for n in PLACE] == [expected[n] for n in PLACE]
        for name in expected.keys() - PLACE:
            assert (row[name] is None) == (expected[name] is None), name
            assert row[name] is None or row[name] == pytest.approx(expected[name], rel=1e-14, nan_ok=True), name


def test_a_counter_that_fell_began_at_zero() -> None:
    """RATE and INCREASE count what it has reached since; DELTA is the plain difference."""
    rows = said([{TIME: 0, "k": "a", "x": 10.0}, {TIME: 2_000_000, "k": "a", "x": 4.0}], retain=10**9)

    assert [(r["rate_x"], r["increase_x"], r["delta_x"]) for r in rows] == [(None, None, None), (2.0, 4.0, -6.0)]


def test_samples_of_one_instant_have_no_rate() -> None:
    """Nothing is divided by zero; what the counter went up by is still said, once."""
    rows = said([{TIME: 0, "k": "a", "x": 1.0}, {TIME: 0, "k": "a", "x": 3.0}, {TIME: 5, "k": "a", "x": 3.0}])

    assert [r["rate_x"] for r in rows] == [None, None, 0.0]
    assert [r["increase_x"] for r in rows] == [None, 2.0, 0.0]


def test_integers_near_the_end_of_their_range_are_subtracted_exactly() -> None:
    """Only the difference becomes a float, and it never wraps."""
    rows = said([{TIME: 0, "k": "a", "i": 2**63 - 5}, {TIME: 1, "k": "a", "i": 2**63 - 1}])
    wide = said([{TIME: 0, "k": "a", "i": -(2**63)}, {TIME: 1, "k": "a", "i": 2**63 - 1}])

    assert rows[1]["increase_i"] == 4.0
    assert wide[1]["delta_i"] == 2.0**64


def test_a_counter_that_wraps_looks_like_one_that_began_anew() -> None:
    """The part before the wrap is lost; what it went up by since is not."""
    rows = said([{TIME: 0, "k": "a", "i": 2**32 - 10}, {TIME: 1, "k": "a", "i": 5}])

    assert rows[1]["increase_i"] == 5.0


def test_what_is_no_number_is_no_sample() -> None:
    """A NaN is told as one, NULL as NULL; the row behind them goes back to the last sample."""
    rows = said([{TIME: t, "k": "a", "x": x} for t, x in enumerate([1.0, math.nan, None, 4.0])])

    assert math.isnan(rows[1]["increase_x"])
    assert [rows[2]["increase_x"], rows[3]["increase_x"]] == [None, 3.0]


def test_keys_that_fell_silent_are_let_go() -> None:
    """However many keys come and go, what is held is in proportion to those of the last `retain`."""
    target = driver(node(retain=10))
    for t in range(40):
        rows = [{TIME: t * 100 + 1, "k": str(t * 100 + i), "x": 1.0} for i in range(100)]
        target.give([Batch(events(rows, SCHEMA))])
        target.advance(t * 100 + 50)

    assert target.operator.statistics()["keys"] <= 1400


def test_without_keys_all_rows_are_one_series() -> None:
    """A stream may be one series."""
    target = driver(node(keys=()))
    target.give([Batch(events([{TIME: t, "x": float(t)} for t in range(3)], SCHEMA))])

    assert target.finish()["delta_x"].to_list() == [None, 1.0, 1.0]
