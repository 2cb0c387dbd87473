"""What is added up by slot becomes the partial rows that grouping gives, however it is cut, and holds few keys only."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from slac.plan.aggregates import grouped_rows, merged, partial_exprs
from slac.plan.estimates.calls import with_estimates
from slac.plan.expressions import AggregateCall, Column
from slac.runtime.operator import BEGINNING
from slac.runtime.operators import pane_sums
from slac.runtime.operators.pane_state import AFTER, EXPIRES, START, PaneState
from slac.runtime.operators.pane_sums import PaneSums, Piece
from slac.stream.batch import COUNT, DEPTH, ID, WEIGHT, WEIGHT_ONE
from slac.stream.types import Bool, Float, Int, String
from tests.runtime.operators.test_window_partials import CALLS, ENDS, frames

SPREAD = AggregateCall(name="_c0", function="stddev_pop", args=(Column(name="v", dtype=Float()),), dtype=Float())
GOOD = AggregateCall(name="_c1", function="share", args=(Column(name="ok", dtype=Bool()),), dtype=Float())
PRESENT = AggregateCall(name="_c2", function="count", args=(Column(name="v", dtype=Float()),), dtype=Int())
WHERE = AggregateCall(
    name="_c3",
    function="stddev_pop",
    args=(Column(name="v", dtype=Float()),),
    where=Column(name="ok", dtype=Bool()),
    dtype=Float(),
)
EVERY = (*CALLS, SPREAD, GOOD, PRESENT, WHERE)
BESIDE = with_estimates(EVERY, ("_a0", "_c1"))
LETTER = AggregateCall(name="_b2", function="first", args=(Column(name="k", dtype=String()),), dtype=String())
WITH_ENDS = (*EVERY, *ENDS, LETTER)
COUNTED = (AggregateCall(name="_a0", function="count", dtype=Int()),)


def usual(frame: pl.DataFrame, piece: Piece, calls: tuple[AggregateCall, ...]) -> pl.DataFrame:
    """The partial rows of a piece, grouped."""
    rows = frame[piece.begin : piece.end]
    made = grouped_rows(rows, ["k"], calls, partial_exprs(calls, rows.columns))
    places = {START: piece.start, EXPIRES: piece.expires, AFTER: BEGINNING}
    return made.select(*(pl.lit(v, pl.Int64).alias(n) for n, v in places.items()), pl.all())


@st.composite
def weighed(draw: st.DrawFn) -> pl.DataFrame:
    """Rows as `frames` has them, of which some have weights and counts of their own, of rows that were dropped, too."""
    frame = draw(frames())
    numbers = st.lists(st.integers(0, 3), min_size=frame.height, max_size=frame.height)
    if draw(st.booleans()):
        weights = [[None, 0, WEIGHT_ONE, 2_438_549][n] for n in draw(numbers)]
        frame = frame.with_columns(pl.Series(WEIGHT, weights, pl.UInt64))
    if draw(st.booleans()):
        frame = frame.with_columns(pl.Series(COUNT, [[None, 0, 1, 7][n] for n in draw(numbers)], pl.Int64))
    return frame


@st.composite
def layered(draw: st.DrawFn) -> pl.DataFrame:
    """The same, of which some come from blocks of different depth."""
    frame = draw(weighed())
    depths = draw(st.lists(st.integers(0, 2), min_size=frame.height, max_size=frame.height))
    return frame.with_columns(pl.Series(DEPTH, depths, pl.UInt16)) if draw(st.booleans()) else frame


def keyed(keys: Sequence[str | None]) -> pl.DataFrame:
    """Rows of these keys."""
    return pl.DataFrame({"k": keys}, schema={"k": pl.String})


@pytest.mark.parametrize(
    ("calls", "drawn"),
    [(EVERY, frames()), (BESIDE, weighed()), (WITH_ENDS, layered())],
    ids=["plain", "estimates", "ends"],
)
def test_partial_rows_are_the_usual_ones_in_any_slicing(
    monkeypatch: pytest.MonkeyPatch, calls: tuple[AggregateCall, ...], drawn: st.SearchStrategy[pl.DataFrame]
) -> None:
    """Of all that can be added up, with NULL, NaN, weights, counts and large values; some batches come grouped."""
    monkeypatch.setattr(pane_sums, "_FEW", 0)
    monkeypatch.setattr(pane_sums, "_SHARE", 0)
    monkeypatch.setattr(pane_sums, "_LATER", 30)

    @settings(max_examples=60, deadline=None)
    @given(st.lists(st.tuples(drawn, st.integers(0, 20), st.booleans()), min_size=1, max_size=4), st.booleans())
    def holds(batches: list[tuple[pl.DataFrame, int, bool]], restarts: bool) -> None:  # noqa: FBT001 - drawn
        state, expected = PaneState(["k"], calls), []
        for number, (rows, at, is_written) in enumerate(batches):
            frame = rows.with_columns(pl.col(ID) + number)
            cut = min(at, frame.height)
            pieces = [p for p in (Piece(0, 10, 0, cut), Piece(10, 20, cut, frame.height)) if p.begin < p.end]
            expected += [usual(frame, piece, calls) for piece in pieces]
            for piece in state.write(frame, pieces) if is_written else pieces:
                state.add(usual(frame, piece, calls))
            if restarts:
                held, state = state.frame(), PaneState(["k"], calls)
                assert held is not None
                state.restore(held)
        by = [START, EXPIRES, AFTER, "k"]
        parts, whole = state.expiring_by(20)
        said = pl.concat(one for one in (parts, whole) if one is not None)
        assert_frame_equal(
            merged(said, by, calls).sort(by), merged(pl.concat(expected), by, calls).sort(by), check_exact=True
        )

    holds()


def test_sums_that_outgrow_64_bits_are_exact() -> None:
    """Each value fits, and so do the first batches; of another key they always do."""
    call = AggregateCall(name="_a1", function="sum", args=(Column(name="v", dtype=Float()),), dtype=Float())
    state = PaneState(["k"], [call])
    for value in (1.0, 1e6, -3e5):
        frame = pl.DataFrame({"k": ["a", "b"] * 4_500, "v": [value, 0.5] * 4_500})
        assert not state.write(frame, [Piece(0, 10, 0, frame.height)])
    held = state.frame()

    assert held is not None
    assert dict(held.select("k", "_a1.sum").rows()) == {"a": 4_500 * 700_001 << 40, "b": 3 * 4_500 << 39}


def test_bounds_and_number_of_rows_count_what_is_written() -> None:
    """Before it is read as after."""
    state = PaneState(["k"], COUNTED)
    frame = keyed(["a", "b", None, "a"] * 2_000)

    assert state.write(frame, [Piece(0, 10, 0, 8_000)]) == ()
    assert (state.lowest_start, state.lowest_expiry, state.highest_expiry, state.rows) == (0, 10, 10, 3)
    assert state.expiring_by(9) == (None, None)
    _, whole = state.expiring_by(10)
    assert whole is not None
    assert sorted(whole.select("k", "_a0.n").rows(), key=str) == [("a", 4_000), ("b", 2_000), (None, 2_000)]
    assert (state.lowest_start, state.lowest_expiry, state.highest_expiry, state.rows) == (0, 10, 10, 3)
    state.expire(10)
    assert (state.lowest_start, state.rows) == (None, 0)


@pytest.mark.parametrize(
    "frame",
    [
        keyed([f"k{n}" for n in range(8_000)]),
        keyed(["a"] * 100),
        pl.DataFrame({"k": [0.0, -0.0] * 4_000}),
    ],
    ids=["many keys", "few rows", "floats"],
)
def test_what_is_not_worth_it_is_left_to_the_caller(frame: pl.DataFrame) -> None:
    """And nothing of it is held."""
    pieces = [Piece(0, 10, 0, frame.height)]
    sums = PaneSums(["k"], COUNTED)

    assert sums.take(frame, pieces) == pieces
    assert sums.rows == 0


def test_keys_that_come_no_more_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory of all panes is bounded; what it held is in partial rows then."""
    monkeypatch.setattr(pane_sums, "_MOST", 1_000)
    monkeypatch.setattr(pane_sums, "_PAUSE", 1)
    state, grouped = PaneState(["k"], COUNTED), 0
    for turn in range(12):
        frame = keyed([f"k{turn}-{n}" for n in range(300)] * 20)
        for piece in state.write(frame, [Piece(0, 10, 0, 6_000)]):
            grouped += 1
            state.add(usual(frame, piece, COUNTED))
    held = state.frame()

    assert 0 < grouped < 12
    assert held is not None
    assert held["k"].n_unique() == 12 * 300
    assert held["_a0.n"].sum() == 12 * 6_000
