"""A late row changes a window that was said: what audits and violations had said of it is said again, or taken back."""

from __future__ import annotations

import polars as pl
import pytest

from slac.compiler.compile import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.stream.batch import REVISION
from slac.testing import Harness

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
      window: tumbling 1m
      late: restate
      retain: 1h
      select: [{good: SHARE(ok)}]
    bad_services: {from: services, where: good < 0.5, select: [service, good]}
    hourly: {from: services, window: tumbling 1h, select: [{n: COUNT(*)}, {good: SUM(good)}]}
    joined: {from: bad_services, join: {h: {latest: services, by: service}}, select: [service, {now: h.good}]}
  audits:
    up:
      from: services
      by: service
      states:
        up: {when: good >= 0.5, verdict: ok}
        down: {when: good < 0.5, verdict: violated}
  violations:
    low: {from: services, where: good < 0.5, by: service}
    bad: {from: bad_services, where: good < 0.5, by: service}
  outputs: {told: {adapter: stdout, from: [up, low, bad, bad_services, hourly, joined]}}
  placement:
    edge: {blocks: [checks, services], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000"}
"""


def plan(*, collapse: bool) -> Plan:
    """The document on two nodes, or on one."""
    return compile_document(Source("shop.yaml", DOCUMENT), CompileOptions(collapse=collapse)).plan


def record(second: int, *, ok: bool) -> dict[str, object]:
    """One check of one service."""
    return {"timestamp": second * 1000, "payload": {"ok": ok}, "context": {"service": "a"}}


def told(harness: Harness, block: str, *columns: str) -> list[tuple[object, ...]]:
    """Everything that reached an output, revisions too, in the order in which it did."""
    frames = harness._published[block]
    full = [f if REVISION in f.columns else f.with_columns(pl.lit(0, pl.Int64).alias(REVISION)) for f in frames]
    return [row for f in full for row in f.select((pl.col("_time").dt.epoch("s") + 1), *columns, REVISION).rows()]


@pytest.mark.parametrize("collapse", [True, False])
@pytest.mark.parametrize("restart", [True, False])
def test_a_late_row_revises_what_was_said(collapse: bool, restart: bool) -> None:  # noqa: FBT001
    """A window was down, and was not: its change and the violation are withdrawn, on one node and across a link."""
    harness = Harness(plan(collapse=collapse))
    harness.give("checks", [record(10, ok=True), record(70, ok=False), record(130, ok=True), record(200, ok=True)])
    harness.advance(5_000_000)
    if restart:
        for node, instance in list(harness.cores):
            harness.restart(node, instance)
    harness.give("checks", [record(80, ok=True), record(81, ok=True), record(260, ok=True)])
    harness.advance(10_000_000)

    assert told(harness, "up", "kind", "state") == [
        (60, "initial", "up", 0),
        (120, "change", "down", 0),
        (180, "change", "up", 0),
        (120, "withdrawn", "down", -1),
        (180, "withdrawn", "up", -1),
    ]
    for block in ("low", "bad"):
        kinds = [(t, k, r) for t, k, r in told(harness, block, "kind")]
        assert kinds[0] == (120, "raised", 0)
        assert (120, "withdrawn", -1) in kinds
    assert told(harness, "bad_services", "service") == [(120, "a", 0), (120, "a", -1)]


def test_a_window_takes_what_is_said_again_as_late_and_a_join_says_it_again() -> None:
    """A window does not count it twice; what was joined is withdrawn where its row is."""
    harness = Harness(plan(collapse=True))
    harness.give("checks", [record(10, ok=True), record(70, ok=False), record(130, ok=True)])
    harness.give("checks", [record(80, ok=True), record(81, ok=True), record(200, ok=True)])
    harness.advance(10_000_000)
    harness.end()

    assert harness.made("hourly").select("n", "good").rows() == [(4, 3.0)]
    assert harness.made("joined").select("service", "now").rows() == [("a", 0.0)]
    (core,) = harness.cores.values()
    late = {name: operator.statistics().get("late") for name, operator in core.flow.operators.items()}
    assert (late["hourly"], late["joined.join.h"]) == (1, 0)
    assert told(harness, "joined", "service") == [(120, "a", 0), (120, "a", -1)]
