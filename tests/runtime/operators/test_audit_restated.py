"""Audits whose rows are said again: after any revisions, what stands is what the last rows say in one go."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.plan.guards import Inhibit
from slac.plan.nodes import AuditNode
from slac.runtime.operators.audit import AuditOperator
from slac.runtime.operators.restating import RestatingOperator
from slac.stream.batch import ARRIVAL_WATERMARK, ID, REVISION, TIME, Batch
from tests.runtime.operators.auditing import audit_node, batch, states, told
from tests.runtime.operators.driving import CONTEXT, Driver, cut
from tests.runtime.operators.test_audit_guards import guarded, verdicts
from tests.runtime.operators.test_audit_meaning import BODY, BODY_SCHEMA, body_frame

BOUND = 60
COLUMNS = ("module", "kind", "state", "previous", "verdict", "since", "period_start")


def restating(node: AuditNode, ports: int = 1, bound: int = BOUND) -> Driver:
    """The audit, able to revise what it said."""
    return Driver(lambda: RestatingOperator(lambda: AuditOperator(node, CONTEXT), ports, bound))


def again(frame: pl.DataFrame, revision: int, place: int) -> Batch:
    """Rows that are said again, by a cause that met the watermark `place`."""
    number = pl.lit(revision, pl.Int64).alias(REVISION)
    return Batch(frame.with_columns(number, pl.lit(place, pl.Int64).alias(ARRIVAL_WATERMARK)), late=True)


def standing(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """What stands in the end, by id: the last revision of each, without what was withdrawn."""
    blank = pl.lit(None, pl.Int64)
    rows = [f if REVISION in f.columns else f.with_columns(blank.alias(REVISION)) for f in frames]
    together = pl.concat([f.drop(ARRIVAL_WATERMARK, strict=False) for f in rows])
    last = together.unique(ID, keep="last", maintain_order=True)
    return last.filter(pl.col(REVISION).fill_null(0) >= 0).drop(REVISION).sort(TIME, ID)


def test_a_report_that_differs_comes_again_and_one_that_vanished_is_withdrawn() -> None:
    """With the next revision and the same id; what is new has revision 0, and what is as before is not told."""
    driver = restating(audit_node({"up": None, "low": None, "down": None}))
    rows = states([(1, "a", "up"), (2, "a", "down"), (3, "a", "up"), (3, "b", "up")])
    driver.give(batch(rows))
    driver.advance(5)
    first = driver.out[0]
    driver.give([again(states([(1, "a", "up"), (2, "a", "low")])[1:], 1, 5)])
    second = driver.advance(6)[-1]
    driver.give([again(states([(1, "a", "up"), (2, "a", "up")])[1:], 2, 6)])
    third = driver.advance(7)[-1]

    assert told([second], "module", "kind", "state", "previous", REVISION) == [
        (2, "a", "change", "low", "up", 1),
        (3, "a", "change", "up", "low", 1),
    ]
    assert told([third], "module", "kind", "state", REVISION) == [
        (2, "a", "withdrawn", "low", -2),
        (3, "a", "withdrawn", "up", -2),
    ]
    assert set(second[ID]) == set(third[ID]) <= set(first[ID])


def test_what_was_withdrawn_can_come_back() -> None:
    """By the same id, with the revision after the withdrawal."""
    driver = restating(audit_node({"up": None, "low": None}))
    rows = states([(1, "a", "up"), (2, "a", "low")])
    driver.give(batch(rows))
    driver.advance(5)
    for revision, state in ((1, "up"), (2, "low")):
        changed = rows[1:].with_columns(pl.lit(state).alias("state"))
        driver.give([again(changed, revision, 4 + revision)])
        driver.advance(5 + revision)

    said = [told([f], "kind", "state", REVISION) for f in driver.out[1:]]
    assert said == [[(2, "withdrawn", "low", -1)], [(2, "change", "low", 2)]]


def test_rows_too_old_are_late() -> None:
    """Behind the bound nothing is revised, and late rows without a revision never do anything."""
    driver = restating(audit_node({"up": None, "low": None}))
    rows = states([(1, "a", "up"), (200, "a", "low")])
    driver.give(batch(rows))
    driver.advance(300)
    before = len(driver.out)
    driver.give([again(rows[:1].with_columns(pl.lit("low").alias("state")), 1, 300), Batch(rows[:1], late=True)])
    driver.advance(301)

    assert (len(driver.out), driver.operator.statistics()["late"]) == (before, 2)


def test_stays_and_bodies_are_revised_too() -> None:
    """A row that the report's list was made of is said again: each report that holds it comes again."""
    node = audit_node({"up": 10, "down": None}, bodies=[(BODY, BODY_SCHEMA)])
    driver = restating(node, ports=2)
    driver.give(batch(states([(0, "a", "up")])))
    driver.give(batch(body_frame([(3, "a", "x", 1), (14, "a", "x", 5)])), port=1)
    driver.advance(25)
    changed = body_frame([(3, "a", "x", 1), (14, "a", "x", 7)])[1:]
    driver.give([again(changed, 1, 25)], port=1)
    driver.advance(26)

    found = [(t, [c["runs"] for c in cases], r) for t, cases, r in told([driver.out[-1]], "cases", REVISION)]
    assert found == [(20, [7], 1)]


def test_a_silence_that_never_was_is_undone() -> None:
    """A report of the audit that silences is withdrawn: what was held back is told at the instants of its rows."""
    node = guarded(audit_node({"up": None, "down": None}), {}, inhibit=Inhibit(port=1, keys=()))
    driver = restating(node, ports=2)
    driver.give(batch(states([(1, "a", "up"), (4, "a", "down"), (5, "b", "up")])))
    silence = verdicts([(3, None, True)])
    driver.give(batch(silence), port=1)
    driver.advance(10)
    driver.give([again(silence, -1, 10)], port=1)
    driver.advance(11)

    assert told([driver.out[-1]], "module", "kind", "state", REVISION) == [
        (4, "a", "change", "down", 0),
        (5, "b", "initial", "up", 0),
    ]


rows_of = st.lists(
    st.tuples(st.integers(0, 80), st.sampled_from(["a", "b", None]), st.sampled_from(["up", "low", "down", None])),
    min_size=1, max_size=25,
)  # fmt: skip
revisions_of = st.lists(
    st.tuples(st.integers(0, 24), st.sampled_from(["up", "low", "down", None, "gone"]), st.integers(0, 20)), max_size=8
)


def later(rows: pl.DataFrame, changes: list[tuple[int, str | None, int]]) -> list[tuple[int, pl.DataFrame, int]]:
    """(place, row as it is said again, revision), ascending in place; each row at most once at a place."""
    found: dict[tuple[int, int], tuple[int, pl.DataFrame, int]] = {}
    numbers: dict[int, int] = {}
    placed = [(int(rows[n % rows.height, "_at"]) + 1 + wait, n % rows.height, state) for n, state, wait in changes]
    for place, row, state in sorted(placed, key=lambda c: c[:2]):
        if (place, row) in found:
            continue
        numbers[row] = numbers.get(row, 0) + 1
        sign = -1 if state == "gone" else 1
        frame = rows[row : row + 1].drop("_at").with_columns(pl.lit(state, pl.String).alias("state"))
        found[place, row] = (place, frame, sign * numbers[row])
    return list(found.values())


@given(
    rows_of, revisions_of,
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.lists(st.booleans(), min_size=1, max_size=4),
    st.sampled_from(["hold", "undecided"]),
)  # fmt: skip
def test_revisions_end_where_the_last_rows_would_have(
    values: list[tuple[int, str | None, str | None]],
    changes: list[tuple[int, str | None, int]],
    sizes: list[int],
    restarts: list[bool],
    no_data: str,
) -> None:
    """Any slicing, any restart: the same revisions with the same ids, and in the end what the last rows say."""
    node = audit_node({"up": 7, "low": 5, "down": None}, no_data=no_data, retain=30)
    rows = states(sorted(values, key=lambda r: r[0]))
    marked = rows.with_columns(pl.col(TIME).to_physical().alias("_at"))
    plans = later(marked, changes)

    def run(pieces: list[int], stops: list[bool]) -> list[pl.DataFrame]:
        driver = restating(node, bound=200)
        waiting = list(plans)
        for step, piece in enumerate(cut(rows, pieces)):
            until = int(piece[TIME].to_physical()[-1])
            while waiting and waiting[0][0] < until:
                place, frame, revision = waiting.pop(0)
                driver.give([again(frame, revision, place)])
            driver.give(batch(piece))
            driver.advance(until)
            if stops[step % len(stops)]:
                driver.restart()
        for place, frame, revision in waiting:
            driver.give([again(frame, revision, place)])
        driver.advance(150)
        return driver.out

    out = run(sizes, restarts)
    last: dict[int, Any] = {}
    for _, frame, revision in plans:
        last[frame[ID][0]] = None if revision < 0 else frame
    kept = [rows.filter(~pl.col(ID).is_in(list(last))), *(f for f in last.values() if f is not None)]
    plain = Driver(lambda: AuditOperator(node, CONTEXT))
    plain.give(batch(pl.concat(kept).sort(TIME, ID)))
    plain.advance(150)
    expected = standing(plain.out) if plain.out else None
    if expected is None:
        assert not out or not standing(out).height
        return
    assert standing(out).equals(expected)
    other = run([1000], [False])
    assert sorted(told(out, *COLUMNS), key=str) == sorted(told(other, *COLUMNS), key=str)
