"""A plan and a calibration with round numbers, for tests of the capacity model."""

from __future__ import annotations

from slac.plan.expressions import AggregateCall, Column, Literal, NamedExpr
from slac.plan.graph import Budget, Placement, Plan, PlanData
from slac.plan.nodes import (
    AnyNode,
    AuditNode,
    LinkInNode,
    LinkOutNode,
    OutputNode,
    RateSpec,
    SelectNode,
    SourceNode,
    StateSpec,
    WindowNode,
    WindowSpec,
)
from slac.shedding.capacity.calibration import Calibration, CostLine
from slac.shedding.machine import Machine
from slac.stream.clock import SECOND
from slac.stream.types import Bool, Field, Int, Schema, String

MACHINE = Machine(cpu_cores=2.0, memory_bytes=1_000_000_000, cpu_model="test")
LINE = CostLine(batches=1e-4, rows=1e-6)
KINDS = (
    "wave checkpoint decode.ndjson decode.map decode.nested decode.instant decode.keys decode.arrow "
    "gate.ndjson gate.arrow "
    "link.encode link.decode output "
    "select select.cut select.made steps traces join join.own join.interval pattern.columns pattern.events "
    "audit violation absence absence.partial "
    "window.whole window.partial window.final window.running window.sliding window.session window.weighted "
    "expr.number expr.text expr.label expr.pattern aggregate.sum aggregate.end aggregate.sketch aggregate.list"
)
CALIBRATION = Calibration(
    machine=MACHINE,
    kinds=dict.fromkeys(KINDS.split(), LINE),
    base_memory=50_000_000,
    bytes_per_key=100.0,
    idle_cores=0.005,
)
RATE = RateSpec(normal=100.0, burst=1_000.0, burst_for=30 * SECOND, keys={"module": 20, "module, test_case": 200})

FIELDS = Schema((Field("module", String()), Field("test_case", String()), Field("outcome", String())))
RUNS = Schema((Field("module", String()), Field("test_case", String()), Field("ok", Bool())))
RESULTS = Schema((Field("module", String()), Field("test_case", String()), Field("runs", Int())))
MODULES = Schema((Field("module", String()), Field("runs", Int())))
COUNT = AggregateCall(name="_a0", function="count", dtype=Int())
TRUE = Literal(value=True, dtype=Bool())


def source(
    rate: RateSpec | None = RATE, *, adapter: str = "http", settings: dict[str, str] | None = None
) -> SourceNode:
    """The input `watchdog` on edge."""
    return SourceNode(
        id="watchdog",
        block="watchdog",
        node="edge",
        schema=FIELDS,
        adapter=adapter,
        settings=settings or {},
        event="TestRun",
        payload=FIELDS,
        context=Schema(()),
        rate=rate,
    )


def _same(name: str) -> NamedExpr:
    return NamedExpr(name=name, expr=Column(name=name, dtype=String()))


def _window(name: str, role: str, block: str, node: str, before: str, keys: tuple[str, ...]) -> WindowNode:
    return WindowNode(
        id=name,
        block=block,
        node=node,
        inputs=(before,),
        schema=RESULTS if len(keys) > 1 else MODULES,
        windowed=True,
        role=role,  # type: ignore[arg-type]
        keys=keys,
        window=WindowSpec(kind="tumbling", size=600 * SECOND) if len(keys) > 1 else WindowSpec(kind="same"),
        aggregates=(COUNT,),
        retain=86_400 * SECOND,
    )


def nodes(first: SourceNode) -> tuple[AnyNode, ...]:
    """Watchdog in small: probe and partial on the edge, final, audit and output in central."""
    select = SelectNode(
        id="runs",
        block="runs",
        node="edge",
        inputs=("watchdog",),
        schema=RUNS,
        columns=(_same("module"), _same("test_case"), NamedExpr(name="ok", expr=TRUE)),
    )
    states = (
        StateSpec(name="up", when=TRUE, verdict="ok", report_every=6 * 3_600 * SECOND),
        StateSpec(name="down", when=TRUE, verdict="violated", report_every=1_800 * SECOND),
    )
    by = ("module", "test_case")
    return (
        first,
        select,
        _window("case_results.partial", "partial", "case_results", "edge", "runs", by),
        LinkOutNode(
            id="case_results.out.central",
            block="case_results",
            node="edge",
            inputs=("case_results.partial",),
            schema=RESULTS,
            windowed=True,
            stream="case_results.partial",
            to="central",
        ),
        LinkInNode(
            id="case_results.in.edge",
            block="case_results",
            node="central",
            schema=RESULTS,
            windowed=True,
            stream="case_results.partial",
            origin="edge",
            hold=300 * SECOND,
        ),
        _window("case_results", "final", "case_results", "central", "case_results.in.edge", by),
        _window("module_state", "whole", "module_state", "central", "case_results", ("module",)),
        AuditNode(
            id="availability",
            block="availability",
            node="central",
            inputs=("module_state",),
            schema=MODULES,
            keys=("module",),
            states=states,
            retain=86_400 * SECOND,
        ),
        OutputNode(
            id="operators",
            block="operators",
            node="central",
            inputs=("availability",),
            schema=MODULES,
            adapter="webhook",
            blocks=("availability",),
            kinds=("report",),
        ),
    )


def plan(first: SourceNode | None = None, edge: Budget = Budget(), central: Budget = Budget()) -> Plan:  # noqa: B008
    """The plan of `nodes` with these budgets."""
    return Plan(
        PlanData(
            document="watchdog",
            nodes=nodes(first or source()),
            placements=(
                Placement(name="edge", connect="central", budget=edge),
                Placement(name="central", listen="tcp://127.0.0.1:7000", budget=central),
            ),
        )
    )
