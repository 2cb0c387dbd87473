"""Joins whose rows are said again: after any revisions, what stands is what the last rows give in one go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import IntervalJoinNode, LatestJoinNode
from slac.runtime.operators.interval_join import IntervalJoinOperator
from slac.runtime.operators.latest_join import LatestJoinOperator
from slac.runtime.operators.replayable import ReplayableOperator
from slac.runtime.operators.restating import RestatingOperator
from slac.stream.batch import ID, REVISION, TIME, Batch
from slac.stream.types import Field, Int, Schema, String
from tests.runtime.operators.driving import CONTEXT, Driver, events
from tests.runtime.operators.test_audit_restated import again, standing

SCHEMA: dict[str, Any] = {"k": pl.String(), "x": pl.Int64()}
OUT = Schema((Field("k", String()), Field("x", Int()), Field("o.x", Int())))
BOUND = 30
END = 1 << 20
COMMON: dict[str, Any] = {
    "id": "j",
    "block": "j",
    "node": "central",
    "schema": OUT,
    "alias": "o",
    "right_columns": ("x",),
}

Build = Callable[[], ReplayableOperator]


def latest(by: tuple[str, ...] = ("k",)) -> Build:
    """The latest row of the key."""
    node = LatestJoinNode(**COMMON, by=by, retain=25)
    return lambda: LatestJoinOperator(node, CONTEXT)


def interval(*, outer: bool) -> Build:
    """Every row of the key within five."""
    node = IntervalJoinNode(**COMMON, by=("k",), before=5, after=5, outer=outer, limit=4)
    return lambda: IntervalJoinOperator(node, CONTEXT)


BUILDS = [
    pytest.param(latest(), id="latest"),
    pytest.param(latest(()), id="latest of all"),
    pytest.param(interval(outer=False), id="interval"),
    pytest.param(interval(outer=True), id="interval outer"),
]


def rows(values: list[tuple[int, str | None, int]], first: int) -> pl.DataFrame:
    """Rows of (time, key, value), with ids from `first` on."""
    return events([{TIME: t, ID: first + i, "k": k, "x": x} for i, (t, k, x) in enumerate(values)], SCHEMA)


def restating(build: Build) -> Driver:
    """The join, able to revise what it said."""
    return Driver(lambda: RestatingOperator(build, 2, BOUND))


def told(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """(time, key, left value, right value, revision)."""
    return frame.select(pl.col(TIME).to_physical(), *OUT.names, REVISION).rows()


def test_what_was_joined_comes_again_with_the_next_revision() -> None:
    """A right row that is said again changes the rows that met it, and those alone; withdrawn, it gives way."""
    driver = restating(latest())
    right = rows([(1, "a", 10), (5, "a", 20)], 100)
    driver.give([Batch(rows([(2, "a", 1), (6, "a", 2), (7, "b", 3)], 0))])
    driver.give([Batch(right)], port=1)
    first = driver.advance(10)[-1]
    driver.give([again(right[1:].with_columns(x=pl.lit(21, pl.Int64)), 1, 10)], port=1)
    second = driver.advance(11)[-1]
    driver.give([again(right[1:], -2, 11)], port=1)
    third = driver.advance(12)[-1]

    assert first["o.x"].to_list() == [10, 20, None]
    assert told(second) == [(6, "a", 2, 21, 1)]
    assert told(third) == [(6, "a", 2, 10, 2)]
    assert second[ID][0] == third[ID][0] == first[ID][1]


def test_a_row_that_is_no_more_takes_back_what_it_was_joined_to() -> None:
    """A left row that is withdrawn, or goes to another key."""
    driver = restating(latest())
    left = rows([(2, "a", 1), (6, "a", 2)], 0)
    driver.give([Batch(left)])
    driver.give([Batch(rows([(1, "a", 10), (1, "b", 30)], 100))], port=1)
    driver.advance(10)
    driver.give([again(left[:1], -1, 10), again(left[1:].with_columns(k=pl.lit("b")), 1, 10)])

    assert told(driver.advance(11)[-1]) == [(2, "a", 1, 10, -1), (6, "b", 2, 30, 1)]


def test_a_row_comes_again_under_another_key_and_goes() -> None:
    """Its revisions go on counting, and what is taken back last does not stand."""
    driver = restating(latest())
    left = rows([(6, "a", 1)], 0)
    driver.give([Batch(left)])
    driver.advance(10)
    driver.give([again(left, -1, 10)])
    driver.advance(11)
    driver.give([again(left.with_columns(k=pl.lit("b")), 2, 11)])
    second = driver.advance(12)[-1]
    driver.give([again(left, -3, 12)])

    assert told(second) == [(6, "b", 1, None, 2)]
    assert told(driver.advance(13)[-1]) == [(6, "b", 1, None, -3)]


def test_a_pair_that_is_no_more_is_withdrawn() -> None:
    """And the left row, which is alone now, comes out alone."""
    driver = restating(interval(outer=True))
    right = rows([(6, "a", 10)], 100)
    driver.give([Batch(rows([(4, "a", 1)], 0))])
    driver.give([Batch(right)], port=1)
    driver.advance(20)
    driver.give([again(right, -1, 20)], port=1)

    assert told(driver.advance(21)[-1]) == [(6, "a", 1, 10, -1), (8, "a", 1, None, 0)]


ROWS = st.lists(
    st.tuples(st.integers(0, 80), st.sampled_from(["a", "b", None]), st.integers(0, 99)), min_size=1, max_size=15
)
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 1), st.integers(0, 14), st.sampled_from(["a", "b", None]),
        st.sampled_from([1, 2, "gone"]), st.integers(0, 20),
    ), max_size=8,
)  # fmt: skip


@pytest.mark.parametrize("build", BUILDS)
@settings(max_examples=12, deadline=None)
@given(ROWS, ROWS, CHANGES, st.lists(st.integers(1, 20), min_size=1, max_size=4), st.lists(st.booleans(), min_size=1))
def test_revisions_end_where_the_last_rows_would_have(
    build: Build,
    left: list[tuple[int, str | None, int]],
    right: list[tuple[int, str | None, int]],
    changes: list[tuple[int, int, str | None, int | str, int]],
    steps: list[int],
    restarts: list[bool],
) -> None:
    """Any watermarks, any restart: the same revisions, and in the end what the last rows give."""
    sides = [rows(left, 0), rows(right, 100)]
    plans, last = _planned(sides, changes)

    def run(pace: list[int], stops: list[bool]) -> list[pl.DataFrame]:
        driver = restating(build)
        waiting = list(plans)
        reached = step = 0
        while reached <= 130:
            until = reached + pace[step % len(pace)]
            for port, side in enumerate(sides):
                ready = side.filter(pl.col(TIME).to_physical().is_between(reached, until, closed="left"))
                driver.give([Batch(ready)] if ready.height else [], port)
            while waiting and waiting[0][0] < until:
                place, port, frame, revision = waiting.pop(0)
                driver.give([again(frame, revision, place)], port)
            driver.advance(until)
            if stops[step % len(stops)]:
                driver.restart()
            reached, step = until, step + 1
        driver.advance(END)
        return driver.out

    out = run(steps, restarts)
    plain = Driver(build)
    for port, side in enumerate(sides):
        kept = [side.filter(~pl.col(ID).is_in(list(last))), *(f for p, f in last.values() if p == port and f.height)]
        driver_rows = pl.concat(kept)
        plain.give([Batch(driver_rows)] if driver_rows.height else [], port)
    plain.advance(END)
    expected = standing(plain.out) if plain.out else None
    if expected is None:
        assert not out or not standing(out).height
    else:
        assert standing(out).rows() == expected.rows()
    assert _all(out) == _all(run([3], [False]))


def _all(out: list[pl.DataFrame]) -> list[str]:
    """Everything that was said, in no order."""
    full = [f if REVISION in f.columns else f.with_columns(pl.lit(0, pl.Int64).alias(REVISION)) for f in out]
    return sorted(str((i, row)) for f in full for i, row in zip(f[ID], told(f), strict=True))


def _planned(
    sides: list[pl.DataFrame], changes: list[tuple[int, int, str | None, int | str, int]]
) -> tuple[list[tuple[int, int, pl.DataFrame, int]], dict[int, tuple[int, pl.DataFrame]]]:
    """(place, port, row as it is said again, revision), ascending in place; and what each row is in the end."""
    numbers: dict[int, int] = {}
    found, last = [], dict[int, tuple[int, pl.DataFrame]]()
    placed = []
    for port, number, key, value, wait in changes:
        row = sides[port][number % sides[port].height :][:1]
        placed.append((int(row[TIME].to_physical()[0]) + 1 + wait, port, int(row[ID][0]), row, key, value))
    seen = set()
    for place, port, row_id, row, key, value in sorted(placed, key=lambda p: p[:3]):
        if (place, row_id) in seen:
            continue
        seen.add((place, row_id))
        numbers[row_id] = numbers.get(row_id, 0) + 1
        gone = value == "gone"
        frame = (
            row
            if gone
            else row.with_columns(pl.lit(key, pl.String()).alias("k"), pl.lit(value).cast(pl.Int64).alias("x"))
        )
        found.append((place, port, frame, -numbers[row_id] if gone else numbers[row_id]))
        last[row_id] = (port, frame.clear() if gone else frame)
    return found, last
