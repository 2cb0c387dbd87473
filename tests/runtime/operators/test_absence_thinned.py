"""Silence under a gate: what may have been dropped is never told as silent for certain."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.stream.batch import COUNT, TIME, UNDECIDED, WEIGHT, WEIGHT_ONE, Batch
from tests.runtime.operators.driving import cut
from tests.runtime.operators.test_absence import absence, rows


def weighed(values: list[tuple[int, str, int]]) -> pl.DataFrame:
    """Rows of (time, key, weight)."""
    frame = rows([(t, k) for t, k, _ in values])
    return frame.with_columns(pl.Series(WEIGHT, [w * WEIGHT_ONE for _, _, w in values], dtype=pl.UInt64))


def told(frame: pl.DataFrame, sizes: list[int], *, edge: bool = False) -> list[tuple[object, ...]]:
    """Kind, key, time and doubt of all rows."""
    target, partial = absence(keyed=True, role="final" if edge else "whole"), absence(keyed=True, role="partial")
    for piece in cut(frame, sizes):
        at = int(piece[TIME].cast(pl.Int64).max())  # type: ignore[arg-type]
        passed = [piece]
        if edge:
            partial.give([Batch(piece)])
            passed = partial.advance(at)
        target.give([Batch(p) for p in passed])
        target.advance(at)
    if edge:
        target.give([Batch(p) for p in partial.advance(1000)])
    target.advance(1000)
    found = pl.concat([f for f in target.out if f.height], how="diagonal")
    doubt = pl.col(UNDECIDED).fill_null(value=False) if UNDECIDED in found.columns else pl.lit(value=False)
    return found.select("kind", "k", pl.col(TIME).cast(pl.Int64), doubt.alias("doubt")).rows()


def test_a_silence_in_which_events_were_dropped_is_undecided() -> None:
    """Key a is heard before and after; b comes with a weight in between, so a may have been dropped."""
    frame = weighed([(0, "a", 1), (1, "b", 1), (8, "b", 4), (14, "a", 1)])
    assert ("raised", "a", 10, True) in told(frame, [9])

    whole = weighed([(0, "a", 1), (1, "b", 1), (8, "b", 1), (14, "a", 1)])
    assert ("raised", "a", 10, False) in told(whole, [9])


def test_what_a_gate_counted_was_not_there() -> None:
    """Its counts carry the time of the latest event of each key."""
    frame = weighed([(0, "a", 1), (1, "b", 1), (8, "b", 4), (14, "a", 1)]).with_columns(
        pl.lit(1, pl.Int64).alias(COUNT)
    )
    assert ("raised", "a", 10, False) in told(frame, [9])


MOMENTS = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from("ab"), st.sampled_from([1, 1, 3])), min_size=2, max_size=20
)


@settings(max_examples=15, deadline=None)
@given(moments=MOMENTS, sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4), edge=st.booleans())
def test_slices_and_edges_change_nothing(*, moments: list[tuple[int, str, int]], sizes: list[int], edge: bool) -> None:
    """Doubt is a matter of event time alone."""
    time, values = 0, []
    for gap, key, weight in moments:
        time += gap
        values.append((time, key, weight))
    frame = weighed(values)
    assert told(frame, sizes, edge=edge) == told(frame, [1000])
