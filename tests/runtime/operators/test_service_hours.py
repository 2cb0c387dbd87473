"""`during`: rows outside of the hours do not count, and of all times only the hours do."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.plan.calendars import CalendarSpec, ServiceTime
from slac.plan.guards import After, Backoff, Schedule, Settle
from slac.plan.nodes import AbsenceNode, AuditNode, SelectNode, ViolationNode
from slac.plan.reports import violation_schema
from slac.runtime.operators.absence import AbsenceOperator
from slac.runtime.operators.select import SelectOperator
from slac.runtime.operators.violation import ViolationOperator
from slac.stream.batch import ARRIVAL_WATERMARK, TIME, Batch
from slac.stream.types import Field, Schema, String
from tests.runtime.operators.auditing import HOUR, MINUTE, audit, audit_node, batch, state_is, states, told
from tests.runtime.operators.driving import CONTEXT, Arrivals, Driver, cut
from tests.runtime.operators.test_audit_guards import guarded

DAY = 24 * HOUR
# The first of January 1970 was a Thursday; open 08:00–08:30 and 09:00–10:00, so that minutes matter.
HOURS = CalendarSpec(
    name="hours", zone="UTC", hours=((((8 * HOUR, 8 * HOUR + 30 * MINUTE), (9 * HOUR, 10 * HOUR)),) * 7)
)
OPENS, CLOSES = 8 * HOUR, 8 * HOUR + 30 * MINUTE
SERVICE = ServiceTime(HOURS)
COLUMNS = ("module", "kind", "state", "previous", "since", "period_start")
ROWS = st.lists(
    st.tuples(
        st.integers(7 * 60, 30 * 60).map(MINUTE.__mul__),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["up", "low", "down", None]),
    ),
    min_size=1,
    max_size=12,
)


def in_hours(frame: pl.DataFrame) -> pl.DataFrame:
    """What the selection before an audit lets through."""
    schema = Schema((Field("module", String()), Field("state", String())))
    node = SelectNode(id="a.during", block="a", node="", schema=schema, during=HOURS)
    found = list(SelectOperator(node, CONTEXT).on_batch(0, Batch(frame)))
    return found[0].frame if found else frame.clear()


def by_service(times: pl.Series) -> pl.Series:
    """Instants as the service that lies before them."""
    values = times.cast(pl.Int64).to_numpy()
    return pl.Series(SERVICE.elapsed(np.zeros(len(values), np.int64), values)).cast(pl.Datetime("us", "UTC"))


def by_clock(instant: int | None) -> int | None:
    """The first instant in service with so much service before it."""
    return None if instant is None else int(SERVICE.add(np.zeros(1, np.int64), np.array([instant]))[0])


@st.composite
def nodes(draw: st.DrawFn) -> AuditNode:
    """Audits with everything that lasts."""
    node = audit_node({"up": None, "low": 7 * MINUTE, "down": 20 * MINUTE}, retain=40 * DAY)
    settles = st.sampled_from([None, Settle(rows=2), Settle(time=10 * MINUTE)])
    specs: dict[str, dict[str, Any]] = {
        "up": {"settle": draw(settles)},
        "low": {"after": draw(st.sampled_from([None, After(time=25 * MINUTE, to="down")]))},
        "down": {
            "settle": draw(settles),
            "backoff": draw(st.sampled_from([None, Backoff(factor=2, max=50 * MINUTE)])),
        },
    }
    return guarded(node, specs)


@settings(max_examples=40, deadline=None)
@given(nodes(), ROWS, st.lists(st.integers(1, 4), min_size=1, max_size=3), st.booleans())
def test_an_audit_in_hours_is_one_by_a_clock_that_stands_still_outside(
    node: AuditNode,
    rows: list[tuple[int, str, str | None]],
    sizes: list[int],
    restart: bool,  # noqa: FBT001 - drawn
) -> None:
    """Taking out the time between the hours, before or behind the audit, says the same; in any slicing, restarted."""
    frame = in_hours(states(sorted(rows, key=lambda r: r[0])))
    compressed = frame.with_columns(by_service(frame[TIME]).alias(TIME))
    plain, served = audit(node), audit(msgspec.structs.replace(node, during=HOURS))
    plain.give(batch(compressed))
    plain.advance(by_service(pl.Series([3 * DAY]).cast(pl.Datetime("us", "UTC"))).cast(pl.Int64)[0] + 1)
    arrivals = Arrivals()
    for piece in cut(frame, sizes):
        served.give(arrivals.take(piece))
        if restart:
            served.restart()
        served.advance(arrivals.watermark)
    served.advance(3 * DAY + 9 * HOUR)

    end = 3 * DAY
    expected = [(by_clock(t), *r[:4], by_clock(r[4]), by_clock(r[5])) for t, *r in told(plain.out, *COLUMNS)]
    found = [r for r in told(served.out, *COLUMNS) if r[0] < end]
    assert sorted(found, key=str) == sorted((r for r in expected if r[0] < end), key=str)
    assert all(SERVICE.inside(np.array([r[0] for r in found], np.int64)))


def test_rows_at_the_edges_of_the_hours() -> None:
    """The first instant of the hours counts, the last one before them and the first behind them do not."""
    times = [OPENS - 1, OPENS, CLOSES - 1, CLOSES]
    kept = in_hours(states([(t, "a", "up") for t in times]))
    assert kept[TIME].cast(pl.Int64).to_list() == [OPENS, CLOSES - 1]


def test_late_rows_pass_as_such() -> None:
    """Whether a row counts is decided by its own time, however late it comes."""
    frame = states([(OPENS - 1, "a", "up"), (OPENS, "a", "up")]).with_columns(
        pl.lit(DAY, pl.Int64).alias(ARRIVAL_WATERMARK)
    )
    schema = Schema((Field("module", String()),))
    node = SelectNode(id="a", block="a", node="", schema=schema, during=HOURS)
    (said,) = SelectOperator(node, CONTEXT).on_batch(0, Batch(frame, late=True))
    assert said.late
    assert said.frame[TIME].cast(pl.Int64).to_list() == [OPENS]


def test_a_stay_that_would_fall_due_as_the_hours_end_is_said_when_they_begin() -> None:
    """Hours are half-open: their end is not one of their instants."""
    node = msgspec.structs.replace(audit_node({"up": 30 * MINUTE}, retain=9 * DAY), during=HOURS)
    target = audit(node)
    target.give(batch(states([(OPENS, "a", "up")])))
    target.advance(9 * HOUR + 1)
    assert told(target.out, "kind") == [(OPENS, "initial"), (9 * HOUR, "stay")]


def test_times_of_the_clock_outside_of_the_hours_say_nothing() -> None:
    """`report_at` every half hour: eight, nine and half past nine are in service."""
    node = msgspec.structs.replace(
        audit_node({"up": None}, retain=9 * DAY),
        during=HOURS,
        report_at=(Schedule(cron="*/30 * * * *", zone="UTC"),),
    )
    target = audit(node)
    target.give(batch(states([(OPENS + 1, "a", "up")])))
    target.advance(DAY + 9 * HOUR)
    found = told(target.out, "kind")[1:]
    assert found == [(t, "scheduled") for t in (9 * HOUR, 9 * HOUR + 30 * MINUTE, DAY + 8 * HOUR)]


def test_a_violation_is_neither_raised_nor_resolved_outside() -> None:
    """It lasts over the closing, and the first row in the hours says what holds."""
    keys = (Field("module", String()),)
    node = ViolationNode(
        id="v",
        block="v",
        node="",
        schema=violation_schema(keys),
        keys=("module",),
        condition=state_is("down"),
        retain=9 * DAY,
    )
    target = Driver(lambda: ViolationOperator(node, CONTEXT))
    rows = [
        (OPENS - 1, "down"),
        (OPENS, "up"),
        (CLOSES - 1, "down"),
        (CLOSES, "up"),
        (9 * HOUR - 1, "up"),
        (9 * HOUR, "down"),
        (9 * HOUR + 1, "up"),
        (10 * HOUR, "down"),
    ]
    target.give(batch(in_hours(states([(t, "a", s) for t, s in rows]))))
    target.advance(DAY)
    assert told(target.out, "kind") == [(CLOSES - 1, "raised"), (9 * HOUR + 1, "resolved")]


def silence(minutes: int, keys: tuple[str, ...] = ()) -> Driver:
    """An alarm after so many minutes of service without rows."""
    node = AbsenceNode(
        id="v",
        block="v",
        node="",
        schema=violation_schema(tuple(Field(k, String()) for k in keys)),
        keys=keys,
        silence=minutes * MINUTE,
        during=HOURS,
        retain=9 * DAY,
    )
    return Driver(lambda: AbsenceOperator(node, CONTEXT))


def test_silence_counts_in_the_hours_only() -> None:
    """Twenty minutes before they end and ten behind the next opening are half an hour; a row outside begins anew."""
    target = silence(30)
    target.give(batch(states([(OPENS + 10 * MINUTE, "a", "up")])))
    assert target.advance(9 * HOUR + 10 * MINUTE - 1) == []
    target.restart()
    target.advance(9 * HOUR + 10 * MINUTE + 1)
    target.give(batch(states([(10 * HOUR + 5 * MINUTE, "a", "up")])))
    target.advance(DAY + 9 * HOUR + 1)
    assert told(target.out, "kind") == [
        (9 * HOUR + 10 * MINUTE, "raised"),
        (10 * HOUR + 5 * MINUTE, "resolved"),
        (DAY + 9 * HOUR, "raised"),
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(7 * 60, 40 * 60), min_size=1, max_size=12), st.integers(1, 80), st.integers(1, 5))
def test_silence_by_its_definition(minutes: list[int], length: int, size: int) -> None:
    """Between two rows it is raised where so much service has passed before the second, in any slicing."""
    times = sorted({m * MINUTE for m in minutes})
    target = silence(length)
    arrivals = Arrivals()
    for piece in cut(states([(t, "a", "up") for t in times]), [size]):
        target.give(arrivals.take(piece))
        target.advance(arrivals.watermark)
    target.advance(3 * DAY)

    expected = []
    for first, after in zip(times, [*times[1:], None], strict=True):
        due = int(SERVICE.add(np.array([first]), np.array([length * MINUTE]))[0])
        if due <= (3 * DAY if after is None else after):
            expected += [(due, "raised"), *([(after, "resolved")] if after is not None else [])]
    assert told(target.out, "kind") == expected
