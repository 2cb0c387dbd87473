"""Audits: what is published, and when: the paper's rules as tables of rows in and reports out."""

from __future__ import annotations

import msgspec
import polars as pl

from slac.stream.batch import ID, KEPT, SEEN, TIME, Batch
from slac.stream.types import Schema
from tests.runtime.operators.auditing import HOUR, MINUTE, audit, audit_node, batch, states, told

PAPER: dict[str, int | None] = {"up": 6 * HOUR, "low": 60 * MINUTE, "down": 30 * MINUTE}


def test_the_first_publication_is_initial_and_no_change() -> None:
    """It has the evaluated state, no previous one, and no start of its period."""
    driver = audit(audit_node(PAPER, initial="up"))
    driver.give(batch(states([(10 * MINUTE, "shop", "down")])))
    driver.advance(11 * MINUTE)

    columns = ("module", "kind", "state", "previous", "since", "period_start", "period_end")
    expected = (10 * MINUTE, "shop", "initial", "down", None, 10 * MINUTE, None, 10 * MINUTE)
    assert told(driver.out, *columns) == [expected]


def test_stays_come_on_the_clock_of_their_state() -> None:
    """Down every 30 min, low every 60 min, up every 6 h, each counted from the last publication; a change resets it."""
    rows = [(0, "a", "down"), (70 * MINUTE, "a", "low"), (200 * MINUTE, "a", "up")]
    driver = audit(audit_node(PAPER))
    driver.give(batch(states(rows)))
    driver.advance(1000 * MINUTE)

    found = [(t // MINUTE, *rest) for t, *rest in told(driver.out, "kind", "state", "previous")]
    assert found == [
        (0, "initial", "down", None),
        (30, "stay", "down", "down"),
        (60, "stay", "down", "down"),
        (70, "change", "low", "down"),
        (130, "stay", "low", "low"),
        (190, "stay", "low", "low"),
        (200, "change", "up", "low"),
        (560, "stay", "up", "up"),
        (920, "stay", "up", "up"),
    ]


def test_a_change_at_the_instant_of_a_stay_takes_its_place() -> None:
    """Rows come before what is due at their instant."""
    driver = audit(audit_node(PAPER))
    driver.give(batch(states([(0, "a", "down"), (30 * MINUTE, "a", "low"), (30 * MINUTE, "b", "up")])))
    driver.advance(31 * MINUTE)

    assert [(t // MINUTE, m, k) for t, m, k in told(driver.out, "module", "kind")][1:] in (
        [(30, "a", "change"), (30, "b", "initial")],
        [(30, "b", "initial"), (30, "a", "change")],
    )


def test_a_stay_waits_until_no_row_of_its_instant_can_come() -> None:
    """The watermark must have passed it, not only reached it."""
    driver = audit(audit_node(PAPER))
    driver.give(batch(states([(0, "a", "down")])))
    driver.advance(30 * MINUTE)
    before = len(driver.out)
    driver.advance(30 * MINUTE + 1)

    assert (before, told(driver.out[before:], "kind")) == (1, [(30 * MINUTE, "stay")])


def test_the_end_of_a_file_invents_no_stay() -> None:
    """Behind the last row of the stream nothing is published, whatever the watermark."""
    driver = audit(audit_node(PAPER))
    driver.give(batch(states([(0, "a", "down"), (45 * MINUTE, "b", "up")])))
    driver.advance(300 * MINUTE, end=True)

    assert [(t // MINUTE, m) for t, m in told(driver.out, "module")] == [(0, "a"), (30, "a"), (45, "b")]


def test_null_holds_the_state_and_its_clock() -> None:
    """`no_data: hold`: stays go on."""
    driver = audit(audit_node(PAPER))
    driver.give(batch(states([(0, "a", "low"), (50 * MINUTE, "a", None)])))
    driver.advance(61 * MINUTE)

    assert told(driver.out, "kind", "state") == [(0, "initial", "low"), (60 * MINUTE, "stay", "low")]


def test_null_can_be_a_verdict() -> None:
    """`no_data: undecided` leads to a state of that name, and data leads out of it."""
    driver = audit(audit_node(PAPER, no_data="undecided"))
    driver.give(batch(states([(0, "a", "up"), (1, "a", None), (2, "a", None), (3, "a", "up")])))
    driver.advance(4)

    assert told(driver.out, "kind", "state", "previous", "verdict") == [
        (0, "initial", "up", None, "OK"),
        (1, "change", "no_data", "up", "UNDECIDED"),
        (3, "change", "up", "no_data", "OK"),
    ]


def test_no_true_condition_holds_the_state() -> None:
    """A row that fits no condition is no change, and on a key's first row the initial state is told."""
    driver = audit(audit_node(PAPER, initial="up"))
    driver.give(batch(states([(0, "a", "odd"), (1, "a", "low"), (2, "a", "odd")])))
    driver.advance(3)

    assert told(driver.out, "kind", "state") == [(0, "initial", "up"), (1, "change", "low")]


def test_nothing_is_said_before_a_state_is_known() -> None:
    """Without `initial`, rows that fit no condition publish nothing, and count for the first publication."""
    driver = audit(audit_node(PAPER))
    driver.give(batch(states([(0, "a", None), (1, "a", "odd"), (2, "a", "low")])))
    driver.advance(3)

    assert told(driver.out, "kind", "state", KEPT) == [(2, "initial", "low", 3)]


def test_a_key_is_forgotten_behind_its_last_row() -> None:
    """Stays end `retain` after the last row, to the microsecond, and the next row finds a new key."""
    node = audit_node(PAPER, retain=60 * MINUTE)
    driver = audit(node)
    driver.give(batch(states([(0, "a", "down"), (61 * MINUTE, "a", "down")])))
    driver.advance(62 * MINUTE)

    found = [(t // MINUTE, *rest) for t, *rest in told(driver.out, "kind", "period_start")]
    assert sorted(found, key=lambda r: (r[0], r[2] or 0)) == [
        (0, "initial", None),
        (30, "stay", 0),
        (60, "stay", 30 * MINUTE),
        (60, "forgotten", 60 * MINUTE),
        (61, "initial", None),
    ]
    driver.advance(2000 * MINUTE)
    assert told(driver.out, "kind", "state", "verdict")[-1] == (121 * MINUTE, "forgotten", "down", "UNDECIDED")
    assert driver.operator.statistics()["keys"] == 0
    assert driver.operator.next_due() is None


def test_reports_count_the_events_behind_their_period() -> None:
    """`_seen` and `_kept` are sums over the rows of the period; a stay without rows has none."""
    frame = states([(0, "a", "low"), (1, "a", "low"), (60 * MINUTE, "a", "low"), (61 * MINUTE, "a", "up")])
    frame = frame.with_columns(pl.Series(SEEN, [2.5, 1.5, 4.0, 8.0]), pl.Series(KEPT, [2, 1, 4, 8]))
    driver = audit(audit_node({**PAPER, "low": 30 * MINUTE}))
    driver.give(batch(frame))
    driver.advance(62 * MINUTE)

    found = [(t // MINUTE, *rest) for t, *rest in told(driver.out, SEEN, KEPT)]
    assert found == [(0, 2.5, 2), (30, 1.5, 1), (60, 4.0, 4), (61, 8.0, 8)]


def test_late_rows_are_counted_only() -> None:
    """A row behind the watermark moves no machine."""
    driver = audit(audit_node(PAPER))
    driver.give([Batch(states([(0, "a", "low")]), late=True)])

    assert (driver.operator.statistics()["late"], driver.operator.next_due()) == (1, None)


def test_ids_do_not_repeat() -> None:
    """Two changes of a key at one instant have two ids, and the second is the same again in another run."""
    rows = [(0, "a", "up"), (1, "a", "low"), (1, "a", "up"), (1, "a", "low")]
    runs = []
    for _ in range(2):
        driver = audit(audit_node(PAPER))
        driver.give(batch(states(rows)))
        driver.advance(2)
        runs.append(pl.concat(driver.out)[ID].to_list())

    assert len(set(runs[0])) == 4
    assert runs[0] == runs[1]


def test_a_key_may_be_null() -> None:
    """NULL is a key like any other, and is known again."""
    driver = audit(audit_node(PAPER))
    driver.give(batch(states([(0, None, "up"), (1, None, "low")])))
    driver.advance(1)
    driver.advance(2)

    assert told(driver.out, "module", "kind") == [(0, None, "initial"), (1, None, "change")]
    assert driver.out[0][TIME].dtype == pl.Datetime("us", "UTC")


def test_an_audit_without_keys_has_one_machine() -> None:
    """The stream as a whole is the key; a restart changes nothing."""
    node = audit_node(PAPER)
    fields = tuple(f for f in node.schema.fields if f.name != "module")
    driver = audit(msgspec.structs.replace(node, keys=(), schema=Schema(fields)))
    driver.give(batch(states([(0, "a", "up"), (1, "b", "low")])))
    driver.advance(1)
    driver.restart()
    driver.advance(2)

    assert told(driver.out, "kind", "state") == [(0, "initial", "up"), (1, "change", "low")]
