"""The interval join, against a definition in plain Python: for every left row, look through all right rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import IntervalJoinNode
from slac.runtime.instructions import GaveUp
from slac.runtime.operators import interval_side
from slac.runtime.operators.interval_join import IntervalJoinOperator
from slac.stream.batch import ID, KEPT, SEEN, TIME, WEIGHT, WEIGHT_ONE, Batch
from slac.stream.types import Field, Int, Schema, String
from tests.runtime.operators.driving import CONTEXT, Driver, events, feed_sides, on_time

SCHEMA: dict[str, Any] = {"k": pl.String(), "x": pl.Int64()}
OUT = Schema((Field("k", String()), Field("x", Int()), Field("o.x", Int())))


def driver(
    *, before: int | None = 5, after: int | None = 5, outer: bool = False, limit: int = 1000, by: str = "k"
) -> Driver:
    """A join by `k` that brings the right `x` as `o.x`."""
    node = IntervalJoinNode(
        id="j",
        block="j",
        node="central",
        schema=OUT,
        alias="o",
        by=(by,),
        right_columns=("x",),
        before=before,
        after=after,
        outer=outer,
        limit=limit,
    )
    return Driver(lambda: IntervalJoinOperator(node, CONTEXT))


def rows(values: Sequence[tuple[int, str | None, int]], first: int = 0) -> pl.DataFrame:
    """Rows of (time, key, value), with ids from `first` on."""
    return events([{TIME: t, ID: first + i, "k": k, "x": x} for i, (t, k, x) in enumerate(values)], SCHEMA)


def definition(
    left: list[dict[str, Any]], right: list[dict[str, Any]], *, before: int, after: int, outer: bool, limit: int
) -> list[tuple[Any, ...]]:
    """(time, k, x, o.x) of each pair, and of each left row that is in none."""
    found = []
    met = set()
    for later in left:
        at = later[TIME]
        near = [r for r in right if r["k"] == later["k"] is not None and at - before < r[TIME] < at][-limit:]
        found += [(at, later["k"], later["x"], r["x"]) for r in near]
        met |= {later[ID]} if near else set()
    for later in right:
        at = later[TIME]
        near = [r for r in left if r["k"] == later["k"] is not None and at - after < r[TIME] <= at][-limit:]
        found += [(at, r["k"], r["x"], later["x"]) for r in near]
        met |= {r[ID] for r in near}
    if outer:
        found += [(r[TIME] + after - 1, r["k"], r["x"], None) for r in left if r[ID] not in met]
    return sorted(found, key=repr)


VALUES = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["a", "b", None]), st.integers(0, 99)), min_size=1, max_size=15
)
SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=3)


@settings(max_examples=120, deadline=None)
@given(
    left=VALUES.map(rows),
    right=VALUES.map(lambda v: rows(v, 100)),
    slicings=st.tuples(SIZES, SIZES),
    lateness=st.integers(0, 50),
    bounds=st.sampled_from([(5, 5), (None, 8), (8, None), (1, 3)]),
    outer=st.booleans(),
    limit=st.sampled_from([1, 2, 1000]),
    few=st.sampled_from([0, 4096]),
)
def test_every_pair_within_the_interval(
    left: pl.DataFrame,
    right: pl.DataFrame,
    slicings: tuple[list[int], list[int]],
    lateness: int,
    bounds: tuple[int | None, int | None],
    *,
    outer: bool,
    limit: int,
    few: int,
) -> None:
    """In any slicing, with restarts at every step, and whether or not sides are thinned out eagerly."""
    (before, after), (sizes, other_sizes) = bounds, slicings
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(interval_side, "_FEW", few)
        target = driver(before=before, after=after, outer=outer, limit=limit)
        out = feed_sides(target, left, right, sizes, lateness)
        again = feed_sides(
            driver(before=before, after=after, outer=outer, limit=limit), left, right, other_sizes, lateness
        )

    ours, theirs = on_time(left, lateness), on_time(right, lateness)
    expected = definition(ours, theirs, before=before or 1, after=after or 1, outer=outer, limit=limit)
    said = out.with_columns(pl.col(TIME).to_physical()).drop(ID).rows() if out.height else []
    assert sorted(said, key=repr) == expected
    assert out.height == 0 or out[ID].n_unique() == out.height
    assert out.equals(again), "the same rows, ids and order in another slicing"
    order = out.select(TIME, ID).rows() if out.height else []
    assert order == sorted(order)
    assert target.operator.statistics()["late"] == left.height + right.height - len(ours) - len(theirs)


def test_a_stream_with_itself() -> None:
    """Each row meets all others that are near, and itself."""
    target = driver()
    both = rows([(1, "a", 1), (3, "a", 3), (20, "a", 20)])
    target.give([Batch(both)], 0)
    target.give([Batch(both)], 1)

    assert sorted(target.finish().select("x", "o.x").rows()) == [(1, 1), (1, 3), (3, 1), (3, 3), (20, 20)]


def test_rows_wait_until_nothing_can_come_before_them() -> None:
    """A pair comes out with the watermark behind its later row; a row alone when its interval is over."""
    target = driver(outer=True)
    target.give([Batch(rows([(5, "a", 0)]))])
    assert target.operator.next_due() == 6
    assert target.advance(6) == []
    assert target.operator.next_due() == 10
    assert target.operator.open_until() == 10
    (alone,) = target.advance(10)

    assert alone.select(pl.col(TIME).to_physical(), "x", "o.x").rows() == [(9, 0, None)]
    assert target.operator.next_due() is None


def test_a_limit_keeps_the_latest_and_says_so() -> None:
    """Of five right rows before a left one, two are met; three pairs are told to have been given up, once."""
    target = driver(before=100, after=None, limit=2)
    target.give([Batch(rows([(t, "a", t) for t in range(5)], 100))], 1)
    target.give([Batch(rows([(9, "a", 0)]))])
    out = target.finish()

    assert out["o.x"].sort().to_list() == [3, 4]
    (notice,) = target.operator.notices()
    assert isinstance(notice, GaveUp)
    assert (notice.bound, notice.count) == ("limit: 2", 3)
    assert list(target.operator.notices()) == []
    assert target.operator.statistics()["given_up"] == 3


def test_state_is_bounded_by_the_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that no partner can reach any more are let go."""
    monkeypatch.setattr(interval_side, "_FEW", 0)
    target = driver()
    for time in range(200):
        target.give([Batch(rows([(time, "a", time)], 2 * time))], 0)
        target.give([Batch(rows([(time, "a", time)], 2 * time + 1))], 1)
        target.advance(time)

    assert target.operator.statistics()["rows"] < 60


def test_what_gates_and_windows_say_of_rows_holds_for_pairs() -> None:
    """Both rows passed with their key or neither, so they weigh what it weighs; the events behind both are added up."""
    target = driver()
    thinned = pl.lit(2 * WEIGHT_ONE, pl.UInt64).alias(WEIGHT)
    behind = [pl.lit(3.0).alias(SEEN), pl.lit(2, pl.Int64).alias(KEPT)]
    target.give([Batch(rows([(1, "a", 1)]).with_columns(thinned, *behind))], 0)
    target.give([Batch(rows([(2, "a", 2)], 9).with_columns(thinned, *behind))], 1)

    assert target.finish().select(WEIGHT, SEEN, KEPT).rows() == [(2 * WEIGHT_ONE, 6.0, 4)]


def test_rows_from_before_and_after_a_gate_closed_meet() -> None:
    """A row of a whole stream stands for itself, whichever of its neighbours were thinned out."""
    target = driver()
    thinned = pl.lit(2 * WEIGHT_ONE, pl.UInt64).alias(WEIGHT)
    target.give([Batch(rows([(1, "a", 1)]))], 0)
    target.give([Batch(rows([(2, "a", 2)], 3).with_columns(thinned))], 0)
    target.give([Batch(rows([(2, "a", 3)], 5).with_columns(thinned))], 1)
    target.give([Batch(rows([(3, "a", 4)], 7))], 1)

    weights = target.finish()[WEIGHT].fill_null(WEIGHT_ONE)
    assert sorted(weights / WEIGHT_ONE) == [1, 2, 2, 2]
