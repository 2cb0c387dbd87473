"""Violations: a machine of two states by key, against a definition in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import msgspec
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.plan.guards import Settle
from slac.plan.nodes import ViolationNode
from slac.plan.reports import violation_schema
from slac.runtime.operators.replayable import ReplayableOperator
from slac.runtime.operators.restating import RestatingOperator
from slac.runtime.operators.violation import ViolationOperator
from slac.stream.batch import ID, KEPT, REVISION, SEEN, TIME, WEIGHT, Batch
from slac.stream.types import Field, Float, String
from tests.runtime.operators.auditing import batch, call, column, constant, told
from tests.runtime.operators.driving import CONTEXT, Driver, cut, events
from tests.runtime.operators.test_audit_restated import again

RETAIN = 20
Row = tuple[int, str | None, float | None]


def violation(message: str | None = "{k}: {x} is too much {here}", **more: Any) -> Driver:
    """`x > 10` by `k`; `more` of the node."""
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
    node = msgspec.structs.replace(node, **more)
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
    """`retain` after its last row it is resolved, and says why; a later row finds a new key."""
    driver = violation()
    driver.give(batch(rows([(0, "a", 11.0), (20, "a", 11.0), (41, "a", 11.0), (62, "a", 1.0)])))
    driver.advance(63)

    assert told(driver.out, "kind", "reason", "message") == [
        (0, "raised", None, "a: 11.0 is too much {here}"),
        (40, "resolved", "forgotten", "a: 11.0 is too much {here}"),
        (41, "raised", None, "a: 11.0 is too much {here}"),
        (61, "resolved", "forgotten", "a: 11.0 is too much {here}"),
    ]
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


def stays(found: list[tuple[Any, ...]], key: str | None, since: int | None, every: int | None, limit: int) -> None:
    """What is told again up to `limit`, counted from what was told last."""
    if since is not None and every is not None:
        done = max(t for t, k, kind, _ in found if k == key and kind in ("raised", "stay"))
        found += [(t, key, "stay", since) for t in range(done + every, limit + 1, every)]


def expected(values: Sequence[Row], settle: Settle, every: int | None, until: int) -> list[tuple[Any, ...]]:
    """One key after the other, one row after the other."""
    found: list[tuple[Any, ...]] = []
    for key in {k for _, k, _ in values}:
        since: int | None = None
        met: list[int] = []
        last = 0

        for time, _, x in (*(r for r in values if r[1] == key), (10**6, key, None)):
            if time - last > RETAIN and last + RETAIN <= until:
                stays(found, key, since, every, last + RETAIN)
                found += [] if since is None else [(last + RETAIN, key, "resolved", since)]
                since, met = None, []
            stays(found, key, since, every, min(time - 1, until, last + RETAIN))
            if x is not None:
                met = [*met, time] if x > 10 else []
            if since is None and len(met) >= settle.rows and time - met[0] >= settle.time and x is not None:
                since = time
                found.append((time, key, "raised", since))
            elif since is not None and x is not None and not met:
                found.append((time, key, "resolved", since))
                since = None
            last = time
    return sorted(found, key=str)


def test_an_episode_has_one_id() -> None:
    """From the row that raises it over its stays to the one that resolves it: `violation` is the id of the first."""
    driver = violation(repeat_every=3)
    driver.give(batch(rows([(0, "a", 11.0), (0, "b", 11.0), (5, "a", 12.0)])))
    driver.advance(5)
    driver.restart()
    driver.give(batch(rows([(8, "a", 1.0), (9, "a", 11.0)])))
    driver.advance(10)

    frame = pl.concat(driver.out).filter(k="a")
    ids = [f"{i:016x}" for i in frame[ID]]
    assert frame["kind"].to_list() == ["raised", "stay", "stay", "resolved", "raised"]
    assert frame["violation"].to_list() == [ids[0]] * 4 + [ids[4]]
    assert frame["message"].to_list()[:3] == ["a: 11.0 is too much {here}"] * 3


def test_labels_are_published() -> None:
    """As a struct of texts."""
    fields = (Field("k", String()),)
    labels = {"team": "search", "slo": "99.9"}
    driver = violation(labels=labels, schema=violation_schema(fields, labels))
    driver.give(batch(rows([(0, "a", 11.0)])))
    driver.advance(1)

    assert told(driver.out, "labels") == [(0, labels)]


def test_rows_that_are_said_again_revise_what_was_raised() -> None:
    """A violation that never was is withdrawn, with its end."""
    build = violation().build
    driver = Driver(lambda: RestatingOperator(cast("Callable[[], ReplayableOperator]", build), 1, 50))
    frame = rows([(1, "a", 11.0), (3, "a", 1.0), (4, "b", 11.0)])
    driver.give(batch(frame))
    driver.advance(10)
    driver.give([again(frame[:1].with_columns(x=pl.lit(2.0)), 1, 10)])
    driver.advance(11)
    driver.restart()
    driver.give([again(frame[:1].with_columns(x=pl.lit(12.0)), 2, 11)])
    driver.advance(12)

    said = [told([f], "k", "kind", "message", REVISION) for f in driver.out[1:]]
    assert said == [
        [
            (1, "a", "withdrawn", "a: 11.0 is too much {here}", -1),
            (3, "a", "withdrawn", "a: 1.0 is too much {here}", -1),
        ],
        [(1, "a", "raised", "a: 12.0 is too much {here}", 2), (3, "a", "resolved", "a: 1.0 is too much {here}", 2)],
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 25), st.sampled_from(["a", "b"]), st.sampled_from([1.0, 11.0, None])), max_size=40
    ),
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.lists(st.booleans(), min_size=1, max_size=4),
    st.sampled_from([None, Settle(rows=2), Settle(time=3)]),
    st.sampled_from([None, 4]),
)
def test_slices_and_restarts_change_nothing(
    gaps: list[tuple[int, str, float | None]],
    sizes: list[int],
    restarts: list[bool],
    settle: Settle | None,
    every: int | None,
) -> None:
    """Any slicing, any restart: what the definition says, each with an id of its own."""
    now, values = 0, []
    for gap, key, x in gaps:
        now += gap // 4
        values.append((now, key, x))
    driver = violation(settle=settle, repeat_every=every)
    for step, piece in enumerate(cut(rows(values), sizes)):
        driver.give(batch(piece))
        driver.advance(int(piece[TIME].to_physical()[-1]))
        if restarts[step % len(restarts)]:
            driver.restart()
    driver.advance(now + 1)

    assert sorted(told(driver.out, "k", "kind", "since"), key=str) == expected(values, settle or Settle(), every, now)
    ids = [i for frame in driver.out for i in frame[ID]]
    assert len(set(ids)) == len(ids)
