"""Panes with many keys are held by slot: what is read is what the partial rows give when they are merged as a whole."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.plan.aggregates import follows_order, merged, partials
from slac.plan.expressions import AggregateCall, Column
from slac.runtime.operators import pane_state
from slac.runtime.operators.pane_cells import cells_of
from slac.runtime.operators.pane_state import AFTER, EXPIRES, PLACE, START, PaneState
from slac.stream.batch import ID, TIME, TIME_TYPE
from slac.stream.types import Bool, Duration, Float, Int, String, Timestamp

NUMBER, WHOLE, TEXT = (Column(name=n, dtype=t) for n, t in (("v", Float()), ("w", Int()), ("s", String())))
CALLS = (
    AggregateCall(name="_a0", function="count", dtype=Int()),
    AggregateCall(name="_a1", function="sum", args=(NUMBER,), dtype=Float()),
    AggregateCall(name="_a2", function="avg", args=(WHOLE,), dtype=Float()),
    AggregateCall(name="_a3", function="min", args=(NUMBER,), dtype=Float()),
    AggregateCall(name="_a4", function="max", args=(WHOLE,), dtype=Int()),
    AggregateCall(name="_a5", function="first", args=(WHOLE,), dtype=Int()),
    AggregateCall(name="_a6", function="last", args=(NUMBER,), dtype=Float()),
    AggregateCall(name="_a7", function="stddev_pop", args=(NUMBER,), dtype=Float()),
)
NUMBERS = st.sampled_from([None, 0.0, -1.5, 1e9, 2.0**61, -(2.0**61), 1e300, float("nan"), float("inf")])
ROWS = st.tuples(
    st.integers(0, 2),
    st.sampled_from([None, "a", "b", "c", "d"]),
    st.integers(0, 3),
    NUMBERS,
    st.sampled_from([None, 0, -1, 1 << 62, -(1 << 63), (1 << 63) - 1]),
)
BATCHES = st.lists(st.lists(ROWS, min_size=1, max_size=12), min_size=1, max_size=6)


def grouped(rows: list[tuple[int, str | None, int, float | None, int | None]], first: int) -> pl.DataFrame:
    """Partial rows of panes that are 10 long."""
    frame = pl.DataFrame(
        rows,
        schema={START: pl.Int64, "k": pl.String, TIME: pl.Int64, "v": pl.Float64, "w": pl.Int64},
        orient="row",
    ).with_columns(
        pl.col(START) * 10,
        pl.col(TIME).cast(TIME_TYPE),
        # Ids of both halves of their range.
        (pl.int_range(first, first + len(rows), dtype=pl.UInt64) * 0x9E3779B97F4A7C15).alias(ID),
        (pl.col(START) * 10 + 10).alias(EXPIRES),
        pl.lit(-1, pl.Int64).alias(AFTER),
    )
    return partials(frame, [*PLACE, "k"], CALLS)


def read(state: PaneState) -> pl.DataFrame:
    """All that is held, one row a pane and key."""
    parts, whole = state.expiring_by(1 << 40)
    held = [frame for frame in (parts, whole) if frame is not None]
    if whole is not None:
        # No other row is of these panes and keys.
        window = [START, EXPIRES, "k"]
        assert (
            not pl.concat([f.select(window) for f in held])
            .filter(pl.struct(window).is_duplicated())
            .join(whole, on=window, how="semi", nulls_equal=True)
            .height
        )
    return merged(pl.concat(held), [*PLACE, "k"], CALLS).sort(START, "k")


def test_every_total_extreme_and_end_has_cells() -> None:
    """Text has none, nor have sketches: their panes stay in the log."""
    assert not follows_order(CALLS)
    assert cells_of(CALLS) is not None
    kinds: tuple[Bool | Timestamp | Duration, ...] = (Bool(), Timestamp(), Duration())
    for dtype in kinds:
        value = Column(name="x", dtype=dtype)
        assert cells_of([AggregateCall(name="_a", function="last", args=(value,), dtype=dtype)]) is not None
    assert cells_of([AggregateCall(name="_a", function="last", args=(TEXT,), dtype=String())]) is None
    assert cells_of([AggregateCall(name="_a", function="median", args=(NUMBER,), dtype=Float())]) is None


@pytest.mark.parametrize("many", [1, 3])
def test_tables_give_what_the_log_gives(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """Whatever the order of batches, after a restart in the middle, and when the first pane is gone."""

    @settings(max_examples=60, deadline=None)
    @given(BATCHES, st.integers(0, 5))
    def holds(batches: list[list[tuple[int, str | None, int, float | None, int | None]]], restart: int) -> None:
        frames = [grouped(rows, 100 * n) for n, rows in enumerate(batches)]
        monkeypatch.setattr(pane_state, "MANY", many)
        state = PaneState(["k"], CALLS)
        for n, frame in enumerate(frames):
            state.add(pl.concat([frame, frames[0]]) if n else frame, distinct=not n)
            if n == restart:
                held = state.frame()
                state = PaneState(["k"], CALLS)
                assert held is not None
                state.add(held, distinct=False)
        # All but the first brought the first along, so that a key stands there twice.
        whole = merged(pl.concat([*frames, *frames[:1] * (len(frames) - 1)]), [*PLACE, "k"], CALLS).sort(START, "k")
        assert_frame_equal(read(state), whole, check_column_order=False)
        assert (state.lowest_start, state.highest_expiry) == (whole[START].min(), whole[EXPIRES].max())

        state.expire(10)
        rest = whole.filter(pl.col(EXPIRES) > 10)
        if rest.height:
            assert_frame_equal(read(state), rest, check_column_order=False)
        else:
            assert state.rows == 0

    holds()
