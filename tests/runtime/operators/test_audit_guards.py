"""Stability, time that moves a state on, times of the clock, back-off and flapping: the engine against the machines."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from slac.plan.guards import After, Backoff, Flapping, Inhibit, Schedule, Settle
from slac.plan.machine import transition_table
from slac.plan.nodes import AuditNode, StateSpec
from slac.plan.reports import report_schema
from slac.stream.batch import ID, KEPT
from slac.stream.types import Bool, Field, String
from tests.runtime.operators.audit_reference import Row, Story
from tests.runtime.operators.auditing import MINUTE, audit, audit_node, batch, constant, states, told
from tests.runtime.operators.driving import Arrivals, cut
from tests.runtime.operators.test_audit_meaning import in_order, jumbled, keys, some

RETAIN = 20 * MINUTE
JITTER = 4 * MINUTE
EVERY_SEVEN = Schedule(cron="*/7 * * * *", zone="UTC")
STRIKES = [m * MINUTE for m in range(200) if m % 60 % 7 == 0]
COLUMNS = ("module", "kind", "state", "previous", "verdict", "since", "period_start", KEPT)

rows_of = some(st.tuples(st.integers(0, 80).map(MINUTE.__mul__), keys, st.sampled_from(["up", "low", "down", None])))
others_of = st.lists(st.tuples(st.integers(0, 90).map(MINUTE.__mul__), keys, st.booleans()), max_size=10)
settles = st.sampled_from([None, Settle(rows=2), Settle(rows=3), Settle(time=3 * MINUTE)])
schedules = st.sampled_from([(), (EVERY_SEVEN,)])


def guarded(
    node: AuditNode,
    specs: dict[str, dict[str, Any]],
    *,
    timed: bool = False,
    flapping: Flapping | None = None,
    inhibit: Inhibit | None = None,
) -> AuditNode:
    """The audit with more said of its states; `timed` adds the state `gone`, to which only time leads."""
    bent = [msgspec.structs.replace(s, **specs.get(s.name, {})) for s in node.states]
    if timed:
        gone = StateSpec(name="gone", when=constant(None, Bool()), verdict="violated")
        bent.append(msgspec.structs.replace(gone, **specs.get("gone", {})))
    schema = report_schema(
        (Field("module", String()),), (), flapping=flapping is not None, inhibited=inhibit is not None
    )
    return msgspec.structs.replace(node, states=tuple(bent), flapping=flapping, inhibit=inhibit, schema=schema)


@st.composite
def nodes(draw: st.DrawFn) -> AuditNode:
    """Audits whose states are bent in any way."""
    node = audit_node(
        {"up": draw(st.sampled_from([None, 7 * MINUTE])), "low": 5 * MINUTE, "down": 2 * MINUTE},
        initial=draw(st.sampled_from([None, "up", "down"])),
        no_data=draw(st.sampled_from(["hold", "undecided"])),
        retain=RETAIN,
    )
    timed = draw(st.booleans())
    flapping = draw(st.sampled_from([None, Flapping(changes=3, within=9 * MINUTE), Flapping(changes=2, within=1)]))
    specs: dict[str, dict[str, Any]] = {
        "up": {"settle": draw(settles), "report_at": draw(schedules)},
        "low": {"settle": draw(settles), "after": After(time=6 * MINUTE, to="gone") if timed else None},
        "down": {
            "backoff": draw(st.sampled_from([None, Backoff(factor=2, max=9 * MINUTE)])),
            "after": After(time=7 * MINUTE, to="gone") if timed and draw(st.booleans()) else None,
            "follows": draw(st.sampled_from([(), ("low",), ("low", "gone") if timed else ("up",)])),
        },
        "gone": {"report_at": draw(schedules), "report_every": draw(st.sampled_from([None, 3 * MINUTE]))},
    }
    inhibit = draw(st.sampled_from([None, Inhibit(port=1, keys=()), Inhibit(port=1, keys=("module",))]))
    return guarded(node, specs, timed=timed, flapping=flapping, inhibit=inhibit)


def verdicts(rows: list[tuple[int, str | None, bool]]) -> pl.DataFrame:
    """Reports of another audit: (time, module, whether it is violated)."""
    frame = states([(t, m, "VIOLATED" if bad else "OK") for t, m, bad in rows])
    return frame.rename({"state": "verdict"}).with_columns(pl.lit("change").alias("kind"))


def silences(node: AuditNode, key: str | None, others: list[tuple[int, str | None, bool]]) -> list[tuple[int, bool]]:
    """What the reports of the other audit mean for a key."""
    assert node.inhibit is not None
    return [(t, bad) for t, m, bad in others if not node.inhibit.keys or m == key]


@given(
    nodes(), rows_of, others_of,
    st.lists(st.integers(1, 9), min_size=1, max_size=4),
    st.lists(st.integers(0, 4).map(MINUTE.__mul__), min_size=1, max_size=7),
    st.lists(st.booleans(), min_size=1, max_size=4),
)  # fmt: skip
def test_the_engine_steps_as_the_machines_do(
    node: AuditNode,
    rows: list[Row],
    others: list[tuple[int, str | None, bool]],
    sizes: list[int],
    jitter: list[int],
    restarts: list[bool],
) -> None:
    """Any slicing, any order of arrival within the lateness, any restart: what the reference says, and nothing else."""
    driver, arrivals = audit(node), Arrivals(JITTER)
    others = sorted({(t, m): (t, m, bad) for t, m, bad in others}.values(), key=lambda r: r[0])
    if node.inhibit is not None:
        others = others if node.inhibit.keys else list({t: (t, m, bad) for t, m, bad in others}.values())
        driver.give(batch(verdicts(others)), port=1)
    for step, piece in enumerate(cut(jumbled(states(rows), jitter), sizes)):
        driver.give(arrivals.take(piece))
        driver.advance(arrivals.watermark)
        if restarts[step % len(restarts)]:
            driver.restart()
    driver.advance(150 * MINUTE)

    meant = [
        (*said[:9], *said[10:])
        for key in {r[1] for r in rows}
        for said in Story(
            transition_table(node),
            key,
            [r for r in sorted(rows, key=lambda r: r[0]) if r[1] == key],
            [],
            RETAIN,
            150 * MINUTE - 1,
            strikes=STRIKES,
            flapping=node.flapping,
            silences=None if node.inhibit is None else silences(node, key, others),
        ).tell()
    ]
    counts = [c for c in ("flapping", "changes") if c in node.schema]
    columns = (*COLUMNS, *counts)
    assert in_order(told(driver.out, *columns)) == in_order(meant)
    if driver.out:
        frame = pl.concat(driver.out)
        assert frame[ID].n_unique() == frame.height


def test_a_stay_that_falls_due_in_silence_comes_when_it_is_over() -> None:
    """One report for however many, at the end; the next one is counted from it."""
    node = audit_node({"up": 7 * MINUTE, "down": None}, retain=100 * MINUTE)
    driver = audit(guarded(node, {}, inhibit=Inhibit(port=1, keys=())))
    driver.give(batch(states([(0, "a", "up")])))
    driver.give(batch(verdicts([(MINUTE, None, True), (30 * MINUTE, None, False)])), port=1)
    driver.advance(40 * MINUTE)

    found = [(t // MINUTE, *rest) for t, *rest in told(driver.out, "kind", "state", "changes")]
    assert found == [(0, "initial", "up", 0), (30, "stay", "up", 0), (37, "stay", "up", 0)]


def test_a_first_report_waits_for_the_end_of_a_silence_too() -> None:
    """It is the initial one; a key that comes while it is silent is silenced as well."""
    node = audit_node({"up": None, "down": None})
    driver = audit(guarded(node, {}, inhibit=Inhibit(port=1, keys=("module",))))
    driver.give(batch(verdicts([(0, "a", True), (9, "a", False)])), port=1)
    driver.advance(5)
    driver.give(batch(states([(6, "a", "up"), (7, "a", "down"), (7, "b", "up")])))
    driver.advance(10)

    columns = ("module", "kind", "state", "previous", "changes")
    assert told(driver.out, *columns) == [(7, "b", "initial", "up", None, 0), (9, "a", "initial", "down", None, 1)]


def test_a_silence_ends_when_the_other_audit_forgets_its_key() -> None:
    """A key that is forgotten while it is VIOLATED is told with no verdict, and silences nobody for ever."""
    upper = audit(audit_node({"down": 7 * MINUTE}, retain=20 * MINUTE, verdicts={"down": "violated"}))
    lower = audit(guarded(audit_node({"up": None, "down": None}), {}, inhibit=Inhibit(port=1, keys=("module",))))
    upper.give(batch(states([(0, "a", "down")])))
    lower.give(batch(states([(1, "a", "up"), (2, "a", "down")])))
    upper.advance(30 * MINUTE)
    for frame in upper.out:
        lower.give(batch(frame), port=1)
    lower.advance(30 * MINUTE)

    assert told(lower.out, "kind", "state", "changes") == [(20 * MINUTE, "initial", "down", 1)]


def test_keys_of_the_other_audit_are_not_held_for_ever() -> None:
    """Those that are not VIOLATED and have no keys here are gone; the others go with their keys."""
    node = audit_node({"up": None, "down": None}, retain=20 * MINUTE)
    driver = audit(guarded(node, {}, inhibit=Inhibit(port=1, keys=("module",))))
    driver.give(batch(states([(0, "k1", "up"), (0, "k2", "down")])))
    driver.give(batch(verdicts([(m * MINUTE, f"k{m}", m % 2 == 0) for m in range(50)])), port=1)
    driver.give(batch(verdicts([(60 * MINUTE, f"k{m}", False) for m in range(50)])), port=1)
    driver.advance(55 * MINUTE)
    silent = driver.operator.snapshot().frames["verdicts"].height
    driver.restart()
    driver.advance(90 * MINUTE)

    assert (silent, driver.operator.snapshot().frames["verdicts"].height) == (25, 0)
