"""Violations: a machine of two states by key, against a definition in plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.plan.nodes import ViolationNode
from slac.plan.reports import violation_schema
from slac.runtime.operators.violation import ViolationOperator
from slac.stream.batch import ID, KEPT, SEEN, TIME, WEIGHT, Batch
from slac.stream.types import Field, Float, String
from tests.runtime.operators.auditing import batch, call, column, constant, told
from tests.runtime.operators.driving import CONTEXT, Driver, cut, events

RETAIN = 20
Row = tuple[int, str | None, float | None]


def violation(message: str | None = "{k}: {x} is too much {here}") -> Driver:
    """`x > 10` by `k`."""
    node = ViolationNode(
        id="hot",
        block="hot",
        node="central",
        schema=violation_schema((Field("k", String()),)),
        keys=("k",),
        condition=call(">", column("x", Float()), constant(10.0, Float())),
        severity="critical",
        message=message,
        retain=RETAIN,
    )
    return Driver(lambda: ViolationOperator(node, CONTEXT))


def rows(values: Sequence[Row]) -> pl.DataFrame:
    """Rows of (time, key, x)."""
    types: dict[str, Any] = {"k": pl.String(), "x": pl.Float64()}
    return events([{TIME: t, "k": k, "x": x} for t, k, x in values], types)


def test_it_rises_and_resolves_with_the_rows() -> None:
    """Once each; `since` is when it was raised; NULL holds."""
    driver = violation()
    driver.give(
        batch(rows([(0, "a", 1.0), (1, "a", 11.0), (2, "a", 12.0), (3, "a", None), (4, "a", 2.5), (5, "a", 3.0)]))
    )
    driver.advance(6)

    assert told(driver.out, "k", "kind", "severity", "since", "message") == [
        (1, "a", "raised", "critical", 1, "a: 11.0 is too much {here}"),
        (4, "a", "resolved", "critical", 1, "a: 2.5 is too much {here}"),
    ]


def test_a_message_is_optional_and_says_null() -> None:
    """A value that is NULL reads NULL; without a template there is no message."""
    silent, loud = violation(None), violation()
    for driver in (silent, loud):
        driver.give(batch(rows([(0, None, 11.0)])))
        driver.advance(1)

    assert told(silent.out, "message") == [(0, None)]
    assert told(loud.out, "message") == [(0, "NULL: 11.0 is too much {here}")]


def test_the_first_row_can_raise() -> None:
    """A key begins in peace, and a first row without violation says nothing."""
    driver = violation()
    driver.give(batch(rows([(0, "a", 11.0), (0, "b", 1.0)])))
    driver.advance(1)

    assert told(driver.out, "k", "kind") == [(0, "a", "raised")]


def test_a_silent_key_stays_raised_until_it_is_forgotten() -> None:
    """Exactly `retain` after its last row it still is; later it is a new key."""
    driver = violation()
    driver.give(batch(rows([(0, "a", 11.0), (20, "a", 11.0), (41, "a", 11.0), (62, "a", 1.0)])))
    driver.advance(63)

    assert told(driver.out, "kind") == [(0, "raised"), (41, "raised")]
    driver.advance(1000)
    assert driver.operator.statistics() == {"late": 0, "keys": 0, "raised": 0}
    assert driver.operator.next_due() is None


def test_it_says_how_many_events_stand_behind_it() -> None:
    """A row that a gate has thinned stands for more than itself."""
    driver = violation()
    driver.give(batch(rows([(0, "a", 11.0)]).with_columns(pl.lit(3 << 19, pl.UInt64).alias(WEIGHT))))
    driver.advance(1)

    assert told(driver.out, SEEN, KEPT) == [(0, 1.5, 1)]


def test_late_rows_are_counted_only() -> None:
    """A row behind the watermark raises nothing."""
    driver = violation()
    driver.give([Batch(rows([(0, "a", 11.0)]), late=True)])

    assert (driver.operator.statistics()["late"], driver.operator.next_due()) == (1, None)


def expected(values: Sequence[Row]) -> list[tuple[Any, ...]]:
    """One key after the other, one row after the other."""
    found: list[tuple[Any, ...]] = []
    for key in {k for _, k, _ in values}:
        raised, since, last = False, 0, 0
        for time, _, x in (r for r in values if r[1] == key):
            raised = raised and time - last <= RETAIN
            now = raised if x is None else x > 10
            since = time if now and not raised else since
            if now != raised:
                found.append((time, key, "raised" if now else "resolved", since))
            raised, last = now, time
    return sorted(found, key=str)


@given(
    st.lists(
        st.tuples(st.integers(0, 25), st.sampled_from(["a", "b"]), st.sampled_from([1.0, 11.0, None])), max_size=40
    ),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.lists(st.booleans(), min_size=1, max_size=4),
)
def test_slices_and_restarts_change_nothing(
    gaps: list[tuple[int, str, float | None]], sizes: list[int], restarts: list[bool]
) -> None:
    """Any slicing, any restart: what the definition says, each with an id of its own."""
    now, values = 0, []
    for gap, key, x in gaps:
        now += gap // 4
        values.append((now, key, x))
    driver = violation()
    for step, piece in enumerate(cut(rows(values), sizes)):
        driver.give(batch(piece))
        driver.advance(int(piece[TIME].to_physical()[-1]))
        if restarts[step % len(restarts)]:
            driver.restart()
    driver.advance(now + 1)

    assert sorted(told(driver.out, "k", "kind", "since"), key=str) == expected(values)
    ids = [i for frame in driver.out for i in frame[ID]]
    assert len(set(ids)) == len(ids)
