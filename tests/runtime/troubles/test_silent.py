"""An instance that falls silent is a violation of its own: raised after `hold`, resolved when it is heard."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.runtime.links.inlet import FORGET
from slac.runtime.troubles.trouble import SILENT
from slac.stream.batch import TIME
from slac.stream.clock import SECOND
from slac.testing import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {ok: bool}, context: {service: string}}}
  inputs: {checks: {adapter: http, listen: "127.0.0.1:8090", emits: Check, idle: 1s}}
  computations:
    services: {from: checks, by: service, window: tumbling 1m, select: [{n: COUNT(*)}]}
  violations:
    many: {from: services, where: n > 100, by: service}
  outputs:
    alarms: {adapter: stdout, from: [many]}
    rows: {adapter: stdout, from: [services]}
  placement:
    edge: {blocks: [checks], connect: MIDDLE}
    LEVEL
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000", hold: 30s}
"""
GROUP = 'group: {listen: "tcp://127.0.0.1:7001", connect: central, hold: 20s}'


def plan(*, levels: bool = False) -> Plan:
    """Edges send to central, or to a group that does."""
    text = DOCUMENT.replace("MIDDLE", "group" if levels else "central").replace("LEVEL", GROUP if levels else "")
    return compile_document(Source("shop.yaml", text), CompileOptions()).plan


def told(harness: Harness) -> list[tuple[Any, ...]]:
    """(seconds, node/instance, kind, reason) of all that was said of instances, by episode."""
    frames = [f.with_columns(at=pl.col(TIME).dt.epoch("s")) for f in harness._published[SILENT]]
    rows = [r for f in frames for r in f.rows(named=True)]
    assert all(r["severity"] == "critical" for r in rows)
    return [(r["at"], f"{r['node']}/{r['instance']}", r["kind"], r["reason"]) for r in rows]


def run(harness: Harness, seconds: int) -> None:
    """Time passes."""
    harness.advance(seconds * SECOND)


@pytest.mark.parametrize("restarted", [False, True])
def test_it_is_raised_after_hold_and_resolved_when_it_is_heard(restarted: bool) -> None:  # noqa: FBT001
    """Once, by whoever is told of violations; also where central is restarted meanwhile."""
    harness = Harness(plan(), instances={"edge": ["one", "two"]}, live=True)
    run(harness, 10)
    harness.cut("edge", "two")
    run(harness, 60)
    if restarted:
        harness.restart("central")
    run(harness, 10)
    assert told(harness) == [(40, "edge/two", "raised", "lost")]

    harness.mend("edge", "two")
    run(harness, 10)
    (raised,), (resolved,) = (f.rows(named=True) for f in harness._published[SILENT])
    assert told(harness)[1] == (81, "edge/two", "resolved", "lost")
    assert raised["violation"] == resolved["violation"] == f"{raised['_id']:016x}"
    assert raised["message"] == "edge/two could not be reached any more; it has been silent for 30 s"


def test_one_that_said_goodbye_is_told_as_such() -> None:
    """It is waited for all the same: it may come back with what it kept."""
    harness = Harness(plan(), instances={"edge": ["one", "two"]}, live=True)
    harness.cut("edge", "two")
    for inlet in harness.cores["central", "central"].inlets.values():
        inlet.leave("edge/two")
    run(harness, 40)
    assert told(harness) == [(30, "edge/two", "raised", "left")]


def test_it_is_told_by_the_last_one_on_the_way() -> None:
    """The group knows it, central says it; a group that is away is one itself, and what it told stands."""
    harness = Harness(plan(levels=True), instances={"edge": ["one", "two"]}, live=True)
    harness.cut("edge", "two")
    run(harness, 25)
    assert told(harness) == [(20, "edge/two", "raised", "lost")]
    harness.cut("group")
    run(harness, 40)
    harness.mend("edge", "two")
    run(harness, 5)
    assert told(harness)[1:] == [(55, "group/group", "raised", "lost")]
    harness.mend("group")
    run(harness, 5)
    assert sorted(told(harness)[2:]) == [
        (71, "edge/two", "resolved", "lost"),
        (71, "group/group", "resolved", "lost"),
    ]


def test_who_stays_away_is_forgotten() -> None:
    """After another day nobody waits for it, and time and windows go on as if it had never been."""
    harness = Harness(plan(), instances={"edge": ["one", "two"]}, live=True)
    run(harness, 10)
    harness.cut("edge", "two")
    run(harness, 60)
    harness.advance(FORGET, step=FORGET // 8)
    run(harness, 40)

    (inlet,) = harness.cores["central", "central"].inlets.values()
    assert [kind for _, _, kind, _ in told(harness)] == ["raised", "resolved"]
    assert inlet.peers["edge/two"].forgotten
    assert inlet.certain == inlet.watermark(harness.clock.now())
