"""Windows that give a row for each row, of sums and extremes: what they say by columns is what merging says."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import AggregateCall, Column
from slac.plan.nodes import WindowNode, WindowSpec
from slac.plan.own_latest import is_keyed
from slac.runtime.operators.running_by_columns import RunningByColumns
from slac.runtime.operators.sliding_by_columns import SlidingByColumns
from slac.runtime.operators.window_per_row import PerRowOperator
from slac.runtime.operators.window_running import RunningOperator
from slac.runtime.operators.window_sliding import SlidingOperator
from slac.stream.batch import TIME
from slac.stream.types import Bool, Duration
from tests.runtime.operators.driving import CONTEXT, Arrivals, Driver, cut, events
from tests.runtime.operators.per_row import CALLS, FLOAT, INT, SCHEMA, SIZES, TEXT, X, feed, node

SUMS = tuple(call for call in CALLS if call.function not in ("first", "last"))
Y, D, B = ((Column(name=name, dtype=dtype),) for name, dtype in (("y", INT), ("d", Duration()), ("b", Bool())))
MORE = (
    AggregateCall(name="whole", function="sum", args=Y, dtype=INT),
    AggregateCall(name="least", function="min", args=Y, dtype=INT),
    AggregateCall(name="most", function="max", args=Y, dtype=INT),
    AggregateCall(name="spent", function="sum", args=D, dtype=Duration()),
    AggregateCall(name="longest", function="max", args=D, dtype=Duration()),
    AggregateCall(name="spread", function="stddev_pop", args=X, dtype=FLOAT),
    AggregateCall(name="sample", function="var_samp", args=Y, dtype=FLOAT),
    AggregateCall(name="share", function="share", args=B, dtype=FLOAT),
    AggregateCall(name="all", function="bool_and", args=B, dtype=Bool()),
    AggregateCall(name="known", function="count", args=X, dtype=INT),
    AggregateCall(name="good", function="count", where=Column(name="b", dtype=Bool()), dtype=INT),
)
TYPES: dict[str, Any] = {**SCHEMA, "y": pl.Int64(), "d": pl.Duration("us"), "b": pl.Boolean()}
NUMBERS = st.sampled_from([0.5, 1.25, -3.0, 1e6, -0.0, 0.0, 3e17, -1e300, float("nan"), float("inf")])
WHOLES = st.sampled_from([0, 1, -7, (1 << 63) - 1, -(1 << 63), 1 << 40])
ROW = st.fixed_dictionaries(
    {
        TIME: st.integers(0, 40),
        "k": st.sampled_from(["a", "b", None]),
        "x": st.none() | NUMBERS,
        "s": st.none() | st.sampled_from("pqr"),
        "y": st.none() | WHOLES,
        "d": st.none() | st.integers(-5, 1 << 50),
        "b": st.none() | st.booleans(),
    }
)
ROWS = st.lists(ROW, min_size=1, max_size=30).map(lambda rows: events(rows, TYPES))
WINDOWS = st.sampled_from([1, 5, 13, 1000, None])
"""The size of a sliding window; None is a running one."""
KEYS = st.sampled_from([("k",), ()])
MODES = st.sampled_from(["plain", "restart"])


def drivers(spec: WindowNode) -> tuple[Driver, Driver]:
    """By columns, and by merging."""
    kinds: dict[str, tuple[type[PerRowOperator], type[PerRowOperator]]] = {
        "running": (RunningByColumns, RunningOperator),
        "sliding": (SlidingByColumns, SlidingOperator),
    }
    columns, merging = kinds[spec.window.kind]
    return Driver(lambda: columns(spec, CONTEXT)), Driver(lambda: merging(spec, CONTEXT))


def window(size: int | None, keys: Sequence[str], retain: int) -> WindowNode:
    """A window with all aggregates that are sums and extremes."""
    spec = WindowSpec(kind="running") if size is None else WindowSpec(kind="sliding", size=size)
    return node(spec, (*SUMS, *MORE), keys, retain)


@settings(max_examples=80, deadline=None)
@given(ROWS, st.integers(0, 40), SIZES, WINDOWS, KEYS, st.sampled_from((5, 1000)), MODES)
def test_both_say_the_same(
    frame: pl.DataFrame, lateness: int, sizes: list[int], size: int | None, keys: tuple[str, ...], retain: int,
    mode: str,
) -> None:  # fmt: skip
    """Whatever the slicing, restarted anywhere: to the last bit."""
    spec = window(size, keys, retain)
    columns, merging = drivers(spec)
    found = feed(columns, frame, sizes, lateness, restart=mode == "restart")
    expected = feed(merging, frame, (1000,), lateness, restart=False)

    assert found.equals(expected)
    assert found.schema == expected.schema
    assert columns.operator.statistics()["late"] == merging.operator.statistics()["late"]


STEP = st.tuples(st.sampled_from([0, 0, 1, 2, 3, 7, 30, 80]), st.integers(-9, 9), st.sampled_from("aaab"))
"""Time since the last row, value and key: some cells of a window are full, and others are skipped."""


@settings(max_examples=100, deadline=None)
@given(st.lists(STEP, min_size=2, max_size=80), SIZES, st.sampled_from([2, 3, 8, 20, 50]), MODES)
def test_extremes_over_many_cells(steps: list[tuple[int, int, str]], sizes: list[int], size: int, mode: str) -> None:
    """Windows that end in any cell of half their size, with rows of some cells or of none in them."""
    times = accumulate(step for step, _, _ in steps)
    rows = [{TIME: at, "k": key, "y": value} for at, (_, value, key) in zip(times, steps, strict=True)]
    spec = node(WindowSpec(kind="sliding", size=size), [call for call in MORE if call.name in ("least", "most")])
    columns, merging = drivers(spec)
    frame = events(rows, TYPES)

    found = feed(columns, frame, sizes, 0, restart=mode == "restart")

    assert found.equals(feed(merging, frame, (1000,), 0, restart=False))


@settings(max_examples=40, deadline=None)
@given(ROWS, SIZES, WINDOWS, st.integers(1, 30))
def test_a_snapshot_of_one_is_one_of_the_other(
    frame: pl.DataFrame, sizes: list[int], size: int | None, taken_at: int
) -> None:
    """A block that changes its aggregates may change its operator, too: what each key had goes on in the other."""
    frame = frame.sort(TIME)
    spec = window(size, ("k",), 1000)
    first, rest = frame.head(taken_at), frame.slice(taken_at)
    columns, merging = drivers(spec)
    for one in (columns, merging):
        feed_only(one, first, sizes)
    state = merging.operator.snapshot()
    columns, merging = drivers(spec)
    columns.operator.restore(state)
    merging.operator.restore(state)

    assert feed(columns, rest, sizes, 0, restart=False).equals(feed(merging, rest, sizes, 0, restart=False))


def feed_only(target: Driver, frame: pl.DataFrame, sizes: Sequence[int]) -> None:
    """Rows in order, without an end."""
    arrivals = Arrivals(0)
    for piece in cut(frame, sizes):
        target.give(arrivals.take(piece))
        target.advance(arrivals.watermark)


@pytest.mark.parametrize("size", [10, 10_000, None])
def test_many_rows(size: int | None) -> None:
    """Long stretches of many keys: with windows shorter and longer than a batch, and when the front is exhausted."""
    rows = [
        {TIME: t // 3, "k": f"k{(t * t) % 7}", "x": float((t * 7919) % 1013) / 8, "s": "pqr"[t % 3], "y": t, "d": t,
         "b": t % 5 > 0}
        for t in range(30_000)
    ]  # fmt: skip
    spec = window(size, ("k",), 1_000_000)
    columns, merging = drivers(spec)
    frame = events(rows, TYPES)

    assert feed(columns, frame, (1700, 300), 0, restart=False).equals(feed(merging, frame, (7000,), 0, restart=False))


def test_state_is_let_go() -> None:
    """Of keys whose rows have all left the window nothing is held."""
    columns, _ = drivers(window(10, ("k",), 1000))
    rows = [{TIME: 20 * t, "k": str(t), "x": 1.0} for t in range(100)]
    feed_only(columns, events(rows, TYPES), (3,))

    assert columns.operator.statistics()["groups"] <= 1
    assert len(columns.operator.known()) <= 1  # type: ignore[attr-defined]


def test_texts_and_places_go_by_merging() -> None:
    """They are neither sums nor numbers."""
    assert is_keyed((*SUMS, *MORE))
    assert not is_keyed((TEXT,))
    assert not is_keyed(CALLS)
