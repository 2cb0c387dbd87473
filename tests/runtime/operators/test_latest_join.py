"""The latest-join, against a definition in plain Python: for every left row, look through all right rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import LatestJoinNode
from slac.runtime.keyed import versions
from slac.runtime.operators import latest_join, latest_right
from slac.runtime.operators.latest_join import LatestJoinOperator
from slac.stream.batch import DEPTH, ID, TIME, Batch
from slac.stream.types import Field, Float, Int, List, Schema, String, Struct
from tests.runtime.operators.driving import CONTEXT, Driver, events, feed_sides, on_time

SCHEMA: dict[str, Any] = {"k": pl.String(), "x": pl.Int64()}
OUT = Schema((Field("k", String()), Field("x", Int()), Field("l.x", Int())))
RETAIN = 15


def driver(*, strict: bool = False, by: tuple[str, ...] = ("k",)) -> Driver:
    """A join by `k` that brings the right `x` as `l.x`."""
    node = LatestJoinNode(
        id="j",
        block="j",
        node="central",
        schema=OUT,
        alias="l",
        by=by,
        right_columns=("x",),
        strict=strict,
        retain=RETAIN,
    )
    return Driver(lambda: LatestJoinOperator(node, CONTEXT))


def rows(values: Sequence[tuple[int, str | None, int]]) -> pl.DataFrame:
    """Rows of (time, key, value)."""
    return events([{TIME: t, "k": k, "x": x} for t, k, x in values], SCHEMA)


def definition(left: pl.DataFrame, right: pl.DataFrame, lateness: int, *, strict: bool) -> list[tuple[Any, ...]]:
    """(time, id, k, x, l.x) for each left row in the total order."""
    found = []
    candidates = on_time(right, lateness)
    for row in sorted(on_time(left, lateness), key=lambda r: (r[TIME], r[ID])):
        matching = [
            r
            for r in candidates
            if r["k"] == row["k"]
            and row["k"] is not None
            and row[TIME] - RETAIN <= r[TIME] <= row[TIME] - (1 if strict else 0)
        ]
        latest = max(matching, key=lambda r: (r[TIME], r[ID]), default=None)
        found.append((row[TIME], row[ID], row["k"], row["x"], None if latest is None else latest["x"]))
    return found


VALUES = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from(["a", "b", None]), st.integers(0, 99)), min_size=1, max_size=15
).map(rows)
SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=3)


@settings(max_examples=120, deadline=None)
@given(VALUES, VALUES, SIZES, st.integers(0, 50), st.sampled_from(["strict", "lax"]), st.sampled_from([0, 1024]))
def test_every_left_row_meets_the_latest_right_row(
    left: pl.DataFrame, right: pl.DataFrame, sizes: list[int], lateness: int, mode: str, few: int
) -> None:
    """In any slicing, with restarts at every step, and whether or not the right side is folded eagerly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latest_right, "_FEW", few)
        patch.setattr(versions, "_STEPS", min(few, 8))
        target = driver(strict=mode == "strict")
        out = feed_sides(target, left, right, sizes, lateness)

    expected = definition(left, right, lateness, strict=mode == "strict")
    assert out.with_columns(pl.col(TIME).to_physical()).rows() == expected
    late = left.height + right.height - len(expected) - len(on_time(right, lateness))
    assert target.operator.statistics()["late"] == late


def test_of_equal_times_the_last_in_the_total_order_counts() -> None:
    """Depth goes before id."""
    target = driver()
    right = rows([(5, "a", 1), (5, "a", 2)]).with_columns(pl.Series(DEPTH, [2, 1], dtype=pl.UInt16))
    target.give([Batch(right)], 1)
    target.give([Batch(rows([(5, "a", 0)]))], 0)
    target.advance(6)

    assert target.out[0]["l.x"].to_list() == [1]


def test_rows_wait_until_nothing_can_come_before_them() -> None:
    """A watermark of W leaves rows of time W where they are: others of that time may still come."""
    target = driver()
    target.give([Batch(rows([(5, "a", 0)]))])

    assert target.operator.next_due() == 6
    assert target.operator.open_until() == 6
    assert target.advance(5) == []
    target.give([Batch(rows([(5, "a", 7)]))], 1)
    assert target.advance(6)[0]["l.x"].to_list() == [7]
    assert target.operator.next_due() is None


def test_without_keys_all_rows_match() -> None:
    """A join without `by` takes the latest row of the whole right stream."""
    target = driver(by=())
    target.give([Batch(rows([(1, "a", 1), (3, None, 2)]))], 1)
    target.give([Batch(rows([(2, "z", 0), (4, None, 0)]))])

    assert target.finish()["l.x"].to_list() == [1, 2]


def test_keys_of_any_types() -> None:
    """Several columns, numbers among them; a NULL in any of them matches nothing, on either side."""
    types = {"k": pl.String(), "z": pl.Int64(), "x": pl.Float64()}
    schema = Schema((Field("k", String()), Field("z", Int()), Field("l.x", Float())))
    node = LatestJoinNode(
        id="j", block="j", node="central", schema=schema, alias="l", by=("k", "z"), right_columns=("x",), retain=RETAIN
    )
    target = Driver(lambda: LatestJoinOperator(node, CONTEXT))
    keys = [("a", 1), ("a", 2), ("b", 1), ("a", None), (None, 1)]
    right = [{TIME: 1, "k": k, "z": z, "x": float(n)} for n, (k, z) in enumerate(keys)]
    target.give([Batch(events(right, types))], 1)
    target.restart()
    target.give([Batch(events([{TIME: 2, "k": k, "z": z, "x": 0.0} for k, z in [*keys, ("b", 2)]], types))])

    assert target.finish()["l.x"].to_list() == [0.0, 1.0, 2.0, None, None, None]


def test_text_and_lists_are_held_too() -> None:
    """Values of any type go through the state and a restart."""
    nested = List(Struct((Field("n", Int()),)))
    types = {"k": pl.String(), "t": pl.String(), "v": nested_type()}
    schema = Schema((Field("k", String()), Field("l.t", String()), Field("l.v", nested)))
    node = LatestJoinNode(
        id="j", block="j", node="central", schema=schema, alias="l", by=("k",), right_columns=("t", "v"), retain=RETAIN
    )
    target = Driver(lambda: LatestJoinOperator(node, CONTEXT))
    target.give([Batch(events([{TIME: 1, "k": "a", "t": "one", "v": [{"n": 1}, {"n": None}]}], types))], 1)
    target.advance(3)
    target.restart()
    target.give([Batch(events([{TIME: 3, "k": k, "t": None, "v": None} for k in ("a", "b")], types))])

    assert target.finish().select("l.t", "l.v").rows() == [("one", [{"n": 1}, {"n": None}]), (None, None)]


def test_keys_that_are_not_seen_again_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """The state follows the keys within `retain`, not all that ever were."""
    monkeypatch.setattr(latest_right, "_FEW", 10)
    monkeypatch.setattr(latest_join, "_MANY", 10)
    target = driver()
    for time in range(300):
        target.give([Batch(rows([(time, f"key-{time}", time)]))], 1)
        target.give([Batch(rows([(time, f"key-{time - 5}", 0)]))])
        target.advance(time)

    assert target.operator.statistics()["rows"] < 50
    assert pl.concat(target.out)["l.x"].to_list()[5:] == list(range(294))


def nested_type() -> pl.DataType:
    """A list of structs."""
    return pl.List(pl.Struct({"n": pl.Int64()}))


def test_a_right_side_without_readers_stays_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When right rows pile up, the operator asks to be called, and keeps one a key within `retain`."""
    monkeypatch.setattr(latest_join, "_MANY", 10)
    monkeypatch.setattr(latest_right, "_FEW", 0)
    target = driver()
    for time in range(100):
        target.give([Batch(rows([(time, "a", time), (time, "b", time)]))], 1)
        target.advance(time)

    assert target.operator.statistics()["rows"] < 25
    target.give([Batch(rows([(99, "a", 0)]))])
    assert target.finish()["l.x"].to_list() == [99]
