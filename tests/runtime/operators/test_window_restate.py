"""`late: restate`: a late row says its windows again, with the same id and the next revision, in any slicing."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.nodes import WindowSpec
from slac.runtime.operators.window import WindowOperator
from slac.stream.batch import ARRIVAL_WATERMARK, ID, KEPT, REVISION, TIME, Batch
from tests.runtime.operators.driving import CONTEXT, Arrivals, Driver, cut, events
from tests.runtime.operators.per_row import CALLS, ROWS, SCHEMA, SIZES, TEXT, node, values
from tests.runtime.operators.test_window import windows_of

TUMBLING = WindowSpec(kind="tumbling", size=10)
HOPPING = WindowSpec(kind="hopping", size=15, every=10)
CALENDAR = WindowSpec(kind="calendar", size=3_600_000_000, every=3_600_000_000, unit="hour", zone="UTC")
SPECS = st.sampled_from((TUMBLING, HOPPING))
Place = tuple[int, str | None, int]


def restating(spec: WindowSpec, retain: int = 1000, *, fill: bool = False) -> Driver:
    """A driver of a window that restates."""
    made = msgspec.structs.replace(node(spec, (*CALLS, TEXT), retain=retain), late="restate", fill=fill)
    return Driver(lambda: WindowOperator(made, CONTEXT))


def definition(frame: pl.DataFrame, spec: WindowSpec, lateness: int, retain: int) -> tuple[dict[Place, Any], int]:
    """Values by (end, key, revision), rows of one watermark making one revision; and rows × windows too late."""
    on_time: dict[tuple[int, str | None], list[Any]] = defaultdict(list)
    behind: dict[tuple[int, str | None], dict[int, list[Any]]] = defaultdict(lambda: defaultdict(list))
    watermark, missed = -(10**9), 0
    for row in frame.with_columns(pl.col(TIME).to_physical()).rows(named=True):
        for end in windows_of(row[TIME], spec):
            if not (row[TIME] < watermark and end <= watermark):
                on_time[end, row["k"]].append(row)
            elif end > watermark - retain:
                behind[end, row["k"]][watermark].append(row)
            else:
                missed += 1
        watermark = max(watermark, row[TIME] - lateness)
    said: dict[Place, Any] = {}
    for place in {*on_time, *behind}:
        rows = list(on_time.get(place, []))
        revisions = [list(rows)] if rows else []
        for _, more in sorted(behind[place].items()) if place in behind else []:
            rows = [*rows, *more]
            revisions.append(rows)
        said |= {(*place, n): values(r) for n, r in enumerate(revisions)}
    return said, missed


def feed(
    target: Driver, frame: pl.DataFrame, sizes: list[int], lateness: int, *, restart: bool = False
) -> pl.DataFrame:
    """Everything, in slices, to the end; revisions are 0 where no column says so."""
    arrivals = Arrivals(lateness)
    for piece in cut(frame, sizes):
        target.give(arrivals.take(piece))
        if restart:
            target.restart()
        target.advance(arrivals.watermark)
    target.out = [f for f in target.out if f.height]
    until = target.operator.open_until()
    if until is not None:
        target.advance(until, end=True)
    return pl.concat(target.out, how="diagonal").with_columns(pl.col(TIME).to_physical())


def revision(row: dict[str, Any]) -> int:
    """The number of a restatement; 0 for what was said first."""
    return row.get(REVISION) or 0


@settings(max_examples=80, deadline=None)
@given(ROWS, SPECS, st.integers(0, 15), st.sampled_from((12, 1000)), SIZES, st.sampled_from(["plain", "restart"]))
def test_windows_are_said_again_as_defined(
    frame: pl.DataFrame,
    spec: WindowSpec,
    lateness: int,
    retain: int,
    sizes: list[int],
    mode: str,
) -> None:
    """Values, revisions, ids and the count of rows that are too late even for that."""
    expected, missed = definition(frame, spec, lateness, retain)
    sliced, whole = restating(spec, retain), restating(spec, retain)
    out = feed(sliced, frame, sizes, lateness, restart=mode == "restart")
    names = [c.name for c in (*CALLS, TEXT)]
    rows = out.rows(named=True)

    assert {(r[TIME] + 1, r["k"], revision(r)): {n: r[n] for n in names} for r in rows} == {
        place: {n: v[n] for n in names} for place, v in expected.items()
    }
    assert len(rows) == len(expected)
    assert out.select(TIME, "k", ID).unique().height == out.select(TIME, "k").unique().height == out[ID].n_unique()
    key = [TIME, "k", REVISION]
    again = feed(whole, frame, [1000], lateness)
    both = [
        f if REVISION in f.columns else f.with_columns(pl.lit(None, pl.Int64).alias(REVISION)) for f in (out, again)
    ]
    one, other = (f.select(*key, ID, KEPT, *names).sort(key) for f in both)
    assert one.equals(other)
    assert sliced.operator.statistics()["late"] == whole.operator.statistics()["late"] == missed


def test_a_restatement_comes_once_the_watermark_moves_on() -> None:
    """As a late batch with `_revision` and `_wm`; rows that came at one watermark are one revision."""
    target = restating(TUMBLING)
    first = events([{TIME: 5, "k": "a"}], SCHEMA)
    late = events([{TIME: 6, "k": "a"}, {TIME: 7, "k": "a"}], SCHEMA).with_columns(pl.lit(12).alias(ARRIVAL_WATERMARK))
    target.give([Batch(first)])
    target.advance(12)
    target.give([Batch(late[:1], late=True), Batch(late[1:], late=True)])

    assert target.advance(12) == []
    assert target.operator.next_due() == 13
    (again,) = target.advance(20)
    assert again.select(pl.col(TIME).to_physical(), "n", REVISION, ARRIVAL_WATERMARK).rows() == [(9, 3, 1, 12)]
    assert again[ID].to_list() == target.out[0][ID].to_list()


def test_a_filled_window_is_said_again() -> None:
    """What was said of a window without rows is revision 0 of it."""
    target = restating(TUMBLING, fill=True)
    target.give([Batch(events([{TIME: 5, "k": "a"}], SCHEMA))])
    target.advance(20)
    late = events([{TIME: 15, "k": "a"}], SCHEMA).with_columns(pl.lit(20, pl.Int64).alias(ARRIVAL_WATERMARK))
    target.give([Batch(late, late=True)])

    assert target.advance(21)[0].select("n", REVISION).rows() == [(1, 1)]


def test_what_was_said_is_let_go_after_retain() -> None:
    """State is bounded by `retain`; a row that is later than that is counted."""
    target = restating(CALENDAR, retain=3_600_000_000)
    for hour in range(5):
        target.give([Batch(events([{TIME: hour * 3_600_000_000, "k": "a"}], SCHEMA))])
        target.advance(hour * 3_600_000_000)

    assert target.operator.statistics()["said"] == 1
    late = events([{TIME: 0, "k": "a"}], SCHEMA).with_columns(pl.lit(4 * 3_600_000_000).alias(ARRIVAL_WATERMARK))
    target.give([Batch(late, late=True)])
    assert target.operator.statistics()["late"] == 1
