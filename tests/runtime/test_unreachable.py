"""A peer that cannot be reached for longer than `hold`: windows close undecided, and are said again when it is back."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from slac.compiler.compile import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.stream.batch import REVISION, TIME, UNDECIDED
from slac.testing import Harness

SECOND = 1_000_000
DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {ok: bool}, context: {service: string}}}
  inputs: {checks: {adapter: http, listen: "127.0.0.1:8090", emits: Check, idle: 1s}}
  computations:
    services:
      from: checks
      by: service
      window: WINDOW
      LATE
      retain: RETAIN
      select: [{n: COUNT(*)}, {good: SHARE(ok)}]
  audits:
    up:
      from: services
      by: service
      no_data: undecided
      states:
        up: {when: good >= 0.5, verdict: ok}
        down: {when: good < 0.5, verdict: violated}
  violations:
    low: {from: services, where: good < 0.5, by: service}
  outputs: {told: {adapter: stdout, from: [services, up, low]}}
  placement:
    edge: {blocks: [checks], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000", hold: 30s}
"""


GROUP = 'group: {connect: central, listen: "tcp://127.0.0.1:7001", hold: 30s}'


def plan(*, late: str = "drop", retain: str = "1h", window: str = "tumbling 1m", levels: int = 2) -> Plan:
    """Two edges and one central node; the window is split, or with `restate` works on central alone.

    At three levels there is a node between them.
    """
    text = DOCUMENT.replace("WINDOW", window).replace("RETAIN", retain).replace("LATE", f"late: {late}")
    if levels > 2:
        text = text.replace("connect: central}", "connect: group}\n    " + GROUP)
    return compile_document(Source("shop.yaml", text), CompileOptions()).plan


def harness_of(made: Plan) -> Harness:
    """Both edges are there, and the clock begins at 0."""
    return Harness(made, instances={"edge": ["one", "two"]}, live=True)


def check(second: int, *, ok: bool, service: str = "a") -> dict[str, Any]:
    """One check of one service."""
    return {"timestamp": second * 1000, "payload": {"ok": ok}, "context": {"service": service}}


def told(harness: Harness, block: str, *columns: str) -> list[tuple[Any, ...]]:
    """(seconds, columns, whether undecided where the row says so, revision) of all that was published."""
    frames = [f.with_columns(at=pl.col(TIME).dt.epoch("s") + 1) for f in harness._published[block]]
    return [
        (row["at"], *(row[c] for c in columns), row.get(UNDECIDED) or False, row.get(REVISION) or 0)
        for frame in frames
        for row in frame.rows(named=True)
    ]


def run(harness: Harness, *, restart: str | None = None) -> None:
    """Edge two is cut off from 70 s to 200 s; service a fails there only."""
    for second in range(5, 300, 10):
        if second == 75:
            harness.cut("edge", "two")
        if second == 205:
            harness.mend("edge", "two")
        harness.give("checks", [check(second, ok=True)], instance="one")
        harness.give("checks", [check(second, ok=not 60 < second < 120)] * 2, instance="two")
        if restart and second in (105, 185):
            harness.restart(restart)
        harness.advance(10 * SECOND)


@pytest.mark.parametrize("levels", [2, 3])
@pytest.mark.parametrize("restart", [None, "central", "group"])
@pytest.mark.parametrize("late", ["drop", "restate"])
def test_windows_that_hold_closed_are_undecided_and_come_again(late: str, restart: str | None, levels: int) -> None:
    """Whatever `late` says; windows before and after are decided at once. So it is where a group is in between."""
    harness = harness_of(plan(late=late, levels=levels))
    run(harness, restart=restart if restart != "group" or levels > 2 else None)

    assert told(harness, "services", "n", "good") == [
        (60, 18, 1.0, False, 0),
        (120, 6, 1.0, True, 0) if late == "drop" else (120, 8, 0.75, True, 0),
        (120, 18, pytest.approx(1 / 3), False, 1),
        (180, 18, 1.0, False, 0),
        (240, 18, 1.0, False, 0),
    ]


def test_an_audit_is_undecided_and_then_says_what_was_so() -> None:
    """What it said without the peer is withdrawn; the violation that nobody saw is told at its time."""
    harness = harness_of(plan())
    run(harness)

    assert told(harness, "up", "kind", "state", "verdict") == [
        (60, "initial", "up", "OK", False, 0),
        (120, "change", "no_data", "UNDECIDED", False, 0),
        (120, "change", "down", "VIOLATED", False, 1),
        (180, "change", "up", "OK", False, 0),
    ]
    assert sorted(told(harness, "low", "kind")) == [(120, "raised", False, 0), (180, "resolved", False, 0)]
    (core,) = [c for (node, _), c in harness.cores.items() if node == "central"]
    assert core.flow.operators["up"].statistics()["rows"] == 0


def test_a_peer_that_stays_away_longer_than_retain_leaves_windows_undecided() -> None:
    """What it has of them is late."""
    harness = harness_of(plan(retain="30s"))
    run(harness)

    found = told(harness, "services", "n")
    assert (120, 6, True, 0) in found
    assert (120, 18, False, 1) not in found


@pytest.mark.parametrize(
    ("window", "late", "levels"),
    [
        ("tumbling 1m", "drop", 2),
        ("tumbling 1m", "restate", 3),
        ("hopping 1m every 30s", "drop", 3),
        ("hopping 1m every 30s", "restate", 2),
    ],
)
def test_what_stands_in_the_end_is_what_would_have_been_said(window: str, late: str, levels: int) -> None:
    """Keys that only the missing edge knows are told, too; rows of the edge that was there are in no window twice."""
    found = []
    for away in (True, False):
        harness = harness_of(plan(window=window, late=late, levels=levels))
        for second in range(5, 400, 10):
            if away and second in (75, 205):
                (harness.cut if second == 75 else harness.mend)("edge", "two")
            harness.give("checks", [check(second, ok=True)], instance="one")
            rows = [check(second, ok=not 60 < second < 120), check(second, ok=True, service=f"b{second // 40}")]
            harness.give("checks", rows, instance="two")
            harness.advance(10 * SECOND)
        last: dict[Any, Any] = {}
        for frame in harness._published["services"]:
            for row in frame.rows(named=True):
                last[row["_id"]] = (row[TIME], row["service"], row["n"], row["good"], row.get(UNDECIDED) or False)
        # A blank row is said of keys that are known; a key that came late was not known in time.
        found.append({row for row in last.values() if row[2] and row[0].minute < 5})

    assert found[0] == found[1]
