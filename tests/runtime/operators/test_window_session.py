"""`session d`: chains of rows of a key that are less than d apart, in any slicing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.expressions import AggregateCall, Column
from slac.plan.nodes import WindowNode, WindowSpec
from slac.runtime.operators.window_session import SessionOperator
from slac.stream.batch import KEPT, TIME, WINDOW_START, Batch
from slac.stream.ids import row_ids
from slac.stream.types import Float
from tests.runtime.operators.driving import CONTEXT, Driver, events
from tests.runtime.operators.per_row import CALLS, ROWS, SCHEMA, SIZES, TEXT, feed, node, on_time, values


def session(gap: int, **more: Any) -> WindowNode:
    """Sessions by `k` that end with a gap of so many µs."""
    return node(WindowSpec(kind="session", size=gap), **{"calls": (*CALLS, TEXT), **more})


def driver(spec: WindowNode) -> Driver:
    """A driver of a fresh operator."""
    return Driver(lambda: SessionOperator(spec, CONTEXT))


def definition(rows: Sequence[dict[str, Any]], gap: int) -> dict[tuple[int, int, str | None], dict[str, Any]]:
    """Values by start, end and key, in plain Python."""
    out = {}
    for key in {r["k"] for r in rows}:
        chain: list[dict[str, Any]] = []
        for row in [*sorted((r for r in rows if r["k"] == key), key=lambda r: r[TIME]), None]:
            if chain and (row is None or row[TIME] - chain[-1][TIME] >= gap):
                out[chain[0][TIME], chain[-1][TIME] + gap, key] = values(chain)
                chain = []
            if row is not None:
                chain.append(row)
    return out


@settings(max_examples=80, deadline=None)
@given(ROWS, st.integers(0, 40), SIZES, st.sampled_from((1, 5, 13)), st.sampled_from(["plain", "restart"]))
def test_sessions_are_those_of_the_definition(
    frame: pl.DataFrame, lateness: int, sizes: list[int], gap: int, mode: str
) -> None:
    """In any slicing, restarted anywhere; an out-of-order row that bridges two makes them one."""
    spec = session(gap)
    kept = on_time(frame, lateness)
    sliced = driver(spec)
    out = feed(sliced, frame, sizes, lateness, restart=mode == "restart")
    found = out.with_columns(pl.col(TIME, WINDOW_START).to_physical()).rows(named=True)
    names = [c.name for c in spec.aggregates]

    expected = {place: {n: v[n] for n in names} for place, v in definition(kept, gap).items()}
    assert {(r[WINDOW_START], r[TIME] + 1, r["k"]): {n: r[n] for n in names} for r in found} == expected
    assert len(found) == len(expected)
    assert out["_id"].to_list() == row_ids(out, "doc", "b", ["k", WINDOW_START]).to_list()
    assert out.equals(out.sort(TIME, "_id"))
    assert out.equals(feed(driver(spec), frame, (1000,), lateness, restart=False))
    assert sliced.operator.statistics()["late"] == frame.height - len(kept)


def test_a_session_is_closed_by_silence_alone() -> None:
    """At last row + gap, not before; the next row begins a new one."""
    target = driver(session(10, calls=CALLS[:1]))
    target.give([Batch(events([{TIME: 0, "k": "a"}, {TIME: 9, "k": "a"}], SCHEMA))])

    assert target.advance(18) == []
    assert target.operator.next_due() == 19
    assert [f.select("n", KEPT).rows() for f in target.advance(19)] == [[(2, 2)]]
    target.give([Batch(events([{TIME: 19, "k": "a"}], SCHEMA))])
    assert target.operator.open_until() == 29
    assert target.finish()["n"].to_list() == [2, 1]
    assert target.operator.snapshot().frames == {}


def test_no_keys_at_all() -> None:
    """Without `by` all rows are of one key."""
    spec = session(10, calls=CALLS[:1], keys=())
    out = feed(driver(spec), events([{TIME: t} for t in (1, 9, 19, 20)], SCHEMA), (1,), 0, restart=True)

    assert out["n"].to_list() == [2, 2]


def test_quantiles_of_sessions() -> None:
    """Buckets are counted beside the numbers that tell sessions apart."""
    median = AggregateCall(name="middle", function="median", args=(Column(name="x", dtype=Float()),), dtype=Float())
    sessions = driver(session(5, calls=(median,)))
    rows = events(
        [{TIME: at, "k": "a", "x": value, "s": None} for at, value in ((1, 2.0), (2, 2.0), (20, 8.0))], SCHEMA
    )

    out = feed(sessions, rows, [3], 0, restart=False)

    assert [round(value) for value in out["middle"]] == [2, 8]
