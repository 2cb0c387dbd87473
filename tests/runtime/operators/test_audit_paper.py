"""Grell and Nano's section 2.1, number by number: 95 % and 5 %, windows of 10 min, stays every 30 min, 60 min and 6 h.

The worst case decides a module. Every report carries the module's whole case list, aggregated over its period.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from slac.plan.expressions import AggregateCall, AnyExpr, Call, Case, NamedExpr
from slac.plan.nodes import ReportBody, WindowNode, WindowSpec
from slac.runtime.operators.window import WindowOperator
from slac.stream.batch import KEPT, TIME, Batch
from slac.stream.types import Bool, Field, Float, Int, Schema, String
from tests.runtime.operators.auditing import HOUR, MINUTE, audit, audit_node, batch, call, column, constant, told
from tests.runtime.operators.driving import CONTEXT, Driver, events

DAY = 24 * HOUR
PAPER: dict[str, int | None] = {"up": 6 * HOUR, "low": 60 * MINUTE, "down": 30 * MINUTE}
RUNS, SUCCESSES = column("runs", Int()), column("successes", Int())


def share(of: float) -> AnyExpr:
    """`<of> * runs`."""
    return Call(function="*", args=(constant(of, Float()), RUNS), dtype=Float())


STATE = Case(
    branches=(
        (call(">", SUCCESSES, share(0.95)), constant("up")),
        (call(">=", SUCCESSES, share(0.05)), constant("low")),
    ),
    otherwise=constant("down"),
    dtype=String(),
)
CASES = WindowNode(
    id="case_results",
    block="case_results",
    node="edge",
    schema=Schema(
        (
            Field("module", String()),
            Field("test_case", String()),
            Field("runs", Int()),
            Field("successes", Int()),
            Field("latest_exception", String()),
            Field("state", String()),
        )
    ),
    keys=("module", "test_case"),
    window=WindowSpec(kind="tumbling", size=10 * MINUTE),
    aggregates=(
        AggregateCall(name="_a0", function="count", dtype=Int()),
        AggregateCall(name="_a1", function="count", where=column("ok", Bool()), dtype=Int()),
        AggregateCall(name="_a2", function="last", args=(column("exception"),), dtype=String()),
    ),
    project=(
        NamedExpr(name="runs", expr=column("_a0", Int())),
        NamedExpr(name="successes", expr=column("_a1", Int())),
        NamedExpr(name="latest_exception", expr=column("_a2")),
    ),
    then=(NamedExpr(name="state", expr=STATE),),
    retain=DAY,
)
MODULES = WindowNode(
    id="module_state",
    block="module_state",
    node="edge",
    schema=Schema((Field("module", String()), Field("state", String()))),
    keys=("module",),
    window=WindowSpec(kind="same"),
    aggregates=(
        AggregateCall(
            name="_a0", function="worst", args=(column("state"),), options=("up", "low", "down"), dtype=String()
        ),
    ),
    project=(NamedExpr(name="state", expr=column("_a0")),),
    retain=DAY,
)
BODY = ReportBody(
    name="cases",
    port=1,
    by=("test_case",),
    aggregates=(
        AggregateCall(name="_a0", function="sum", args=(RUNS,), dtype=Int()),
        AggregateCall(name="_a1", function="sum", args=(SUCCESSES,), dtype=Int()),
        AggregateCall(name="_a2", function="last", args=(column("state"),), dtype=String()),
        AggregateCall(name="_a3", function="last", args=(column("latest_exception"),), dtype=String()),
    ),
    project=(
        NamedExpr(name="runs", expr=column("_a0", Int())),
        NamedExpr(
            name="success", expr=Call(function="/", args=(column("_a1", Int()), column("_a0", Int())), dtype=Float())
        ),
        NamedExpr(name="state", expr=column("_a2")),
        NamedExpr(name="latest_exception", expr=column("_a3")),
    ),
)
BODY_SCHEMA = Schema(
    (
        Field("test_case", String()),
        Field("runs", Int()),
        Field("success", Float()),
        Field("state", String()),
        Field("latest_exception", String()),
    )
)


@dataclass
class Monitor:
    """Windows and the audit behind them, wired as the watchdog document does."""

    def __post_init__(self) -> None:
        self.cases = Driver(lambda: WindowOperator(CASES, CONTEXT))
        self.modules = Driver(lambda: WindowOperator(MODULES, CONTEXT))
        node = audit_node(
            PAPER,
            initial="up",
            verdicts={"low": "violated", "down": "violated"},
            bodies=[(BODY, BODY_SCHEMA)],
        )
        self.audit = audit(node)

    def run(self, runs: pl.DataFrame, until: int) -> None:
        """All runs, then the watermark from window to window."""
        self.cases.give(batch(runs))
        for watermark in range(10 * MINUTE, until + 1, 10 * MINUTE):
            results = [Batch(f) for f in self.cases.advance(watermark)]
            self.modules.give(results)
            self.audit.give(results, port=1)
            self.audit.give([Batch(f) for f in self.modules.advance(watermark)])
            self.audit.advance(watermark)


def runs_of(windows: Sequence[tuple[str, int, int]]) -> Iterator[dict[str, Any]]:
    """One window after the other: (test case, runs, successes) of the module `shop`, failures first."""
    for number, (case, runs, successes) in enumerate(windows):
        for i in range(runs):
            ok = i >= runs - successes
            row = {"module": "shop", "test_case": case, "ok": ok, "exception": None if ok else f"E{number}.{i}"}
            yield {TIME: number * 10 * MINUTE + i * 1000, **row}


def frame_of(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Test runs as events, in the order of time."""
    types = {"module": pl.String(), "test_case": pl.String(), "ok": pl.Boolean(), "exception": pl.String()}
    return events(sorted(rows, key=lambda r: int(r[TIME])), types)


def said(monitor: Monitor, *columns: str) -> list[tuple[Any, ...]]:
    """What the audit published; minutes since the beginning, a window's last instant counted to the minute."""
    return [((t + 1) // MINUTE, *rest) for t, *rest in told(monitor.audit.out, *columns)]


def test_the_limits_are_above_95_and_below_5_percent() -> None:
    """96 % is up, 95 % is low, 5 % is low, 4 % is down; each a change event at the end of its 10 minutes."""
    monitor = Monitor()
    windows = [("login", 100, 96), ("login", 100, 95), ("login", 100, 5), ("login", 100, 4), ("login", 100, 100)]
    monitor.run(frame_of(list(runs_of(windows))), 60 * MINUTE)

    assert said(monitor, "module", "kind", "state", "previous", "verdict") == [
        (10, "shop", "initial", "up", None, "OK"),
        (20, "shop", "change", "low", "up", "VIOLATED"),
        (40, "shop", "change", "down", "low", "VIOLATED"),
        (50, "shop", "change", "up", "down", "OK"),
    ]


def test_the_worst_case_decides_the_module() -> None:
    """Two cases up and one down: the module is down, and the report lists all three with state and exception."""
    monitor = Monitor()
    rows = [r for case, ok in (("cart", 20), ("login", 20), ("pay", 0)) for r in runs_of([(case, 20, ok)])]
    monitor.run(frame_of(rows), 20 * MINUTE)

    cases = [
        {"test_case": "cart", "runs": 20, "success": 1.0, "state": "up", "latest_exception": None},
        {"test_case": "login", "runs": 20, "success": 1.0, "state": "up", "latest_exception": None},
        {"test_case": "pay", "runs": 20, "success": 0.0, "state": "down", "latest_exception": "E0.19"},
    ]
    assert said(monitor, "kind", "state", KEPT, "cases") == [(10, "initial", "down", 60, cases)]


def test_a_report_aggregates_over_its_period() -> None:
    """Down every 30 min: three windows a report, each in one report only."""
    monitor = Monitor()
    monitor.run(frame_of(list(runs_of([("login", 50, 2)] * 7))), 80 * MINUTE)

    found = [(t, kind, kept, cases[0]["runs"]) for t, kind, kept, cases in said(monitor, "kind", KEPT, "cases")]
    assert found == [(10, "initial", 50, 50), (40, "stay", 150, 150), (70, "stay", 150, 150)]
    last = told(monitor.audit.out, "cases")[-1][1]
    assert last == [{"test_case": "login", "runs": 150, "success": 0.04, "state": "down", "latest_exception": "E6.47"}]


def test_stays_come_every_60_minutes_for_low_and_every_6_hours_for_up() -> None:
    """Four hours low, then up: the change comes at once and begins the six hours."""
    monitor = Monitor()
    windows = [("login", 10, 5)] * 24 + [("login", 10, 10)] * 48
    monitor.run(frame_of(list(runs_of(windows))), 12 * HOUR + 20 * MINUTE)

    assert said(monitor, "kind", "state") == [
        (10, "initial", "low"),
        (70, "stay", "low"),
        (130, "stay", "low"),
        (190, "stay", "low"),
        (250, "change", "up"),
        (610, "stay", "up"),
    ]
