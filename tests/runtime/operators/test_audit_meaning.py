"""The columnar engine against `transitions` machines stepped row by row, in any slicing, with restarts anywhere."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.plan.expressions import AggregateCall, NamedExpr
from slac.plan.machine import transition_table
from slac.plan.nodes import AuditNode, ReportBody
from slac.stream.batch import ID, KEPT, TIME, TIME_TYPE
from slac.stream.types import Field, Int, Schema, String
from tests.runtime.operators.audit_reference import BodyRow, Row, expected
from tests.runtime.operators.auditing import audit, audit_node, column, states, told
from tests.runtime.operators.driving import Arrivals, Driver, cut

RETAIN = 20
JITTER = 4
COLUMNS = ("module", "kind", "state", "previous", "verdict", "since", "period_start", KEPT, "cases")

BODY = ReportBody(
    name="cases",
    port=1,
    by=("case",),
    aggregates=(
        AggregateCall(name="_a0", function="sum", args=(column("runs", Int()),), dtype=Int()),
        AggregateCall(name="_a1", function="last", args=(column("runs", Int()),), dtype=Int()),
    ),
    project=(
        NamedExpr(name="runs", expr=column("_a0", Int())),
        NamedExpr(name="latest", expr=column("_a1", Int())),
    ),
)
BODY_SCHEMA = Schema((Field("case", String()), Field("runs", Int()), Field("latest", Int())))

keys = st.sampled_from(["a", "b", None])


def some(row: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """A few rows, or enough that every report has some."""
    return st.one_of(st.lists(row, max_size=10), st.lists(row, min_size=15, max_size=50))


rows_of = some(st.tuples(st.integers(0, 80), keys, st.sampled_from(["up", "low", "down", "odd", None])))
bodies_of = some(st.tuples(st.integers(0, 80), keys, st.sampled_from(["x", "y"]), st.integers(0, 9)))
nodes = st.builds(
    lambda initial, no_data, low: audit_node(
        {"up": 7, "low": low, "down": 3},
        initial=initial,
        no_data=no_data,
        retain=RETAIN,
        verdicts={"low": "violated"},
        bodies=[(BODY, BODY_SCHEMA)],
    ),
    st.sampled_from([None, "up", "down"]),
    st.sampled_from(["hold", "ok", "violated", "undecided"]),
    st.sampled_from([5, None]),
)


def body_frame(rows: list[BodyRow]) -> pl.DataFrame:
    """Rows of the body's stream."""
    names = {TIME: pl.Int64(), "module": pl.String(), "case": pl.String(), "runs": pl.Int64()}
    frame = pl.DataFrame(rows, schema=names, orient="row").with_row_index(ID).cast({ID: pl.UInt64})
    return frame.with_columns(pl.col(TIME).cast(TIME_TYPE))


def jumbled(frame: pl.DataFrame, jitter: list[int]) -> pl.DataFrame:
    """The frame in an order of arrival in which no row is late under a lateness of JITTER."""
    if not frame.height:
        return frame
    shifts = pl.Series([jitter[i % len(jitter)] for i in range(frame.height)])
    return frame.sort(pl.col(TIME).to_physical() + shifts)


def feed(driver: Driver, frames: list[pl.DataFrame], sizes: list[int], restarts: list[bool]) -> None:
    """Both ports in slices, with the lower of their watermarks."""
    arrivals = [Arrivals(JITTER), Arrivals(JITTER)]
    pieces = [list(cut(f, sizes)) for f in frames]
    for step in range(max(map(len, pieces))):
        for port, arrival in enumerate(arrivals):
            if step < len(pieces[port]):
                driver.give(arrival.take(pieces[port][step]), port)
            if step + 1 >= len(pieces[port]):
                arrival.watermark = 200
        driver.advance(min(*(a.watermark for a in arrivals), 85))
        if restarts[step % len(restarts)]:
            driver.restart()


def in_order(said: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What was said in an order that both sides share: reports of one instant are ordered by ids."""
    return sorted(said, key=lambda r: (r[0], str(r[1]), r[7] is not None, r[7] or 0, str(r)))


@given(
    nodes, rows_of, bodies_of,
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.lists(st.integers(0, JITTER), min_size=1, max_size=7),
    st.lists(st.booleans(), min_size=1, max_size=4),
    st.booleans(),
)  # fmt: skip
def test_the_engine_steps_as_the_machines_do(
    node: AuditNode,
    rows: list[Row],
    bodies: list[BodyRow],
    sizes: list[int],
    jitter: list[int],
    restarts: list[bool],
    end: bool,  # noqa: FBT001
) -> None:
    """Any slicing, any order of arrival within the lateness, any restart: what the reference says, and nothing else."""
    driver = audit(node)
    feed(driver, [jumbled(states(rows), jitter), jumbled(body_frame(bodies), jitter)], sizes, restarts)
    driver.advance(85)
    driver.advance(150, end=end)

    until = max(84, *(t for t, _, _ in rows), 0) if end else 149
    meant = expected(
        transition_table(node),
        sorted(rows, key=lambda r: r[0]),
        sorted(bodies, key=lambda r: r[0]),
        retain=RETAIN,
        until=until,
    )
    assert in_order(told(driver.out, *COLUMNS)) == in_order(meant)
    if driver.out:
        frame = pl.concat(driver.out)
        assert frame[ID].n_unique() == frame.height
        assert all(f.equals(f.sort(TIME, ID)) for f in driver.out)


def test_keys_are_forgotten_with_their_bodies() -> None:
    """When nothing has come for long, nothing is held."""
    driver = audit(audit_node({"up": 7}, retain=RETAIN, bodies=[(BODY, BODY_SCHEMA)]))
    driver.give(Arrivals().take(states([(5, "a", "up")])), 0)
    driver.give(Arrivals().take(body_frame([(3, "a", "x", 1), (9, "b", "x", 1)])), 1)
    driver.advance(30)
    driver.advance(1000)

    assert driver.operator.statistics()["keys"] == 0
    assert driver.operator.next_due() is None
    assert (
        "body0.pending" not in driver.operator.snapshot().frames
        or not driver.operator.snapshot().frames["body0.pending"].height
    )


def test_a_row_is_in_one_report_only() -> None:
    """What a report has taken is not merged with what the same pass leaves over for the next one."""
    driver = audit(audit_node({"up": 10, "low": 10}, retain=10**6, bodies=[(BODY, BODY_SCHEMA)]))
    driver.give(Arrivals().take(states([(0, "a", "up"), (15, "a", "low")])), 0)
    driver.give(Arrivals().take(body_frame([(t, "a", "x", 1) for t in (2, 5, 12, 14, 17)])), 1)
    driver.advance(4)
    driver.advance(13)
    driver.advance(16)
    driver.advance(26)

    found = [(t, [c["runs"] for c in cases]) for t, cases in told(driver.out, "cases")]
    assert found == [(0, []), (10, [2]), (15, [2]), (25, [1])]


def test_many_body_rows_are_folded_without_a_report() -> None:
    """Raw rows do not pile up between two reports of an audit that has little to say."""
    driver = audit(audit_node({"up": None}, retain=10**9, bodies=[(BODY, BODY_SCHEMA)]))
    driver.give(Arrivals().take(states([(0, "a", "up")])), 0)
    for start in range(0, 50_000, 10_000):
        driver.give(Arrivals().take(body_frame([(start + i, "a", "x", 1) for i in range(10_000)])), 1)
        driver.advance(start + 10_000)
    driver.give(Arrivals(0).take(states([(50_000, "a", "odd")])), 0)

    held = driver.operator.snapshot().frames
    assert "body0.held" not in held
    assert held["body0.pending"].height == 1
